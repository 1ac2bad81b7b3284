/*
 * A counter in shared memory decides, without a message, which tasks of a batch the process has
 * begun: it increments the counter before it begins one, and the runner moves it to the end.
 */
#include "fcgi/tasks/batch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/memory.h"

/* Above every count, and far enough from its type's end to be incremented. */
static const size_t BEGIN_NO_MORE = SIZE_MAX / 2;

bool
batch_open(struct batch *b, const struct task_claim *tasks, size_t count)
{
    void *shared = MAP_FAILED;

    *b = (struct batch){.count = count};
    if (count > 1) {
        int flags = MAP_SHARED | MAP_ANONYMOUS;

        /* cppcheck-suppress invalidFunctionArg ; mmap(2): -1 if there is no file */
        shared = mmap(NULL, sizeof(*b->begun), PROT_READ | PROT_WRITE, flags, -1, 0);
        if (shared == MAP_FAILED) {
            return false;
        }
        b->begun = shared;
        atomic_init(b->begun, 1);
    }
    b->tasks = memory_array(count, sizeof(*tasks));
    memcpy(b->tasks, tasks, count * sizeof(*tasks));
    return true;
}

void
batch_close(struct batch *b)
{
    if (b->begun != NULL) {
        (void)munmap(b->begun, sizeof(*b->begun));
    }
    free(b->tasks);
    *b = (struct batch){0};
}

bool
batch_has_more(const struct batch *b)
{
    return b->current + 1 < b->count;
}

bool
batch_begin_next(struct batch *b)
{
    if (!batch_has_more(b) || clock_mono_us() > b->begin_until_us ||
        atomic_fetch_add(b->begun, 1) >= b->count) {
        return false;
    }
    b->current++;
    return true;
}

size_t
batch_take_back(struct batch *b)
{
    size_t count = b->count, begun = count;

    if (batch_has_more(b)) {
        begun = atomic_exchange(b->begun, BEGIN_NO_MORE);
    }
    /* A process gone wild may have written anything there, but what runs was begun. */
    begun = begun > b->current ? begun : b->current + 1;
    b->count = begun < count ? begun : count;
    b->begin_until_us = INT64_MAX;
    return count - b->count;
}
