/*
 * A coroutine as a state machine: after `await say_after(…)` Python continues with the next line;
 * here the state says where to continue. The event loop of asyncio does the same.
 */
#include <stdbool.h>

#include "base/clock.h"
#include "base/reactor.h"
#include "fcgi/lab/say_after.h"

struct scene {
    struct reactor *reactor;
    FILE *out;
    int64_t began_us;
    int second_ms;
    int live; /* tasks, including the one that waits for the others */
};

/* A live task: prints its lines one after the other, each after its delay. */
struct coroutine {
    struct reactor_timer timer; /* first: reactor.h */
    struct scene *scene;
    const struct line *next, *end;
    int counts; /* 1: a task of its own; 0: awaited by main in main's place */
};

struct line {
    int seconds;
    const char *words;
};

static void
say_after_print(const struct scene *s, const char *words)
{
    (void)fprintf(s->out, "  %6.3f s  %-9s  live tasks: %d\n",
                  (double)(clock_mono_us() - s->began_us) / 1e6, words, s->live);
    (void)fflush(s->out);
}

static void say_after_on_timer(struct reactor_timer *t);

/* Runs up to the next await, or to the end. */
static void
say_after_step(struct coroutine *c)
{
    if (c->next == c->end) {
        c->scene->live -= c->counts;
        return;
    }
    reactor_after(c->scene->reactor, &c->timer, (int64_t)c->next->seconds * c->scene->second_ms,
                  say_after_on_timer);
}

static void
say_after_on_timer(struct reactor_timer *t)
{
    struct coroutine *c = (struct coroutine *)t;

    say_after_print(c->scene, c->next->words);
    c->next++;
    say_after_step(c);
}

/* Runs `count` tasks at once, each with so many lines. Returns the milliseconds until all end. */
static int64_t
say_after_run_tasks(struct scene *s, const char *title, struct coroutine *tasks, size_t count)
{
    (void)fprintf(s->out, "%s\n", title);
    s->began_us = clock_mono_us();
    s->live = 1; /* main */
    say_after_print(s, "started");
    for (size_t i = 0; i < count; i++) {
        tasks[i].scene = s;
        s->live += tasks[i].counts;
        say_after_step(&tasks[i]);
    }
    reactor_run(s->reactor);
    say_after_print(s, "finished");
    return (clock_mono_us() - s->began_us) / 1000;
}

bool
say_after_run(FILE *out, int second_ms, struct say_after *took)
{
    static const struct line lines[] = {{1, "hello"}, {2, "world"}};
    struct scene scene = {.reactor = reactor_open(), .out = out, .second_ms = second_ms};
    struct coroutine in_sequence = {.next = lines, .end = lines + 2};
    struct coroutine at_once[] = {{.next = lines, .end = lines + 1, .counts = 1},
                                  {.next = lines + 1, .end = lines + 2, .counts = 1}};

    if (scene.reactor == NULL) {
        return false;
    }
    took->sequential_ms = say_after_run_tasks(&scene,
                                              "sequential: await say_after(1, \"hello\"), then "
                                              "await say_after(2, \"world\")",
                                              &in_sequence, 1);
    took->concurrent_ms = say_after_run_tasks(
        &scene, "concurrent: a task for each, then both are awaited", at_once, 2);
    reactor_close(scene.reactor);
    return true;
}
