/*
 * What the lab's tasks wait for: an HTTP server (RFC 9112) on a port of 127.0.0.1, a process of its own with one event loop, so that however many
 * wait, nobody is kept from anything.
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
 * GET /wait/MS/TASK answers after MS milliseconds (at most 60,000), with {"task":TASK}. False, with errno, where it cannot be started.
 * It ends with the caller, or by endpoint_stop.
 */
bool endpoint_start(struct endpoint *e) __attribute__((nonnull, warn_unused_result));
void endpoint_stop(const struct endpoint *e) __attribute__((nonnull));

#endif
