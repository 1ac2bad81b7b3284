/* The handlers of the tasks group. */
#include "routes/tasks/views.h"

#include <string.h>

#include "base/json.h"
#include "db/users.h"
#include "routes/frame/reply.h"
#include "routes/tasks/schemas.h"
#include "routes/tasks/square.h"

/* Whose tasks the caller may see. */
static enum db_result
viewer(struct request *req, struct task_viewer *who)
{
    who->user_id = req->session.user_id;
    return users_is_admin(req->db, who->user_id, &who->all);
}

/* Queue the squaring of a number. 202. */
void
queue_square(struct request *req, const void *input)
{
    const struct square_new *in = input;
    struct square_queued out = {.state = TASK_QUEUED};
    const char *num = square_canonical(req->arena, in->num);
    enum db_result r;

    out.num = square_json(req->arena, num);
    r = task_enqueue(req->db,
                     &(struct task_new){
                         .kind = square_kind.name,
                         .owner_id = req->session.user_id,
                         .arguments = arena_printf(req->arena, "{\"num\":\"%s\"}", num),
                         .priority = square_kind.priority,
                         .max_attempts = square_kind.max_attempts,
                     },
                     &out.id);
    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    tasks_wake(req->redis);
    reply(req, &out);
}

/* What somebody has put into the table by hand may be no JSON, and must not make the answer none: NULL then. */
static const char *
checked(const struct request *req, const char *json)
{
    struct json_error error;

    return json != NULL && json_check(json, strlen(json), req->arena, &error) ? json : NULL;
}

/* Answers with a task, or with why not. */
static void
reply_task(struct request *req, enum db_result r, struct task *task, enum problem conflict)
{
    if (r == DB_OK) {
        task->arguments = checked(req, task->arguments);
        task->result = checked(req, task->result);
        reply(req, task);
    } else if (r == DB_NONE) {
        reply_problem(req, NO_SUCH_TASK);
    } else if (r == DB_CONFLICT) {
        reply_problem(req, conflict);
    } else {
        reply_db_error(req, r);
    }
}

/* One task with its result. 200; 404 no_such_task. */
void
get_task(struct request *req, const void *input)
{
    const struct task_query *in = input;
    struct task_viewer who;
    struct task task;
    enum db_result r = viewer(req, &who);

    r = r == DB_OK ? task_find(req->db, req->arena, &who, in->task_id, &task) : r;
    reply_task(req, r, &task, INTERNAL_ERROR);
}

/* The caller's tasks, an admin's all, the newest first. 200. */
void
list_tasks(struct request *req, const void *input)
{
    const struct task_list_query *in = input;
    struct task_filter filter = {
        .before = in->cursor,
        .state = in->state,
        .kind = in->kind,
        .limit = (size_t)in->limit + 1, /* one more tells whether there is another page */
    };
    struct task *tasks = request_new(req, filter.limit, struct task);
    struct number_page page = {0};
    struct task_viewer who;
    size_t count;
    enum db_result r = viewer(req, &who);

    if (r == DB_OK) {
        who.all = who.all && !in->mine;
        r = task_list(req->db, req->arena, &who, &filter, tasks, &count);
    }
    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    page.items = (struct list){tasks, count};
    if (count == filter.limit) {
        page.items.count--;
        page.next = tasks[count - 2].id;
    }
    reply(req, &page);
}

/* 200 with the task: cancelled, or running and told to end. 404 no_such_task, 409 task_has_ended. */
void
cancel_task(struct request *req, const void *input)
{
    const struct task_query *in = input;
    struct task_viewer who;
    struct task task;
    enum db_result r = viewer(req, &who);

    r = r == DB_OK ? task_cancel(req->db, req->arena, &who, in->task_id, &task) : r;
    reply_task(req, r, &task, TASK_HAS_ENDED);
}

/* 200 with the task, queued anew. 404 no_such_task, 409 task_not_over. */
void
retry_task(struct request *req, const void *input)
{
    const struct task_query *in = input;
    struct task_viewer who;
    struct task task;
    enum db_result r = viewer(req, &who);

    r = r == DB_OK ? task_retry(req->db, req->arena, &who, in->task_id, &task) : r;
    if (r == DB_OK) {
        tasks_wake(req->redis);
    }
    reply_task(req, r, &task, TASK_NOT_OVER);
}
