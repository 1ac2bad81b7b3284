/* Reads scripts, and writes their requests as FastCGI records. */
#include "t/fuzz/dispatch/script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "t/fuzz/dispatch/world.h"

enum { BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5, RESPONDER = 1, CONTENT_MAX = 65535 };

size_t
script_split(const char *text, size_t len, struct script_text requests[static SCRIPT_REQUESTS_MAX])
{
    size_t separator = sizeof(SCRIPT_SEPARATOR) - 1, count = 0;

    while (count < SCRIPT_REQUESTS_MAX && len > 0) {
        const char *end = memmem(text, len, SCRIPT_SEPARATOR, separator);
        size_t some = end == NULL ? len : (size_t)(end - text);

        requests[count++] = (struct script_text){text, some};
        some += end == NULL ? 0 : separator;
        text += some;
        len -= some;
    }
    return count;
}

bool
script_is(struct script_text request, const char *text)
{
    return request.len == strlen(text) && memcmp(request.at, text, request.len) == 0;
}

static void
record_write(struct buf *out, int type, const char *content, size_t len)
{
    do {
        size_t some = len < CONTENT_MAX ? len : CONTENT_MAX;
        const uint8_t header[8] = {1, (uint8_t)type, 0, 1, (uint8_t)(some >> 8), (uint8_t)some};

        buf_add(out, header, sizeof(header));
        buf_add(out, content, some);
        content += some;
        len -= some;
    } while (len > 0);
}

static void
param_write_length(struct buf *out, size_t len)
{
    if (len < 128) {
        buf_char(out, (char)len);
    } else {
        const uint8_t four[4] = {(uint8_t)(len >> 24 | 0x80), (uint8_t)(len >> 16),
                                 (uint8_t)(len >> 8), (uint8_t)len};

        buf_add(out, four, sizeof(four));
    }
}

static void
param_write(struct buf *out, const char *name, size_t name_len, const char *value, size_t len)
{
    param_write_length(out, name_len);
    param_write_length(out, len);
    buf_add(out, name, name_len);
    buf_add(out, value, len);
}

static void
param_write_text(struct buf *out, const char *name, const char *value)
{
    param_write(out, name, strlen(name), value, strlen(value));
}

/* Takes the bytes up to `end`, and `end`, off the front of the text. */
static struct script_text
text_take(struct script_text *text, char end)
{
    const char *found = text->len == 0 ? NULL : memchr(text->at, end, text->len);
    struct script_text taken = {text->at, found == NULL ? text->len : (size_t)(found - text->at)};
    size_t used = taken.len + (found != NULL);

    text->at += used;
    text->len -= used;
    return taken;
}

/* The user whose token the value ends with; 0: none. */
static int64_t
token_find_user(const struct script_memory *memory, struct script_text value)
{
    char token[TOKEN_TEXT_SIZE];
    const char *end;

    if (value.len < TOKEN_TEXT_SIZE - 1) {
        return 0;
    }
    end = value.at + value.len - (TOKEN_TEXT_SIZE - 1);
    for (size_t i = 0; world_users[i].name != NULL; i++) {
        world_token(world_users[i].name, token);
        if (memcmp(end, token, TOKEN_TEXT_SIZE - 1) == 0) {
            return world_users[i].is_active ? (int64_t)i + 1 : 0;
        }
    }
    return memcmp(end, memory->token, TOKEN_TEXT_SIZE - 1) == 0 ? memory->token_user_id : 0;
}

/* The token with which a caller of that name calls. Returns false for nobody. */
static bool
caller_find_token(const struct script_memory *memory, struct script_text caller,
                  char token[static TOKEN_TEXT_SIZE])
{
    if (script_is(caller, "new")) {
        memcpy(token, memory->token, TOKEN_TEXT_SIZE);
        return token[0] != '\0';
    }
    if (script_is(caller, "expired")) {
        world_token("expired", token);
        return true;
    }
    for (size_t i = 0; world_users[i].name != NULL; i++) {
        if (script_is(caller, world_users[i].name)) {
            world_token(world_users[i].name, token);
            return true;
        }
    }
    return false;
}

/* The tokens in the request's lines. Of two variables of one name only the first counts. */
struct script_token {
    bool given, redirected;
    int64_t user_id, redirected_user_id;
};

static void
token_note(struct script_token *found, const struct script_memory *memory, struct script_text name,
           struct script_text value)
{
    if (script_is(name, "HTTP_AUTHORIZATION") && !found->given) {
        found->given = true;
        found->user_id = token_find_user(memory, value);
    }
    if (script_is(name, "REDIRECT_HTTP_AUTHORIZATION") && !found->redirected) {
        found->redirected = true;
        found->redirected_user_id = token_find_user(memory, value);
    }
}

/* The meta-variables that the script names, up to the empty line. */
static void
lines_write(struct script_text *text, const struct script_memory *memory,
            struct script_token *found, struct buf *params)
{
    while (text->len > 0) {
        struct script_text line = text_take(text, '\n');
        struct script_text name = text_take(&line, '=');

        if (name.len == 0 && line.len == 0) {
            return;
        }
        param_write(params, name.at, name.len, line.at, line.len);
        token_note(found, memory, name, line);
    }
}

/* The request with {id} replaced. */
static struct script_text
request_fill(struct script_text request, const struct script_memory *memory, struct arena *a)
{
    static const char id[] = "{id}";
    struct buf filled = {0};
    struct script_text copy;

    while (request.len > 0) {
        const char *found = memmem(request.at, request.len, id, sizeof(id) - 1);
        size_t some = found == NULL ? request.len : (size_t)(found - request.at);

        buf_add(&filled, request.at, some);
        if (found != NULL) {
            buf_int(&filled, memory->id);
            some += sizeof(id) - 1;
        }
        request.at += some;
        request.len -= some;
    }
    copy = (struct script_text){arena_strndup(a, buf_cstr(&filled), filled.len), filled.len};
    buf_free(&filled);
    return copy;
}

int64_t
script_send(struct script_text request, const struct script_memory *memory, struct arena *a,
            struct buf *records)
{
    static const char begin[8] = {0, RESPONDER, 1};
    struct script_text text = request_fill(request, memory, a);
    struct script_text line = text_take(&text, '\n');
    struct script_text caller = text_take(&line, ' ');
    struct script_text method = text_take(&line, ' ');
    struct script_token found = {.given = false};
    char token[TOKEN_TEXT_SIZE];
    struct buf params = {0};

    param_write(&params, "REQUEST_METHOD", 14, method.at, method.len);
    param_write(&params, "REQUEST_URI", 11, line.at, line.len);
    lines_write(&text, memory, &found, &params);
    if (!found.given && caller_find_token(memory, caller, token)) {
        const char *value = arena_printf(a, "Bearer %s", token);

        param_write_text(&params, "HTTP_AUTHORIZATION", value);
        token_note(&found, memory, (struct script_text){"HTTP_AUTHORIZATION", 18},
                   (struct script_text){value, strlen(value)});
    }
    param_write_text(&params, "REMOTE_ADDR", "192.0.2.1");
    if (text.len > 0) {
        param_write_text(&params, "CONTENT_LENGTH", arena_printf(a, "%zu", text.len));
        param_write_text(&params, "CONTENT_TYPE", "application/json");
    }
    record_write(records, BEGIN_REQUEST, begin, sizeof(begin));
    record_write(records, PARAMS, params.at, params.len);
    record_write(records, PARAMS, "", 0);
    if (text.len > 0) {
        record_write(records, STDIN, text.at, text.len);
    }
    record_write(records, STDIN, "", 0);
    buf_free(&params);
    return found.given ? found.user_id : found.redirected_user_id;
}

void
script_note_reply(struct script_memory *memory, const char *reply)
{
    static const char id[] = "\"id\":", token[] = "{\"token\":\"";
    const char *made = strstr(reply, token), *named = strstr(reply, id);

    if (named != NULL && strtoll(named + sizeof(id) - 1, NULL, 10) > 0) {
        memory->id = strtoll(named + sizeof(id) - 1, NULL, 10);
    }
    if (made != NULL && strlen(made) > sizeof(token) - 1 + TOKEN_TEXT_SIZE) {
        memcpy(memory->token, made + sizeof(token) - 1, TOKEN_TEXT_SIZE - 1);
        memory->token_user_id = memory->id; /* the reply names its user after it */
    }
}
