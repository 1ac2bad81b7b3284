/*
 * The use of a hint: entries are delivered in order, the other kinds are sent to streams as they
 * are, presence in pieces (hub_presence.c).
 */
#include "base/clock.h"
#include "fcgi/events/hub_internal.h"

/* Sends the event of a hint as it is. */
static void
hub_forward(struct hub *hub, const struct hint *hint)
{
    const struct hub_room *room = idmap_find(&hub->rooms, hint->room_id);
    const struct hub_user *user = idmap_find(&hub->users, hint->user_id);
    struct event e = event_new(live_event_of_hint(hint->kind), NULL, hint->json, hint->json_len);

    if (user != NULL && (hint->kind == HINT_TASK || hint->kind == HINT_INVITATION)) {
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
        hub_forward(hub, hint);
        break;
    case HINT_PRESENCE:
        hub_note_presence(hub, hint);
        break;
    }
}
