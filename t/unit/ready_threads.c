/* Threads of a worker park while enough others are ready, and come back when those wait. */
#include "fcgi/worker/ready_threads.h"

#include <unistd.h>

#include "t/unit/tap.h"

enum { ENOUGH = 2, LONG_MS = 60 * 1000, SHORT_MS = 10 };

static struct ready_threads ready;
static bool wanted; /* how the parked thread's wait ended; read after it is joined */

static void *
park(void *context)
{
    (void)context;
    wanted = ready_threads_park(&ready, LONG_MS);
    return NULL;
}

/* Starts a thread that parks, and waits until it has. */
static pthread_t
parked_thread(void)
{
    pthread_t thread;
    size_t before = atomic_load(&ready.ready);

    ok(pthread_create(&thread, NULL, park, NULL) == 0, "a thread is started");
    while (atomic_load(&ready.ready) == before) {
        (void)usleep(1000);
    }
    return thread;
}

static void
check_parking(void)
{
    pthread_t thread;

    for (int i = 0; i < ENOUGH; i++) {
        ready_threads_join(&ready);
    }
    ok(!ready_threads_are_enough(&ready), "the threads that are needed do not park");
    ok(ready_threads_park(&ready, LONG_MS), "a thread that is needed does not wait");
    ready_threads_join(&ready);
    ok(ready_threads_are_enough(&ready), "a further thread should park");
    ok(!ready_threads_park(&ready, SHORT_MS), "a thread parks for a limited time");
    is_int((int64_t)atomic_load(&ready.ready), ENOUGH + 1, "it is ready again afterwards");
    thread = parked_thread();
    is_int((int64_t)atomic_load(&ready.ready), ENOUGH, "a parked thread is not ready");
    ready_threads_leave(&ready);
    is_int((int64_t)atomic_load(&ready.ready), ENOUGH - 1, "it stays parked while one is ready");
    ready_threads_leave(&ready);
    (void)pthread_join(thread, NULL);
    ok(wanted, "a parked thread comes back when the last ready one leaves");
    is_int((int64_t)atomic_load(&ready.ready), 1, "it is ready in place of the last one");
}

static void
check_end(void)
{
    pthread_t thread;

    for (int i = 0; i < ENOUGH; i++) {
        ready_threads_join(&ready);
    }
    thread = parked_thread();
    ready_threads_end(&ready);
    (void)pthread_join(thread, NULL);
    ok(wanted, "the end wakes parked threads");
    ready_threads_join(&ready);
    ok(!ready_threads_are_enough(&ready), "no thread parks after the end");
}

int
main(void)
{
    ok(ready_threads_open(&ready, ENOUGH) == 0, "ready threads are counted");
    check_parking();
    check_end();
    ready_threads_close(&ready);
    return done_testing();
}
