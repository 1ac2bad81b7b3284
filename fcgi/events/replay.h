/*
 * The replay buffer: the latest entries of all rooms, for streams that come back.
 *
 * Positions 1, 2, 3 … are given to entries in the order of delivery, and to rooms as the hub begins
 * to watch them, so that a position also tells which rooms were watched then. A token names a
 * position; it is the `id` of `hello` and of each entry.
 */
#ifndef FCGI_EVENTS_REPLAY_H
#define FCGI_EVENTS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/events/event.h"

enum {
    REPLAY_ENTRIES = 4096,
    REPLAY_BYTES = 4 * 1024 * 1024,
    REPLAY_TOKEN_SIZE = 40,
};

struct replay_entry {
    int64_t room_id; /* 0: forgotten */
    uint64_t position;
    struct event event;
};

struct replay {
    uint32_t epoch;       /* random: distinguishes the tokens of this process */
    uint64_t position;    /* the latest that was given */
    uint64_t dropped;     /* the position of the latest entry that is no longer kept; 0: none */
    uint64_t first, last; /* numbers of the oldest entry kept and the newest; last 0: no entries */
    size_t bytes;
    struct replay_entry entries[REPLAY_ENTRIES]; /* number n is at n % REPLAY_ENTRIES */
};

/* `replay` is zeroed. */
void replay_open(struct replay *replay) __attribute__((nonnull));
void replay_free(struct replay *replay) __attribute__((nonnull));

/* Gives the next position: to the entry that replay_add adds next, or to a room. */
uint64_t replay_advance(struct replay *replay) __attribute__((nonnull));

/* Writes the token of a position. */
void replay_token(const struct replay *replay, uint64_t position,
                  char token[static REPLAY_TOKEN_SIZE]) __attribute__((nonnull));

/*
 * Adds an entry at the latest position, takes over the event, and drops the oldest entries if there
 * are too many.
 */
void replay_add(struct replay *replay, int64_t room_id, struct event e) __attribute__((nonnull));

/* Forgets the entries of a room: they are not part of its log any more. */
void replay_forget_room(struct replay *replay, int64_t room_id) __attribute__((nonnull));

/*
 * Reads the position that a token names. Returns false if the token is not of this process, or if
 * entries after it have been dropped.
 */
bool replay_find(const struct replay *replay, const char *token, uint64_t *position)
    __attribute__((nonnull, warn_unused_result));

/* The number of the oldest entry after a position; last + 1 if there is none. */
uint64_t replay_after(const struct replay *replay, uint64_t position) __attribute__((nonnull));

/* The entry of a number from first to last. */
const struct replay_entry *replay_at(const struct replay *replay, uint64_t number)
    __attribute__((nonnull, returns_nonnull));

#endif
