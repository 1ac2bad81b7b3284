/*
 * The server that the lab's tasks wait for: HTTP (RFC 9112) on a port of 127.0.0.1, in a process of
 * its own with one event loop, so that any number of tasks can wait at once.
 */
#ifndef FCGI_LAB_ENDPOINT_H
#define FCGI_LAB_ENDPOINT_H

#include <stdbool.h>
#include <sys/types.h>

struct endpoint {
    pid_t pid;
    int port;
};

/*
 * GET /wait/MS/TASK replies after MS milliseconds (at most 60,000) with {"task":TASK}. Returns
 * false with errno if it cannot be started. It ends with the caller, or by endpoint_stop.
 */
bool endpoint_start(struct endpoint *e) __attribute__((nonnull, warn_unused_result));
void endpoint_stop(const struct endpoint *e) __attribute__((nonnull));

#endif
