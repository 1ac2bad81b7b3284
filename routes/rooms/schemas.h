/* What the rooms group takes and gives. */
#ifndef ROUTES_ROOMS_SCHEMAS_H
#define ROUTES_ROOMS_SCHEMAS_H

#include "routes/shapes.h"

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

#endif
