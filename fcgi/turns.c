/* Lists as short as there are threads, and as long as one user has requests under way. */
#include "fcgi/turns.h"

#include <stdlib.h>

#include "base/memory.h"

void
turns_open(struct turns *t, size_t threads, size_t more, bool limited)
{
    *t = (struct turns){
        .most = !limited      ? 0
                : threads > 4 ? threads / 4
                              : 1,
        .running = memory_array(threads + more, sizeof(*t->running)),
    };
    t->last = &t->first;
    (void)pthread_mutex_init(&t->lock, NULL);
}

void
turns_close(struct turns *t)
{
    (void)pthread_mutex_destroy(&t->lock);
    free(t->running);
}

/* With the lock. */
static bool
turn_is_free(const struct turns *t, int64_t user_id)
{
    size_t count = 0;

    for (size_t i = 0; i < t->running_count; i++) {
        count += t->running[i] == user_id;
    }
    return count < t->most;
}

bool
turn_take(void *context, int64_t user_id)
{
    struct turn *turn = context;
    struct turns *t = turn->turns;

    turn->user_id = user_id;
    (void)pthread_mutex_lock(&t->lock);
    turn->taken = turn_is_free(t, user_id);
    if (turn->taken) {
        t->running[t->running_count++] = user_id;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return turn->taken;
}

bool
turn_is_put_off(const struct turn *turn)
{
    return turn->user_id != 0 && !turn->taken;
}

bool
turn_wait(const struct turn *turn, struct waiting_turn *w)
{
    struct turns *t = turn->turns;
    bool waits;

    (void)pthread_mutex_lock(&t->lock);
    waits = !turn_is_free(t, turn->user_id);
    if (waits) {
        *w = (struct waiting_turn){.user_id = turn->user_id};
        *t->last = w;
        t->last = &w->next;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return waits;
}

/* With the lock. */
static void
turn_stop_running(struct turns *t, int64_t user_id)
{
    size_t i = 0;

    while (t->running[i] != user_id) {
        i++;
    }
    t->running[i] = t->running[--t->running_count];
}

/* With the lock: takes the user's first request out of the list. */
static struct waiting_turn *
turn_next(struct turns *t, int64_t user_id)
{
    struct waiting_turn **at = &t->first, *found;

    while (*at != NULL && (*at)->user_id != user_id) {
        at = &(*at)->next;
    }
    found = *at;
    if (found != NULL) {
        *at = found->next;
        t->last = t->last == &found->next ? at : t->last;
    }
    return found;
}

struct waiting_turn *
turn_end(const struct turn *turn)
{
    struct turns *t = turn->turns;
    struct waiting_turn *next;

    if (turn->user_id == 0) {
        return NULL;
    }
    (void)pthread_mutex_lock(&t->lock);
    if (turn->taken) {
        turn_stop_running(t, turn->user_id);
    }
    next = turn_next(t, turn->user_id);
    (void)pthread_mutex_unlock(&t->lock);
    return next;
}
