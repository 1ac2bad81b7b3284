/*
 * A stream's greeting: `hello` with all of its user's rooms, and the entries that it missed while
 * it was away. Only a part of it is queued at a time, so that it may be of any length.
 */
#include "fcgi/events/hub.h"

enum { GREETING_BYTES = 16 * 1024 /* in a queue: more is added only below this */ };

/*
 * Have all of the user's rooms been watched since that position? The replay buffer lacks the
 * entries that a room got while nobody watched it.
 */
static bool
user_can_resume(const struct hub_user *user, uint64_t position)
{
    for (uint32_t i = 0; i < user->room_count; i++) {
        if (user->rooms[i]->watched_since > position) {
            return false;
        }
    }
    return true;
}

/* The index of the user's first room with an id above `room_id`. */
static size_t
user_rooms_after(const struct hub_user *user, int64_t room_id)
{
    size_t low = 0, high = user->room_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (user->rooms[middle]->id <= room_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool
user_watches(const struct hub_user *user, int64_t room_id)
{
    size_t at = user_rooms_after(user, room_id - 1);

    return at < user->room_count && user->rooms[at]->id == room_id;
}

/* Beyond the limit of the queue, which is almost empty. */
static void
greeting_send(struct connection *c, const struct event *e)
{
    connection_send(c, c->ndjson ? e->ndjson : e->sse, UINT32_MAX);
}

/* Queues the next part of `hello`; `id` may be NULL. */
static void
hub_send_hello(const struct hub *hub, struct connection *c, const char *id)
{
    const struct hub_user *user = c->user;
    size_t from = user_rooms_after(user, c->greeted), count = 0;
    struct sync_mark marks[EVENT_ROOMS_MAX];
    struct hello_event hello = {
        .heartbeat_ms = hub->heartbeat_ms,
        .session = c->session_id,
        .resumed = c->replay_next > 0,
    };
    struct event e;

    for (size_t i = from; i < user->room_count && count < EVENT_ROOMS_MAX; i++) {
        marks[count++] = (struct sync_mark){.room_id = user->rooms[i]->id,
                                            .seq = user->rooms[i]->delivered};
    }
    hello.rooms = (struct seqs){marks, count};
    hello.more = from + count < user->room_count;
    c->greeted = hello.more ? marks[count - 1].room_id : INT64_MAX;
    e = event_from(LIVE_HELLO, id, &hello);
    greeting_send(c, &e);
    event_drop(&e);
}

/* Queues the next entry of the replay buffer. Too slow: the buffer has dropped it already. */
static void
hub_replay_next(const struct hub *hub, struct connection *c)
{
    const struct replay *replay = &hub->replay;

    if (c->replay_next < replay->first) {
        c->too_slow = true;
    } else if (c->replay_next > replay->last) {
        c->replay_next = 0;
    } else {
        const struct replay_entry *entry = replay_at(replay, c->replay_next++);

        if (user_watches(c->user, entry->room_id)) {
            greeting_send(c, &entry->event);
        }
    }
}

bool
hub_continue_greeting(const struct hub *hub, struct connection *c)
{
    while (c->queued < GREETING_BYTES && !c->too_slow) {
        if (c->greeted < INT64_MAX) {
            hub_send_hello(hub, c, NULL);
        } else if (c->replay_next > 0) {
            hub_replay_next(hub, c);
        } else {
            break;
        }
    }
    return c->queue_len > 0 || c->too_slow;
}

/*
 * The id of the first `hello` is the position at which the stream begins: that of the client's
 * token if the stream is resumed, since entries after it follow. A client that loses the stream
 * before its first entry resumes from there.
 */
void
hub_greet(struct hub *hub, struct connection *c, const char *after)
{
    uint64_t position = 0;
    bool has_token = after[0] != '\0';
    bool resumed = has_token && replay_find(&hub->replay, after, &position) &&
                   user_can_resume(c->user, position);
    char token[REPLAY_TOKEN_SIZE];

    c->greeted = 0;
    c->replay_next = resumed ? replay_after(&hub->replay, position) : 0;
    replay_token(&hub->replay, resumed ? position : hub->replay.position, token);
    hub_send_hello(hub, c, token);
    hub->touched(hub->owner, c);
    if (has_token && !resumed) {
        struct event e = event_from(LIVE_RESYNC, NULL,
                                    &(struct resync_event){RESYNC_UNKNOWN_TOKEN});

        hub_send_event(hub, c, &e);
        event_drop(&e);
    }
}
