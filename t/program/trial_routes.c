/*
 * A handler that blocks for a time that the caller names, in either pool; and routes that take
 * input of every type and reply with what they have read (t/api/validation.t).
 */
#include <time.h>

#include "base/wait_hook.h"
#include "routes/frame/reply.h"
#include "t/program/trial.h"
#include "t/program/trial_answers.h"

struct trial_pause {
    int64_t ms;
};

static const struct shape trial_pause_shape = SHAPE(
    "TrialPause", struct trial_pause,
    FIELD(struct trial_pause, ms, FIELD_INT, .from = FROM_QUERY, .max = 10000, .default_value = 50,
          .description = "In milliseconds."));

HANDLER(pause_thread, trial_pause)

/* Blocks its thread, as a slow query would. 204. */
void
pause_thread(struct request *req, const struct trial_pause *in)
{
    struct timespec time = {in->ms / 1000, in->ms % 1000 * 1000000};

    wait_hook_run();
    (void)nanosleep(&time, NULL);
    reply_empty(req);
}

/* Every type, with a default value that nobody sends. */
struct trial_values {
    int64_t num, n, at;
    double size, any;
    int flag, color;
    const char *word, *uuid;
    struct ints ids, numbers;
    struct text_list words;
    struct enum_list colors;
    struct seqs seqs;
    /* from headers */
    int64_t x_count, x_at;
    double x_size;
    int x_flag, x_color;
    const char *x_word;
};

static const struct text_fault *
small_letters_fault(const char *text, struct arena *a)
{
    static const struct text_fault fault = {"must be small letters", "只能是小写字母"};

    (void)a;
    for (; *text != '\0'; text++) {
        if (*text < 'a' || *text > 'z') {
            return &fault;
        }
    }
    return NULL;
}

static const struct pattern small_letters = {.regex = "^[a-z]*$", .fault = small_letters_fault};
static const char *const colors[] = {"red", "green", "blue", NULL};
static const struct ints some_ids = {(const int64_t[]){7, 8}, 2};
static const struct text_list some_words = {(const char *const[]){"so", "me"}, 2};
static const struct enum_list some_colors = {(const int[]){2}, 1};

#define TRIAL_VALUE(member, type, ...) FIELD(struct trial_values, member, type, __VA_ARGS__)
#define TRIAL_VALUES(...)                                                                          \
    TRIAL_VALUE(n, FIELD_INT, .max = 10, .default_value = 5, __VA_ARGS__),                         \
        TRIAL_VALUE(size, FIELD_FLOAT, .float_min = -1.5, .float_max = 2, .default_float = 0.25,   \
                    __VA_ARGS__),                                                                  \
        TRIAL_VALUE(any, FIELD_FLOAT, __VA_ARGS__),                                                \
        TRIAL_VALUE(flag, FIELD_BOOL, .default_value = 1, __VA_ARGS__),                            \
        TRIAL_VALUE(color, FIELD_ENUM, .values = colors, .default_value = 1, __VA_ARGS__),         \
        TRIAL_VALUE(word, FIELD_TEXT, .min = 2, .max = 4, .pattern = &small_letters,               \
                    .default_text = "none", __VA_ARGS__),                                          \
        TRIAL_VALUE(at, FIELD_TIME, .default_value = 1767225600000, __VA_ARGS__),                  \
        TRIAL_VALUE(uuid, FIELD_TEXT, .pattern = &uuid_pattern, __VA_ARGS__),                      \
        TRIAL_VALUE(ids, FIELD_INTS, .max = 3, .default_at = &some_ids, __VA_ARGS__),              \
        TRIAL_VALUE(numbers, FIELD_INTS, .min = 1, .max = 3,                                       \
                    .element = ELEMENT(FIELD_INT, .min = -5, .max = 5), __VA_ARGS__),              \
        TRIAL_VALUE(words, FIELD_TEXT_LIST, .max = 3,                                              \
                    .element = ELEMENT(FIELD_TEXT, .min = 1, .max = 3, .pattern = &small_letters), \
                    .default_at = &some_words, __VA_ARGS__),                                       \
        TRIAL_VALUE(colors, FIELD_ENUM_LIST, .max = 2, .values = colors,                           \
                    .default_at = &some_colors, __VA_ARGS__)
#define TRIAL_HEADER(member, name, type, ...)                                                      \
    HEADER(struct trial_values, member, name, type, __VA_ARGS__)
#define TRIAL_SEQS(...) TRIAL_VALUE(seqs, FIELD_SEQS, .max = 2, __VA_ARGS__)

static const struct shape parameters_shape = SHAPE(
    "TrialParameters", struct trial_values,
    TRIAL_VALUE(num, FIELD_INT, .from = FROM_PATH, .required = true, .min = -20, .max = 20),
    TRIAL_VALUES(.from = FROM_QUERY),
    TRIAL_HEADER(x_count, "x-count", FIELD_INT, .max = 10, .default_value = 3),
    TRIAL_HEADER(x_size, "x-size", FIELD_FLOAT, .default_float = 1.5),
    TRIAL_HEADER(x_flag, "x-flag", FIELD_BOOL),
    TRIAL_HEADER(x_color, "x-color", FIELD_ENUM, .values = colors),
    TRIAL_HEADER(x_at, "x-at", FIELD_TIME),
    TRIAL_HEADER(x_word, "x-word", FIELD_TEXT, .min = 2, .secret = true));
static const struct shape values_shape = SHAPE("TrialValues", struct trial_values, TRIAL_VALUES(),
                                               TRIAL_SEQS());
static const struct shape nullable_shape = SHAPE("TrialNullable", struct trial_values,
                                                 TRIAL_VALUES(.nullable = true),
                                                 TRIAL_SEQS(.nullable = true));
static const struct shape values_read_shape = SHAPE(
    "TrialValuesRead", struct trial_values, TRIAL_VALUE(num, FIELD_INT, .min = -20, .max = 20),
    TRIAL_VALUE(n, FIELD_INT), TRIAL_VALUE(size, FIELD_FLOAT), TRIAL_VALUE(any, FIELD_FLOAT),
    TRIAL_VALUE(flag, FIELD_BOOL), TRIAL_VALUE(color, FIELD_ENUM, .values = colors),
    TRIAL_VALUE(word, FIELD_TEXT), TRIAL_VALUE(at, FIELD_TIME),
    TRIAL_VALUE(uuid, FIELD_TEXT, .nullable = true), TRIAL_VALUE(ids, FIELD_INTS),
    TRIAL_VALUE(numbers, FIELD_INTS, .element = ELEMENT(FIELD_INT, .min = -5, .max = 5)),
    TRIAL_VALUE(words, FIELD_TEXT_LIST), TRIAL_VALUE(colors, FIELD_ENUM_LIST, .values = colors),
    TRIAL_VALUE(seqs, FIELD_SEQS), TRIAL_VALUE(x_count, FIELD_INT),
    TRIAL_VALUE(x_size, FIELD_FLOAT), TRIAL_VALUE(x_flag, FIELD_BOOL),
    TRIAL_VALUE(x_color, FIELD_ENUM, .values = colors), TRIAL_VALUE(x_at, FIELD_TIME),
    TRIAL_VALUE(x_word, FIELD_TEXT, .nullable = true));

HANDLER(echo_values, trial_values)

/* Replies with the input as it was read. 200. */
void
echo_values(struct request *req, const struct trial_values *in)
{
    reply(req, in);
}

struct trial_part {
    int64_t n;
    int color;
};

struct trial_line {
    int64_t count;
    const char *unit;
    struct list parts;
};

struct trial_card {
    const char *holder, *pin;
};

struct trial_place {
    double x, y;
};

struct trial_order {
    const char *name;
    struct list lines;
    const struct trial_line *first;
    struct trial_place place;
    const struct trial_card *card;
    struct list cards;
};

#define PART(...)                                                                                  \
    FIELD(struct trial_part, n, FIELD_INT, .min = 1, __VA_ARGS__),                                 \
        FIELD(struct trial_part, color, FIELD_ENUM, .values = colors, .default_value = 2)
#define LINE(part_shape, ...)                                                                      \
    FIELD(struct trial_line, count, FIELD_INT, .max = 100, __VA_ARGS__),                           \
        FIELD(struct trial_line, unit, FIELD_TEXT, .min = 1, .max = 5, .default_text = "piece"),   \
        FIELD(struct trial_line, parts, FIELD_LIST, .max = 4, .item = &(part_shape))
#define ORDER(line_shape, place_shape, card_shape, ...)                                            \
    FIELD(struct trial_order, name, FIELD_TEXT, .max = 64, __VA_ARGS__),                           \
        FIELD(struct trial_order, lines, FIELD_LIST, .min = 1, .max = 3, .item = &(line_shape),    \
              __VA_ARGS__),                                                                        \
        FIELD(struct trial_order, first, FIELD_OBJECT, .nullable = true, .item = &(line_shape)),   \
        FIELD(struct trial_order, place, FIELD_INLINE, .item = &(place_shape)),                    \
        FIELD(struct trial_order, card, FIELD_OBJECT, .nullable = true, .item = &(card_shape)),    \
        FIELD(struct trial_order, cards, FIELD_LIST, .max = 2, .item = &(card_shape))

static const struct shape part_shape = SHAPE("TrialPart", struct trial_part,
                                             PART(.required = true));
static const struct shape line_shape = SHAPE("TrialLine", struct trial_line,
                                             LINE(part_shape, .required = true));
static const struct shape place_shape = SHAPE(
    "TrialPlace", struct trial_place,
    FIELD(struct trial_place, x, FIELD_FLOAT, .default_float = 0.5),
    FIELD(struct trial_place, y, FIELD_FLOAT));
static const struct shape card_shape = SHAPE(
    "TrialCard", struct trial_card,
    FIELD(struct trial_card, holder, FIELD_TEXT, .required = true, .max = 20),
    FIELD(struct trial_card, pin, FIELD_TEXT, .required = true, .min = 4, .max = 8,
          .secret = true));
static const struct shape holder_shape = SHAPE("TrialHolder", struct trial_card,
                                               FIELD(struct trial_card, holder, FIELD_TEXT));
static const struct shape part_read_shape = SHAPE("TrialPartRead", struct trial_part, PART());
static const struct shape line_read_shape = SHAPE("TrialLineRead", struct trial_line,
                                                  LINE(part_read_shape, .nullable = false));
static const struct shape place_read_shape = SHAPE("TrialPlaceRead", struct trial_place,
                                                   FIELD(struct trial_place, x, FIELD_FLOAT),
                                                   FIELD(struct trial_place, y, FIELD_FLOAT));
static const struct shape order_read_shape = SHAPE(
    "TrialOrderRead", struct trial_order,
    ORDER(line_read_shape, place_read_shape, holder_shape, .nullable = false));
SCHEMA(trial_order, "TrialOrder", ORDER(line_shape, place_shape, card_shape, .required = true));

HANDLER(echo_order, trial_order)

/* Replies with the input as it was read, without its secrets. 200. */
void
echo_order(struct request *req, const struct trial_order *in)
{
    reply(req, in);
}

/* clang-format off */
static const struct route routes[] = {
    {
        .method = GET, .path = "/api/trial/pause", INPUT(pause_thread, trial_pause),
        .access = ANYONE, .limit = LIMIT_NONE,
        .status = 204,
        .summary = "Block a thread of the api pool",
        .description = "Only in the test program.",
    },
    {
        .method = POST, .path = "/api/trial/pause", INPUT(pause_thread, trial_pause),
        .operation = "pause_process", .runs = CPU, .access = ANYONE, .limit = LIMIT_NONE,
        .status = 204,
        .summary = "Block a process of the cpu pool",
        .description = "Only in the test program.",
    },
    {
        .method = GET, .path = "/api/trial/values/{num}",
        .in = &parameters_shape, .handler = echo_values_untyped, .operation = "echo_parameters",
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &values_read_shape, .status = 200,
        .summary = "Read parameters of every type",
        .description = "Only in the test program.",
    },
    {
        .method = POST, .path = "/api/trial/values",
        .in = &values_shape, .handler = echo_values_untyped, .operation = "echo_body",
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &values_read_shape, .status = 200,
        .summary = "Read a body with every type",
        .description = "Only in the test program.",
    },
    {
        .method = POST, .path = "/api/trial/nullable",
        .in = &nullable_shape, .handler = echo_values_untyped, .operation = "echo_nullable",
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &values_read_shape, .status = 200,
        .summary = "Read a body with every type, or null",
        .description = "Only in the test program.",
    },
    {
        .method = POST, .path = "/api/trial/order", INPUT(echo_order, trial_order),
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &order_read_shape, .status = 200,
        .summary = "Read objects and lists inside one another",
        .description = "Only in the test program.",
    },
    {
        .method = GET, .path = "/api/trial/answer", INPUT(answer_as_wished, trial_wish),
        .access = ANYONE,
        .out = &trial_answer_shape, .status = 200, .other_status = 204,
        .problems = PROBLEMS(NO_SUCH_ROOM, UNAVAILABLE),
        .summary = "Get a right answer, or a wrong one",
        .description = "Only in the test program.",
    },
    ROUTES_END,
};
/* clang-format off */

const struct route_group trial_group = {
    .tag = "trial", .description = "Routes that only the test program has.", .routes = routes,
};
