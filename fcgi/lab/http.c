/* libcurl's easy interface for callers that may block, its multi interface for the event loop. */
#include "fcgi/lab/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "fcgi/curl.h"

enum { ADDRESS_SIZE = 80, BODY_MAX_SIZE = 64, PATIENCE_MS = 20 * 1000 };

static const struct curl *curl;

const char *
http_load(void)
{
    curl = curl_load();
    return curl != NULL ? NULL : CURL_MISSING;
}

struct http {
    CURL *easy;
    int port;
    char body[BODY_MAX_SIZE];
    size_t len;
};

static size_t
http_receive_body(char *bytes, size_t one, size_t count, void *context)
{
    struct http *h = context;

    if (count > sizeof(h->body) - 1 - h->len) {
        return 0; /* longer than any reply of our endpoint */
    }
    memcpy(h->body + h->len, bytes, one * count);
    h->len += count;
    return count;
}

struct http *
http_open(int port)
{
    struct http *h = memory_new(struct http);

    h->port = port;
    h->easy = curl->easy_init();
    if (h->easy == NULL) {
        free(h);
        return NULL;
    }
    (void)curl->easy_setopt(h->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl->easy_setopt(h->easy, CURLOPT_PROXY, "");
    (void)curl->easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, http_receive_body);
    (void)curl->easy_setopt(h->easy, CURLOPT_WRITEDATA, h);
    return h;
}

void
http_close(struct http *h)
{
    if (h != NULL) {
        curl->easy_cleanup(h->easy);
        free(h);
    }
}

static void
http_prepare(struct http *h, int ms, int task)
{
    char address[ADDRESS_SIZE];

    h->len = 0;
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%d/wait/%d/%d", h->port, ms, task);
    (void)curl->easy_setopt(h->easy, CURLOPT_URL, address);
    (void)curl->easy_setopt(h->easy, CURLOPT_TIMEOUT_MS, (long)ms + PATIENCE_MS);
}

static bool
http_is_expected(struct http *h, CURLcode result, int task)
{
    char expected[BODY_MAX_SIZE];
    long status = 0;

    (void)snprintf(expected, sizeof(expected), "{\"task\":%d}", task);
    h->body[h->len] = '\0';
    return result == CURLE_OK &&
           curl->easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
           status == 200 && strcmp(h->body, expected) == 0;
}

bool
http_wait(struct http *h, int ms, int task)
{
    http_prepare(h, ms, task);
    return http_is_expected(h, curl->easy_perform(h->easy), task);
}

struct http_many {
    struct reactor_timer timer; /* first, so that its callback can cast; set by curl */
    struct reactor *reactor;
    CURLM *multi;
    int port;
};

/* One of many. */
struct http_wait_request {
    struct http *http;
    int task;
    void (*done)(void *context, int task, bool good);
    void *context;
};

/* Reports the requests that have ended. */
static void
http_many_finish(struct http_many *m)
{
    CURLMsg *message;
    int left;

    while ((message = curl->multi_info_read(m->multi, &left)) != NULL) {
        struct http_wait_request *r = NULL;
        CURLcode result = message->data.result;

        if (message->msg != CURLMSG_DONE ||
            curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &r) != CURLE_OK) {
            continue;
        }
        (void)curl->multi_remove_handle(m->multi, r->http->easy);
        r->done(r->context, r->task, http_is_expected(r->http, result, r->task));
        http_close(r->http);
        free(r);
    }
}

static void
http_many_act(struct http_many *m, curl_socket_t s, int what)
{
    int running;

    (void)curl->multi_socket_action(m->multi, s, what, &running);
    http_many_finish(m);
}

static void
http_many_socket_ready(void *context, int fd, uint32_t events)
{
    http_many_act(context, fd,
                  ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                      ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                      ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0));
}

/* CURLMOPT_SOCKETFUNCTION: curl reports which events it waits for. */
static int
http_many_watch(CURL *easy, curl_socket_t s, int what, void *context, void *socket_context)
{
    struct http_many *m = context;

    (void)easy;
    (void)socket_context;
    if (what == CURL_POLL_REMOVE) {
        reactor_forget(m->reactor, s);
        return 0;
    }
    return reactor_watch(m->reactor, s,
                         ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0) |
                             ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0),
                         http_many_socket_ready, m)
               ? 0
               : -1;
}

static void
http_many_timer_expired(struct reactor_timer *t)
{
    http_many_act((struct http_many *)t, CURL_SOCKET_TIMEOUT, 0);
}

/* CURLMOPT_TIMERFUNCTION: curl wants to be called in `ms`; -1: no longer. */
static int
http_many_set_timer(CURLM *multi, long ms, void *context)
{
    struct http_many *m = context;

    (void)multi;
    if (ms < 0) {
        reactor_cancel(m->reactor, &m->timer);
    } else {
        reactor_after(m->reactor, &m->timer, ms, http_many_timer_expired);
    }
    return 0;
}

struct http_many *
http_many_open(struct reactor *r, int port)
{
    struct http_many *m = memory_new(struct http_many);

    m->reactor = r;
    m->port = port;
    m->multi = curl->multi_init();
    if (m->multi == NULL) {
        free(m);
        return NULL;
    }
    (void)curl->multi_setopt(m->multi, CURLMOPT_SOCKETFUNCTION, http_many_watch);
    (void)curl->multi_setopt(m->multi, CURLMOPT_SOCKETDATA, m);
    (void)curl->multi_setopt(m->multi, CURLMOPT_TIMERFUNCTION, http_many_set_timer);
    (void)curl->multi_setopt(m->multi, CURLMOPT_TIMERDATA, m);
    return m;
}

void
http_many_close(struct http_many *m)
{
    if (m != NULL) {
        reactor_cancel(m->reactor, &m->timer);
        (void)curl->multi_cleanup(m->multi);
        free(m);
    }
}

bool
http_many_wait(struct http_many *m, int ms, int task,
               void (*done)(void *context, int task, bool good), void *context)
{
    struct http_wait_request *r = memory_new(struct http_wait_request);

    *r = (struct http_wait_request){
        .http = http_open(m->port), .task = task, .done = done, .context = context};
    if (r->http == NULL) {
        free(r);
        return false;
    }
    http_prepare(r->http, ms, task);
    (void)curl->easy_setopt(r->http->easy, CURLOPT_PRIVATE, r);
    if (curl->multi_add_handle(m->multi, r->http->easy) != CURLM_OK) {
        http_close(r->http);
        free(r);
        return false;
    }
    return true;
}
