/*
 * A direct-mapped table, indexed by the low bits of the id: a lookup costs one comparison, a
 * collision one query. The lock is held while the table is read or written, never during a query.
 */
#include "db/names.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/bound_rows.h"
#include "db/live.h"
#include "db/users.h"

enum {
    SLOTS = 1024,
    KEPT_US = 30 * 1000 * 1000,
    COMPARE_US = 700 * 1000,     /* between two queries */
    STALE_US = 1400 * 1000,      /* after which names that were not compared are read again */
    NICKNAME_BYTES = 64 * 4 + 1, /* of users.nickname in UTF-8 */
    USERNAME_BYTES = 32 * 4 + 1,
};

static struct name_slot {
    int64_t id;      /* 0: empty */
    int64_t changes; /* users.changes when the names were read */
    int64_t read_us;
    int nickname_taken;
    char username[USERNAME_BYTES], nickname[NICKNAME_BYTES];
} slots[SLOTS];
static int64_t compared_us, compare_tried_us; /* clock_mono_us when the last query was begun */
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;

static struct name_slot *
name_slot(int64_t id)
{
    return &slots[(uint64_t)id % SLOTS];
}

static void
names_store(const struct person *p, int64_t changes, int64_t asked_us)
{
    struct name_slot *slot = name_slot(p->id);
    size_t username_len = strlen(p->username), nickname_len = strlen(p->nickname);

    /* Always true: the columns hold at most this much. */
    if (username_len < USERNAME_BYTES && nickname_len < NICKNAME_BYTES) {
        (void)pthread_mutex_lock(&names_lock);
        slot->id = p->id;
        slot->changes = changes;
        slot->read_us = asked_us;
        slot->nickname_taken = p->nickname_taken;
        memcpy(slot->username, p->username, username_len + 1);
        memcpy(slot->nickname, p->nickname, nickname_len + 1);
        (void)pthread_mutex_unlock(&names_lock);
    }
}

/* With the lock. */
static bool
name_is_known(const struct name_slot *slot, int64_t id, int64_t now)
{
    int64_t checked_us = slot->read_us > compared_us ? slot->read_us : compared_us;

    return slot->id == id && now - slot->read_us < KEPT_US && now - checked_us < STALE_US;
}

/*
 * Should this thread compare now? Then the others do not for a while, and *seen are the users whose
 * names are known.
 */
static bool
names_compare_begin(struct arena *a, int64_t now, struct live_mark **seen, size_t *count)
{
    bool due;

    *count = 0;
    (void)pthread_mutex_lock(&names_lock);
    due = compare_tried_us == 0 || now - compare_tried_us >= COMPARE_US;
    if (due) {
        compare_tried_us = now;
        *seen = arena_array(a, SLOTS, sizeof(**seen));
        for (size_t i = 0; i < SLOTS; i++) {
            if (slots[i].id != 0 && now - slots[i].read_us < KEPT_US) {
                (*seen)[(*count)++] = (struct live_mark){slots[i].id, slots[i].changes, 0};
            }
        }
    }
    (void)pthread_mutex_unlock(&names_lock);
    return due;
}

/* Forgets the names of users who have changed. Those read since the query began are newer. */
static void
names_compare(struct db *db, struct arena *a, int64_t now)
{
    struct live_mark *seen, *changed;
    size_t count, changed_count = 0;

    if (!names_compare_begin(a, now, &seen, &count) ||
        live_users_changed(db, a, seen, count, &changed, &changed_count) != DB_OK) {
        return;
    }
    (void)pthread_mutex_lock(&names_lock);
    for (size_t i = 0; i < changed_count; i++) {
        struct name_slot *slot = name_slot(changed[i].id);

        if (slot->id == changed[i].id && slot->changes != changed[i].number) {
            slot->id = 0;
        }
    }
    compared_us = now;
    (void)pthread_mutex_unlock(&names_lock);
}

/* The different persons of one call, and a hash table over them: a sync may have hundreds. */
struct people {
    struct person *list;
    size_t count;
    struct person **places; /* at least twice as many as persons: NULL ends every search */
    size_t mask;
};

static struct people
people_new(struct arena *a, size_t capacity)
{
    size_t places = 2;

    while (places < 2 * capacity) {
        places *= 2;
    }
    return (struct people){
        .list = arena_array(a, capacity, sizeof(struct person)),
        .places = arena_array(a, places, sizeof(struct person *)),
        .mask = places - 1,
    };
}

/* The place of a person by id, NULL in it if they are not there. */
static struct person **
people_place(const struct people *people, int64_t id)
{
    size_t at = (size_t)id & people->mask;

    while (people->places[at] != NULL && people->places[at]->id != id) {
        at = (at + 1) & people->mask;
    }
    return &people->places[at];
}

/* Adds a person who is not there yet, without a name. */
static void
people_add(struct people *people, int64_t id)
{
    struct person **place = people_place(people, id);

    if (*place == NULL) {
        *place = &people->list[people->count++];
        **place = (struct person){.id = id, .username = "", .nickname = ""};
    }
}

/* Fills in the names that are known, and adds the others' ids to `unknown`. */
static void
names_recall(struct arena *a, struct people *people, int64_t now, struct buf *unknown)
{
    (void)pthread_mutex_lock(&names_lock);
    for (size_t i = 0; i < people->count; i++) {
        struct person *p = &people->list[i];
        const struct name_slot *slot = name_slot(p->id);

        if (name_is_known(slot, p->id, now)) {
            p->username = arena_strdup(a, slot->username);
            p->nickname = arena_strdup(a, slot->nickname);
            p->nickname_taken = slot->nickname_taken;
        } else {
            BOUND_ROW(unknown, p->id);
        }
    }
    (void)pthread_mutex_unlock(&names_lock);
}

/* Each user is found by primary key, however many there are. Those not found keep "" twice. */
static enum db_result
names_read(struct db *db, struct arena *a, const struct people *people, struct buf *unknown)
{
    int64_t asked_us = clock_mono_us();
    enum db_result r = db_run(db,
                              "SELECT u.id, u.username, u.nickname, " NICKNAME_IS_TAKEN
                              ", u.changes FROM JSON_TABLE(?, '$[*]' COLUMNS ("
                              "id BIGINT PATH '$[0]')) k STRAIGHT_JOIN users u ON u.id = k.id",
                              bound_rows_value(unknown));

    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        struct person *p = *people_place(people, db_get_int(db, 0));

        if (p != NULL) { /* always: only these were asked for */
            p->username = db_get_text(db, 1, a);
            p->nickname = db_get_text(db, 2, a);
            p->nickname_taken = (int)db_get_int(db, 3);
            names_store(p, db_get_int(db, 4), asked_us);
        }
    }
    return db_done(db);
}

static struct person *
person_at(struct person *first, size_t i, size_t stride)
{
    return (void *)((char *)first + i * stride);
}

enum db_result
names_fill(struct db *db, struct arena *a, struct person *first, size_t count, size_t stride)
{
    struct people people = people_new(a, count);
    struct buf unknown = {0};
    int64_t now = clock_mono_us();
    enum db_result r = DB_OK;

    names_compare(db, a, now);
    for (size_t i = 0; i < count; i++) {
        people_add(&people, person_at(first, i, stride)->id);
    }
    names_recall(a, &people, now, &unknown);
    if (unknown.len > 0) {
        r = names_read(db, a, &people, &unknown);
    }
    buf_free(&unknown);
    for (size_t i = 0; i < count && r == DB_OK; i++) {
        struct person *p = person_at(first, i, stride);

        *p = **people_place(&people, p->id);
    }
    return r;
}

void
names_invalidate(int64_t user_id)
{
    (void)pthread_mutex_lock(&names_lock);
    if (name_slot(user_id)->id == user_id) {
        name_slot(user_id)->id = 0;
    }
    (void)pthread_mutex_unlock(&names_lock);
}
