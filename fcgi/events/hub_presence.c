/*
 * Presence: changes are collected, and each user gets those that concern it in one piece.
 * When everybody reconnects, everybody is to learn about all the others, which would cost more than
 * the streams themselves.
 */
#include "fcgi/events/hub_internal.h"

#include "base/number.h"

enum {
    STORM_ARRIVALS = 50,                /* in one tick: changes wait, since streams come first */
    WAIT_TICKS = 12,                    /* the longest time */
    CHANGES_MAX = 16384,                /* that wait; further ones are sent at once */
    PRESENCE_BYTES_MAX = 16 * 1024 - 1, /* in one payload */
};

static size_t
presence_count(const struct hub *hub)
{
    return hub->presence.len / sizeof(struct presence_change);
}

uint64_t
hub_presence_next(const struct hub *hub)
{
    return hub->presence_sent + presence_count(hub);
}

/* The change that a hint describes, which may have begun with an earlier hint. */
static uint32_t
presence_find_or_add(struct hub *hub, const struct hint *hint)
{
    const struct presence_change *all = (const struct presence_change *)(void *)hub->presence.at;
    struct presence_change change = {.user_id = hint->user_id, .seq = hint->seq};
    size_t count = presence_count(hub);

    if (count > 0 && all[count - 1].user_id == hint->user_id && all[count - 1].seq == hint->seq) {
        return (uint32_t)count - 1;
    }
    change.text[false].at = hub->presence_text.len;
    event_write_sse(&hub->presence_text, LIVE_PRESENCE, NULL, hint->json, hint->json_len);
    change.text[true].at = hub->presence_text.len;
    event_write_ndjson(&hub->presence_text, LIVE_PRESENCE, NULL, hint->json, hint->json_len);
    change.text[false].len = change.text[true].at - change.text[false].at;
    change.text[true].len = hub->presence_text.len - change.text[true].at;
    buf_add(&hub->presence, &change, sizeof(change));
    return (uint32_t)count;
}

static void
presence_add_room(struct hub *hub, struct hub_room *room, uint32_t change)
{
    if (room->presence.len == 0) {
        buf_add(&hub->presence_rooms, &room->id, sizeof(room->id));
    }
    buf_add(&room->presence, &change, sizeof(change));
}

void
hub_note_presence(struct hub *hub, const struct hint *hint)
{
    const char *at = hint->rooms, *end = at + hint->rooms_len;
    int64_t room_id;

    while (at < end && number_read(&at, &room_id)) {
        struct hub_room *room = idmap_find(&hub->rooms, room_id);

        at += *at == ',';
        if (room != NULL && room->watcher_count > 0 &&
            room->watcher_count <= PRESENCE_WATCHERS_MAX) {
            presence_add_room(hub, room, presence_find_or_add(hub, hint));
        }
    }
    if (presence_count(hub) >= CHANGES_MAX) {
        hub_send_presence(hub);
    }
}

/* Appends the numbers of the changes that concern a user, each once. */
static void
presence_collect(struct hub *hub, const struct hub_user *user, struct buf *numbers)
{
    struct presence_change *changes = (struct presence_change *)(void *)hub->presence.at;

    for (uint32_t i = 0; i < user->room_count; i++) {
        const struct hub_room *room = user->rooms[i];
        const uint32_t *own = (const uint32_t *)(const void *)room->presence.at;
        size_t count = room->watcher_count <= PRESENCE_WATCHERS_MAX
                           ? room->presence.len / sizeof(*own)
                           : 0;

        for (size_t k = 0; k < count; k++) {
            struct presence_change *change = &changes[own[k]];
            bool is_new = hub->presence_sent + own[k] >= user->presence_from;

            if (is_new && change->user_id != user->id && change->given_to != user->id) {
                change->given_to = user->id;
                buf_add(numbers, &own[k], sizeof(own[k]));
            }
        }
    }
}

/* Best effort: a stream that has no room for it in its queue goes on without. */
static void
presence_send_text(struct hub *hub, const struct hub_user *user, bool ndjson,
                   const struct buf *text)
{
    struct payload *payload = payload_text(text->at, text->len);

    for (struct connection *c = user->connections; c != NULL; c = c->user_next) {
        if (c->state == CONNECTION_STREAM && c->ndjson == ndjson &&
            c->queued + payload->len <= hub->queue_limit) {
            connection_send(c, payload, hub->queue_limit);
            hub->write(hub->owner, c); /* now: the pieces of all users would be much memory */
            hub->touched(hub->owner, c);
        }
    }
    payload_drop(payload);
}

static bool
user_has_form(const struct hub_user *user, bool ndjson)
{
    const struct connection *c = user->connections;

    while (c != NULL && (c->state != CONNECTION_STREAM || c->ndjson != ndjson)) {
        c = c->user_next;
    }
    return c != NULL;
}

/* Sends a user the changes with these numbers, in one of the two forms. */
static void
presence_send_form(struct hub *hub, const struct hub_user *user, bool ndjson,
                   const struct buf *numbers)
{
    const struct presence_change *changes =
        (const struct presence_change *)(void *)hub->presence.at;
    const uint32_t *own = (const uint32_t *)(const void *)numbers->at;
    size_t count = numbers->len / sizeof(*own);
    struct buf *text = &hub->presence_out;

    if (!user_has_form(user, ndjson)) {
        return;
    }
    buf_clear(text);
    for (size_t i = 0; i < count; i++) {
        const struct presence_text *piece = &changes[own[i]].text[ndjson];

        if (text->len > 0 && text->len + piece->len > PRESENCE_BYTES_MAX) {
            presence_send_text(hub, user, ndjson, text);
            buf_clear(text);
        }
        buf_add(text, hub->presence_text.at + piece->at, piece->len);
    }
    presence_send_text(hub, user, ndjson, text);
}

/* To the watchers of a room who have not got theirs with another room. */
static void
presence_send_to_room(struct hub *hub, const struct hub_room *room, struct buf *numbers)
{
    for (size_t i = 0; i < room->watcher_count; i++) {
        struct hub_user *user = room->watchers[i];

        if (user->presence_from == hub_presence_next(hub)) {
            continue;
        }
        buf_clear(numbers);
        presence_collect(hub, user, numbers);
        user->presence_from = hub_presence_next(hub);
        if (numbers->len > 0) {
            presence_send_form(hub, user, false, numbers);
            presence_send_form(hub, user, true, numbers);
        }
    }
}

void
hub_send_presence(struct hub *hub)
{
    const int64_t *ids = (const int64_t *)(const void *)hub->presence_rooms.at;
    size_t count = hub->presence_rooms.len / sizeof(*ids);
    struct buf numbers = {0};

    for (size_t i = 0; i < count; i++) {
        const struct hub_room *room = idmap_find(&hub->rooms, ids[i]);

        if (room != NULL) {
            presence_send_to_room(hub, room, &numbers);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct hub_room *room = idmap_find(&hub->rooms, ids[i]);

        if (room != NULL) {
            buf_free(&room->presence);
        }
    }
    hub->presence_sent += presence_count(hub);
    buf_free(&numbers);
    buf_free(&hub->presence);
    buf_free(&hub->presence_text);
    buf_free(&hub->presence_rooms);
    buf_free(&hub->presence_out);
    hub->presence_since = 0;
}

void
hub_tick_presence(struct hub *hub)
{
    bool storm = hub->arrivals > STORM_ARRIVALS;

    hub->arrivals = 0;
    if (hub->presence.len == 0) {
        return;
    }
    if (hub->presence_since == 0) {
        hub->presence_since = hub->tick;
    }
    if (!storm || hub->tick - hub->presence_since >= WAIT_TICKS) {
        hub_send_presence(hub);
    }
}
