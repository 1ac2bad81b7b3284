/* The exports group: a user takes away all that was said in the user's rooms. */
#ifndef ROUTES_EXPORTS_EXPORTS_H
#define ROUTES_EXPORTS_EXPORTS_H

#include "routes/frame/task_kind.h"

extern const struct task_kind *const exports_kinds[]; /* ends with NULL */

/* The kind of the task that makes one, and the language of its words, which are its arguments: {"language": "en"} or "zh". */
#define EXPORT_KIND "export"
enum { EXPORT_ATTEMPTS = 5 };

extern const struct task_kind export_kind;

#endif
