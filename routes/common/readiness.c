/*
 * The route is open to everyone and its check writes, so what it costs may not depend on how often
 * it is called.
 */
#include "routes/common/readiness.h"

#include <pthread.h>

#include "base/clock.h"

enum {
    FRESH_US = 1000 * 1000,
    HUNG_US = 3 * 1000 * 1000, /* after which a check that has not ended means "down" */
};

static struct {
    pthread_mutex_t lock;
    struct stores found;
    bool is_known, is_running;
    int64_t began_us; /* of the last check */
} readiness = {.lock = PTHREAD_MUTEX_INITIALIZER};

/*
 * Whether an earlier result will do; otherwise the caller has to check. A closed connection is news
 * that no earlier result knows.
 */
static bool
stores_find(const struct db *db, struct stores *stores)
{
    int64_t now = clock_mono_us();
    bool found;

    (void)pthread_mutex_lock(&readiness.lock);
    found = readiness.is_known &&
            (readiness.is_running || (now - readiness.began_us < FRESH_US && db_is_open(db)));
    if (found) {
        *stores = readiness.found;
        if (readiness.is_running && now - readiness.began_us > HUNG_US) {
            stores->database = DATABASE_DOWN;
        }
    } else {
        readiness.is_running = true;
        readiness.began_us = now;
    }
    (void)pthread_mutex_unlock(&readiness.lock);
    return found;
}

struct stores
stores_check(struct caller *caller)
{
    struct stores stores;

    if (stores_find(caller->db, &stores)) {
        return stores;
    }
    stores = (struct stores){readiness_check(caller->db), redis_ping(caller->redis)};
    (void)pthread_mutex_lock(&readiness.lock);
    readiness.found = stores;
    readiness.is_known = true;
    readiness.is_running = false;
    (void)pthread_mutex_unlock(&readiness.lock);
    return stores;
}
