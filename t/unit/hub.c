/* The hub: order, gaps, membership, resuming, slowness. The tests read what it queues. */
#include "fcgi/events/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "t/unit/tap.h"

enum { QUEUE_LIMIT = 4096 };

static struct hub hub;
static int touches;

static void
count_touch(void *owner, struct connection *c)
{
    (void)owner;
    (void)c;
    touches++;
}

static struct connection
new_connection(enum connection_state state, int64_t session)
{
    return (struct connection){
        .fd = -1, .state = (uint8_t)state, .request_id = 1, .session_id = session};
}

/*
 * Returns the text in the connection's queue, without the records' headers, and empties the queue.
 */
static char *
sent_to(struct connection *c)
{
    static char text[65536];
    size_t len = 0;

    for (unsigned i = 0; i < c->queue_len; i++) {
        memcpy(text + len, c->queue[i]->bytes + RECORD_HEADER, c->queue[i]->len - RECORD_HEADER);
        len += c->queue[i]->len - RECORD_HEADER;
    }
    text[len] = '\0';
    connection_cut_queue(c);
    free(c->queue);
    c->queue = NULL;
    c->queue_cap = 0;
    return text;
}

/* Greets a stream, as a loop does whose client reads at once. */
static void
greet(struct connection *c, const char *token)
{
    hub_greet(&hub, c, token);
    (void)hub_continue_greeting(&hub, c);
}

/* `renamed`: the event that follows the entry; NULL. */
static void
deliver_renamed(int64_t room, int64_t seq, const char *renamed)
{
    char json[100];
    int len = snprintf(json, sizeof(json), "{\"room_id\":%lld,\"seq\":%lld}", (long long)room,
                       (long long)seq);

    hub_deliver(&hub, &(struct hint){
                          .kind = HINT_ENTRY,
                          .room_id = room,
                          .seq = seq,
                          .json = json,
                          .json_len = (size_t)len,
                          .renamed = renamed,
                          .renamed_len = renamed == NULL ? 0 : strlen(renamed),
                      });
}

static void
deliver(int64_t room, int64_t seq)
{
    deliver_renamed(room, seq, NULL);
}

/* The text after its first line, which is the id of `hello`. */
static const char *
after_id(const char *text)
{
    const char *line = strstr(text, "\n");

    return strncmp(text, "id: ", 4) == 0 && line != NULL ? line + 1 : "";
}

static void
test_order(void)
{
    struct connection ann = new_connection(CONNECTION_STREAM, 1);
    struct connection bob = new_connection(CONNECTION_STREAM, 2);
    const struct live_mark both[] = {{10, 5, 0}, {20, 7, 0}}, one[] = {{10, 5, 0}};
    char *text;

    hub_join(&hub, &ann, 1, 1, both, 2);
    hub_join(&hub, &bob, 2, 1, one, 1);
    hub.behind.len = 0;
    hub_greet(&hub, &ann, "");
    is_str(after_id(sent_to(&ann)),
           "event: hello\ndata: {\"rooms\":{\"10\":5,\"20\":7},\"heartbeat_ms\":15000,"
           "\"session\":1,\"resumed\":false,\"more\":false}\n\n",
           "hello has an id, and names the rooms and their last entries");
    deliver(10, 6);
    ok(strstr(sent_to(&ann), "\"seq\":6") != NULL && strstr(sent_to(&bob), "\"seq\":6") != NULL,
       "an entry goes to everybody who watches its room");
    deliver(20, 8);
    ok(strstr(sent_to(&ann), "\"seq\":8") != NULL && *sent_to(&bob) == '\0',
       "an entry goes to nobody who does not watch its room");
    deliver(10, 6);
    ok(*sent_to(&ann) == '\0', "an entry that comes twice is sent once");
    deliver(10, 8);
    ok(*sent_to(&ann) == '\0' && hub.behind.len == 0, "a room that is behind is noted once");
    hub_room_reached(&hub, 10, 8);
    ok(hub.behind.len == sizeof(int64_t), "a room is behind while an entry is missing");
    deliver(10, 7);
    deliver(10, 8);
    text = sent_to(&bob);
    ok(strstr(text, "\"seq\":7") != NULL && strstr(strstr(text, "\"seq\":7"), "\"seq\":8") != NULL,
       "entries are sent in the order of their numbers");
    (void)sent_to(&ann);
    deliver(30, 1);
    ok(*sent_to(&ann) == '\0', "an entry of a room that nobody watches is dropped");
    hub_leave(&hub, &bob);
    deliver(10, 9);
    ok(*sent_to(&bob) == '\0' && *sent_to(&ann) != '\0',
       "a connection that has left receives nothing more");
    hub_leave(&hub, &ann);
    ok(hub.users.count == 0, "a user without connections is dropped");
    ok(watched_rooms_may_have(&hub.watched, 10),
       "the subscriber forwards hints for a room that was watched until lately");
    hub.tick += LINGER_TICKS + 1;
    hub_sweep(&hub);
    ok(hub.rooms.count == 0, "a room without watchers is dropped after a while");
    ok(!watched_rooms_may_have(&hub.watched, 10),
       "the subscriber forwards no hints for a room that is not watched");
}

static void
test_rename(void)
{
    struct connection c = new_connection(CONNECTION_STREAM, 1);
    const char *entry, *rooms;

    hub_join(&hub, &c, 1, 1, (const struct live_mark[]){{40, 0, 0}}, 1);
    deliver_renamed(40, 1, "{\"joined\":{},\"left\":[],\"renamed\":{\"40\":\"new\"}}");
    entry = sent_to(&c);
    rooms = strstr(entry, "event: rooms\ndata: {\"joined\":{},\"left\":[],\"renamed\":{\"40\":");
    ok(strstr(entry, "event: entry") != NULL && rooms != NULL &&
           strstr(entry, "event: entry") < rooms,
       "a rename is sent as an entry, and after it as a change of rooms");
    deliver_renamed(40, 3, "{}");
    ok(*sent_to(&c) == '\0', "a rename after a gap is not sent");
    hub_leave(&hub, &c);
}

static void
test_membership(void)
{
    struct connection phone = new_connection(CONNECTION_STREAM, 1);
    struct connection tablet = new_connection(CONNECTION_STREAM, 2);
    struct connection poll = new_connection(CONNECTION_WAITING, 1);
    const struct live_mark before[] = {{10, 5, 0}}, after[] = {{20, 3, 0}};
    const struct live_mark session[] = {{1, 9000, 0}};

    hub_join(&hub, &phone, 1, 5, before, 1);
    hub_join(&hub, &tablet, 1, 5, before, 1);
    hub_join(&hub, &poll, 1, 5, before, 1);
    hub.reconciliations++;
    hub_update_user(&hub, 1, 4, after, 1, session, 1);
    ok(*sent_to(&phone) == '\0', "rooms that are older than the known ones change nothing");
    hub_update_user(&hub, 1, 5, before, 1, session, 1);
    hub_update_user(&hub, 1, 5, after, 1, session, 1);
    ok(*sent_to(&phone) == '\0', "the rooms of a change that is known are not read again");
    hub.tick += LOWER_TICKS;
    hub_update_user(&hub, 1, 4, after, 1, session, 1);
    ok(strstr(sent_to(&phone), "\"joined\":{\"20\":3},\"left\":[10]") != NULL,
       "fewer changes for seconds are those of a restored database");
    hub_update_user(&hub, 1, 5, before, 1, session, 1);
    ok(strstr(sent_to(&phone), "\"joined\":{\"10\":5},\"left\":[20]") != NULL,
       "the next change of a restored database counts at once");
    hub_update_user(&hub, 1, 4, after, 1, session, 1);
    hub.tick += 3 * LOWER_TICKS;
    hub_update_user(&hub, 1, 4, after, 1, session, 1);
    ok(*sent_to(&phone) == '\0',
       "two old states with a pause between them are no restored database");
    hub_update_user(&hub, 1, 6, after, 1, session, 1);
    is_str(
        sent_to(&phone),
        "event: rooms\ndata: {\"joined\":{\"20\":3},\"left\":[10],\"restarted\":{},\"renamed\":{}}\n\n",
        "a stream receives the rooms that were joined and left");
    ok(!phone.signed_out && tablet.signed_out, "only the stream whose session has ended ends");
    is_int(phone.session_expires, 9, "a stream knows when its session ends");
    ok(poll.woken, "a change of rooms wakes a long poll");
    deliver(10, 6);
    deliver(20, 4);
    ok(strstr(sent_to(&phone), "\"room_id\":10") == NULL,
       "entries of a room that was left are not sent");
    (void)sent_to(&tablet);
    hub_leave(&hub, &phone);
    hub_leave(&hub, &tablet);
    hub_leave(&hub, &poll);
    poll = new_connection(CONNECTION_WAITING, 1);
    hub_join(&hub, &poll, 1, 6, (const struct live_mark[]){{20, 3, 0}}, 1);
    ok(poll.woken, "a long poll whose client lacks an entry is woken at once");
    hub_leave(&hub, &poll);
}

static void
test_resuming(void)
{
    struct connection c = new_connection(CONNECTION_STREAM, 1);
    struct connection other = new_connection(CONNECTION_STREAM, 2);
    const struct live_mark rooms[] = {{50, 0, 0}};
    char token[REPLAY_TOKEN_SIZE], *text;

    hub_join(&hub, &other, 2, 1, rooms, 1);
    hub_join(&hub, &c, 1, 1, rooms, 1);
    deliver(50, 1);
    ok(sscanf(sent_to(&c), "id: %39s", token) == 1, "the id of an entry is a token");
    hub_leave(&hub, &c);
    deliver(50, 2);
    deliver(50, 3);
    hub_join(&hub, &c, 1, 1, rooms, 1);
    greet(&c, token);
    text = sent_to(&c);
    ok(strstr(text, "\"resumed\":true") != NULL, "a stream with a token is resumed");
    ok(strstr(text, "\"seq\":2") != NULL && strstr(text, "\"seq\":3") != NULL,
       "a resumed stream receives the entries that it missed");
    hub_leave(&hub, &c);
    for (int i = 4; i < REPLAY_ENTRIES + 10; i++) {
        deliver(50, i);
        (void)sent_to(&other);
    }
    hub_join(&hub, &c, 1, 1, rooms, 1);
    greet(&c, token);
    ok(strstr(sent_to(&c), "event: resync\ndata: {\"reason\":\"unknown_token\"}\n\n") != NULL,
       "a stream that missed more than the replay buffer holds must sync");
    hub_leave(&hub, &c);
    (void)sent_to(&other);
    deliver(50, REPLAY_ENTRIES + 10);
    ok(sscanf(sent_to(&other), "id: %39s", token) == 1, "a later entry has a token, too");
    hub_leave(&hub, &other);
    hub.tick += LINGER_TICKS + 1;
    hub_sweep(&hub);
    hub_join(&hub, &c, 1, 1, (const struct live_mark[]){{50, REPLAY_ENTRIES + 20, 0}}, 1);
    greet(&c, token);
    ok(strstr(sent_to(&c), "resync") != NULL,
       "a stream must sync if nobody watched one of its rooms meanwhile");
    hub_leave(&hub, &c);
}

/* A stream of user 3 that watches room `room`, greeted with `after`. Returns what it was sent. */
static const char *
greeted(struct connection *c, int64_t room, int64_t seq, const char *after)
{
    hub_join(&hub, c, 3, 1, (const struct live_mark[]){{room, seq, 0}}, 1);
    greet(c, after);
    return sent_to(c);
}

static void
test_resuming_from_hello(void)
{
    struct connection c = new_connection(CONNECTION_STREAM, 1);
    char token[REPLAY_TOKEN_SIZE], again[REPLAY_TOKEN_SIZE];
    const char *text;

    ok(sscanf(greeted(&c, 80, 5, ""), "id: %39s", token) == 1, "the id of hello is a token");
    hub_leave(&hub, &c);
    deliver(80, 6);
    text = greeted(&c, 80, 5, token);
    ok(strstr(text, "\"resumed\":true") != NULL && strstr(text, "\"seq\":6") != NULL,
       "a stream lost before its first entry is resumed from hello");
    ok(sscanf(text, "id: %39s", again) == 1 && strcmp(again, token) == 0,
       "hello of a resumed stream names the position that it was resumed from");
    hub_leave(&hub, &c);
    hub.tick += LINGER_TICKS + 1;
    hub_sweep(&hub);
    ok(strstr(greeted(&c, 80, 9, token), "resync") != NULL,
       "hello of a room that nobody watched meanwhile does not resume a stream");
    hub_leave(&hub, &c);
}

enum { MANY_ROOMS = 2500 };

static struct live_mark many[MANY_ROOMS];

static void
test_many_rooms(void)
{
    struct connection c = new_connection(CONNECTION_STREAM, 1);
    const char *text;
    for (int i = 0; i < MANY_ROOMS; i++) {
        many[i] = (struct live_mark){1000 + i, 7, 0};
    }
    hub_join(&hub, &c, 1, 1, many, MANY_ROOMS);
    hub_greet(&hub, &c, "");
    text = sent_to(&c);
    ok(strstr(text, "\"1000\":7,") != NULL && strstr(text, "\"1999\":7}") != NULL &&
           strstr(text, "\"more\":true}") != NULL,
       "the first part of hello has 1000 rooms");
    deliver(1001, 8);
    deliver(3400, 8);
    text = sent_to(&c);
    ok(strstr(text, "\"room_id\":1001") != NULL && strstr(text, "\"room_id\":3400") != NULL,
       "entries are sent between the parts of hello");
    while (hub_continue_greeting(&hub, &c)) {
        text = sent_to(&c);
    }
    ok(strstr(text, "\"3400\":8") != NULL && strstr(text, "\"3499\":7}") != NULL &&
           strstr(text, "\"more\":false}") != NULL,
       "a later part of hello includes the entries that were sent before it, up to the last room");
    hub.queue_limit = 256 * 1024;
    hub_update_user(&hub, 1, 2, many, 1, &(struct live_mark){1, 9000, 0}, 1);
    is_int(c.queue_len, 3, "changes of many rooms come in several events");
    hub.queue_limit = QUEUE_LIMIT;
    (void)sent_to(&c);
    hub_leave(&hub, &c);
}

static void
test_long_replay(void)
{
    enum { MISSED = 3000 };
    struct connection c = new_connection(CONNECTION_STREAM, 1);
    struct connection other = new_connection(CONNECTION_STREAM, 2);
    const struct live_mark rooms[] = {{85, 0, 0}};
    char token[REPLAY_TOKEN_SIZE], expected[40];
    int64_t next = 2;

    hub_join(&hub, &other, 2, 1, rooms, 1);
    deliver(85, 1);
    (void)sscanf(sent_to(&other), "id: %39s", token);
    for (int i = 2; i <= MISSED; i++) {
        deliver(85, i);
        (void)sent_to(&other);
    }
    hub_join(&hub, &c, 1, 1, rooms, 1);
    hub_greet(&hub, &c, token);
    deliver(85, MISSED + 1);
    ok(strstr(sent_to(&c), "entry") == NULL, "a new entry waits for the missed ones");
    while (hub_continue_greeting(&hub, &c) && !c.too_slow) {
        const char *at = sent_to(&c);

        for (;; next++) {
            (void)snprintf(expected, sizeof(expected), "\"seq\":%lld}", (long long)next);
            at = strstr(at, expected);
            if (at == NULL) {
                break;
            }
        }
    }
    is_int(next, MISSED + 2, "a replay of any length is sent in order, and then what is new");
    ok(!c.too_slow, "a long replay does not exceed the queue");
    hub_leave(&hub, &c);
    c = new_connection(CONNECTION_STREAM, 1);
    hub_join(&hub, &c, 1, 1, rooms, 1);
    hub_greet(&hub, &c, token);
    (void)sent_to(&c);
    for (int i = MISSED + 2; i <= REPLAY_ENTRIES + 10; i++) {
        deliver(85, i);
        (void)sent_to(&other);
    }
    ok(hub_continue_greeting(&hub, &c) && c.too_slow,
       "a stream that replays slower than entries come is too slow");
    hub_leave(&hub, &c);
    hub_leave(&hub, &other);
}

static void
test_head(void)
{
    struct connection c = new_connection(CONNECTION_STREAM, 1);

    connection_send_text(&c, "head", 4);
    hub_join(&hub, &c, 1, 1, many, 1);
    hub_greet(&hub, &c, "");
    connection_cut_queue(&c);
    is_int(c.queue_len, 1, "the head of a reply is not cut from the queue");
    hub_leave(&hub, &c);
    connection_close(&c);
}

static void
deliver_at(int64_t room, int64_t seq, int64_t at)
{
    hub_receive(&hub, &(struct hint){.kind = HINT_ENTRY,
                                     .room_id = room,
                                     .seq = seq,
                                     .at = at,
                                     .json = "{}",
                                     .json_len = 2});
}

static void
test_restarting(void)
{
    struct connection c = new_connection(CONNECTION_STREAM, 1);
    char token[REPLAY_TOKEN_SIZE];

    hub_join(&hub, &c, 1, 1, (const struct live_mark[]){{90, 20, 100}}, 1);
    deliver_at(90, 21, 200);
    (void)sscanf(sent_to(&c), "id: %39s", token);
    hub_restart_room(&hub, &(struct live_mark){90, 20, 100});
    ok(*sent_to(&c) == '\0', "a node of a cluster may lag for a moment");
    hub.tick += LOWER_TICKS;
    hub_restart_room(&hub, &(struct live_mark){90, 16, 80});
    ok(strstr(sent_to(&c), "\"restarted\":{\"90\":16}") != NULL,
       "a room that stays lower begins again");
    deliver_at(90, 17, 300);
    ok(strstr(sent_to(&c), "event: entry") != NULL, "its next entry is delivered");
    deliver_at(90, 16, 80);
    deliver_at(90, 18, 301);
    ok(*sent_to(&c) != '\0', "a hint that comes twice does no harm");
    deliver_at(90, 12, 400);
    deliver_at(90, 19, 401);
    ok(*sent_to(&c) == '\0', "after a hint of another history the database decides");
    hub_restart_room(&hub, &(struct live_mark){90, 19, 401});
    ok(strstr(sent_to(&c), "\"restarted\":{\"90\":19}") != NULL,
       "a room whose last entry is another one begins again");
    hub_restart_room(&hub, &(struct live_mark){90, 15, 500});
    ok(strstr(sent_to(&c), "\"restarted\":{\"90\":15}") != NULL,
       "a room with a lower number and a later time begins again at once");
    hub_receive(&hub, &(struct hint){.kind = HINT_ENTRY, .room_id = 90});
    deliver_at(90, 16, 501);
    ok(*sent_to(&c) == '\0', "after a hint without an entry the database decides");
    hub.reconciliations++;
    hub_room_reached(&hub, 90, 15);
    deliver_at(90, 16, 501);
    ok(strstr(sent_to(&c), "event: entry") != NULL, "a comparison ends the doubt");
    hub_leave(&hub, &c);
    hub_join(&hub, &c, 1, 1, (const struct live_mark[]){{90, 16, 501}}, 1);
    greet(&c, token);
    ok(strstr(sent_to(&c), "resync") != NULL, "a token of another history is not resumed");
    hub_leave(&hub, &c);
}

static void
test_slowness(void)
{
    struct connection slow = new_connection(CONNECTION_STREAM, 1);
    struct connection other = new_connection(CONNECTION_STREAM, 2);
    const struct live_mark rooms[] = {{60, 0, 0}};
    int received = 0;

    hub_join(&hub, &slow, 1, 1, rooms, 1);
    hub_join(&hub, &other, 2, 1, rooms, 1);
    for (int i = 1; i <= 200; i++) {
        deliver(60, i);
        received += strstr(sent_to(&other), "\"seq\"") != NULL;
    }
    ok(slow.too_slow && slow.queued <= hub.queue_limit, "a queue never exceeds its limit");
    is_int(received, 200, "a slow stream does not slow down the others");
    (void)sent_to(&slow);
    hub_leave(&hub, &slow);
    hub_leave(&hub, &other);
}

static void
receive(const char *text)
{
    struct hint hint;

    ok(hint_parse(text, strlen(text), &hint), "a hint is parsed");
    hub_receive(&hub, &hint);
}

static void
test_hints(void)
{
    struct connection c = new_connection(CONNECTION_STREAM, 1);
    struct hint hint;

    hub_join(&hub, &c, 1, 1, (const struct live_mark[]){{70, 4, 0}}, 1);
    hub_room_reached(&hub, 70, 4);
    hub.behind.len = 0;
    receive("E 70 5 0\n\n{\"seq\":5}");
    ok(strstr(sent_to(&c), "data: {\"seq\":5}\n\n") != NULL, "an entry with its JSON is delivered");
    receive("T 70 0 2\n\n{\"typing\":1}");
    is_str(sent_to(&c), "event: typing\ndata: {\"typing\":1}\n\n", "typing is sent to the others");
    receive("T 70 0 1\n\n{\"typing\":1}");
    is_str(sent_to(&c), "", "typing is not sent to the user who types");
    receive("R 70 0 1\n\n{\"read\":1}");
    is_str(sent_to(&c), "event: read\ndata: {\"read\":1}\n\n",
           "a read mark is sent to everybody in the room");
    receive("K 0 0 1\n\n{\"task\":1}");
    is_str(sent_to(&c), "event: task\ndata: {\"task\":1}\n\n", "a task is sent to its owner");
    receive("P 0 0 2\n69,70\n{\"online\":1}");
    hub_tick_presence(&hub);
    is_str(sent_to(&c), "event: presence\ndata: {\"online\":1}\n\n",
           "presence is sent to those who share a room");
    ok(hint_parse("E 70 5 0 400 9000\n\n{}", 21, &hint) && hint.at == 400 &&
           hint.connected_ms == 9000,
       "a hint has the time of its entry and the age of its connection");
    hub.compared_us = clock_mono_us() - INT64_C(5000000);
    receive("E 70 6 0 401 3000\n\n{\"seq\":6}");
    ok(*sent_to(&c) == '\0' && hub.behind.len == sizeof(int64_t),
       "an entry over a connection newer than the last comparison is read from the database");
    hub.reconciliations++;
    hub_room_reached(&hub, 70, 5);
    receive("E 70 6 0 401 60000\n\n{\"seq\":6}");
    ok(*sent_to(&c) != '\0', "an entry over an older connection is delivered");
    hub.behind.len = 0;
    receive("E 70 7 of another version\n\n{\"seq\":7}");
    ok(*sent_to(&c) == '\0' && hub.behind.len == sizeof(int64_t),
       "an entry of a hint that is not understood is read from the database");
    ok(!hint_parse("T 70 0 x\n\n{}", 12, &hint) && !hint_parse("E 70 1 0\n", 9, &hint) &&
           !hint_parse("X 1 2 3\n\n", 9, &hint) && !hint_parse("\n\n", 2, &hint) &&
           !hint_parse("\0 70 0 1\n\n{}", 12, &hint) && !hint_parse("T 0 0 1\n\n{}", 11, &hint) &&
           !hint_parse("T 70 0 1\n\n{}\r", 13, &hint),
       "other texts are not hints");
    is_int(hint_peek_room("0123456789abcdef0123456789abcdef\nE 70 5 0\n\n{}", 45), 70,
           "the room of a published hint can be read before the rest");
    is_int(hint_peek_room("0123456789abcdef0123456789abcdef\nU 0 0 1\n\n", 42), 0,
           "a hint for a user names no room");
    is_int(hint_peek_room("0123456789abcdef0123456789abcdef\nE", 34), 0,
           "a hint that is cut names no room");
    hub_leave(&hub, &c);
}

static void
test_map(void)
{
    struct idmap map = {0};
    bool good = true;
    int here[3000] = {0};

    for (int round = 0; round < 20000; round++) {
        int64_t id = 1 + random_below(2999);

        if (here[id]) {
            good = good && idmap_find(&map, id) == &here[id];
            idmap_remove(&map, id);
        } else {
            good = good && idmap_find(&map, id) == NULL;
            idmap_add(&map, id, &here[id]);
        }
        here[id] = !here[id];
    }
    for (int64_t id = 1; id < 3000; id++) {
        good = good && (idmap_find(&map, id) != NULL) == (here[id] != 0);
    }
    ok(good, "a map contains exactly the ids that were added and not removed");
    idmap_free(&map);
}

int
main(void)
{
    ok(random_init(), "random numbers are available");
    hub.touched = hub.write = count_touch;
    hub.queue_limit = QUEUE_LIMIT;
    hub.heartbeat_ms = 15000;
    hub.compared_us = INT64_MAX / 2; /* every connection is older */
    hub_open(&hub);
    test_order();
    test_rename();
    test_membership();
    test_resuming();
    test_resuming_from_hello();
    test_many_rooms();
    test_long_replay();
    test_head();
    test_restarting();
    test_slowness();
    test_hints();
    test_map();
    ok(touches > 0, "the hub reports the connections that have something to write");
    hub_free(&hub);
    return done_testing();
}
