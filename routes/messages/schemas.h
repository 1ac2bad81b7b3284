/* What the messages group takes and gives. */
#ifndef ROUTES_MESSAGES_SCHEMAS_H
#define ROUTES_MESSAGES_SCHEMAS_H

#include "routes/sync_reply.h"

struct message_new {
    int64_t room_id;
    const char *client_id, *body;
};
struct message_query {
    int64_t room_id, before, after, limit; /* before, after: 0 where not given */
};
struct read_new {
    int64_t room_id, seq;
};
struct read_mark {
    int64_t room_id, read_seq, unread;
};
struct sync_new {
    struct seqs rooms;
    int64_t limit;
};

extern const struct shape message_new_shape, message_query_shape, entry_list_shape, read_new_shape,
    read_mark_shape, sync_new_shape;

#endif
