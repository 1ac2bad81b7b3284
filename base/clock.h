/* Time: the wall clock, a monotonic clock, and RFC 3339 texts. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLOCK_TEXT_SIZE = 30, /* "2026-01-31T23:59:59.999+08:00" and its NUL */
};

/* Milliseconds since 1970 UTC. */
int64_t clock_now_ms(void);

/* Microseconds of a clock that never jumps; only differences have a meaning. */
int64_t clock_mono_us(void);

/* Whether clock_set_zone would accept the zone. */
bool clock_zone_known(const char *name) __attribute__((nonnull));

/*
 * Sets the zone of all later texts, by its name in the tz database. Returns false if this host does
 * not know it. Call once, before threads start.
 */
bool clock_set_zone(const char *name) __attribute__((nonnull, warn_unused_result));

/* RFC 3339 with milliseconds and offset, in the zone that was set. Returns the length. */
size_t clock_format(int64_t ms, char text[static CLOCK_TEXT_SIZE]);

extern const char clock_out_of_range[];

/*
 * Reads a time: "2026-01-31T23:59:59.999+08:00" (RFC 3339). Also reads a space, "_" or "t" before
 * the time of day, a time of day without seconds, a comma before the fraction, "+0800", and a date
 * alone, which is midnight. A fraction is cut after the milliseconds. *aware: whether it has an
 * offset; without one it is read as UTC. Returns NULL, or a static English phrase: why the text is
 * not a time; clock_out_of_range if it is not in the years 1 to 9999.
 */
const char *clock_read(const char *text, int64_t *ms, bool *aware)
    __attribute__((nonnull, warn_unused_result));

/*
 * Reads a Unix time: seconds up to 20,000,000,000 either way, milliseconds beyond. Returns false if
 * it is not in the years 1 to 9999.
 */
bool clock_read_unix(double n, int64_t *ms) __attribute__((nonnull, warn_unused_result));

#endif
