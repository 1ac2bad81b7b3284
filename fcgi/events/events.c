/*
 * The loop waits in one place, for sockets, for letters from its threads, for signals and for the next tick. Whatever may block
 * is done by others: requests are admitted at desks, MySQL is watched by the healer, Redis by the hints.
 */
#include "fcgi/events/events.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/test_seams.h"
#include "db/redis/presence.h"
#include "fcgi/events/loop.h"
#include "fcgi/serve.h"

enum {
    LISTEN_SOCKET = 0, /* FCGI_LISTENSOCK_FILENO, section 2.2 */
    DESKS = 2,
    EVENTS_AT_ONCE = 512,
    ACCEPTS_AT_ONCE = 256,
    SPARE_FILES = 64, /* descriptors that are not connections */
    CHECK_MS = 1000,  /* between two looks at all that is watched */
    RETRY_MS = 300,   /* after one that the database did not answer */
    BEAT_MS = PRESENCE_BEAT_SECONDS * 1000,
    SWEEP_MS = 2000,
    CAME_MOST = 200, /* users whose coming is told in one checkup */
};

/* What is no peer has a slot beyond all. */
#define SPECIAL(n) (UINT64_C(0xFFFFFFFF00000000) | (n))
enum { ON_LISTEN, ON_SIGNAL, ON_NEWS, ON_DONE };

static void
touched(void *owner, struct peer *p)
{
    loop_touch(owner, p);
}

static bool
watch(struct loop *l, int fd, unsigned what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = SPECIAL(what)};

    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
listen_again(struct loop *l)
{
    if (!l->listening && !l->draining && l->peer_count < l->peer_max) {
        l->listening = watch(l, LISTEN_SOCKET, ON_LISTEN);
    }
}

static void
stop_listening(struct loop *l)
{
    if (l->listening) {
        (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, LISTEN_SOCKET, NULL);
        l->listening = false;
    }
}

/* Out of descriptors or at the limit: those who come wait in the socket's queue until a tick finds room. */
static void
accept_some(struct loop *l)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        int fd;

        if (l->peer_count >= l->peer_max) {
            stop_listening(l);
            return;
        }
        fd = accept4(LISTEN_SOCKET, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                log_warning("no more connections can be accepted: %s", strerror(errno));
                stop_listening(l);
            }
            return;
        }
        (void)loop_add(l, fd);
    }
}

static void
take_errands(struct loop *l)
{
    struct letter *letter = mailbox_take(&l->done);

    while (letter != NULL) {
        struct errand *e = (struct errand *)letter;

        letter = letter->next;
        loop_errand_done(l, e);
    }
}

/* With FAULT_HINTS every tenth hint is dropped, and nothing heals. */
static void
take_hint(struct loop *l, const struct news *n)
{
    static unsigned count;
    struct hint hint;

    if (!l->healing && ++count % 10 == 0) {
        return;
    }
    if (announce_read(n->text, n->len, &hint)) {
        crowd_hint(&l->crowd, &hint);
    }
}

static void
take_one(struct loop *l, const struct news *n)
{
    switch (n->kind) {
    case NEWS_ENTRY:
        crowd_entry(&l->crowd, n->id, n->number, n->text, n->len);
        break;
    case NEWS_REACHED:
        crowd_reached(&l->crowd, n->id, n->number);
        break;
    case NEWS_USER:
        crowd_user_is(&l->crowd, n->id, n->number, n->marks, n->room_count,
                      n->marks + n->room_count, n->session_count);
        break;
    case NEWS_HINT:
        take_hint(l, n);
        break;
    case NEWS_LOST:
        l->next_full_us = 0;
        break;
    case NEWS_DONE:
        l->checkup_out = false;
        if (n->number == 0) {
            l->next_full_us = clock_mono_us() + RETRY_MS * 1000;
        }
        break;
    }
}

static void
take_news(struct loop *l)
{
    struct letter *letter = mailbox_take(&l->news);

    while (letter != NULL) {
        struct news *n = (struct news *)letter;

        letter = letter->next;
        take_one(l, n);
        free(n);
    }
}

static void *
must(void *memory)
{
    if (memory == NULL) {
        log_error("out of memory");
        abort();
    }
    return memory;
}

static struct live_mark
mark_room(struct crowd_room *room)
{
    room->behind = false;
    return (struct live_mark){room->id, room->last};
}

static struct live_mark
mark_user(struct crowd_user *user)
{
    struct live_mark mark = {user->id, user->stale ? -1 : user->changes};

    user->stale = false;
    return mark;
}

/* All rooms and users. */
static void
look_at_all(struct loop *l, struct checkup *c)
{
    const struct idmap *rooms = &l->crowd.rooms, *users = &l->crowd.users;

    c->rooms = must(malloc((rooms->count + 1) * sizeof(*c->rooms)));
    for (size_t i = 0; i < rooms->size; i++) {
        if (rooms->slots[i].id != 0) {
            c->rooms[c->room_count++] = mark_room(rooms->slots[i].value);
        }
    }
    c->users = must(malloc((users->count + 1) * sizeof(*c->users)));
    for (size_t i = 0; i < users->size; i++) {
        if (users->slots[i].id != 0) {
            c->users[c->user_count++] = mark_user(users->slots[i].value);
        }
    }
    buf_clear(&l->crowd.behind);
    buf_clear(&l->crowd.stale);
}

/* Only at those in doubt. */
static void
look_at_some(struct loop *l, struct checkup *c)
{
    size_t rooms = l->crowd.behind.len / sizeof(int64_t);
    size_t users = l->crowd.stale.len / sizeof(int64_t);

    c->rooms = must(malloc((rooms + 1) * sizeof(*c->rooms)));
    for (size_t i = 0; i < rooms; i++) {
        struct crowd_room *room = idmap_find(&l->crowd.rooms,
                                             ((const int64_t *)l->crowd.behind.at)[i]);

        if (room != NULL) {
            c->rooms[c->room_count++] = mark_room(room);
        }
    }
    c->users = must(malloc((users + 1) * sizeof(*c->users)));
    for (size_t i = 0; i < users; i++) {
        struct crowd_user *user = idmap_find(&l->crowd.users,
                                             ((const int64_t *)l->crowd.stale.at)[i]);

        if (user != NULL) {
            c->users[c->user_count++] = mark_user(user);
        }
    }
    buf_clear(&l->crowd.behind);
    buf_clear(&l->crowd.stale);
}

/* Who is online: all who hold streams, when it is time to say so again; else those who have just come. */
static void
say_who_is_there(struct loop *l, struct checkup *c, int64_t now)
{
    struct buf *came = &l->crowd.came;
    const struct idmap *users = &l->crowd.users;
    size_t some = came->len / sizeof(int64_t);

    if (now >= l->next_beat_us) {
        l->next_beat_us = now + BEAT_MS * INT64_C(1000);
        c->online = must(malloc((users->count + 1) * sizeof(*c->online)));
        for (size_t i = 0; i < users->size; i++) {
            const struct crowd_user *user = users->slots[i].value;

            if (users->slots[i].id != 0 && user->stream_count > 0) {
                c->online[c->online_count++] = user->id;
            }
        }
        buf_clear(came);
    } else if (some > 0) {
        some = some < CAME_MOST ? some : CAME_MOST;
        c->online = must(malloc(some * sizeof(*c->online)));
        memcpy(c->online, came->at, some * sizeof(*c->online));
        c->online_count = some;
        came->len -= some * sizeof(int64_t);
        memmove(came->at, came->at + some * sizeof(int64_t), came->len);
    }
    if (now >= l->next_sweep_us) {
        l->next_sweep_us = now + SWEEP_MS * INT64_C(1000);
        c->sweep = true;
    }
}

/* One checkup at a time; the next one takes up whatever came in between. */
static void
send_checkup(struct loop *l)
{
    int64_t now = clock_mono_us();
    bool all = now >= l->next_full_us;
    struct checkup *c;

    if (l->checkup_out || l->draining ||
        (!all && l->crowd.behind.len + l->crowd.stale.len + l->crowd.came.len == 0)) {
        return;
    }
    c = must(calloc(1, sizeof(*c)));
    if (all) {
        l->next_full_us = now + CHECK_MS * 1000;
        look_at_all(l, c);
    } else {
        look_at_some(l, c);
    }
    if (!l->healing) {
        c->room_count = 0;
    }
    say_who_is_there(l, c, now);
    l->crowd.checkups++;
    l->checkup_out = true;
    healer_put(l->healer, c);
}

/* True when it is to end. */
static bool
take_signal(const struct loop *l)
{
    struct signalfd_siginfo info;

    return read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info);
}

static void
handle(struct loop *l, const struct epoll_event *event)
{
    struct peer *p;

    switch (event->data.u64) {
    case SPECIAL(ON_LISTEN):
        accept_some(l);
        return;
    case SPECIAL(ON_SIGNAL):
        if (take_signal(l) && !l->draining) {
            stop_listening(l);
            loop_say_goodbye(l);
        }
        return;
    case SPECIAL(ON_NEWS):
        take_news(l);
        return;
    case SPECIAL(ON_DONE):
        take_errands(l);
        return;
    default:
        break;
    }
    p = loop_find(l, (uint32_t)(event->data.u64 >> 32), (uint32_t)event->data.u64);
    if (p == NULL) {
        return;
    }
    if ((event->events & EPOLLOUT) != 0 && p->queue_len > 0) {
        loop_touch(l, p);
    }
    if ((event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        loop_read(l, p);
    }
}

static void
run(struct loop *l)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t next_tick = clock_mono_us() + TICK_MS * 1000;

    while (!l->draining || (l->peer_count > 0 && (int32_t)(l->crowd.tick - l->drain_until) < 0)) {
        int64_t wait = (next_tick - clock_mono_us()) / 1000;
        int count = epoll_wait(l->epoll, events, EVENTS_AT_ONCE, wait < 0 ? 0 : (int)wait + 1);

        for (int i = 0; i < count; i++) {
            handle(l, &events[i]);
        }
        if (clock_mono_us() >= next_tick) {
            next_tick = clock_mono_us() + TICK_MS * 1000;
            loop_tick(l);
            listen_again(l);
            if (log_pending()) {
                log_flush();
            }
        }
        loop_settle(l);
        send_checkup(l);
    }
}

static bool
open_signals(struct loop *l)
{
    sigset_t set;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGQUIT);
    (void)sigaddset(&set, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return l->signals >= 0;
}

/* As many connections as the system lets a process have. */
static uint32_t
allow_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024 - SPARE_FILES;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur > UINT32_MAX / 2) {
        return UINT32_MAX / 2;
    }
    return limit.rlim_cur > 2 * SPARE_FILES ? (uint32_t)limit.rlim_cur - SPARE_FILES : SPARE_FILES;
}

static bool
open_loop(struct loop *l)
{
    l->peer_max = allow_files();
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    return l->epoll >= 0 && fcntl(LISTEN_SOCKET, F_SETFL, O_NONBLOCK) == 0 && open_signals(l) &&
           mailbox_open(&l->news, true) && mailbox_open(&l->done, true) &&
           watch(l, l->signals, ON_SIGNAL) && watch(l, l->news.bell, ON_NEWS) &&
           watch(l, l->done.bell, ON_DONE);
}

int
events_run(const struct app *app)
{
    struct loop *l = must(calloc(1, sizeof(*l)));
    bool good;

    l->app = app;
    l->healing = !test_fault_injected(FAULT_HINTS);
    l->crowd.touched = touched;
    l->crowd.owner = l;
    l->crowd.queue_limit = (uint32_t)app->settings->events_queue_kb * 1024;
    crowd_open(&l->crowd);
    l->beats[0] = event_heartbeat(false);
    l->beats[1] = event_heartbeat(true);
    (void)pthread_mutex_init(&l->session_lock, NULL);
    serve_name_crashes();
    log_gather();
    good = open_loop(l);
    if (good) {
        l->desks = desks_open(app, DESKS, &l->done, loop_admit, l);
        l->healer = healer_open(app, &l->news);
        l->hints = hints_open(app, &l->news);
        good = l->desks != NULL && l->healer != NULL && l->hints != NULL;
    }
    if (good) {
        listen_again(l);
        log_info("ready, for up to %u connections", l->peer_max);
        run(l);
        log_info("ends");
    } else {
        log_error("the event loop cannot begin: %s", strerror(errno));
    }
    hints_close(l->hints);
    healer_close(l->healer);
    desks_close(l->desks);
    take_errands(l);
    take_news(l);
    loop_settle(l);
    loop_drop_all(l);
    crowd_free(&l->crowd);
    payload_drop(l->beats[0]);
    payload_drop(l->beats[1]);
    mailbox_free(&l->news);
    mailbox_free(&l->done);
    (void)pthread_mutex_destroy(&l->session_lock);
    (void)close(l->signals);
    (void)close(l->epoll);
    log_flush();
    free(l);
    return good ? 0 : 1;
}
