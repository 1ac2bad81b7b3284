/*
 * A room has a list of the users who watch it, a user has a list of streams: a user with three devices costs a room one place.
 * Everything is found by id; nothing here waits, and nothing here decides what is true: MySQL does.
 */
#include "fcgi/events/hub.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/number.h"
#include "base/random.h"

enum { TOKEN_SIZE = 40 };

static void *
must(void *memory)
{
    if (memory == NULL) {
        log_error("out of memory");
        abort();
    }
    return memory;
}

void
crowd_open(struct crowd *c)
{
    c->epoch = random_below(UINT32_MAX);
    c->ring_first = 1;
}

static void
note(struct buf *ids, int64_t id)
{
    buf_add(ids, &id, sizeof(id));
}

/* The room's log may go beyond what was delivered. */
static void
doubt_room(struct crowd *c, struct crowd_room *room)
{
    if (!room->behind) {
        room->behind = true;
        note(&c->behind, room->id);
    }
}

void
crowd_doubt_user(struct crowd *c, struct crowd_user *u)
{
    if (!u->stale) {
        u->stale = true;
        note(&c->stale, u->id);
    }
}

static void
send_event(struct crowd *c, struct peer *p, const struct event *e)
{
    if (p->state == PEER_STREAM) {
        peer_send(p, p->lines ? e->lines : e->text, c->queue_limit);
        c->touched(c->owner, p);
    }
}

static void
send_to_user(struct crowd *c, const struct crowd_user *u, const struct event *e)
{
    for (struct peer *p = u->peers; p != NULL; p = p->user_next) {
        send_event(c, p, e);
    }
}

/* What is told by an event that has no place in the log. `but`: a user who is not told; 0. */
static void
send_to_room(struct crowd *c, const struct crowd_room *room, const struct event *e, int64_t but)
{
    for (uint32_t i = 0; i < room->watcher_count; i++) {
        if (room->watchers[i]->id != but) {
            send_to_user(c, room->watchers[i], e);
        }
    }
}

void
crowd_tell(struct crowd *c, struct peer *p, const char *name, const char *json)
{
    struct event e = event_new(name, NULL, json, strlen(json));

    send_event(c, p, &e);
    event_drop(&e);
}

/* Long polls fetch what is new themselves. */
static void
wake_waiting(struct crowd *c, const struct crowd_user *u)
{
    for (struct peer *p = u->peers; p != NULL; p = p->user_next) {
        if (p->state == PEER_WAITING && !p->woken) {
            p->woken = true;
            c->touched(c->owner, p);
        }
    }
}

static struct crowd_room *
find_or_add_room(struct crowd *c, const struct live_mark *mark)
{
    struct crowd_room *room = idmap_find(&c->rooms, mark->id);

    if (room == NULL) {
        room = must(calloc(1, sizeof(*room)));
        room->id = mark->id;
        room->last = mark->number;
        room->born = c->delivered;
        idmap_add(&c->rooms, room->id, room);
        doubt_room(c, room); /* hints that came since the mark was read were not for us yet */
    }
    return room;
}

static void
watch(struct crowd_room *room, struct crowd_user *u)
{
    if (room->watcher_count == room->watcher_cap) {
        room->watcher_cap = room->watcher_cap == 0 ? 4 : room->watcher_cap * 2;
        room->watchers = must(
            realloc(room->watchers, room->watcher_cap * sizeof(struct crowd_user *)));
    }
    room->watchers[room->watcher_count++] = u;
}

static void
unwatch(const struct crowd *c, struct crowd_room *room, const struct crowd_user *u)
{
    for (uint32_t i = 0; i < room->watcher_count; i++) {
        if (room->watchers[i] == u) {
            room->watchers[i] = room->watchers[--room->watcher_count];
            break;
        }
    }
    if (room->watcher_count == 0) {
        room->empty_since = c->tick;
        free(room->watchers);
        room->watchers = NULL;
        room->watcher_cap = 0;
    }
}

/* Tell the user's streams what has changed since they began. */
static void
tell_rooms(struct crowd *c, const struct crowd_user *u, const struct buf *joined,
           const struct buf *left)
{
    struct buf json = {0};
    struct event e;

    buf_str(&json, "{\"joined\":{");
    buf_add(&json, joined->at, joined->len);
    buf_str(&json, "},\"left\":[");
    buf_add(&json, left->at, left->len);
    buf_str(&json, "],\"renamed\":{}}");
    e = event_new("rooms", NULL, json.at, json.len);
    send_to_user(c, u, &e);
    wake_waiting(c, u);
    event_drop(&e);
    buf_free(&json);
}

/* Both lists go by id. */
static void
set_rooms(struct crowd *c, struct crowd_user *u, const struct live_mark *marks, size_t count)
{
    struct crowd_room **rooms = count == 0 ? NULL : must(malloc(count * sizeof(*rooms)));
    struct buf joined = {0}, left = {0};
    size_t n = 0, m = 0;

    while (n < u->room_count || m < count) {
        if (m == count || (n < u->room_count && u->rooms[n]->id < marks[m].id)) {
            buf_str(&left, left.len > 0 ? "," : "");
            buf_int(&left, u->rooms[n]->id);
            unwatch(c, u->rooms[n++], u);
        } else if (n == u->room_count || marks[m].id < u->rooms[n]->id) {
            rooms[m] = find_or_add_room(c, &marks[m]);
            watch(rooms[m], u);
            buf_printf(&joined, "%s\"%" PRId64 "\":%" PRId64, joined.len > 0 ? "," : "",
                       rooms[m]->id, rooms[m]->last);
            m++;
        } else {
            rooms[m++] = u->rooms[n++];
        }
    }
    free(u->rooms);
    u->rooms = rooms;
    u->room_count = (uint32_t)count;
    if (joined.len + left.len > 0) {
        tell_rooms(c, u, &joined, &left);
    }
    buf_free(&joined);
    buf_free(&left);
}

void
crowd_join(struct crowd *c, struct peer *p, int64_t user_id, int64_t changes,
           const struct live_mark *marks, size_t count)
{
    struct crowd_user *u = idmap_find(&c->users, user_id);

    if (u == NULL) {
        u = must(calloc(1, sizeof(*u)));
        u->id = user_id;
        u->changes = -1;
        idmap_add(&c->users, user_id, u);
    }
    if (changes > u->changes) {
        set_rooms(c, u, marks, count); /* before p is one of the user's: it is told by its hello */
        u->changes = changes;
    }
    p->since = c->checkups;
    p->user = u;
    p->user_next = u->peers;
    u->peers = p;
    if (p->state == PEER_STREAM) {
        if (u->stream_count++ == 0) {
            note(&c->came, u->id);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct crowd_room *room = idmap_find(&c->rooms, marks[i].id);

        if (changes < u->changes || (room != NULL && room->last > marks[i].number)) {
            wake_waiting(c, u);
            break;
        }
    }
}

void
crowd_leave(struct crowd *c, struct peer *p)
{
    struct crowd_user *u = p->user;

    if (u == NULL) {
        return;
    }
    for (struct peer **at = &u->peers; *at != NULL; at = &(*at)->user_next) {
        if (*at == p) {
            *at = p->user_next;
            break;
        }
    }
    if (p->state != PEER_WAITING) {
        u->stream_count--;
    }
    p->user = NULL;
    p->user_next = NULL;
    if (u->peers == NULL) {
        for (uint32_t i = 0; i < u->room_count; i++) {
            unwatch(c, u->rooms[i], u);
        }
        idmap_remove(&c->users, u->id);
        free(u->rooms);
        free(u);
    }
}

static struct ring_entry *
ring_at(struct crowd *c, uint64_t number)
{
    return &c->ring[number % RING_ENTRIES];
}

static void
forget_oldest(struct crowd *c)
{
    struct ring_entry *oldest = ring_at(c, c->ring_first++);

    c->ring_bytes -= oldest->event.text->len + oldest->event.lines->len;
    event_drop(&oldest->event);
}

/* Keep the entry that was just delivered. */
static void
remember(struct crowd *c, int64_t room_id, struct event e)
{
    while (c->ring_first < c->delivered &&
           (c->delivered - c->ring_first >= RING_ENTRIES || c->ring_bytes > RING_BYTES)) {
        forget_oldest(c);
    }
    *ring_at(c, c->delivered) = (struct ring_entry){room_id, e};
    c->ring_bytes += e.text->len + e.lines->len;
}

static void
write_token(const struct crowd *c, uint64_t number, char token[static TOKEN_SIZE])
{
    (void)snprintf(token, TOKEN_SIZE, "%08" PRIx32 "-%" PRIx64, c->epoch, number);
}

static bool
read_token(const struct crowd *c, const char *token, uint64_t *number)
{
    char epoch[10];
    char *end;

    (void)snprintf(epoch, sizeof(epoch), "%08" PRIx32 "-", c->epoch);
    if (strncmp(token, epoch, 9) != 0) {
        return false;
    }
    *number = strtoull(token + 9, &end, 16);
    return *end == '\0' && end > token + 9 && *number <= c->delivered &&
           *number + 1 >= c->ring_first;
}

/* Have all of the user's rooms been watched since before that entry? What came while one was not is in no ring. */
static bool
has_seen_all(const struct crowd_user *u, uint64_t since)
{
    for (uint32_t i = 0; i < u->room_count; i++) {
        if (u->rooms[i]->born >= since) {
            return false;
        }
    }
    return true;
}

static bool
is_in(const struct crowd_user *u, int64_t room_id)
{
    size_t low = 0, high = u->room_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (u->rooms[middle]->id < room_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < u->room_count && u->rooms[low]->id == room_id;
}

void
crowd_greet(struct crowd *c, struct peer *p, const char *after, int heartbeat_ms)
{
    const struct crowd_user *u = p->user;
    uint64_t number = 0;
    bool resumed = after[0] != '\0' && read_token(c, after, &number) && has_seen_all(u, number);
    struct buf json = {0};

    buf_str(&json, "{\"rooms\":{");
    for (uint32_t i = 0; i < u->room_count; i++) {
        buf_printf(&json, "%s\"%" PRId64 "\":%" PRId64, i > 0 ? "," : "", u->rooms[i]->id,
                   u->rooms[i]->last);
    }
    buf_printf(&json, "},\"heartbeat_ms\":%d,\"session\":%" PRId64 ",\"resumed\":%s}", heartbeat_ms,
               p->session_id, resumed ? "true" : "false");
    crowd_tell(c, p, "hello", buf_cstr(&json));
    buf_free(&json);
    if (after[0] != '\0' && !resumed) {
        crowd_tell(c, p, "resync", "{\"reason\":\"unknown_token\"}");
    }
    for (uint64_t n = number + 1; resumed && n <= c->delivered; n++) {
        if (is_in(u, ring_at(c, n)->room_id)) {
            send_event(c, p, &ring_at(c, n)->event);
        }
    }
}

/* A room's new name is told in `rooms`, too, for clients that do not look into entries. */
static void
tell_rename(struct crowd *c, const struct crowd_room *room, const char *json, size_t len)
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *tree = json_tokener_parse_ex(tokener, json, (int)len), *kind, *body;
    struct buf text = {0}, ascii = {0};
    struct event e;

    if (json_object_object_get_ex(tree, "kind", &kind) &&
        strcmp(json_object_get_string(kind), "rename") == 0 &&
        json_object_object_get_ex(tree, "body", &body)) {
        buf_printf(&text, "{\"joined\":{},\"left\":[],\"renamed\":{\"%" PRId64 "\":", room->id);
        buf_str(&text, json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE));
        buf_str(&text, "}}");
        json_ascii(&ascii, text.at, text.len);
        e = event_new("rooms", NULL, ascii.at, ascii.len);
        send_to_room(c, room, &e, 0);
        event_drop(&e);
    }
    buf_free(&text);
    buf_free(&ascii);
    json_object_put(tree);
    json_tokener_free(tokener);
}

void
crowd_entry(struct crowd *c, int64_t room_id, int64_t seq, const char *json, size_t len)
{
    struct crowd_room *room = idmap_find(&c->rooms, room_id);
    char token[TOKEN_SIZE];
    struct event e;

    if (room == NULL || seq <= room->last) {
        return;
    }
    if (seq > room->last + 1) {
        doubt_room(c, room);
        return;
    }
    room->last = seq;
    write_token(c, ++c->delivered, token);
    e = event_new("entry", token, json, len);
    remember(c, room_id, e);
    send_to_room(c, room, &e, 0);
    for (uint32_t i = 0; i < room->watcher_count; i++) {
        wake_waiting(c, room->watchers[i]);
    }
    if (memmem(json, len < 100 ? len : 100, "\"kind\":\"rename\"", 15) != NULL) {
        tell_rename(c, room, json, len);
    }
}

void
crowd_reached(struct crowd *c, int64_t room_id, int64_t seq)
{
    struct crowd_room *room = idmap_find(&c->rooms, room_id);

    if (room != NULL) {
        room->behind = false;
        if (room->last < seq) {
            doubt_room(c, room);
        }
    }
}

/* Once for each user, however many rooms are shared. */
static void
tell_presence(struct crowd *c, const struct hint *h, const struct event *e)
{
    const char *at = h->rooms, *end = at + h->rooms_len;

    c->presence_events++;
    while (at < end) {
        int64_t id;
        const struct crowd_room *room;

        if (!number_read(&at, &id)) {
            return;
        }
        at += *at == ',';
        room = idmap_find(&c->rooms, id);
        for (uint32_t i = 0; room != NULL && room->watcher_count <= PRESENCE_WATCHERS_MAX &&
                             i < room->watcher_count;
             i++) {
            struct crowd_user *u = room->watchers[i];

            if (u->id != h->user_id && u->told != c->presence_events) {
                u->told = c->presence_events;
                send_to_user(c, u, e);
            }
        }
    }
}

void
crowd_hint(struct crowd *c, const struct hint *h)
{
    static const struct {
        enum hint_kind kind;
        const char *name;
    } names[] = {{HINT_TYPING, "typing"},
                 {HINT_READ, "read"},
                 {HINT_TASK, "task"},
                 {HINT_PRESENCE, "presence"}};
    struct crowd_room *room = idmap_find(&c->rooms, h->room_id);
    struct crowd_user *user = idmap_find(&c->users, h->user_id);
    struct event e;

    if (memchr(h->json, '\n', h->json_len) != NULL) { /* none of ours */
        return;
    }
    if (h->kind == HINT_USER && user != NULL) {
        crowd_doubt_user(c, user);
    }
    if (h->kind == HINT_ENTRY && h->seq > 0) {
        crowd_entry(c, h->room_id, h->seq, h->json, h->json_len);
    } else if (h->kind == HINT_ENTRY && room != NULL) {
        doubt_room(c, room);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].kind == h->kind) {
            e = event_new(names[i].name, NULL, h->json, h->json_len);
            if (h->kind == HINT_PRESENCE) {
                tell_presence(c, h, &e);
            } else if (h->kind == HINT_TASK && user != NULL) {
                send_to_user(c, user, &e);
            } else if (room != NULL) {
                send_to_room(c, room, &e, h->kind == HINT_TYPING ? h->user_id : 0);
            }
            event_drop(&e);
        }
    }
}

static const struct live_mark *
find_mark(const struct live_mark *marks, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (marks[i].id == id) {
            return &marks[i];
        }
    }
    return NULL;
}

void
crowd_user_is(struct crowd *c, int64_t user_id, int64_t changes, const struct live_mark *rooms,
              size_t room_count, const struct live_mark *sessions, size_t session_count)
{
    struct crowd_user *u = idmap_find(&c->users, user_id);

    if (u == NULL) {
        return;
    }
    u->stale = false;
    /* What was read earlier than what is known says nothing: a session may have begun since. */
    if (changes < u->changes) {
        return;
    }
    for (struct peer *p = u->peers; p != NULL; p = p->user_next) {
        const struct live_mark *session = find_mark(sessions, session_count, p->session_id);

        if (p->since >= c->checkups) { /* its session may be younger than what was read */
            continue;
        }
        if (session == NULL) {
            p->signed_out = true;
            c->touched(c->owner, p);
        } else {
            p->expires = (uint32_t)(session->number / 1000);
        }
    }
    if (changes > u->changes) {
        set_rooms(c, u, rooms, room_count);
        u->changes = changes;
    }
}

void
crowd_sweep(struct crowd *c)
{
    for (size_t i = 0; i < c->rooms.size; i++) {
        struct crowd_room *room = c->rooms.slots[i].value;

        if (c->rooms.slots[i].id != 0 && room->watcher_count == 0 &&
            c->tick - room->empty_since > LINGER_TICKS) {
            idmap_remove(&c->rooms, room->id);
            free(room);
            i--; /* another may have moved here */
        }
    }
}

void
crowd_free(struct crowd *c)
{
    while (c->ring_first <= c->delivered) {
        forget_oldest(c);
    }
    for (size_t i = 0; i < c->rooms.size; i++) {
        struct crowd_room *room = c->rooms.slots[i].value;

        if (room != NULL) {
            free(room->watchers);
            free(room);
        }
    }
    for (size_t i = 0; i < c->users.size; i++) {
        struct crowd_user *u = c->users.slots[i].value;

        if (u != NULL) {
            free(u->rooms);
            free(u);
        }
    }
    idmap_free(&c->rooms);
    idmap_free(&c->users);
    buf_free(&c->behind);
    buf_free(&c->stale);
    buf_free(&c->came);
}
