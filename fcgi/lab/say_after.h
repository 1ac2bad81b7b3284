/*
 * The first example of Python's asyncio tutorial (docs.python.org/3/library/asyncio-task.html),
 * which the course's essay uses: print "hello" after one second and "world" after two, once in
 * sequence and once as two concurrent tasks.
 */
#ifndef FCGI_LAB_SAY_AFTER_H
#define FCGI_LAB_SAY_AFTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The durations: three seconds and two, if second_ms is 1,000. */
struct say_after {
    int64_t sequential_ms, concurrent_ms;
};

/*
 * Prints each text on `out` with the number of live tasks. A second lasts `second_ms`. Returns
 * false, with errno, if no event loop can be opened.
 */
bool say_after_run(FILE *out, int second_ms, struct say_after *took) __attribute__((nonnull));

#endif
