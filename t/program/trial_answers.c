/* The answers that t/api/answers.t wishes for: a good one, and one with each fault. */
#include "t/program/trial_answers.h"

#include <string.h>

#include "routes/frame/reply.h"

struct trial_inner {
    int flag;
};

struct trial_answer {
    int64_t id, at;
    const char *name, *note;
    int state;
    struct trial_inner inner;
    struct ints ids;
    struct seqs seqs;
    struct texts texts;
};

static const char *const states[] = {"open", "closed", NULL};

static const struct shape trial_inner_shape = SHAPE("TrialInner", struct trial_inner,
                                                    FIELD(struct trial_inner, flag, FIELD_BOOL));

SHARED_SCHEMA(trial_answer, "TrialAnswer", FIELD(struct trial_answer, id, FIELD_INT),
              FIELD(struct trial_answer, name, FIELD_TEXT),
              FIELD(struct trial_answer, note, FIELD_TEXT, .nullable = true),
              FIELD(struct trial_answer, state, FIELD_ENUM, .values = states),
              FIELD(struct trial_answer, at, FIELD_TIME),
              FIELD(struct trial_answer, inner, FIELD_INLINE, .item = &trial_inner_shape),
              FIELD(struct trial_answer, ids, FIELD_INTS),
              FIELD(struct trial_answer, seqs, FIELD_SEQS),
              FIELD(struct trial_answer, texts, FIELD_TEXTS));

/* The body in three parts, of which a row replaces one. */
#define NAMES "\"id\":7,\"name\":\"名\",\"note\":null,\"state\":\"open\""
#define TIME ",\"at\":\"2026-01-02T03:04:05.678+08:00\""
#define PARTS ",\"inner\":{\"flag\":true},\"ids\":[1,2],\"seqs\":{\"12\":0},\"texts\":{\"3\":\"x\"}"
#define GOOD "{" NAMES TIME PARTS "}"
#define PROBLEM(code) "{\"detail\":\"x\",\"code\":\"" code "\"}"

static const char json[] = "application/json";

static const struct wished {
    const char *name;
    int status; /* 0: no reply */
    const char *media_type, *body;
} answers[] = {
    {"good", 200, json, GOOD}, /* the default */
    {"good_other", 204, NULL, ""},
    {"good_problem", 404, json, PROBLEM("no_such_room")},
    {"silence", 0, NULL, ""},
    {"status", 202, json, GOOD},
    {"code", 404, json, PROBLEM("no_such_task")},
    {"code_of_another_status", 403, json, PROBLEM("no_such_room")},
    {"server_error", 500, json, PROBLEM("internal_error")},
    {"no_detail", 404, json, "{\"code\":\"no_such_room\"}"},
    {"missing", 200, json, "{" NAMES PARTS "}"},
    {"extra", 200, json, "{" NAMES TIME PARTS ",\"more\":1}"},
    {"type", 200, json,
     "{\"id\":\"7\",\"name\":\"\",\"note\":null,\"state\":\"open\"" TIME PARTS "}"},
    {"range", 200, json, "{\"id\":9007199254740992,\"name\":\"\"}"},
    {"fraction", 200, json, "{\"id\":7.5,\"name\":\"\"}"},
    {"null", 200, json, "{\"id\":7,\"name\":null,\"note\":null,\"state\":\"open\"" TIME PARTS "}"},
    {"word", 200, json, "{\"id\":7,\"name\":\"\",\"note\":\"\",\"state\":\"ajar\"" TIME PARTS "}"},
    {"time", 200, json, "{" NAMES ",\"at\":\"2026-01-02 03:04\"" PARTS "}"},
    {"inner", 200, json, "{" NAMES TIME ",\"inner\":{\"flag\":1}}"},
    {"element", 200, json, "{" NAMES TIME ",\"inner\":{\"flag\":true},\"ids\":[1,null]}"},
    {"key", 200, json, "{" NAMES TIME ",\"inner\":{\"flag\":true},\"ids\":[],\"seqs\":{\"x\":1}}"},
    {"text", 200, json,
     "{" NAMES TIME ",\"inner\":{\"flag\":true},\"ids\":[],\"seqs\":{},\"texts\":{\"3\":4}}"},
    {"list", 200, json, "[]"},
    {"not_json", 200, json, GOOD "x"},
    {"media_type", 200, "text/plain", GOOD},
    {"body_of_204", 204, NULL, "x"},
    {"type_of_204", 204, json, ""},
    {"retry_after", 429, json, PROBLEM("too_many_requests")},
    {"retry_after_503", 503, json, PROBLEM("unavailable")},
    {"allow", 405, json, PROBLEM("method_not_allowed")},
    {"authenticate", 401, json, PROBLEM("not_signed_in")},
    {"no_faults", 422, json, "{\"detail\":[]}"},
    {"fault", 422, json, "{\"detail\":[{\"type\":\"x\",\"loc\":[\"body\"],\"msg\":\"x\"}]}"},
    {"fault_place", 422, json,
     "{\"detail\":[{\"type\":\"x\",\"loc\":[\"room\"],\"msg\":\"x\",\"input\":1}]}"},
};

static const struct wished *
wished_find(const char *name)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (name != NULL && strcmp(answers[i].name, name) == 0) {
            return &answers[i];
        }
    }
    return &answers[0];
}

/* Any reply, or none. */
void
answer_as_wished(struct request *req, const struct trial_wish *in)
{
    const struct wished *wished = wished_find(request_env(req, "HTTP_X_TRIAL_ANSWER"));

    (void)in;
    if (wished->status != 0) {
        req->status = wished->status;
        buf_clear(req->body);
        buf_str(req->body, wished->body);
        if (wished->media_type != NULL) {
            reply_header(req, "Content-Type", wished->media_type);
        }
    }
}
