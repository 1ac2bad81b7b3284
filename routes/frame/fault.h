/* Noting the faults of a request's input (struct fault in shape.h). */
#ifndef ROUTES_FRAME_FAULT_H
#define ROUTES_FRAME_FAULT_H

#include "base/json.h"
#include "routes/frame/request.h"
#include "routes/frame/shape.h"

/* Appends a copy of a fault to req->faults; its texts must live as long as the request. */
void fault_add(struct request *req, const struct fault *fault) __attribute__((nonnull));

/* A wrong value as JSON text, cut if it is long. */
const char *fault_echo_text(struct arena *a, const char *text, size_t len)
    __attribute__((nonnull, returns_nonnull));
const char *fault_echo_json(struct arena *a, struct json_object *value)
    __attribute__((nonnull(1), returns_nonnull));

/* A member of a fault's ctx whose value is a string. */
const char *fault_ctx(struct arena *a, const char *name, const char *value)
    __attribute__((nonnull, returns_nonnull));

#endif
