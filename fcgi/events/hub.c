/*
 * A room lists the users who watch it, a user lists connections: a user with three devices is one
 * watcher. Nothing here waits, and nothing here decides what is true: MySQL does.
 */
#include "fcgi/events/hub_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/test_seams.h"

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

void
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

void
hub_send_to_user(struct hub *hub, const struct hub_user *user, const struct event *e)
{
    for (struct connection *c = user->connections; c != NULL; c = c->user_next) {
        hub_send_event(hub, c, e);
    }
}

void
hub_send_to_room(struct hub *hub, const struct hub_room *room, const struct event *e,
                 int64_t except_user_id)
{
    for (size_t i = 0; i < room->watcher_count; i++) {
        if (room->watchers[i]->id != except_user_id) {
            hub_send_to_user(hub, room->watchers[i], e);
        }
    }
}

/* To the watchers' streams, except those that get the entry from the replay buffer later. */
static void
hub_send_entry(struct hub *hub, const struct hub_room *room, const struct event *e)
{
    for (size_t i = 0; i < room->watcher_count; i++) {
        for (struct connection *c = room->watchers[i]->connections; c != NULL; c = c->user_next) {
            if (c->replay_next == 0) {
                hub_send_event(hub, c, e);
            }
        }
    }
}

void
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
        room->delivered_at = mark->at;
        room->watched_since = replay_advance(&hub->replay);
        idmap_add(&hub->rooms, room->id, room);
        watched_rooms_add(&hub->watched, room->id);
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

static size_t
rooms_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The changes made by replacing a user's rooms. */
struct rooms_change {
    struct sync_mark *joined;
    int64_t *left;
    size_t joined_count, left_count;
};

/* Sends the changes in events of EVENT_ROOMS_MAX rooms. */
static void
hub_send_rooms(struct hub *hub, const struct hub_user *user, const struct rooms_change *change)
{
    size_t joined = 0, left = 0;

    while (joined < change->joined_count || left < change->left_count) {
        size_t more_joined = change->joined_count - joined, more_left = change->left_count - left;
        struct rooms_event data = {
            .joined = {change->joined + joined, rooms_smaller(more_joined, EVENT_ROOMS_MAX)},
            .left = {change->left + left, rooms_smaller(more_left, EVENT_ROOMS_MAX)},
        };
        struct event e = event_from(LIVE_ROOMS, NULL, &data);

        hub_send_to_user(hub, user, &e);
        event_drop(&e);
        joined += data.joined.count;
        left += data.left.count;
    }
}

/* Sends `hello` again to all streams of a user. */
static void
hub_greet_again(struct hub *hub, const struct hub_user *user)
{
    for (struct connection *c = user->connections; c != NULL; c = c->user_next) {
        c->greeted = 0;
        hub->touched(hub->owner, c);
    }
}

static void
hub_announce_change(struct hub *hub, const struct hub_user *user, const struct rooms_change *change)
{
    size_t count = change->joined_count + change->left_count;

    if (count > ROOMS_CHANGED_MAX) {
        hub_greet_again(hub, user);
    } else {
        hub_send_rooms(hub, user, change);
    }
    if (count > 0) {
        hub_wake_user(hub, user);
    }
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
            change->joined[change->joined_count++] = (struct sync_mark){room->id, room->delivered,
                                                                        room->delivered_at};
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
hub_set_rooms(struct hub *hub, struct hub_user *user, int64_t changes,
              const struct live_mark *marks, size_t count)
{
    struct rooms_change change = {
        .joined = memory_array(count, sizeof(*change.joined)),
        .left = memory_array(user->room_count, sizeof(*change.left)),
    };

    hub_replace_rooms(hub, user, marks, count, &change);
    user->changes = changes;
    user->lower_until = 0;
    if (user->connections != NULL) {
        hub_announce_change(hub, user, &change);
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
        user->presence_from = hub_presence_next(hub); /* its client asks for what is so now */
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
        hub_set_rooms(hub, user, changes, marks, count); /* before `c` joins: its news is `hello` */
    }
    c->joined = hub->reconciliations;
    c->user = user;
    c->user_next = user->connections;
    user->connections = c;
    if (c->state == CONNECTION_STREAM) {
        hub->arrivals++;
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
hub_doubt(struct hub *hub, struct hub_room *room)
{
    room->doubted = true;
    room->doubted_in = hub->reconciliations;
    hub_mark_behind(hub, room);
}

static void
hub_send_restarted(struct hub *hub, const struct hub_room *room)
{
    struct sync_mark mark = {.room_id = room->id, .seq = room->delivered};
    struct event e = event_from(LIVE_ROOMS, NULL, &(struct rooms_event){.restarted = {&mark, 1}});

    hub_send_to_room(hub, room, &e, 0);
    event_drop(&e);
    for (size_t i = 0; i < room->watcher_count; i++) {
        hub_wake_user(hub, room->watchers[i]);
        hub_mark_stale(hub, room->watchers[i]); /* their sessions may be gone, too */
    }
}

/*
 * The database has less than the hub: has that been so for long enough to be no node's lag? It is
 * compared every second; after a pause the time starts again.
 */
static bool
hub_is_lower_for_good(const struct hub *hub, uint32_t *until)
{
    int32_t over = (int32_t)(hub->tick - *until);

    if (*until == 0 || over >= LOWER_TICKS) {
        *until = hub->tick + LOWER_TICKS;
        return false;
    }
    return over >= 0;
}

/* Another node of a cluster may have an older state of the same log, but no later time in it. */
static bool
room_may_lag(const struct hub_room *room, const struct live_mark *last)
{
    return last->number < room->delivered &&
           (room->delivered_at == 0 || last->at <= room->delivered_at);
}

void
hub_restart_room(struct hub *hub, const struct live_mark *last)
{
    struct hub_room *room = idmap_find(&hub->rooms, last->id);

    if (room == NULL || test_fault_injected(FAULT_RESTORES) ||
        (room->delivered == last->number && room->delivered_at == last->at)) {
        return;
    }
    if (room_may_lag(room, last) && !hub_is_lower_for_good(hub, &room->lower_until)) {
        return;
    }
    room->delivered = last->number;
    room->delivered_at = last->at;
    room->watched_since = replay_advance(&hub->replay);
    room->lower_until = 0;
    room->doubted = false;
    replay_forget_room(&hub->replay, room->id);
    hub_mark_behind(hub, room);
    hub_send_restarted(hub, room);
}

void
hub_deliver(struct hub *hub, const struct hint *entry)
{
    struct hub_room *room = idmap_find(&hub->rooms, entry->room_id);
    char token[REPLAY_TOKEN_SIZE];
    struct event e;

    if (room == NULL) {
        return;
    }
    if (entry->seq <= room->delivered) {
        /* Times never decrease in a log: a lower number with a later time is of another one. */
        if (room->delivered_at > 0 && entry->at > room->delivered_at) {
            hub_doubt(hub, room);
        }
        return;
    }
    if (entry->seq > room->delivered + 1) {
        hub_mark_behind(hub, room);
        return;
    }
    room->delivered = entry->seq;
    room->delivered_at = entry->at;
    room->lower_until = 0;
    replay_token(&hub->replay, replay_advance(&hub->replay), token);
    e = event_new(LIVE_ENTRY, token, entry->json, entry->json_len);
    replay_add(&hub->replay, room->id, e);
    hub_send_entry(hub, room, &e);
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
        room->doubted = room->doubted && room->doubted_in == hub->reconciliations;
        if (room->delivered < seq) {
            hub_mark_behind(hub, room);
        }
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
        if (session == NULL || session->at != c->session_created) {
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
    /*
     * Ignores lists that were read before the hub's own: they may lack a newer session. If there
     * still are fewer changes later, the database was restored.
     */
    if (changes < user->changes && !hub_is_lower_for_good(hub, &user->lower_until)) {
        return;
    }
    hub_update_sessions(hub, user, sessions, session_count);
    if (changes != user->changes) {
        hub_set_rooms(hub, user, changes, rooms, room_count);
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
            watched_rooms_remove(&hub->watched, room->id);
            buf_free(&room->presence);
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
            buf_free(&room->presence);
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
    buf_free(&hub->presence);
    buf_free(&hub->presence_text);
    buf_free(&hub->presence_rooms);
    buf_free(&hub->presence_out);
}
