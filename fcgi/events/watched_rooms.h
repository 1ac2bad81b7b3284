/*
 * Which rooms the hub has, for the subscriber's thread: most hints of a busy server are for rooms
 * that nobody watches here, and to wake the loop for each costs more than to receive it.
 *
 * Rooms share counters, so a room that the hub has is always found, and others sometimes are.
 */
#ifndef FCGI_EVENTS_WATCHED_ROOMS_H
#define FCGI_EVENTS_WATCHED_ROOMS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { WATCHED_COUNTERS = 16 * 1024 };

/* Starts as all 0. One thread adds and removes; any thread may ask. */
struct watched_rooms {
    atomic_uint counters[WATCHED_COUNTERS];
};

static inline atomic_uint *
watched_rooms_counter(struct watched_rooms *w, int64_t room_id)
{
    return &w->counters[(uint64_t)room_id % WATCHED_COUNTERS];
}

static inline void
watched_rooms_add(struct watched_rooms *w, int64_t room_id)
{
    (void)atomic_fetch_add(watched_rooms_counter(w, room_id), 1);
}

static inline void
watched_rooms_remove(struct watched_rooms *w, int64_t room_id)
{
    (void)atomic_fetch_sub(watched_rooms_counter(w, room_id), 1);
}

static inline bool
watched_rooms_may_have(struct watched_rooms *w, int64_t room_id)
{
    return atomic_load(watched_rooms_counter(w, room_id)) > 0;
}

#endif
