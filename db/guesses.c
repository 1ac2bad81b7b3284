/* Rows in MySQL, not counters in Redis: they are few, they are exact, and no wipe forgets them. */
#include "db/guesses.h"

#include <string.h>

#include "base/clock.h"
#include "base/network.h"
#include "base/unicode.h"

enum {
    FREE_IN_NETWORK = 5,
    FREE_IN_ACCOUNT = 50, /* several networks together */
    WAIT_MAX_SECONDS = 60,
    ADDRESSES_MAX = 50,      /* of one user that are remembered */
    FORGET_MS = 3600 * 1000, /* failures are forgotten after an hour without a guess */
};

#define KNOWN_MS (180 * INT64_C(86400000))
#define DAY_MS INT64_C(86400000)

/* A counter: the account, or the account and a network; a name without one counts in any case. */
static char *
guess_subject(struct arena *a, const struct guess *guess, const char *network)
{
    if (guess->user_id != 0) {
        return arena_printf(a, "%lld %s", (long long)guess->user_id, network);
    }
    return arena_printf(a, "~%.128s %s", unicode_fold(guess->username, a), network);
}

struct guess_counters {
    char *in_network, *in_account;
};

static struct guess_counters
guess_find_counters(struct arena *a, const struct guess *guess)
{
    char network[NETWORK_SIZE];

    network_of(guess->address, 24, 48, network);
    return (struct guess_counters){guess_subject(a, guess, network), guess_subject(a, guess, "")};
}

static enum db_result
guess_is_from_known_address(struct db *db, const struct guess *guess, bool *known)
{
    char address[NETWORK_SIZE];
    enum db_result r;

    *known = false;
    if (guess->user_id == 0) {
        return DB_OK;
    }
    network_of(guess->address, 32, 64, address);
    r = db_one(db,
               "SELECT 1 FROM known_addresses WHERE user_id = ? AND address = ? AND seen_at > ?",
               db_int(guess->user_id), db_text(address), db_int(clock_now_ms() - KNOWN_MS));
    if (r != DB_OK) {
        return r == DB_NONE ? DB_OK : r;
    }
    *known = true;
    return db_done(db);
}

struct guess_count {
    struct guess_counters counters;
    int64_t now;
    int64_t wait_ms;
};

/* How long the guess after this many failures has to wait. */
static int64_t
guess_wait_ms(int64_t failures, int64_t free_failures)
{
    int64_t over = failures - free_failures;

    if (over <= 0) {
        return 0;
    }
    return over > 6 ? WAIT_MAX_SECONDS * 1000 : INT64_C(1000) << (over - 1);
}

/* Adds a failure to a counter. DB_CONFLICT with c->wait_ms if the guess has to wait. */
static enum db_result
guess_add_failure(struct db *db, struct guess_count *c, const char *subject, int64_t free_failures)
{
    int64_t failures, next_at;
    /* Makes the row if there is none, and locks it. */
    enum db_result r = db_run(db,
                              "INSERT INTO guesses (subject, failures, next_at, updated_at) "
                              "VALUES (?, 0, 0, ?) ON DUPLICATE KEY UPDATE "
                              "failures = IF(updated_at < ?, 0, failures)",
                              db_text(subject), db_int(c->now), db_int(c->now - FORGET_MS));

    if (r != DB_OK) {
        return r;
    }
    r = db_one(db, "SELECT failures, next_at FROM guesses WHERE subject = ?", db_text(subject));
    if (r != DB_OK) {
        return r;
    }
    failures = db_get_int(db, 0) + 1;
    next_at = db_get_int(db, 1);
    r = db_done(db);
    if (r != DB_OK) {
        return r;
    }
    if (c->now < next_at) {
        c->wait_ms = next_at - c->now;
        return DB_CONFLICT;
    }
    return db_run(db,
                  "UPDATE guesses SET failures = ?, next_at = ?, updated_at = ? WHERE subject = ?",
                  db_int(failures), db_int(c->now + guess_wait_ms(failures, free_failures)),
                  db_int(c->now), db_text(subject));
}

static enum db_result
guess_count_body(struct db *db, void *context)
{
    struct guess_count *c = context;
    enum db_result r = guess_add_failure(db, c, c->counters.in_network, FREE_IN_NETWORK);

    return r == DB_OK ? guess_add_failure(db, c, c->counters.in_account, FREE_IN_ACCOUNT) : r;
}

enum db_result
guesses_count(struct caller *caller, struct guess *guess, int *wait_seconds)
{
    struct guess_count count = {.now = clock_now_ms()};
    bool known;
    enum db_result r = guess_is_from_known_address(caller->db, guess, &known);

    *wait_seconds = 0;
    if (r != DB_OK || known) {
        return r;
    }
    count.counters = guess_find_counters(caller->arena, guess);
    r = db_transaction(caller->db, DB_ONCE, guess_count_body, &count);
    if (r == DB_CONFLICT) {
        *wait_seconds = (int)((count.wait_ms + 999) / 1000);
        return DB_OK;
    }
    guess->is_counted = r == DB_OK;
    return r;
}

static enum db_result
guess_take_back(struct db *db, const char *subject)
{
    return db_run(db,
                  "UPDATE guesses SET failures = GREATEST(failures - 1, 0), next_at = 0 "
                  "WHERE subject = ?",
                  db_text(subject));
}

/* Remembers the address; beyond ADDRESSES_MAX, forgets those seen the longest ago. */
static enum db_result
guess_remember_address(struct db *db, const struct guess *guess)
{
    int64_t now = clock_now_ms(), count;
    char address[NETWORK_SIZE];
    enum db_result r;

    network_of(guess->address, 32, 64, address);
    r = db_run(db,
               "INSERT INTO known_addresses (user_id, address, seen_at) VALUES (?, ?, ?) "
               "ON DUPLICATE KEY UPDATE seen_at = IF(seen_at < ?, ?, seen_at)",
               db_int(guess->user_id), db_text(address), db_int(now), db_int(now - DAY_MS),
               db_int(now));
    if (r != DB_OK) {
        return r;
    }
    r = db_one(db, "SELECT COUNT(*) FROM known_addresses WHERE user_id = ?",
               db_int(guess->user_id));
    if (r != DB_OK) {
        return r;
    }
    count = db_get_int(db, 0);
    r = db_done(db);
    if (r != DB_OK || count <= ADDRESSES_MAX) {
        return r;
    }
    return db_run(db, "DELETE FROM known_addresses WHERE user_id = ? ORDER BY seen_at LIMIT ?",
                  db_int(guess->user_id), db_int(count - ADDRESSES_MAX));
}

void
guesses_succeed(struct caller *caller, const struct guess *guess)
{
    if (guess->is_counted) {
        struct guess_counters counters = guess_find_counters(caller->arena, guess);

        (void)!guess_take_back(caller->db, counters.in_network);
        (void)!guess_take_back(caller->db, counters.in_account);
    }
    (void)!guess_remember_address(caller->db, guess);
}

static enum db_result
guesses_delete(struct db *db, const char *sql, int64_t before, size_t limit, uint64_t *deleted)
{
    enum db_result r = db_run(db, sql, db_int(before), db_int((int64_t)limit));

    *deleted = r == DB_OK ? db_affected(db) : 0;
    return r;
}

enum db_result
guesses_purge(struct db *db, size_t limit, uint64_t *deleted)
{
    int64_t now = clock_now_ms();
    uint64_t addresses;
    enum db_result r = guesses_delete(db, "DELETE FROM guesses WHERE updated_at < ? LIMIT ?",
                                      now - FORGET_MS, limit, deleted);

    if (r != DB_OK) {
        return r;
    }
    r = guesses_delete(db, "DELETE FROM known_addresses WHERE seen_at < ? LIMIT ?", now - KNOWN_MS,
                       limit, &addresses);
    *deleted += addresses;
    return r;
}
