/* The handlers of the rooms group. */
#include "routes/rooms/schemas.h"

#include <inttypes.h>

#include "base/number.h"
#include "db/members.h"
#include "db/room_changes.h"
#include "routes/online.h"

/* Replies with a room as the caller sees it, or with why not. */
static void
reply_room(struct request *req, enum db_result r, struct room *room)
{
    if (r == DB_OK) {
        rooms_fill_online(req, room, 1);
        reply(req, room);
    } else {
        reply_failure(req, r);
    }
}

/* Makes a group. 201; 404 no_such_user if one of member_ids does not exist: no room was made. */
void
make_room(struct request *req, const struct room_new *in)
{
    struct room room;
    enum db_result r = rooms_add(&req->caller, in->name, in->open, in->member_ids.at,
                                 in->member_ids.count, &room);

    reply_room(req, r, &room);
}

/*
 * A cursor as text: "last_at.id.since.seen", or "last_at.id" on the way back to rooms that moved.
 */
static bool
room_cursor_read(const char *text, struct room_cursor *cursor)
{
    int64_t seen;

    if (!number_read(&text, &cursor->last_at) || *text++ != '.' ||
        !number_read(&text, &cursor->id) || cursor->last_at < 0 || cursor->id < 0) {
        return false;
    }
    cursor->is_return = *text == '\0';
    if (cursor->is_return) {
        return true;
    }
    if (*text++ != '.' || !number_read(&text, &cursor->since) || *text++ != '.' ||
        !number_read(&text, &seen) || *text != '\0') {
        return false;
    }
    cursor->seen = (uint64_t)seen;
    return cursor->id > 0 && cursor->since >= 0 && seen >= 0;
}

static const char *
room_cursor_text(struct arena *a, const struct room_cursor *cursor)
{
    if (cursor->is_return) {
        return arena_printf(a, "%" PRId64 ".%" PRId64, cursor->last_at, cursor->id);
    }
    return cursor->id == 0 ? NULL
                           : arena_printf(a, "%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRIu64,
                                          cursor->last_at, cursor->id, cursor->since, cursor->seen);
}

/* A page of rooms, latest activity first. 200; 422 for a cursor that no list returned. */
void
list_rooms(struct request *req, const struct room_query *in)
{
    struct room_cursor cursor = {0};
    struct room_page page;
    enum db_result r;

    if (in->cursor != NULL && !room_cursor_read(in->cursor, &cursor)) {
        shape_add_fault(req, "query", "cursor", "`cursor` must be the `next` of the previous page",
                        "`cursor` 必须是上一页的 `next`");
        reply_faults(req);
        return;
    }
    r = rooms_list(&req->caller, in->open == 1 ? ROOMS_OPEN : ROOMS_JOINED, cursor,
                   (size_t)in->limit, &page);
    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    rooms_fill_online(req, page.rooms, page.count);
    reply(req, &(struct text_page){
                   .items = {page.rooms, page.count},
                   .next = room_cursor_text(req->caller.arena, &page.next),
               });
}

/* A room that the caller is in, or that is open. 200; 403 not_a_member, 404 no_such_room. */
void
get_room(struct request *req, const struct room_path *in)
{
    struct room room;

    reply_room(req, rooms_find(&req->caller, in->room_id, &room), &room);
}

/* Renames, opens or closes. 200; 403 not_a_member, not_allowed; 404 no_such_room; 409 is_a_dm. */
void
change_room(struct request *req, const struct room_change *in)
{
    struct room room;
    enum db_result r = rooms_change(&req->caller, in->room_id, in->name, in->open, &room);

    reply_room(req, r, &room);
}

/* The members of a room that the caller is in. */
static enum db_result
members_read_page(struct caller *caller, const struct member_query *in, struct member **members,
                  size_t *count)
{
    enum db_result r = members_require(caller, in->room_id);

    if (r != DB_OK) {
        return r;
    }
    return members_list(caller, in->room_id, in->cursor, PAGE_ROWS(in->limit), members, count);
}

/* A page of a room's members. 200; 403 not_a_member, 404 no_such_room. */
void
list_members(struct request *req, const struct member_query *in)
{
    struct number_page page = {0};
    const struct member *last;
    struct member *members;
    size_t count;
    enum db_result r = members_read_page(&req->caller, in, &members, &count);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    members_fill_online(req, members, count);
    last = page_fill(&page.items, members, count, sizeof(*members), in->limit);
    page.next = last != NULL ? last->user.id : 0;
    reply(req, &page);
}

/*
 * Joins, adds, or gives a role. 200 with the member.
 * 403 not_a_member, not_allowed; 404 no_such_room, no_such_user; 409 is_a_dm.
 */
void
put_member(struct request *req, const struct member_put *in)
{
    struct member member;
    enum db_result r = members_put(&req->caller, in->room_id, in->user_id, (enum role)in->role,
                                   &member);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    members_fill_online(req, &member, 1);
    reply(req, &member);
}

/*
 * Leaves, or removes somebody. 204.
 * 403 not_a_member, not_allowed; 404 no_such_room, no_such_member; 409 is_a_dm.
 */
void
remove_member(struct request *req, const struct member_path *in)
{
    enum db_result r = members_remove(&req->caller, in->room_id, in->user_id);

    if (r == DB_OK) {
        reply_empty(req);
    } else {
        reply_failure(req, r);
    }
}

/* The direct room of the caller and another user. 200; 404 no_such_user; 422 for oneself. */
void
put_dm(struct request *req, const struct dm_path *in)
{
    struct room room;

    if (in->user_id == req->caller.user_id) {
        shape_add_fault(req, "path", "user_id", "must be another user, not yourself",
                        "不能是你自己，必须是其他用户");
        reply_faults(req);
        return;
    }
    reply_room(req, rooms_ensure_dm(&req->caller, in->user_id, &room), &room);
}
