/*
 * The event loop over socketpairs, as a script of bytes tells it: web servers send any bytes, read
 * or do not, and go; requests are answered, held, or answered late; entries and ticks come between.
 * All output is whole records, and in the end nothing is held, open or counted.
 *
 * The dispatcher is the script's: its threads and the database behind them would make runs differ.
 */
#include "t/fuzz/fuzz.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "fcgi/events/loop.h"

enum { PEERS = 4, LOOP_SESSION = 7, LOOP_USER = 8, LOOP_ROOM = 9 };

static struct loop *loop;
static struct message *jobs; /* submitted and not done, the newest first */

struct peer {
    int fd; /* -1: none */
    uint32_t slot, serial;
    struct buf received;
};

void
job_free(struct job *job)
{
    input_free(&job->input);
    buf_free(&job->reply);
    free(job->rooms);
    free(job);
}

void
dispatcher_submit(struct dispatcher *d, struct job *job)
{
    (void)d;
    job->message.next = jobs;
    jobs = &job->message;
}

static void
loop_ignore_touch(void *owner, struct connection *c)
{
    loop_touch(owner, c);
}

static void
loop_begin(const struct app *app)
{
    loop = memory_new(struct loop);
    loop->app = app;
    loop->dispatcher = (struct dispatcher *)loop; /* ours does not look at it */
    loop->epoll = epoll_create1(0);
    loop->connection_max = PEERS;
    loop->body_max = BODY_MAX;
    loop->hub.touched = loop->hub.write = loop_ignore_touch;
    loop->hub.owner = loop;
    loop->hub.queue_limit = 4096;
    hub_open(&loop->hub);
    loop->heartbeats[false] = event_heartbeat(false);
    loop->heartbeats[true] = event_heartbeat(true);
    holds_open(&loop->holds, app->settings);
}

static void
loop_end(void)
{
    while (jobs != NULL) { /* first, as in loop_close */
        struct job *job = (struct job *)jobs;

        jobs = jobs->next;
        loop_job_done(loop, job);
    }
    loop_close_all(loop);
    demand(loop->connection_count == 0 && loop->stream_count == 0);
    demand(loop->holds.sessions.count == 0 && loop->holds.users.count == 0);
    demand(loop->hub.users.count == 0);
    hub_free(&loop->hub);
    payload_drop(loop->heartbeats[false]);
    payload_drop(loop->heartbeats[true]);
    holds_free(&loop->holds);
    (void)close(loop->epoll);
    free(loop);
}

/* As the loop does when epoll reports the connection, after which it settles. */
static void
peer_wake(const struct peer *p)
{
    struct connection *c = loop_find(loop, p->slot, p->serial);

    if (c != NULL) {
        loop_touch(loop, c);
        loop_read(loop, c);
    }
    loop_settle(loop);
}

static void
peer_connect(struct peer *p)
{
    int ends[2];

    if (p->fd >= 0) {
        return;
    }
    demand(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    p->fd = ends[0];
    loop_add(loop, ends[1]);
    for (p->slot = 0; loop->slots[p->slot] == NULL || loop->slots[p->slot]->fd != ends[1];) {
        p->slot++;
    }
    p->serial = loop->slots[p->slot]->serial;
}

/* Takes the complete records off the front of what was received. */
static void
peer_check_records(struct peer *p)
{
    const uint8_t *at = (const uint8_t *)p->received.at;
    size_t done = 0;

    while (p->received.len - done >= RECORD_HEADER) {
        const uint8_t *h = at + done;
        size_t size = RECORD_HEADER + (size_t)(h[4] << 8 | h[5]) + h[6];

        demand(h[0] == 1 && (h[1] == 3 || h[1] == 6 || h[1] == 10 || h[1] == 11));
        if (p->received.len - done < size) {
            break;
        }
        done += size;
    }
    memmove(p->received.at, at + done, p->received.len - done);
    p->received.len -= done;
}

static void
peer_read(struct peer *p)
{
    char bytes[8192];
    ssize_t got;

    if (p->fd < 0) {
        return;
    }
    while ((got = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        buf_add(&p->received, bytes, (size_t)got);
    }
    if (p->received.len > 0) {
        peer_check_records(p);
    }
    peer_wake(p);
}

static void
peer_close(struct peer *p)
{
    if (p->fd >= 0) {
        (void)close(p->fd);
        p->fd = -1;
        buf_free(&p->received);
        peer_wake(p);
    }
}

static void
peer_send(const struct peer *p, const uint8_t *bytes, size_t len)
{
    if (p->fd >= 0) {
        (void)send(p->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        peer_wake(p);
    }
}

/* Ends the newest job as a handler may: with a reply, a stream or a long poll. */
static void
job_end(uint8_t how)
{
    static const char head[] = "Status: 200 OK\r\n\r\n";
    struct job *job = (struct job *)jobs;

    if (job == NULL) {
        return;
    }
    jobs = jobs->next;
    job->session.id = LOOP_SESSION;
    job->session.user_id = LOOP_USER;
    job->session.expires_at = INT64_MAX / 2;
    job->changes = how;
    job->ndjson = how % 2 == 1;
    job->wait_ms = how * INT64_C(100);
    job->rooms = memory_array(1, sizeof(*job->rooms));
    job->rooms[0] = (struct live_mark){LOOP_ROOM, 0, 0};
    job->room_count = 1;
    if (job->may_defer && how % 3 != 0 && holds_admit(&loop->holds, LOOP_SESSION, LOOP_USER)) {
        job->mode = how % 3 == 1 ? REPLY_STREAM : REPLY_LATER;
    }
    if (job->mode != REPLY_LATER) {
        buf_str(&job->reply, head);
    }
    loop_job_done(loop, job);
    loop_settle(loop);
}

static void
entry_deliver(void)
{
    static const char json[] =
        "{\"room_id\":9,\"body\":\"an entry of some length, so that queues fill\"}";
    const struct hub_room *room = idmap_find(&loop->hub.rooms, LOOP_ROOM);

    hub_deliver(&loop->hub, &(struct hint){.kind = HINT_ENTRY,
                                           .room_id = LOOP_ROOM,
                                           .seq = room == NULL ? 1 : room->delivered + 1,
                                           .json = json,
                                           .json_len = sizeof(json) - 1});
    loop_settle(loop);
}

/* One step: the low bits of `op` choose the peer. Returns how many bytes of the script it used. */
static size_t
script_step(struct peer peers[static PEERS], uint8_t op, const uint8_t *bytes, size_t len)
{
    struct peer *p = &peers[op % PEERS];
    size_t some = op / PEERS < len ? op / PEERS : len;

    switch (len > 0 ? bytes[0] % 8 : 7) {
    case 0:
        peer_connect(p);
        return 1;
    case 1:
        job_end(op);
        return 1;
    case 2:
        loop_tick(loop);
        loop_settle(loop);
        return 1;
    case 3:
        peer_read(p);
        return 1;
    case 4:
        entry_deliver();
        return 1;
    case 5:
        peer_close(p);
        return 1;
    case 6:
        loop_drain(loop);
        loop_settle(loop);
        return 1;
    default:
        peer_connect(p);
        peer_send(p, bytes + (len > 0), some > 0 ? some - 1 : 0);
        return some > 0 ? some : 1;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct settings settings = {
        .events_heartbeat_seconds = 1, .events_per_session = 3, .events_per_user = 3};
    static const struct app app = {.settings = &settings};
    struct peer peers[PEERS] = {{.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1}};

    if (!random_init()) {
        return 0;
    }
    loop_begin(&app);
    while (len > 0) {
        uint8_t op = bytes[0];
        size_t used = 1 + script_step(peers, op, bytes + 1, len - 1);

        used = used < len ? used : len;
        bytes += used;
        len -= used;
    }
    for (size_t i = 0; i < PEERS; i++) {
        peer_read(&peers[i]);
        peer_close(&peers[i]);
    }
    loop_end();
    return 0;
}
