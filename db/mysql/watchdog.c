/*
 * One thread for all connections of the process. It starts with the first statement that has a
 * deadline, and sleeps without waking up while no statement runs.
 */
#include "db/mysql/watchdog.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    GRACE_US = 700 * 1000, /* after the deadline: the server ends most statements before */
    TICK_NS = 100 * 1000 * 1000,
    STACK_BYTES = 128 * 1024,
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t begun;
    struct watch *first;
    size_t running; /* statements */
} watchdog = {.lock = PTHREAD_MUTEX_INITIALIZER, .begun = PTHREAD_COND_INITIALIZER};
static pthread_once_t watchdog_once = PTHREAD_ONCE_INIT;

/* With the lock. */
static void
watch_clear(struct watch *w)
{
    watchdog.running -= w->cut_us != 0;
    w->cut_us = 0;
}

static void *
watchdog_thread(void *context)
{
    (void)context;
    for (;;) {
        (void)pthread_mutex_lock(&watchdog.lock);
        while (watchdog.running == 0) {
            (void)pthread_cond_wait(&watchdog.begun, &watchdog.lock);
        }
        for (struct watch *w = watchdog.first; w != NULL; w = w->next) {
            if (w->cut_us != 0 && clock_mono_us() > w->cut_us) {
                (void)shutdown(w->fd, SHUT_RDWR);
                watch_clear(w);
            }
        }
        (void)pthread_mutex_unlock(&watchdog.lock);
        (void)nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
    }
    return NULL;
}

/* The thread receives no signals: those of the process are for others. */
static void
watchdog_start(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    if (error == 0) {
        (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        error = pthread_create(&thread, &attributes, watchdog_thread, NULL);
        (void)pthread_attr_destroy(&attributes);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        log_warning("deadlines are kept less exactly: no thread can be started: %s",
                    strerror(error));
    }
}

void
watch_attach(struct watch *w, int fd)
{
    *w = (struct watch){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)};
    if (w->fd < 0) {
        return;
    }
    (void)pthread_mutex_lock(&watchdog.lock);
    w->next = watchdog.first;
    w->link = &watchdog.first;
    if (w->next != NULL) {
        w->next->link = &w->next;
    }
    watchdog.first = w;
    w->attached = true;
    (void)pthread_mutex_unlock(&watchdog.lock);
}

void
watch_detach(struct watch *w)
{
    if (!w->attached) {
        return;
    }
    (void)pthread_mutex_lock(&watchdog.lock);
    watch_clear(w);
    *w->link = w->next;
    if (w->next != NULL) {
        w->next->link = w->link;
    }
    w->attached = false;
    (void)pthread_mutex_unlock(&watchdog.lock);
    (void)close(w->fd);
}

void
watch_begin(struct watch *w, int64_t deadline_us)
{
    if (!w->attached || deadline_us == 0) {
        return;
    }
    (void)pthread_once(&watchdog_once, watchdog_start);
    (void)pthread_mutex_lock(&watchdog.lock);
    watch_clear(w);
    w->cut_us = deadline_us + GRACE_US;
    if (watchdog.running++ == 0) {
        (void)pthread_cond_signal(&watchdog.begun);
    }
    (void)pthread_mutex_unlock(&watchdog.lock);
}

void
watch_end(struct watch *w)
{
    if (!w->attached) {
        return;
    }
    (void)pthread_mutex_lock(&watchdog.lock);
    watch_clear(w);
    (void)pthread_mutex_unlock(&watchdog.lock);
}
