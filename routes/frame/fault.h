/* Noting the faults of a request's input (struct fault in shape.h). */
#ifndef ROUTES_FRAME_FAULT_H
#define ROUTES_FRAME_FAULT_H

#include "base/json.h"
#include "routes/frame/request.h"
#include "routes/frame/shape.h"

#define FAULT_HIDDEN "\"***\"" /* the `input` of a secret */

enum { FAULTS_MAX = 20 }; /* one reply lists so many; further ones are only counted */

/*
 * Counts a fault of the input. Returns whether it is to be described with fault_add, too: after
 * FAULTS_MAX faults not even their texts are made, so that a body full of them costs nothing more.
 */
bool fault_count(struct request *req) __attribute__((nonnull, warn_unused_result));

/* Appends a copy of a counted fault to req->faults; its texts must live as long as the request. */
void fault_add(struct request *req, const struct fault *fault) __attribute__((nonnull));

/* A wrong value as JSON text of at most 200 bytes, not counting escapes; cut if it is longer. */
const char *fault_echo_text(struct arena *a, const char *text, size_t len)
    __attribute__((nonnull, returns_nonnull));
const char *fault_echo_json(struct arena *a, struct json_value value)
    __attribute__((nonnull(1), returns_nonnull));

/* A member of a fault's ctx whose value is a string. */
const char *fault_ctx(struct arena *a, const char *name, const char *value)
    __attribute__((nonnull, returns_nonnull));

#endif
