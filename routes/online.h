/* Online users, for the groups that show rooms. */
#ifndef ROUTES_ONLINE_H
#define ROUTES_ONLINE_H

#include "db/members.h"
#include "routes/frame/reply.h"

/* Fills in who is online: the other users of direct rooms; the members of a room. */
void rooms_fill_online(const struct request *req, struct room *rooms, size_t count)
    __attribute__((nonnull(1)));
void members_fill_online(const struct request *req, struct member *members, size_t count)
    __attribute__((nonnull(1)));

#endif
