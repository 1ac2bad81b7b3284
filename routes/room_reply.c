/* One table from refusals to problems. */
#include "routes/room_reply.h"

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
