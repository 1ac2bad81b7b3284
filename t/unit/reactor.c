/* The event loop: timers expire in order and once; forgotten descriptors are not reported. */
#include "base/reactor.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "t/unit/tap.h"

enum { MANY = 1000 };

struct test_timer {
    struct reactor_timer timer;
    struct reactor *reactor;
    int64_t due_us;
    int expired;
};

static int64_t last_due, early, disordered, expirations;

static void
timer_expired(struct reactor_timer *t)
{
    struct test_timer *r = (struct test_timer *)t;

    early += clock_mono_us() < r->due_us;
    disordered += r->due_us < last_due;
    last_due = r->due_us;
    r->expired++;
    expirations++;
}

static void
test_times(void)
{
    static struct test_timer all[MANY];
    struct reactor *r = reactor_open();
    int wrong = 0;

    ok(r != NULL, "an event loop opens");
    for (int i = 0; i < MANY; i++) {
        int64_t ms = random_below(60);

        reactor_after(r, &all[i].timer, ms, timer_expired);
        all[i].due_us = all[i].timer.at_us;
    }
    for (int i = 0; i < MANY; i += 3) { /* a third is set again, a third cancelled */
        reactor_after(r, &all[i].timer, random_below(60), timer_expired);
        all[i].due_us = all[i].timer.at_us;
        reactor_cancel(r, &all[i + 1 < MANY ? i + 1 : i].timer);
    }
    reactor_cancel(r, &all[1].timer);
    reactor_run(r);
    for (int i = 0; i < MANY; i++) {
        wrong += all[i].expired != (i % 3 == 1 || i == MANY - 1 ? 0 : 1);
    }
    is_int(wrong, 0, "each timer that is set expires once, a cancelled one never");
    is_int(early, 0, "no timer expires early");
    is_int(disordered, 0, "timers expire in order of their time");
    ok(expirations > MANY / 2, "most of the timers expired");
    reactor_close(r);
}

static void
stop_reactor(struct reactor_timer *t)
{
    reactor_stop(((struct test_timer *)t)->reactor);
}

static int reads, pair_reads;

static void
on_readable(void *context, int fd, uint32_t events)
{
    char c;

    reads += (events & EPOLLIN) != 0 && read(fd, &c, 1) == 1;
    if (reads == 3) {
        reactor_forget(context, fd);
    }
}

/* Whichever is reported first forgets the other, whose event is in the same batch. */
struct pair {
    struct reactor *reactor;
    int other;
};

static void
forget_both(void *context, int fd, uint32_t events)
{
    struct pair *p = context;

    (void)events;
    pair_reads++;
    reactor_forget(p->reactor, fd);
    reactor_forget(p->reactor, p->other);
}

static void
test_descriptors(void)
{
    struct reactor *r = reactor_open();
    struct test_timer last = {.reactor = r};
    int a[2], b[2];

    ok(pipe(a) == 0 && pipe(b) == 0 && write(a[1], "abcd", 4) == 4 && write(b[1], "x", 1) == 1,
       "two pipes hold bytes");
    ok(reactor_watch(r, a[0], EPOLLIN, on_readable, r), "a pipe is watched");
    reactor_run(r);
    is_int(reads, 3,
           "a descriptor is reported until it is forgotten; with none left the loop ends");

    ok(reactor_watch(r, a[0], EPOLLIN, forget_both, &(struct pair){r, b[0]}) &&
           reactor_watch(r, b[0], EPOLLIN, forget_both, &(struct pair){r, a[0]}),
       "both pipes are watched");
    reactor_run(r);
    is_int(pair_reads, 1, "a descriptor forgotten in the same turn is not reported");

    ok(reactor_watch(r, b[1], EPOLLIN, on_readable, r),
       "a descriptor that is never ready is watched");
    reactor_after(r, &last.timer, 10, stop_reactor);
    reactor_run(r);
    ok(true, "the loop ends when it is stopped");
    for (int i = 0; i < 2; i++) {
        (void)close(a[i]);
        (void)close(b[i]);
    }
    ok(!reactor_watch(r, a[0], EPOLLIN, on_readable, r), "a closed descriptor cannot be watched");
    reactor_close(r);
}

int
main(void)
{
    if (!random_init()) {
        return 1;
    }
    test_times();
    test_descriptors();
    return done_testing();
}
