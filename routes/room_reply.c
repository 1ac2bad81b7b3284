/* One table from refusals to problems. */
#include "routes/room_reply.h"

#include "base/json.h"
#include "db/redis/presence.h"
#include "routes/shapes.h"

static const enum problem problems[] = {
    [REFUSED_NOT] = INTERNAL_ERROR,        [REFUSED_NO_ROOM] = NO_SUCH_ROOM,
    [REFUSED_NOT_A_MEMBER] = NOT_A_MEMBER, [REFUSED_NOT_ALLOWED] = NOT_ALLOWED,
    [REFUSED_IS_A_DM] = IS_A_DM,           [REFUSED_NO_USER] = NO_SUCH_USER,
    [REFUSED_NO_MEMBER] = NO_SUCH_MEMBER,
};

struct room_reader
room_reader(const struct request *req)
{
    return (struct room_reader){
        .db = req->db,
        .redis = req->redis,
        .names = req->names,
        .arena = req->arena,
        .user_id = req->session.user_id,
        .member_of = req->session.member_of,
    };
}

void
reply_refusal(struct request *req, enum db_result r, enum refusal why)
{
    if (r == DB_FORBIDDEN) {
        reply_problem(req, problems[why]);
    } else {
        reply_db_error(req, r);
    }
}

/* Of `count` profiles; one may be NULL. */
static void
look_online(const struct request *req, struct profile **profiles, size_t count)
{
    int64_t *ids = arena_array(req->arena, count + 1, sizeof(*ids));
    bool *online = arena_array(req->arena, count + 1, sizeof(*online));
    size_t asked = 0;

    for (size_t i = 0; i < count; i++) {
        if (profiles[i] != NULL) {
            profiles[asked] = profiles[i];
            ids[asked++] = profiles[i]->id;
        }
    }
    presence_look(req->redis, ids, asked, online);
    for (size_t i = 0; i < asked; i++) {
        profiles[i]->online = online[i];
    }
}

void
rooms_look_online(const struct request *req, struct room *rooms, size_t count)
{
    struct profile **profiles = arena_array(req->arena, count + 1, sizeof(*profiles));

    for (size_t i = 0; i < count; i++) {
        profiles[i] = rooms[i].peer;
    }
    look_online(req, profiles, count);
}

void
members_look_online(const struct request *req, struct member *members, size_t count)
{
    struct profile **profiles = arena_array(req->arena, count + 1, sizeof(*profiles));

    for (size_t i = 0; i < count; i++) {
        profiles[i] = &members[i].user;
    }
    look_online(req, profiles, count);
}

/* In ASCII: a client may get it in pieces, and not all can put half a character together. */
static struct buf
write_ascii(const struct shape *shape, const void *from)
{
    struct buf json = {0}, ascii = {0};

    shape_write(shape, from, &json);
    json_ascii(&ascii, json.at, json.len);
    buf_free(&json);
    return ascii;
}

void
announce_new(const struct request *req, const struct entry *entry)
{
    struct buf json = write_ascii(&entry_shape, entry);

    announce_entry(req->redis, entry->room_id, entry->seq, json.at, json.len);
    buf_free(&json);
}

void
announce_event(const struct request *req, enum hint_kind kind, int64_t room_id,
               const struct shape *shape, const void *event)
{
    struct buf json = write_ascii(shape, event);

    announce_signal(req->redis, kind, room_id, req->session.user_id, json.at, json.len);
    buf_free(&json);
}
