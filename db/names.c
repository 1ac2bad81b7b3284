/*
 * A direct-mapped table, indexed by the low bits of the id: a lookup costs one comparison, a
 * collision one query. The lock is held while the table is read or written, never during a query.
 */
#include "db/names.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "db/live.h"
#include "db/users.h"

enum {
    SLOTS = 1024,
    KEPT_US = 30 * 1000 * 1000,
    COMPARE_US = 700 * 1000,     /* between two queries */
    STALE_US = 1400 * 1000,      /* after which names that were not compared are read again */
    NICKNAME_BYTES = 64 * 4 + 1, /* of users.nickname in UTF-8 */
    USERNAME_BYTES = 32 * 4 + 1,
    BATCH = 8, /* ids in one query */
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

/* Reads up to BATCH users; unused values repeat the first id. Those not found keep "" twice. */
static enum db_result
names_read(struct db *db, struct arena *a, struct person *people, size_t count)
{
    int64_t ids[BATCH], asked_us = clock_mono_us();
    enum db_result r;

    for (size_t i = 0; i < BATCH; i++) {
        ids[i] = people[i < count ? i : 0].id;
    }
    r = db_run(db,
               "SELECT u.id, u.username, u.nickname, " NICKNAME_IS_TAKEN
               ", u.changes FROM users u WHERE u.id IN (?, ?, ?, ?, ?, ?, ?, ?)",
               db_int(ids[0]), db_int(ids[1]), db_int(ids[2]), db_int(ids[3]), db_int(ids[4]),
               db_int(ids[5]), db_int(ids[6]), db_int(ids[7]));
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        int64_t id = db_get_int(db, 0);

        for (size_t i = 0; i < count; i++) {
            if (people[i].id == id) {
                people[i].username = db_get_text(db, 1, a);
                people[i].nickname = db_get_text(db, 2, a);
                people[i].nickname_taken = (int)db_get_int(db, 3);
                names_store(&people[i], db_get_int(db, 4), asked_us);
            }
        }
    }
    return db_done(db);
}

/* One of `people` by id; NULL if absent. The list is short: the different senders of one page. */
static const struct person *
person_find(const struct person *people, size_t count, int64_t id)
{
    for (size_t i = count; i > 0; i--) {
        if (people[i - 1].id == id) {
            return &people[i - 1];
        }
    }
    return NULL;
}

enum db_result
names_fill(struct db *db, struct arena *a, struct person *first, size_t count, size_t stride)
{
    struct person *known = arena_array(a, count + 1, sizeof(*known));
    struct person *unknown = arena_array(a, count + 1, sizeof(*unknown));
    size_t known_count = 0, unknown_count = 0;
    int64_t now = clock_mono_us();

    names_compare(db, a, now);
    (void)pthread_mutex_lock(&names_lock);
    for (size_t i = 0; i < count; i++) {
        struct person *p = (void *)((char *)first + i * stride);
        const struct person *seen = person_find(known, known_count, p->id);
        const struct name_slot *slot = name_slot(p->id);

        if (seen == NULL && name_is_known(slot, p->id, now)) {
            known[known_count] = (struct person){p->id, arena_strdup(a, slot->username),
                                                 arena_strdup(a, slot->nickname),
                                                 slot->nickname_taken};
            seen = &known[known_count++];
        }
        if (seen != NULL) {
            *p = *seen;
        } else if (person_find(unknown, unknown_count, p->id) == NULL) {
            unknown[unknown_count++] = (struct person){p->id, "", "", false};
        }
    }
    (void)pthread_mutex_unlock(&names_lock);
    for (size_t i = 0; i < unknown_count; i += BATCH) {
        size_t some = unknown_count - i < BATCH ? unknown_count - i : BATCH;
        enum db_result r = names_read(db, a, unknown + i, some);

        if (r != DB_OK) {
            return r;
        }
    }
    for (size_t i = 0; i < count && unknown_count > 0; i++) {
        struct person *p = (void *)((char *)first + i * stride);

        if (p->nickname == NULL) {
            *p = *person_find(unknown, unknown_count, p->id);
        }
    }
    return DB_OK;
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
