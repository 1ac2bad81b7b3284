/* Migrations run once, in order, under one lock; those that fail go on where they stopped. */
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

/* One call of migrate_run_list, and what it said. */
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

    is_int(run(call, "m_fresh", two, MIGRATE_ALL), 0, "on a host without the database");
    ok(says(call->out, "migration 1 (first): done"), "it is made, and the migrations run");
    db = open_database(&call->settings, "m_fresh", &s);
    is_int(steps(db), 2, "all of them, comments and quotes as MySQL reads them");
    is_int(run(call, "m_fresh", two, MIGRATE_ALL), 0, "run again");
    is_str(call->out, "the database is up to date\n", "there is nothing to do");
    is_int(steps(db), 2, "and nothing is done");
    is_int(number_of(db, "SELECT COUNT(*) FROM schema_lock WHERE holder = '' AND ends_at = 0"), 1,
           "the lock is given back");
    db_close(db);
}

static void
check_to(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_to", &s);

    is_int(run(call, "m_to", two, 1), 0, "--to 1");
    is_int(steps(db), 1, "runs the first one alone");
    is_int(run(call, "m_to", two, 3), 1, "--to a number that there is not");
    ok(says(call->errors, "there is no migration 3; the last one is 2"), "is refused");
    is_int(run(call, "m_to", two, 2), 0, "--to 2");
    is_int(steps(db), 2, "runs the second one");
    is_int(run(call, "m_to", two, 1), 0, "--to what was passed long ago");
    is_int(steps(db), 2, "takes nothing back");
    db_close(db);
}

static void
check_refused(struct call *call)
{
    is_int(run(call, "m_fresh", changed, MIGRATE_ALL), 1, "a past migration with another text");
    ok(says(call->errors, "migration 1 (first) is not the one that was run"), "is refused");
    is_int(run(call, "m_to", holey, MIGRATE_ALL), 1, "a list with a hole");
    ok(says(call->errors, "no migration 2"), "is refused");
}

static void
check_failure(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_fresh", &s);

    is_int(run(call, "m_fresh", three, MIGRATE_ALL), 1, "a migration that fails in its middle");
    ok(says(call->errors, "migration 3 (third) failed at its statement 2 (line 3): 1146 ") &&
           says(call->errors, "INSERT INTO missing (what)\n"),
       "says which statement, where, and the server's words");
    ok(says(call->errors, "it goes on with this statement"), "and how to go on");
    is_int(steps(db), 3, "what stood before it was done");
    is_int(run(call, "m_fresh", three, MIGRATE_ALL), 1, "run again with the cause in place");
    is_int(steps(db), 3, "it fails again, and repeats nothing");
    must(db, "CREATE TABLE missing (what VARCHAR(40))");
    is_int(run(call, "m_fresh", three, MIGRATE_ALL), 0, "run again without the cause");
    ok(steps(db) == 4 && number_of(db, "SELECT COUNT(*) FROM missing") == 1,
       "it goes on where it had stopped");
    is_int(run(call, "m_fresh", two, MIGRATE_ALL), 1, "an older program on that database");
    ok(says(call->errors, "migration 3 (third) was run, but this program does not have it"),
       "is refused");
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
    ok(calls[0].status == 0 && calls[1].status == 0, "two that start at once both succeed");
    is_int(steps(db), 2, "each statement was run once");
    waited = strstr(calls[0].out, "waiting: ") != NULL || strstr(calls[1].out, "waiting: ");
    idle = strstr(calls[0].out, "up to date") != NULL || strstr(calls[1].out, "up to date");
    ok(waited && idle, "one waited, said for whom, and had nothing left to do");
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

    is_int(run(call, "m_dead", two, 1), 0, "a database");
    must(db, "UPDATE schema_lock SET holder = 'a host that died', ends_at = UNIX_TIMESTAMP() + 1");
    is_int(run(call, "m_dead", two, MIGRATE_ALL), 0, "whose lock a dead host holds");
    ok(says(call->out, "waiting: a host that died migrates"), "is waited for");
    is_int(steps(db), 2, "and migrated when that lock ends");
    db_close(db);
}

/* A process that slept for longer than its lock finds that another one has it. */
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
    is_int(call->status, 1, "a lock that somebody else has taken meanwhile");
    ok(says(call->errors, "somebody else migrates this database now"), "ends the work");
    is_int(steps(db), 1, "before the next statement");
    is_int(number_of(db, "SELECT COUNT(*) FROM schema_lock WHERE holder = 'another'"), 1,
           "and stays with who has it");
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
    is_int(call->status, 0, "which may take longer than any other");
    is_int(steps(db), 1, "and is run once");
    db_close(db);
}

/* The list that is built in, and its state in words. */
static void
check_status(struct call *call)
{
    struct settings s;
    struct db *db = open_database(&call->settings, "m_status", &s);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    is_int(migrate_status(&s, out, out), 1, "the status of an empty database");
    (void)fflush(out);
    ok(says(text, "pending"), "is pending");
    is_int(run(call, "m_status", migrations, MIGRATE_ALL), 0, "the migrations of this program run");
    rewind(out);
    is_int(migrate_status(&s, out, out), 0, "and then the status is good");
    (void)fflush(out);
    ok(says(text, "done 2") && strstr(text, "pending") == NULL, "done, and when");
    must(db, "UPDATE schema_migrations SET finished_at = NULL WHERE number = 1");
    rewind(out);
    is_int(migrate_status(&s, out, out), 1, "one that failed");
    (void)fflush(out);
    ok(says(text, "UNFINISHED"), "is unfinished");
    must(db, "UPDATE schema_migrations SET checksum = '' WHERE number = 1");
    rewind(out);
    is_int(migrate_status(&s, out, out), 1, "one with another text");
    (void)fflush(out);
    ok(says(text, "CHANGED"), "has changed");
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
    is_int(run(call, "m_given", two, MIGRATE_ALL), 0, "an account with this database alone");
    is_int(run(call, "m_other", two, MIGRATE_ALL), 1, "may not make another");
    ok(says(call->errors, "m_other cannot be used or made: 1044 Access denied"),
       "and the server's words say why");
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
