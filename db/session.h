/* A session as the database had it. */
#ifndef DB_SESSION_H
#define DB_SESSION_H

#include <stdint.h>

struct session {
    int64_t id, user_id;
    int64_t created_at; /* with the id, it names one session in every history of the database */
    int64_t expires_at;
    int64_t changes; /* the user's (users.changes), read in the same statement */
};

#endif
