/* Two queries: the sessions with their users' `changes`, and then the rooms of these users. */
#include "db/openings.h"

#include "base/clock.h"
#include "db/bound_rows.h"
#include "db/known.h"
#include "db/redis/revocations.h"
#include "db/sessions.h"
#include "db/users.h"

/* [[0,"the hash in hexadecimal digits"],…], without those that no session had a moment ago. */
static struct buf
openings_hashes(const struct openings *openings)
{
    struct buf rows = {0};

    for (size_t i = 0; i < openings->count; i++) {
        const uint8_t *hash = openings->all[i].hash;

        if (known_session_is_none(hash)) {
            continue;
        }
        buf_printf(&rows, "%s[%zu,\"", rows.len == 0 ? "[" : ",", i);
        for (size_t k = 0; k < TOKEN_HASH_BYTES; k++) {
            buf_printf(&rows, "%02x", hash[k]);
        }
        buf_str(&rows, "\"]");
    }
    buf_str(&rows, rows.len == 0 ? "[]" : "]");
    return rows;
}

/* Moves last_seen_at and expires_at of sessions in use, as their own look-ups would. */
static void
openings_prolong(struct caller *caller, int64_t now, int64_t expires_at, struct buf *ids)
{
    if (ids->len > 0) {
        db_run_optional(caller->db,
                        "UPDATE (SELECT j.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH "
                        "'$[0]')) j) k STRAIGHT_JOIN sessions s ON s.id = k.id "
                        "SET s.last_seen_at = ?, s.expires_at = ?",
                        bound_rows_value(ids), db_int(now), db_int(expires_at));
    }
    buf_free(ids);
}

/* Reads the current row. Returns the id of a session that is to be prolonged, or 0. */
static int64_t
opening_read_session(struct caller *caller, struct openings *openings, int64_t now, int64_t later,
                     int64_t asked_us)
{
    struct opening *opening = &openings->all[db_get_int(caller->db, 0)];
    struct session s = {.id = db_get_int(caller->db, 1),
                        .user_id = db_get_int(caller->db, 2),
                        .created_at = db_get_int(caller->db, 3),
                        .expires_at = db_get_int(caller->db, 4),
                        .changes = db_get_int(caller->db, 5)};
    bool prolong = now - db_get_int(caller->db, 6) >= SESSION_UNUSED_MS;

    s.expires_at = prolong ? later : s.expires_at;
    known_session_put(opening->hash, &s, asked_us);
    opening->user_id = s.user_id;
    opening->changes = s.changes;
    return prolong ? s.id : 0;
}

static enum db_result
openings_read_sessions(struct caller *caller, int days, struct openings *openings)
{
    struct buf hashes = openings_hashes(openings), unused = {0};
    int64_t now = clock_now_ms(), later = now + days * SESSION_DAY_MS, asked_us = clock_mono_us();
    enum db_result r = db_run(
        caller->db,
        "SELECT seen.n, s.id, s.user_id, s.created_at, s.expires_at, u.changes, s.last_seen_at "
        "FROM JSON_TABLE(?, '$[*]' COLUMNS (n BIGINT PATH '$[0]', hash CHAR(64) PATH '$[1]')) seen "
        "STRAIGHT_JOIN sessions s ON s.token_hash = UNHEX(seen.hash) AND s.expires_at > ? "
        "STRAIGHT_JOIN users u ON u.id = s.user_id AND u.state = ?",
        db_text(buf_cstr(&hashes)), db_int(now), db_int(USER_ACTIVE));

    buf_free(&hashes);
    if (r != DB_OK) {
        return r;
    }
    while (db_next(caller->db)) {
        int64_t id = opening_read_session(caller, openings, now, later, asked_us);

        if (id > 0) {
            BOUND_ROW(&unused, id);
        }
    }
    r = db_done(caller->db);
    openings_prolong(caller, now, later, &unused);
    return r;
}

/* Collects the rows; those of one opening follow one another. Returns the last opening. */
static size_t
openings_take_rooms(struct caller *caller, struct openings *openings, size_t *count)
{
    size_t n = 0;

    while (db_next(caller->db)) {
        struct sync_mark mark = {db_get_int(caller->db, 1), db_get_int(caller->db, 2),
                                 db_get_int(caller->db, 3)};
        struct opening *opening;

        n = (size_t)db_get_int(caller->db, 0);
        opening = &openings->all[n];
        if (opening->room_count++ == 0) {
            opening->first_room = *count;
        }
        buf_add(&openings->marks, &mark, sizeof(mark));
        (*count)++;
    }
    return n;
}

/* If not all rooms fit, the last opening and those after it are left out. */
static enum db_result
openings_read_rooms(struct caller *caller, struct openings *openings)
{
    struct buf users = {0};
    size_t count = 0, last;
    enum db_result r;

    for (size_t i = 0; i < openings->count; i++) {
        if (openings->all[i].user_id > 0) {
            BOUND_ROW(&users, (int64_t)i, openings->all[i].user_id);
        }
    }
    r = db_run(caller->db,
               "SELECT seen.n, m.room_id, r.last_seq, r.last_at FROM JSON_TABLE(?, '$[*]' COLUMNS "
               "(n BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]')) seen "
               "STRAIGHT_JOIN members m ON m.user_id = seen.user_id "
               "STRAIGHT_JOIN rooms r ON r.id = m.room_id ORDER BY seen.n, m.room_id LIMIT ?",
               bound_rows_value(&users), db_int(OPENINGS_ROOMS_MAX));
    buf_free(&users);
    if (r != DB_OK) {
        return r;
    }
    last = openings_take_rooms(caller, openings, &count);
    r = db_done(caller->db);
    for (size_t i = 0; r == DB_OK && i < openings->count; i++) {
        struct opening *opening = &openings->all[i];

        opening->found = opening->user_id > 0 && (count < OPENINGS_ROOMS_MAX || i < last);
        opening->rooms = (const struct sync_mark *)(const void *)openings->marks.at +
                         opening->first_room;
    }
    return r;
}

void
openings_read(struct caller *caller, int days, struct openings *openings)
{
    revocations_watch(caller->redis);
    if (openings_read_sessions(caller, days, openings) == DB_OK) {
        (void)openings_read_rooms(caller, openings); /* if it fails, each request reads its own */
    }
}

void
openings_free(struct openings *openings)
{
    buf_free(&openings->marks);
}
