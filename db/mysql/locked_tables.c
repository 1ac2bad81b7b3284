/*
 * A read that has waited in vain shows that one of its tables is locked. A statement that needs all
 * of these tables will wait, too; one that needs only some of them may not. So sets of tables are
 * noted, and a read that succeeds takes back those that it contains. (What happens inside a
 * transaction shows nothing: it may have waited for a row, which keeps no read waiting.)
 *
 * The names are found in the text of the statement, since no server tells a client what a statement
 * waits for. While no table is locked, all this costs one atomic load.
 */
#include "db/mysql/locked_tables.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"

enum {
    TABLES = 64,                 /* bits of a set */
    SETS = 8,                    /* noted at a time */
    FORGET_US = 2 * 1000 * 1000, /* a set that no read has met again since */
    IN_VAIN_US = TABLE_LOCK_SECONDS * 900 * 1000,
};

/* A set of tables of which one is locked. */
struct locked_set {
    uint64_t tables;
    bool is_waited_for;
    int64_t met_us; /* when a read last waited in vain */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct locked_set sets[SETS];
static atomic_size_t set_count;

/* The names of tables, by their bit; they stand in the statements. */
static struct {
    const char *at;
    size_t len;
} names[TABLES];

static bool
word_is(const char *word, size_t len, const char *other)
{
    return strlen(other) == len && memcmp(word, other, len) == 0;
}

/* With the lock. Tables beyond the last bit share it. */
static uint64_t
table_bit(const char *name, size_t len)
{
    size_t i = 0;

    while (i < TABLES - 1 && names[i].at != NULL &&
           !(names[i].len == len && memcmp(names[i].at, name, len) == 0)) {
        i++;
    }
    names[i].at = name;
    names[i].len = len;
    return UINT64_C(1) << i;
}

/* With the lock: the tables that a statement names. */
static uint64_t
tables_of(const char *sql)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    bool is_table = false; /* the next word */
    uint64_t tables = 0;

    while (*sql != '\0') {
        size_t len = strspn(sql, letters);

        if (len == 0) {
            is_table = is_table && *sql == ' ';
            sql++;
            continue;
        }
        tables |= is_table ? table_bit(sql, len) : 0;
        is_table = word_is(sql, len, "FROM") || word_is(sql, len, "JOIN") ||
                   word_is(sql, len, "INTO") || word_is(sql, len, "UPDATE");
        sql += len;
    }
    return tables;
}

static bool
set_contains(uint64_t tables, uint64_t others)
{
    return (others & ~tables) == 0;
}

/* With the lock. */
static void
set_remove(size_t i)
{
    size_t count = atomic_load(&set_count) - 1;

    sets[i] = sets[count];
    atomic_store(&set_count, count);
}

/* With the lock: one of these tables is locked. Sets that contain all of them tell nothing more. */
static void
set_note(uint64_t tables)
{
    int64_t now = clock_mono_us();

    for (size_t i = atomic_load(&set_count); i-- > 0;) {
        if (set_contains(tables, sets[i].tables)) {
            sets[i].met_us = now;
            return;
        }
        if (set_contains(sets[i].tables, tables)) {
            set_remove(i);
        }
    }
    if (atomic_load(&set_count) < SETS) {
        sets[atomic_load(&set_count)] = (struct locked_set){.tables = tables, .met_us = now};
        (void)atomic_fetch_add(&set_count, 1);
    }
}

/* With the lock. Returns false if another thread waits for a set that `tables` contains. */
static bool
sets_admit(uint64_t tables, bool *waits)
{
    int64_t now = clock_mono_us();

    for (size_t i = atomic_load(&set_count); i-- > 0;) {
        if (!sets[i].is_waited_for && now - sets[i].met_us > FORGET_US) {
            set_remove(i);
        } else if (sets[i].is_waited_for && set_contains(tables, sets[i].tables)) {
            return false;
        }
    }
    for (size_t i = 0; i < atomic_load(&set_count); i++) {
        if (set_contains(tables, sets[i].tables)) {
            *waits = sets[i].is_waited_for = true;
        }
    }
    return true;
}

bool
locked_tables_admit(struct db *db, const char *sql, bool *waits)
{
    bool admitted;

    *waits = false;
    if (atomic_load_explicit(&set_count, memory_order_relaxed) == 0) {
        return true;
    }
    (void)pthread_mutex_lock(&lock);
    admitted = sets_admit(tables_of(sql), waits);
    (void)pthread_mutex_unlock(&lock);
    if (!admitted) {
        db->obstacle = DB_OBSTACLE_LOCKED;
    }
    return admitted;
}

void
locked_tables_note(const struct db *db, const char *sql, bool waits, enum db_result r)
{
    bool is_read = !db->in_transaction && strncmp(sql, "SELECT", 6) == 0;
    bool in_vain = is_read && r == DB_DOWN && db->obstacle == DB_OBSTACLE_LOCKED &&
                   db->call_us > IN_VAIN_US;
    uint64_t tables;

    if (!in_vain && atomic_load_explicit(&set_count, memory_order_relaxed) == 0) {
        return;
    }
    (void)pthread_mutex_lock(&lock);
    tables = tables_of(sql);
    for (size_t i = atomic_load(&set_count); i-- > 0;) {
        if (!set_contains(tables, sets[i].tables)) {
            continue;
        }
        sets[i].is_waited_for = sets[i].is_waited_for && !waits;
        if (is_read && r == DB_OK) {
            set_remove(i);
        }
    }
    if (in_vain && tables != 0) {
        set_note(tables);
    }
    (void)pthread_mutex_unlock(&lock);
}
