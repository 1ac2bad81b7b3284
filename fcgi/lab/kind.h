/* The lab as a kind of background work: what POST /api/lab queues. */
#ifndef FCGI_LAB_KIND_H
#define FCGI_LAB_KIND_H

#include "routes/frame/task_kind.h"

extern const struct task_kind *const lab_kinds[]; /* ends with NULL */

#endif
