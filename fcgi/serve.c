/* Dispatches a request, writes its answer in CGI's form (RFC 3875 section 6), and its line in the log. */
#include "fcgi/serve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "routes/frame/deferred.h"
#include "routes/frame/dispatch.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"

/* What this thread is at, for the line that a crash leaves. */
static _Thread_local const struct request *serving;

static const char *
route_name(const struct request *req)
{
    return req->route == NULL ? "-" : req->route->path;
}

/* The rest of a body of pieces, of which none is held longer than it takes to write it. */
static bool
write_stream(struct request *req, const struct exchange *with)
{
    int64_t left = req->stream.bytes;

    while (left > 0) {
        buf_clear(req->body);
        db_set_deadline(req->caller.db,
                        clock_mono_us() + (int64_t)req->settings->request_deadline_ms * 1000);
        if (!req->stream.next(req, req->stream.context) || req->body->len == 0 ||
            (int64_t)req->body->len > left) {
            log_warning("%s: cut after %lld of %lld bytes: the next piece cannot be had", req->path,
                        (long long)(req->stream.bytes - left), (long long)req->stream.bytes);
            return false;
        }
        left -= (int64_t)req->body->len;
        if (!with->write(with->peer, req->body->at, req->body->len)) {
            return false;
        }
    }
    return true;
}

static bool
write_answer(struct request *req, const struct exchange *with)
{
    int64_t bytes = req->stream.next != NULL ? req->stream.bytes : (int64_t)req->body->len;
    char status[96];
    int len;

    if (with->deferred != NULL && with->deferred->mode == REPLY_STREAM) {
        len = snprintf(status, sizeof(status), "Status: %d\r\n\r\n", req->status);
    } else if (req->status == 204) {
        len = snprintf(status, sizeof(status), "Status: 204\r\n\r\n");
    } else {
        len = snprintf(status, sizeof(status), "Status: %d\r\nContent-Length: %lld\r\n\r\n",
                       req->status, (long long)bytes);
    }
    /* Header lines may come in any order: ours end with the empty line. */
    (void)with->write(with->peer, req->head->at, req->head->len);
    (void)with->write(with->peer, status, (size_t)len);
    if (strcmp(req->method, "HEAD") == 0) {
        return true;
    }
    if (req->stream.next != NULL) {
        return write_stream(req, with);
    }
    (void)with->write(with->peer, req->body->at, req->body->len);
    return true;
}

static void
write_log(const struct request *req, int64_t slow_us)
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
    req.body_source = with->peer;
    req.deferred = with->deferred;
    req.counted = with->counted;
    serving = &req;
    dispatch(app->router, &req);
    if (req.status == 0) { /* a handler that forgot to answer */
        reply_problem(&req, INTERNAL_ERROR);
    }
    if (with->deferred != NULL && with->deferred->mode != REPLY_NOW) {
        with->on_deferred(with->peer, &req);
    }
    if (with->deferred == NULL || with->deferred->mode != REPLY_LATER) {
        whole = write_answer(&req, with);
        write_log(&req, (int64_t)app->settings->slow_request_ms * 1000);
    }
    serving = NULL;
    log_set_request(NULL);
    arena_reset(&from->arena);
    return whole;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

void
serve_name_crashes(void)
{
    /* the sanitizer's own report says more */
}

#else

static void
append(char *line, size_t size, const char *text)
{
    size_t len = strlen(line);

    while (*text != '\0' && len + 2 < size) {
        line[len++] = *text++;
    }
    line[len] = '\0';
}

/* Only calls what a signal handler may (signal-safety(7)). The default action then ends the process. */
static void
name_crash(int signal_number)
{
    char line[512] = "fastchat: crash: signal ";
    char number[3] = {(char)('0' + signal_number / 10), (char)('0' + signal_number % 10), '\0'};
    const struct request *req = serving;

    append(line, sizeof(line), number);
    if (req != NULL) {
        append(line, sizeof(line), " in ");
        append(line, sizeof(line), req->route == NULL ? "-" : method_name(req->route->method));
        append(line, sizeof(line), " ");
        append(line, sizeof(line), route_name(req));
        append(line, sizeof(line), ", request ");
        append(line, sizeof(line), req->id);
    } else {
        append(line, sizeof(line), " outside a request");
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
    struct sigaction action = {.sa_handler = name_crash,
                               .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        (void)sigaction(fatal[i], &action, NULL);
    }
}

#endif
