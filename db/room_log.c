/*
 * The log is clustered by (room_id, seq), so a page of it is one sequential range. An entry's
 * number is its room's last_seq + 1, taken under the row lock that the commit releases: numbers
 * have no gaps, and readers see them in order. Under the same lock rooms.last_at becomes the
 * entry's time, and never decreases, even if the clock of the database does.
 */
#include "db/room_log.h"

#include <string.h>

#include "db/bound_rows.h"

const char *const entry_kind_words[] = {ENTRY_KINDS(VOCABULARY_WORD) NULL};

/* Without room_id: the reader knows it, and every column costs the database time for each row. */
#define COLUMNS "l.seq, l.kind, l.sender_id, l.client_id, l.body, l.ref_seq, l.created_at"

/*
 * LAST_INSERT_ID(expr) returns a value with the statement's own reply, without a query. @at carries
 * the time from one statement to the next: reading it from rooms would double the cost.
 */
#define TAKE_NUMBER TAKE_NUMBER_AND("")
#define TAKE_NUMBER_AND(assignment)                                                                \
    "UPDATE rooms SET last_message_seq = IF(?, last_seq + 1, last_message_seq), "                  \
    "last_at = (@at := GREATEST(last_at, " DB_NOW_MS                                               \
    ")), last_seq = LAST_INSERT_ID(last_seq + 1)" assignment " WHERE id = ?"
#define INSERT_ENTRY                                                                               \
    "INSERT INTO room_log "                                                                        \
    "(seq, room_id, kind, sender_id, client_id, body, ref_seq, created_at) "

/* Sets entry->seq. DB_NONE: there is no such room. */
static enum db_result
room_log_take_number(struct db *db, struct entry *entry)
{
    enum db_result r = db_run(db, TAKE_NUMBER, db_int(entry->kind == ENTRY_MESSAGE),
                              db_int(entry->room_id));

    entry->seq = db_insert_id(db);
    return r == DB_OK && db_affected(db) == 0 ? DB_NONE : r;
}

enum db_result
room_log_append(struct db *db, struct entry *entry)
{
    enum db_result r = room_log_take_number(db, entry);

    if (r != DB_OK) {
        return r;
    }
    r = db_run(db, INSERT_ENTRY "VALUES (?, ?, ?, ?, ?, ?, NULLIF(?, 0), LAST_INSERT_ID(@at))",
               db_int(entry->seq), db_int(entry->room_id), db_int(entry->kind),
               db_int(entry->sender.id), db_text(entry->client_id), db_text(entry->body),
               db_int(entry->ref_seq));
    entry->created_at = db_insert_id(db);
    return r;
}

#define TAKE_NUMBERS                                                                               \
    "UPDATE rooms SET last_at = (@at := GREATEST(last_at, " DB_NOW_MS                              \
    ")), last_seq = LAST_INSERT_ID(last_seq + ?) WHERE id = ?"
#define INSERT_ENTRIES                                                                             \
    INSERT_ENTRY "SELECT k.seq, ?, ?, k.sender_id, NULL, NULL, NULL, @at FROM JSON_TABLE("         \
                 "?, '$[*]' COLUMNS (seq BIGINT PATH '$[0]', sender_id BIGINT PATH '$[1]')) k"

enum db_result
room_log_append_each(struct db *db, int64_t room_id, enum entry_kind kind,
                     const int64_t *sender_ids, size_t count, int64_t *first_seq)
{
    struct buf rows = {0};
    enum db_result r = db_run(db, TAKE_NUMBERS, db_int((int64_t)count), db_int(room_id));

    *first_seq = db_insert_id(db) - (int64_t)count + 1;
    if (r != DB_OK) {
        return r;
    }
    if (db_affected(db) == 0) {
        return DB_NONE;
    }
    for (size_t i = 0; i < count; i++) {
        BOUND_ROW(&rows, *first_seq + (int64_t)i, sender_ids[i]);
    }
    r = db_run(db, INSERT_ENTRIES, db_int(room_id), db_int(kind), bound_rows_value(&rows));
    buf_free(&rows);
    return r;
}

/*
 * A statement of its own reads the members, as of the room's lock. A condition of the update may be
 * evaluated before the lock is granted, and let a member write who has just left.
 */
static enum db_result
room_log_append_transaction(struct db *db, void *context)
{
    struct entry *entry = context;
    enum db_result r = room_log_take_number(db, entry);

    if (r != DB_OK) {
        return r;
    }
    r = db_run(
        db,
        INSERT_ENTRY "SELECT ?, room_id, ?, user_id, ?, ?, NULLIF(?, 0), LAST_INSERT_ID(@at) "
                     "FROM members WHERE room_id = ? AND user_id = ?",
        db_int(entry->seq), db_int(entry->kind), db_text(entry->client_id), db_text(entry->body),
        db_int(entry->ref_seq), db_int(entry->room_id), db_int(entry->sender.id));
    entry->created_at = db_insert_id(db);
    return r == DB_OK && db_affected(db) == 0 ? DB_NONE : r;
}

/*
 * The same in one round trip. The members are read only if they have changed since the sender was
 * found among them: that costs as much as a fifth of the rest. @members is the room's
 * members_changed_at, and becomes NULL if nothing may be appended; the number is then 0.
 */
#define TAKE_NUMBER_AND_MEMBERS                                                                    \
    TAKE_NUMBER_AND(", members_changed_at = (@members := members_changed_at)")
#define CHECK_MEMBER                                                                               \
    "IF @members <> ? THEN "                                                                       \
    "IF NOT EXISTS (SELECT 1 FROM members WHERE room_id = ? AND user_id = ?) THEN "                \
    "SET @members = NULL; END IF; END IF; "
#define INSERT_NEXT INSERT_ENTRY "VALUES (LAST_INSERT_ID(), ?, ?, ?, ?, ?, NULLIF(?, 0), @at); "
#define APPEND_BY_MEMBER                                                                           \
    "BEGIN NOT ATOMIC ROLLBACK; SET @members = NULL; "                                             \
    "START TRANSACTION; " TAKE_NUMBER_AND_MEMBERS "; " CHECK_MEMBER                                \
    "IF @members IS NULL THEN ROLLBACK; DO LAST_INSERT_ID(0); ELSE " INSERT_NEXT                   \
    "COMMIT; END IF; SELECT LAST_INSERT_ID(), @at, @members; END"

static enum db_result
room_log_append_compound(struct db *db, struct entry *e, int64_t *members_changed_at)
{
    struct db_value room = db_int(e->room_id), sender = db_int(e->sender.id);
    enum db_result r = db_compound(db, APPEND_BY_MEMBER, db_int(e->kind == ENTRY_MESSAGE), room,
                                   db_int(*members_changed_at), room, sender, room, db_int(e->kind),
                                   sender, db_text(e->client_id), db_text(e->body),
                                   db_int(e->ref_seq));

    if (r != DB_OK) {
        return r;
    }
    e->seq = db_get_int(db, 0);
    e->created_at = db_get_int(db, 1);
    *members_changed_at = db_get_int(db, 2);
    (void)db_done(db); /* the row follows the COMMIT: an error now takes nothing back */
    return e->seq == 0 ? DB_NONE : DB_OK;
}

enum db_result
room_log_append_by_member(struct db *db, struct entry *entry, int64_t *members_changed_at)
{
    return db_has_compounds(db)
               ? room_log_append_compound(db, entry, members_changed_at)
               : db_transaction(db, DB_REPEATABLE, room_log_append_transaction, entry);
}

static struct entry
room_log_read_entry(struct db *db, struct arena *a, int64_t room_id)
{
    return (struct entry){
        .room_id = room_id,
        .seq = db_get_int(db, 0),
        .kind = (int)db_get_int(db, 1),
        .sender = {.id = db_get_int(db, 2)},
        .client_id = db_get_text(db, 3, a),
        .body = db_get_text(db, 4, a),
        .ref_seq = db_get_int(db, 5),
        .created_at = db_get_int(db, 6),
    };
}

enum db_result
room_log_find(struct db *db, struct arena *a, int64_t room_id, int64_t sender_id,
              const char *client_id, struct entry *found)
{
    enum db_result r = db_one(db,
                              "SELECT " COLUMNS " FROM room_log l WHERE l.room_id = ? AND "
                              "l.sender_id = ? AND l.client_id = ?",
                              db_int(room_id), db_int(sender_id), db_text(client_id));

    if (r != DB_OK) {
        return r;
    }
    *found = room_log_read_entry(db, a, room_id);
    return db_done(db);
}

#define RANGE                                                                                      \
    "SELECT " COLUMNS " FROM room_log l "                                                          \
    "WHERE l.room_id = ? AND l.seq > ? AND l.seq < ? "                                             \
    "ORDER BY l.seq "
/* Reads the member's rows by their primary keys before the range. */
#define RANGE_OF_MEMBER                                                                            \
    "SELECT " COLUMNS ", u.changes FROM members m JOIN users u ON u.id = m.user_id "               \
    "JOIN room_log l ON l.room_id = m.room_id "                                                    \
    "WHERE m.room_id = ? AND m.user_id = ? AND l.seq > ? AND l.seq < ? "                           \
    "ORDER BY l.seq "

static size_t
entry_text(const struct entry *entry)
{
    return entry->body == NULL ? 0 : strlen(entry->body);
}

size_t
entries_text(const struct entry *entries, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += entry_text(&entries[i]);
    }
    return bytes;
}

/* The newest entries come newest first; pages are ascending. */
static void
room_log_reverse(struct entry *entries, size_t count)
{
    for (size_t i = 0, k = count; i + 1 < k; i++) {
        struct entry other = entries[--k];

        entries[k] = entries[i];
        entries[i] = other;
    }
}

enum db_result
room_log_read(struct db *db, struct arena *a, int64_t room_id, struct log_reader *reader,
              const struct log_range *range, struct entry *entries, size_t *count)
{
    int64_t before = range->before > 0 ? range->before : INT64_MAX;
    size_t text_left = range->text_max > 0 ? range->text_max : SIZE_MAX;
    enum db_result r;

    if (reader == NULL) {
        r = db_run(db, range->oldest ? RANGE "LIMIT ?" : RANGE "DESC LIMIT ?", db_int(room_id),
                   db_int(range->after), db_int(before), db_int((int64_t)range->limit));
    } else {
        r = db_run(db, range->oldest ? RANGE_OF_MEMBER "LIMIT ?" : RANGE_OF_MEMBER "DESC LIMIT ?",
                   db_int(room_id), db_int(reader->user_id), db_int(range->after), db_int(before),
                   db_int((int64_t)range->limit));
    }
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < range->limit && text_left > 0 && db_next(db)) {
        struct entry *entry = &entries[(*count)++];

        *entry = room_log_read_entry(db, a, room_id);
        text_left -= entry_text(entry) < text_left ? entry_text(entry) : text_left;
        if (reader != NULL) {
            reader->changes = db_get_int(db, 7);
        }
    }
    if (!range->oldest) {
        room_log_reverse(entries, *count);
    }
    return db_done(db);
}

/* Each row is found by its whole primary key, in the order of the keys: nothing is sorted. */
#define BY_KEYS                                                                                    \
    "SELECT " COLUMNS ", l.room_id FROM JSON_TABLE(?, '$[*]' COLUMNS ("                            \
    "room_id BIGINT PATH '$[0]', seq BIGINT PATH '$[1]')) k "                                      \
    "STRAIGHT_JOIN room_log l ON l.room_id = k.room_id AND l.seq = k.seq"

static bool
log_key_precedes(const struct log_key *key, const struct entry *entry)
{
    return key->room_id != entry->room_id ? key->room_id < entry->room_id : key->seq < entry->seq;
}

enum db_result
room_log_read_keys(struct db *db, struct arena *a, const struct log_key *keys, size_t key_count,
                   size_t text_max, struct entry *entries, size_t *count)
{
    struct buf rows = {0};
    struct log_key last = {0};
    size_t text = 0;
    enum db_result r;

    for (size_t i = 0; i < key_count; i++) {
        BOUND_ROW(&rows, keys[i].room_id, keys[i].seq);
    }
    r = db_run(db, BY_KEYS, bound_rows_value(&rows));
    buf_free(&rows);
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < key_count && text < text_max && db_next(db)) {
        struct entry *entry = &entries[*count];

        *entry = room_log_read_entry(db, a, db_get_int(db, 7));
        if (log_key_precedes(&last, entry)) { /* always: SQL only does not promise it */
            last = (struct log_key){entry->room_id, entry->seq};
            text += entry_text(entry);
            (*count)++;
        }
    }
    return db_done(db);
}

enum db_result
room_log_unread(struct db *db, int64_t room_id, int64_t reader_id, int64_t read_seq, int64_t most,
                int64_t *unread)
{
    /* The room is read first, as a constant: the condition on seq is then a range. */
    enum db_result r = db_one(
        db,
        "SELECT COUNT(*) FROM (SELECT 1 FROM rooms r JOIN room_log l ON l.room_id = r.id "
        "WHERE r.id = ? AND l.seq > GREATEST(?, CAST(r.last_seq AS SIGNED) - ?) "
        "AND l.kind = ? AND l.sender_id <> ? LIMIT ?) t",
        db_int(room_id), db_int(read_seq), db_int(UNREAD_SCANNED), db_int(ENTRY_MESSAGE),
        db_int(reader_id), db_int(most));

    if (r != DB_OK) {
        return r;
    }
    *unread = db_get_int(db, 0);
    return db_done(db);
}
