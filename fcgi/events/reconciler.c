/* One query over all rooms, one over all users; what follows is only about those that are ahead. */
#include "fcgi/events/reconciler.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "db/redis/announce.h"
#include "db/redis/presence.h"
#include "db/sync.h"
#include "routes/shapes.h"

enum {
    PAGE = 200,      /* entries of one read */
    PAGES_MOST = 10, /* of one room in one checkup */
    GONE_MOST = 200, /* users whose going is told in one checkup */
};

struct healer {
    const struct app *app;
    struct mailbox in, *done;
    pthread_t thread;
};

struct news *
news_new(enum news_kind kind, int64_t id, int64_t number, const char *text, size_t len)
{
    struct news *n = calloc(1, sizeof(*n) + len);

    if (n == NULL) {
        log_error("out of memory");
        abort();
    }
    n->kind = kind;
    n->id = id;
    n->number = number;
    n->len = len;
    n->text = (const char *)(n + 1);
    if (len > 0) {
        memcpy(n + 1, text, len);
    }
    return n;
}

static void
tell(struct healer *h, struct news *n)
{
    mailbox_put(h->done, &n->letter);
}

static void
tell_entry(struct healer *h, const struct entry *entry, struct buf *json)
{
    size_t plain;

    buf_clear(json);
    shape_write(&entry_shape, entry, json);
    plain = json->len;
    buf_reserve(json, plain * 6); /* so that the text does not move while it is read */
    json_ascii(json, json->at, plain);
    tell(h, news_new(NEWS_ENTRY, entry->room_id, entry->seq, json->at + plain, json->len - plain));
}

/* The entries of a room after `seen`, up to `last` at least. */
static enum db_result
bring_room(struct healer *h, struct resources *r, int64_t room_id, int64_t seen, int64_t last)
{
    struct buf json = {0};
    enum db_result result = DB_OK;

    for (int page = 0; page < PAGES_MOST && result == DB_OK && seen < last; page++) {
        struct log_range range = {.after = seen, .limit = PAGE, .oldest = true};
        struct entry *entries = arena_array(&r->arena, PAGE, sizeof(*entries));
        size_t count;

        result = room_log_read(r->db, &r->arena, room_id, 0, &range, entries, &count);
        if (result == DB_OK && count == 0) {
            break;
        }
        if (result == DB_OK) {
            result = names_fill(r->names, r->db, &r->arena, &entries->sender, count,
                                sizeof(*entries));
        }
        for (size_t i = 0; i < count && result == DB_OK; i++) {
            tell_entry(h, &entries[i], &json);
            seen = entries[i].seq;
        }
    }
    buf_free(&json);
    if (result == DB_OK) {
        tell(h, news_new(NEWS_REACHED, room_id, last, NULL, 0));
    }
    return result;
}

/* The database answers in the order of the list, mostly: the search goes on where the last one ended. */
static const struct live_mark *
find(const struct live_mark *marks, size_t count, int64_t id, size_t *from)
{
    for (size_t i = 0; i < count; i++) {
        const struct live_mark *mark = &marks[(*from + i) % count];

        if (mark->id == id) {
            *from = (*from + i) % count;
            return mark;
        }
    }
    return NULL;
}

static enum db_result
check_rooms(struct healer *h, struct resources *r, const struct checkup *c)
{
    struct live_mark *ahead;
    size_t found = 0, from = 0;
    enum db_result result = live_rooms_ahead(r->db, &r->arena, c->rooms, c->room_count, &ahead,
                                             &found);

    for (size_t i = 0; i < found && result == DB_OK; i++) {
        const struct live_mark *seen = find(c->rooms, c->room_count, ahead[i].id, &from);

        result = bring_room(h, r, ahead[i].id, seen == NULL ? ahead[i].number : seen->number,
                            ahead[i].number);
    }
    return result;
}

static enum db_result
check_user(struct healer *h, struct resources *r, int64_t user_id)
{
    struct caller who = {.db = r->db, .arena = &r->arena, .user_id = user_id};
    struct sync_mark *rooms;
    struct live_mark *sessions, *marks;
    size_t room_count, session_count;
    int64_t changes;
    struct news *n;
    enum db_result result = live_changes(r->db, user_id, &changes);

    if (result == DB_OK) {
        result = sync_joined_marks(&who, &rooms, &room_count);
    }
    if (result == DB_OK) {
        result = live_sessions(r->db, &r->arena, user_id, &sessions, &session_count);
    }
    if (result != DB_OK) {
        return result == DB_NONE ? DB_OK : result;
    }
    marks = arena_array(&r->arena, room_count + session_count + 1, sizeof(*marks));
    for (size_t i = 0; i < room_count; i++) {
        marks[i] = (struct live_mark){rooms[i].room_id, rooms[i].seq};
    }
    memcpy(marks + room_count, sessions, session_count * sizeof(*marks));
    n = news_new(NEWS_USER, user_id, changes, (const char *)marks,
                 (room_count + session_count) * sizeof(*marks));
    n->marks = (const struct live_mark *)(n + 1);
    n->room_count = room_count;
    n->session_count = session_count;
    tell(h, n);
    return DB_OK;
}

static enum db_result
check_users(struct healer *h, struct resources *r, const struct checkup *c)
{
    struct live_mark *ahead;
    size_t found = 0;
    enum db_result result = live_users_ahead(r->db, &r->arena, c->users, c->user_count, &ahead,
                                             &found);

    for (size_t i = 0; i < found && result == DB_OK; i++) {
        result = check_user(h, r, ahead[i].id);
    }
    return result;
}

/* Tell all who share a room with the user, wherever their streams are. */
static void
tell_presence(struct resources *r, int64_t user_id, bool online)
{
    struct caller who = {.db = r->db, .arena = &r->arena, .user_id = user_id};
    struct sync_mark *rooms;
    struct buf ids = {0};
    size_t count = 0;

    if (sync_joined_marks(&who, &rooms, &count) == DB_OK) {
        for (size_t i = 0; i < count; i++) {
            buf_str(&ids, i > 0 ? "," : "");
            buf_int(&ids, rooms[i].room_id);
        }
        announce_presence(r->redis, user_id, online, ids.len > 0 ? ids.at : "", ids.len);
    }
    buf_free(&ids);
}

static void
keep_presence(struct resources *r, const struct checkup *c)
{
    int64_t gone[GONE_MOST];
    int64_t *fresh = arena_array(&r->arena, c->online_count + 1, sizeof(*fresh));
    size_t count = 0;

    if (c->online_count > 0) {
        (void)presence_beat(r->redis, c->online, c->online_count, fresh, &count);
    }
    for (size_t i = 0; i < count; i++) {
        tell_presence(r, fresh[i], true);
    }
    count = c->sweep ? presence_sweep(r->redis, gone, GONE_MOST) : 0;
    for (size_t i = 0; i < count; i++) {
        tell_presence(r, gone[i], false);
    }
}

static void
check(struct healer *h, struct resources *r, const struct checkup *c)
{
    enum db_result result = DB_OK;

    if (c->room_count > 0) {
        result = check_rooms(h, r, c);
    }
    if (result == DB_OK && c->user_count > 0) {
        result = check_users(h, r, c);
    }
    keep_presence(r, c);
    arena_reset(&r->arena);
    tell(h, news_new(NEWS_DONE, 0, result == DB_OK, NULL, 0));
}

static void
checkup_free(struct checkup *c)
{
    free(c->rooms);
    free(c->users);
    free(c->online);
    free(c);
}

static void *
run_healer(void *context)
{
    struct healer *h = context;
    struct resources resources;

    resources_open(&resources, h->app);
    while (!mailbox_is_closed(&h->in)) {
        struct checkup *c = (struct checkup *)mailbox_wait(&h->in, -1);

        if (c != NULL) {
            check(h, &resources, c);
            checkup_free(c);
        }
    }
    resources_close(&resources);
    return NULL;
}

struct healer *
healer_open(const struct app *app, struct mailbox *done)
{
    struct healer *h = calloc(1, sizeof(*h));

    if (h == NULL || !mailbox_open(&h->in, false)) {
        free(h);
        return NULL;
    }
    h->app = app;
    h->done = done;
    if (pthread_create(&h->thread, NULL, run_healer, h) != 0) {
        mailbox_free(&h->in);
        free(h);
        return NULL;
    }
    return h;
}

void
healer_put(struct healer *h, struct checkup *c)
{
    mailbox_put(&h->in, &c->letter);
}

void
healer_close(struct healer *h)
{
    struct letter *left;

    if (h == NULL) {
        return;
    }
    mailbox_close(&h->in);
    (void)pthread_join(h->thread, NULL);
    left = mailbox_take(&h->in);
    while (left != NULL) {
        struct checkup *c = (struct checkup *)left;

        left = left->next;
        checkup_free(c);
    }
    mailbox_free(&h->in);
    free(h);
}
