/* Requests to the lab's endpoint, with libcurl. */
#ifndef FCGI_LAB_HTTP_H
#define FCGI_LAB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/reactor.h"

/* Loads libcurl; call it before there are threads. Returns NULL, or why it cannot be loaded. */
const char *http_load(void) __attribute__((warn_unused_result));

/* One request at a time, over a kept connection, by one thread. NULL: libcurl has no memory. */
struct http *http_open(int port) __attribute__((warn_unused_result));
void http_close(struct http *h);

/* Requests GET /wait/ms/task and blocks. Returns whether the reply was the expected one. */
bool http_wait(struct http *h, int ms, int task) __attribute__((nonnull, warn_unused_result));

/* Many requests at once on an event loop (curl_multi_socket_action). NULL as above. */
struct http_many *http_many_open(struct reactor *r, int port)
    __attribute__((nonnull, warn_unused_result));
void http_many_close(struct http_many *m);

/* Begins one; calls `done` with whether the reply was the expected one. False: it cannot begin. */
bool http_many_wait(struct http_many *m, int ms, int task,
                    void (*done)(void *context, int task, bool good), void *context)
    __attribute__((nonnull(1, 4), warn_unused_result));

#endif
