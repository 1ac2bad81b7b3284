/* The exports group: a user downloads everything in their rooms. */
#ifndef ROUTES_EXPORTS_EXPORTS_H
#define ROUTES_EXPORTS_EXPORTS_H

#include "routes/frame/task_kind.h"

extern const struct task_kind *const exports_kinds[]; /* ends with NULL */

/*
 * The kind of task that makes an export. Its arguments: {"language": "en"} or {"language": "zh"}.
 */
#define EXPORT_KIND "export"
enum { EXPORT_ATTEMPTS = 5 };

extern const struct task_kind export_kind;

#endif
