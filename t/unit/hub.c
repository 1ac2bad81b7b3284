/*
 * Who is told what: order, gaps, membership, resuming, slowness. What a peer would write is read
 * from its queue.
 */
#include "fcgi/events/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "t/unit/tap.h"

static struct hub hub;
static int touches;

static void
touched(void *owner, struct connection *p)
{
    (void)owner;
    (void)p;
    touches++;
}

static struct connection
new_connection(enum connection_state state, int64_t session)
{
    return (struct connection){
        .fd = -1, .state = (uint8_t)state, .request_id = 1, .session_id = session};
}

/* Has the peer been told this, since it was asked last? Empties its queue. */
static char *
told(struct connection *p)
{
    static char text[65536];
    size_t len = 0;

    for (unsigned i = 0; i < p->queue_len; i++) {
        memcpy(text + len, p->queue[i]->bytes + RECORD_HEADER, p->queue[i]->len - RECORD_HEADER);
        len += p->queue[i]->len - RECORD_HEADER;
    }
    text[len] = '\0';
    connection_cut_queue(p);
    free(p->queue);
    p->queue = NULL;
    p->queue_cap = 0;
    return text;
}

static void
entry(int64_t room, int64_t seq)
{
    char json[100];
    int len = snprintf(json, sizeof(json), "{\"room_id\":%lld,\"seq\":%lld}", (long long)room,
                       (long long)seq);

    hub_deliver(&hub, &(struct hint){.kind = HINT_ENTRY,
                                     .room_id = room,
                                     .seq = seq,
                                     .json = json,
                                     .json_len = (size_t)len});
}

static void
test_order(void)
{
    struct connection ann = new_connection(CONNECTION_STREAM, 1),
                      bob = new_connection(CONNECTION_STREAM, 2);
    const struct live_mark both[] = {{10, 5}, {20, 7}}, one[] = {{10, 5}};
    char *text;

    hub_join(&hub, &ann, 1, 1, both, 2);
    hub_join(&hub, &bob, 2, 1, one, 1);
    hub.behind.len = 0;
    hub_greet(&hub, &ann, "", 15000);
    ok(strstr(told(&ann), "{\"rooms\":{\"10\":5,\"20\":7},\"heartbeat_ms\":15000") != NULL,
       "hello names the rooms");
    entry(10, 6);
    ok(strstr(told(&ann), "\"seq\":6") != NULL && strstr(told(&bob), "\"seq\":6") != NULL,
       "an entry goes to all who watch");
    entry(20, 8);
    ok(strstr(told(&ann), "\"seq\":8") != NULL && *told(&bob) == '\0', "and to nobody else");
    entry(10, 6);
    ok(*told(&ann) == '\0', "nothing is told twice");
    entry(10, 8);
    ok(*told(&ann) == '\0' && hub.behind.len == 0, "a room in doubt is noted once");
    hub_room_reached(&hub, 10, 8);
    ok(hub.behind.len == sizeof(int64_t), "what is beyond the next entry waits for that");
    entry(10, 7);
    entry(10, 8);
    text = told(&bob);
    ok(strstr(text, "\"seq\":7") != NULL && strstr(strstr(text, "\"seq\":7"), "\"seq\":8") != NULL,
       "and comes after it");
    (void)told(&ann);
    entry(30, 1);
    ok(*told(&ann) == '\0', "rooms that nobody watches are nobody's");
    hub_leave(&hub, &bob);
    entry(10, 9);
    ok(*told(&bob) == '\0' && *told(&ann) != '\0', "who has left is told no more");
    hub_leave(&hub, &ann);
    ok(hub.users.count == 0, "users without streams are forgotten");
    hub.tick += LINGER_TICKS + 1;
    hub_sweep(&hub);
    ok(hub.rooms.count == 0, "and rooms, after a while");
}

static void
test_membership(void)
{
    struct connection phone = new_connection(CONNECTION_STREAM, 1),
                      tablet = new_connection(CONNECTION_STREAM, 2);
    struct connection poll = new_connection(CONNECTION_WAITING, 1);
    const struct live_mark before[] = {{10, 5}}, after[] = {{20, 3}};
    const struct live_mark session[] = {{1, 9000}};

    hub_join(&hub, &phone, 1, 5, before, 1);
    hub_join(&hub, &tablet, 1, 5, before, 1);
    hub_join(&hub, &poll, 1, 5, before, 1);
    hub.reconciliations++;
    hub_update_user(&hub, 1, 4, after, 1, session, 1);
    ok(*told(&phone) == '\0', "what is older than what is known changes nothing");
    hub_update_user(&hub, 1, 6, after, 1, session, 1);
    ok(strstr(told(&phone), "{\"joined\":{\"20\":3},\"left\":[10],\"renamed\":{}}") != NULL,
       "rooms that come and go are told");
    ok(!phone.signed_out && tablet.signed_out, "a session that ended is found");
    is_int(phone.session_expires, 9, "and when the other one will");
    ok(poll.woken, "a long poll is woken");
    entry(10, 6);
    entry(20, 4);
    ok(strstr(told(&phone), "\"room_id\":10") == NULL, "nothing of a room that was left is told");
    (void)told(&tablet);
    hub_leave(&hub, &phone);
    hub_leave(&hub, &tablet);
    hub_leave(&hub, &poll);
    poll = new_connection(CONNECTION_WAITING, 1);
    hub_join(&hub, &poll, 1, 6, (const struct live_mark[]){{20, 3}}, 1);
    ok(poll.woken, "a long poll that comes with an older number is woken at once");
    hub_leave(&hub, &poll);
}

static void
test_resuming(void)
{
    struct connection p = new_connection(CONNECTION_STREAM, 1),
                      other = new_connection(CONNECTION_STREAM, 2);
    const struct live_mark rooms[] = {{50, 0}};
    char token[40];

    hub_join(&hub, &other, 2, 1, rooms, 1);
    hub_join(&hub, &p, 1, 1, rooms, 1);
    entry(50, 1);
    ok(sscanf(told(&p), "id: %39s", token) == 1, "an entry has an id");
    hub_leave(&hub, &p);
    entry(50, 2);
    entry(50, 3);
    hub_join(&hub, &p, 1, 1, rooms, 1);
    hub_greet(&hub, &p, token, 1000);
    ok(strstr(told(&p), "\"resumed\":true") != NULL, "with it a stream is taken up again");
    hub_greet(&hub, &p, token, 1000);
    ok(strstr(told(&p), "\"seq\":3") != NULL, "and brings what was missed");
    hub_leave(&hub, &p);
    for (int i = 4; i < REPLAY_ENTRIES + 10; i++) {
        entry(50, i);
        (void)told(&other);
    }
    hub_join(&hub, &p, 1, 1, rooms, 1);
    hub_greet(&hub, &p, token, 1000);
    ok(strstr(told(&p), "resync") != NULL, "not where too much was missed");
    hub_leave(&hub, &p);
    (void)told(&other);
    entry(50, REPLAY_ENTRIES + 10);
    ok(sscanf(told(&other), "id: %39s", token) == 1, "a later id");
    hub_leave(&hub, &other);
    hub.tick += LINGER_TICKS + 1;
    hub_sweep(&hub);
    hub_join(&hub, &p, 1, 1, (const struct live_mark[]){{50, REPLAY_ENTRIES + 20}}, 1);
    hub_greet(&hub, &p, token, 1000);
    ok(strstr(told(&p), "resync") != NULL, "nor where a room was not watched meanwhile");
    hub_leave(&hub, &p);
}

static void
test_slowness(void)
{
    struct connection slow = new_connection(CONNECTION_STREAM, 1),
                      other = new_connection(CONNECTION_STREAM, 2);
    const struct live_mark rooms[] = {{60, 0}};
    int got = 0;

    hub_join(&hub, &slow, 1, 1, rooms, 1);
    hub_join(&hub, &other, 2, 1, rooms, 1);
    for (int i = 1; i <= 200; i++) {
        entry(60, i);
        got += strstr(told(&other), "\"seq\"") != NULL;
    }
    ok(slow.too_slow && slow.queued <= hub.queue_limit, "a queue has a limit");
    is_int(got, 200, "and others do not notice");
    (void)told(&slow);
    hub_leave(&hub, &slow);
    hub_leave(&hub, &other);
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
    ok(good, "a map holds what was put in and not taken out");
    idmap_free(&map);
}

int
main(void)
{
    ok(random_init(), "there is randomness");
    hub.touched = touched;
    hub.queue_limit = 4096;
    hub_open(&hub);
    test_order();
    test_membership();
    test_resuming();
    hub.queue_limit = 4096;
    test_slowness();
    test_map();
    ok(touches > 0, "those with something to write are named");
    hub_free(&hub);
    return done_testing();
}
