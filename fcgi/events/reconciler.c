/*
 * One query over all rooms and one over all users; further queries only for those that have
 * changed.
 */
#include "fcgi/events/reconciler.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "db/redis/presence.h"
#include "db/secrets.h"
#include "db/sync.h"
#include "routes/live_events.h"
#include "routes/shapes.h"

enum {
    PAGE_ENTRIES = 200,      /* in one read of a room */
    PAGES_MAX = 10,          /* reads of one room in one reconciliation */
    GONE_MAX = 200,          /* users announced as offline in one reconciliation */
    ANNOUNCED_AT_ONCE = 200, /* users whose rooms are read by one query */
    SETTLED_SECONDS = 3,     /* a change this old was seen by a comparison; times are in seconds */
    TRUSTED_US = 30 * 1000 * 1000, /* after which everything is compared in any case */
};

struct reconciler {
    const struct app *app;
    struct queue queue, *done;
    pthread_t thread;

    /* The tables before the last comparison of everything that found nothing. */
    struct live_tables rooms_seen, sessions_seen;
    int64_t rooms_us, sessions_us; /* when that was, by clock_mono_us */
};

struct finding *
finding_new(enum finding_kind kind, int64_t id, int64_t number, const void *bytes, size_t len)
{
    struct finding *finding = memory_array(1, sizeof(*finding) + len);

    finding->kind = kind;
    finding->id = id;
    finding->number = number;
    finding->text = (const char *)(finding + 1);
    finding->len = len;
    if (len > 0) {
        memcpy(finding + 1, bytes, len);
    }
    return finding;
}

static void
reconciler_report(struct reconciler *r, struct finding *finding)
{
    queue_put(r->done, &finding->message);
}

/* The entry's JSON, and after it that of the event that follows a rename. */
static struct finding *
finding_new_entry(const struct entry *entry, struct live_entry *live)
{
    size_t entry_len = live->entry.len;
    struct finding *finding;

    buf_add(&live->entry, live->rooms.at, live->rooms.len);
    finding = finding_new(FINDING_ENTRY, entry->room_id, entry->seq, live->entry.at,
                          live->entry.len);
    finding->at = entry->created_at;
    finding->len = entry_len;
    finding->renamed = finding->text + entry_len;
    finding->renamed_len = live->rooms.len;
    return finding;
}

static void
reconciler_report_entries(struct reconciler *r, const struct entry *entries, size_t count)
{
    struct live_entry live = {0};
    struct buf json = {0};

    for (size_t i = 0; i < count; i++) {
        buf_clear(&json);
        shape_write(&entry_shape, &entries[i], &json);
        live_entry_fill(&live, &entries[i], json.at, json.len);
        reconciler_report(r, finding_new_entry(&entries[i], &live));
    }
    live_entry_free(&live);
    buf_free(&json);
}

static void
reconciler_report_restarted(struct reconciler *r, const struct live_mark *last)
{
    struct finding *finding = finding_new(FINDING_RESTARTED, last->id, last->number, NULL, 0);

    finding->at = last->at;
    reconciler_report(r, finding);
}

/*
 * Reads a page of a room's entries after *seen and reports them. Moves *seen; *count is their
 * number. If the time of *seen is known, its entry is read again: DB_NONE if it is another one.
 */
static enum db_result
reconciler_read_page(struct reconciler *r, struct resources *res, struct live_mark *seen,
                     size_t *count)
{
    size_t checked = seen->number > 0 && seen->at > 0 ? 1 : 0;
    struct log_range range = {
        .after = seen->number - (int64_t)checked, .limit = PAGE_ENTRIES + checked, .oldest = true};
    struct entry *entries = arena_array(&res->arena, range.limit, sizeof(*entries));
    enum db_result result = room_log_read(res->db, &res->arena, seen->id, NULL, &range, entries,
                                          count);

    if (result != DB_OK) {
        return result;
    }
    if (checked > 0 &&
        (*count == 0 || entries->seq != seen->number || entries->created_at != seen->at)) {
        return DB_NONE;
    }
    entries += checked;
    *count -= checked;
    if (*count == 0) {
        return DB_OK;
    }
    result = names_fill(res->db, &res->arena, &entries->sender, *count, sizeof(*entries));
    if (result != DB_OK) {
        return result;
    }
    reconciler_report_entries(r, entries, *count);
    seen->number = entries[*count - 1].seq;
    seen->at = entries[*count - 1].created_at;
    return DB_OK;
}

/* Reports a room's entries after `seen`, page by page, until `last` or PAGES_MAX is reached. */
static enum db_result
reconciler_read_room(struct reconciler *r, struct resources *res, struct live_mark seen,
                     const struct live_mark *last)
{
    enum db_result result = last->number > seen.number ? DB_OK : DB_NONE;
    size_t count = 1;

    for (int page = 0; page < PAGES_MAX && count > 0 && seen.number < last->number; page++) {
        result = reconciler_read_page(r, res, &seen, &count);
        if (result != DB_OK) {
            break;
        }
    }
    if (result == DB_NONE) {
        reconciler_report_restarted(r, last);
        return DB_OK;
    }
    if (result == DB_OK) {
        reconciler_report(r, finding_new(FINDING_REACHED, last->id, last->number, NULL, 0));
    }
    return result;
}

/* Was a table last changed so long ago that the comparison after `seen` included it? */
static bool
table_is_settled(const struct live_tables *seen, int64_t before, int64_t now)
{
    return now > 0 && now == before && seen->now - before >= SETTLED_SECONDS;
}

/*
 * Nothing can have changed since the last comparison if the tables have not: a statement by hand
 * changes a table, too, and a database that was restored has another connection.
 */
static bool
rooms_are_settled(const struct reconciler *r, const struct live_tables *now)
{
    const struct live_tables *seen = &r->rooms_seen;

    return seen->connection == now->connection && clock_mono_us() - r->rooms_us < TRUSTED_US &&
           table_is_settled(seen, seen->rooms, now->rooms);
}

static bool
sessions_are_settled(const struct reconciler *r, const struct live_tables *now)
{
    const struct live_tables *seen = &r->sessions_seen;

    return seen->connection == now->connection && clock_mono_us() - r->sessions_us < TRUSTED_US &&
           table_is_settled(seen, seen->users, now->users) &&
           table_is_settled(seen, seen->sessions, now->sessions);
}

/* After a comparison. A finding may be believed only after several, so the next ones follow. */
static void
tables_note(struct live_tables *seen, int64_t *seen_us, const struct live_tables *now,
            bool found_nothing, bool compared_all)
{
    if (!found_nothing) {
        *seen = (struct live_tables){0};
    } else if (compared_all) {
        *seen = *now;
        *seen_us = clock_mono_us();
    }
}

static enum db_result
reconciler_read_rooms(struct reconciler *r, struct resources *res,
                      const struct reconciliation *what, const struct live_tables *now)
{
    bool all = what->all && !rooms_are_settled(r, now);
    size_t room_count = all || !what->all ? what->room_count : what->doubted_count;
    struct live_mark *changed;
    size_t count = 0, from = 0;
    enum db_result result = live_rooms_changed(res->db, &res->arena, what->rooms, room_count,
                                               &changed, &count);

    tables_note(&r->rooms_seen, &r->rooms_us, now, result == DB_OK && count == 0, all);
    for (size_t i = 0; i < count && result == DB_OK; i++) {
        const struct live_mark *seen = live_mark_find(what->rooms, room_count, changed[i].id,
                                                      &from);

        if (seen != NULL) {
            result = reconciler_read_room(r, res, *seen, &changed[i]);
        }
    }
    return result;
}

static struct finding *
finding_new_user(struct arena *a, struct live_mark user, const struct sync_mark *rooms,
                 size_t room_count, const struct live_mark *sessions, size_t session_count)
{
    size_t count = room_count + session_count;
    struct live_mark *marks = arena_array(a, count + 1, sizeof(*marks));
    struct finding *finding;

    for (size_t i = 0; i < room_count; i++) {
        marks[i] = (struct live_mark){rooms[i].room_id, rooms[i].seq, rooms[i].at};
    }
    memcpy(marks + room_count, sessions, session_count * sizeof(*marks));
    finding = finding_new(FINDING_USER, user.id, user.number, marks, count * sizeof(*marks));
    finding->marks = (const struct live_mark *)(finding + 1);
    finding->room_count = room_count;
    finding->session_count = session_count;
    return finding;
}

/*
 * The connected sessions of a user. The search starts at *from and leaves there where it ended, as
 * in live_mark_find.
 */
static const struct session *
sessions_of_user(const struct buf *sessions, int64_t user_id, size_t *from, size_t *count)
{
    const struct session *all = (const struct session *)sessions->at;
    size_t total = sessions->len / sizeof(*all), first;

    *count = 0;
    for (size_t i = 0; i < total && all[*from].user_id != user_id; i++) {
        *from = (*from + 1) % total;
    }
    first = *from;
    while (first + *count < total && all[first + *count].user_id == user_id) {
        (*count)++;
    }
    return all + first;
}

/* `changes` is read first: what changes after it makes the user differ again next time. */
static enum db_result
reconciler_read_user(struct reconciler *r, struct resources *res, int64_t user_id,
                     const struct session *connected, size_t connected_count)
{
    struct caller caller = {.db = res->db, .arena = &res->arena, .user_id = user_id};
    struct sync_mark *rooms;
    struct live_mark *sessions, user = {.id = user_id};
    size_t room_count, session_count;
    enum db_result result = live_changes(res->db, user_id, &user.number);

    if (result == DB_NONE) {
        reconciler_report(r, finding_new(FINDING_NO_USER, user_id, 0, NULL, 0));
        return DB_OK;
    }
    if (result != DB_OK) {
        return result;
    }
    result = sync_joined_marks(&caller, &rooms, &room_count);
    if (result != DB_OK) {
        return result;
    }
    result = live_sessions(res->db, &res->arena, connected, connected_count, &sessions,
                           &session_count);
    if (result != DB_OK) {
        return result;
    }
    reconciler_report(
        r, finding_new_user(&res->arena, user, rooms, room_count, sessions, session_count));
    return DB_OK;
}

/* Reads each user again who has a session that is not as it was. */
static enum db_result
reconciler_read_users(struct reconciler *r, struct resources *res,
                      const struct reconciliation *what, const struct live_tables *now)
{
    bool all = what->all && !sessions_are_settled(r, now);
    const struct buf *sessions = all || !what->all ? &what->sessions : &what->doubted;
    const struct session *connected = (const struct session *)sessions->at;
    struct live_mark *changed;
    size_t count = 0, from = 0;
    enum db_result result = live_sessions_changed(
        res->db, &res->arena, connected, sessions->len / sizeof(*connected), &changed, &count);

    tables_note(&r->sessions_seen, &r->sessions_us, now, result == DB_OK && count == 0, all);
    for (size_t i = 0; i < count && result == DB_OK; i++) {
        int64_t user_id = changed[i].number;
        size_t of_user_count;

        if (i > 0 && changed[i - 1].number == user_id) {
            continue; /* another session of the same user */
        }
        connected = sessions_of_user(sessions, user_id, &from, &of_user_count);
        result = reconciler_read_user(r, res, user_id, connected, of_user_count);
    }
    return result;
}

/* The presence of users, announced for one after the other. */
struct announcement {
    struct redis *redis;
    bool online;
    int64_t now, user_id;
    struct buf rooms; /* ids, separated by commas */
    size_t room_count;
};

/*
 * Through Redis, since those who share a room may have their streams on any host. Each hint names
 * up to EVENT_ROOMS_MAX rooms; the same `seq` marks them as one announcement.
 */
static void
announcement_publish(struct announcement *a)
{
    struct hint hint = {
        .seq = a->now, .user_id = a->user_id, .rooms = a->rooms.at, .rooms_len = a->rooms.len};

    if (a->room_count > 0) {
        live_event_publish(a->redis, LIVE_PRESENCE, hint,
                           &(struct presence_event){a->user_id, a->online});
    }
    buf_clear(&a->rooms);
    a->room_count = 0;
}

static void
announcement_add_room(void *context, int64_t user_id, int64_t room_id)
{
    struct announcement *a = context;

    if (a->user_id != user_id || a->room_count == EVENT_ROOMS_MAX) {
        announcement_publish(a);
    }
    a->user_id = user_id;
    buf_str(&a->rooms, a->room_count++ > 0 ? "," : "");
    buf_int(&a->rooms, room_id);
}

static void
reconciler_announce_presence(struct resources *res, const int64_t *users, size_t count, bool online)
{
    struct announcement a = {.redis = res->redis, .online = online, .now = clock_now_ms()};

    for (size_t i = 0; i < count; i += ANNOUNCED_AT_ONCE) {
        size_t some = count - i < ANNOUNCED_AT_ONCE ? count - i : ANNOUNCED_AT_ONCE;

        if (live_rooms_of(res->db, users + i, some, announcement_add_room, &a) != DB_OK) {
            break;
        }
    }
    announcement_publish(&a);
    buf_free(&a.rooms);
}

static void
reconciler_keep_presence(struct resources *res, const struct reconciliation *what)
{
    int64_t gone[GONE_MAX];
    int64_t *arrived = arena_array(&res->arena, what->online_count + 1, sizeof(*arrived));
    size_t count = 0;

    if (what->online_count > 0) {
        (void)presence_refresh(res->redis, what->online, what->online_count, arrived, &count);
    }
    reconciler_announce_presence(res, arrived, count, true);
    count = what->sweep_presence ? presence_sweep(res->redis, gone, GONE_MAX) : 0;
    reconciler_announce_presence(res, gone, count, false);
}

static void
reconciler_compare(struct reconciler *r, struct resources *res, const struct reconciliation *what)
{
    enum db_result result = DB_OK;
    struct live_tables now = {0};

    secrets_load(res->db); /* the subscriber accepts no hint before it */
    if (what->all && what->room_count + what->sessions.len > 0) {
        result = live_tables_read(res->db, &now);
    }
    if (result == DB_OK && what->room_count > 0) {
        result = reconciler_read_rooms(r, res, what, &now);
    }
    if (result == DB_OK && what->sessions.len > 0) {
        result = reconciler_read_users(r, res, what, &now);
    }
    if (result != DB_OK) {
        r->rooms_seen = r->sessions_seen = (struct live_tables){0};
    }
    reconciler_keep_presence(res, what);
    arena_reset(&res->arena);
    reconciler_report(r, finding_new(FINDING_DONE, 0, result == DB_OK, NULL, 0));
}

static void
reconciliation_free(struct reconciliation *what)
{
    free(what->rooms);
    buf_free(&what->sessions);
    buf_free(&what->doubted);
    free(what->online);
    free(what);
}

static void *
reconciler_thread(void *context)
{
    struct reconciler *r = context;
    struct resources resources;

    resources_open(&resources, r->app);
    while (!queue_is_closed(&r->queue)) {
        struct reconciliation *what = (struct reconciliation *)queue_wait(&r->queue, -1);

        if (what != NULL) {
            reconciler_compare(r, &resources, what);
            reconciliation_free(what);
        }
    }
    resources_close(&resources);
    return NULL;
}

struct reconciler *
reconciler_open(const struct app *app, struct queue *done)
{
    struct reconciler *r = memory_new(struct reconciler);
    int error;

    r->app = app;
    r->done = done;
    queue_open(&r->queue);
    error = pthread_create(&r->thread, NULL, reconciler_thread, r);
    if (error != 0) {
        queue_free(&r->queue);
        free(r);
        errno = error;
        return NULL;
    }
    return r;
}

void
reconciler_submit(struct reconciler *r, struct reconciliation *what)
{
    queue_put(&r->queue, &what->message);
}

void
reconciler_close(struct reconciler *r)
{
    struct message *left;

    if (r == NULL) {
        return;
    }
    queue_close(&r->queue);
    (void)pthread_join(r->thread, NULL);
    left = queue_take_all(&r->queue);
    while (left != NULL) {
        struct reconciliation *what = (struct reconciliation *)left;

        left = left->next;
        reconciliation_free(what);
    }
    queue_free(&r->queue);
    free(r);
}
