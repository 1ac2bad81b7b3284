/* A direct-mapped table: a slot by the id's low bits, so a look costs one compare; a collision only costs a query. */
#include "db/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    SLOTS = 512,
    FRESH_US = 30 * 1000 * 1000,
    NAME_BYTES = 64 * 4 + 1, /* users.nickname, in UTF-8 */
    BATCH = 8,               /* ids asked for by one query */
};

struct names {
    struct slot {
        int64_t id;
        int64_t read_us;
        char name[NAME_BYTES];
    } slots[SLOTS];
};

struct names *
names_open(void)
{
    struct names *names = calloc(1, sizeof(*names));

    if (names == NULL) {
        log_error("out of memory");
        abort();
    }
    return names;
}

void
names_close(struct names *names)
{
    free(names);
}

static struct slot *
slot_of(struct names *names, int64_t id)
{
    return &names->slots[(uint64_t)id % SLOTS];
}

static void
keep(struct names *names, const struct person *p)
{
    struct slot *slot = slot_of(names, p->id);
    size_t len = strlen(p->nickname);

    if (len < NAME_BYTES) { /* the column holds no more */
        slot->id = p->id;
        slot->read_us = clock_mono_us();
        memcpy(slot->name, p->nickname, len + 1);
    }
}

/* Ask for up to BATCH users; places that are not needed repeat the first. Who is not found keeps "". */
static enum db_result
fetch(struct names *names, struct db *db, struct arena *a, struct person *people, size_t count)
{
    int64_t ids[BATCH];
    enum db_result r;

    for (size_t i = 0; i < BATCH; i++) {
        ids[i] = people[i < count ? i : 0].id;
    }
    r = db_run(db, "SELECT id, nickname FROM users WHERE id IN (?, ?, ?, ?, ?, ?, ?, ?)",
               db_int(ids[0]), db_int(ids[1]), db_int(ids[2]), db_int(ids[3]), db_int(ids[4]),
               db_int(ids[5]), db_int(ids[6]), db_int(ids[7]));
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        int64_t id = db_get_int(db, 0);

        for (size_t i = 0; i < count; i++) {
            if (people[i].id == id) {
                people[i].nickname = db_get_text(db, 1, a);
                keep(names, &people[i]);
            }
        }
    }
    return db_done(db);
}

/* One of `people` by id; NULL. The list is short: the different senders of one page. */
static const struct person *
find(const struct person *people, size_t count, int64_t id)
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
        const struct person *seen = find(known, known_count, p->id);
        const struct slot *slot = slot_of(names, p->id);

        if (seen == NULL && slot->id == p->id && now - slot->read_us < FRESH_US) {
            known[known_count] = (struct person){p->id, arena_strdup(a, slot->name)};
            seen = &known[known_count++];
        }
        if (seen != NULL) {
            p->nickname = seen->nickname;
        } else if (find(unknown, unknown_count, p->id) == NULL) {
            unknown[unknown_count++] = (struct person){p->id, ""};
        }
    }
    for (size_t i = 0; i < unknown_count; i += BATCH) {
        size_t some = unknown_count - i < BATCH ? unknown_count - i : BATCH;
        enum db_result r = fetch(names, db, a, unknown + i, some);

        if (r != DB_OK) {
            return r;
        }
    }
    for (size_t i = 0; i < count && unknown_count > 0; i++) {
        struct person *p = (void *)((char *)first + i * stride);

        if (p->nickname == NULL) {
            p->nickname = find(unknown, unknown_count, p->id)->nickname;
        }
    }
    return DB_OK;
}

void
names_forget(struct names *names, int64_t user_id)
{
    if (slot_of(names, user_id)->id == user_id) {
        slot_of(names, user_id)->id = 0;
    }
}
