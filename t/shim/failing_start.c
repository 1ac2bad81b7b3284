/*
 * Calls that a process needs to start (LD_PRELOAD): those named by FASTCHAT_FAIL_START fail with
 * the error of a process that may open no more files or start no more threads. Of pthread_create
 * only the second call fails.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static bool
is_named(const char *call)
{
    const char *named = getenv("FASTCHAT_FAIL_START");

    return named != NULL && strcmp(named, call) == 0;
}

int
epoll_create1(int flags)
{
    int (*real)(int);

    if (is_named("epoll_create1")) {
        errno = EMFILE;
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "epoll_create1");
    return real(flags);
}

int
signalfd(int fd, const sigset_t *mask, int flags)
{
    int (*real)(int, const sigset_t *, int);

    if (is_named("signalfd")) {
        errno = EMFILE;
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "signalfd");
    return real(fd, mask, flags);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
               void *context)
{
    static int calls;
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (is_named("pthread_create") && ++calls == 2) {
        return EAGAIN;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, start, context);
}
