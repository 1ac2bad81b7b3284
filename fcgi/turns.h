/*
 * The requests of one user hold at most a quarter of a process's threads, at least one: the others
 * stay free for other users. A request beyond that is put off: it holds no thread, and gets its
 * turn when another one of its user has ended, in the order of arrival.
 */
#ifndef FCGI_TURNS_H
#define FCGI_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request that was put off; part of what the owner keeps of it. */
struct waiting_turn {
    struct waiting_turn *next;
    int64_t user_id;
};

struct turns {
    pthread_mutex_t lock;
    size_t most;      /* requests of one user that run at once; 0: any number */
    int64_t *running; /* the user of each request that runs */
    size_t running_count;
    struct waiting_turn *first, **last;
};

/* `more` further threads run requests at times. `limited` false: every request has its turn. */
void turns_open(struct turns *t, size_t threads, size_t more, bool limited)
    __attribute__((nonnull));
void turns_close(struct turns *t) __attribute__((nonnull));

/* The turn of a request that is being served; begin with `turns` alone. */
struct turn {
    struct turns *turns;
    int64_t user_id; /* 0: it has asked for none */
    bool taken;
};

/* Whether a request of the user may run now. `turn` is a struct turn. */
bool turn_take(void *turn, int64_t user_id) __attribute__((nonnull, warn_unused_result));

/* Whether it has asked in vain. */
bool turn_is_put_off(const struct turn *turn) __attribute__((nonnull, warn_unused_result));

/*
 * Puts the request off, which from then on may run in another thread. Returns false if it need not
 * wait any more.
 */
bool turn_wait(const struct turn *turn, struct waiting_turn *w)
    __attribute__((nonnull, warn_unused_result));

/*
 * After the request: ends the turn, if it was taken. Returns a request of the same user that was
 * put off, which the caller then runs; NULL if there is none.
 */
struct waiting_turn *turn_end(const struct turn *turn) __attribute__((nonnull, warn_unused_result));

#endif
