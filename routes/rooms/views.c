/* The handlers of the rooms group. */
#include "routes/rooms/views.h"

#include <inttypes.h>

#include "base/number.h"
#include "db/members.h"
#include "routes/frame/route.h"
#include "routes/room_reply.h"
#include "routes/rooms/schemas.h"

/* Answers with a room as the caller sees it, or with why not. */
static void
reply_room(struct request *req, enum db_result r, struct room *room, enum refusal why)
{
    if (r == DB_OK) {
        rooms_look_online(req, room, 1);
        reply(req, room);
    } else {
        reply_refusal(req, r, why);
    }
}

/* Make a group. 201; 404 no_such_user where one of member_ids does not exist, and then no room is made. */
void
make_room(struct request *req, const void *input)
{
    const struct room_new *in = input;
    struct room_reader who = room_reader(req);
    struct room room;
    enum refusal why;
    enum db_result r = rooms_add(&who, in->name, in->open, in->member_ids.at, in->member_ids.count,
                                 &room, &why);

    reply_room(req, r, &room, why);
}

/* "last_at.id" of the last room of the page before. */
static bool
read_cursor(const char *text, struct room_cursor *cursor)
{
    return number_read(&text, &cursor->last_at) && *text++ == '.' &&
           number_read(&text, &cursor->id) && *text == '\0' && cursor->id > 0;
}

/* A page of rooms, latest activity first. 200. */
void
list_rooms(struct request *req, const void *input)
{
    const struct room_query *in = input;
    struct room_reader who = room_reader(req);
    struct room_cursor cursor = {0};
    struct text_page page = {0};
    struct room *rooms;
    size_t count, asked = (size_t)in->limit + 1;
    enum db_result r;

    if (in->cursor != NULL && !read_cursor(in->cursor, &cursor)) {
        shape_refuse(req, "query", "cursor", "is not a cursor that a list gave",
                     "不是列表给出的 cursor");
        reply_faults(req);
        return;
    }
    r = in->open == 1 ? rooms_open(&who, cursor, asked, &rooms, &count)
                      : rooms_mine(&who, cursor, asked, &rooms, &count);
    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    rooms_look_online(req, rooms, count);
    page.items = (struct list){rooms, count};
    if (count == asked) {
        const struct room *last = &rooms[in->limit - 1];

        page.items.count = (size_t)in->limit;
        page.next = arena_printf(req->arena, "%" PRId64 ".%" PRId64, last->last_at, last->id);
    }
    reply(req, &page);
}

/* 200; 403 not_a_member, 404 no_such_room. */
void
get_room(struct request *req, const void *input)
{
    const struct room_path *in = input;
    struct room_reader who = room_reader(req);
    struct room room;
    enum refusal why = REFUSED_NOT;
    enum db_result r = rooms_find(&who, in->room_id, &room, &why);

    reply_room(req, r, &room, why);
}

/* Rename, open or close. 200; 403 not_a_member or not_allowed, 404 no_such_room, 409 is_a_dm. */
void
change_room(struct request *req, const void *input)
{
    const struct room_change *in = input;
    struct room_reader who = room_reader(req);
    struct room room;
    enum refusal why;
    enum db_result r = rooms_change(&who, in->room_id, in->name, in->open, &room, &why);

    reply_room(req, r, &room, why);
}

/* A page of a room's members, for those who may see the room. 200; 403 not_a_member, 404 no_such_room. */
void
list_members(struct request *req, const void *input)
{
    const struct member_query *in = input;
    struct room_reader who = room_reader(req);
    struct number_page page = {0};
    struct member *members;
    struct room room;
    size_t count;
    enum refusal why = REFUSED_NOT;
    enum db_result r = rooms_find(&who, in->room_id, &room, &why);

    if (r == DB_OK) {
        r = members_list(&who, in->room_id, in->cursor, (size_t)in->limit + 1, &members, &count);
    }
    if (r != DB_OK) {
        reply_refusal(req, r, why);
        return;
    }
    members_look_online(req, members, count);
    page.items = (struct list){members, count};
    if (count > (size_t)in->limit) {
        page.items.count = (size_t)in->limit;
        page.next = members[in->limit - 1].user.id;
    }
    reply(req, &page);
}

/* Join, add, or give a role. 200; 403 not_a_member or not_allowed, 404 no_such_room or no_such_user, 409 is_a_dm. */
void
put_member(struct request *req, const void *input)
{
    const struct member_put *in = input;
    struct room_reader who = room_reader(req);
    struct member member;
    enum refusal why;
    enum db_result r = members_put(&who, in->room_id, in->user_id, (enum role)in->role, &member,
                                   &why);

    if (r == DB_OK) {
        members_look_online(req, &member, 1);
        reply(req, &member);
    } else {
        reply_refusal(req, r, why);
    }
}

/* Leave or remove. 204; 403 not_a_member or not_allowed, 404 no_such_room or no_such_member, 409 is_a_dm. */
void
remove_member(struct request *req, const void *input)
{
    const struct member_path *in = input;
    struct room_reader who = room_reader(req);
    enum refusal why;
    enum db_result r = members_remove(&who, in->room_id, in->user_id, &why);

    if (r == DB_OK) {
        reply_empty(req);
    } else {
        reply_refusal(req, r, why);
    }
}

/* The direct room of the caller and another. 200; 404 no_such_user; 422 for oneself. */
void
put_dm(struct request *req, const void *input)
{
    const struct dm_path *in = input;
    struct room_reader who = room_reader(req);
    struct room room;
    enum refusal why = REFUSED_NOT;
    enum db_result r;

    if (in->user_id == req->session.user_id) {
        shape_refuse(req, "path", "user_id", "must be another user", "必须是另一个用户");
        reply_faults(req);
        return;
    }
    r = rooms_dm(&who, in->user_id, &room, &why);
    reply_room(req, r, &room, why);
}
