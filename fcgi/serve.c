/* Dispatches a request, writes its reply in CGI's form (RFC 3875 section 6), and logs it. */
#include "fcgi/serve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/status.h"
#include "routes/frame/deferred.h"
#include "routes/frame/dispatch.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"

const char serve_bad_request[] =
    "Status: 400 Bad Request\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\r\n"
    "{\"detail\":\"The request cannot be read.\",\"code\":\"bad_request\"}";

/* The request that this thread serves, for the line that a crash leaves. */
static _Thread_local const struct request *serving;

static const char *
route_name(const struct request *req)
{
    return req->route == NULL ? "-" : req->route->path;
}

/*
 * Writes a piece, and adds the time that this took to *waited_us. Returns false if the other side
 * has gone, or has read too slowly for too long: a thread must not wait for a client.
 */
static bool
serve_piece(const struct request *req, const struct exchange *with, int64_t *waited_us)
{
    int64_t began_us = clock_mono_us();
    bool written = with->write(with->context, req->body->at, req->body->len);

    *waited_us += clock_mono_us() - began_us;
    if (with->write_seconds > 0 && *waited_us > with->write_seconds * INT64_C(1000000)) {
        log_warning("%s: cut: the web server has read too slowly", req->path);
        return false;
    }
    return written;
}

/* Writes a body that is produced in pieces. Only one piece is in memory at a time. */
static bool
serve_stream(struct request *req, const struct exchange *with)
{
    int64_t left = req->stream.bytes, waited_us = 0;

    while (left > 0) {
        buf_clear(req->body);
        db_set_deadline(req->caller.db,
                        clock_mono_us() + (int64_t)req->settings->request_deadline_ms * 1000);
        if (!req->stream.next(req, req->stream.context) || req->body->len == 0 ||
            (int64_t)req->body->len > left) {
            log_warning("%s: cut after %lld of %lld bytes: the next piece is not available",
                        req->path, (long long)(req->stream.bytes - left),
                        (long long)req->stream.bytes);
            return false;
        }
        left -= (int64_t)req->body->len;
        if (!serve_piece(req, with, &waited_us)) {
            return false;
        }
    }
    return true;
}

/* Does the reply have a body, whose length is known? */
static bool
serve_knows_length(const struct request *req, const struct exchange *with)
{
    bool stream = with->deferred != NULL && with->deferred->mode == REPLY_STREAM;

    return !stream && !req->length_unknown && req->status != 204;
}

static bool
serve_reply(struct request *req, const struct exchange *with)
{
    int64_t bytes = req->stream.next != NULL ? req->stream.bytes : (int64_t)req->body->len;

    /* Header lines may come in any order (RFC 3875 section 6.3). */
    buf_str(req->head, "Status: ");
    buf_int(req->head, req->status);
    buf_char(req->head, ' ');
    buf_str(req->head, status_reason(req->status));
    if (serve_knows_length(req, with)) {
        buf_str(req->head, "\r\nContent-Length: ");
        buf_int(req->head, bytes);
    }
    buf_str(req->head, "\r\n\r\n");
    (void)with->write(with->context, req->head->at, req->head->len);
    if (strcmp(req->method, "HEAD") == 0) {
        return true;
    }
    if (req->stream.next != NULL) {
        return serve_stream(req, with);
    }
    (void)with->write(with->context, req->body->at, req->body->len);
    return true;
}

static void
serve_log(const struct request *req, int64_t slow_us)
{
    log_request(
        &(struct log_request){
            .method = req->method,
            .route = route_name(req),
            .path = req->path,
            .status = req->status,
            .us = clock_mono_us() - req->began_us,
            .queries = db_stats(req->caller.db).queries,
            .db_us = db_stats(req->caller.db).us,
            .user_id = req->caller.user_id,
            .bytes = req->stream.next != NULL ? (size_t)req->stream.bytes : req->body->len,
        },
        slow_us);
}

bool
serve(const struct app *app, struct resources *from, const struct exchange *with)
{
    struct request req;
    bool whole = true;

    request_init(&req, from, with->env);
    req.read_body = with->read;
    req.body_source = with->context;
    req.deferred = with->deferred;
    req.take_turn = with->take_turn;
    req.turn = with->turn;
    req.counted = with->counted;
    req.waited_us = with->waited_us;
    serving = &req;
    dispatch(app->router, &req);
    if (req.status == 0 && !req.put_off) { /* the handler did not reply */
        reply_problem(&req, INTERNAL_ERROR);
    }
    if (with->deferred != NULL && with->deferred->mode != REPLY_NOW) {
        with->on_deferred(with->context, &req);
    }
    if (!req.put_off && (with->deferred == NULL || with->deferred->mode != REPLY_LATER)) {
        whole = serve_reply(&req, with);
        serve_log(&req, (int64_t)app->settings->slow_request_ms * 1000);
    }
    serving = NULL;
    log_set_request(NULL);
    arena_reset(&from->arena);
    buf_clear(&from->body); /* a thread may have no further request for long */
    return whole;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

void
serve_name_crashes(void)
{
    /* the sanitizer's own report names more */
}

#else

/* Appends `text` to a string of `size` bytes, leaving room for one more character. */
static void
crash_append(char *line, size_t size, const char *text)
{
    size_t len = strlen(line);

    while (*text != '\0' && len + 2 < size) {
        line[len++] = *text++;
    }
    line[len] = '\0';
}

/*
 * Calls only functions that are safe in a signal handler (signal-safety(7)). The default action
 * then ends the process.
 */
static void
crash_report(int signal_number)
{
    char line[512] = "fastchat: crash: signal ";
    char number[3] = {(char)('0' + signal_number / 10), (char)('0' + signal_number % 10), '\0'};
    const struct request *req = serving;

    crash_append(line, sizeof(line), number);
    if (req != NULL) {
        crash_append(line, sizeof(line), " in ");
        crash_append(line, sizeof(line),
                     req->route == NULL ? "-" : method_name(req->route->method));
        crash_append(line, sizeof(line), " ");
        crash_append(line, sizeof(line), route_name(req));
        crash_append(line, sizeof(line), ", request ");
        crash_append(line, sizeof(line), req->id);
    } else {
        crash_append(line, sizeof(line), " outside a request");
    }
    line[strlen(line)] = '\n';
    log_rescue();
    (void)!write(STDERR_FILENO, line, strnlen(line, sizeof(line)));
    (void)raise(signal_number);
}

void
serve_name_crashes(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_handler = crash_report,
                               .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        (void)sigaction(fatal[i], &action, NULL);
    }
}

#endif
