/*
 * The replay buffer: the latest entries of all rooms, for streams that come back. Entries are
 * numbered 1, 2, 3 … in the order of delivery; a token names one of them, and is the `id` of its
 * event.
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
    int64_t room_id;
    struct event event;
};

struct replay {
    uint32_t epoch;       /* random: distinguishes the tokens of this process */
    uint64_t first, last; /* numbers of the oldest entry kept and the newest; last 0: no entries */
    size_t bytes;
    struct replay_entry entries[REPLAY_ENTRIES]; /* number n is at n % REPLAY_ENTRIES */
};

/* `replay` is zeroed. */
void replay_open(struct replay *replay) __attribute__((nonnull));
void replay_free(struct replay *replay) __attribute__((nonnull));

/* The token of the entry that replay_add will add next. */
void replay_next_token(const struct replay *replay, char token[static REPLAY_TOKEN_SIZE])
    __attribute__((nonnull));

/* Adds an entry, takes over the event, and drops the oldest entries if there are too many. */
void replay_add(struct replay *replay, int64_t room_id, struct event e) __attribute__((nonnull));

/*
 * Reads the number of the entry that a token names. Returns false if the token is not of this
 * process, or if entries after it have been dropped.
 */
bool replay_find(const struct replay *replay, const char *token, uint64_t *number)
    __attribute__((nonnull, warn_unused_result));

/* The entry of a number from first to last. */
const struct replay_entry *replay_at(const struct replay *replay, uint64_t number)
    __attribute__((nonnull, returns_nonnull));

#endif
