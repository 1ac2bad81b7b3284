/*
 * Serves one request, then ends: database and Redis connections are opened and closed for it.
 *
 * Standard input may be a socket that is also standard output (Apache's mod_cgid): ending with
 * unread bytes in it resets the connection, and cuts the reply. The web server may also send the
 * whole body before it reads. So what the handler has not read is discarded while the reply is
 * written, and after it.
 */
#include "fcgi/worker/cgi.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "fcgi/serve.h"

enum {
    WRITE_BYTES = 4096,                    /* PIPE_BUF: does not block if poll returned POLLOUT */
    DISCARDED_BODY_MAX = 64 * 1024 * 1024, /* a longer body is left to the web server's limits */
    DISCARD_MS = 5000,                     /* how long the rest of a body may take to arrive */
};

/* The program's standard input, as far as it was read. */
struct cgi_input {
    int64_t expected; /* bytes; -1: until its end */
    int64_t taken, discarded;
    bool ended;
};

bool
cgi_is_cgi(void)
{
    return getenv("GATEWAY_INTERFACE") != NULL && getenv("REQUEST_METHOD") != NULL;
}

/*
 * A web server need not end the input after the body (RFC 3875 section 4.2), unless only the end
 * tells its length.
 */
static int64_t
cgi_body_length(void)
{
    const char *length = getenv("CONTENT_LENGTH");
    int64_t bytes;

    if (length == NULL || length[0] == '\0') {
        return getenv("HTTP_TRANSFER_ENCODING") != NULL ? -1 : 0;
    }
    return number_read(&length, &bytes) && *length == '\0' && bytes >= 0 ? bytes : -1;
}

/* Returns how many bytes were read; 0 at the end of the input. */
static size_t
input_read(struct cgi_input *in, char *at, size_t size)
{
    ssize_t got = -1;

    do {
        got = read(STDIN_FILENO, at, size);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        in->ended = true;
        return 0;
    }
    in->taken += got;
    return (size_t)got;
}

static void
input_discard(struct cgi_input *in)
{
    char scratch[32 * 1024];

    in->discarded += (int64_t)input_read(in, scratch, sizeof(scratch));
    in->ended |= in->discarded > DISCARDED_BODY_MAX;
}

static size_t
cgi_read_body(void *context, char *at, size_t size)
{
    struct cgi_input *in = context;
    size_t len = 0;

    while (len < size && !in->ended) {
        len += input_read(in, at + len, size - len);
    }
    return len;
}

/* Writes some of the bytes as soon as that does not block. Returns how many; -1 on an error. */
static ssize_t
cgi_write_some(struct cgi_input *in, const char *at, size_t len)
{
    struct pollfd both[2] = {
        {.fd = STDOUT_FILENO, .events = POLLOUT},
        {.fd = in->ended ? -1 : STDIN_FILENO, .events = POLLIN},
    };

    if (poll(both, 2, -1) < 0) {
        return errno == EINTR ? 0 : -1;
    }
    if (both[1].revents != 0) {
        input_discard(in);
    }
    if (both[0].revents == 0) {
        return 0;
    }
    return write(STDOUT_FILENO, at, len < WRITE_BYTES ? len : WRITE_BYTES);
}

/* By then the handler has read what it wants of the body. */
static bool
cgi_write(void *context, const char *at, size_t len)
{
    while (len > 0) {
        ssize_t written = cgi_write_some(context, at, len);

        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return false;
        }
        if (written > 0) {
            at += written;
            len -= (size_t)written;
        }
    }
    return true;
}

/* Ends the output, so that nobody waits for it any longer, and discards the rest of the body. */
static void
cgi_finish(struct cgi_input *in)
{
    int64_t until_us = clock_mono_us() + DISCARD_MS * INT64_C(1000);

    (void)shutdown(STDOUT_FILENO, SHUT_WR); /* fails if it is not a socket */
    (void)close(STDOUT_FILENO);
    while (!in->ended) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        bool more = in->expected < 0 || in->taken < in->expected;
        int64_t left_us = until_us - clock_mono_us();

        if (left_us <= 0 || poll(&input, 1, more ? (int)(left_us / 1000) + 1 : 0) <= 0) {
            return;
        }
        input_discard(in);
    }
}

int
cgi_run(const struct app *app)
{
    struct cgi_input input = {.expected = cgi_body_length()};
    const struct exchange exchange = {
        .env = environ, .read = cgi_read_body, .write = cgi_write, .context = &input};
    struct resources resources;
    bool whole;

    (void)signal(SIGPIPE, SIG_IGN);
    serve_name_crashes();
    resources_open(&resources, app);
    whole = serve(app, &resources, &exchange);
    cgi_finish(&input);
    resources_close(&resources);
    return whole ? 0 : 1;
}
