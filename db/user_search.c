/*
 * Users whose user name begins with the text come first, by name, from the index of names. Then
 * come the others whose user name or nickname contains it, by id: the users with the rarest gram of
 * the text are read in the order of the index, and those with the whole text are kept.
 *
 * Each request reads a bounded number of users. If few of them have the whole text, its page is
 * short, and its cursor leads on from there.
 */
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "db/user_index.h"
#include "db/users.h"

enum {
    USERS_READ_MAX = 5000,  /* with the rarest gram, for one page */
    RARE_MAX = 1000,        /* grams are compared up to so many users */
    GRAMS_COMPARED_MAX = 8, /* of the text */
    BY_ID = '#',            /* begins the cursor of the second part, since no name contains it */
};

struct user_search {
    struct db *db;
    struct arena *arena;
    const char *key; /* the text, folded */
    size_t limit;
    struct user *users; /* room for one more than a page: it tells whether another page follows */
    const char **keys;  /* of those found by their user name */
    size_t count;
};

/* After every key that begins with `prefix`: UTF-8 has no byte 0xFF. */
static struct db_value
key_prefix_end(const char *prefix, struct arena *a)
{
    size_t len = strlen(prefix);
    char *end = arena_alloc(a, len + 1);

    memcpy(end, prefix, len);
    end[len] = (char)0xFF;
    return db_bytes(end, len + 1);
}

static bool
search_is_full(const struct user_search *s)
{
    return s->count > s->limit;
}

static enum db_result
search_read(struct user_search *s)
{
    while (!search_is_full(s) && db_next(s->db)) {
        s->keys[s->count] = db_get_text(s->db, USER_COLUMN_COUNT, s->arena);
        s->users[s->count++] = user_read(s->db, s->arena);
    }
    return db_done(s->db);
}

static enum db_result
search_usernames(struct user_search *s, const char *after)
{
    enum db_result r = db_run(s->db,
                              "SELECT " USER_COLUMNS ", username_key FROM users "
                              "WHERE username_key >= ? AND username_key < ? AND username_key > ? "
                              "AND state <> ? ORDER BY username_key LIMIT ?",
                              db_text(s->key), key_prefix_end(s->key, s->arena), db_text(after),
                              db_int(USER_DELETED), db_int((int64_t)s->limit + 1));

    return r == DB_OK ? search_read(s) : r;
}

#define COUNT_USERS "(SELECT COUNT(*) FROM (SELECT 1 FROM user_grams WHERE gram = ? LIMIT ?) found)"

/* Of some grams, the one that the fewest users have. */
static enum db_result
search_rarest_of(struct user_search *s, const char *const grams[static GRAMS_COMPARED_MAX],
                 const char **rarest)
{
    struct db_value most = db_int(RARE_MAX);
    int64_t fewest = INT64_MAX;
    enum db_result r = db_one(
        s->db,
        "SELECT " COUNT_USERS ", " COUNT_USERS ", " COUNT_USERS ", " COUNT_USERS ", " COUNT_USERS
        ", " COUNT_USERS ", " COUNT_USERS ", " COUNT_USERS,
        db_text(grams[0]), most, db_text(grams[1]), most, db_text(grams[2]), most,
        db_text(grams[3]), most, db_text(grams[4]), most, db_text(grams[5]), most,
        db_text(grams[6]), most, db_text(grams[7]), most);

    if (r != DB_OK) {
        return r;
    }
    for (unsigned i = 0; i < GRAMS_COMPARED_MAX; i++) {
        int64_t users = db_get_int(s->db, i);

        if (users < fewest) {
            fewest = users;
            *rarest = grams[i];
        }
    }
    return db_done(s->db);
}

/* The rarest of the text's double characters; a text of one character is a gram itself. */
static enum db_result
search_rarest_gram(struct user_search *s, const char **rarest)
{
    struct grams all = grams_of(s->key, "", s->arena);
    const char *grams[GRAMS_COMPARED_MAX] = {s->key};
    size_t count = 0;

    for (size_t i = 0; i < all.count && count < GRAMS_COMPARED_MAX; i++) {
        if (all.count == 1 || utf8_length(all.at[i], strlen(all.at[i])) == 2) {
            grams[count++] = all.at[i];
        }
    }
    *rarest = grams[0];
    if (count == 1) {
        return DB_OK;
    }
    for (size_t i = count; i < GRAMS_COMPARED_MAX; i++) {
        grams[i] = grams[0];
    }
    return search_rarest_of(s, grams, rarest);
}

/*
 * The users after the id `after` that have the gram, and the whole text, but not at the beginning
 * of their user name.
 */
static enum db_result
search_grams(struct user_search *s, const char *gram, int64_t after)
{
    struct db_value key = db_bytes(s->key, strlen(s->key));
    enum db_result r = db_run(
        s->db,
        "SELECT " USER_COLUMNS ", username_key FROM "
        "(SELECT user_id FROM user_grams WHERE gram = ? AND user_id > ? ORDER BY user_id LIMIT ?) g "
        "JOIN users ON users.id = g.user_id "
        "WHERE state <> ? AND INSTR(username_key, ?) <> 1 "
        "AND (INSTR(username_key, ?) > 1 OR INSTR(nickname_key, ?) > 0) ORDER BY id LIMIT ?",
        db_text(gram), db_int(after), db_int(USERS_READ_MAX), db_int(USER_DELETED), key, key, key,
        db_int((int64_t)(s->limit + 1 - s->count)));

    return r == DB_OK ? search_read(s) : r;
}

/* The last id that search_grams has read, if there are more after it; otherwise 0. */
static enum db_result
search_read_up_to(struct user_search *s, const char *gram, int64_t after, int64_t *last)
{
    enum db_result r = db_one(s->db,
                              "SELECT user_id FROM user_grams WHERE gram = ? AND user_id > ? "
                              "ORDER BY user_id LIMIT 1 OFFSET ?",
                              db_text(gram), db_int(after), db_int(USERS_READ_MAX - 1));

    *last = 0;
    if (r == DB_NONE) {
        return DB_OK;
    }
    if (r != DB_OK) {
        return r;
    }
    *last = db_get_int(s->db, 0);
    return db_done(s->db);
}

static const char *
search_cursor_by_id(const struct user_search *s, int64_t id)
{
    return arena_printf(s->arena, "%c%lld", BY_ID, (long long)id);
}

/* Fills the rest of a page from the index of grams. */
static enum db_result
search_names(struct user_search *s, int64_t after, const char **next)
{
    size_t by_username = s->count;
    const char *gram;
    int64_t last = 0;
    enum db_result r = search_rarest_gram(s, &gram);

    if (r == DB_OK) {
        r = search_grams(s, gram, after);
    }
    if (r != DB_OK) {
        return r;
    }
    if (search_is_full(s)) {
        last = s->limit > by_username ? s->users[s->limit - 1].id : 0;
        *next = search_cursor_by_id(s, last);
        return DB_OK;
    }
    r = search_read_up_to(s, gram, after, &last);
    *next = last > 0 ? search_cursor_by_id(s, last) : NULL;
    return r;
}

/* The id in a cursor of the second part; 0 if it is malformed. */
static int64_t
search_cursor_id(const char *cursor)
{
    int64_t id;

    cursor++;
    return number_read(&cursor, &id) && id > 0 ? id : 0;
}

enum db_result
users_search(struct db *db, struct arena *a, const char *text, const char *cursor, size_t limit,
             struct user_page *page)
{
    struct user_search s = {
        .db = db,
        .arena = a,
        .key = user_search_key(text, a),
        .limit = limit,
        .users = arena_array(a, limit + 1, sizeof(struct user)),
        .keys = arena_array(a, limit + 1, sizeof(char *)),
    };
    bool by_id = cursor[0] == BY_ID;
    enum db_result r = DB_OK;

    *page = (struct user_page){.users = s.users};
    if (s.key[0] == '\0') {
        return DB_OK;
    }
    if (!by_id) {
        r = search_usernames(&s, cursor);
    }
    if (r == DB_OK && search_is_full(&s)) {
        page->next = s.keys[limit - 1];
    } else if (r == DB_OK) {
        r = search_names(&s, by_id ? search_cursor_id(cursor) : 0, &page->next);
    }
    page->count = search_is_full(&s) ? limit : s.count;
    return r;
}
