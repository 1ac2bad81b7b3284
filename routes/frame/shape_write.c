/* Writes a struct as JSON, straight into the reply's buffer. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "routes/frame/shape.h"

static void shape_write_value(const struct field *f, const char *at, struct buf *out);

static void
shape_write_list(const struct field *f, const struct list *list, struct buf *out)
{
    const char *at = list->at;

    buf_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) {
            buf_char(out, ',');
        }
        shape_write(f->item, at + i * f->item->size, out);
    }
    buf_char(out, ']');
}

static void
shape_write_ints(const struct ints *ints, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < ints->count; i++) {
        if (i > 0) {
            buf_char(out, ',');
        }
        buf_int(out, ints->at[i]);
    }
    buf_char(out, ']');
}

static void
shape_write_text_list(const struct text_list *texts, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0) {
            buf_char(out, ',');
        }
        json_text(out, texts->at[i]);
    }
    buf_char(out, ']');
}

static void
shape_write_enum_list(const struct field *f, const struct enum_list *words, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0) {
            buf_char(out, ',');
        }
        json_text(out, f->values[words->at[i]]);
    }
    buf_char(out, ']');
}

static void
shape_write_seqs(const struct seqs *seqs, struct buf *out)
{
    buf_char(out, '{');
    for (size_t i = 0; i < seqs->count; i++) {
        buf_str(out, i > 0 ? ",\"" : "\"");
        buf_int(out, seqs->at[i].room_id);
        buf_str(out, "\":");
        buf_int(out, seqs->at[i].seq);
    }
    buf_char(out, '}');
}

static void
shape_write_int(const struct field *f, int64_t n, struct buf *out)
{
    if (f->nullable && n == 0) {
        buf_str(out, "null");
    } else {
        buf_int(out, n);
    }
}

static void
shape_write_texts(const struct texts *texts, struct buf *out)
{
    buf_char(out, '{');
    for (size_t i = 0; i < texts->count; i++) {
        buf_str(out, i > 0 ? ",\"" : "\"");
        buf_int(out, texts->at[i].id);
        buf_str(out, "\":");
        json_text(out, texts->at[i].text);
    }
    buf_char(out, '}');
}

static void
shape_write_time(const struct field *f, int64_t ms, struct buf *out)
{
    char text[CLOCK_TEXT_SIZE];
    size_t len;

    if (f->nullable && ms == 0) {
        buf_str(out, "null");
        return;
    }
    len = clock_format(ms, text);
    buf_char(out, '"');
    buf_add(out, text, len);
    buf_char(out, '"');
}

/* A list, or an object of numbers or texts. */
static void
shape_write_many(const struct field *f, const void *value, struct buf *out)
{
    switch (f->type) {
    case FIELD_INTS:
        shape_write_ints(value, out);
        break;
    case FIELD_TEXT_LIST:
        shape_write_text_list(value, out);
        break;
    case FIELD_ENUM_LIST:
        shape_write_enum_list(f, value, out);
        break;
    case FIELD_SEQS:
        shape_write_seqs(value, out);
        break;
    case FIELD_TEXTS:
        shape_write_texts(value, out);
        break;
    default:
        shape_write_list(f, value, out);
        break;
    }
}

static void
shape_write_value(const struct field *f, const char *at, struct buf *out)
{
    const void *value = at;

    switch (f->type) {
    case FIELD_INT:
        shape_write_int(f, *(const int64_t *)value, out);
        break;
    case FIELD_FLOAT:
        json_float(out, *(const double *)value);
        break;
    case FIELD_BOOL:
        buf_str(out, *(const int *)value != 0 ? "true" : "false");
        break;
    case FIELD_TEXT:
        json_text(out, *(const char *const *)value);
        break;
    case FIELD_ENUM:
        json_text(out, *(const int *)value < 0 ? NULL : f->values[*(const int *)value]);
        break;
    case FIELD_TIME:
        shape_write_time(f, *(const int64_t *)value, out);
        break;
    case FIELD_JSON:
        buf_str(out, *(const char *const *)value == NULL ? "null" : *(const char *const *)value);
        break;
    case FIELD_DIGITS:
        abort(); /* input only */
    case FIELD_OBJECT:
        if (*(const void *const *)value == NULL) {
            buf_str(out, "null");
        } else {
            shape_write(f->item, *(const void *const *)value, out);
        }
        break;
    case FIELD_INLINE:
        shape_write(f->item, value, out);
        break;
    case FIELD_INTS:
    case FIELD_TEXT_LIST:
    case FIELD_ENUM_LIST:
    case FIELD_SEQS:
    case FIELD_TEXTS:
    case FIELD_LIST:
        shape_write_many(f, value, out);
        break;
    }
}

void
shape_write(const struct shape *shape, const void *from, struct buf *out)
{
    buf_char(out, '{');
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (i > 0) {
            buf_char(out, ',');
        }
        buf_add(out, f->key, f->key_len);
        shape_write_value(f, (const char *)from + f->offset, out);
    }
    buf_char(out, '}');
}
