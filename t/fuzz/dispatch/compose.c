/* Values come from the shapes; only texts with a meaning, as of a user's name, have lists here. */
#include "t/fuzz/dispatch/compose.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "t/fuzz/dispatch/world.h"

#define COUNT(list) (unsigned)(sizeof(list) / sizeof((list)[0]))
#define CHOOSE(list, seed) (list)[compose_choose((seed), COUNT(list))]

enum { WORLD_IDS = 6 /* users, rooms and tasks have ids up to this one */ };

/* Of fields whose values mean something beyond their shape. */
static const struct text_choice {
    const char *field, *texts[4];
} text_choices[] = {
    {"username", {"alice", "bob", "new_user", "陈晓"}},
    {"password", {WORLD_PASSWORD, WORLD_PASSWORD, WORLD_PASSWORD, "another horse"}},
    {"old_password", {WORLD_PASSWORD, WORLD_PASSWORD, WORLD_PASSWORD, "another horse"}},
    {"q", {"a", "bob", "陈", "new"}},
    {"kind", {"square", "export", "lab", "none"}},
    {"client_id", {"a", "b", "c", "d"}},
};
static const char *const texts[] = {"x", "周末徒步", "a b 1", "😀"};

static const char *const odd_in_url[] = {
    "",
    "-1",
    "0",
    "%00",
    "%ff",
    "%zz",
    "true",
    "%F0%9F%98%80",
    "%2e%2e",
    "1e3",
    "{id}",
    "9007199254740991",
    "%0d%0aX:%201",
    "+1",
    "%25",
    "9223372036854775808",
};
static const char *const odd_in_json[] = {
    "null",        "-1",   "0",          "1e400",        "1.5",
    "\"\\u0000\"", "[]",   "[[]]",       "[1,1]",        "9007199254740992",
    "\"\\ud83d\"", "{}",   "{\"1\":-1}", "{\"a\":1}",    "18446744073709551616",
    "\"\\u202e\"", "\"\"", "\" \"",      "\"\\r\\n\"",   "true",
    "\"{id}\"",    "{id}", "[{id}]",     "{\"{id}\":1}", "\"\\ud83d\\ude00\"",
};

unsigned
compose_choose(unsigned *seed, unsigned below)
{
    return (unsigned)rand_r(seed) % below;
}

const char *
compose_caller(unsigned *seed)
{
    static const char *const names[] = {"alice", "alice",   "bob",    "carol", "dave",
                                        "eve",   "expired", "nobody", "new"};

    return CHOOSE(names, seed);
}

static const char *
compose_text(const struct field *f, unsigned *seed)
{
    for (size_t i = 0; i < COUNT(text_choices); i++) {
        if (strcmp(text_choices[i].field, f->name) == 0) {
            return CHOOSE(text_choices[i].texts, seed);
        }
    }
    return CHOOSE(texts, seed);
}

/* Small numbers are ids and seqs that exist. */
static int64_t
compose_int(const struct field *f, unsigned *seed)
{
    int64_t n = 1 + compose_choose(seed, WORLD_IDS);

    n = n < f->min ? f->min : n;
    return f->max > 0 && n > f->max ? f->max : n;
}

static const char *
compose_word(const struct field *f, unsigned *seed)
{
    unsigned count = 0;

    while (f->values[count] != NULL) {
        count++;
    }
    return f->values[compose_choose(seed, count)];
}

static const char *
compose_bool(unsigned *seed)
{
    return compose_choose(seed, 2) == 0 ? "true" : "false";
}

/* A value as the path or the query has it. */
static void
compose_url_value(struct buf *out, const struct field *f, unsigned *seed)
{
    if (f->type == FIELD_INT && compose_choose(seed, 8) == 0) {
        buf_str(out, "{id}");
    } else if (f->type == FIELD_INT || f->type == FIELD_DIGITS) {
        buf_int(out, compose_int(f, seed));
    } else if (f->type == FIELD_BOOL) {
        buf_str(out, compose_bool(seed));
    } else if (f->type == FIELD_ENUM) {
        buf_str(out, compose_word(f, seed));
    } else {
        buf_str(out, compose_text(f, seed));
    }
}

/* A value as the body has it. */
static void
compose_json_value(struct buf *out, const struct field *f, unsigned *seed)
{
    switch (f->type) {
    case FIELD_INT:
        buf_int(out, compose_int(f, seed));
        break;
    case FIELD_BOOL:
        buf_str(out, compose_bool(seed));
        break;
    case FIELD_ENUM:
        buf_printf(out, "\"%s\"", compose_word(f, seed));
        break;
    case FIELD_INTS:
        buf_printf(out, "[%u,%u]", 1 + compose_choose(seed, 2), 3 + compose_choose(seed, 2));
        break;
    case FIELD_SEQS:
        buf_printf(out, "{\"1\":%u,\"%u\":1}", compose_choose(seed, WORLD_IDS),
                   2 + compose_choose(seed, WORLD_IDS));
        break;
    default:
        buf_printf(out, "\"%s\"", compose_text(f, seed));
        break;
    }
}

static const struct field *
shape_find_field(const struct shape *shape, const char *name, size_t len)
{
    for (size_t i = 0; shape != NULL && i < shape->count; i++) {
        if (strlen(shape->fields[i].name) == len &&
            strncmp(shape->fields[i].name, name, len) == 0) {
            return &shape->fields[i];
        }
    }
    return NULL;
}

static void
compose_path(struct buf *out, const struct route *route, bool odd, unsigned *seed)
{
    for (const char *at = route->path; *at != '\0';) {
        size_t len = strcspn(at, "{");
        const struct field *f;

        buf_add(out, at, len);
        at += len;
        if (*at == '\0') {
            return;
        }
        len = strcspn(++at, "}");
        f = shape_find_field(route->in, at, len);
        if (f == NULL || (odd && compose_choose(seed, 8) == 0)) {
            buf_str(out, CHOOSE(odd_in_url, seed));
        } else {
            compose_url_value(out, f, seed);
        }
        at += len + 1;
    }
}

static bool
compose_includes(const struct field *f, unsigned *seed)
{
    return f->required || compose_choose(seed, 2) == 0;
}

static void
compose_query(struct buf *out, const struct shape *shape, bool odd, unsigned *seed)
{
    char mark = '?';

    for (size_t i = 0; shape != NULL && i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (f->from != FROM_QUERY || !compose_includes(f, seed)) {
            continue;
        }
        buf_printf(out, "%c%s=", mark, f->name);
        mark = '&';
        if (odd && compose_choose(seed, 8) == 0) {
            buf_str(out, CHOOSE(odd_in_url, seed));
        } else {
            compose_url_value(out, f, seed);
        }
    }
}

static void
compose_body(struct buf *out, const struct shape *shape, bool odd, unsigned *seed)
{
    const char *mark = "\n\n{";

    for (size_t i = 0; shape != NULL && i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (f->from != FROM_BODY || !compose_includes(f, seed)) {
            continue;
        }
        buf_printf(out, "%s\"%s\":", mark, f->name);
        mark = ",";
        if (odd && compose_choose(seed, 8) == 0) {
            buf_str(out, CHOOSE(odd_in_json, seed));
        } else {
            compose_json_value(out, f, seed);
        }
    }
    if (mark[0] == ',') {
        buf_char(out, '}');
    }
}

/* Each key is a fault, which takes many times its bytes to describe. */
static void
compose_many_faults(struct buf *out)
{
    enum { KEYS = 600 };

    buf_str(out, "\n\n{\"0\":0");
    for (int i = 1; i < KEYS; i++) {
        buf_printf(out, ",\"%d\":0", i);
    }
    buf_char(out, '}');
}

void
compose_request(struct buf *out, const struct route *route, const char *caller, bool odd,
                unsigned *seed)
{
    buf_printf(out, "%s %s ", caller, method_name(route->method));
    compose_path(out, route, odd, seed);
    compose_query(out, route->in, odd, seed);
    if (odd && compose_choose(seed, 32) == 0) {
        compose_many_faults(out);
    } else {
        compose_body(out, route->in, odd, seed);
    }
}
