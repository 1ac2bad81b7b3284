/* A request that libfcgi has read: reading its body, writing its reply, refusing it. */
#ifndef FCGI_WORKER_FASTCGI_H
#define FCGI_WORKER_FASTCGI_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The functions of an exchange (serve.h). The context is the FCGX_Request. */
size_t fastcgi_read(void *context, char *at, size_t size) __attribute__((nonnull));
bool fastcgi_write(void *context, const char *at, size_t len) __attribute__((nonnull(1)));

/* Discards the rest of the body, after which the next request begins. False if it is too long. */
bool fastcgi_discard_body(FCGX_Request *fcgi) __attribute__((nonnull, warn_unused_result));

/*
 * How long a request of a web server on this host has waited in the socket's queue, in
 * microseconds. REQUEST_MSEC is nginx's $msec, when it sent the request: "1700000000.123".
 */
int64_t fastcgi_waited_us(FCGX_Request *fcgi) __attribute__((nonnull));

/* Returns false after refusing a request that cannot be served: then only FCGX_Finish_r follows. */
bool fastcgi_admit(FCGX_Request *fcgi) __attribute__((nonnull, warn_unused_result));

#endif
