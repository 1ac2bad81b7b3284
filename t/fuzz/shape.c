/*
 * Any bytes as a query, a path parameter, a header and a body. Accepted input is within the shape's
 * bounds, refused input gets a 422 in strict JSON, and no fault echoes a secret.
 */
#include "t/fuzz/fuzz.h"

#include <math.h>

#include "base/json.h"
#include "base/random.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "routes/patterns.h"

struct fuzz_part {
    int64_t n;
    const char *key; /* a secret */
    struct list parts;
};

struct fuzz_input {
    int64_t id, n, page, at, since;
    double size, any, x_size;
    const char *q, *name, *line, *secret, *uuid;
    int flag, word, asked, x_flag;
    struct ints ids, pages;
    struct text_list tags, notes;
    struct enum_list words;
    struct seqs seqs;
    const struct fuzz_part *first;
    struct fuzz_part inside;
    struct list parts;
};

static const char *const words[] = {"red", "green", "blue", NULL};
static const struct shape leaf_shape = SHAPE(
    "Leaf", struct fuzz_part, FIELD(struct fuzz_part, n, FIELD_INT, .required = true, .max = 9));
#define PART_FIELDS                                                                                \
    FIELD(struct fuzz_part, n, FIELD_INT, .max = 9, .default_value = 2),                           \
        FIELD(struct fuzz_part, key, FIELD_TEXT, .min = 2, .max = 5, .secret = true,               \
              .nullable = true),                                                                   \
        FIELD(struct fuzz_part, parts, FIELD_LIST, .max = 3, .item = &leaf_shape)
static const struct shape part_shape = SHAPE("Part", struct fuzz_part, PART_FIELDS);
static const struct shape input_shape = SHAPE(
    "Input", struct fuzz_input, PATH_ID(struct fuzz_input, id),
    FIELD(struct fuzz_input, page, FIELD_INT, .from = FROM_QUERY, .min = -9, .max = 9,
          .default_value = 1),
    FIELD(struct fuzz_input, q, FIELD_TEXT, .from = FROM_QUERY, .min = 1, .max = 5),
    FIELD(struct fuzz_input, asked, FIELD_BOOL, .from = FROM_QUERY, .default_value = -1),
    FIELD(struct fuzz_input, any, FIELD_FLOAT, .from = FROM_QUERY),
    FIELD(struct fuzz_input, since, FIELD_TIME, .from = FROM_QUERY),
    FIELD(struct fuzz_input, pages, FIELD_INTS, .from = FROM_QUERY, .max = 3,
          .element = ELEMENT(FIELD_INT, .max = 9)),
    FIELD(struct fuzz_input, tags, FIELD_TEXT_LIST, .from = FROM_QUERY, .max = 3,
          .element = ELEMENT(FIELD_TEXT, .max = 4)),
    HEADER(struct fuzz_input, x_size, "x-size", FIELD_FLOAT, .float_min = -2, .float_max = 2.5),
    FIELD(struct fuzz_input, n, FIELD_INT, .min = -5, .max = 1000, .default_value = 3),
    FIELD(struct fuzz_input, name, FIELD_TEXT, .min = 1, .max = 8, .counted_form = unicode_nfkc,
          .pattern = &username_pattern),
    FIELD(struct fuzz_input, line, FIELD_TEXT, .max = 40, .pattern = &line_pattern),
    FIELD(struct fuzz_input, secret, FIELD_TEXT, .min = 2, .max = 10, .secret = true),
    FIELD(struct fuzz_input, flag, FIELD_BOOL, .default_value = -1),
    FIELD(struct fuzz_input, word, FIELD_ENUM, .values = words, .default_value = -1,
          .nullable = true),
    FIELD(struct fuzz_input, size, FIELD_FLOAT, .float_min = -2, .float_max = 2.5),
    FIELD(struct fuzz_input, at, FIELD_TIME),
    FIELD(struct fuzz_input, uuid, FIELD_TEXT, .pattern = &uuid_pattern),
    FIELD(struct fuzz_input, ids, FIELD_INTS, .max = 4),
    FIELD(struct fuzz_input, notes, FIELD_TEXT_LIST, .min = 1, .max = 4,
          .element = ELEMENT(FIELD_TEXT, .min = 1, .max = 6, .pattern = &line_pattern)),
    FIELD(struct fuzz_input, words, FIELD_ENUM_LIST, .max = 4, .values = words),
    FIELD(struct fuzz_input, seqs, FIELD_SEQS, .max = 4),
    FIELD(struct fuzz_input, first, FIELD_OBJECT, .nullable = true, .item = &part_shape),
    FIELD(struct fuzz_input, inside, FIELD_INLINE, .item = &part_shape),
    FIELD(struct fuzz_input, parts, FIELD_LIST, .max = 3, .item = &part_shape));
static const struct shape output_shape = SHAPE(
    "Output", struct fuzz_input, FIELD(struct fuzz_input, id, FIELD_INT),
    FIELD(struct fuzz_input, page, FIELD_INT), FIELD(struct fuzz_input, n, FIELD_INT),
    FIELD(struct fuzz_input, q, FIELD_TEXT), FIELD(struct fuzz_input, name, FIELD_TEXT),
    FIELD(struct fuzz_input, line, FIELD_TEXT), FIELD(struct fuzz_input, secret, FIELD_TEXT),
    FIELD(struct fuzz_input, flag, FIELD_BOOL),
    FIELD(struct fuzz_input, word, FIELD_ENUM, .values = words),
    FIELD(struct fuzz_input, size, FIELD_FLOAT), FIELD(struct fuzz_input, any, FIELD_FLOAT),
    FIELD(struct fuzz_input, at, FIELD_TIME), FIELD(struct fuzz_input, uuid, FIELD_TEXT),
    FIELD(struct fuzz_input, ids, FIELD_INTS), FIELD(struct fuzz_input, tags, FIELD_TEXT_LIST),
    FIELD(struct fuzz_input, words, FIELD_ENUM_LIST, .values = words),
    FIELD(struct fuzz_input, first, FIELD_OBJECT, .item = &part_shape),
    FIELD(struct fuzz_input, inside, FIELD_INLINE, .item = &part_shape),
    FIELD(struct fuzz_input, parts, FIELD_LIST, .item = &part_shape));
enum { HEADER_SIZE = 300 };

static const struct route input_route = {
    .method = POST, .path = "/x/{id}", .in = &input_shape, .out = &output_shape, .status = 200};

/* The part of the input that is the body. */
struct fuzz_body {
    const uint8_t *at;
    size_t len;
};

static size_t
read_fuzz_body(void *source, char *at, size_t size)
{
    const struct fuzz_body *body = source;

    demand(size == body->len);
    memcpy(at, body->at, size);
    return size;
}

static void
check_text(const char *text, size_t least, size_t most)
{
    if (text != NULL) {
        demand(utf8_valid(text, strlen(text)));
        demand(utf8_length(text, strlen(text)) >= least);
        demand(utf8_length(text, strlen(text)) <= most);
    }
}

static void
check_part(const struct fuzz_part *part)
{
    const struct fuzz_part *leaves = part->parts.at;

    demand(part->n >= 0 && part->n <= 9 && part->parts.count <= 3);
    check_text(part->key, 2, 5);
    for (size_t i = 0; i < part->parts.count; i++) {
        demand(leaves[i].n >= 0 && leaves[i].n <= 9);
    }
}

static void
check_lists(const struct fuzz_input *in)
{
    const struct fuzz_part *parts = in->parts.at;

    demand(in->ids.count <= 4 && in->seqs.count <= 4 && in->pages.count <= 3);
    demand(in->tags.count <= 3 && in->notes.count <= 4 && in->words.count <= 4);
    for (size_t i = 0; i < in->ids.count; i++) {
        demand(in->ids.at[i] >= 1);
    }
    for (size_t i = 0; i < in->pages.count; i++) {
        demand(in->pages.at[i] >= 0 && in->pages.at[i] <= 9);
    }
    for (size_t i = 0; i < in->notes.count; i++) {
        check_text(in->notes.at[i], 1, 6);
    }
    for (size_t i = 0; i < in->words.count; i++) {
        demand(in->words.at[i] >= 0 && in->words.at[i] <= 2);
    }
    for (size_t i = 0; i < in->seqs.count; i++) {
        demand(in->seqs.at[i].room_id >= 1 && in->seqs.at[i].seq >= 0);
    }
    demand(in->parts.count <= 3);
    for (size_t i = 0; i < in->parts.count; i++) {
        check_part(&parts[i]);
    }
}

static void
check_accepted(const struct fuzz_input *in)
{
    demand(in->id >= 1 && in->id <= INT64_C(9007199254740991));
    demand(in->page >= -9 && in->page <= 9 && in->n >= -5 && in->n <= 1000);
    demand(isfinite(in->any) && in->size >= -2 && in->size <= 2.5);
    demand(in->x_size >= -2 && in->x_size <= 2.5);
    demand(in->at >= INT64_C(-62135596800000) && in->at <= INT64_C(253402300799999));
    check_text(in->q, 1, 5);
    check_text(in->name, 1, 8 * 4);
    check_text(in->line, 0, 40);
    check_text(in->secret, 2, 10);
    check_text(in->uuid, 36, 36);
    demand(in->flag >= -1 && in->flag <= 1 && in->asked >= -1 && in->asked <= 1);
    demand(in->word >= -1 && in->word <= 2);
    check_lists(in);
    check_part(&in->inside);
    if (in->first != NULL) {
        check_part(in->first);
    }
}

/* Whether a fault is at a field that is secret; "key" is also a key that `seqs` may have. */
static bool
is_at_secret(const struct fault *f)
{
    return strcmp(f->from, "body") == 0 && strcmp(f->type, "extra_forbidden") != 0 &&
           f->place != NULL && strncmp(f->place, "\"seqs\"", 6) != 0 &&
           (strcmp(f->place, "\"secret\"") == 0 || strstr(f->place, "\"key\"") != NULL);
}

static void
check_faults(const struct request *req)
{
    demand(req->faults != NULL && req->fault_count > 0);
    for (const struct fault *f = req->faults; f != NULL; f = f->next) {
        demand(f->type != NULL && f->en != NULL && f->zh != NULL);
        demand(!is_at_secret(f) || f->input == NULL || strcmp(f->input, "\"***\"") == 0);
        demand(f->input == NULL || strlen(f->input) <= 6 * 200 + 2);
        demand(f->place == NULL || strlen(f->place) <= 6 * 200 + 100);
    }
}

/* Splits the input at its first newline. Returns the line in `a`; without a newline it is empty. */
static char *
split_input(const uint8_t *bytes, size_t len, struct fuzz_body *body, struct arena *a)
{
    const uint8_t *end = len == 0 ? NULL : memchr(bytes, '\n', len);
    size_t line_len = end == NULL ? 0 : (size_t)(end - bytes);
    size_t skipped = end == NULL ? 0 : line_len + 1;

    *body = (struct fuzz_body){bytes + skipped, len - skipped};
    return arena_strndup(a, (const char *)bytes, line_len);
}

/*
 * Sets path, query and header from a line: the path's parameter, a space, the query, and after a
 * tab what x-size is.
 */
static void
read_line(struct request *req, char *line, char header[static HEADER_SIZE])
{
    size_t id_len = strcspn(line, " \t");
    char *tab = strchr(line, '\t');

    if (tab != NULL) {
        (void)snprintf(header, HEADER_SIZE, "HTTP_X_SIZE=%s", tab + 1);
        *tab = '\0';
    }
    req->query = line + id_len + (line[id_len] == ' ');
    line[id_len] = '\0';
    req->parameters[0] = utf8_valid(line, id_len) ? line : "1"; /* url_path_read ensures UTF-8 */
}

static void
check_request(struct request *req)
{
    const struct fuzz_input *in = shape_read(&input_shape, req);

    if (in != NULL) {
        check_accepted(in);
        if (in->flag >= 0) {
            reply(req, in);
        }
    } else if (req->status == 0) {
        check_faults(req);
        reply_faults(req);
        demand(req->body->len <= 64 * 1024);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char length[40], type[] = "CONTENT_TYPE=application/json";
    static char header[HEADER_SIZE];
    static char *env[] = {length, type, header, NULL};
    static bool random;
    struct resources resources = {.arena = {0}};
    struct fuzz_body body;
    char *line = split_input(bytes, len, &body, &resources.arena);
    struct json_object *tree = NULL;
    struct json_error error;
    struct request req;

    random = random || random_init();
    demand(random);
    (void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", body.len);
    request_init(&req, &resources, env);
    (void)snprintf(header, sizeof(header), "HTTP_X=");
    read_line(&req, line, header);
    req.route = &input_route;
    req.language = len % 2 == 0 ? CHINESE : ENGLISH;
    req.read_body = read_fuzz_body;
    req.body_source = &body;
    check_request(&req);
    if (req.body->len > 0) {
        demand(json_parse(req.body->at, req.body->len, &resources.arena, &tree, &error));
        json_object_put(tree);
    }
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return 0;
}
