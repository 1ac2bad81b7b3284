/*
 * The event loop: times ring in order and once, descriptors are heard, whoever is forgotten is not
 * called.
 */
#include "base/reactor.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "t/unit/tap.h"

enum { MANY = 1000 };

struct ringing {
    struct reactor_timer timer;
    struct reactor *reactor;
    int64_t due_us;
    int rang;
};

static int64_t last_due, early, disordered, rings;

static void
ring(struct reactor_timer *t)
{
    struct ringing *r = (struct ringing *)t;

    early += clock_mono_us() < r->due_us;
    disordered += r->due_us < last_due;
    last_due = r->due_us;
    r->rang++;
    rings++;
}

static void
test_times(void)
{
    static struct ringing all[MANY];
    struct reactor *r = reactor_open();
    int wrong = 0;

    ok(r != NULL, "there is an event loop");
    for (int i = 0; i < MANY; i++) {
        int64_t ms = random_below(60);

        reactor_after(r, &all[i].timer, ms, ring);
        all[i].due_us = all[i].timer.at_us;
    }
    for (int i = 0; i < MANY; i += 3) { /* a third is set anew, a third is not to be */
        reactor_after(r, &all[i].timer, random_below(60), ring);
        all[i].due_us = all[i].timer.at_us;
        reactor_cancel(r, &all[i + 1 < MANY ? i + 1 : i].timer);
    }
    reactor_cancel(r, &all[1].timer);
    reactor_run(r);
    for (int i = 0; i < MANY; i++) {
        wrong += all[i].rang != (i % 3 == 1 || i == MANY - 1 ? 0 : 1);
    }
    is_int(wrong, 0, "each time that is set rings once, each that is cancelled does not");
    is_int(early, 0, "none rings early");
    is_int(disordered, 0, "the earlier rings first");
    ok(rings > MANY / 2, "and they did ring");
    reactor_close(r);
}

static void
stop(struct reactor_timer *t)
{
    reactor_stop(((struct ringing *)t)->reactor);
}

static int heard, other_heard;

static void
hear(void *owner, int fd, uint32_t events)
{
    char c;

    heard += (events & EPOLLIN) != 0 && read(fd, &c, 1) == 1;
    if (heard == 3) {
        reactor_forget(owner, fd);
    }
}

/* Forgets the other one, whose event may be under way in the same turn. */
struct pair {
    struct reactor *reactor;
    int other;
};

static void
hear_and_forget(void *owner, int fd, uint32_t events)
{
    struct pair *p = owner;

    (void)events;
    other_heard++;
    reactor_forget(p->reactor, fd);
    reactor_forget(p->reactor, p->other);
}

static void
test_descriptors(void)
{
    struct reactor *r = reactor_open();
    struct ringing last = {.reactor = r};
    int a[2], b[2];

    ok(pipe(a) == 0 && pipe(b) == 0 && write(a[1], "abcd", 4) == 4 && write(b[1], "x", 1) == 1,
       "two pipes hold something");
    ok(reactor_watch(r, a[0], EPOLLIN, hear, r), "one is watched");
    reactor_run(r);
    is_int(heard, 3, "it is heard until it is forgotten; then nothing is left, and the loop ends");

    ok(reactor_watch(r, a[0], EPOLLIN, hear_and_forget, &(struct pair){r, b[0]}) &&
           reactor_watch(r, b[0], EPOLLIN, hear_and_forget, &(struct pair){r, a[0]}),
       "both are watched");
    reactor_run(r);
    is_int(other_heard, 1, "one that is forgotten while its event is under way is not called");

    ok(reactor_watch(r, b[1], EPOLLIN, hear, r), "one that never says anything is watched");
    reactor_after(r, &last.timer, 10, stop);
    reactor_run(r);
    ok(true, "the loop ends when it is stopped");
    for (int i = 0; i < 2; i++) {
        (void)close(a[i]);
        (void)close(b[i]);
    }
    ok(!reactor_watch(r, a[0], EPOLLIN, hear, r), "a descriptor that is closed cannot be watched");
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
