/* Migrations run once, in order, under one lock; one that fails continues where it stopped. */
#include "db/mysql/migrate.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "t/db/servers.h"

static const struct migration two[] = {
    {1, "first",
     "-- A comment; with a semicolon.\n"
     "CREATE TABLE steps (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40));\n"
     "INSERT INTO steps (what) VALUES ('one; \\'quoted\\'');\n"},
    {2, "second", "INSERT INTO steps (what) VALUES ('two')"},
    {0, NULL, NULL},
};
static const struct migration three[] = {
    {1, "first",
     "-- A comment; with a semicolon.\n"
     "CREATE TABLE steps (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40));\n"
     "INSERT INTO steps (what) VALUES ('one; \\'quoted\\'');\n"},
    {2, "second", "INSERT INTO steps (what) VALUES ('two')"},
    {3, "third",
     "INSERT INTO steps (what) VALUES ('three');\n"
     "\n"
     "INSERT INTO missing (what)\n"
     "    VALUES ('four');\n"
     "INSERT INTO steps (what) VALUES ('five');\n"},
    {0, NULL, NULL},
};
static const struct migration changed[] = {
    {1, "first", "CREATE TABLE steps (id INT)"},
    {2, "second", "INSERT INTO steps (what) VALUES ('two')"},
    {0, NULL, NULL},
};
static const struct migration holey[] = {
    {1, "first", "SELECT 1"}, {3, "third", "SELECT 1"}, {0, NULL, NULL}};
static const struct migration slow[] = {
    {1, "slow",
     "CREATE TABLE steps (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40));\n"
     "INSERT INTO steps (what) SELECT CONCAT('slept ', SLEEP(1))"},
    {2, "slower", "INSERT INTO steps (what) SELECT CONCAT('slept again ', SLEEP(1))"},
    {0, NULL, NULL},
};
static const struct migration long_one[] = {
    {1, "long", "CREATE TABLE steps (what VARCHAR(40)); INSERT INTO steps SELECT SLEEP(12)"},
    {0, NULL, NULL},
};

/* One call of migrate_run_list and its output. */
struct call {
    struct settings settings;
    const struct migration *list;
    int to, status;
    char *out, *errors;
    pthread_t thread;
};

static void *
migrate(void *context)
{
    struct call *call = context;
    size_t out_len, errors_len;
    FILE *out, *errors;

    free(call->out);
    free(call->errors);
    out = open_memstream(&call->out, &out_len);
    errors = open_memstream(&call->errors, &errors_len);
    call->status = migrate_run_list(&call->settings, call->list, call->to, out, errors);
    (void)fclose(out);
    (void)fclose(errors);
    return NULL;
}

static int
run(struct call *call, const char *database, const struct migration *list, int to)
{
    call->settings.db_database = database;
    call->list = list;
    call->to = to;
    (void)migrate(call);
    return call->status;
}

static int64_t
steps(struct db *db)
{
    return number_of(db, "SELECT COUNT(*) FROM steps");
}

static bool
says(const char *text, const char *part)
{
    bool found = strstr(text, part) != NULL;

    if (!found) {
        diag("said: %s", text);
    }
    return found;
}

static struct db *
open_database(const struct settings *settings, const char *database, struct settings *own)
{
    *own = *settings;
    own->db_database = database;
    if (db_create_database(own, (char[DB_WHY_SIZE]){""}) != DB_OK) {
        (void)puts("Bail out! no database");
        exit(1);
    }
    return db_open(own);
}

static void
check_fresh(struct call *call)
{
    struct settings s;
    struct db *db;

    is_int(run(call, "m_fresh", two, MIGRATE_ALL), 0,
           "migrate succeeds on a host without the database");
    ok(says(call->out, "migration 1 (first): done"),
       "migrate makes the database and runs the migrations");
    db = open_database(&call->settings, "m_fresh", &s);
    is_int(steps(db), 2, "migrate reads comments and quotes as MySQL does");
    is_int(run(call, "m_fresh", two, MIGRATE_ALL), 0, "migrate succeeds when nothing is missing");
    is_str(call->out, "the database is up to date\n",
           "migrate reports that the database is up to date");
    is_int(steps(db), 2, "migrate runs nothing twice");
    is_int(number_of(db, "SELECT COUNT(*) FROM schema_lock WHERE holder = '' AND ends_at = 0"), 1,
           "migrate releases its lock");
    db_close(db);
}

static void
check_to(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_to", &s);

    is_int(run(call, "m_to", two, 1), 0, "migrate --to 1 succeeds");
    is_int(steps(db), 1, "migrate --to 1 runs the first migration only");
    is_int(run(call, "m_to", two, 3), 1, "migrate --to an unknown number fails");
    ok(says(call->errors, "there is no migration 3; the last one is 2"),
       "migrate --to an unknown number names the last one");
    is_int(run(call, "m_to", two, 2), 0, "migrate --to 2 succeeds after --to 1");
    is_int(steps(db), 2, "migrate --to 2 runs the second migration");
    is_int(run(call, "m_to", two, 1), 0, "migrate --to an earlier number succeeds");
    is_int(steps(db), 2, "migrate never reverts a migration");
    db_close(db);
}

static void
check_refused(struct call *call)
{
    is_int(run(call, "m_fresh", changed, MIGRATE_ALL), 1,
           "migrate fails if a past migration was edited");
    ok(says(call->errors, "migration 1 (first) is not the one that was run"),
       "migrate names the migration that was edited");
    is_int(run(call, "m_to", holey, MIGRATE_ALL), 1, "migrate fails if a number is missing");
    ok(says(call->errors, "no migration 2"), "migrate names the number that is missing");
}

static void
check_failure(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_fresh", &s);

    is_int(run(call, "m_fresh", three, MIGRATE_ALL), 1, "migrate fails if a statement fails");
    ok(says(call->errors, "migration 3 (third) failed at its statement 2 (line 3): 1146 ") &&
           says(call->errors, "INSERT INTO missing (what)\n"),
       "migrate reports the failed statement, its line, and the server's error");
    ok(says(call->errors, "it goes on with this statement"),
       "migrate reports where it will continue");
    is_int(steps(db), 3, "statements before a failed one stay done");
    is_int(run(call, "m_fresh", three, MIGRATE_ALL), 1,
           "a migration fails again while the cause is there");
    is_int(steps(db), 3, "a migration that fails again repeats nothing");
    must(db, "CREATE TABLE missing (what VARCHAR(40))");
    is_int(run(call, "m_fresh", three, MIGRATE_ALL), 0,
           "a migration succeeds once the cause is gone");
    ok(steps(db) == 4 && number_of(db, "SELECT COUNT(*) FROM missing") == 1,
       "a migration continues at the statement that failed");
    is_int(run(call, "m_fresh", two, MIGRATE_ALL), 1, "an older program refuses a newer database");
    ok(says(call->errors, "migration 3 (third) was run, but this program does not have it"),
       "an older program names the migration that it does not have");
    db_close(db);
}

static void
check_two_at_once(const struct settings *settings)
{
    struct call calls[2] = {{.list = slow, .to = MIGRATE_ALL}, {.list = slow, .to = MIGRATE_ALL}};
    struct settings s;
    struct db *db = open_database(settings, "m_two", &s);
    bool waited, idle;

    for (int i = 0; i < 2; i++) {
        calls[i].settings = s;
        (void)pthread_create(&calls[i].thread, NULL, migrate, &calls[i]);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(calls[i].thread, NULL);
    }
    ok(calls[0].status == 0 && calls[1].status == 0,
       "two processes that migrate at once both succeed");
    is_int(steps(db), 2, "two processes that migrate at once run each statement once");
    waited = strstr(calls[0].out, "waiting: ") != NULL || strstr(calls[1].out, "waiting: ");
    idle = strstr(calls[0].out, "up to date") != NULL || strstr(calls[1].out, "up to date");
    ok(waited && idle, "one of two processes waits, names the other, and finds nothing to do");
    for (int i = 0; i < 2; i++) {
        free(calls[i].out);
        free(calls[i].errors);
    }
    db_close(db);
}

static void
check_dead_holder(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_dead", &s);

    is_int(run(call, "m_dead", two, 1), 0, "set-up: the first migration runs");
    must(db, "UPDATE schema_lock SET holder = 'a host that died', ends_at = UNIX_TIMESTAMP() + 1");
    is_int(run(call, "m_dead", two, MIGRATE_ALL), 0,
           "migrate succeeds if a dead host holds the lock");
    ok(says(call->out, "waiting: a host that died migrates"),
       "migrate waits for the lock of a dead host");
    is_int(steps(db), 2, "migrate runs when the lock of a dead host expires");
    db_close(db);
}

/* A process that slept longer than its lock lives loses it to another process. */
static void
check_lost_lock(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_lost", &s);

    call->settings = s;
    call->list = slow;
    call->to = MIGRATE_ALL;
    (void)pthread_create(&call->thread, NULL, migrate, call);
    while (number_of(db, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE "
                         "'INSERT INTO steps%slept %'") != 1) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    must(db, "UPDATE schema_lock SET holder = 'another', ends_at = UNIX_TIMESTAMP() + 100");
    (void)pthread_join(call->thread, NULL);
    is_int(call->status, 1, "migrate fails if it loses its lock");
    ok(says(call->errors, "somebody else migrates this database now"),
       "migrate reports that somebody else has taken the lock");
    is_int(steps(db), 1, "migrate stops before the next statement if it loses its lock");
    is_int(number_of(db, "SELECT COUNT(*) FROM schema_lock WHERE holder = 'another'"), 1,
           "migrate leaves a lost lock with its new holder");
    db_close(db);
}

static void
check_long(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_long", &s);
    int64_t first, last = 0;

    call->settings = s;
    call->list = long_one;
    call->to = MIGRATE_ALL;
    (void)pthread_create(&call->thread, NULL, migrate, call);
    while (number_of(db, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE "
                         "'INSERT INTO steps SELECT SLEEP%'") != 1) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    first = number_of(db, "SELECT ends_at FROM schema_lock WHERE id = 1");
    for (int i = 0; i < 110; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    last = number_of(db, "SELECT ends_at FROM schema_lock WHERE id = 1");
    ok(last >= first + 9, "the lock is renewed while a long statement runs");
    (void)pthread_join(call->thread, NULL);
    is_int(call->status, 0, "a statement may take longer than the usual time-outs");
    is_int(steps(db), 1, "a long statement runs once");
    db_close(db);
}

/* The embedded list, and its state as text. */
static void
check_status(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_status", &s);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    is_int(migrate_status(&s, out, out), 1, "migrate --status of an empty database fails");
    (void)fflush(out);
    ok(says(text, "pending"), "migrate --status shows missing migrations as pending");
    is_int(run(call, "m_status", migrations, MIGRATE_ALL), 0, "the migrations of this program run");
    rewind(out);
    is_int(migrate_status(&s, out, out), 0, "migrate --status succeeds when nothing is missing");
    (void)fflush(out);
    ok(says(text, "done 2") && strstr(text, "pending") == NULL,
       "migrate --status shows when each migration was done");
    must(db, "UPDATE schema_migrations SET finished_at = NULL WHERE number = 1");
    rewind(out);
    is_int(migrate_status(&s, out, out), 1, "migrate --status fails after a failed migration");
    (void)fflush(out);
    ok(says(text, "UNFINISHED"), "migrate --status shows a failed migration as unfinished");
    must(db, "UPDATE schema_migrations SET checksum = '' WHERE number = 1");
    rewind(out);
    is_int(migrate_status(&s, out, out), 1, "migrate --status fails for an edited migration");
    (void)fflush(out);
    ok(says(text, "CHANGED"), "migrate --status shows an edited migration as changed");
    (void)fclose(out);
    free(text);
    db_close(db);
}

/* An account that may use the database, but not make one; and one that may do neither. */
static void
check_accounts(struct call *call, const struct settings *settings)
{
    struct settings s;
    struct db *db = open_database(settings, "m_given", &s);

    must(db, "CREATE USER given@localhost");
    must(db, "GRANT ALL ON m_given.* TO given@localhost");
    call->settings = *settings;
    call->settings.db_user = "given";
    is_int(run(call, "m_given", two, MIGRATE_ALL), 0,
           "an account with rights on one database can migrate it");
    is_int(run(call, "m_other", two, MIGRATE_ALL), 1,
           "an account with rights on one database cannot make another");
    ok(says(call->errors, "m_other cannot be used or made: 1044 Access denied"),
       "migrate shows the server's reason if it cannot make the database");
    db_close(db);
}

int
main(void)
{
    const struct settings settings = test_settings("db_migrations");
    struct call call = {.settings = settings};

    check_fresh(&call);
    check_to(&call);
    check_refused(&call);
    check_failure(&call);
    check_two_at_once(&settings);
    check_dead_holder(&call);
    check_lost_lock(&call);
    check_status(&call);
    check_accounts(&call, &settings);
    call.settings = settings;
    check_long(&call);
    free(call.out);
    free(call.errors);
    return done_testing();
}
