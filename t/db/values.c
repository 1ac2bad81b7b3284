/* Values are read as they were written, and unread rows do no harm. */
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
    ok(db_done(db) == DB_OK && same,
       "64-bit integers are read as they were written, up to both limits");

    must(db, "INSERT INTO integers VALUES (100, NULL, 9223372036854775807, -128, 65535)");
    is_int(db_one(db, "SELECT n, u, t, s FROM integers WHERE id = ?", db_int(100)), DB_OK,
           "a row with integers of several widths is read");
    ok(db_is_null(db, 0) && db_get_int(db, 0) == 0, "NULL reads as 0 and can be told from 0");
    ok(!db_is_null(db, 1) && db_get_int(db, 1) == INT64_MAX, "an unsigned column holds 2^63 - 1");
    is_int(db_get_int(db, 2), -128, "a TINYINT keeps its sign");
    is_int(db_get_int(db, 3), 65535, "an unsigned SMALLINT has no sign");
    is_int(db_done(db), DB_OK, "a row of several widths ends without an error");

    is_int(db_one(db, "SELECT SUM(t), COUNT(*), AVG(s) FROM integers WHERE id = ?", db_int(100)),
           DB_OK, "SUM, COUNT and AVG can be selected");
    is_int(db_get_int(db, 0), -128, "SUM, a DECIMAL, reads as a number");
    is_int(db_get_int(db, 1), 1, "COUNT reads as a number");
    is_int(db_get_int(db, 2), 65535, "AVG reads as a number");
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
           "stored texts are found");
    is_str(db_get_text(db, 0, a), emoji, "UTF-8 of up to four bytes is read as written");
    is_str(db_get_text(db, 1, a), "", "an empty text is not NULL");
    at = db_peek(db, 2, &len);
    ok(at != NULL && len == sizeof(bytes) && memcmp(at, bytes, len) == 0,
       "any bytes are read as written");
    (void)db_done(db);

    is_int(db_run(db, "INSERT INTO texts VALUES (?, ?, ?, ?)", db_int(2), db_text(NULL),
                  db_text(NULL), db_text(NULL)),
           DB_OK, "a statement that stored texts stores NULL");
    is_int(db_one(db, "SELECT name, body, raw FROM texts WHERE id = ?", db_int(2)), DB_OK,
           "stored NULL texts are found");
    ok(db_is_null(db, 0) && db_get_text(db, 1, a) == NULL && db_peek(db, 2, &len) == NULL &&
           len == 0,
       "NULL is NULL in every way of reading");
    (void)db_done(db);
    is_int(db_run(db, "INSERT INTO texts VALUES (?, ?, ?, ?)", db_int(3), db_text("again"),
                  db_text("text"), db_text("bytes")),
           DB_OK, "a statement that stored NULL stores texts again");
    is_int(db_one(db, "SELECT name FROM texts WHERE id = ?", db_int(3)), DB_OK,
           "texts stored after NULL are found");
    is_str(db_get_text(db, 0, a), "again", "texts stored after NULL are read as written");
    (void)db_done(db);
}

/* Texts of lengths around every size of a buffer in one result, short and long ones in turn. */
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
           round ? "texts of 0 bytes to 17 MiB are read whole by a used statement"
                 : "texts of 0 bytes to 17 MiB are read whole");
    }
}

static void
check_writes(struct db *db)
{
    must(db, "CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE, v INT)");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, 1)", db_int(7)), DB_OK,
           "an insert succeeds");
    is_int(db_insert_id(db), 1, "db_insert_id returns the new id");
    is_int((int64_t)db_affected(db), 1, "db_affected counts an inserted row");
    is_int(number_of(db, "SELECT COUNT(*) FROM counted"), 1, "a SELECT runs after an insert");
    is_int(db_insert_id(db), 1, "a SELECT does not change db_insert_id");
    is_int((int64_t)db_affected(db), 1, "a SELECT does not change db_affected");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, 2)", db_int(7)), DB_EXISTS,
           "a duplicate key is DB_EXISTS");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, 2)", db_int(8)), DB_OK,
           "a statement works again after DB_EXISTS");
    is_int(db_run(db, "UPDATE counted SET v = ? WHERE k = ?", db_int(1), db_int(7)), DB_OK,
           "an update that changes nothing succeeds");
    is_int((int64_t)db_affected(db), 1, "db_affected counts a row that matched without a change");
    is_int(db_run(db, "UPDATE counted SET v = LAST_INSERT_ID(v + 41) WHERE k = ?", db_int(7)),
           DB_OK, "an update with LAST_INSERT_ID(expr) succeeds");
    is_int(db_insert_id(db), 42, "db_insert_id returns LAST_INSERT_ID(expr) without a query");
    is_int(db_one(db, "SELECT v FROM counted WHERE k = ?", db_int(99)), DB_NONE,
           "no row is DB_NONE");
    is_int(db_run(db, "SELECT v FROM counted WHEREVER k = ?", db_int(1)), DB_ERROR,
           "a statement that cannot be prepared is DB_ERROR");
    is_int(db_run(db, "INSERT INTO counted (k, v) VALUES (?, ?)", db_int(9), db_text("words")),
           DB_ERROR, "a value that the strict mode refuses is DB_ERROR");
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
    ok(good, "5000 rows that are not read to the end do no harm");
    ok(db_run_plain(db, "SELECT id, filler FROM many") == DB_OK && db_done(db) == DB_OK,
       "rows that were not read at all do no harm");
    is_int(number_of(db, "SELECT COUNT(*) FROM many"), 5000,
           "the connection is usable after unread rows");

    is_int(db_run_plain(db, "SELECT id FROM many ORDER BY id"), DB_OK,
           "a statement with rows succeeds");
    ok(db_next(db), "its first row can be read");
    is_int(db_run_plain(db, "SELECT COUNT(*) FROM many"), DB_ERROR,
           "a statement before the rows of another were read is DB_ERROR");
    ok(db_next(db) && db_get_int(db, 0) == 2,
       "a refused statement leaves the rows of the other readable");
    is_int(db_done(db), DB_OK, "unread rows can be dropped");
    is_int(number_of(db, "SELECT COUNT(*) FROM many"), 5000,
           "a statement runs after the rows of another were dropped");

    ok(db_run_plain(db, "SELECT id FROM many ORDER BY id") == DB_OK && db_next(db),
       "a request may end with unread rows");
    db_set_deadline(db, 0);
    is_int(number_of(db, "SELECT COUNT(*) FROM many"), 5000,
           "unread rows of a request do not harm the next request");
}

/* The server prepares a statement again after its table changed, even with more columns. */
static void
check_changed_table(struct db *db, const struct settings *settings)
{
    struct db *other = db_open(settings);
    struct arena a = {0};

    must(db, "CREATE TABLE changing (id INT PRIMARY KEY, v INT)");
    must(db, "INSERT INTO changing VALUES (1, 5)");
    is_int(db_one(db, "SELECT v FROM changing WHERE id = ?", db_int(1)), DB_OK,
           "a number column is read");
    is_int(db_get_int(db, 0), 5, "a number column has its value");
    (void)db_done(db);
    must(other, "ALTER TABLE changing MODIFY v VARCHAR(500)");
    must(other, "UPDATE changing SET v = '6'");
    is_int(db_one(db, "SELECT v FROM changing WHERE id = ?", db_int(1)), DB_OK,
           "a column is read after another process made it a text");
    is_int(db_get_int(db, 0), 6, "a column that became a text reads as the number it was");
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
