/* The exports group: a user takes away all that was said in the user's rooms. */
#ifndef ROUTES_EXPORTS_EXPORTS_H
#define ROUTES_EXPORTS_EXPORTS_H

#include "routes/frame/route.h"
#include "routes/frame/shape.h"
#include "routes/frame/task_kind.h"

extern const struct route_group exports_group;
extern const struct task_kind *const exports_kinds[]; /* ends with NULL */

/* The kind of the task that makes one, and the language of its words, which are its arguments: {"language": "en"} or "zh". */
#define EXPORT_KIND "export"
enum { EXPORT_ATTEMPTS = 5 };

extern const struct task_kind export_kind;

struct export_queued {
    int64_t id;
    int state;
};
struct export_query {
    int64_t export_id;
};

extern const struct shape export_queued_shape, export_query_shape;

/* The handlers; what each replies stands above it in views.c. */
HANDLER_WITHOUT_INPUT(queue_export)
HANDLER(download_export, export_query)

#endif
