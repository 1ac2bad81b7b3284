/*
 * A room lists the users who watch it, a user lists connections: a user with three devices is one
 * watcher. Nothing here waits, and nothing here decides what is true: MySQL does.
 */
#include "fcgi/events/hub.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

void
hub_open(struct hub *hub)
{
    replay_open(&hub->replay);
}

static void
ids_add(struct buf *ids, int64_t id)
{
    buf_add(ids, &id, sizeof(id));
}

/* The room's log may have entries beyond the delivered ones. */
static void
hub_mark_behind(struct hub *hub, struct hub_room *room)
{
    if (!room->behind) {
        room->behind = true;
        ids_add(&hub->behind, room->id);
    }
}

void
hub_mark_stale(struct hub *hub, struct hub_user *user)
{
    if (!user->stale) {
        user->stale = true;
        ids_add(&hub->stale, user->id);
    }
}

void
hub_send_event(struct hub *hub, struct connection *c, const struct event *e)
{
    if (c->state == CONNECTION_STREAM) {
        connection_send(c, c->ndjson ? e->ndjson : e->sse, hub->queue_limit);
        hub->touched(hub->owner, c);
    }
}

static void
hub_send_to_user(struct hub *hub, const struct hub_user *user, const struct event *e)
{
    for (struct connection *c = user->connections; c != NULL; c = c->user_next) {
        hub_send_event(hub, c, e);
    }
}

/* Sends to all watchers but one: a user id, or 0 for all watchers. */
static void
hub_send_to_room(struct hub *hub, const struct hub_room *room, const struct event *e,
                 int64_t except_user_id)
{
    for (size_t i = 0; i < room->watcher_count; i++) {
        if (room->watchers[i]->id != except_user_id) {
            hub_send_to_user(hub, room->watchers[i], e);
        }
    }
}

/* A long poll that is woken reads what is new from the database. */
static void
hub_wake_user(struct hub *hub, const struct hub_user *user)
{
    for (struct connection *c = user->connections; c != NULL; c = c->user_next) {
        if (c->state == CONNECTION_WAITING && !c->woken) {
            c->woken = true;
            hub->touched(hub->owner, c);
        }
    }
}

static struct hub_room *
hub_find_or_add_room(struct hub *hub, const struct live_mark *mark)
{
    struct hub_room *room = idmap_find(&hub->rooms, mark->id);

    if (room == NULL) {
        room = memory_new(struct hub_room);
        room->id = mark->id;
        room->delivered = mark->number;
        room->watched_since = replay_advance(&hub->replay);
        idmap_add(&hub->rooms, room->id, room);
        hub_mark_behind(hub, room); /* hints since the mark was read were not for our rooms yet */
    }
    return room;
}

static void
room_add_watcher(struct hub_room *room, struct hub_user *user)
{
    room->watchers = memory_grow(room->watchers, &room->watcher_cap, room->watcher_count + 1,
                                 sizeof(*room->watchers));
    room->watchers[room->watcher_count++] = user;
}

static void
room_remove_watcher(const struct hub *hub, struct hub_room *room, const struct hub_user *user)
{
    for (size_t i = 0; i < room->watcher_count; i++) {
        if (room->watchers[i] == user) {
            room->watchers[i] = room->watchers[--room->watcher_count];
            break;
        }
    }
    if (room->watcher_count == 0) {
        room->empty_since = hub->tick;
        free(room->watchers);
        room->watchers = NULL;
        room->watcher_cap = 0;
    }
}

/* The changes made by replacing a user's rooms. */
struct rooms_change {
    struct sync_mark *joined;
    int64_t *left;
    size_t joined_count, left_count;
};

static void
hub_send_rooms(struct hub *hub, const struct hub_user *user, const struct rooms_change *change)
{
    struct rooms_event data = {.joined = {change->joined, change->joined_count},
                               .left = {change->left, change->left_count}};
    struct event e = event_from(LIVE_ROOMS, NULL, &data);

    hub_send_to_user(hub, user, &e);
    hub_wake_user(hub, user);
    event_drop(&e);
}

/* Both lists are sorted by id, so one pass finds what has changed. */
static void
hub_replace_rooms(struct hub *hub, struct hub_user *user, const struct live_mark *marks,
                  size_t count, struct rooms_change *change)
{
    struct hub_room **rooms = memory_array(count, sizeof(*rooms));
    size_t before = 0, after = 0;

    while (before < user->room_count || after < count) {
        int64_t old_id = before < user->room_count ? user->rooms[before]->id : INT64_MAX;
        int64_t new_id = after < count ? marks[after].id : INT64_MAX;

        if (old_id < new_id) {
            room_remove_watcher(hub, user->rooms[before++], user);
            change->left[change->left_count++] = old_id;
        } else if (new_id < old_id) {
            struct hub_room *room = hub_find_or_add_room(hub, &marks[after]);

            room_add_watcher(room, user);
            change->joined[change->joined_count++] = (struct sync_mark){room->id, room->delivered};
            rooms[after++] = room;
        } else {
            rooms[after++] = user->rooms[before++];
        }
    }
    free(user->rooms);
    user->rooms = rooms;
    user->room_count = (uint32_t)count;
}

static void
hub_set_rooms(struct hub *hub, struct hub_user *user, const struct live_mark *marks, size_t count)
{
    struct rooms_change change = {
        .joined = memory_array(count, sizeof(*change.joined)),
        .left = memory_array(user->room_count, sizeof(*change.left)),
    };

    hub_replace_rooms(hub, user, marks, count, &change);
    if (user->connections != NULL && change.joined_count + change.left_count > 0) {
        hub_send_rooms(hub, user, &change);
    }
    free(change.joined);
    free(change.left);
}

static struct hub_user *
hub_find_or_add_user(struct hub *hub, int64_t user_id)
{
    struct hub_user *user = idmap_find(&hub->users, user_id);

    if (user == NULL) {
        user = memory_new(struct hub_user);
        user->id = user_id;
        user->changes = -1;
        idmap_add(&hub->users, user_id, user);
    }
    return user;
}

/* Does the hub know more than a long poll's client, whose marks are as of `changes`? */
static bool
hub_knows_more(const struct hub *hub, const struct hub_user *user, int64_t changes,
               const struct live_mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct hub_room *room = idmap_find(&hub->rooms, marks[i].id);

        if (changes < user->changes || (room != NULL && room->delivered > marks[i].number)) {
            return true;
        }
    }
    return false;
}

void
hub_join(struct hub *hub, struct connection *c, int64_t user_id, int64_t changes,
         const struct live_mark *marks, size_t count)
{
    struct hub_user *user = hub_find_or_add_user(hub, user_id);

    if (changes > user->changes) {
        hub_set_rooms(hub, user, marks, count); /* before `c` is added: its own news is `hello` */
        user->changes = changes;
    }
    c->joined = hub->reconciliations;
    c->user = user;
    c->user_next = user->connections;
    user->connections = c;
    if (c->state == CONNECTION_STREAM) {
        if (user->stream_count++ == 0) {
            ids_add(&hub->arrived, user->id);
        }
    } else if (hub_knows_more(hub, user, changes, marks, count)) {
        hub_wake_user(hub, user);
    }
}

static void
hub_drop_user(struct hub *hub, struct hub_user *user)
{
    for (uint32_t i = 0; i < user->room_count; i++) {
        room_remove_watcher(hub, user->rooms[i], user);
    }
    idmap_remove(&hub->users, user->id);
    free(user->rooms);
    free(user);
}

void
hub_leave(struct hub *hub, struct connection *c)
{
    struct hub_user *user = c->user;

    if (user == NULL) {
        return;
    }
    for (struct connection **at = &user->connections; *at != NULL; at = &(*at)->user_next) {
        if (*at == c) {
            *at = c->user_next;
            break;
        }
    }
    if (c->state != CONNECTION_WAITING) {
        user->stream_count--;
    }
    c->user = NULL;
    c->user_next = NULL;
    if (user->connections == NULL) {
        hub_drop_user(hub, user);
    }
}

static void
hub_send_renamed(struct hub *hub, const struct hub_room *room, const struct hint *entry)
{
    struct event e = event_new(LIVE_ROOMS, NULL, entry->renamed, entry->renamed_len);

    hub_send_to_room(hub, room, &e, 0);
    event_drop(&e);
}

void
hub_deliver(struct hub *hub, const struct hint *entry)
{
    struct hub_room *room = idmap_find(&hub->rooms, entry->room_id);
    char token[REPLAY_TOKEN_SIZE];
    struct event e;

    if (room == NULL || entry->seq <= room->delivered) {
        return;
    }
    if (entry->seq > room->delivered + 1) {
        hub_mark_behind(hub, room);
        return;
    }
    room->delivered = entry->seq;
    replay_token(&hub->replay, replay_advance(&hub->replay), token);
    e = event_new(LIVE_ENTRY, token, entry->json, entry->json_len);
    replay_add(&hub->replay, room->id, e);
    hub_send_to_room(hub, room, &e, 0);
    for (size_t i = 0; i < room->watcher_count; i++) {
        hub_wake_user(hub, room->watchers[i]);
    }
    if (entry->renamed_len > 0) {
        hub_send_renamed(hub, room, entry);
    }
}

void
hub_room_reached(struct hub *hub, int64_t room_id, int64_t seq)
{
    struct hub_room *room = idmap_find(&hub->rooms, room_id);

    if (room != NULL) {
        room->behind = false;
        if (room->delivered < seq) {
            hub_mark_behind(hub, room);
        }
    }
}

/* To every watcher of the room but the user whom the event is about, unless it was sent before. */
static void
hub_send_presence_to_room(struct hub *hub, const struct hub_room *room, int64_t user_id,
                          const struct event *e)
{
    if (room->watcher_count > PRESENCE_WATCHERS_MAX) {
        return;
    }
    for (size_t i = 0; i < room->watcher_count; i++) {
        struct hub_user *user = room->watchers[i];

        if (user->id != user_id && user->last_presence != hub->presence_events) {
            user->last_presence = hub->presence_events;
            hub_send_to_user(hub, user, e);
        }
    }
}

/* Once to each user, no matter how many rooms they share. */
static void
hub_send_presence(struct hub *hub, const struct hint *hint, const struct event *e)
{
    const char *at = hint->rooms, *end = at + hint->rooms_len;
    int64_t room_id;

    hub->presence_events++;
    while (at < end && number_read(&at, &room_id)) {
        const struct hub_room *room = idmap_find(&hub->rooms, room_id);

        at += *at == ',';
        if (room != NULL) {
            hub_send_presence_to_room(hub, room, hint->user_id, e);
        }
    }
}

/* Sends the event of a hint as it is. */
static void
hub_forward(struct hub *hub, const struct hint *hint)
{
    const struct hub_room *room = idmap_find(&hub->rooms, hint->room_id);
    const struct hub_user *user = idmap_find(&hub->users, hint->user_id);
    struct event e = event_new(live_event_of_hint(hint->kind), NULL, hint->json, hint->json_len);

    if (hint->kind == HINT_PRESENCE) {
        hub_send_presence(hub, hint, &e);
    } else if (user != NULL && (hint->kind == HINT_TASK || hint->kind == HINT_INVITATION)) {
        hub_send_to_user(hub, user, &e);
    } else if (room != NULL) {
        hub_send_to_room(hub, room, &e, hint->kind == HINT_TYPING ? hint->user_id : 0);
    }
    event_drop(&e);
}

static void
hub_receive_entry(struct hub *hub, const struct hint *hint)
{
    struct hub_room *room = idmap_find(&hub->rooms, hint->room_id);

    if (hint->seq > 0) {
        hub_deliver(hub, hint);
    } else if (room != NULL) {
        hub_mark_behind(hub, room);
    }
}

static void
hub_receive_user(struct hub *hub, const struct hint *hint)
{
    struct hub_user *user = idmap_find(&hub->users, hint->user_id);

    if (user != NULL) {
        hub_mark_stale(hub, user);
    }
}

void
hub_receive(struct hub *hub, const struct hint *hint)
{
    switch (hint->kind) {
    case HINT_NONE:
        break;
    case HINT_ENTRY:
        hub_receive_entry(hub, hint);
        break;
    case HINT_USER:
        hub_receive_user(hub, hint);
        break;
    case HINT_TYPING:
    case HINT_READ:
    case HINT_TASK:
    case HINT_INVITATION:
    case HINT_PRESENCE:
        hub_forward(hub, hint);
        break;
    }
}

/*
 * Ends the connections whose session is not in the list. A connection that joined after the list
 * was requested stays: its session may be newer than the list.
 */
static void
hub_update_sessions(struct hub *hub, struct hub_user *user, const struct live_mark *sessions,
                    size_t count)
{
    size_t from = 0;

    for (struct connection *c = user->connections; c != NULL; c = c->user_next) {
        const struct live_mark *session = live_mark_find(sessions, count, c->session_id, &from);

        if (c->joined >= hub->reconciliations) {
            continue;
        }
        if (session == NULL) {
            c->signed_out = true;
            hub->touched(hub->owner, c);
        } else {
            c->session_expires = (uint32_t)(session->number / 1000);
        }
    }
}

void
hub_update_user(struct hub *hub, int64_t user_id, int64_t changes, const struct live_mark *rooms,
                size_t room_count, const struct live_mark *sessions, size_t session_count)
{
    struct hub_user *user = idmap_find(&hub->users, user_id);

    if (user == NULL) {
        return;
    }
    user->stale = false;
    /* Ignores lists that were read before the hub's own: they may lack a newer session. */
    if (changes < user->changes) {
        return;
    }
    hub_update_sessions(hub, user, sessions, session_count);
    if (changes > user->changes) {
        hub_set_rooms(hub, user, rooms, room_count);
        user->changes = changes;
    }
}

void
hub_end_user(struct hub *hub, int64_t user_id)
{
    struct hub_user *user = idmap_find(&hub->users, user_id);

    if (user != NULL) {
        hub_update_sessions(hub, user, NULL, 0);
    }
}

void
hub_sweep(struct hub *hub)
{
    for (size_t i = 0; i < hub->rooms.size; i++) {
        struct hub_room *room = hub->rooms.slots[i].value;

        if (hub->rooms.slots[i].id != 0 && room->watcher_count == 0 &&
            hub->tick - room->empty_since > LINGER_TICKS) {
            idmap_remove(&hub->rooms, room->id);
            free(room);
            i--; /* the removal may have moved another room into this slot */
        }
    }
}

void
hub_free(struct hub *hub)
{
    replay_free(&hub->replay);
    for (size_t i = 0; i < hub->rooms.size; i++) {
        struct hub_room *room = hub->rooms.slots[i].value;

        if (room != NULL) {
            free(room->watchers);
            free(room);
        }
    }
    for (size_t i = 0; i < hub->users.size; i++) {
        struct hub_user *user = hub->users.slots[i].value;

        if (user != NULL) {
            free(user->rooms);
            free(user);
        }
    }
    idmap_free(&hub->rooms);
    idmap_free(&hub->users);
    buf_free(&hub->behind);
    buf_free(&hub->stale);
    buf_free(&hub->arrived);
}
