/*
 * A hint is text: a line "E 12 345 0 1767225600000 60000" (kind, room, seq, user, time, age of the
 * connection), a line that only some kinds use (`rooms` or `renamed`), and the JSON that is sent on
 * to clients. It is published after a line with its seal: what a hint says is shown to users, and
 * others may write to Redis.
 */
#include "db/redis/announce.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"
#include "db/redis/seal.h"

enum {
    CHANNELS = 256,
    SEAL_LINE_LEN = SEAL_LEN + 1,
};

void
announce_pattern(const struct redis *redis, char pattern[static ANNOUNCE_PATTERN_SIZE])
{
    (void)snprintf(pattern, ANNOUNCE_PATTERN_SIZE, "fc:%d:events:*", redis_database(redis));
}

void
hint_publish(struct redis *redis, const struct hint *h)
{
    struct buf text = {0};
    char channel[ANNOUNCE_PATTERN_SIZE], seal_line[SEAL_LINE_LEN] = {[SEAL_LEN] = '\n'};
    const int64_t numbers[] = {h->room_id, h->seq, h->user_id, h->at, h->connected_ms};
    int db = redis_database(redis);

    if (h->room_id > 0) {
        (void)snprintf(channel, sizeof(channel), "fc:%d:events:%d", db,
                       (int)(h->room_id % CHANNELS));
    } else {
        (void)snprintf(channel, sizeof(channel), "fc:%d:events:users", db);
    }
    buf_add(&text, seal_line, SEAL_LINE_LEN);
    buf_char(&text, (char)h->kind);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        buf_char(&text, ' ');
        buf_int(&text, numbers[i]);
    }
    buf_char(&text, '\n');
    buf_add(&text, h->rooms, h->rooms_len);
    buf_add(&text, h->renamed, h->renamed_len);
    buf_char(&text, '\n');
    buf_add(&text, h->json, h->json_len);
    if (seal_make(text.at + SEAL_LINE_LEN, text.len - SEAL_LINE_LEN, text.at)) {
        redis_post(redis, redis_text("PUBLISH"), redis_text(channel),
                   redis_bytes(text.at, text.len));
    }
    buf_free(&text);
}

void
announce_room(struct redis *redis, int64_t room_id)
{
    hint_publish(redis, &(struct hint){.kind = HINT_ENTRY, .room_id = room_id});
}

void
announce_user(struct redis *redis, int64_t user_id)
{
    hint_publish(redis, &(struct hint){.kind = HINT_USER, .user_id = user_id});
}

int64_t
hint_peek_room(const char *text, size_t len)
{
    const char *at = text + SEAL_LINE_LEN + 2; /* after "E " */
    int64_t room_id;

    if (len < SEAL_LINE_LEN + 3 || at[-1] != ' ' || !number_read(&at, &room_id)) {
        return 0;
    }
    return room_id > 0 ? room_id : 0;
}

bool
hint_unseal(const char **text, size_t *len)
{
    const char *seal = *text;

    if (*len <= SEAL_LINE_LEN || *len > HINT_MAX || seal[SEAL_LEN] != '\n') {
        return false;
    }
    *text += SEAL_LINE_LEN;
    *len -= SEAL_LINE_LEN;
    return seal_matches(*text, *len, seal);
}

/* Reads a space and a number that is not negative. `*at` is NUL-terminated. */
static bool
hint_parse_number(const char **at, int64_t *n)
{
    if (**at != ' ') {
        return false;
    }
    (*at)++;
    return number_read(at, n) && *n >= 0;
}

/* Whether a hint of its kind names whom it is for. */
static bool
hint_has_address(const struct hint *hint)
{
    switch (hint->kind) {
    case HINT_ENTRY:
    case HINT_TYPING:
    case HINT_READ:
        return hint->room_id > 0;
    case HINT_USER:
    case HINT_TASK:
    case HINT_PRESENCE:
    case HINT_INVITATION:
        return hint->user_id > 0;
    case HINT_NONE:
        break;
    }
    return false;
}

/* Reads the number if there is one, or leaves it 0. Returns false if there is something else. */
static bool
hint_parse_optional(const char **at, int64_t *n)
{
    return **at == '\0' || hint_parse_number(at, n);
}

/*
 * Parses kind, room, seq, user and, if they are there, the times. Returns false if that is
 * impossible; but see hint_parse.
 */
static bool
hint_parse_line(const char *line, struct hint *hint)
{
    const char *at = line + 1;

    hint->kind = (enum hint_kind)line[0];
    if (line[0] == '\0' || !hint_parse_number(&at, &hint->room_id)) {
        return false;
    }
    if (hint_parse_number(&at, &hint->seq) && hint_parse_number(&at, &hint->user_id) &&
        hint_parse_optional(&at, &hint->at) && hint_parse_optional(&at, &hint->connected_ms) &&
        *at == '\0') {
        return hint_has_address(hint);
    }
    hint->seq = hint->user_id = hint->at = hint->connected_ms = 0;
    return hint->kind == HINT_ENTRY && hint->room_id > 0;
}

/* Printable ASCII: nothing in it can end a line of a stream. */
static bool
hint_is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

bool
hint_parse(const char *text, size_t len, struct hint *hint)
{
    const char *end = text + len, *first = memchr(text, '\n', len), *second;
    char line[128];

    *hint = (struct hint){0};
    if (first == NULL || first == text || (size_t)(first - text) >= sizeof(line) ||
        memchr(text, '\0', (size_t)(first - text)) != NULL) {
        return false;
    }
    memcpy(line, text, (size_t)(first - text));
    line[first - text] = '\0';
    second = memchr(first + 1, '\n', (size_t)(end - first - 1));
    if (second == NULL || !hint_parse_line(line, hint)) {
        return false;
    }
    hint->json = second + 1;
    hint->json_len = (size_t)(end - hint->json);
    if (hint->kind == HINT_ENTRY) {
        hint->renamed = first + 1;
        hint->renamed_len = (size_t)(second - hint->renamed);
    } else {
        hint->rooms = first + 1;
        hint->rooms_len = (size_t)(second - hint->rooms);
    }
    return hint_is_plain(first + 1, (size_t)(second - first - 1)) &&
           hint_is_plain(hint->json, hint->json_len);
}
