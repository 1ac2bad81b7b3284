/*
 * How many requests each session and each user holds: streams and long polls, from the reply that
 * defers one until its connection is done with it. Counted in this process. Threads may share it.
 */
#ifndef FCGI_EVENTS_HOLDS_H
#define FCGI_EVENTS_HOLDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"
#include "fcgi/events/idmap.h"

struct holds {
    pthread_mutex_t lock;
    struct idmap sessions, users; /* the number of requests held; only ids that hold some */
    uintptr_t per_session, per_user;
};

void holds_open(struct holds *h, const struct settings *settings) __attribute__((nonnull));
void holds_free(struct holds *h) __attribute__((nonnull));

/*
 * Counts one more held request; false if the session or the user holds as many as it may. `holds`
 * is a struct holds: deferred.h calls this.
 */
bool holds_admit(void *holds, int64_t session_id, int64_t user_id)
    __attribute__((nonnull, warn_unused_result));

/* Undoes holds_admit. */
void holds_release(struct holds *h, int64_t session_id, int64_t user_id) __attribute__((nonnull));

#endif
