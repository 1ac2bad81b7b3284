/*
 * Three tables of fixed size: sessions, members, senders. Rows that do not fit are read from the
 * database again. A lock is held while a table is read or written, never during a query: what the
 * query finds is applied to the sessions that are still as they were when it began.
 *
 * A session is read again after a minute, too: its row is then prolonged. Once it is to be read
 * again it keeps its place, which shows that the token is no guess.
 */
#include "db/known.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "db/live.h"
#include "db/room_log.h"

enum {
    SETS = 1024,
    WAYS = 4, /* entries of a set: those among which a hash has its place */
    SESSIONS = SETS * WAYS,
    MEMBERS = 4096,
    KEPT_US = 60 * 1000 * 1000,
    COMPARE_US = 700 * 1000, /* between two queries */
    STALE_US = 1400 * 1000,  /* after which a session that was not compared is read again */
    MEMBER_US = 1000 * 1000,
    NONE_US = 1000 * 1000,
};

struct known_session {
    uint8_t hash[TOKEN_HASH_BYTES];
    struct session session; /* id 0: none had this hash at read_us */
    int64_t read_us;        /* 0: to be read again */
    int64_t compared_us;
};

static struct known_session sessions[SESSIONS];
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t compare_tried_us; /* when the last query was begun; 0: never */

/* The lowest loses its place: one without a session, then one to be read again, then the oldest. */
static int64_t
session_age_rank(const struct known_session *entry)
{
    return entry->session.id == 0 ? entry->read_us - INT64_MAX : entry->read_us;
}

/* With the lock: the entry of a hash, or the one that is to make room for it. */
static struct known_session *
session_entry(const uint8_t *hash)
{
    struct known_session *set, *oldest;
    uint32_t mixed;

    memcpy(&mixed, hash, sizeof(mixed));
    set = oldest = &sessions[mixed % SETS * WAYS];
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(set[i].hash, hash, TOKEN_HASH_BYTES) == 0) {
            return &set[i];
        }
        if (session_age_rank(&set[i]) < session_age_rank(oldest)) {
            oldest = &set[i];
        }
    }
    return oldest;
}

static bool
session_is_kept(const struct known_session *entry, int64_t now_us)
{
    return entry->session.id != 0 && entry->read_us != 0 && now_us - entry->read_us < KEPT_US;
}

/* Should this thread compare now? Then the others do not for a while. */
static bool
compare_is_due(int64_t now_us)
{
    bool due;

    (void)pthread_mutex_lock(&sessions_lock);
    due = compare_tried_us == 0 || now_us - compare_tried_us >= COMPARE_US;
    compare_tried_us = due ? now_us : compare_tried_us;
    (void)pthread_mutex_unlock(&sessions_lock);
    return due;
}

/* A copy of what is known: the sessions, and the index of each in the table. */
struct comparison {
    struct session *seen;
    uint32_t *places;
    size_t count;
};

static struct comparison
comparison_begin(struct arena *a, int64_t now_us)
{
    struct comparison c = {.seen = arena_array(a, SESSIONS, sizeof(*c.seen)),
                           .places = arena_array(a, SESSIONS, sizeof(*c.places))};

    (void)pthread_mutex_lock(&sessions_lock);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        if (session_is_kept(&sessions[i], now_us)) {
            c.places[c.count] = i;
            c.seen[c.count++] = sessions[i].session;
        }
    }
    (void)pthread_mutex_unlock(&sessions_lock);
    return c;
}

/* Notes that the sessions were compared, and forgets those that are `changed`. */
static void
comparison_apply(const struct comparison *c, int64_t began_us, const struct live_mark *changed,
                 size_t changed_count)
{
    size_t from = 0;

    (void)pthread_mutex_lock(&sessions_lock);
    for (size_t i = 0; i < c->count; i++) {
        struct known_session *entry = &sessions[c->places[i]];
        const struct session *now = &entry->session, *seen = &c->seen[i];

        if (now->id != seen->id || now->created_at != seen->created_at ||
            now->changes != seen->changes) {
            continue; /* read again meanwhile, or another one */
        }
        if (live_mark_find(changed, changed_count, seen->id, &from) != NULL) {
            entry->read_us = 0;
        } else if (entry->compared_us < began_us) {
            entry->compared_us = began_us;
        }
    }
    (void)pthread_mutex_unlock(&sessions_lock);
}

static void
sessions_compare(struct db *db)
{
    int64_t began_us = clock_mono_us();
    struct arena a = {0};
    struct comparison c;
    struct live_mark *changed;
    size_t changed_count;

    if (!compare_is_due(began_us)) {
        return;
    }
    c = comparison_begin(&a, began_us);
    if (c.count > 0 &&
        live_sessions_changed(db, &a, c.seen, c.count, &changed, &changed_count) == DB_OK) {
        comparison_apply(&c, began_us, changed, changed_count);
    }
    arena_free(&a);
}

bool
known_session_find(struct db *db, const uint8_t hash[static TOKEN_HASH_BYTES],
                   struct session *found, int64_t *checked_us)
{
    const struct known_session *entry;
    int64_t now_us;
    bool good;

    sessions_compare(db);
    (void)pthread_mutex_lock(&sessions_lock);
    entry = session_entry(hash);
    now_us = clock_mono_us();
    good = session_is_kept(entry, now_us) && now_us - entry->compared_us < STALE_US &&
           memcmp(entry->hash, hash, TOKEN_HASH_BYTES) == 0;
    *found = entry->session;
    *checked_us = entry->compared_us;
    (void)pthread_mutex_unlock(&sessions_lock);
    return good && found->expires_at > clock_now_ms();
}

bool
known_session_was_seen(const uint8_t hash[static TOKEN_HASH_BYTES])
{
    const struct known_session *entry;
    bool seen;

    (void)pthread_mutex_lock(&sessions_lock);
    entry = session_entry(hash);
    seen = entry->session.id != 0 && memcmp(entry->hash, hash, TOKEN_HASH_BYTES) == 0;
    (void)pthread_mutex_unlock(&sessions_lock);
    return seen;
}

bool
known_session_is_none(const uint8_t hash[static TOKEN_HASH_BYTES])
{
    const struct known_session *entry;
    bool none;

    (void)pthread_mutex_lock(&sessions_lock);
    entry = session_entry(hash);
    none = entry->session.id == 0 && clock_mono_us() - entry->read_us < NONE_US &&
           memcmp(entry->hash, hash, TOKEN_HASH_BYTES) == 0;
    (void)pthread_mutex_unlock(&sessions_lock);
    return none;
}

/* A guess takes the place of no session. */
void
known_session_put_none(const uint8_t hash[static TOKEN_HASH_BYTES], int64_t asked_us)
{
    struct known_session *entry;

    (void)pthread_mutex_lock(&sessions_lock);
    entry = session_entry(hash);
    if (entry->session.id == 0 || memcmp(entry->hash, hash, TOKEN_HASH_BYTES) == 0) {
        *entry = (struct known_session){.read_us = asked_us};
        memcpy(entry->hash, hash, TOKEN_HASH_BYTES);
    }
    (void)pthread_mutex_unlock(&sessions_lock);
}

void
known_session_put(const uint8_t hash[static TOKEN_HASH_BYTES], const struct session *session,
                  int64_t asked_us)
{
    struct known_session *entry;

    (void)pthread_mutex_lock(&sessions_lock);
    entry = session_entry(hash);
    memcpy(entry->hash, hash, TOKEN_HASH_BYTES);
    entry->session = *session;
    entry->read_us = entry->compared_us = asked_us;
    (void)pthread_mutex_unlock(&sessions_lock);
}

static struct known_member {
    int64_t room_id, user_id, changes;
    int64_t asked_us;
} members[MEMBERS];
static pthread_mutex_t members_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t
member_index(int64_t room_id, int64_t user_id)
{
    uint64_t mixed = ((uint64_t)room_id * 31 + (uint64_t)user_id) * UINT64_C(0x9E3779B97F4A7C15);

    return (mixed >> 32) % MEMBERS;
}

bool
known_member_find(int64_t room_id, int64_t user_id, int64_t changes)
{
    const struct known_member *entry;
    bool known;

    (void)pthread_mutex_lock(&members_lock);
    entry = &members[member_index(room_id, user_id)];
    known = entry->room_id == room_id && entry->user_id == user_id && entry->changes == changes &&
            clock_mono_us() - entry->asked_us < MEMBER_US;
    (void)pthread_mutex_unlock(&members_lock);
    return known;
}

void
known_member_put(int64_t room_id, int64_t user_id, int64_t changes, int64_t asked_us)
{
    (void)pthread_mutex_lock(&members_lock);
    members[member_index(room_id, user_id)] = (struct known_member){room_id, user_id, changes,
                                                                    asked_us};
    (void)pthread_mutex_unlock(&members_lock);
}

static struct known_sender {
    int64_t room_id, user_id, members_changed_at;
    int64_t put_us;
} senders[MEMBERS];
static pthread_mutex_t senders_lock = PTHREAD_MUTEX_INITIALIZER;

int64_t
known_sender_find(int64_t room_id, int64_t user_id)
{
    const struct known_sender *entry = &senders[member_index(room_id, user_id)];
    int64_t members_changed_at = MEMBERS_UNKNOWN;

    (void)pthread_mutex_lock(&senders_lock);
    if (entry->room_id == room_id && entry->user_id == user_id &&
        clock_mono_us() - entry->put_us < KEPT_US) {
        members_changed_at = entry->members_changed_at;
    }
    (void)pthread_mutex_unlock(&senders_lock);
    return members_changed_at;
}

void
known_sender_put(int64_t room_id, int64_t user_id, int64_t members_changed_at)
{
    (void)pthread_mutex_lock(&senders_lock);
    senders[member_index(room_id, user_id)] = (struct known_sender){
        room_id, user_id, members_changed_at, clock_mono_us()};
    (void)pthread_mutex_unlock(&senders_lock);
}
