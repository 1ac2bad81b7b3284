/*
 * The newest 50 messages of a room without a session, a membership check or names that may change:
 * the same rows by one prepared statement, the same bytes written by hand.
 */
#include "t/bench/bare.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 50,
    BODY_BYTES = 32 * 1024,
    REPLY_BYTES = PAGE * 1024,
    COLUMNS = 8,
};

/* A row, as the columns of the statement are bound. */
struct row {
    long long room_id, seq, kind, sender_id, ref_seq, created_at;
    char client_id[256], body[BODY_BYTES];
    unsigned long client_id_len, body_len;
    my_bool no_ref;
};

struct history {
    MYSQL_STMT *stmt;
    MYSQL_BIND in[2], out[COLUMNS];
    long long room_id, before;
    struct row row;
    char entries[PAGE][1024]; /* newest first; our messages are short */
    int len[PAGE];
    char reply[REPLY_BYTES];
};

static void
bind_number(MYSQL_BIND *bind, long long *n)
{
    *bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = n};
}

static void
bind_text(MYSQL_BIND *bind, char *at, unsigned long size, unsigned long *len)
{
    *bind = (MYSQL_BIND){
        .buffer_type = MYSQL_TYPE_STRING, .buffer = at, .buffer_length = size, .length = len};
}

static void
prepare(struct bare *bare)
{
    struct history *h = calloc(1, sizeof(*h));

    if (h == NULL) {
        abort();
    }
    bare->more = h;
    h->stmt = bare_prepare(bare, "SELECT room_id, seq, kind, sender_id, client_id, body, ref_seq, "
                                 "created_at FROM room_log WHERE room_id = ? AND seq < ? "
                                 "ORDER BY seq DESC LIMIT 50");
    h->before = INT64_MAX;
    bind_number(&h->in[0], &h->room_id);
    bind_number(&h->in[1], &h->before);
    bind_number(&h->out[0], &h->row.room_id);
    bind_number(&h->out[1], &h->row.seq);
    bind_number(&h->out[2], &h->row.kind);
    bind_number(&h->out[3], &h->row.sender_id);
    bind_text(&h->out[4], h->row.client_id, sizeof(h->row.client_id), &h->row.client_id_len);
    bind_text(&h->out[5], h->row.body, sizeof(h->row.body), &h->row.body_len);
    bind_number(&h->out[6], &h->row.ref_seq);
    h->out[6].is_null = &h->row.no_ref;
    bind_number(&h->out[7], &h->row.created_at);
    if (mysql_stmt_bind_param(h->stmt, h->in) != 0 ||
        mysql_stmt_bind_result(h->stmt, h->out) != 0) {
        abort();
    }
}

/*
 * The senders are "sender 1" to "sender 8", in the order of their ids. Their user names are as long
 * as this one.
 */
static char *
put_entry(char *at, const struct row *row)
{
    static const char *const kinds[] = {"message", "join", "leave", "rename", "role", "open"};
    static const char *const names[] = {"sender 8", "sender 1", "sender 2", "sender 3",
                                        "sender 4", "sender 5", "sender 6", "sender 7"};

    at = bare_put_number(bare_put(at, "{\"room_id\":"), row->room_id);
    at = bare_put_number(bare_put(at, ",\"seq\":"), row->seq);
    at = bare_put(bare_put(bare_put(at, ",\"kind\":\""), kinds[row->kind]), "\"");
    at = bare_put_number(bare_put(at, ",\"sender\":{\"id\":"), row->sender_id);
    at = bare_put(at, ",\"username\":\"sender_1_000000\"");
    at = bare_put(bare_put(at, ",\"nickname\":\""), names[row->sender_id % 8]);
    at = bare_put(at, "\",\"nickname_taken\":false},\"client_id\":");
    at = bare_put_string(at, row->client_id, row->client_id_len);
    at = bare_put_string(bare_put(at, ",\"body\":"), row->body, row->body_len);
    at = bare_put(at, ",\"ref_seq\":");
    at = row->no_ref ? bare_put(at, "null") : bare_put_number(at, row->ref_seq);
    at = bare_put_time(bare_put(at, ",\"created_at\":\""), row->created_at);
    return bare_put(at, "\"}");
}

static void
reply(struct bare *bare)
{
    struct history *h = bare->more;
    char *at = bare_put(h->reply, "{\"items\":[");
    int count = 0;

    h->room_id = bare_path_number(bare);
    if (mysql_stmt_execute(h->stmt) != 0) {
        bare_send(bare, "500", "", 0);
        return;
    }
    while (mysql_stmt_fetch(h->stmt) == 0) {
        h->len[count] = (int)(put_entry(h->entries[count], &h->row) - h->entries[count]);
        count++;
    }
    (void)mysql_stmt_free_result(h->stmt);
    for (int i = count - 1; i >= 0; i--) {
        memcpy(at, h->entries[i], (size_t)h->len[i]);
        at += h->len[i];
        *at = ',';
        at += i > 0;
    }
    at = bare_put(at, "],\"next\":");
    at = count > 0 && h->row.seq > 1 ? bare_put_number(at, h->row.seq) : bare_put(at, "null");
    *at++ = '}';
    bare_send(bare, "200", h->reply, (int)(at - h->reply));
}

int
main(int argc, char **argv)
{
    return bare_run(argc > 1 ? atoi(argv[1]) : 1, prepare, reply);
}
