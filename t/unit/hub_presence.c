/* Presence in the hub: collected, sent once, late while many streams are opened. */
#include "fcgi/events/hub.h"

#include <stdlib.h>
#include <string.h>

#include "t/unit/tap.h"

static const struct live_mark rooms[] = {{80, 0, 0}, {81, 0, 0}};
static struct hub hub;

static void
ignore(void *owner, struct connection *c)
{
    (void)owner;
    (void)c;
}

static struct connection
new_connection(int64_t session)
{
    return (struct connection){
        .fd = -1, .state = CONNECTION_STREAM, .request_id = 1, .session_id = session};
}

/* Returns the text in the connection's queue, without the records' headers, and empties it. */
static const char *
sent_to(struct connection *c)
{
    static char text[65536];
    size_t len = 0;

    for (unsigned i = 0; i < c->queue_len; i++) {
        const uint8_t *record = (const uint8_t *)c->queue[i]->bytes;
        size_t content = (size_t)(record[4] << 8 | record[5]);

        memcpy(text + len, record + RECORD_HEADER, content);
        len += content;
    }
    text[len] = '\0';
    connection_cut_queue(c);
    free(c->queue);
    c->queue = NULL;
    c->queue_cap = 0;
    return text;
}

static void
receive(const char *text)
{
    struct hint hint;

    ok(hint_parse(text, strlen(text), &hint), "a hint is parsed");
    hub_receive(&hub, &hint);
}

static void
test_pieces(struct connection *c)
{
    struct connection late = new_connection(4);

    receive("P 0 7 2\n80\n{\"user_id\":2}");
    receive("P 0 7 2\n81\n{\"user_id\":2}");
    receive("P 0 7 1\n80\n{\"user_id\":1}");
    receive("P 0 8 3\n81\n{\"user_id\":3}");
    is_str(sent_to(c), "", "changes of presence are collected");
    hub_join(&hub, &late, 4, 1, rooms, 2);
    receive("P 0 9 5\n80,81\n{\"user_id\":5}");
    hub_tick_presence(&hub);
    is_int(c->queue_len, 1, "a user gets the changes of presence in one piece");
    is_str(sent_to(c),
           "event: presence\ndata: {\"user_id\":2}\n\nevent: presence\ndata: {\"user_id\":5}\n\n"
           "event: presence\ndata: {\"user_id\":3}\n\n",
           "a change of presence is sent once, however many rooms two users share");
    is_str(sent_to(&late), "event: presence\ndata: {\"user_id\":5}\n\n",
           "a new stream gets no change of presence from before it was opened");
    hub_tick_presence(&hub);
    is_str(sent_to(c), "", "a change of presence is not sent again");
    hub_leave(&hub, &late);
}

static void
test_full_queue(struct connection *c)
{
    for (int i = 0; i < 100; i++) {
        receive("P 0 10 2\n80\n{\"user_id\":2}");
        hub_tick_presence(&hub);
    }
    ok(!c->too_slow && c->queued > 0, "presence ends no stream whose queue is full");
    (void)sent_to(c);
}

static void
test_storm(struct connection *c)
{
    hub.arrivals = 1000;
    receive("P 0 11 2\n80\n{\"user_id\":2}");
    hub_tick_presence(&hub);
    is_str(sent_to(c), "", "presence waits while many streams are opened");
    for (int i = 0; i < 12; i++) {
        hub.tick++;
        hub.arrivals = 1000;
        hub_tick_presence(&hub);
    }
    ok(*sent_to(c) != '\0', "presence waits for 3 s at most");
    hub.arrivals = 0;
}

static void
test_forms(struct connection *c)
{
    struct connection other = new_connection(6);

    other.ndjson = true;
    hub_join(&hub, &other, 6, 1, rooms, 1);
    receive("P 0 12 2\n80\n{\"user_id\":2}");
    receive("P 0 12 3\n79\n{\"user_id\":3}");
    hub_tick_presence(&hub);
    is_str(sent_to(&other), "{\"event\":\"presence\",\"data\":{\"user_id\":2}}\n",
           "presence is sent in the form of the stream, to those who share a room");
    (void)sent_to(c);
    hub_leave(&hub, &other);
}

int
main(void)
{
    struct connection c = new_connection(1);

    hub.queue_limit = 1024;
    hub.touched = hub.write = ignore;
    hub_open(&hub);
    hub.tick = 1;
    hub_join(&hub, &c, 1, 1, rooms, 2);
    test_pieces(&c);
    test_full_queue(&c);
    test_storm(&c);
    test_forms(&c);
    hub_leave(&hub, &c);
    hub_free(&hub);
    return done_testing();
}
