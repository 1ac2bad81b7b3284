/*
 * The essay's first example: print "hello" after one second and "world" after two, one after the
 * other and at once.
 */
#ifndef FCGI_LAB_SAY_AFTER_H
#define FCGI_LAB_SAY_AFTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The duration of both: three seconds and two, if a second lasts `second_ms`. */
struct say_after {
    int64_t sequential_ms, concurrent_ms;
};

/*
 * Runs the example on `out`, with the number of live tasks. Returns false with errno if there is no
 * event loop.
 */
bool say_after_run(FILE *out, int second_ms, struct say_after *took) __attribute__((nonnull));

#endif
