/* The first events of a stream, and the entries that it missed while it was away. */
#include <stdlib.h>

#include "base/memory.h"
#include "fcgi/events/hub.h"

/* Queues an event for one stream: `data` is a struct of the kind's shape; `id` may be NULL. */
static void
hub_send(struct hub *hub, struct connection *c, enum live_event_kind kind, const char *id,
         const void *data)
{
    struct event e = event_from(kind, id, data);

    hub_send_event(hub, c, &e);
    event_drop(&e);
}

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

static bool
user_watches(const struct hub_user *user, int64_t room_id)
{
    size_t low = 0, high = user->room_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (user->rooms[middle]->id < room_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < user->room_count && user->rooms[low]->id == room_id;
}

static void
hub_replay(struct hub *hub, struct connection *c, uint64_t position)
{
    for (uint64_t n = replay_after(&hub->replay, position); n <= hub->replay.last; n++) {
        const struct replay_entry *entry = replay_at(&hub->replay, n);

        if (user_watches(c->user, entry->room_id)) {
            hub_send_event(hub, c, &entry->event);
        }
    }
}

/*
 * The id of `hello` is the position at which the stream begins: that of the client's token if the
 * stream is resumed, since entries after it follow. A client that loses the stream before its first
 * entry resumes from there.
 */
static void
hub_send_hello(struct hub *hub, struct connection *c, int heartbeat_ms, uint64_t position,
               bool resumed)
{
    char token[REPLAY_TOKEN_SIZE];
    const struct hub_user *user = c->user;
    struct sync_mark *marks = memory_array(user->room_count, sizeof(*marks));
    struct hello_event hello = {
        .rooms = {marks, user->room_count},
        .heartbeat_ms = heartbeat_ms,
        .session = c->session_id,
        .resumed = resumed,
    };

    for (uint32_t i = 0; i < user->room_count; i++) {
        marks[i] = (struct sync_mark){user->rooms[i]->id, user->rooms[i]->delivered};
    }
    replay_token(&hub->replay, position, token);
    hub_send(hub, c, LIVE_HELLO, token, &hello);
    free(marks);
}

void
hub_greet(struct hub *hub, struct connection *c, const char *after, int heartbeat_ms)
{
    uint64_t position = 0;
    bool has_token = after[0] != '\0';
    bool resumed = has_token && replay_find(&hub->replay, after, &position) &&
                   user_can_resume(c->user, position);

    hub_send_hello(hub, c, heartbeat_ms, resumed ? position : hub->replay.position, resumed);
    if (resumed) {
        hub_replay(hub, c, position);
    } else if (has_token) {
        hub_send(hub, c, LIVE_RESYNC, NULL, &(struct resync_event){RESYNC_UNKNOWN_TOKEN});
    }
}
