/* Requests to the lab's endpoint, with libcurl. */
#ifndef FCGI_LAB_HTTP_H
#define FCGI_LAB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/reactor.h"

/* Load libcurl; before threads. NULL, or why it cannot be had. */
const char *http_load(void) __attribute__((warn_unused_result));

/* One request at a time, over a kept connection. Of one thread. NULL: out of memory. */
struct http *http_open(int port) __attribute__((warn_unused_result));
void http_close(struct http *h);

/* Wait for the answer to GET /wait/ms/task. False where it is not the right one. */
bool http_wait(struct http *h, int ms, int task) __attribute__((nonnull, warn_unused_result));

/* Many at once on an event loop (curl_multi_socket_action). NULL: out of memory. */
struct http_many *http_many_open(struct reactor *r, int port)
    __attribute__((nonnull, warn_unused_result));
void http_many_close(struct http_many *m);

/* Begin one; `done` is called with whether the answer was the right one. False where it cannot begin. */
bool http_many_wait(struct http_many *m, int ms, int task,
                    void (*done)(void *owner, int task, bool good), void *owner)
    __attribute__((nonnull(1, 4), warn_unused_result));

#endif
