/*
 * MySQL commits every ALTER and CREATE by itself, so a migration cannot be rolled back. Instead the
 * number of finished statements is stored after each one, and a migration that failed continues
 * where it stopped.
 */
#include "db/mysql/migrate.h"

#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "db/mysql/db.h"
#include "db/mysql/schema_lock.h"
#include "db/mysql/script.h"

enum { CHECKSUM_SIZE = 65 };

static const char tables_sql[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "number INT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, checksum CHAR(64) NOT NULL, "
    "statements_done INT NOT NULL DEFAULT 0, started_at BIGINT NOT NULL, finished_at BIGINT NULL"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;"
    "CREATE TABLE IF NOT EXISTS schema_lock ("
    "id INT NOT NULL PRIMARY KEY, holder VARCHAR(128) NOT NULL, ends_at BIGINT NOT NULL"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;"
    "INSERT IGNORE INTO schema_lock (id, holder, ends_at) VALUES (1, '', 0);";

/* A migration as recorded in the database. */
struct past {
    int number, statements_done;
    const char *name, *checksum;
    int64_t finished_at; /* 0: not finished */
};

struct run {
    const struct settings *settings;
    const struct migration *list;
    FILE *out, *errors;
    struct db *db;
    struct arena arena;
    struct past *past;
    size_t past_count;
    struct schema_lock lock;
};

static void
migrate_checksum(const char *sql, char text[static CHECKSUM_SIZE])
{
    unsigned char hash[32];

    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)sql, strlen(sql), NULL, 0);
    (void)sodium_bin2hex(text, CHECKSUM_SIZE, hash, sizeof(hash));
}

__attribute__((format(printf, 2, 3))) static bool
migrate_report(struct run *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("fastchat migrate: ", run->errors);
    (void)vfprintf(run->errors, format, args);
    (void)fputc('\n', run->errors);
    va_end(args);
    return false;
}

static bool
migrate_make_tables(struct run *run)
{
    const char *from = tables_sql, *why;
    struct script_part part;
    int line = 1;

    while (script_next(&from, &line, &part)) {
        if (db_execute(run->db, part.at, part.len, &why) != DB_OK) {
            (void)fprintf(run->errors, "fastchat migrate: %s\n", why);
            return false;
        }
    }
    return true;
}

static bool
migrate_read_past(struct run *run)
{
    enum { MOST = 10000 };
    enum db_result r = db_run_plain(
        run->db, "SELECT number, name, checksum, statements_done, finished_at FROM "
                 "schema_migrations ORDER BY number");

    run->past = arena_array(&run->arena, MOST, sizeof(*run->past));
    run->past_count = 0;
    while (r == DB_OK && run->past_count < MOST && db_next(run->db)) {
        run->past[run->past_count++] = (struct past){
            .number = (int)db_get_int(run->db, 0),
            .name = db_get_text(run->db, 1, &run->arena),
            .checksum = db_get_text(run->db, 2, &run->arena),
            .statements_done = (int)db_get_int(run->db, 3),
            .finished_at = db_get_int(run->db, 4),
        };
    }
    return r == DB_OK && db_done(run->db) == DB_OK;
}

static const struct past *
migrate_find_past(const struct run *run, int number)
{
    for (size_t i = 0; i < run->past_count; i++) {
        if (run->past[i].number == number) {
            return &run->past[i];
        }
    }
    return NULL;
}

static int
migrate_last_number(const struct migration *list)
{
    int last = 0;

    for (; list->number != 0; list++) {
        last = list->number;
    }
    return last;
}

/* Numbers are 1, 2, 3 …: checked here and by the build. */
static bool
migrate_check_list(struct run *run, int to)
{
    int expected = 1;

    for (const struct migration *m = run->list; m->number != 0; m++, expected++) {
        if (m->number != expected) {
            (void)fprintf(run->errors, "fastchat migrate: this program has no migration %d\n",
                          expected);
            return false;
        }
    }
    if (to != MIGRATE_ALL && (to < 0 || to >= expected)) {
        (void)fprintf(run->errors,
                      "fastchat migrate: there is no migration %d; the last one is %d\n", to,
                      expected - 1);
        return false;
    }
    return true;
}

/* Whether the recorded migrations are those of this program. */
static bool
migrate_check_past(struct run *run)
{
    int last = migrate_last_number(run->list);

    for (size_t i = 0; i < run->past_count; i++) {
        const struct past *p = &run->past[i];
        char sum[CHECKSUM_SIZE];

        if (p->number < 1 || p->number > last) {
            (void)fprintf(run->errors,
                          "fastchat migrate: migration %d (%s) was run, but this program does not "
                          "have it: the database was made by a newer fastchat. Install that one.\n",
                          p->number, p->name);
            return false;
        }
        migrate_checksum(run->list[p->number - 1].sql, sum);
        if (strcmp(sum, p->checksum) != 0) {
            (void)fprintf(run->errors,
                          "fastchat migrate: migration %d (%s) is not the one that was run: its "
                          "text has changed. Install the fastchat that ran it, or one that was "
                          "released after it; a migration is never edited.\n",
                          p->number, p->name);
            return false;
        }
        if ((size_t)p->number != i + 1 || (p->finished_at == 0 && i + 1 < run->past_count)) {
            (void)fprintf(run->errors,
                          "fastchat migrate: migration %d is missing before number %d in the table "
                          "schema_migrations\n",
                          (size_t)p->number != i + 1 ? (int)i + 1 : p->number,
                          (size_t)p->number != i + 1 ? p->number : p->number + 1);
            return false;
        }
    }
    return true;
}

/* Reports the state after a failure, and how to continue. */
static void
migrate_explain(struct run *run, const struct migration *m, const struct script_part *part,
                int ordinal, const char *why)
{
    (void)fprintf(run->errors,
                  "fastchat migrate: migration %d (%s) failed at its statement %d (line %d): %s\n"
                  "    %.*s\n",
                  m->number, m->name, ordinal, part->line, why, (int)strcspn(part->at, "\n"),
                  part->at);
    if (ordinal > 1) {
        (void)fprintf(run->errors, "  The %d statement%s before it took effect and stay%s.\n",
                      ordinal - 1, ordinal == 2 ? "" : "s", ordinal == 2 ? "s" : "");
    }
    (void)fprintf(run->errors,
                  "  Remove the cause, then run `fastchat migrate` again: it goes on with this "
                  "statement.\n"
                  "  If this statement's effect is already there, first say so:\n"
                  "    UPDATE schema_migrations SET statements_done = %d WHERE number = %d;\n",
                  ordinal, m->number);
}

/* Whether this process still holds the lock: it may have been lost while the host slept. */
static bool
migrate_still_locked(struct run *run)
{
    enum db_result r = schema_lock_check(&run->lock, run->db);

    return r == DB_OK ||
           migrate_report(run, r == DB_CONFLICT
                                   ? "somebody else migrates this database now, since this "
                                     "process did not show for a minute; run it again"
                                   : "the lock of the schema cannot be kept");
}

static bool
migrate_note_done(struct run *run, int number, int statements)
{
    enum db_result r = db_run(run->db,
                              "UPDATE schema_migrations SET statements_done = ? WHERE number = ?",
                              db_int(statements), db_int(number));

    return r == DB_OK || migrate_report(run, "what was done cannot be noted");
}

static bool
migrate_run_statements(struct run *run, const struct migration *m, int done_before)
{
    const char *from = m->sql, *why;
    struct script_part part;
    int line = 1, ordinal = 0;

    while (script_next(&from, &line, &part)) {
        ordinal++;
        if (ordinal <= done_before) {
            continue;
        }
        if (!migrate_still_locked(run)) {
            return false;
        }
        if (db_execute(run->db, part.at, part.len, &why) != DB_OK) {
            migrate_explain(run, m, &part, ordinal, why);
            return false;
        }
        if (!migrate_note_done(run, m->number, ordinal)) {
            return false;
        }
    }
    return true;
}

static bool
migrate_run_one(struct run *run, const struct migration *m)
{
    const struct past *p = migrate_find_past(run, m->number);
    int64_t began = clock_mono_us();
    char sum[CHECKSUM_SIZE];
    enum db_result r = DB_OK;

    migrate_checksum(m->sql, sum);
    if (p == NULL) {
        r = db_run(run->db,
                   "INSERT INTO schema_migrations (number, name, checksum, started_at) "
                   "VALUES (?, ?, ?, ?)",
                   db_int(m->number), db_text(m->name), db_text(sum), db_int(clock_now_ms()));
    }
    if (r != DB_OK) {
        return migrate_report(run, "the beginning of a migration cannot be noted");
    }
    if (!migrate_run_statements(run, m, p == NULL ? 0 : p->statements_done)) {
        return false;
    }
    r = db_run(run->db, "UPDATE schema_migrations SET finished_at = ? WHERE number = ?",
               db_int(clock_now_ms()), db_int(m->number));
    if (r != DB_OK) {
        return migrate_report(run, "the end of a migration cannot be noted");
    }
    (void)fprintf(run->out, "migration %d (%s): done in %lld ms\n", m->number, m->name,
                  (long long)((clock_mono_us() - began) / 1000));
    (void)fflush(run->out);
    return true;
}

static bool
migrate_run_pending(struct run *run, int to)
{
    int count = 0;

    for (const struct migration *m = run->list; m->number != 0; m++) {
        const struct past *p = migrate_find_past(run, m->number);

        if ((p != NULL && p->finished_at != 0) || (to != MIGRATE_ALL && m->number > to)) {
            continue;
        }
        if (!migrate_run_one(run, m)) {
            return false;
        }
        count++;
    }
    if (count == 0) {
        (void)fputs("the database is up to date\n", run->out);
    }
    return true;
}

/* Connects run->db to the database and makes the tables of this file. */
static bool
migrate_prepare(struct run *run)
{
    char why[DB_WHY_SIZE];

    run->db = db_open(run->settings);
    db_allow_long(run->db);
    if (db_create_database(run->settings, why) != DB_OK) {
        return migrate_report(run, "the database cannot be reached or made: %s", why);
    }
    if (db_connect(run->db) != DB_OK) {
        return migrate_report(run, "the database cannot be reached: %s", db_why(run->db));
    }
    return migrate_make_tables(run);
}

int
migrate_run_list(const struct settings *settings, const struct migration *list, int to, FILE *out,
                 FILE *errors)
{
    struct run run = {.settings = settings, .list = list, .out = out, .errors = errors};
    bool good = migrate_check_list(&run, to) && migrate_prepare(&run);

    if (good && !schema_lock_take(&run.lock, settings, run.db, out)) {
        good = migrate_report(&run, "the lock of the schema cannot be taken");
    } else if (good) {
        good = (migrate_read_past(&run) ||
                migrate_report(&run, "the list of past migrations cannot be read")) &&
               migrate_check_past(&run) && migrate_run_pending(&run, to);
        schema_lock_release(&run.lock, run.db);
    }
    db_close(run.db);
    arena_free(&run.arena);
    return good ? 0 : 1;
}

int
migrate_run(const struct settings *settings, int to, FILE *out, FILE *errors)
{
    return migrate_run_list(settings, migrations, to, out, errors);
}

/* Prints one line. Returns false if the migration is pending, unfinished or changed. */
static bool
migrate_print_status(const struct run *run, const struct migration *m)
{
    const struct past *p = migrate_find_past(run, m->number);
    char when[CLOCK_TEXT_SIZE], sum[CHECKSUM_SIZE];
    const char *state = "done";

    migrate_checksum(m->sql, sum);
    if (p == NULL) {
        state = "pending";
    } else if (strcmp(p->checksum, sum) != 0) {
        state = "CHANGED since it was run";
    } else if (p->finished_at == 0) {
        state = "UNFINISHED: it is running now, or has failed; `fastchat migrate` goes on with it";
    } else {
        (void)clock_format(p->finished_at, when);
    }
    (void)fprintf(run->out, "%4d  %-24s %s %s\n", m->number, m->name, state,
                  strcmp(state, "done") == 0 ? when : "");
    return strcmp(state, "done") == 0;
}

/* Reads what was run; false if it cannot be read. */
static bool
migrate_look_up_past(struct run *run)
{
    enum db_result r;

    if (db_connect(run->db) != DB_OK) {
        return migrate_report(run, "the database cannot be reached: %s", db_why(run->db));
    }
    r = db_one(run->db,
               "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND "
               "table_name = ?",
               db_text("schema_migrations"));
    if (r == DB_NONE) {
        return true;
    }
    return (r == DB_OK && db_done(run->db) == DB_OK && migrate_read_past(run)) ||
           migrate_report(run, "the list of past migrations cannot be read");
}

static bool
migrate_print_all(struct run *run)
{
    int last = migrate_last_number(run->list);
    bool good = true;

    for (const struct migration *m = run->list; m->number != 0; m++) {
        good = migrate_print_status(run, m) && good;
    }
    for (size_t i = 0; i < run->past_count; i++) {
        if (run->past[i].number < 1 || run->past[i].number > last) {
            (void)fprintf(run->out, "%4d  %-24s run by a newer fastchat\n", run->past[i].number,
                          run->past[i].name);
            good = false;
        }
    }
    return good;
}

int
migrate_status(const struct settings *settings, FILE *out, FILE *errors)
{
    struct run run = {.settings = settings, .list = migrations, .out = out, .errors = errors};
    bool good;

    run.db = db_open(settings);
    good = migrate_look_up_past(&run) && migrate_print_all(&run);
    db_close(run.db);
    arena_free(&run.arena);
    return good ? 0 : 1;
}
