/*
 * When the loop compares with the database, and what. One reconciliation at a time: the next one
 * includes everything that was marked meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "db/redis/presence.h"
#include "fcgi/events/loop.h"

enum {
    FULL_MS = 1000, /* between two reconciliations of all rooms and users */
    PRESENCE_MS = PRESENCE_REFRESH_SECONDS * 1000,
    SWEEP_MS = 2000,   /* between two searches for users who have gone offline */
    ARRIVED_MAX = 200, /* users announced as online in one reconciliation */
};

/*
 * `behind` and `stale` are cleared when the database is asked: changes after that set them again.
 */
static void
reconciliation_add_room(struct reconciliation *what, struct hub_room *room)
{
    struct live_mark mark = {room->id, room->delivered, room->delivered_at};
    size_t at = what->room_count++;

    if (room->behind) {
        what->rooms[at] = what->rooms[what->doubted_count];
        at = what->doubted_count++;
    }
    what->rooms[at] = mark;
    room->behind = false;
}

/* Is a connection newer than the last reconciliation of all, or has its session's time passed? */
static bool
user_is_doubted(const struct hub *hub, const struct hub_user *user, int64_t now_s)
{
    const struct connection *c = user->connections;

    while (c != NULL && c->joined < hub->last_full && c->session_expires > now_s) {
        c = c->user_next;
    }
    return user->stale || c != NULL;
}

static void
reconciliation_add_user(struct reconciliation *what, const struct hub *hub, struct hub_user *user)
{
    size_t first = what->sessions.len;
    bool doubted = user_is_doubted(hub, user, what->now_s);

    for (const struct connection *c = user->connections; c != NULL; c = c->user_next) {
        const struct session session = {
            .id = c->session_id,
            .user_id = user->id,
            .created_at = c->session_created,
            .changes = user->stale ? -1 : user->changes,
        };

        buf_add(&what->sessions, &session, sizeof(session));
    }
    if (doubted) {
        buf_add(&what->doubted, what->sessions.at + first, what->sessions.len - first);
    }
    user->stale = false;
}

static void
reconciliation_add_all(struct reconciliation *what, const struct hub *hub)
{
    what->rooms = memory_array(hub->rooms.count, sizeof(*what->rooms));
    for (size_t i = 0; i < hub->rooms.size; i++) {
        if (hub->rooms.slots[i].id != 0) {
            reconciliation_add_room(what, hub->rooms.slots[i].value);
        }
    }
    for (size_t i = 0; i < hub->users.size; i++) {
        if (hub->users.slots[i].id != 0) {
            reconciliation_add_user(what, hub, hub->users.slots[i].value);
        }
    }
}

/* Only the rooms that are behind, and the users that are stale. */
static void
reconciliation_add_marked(struct reconciliation *what, const struct hub *hub)
{
    const int64_t *behind = (const int64_t *)hub->behind.at;
    const int64_t *stale = (const int64_t *)hub->stale.at;
    size_t room_count = hub->behind.len / sizeof(*behind);
    size_t user_count = hub->stale.len / sizeof(*stale);

    what->rooms = memory_array(room_count, sizeof(*what->rooms));
    for (size_t i = 0; i < room_count; i++) {
        struct hub_room *room = idmap_find(&hub->rooms, behind[i]);

        if (room != NULL) {
            reconciliation_add_room(what, room);
        }
    }
    for (size_t i = 0; i < user_count; i++) {
        struct hub_user *user = idmap_find(&hub->users, stale[i]);

        if (user != NULL) {
            reconciliation_add_user(what, hub, user);
        }
    }
}

static void
reconciliation_add_all_online(struct reconciliation *what, const struct hub *hub)
{
    what->online = memory_array(hub->users.count, sizeof(*what->online));
    for (size_t i = 0; i < hub->users.size; i++) {
        const struct hub_user *user = hub->users.slots[i].value;

        if (hub->users.slots[i].id != 0 && user->stream_count > 0) {
            what->online[what->online_count++] = user->id;
        }
    }
}

/* Moves up to ARRIVED_MAX ids from the hub's list. */
static void
reconciliation_add_arrived(struct reconciliation *what, struct buf *arrived)
{
    size_t count = arrived->len / sizeof(int64_t), bytes;

    count = count < ARRIVED_MAX ? count : ARRIVED_MAX;
    bytes = count * sizeof(int64_t);
    what->online = memory_array(count, sizeof(*what->online));
    memcpy(what->online, arrived->at, bytes);
    what->online_count = count;
    arrived->len -= bytes;
    memmove(arrived->at, arrived->at + bytes, arrived->len);
}

/*
 * Every PRESENCE_MS all users with streams are refreshed; in between, only those who just arrived.
 */
static void
loop_add_presence(struct loop *l, struct reconciliation *what, int64_t now_us)
{
    if (now_us >= l->next_presence_us) {
        l->next_presence_us = now_us + PRESENCE_MS * INT64_C(1000);
        reconciliation_add_all_online(what, &l->hub);
        buf_clear(&l->hub.arrived);
    } else if (l->hub.arrived.len > 0) {
        reconciliation_add_arrived(what, &l->hub.arrived);
    }
    if (now_us >= l->next_sweep_us) {
        l->next_sweep_us = now_us + SWEEP_MS * INT64_C(1000);
        what->sweep_presence = true;
    }
}

void
loop_reconcile(struct loop *l)
{
    int64_t now_us = clock_mono_us();
    bool full = now_us >= l->next_full_us;
    struct reconciliation *what;

    if (l->reconciling || l->draining ||
        (!full && l->hub.behind.len + l->hub.stale.len + l->hub.arrived.len == 0)) {
        return;
    }
    what = memory_new(struct reconciliation);
    what->all = full;
    what->now_s = clock_now_ms() / 1000;
    l->full_us = full ? now_us : 0;
    if (full) {
        l->next_full_us = now_us + FULL_MS * 1000;
        reconciliation_add_all(what, &l->hub);
    } else {
        reconciliation_add_marked(what, &l->hub);
    }
    buf_clear(&l->hub.behind);
    buf_clear(&l->hub.stale);
    if (!l->repairing) {
        what->room_count = what->doubted_count = 0;
    }
    loop_add_presence(l, what, now_us);
    l->hub.reconciliations++;
    l->hub.last_full = full ? l->hub.reconciliations : l->hub.last_full;
    l->reconciling = true;
    reconciler_submit(l->reconciler, what);
}
