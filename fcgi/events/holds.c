/*
 * A user is counted beside each session: signing in again does not raise what one user may hold.
 */
#include "fcgi/events/holds.h"

void
holds_open(struct holds *h, const struct settings *settings)
{
    *h = (struct holds){
        .per_session = (uintptr_t)settings->events_per_session,
        .per_user = (uintptr_t)settings->events_per_user,
    };
    (void)pthread_mutex_init(&h->lock, NULL);
}

void
holds_free(struct holds *h)
{
    idmap_free(&h->sessions);
    idmap_free(&h->users);
    (void)pthread_mutex_destroy(&h->lock);
}

static uintptr_t
count_of(const struct idmap *counts, int64_t id)
{
    return (uintptr_t)idmap_find(counts, id);
}

/* The map stores the number itself as the id's pointer. */
static void
count_set(struct idmap *counts, int64_t id, uintptr_t count)
{
    idmap_remove(counts, id);
    if (count > 0) {
        idmap_add(counts, id, (void *)count);
    }
}

bool
holds_admit(void *holds, int64_t session_id, int64_t user_id)
{
    struct holds *h = holds;
    uintptr_t of_session, of_user;
    bool admitted;

    (void)pthread_mutex_lock(&h->lock);
    of_session = count_of(&h->sessions, session_id);
    of_user = count_of(&h->users, user_id);
    admitted = of_session < h->per_session && of_user < h->per_user;
    if (admitted) {
        count_set(&h->sessions, session_id, of_session + 1);
        count_set(&h->users, user_id, of_user + 1);
    }
    (void)pthread_mutex_unlock(&h->lock);
    return admitted;
}

void
holds_release(struct holds *h, int64_t session_id, int64_t user_id)
{
    (void)pthread_mutex_lock(&h->lock);
    count_set(&h->sessions, session_id, count_of(&h->sessions, session_id) - 1);
    count_set(&h->users, user_id, count_of(&h->users, user_id) - 1);
    (void)pthread_mutex_unlock(&h->lock);
}
