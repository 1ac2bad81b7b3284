/*
 * Sends a message: the transaction of db/room_log.c without a session, a membership check,
 * validation, or the reply to a message that was sent before.
 */
#include "t/bench/bare.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BODY_BYTES = 2048, SENDERS = 16 };

struct sending {
    MYSQL_STMT *take, *insert;
    MYSQL_BIND take_in[2], insert_in[6];
    long long room_id, seq, sender_id, now;
    char *client_id, *text;
    unsigned long client_id_len, text_len;
    char body[BODY_BYTES + 1], reply[2 * BODY_BYTES + 512];
};

static void
bind_number(MYSQL_BIND *bind, long long *n)
{
    *bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = n};
}

static void
prepare(struct bare *bare)
{
    struct sending *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        abort();
    }
    bare->more = s;
    s->take = bare_prepare(bare, "UPDATE rooms SET last_message_seq = last_seq + 1, last_at = ?, "
                                 "last_seq = LAST_INSERT_ID(last_seq + 1) WHERE id = ?");
    s->insert = bare_prepare(bare, "INSERT INTO room_log (room_id, seq, kind, sender_id, "
                                   "client_id, body, created_at) VALUES (?, ?, 0, ?, ?, ?, ?)");
    bind_number(&s->take_in[0], &s->now);
    bind_number(&s->take_in[1], &s->room_id);
    bind_number(&s->insert_in[0], &s->room_id);
    bind_number(&s->insert_in[1], &s->seq);
    bind_number(&s->insert_in[2], &s->sender_id);
    bind_number(&s->insert_in[5], &s->now);
}

/* The text of `"name":"…"`, with its length; no escapes are expected. */
static char *
member(char *body, const char *name, unsigned long *len)
{
    char *at = strstr(body, name);
    char *end;

    *len = 0;
    if (at == NULL) {
        return NULL;
    }
    at += strlen(name);
    end = strchr(at, '"');
    *len = end == NULL ? 0 : (unsigned long)(end - at);
    return end == NULL ? NULL : at;
}

static void
bind_text(MYSQL_BIND *bind, enum enum_field_types type, char *at, unsigned long *len)
{
    *bind = (MYSQL_BIND){.buffer_type = type, .buffer = at, .buffer_length = *len, .length = len};
}

static int
append(struct bare *bare, struct sending *s)
{
    if (mysql_query(bare->mysql, "START TRANSACTION") != 0 ||
        mysql_stmt_bind_param(s->take, s->take_in) != 0 || mysql_stmt_execute(s->take) != 0) {
        return 0;
    }
    s->seq = (long long)mysql_stmt_insert_id(s->take);
    return mysql_stmt_bind_param(s->insert, s->insert_in) == 0 &&
           mysql_stmt_execute(s->insert) == 0 && mysql_query(bare->mysql, "COMMIT") == 0;
}

static void
reply(struct bare *bare)
{
    struct sending *s = bare->more;
    struct timespec now;
    int got = FCGX_GetStr(s->body, BODY_BYTES, bare->fcgi.in);
    char *at = s->reply;

    s->body[got] = '\0';
    s->room_id = bare_path_number(bare);
    s->sender_id = s->sender_id % SENDERS +
                   1; /* so the index of client_ids grows in as many places */
    s->client_id = member(s->body, "\"client_id\":\"", &s->client_id_len);
    s->text = member(s->body, "\"body\":\"", &s->text_len);
    if (s->client_id == NULL || s->text == NULL) {
        bare_send(bare, "400", "", 0);
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    s->now = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
    bind_text(&s->insert_in[3], MYSQL_TYPE_STRING, s->client_id, &s->client_id_len);
    bind_text(&s->insert_in[4], MYSQL_TYPE_STRING, s->text, &s->text_len);
    if (!append(bare, s)) {
        (void)mysql_query(bare->mysql, "ROLLBACK");
        bare_send(bare, "500", "", 0);
        return;
    }
    at = bare_put_number(bare_put(at, "{\"room_id\":"), s->room_id);
    at = bare_put_number(bare_put(at, ",\"seq\":"), s->seq);
    at = bare_put_number(bare_put(at, ",\"kind\":\"message\",\"sender\":{\"id\":"), s->sender_id);
    at = bare_put(at, ",\"username\":\"sender_1_000000\",\"nickname\":\"sender 1\"");
    at = bare_put(at, ",\"nickname_taken\":false},\"client_id\":");
    at = bare_put_string(at, s->client_id, s->client_id_len);
    at = bare_put_string(bare_put(at, ",\"body\":"), s->text, s->text_len);
    at = bare_put_time(bare_put(at, ",\"ref_seq\":null,\"created_at\":\""), s->now);
    at = bare_put(at, "\"}");
    bare_send(bare, "201", s->reply, (int)(at - s->reply));
}

int
main(int argc, char **argv)
{
    return bare_run(argc > 1 ? atoi(argv[1]) : 1, prepare, reply);
}
