/* The path of a user: it passes nginx, both pools, the event loop and the database. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/password.h"
#include "base/random.h"
#include "db/probe.h"
#include "fcgi/cli/check.h"
#include "fcgi/curl.h"

enum {
    TIMEOUT_MS = 15 * 1000, /* for one request, or for the stream */
    REPLY_MAX = 64 * 1024,  /* of whatever answers there: json-c may take 380 times as much */
    FAILURE_SIZE = 500,
};

static const char message_body[] = "自检：你好，世界 🌏";

struct check_web {
    const struct curl *curl;
    struct arena *arena;
    const char *url;
    const char *authorization; /* the header line; NULL before the sign-in */
    int64_t room_id;
    char client_id[TOKEN_TEXT_SIZE];
    struct buf stream; /* received so far */
    bool greeted, sent, delivered;
    char failure[FAILURE_SIZE];
};

struct web_call {
    const char *method, *path, *body; /* body: NULL: none */
    size_t (*receive)(char *bytes, size_t one, size_t count, void *owner);
    void *owner;
};

static size_t
check_web_receive_body(char *bytes, size_t one, size_t count, void *owner)
{
    struct buf *reply = owner;

    if (reply->len + count > REPLY_MAX) {
        return 0;
    }
    buf_add(reply, bytes, one * count);
    return count;
}

/* Sends a request. Returns the status, or 0 with curl's message in w->failure. */
static long
check_web_perform(struct check_web *w, const struct web_call *call)
{
    const struct curl *c = w->curl;
    CURL *easy = c->easy_init();
    struct curl_slist *headers = c->slist_append(NULL,
                                                 "Accept: application/x-ndjson, application/json");
    CURLcode code;
    long status = 0;

    if (easy == NULL || headers == NULL) {
        memory_exhausted(0);
    }
    headers = c->slist_append(headers, "Content-Type: application/json");
    if (w->authorization != NULL) {
        headers = c->slist_append(headers, w->authorization);
    }
    (void)c->easy_setopt(easy, CURLOPT_URL, arena_printf(w->arena, "%s%s", w->url, call->path));
    (void)c->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    (void)c->easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)c->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)c->easy_setopt(easy, CURLOPT_PROXY, ""); /* no proxy may see the token */
    (void)c->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    (void)c->easy_setopt(easy, CURLOPT_WRITEFUNCTION, call->receive);
    (void)c->easy_setopt(easy, CURLOPT_WRITEDATA, call->owner);
    if (call->body != NULL) {
        (void)c->easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
    }
    code = c->easy_perform(easy);
    (void)c->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK && status == 0) {
        (void)snprintf(w->failure, sizeof(w->failure), "%s %s%s: %s", call->method, w->url,
                       call->path, c->easy_strerror(code));
    }
    c->slist_free_all(headers);
    c->easy_cleanup(easy);
    return status;
}

/* On one line: the reply may be the page of another program. */
static void
check_web_flatten(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text == '\n' || *text == '\r' ? ' ' : *text;
    }
}

/*
 * The JSON of a reply, which the caller releases; NULL if the status is not the expected one, with
 * the reason in w->failure.
 */
static struct json_object *
check_web_request(struct check_web *w, const char *method, const char *path, const char *body,
                  long expected)
{
    struct buf reply = {0};
    struct json_object *tree = NULL;
    struct json_error error;
    long status = check_web_perform(
        w, &(struct web_call){method, path, body, check_web_receive_body, &reply});

    if (status == expected &&
        (status == 204 || json_parse(reply.at, reply.len, w->arena, &tree, &error))) {
        tree = status == 204 ? json_object_new_object() : tree;
    } else if (status != 0) {
        (void)snprintf(w->failure, sizeof(w->failure), "%s %s: %ld %.300s", method, path, status,
                       reply.len == 0 ? "" : buf_cstr(&reply));
        check_web_flatten(w->failure);
    }
    buf_free(&reply);
    return tree;
}

/* A text or a number of an object, as text; "" if there is none. */
static const char *
check_web_member(struct check_web *w, struct json_object *tree, const char *key)
{
    struct json_object *value;
    const char *text = json_object_object_get_ex(tree, key, &value) ? json_object_get_string(value)
                                                                    : NULL;

    return text == NULL ? "" : arena_strdup(w->arena, text);
}

static bool
check_web_sign_in(struct check_web *w, const struct user *user, const char *password)
{
    const char *body = arena_printf(
        w->arena, "{\"username\":\"%s\",\"password\":\"%s\",\"device\":\"fastchat check\"}",
        user->username, password);
    struct json_object *reply = check_web_request(w, "POST", "/api/sessions", body, 201);

    if (reply == NULL) {
        return check_report(false, "sign-in", "%s", w->failure);
    }
    w->authorization = arena_printf(w->arena, "Authorization: Bearer %s",
                                    check_web_member(w, reply, "token"));
    json_object_put(reply);
    return check_report(true, "sign-in", "at %s", w->url);
}

static bool
check_web_create_room(struct check_web *w)
{
    struct json_object *reply = check_web_request(w, "POST", "/api/rooms", "{\"name\":\"自检\"}",
                                                  201);

    if (reply == NULL) {
        return check_report(false, "room", "%s", w->failure);
    }
    w->room_id = strtoll(check_web_member(w, reply, "id"), NULL, 10);
    json_object_put(reply);
    return check_report(true, "room", "created");
}

static bool
check_web_send_message(struct check_web *w)
{
    const char *path = arena_printf(w->arena, "/api/rooms/%" PRId64 "/messages", w->room_id);
    struct json_object *reply;

    random_token(w->client_id);
    reply = check_web_request(w, "POST", path,
                              arena_printf(w->arena, "{\"client_id\":\"%s\",\"body\":\"%s\"}",
                                           w->client_id, message_body),
                              201);
    json_object_put(reply);
    return reply != NULL;
}

/* Reads a stream: after `hello` the message is sent; when it arrives the stream ends. */
static size_t
check_web_receive_stream(char *bytes, size_t one, size_t count, void *owner)
{
    struct check_web *w = owner;

    if (w->stream.len + count > REPLY_MAX) {
        return 0;
    }
    buf_add(&w->stream, bytes, one * count);
    if (!w->greeted && strstr(buf_cstr(&w->stream), "\"hello\"") != NULL) {
        w->greeted = true;
        w->sent = check_web_send_message(w);
        return w->sent ? count : 0;
    }
    w->delivered = w->sent && strstr(buf_cstr(&w->stream), w->client_id) != NULL;
    return w->delivered ? 0 : count;
}

static bool
check_web_follow_stream(struct check_web *w)
{
    long status = check_web_perform(
        w, &(struct web_call){"GET", "/api/events", NULL, check_web_receive_stream, w});

    if (w->greeted && !w->sent) {
        return check_report(false, "message", "%s", w->failure);
    }
    if (!w->greeted && status != 0) {
        (void)snprintf(w->failure, sizeof(w->failure), "GET /api/events: %ld %.300s", status,
                       w->stream.len == 0 ? "" : buf_cstr(&w->stream));
        check_web_flatten(w->failure);
    }
    if (!w->greeted) {
        return check_report(false, "stream", "%s", w->failure);
    }
    return check_report(w->delivered, "stream",
                        w->delivered ? "brings a message as it is sent"
                                     : "was opened, and did not bring the message that was sent");
}

/* Whether the newest message has exactly the text that was sent. */
static bool
check_web_read_back(struct check_web *w)
{
    struct json_object *page = check_web_request(
        w, "GET", arena_printf(w->arena, "/api/rooms/%" PRId64 "/messages?limit=1", w->room_id),
        NULL, 200);
    struct json_object *items, *newest;
    bool same;

    if (page == NULL) {
        return check_report(false, "history", "%s", w->failure);
    }
    newest = json_object_object_get_ex(page, "items", &items) &&
                     json_object_is_type(items, json_type_array)
                 ? json_object_array_get_idx(items, 0)
                 : NULL;
    same = strcmp(check_web_member(w, newest, "body"), message_body) == 0;
    json_object_put(page);
    return check_report(same, "history",
                        same ? "a Chinese message is read back"
                             : "the message is not read back as it was sent");
}

static bool
check_web_as_user(struct check_web *w, const struct user *user, const char *password, bool live)
{
    struct json_object *signed_out;
    bool good;

    if (!check_web_sign_in(w, user, password)) {
        return false;
    }
    good = check_web_create_room(w);
    if (good && live) {
        good = check_web_follow_stream(w);
    } else if (good && !check_web_send_message(w)) {
        good = check_report(false, "message", "%s", w->failure);
    }
    good = good && check_web_read_back(w);
    signed_out = check_web_request(w, "DELETE", "/api/sessions/current", NULL, 204);
    if (good && signed_out == NULL) {
        good = check_report(false, "sign-out", "%s", w->failure);
    }
    json_object_put(signed_out);
    return good;
}

/* A signal ends the check only after the probe was removed. */
static void
check_web_block_signals(int how)
{
    sigset_t ends;

    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGHUP);
    (void)sigprocmask(how, &ends, NULL);
}

bool
check_web(struct resources *r, const char *url, bool live)
{
    struct check_web w = {.curl = curl_load(), .arena = &r->arena, .url = url};
    char password[TOKEN_TEXT_SIZE], hash[PASSWORD_HASH_SIZE];
    struct user user;
    bool good;

    if (w.curl == NULL) {
        return check_report(false, "web", CURL_MISSING);
    }
    random_token(password);
    if (!password_hash(password, hash)) {
        return check_report(false, "web", "out of memory");
    }
    if (probe_remove_old(r->db, &r->arena) != DB_OK) {
        return check_report(false, "web", "what earlier checks have left cannot be removed: %s",
                            db_why(r->db));
    }
    if (probe_add(r->db, &r->arena, hash, &user) != DB_OK) {
        return check_report(false, "web", "a user for the check cannot be created: %s",
                            db_why(r->db));
    }
    check_web_block_signals(SIG_BLOCK);
    good = check_web_as_user(&w, &user, password, live);
    if (probe_remove(r->db, &r->arena, user.id) != DB_OK) {
        good = check_report(false, "clean-up", "%s: %s", user.username, db_why(r->db));
    }
    check_web_block_signals(SIG_UNBLOCK);
    buf_free(&w.stream);
    return good;
}
