/* Who is online, and what the streams of a room receive: what the groups that show rooms share. */
#ifndef ROUTES_ONLINE_H
#define ROUTES_ONLINE_H

#include "db/members.h"
#include "db/redis/announce.h"
#include "routes/frame/reply.h"

/* Fills in who is online: the other users of direct rooms; the members of a room. */
void rooms_fill_online(const struct request *req, struct room *rooms, size_t count)
    __attribute__((nonnull(1)));
void members_fill_online(const struct request *req, struct member *members, size_t count)
    __attribute__((nonnull(1)));

/* Tell the streams of a room: an entry that was just committed; an event of the caller's. */
void announce_new(const struct request *req, const struct entry *entry) __attribute__((nonnull));
void announce_event(const struct request *req, enum hint_kind kind, int64_t room_id,
                    const struct shape *shape, const void *event) __attribute__((nonnull));

#endif
