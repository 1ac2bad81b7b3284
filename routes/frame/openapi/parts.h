/* The parts of the OpenAPI document that its files share. Each appends JSON to `out`. */
#ifndef ROUTES_FRAME_OPENAPI_PARTS_H
#define ROUTES_FRAME_OPENAPI_PARTS_H

#include "base/buf.h"
#include "routes/frame/router.h"

/* Fixed text, in which ' stands for ": openapi_put(out, "{'type':'object'}"). */
void openapi_put(struct buf *out, const char *text) __attribute__((nonnull));

/* The same with arguments, which must not contain a quote of either kind. */
void openapi_printf(struct buf *out, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));

/* "name":"text" */
void openapi_member(struct buf *out, const char *name, const char *text) __attribute__((nonnull));

/* A reference to a component: `kind` is "schemas", "responses" …. */
void openapi_ref(struct buf *out, const char *kind, const char *name) __attribute__((nonnull));

/* A method in lower case, as a path item names it. */
void openapi_method(struct buf *out, enum method method) __attribute__((nonnull));

/* schema.c */

/* The JSON Schema of a field of an output, or of an input. */
void openapi_schema(const struct field *f, bool output, struct buf *out) __attribute__((nonnull));

/* A shape's object schema: all fields of an output, the body's fields of an input. */
void openapi_shape(const struct shape *shape, bool output, struct buf *out)
    __attribute__((nonnull));

/* events.c: the members of `schemas` for a stream's events. */
void openapi_events(const struct stream_event *events, struct buf *out) __attribute__((nonnull));

/* errors.c */

/* A route's errors, as members of its `responses`. Each begins with a comma. */
void openapi_errors(const struct route *route, struct buf *out) __attribute__((nonnull));

/* The components that those refer to, as members of `responses`. */
void openapi_error_responses(const struct route *const *routes, struct buf *out)
    __attribute__((nonnull));

/* operation.c: an operation, without the name of its method. */
void openapi_operation(const struct route *route, const char *tag, struct buf *out)
    __attribute__((nonnull));

/* components.c: the object `components`. */
void openapi_components(const struct route *const *routes, struct buf *out)
    __attribute__((nonnull));

#endif
