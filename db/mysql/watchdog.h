/*
 * Shuts down connections whose statement is not over when its request must have been answered. The
 * server ends a statement itself, and knows its outcome; this is for a server that does not: it was
 * stopped, its disk hangs, the network loses every packet, or it is a MySQL that writes. The client
 * libraries have a time-out of their own, but it is the same for every request.
 */
#ifndef DB_MYSQL_WATCHDOG_H
#define DB_MYSQL_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/* A connection's part in the watchdog. All 0: not attached. */
struct watch {
    int fd;         /* a duplicate of the connection's: the library may close its own at any time */
    int64_t cut_us; /* when it is shut down (clock_mono_us); 0: no statement runs */
    bool attached;
    struct watch *next, **link;
};

/* Attaches the connection with the descriptor `fd`. Does nothing if there are no descriptors. */
void watch_attach(struct watch *w, int fd) __attribute__((nonnull));
void watch_detach(struct watch *w) __attribute__((nonnull));

/* A statement begins, whose request has this deadline (clock_mono_us; 0: none). */
void watch_begin(struct watch *w, int64_t deadline_us) __attribute__((nonnull));

/* It is over: its rows have been read, or it has failed. */
void watch_end(struct watch *w) __attribute__((nonnull));

#endif
