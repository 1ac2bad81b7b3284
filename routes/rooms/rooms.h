/* The rooms group: rooms, their members, direct rooms. */
#ifndef ROUTES_ROOMS_ROOMS_H
#define ROUTES_ROOMS_ROOMS_H

#include "routes/frame/route.h"
#include "routes/shapes.h"

extern const struct route_group rooms_group;

struct room_new {
    const char *name;
    int open;
    struct ints member_ids;
};
struct room_query {
    int open; /* -1: mine */
    int64_t limit;
    const char *cursor;
};
struct room_path {
    int64_t room_id;
};
struct room_change {
    int64_t room_id;
    const char *name;
    int open; /* -1: as it is */
};
struct member_query {
    int64_t room_id, limit, cursor;
};
struct member_path {
    int64_t room_id, user_id;
};
struct member_put {
    int64_t room_id, user_id;
    int role; /* ROLE_NONE: none was asked for */
};

/* The other one of a direct room. */
struct dm_path {
    int64_t user_id;
};

extern const struct shape room_new_shape, room_query_shape, room_path_shape, room_change_shape,
    room_list_shape, member_query_shape, member_path_shape, member_put_shape, member_shape,
    member_list_shape, dm_path_shape;

/* The handlers; what each replies stands above it in views.c. */
HANDLER(make_room, room_new)
HANDLER(list_rooms, room_query)
HANDLER(get_room, room_path)
HANDLER(change_room, room_change)
HANDLER(list_members, member_query)
HANDLER(put_member, member_put)
HANDLER(remove_member, member_path)
HANDLER(put_dm, dm_path)

#endif
