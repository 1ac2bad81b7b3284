/* The texts of the errors, in both languages. */
#include "routes/problem.h"

static const struct problem_text texts[] = {
    [BAD_REQUEST] = {400, "bad_request", "The request cannot be read.", "无法读取该请求。"},
    [LAB_TOO_LONG] = {400, "lab_too_long",
                      "With these numbers the run would take more than half an hour.",
                      "按这些参数，实验需要超过半小时。"},
    [NOT_SIGNED_IN] = {401, "not_signed_in", "Please sign in.", "请先登录。"},
    [BAD_CREDENTIALS] = {401, "bad_credentials", "The user name or the password is wrong.",
                         "用户名或密码错误。"},
    [NOT_ALLOWED] = {403, "not_allowed", "Your role does not allow this.",
                     "您的角色无权执行此操作。"},
    [ADMINS_ONLY] = {403, "admins_only", "This is for admins of the server.", "仅限服务器管理员。"},
    [NOT_A_MEMBER] = {403, "not_a_member", "You are not in this room.", "您不在这个房间里。"},
    [NOT_FOUND] = {404, "not_found", "There is nothing at this address.", "该地址不存在。"},
    [NO_SUCH_USER] = {404, "no_such_user", "There is no such user.", "该用户不存在。"},
    [NO_SUCH_SESSION] = {404, "no_such_session", "You have no such session.", "该登录会话不存在。"},
    [NO_SUCH_ROOM] = {404, "no_such_room", "There is no such room.", "该房间不存在。"},
    [NO_SUCH_MEMBER] = {404, "no_such_member", "This user is not in the room.",
                        "该用户不在这个房间里。"},
    [NO_SUCH_TASK] = {404, "no_such_task", "You have no such task.", "该任务不存在。"},
    [METHOD_NOT_ALLOWED] = {405, "method_not_allowed", "This address does not take that method.",
                            "该地址不支持此请求方法。"},
    [USERNAME_TAKEN] = {409, "username_taken", "This user name is taken.", "该用户名已被使用。"},
    [IS_A_DM] = {409, "is_a_dm", "A direct room is for its two people and does not change.",
                 "私聊房间只属于两个人，不能更改。"},
    [TASK_HAS_ENDED] = {409, "task_has_ended", "This task has ended already.", "该任务已经结束。"},
    [TASK_NOT_OVER] = {409, "task_not_over", "This task has not failed: it waits, runs or is done.",
                       "该任务未失败：它在等待、运行或已完成。"},
    [LAB_IS_RUNNING] = {409, "lab_is_running", "The lab is running, or about to.",
                        "实验正在运行或即将运行。"},
    [BODY_TOO_LARGE] = {413, "body_too_large", "The body is larger than 1 MiB.",
                        "请求体超过 1 MiB。"},
    [UNSUPPORTED_MEDIA_TYPE] = {415, "unsupported_media_type",
                                "The body must be JSON, with Content-Type: application/json.",
                                "请求体必须是 JSON，且 Content-Type 为 application/json。"},
    [TOO_MANY_REQUESTS] = {429, "too_many_requests", "Too many requests; please wait a little.",
                           "请求过于频繁，请稍候再试。"},
    [TOO_MANY_STREAMS] = {429, "too_many_streams",
                          "This sign-in already holds as many live streams as it may.",
                          "该登录会话打开的实时连接过多。"},
    [INTERNAL_ERROR] = {500, "internal_error", "Something went wrong here; it has been logged.",
                        "服务器内部错误，已记录。"},
    [UNAVAILABLE] = {503, "unavailable", "The database is away; please try again in a moment.",
                     "数据库暂时不可用，请稍后再试。"},
    [NO_LIVE_EVENTS] = {503, "no_live_events",
                        "Live events are not served here now; please poll, and try again later.",
                        "当前不提供实时事件，请改用轮询，稍后再试。"},
    [DEADLINE_EXCEEDED] = {503, "deadline_exceeded",
                           "This took too long; please try again in a moment.",
                           "处理超时，请稍后再试。"},
};

const struct problem_text *
problem_text(enum problem p)
{
    return &texts[p];
}
