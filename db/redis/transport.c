/*
 * Every call has a deadline as a whole: a peer that sends one byte now and then, inside of a TLS
 * record even, cannot hold a thread. So the descriptor is non-blocking, and each wait is a poll.
 *
 * OpenSSL keeps errors in a queue of the thread, which the database's client library reads as well:
 * each attempt begins with an empty queue, and each failure empties it.
 */
#include "db/redis/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/wait_hook.h"

enum {
    REASON_SIZE = 160,
    HOST_SIZE = 254, /* a name has at most 253 bytes */
};

/* Waits until the last attempt can continue; false when the time is over. */
static bool
transport_wait(const struct transport *t, int64_t until_us)
{
    struct pollfd at = {.fd = t->fd, .events = t->waits_for};
    int ready;

    wait_hook_run();
    do {
        int64_t ms = (until_us - clock_mono_us() + 999) / 1000;

        ready = poll(&at, 1, ms < 0 ? 0 : (int)ms);
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}

static ssize_t
transport_fail(struct transport *t, const char *why)
{
    (void)snprintf(t->why, sizeof(t->why), "%s", why);
    return -1;
}

/* What `n`, the result of recv or send, means: bytes, 0 to wait for `waits_for`, or -1. */
static ssize_t
plain_result(struct transport *t, ssize_t n, short waits_for)
{
    if (n > 0) {
        return n;
    }
    if (n == 0) {
        return transport_fail(t, "the server has closed the connection");
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        t->waits_for = waits_for;
        return 0;
    }
    return transport_fail(t, strerror(errno));
}

/* The same for a function of OpenSSL. */
static ssize_t
tls_result(struct transport *t, int n)
{
    int system_error = errno;
    const char *reason;

    switch (SSL_get_error(t->ssl, n)) {
    case SSL_ERROR_NONE:
        return n;
    case SSL_ERROR_WANT_READ:
        t->waits_for = POLLIN;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        t->waits_for = POLLOUT;
        return 0;
    case SSL_ERROR_SSL:
        reason = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        return transport_fail(t, reason != NULL ? reason : "an error of TLS");
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        if (system_error != 0) {
            return transport_fail(t, strerror(system_error));
        }
        break;
    default:
        break;
    }
    return transport_fail(t, "the server has closed the connection");
}

/* Prepares a reading and writing function of OpenSSL. */
static void
tls_begin(void)
{
    ERR_clear_error();
    errno = 0;
}

/* Loads the certificates to trust, for the handshake only: the system's take megabytes. */
static bool
tls_trust(SSL *ssl, const struct settings *s)
{
    X509_STORE *store = X509_STORE_new();
    bool good = store != NULL && (s->redis_tls_ca[0] != '\0'
                                      ? X509_STORE_load_locations(store, s->redis_tls_ca, NULL)
                                      : X509_STORE_set_default_paths(store)) == 1;

    if (good) {
        SSL_set0_verify_cert_store(ssl, store);
    } else {
        X509_STORE_free(store);
    }
    return good;
}

/* Requires a certificate for this host, and names the host to a server that has several. */
static bool
tls_expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    char name[HOST_SIZE]; /* OpenSSL's macro takes no const, and copies it */

    (void)snprintf(name, sizeof(name), "%s", host);
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1) {
        return true;
    }
    return X509_VERIFY_PARAM_set1_host(expected, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

static SSL *
tls_new(const struct settings *s, int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    bool good = context != NULL && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;

    if (good) {
        ssl = SSL_new(context);
    }
    SSL_CTX_free(context); /* the connection keeps it */
    good = ssl != NULL && SSL_set_fd(ssl, fd) == 1 && tls_expect_host(ssl, s->redis_host);
    if (good && s->redis_tls == TLS_VERIFY) {
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
        good = tls_trust(ssl, s);
    }
    if (!good) {
        SSL_free(ssl);
        ssl = NULL;
    }
    return ssl;
}

/* Writes the reason of a failed handshake, which is in `why` without its circumstances. */
static void
tls_explain(struct transport *t, const struct settings *s)
{
    long verified = SSL_get_verify_result(t->ssl);
    char reason[REASON_SIZE];

    (void)snprintf(reason, sizeof(reason), "%.*s", REASON_SIZE - 1, t->why);
    if (s->redis_tls == TLS_VERIFY && verified != X509_V_OK) {
        (void)snprintf(t->why, sizeof(t->why),
                       "REDIS_TLS: the certificate of %.253s is not valid: %s", s->redis_host,
                       X509_verify_cert_error_string(verified));
    } else {
        (void)snprintf(t->why, sizeof(t->why), "REDIS_TLS: %.253s does not agree on TLS: %s",
                       s->redis_host, reason);
    }
}

static bool
tls_start(struct transport *t, const struct settings *s, int64_t until_us)
{
    ssize_t done;

    tls_begin();
    t->ssl = tls_new(s, t->fd);
    if (t->ssl == NULL) {
        ERR_clear_error();
        (void)transport_fail(t, "REDIS_TLS: OpenSSL cannot be set up; is REDIS_TLS_CA readable?");
        return false;
    }
    do {
        tls_begin();
        done = tls_result(t, SSL_connect(t->ssl));
        if (done == 0 && !transport_wait(t, until_us)) {
            done = transport_fail(t, TRANSPORT_LATE);
        }
    } while (done == 0);
    if (done < 0) {
        tls_explain(t, s);
    } else if (s->redis_tls == TLS_VERIFY) {
        SSL_set0_verify_cert_store(t->ssl, NULL);
    }
    return done > 0;
}

bool
transport_start(struct transport *t, int fd, const struct settings *s, int64_t until_us)
{
    int flags = fcntl(fd, F_GETFL);

    *t = (struct transport){.fd = fd};
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return transport_fail(t, strerror(errno)) > 0;
    }
    return s->redis_tls == TLS_OFF || s->redis_host[0] == '/' || tls_start(t, s, until_us);
}

/*
 * Sends no farewell (SSL_shutdown): after a fork the connection may be used by the other process.
 */
void
transport_end(struct transport *t)
{
    SSL_free(t->ssl);
    t->ssl = NULL;
}

static ssize_t
transport_try_write(struct transport *t, const char *bytes, size_t len)
{
    if (t->ssl == NULL) {
        return plain_result(t, send(t->fd, bytes, len, MSG_NOSIGNAL), POLLOUT);
    }
    tls_begin();
    return tls_result(t, SSL_write(t->ssl, bytes, len < INT_MAX ? (int)len : INT_MAX));
}

bool
transport_write(struct transport *t, const char *bytes, size_t len, int64_t until_us)
{
    while (len > 0) {
        ssize_t n = transport_try_write(t, bytes, len);

        if (n == 0 && !transport_wait(t, until_us)) {
            n = transport_fail(t, TRANSPORT_LATE);
        }
        if (n < 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Reads without waiting. OpenSSL may have bytes although the descriptor has none. */
static ssize_t
transport_try_read(struct transport *t, char *at, size_t size)
{
    if (t->ssl == NULL) {
        return plain_result(t, recv(t->fd, at, size, 0), POLLIN);
    }
    tls_begin();
    return tls_result(t, SSL_read(t->ssl, at, size < INT_MAX ? (int)size : INT_MAX));
}

ssize_t
transport_read(struct transport *t, char *at, size_t size, int64_t until_us)
{
    ssize_t n = 0;

    t->waits_for = POLLIN;
    if (t->ssl != NULL && SSL_has_pending(t->ssl)) {
        n = transport_try_read(t, at, size);
    }
    while (n == 0 && transport_wait(t, until_us)) {
        n = transport_try_read(t, at, size);
    }
    return n;
}

bool
transport_cipher(const struct transport *t, char *text, size_t size)
{
    if (t->ssl != NULL) {
        (void)snprintf(text, size, "%s, %s", SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
    }
    return t->ssl != NULL;
}
