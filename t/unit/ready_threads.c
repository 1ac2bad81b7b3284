/* Threads of a worker park while enough others are ready, and come back when those wait. */
#include "fcgi/worker/ready_threads.h"

#include <unistd.h>

#include "t/unit/tap.h"

enum { ENOUGH = 2, LONG_MS = 60 * 1000, SHORT_MS = 10 };

static struct ready_threads ready;
static struct ready_thread threads[ENOUGH + 1], parked;
static bool wanted; /* how the parked thread's wait ended; read after it is joined */

static int64_t
ready_count(void)
{
    return (int64_t)(uint32_t)atomic_load(&ready.count);
}

static void *
park(void *context)
{
    (void)context;
    wanted = ready_threads_park(&ready, &parked, LONG_MS);
    return NULL;
}

/* Starts a thread that is ready and parks, and waits until it has. */
static pthread_t
parked_thread(void)
{
    pthread_t thread;
    int64_t before;

    ok(ready_threads_join(&ready, &parked), "a thread becomes ready");
    before = ready_count();
    ok(pthread_create(&thread, NULL, park, NULL) == 0, "a thread is started");
    while (ready_count() == before) {
        (void)usleep(1000);
    }
    return thread;
}

static void
check_parking(void)
{
    pthread_t thread;

    for (int i = 0; i < ENOUGH; i++) {
        ok(ready_threads_join(&ready, &threads[i]), "a thread becomes ready");
    }
    ok(!ready_threads_join(&ready, &threads[0]), "a thread is counted once");
    ok(ready_threads_park(&ready, &threads[0], LONG_MS), "a thread that is needed does not park");
    (void)ready_threads_join(&ready, &threads[ENOUGH]);
    ok(!ready_threads_park(&ready, &threads[ENOUGH], SHORT_MS),
       "a thread parks for a limited time");
    is_int(ready_count(), ENOUGH + 1, "it is ready again afterwards");
    ready_threads_leave(&ready, &threads[ENOUGH]);
    thread = parked_thread();
    is_int(ready_count(), ENOUGH, "a parked thread is not ready");
    ready_threads_leave(&ready, &threads[0]);
    is_int(ready_count(), ENOUGH - 1, "it stays parked while one is ready");
    ready_threads_leave(&ready, &threads[1]);
    (void)pthread_join(thread, NULL);
    ok(wanted, "a parked thread comes back when the last ready one leaves");
    is_int(ready_count(), 1, "it is ready in place of the last one");
    ready_threads_leave(&ready, &parked);
}

static void
check_standing_still(void)
{
    for (int i = 0; i < ENOUGH; i++) {
        (void)ready_threads_join(&ready, &threads[i]);
    }
    ready_threads_recount(&ready, &threads[ENOUGH]);
    is_int(ready_count(), 1, "threads that stand still are not counted");
    ready_threads_leave(&ready, &threads[0]);
    is_int(ready_count(), 1, "a thread that was not counted changes nothing when it leaves");
    ok(ready_threads_join(&ready, &threads[1]), "a thread that stood still becomes ready again");
    is_int(ready_count(), 2, "it is counted then");
    ready_threads_leave(&ready, &threads[1]);
    ready_threads_leave(&ready, &threads[ENOUGH]);
    is_int(ready_count(), 0, "no thread is ready in the end");
}

static void
check_end(void)
{
    pthread_t thread;

    for (int i = 0; i < ENOUGH; i++) {
        (void)ready_threads_join(&ready, &threads[i]);
    }
    thread = parked_thread();
    ready_threads_end(&ready);
    (void)pthread_join(thread, NULL);
    ok(wanted, "the end wakes parked threads");
    ok(ready_threads_park(&ready, &parked, LONG_MS), "no thread parks after the end");
}

int
main(void)
{
    ok(ready_threads_open(&ready, ENOUGH) == 0, "ready threads are counted");
    check_parking();
    check_standing_still();
    check_end();
    ready_threads_close(&ready);
    return done_testing();
}
