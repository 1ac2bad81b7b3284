/*
 * Shared by the bare programs: threads over libfcgi's own blocking accept, each with a connection
 * to the database.
 */
#ifndef T_BENCH_BARE_H
#define T_BENCH_BARE_H

#include <fcgiapp.h>
#include <mysql.h>

/* Owned by one thread; `more` belongs to the program. */
struct bare {
    FCGX_Request fcgi;
    MYSQL *mysql; /* NULL if the program uses no database */
    void *more;
};

/*
 * Serves until killed: `threads` threads call prepare once (NULL: no database), then `reply` for
 * each request. If the web server keeps connections, each occupies a thread.
 */
int bare_run(int threads, void (*prepare)(struct bare *), void (*reply)(struct bare *))
    __attribute__((nonnull(3)));

/* A prepared statement; ends the process if it cannot be prepared. */
MYSQL_STMT *bare_prepare(struct bare *bare, const char *sql) __attribute__((nonnull));

/* The number at the end of the request's path; 0 without one. */
long bare_path_number(struct bare *bare) __attribute__((nonnull));

/* Writes "2026-01-31T09:30:00.123+08:00" without a NUL; returns its end. */
char *bare_put_time(char *at, long long ms) __attribute__((nonnull));
char *bare_put_number(char *at, long long n) __attribute__((nonnull));
char *bare_put(char *at, const char *text) __attribute__((nonnull));
/* Writes a JSON string with its quotes and escapes (RFC 8259 section 7). */
char *bare_put_string(char *at, const char *text, unsigned long len) __attribute__((nonnull));

/* A JSON reply with as many header lines as ours. */
void bare_send(struct bare *bare, const char *status, const char *body, int len)
    __attribute__((nonnull));

#endif
