/* Who calls, and what a model needs to act for them: the thread's stores, memory, and a reason. */
#ifndef DB_CALLER_H
#define DB_CALLER_H

#include "base/arena.h"
#include "base/settings.h"
#include "db/mysql/db.h"
#include "db/redis/redis.h"

/* Why a caller may not do something. */
enum denial {
    ALLOWED,
    DENIED_NO_ROOM,
    DENIED_NOT_A_MEMBER,
    DENIED_ROLE, /* the caller's role in the room is too low */
    DENIED_IS_A_DM,
    DENIED_NO_USER,
    DENIED_NO_MEMBER,
    DENIED_TOO_MANY_TASKS,
    DENIED_CLIENT_ID_REUSED, /* for a message with another text */
    DENIED_REMOVED,          /* somebody removed the caller from the room */
    DENIED_NO_REMOVAL,
    DENIED_NO_INVITATION,
    DENIED_NO_REFUSAL,
    DENIED_INVITATION_REFUSED, /* for good, by the user who would be added */
    DENIED_TOO_MANY_INVITATIONS,
    DENIED_TOO_MANY_ROOMS,     /* today */
    DENIED_TOO_MANY_STRANGERS, /* today */
};

struct caller {
    const struct settings *settings;
    struct db *db;
    struct redis *redis;
    struct arena *arena; /* what a model returns lives here */
    int64_t user_id;     /* 0: nobody is signed in */
    int64_t changes;     /* the user's, as of the session; 0: no session */
    /* Set by every function that returns DB_FORBIDDEN; meaningless after any other result. */
    enum denial denial;
    int wait_seconds; /* until what was denied is allowed again; 0: not known */
};

/* Returns DB_FORBIDDEN after noting the reason. */
__attribute__((nonnull)) static inline enum db_result
caller_deny(struct caller *caller, enum denial reason)
{
    caller->denial = reason;
    return DB_FORBIDDEN;
}

#endif
