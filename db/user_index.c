/*
 * A gram is a row of its own, (gram, user_id), so all users with a gram are one range of the
 * primary key. Both double and single characters are stored: a search for one Chinese character is
 * common, and a range of the doubles that begin with it would not be ordered by user.
 */
#include "db/user_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"
#include "base/utf8.h"
#include "db/users.h"

enum {
    GRAMS_IN_STATEMENT = 8,
    USERS_IN_TRANSACTION = 50,
};

/* Copies a folded text with runs of spaces as one, none at its ends, up to the searched length. */
char *
user_search_key(const char *text, struct arena *a)
{
    const char *from = unicode_fold(text, a);
    char *key = arena_alloc(a, strlen(from) + 1), *to = key;
    size_t left = USER_SEARCHED_MAX;
    bool space = false;

    while (*from != '\0' && left > (space ? 1 : 0)) {
        const char *at = from;

        if (codepoint_is_blank(utf8_next(&from))) {
            space = to > key;
            continue;
        }
        if (space) {
            *to++ = ' ';
            left--;
        }
        space = false;
        memcpy(to, at, (size_t)(from - at));
        to += from - at;
        left--;
    }
    return key;
}

static int
gram_compare(const void *one, const void *other)
{
    return strcmp(one, other);
}

/* Appends each character of a key, and each two that follow one another. */
static void
grams_append(struct grams *grams, const char *key)
{
    const char *before = NULL;

    while (*key != '\0') {
        const char *at = key;

        (void)utf8_next(&key);
        memcpy(grams->at[grams->count++], at, (size_t)(key - at));
        if (before != NULL) {
            memcpy(grams->at[grams->count++], before, (size_t)(key - before));
        }
        before = at;
    }
}

struct grams
grams_of(const char *key, const char *other, struct arena *a)
{
    struct grams grams = {arena_array(a, 2 * (strlen(key) + strlen(other)) + 1, GRAM_SIZE), 0};
    size_t kept = 0;

    grams_append(&grams, key);
    grams_append(&grams, other);
    qsort(grams.at, grams.count, GRAM_SIZE, gram_compare);
    for (size_t i = 0; i < grams.count; i++) {
        if (kept == 0 || strcmp(grams.at[kept - 1], grams.at[i]) != 0) {
            memmove(grams.at[kept++], grams.at[i], GRAM_SIZE);
        }
    }
    grams.count = kept;
    return grams;
}

static bool
grams_contain(const struct grams *grams, const char *gram)
{
    return grams->count > 0 &&
           bsearch(gram, grams->at, grams->count, GRAM_SIZE, gram_compare) != NULL;
}

/* Up to GRAMS_IN_STATEMENT grams; the values that are left over repeat the first. */
struct gram_batch {
    const char *at[GRAMS_IN_STATEMENT];
    size_t count;
};

typedef enum db_result gram_statement(struct db *db, int64_t user_id, const struct gram_batch *b);

static enum db_result
grams_insert(struct db *db, int64_t user_id, const struct gram_batch *b)
{
    struct db_value id = db_int(user_id);

    return db_run(db,
                  "INSERT INTO user_grams (gram, user_id) VALUES "
                  "(?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?) "
                  "ON DUPLICATE KEY UPDATE user_id = user_grams.user_id",
                  db_text(b->at[0]), id, db_text(b->at[1]), id, db_text(b->at[2]), id,
                  db_text(b->at[3]), id, db_text(b->at[4]), id, db_text(b->at[5]), id,
                  db_text(b->at[6]), id, db_text(b->at[7]), id);
}

static enum db_result
grams_delete(struct db *db, int64_t user_id, const struct gram_batch *b)
{
    return db_run(db,
                  "DELETE FROM user_grams "
                  "WHERE user_id = ? AND gram IN (?, ?, ?, ?, ?, ?, ?, ?)",
                  db_int(user_id), db_text(b->at[0]), db_text(b->at[1]), db_text(b->at[2]),
                  db_text(b->at[3]), db_text(b->at[4]), db_text(b->at[5]), db_text(b->at[6]),
                  db_text(b->at[7]));
}

static enum db_result
gram_batch_run(struct db *db, int64_t user_id, struct gram_batch *b, gram_statement *run)
{
    enum db_result r;

    if (b->count == 0) {
        return DB_OK;
    }
    for (size_t i = b->count; i < GRAMS_IN_STATEMENT; i++) {
        b->at[i] = b->at[0];
    }
    r = run(db, user_id, b);
    b->count = 0;
    return r;
}

/* Runs a statement for the grams of `some` that are not among `others`. */
static enum db_result
grams_run(struct db *db, int64_t user_id, const struct grams *some, const struct grams *others,
          gram_statement *run)
{
    struct gram_batch batch = {.count = 0};
    enum db_result r = DB_OK;

    for (size_t i = 0; i < some->count && r == DB_OK; i++) {
        if (grams_contain(others, some->at[i])) {
            continue;
        }
        batch.at[batch.count++] = some->at[i];
        if (batch.count == GRAMS_IN_STATEMENT) {
            r = gram_batch_run(db, user_id, &batch, run);
        }
    }
    return r == DB_OK ? gram_batch_run(db, user_id, &batch, run) : r;
}

enum db_result
user_grams_change(struct db *db, int64_t user_id, const struct grams *from, const struct grams *to)
{
    enum db_result r = grams_run(db, user_id, from, to, grams_delete);

    return r == DB_OK ? grams_run(db, user_id, to, from, grams_insert) : r;
}

/* A user who is to be indexed. */
struct unindexed {
    int64_t id;
    const char *username, *nickname;
    const char *nickname_key; /* NULL: was never indexed */
    bool is_deleted;          /* then nobody finds the user, and no name looks like this one */
};

static enum db_result
user_index(struct db *db, const struct unindexed *u, struct arena *a)
{
    const char *name = unicode_nfkc(u->username, a), *key = user_search_key(name, a);
    const char *nickname_key = user_search_key(u->nickname, a);
    struct grams from = {NULL, 0}, to = grams_of(key, nickname_key, a);
    enum db_result r;

    if (u->is_deleted) {
        return db_run(db, "UPDATE users SET unicode_version = ? WHERE id = ?",
                      db_int(unicode_version()), db_int(u->id));
    }
    if (u->nickname_key != NULL) {
        from = grams_of(key, u->nickname_key, a);
    }
    r = db_run(db, "UPDATE users SET skeleton = ? WHERE id = ?", db_text(unicode_skeleton(name, a)),
               db_int(u->id));
    if (r == DB_EXISTS) { /* it looks like another's, and both were there before the rule */
        r = db_run(db, "UPDATE users SET skeleton = NULL WHERE id = ?", db_int(u->id));
    }
    if (r == DB_OK) {
        r = db_run(db, "UPDATE users SET nickname_key = ?, unicode_version = ? WHERE id = ?",
                   db_text(nickname_key), db_int(unicode_version()), db_int(u->id));
    }
    return r == DB_OK ? user_grams_change(db, u->id, &from, &to) : r;
}

struct index_run {
    struct arena arena;
    size_t count;
};

static enum db_result
users_index_transaction(struct db *db, void *context)
{
    struct index_run *run = context;
    struct unindexed *users = arena_array(&run->arena, USERS_IN_TRANSACTION, sizeof(*users));
    enum db_result r = db_run(
        db,
        "SELECT id, username, nickname, nickname_key, state FROM users "
        "WHERE unicode_version < ? ORDER BY unicode_version, id LIMIT ? FOR UPDATE",
        db_int(unicode_version()), db_int(USERS_IN_TRANSACTION));

    run->count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (run->count < USERS_IN_TRANSACTION && db_next(db)) {
        users[run->count++] = (struct unindexed){
            .id = db_get_int(db, 0),
            .username = db_get_text(db, 1, &run->arena),
            .nickname = db_get_text(db, 2, &run->arena),
            .nickname_key = db_get_text(db, 3, &run->arena),
            .is_deleted = db_get_int(db, 4) == USER_DELETED,
        };
    }
    r = db_done(db);
    for (size_t i = 0; i < run->count && r == DB_OK; i++) {
        r = user_index(db, &users[i], &run->arena);
    }
    return r;
}

enum db_result
users_index_old(struct db *db, int64_t *count)
{
    struct index_run run = {.count = USERS_IN_TRANSACTION};
    enum db_result r = DB_OK;

    *count = 0;
    while (r == DB_OK && run.count == USERS_IN_TRANSACTION) {
        r = db_transaction(db, DB_REPEATABLE, users_index_transaction, &run);
        *count += r == DB_OK ? (int64_t)run.count : 0;
        arena_reset(&run.arena);
    }
    arena_free(&run.arena);
    return r;
}
