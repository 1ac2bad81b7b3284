/* The append-only log of a room. Live delivery, catching up and history all read from it. */
#ifndef DB_ROOM_LOG_H
#define DB_ROOM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vocabulary.h"
#include "db/mysql/db.h"
#include "db/names.h"

#define ENTRY_KINDS(WORD)                                                                          \
    WORD(ENTRY_MESSAGE, "message")                                                                 \
    WORD(ENTRY_JOIN, "join")                                                                       \
    WORD(ENTRY_LEAVE, "leave")                                                                     \
    WORD(ENTRY_RENAME, "rename")                                                                   \
    WORD(ENTRY_ROLE, "role")                                                                       \
    WORD(ENTRY_OPEN, "open")
enum entry_kind { ENTRY_KINDS(VOCABULARY_CONSTANT) };
extern const char *const entry_kind_words[]; /* ends with NULL */

enum {
    MEMBERS_UNKNOWN = -1,       /* no room's members_changed_at */
    UNREAD_SCANNED = 1000,      /* see room_log_unread */
    PAGE_TEXT_MAX = 256 * 1024, /* bytes of text with which a page is full */
    ENTRY_TEXT_MAX = 32000,     /* bytes of one entry's text */
};

struct entry {
    int64_t room_id, seq;
    int kind; /* enum entry_kind */
    struct person sender;
    const char *client_id, *body; /* NULL if the kind has none */
    int64_t ref_seq;              /* the entry that this one refers to; 0: none */
    int64_t created_at;
};

/*
 * Inside a transaction that has checked who may do what the entry records: locks the room's row,
 * takes the next number, inserts the entry, and sets its `seq` and `created_at`. DB_NONE if the
 * room does not exist.
 */
enum db_result room_log_append(struct db *db, struct entry *entry)
    __attribute__((nonnull, warn_unused_result));

/*
 * The same for one entry of each sender, in their order, of a kind without a text; *first_seq is
 * the number of the first.
 */
enum db_result room_log_append_each(struct db *db, int64_t room_id, enum entry_kind kind,
                                    const int64_t *sender_ids, size_t count, int64_t *first_seq)
    __attribute__((nonnull, warn_unused_result));

/*
 * Appends a member's entry in a transaction of its own, in one round trip if server and client
 * library support that. DB_NONE if the room does not exist or the sender is not in it; DB_EXISTS if
 * the sender has used this client_id in this room before. Only for entries with a client_id: a
 * transaction that is run again must not append twice.
 *
 * *members_changed_at: the room's number when the sender was found to be in it, MEMBERS_UNKNOWN if
 * that is not known; then, as of this entry.
 */
enum db_result room_log_append_by_member(struct db *db, struct entry *entry,
                                         int64_t *members_changed_at)
    __attribute__((nonnull, warn_unused_result));

/* The entry of a sender's client_id, without the sender's name. DB_NONE if there is none. */
enum db_result room_log_find(struct db *db, struct arena *a, int64_t room_id, int64_t sender_id,
                             const char *client_id, struct entry *found)
    __attribute__((nonnull, warn_unused_result));

/*
 * The newest `limit` entries with after < seq < before; with `oldest`, the oldest ones. Fewer, but
 * at least one, if their texts together reach text_max bytes (0: any number).
 */
struct log_range {
    int64_t after, before; /* before 0: no bound */
    size_t limit, text_max;
    bool oldest;
};

/* The bytes of the entries' texts. */
size_t entries_text(const struct entry *entries, size_t count)
    __attribute__((nonnull, pure, warn_unused_result));

/* The member for whom a log is read. */
struct log_reader {
    int64_t user_id;
    int64_t changes; /* users.changes with which an entry was read */
};

/*
 * A part of a room's log, ascending, without the senders' names. `entries` has room for
 * range->limit. Empty if `reader` is not in the room; NULL skips that check.
 */
enum db_result room_log_read(struct db *db, struct arena *a, int64_t room_id,
                             struct log_reader *reader, const struct log_range *range,
                             struct entry *entries, size_t *count)
    __attribute__((nonnull(1, 2, 5, 6, 7), warn_unused_result));

struct log_key {
    int64_t room_id, seq;
};

/*
 * The entries with these keys, at least one key, ascending, without the senders' names. Keys
 * without an entry are skipped. Fewer, but at least one, if their texts together reach text_max
 * bytes. `entries` has room for key_count.
 */
enum db_result room_log_read_keys(struct db *db, struct arena *a, const struct log_key *keys,
                                  size_t key_count, size_t text_max, struct entry *entries,
                                  size_t *count) __attribute__((nonnull, warn_unused_result));

/*
 * Counts the messages of others after `read_seq`, up to `most`, among the newest UNREAD_SCANNED
 * entries: a log that consists of the reader's own messages costs no more than another.
 */
enum db_result room_log_unread(struct db *db, int64_t room_id, int64_t reader_id, int64_t read_seq,
                               int64_t most, int64_t *unread)
    __attribute__((nonnull, warn_unused_result));

#endif
