/* The handlers of the tasks group. */
#ifndef ROUTES_TASKS_VIEWS_H
#define ROUTES_TASKS_VIEWS_H

#include "routes/frame/request.h"

void queue_square(struct request *req, const void *input);
void get_task(struct request *req, const void *input);
void list_tasks(struct request *req, const void *input);
void cancel_task(struct request *req, const void *input);
void retry_task(struct request *req, const void *input);

#endif
