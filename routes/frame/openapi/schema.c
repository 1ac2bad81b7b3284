/* A field's bounds are written as the server checks them: a schema refuses nothing it accepts. */
#include "routes/frame/openapi/parts.h"

#include "base/json.h"

#define INTEGER_MAX ((int64_t)9007199254740991) /* 2^53 - 1: exact in every JSON reader */

/* A text without a pattern of its own: any but one with U+0000, which no text may contain. */
#define ANY_TEXT "^[^\\x00]*$"

static void
schema_type(const char *type, bool nullable, struct buf *out)
{
    openapi_printf(out, nullable ? "'type':['%s','null']" : "'type':'%s'", type);
}

static void
schema_enum(const struct field *f, struct buf *out)
{
    schema_type("string", f->nullable, out);
    openapi_put(out, ",'enum':[");
    for (int i = 0; f->values[i] != NULL; i++) {
        buf_str(out, i > 0 ? "," : "");
        json_text(out, f->values[i]);
    }
    buf_str(out, f->nullable ? ",null]" : "]");
}

static void
schema_integer(int64_t min, int64_t max, struct buf *out)
{
    openapi_printf(out, ",'minimum':%lld,'maximum':%lld", (long long)min,
                   (long long)(max != 0 ? max : INTEGER_MAX));
}

static void
schema_float(const struct field *f, struct buf *out)
{
    schema_type("number", f->nullable, out);
    if (f->float_min != 0 || f->float_max != 0) {
        openapi_put(out, ",'minimum':");
        json_float(out, f->float_min);
        openapi_put(out, ",'maximum':");
        json_float(out, f->float_max);
    }
}

/*
 * A length that is counted in a normal form bounds the text as it is sent only loosely: one
 * character may become many, and COMPOSED_MAX of them one.
 */
static void
schema_length(const struct field *f, struct buf *out)
{
    bool loose = f->counted_form != NULL;
    int64_t min = loose && f->min > 0 ? 1 : f->min;

    if (min > 0) {
        openapi_printf(out, ",'minLength':%lld", (long long)min);
    }
    if (f->max != 0) {
        openapi_printf(out, ",'maxLength':%lld", (long long)f->max * (loose ? COMPOSED_MAX : 1));
    }
}

static void
schema_text(const struct field *f, bool output, struct buf *out)
{
    schema_type("string", f->nullable, out);
    if (output) {
        return;
    }
    schema_length(f, out);
    buf_char(out, ',');
    if (f->pattern != NULL && f->pattern->format != NULL) {
        openapi_member(out, "format", f->pattern->format);
    } else {
        openapi_member(out, "pattern", f->pattern != NULL ? f->pattern->regex : ANY_TEXT);
    }
    if (f->secret) {
        openapi_put(out, ",'format':'password'");
    }
}

static void
schema_items_bounds(const struct field *f, struct buf *out)
{
    if (f->min != 0) {
        openapi_printf(out, ",'minItems':%lld", (long long)f->min);
    }
    if (f->max != 0) {
        openapi_printf(out, ",'maxItems':%lld", (long long)f->max);
    }
}

/* A list of integers, texts or words. */
static void
schema_values(const struct field *f, bool output, struct buf *out)
{
    static const enum field_type types[] = {
        [FIELD_INTS] = FIELD_INT, [FIELD_TEXT_LIST] = FIELD_TEXT, [FIELD_ENUM_LIST] = FIELD_ENUM};
    struct field element = {.values = f->values, .min = f->type == FIELD_INTS};

    if (f->element != NULL) {
        element = *f->element;
    }
    element.type = types[f->type];
    element.required = true; /* it has no default value */
    schema_type("array", f->nullable, out);
    openapi_put(out, ",'items':");
    openapi_schema(&element, output, out);
    schema_items_bounds(f, out);
}

static void
schema_seqs(const struct field *f, struct buf *out)
{
    schema_type("object", f->nullable, out);
    openapi_put(out, ",'propertyNames':{'pattern':'^[0-9]+$'},"
                     "'additionalProperties':{'type':'integer'");
    schema_integer(0, 0, out);
    buf_char(out, '}');
    if (f->max != 0) {
        openapi_printf(out, ",'maxProperties':%lld", (long long)f->max);
    }
}

/* A shape in a reply, or null. */
static void
schema_object(const struct field *f, struct buf *out)
{
    if (f->nullable) {
        openapi_put(out, "'oneOf':[");
        openapi_ref(out, "schemas", f->item->name);
        openapi_put(out, ",{'type':'null'}]");
    } else {
        openapi_printf(out, "'$ref':'#/components/schemas/%s'", f->item->name);
    }
}

static void
schema_list(const struct field *f, struct buf *out)
{
    schema_type("array", f->nullable, out);
    openapi_put(out, ",'items':");
    openapi_ref(out, "schemas", f->item->name);
    schema_items_bounds(f, out);
}

/* Where the value is that an omitted field has; NULL if it has none. `word` may hold it. */
static const void *
schema_default_at(const struct field *f, int *word)
{
    switch (f->type) {
    case FIELD_INT:
    case FIELD_TIME:
        return f->default_value > 0 ? &f->default_value : NULL;
    case FIELD_BOOL:
    case FIELD_ENUM:
        *word = (int)f->default_value;
        return f->default_value >= 0 ? word : NULL;
    case FIELD_FLOAT:
        return f->default_float != 0 ? &f->default_float : NULL;
    case FIELD_TEXT:
        return f->default_text != NULL ? &f->default_text : NULL;
    case FIELD_INTS:
    case FIELD_TEXT_LIST:
        return f->default_at;
    default: /* of a list of words: what orval makes of it does not compile */
        return NULL;
    }
}

/* Written as a reply with only this field would have it. */
static void
schema_default(const struct field *f, struct buf *out)
{
    int word;
    struct field alone = *f;
    const void *at = f->required || f->nullable ? NULL : schema_default_at(f, &word);
    struct buf json = {0};

    if (at != NULL) {
        alone.offset = 0;
        shape_write(&(struct shape){.fields = &alone, .count = 1}, at, &json);
        openapi_put(out, ",'default':");
        buf_add(out, json.at + 1 + f->key_len, json.len - f->key_len - 2);
    }
    buf_free(&json);
}

static void
schema_details(const struct field *f, bool output, struct buf *out)
{
    const char *comma = f->type == FIELD_JSON ? "" : ",";

    if (!output) {
        schema_default(f, out);
    }
    if (f->description != NULL) {
        buf_str(out, comma);
        openapi_member(out, "description", f->description);
        comma = ",";
    }
    if (f->example != NULL) {
        openapi_printf(out, "%s'examples':[", comma);
        buf_str(out, f->example);
        buf_char(out, ']');
    }
}

/* A list or an object. */
static void
schema_of_many(const struct field *f, bool output, struct buf *out)
{
    switch (f->type) {
    case FIELD_SEQS:
        schema_seqs(f, out);
        break;
    case FIELD_TEXTS:
        openapi_put(out, "'type':'object','additionalProperties':{'type':'string'}");
        break;
    case FIELD_LIST:
        schema_list(f, out);
        break;
    case FIELD_OBJECT:
    case FIELD_INLINE:
        schema_object(f, out);
        break;
    default:
        schema_values(f, output, out);
        break;
    }
}

void
openapi_schema(const struct field *f, bool output, struct buf *out)
{
    buf_char(out, '{');
    switch (f->type) {
    case FIELD_INT:
        schema_type("integer", f->nullable, out);
        schema_integer(f->min, f->max, out);
        break;
    case FIELD_FLOAT:
        schema_float(f, out);
        break;
    case FIELD_BOOL:
        schema_type("boolean", f->nullable, out);
        break;
    case FIELD_TEXT:
        schema_text(f, output, out);
        break;
    case FIELD_ENUM:
        schema_enum(f, out);
        break;
    case FIELD_TIME:
        schema_type("string", f->nullable, out);
        openapi_put(out, ",'format':'date-time'");
        break;
    case FIELD_DIGITS:
        openapi_printf(out, "'type':'string','pattern':'^-?[0-9]{1,%lld}$'", (long long)f->max);
        break;
    case FIELD_JSON: /* anything: of a list of all types, generators read only some */
        break;
    default:
        schema_of_many(f, output, out);
        break;
    }
    schema_details(f, output, out);
    buf_char(out, '}');
}

void
openapi_shape(const struct shape *shape, bool output, struct buf *out)
{
    size_t written = 0, required = 0;

    openapi_put(out, "{'type':'object','additionalProperties':false,'properties':{");
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (output || f->from == FROM_BODY) {
            buf_str(out, written++ > 0 ? "," : "");
            json_text(out, f->name);
            buf_char(out, ':');
            openapi_schema(f, output, out);
        }
    }
    buf_char(out, '}');
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (output || (f->from == FROM_BODY && f->required)) {
            openapi_put(out, required++ > 0 ? "," : ",'required':[");
            json_text(out, f->name);
        }
    }
    buf_str(out, required > 0 ? "]}" : "}");
}
