/* Online users are a set in Redis; a reply asks for all of its users at once. */
#include "routes/online.h"

#include "db/redis/presence.h"

/* NULL entries of `profiles` are skipped; the array is compacted. */
static void
profiles_fill_online(const struct request *req, struct profile **profiles, size_t count)
{
    int64_t *ids = arena_array(req->caller.arena, count + 1, sizeof(*ids));
    bool *online = arena_array(req->caller.arena, count + 1, sizeof(*online));
    size_t id_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (profiles[i] != NULL) {
            profiles[id_count] = profiles[i];
            ids[id_count++] = profiles[i]->id;
        }
    }
    presence_query(req->caller.redis, ids, id_count, online);
    for (size_t i = 0; i < id_count; i++) {
        profiles[i]->online = online[i];
    }
}

void
rooms_fill_online(const struct request *req, struct room *rooms, size_t count)
{
    struct profile **profiles = arena_array(req->caller.arena, count + 1, sizeof(*profiles));

    for (size_t i = 0; i < count; i++) {
        profiles[i] = rooms[i].peer;
    }
    profiles_fill_online(req, profiles, count);
}

void
members_fill_online(const struct request *req, struct member *members, size_t count)
{
    struct profile **profiles = arena_array(req->caller.arena, count + 1, sizeof(*profiles));

    for (size_t i = 0; i < count; i++) {
        profiles[i] = &members[i].user;
    }
    profiles_fill_online(req, profiles, count);
}
