/*
 * The HTTP server (RFC 9112) for which the lab's tasks wait: a process with one event loop on a
 * port of 127.0.0.1, so any number of requests can wait at once.
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
 * GET /wait/MS/TASK replies {"task":TASK} after MS milliseconds (at most 60,000). Returns false,
 * with errno, if the process cannot be started. It ends with its parent, or by endpoint_stop.
 */
bool endpoint_start(struct endpoint *e) __attribute__((nonnull, warn_unused_result));
void endpoint_stop(const struct endpoint *e) __attribute__((nonnull));

#endif
