/* The messages group: saying, reading, catching up. */
#ifndef ROUTES_MESSAGES_MESSAGES_H
#define ROUTES_MESSAGES_MESSAGES_H

#include "routes/frame/route.h"
#include "routes/sync_reply.h"

extern const struct route_group messages_group;

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

/* The handlers; what each replies stands above it in views.c. */
HANDLER(send_message, message_new)
HANDLER(list_messages, message_query)
HANDLER(mark_read, read_new)
HANDLER(sync_now, sync_new)

#endif
