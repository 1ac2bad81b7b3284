/*
 * A hint is text: a line "E 12 345 0" (kind, room, seq, user), a line of room ids for presence, and
 * the JSON that is sent on to clients.
 */
#include "db/redis/announce.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"

enum { CHANNELS = 256 };

void
announce_pattern(const struct redis *redis, char pattern[static ANNOUNCE_PATTERN_SIZE])
{
    (void)snprintf(pattern, ANNOUNCE_PATTERN_SIZE, "fc:%d:events:*", redis_database(redis));
}

static void
hint_publish(struct redis *redis, const struct hint *h)
{
    struct buf text = {0};
    char channel[ANNOUNCE_PATTERN_SIZE];
    int db = redis_database(redis);

    if (h->room_id > 0) {
        (void)snprintf(channel, sizeof(channel), "fc:%d:events:%d", db,
                       (int)(h->room_id % CHANNELS));
    } else {
        (void)snprintf(channel, sizeof(channel), "fc:%d:events:users", db);
    }
    buf_printf(&text, "%c %lld %lld %lld\n", (char)h->kind, (long long)h->room_id,
               (long long)h->seq, (long long)h->user_id);
    buf_add(&text, h->rooms, h->rooms_len);
    buf_char(&text, '\n');
    buf_add(&text, h->json, h->json_len);
    freeReplyObject(redis_run(redis, redis_text("PUBLISH"), redis_text(channel),
                              redis_bytes(text.at, text.len)));
    buf_free(&text);
}

void
announce_entry(struct redis *redis, int64_t room_id, int64_t seq, const char *json, size_t len)
{
    hint_publish(
        redis,
        &(struct hint){
            .kind = HINT_ENTRY, .room_id = room_id, .seq = seq, .json = json, .json_len = len});
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

void
announce_signal(struct redis *redis, enum hint_kind kind, int64_t room_id, int64_t user_id,
                const char *json, size_t len)
{
    hint_publish(
        redis,
        &(struct hint){
            .kind = kind, .room_id = room_id, .user_id = user_id, .json = json, .json_len = len});
}

void
announce_task(struct redis *redis, int64_t user_id, int64_t task_id, const char *kind,
              const char *state)
{
    char json[160];
    int len = snprintf(json, sizeof(json), "{\"id\":%lld,\"kind\":\"%s\",\"state\":\"%s\"}",
                       (long long)task_id, kind, state);

    hint_publish(redis,
                 &(struct hint){
                     .kind = HINT_TASK, .user_id = user_id, .json = json, .json_len = (size_t)len});
}

void
announce_presence(struct redis *redis, int64_t user_id, bool online, const char *rooms, size_t len)
{
    char json[80];
    int json_len = snprintf(json, sizeof(json), "{\"user_id\":%lld,\"online\":%s}",
                            (long long)user_id, online ? "true" : "false");

    hint_publish(redis, &(struct hint){.kind = HINT_PRESENCE,
                                       .user_id = user_id,
                                       .json = json,
                                       .json_len = (size_t)json_len,
                                       .rooms = rooms,
                                       .rooms_len = len});
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

bool
hint_parse(const char *text, size_t len, struct hint *hint)
{
    const char *end = memchr(text, '\n', len), *second, *at;
    char line[80];

    if (end == NULL || end == text || (size_t)(end - text) >= sizeof(line)) {
        return false;
    }
    memcpy(line, text, (size_t)(end - text));
    line[end - text] = '\0';
    second = memchr(end + 1, '\n', len - (size_t)(end + 1 - text));
    if (second == NULL || strchr("EUTRPK", line[0]) == NULL) {
        return false;
    }
    *hint = (struct hint){
        .kind = (enum hint_kind)line[0],
        .rooms = end + 1,
        .rooms_len = (size_t)(second - end - 1),
        .json = second + 1,
        .json_len = len - (size_t)(second + 1 - text),
    };
    at = line + 1;
    return hint_parse_number(&at, &hint->room_id) && hint_parse_number(&at, &hint->seq) &&
           hint_parse_number(&at, &hint->user_id) && *at == '\0';
}
