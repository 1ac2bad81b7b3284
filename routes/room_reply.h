/* What the groups that work on rooms share: who acts, and what is answered where a room refuses. */
#ifndef ROUTES_ROOM_REPLY_H
#define ROUTES_ROOM_REPLY_H

#include "db/rooms.h"
#include "routes/reply.h"

/* The caller, for the functions of db/rooms.h. */
struct room_reader room_reader(const struct request *req) __attribute__((nonnull));

/* Answer a result that is not DB_OK: `why` counts where it is DB_FORBIDDEN. */
void reply_refusal(struct request *req, enum db_result r, enum refusal why)
    __attribute__((nonnull));

#endif
