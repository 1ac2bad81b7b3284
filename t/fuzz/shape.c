/*
 * Any bytes as a query, a path parameter and a body: what a shape takes keeps its bounds, what it refuses is answered by 422 in
 * strict JSON, and a secret that was given is in no answer.
 */
#include "t/fuzz/fuzz.h"

#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "routes/patterns.h"

struct thing {
    int64_t id, n, page;
    const char *q, *name, *line, *secret;
    int flag, word, asked;
    struct ints ids;
    struct seqs seqs;
};

static const char *const words[] = {"red", "green", "blue", NULL};
static const struct shape thing_shape = SHAPE("Thing", struct thing, PATH_ID(struct thing, id),
    FIELD(struct thing, page, FIELD_INT, .from = FROM_QUERY, .min = -9, .max = 9, .default_value = 1),
    FIELD(struct thing, q, FIELD_TEXT, .from = FROM_QUERY, .min = 1, .max = 5),
    FIELD(struct thing, asked, FIELD_BOOL, .from = FROM_QUERY, .default_value = -1),
    FIELD(struct thing, n, FIELD_INT, .min = -5, .max = 1000, .default_value = 3),
    FIELD(struct thing, name, FIELD_TEXT, .min = 1, .max = 8, .pattern = &username_pattern),
    FIELD(struct thing, line, FIELD_TEXT, .max = 40, .pattern = &line_pattern),
    FIELD(struct thing, secret, FIELD_TEXT, .min = 2, .max = 10, .secret = true),
    FIELD(struct thing, flag, FIELD_BOOL, .default_value = -1),
    FIELD(struct thing, word, FIELD_ENUM, .values = words, .default_value = -1),
    FIELD(struct thing, ids, FIELD_INTS, .max = 4),
    FIELD(struct thing, seqs, FIELD_SEQS, .max = 4));
static const struct shape again_shape = SHAPE(
    "Again", struct thing, FIELD(struct thing, id, FIELD_INT), FIELD(struct thing, page, FIELD_INT),
    FIELD(struct thing, n, FIELD_INT), FIELD(struct thing, q, FIELD_TEXT),
    FIELD(struct thing, name, FIELD_TEXT), FIELD(struct thing, line, FIELD_TEXT),
    FIELD(struct thing, secret, FIELD_TEXT), FIELD(struct thing, flag, FIELD_BOOL),
    FIELD(struct thing, word, FIELD_ENUM, .values = words), FIELD(struct thing, ids, FIELD_INTS));
static const struct route thing_route = {
    .method = POST, .path = "/x/{id}", .in = &thing_shape, .out = &again_shape, .status = 200};

/* The rest of the input, which is the body. */
struct rest {
    const uint8_t *at;
    size_t len;
};

static size_t
read_rest(void *source, char *at, size_t size)
{
    const struct rest *rest = source;

    demand(size == rest->len);
    memcpy(at, rest->at, size);
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
check_taken(const struct thing *in)
{
    demand(in->id >= 1 && in->id <= INT64_C(9007199254740991));
    demand(in->page >= -9 && in->page <= 9 && in->n >= -5 && in->n <= 1000);
    check_text(in->q, 1, 5);
    check_text(in->name, 1, 8);
    check_text(in->line, 0, 40);
    check_text(in->secret, 2, 10);
    demand(in->name == NULL || username_pattern.holds(in->name));
    demand(in->line == NULL || line_pattern.holds(in->line));
    demand(in->flag >= -1 && in->flag <= 1 && in->asked >= -1 && in->asked <= 1);
    demand(in->word >= -1 && in->word <= 2);
    demand(in->ids.count <= 4 && in->seqs.count <= 4);
    for (size_t i = 0; i < in->ids.count; i++) {
        demand(in->ids.at[i] >= 1);
    }
    for (size_t i = 0; i < in->seqs.count; i++) {
        demand(in->seqs.at[i].room_id >= 1 && in->seqs.at[i].seq >= 0);
    }
}

static void
check_faults(const struct request *req)
{
    demand(req->faults != NULL);
    for (const struct fault *f = req->faults; f != NULL; f = f->next) {
        bool secret = f->name != NULL && strcmp(f->name, "secret") == 0;

        demand(f->type != NULL && f->en != NULL && f->zh != NULL);
        demand(!secret || f->input == NULL || strcmp(f->input, "\"***\"") == 0);
        demand(f->input == NULL || strlen(f->input) < 8 * 1024);
    }
}

/* One line, then the body: the line's first word is the path's parameter, its rest the query. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char length[40], type[] = "CONTENT_TYPE=application/json";
    static char *env[] = {length, type, NULL};
    static bool random;
    struct resources resources = {.arena = {0}};
    const uint8_t *end = len == 0 ? NULL : memchr(bytes, '\n', len);
    size_t line_len = end == NULL ? 0 : (size_t)(end - bytes);
    char *line = arena_strndup(&resources.arena, (const char *)bytes, line_len);
    struct rest rest = {bytes + (end == NULL ? 0 : line_len + 1),
                        len - (end == NULL ? 0 : line_len + 1)};
    struct json_object *tree = NULL;
    struct json_error error;
    struct request req;
    const struct thing *in;

    random = random || random_init();
    demand(random);
    (void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", rest.len);
    request_init(&req, &resources, env);
    req.query = line + strcspn(line, " ");
    req.query += req.query[0] == ' ';
    line[strcspn(line, " ")] = '\0';
    req.parameters[0] = utf8_valid(line, strlen(line)) ? line : "1"; /* as url_path_read sees to */
    req.route = &thing_route;
    req.language = len % 2 == 0 ? CHINESE : ENGLISH;
    req.read_body = read_rest;
    req.body_source = &rest;
    in = shape_read(&thing_shape, &req);
    if (in != NULL) {
        check_taken(in);
        if (in->flag >= 0) {
            reply(&req, in);
        }
    } else if (req.status == 0) {
        check_faults(&req);
        reply_faults(&req);
    }
    if (req.body->len > 0) {
        demand(json_parse(req.body->at, req.body->len, &resources.arena, &tree, &error));
        json_object_put(tree);
    }
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return 0;
}
