/*
 * The bytes of one connection to Redis: plain, or in TLS. hiredis connects, formats commands and
 * parses replies; it cannot encrypt in every version that Debian has, so reading and writing are
 * here.
 */
#ifndef DB_REDIS_TRANSPORT_H
#define DB_REDIS_TRANSPORT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/settings.h"

enum { TRANSPORT_WHY_SIZE = 512 };

#define TRANSPORT_LATE "no reply in time"

/* All zero: not started. */
struct transport {
    int fd;                       /* the caller's: closed after transport_end */
    SSL *ssl;                     /* NULL: not encrypted */
    short waits_for;              /* POLLIN or POLLOUT: what the last attempt needs to continue */
    char why[TRANSPORT_WHY_SIZE]; /* why the last call failed */
};

/*
 * Takes a connected descriptor, which becomes non-blocking, and agrees on TLS if REDIS_TLS requires
 * it and the connection is no unix socket. `until_us` is a time of clock_mono_us, here and below.
 * If a call fails, `why` has the reason, and the connection can only be ended.
 */
bool transport_start(struct transport *t, int fd, const struct settings *s, int64_t until_us)
    __attribute__((nonnull, warn_unused_result));
void transport_end(struct transport *t) __attribute__((nonnull));

/* Writes all bytes. */
bool transport_write(struct transport *t, const char *bytes, size_t len, int64_t until_us)
    __attribute__((nonnull, warn_unused_result));

/* Returns the number of bytes that were read; 0 if none came in time; -1 if that failed. */
ssize_t transport_read(struct transport *t, char *at, size_t size, int64_t until_us)
    __attribute__((nonnull, warn_unused_result));

/* The protocol and the cipher: "TLSv1.3, TLS_AES_256_GCM_SHA384"; false if it is not encrypted. */
bool transport_cipher(const struct transport *t, char *text, size_t size) __attribute__((nonnull));

#endif
