/* Objects and lists inside a body: what they cost, and how large a body with them may be. */
#include "base/json.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

struct leaf {
    int64_t n;
    const char *text;
};

struct branch {
    int64_t n;
    struct list leaves;
    const struct branch *inner;
};

struct tree {
    struct branch trunk;
    const struct branch *other;
    struct list branches;
    struct text_list words;
};

static const struct shape leaf_shape = SHAPE(
    "Leaf", struct leaf, FIELD(struct leaf, n, FIELD_INT, .default_value = 7),
    FIELD(struct leaf, text, FIELD_TEXT, .max = 10, .default_text = "green"));
#define BRANCH(...)                                                                                \
    FIELD(struct branch, n, FIELD_INT, .default_value = 3),                                        \
        FIELD(struct branch, leaves, FIELD_LIST, .max = 1000, .item = &leaf_shape), __VA_ARGS__
static const struct shape twig_shape = SHAPE("Twig", struct branch,
                                             FIELD(struct branch, n, FIELD_INT));
static const struct shape branch_shape = SHAPE(
    "Branch", struct branch,
    BRANCH(FIELD(struct branch, inner, FIELD_OBJECT, .item = &twig_shape)));
static const struct shape tree_shape = SHAPE(
    "Tree", struct tree, FIELD(struct tree, trunk, FIELD_INLINE, .item = &branch_shape),
    FIELD(struct tree, other, FIELD_OBJECT, .item = &branch_shape),
    FIELD(struct tree, branches, FIELD_LIST, .max = 1000, .item = &branch_shape),
    FIELD(struct tree, words, FIELD_TEXT_LIST, .element = ELEMENT(FIELD_TEXT, .max = 10)));
static const struct shape small_shape = SHAPE(
    "Small", struct branch, FIELD(struct branch, n, FIELD_INT),
    FIELD(struct branch, leaves, FIELD_LIST, .max = 50, .item = &leaf_shape));
static const struct route route = {.method = POST, .path = "/x", .in = &tree_shape};

static struct resources resources;
static struct request req;
static const char *text_to_send;

static size_t
send_text(void *source, char *at, size_t size)
{
    (void)source;
    memcpy(at, text_to_send, size);
    return size;
}

/* Reads a body. Returns NULL after noting its faults. */
static const struct tree *
read_tree(const char *body)
{
    static char length[40], type[] = "CONTENT_TYPE=application/json";
    static char *env[] = {length, type, NULL};

    (void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", strlen(body));
    text_to_send = body;
    arena_reset(&resources.arena);
    request_init(&req, &resources, env);
    req.route = &route;
    req.read_body = send_text;
    return shape_read(&tree_shape, &req);
}

static void
test_defaults(void)
{
    const struct tree *tree = read_tree("{\"other\":{},\"branches\":[{\"leaves\":[{}]}]}");
    const struct branch *branch;
    const struct leaf *leaf;

    if (!ok(tree != NULL, "objects of optional fields may be empty")) {
        return;
    }
    branch = tree->branches.at;
    leaf = branch->leaves.at;
    is_int(tree->trunk.n, 3, "an inner struct that is not given has its defaults");
    is_int(tree->other->n, 3, "an empty object has its defaults");
    ok(branch->n == 3 && branch->inner == NULL, "an element of a list has its defaults");
    ok(leaf->n == 7 && strcmp(leaf->text, "green") == 0,
       "an element of a list inside a list has its defaults");
    tree = read_tree("{}");
    ok(tree != NULL && tree->other == NULL && tree->branches.count == 0,
       "an object or a list that is not given is absent or empty");
}

/* Reads `before`, `part` so many times, and `after`. Returns what it took of the arena. */
static size_t
cost_of(const char *before, const char *part, int count, const char *after, size_t *bytes)
{
    struct buf body = {0};

    buf_str(&body, before);
    for (int i = 0; i < count; i++) {
        buf_str(&body, i > 0 ? "," : "");
        buf_str(&body, part);
    }
    buf_str(&body, after);
    (void)read_tree(buf_cstr(&body));
    *bytes = body.len;
    buf_free(&body);
    return resources.arena.used;
}

static void
test_costs(void)
{
    size_t bytes, used;

    used = cost_of("{\"branches\":[", "{}", 300000, "]}", &bytes);
    ok(req.faults != NULL && used < 2 * bytes, "a list that is too long is not made");
    used = cost_of("{\"branches\":[", "{}", 1000, "]}", &bytes);
    ok(req.faults == NULL && used < 1000 * (sizeof(struct branch) + 8) + 2 * bytes,
       "a list takes the bytes of its structs");
    used = cost_of("{\"branches\":[{\"leaves\":[", "{\"x\":1,\"text\":[]}", 1000, "]}]}", &bytes);
    ok(req.fault_count == 2000 && used < 64 * 1024 + 1000 * sizeof(struct leaf) + 2 * bytes,
       "faults in a list that are only counted cost no memory");
    used = cost_of("{\"words\":[", "\"longer than ten\"", 50000, "]}", &bytes);
    ok(req.fault_count == 50000 && used < 4 * bytes,
       "faults in a list of texts that are only counted cost no memory");
    used = cost_of("{\"words\":[", "1", 500000, "]}", &bytes);
    ok(req.fault_count == 500000 && used < 6 * bytes,
       "a list of any length costs a few times its bytes");
    used = cost_of("{\"trunk\":{\"skipped\":[", "[[[[[[[[]]]]]]]]", 50000, "]}}", &bytes);
    ok(req.fault_count == 1 && used < 2 * bytes, "a value that is not a field is skipped");
}

static void
test_sizes(void)
{
    const size_t leaf = (1 * 6 + 32 + 20) + (4 * 6 + 32 + 10 * 12);

    is_int((int64_t)shape_body_max(&small_shape),
           (int64_t)(16 * 1024 + (1 * 6 + 32 + 20) + (6 * 6 + 32 + 50 * (leaf + 32))),
           "the largest body has room for a whole list of the largest objects");
    is_int((int64_t)shape_body_max(&tree_shape), BODY_MAX, "no body may be larger than 1 MiB");
}

static void
test_places(void)
{
    ok(read_tree("{\"branches\":[{},{\"inner\":{\"n\":\"x\"}}]}") == NULL,
       "a fault inside an object of a list refuses the body");
    is_str(req.faults->place, "\"branches\",1,\"inner\",\"n\"",
           "the place of a fault leads through the list to the field");
}

int
main(void)
{
    ok(random_init(), "randomness is available");
    test_defaults();
    test_costs();
    test_sizes();
    test_places();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
