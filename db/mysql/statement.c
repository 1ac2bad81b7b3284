/*
 * Prepared statements. Numbers are bound as 64-bit integers, all other types as bytes into a buffer
 * that grows with the longest value (up to KEPT_BYTES from one row to the next), so no value is
 * ever cut.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "db/mysql/connection.h"

enum {
    FIRST_BYTES = 256,
    KEPT_BYTES = 64 * 1024,
};

static bool
value_is_integer(enum enum_field_types type)
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

/* The previous contents are discarded. */
static void
value_buffer_resize(struct value_buffer *buffer, size_t cap)
{
    free(buffer->bytes);
    buffer->bytes = memory_array(cap, 1);
    buffer->cap = cap;
}

static void
value_buffer_bind(MYSQL_BIND *bind, struct value_buffer *buffer)
{
    bind->buffer = buffer->bytes;
    bind->buffer_length = (unsigned long)buffer->cap;
}

/*
 * Makes and binds a buffer for each column that the statement returns, as far as known. Returns
 * false if the library refuses.
 */
static bool
statement_bind_columns(struct statement *s)
{
    MYSQL_RES *metadata = mysql_stmt_result_metadata(s->stmt);
    const MYSQL_FIELD *fields;

    if (metadata == NULL) {
        return mysql_stmt_field_count(s->stmt) == 0;
    }
    fields = mysql_fetch_fields(metadata);
    s->columns = mysql_num_fields(metadata);
    s->out = memory_array(s->columns, sizeof(*s->out));
    s->out_buffers = memory_array(s->columns, sizeof(*s->out_buffers));
    for (unsigned i = 0; i < s->columns; i++) {
        struct value_buffer *buffer = &s->out_buffers[i];

        s->out[i].is_null = &buffer->null;
        s->out[i].length = &buffer->len;
        s->out[i].error = &buffer->truncated;
        if (value_is_integer(fields[i].type)) {
            s->out[i].buffer_type = MYSQL_TYPE_LONGLONG;
            s->out[i].buffer = &buffer->number;
            s->out[i].is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0;
        } else {
            s->out[i].buffer_type = MYSQL_TYPE_STRING;
            value_buffer_resize(buffer, FIRST_BYTES);
            value_buffer_bind(&s->out[i], buffer);
        }
    }
    mysql_free_result(metadata);
    return mysql_stmt_bind_result(s->stmt, s->out) == 0;
}

static void
statement_make_parameters(struct statement *s)
{
    s->parameters = (unsigned)mysql_stmt_param_count(s->stmt);
    s->in = memory_array(s->parameters, sizeof(*s->in));
    s->in_buffers = memory_array(s->parameters, sizeof(*s->in_buffers));
    for (unsigned i = 0; i < s->parameters; i++) {
        struct value_buffer *buffer = &s->in_buffers[i];

        s->in[i] = (MYSQL_BIND){
            .buffer_type = MYSQL_TYPE_STRING,
            .buffer = &buffer->number,
            .is_null = &buffer->null,
            .length = &buffer->len,
        };
    }
}

/* The number of the statement's error; never 0, even if the library set none. */
static unsigned
statement_error(const struct statement *s)
{
    unsigned number = mysql_stmt_errno(s->stmt);

    return number != 0 ? number : CR_UNKNOWN_ERROR;
}

static void
statement_free(struct statement *s)
{
    (void)mysql_stmt_close(s->stmt);
    for (unsigned i = 0; i < s->columns; i++) {
        free(s->out_buffers[i].bytes);
    }
    free(s->in);
    free(s->in_buffers);
    free(s->out);
    free(s->out_buffers);
    free(s);
}

static struct statement *
statement_new(struct db *db, const char *sql, unsigned *error)
{
    struct statement *s = memory_new(struct statement);

    s->sql = sql;
    s->stmt = mysql_stmt_init(db->mysql);
    if (s->stmt == NULL) {
        memory_exhausted(0);
    }
    if (mysql_stmt_prepare(s->stmt, sql, (unsigned long)strlen(sql)) != 0) {
        *error = db_note_error(db, statement_error(s), mysql_stmt_error(s->stmt));
        statement_free(s);
        return NULL;
    }
    statement_make_parameters(s);
    if (!statement_bind_columns(s)) {
        *error = db_note_error(db, statement_error(s), mysql_stmt_error(s->stmt));
        statement_free(s);
        return NULL;
    }
    return s;
}

/* The slot of a statement, or the empty slot for it. */
static struct statement **
statement_slot(struct db *db, const char *sql)
{
    size_t slot = ((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15) >> 32) % STATEMENT_SLOTS;

    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        struct statement **at = &db->statements[(slot + i) % STATEMENT_SLOTS];

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
    struct statement **at = statement_slot(db, sql);

    *error = 0;
    if (*at == NULL) {
        *at = statement_new(db, sql, error);
    }
    return *at;
}

/* Reinserts the statements after the closed one, so that no gap hides them. */
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
        *statement_slot(db, kept[i]->sql) = kept[i];
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
 * Sets a bound value. Returns true if the MYSQL_BIND itself changed: numbers stay at their address,
 * texts do not. Binding makes the library send the types to the server again, so the caller binds
 * only after a change.
 */
static bool
value_bind(MYSQL_BIND *bind, struct value_buffer *buffer, const struct db_value *value)
{
    static const enum enum_field_types types[] = {
        [DB_VALUE_NULL] = MYSQL_TYPE_NULL,
        [DB_VALUE_INT] = MYSQL_TYPE_LONGLONG,
        [DB_VALUE_TEXT] = MYSQL_TYPE_STRING,
        [DB_VALUE_BYTES] = MYSQL_TYPE_BLOB,
    };
    const void *at = value->type == DB_VALUE_INT ? &buffer->number : value->at;

    buffer->number = value->number;
    buffer->len = (unsigned long)value->len;
    buffer->null = value->type == DB_VALUE_NULL;
    if (buffer->null || (bind->buffer == at && bind->buffer_type == types[value->type])) {
        return false;
    }
    bind->buffer_type = types[value->type];
    memcpy(&bind->buffer, &at, sizeof(at)); /* only read, although not const */
    return true;
}

unsigned
statement_run(struct statement *s, const struct db_value *values, size_t count)
{
    bool changed = !s->bound;

    if (count != s->parameters) {
        log_error("%zu values for %u parameters: %s", count, s->parameters, s->sql);
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        changed = value_bind(&s->in[i], &s->in_buffers[i], &values[i]) || changed;
    }
    if (count > 0 && changed && mysql_stmt_bind_param(s->stmt, s->in) != 0) {
        s->bound = false; /* the library still has the values of an earlier run */
        return statement_error(s);
    }
    s->bound = true;
    if (mysql_stmt_execute(s->stmt) != 0) {
        return statement_error(s);
    }
    if (s->is_compound) { /* the library drops the buffers at the end of a compound's rows */
        return mysql_stmt_bind_result(s->stmt, s->out) == 0 ? 0 : statement_error(s);
    }
    if (s->columns == 0 && mysql_stmt_field_count(s->stmt) > 0) {
        s->is_compound = true; /* its columns are known only now */
        return statement_bind_columns(s) ? 0 : statement_error(s);
    }
    return 0;
}

/*
 * A result without columns follows a compound's rows. Connector/C 3.4 reports an error of the
 * statement (5025) if such a result is freed, so only results with columns are.
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
 * Fetches the texts of a row that were longer than their buffers. The new buffers are bound before
 * the next row, not now: Connector/C 3.3.19 sets the lengths of the current row to 0 when columns
 * are bound.
 */
static bool
statement_fetch_long(struct statement *s)
{
    for (unsigned i = 0; i < s->columns; i++) {
        struct value_buffer *buffer = &s->out_buffers[i];

        if (s->out[i].buffer_type == MYSQL_TYPE_STRING && !buffer->null &&
            buffer->len > buffer->cap) {
            value_buffer_resize(buffer, buffer->len);
            s->oversized = s->oversized || buffer->cap > KEPT_BYTES;
            value_buffer_bind(&s->out[i], buffer);
            s->moved = true;
            if (mysql_stmt_fetch_column(s->stmt, &s->out[i], i, 0) != 0) {
                return false;
            }
        }
    }
    return true;
}

/* Before the next row, frees buffers that a long value has made too large. */
static void
statement_shrink_buffers(struct statement *s)
{
    s->oversized = false;
    for (unsigned i = 0; i < s->columns; i++) {
        struct value_buffer *buffer = &s->out_buffers[i];

        if (buffer->cap > KEPT_BYTES) {
            value_buffer_resize(buffer, KEPT_BYTES);
            value_buffer_bind(&s->out[i], buffer);
            s->moved = true;
        }
    }
}

int
statement_fetch(struct statement *s)
{
    if (s->oversized) {
        statement_shrink_buffers(s);
    }
    if (s->moved && mysql_stmt_bind_result(s->stmt, s->out) != 0) {
        return -1;
    }
    s->moved = false;
    switch (mysql_stmt_fetch(s->stmt)) {
    case 0:
        return 1;
    case MYSQL_DATA_TRUNCATED:
        return statement_fetch_long(s) ? 1 : -1;
    case MYSQL_NO_DATA:
        return 0;
    default:
        return -1;
    }
}
