/* What the groups that work on rooms share: who acts, and what is answered where a room refuses. */
#ifndef ROUTES_ROOM_REPLY_H
#define ROUTES_ROOM_REPLY_H

#include "db/members.h"
#include "db/redis/announce.h"
#include "routes/frame/reply.h"

/* The caller, for the functions of db/rooms.h. */
struct room_reader room_reader(const struct request *req) __attribute__((nonnull));

/* Answer a result that is not DB_OK: `why` counts where it is DB_FORBIDDEN. */
void reply_refusal(struct request *req, enum db_result r, enum refusal why)
    __attribute__((nonnull));

/* Fill in who is online: the other users of direct rooms, members of a room. */
void rooms_look_online(const struct request *req, struct room *rooms, size_t count)
    __attribute__((nonnull(1)));
void members_look_online(const struct request *req, struct member *members, size_t count)
    __attribute__((nonnull(1)));

/* Tell the streams of a room: an entry that was just committed; an event of the caller's. */
void announce_new(const struct request *req, const struct entry *entry) __attribute__((nonnull));
void announce_event(const struct request *req, enum hint_kind kind, int64_t room_id,
                    const struct shape *shape, const void *event) __attribute__((nonnull));

#endif
