/* Open addressing with linear probing; what is removed leaves no trace (Knuth, volume 3, 6.4, algorithm R). */
#include "fcgi/events/idmap.h"

#include <stdlib.h>

#include "base/log.h"

enum { SMALLEST = 16 };

/* Ids come in rows; a multiplication spreads them (Fibonacci hashing). */
static size_t
home(const struct idmap *m, int64_t id)
{
    return (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (m->size - 1);
}

static size_t
place_of(const struct idmap *m, int64_t id)
{
    size_t at = home(m, id);

    while (m->slots[at].id != 0 && m->slots[at].id != id) {
        at = (at + 1) & (m->size - 1);
    }
    return at;
}

void *
idmap_find(const struct idmap *m, int64_t id)
{
    return m->size == 0 || id <= 0 ? NULL : m->slots[place_of(m, id)].value;
}

static void
resize(struct idmap *m, size_t size)
{
    struct idmap old = *m;

    m->slots = calloc(size, sizeof(*m->slots));
    if (m->slots == NULL) {
        log_error("out of memory");
        abort();
    }
    m->size = size;
    for (size_t i = 0; i < old.size; i++) {
        if (old.slots[i].id != 0) {
            m->slots[place_of(m, old.slots[i].id)] = old.slots[i];
        }
    }
    free(old.slots);
}

void
idmap_add(struct idmap *m, int64_t id, void *value)
{
    if ((m->count + 1) * 4 > m->size * 3) {
        resize(m, m->size == 0 ? SMALLEST : m->size * 2);
    }
    m->slots[place_of(m, id)] = (struct idmap_slot){id, value};
    m->count++;
}

void
idmap_remove(struct idmap *m, int64_t id)
{
    size_t hole, at;

    if (idmap_find(m, id) == NULL) {
        return;
    }
    hole = at = place_of(m, id);
    for (;;) {
        size_t from;

        at = (at + 1) & (m->size - 1);
        if (m->slots[at].id == 0) {
            break;
        }
        from = home(m, m->slots[at].id);
        /* It may move into the hole unless its home lies behind the hole, cyclically. */
        if (hole < at ? from <= hole || from > at : from <= hole && from > at) {
            m->slots[hole] = m->slots[at];
            hole = at;
        }
    }
    m->slots[hole] = (struct idmap_slot){0, NULL};
    m->count--;
}

void
idmap_free(struct idmap *m)
{
    free(m->slots);
    *m = (struct idmap){0};
}
