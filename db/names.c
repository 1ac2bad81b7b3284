/*
 * A direct-mapped table, indexed by the low bits of the id: a lookup costs one comparison, a
 * collision one query. Names that are used are compared twice a second with who has changed.
 */
#include "db/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "db/generations.h"
#include "db/users.h"

enum {
    SLOTS = 512,
    FRESH_US = 30 * 1000 * 1000,
    CHECKED_US = 500 * 1000,     /* between two comparisons of a name */
    NICKNAME_BYTES = 64 * 4 + 1, /* of users.nickname in UTF-8 */
    USERNAME_BYTES = 32 * 4 + 1,
    BATCH = 8, /* ids in one query */
};

struct names {
    struct name_slot {
        int64_t id;
        int64_t changes; /* users.changes when the names were read */
        int64_t read_us, checked_us;
        int nickname_taken;
        char username[USERNAME_BYTES], nickname[NICKNAME_BYTES];
    } slots[SLOTS];
};

struct names *
names_open(void)
{
    return memory_new(struct names);
}

void
names_close(struct names *names)
{
    free(names);
}

static struct name_slot *
names_slot(struct names *names, int64_t id)
{
    return &names->slots[(uint64_t)id % SLOTS];
}

static void
names_store(struct names *names, const struct person *p, int64_t changes)
{
    struct name_slot *slot = names_slot(names, p->id);
    size_t username_len = strlen(p->username), nickname_len = strlen(p->nickname);

    /* Always true: the columns hold at most this much. */
    if (username_len < USERNAME_BYTES && nickname_len < NICKNAME_BYTES) {
        slot->id = p->id;
        slot->changes = changes;
        slot->read_us = slot->checked_us = clock_mono_us();
        slot->nickname_taken = p->nickname_taken;
        memcpy(slot->username, p->username, username_len + 1);
        memcpy(slot->nickname, p->nickname, nickname_len + 1);
    }
}

static bool
name_slot_is_fresh(struct name_slot *slot, struct db *db, int64_t now)
{
    if (now - slot->read_us >= FRESH_US) {
        return false;
    }
    if (now - slot->checked_us < CHECKED_US) {
        return true;
    }
    slot->checked_us = now;
    return generation_newest(db, slot->id) <= slot->changes;
}

/* Reads up to BATCH users; unused values repeat the first id. Those not found keep "" twice. */
static enum db_result
names_read(struct names *names, struct db *db, struct arena *a, struct person *people, size_t count)
{
    int64_t ids[BATCH];
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
                names_store(names, &people[i], db_get_int(db, 4));
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
names_fill(struct names *names, struct db *db, struct arena *a, struct person *first, size_t count,
           size_t stride)
{
    struct person *known = arena_array(a, count + 1, sizeof(*known));
    struct person *unknown = arena_array(a, count + 1, sizeof(*unknown));
    size_t known_count = 0, unknown_count = 0;
    int64_t now = clock_mono_us();

    for (size_t i = 0; i < count; i++) {
        struct person *p = (void *)((char *)first + i * stride);
        const struct person *seen = person_find(known, known_count, p->id);
        struct name_slot *slot = names_slot(names, p->id);

        if (seen == NULL && slot->id == p->id && name_slot_is_fresh(slot, db, now)) {
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
    for (size_t i = 0; i < unknown_count; i += BATCH) {
        size_t some = unknown_count - i < BATCH ? unknown_count - i : BATCH;
        enum db_result r = names_read(names, db, a, unknown + i, some);

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
names_invalidate(struct names *names, int64_t user_id)
{
    if (names_slot(names, user_id)->id == user_id) {
        names_slot(names, user_id)->id = 0;
    }
}
