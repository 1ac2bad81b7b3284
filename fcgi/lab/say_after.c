/*
 * A coroutine written as a state machine: each `await say_after(…)` of the Python original is a
 * step that sets a timer and returns; the timer's callback resumes the coroutine. asyncio's event
 * loop works the same way.
 */
#include <stdbool.h>

#include "base/clock.h"
#include "base/reactor.h"
#include "fcgi/lab/say_after.h"

struct demo {
    struct reactor *reactor;
    FILE *out;
    int64_t began_us;
    int second_ms;
    int live; /* tasks, including the one that awaits the others */
};

/* Awaits say_after for each of its steps in sequence. */
struct coroutine {
    struct reactor_timer timer; /* first, so that its callback can cast */
    struct demo *demo;
    const struct step *next, *end;
    int counts; /* 1: a task of its own; 0: main awaits it as part of itself */
};

struct step {
    int seconds;
    const char *text;
};

static void
demo_print(const struct demo *s, const char *text)
{
    (void)fprintf(s->out, "  %6.3f s  %-9s  live tasks: %d\n",
                  (double)(clock_mono_us() - s->began_us) / 1e6, text, s->live);
    (void)fflush(s->out);
}

static void coroutine_resume(struct reactor_timer *t);

/* Runs up to the next await, or to the end. */
static void
coroutine_await(struct coroutine *c)
{
    if (c->next == c->end) {
        c->demo->live -= c->counts;
        return;
    }
    reactor_after(c->demo->reactor, &c->timer, (int64_t)c->next->seconds * c->demo->second_ms,
                  coroutine_resume);
}

static void
coroutine_resume(struct reactor_timer *t)
{
    struct coroutine *c = (struct coroutine *)t;

    demo_print(c->demo, c->next->text);
    c->next++;
    coroutine_await(c);
}

/* Runs `count` coroutines at once. Returns the milliseconds until all have ended. */
static int64_t
demo_run(struct demo *s, const char *title, struct coroutine *tasks, size_t count)
{
    (void)fprintf(s->out, "%s\n", title);
    s->began_us = clock_mono_us();
    s->live = 1; /* main */
    demo_print(s, "started");
    for (size_t i = 0; i < count; i++) {
        tasks[i].demo = s;
        s->live += tasks[i].counts;
        coroutine_await(&tasks[i]);
    }
    reactor_run(s->reactor);
    demo_print(s, "finished");
    return (clock_mono_us() - s->began_us) / 1000;
}

bool
say_after_run(FILE *out, int second_ms, struct say_after *took)
{
    static const struct step steps[] = {{1, "hello"}, {2, "world"}};
    struct demo demo = {.reactor = reactor_open(), .out = out, .second_ms = second_ms};
    struct coroutine in_sequence = {.next = steps, .end = steps + 2};
    struct coroutine at_once[] = {{.next = steps, .end = steps + 1, .counts = 1},
                                  {.next = steps + 1, .end = steps + 2, .counts = 1}};

    if (demo.reactor == NULL) {
        return false;
    }
    took->sequential_ms = demo_run(&demo,
                                   "sequential: await say_after(1, \"hello\"), then "
                                   "await say_after(2, \"world\")",
                                   &in_sequence, 1);
    took->concurrent_ms = demo_run(&demo, "concurrent: a task for each, then both are awaited",
                                   at_once, 2);
    reactor_close(demo.reactor);
    return true;
}
