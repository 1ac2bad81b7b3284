/* The handlers of the exports group. */
#include "routes/exports/schemas.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "db/exports.h"
#include "db/tasks.h"
#include "db/users.h"
#include "routes/frame/http/conditional.h"
#include "routes/frame/http/url.h"
#include "routes/frame/reply.h"

/*
 * Queues an export of the caller's rooms. 202, also if one is queued or running already; 429
 * too_many_tasks.
 */
void
queue_export(struct request *req)
{
    const struct task_viewer who = {.user_id = req->caller.user_id};
    struct export_queued out = {.state = TASK_QUEUED};
    enum db_result r = task_enqueue_for_caller(
        &req->caller,
        &(struct task_new){
            .kind = EXPORT_KIND,
            .arguments = request_language(req) == CHINESE ? "{\"language\":\"zh\"}"
                                                          : "{\"language\":\"en\"}",
            .max_attempts = EXPORT_ATTEMPTS,
            .dedupe_key = arena_printf(req->caller.arena, EXPORT_KIND ":%" PRId64, who.user_id),
        },
        req->settings->tasks_per_user, &out.id);
    struct task task;

    if (r == DB_EXISTS) {
        r = task_find(req->caller.db, req->caller.arena, &who, out.id, &task);
        out.state = r == DB_OK ? task.state : out.state;
    }
    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    tasks_wake(req->caller.redis);
    reply(req, &out);
}

struct download {
    struct export file;
    struct byte_range left; /* of the file: what has not been sent yet */
};

static bool
download_next_piece(struct request *req, void *context)
{
    struct download *d = context;
    enum db_result r = exports_read(req->caller.db, &d->file, req->session.id, d->left.first,
                                    d->left.length, req->body);

    d->left.first += (int64_t)req->body->len;
    d->left.length -= (int64_t)req->body->len;
    return r == DB_OK;
}

/* Strong: an id has one file, and made_at differs if a restored database gives the id again. */
static const char *
export_etag(struct request *req, const struct export *file)
{
    return arena_printf(req->caller.arena, "\"%" PRIx64 "-%" PRIx64 "\"", file->id, file->made_at);
}

/*
 * The file name (RFC 6266 section 4.3). A user name beyond ASCII is only in filename*, encoded
 * by RFC 8187 section 3.2.
 */
static void
export_name_file(struct request *req, const char *username, int64_t made_at)
{
    char made[CLOCK_TEXT_SIZE];
    struct buf escaped = {0};

    (void)clock_format(made_at, made);
    url_escape(&escaped, username);
    reply_header(req, "Content-Disposition",
                 strcmp(buf_cstr(&escaped), username) == 0
                     ? arena_printf(req->caller.arena,
                                    "attachment; filename=\"fastchat-%s-%.10s.zip\"", username,
                                    made)
                     : arena_printf(req->caller.arena,
                                    "attachment; filename=\"fastchat-%.10s.zip\"; "
                                    "filename*=UTF-8''fastchat-%s-%.10s.zip",
                                    made, buf_cstr(&escaped), made));
    buf_free(&escaped);
}

/*
 * The caller's zip file, or a part of it. 200; 206 to a Range; 304 if the caller has it. 404
 * no_such_export, 412 precondition_failed, 416 range_not_satisfiable.
 */
void
download_export(struct request *req, const struct export_query *in)
{
    struct download *d = request_new(req, 1, struct download);
    const char *etag;
    int status;
    enum db_result r = exports_find(req->caller.db, in->export_id, req->caller.user_id, &d->file);
    struct user user;

    if (r == DB_OK) {
        r = users_find(req->caller.db, req->caller.arena, req->caller.user_id, &user);
    }
    if (r == DB_NONE) {
        reply_problem(req, NO_SUCH_EXPORT);
    } else if (r != DB_OK) {
        reply_failure(req, r);
    } else {
        etag = export_etag(req, &d->file);
        if (conditional_admit(req, etag) &&
            conditional_range(req, etag, d->file.bytes, &d->left, &status)) {
            export_name_file(req, user.username, d->file.made_at);
            reply_stream(req, status, "application/zip", d->left.length, download_next_piece, d);
        }
    }
}
