/* The handlers of the tasks group. */
#include "routes/tasks/schemas.h"

#include <string.h>

#include "base/json.h"
#include "db/users.h"
#include "routes/frame/reply.h"
#include "routes/tasks/square.h"

/* Queues the squaring of a number. 202; 429 too_many_tasks. */
void
queue_square(struct request *req, const struct square_new *in)
{
    struct square_queued out = {.state = TASK_QUEUED};
    const char *num = square_canonical(req->caller.arena, in->num);
    enum db_result r;

    out.num = square_json(req->caller.arena, num);
    r = task_enqueue_for_caller(
        &req->caller,
        &(struct task_new){
            .kind = square_kind.name,
            .arguments = arena_printf(req->caller.arena, "{\"num\":\"%s\"}", num),
            .priority = square_kind.priority,
            .max_attempts = square_kind.max_attempts,
        },
        req->settings->tasks_per_user, &out.id);
    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    tasks_wake(req->caller.redis);
    reply(req, &out);
}

/*
 * The text if it is JSON, else NULL: a row that somebody edited by hand must not make the whole
 * reply invalid.
 */
static const char *
valid_json(const struct request *req, const char *json)
{
    struct json_error error;

    return json != NULL && json_check(json, strlen(json), req->caller.arena, &error) ? json : NULL;
}

/* Replies with a task, or with the failure. */
static void
reply_task(struct request *req, enum db_result r, struct task *task, enum problem conflict)
{
    if (r == DB_OK) {
        task->arguments = valid_json(req, task->arguments);
        task->result = valid_json(req, task->result);
        reply(req, task);
    } else if (r == DB_NONE) {
        reply_problem(req, NO_SUCH_TASK);
    } else if (r == DB_CONFLICT) {
        reply_problem(req, conflict);
    } else if (r == DB_EXISTS) {
        reply_problem(req, TASK_IS_WAITING);
    } else if (r == DB_FORBIDDEN) {
        reply_problem(req, TOO_MANY_TASKS);
    } else {
        reply_failure(req, r);
    }
}

/* An action on one task: task_find, task_cancel or task_retry. */
typedef enum db_result task_action(struct db *db, struct arena *a, const struct task_viewer *viewer,
                                   int64_t id, struct task *task);

/* Admins may see and change every task, others their own. */
static enum db_result
task_viewer_read(const struct request *req, struct task_viewer *viewer)
{
    viewer->user_id = req->caller.user_id;
    viewer->unfinished_max = req->settings->tasks_per_user;
    return users_is_admin(req->caller.db, req->caller.user_id, &viewer->all);
}

static enum db_result
task_act(const struct request *req, task_action *action, int64_t id, struct task *task)
{
    struct task_viewer viewer;
    enum db_result r = task_viewer_read(req, &viewer);

    return r == DB_OK ? action(req->caller.db, req->caller.arena, &viewer, id, task) : r;
}

/* A task with its result. 200; 404 no_such_task. */
void
get_task(struct request *req, const struct task_query *in)
{
    struct task task;
    enum db_result r = task_act(req, task_find, in->task_id, &task);

    reply_task(req, r, &task, INTERNAL_ERROR);
}

/* Up to PAGE_ROWS(in->limit) tasks that the caller may see. */
static enum db_result
tasks_read(const struct request *req, const struct task_list_query *in, struct task *tasks,
           size_t *count)
{
    struct task_filter filter = {
        .before = in->cursor,
        .state = in->state,
        .kind = in->kind,
        .limit = PAGE_ROWS(in->limit),
    };
    struct task_viewer viewer;
    enum db_result r = task_viewer_read(req, &viewer);

    if (r != DB_OK) {
        return r;
    }
    viewer.all = viewer.all && !in->mine;
    return task_list(req->caller.db, req->caller.arena, &viewer, &filter, tasks, count);
}

/* A page of the caller's tasks, for an admin of everybody's, the newest first. 200. */
void
list_tasks(struct request *req, const struct task_list_query *in)
{
    struct task *tasks = request_new(req, PAGE_ROWS(in->limit), struct task);
    struct number_page page = {0};
    const struct task *last;
    size_t count;
    enum db_result r = tasks_read(req, in, tasks, &count);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    last = page_fill(&page.items, tasks, count, sizeof(*tasks), in->limit);
    page.next = last != NULL ? last->id : 0;
    reply(req, &page);
}

/*
 * Cancels a task: 200 with the task, cancelled or asked to end. 404 no_such_task, 409
 * task_has_ended.
 */
void
cancel_task(struct request *req, const struct task_query *in)
{
    struct task task;
    enum db_result r = task_act(req, task_cancel, in->task_id, &task);

    reply_task(req, r, &task, TASK_HAS_ENDED);
}

/*
 * Queues a task again: 200 with the task. 404 no_such_task; 409 task_not_over, task_is_waiting; 429
 * too_many_tasks.
 */
void
retry_task(struct request *req, const struct task_query *in)
{
    struct task task;
    enum db_result r = task_act(req, task_retry, in->task_id, &task);

    if (r == DB_OK) {
        tasks_wake(req->caller.redis);
    }
    reply_task(req, r, &task, TASK_NOT_OVER);
}
