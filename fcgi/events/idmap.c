/*
 * Open addressing with linear probing; removal leaves no tombstones (Knuth, vol. 3, 6.4, algorithm
 * R).
 */
#include "fcgi/events/idmap.h"

#include <stdlib.h>

#include "base/memory.h"

enum { IDMAP_SIZE_MIN = 16 };

/* Ids are consecutive; the multiplication spreads them (Fibonacci hashing). */
static size_t
idmap_home(const struct idmap *m, int64_t id)
{
    return (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (m->size - 1);
}

/* The slot of the id, or the free one where it belongs. */
static size_t
idmap_probe(const struct idmap *m, int64_t id)
{
    size_t at = idmap_home(m, id);

    while (m->slots[at].id != 0 && m->slots[at].id != id) {
        at = (at + 1) & (m->size - 1);
    }
    return at;
}

void *
idmap_find(const struct idmap *m, int64_t id)
{
    return m->size == 0 || id <= 0 ? NULL : m->slots[idmap_probe(m, id)].value;
}

static void
idmap_resize(struct idmap *m, size_t size)
{
    struct idmap old = *m;

    m->slots = memory_array(size, sizeof(*m->slots));
    m->size = size;
    for (size_t i = 0; i < old.size; i++) {
        if (old.slots[i].id != 0) {
            m->slots[idmap_probe(m, old.slots[i].id)] = old.slots[i];
        }
    }
    free(old.slots);
}

void
idmap_add(struct idmap *m, int64_t id, void *value)
{
    if ((m->count + 1) * 4 > m->size * 3) {
        idmap_resize(m, m->size == 0 ? IDMAP_SIZE_MIN : m->size * 2);
    }
    m->slots[idmap_probe(m, id)] = (struct idmap_slot){id, value};
    m->count++;
}

void
idmap_remove(struct idmap *m, int64_t id)
{
    size_t hole, at;

    if (idmap_find(m, id) == NULL) {
        return;
    }
    hole = at = idmap_probe(m, id);
    for (;;) {
        size_t home;

        at = (at + 1) & (m->size - 1);
        if (m->slots[at].id == 0) {
            break;
        }
        home = idmap_home(m, m->slots[at].id);
        /* It moves into the hole unless its home is between the hole and itself, cyclically. */
        if (hole < at ? home <= hole || home > at : home <= hole && home > at) {
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
