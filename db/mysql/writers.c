/*
 * A backup that takes the global read lock, an ALTER or a full disk can make every write of a
 * process wait for seconds. Without a limit all of its threads would soon wait there, and nothing
 * would be read either. The event loop's dispatcher keeps threads free of writes; a worker starts
 * further ones when the writes stand still, since a limit that is reached all the time is dear.
 *
 * A write that finds no place holds a thread, too. So it waits only while the writes before it get
 * on: once none has ended well for PATIENCE_US, all further ones fail at once.
 */
#include "db/mysql/writers.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/wait_hook.h"

enum {
    PATIENCE_US = 1000 * 1000,
    STANDSTILL_US = 20 * 1000, /* without an end; a write takes a millisecond or two */
    STALLED_US = 2000 * 1000,  /* after a failure the next write to begin shows no progress */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t left, filled;
    size_t most, inside;
    bool over;           /* nobody waits for a standstill any more */
    int64_t progress_us; /* when a write last ended well, or the first one after a pause began */
    int64_t failed_us;   /* when the last write ended, if it did not end well */
} writers = {.lock = PTHREAD_MUTEX_INITIALIZER,
             .left = PTHREAD_COND_INITIALIZER,
             .filled = PTHREAD_COND_INITIALIZER};

void
db_limit_writers(size_t most)
{
    (void)pthread_mutex_lock(&writers.lock);
    writers.most = most;
    (void)pthread_mutex_unlock(&writers.lock);
}

/* With the lock. */
static bool
writers_get_on(void)
{
    return clock_mono_us() - writers.progress_us < PATIENCE_US;
}

bool
db_writes_wait(void)
{
    bool wait;

    (void)pthread_mutex_lock(&writers.lock);
    wait = writers.inside > 0 && !writers_get_on();
    (void)pthread_mutex_unlock(&writers.lock);
    return wait;
}

/* With the lock. */
static bool
writers_stand_still(void)
{
    return writers.most > 0 && writers.inside >= writers.most &&
           clock_mono_us() - writers.progress_us > STANDSTILL_US;
}

bool
db_writes_stand_still(void)
{
    bool still;

    (void)pthread_mutex_lock(&writers.lock);
    still = writers_stand_still();
    (void)pthread_mutex_unlock(&writers.lock);
    return still;
}

/* All places may be taken many times a second: so it naps before it looks again. */
bool
db_await_standstill(void)
{
    bool over;

    (void)pthread_mutex_lock(&writers.lock);
    while (!writers.over && !writers_stand_still()) {
        if (writers.inside < writers.most) {
            (void)pthread_cond_wait(&writers.filled, &writers.lock);
        }
        (void)pthread_mutex_unlock(&writers.lock);
        (void)nanosleep(&(struct timespec){.tv_nsec = STANDSTILL_US * 1000L}, NULL);
        (void)pthread_mutex_lock(&writers.lock);
    }
    over = writers.over;
    (void)pthread_mutex_unlock(&writers.lock);
    return !over;
}

void
db_end_standstill_waits(void)
{
    (void)pthread_mutex_lock(&writers.lock);
    writers.over = true;
    (void)pthread_cond_broadcast(&writers.filled);
    (void)pthread_mutex_unlock(&writers.lock);
}

/* With the lock: until a write ends, or PATIENCE_US after the last progress. */
static void
writers_wait(void)
{
    int64_t us = writers.progress_us + PATIENCE_US - clock_mono_us();
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(us > 0 ? us : 0) * 1000;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    wait_hook_run();
    (void)pthread_cond_timedwait(&writers.left, &writers.lock, &until);
}

bool
writers_enter(struct db *db, bool *taken)
{
    int64_t now = clock_mono_us();
    bool has_place;

    *taken = false;
    if (db->has_place) {
        return true;
    }
    (void)pthread_mutex_lock(&writers.lock);
    if (writers.inside == 0 && now - writers.failed_us > STALLED_US) {
        writers.progress_us = now;
    }
    while (writers.most > 0 && writers.inside >= writers.most && writers_get_on()) {
        writers_wait();
    }
    has_place = writers.most == 0 || writers.inside < writers.most;
    writers.inside += has_place;
    if (writers.inside == writers.most) {
        (void)pthread_cond_broadcast(&writers.filled);
    }
    (void)pthread_mutex_unlock(&writers.lock);
    db->has_place = *taken = has_place;
    if (!has_place) {
        db->obstacle = DB_OBSTACLE_LOCKED;
    }
    return has_place;
}

void
writers_leave(struct db *db, bool taken, enum db_result r)
{
    if (!taken) {
        return;
    }
    db->has_place = false;
    (void)pthread_mutex_lock(&writers.lock);
    writers.inside--;
    if (r == DB_DOWN) {
        writers.failed_us = clock_mono_us();
    } else {
        writers.failed_us = 0;
        writers.progress_us = clock_mono_us();
    }
    (void)pthread_cond_signal(&writers.left);
    (void)pthread_mutex_unlock(&writers.lock);
}
