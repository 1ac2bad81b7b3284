/*
 * Transactions that meet deadlocks, lost connections or deadlines are run again or rolled back,
 * never half done.
 */
#include "db/mysql/db.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "t/db/servers.h"

/* The transactions of this file move money from one account to another. */
struct transfer {
    const struct settings *settings;
    struct db *other; /* a second connection, for another client */
    int from, to, runs;
    int64_t id;              /* of the connection that the body ran on */
    pthread_barrier_t *both; /* waited for between the two updates of the first run */
    enum db_result answer;   /* the result of the body */
    enum { QUIETLY, KILLED, KILLED_BEFORE_COMMIT, LATE, LATE_AT_COMMIT } how;
};

static int64_t
balance(struct db *db, int id)
{
    int64_t n = -1;

    if (db_one(db, "SELECT balance FROM accounts WHERE id = ?", db_int(id)) == DB_OK) {
        n = db_get_int(db, 0);
        (void)db_done(db);
    }
    return n;
}

static void
reset(struct db *db)
{
    must(db, "DROP TABLE IF EXISTS accounts");
    must(db, "CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)");
    must(db, "INSERT INTO accounts VALUES (1, 100), (2, 100)");
}

static enum db_result
move_body(struct db *db, void *context)
{
    struct transfer *t = context;
    enum db_result r;

    t->runs++;
    t->id = number_of(db, "SELECT CONNECTION_ID()");
    r = db_run(db, "UPDATE accounts SET balance = balance - 1 WHERE id = ?", db_int(t->from));
    if (r != DB_OK) {
        return r;
    }
    if (t->runs == 1 && t->both != NULL) {
        (void)pthread_barrier_wait(t->both);
    }
    if (t->runs == 1 && t->how == KILLED) {
        must(t->other, "KILL %lld", (long long)t->id);
    }
    if (t->how == LATE) {
        db_set_deadline(db, clock_mono_us() - 1);
    }
    r = db_run(db, "UPDATE accounts SET balance = balance + 1 WHERE id = ?", db_int(t->to));
    if (t->runs == 1 && t->how == KILLED_BEFORE_COMMIT) {
        must(t->other, "KILL %lld", (long long)t->id);
    }
    if (t->how == LATE_AT_COMMIT) {
        db_set_deadline(db, clock_mono_us() - 1);
    }
    return r == DB_OK ? t->answer : r;
}

static void
check_plain(struct db *db, struct db *other)
{
    struct transfer t = {.from = 1, .to = 2};

    reset(db);
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_OK, "a transaction commits");
    ok(balance(other, 1) == 99 && balance(other, 2) == 101, "others see a committed transaction");
    t.answer = DB_FORBIDDEN;
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_FORBIDDEN,
           "a transaction returns the refusal of its body");
    ok(balance(other, 1) == 99 && t.runs == 2,
       "a refused transaction is rolled back and not run again");
    is_int(number_of(other, "SELECT COUNT(*) FROM accounts FOR UPDATE NOWAIT"), 2,
           "a refused transaction leaves no lock");
}

static enum db_result
nested_body(struct db *db, void *context)
{
    return db_transaction(db, DB_ONCE, move_body, context);
}

static enum db_result
unread_body(struct db *db, void *context)
{
    (void)context;
    if (db_run_plain(db, "SELECT id FROM accounts FOR UPDATE") != DB_OK || !db_next(db)) {
        return DB_ERROR;
    }
    return DB_OK;
}

/* Raises the server's deadlock error. MySQL does not prepare SIGNAL itself. */
#define DEADLOCK "CALL deadlock()"

static enum db_result
retry_body(struct db *db, void *context)
{
    int *runs = context;

    if (++*runs < 3) {
        return db_run_plain(db, DEADLOCK);
    }
    return db_run(db, "UPDATE accounts SET balance = ? WHERE id = 1", db_int(*runs));
}

static enum db_result
endless_body(struct db *db, void *context)
{
    ++*(int *)context;
    return db_run_plain(db, DEADLOCK);
}

static void
check_retry(struct db *db, struct db *other)
{
    struct transfer t = {.from = 1, .to = 2};
    int runs = 0;

    reset(db);
    must(db, "CREATE PROCEDURE deadlock() SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213");
    is_int(db_transaction(db, DB_ONCE, nested_body, &t), DB_ERROR,
           "a transaction inside a transaction is refused");
    ok(balance(other, 1) == 100 && t.runs == 0, "a nested transaction does nothing");
    is_int(db_transaction(db, DB_ONCE, unread_body, NULL), DB_OK,
           "a body that leaves rows unread can be committed");
    is_int(db_transaction(db, DB_ONCE, retry_body, &runs), DB_OK,
           "a transaction succeeds after deadlocks");
    is_int(balance(other, 1), 3, "a transaction runs until it meets no deadlock");
    runs = 0;
    is_int(db_transaction(db, DB_ONCE, endless_body, &runs), DB_DOWN,
           "a transaction that always meets deadlocks is DB_DOWN");
    is_int(runs, 5, "a transaction that always meets deadlocks runs five times");
}

struct side {
    struct transfer transfer;
    struct db *db;
    enum db_result result;
    pthread_t thread;
};

static void *
run_side(void *context)
{
    struct side *side = context;

    side->db = db_open(side->transfer.settings);
    side->result = db_transaction(side->db, DB_ONCE, move_body, &side->transfer);
    db_close(side->db);
    return NULL;
}

static void
check_deadlock(struct db *db, const struct settings *settings)
{
    pthread_barrier_t both;
    struct side sides[2] = {{.transfer = {.from = 1, .to = 2}}, {.transfer = {.from = 2, .to = 1}}};

    reset(db);
    (void)pthread_barrier_init(&both, NULL, 2);
    for (int i = 0; i < 2; i++) {
        sides[i].transfer.settings = settings;
        sides[i].transfer.both = &both;
        (void)pthread_create(&sides[i].thread, NULL, run_side, &sides[i]);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(sides[i].thread, NULL);
    }
    ok(sides[0].result == DB_OK && sides[1].result == DB_OK,
       "two transactions in a deadlock both commit");
    is_int(sides[0].transfer.runs + sides[1].transfer.runs, 3,
           "one of two transactions in a deadlock runs twice");
    ok(balance(db, 1) == 100 && balance(db, 2) == 100,
       "both transactions of a deadlock do their work once");
    (void)pthread_barrier_destroy(&both);
}

static void
check_killed(struct db *db, struct db *other)
{
    struct transfer t = {.other = other, .from = 1, .to = 2, .how = KILLED};

    reset(other);
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_OK,
           "a transaction survives a connection killed between statements");
    is_int(t.runs, 2, "a transaction runs again on a new connection");
    ok(balance(other, 1) == 99 && balance(other, 2) == 101,
       "a transaction on a new connection does its work once");

    t = (struct transfer){.other = other, .from = 1, .to = 2, .how = KILLED_BEFORE_COMMIT};
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_OK,
           "a transaction survives a connection lost before COMMIT");
    ok(t.runs == 2 && balance(other, 1) == 98 && balance(other, 2) == 102,
       "nothing was committed if the connection was lost before COMMIT");
}

/* A deadline that passes inside a transaction must leave neither locks nor half of it. */
static void
check_deadline(struct db *db, struct db *other)
{
    struct transfer t = {.from = 1, .to = 2, .how = LATE};

    reset(db);
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_DOWN,
           "a deadline between two statements is DB_DOWN");
    ok(db_over_deadline(db) && t.runs == 1,
       "a deadline ends the transaction and can be told from other reasons");
    is_int(number_of(other, "SELECT COUNT(*) FROM accounts FOR UPDATE NOWAIT"), 2,
           "a deadline leaves no lock");
    db_set_deadline(db, 0);
    t.how = QUIETLY;
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_OK,
           "the transaction of the next request commits");
    ok(balance(other, 1) == 99 && balance(other, 2) == 101,
       "the next request commits nothing of the one before");

    t.how = LATE_AT_COMMIT;
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_OK,
           "a deadline after the last statement does not fail the transaction");
    ok(balance(other, 1) == 98 && balance(other, 2) == 102,
       "a deadline after the last statement does not prevent the commit");
    db_set_deadline(db, 0);
}

/* Another client holds a lock longer than a statement waits for it. */
struct holder {
    const struct settings *settings;
    pthread_t thread;
    atomic_bool holds;
    int seconds;
};

static enum db_result
hold_body(struct db *db, void *context)
{
    struct holder *holder = context;
    enum db_result r = db_run_plain(db, "UPDATE accounts SET balance = balance WHERE id = 1");

    atomic_store(&holder->holds, true);
    (void)nanosleep(&(struct timespec){.tv_sec = holder->seconds}, NULL);
    return r;
}

static void *
hold(void *context)
{
    struct holder *holder = context;
    struct db *db = db_open(holder->settings);

    (void)!db_transaction(db, DB_ONCE, hold_body, holder);
    db_close(db);
    return NULL;
}

static void
start_holding(struct holder *holder)
{
    atomic_store(&holder->holds, false);
    (void)pthread_create(&holder->thread, NULL, hold, holder);
    while (!atomic_load(&holder->holds)) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* The server sends such an error with the rows, not when the statement is sent. */
static enum db_result
lock_body(struct db *db, void *context)
{
    enum db_result r;

    ++*(int *)context;
    r = db_one(db, "SELECT balance FROM accounts WHERE id <= ? FOR UPDATE", db_int(1));
    if (r != DB_OK) {
        return r;
    }
    return db_done(db);
}

static void
check_lock_wait(struct db *db, const struct settings *settings)
{
    struct holder holder = {.settings = settings, .seconds = 3};
    struct transfer t = {.from = 2, .to = 1};
    int runs = 0;

    reset(db);
    must(db, "SET SESSION innodb_lock_wait_timeout = 1");
    start_holding(&holder);
    is_int(db_transaction(db, DB_ONCE, move_body, &t), DB_OK,
           "a transaction waits for a lock beyond a statement's time-out");
    ok(t.runs > 1, "a transaction gets a long-held lock in a later run");
    ok(balance(db, 1) == 101 && balance(db, 2) == 99,
       "a transaction that waited for a lock does its work once");
    (void)pthread_join(holder.thread, NULL);

    start_holding(&holder);
    is_int(db_transaction(db, DB_ONCE, lock_body, &runs), DB_OK,
           "a locking read does not take a locked row for a missing one");
    ok(runs > 1, "a locking read waits for a locked row");
    (void)pthread_join(holder.thread, NULL);

    start_holding(&holder);
    is_int(db_one(db, "SELECT balance FROM accounts WHERE id <= ? FOR UPDATE", db_int(1)), DB_DOWN,
           "a lock time-out outside a transaction is DB_DOWN");
    (void)pthread_join(holder.thread, NULL);
}

struct crash {
    int runs;
    int64_t died; /* when the server was dead */
};

/* The server dies inside a body, and is away for longer than all retries. */
static enum db_result
crash_body(struct db *db, void *context)
{
    struct crash *crash = context;
    enum db_result r = db_run_plain(db, "UPDATE accounts SET balance = 0 WHERE id = 1");

    if (++crash->runs == 1) {
        order("database kill");
        crash->died = clock_mono_us();
        return db_run_plain(db, "UPDATE accounts SET balance = 0 WHERE id = 2");
    }
    return r;
}

static void
check_crash(struct db *db)
{
    struct crash crash = {0};

    reset(db);
    is_int(db_transaction(db, DB_REPEATABLE, crash_body, &crash), DB_DOWN,
           "a transaction is DB_DOWN if the server dies and stays away");
    ok(clock_mono_us() - crash.died < 2500000, "a dead server costs a transaction less than 2.5 s");
    order("database start");
    (void)nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    is_int(balance(db, 1), 100, "a transaction that met the death of the server changed nothing");
    is_int(db_transaction(db, DB_REPEATABLE, crash_body, &crash), DB_OK,
           "a transaction succeeds on the restarted server");
}

/* A transfer as one compound statement: it returns the payer's balance, -1 without an account. */
static const char transfer[] =
    "BEGIN NOT ATOMIC ROLLBACK; START TRANSACTION; UPDATE accounts SET balance = "
    "LAST_INSERT_ID(balance - 1) WHERE id = ?; IF ROW_COUNT() = 1 THEN INSERT INTO receipts "
    "VALUES (?, ?); ELSE DO LAST_INSERT_ID(-1); END IF; COMMIT; SELECT CAST(LAST_INSERT_ID() AS "
    "SIGNED); END";

static enum db_result
transfer_once(struct db *db, int id, const char *receipt, int64_t *left)
{
    enum db_result r = db_compound(db, transfer, db_int(id), db_int(id), db_text(receipt));

    *left = -2;
    if (r != DB_OK) {
        return r;
    }
    *left = db_get_int(db, 0);
    return db_done(db);
}

static void
reset_receipts(struct db *db)
{
    reset(db);
    must(db, "DROP TABLE IF EXISTS receipts");
    must(db, "CREATE TABLE receipts (account INT NOT NULL, words VARCHAR(2000) "
             "CHARACTER SET ascii NOT NULL UNIQUE)");
}

static void
check_compound(struct db *db, struct db *other)
{
    char words[2000];
    int64_t left;
    int wrong = 0;

    reset_receipts(db);
    if (number_of(other, "SELECT VERSION() LIKE '%MariaDB%'") == 0) {
        ok(!db_has_compounds(db), "MySQL has no compounds that can be prepared");
        return;
    }
    ok(db_has_compounds(db), "compounds work on MariaDB with this client library");
    for (int i = 0; i < 50; i++) {
        (void)snprintf(words, sizeof(words), "%0*d", i * 30 + 1, i);
        wrong += transfer_once(db, 1, words, &left) != DB_OK || left != 99 - i;
    }
    is_int(wrong, 0, "a compound runs fifty times on one connection, with values of any length");
    is_int(transfer_once(db, 3, "none", &left), DB_OK, "a compound that finds no row succeeds");
    is_int(left, -1, "a compound that finds no row returns its own sign of that");
    is_int(transfer_once(db, 1, words, &left), DB_EXISTS,
           "a compound that a unique key refuses is DB_EXISTS");
    is_int(balance(other, 1), 50, "a refused compound changes nothing");
    must(other, "SET innodb_lock_wait_timeout = 1");
    must(other, "UPDATE accounts SET balance = balance WHERE id = 1");
    ok(true, "a refused compound leaves no lock");
    must(other, "KILL %lld", (long long)number_of(db, "SELECT CONNECTION_ID()"));
    is_int(transfer_once(db, 1, "after a kill", &left), DB_OK,
           "a compound on a lost connection runs on a new one");
    is_int(left, 49, "a compound on a new connection does its work once");
    is_int(number_of(other, "SELECT COUNT(*) FROM receipts"), 51, "no compound was run twice");
}

int
main(void)
{
    const struct settings settings = test_settings("db_transactions");
    struct db *db = db_open(&settings), *other = db_open(&settings);

    check_plain(db, other);
    check_retry(db, other);
    check_deadlock(db, &settings);
    check_killed(db, other);
    check_deadline(db, other);
    check_lock_wait(db, &settings);
    check_compound(db, other);
    check_crash(db);
    db_close(db);
    db_close(other);
    return done_testing();
}
