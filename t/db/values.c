/* What is written is what is read, and statements that were left half read harm nobody. */
#include "db/mysql/db.h"

#include <string.h>

#include "t/db/servers.h"

static void
check_integers(struct db *db)
{
    static const int64_t numbers[] = {0, 1, -1, INT32_MIN, INT64_MAX, INT64_MIN};
    bool same = true;

    must(db, "CREATE TABLE integers (id INT PRIMARY KEY, n BIGINT NULL, u BIGINT UNSIGNED NULL, "
             "t TINYINT NULL, s SMALLINT UNSIGNED NULL)");
    for (int i = 0; i < (int)(sizeof(numbers) / sizeof(*numbers)); i++) {
        same = same && db_run(db, "INSERT INTO integers (id, n) VALUES (?, ?)", db_int(i),
                              db_int(numbers[i])) == DB_OK;
    }
    same = same && db_run_plain(db, "SELECT n FROM integers ORDER BY id") == DB_OK;
    for (int i = 0; same && db_next(db); i++) {
        same = db_get_int(db, 0) == numbers[i];
    }
    ok(db_done(db) == DB_OK && same, "64-bit integers come back as they went, to both ends");

    must(db, "INSERT INTO integers VALUES (100, NULL, 9223372036854775807, -128, 65535)");
    is_int(db_one(db, "SELECT n, u, t, s FROM integers WHERE id = ?", db_int(100)), DB_OK,
           "a row of several widths");
    ok(db_is_null(db, 0) && db_get_int(db, 0) == 0, "NULL reads as 0, and is told apart");
    ok(!db_is_null(db, 1) && db_get_int(db, 1) == INT64_MAX, "2^63-1 in an unsigned column");
    is_int(db_get_int(db, 2), -128, "a TINYINT keeps its sign");
    is_int(db_get_int(db, 3), 65535, "an unsigned SMALLINT has none");
    is_int(db_done(db), DB_OK, "and is done with");

    is_int(db_one(db, "SELECT SUM(t), COUNT(*), AVG(s) FROM integers WHERE id = ?", db_int(100)),
           DB_OK, "sums and counts");
    is_int(db_get_int(db, 0), -128, "SUM, a DECIMAL, is a number");
    is_int(db_get_int(db, 1), 1, "COUNT too");
    is_int(db_get_int(db, 2), 65535, "and AVG");
    (void)db_done(db);
}

static void
check_texts(struct db *db, struct arena *a)
{
    static const char emoji[] = "你好，世界 👩‍👩‍👧‍👦 \xF4\x8F\xBF\xBF";
    static const char bytes[] = "\0\xFF\\'\"\n\r\x1A\0";
    size_t len;
    const char *at;

    must(db, "CREATE TABLE texts (id INT PRIMARY KEY, name VARCHAR(100) NULL, body LONGTEXT NULL, "
             "raw LONGBLOB NULL) CHARSET utf8mb4");
    is_int(db_run(db, "INSERT INTO texts VALUES (?, ?, ?, ?)", db_int(1), db_text(emoji),
                  db_text(""), db_bytes(bytes, sizeof(bytes))),
           DB_OK, "texts are stored");
    is_int(db_one(db, "SELECT name, body, raw FROM texts WHERE id = ?", db_int(1)), DB_OK,
           "and found");
    is_str(db_get_text(db, 0, a), emoji, "UTF-8 of up to four bytes comes back");
    is_str(db_get_text(db, 1, a), "", "an empty text is not NULL");
    at = db_peek(db, 2, &len);
    ok(at != NULL && len == sizeof(bytes) && memcmp(at, bytes, len) == 0, "any bytes come back");
    (void)db_done(db);

    is_int(db_run(db, "INSERT INTO texts VALUES (?, ?, ?, ?)", db_int(2), db_text(NULL),
                  db_text(NULL), db_text(NULL)),
           DB_OK, "NULL texts are stored by a statement that stored texts before");
    is_int(db_one(db, "SELECT name, body, raw FROM texts WHERE id = ?", db_int(2)), DB_OK,
           "and found");
    ok(db_is_null(db, 0) && db_get_text(db, 1, a) == NULL && db_peek(db, 2, &len) == NULL &&
           len == 0,
       "NULL is NULL in each way of reading");
    (void)db_done(db);
    is_int(db_run(db, "INSERT INTO texts VALUES (?, ?, ?, ?)", db_int(3), db_text("again"),
                  db_text("text"), db_text("bytes")),
           DB_OK, "and texts again after that");
    is_int(db_one(db, "SELECT name FROM texts WHERE id = ?", db_int(3)), DB_OK, "found");
    is_str(db_get_text(db, 0, a), "again", "as they are");
    (void)db_done(db);
}

/*
 * Texts of lengths around every size that a buffer can have, in one result, short and long by
 * turns.
 */
static void
check_long(struct db *db, struct arena *a)
{
    static const size_t lengths[] = {
        255, 256, 257, 65535, 65536, 65537, 70000, 1, 0, 17 * 1024 * 1024, 3, 256};
    enum { COUNT = sizeof(lengths) / sizeof(*lengths) };
    char *text = arena_alloc(a, 17 * 1024 * 1024 + 1);
    bool good = true;
    int i = 0;

    must(db, "CREATE TABLE longs (id INT PRIMARY KEY, a LONGTEXT, n INT, b LONGTEXT)");
    for (size_t k = 0; k < 17 * 1024 * 1024; k++) {
        text[k] = (char)('a' + k % 23 + k / 65536 % 3);
    }
    for (i = 0; i < COUNT; i++) {
        struct db_value whole = db_bytes(text, lengths[i]);

        whole.type = DB_VALUE_TEXT;
        good = good && db_run(db, "INSERT INTO longs VALUES (?, ?, ?, ?)", db_int(i), whole,
                              db_int(-i), db_text(i % 2 ? "odd" : "even")) == DB_OK;
    }
    ok(good, "texts of 0 bytes to 17 MiB are stored");
    for (int round = 0; round < 2; round++) {
        i = 0;
        good = db_run_plain(db, "SELECT a, n, b FROM longs ORDER BY id") == DB_OK;
        for (; good && db_next(db); i++) {
            size_t len;
            const char *at = db_peek(db, 0, &len);

            good = len == lengths[i] && memcmp(at, text, len) == 0 && db_get_int(db, 1) == -i &&
                   strcmp(db_get_text(db, 2, a), i % 2 ? "odd" : "even") == 0;
        }
        ok(db_done(db) == DB_OK && good && i == COUNT,
           round ? "and by the same statement again" : "each comes back whole, its neighbours too");
    }
}

static void
check_writes(struct db *db)
{
    must(db, "CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE, v INT)");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, 1)", db_int(7)), DB_OK, "an insert");
    is_int(db_insert_id(db), 1, "tells the id it made");
    is_int((int64_t)db_affected(db), 1, "and that it made a row");
    is_int(number_of(db, "SELECT COUNT(*) FROM counted"), 1, "a SELECT between");
    is_int(db_insert_id(db), 1, "changes nothing of that");
    is_int((int64_t)db_affected(db), 1, "nor of the rows affected");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, 2)", db_int(7)), DB_EXISTS,
           "a duplicate key is DB_EXISTS");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, 2)", db_int(8)), DB_OK,
           "the statement works on");
    is_int(db_run(db, "UPDATE counted SET v = ? WHERE k = ?", db_int(1), db_int(7)), DB_OK,
           "an update that changes nothing");
    is_int((int64_t)db_affected(db), 1, "counts the row that it matched");
    is_int(db_run(db, "UPDATE counted SET v = LAST_INSERT_ID(v + 41) WHERE k = ?", db_int(7)),
           DB_OK, "LAST_INSERT_ID(expr)");
    is_int(db_insert_id(db), 42, "comes back without a query");
    is_int(db_one(db, "SELECT v FROM counted WHERE k = ?", db_int(99)), DB_NONE,
           "no row is DB_NONE");
    is_int(db_run(db, "SELECT nothing FROM counted WHERE k = ?", db_int(1)), DB_ERROR,
           "a statement that cannot be prepared is DB_ERROR");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, ?)", db_int(9), db_text("words")),
           DB_ERROR, "and so is a value that the strict mode refuses");
}

static void
check_unread(struct db *db)
{
    bool good = true;

    must(db, "CREATE TABLE many (id INT PRIMARY KEY, filler VARCHAR(200))");
    must(db, "INSERT INTO many SELECT a.d + 1000 * b.d + 1, REPEAT('x', 200) FROM " THOUSAND
             " a JOIN " TEN " b WHERE b.d < 5");
    for (int i = 0; i < 3; i++) {
        good = good && db_run_plain(db, "SELECT id, filler FROM many") == DB_OK && db_next(db) &&
               db_next(db) && db_done(db) == DB_OK &&
               number_of(db, "SELECT COUNT(*) FROM many") == 5000;
    }
    ok(good, "5000 rows that are not read to the end do not break what follows");
    ok(db_run_plain(db, "SELECT id, filler FROM many") == DB_OK && db_done(db) == DB_OK,
       "nor do rows that nobody looked at");
    is_int(number_of(db, "SELECT COUNT(*) FROM many"), 5000, "the connection goes on");

    is_int(db_run_plain(db, "SELECT id FROM many ORDER BY id"), DB_OK, "a statement");
    ok(db_next(db), "with a row");
    is_int(db_run_plain(db, "SELECT COUNT(*) FROM many"), DB_ERROR,
           "inside which another one is begun: DB_ERROR");
    ok(db_next(db) && db_get_int(db, 0) == 2, "the rows of the first are still there to be read");
    is_int(db_done(db), DB_OK, "and dropped");
    is_int(number_of(db, "SELECT COUNT(*) FROM many"), 5000, "then the other one runs");

    ok(db_run_plain(db, "SELECT id FROM many ORDER BY id") == DB_OK && db_next(db),
       "a request that ends without dropping its rows");
    db_set_deadline(db, 0);
    is_int(number_of(db, "SELECT COUNT(*) FROM many"), 5000, "does not harm the next request");
}

/*
 * The server makes a statement anew when its table has changed; more columns than before in the
 * worst case.
 */
static void
check_changed_table(struct db *db, const struct settings *settings)
{
    struct db *other = db_open(settings);
    struct arena a = {0};

    must(db, "CREATE TABLE changing (id INT PRIMARY KEY, v INT)");
    must(db, "INSERT INTO changing VALUES (1, 5)");
    is_int(db_one(db, "SELECT v FROM changing WHERE id = ?", db_int(1)), DB_OK, "a column");
    is_int(db_get_int(db, 0), 5, "that is a number");
    (void)db_done(db);
    must(other, "ALTER TABLE changing MODIFY v VARCHAR(500)");
    must(other, "UPDATE changing SET v = '6'");
    is_int(db_one(db, "SELECT v FROM changing WHERE id = ?", db_int(1)), DB_OK,
           "is read when another process has made it a text");
    is_int(db_get_int(db, 0), 6, "as the number that it was when the statement was prepared");
    (void)db_done(db);
    db_close(other);
    arena_free(&a);
}

int
main(void)
{
    const struct settings settings = test_settings("db_values");
    struct db *db = db_open(&settings);
    struct arena a = {0};

    check_integers(db);
    check_texts(db, &a);
    check_long(db, &a);
    check_writes(db);
    check_unread(db);
    check_changed_table(db, &settings);
    db_close(db);
    arena_free(&a);
    return done_testing();
}
