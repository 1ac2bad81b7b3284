/* The handlers of the rooms group. */
#include "routes/rooms/schemas.h"

#include <inttypes.h>

#include "base/number.h"
#include "db/members.h"
#include "db/room_changes.h"
#include "routes/frame/auth.h"
#include "routes/frame/reply.h"
#include "routes/live_events.h"
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

/* Replies 204, or why not. */
static void
reply_done(struct request *req, enum db_result r)
{
    if (r == DB_OK) {
        reply_empty(req);
    } else {
        reply_failure(req, r);
    }
}

/* Tells a user's streams that the user's invitations have changed. */
static void
invitation_announce(const struct request *req, int64_t room_id, int64_t user_id)
{
    live_event_publish(req->caller.redis, LIVE_INVITATION, (struct hint){.user_id = user_id},
                       &(struct invitation_event){room_id});
}

/*
 * Makes a group. 201; 404 no_such_user if one of member_ids does not exist: no room was made.
 * 429 too_many_rooms, too_many_strangers.
 */
void
make_room(struct request *req, const struct room_new *in)
{
    struct room_made made;
    enum db_result r;

    if (!auth_admit_more(req, LIMIT_ADD, (int)in->member_ids.count)) {
        return;
    }
    r = rooms_add(&req->caller, in->name, in->open, in->member_ids.at, in->member_ids.count, &made);
    reply_room(req, r, &made.room);
    for (size_t i = 0; r == DB_OK && i < made.invited_count; i++) {
        invitation_announce(req, made.room.id, made.invited[i]);
    }
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
    bool changes_both = in->name != NULL && in->open >= 0; /* two entries */
    struct room room;

    if (auth_admit_more(req, LIMIT_SEND, changes_both)) {
        reply_room(req, rooms_change(&req->caller, in->room_id, in->name, in->open, &room), &room);
    }
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
 * Joins, adds, or gives a role. 200 with the member; 202 if the user must be asked and is invited.
 * 403 not_a_member, not_allowed, removed_from_room, invitation_refused; 404 no_such_room,
 * no_such_user; 409 is_a_dm, too_many_invitations; 429 too_many_strangers.
 */
void
put_member(struct request *req, const struct member_put *in)
{
    struct member member;
    bool invited;
    enum db_result r;

    if (!auth_admit_more(req, LIMIT_ADD, in->user_id != req->caller.user_id)) {
        return;
    }
    r = members_put(&req->caller, in->room_id, in->user_id, (enum role)in->role, &member, &invited);
    if (r != DB_OK) {
        reply_failure(req, r);
    } else if (invited) {
        reply_with(req, 202, &(struct member_invited){true});
        invitation_announce(req, in->room_id, in->user_id);
    } else {
        members_fill_online(req, &member, 1);
        reply(req, &member);
    }
}

/*
 * Leaves, removes somebody, or withdraws their invitation. 204.
 * 403 not_a_member, not_allowed; 404 no_such_room, no_such_member; 409 is_a_dm.
 */
void
remove_member(struct request *req, const struct member_path *in)
{
    bool invited;
    enum db_result r = members_remove(&req->caller, in->room_id, in->user_id, &invited);

    reply_done(req, r);
    if (r == DB_OK && invited) {
        invitation_announce(req, in->room_id, in->user_id);
    }
}

/*
 * A page of the users who were removed from a room. 200; 403 not_a_member, not_allowed;
 * 404 no_such_room; 409 is_a_dm.
 */
void
list_removals(struct request *req, const struct member_query *in)
{
    struct number_page page = {0};
    struct removal *removals;
    const struct removal *last;
    size_t count;
    enum db_result r = removals_list(&req->caller, in->room_id, in->cursor, PAGE_ROWS(in->limit),
                                     &removals, &count);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    last = page_fill(&page.items, removals, count, sizeof(*removals), in->limit);
    page.next = last != NULL ? last->user.id : 0;
    reply(req, &page);
}

/*
 * Lets a removed user join again. 204; 403 not_a_member, not_allowed; 404 no_such_room,
 * no_such_removal; 409 is_a_dm.
 */
void
lift_removal(struct request *req, const struct member_path *in)
{
    reply_done(req, removal_lift(&req->caller, in->room_id, in->user_id));
}

/* Replies with a page of the caller's invitations in that state. */
static void
reply_invitations(struct request *req, const struct page_query *in, enum invitation_state state)
{
    struct number_page page = {0};
    struct invitation *invitations;
    const struct invitation *last;
    size_t count;
    enum db_result r = invitations_list(&req->caller, state, in->cursor, PAGE_ROWS(in->limit),
                                        &invitations, &count);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    last = page_fill(&page.items, invitations, count, sizeof(*invitations), in->limit);
    page.next = last != NULL ? last->room_id : 0;
    reply(req, &page);
}

/* A page of the invitations that wait for the caller. 200. */
void
list_invitations(struct request *req, const struct page_query *in)
{
    reply_invitations(req, in, INVITATION_WAITING);
}

/* A page of the invitations that the caller has refused for good. 200. */
void
list_refusals(struct request *req, const struct page_query *in)
{
    reply_invitations(req, in, INVITATION_REFUSED_FOR_GOOD);
}

/* Joins the room of an invitation. 200 with the room; 404 no_such_invitation. */
void
accept_invitation(struct request *req, const struct room_path *in)
{
    struct room room;
    enum db_result r = invitation_accept(&req->caller, in->room_id, &room);

    reply_room(req, r, &room);
    if (r == DB_OK) {
        invitation_announce(req, in->room_id, req->caller.user_id);
    }
}

/* Refuses an invitation, once or for good. 204; 404 no_such_invitation. */
void
refuse_invitation(struct request *req, const struct invitation_refusal *in)
{
    enum db_result r = invitation_refuse(&req->caller, in->room_id, in->forever == 1);

    reply_done(req, r);
    if (r == DB_OK) {
        invitation_announce(req, in->room_id, req->caller.user_id);
    }
}

/* Lets the caller be invited again. 204; 404 no_such_refusal. */
void
take_back_refusal(struct request *req, const struct room_path *in)
{
    reply_done(req, refusal_take_back(&req->caller, in->room_id));
}

/*
 * The direct room of the caller and another user. 200; 403 invitation_refused; 404 no_such_user;
 * 422 for oneself; 429 too_many_strangers.
 */
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
    if (auth_admit_more(req, LIMIT_ADD, 1)) {
        reply_room(req, rooms_ensure_dm(&req->caller, in->user_id, &room), &room);
    }
}
