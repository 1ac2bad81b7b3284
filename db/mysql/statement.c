/*
 * Prepared statements. Numbers are bound as 64-bit integers, all else as bytes into a buffer that grows with the longest
 * value seen (up to KEPT_BYTES from one row to the next), so no value is ever cut.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/mysql/connection.h"

enum {
    FIRST_BYTES = 256,
    KEPT_BYTES = 64 * 1024,
};

static void *
allocate(size_t count, size_t size)
{
    void *at = calloc(count > 0 ? count : 1, size);

    if (at == NULL) {
        log_error("out of memory");
        abort();
    }
    return at;
}

static bool
is_integer(enum enum_field_types type)
{
    switch (type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return true;
    default:
        return false;
    }
}

/* What was in it is not kept. */
static void
resize(struct place *place, size_t cap)
{
    free(place->bytes);
    place->bytes = malloc(cap);
    place->cap = cap;
    if (place->bytes == NULL) {
        log_error("out of memory");
        abort();
    }
}

static void
set_out(MYSQL_BIND *bind, struct place *place)
{
    bind->buffer = place->bytes;
    bind->buffer_length = (unsigned long)place->cap;
}

/*
 * Makes and binds a place for each column that the statement is known to return. False if the
 * library refuses.
 */
static bool
make_columns(struct statement *s)
{
    MYSQL_RES *metadata = mysql_stmt_result_metadata(s->stmt);
    const MYSQL_FIELD *fields;

    if (metadata == NULL) {
        return mysql_stmt_field_count(s->stmt) == 0;
    }
    fields = mysql_fetch_fields(metadata);
    s->columns = mysql_num_fields(metadata);
    s->out = allocate(s->columns, sizeof(*s->out));
    s->out_places = allocate(s->columns, sizeof(*s->out_places));
    for (unsigned i = 0; i < s->columns; i++) {
        struct place *place = &s->out_places[i];

        s->out[i].is_null = &place->null;
        s->out[i].length = &place->len;
        s->out[i].error = &place->truncated;
        if (is_integer(fields[i].type)) {
            s->out[i].buffer_type = MYSQL_TYPE_LONGLONG;
            s->out[i].buffer = &place->number;
            s->out[i].is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0;
        } else {
            s->out[i].buffer_type = MYSQL_TYPE_STRING;
            resize(place, FIRST_BYTES);
            set_out(&s->out[i], place);
        }
    }
    mysql_free_result(metadata);
    return mysql_stmt_bind_result(s->stmt, s->out) == 0;
}

static void
make_parameters(struct statement *s)
{
    s->parameters = (unsigned)mysql_stmt_param_count(s->stmt);
    s->in = allocate(s->parameters, sizeof(*s->in));
    s->in_places = allocate(s->parameters, sizeof(*s->in_places));
    for (unsigned i = 0; i < s->parameters; i++) {
        struct place *place = &s->in_places[i];

        s->in[i] = (MYSQL_BIND){
            .buffer_type = MYSQL_TYPE_STRING,
            .buffer = &place->number,
            .is_null = &place->null,
            .length = &place->len,
        };
    }
}

/* The number of the statement's error; never 0, also if the library failed without one. */
static unsigned
number_of_error(const struct statement *s)
{
    unsigned number = mysql_stmt_errno(s->stmt);

    return number != 0 ? number : CR_UNKNOWN_ERROR;
}

static void
statement_free(struct statement *s)
{
    (void)mysql_stmt_close(s->stmt);
    for (unsigned i = 0; i < s->columns; i++) {
        free(s->out_places[i].bytes);
    }
    free(s->in);
    free(s->in_places);
    free(s->out);
    free(s->out_places);
    free(s);
}

static struct statement *
prepare(struct db *db, const char *sql, unsigned *error)
{
    struct statement *s = allocate(1, sizeof(*s));

    s->sql = sql;
    s->stmt = mysql_stmt_init(db->mysql);
    if (s->stmt == NULL) {
        log_error("out of memory");
        abort();
    }
    if (mysql_stmt_prepare(s->stmt, sql, (unsigned long)strlen(sql)) != 0) {
        *error = db_note_error(db, number_of_error(s), mysql_stmt_error(s->stmt));
        statement_free(s);
        return NULL;
    }
    make_parameters(s);
    if (!make_columns(s)) {
        *error = db_note_error(db, number_of_error(s), mysql_stmt_error(s->stmt));
        statement_free(s);
        return NULL;
    }
    return s;
}

/* Where a statement stands, or would stand, in the table. */
static struct statement **
slot(struct db *db, const char *sql)
{
    size_t place = ((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15) >> 32) % STATEMENT_SLOTS;

    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        struct statement **at = &db->statements[(place + i) % STATEMENT_SLOTS];

        if (*at == NULL || (*at)->sql == sql) {
            return at;
        }
    }
    log_error("more than %d statements", STATEMENT_SLOTS);
    abort();
}

struct statement *
statement_prepare(struct db *db, const char *sql, unsigned *error)
{
    struct statement **at = slot(db, sql);

    *error = 0;
    if (*at == NULL) {
        *at = prepare(db, sql, error);
    }
    return *at;
}

/* The table has no holes that would hide others: what stands behind the closed one is put in again. */
void
statement_close(struct db *db, struct statement *s)
{
    struct statement *kept[STATEMENT_SLOTS];
    size_t count = 0;

    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        if (db->statements[i] != NULL && db->statements[i] != s) {
            kept[count++] = db->statements[i];
        }
        db->statements[i] = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        *slot(db, kept[i]->sql) = kept[i];
    }
    statement_free(s);
}

void
statement_close_all(struct db *db)
{
    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        if (db->statements[i] != NULL) {
            statement_free(db->statements[i]);
            db->statements[i] = NULL;
        }
    }
}

/*
 * The library copies a MYSQL_BIND that it is given, and then sends the types to the server again: so it is only given one
 * that has changed. True where this one has: numbers stay in their place, texts lie elsewhere each time.
 */
static bool
bind_value(MYSQL_BIND *bind, struct place *place, const struct db_value *value)
{
    static const enum enum_field_types types[] = {
        [DB_VALUE_NULL] = MYSQL_TYPE_NULL,
        [DB_VALUE_INT] = MYSQL_TYPE_LONGLONG,
        [DB_VALUE_TEXT] = MYSQL_TYPE_STRING,
        [DB_VALUE_BYTES] = MYSQL_TYPE_BLOB,
    };
    const void *at = value->type == DB_VALUE_INT ? &place->number : value->at;

    place->number = value->number;
    place->len = (unsigned long)value->len;
    place->null = value->type == DB_VALUE_NULL;
    if (place->null || (bind->buffer == at && bind->buffer_type == types[value->type])) {
        return false;
    }
    bind->buffer_type = types[value->type];
    memcpy(&bind->buffer, &at, sizeof(at)); /* it only reads there, but does not say const */
    return true;
}

unsigned
statement_run(struct statement *s, const struct db_value *values, size_t count)
{
    bool changed = !s->bound;

    if (count != s->parameters) {
        log_error("%zu values for %u places: %s", count, s->parameters, s->sql);
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        changed = bind_value(&s->in[i], &s->in_places[i], &values[i]) || changed;
    }
    if (count > 0 && changed && mysql_stmt_bind_param(s->stmt, s->in) != 0) {
        s->bound = false; /* it has the values of an earlier run */
        return number_of_error(s);
    }
    s->bound = true;
    if (mysql_stmt_execute(s->stmt) != 0) {
        return number_of_error(s);
    }
    if (s->is_compound) { /* the library forgets the places when it has read to the end of one */
        return mysql_stmt_bind_result(s->stmt, s->out) == 0 ? 0 : number_of_error(s);
    }
    if (s->columns == 0 && mysql_stmt_field_count(s->stmt) > 0) {
        s->is_compound = true; /* its columns are not known before */
        return make_columns(s) ? 0 : number_of_error(s);
    }
    return 0;
}

/*
 * After a compound's rows comes a result without columns. Connector/C 3.4 counts it as an error of
 * the statement (5025) if such a result is freed, so that is only done for one with columns.
 */
void
statement_end_rows(struct statement *s)
{
    (void)mysql_stmt_free_result(s->stmt); /* reads the rows that were not fetched */
    while (s->is_compound && mysql_stmt_next_result(s->stmt) == 0) {
        if (mysql_stmt_field_count(s->stmt) > 0) {
            (void)mysql_stmt_free_result(s->stmt);
        }
    }
}

/*
 * Fetches the texts of a row that were longer than their buffers. The library is told of the new
 * buffers before the next row, not now: Connector/C 3.3.19 sets the lengths of the current row to 0
 * when columns are bound.
 */
static bool
fetch_long(struct statement *s)
{
    for (unsigned i = 0; i < s->columns; i++) {
        struct place *place = &s->out_places[i];

        if (s->out[i].buffer_type == MYSQL_TYPE_STRING && !place->null && place->len > place->cap) {
            resize(place, place->len);
            s->oversized = s->oversized || place->cap > KEPT_BYTES;
            set_out(&s->out[i], place);
            s->moved = true;
            if (mysql_stmt_fetch_column(s->stmt, &s->out[i], i, 0) != 0) {
                return false;
            }
        }
    }
    return true;
}

/* Gives back what one long value took, before the next row. */
static void
shrink(struct statement *s)
{
    s->oversized = false;
    for (unsigned i = 0; i < s->columns; i++) {
        struct place *place = &s->out_places[i];

        if (place->cap > KEPT_BYTES) {
            resize(place, KEPT_BYTES);
            set_out(&s->out[i], place);
            s->moved = true;
        }
    }
}

int
statement_fetch(struct statement *s)
{
    if (s->oversized) {
        shrink(s);
    }
    if (s->moved && mysql_stmt_bind_result(s->stmt, s->out) != 0) {
        return -1;
    }
    s->moved = false;
    switch (mysql_stmt_fetch(s->stmt)) {
    case 0:
        return 1;
    case MYSQL_DATA_TRUNCATED:
        return fetch_long(s) ? 1 : -1;
    case MYSQL_NO_DATA:
        return 0;
    default:
        return -1;
    }
}
