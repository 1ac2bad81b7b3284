/* A ring of a fixed number of entries, with a limit on their bytes, too. */
#include "fcgi/events/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { EPOCH_CHARS = 9 /* eight hexadecimal digits and a hyphen */ };

void
replay_open(struct replay *replay)
{
    replay->epoch = random_below(UINT32_MAX);
    replay->first = 1;
}

static size_t
event_bytes(const struct event *e)
{
    return e->sse->len + e->ndjson->len;
}

static void
replay_drop_oldest(struct replay *replay)
{
    struct replay_entry *oldest = &replay->entries[replay->first++ % REPLAY_ENTRIES];

    replay->dropped = oldest->position;
    replay->bytes -= event_bytes(&oldest->event);
    event_drop(&oldest->event);
}

void
replay_add(struct replay *replay, int64_t room_id, struct event e)
{
    replay->last++;
    while (replay->first < replay->last &&
           (replay->last - replay->first >= REPLAY_ENTRIES || replay->bytes > REPLAY_BYTES)) {
        replay_drop_oldest(replay);
    }
    replay->entries[replay->last % REPLAY_ENTRIES] = (struct replay_entry){room_id,
                                                                           replay->position, e};
    replay->bytes += event_bytes(&e);
}

void
replay_forget_room(struct replay *replay, int64_t room_id)
{
    for (uint64_t n = replay->first; n <= replay->last; n++) {
        struct replay_entry *entry = &replay->entries[n % REPLAY_ENTRIES];

        if (entry->room_id == room_id) {
            entry->room_id = 0;
        }
    }
}

uint64_t
replay_advance(struct replay *replay)
{
    return ++replay->position;
}

void
replay_token(const struct replay *replay, uint64_t position, char token[static REPLAY_TOKEN_SIZE])
{
    (void)snprintf(token, REPLAY_TOKEN_SIZE, "%08" PRIx32 "-%" PRIx64, replay->epoch, position);
}

bool
replay_find(const struct replay *replay, const char *token, uint64_t *position)
{
    char epoch[EPOCH_CHARS + 1];
    char *end;

    (void)snprintf(epoch, sizeof(epoch), "%08" PRIx32 "-", replay->epoch);
    if (strncmp(token, epoch, EPOCH_CHARS) != 0) {
        return false;
    }
    *position = strtoull(token + EPOCH_CHARS, &end, 16);
    return *end == '\0' && end > token + EPOCH_CHARS && *position <= replay->position &&
           *position >= replay->dropped;
}

/* Entries are in the order of their positions. */
uint64_t
replay_after(const struct replay *replay, uint64_t position)
{
    uint64_t low = replay->first, high = replay->last + 1;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (replay_at(replay, middle)->position <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct replay_entry *
replay_at(const struct replay *replay, uint64_t number)
{
    return &replay->entries[number % REPLAY_ENTRIES];
}

void
replay_free(struct replay *replay)
{
    while (replay->first <= replay->last) {
        replay_drop_oldest(replay);
    }
}
