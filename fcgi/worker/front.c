/* A request for libfcgi is only peeked at; other records are taken from the socket and parsed. */
#include "fcgi/worker/front.h"

#include <errno.h>
#include <sys/socket.h>

enum { BEGIN_BYTES = 16 /* of FCGI_BEGIN_REQUEST with its header */ };

/* Does FCGI_BEGIN_REQUEST for a responder begin so? Less of it than 16 bytes may have arrived. */
static bool
front_begins_request(const uint8_t *at, size_t len)
{
    /* version 1, type 1, any id but 0, 8 bytes of content, any padding; role 1, any flags */
    static const uint8_t wanted[BEGIN_BYTES] = {1, 1, 0, 0, 0, 8, 0, 0, 0, 1};
    static const bool fixed[BEGIN_BYTES] = {
        [0] = true, [1] = true, [4] = true, [5] = true, [8] = true, [9] = true};

    for (size_t i = 0; i < len; i++) {
        if (fixed[i] && at[i] != wanted[i]) {
            return false;
        }
    }
    return len < 4 || at[2] != 0 || at[3] != 0;
}

/* Returns false if the web server is gone. */
static bool
front_reply(int fd, const struct buf *replies)
{
    return replies->len == 0 ||
           send(fd, replies->at, replies->len, MSG_NOSIGNAL) == (ssize_t)replies->len;
}

static enum front
front_take(struct request_parser *in, int fd)
{
    char bytes[4096];
    size_t wanted = parser_wanted(in), used;
    ssize_t len = recv(fd, bytes, wanted < sizeof(bytes) ? wanted : sizeof(bytes), MSG_DONTWAIT);
    struct buf replies = {0};
    enum parser_result result;
    bool replied;

    if (len <= 0) {
        return len < 0 && errno == EAGAIN ? FRONT_HANDLED : FRONT_CLOSE;
    }
    result = parser_feed(in, bytes, (size_t)len, &used, &replies);
    replied = front_reply(fd, &replies);
    buf_free(&replies);
    return replied && result == PARSER_MORE ? FRONT_HANDLED : FRONT_CLOSE;
}

enum front
front_handle(struct request_parser *in, int fd)
{
    uint8_t at[BEGIN_BYTES];
    ssize_t len;

    if (parser_is_idle(in)) {
        len = recv(fd, at, sizeof(at), MSG_PEEK | MSG_DONTWAIT);
        if (len > 0 && front_begins_request(at, (size_t)len)) {
            return FRONT_REQUEST;
        }
    }
    return front_take(in, fd);
}
