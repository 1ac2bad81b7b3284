/*
 * libFuzzer mutates scripts with this: as bytes, and request by request with new ones made from the
 * route table, so that most of them reach a handler.
 */
#include <string.h>

#include "t/fuzz/dispatch/compose.h"
#include "t/fuzz/dispatch/script.h"
#include "t/fuzz/dispatch/server.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned seed);

/* A script whose requests are replaced, added and removed, and the generator's state. */
struct mutation {
    struct script_text requests[SCRIPT_REQUESTS_MAX + 1];
    size_t count;
    struct buf made; /* the text of a new request */
    unsigned seed;
};

static struct script_text
mutation_compose(struct mutation *m)
{
    const struct route *const *routes = server_routes();
    unsigned count = 0;

    if (compose_choose(&m->seed, 32) == 0) {
        return (struct script_text){SCRIPT_CONSENT, sizeof(SCRIPT_CONSENT) - 1};
    }
    while (routes[count] != NULL) {
        count++;
    }
    compose_request(&m->made, routes[compose_choose(&m->seed, count)], compose_caller(&m->seed),
                    compose_choose(&m->seed, 2) == 0, &m->seed);
    return (struct script_text){m->made.at, m->made.len};
}

static void
mutation_insert(struct mutation *m, size_t at, struct script_text request)
{
    memmove(&m->requests[at + 1], &m->requests[at], (m->count - at) * sizeof(m->requests[0]));
    m->requests[at] = request;
    m->count += m->count < SCRIPT_REQUESTS_MAX;
}

static void
mutation_remove(struct mutation *m, size_t at)
{
    m->count--;
    memmove(&m->requests[at], &m->requests[at + 1], (m->count - at) * sizeof(m->requests[0]));
}

/* The request from another caller. */
static struct script_text
mutation_change_caller(struct mutation *m, struct script_text request)
{
    const char *space = request.len == 0 ? NULL : memchr(request.at, ' ', request.len);

    buf_str(&m->made, compose_caller(&m->seed));
    if (space != NULL) {
        buf_add(&m->made, space, request.len - (size_t)(space - request.at));
    }
    return (struct script_text){m->made.at, m->made.len};
}

/* The request with other bytes. */
static struct script_text
mutation_change_bytes(struct mutation *m, struct script_text request, size_t max)
{
    buf_reserve(&m->made, max);
    if (request.len > 0) {
        memcpy(m->made.at, request.at, request.len);
    }
    m->made.len = LLVMFuzzerMutate((uint8_t *)m->made.at, request.len, max);
    return (struct script_text){m->made.at, m->made.len};
}

static void
mutation_run(struct mutation *m, size_t max)
{
    size_t at = compose_choose(&m->seed, (unsigned)m->count);

    switch (compose_choose(&m->seed, 8)) {
    case 0:
        m->requests[at] = mutation_compose(m);
        break;
    case 1:
        m->requests[at] = mutation_change_caller(m, m->requests[at]);
        break;
    case 2:
        mutation_remove(m, at);
        break;
    case 3:
        mutation_insert(m, at, m->requests[compose_choose(&m->seed, (unsigned)m->count)]);
        break;
    case 4:
        m->requests[at] = mutation_change_bytes(m, m->requests[at], max);
        break;
    default:
        mutation_insert(m, at + compose_choose(&m->seed, 2), mutation_compose(m));
        break;
    }
}

/* Writes as many of the requests as fit. Returns their size. */
static size_t
mutation_write(const struct mutation *m, uint8_t *bytes, size_t max)
{
    size_t separator = sizeof(SCRIPT_SEPARATOR) - 1, size;
    struct buf script = {0};

    for (size_t i = 0; i < m->count && script.len + separator + m->requests[i].len <= max; i++) {
        buf_add(&script, SCRIPT_SEPARATOR, i > 0 ? separator : 0);
        buf_add(&script, m->requests[i].at, m->requests[i].len);
    }
    size = script.len;
    if (size > 0) {
        memcpy(bytes, script.at, size);
    }
    buf_free(&script);
    return size;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned seed)
{
    struct mutation m = {.seed = seed};

    m.count = script_split((const char *)bytes, size, m.requests);
    if (server_start() != NULL || m.count == 0 || compose_choose(&m.seed, 4) == 0) {
        return LLVMFuzzerMutate(bytes, size, max);
    }
    mutation_run(&m, max);
    size = mutation_write(&m, bytes, max);
    buf_free(&m.made);
    return size;
}
