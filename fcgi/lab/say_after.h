/* The essay's first example: say "hello" after one second and "world" after two, one after the other and at once. */
#ifndef FCGI_LAB_SAY_AFTER_H
#define FCGI_LAB_SAY_AFTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How long both took: three seconds, and two, of which each lasts `second_ms`. */
struct say_after {
    int64_t sequential_ms, concurrent_ms;
};

/* Say it on `out`, with the number of live tasks. False, with errno, where there is no event loop to be had. */
bool say_after_run(FILE *out, int second_ms, struct say_after *took) __attribute__((nonnull));

#endif
