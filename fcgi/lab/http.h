/* Requests to the lab's endpoint, with libcurl. */
#ifndef FCGI_LAB_HTTP_H
#define FCGI_LAB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/reactor.h"

/* Loads libcurl, before threads start. Returns NULL or the reason why it cannot be loaded. */
const char *http_load(void) __attribute__((warn_unused_result));

/* One request at a time over a kept connection, for one thread. NULL without memory. */
struct http *http_open(int port) __attribute__((warn_unused_result));
void http_close(struct http *h);

/* Sends GET /wait/ms/task and waits for the reply. Returns whether it was the right one. */
bool http_wait(struct http *h, int ms, int task) __attribute__((nonnull, warn_unused_result));

/* Many requests at once on an event loop (curl_multi_socket_action). NULL without memory. */
struct http_many *http_many_open(struct reactor *r, int port)
    __attribute__((nonnull, warn_unused_result));
void http_many_close(struct http_many *m);

/*
 * Begins a request; `done` is called with whether the reply was the right one. Returns false if it
 * cannot begin.
 */
bool http_many_wait(struct http_many *m, int ms, int task,
                    void (*done)(void *owner, int task, bool good), void *owner)
    __attribute__((nonnull(1, 4), warn_unused_result));

#endif
