/*
 * The use of a hint: entries are delivered in order, the other kinds are sent to streams as they
 * are.
 */
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "fcgi/events/hub_internal.h"

/* To every watcher of the room but the user whom the event is about, unless it was sent before. */
static void
hub_send_presence_to_room(struct hub *hub, const struct hub_room *room, const struct hint *hint,
                          const struct event *e)
{
    if (room->watcher_count > PRESENCE_WATCHERS_MAX) {
        return;
    }
    for (size_t i = 0; i < room->watcher_count; i++) {
        struct hub_user *user = room->watchers[i];
        bool sent = user->presence_user_id == hint->user_id && user->presence_seq == hint->seq;

        if (user->id != hint->user_id && !sent) {
            user->presence_user_id = hint->user_id;
            user->presence_seq = hint->seq;
            hub_send_to_user(hub, user, e);
        }
    }
}

/* Once to each user, no matter how many rooms they share, if the hints follow one another. */
static void
hub_send_presence(struct hub *hub, const struct hint *hint, const struct event *e)
{
    const char *at = hint->rooms, *end = at + hint->rooms_len;
    int64_t room_id;

    while (at < end && number_read(&at, &room_id)) {
        const struct hub_room *room = idmap_find(&hub->rooms, room_id);

        at += *at == ',';
        if (room != NULL) {
            hub_send_presence_to_room(hub, room, hint, e);
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

/*
 * The database is asked first if the connection over which the entry was committed is not older
 * than the last comparison of all rooms. That may be one to a restored database, whose entry does
 * not follow the last one delivered, even if its number does.
 */
static void
hub_receive_entry(struct hub *hub, const struct hint *hint)
{
    struct hub_room *room = idmap_find(&hub->rooms, hint->room_id);
    int64_t compared_ms = (clock_mono_us() - hub->compared_us) / 1000;

    if (room == NULL) {
        return;
    }
    if (hint->seq == 0 || hint->connected_ms < compared_ms) {
        hub_doubt(hub, room);
    } else if (room->doubted) {
        hub_mark_behind(hub, room);
    } else {
        hub_deliver(hub, hint);
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
