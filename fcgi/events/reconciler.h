/*
 * The thread of the event loop that compares it with MySQL: which rooms have newer entries, which
 * users' rooms or sessions have changed. It bounds how late an entry whose hint was lost can be:
 * the time between two reconciliations. It also keeps presence in Redis.
 */
#ifndef FCGI_EVENTS_RECONCILER_H
#define FCGI_EVENTS_RECONCILER_H

#include "db/live.h"
#include "fcgi/app.h"
#include "fcgi/events/queue.h"

/*
 * The rooms, sessions and users to compare. Allocated with memory_new and memory_array; the
 * reconciler frees it.
 */
struct reconciliation {
    struct message message;
    int64_t now_s;           /* since 1970 */
    bool all;                /* these are all rooms and sessions */
    struct live_mark *rooms; /* number: the seq that was delivered last; first those in doubt */
    size_t room_count, doubted_count;
    struct buf sessions; /* struct session: those that are connected, one user after the other, with
                            the known `changes` of the user; -1: read the user in any case */
    struct buf doubted;  /* struct session: those of users in doubt, and of those who are new */
    int64_t *online;     /* users who hold streams: to be marked as online */
    size_t online_count;
    bool sweep_presence; /* find the users who have gone offline */
};

/*
 * A message to the event loop: what the reconciler found in MySQL, or what the subscriber received.
 * Freed with free().
 */
enum finding_kind {
    FINDING_ENTRY,     /* the next entry of a room */
    FINDING_RESTARTED, /* a room does not have the entry that was delivered last (any more) */
    FINDING_REACHED,   /* the last seq of a room; follows its entries */
    FINDING_USER,      /* a user's rooms and connected sessions */
    FINDING_NO_USER,   /* the user does not exist any more */
    FINDING_HINT,      /* a hint, without its seal */
    FINDING_LOST,      /* hints may have been missed */
    FINDING_DONE,      /* the reconciliation is complete */
};

struct finding {
    struct message message;
    enum finding_kind kind;
    int64_t id; /* of the room or user */
    /* ENTRY: seq; RESTARTED, REACHED: last_seq; USER: changes; DONE: 1 if MySQL replied, else 0 */
    int64_t number;
    int64_t at;       /* ENTRY, RESTARTED: the time of the entry with that number (ms) */
    const char *text; /* ENTRY: the entry's JSON in ASCII; HINT: the hint; not NUL-terminated */
    size_t len;
    const char *renamed; /* ENTRY: as in struct hint */
    size_t renamed_len;
    const struct live_mark *marks; /* USER: the rooms, then the sessions, as in db/live.h */
    size_t room_count, session_count;
};

/* A finding with a copy of `len` bytes, at which its `text` points. */
struct finding *finding_new(enum finding_kind kind, int64_t id, int64_t number, const void *bytes,
                            size_t len) __attribute__((returns_nonnull, warn_unused_result));

struct reconciler;

/*
 * Starts the thread. It puts its findings in `done`; FINDING_DONE is the last one of each
 * reconciliation. Returns NULL with errno set if no thread can be started.
 */
struct reconciler *reconciler_open(const struct app *app, struct queue *done)
    __attribute__((nonnull, warn_unused_result));

/* Hands the reconciliation over. */
void reconciler_submit(struct reconciler *r, struct reconciliation *what) __attribute__((nonnull));

/* Ends the thread after its current reconciliation. NULL is allowed. */
void reconciler_close(struct reconciler *r);

#endif
