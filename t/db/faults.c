/*
 * Every way in which a database can go away and come back: what each call returns in the meantime,
 * and how soon.
 */
#include "db/mysql/db.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "t/db/servers.h"

enum { REFUSAL_MS = 1000 };

static void
sleep_ms(int ms)
{
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static void
kill_connection(struct db *other, struct db *db)
{
    int64_t id = number_of(db, "SELECT CONNECTION_ID()");

    must(other, "KILL %lld", (long long)id);
    sleep_ms(20);
}

static enum db_result
insert(struct db *db, int64_t id)
{
    return db_run(db, "INSERT INTO kept VALUES (?)", db_int(id));
}

static int64_t
count(struct db *db)
{
    return number_of(db, "SELECT COUNT(*) FROM kept");
}

static void
check_killed(struct db *db, struct db *other)
{
    int64_t was;

    must(db, "CREATE TABLE kept (id BIGINT PRIMARY KEY)");
    is_int(insert(db, 1), DB_OK, "set-up: a row is inserted");
    kill_connection(other, db);
    is_int(count(db), 1, "a read succeeds after its idle connection was killed");
    kill_connection(other, db);
    is_int(insert(db, 2), DB_OK, "a write succeeds after its idle connection was killed");
    is_int(count(other), 2, "a write on a new connection is done once");
    kill_connection(other, db);
    is_int(db_run_plain(db, "SELECT FROM WHERE kept"), DB_ERROR,
           "a statement is prepared on a new connection after a kill");

    was = number_of(db, "SELECT CONNECTION_ID()");
    must(db, "SET SESSION wait_timeout = 1");
    sleep_ms(1600);
    is_int(insert(db, 3), DB_OK, "a write succeeds after the server closed its idle connection");
    ok(number_of(db, "SELECT CONNECTION_ID()") != was, "the write used another connection");

    ok(db_run_plain(db, "SELECT a.d FROM " THOUSAND " a JOIN " THOUSAND " b") == DB_OK &&
           db_next(db),
       "set-up: rows are being read");
    must(other, "KILL %lld",
         (long long)number_of(other, "SELECT MAX(id) FROM "
                                     "information_schema.processlist "
                                     "WHERE info LIKE 'SELECT a.d%'"));
    while (db_next(db)) {
    }
    is_int(db_done(db), DB_DOWN,
           "db_done is DB_DOWN if the connection is killed while rows are read");
    is_int(count(db), 3, "a read succeeds after a connection killed while rows were read");

    db_close_idle(db, 1000000);
    was = number_of(db, "SELECT CONNECTION_ID()");
    db_close_idle(db, 1000000);
    is_int(number_of(db, "SELECT CONNECTION_ID()"), was, "db_close_idle keeps a connection in use");
    sleep_ms(5);
    db_close_idle(db, 1);
    ok(number_of(db, "SELECT CONNECTION_ID()") != was,
       "db_close_idle closes an idle connection, which opens again");
}

/* A write whose connection dies while it runs is not sent again: it may have been done. */
struct slow {
    const struct settings *settings;
    pthread_t thread;
    enum db_result result;
};

static void *
write_slowly(void *context)
{
    struct slow *slow = context;
    struct db *db = db_open(slow->settings);

    slow->result = db_run_plain(db, "INSERT INTO kept SELECT 100 + SLEEP(3)");
    db_close(db);
    return NULL;
}

static void
check_unknown(struct db *db, const struct settings *settings)
{
    struct slow slow = {.settings = settings};
    int64_t id = -1;

    (void)pthread_create(&slow.thread, NULL, write_slowly, &slow);
    for (int i = 0; id <= 0 && i < 200; i++) {
        sleep_ms(10);
        id = number_of(db, "SELECT COALESCE(MAX(id), -1) FROM information_schema.processlist WHERE "
                           "info LIKE 'INSERT INTO kept SELECT%'");
    }
    must(db, "KILL %lld", (long long)id);
    (void)pthread_join(slow.thread, NULL);
    is_int(slow.result, DB_DOWN, "a write whose connection dies is DB_DOWN");
    /* MySQL's SLEEP ends early and the row is inserted, MariaDB's fails. */
    ok(number_of(db, "SELECT COUNT(*) FROM kept WHERE id >= 100") <= 1,
       "a write whose connection died is not sent again");
    must(db, "DELETE FROM kept WHERE id >= 100");
}

/* The time that one call takes, in ms. */
static int64_t
time_of_count(struct db *db)
{
    int64_t began = clock_mono_us();

    (void)count(db);
    return (clock_mono_us() - began) / 1000;
}

static void
check_restart(struct db *db)
{
    int slow = 0;

    order("database kill");
    is_int(insert(db, 4), DB_DOWN, "a write to a dead server is DB_DOWN");
    for (int i = 0; i < 500; i++) {
        slow += time_of_count(db) >= 2;
    }
    /* A busy machine interrupts some of them. */
    ok(slow < 50, "calls to a dead server do not wait, and rarely try to connect");
    order("database start");
    sleep_ms(REFUSAL_MS + 50);
    is_int(count(db), 4, "reading succeeds when the server is back");
    is_int(insert(db, 4), DB_OK, "writing succeeds when the server is back");

    order("database stop");
    order("database start");
    is_int(insert(db, 5), DB_OK, "a write succeeds after a restart between two calls");
}

/* A server that hangs costs the time-outs: 10 s, then 3 s for a new connection. */
static void
check_hung(struct db *db)
{
    int64_t began = clock_mono_us(), ms;

    order("database hold");
    is_int(count(db), -1, "a read from a hanging server is DB_DOWN");
    ms = (clock_mono_us() - began) / 1000;
    ok(ms > 9000 && ms < 20000, "a hanging server costs its time-outs");
    ok(time_of_count(db) < 1000, "the next call does not wait for the time-outs again");
    order("database cont");
    sleep_ms(REFUSAL_MS + 50);
    ok(count(db) > 0, "reading succeeds when the hanging server continues");
}

static void
check_deadline(struct db *db)
{
    db_set_deadline(db, clock_mono_us() - 1);
    is_int(insert(db, 6), DB_DOWN, "a statement after the deadline is DB_DOWN");
    ok(db_over_deadline(db), "a deadline can be told from a server that is away");
    db_set_deadline(db, clock_mono_us() + 10 * 1000 * 1000);
    ok(!db_over_deadline(db) && insert(db, 6) == DB_OK, "a statement before the deadline runs");
    db_set_deadline(db, 0);
}

/* Ordinary accounts meet read-only servers, and servers without a free connection. */
static void
check_refused(struct db *root, const struct settings *settings)
{
    struct settings ordinary = *settings;
    struct db *db, *others[12];
    int got = 0;

    ordinary.db_user = "fastchat";
    ordinary.db_database = "fastchat";
    must(root, "CREATE DATABASE fastchat");
    must(root, "CREATE TABLE fastchat.kept (id BIGINT PRIMARY KEY)");
    db = db_open(&ordinary);
    is_int(insert(db, 1), DB_OK, "an ordinary account writes");
    must(root, "SET GLOBAL read_only = 1");
    is_int(insert(db, 2), DB_DOWN, "a write to a read-only server is DB_DOWN");
    is_int(count(db), 1, "a read from a read-only server succeeds");
    must(root, "SET GLOBAL read_only = 0");
    is_int(insert(db, 2), DB_OK, "a write succeeds when the server is writable again");

    must(root, "SET GLOBAL max_connections = 10");
    for (int i = 0; i < 12; i++) {
        others[i] = db_open(&ordinary);
        got += db_connect(others[i]) == DB_OK;
    }
    ok(got > 0 && got < 12, "set-up: the server has no free connection");
    is_int(insert(others[11], 3), DB_DOWN, "a write without a free connection is DB_DOWN");
    for (int i = 0; i < 11; i++) {
        db_close(others[i]);
    }
    sleep_ms(REFUSAL_MS + 50);
    is_int(insert(others[11], 3), DB_OK, "a write succeeds when a connection is free");
    db_close(others[11]);
    db_close(db);
}

/* The server refuses a packet of that size and closes the connection; a second try is useless. */
static void
check_oversized(struct db *db)
{
    enum { SIZE = 70 * 1024 * 1024 };
    char *text = malloc(SIZE + 1);

    if (text == NULL) {
        return;
    }
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    ok(db_run(db, "SELECT LENGTH(?)", db_text(text)) != DB_OK,
       "a value beyond max_allowed_packet is refused");
    ok(count(db) > 0, "a refused value leaves the connection usable");
    free(text);
}

int
main(void)
{
    const struct settings settings = test_settings("db_faults");
    struct db *db = db_open(&settings), *other = db_open(&settings);

    check_killed(db, other);
    check_unknown(db, &settings);
    check_deadline(db);
    check_restart(db);
    check_refused(db, &settings);
    check_oversized(db);

    check_hung(db);
    db_close(db);
    db_close(other);
    return done_testing();
}
