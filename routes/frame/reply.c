/* Writes replies: the status, the header lines, the body. */
#include "routes/frame/reply.h"

#include <string.h>

#include "base/json.h"
#include "routes/frame/fault.h"
#include "routes/frame/route.h"

enum { RETRY_SECONDS = 1 };

void
reply_header(struct request *req, const char *name, const char *value)
{
    buf_str(req->head, name);
    buf_str(req->head, ": ");
    buf_str(req->head, value);
    buf_str(req->head, "\r\n");
}

static void
reply_begin_json(struct request *req, int status)
{
    req->status = status;
    buf_clear(req->body);
    reply_header(req, "Content-Type", "application/json");
}

void
reply_with(struct request *req, int status, const void *out)
{
    reply_begin_json(req, status);
    shape_write(route_out(req->route, status), out, req->body);
}

void
reply(struct request *req, const void *out)
{
    reply_with(req, req->route->status, out);
}

void
reply_empty(struct request *req)
{
    req->status = 204;
    buf_clear(req->body);
}

void
reply_bytes(struct request *req, int status, const char *media_type, const void *at, size_t len)
{
    req->status = status;
    buf_clear(req->body);
    reply_header(req, "Content-Type", media_type);
    buf_add(req->body, at, len);
}

/* Every reply begins as one that is not stored (dispatch). */
void
reply_cached(struct request *req)
{
    static const char line[] = "Cache-Control: no-store";
    static const char kept[] = "Cache-Control: no-cache";
    char *at = memmem(req->head->at, req->head->len, line, sizeof(line) - 1);

    if (at != NULL) {
        memcpy(at, kept, sizeof(kept) - 1);
    }
}

void
reply_not_modified(struct request *req)
{
    req->status = 304;
    req->length_unknown = true; /* a length would be that of the 200 (RFC 9110 section 8.6) */
    buf_clear(req->body);
}

void
reply_head(struct request *req)
{
    const char *media_type = req->route->media_type;

    reply_bytes(req, req->route->status, media_type != NULL ? media_type : "application/json", "",
                0);
    req->length_unknown = true;
}

void
reply_stream(struct request *req, int status, const char *media_type, int64_t bytes,
             bool (*next)(struct request *req, void *context), void *context)
{
    reply_bytes(req, status, media_type, "", 0);
    req->stream = (struct stream){next, context, bytes};
}

static void
problem_write(struct request *req, const struct problem_text *text, const char *detail)
{
    reply_begin_json(req, text->status);
    buf_str(req->body, "{\"detail\":");
    json_text(req->body, detail);
    buf_str(req->body, ",\"code\":");
    json_text(req->body, text->code);
    buf_char(req->body, '}');
    if (text->status == 401) {
        reply_header(req, "WWW-Authenticate", "Bearer"); /* RFC 6750 section 3 */
    }
}

static const char *
problem_detail(const struct request *req, const struct problem_text *text)
{
    return req->language == CHINESE ? text->zh : text->en;
}

void
reply_retry(struct request *req, enum problem p, int seconds)
{
    const struct problem_text *text = problem_text(p);

    buf_printf(req->head, "Retry-After: %d\r\n", seconds);
    problem_write(req, text, problem_detail(req, text));
}

void
reply_problem(struct request *req, enum problem p)
{
    const struct problem_text *text = problem_text(p);

    if (text->status == 503 || text->status == 429) {
        reply_retry(req, p, RETRY_SECONDS);
    } else {
        problem_write(req, text, problem_detail(req, text));
    }
}

void
reply_body_too_large(struct request *req, size_t max)
{
    struct arena *a = req->caller.arena;

    problem_write(req, problem_text(BODY_TOO_LARGE),
                  req->language == CHINESE
                      ? arena_printf(a, "请求体过大：这个接口最多接收 %zu 字节。", max)
                      : arena_printf(a,
                                     "The body is larger than %zu bytes, the limit of this "
                                     "route.",
                                     max));
}

void
reply_body_encoded(struct request *req)
{
    reply_header(req, "Accept-Encoding", "identity");
    problem_write(req, problem_text(UNSUPPORTED_MEDIA_TYPE),
                  req->language == CHINESE
                      ? "请求体不能压缩，请去掉 Content-Encoding，直接发送 JSON。"
                      : "The body must not be compressed; send the JSON itself, without "
                        "Content-Encoding.");
}

static enum problem
denial_problem(enum denial denial)
{
    static const enum problem problems[] = {
        [ALLOWED] = INTERNAL_ERROR, /* DB_FORBIDDEN without a reason: a bug of the model */
        [DENIED_NO_ROOM] = NO_SUCH_ROOM,
        [DENIED_NOT_A_MEMBER] = NOT_A_MEMBER,
        [DENIED_ROLE] = NOT_ALLOWED,
        [DENIED_IS_A_DM] = IS_A_DM,
        [DENIED_NO_USER] = NO_SUCH_USER,
        [DENIED_NO_MEMBER] = NO_SUCH_MEMBER,
        [DENIED_TOO_MANY_TASKS] = TOO_MANY_TASKS,
        [DENIED_CLIENT_ID_REUSED] = CLIENT_ID_REUSED,
        [DENIED_REMOVED] = REMOVED_FROM_ROOM,
        [DENIED_NO_REMOVAL] = NO_SUCH_REMOVAL,
        [DENIED_NO_INVITATION] = NO_SUCH_INVITATION,
        [DENIED_NO_REFUSAL] = NO_SUCH_REFUSAL,
        [DENIED_INVITATION_REFUSED] = INVITATION_REFUSED,
        [DENIED_TOO_MANY_INVITATIONS] = TOO_MANY_INVITATIONS,
        [DENIED_TOO_MANY_ROOMS] = TOO_MANY_ROOMS,
        [DENIED_TOO_MANY_STRANGERS] = TOO_MANY_STRANGERS,
    };

    return problems[denial];
}

void
reply_failure(struct request *req, enum db_result r)
{
    if (r == DB_FORBIDDEN && req->caller.wait_seconds > 0) {
        reply_retry(req, denial_problem(req->caller.denial), req->caller.wait_seconds);
    } else if (r == DB_FORBIDDEN) {
        reply_problem(req, denial_problem(req->caller.denial));
    } else if (r != DB_DOWN && !db_has_committed(req->caller.db)) {
        reply_problem(req, INTERNAL_ERROR);
    } else {
        reply_problem(req, db_over_deadline(req->caller.db) ? DEADLINE_EXCEEDED : UNAVAILABLE);
    }
}

static void
fault_write(const struct fault *f, enum language language, struct buf *out)
{
    buf_str(out, "{\"type\":");
    json_text(out, f->type);
    buf_str(out, ",\"loc\":[");
    json_text(out, f->from);
    if (f->place != NULL) {
        buf_char(out, ',');
        buf_str(out, f->place);
    }
    buf_str(out, "],\"msg\":");
    json_text(out, language == CHINESE ? f->zh : f->en);
    buf_str(out, ",\"input\":");
    buf_str(out, f->input == NULL ? "null" : f->input);
    if (f->ctx != NULL) {
        buf_str(out, ",\"ctx\":{");
        buf_str(out, f->ctx);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

void
reply_faults(struct request *req)
{
    reply_begin_json(req, 422);
    buf_str(req->body, "{\"detail\":[");
    for (const struct fault *f = req->faults; f != NULL; f = f->next) {
        fault_write(f, req->language, req->body);
        if (f->next != NULL) {
            buf_char(req->body, ',');
        }
    }
    buf_char(req->body, ']');
    if (req->fault_count > FAULTS_MAX) {
        buf_printf(req->body, ",\"more\":%zu", req->fault_count - FAULTS_MAX);
    }
    buf_char(req->body, '}');
}
