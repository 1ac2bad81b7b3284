/* The route table as an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.0). */
#ifndef ROUTES_FRAME_OPENAPI_OPENAPI_H
#define ROUTES_FRAME_OPENAPI_OPENAPI_H

#include "base/buf.h"
#include "base/settings.h"
#include "routes/frame/router.h"

void openapi_write(const struct router *router, const struct settings *settings, struct buf *out)
    __attribute__((nonnull));

struct openapi_document {
    const char *at;
    size_t len;
    char etag[35]; /* strong: a hash of the text, in quotes */
};

/*
 * The document of this process, which has one router and one set of settings: made by the first
 * call, in any thread.
 */
const struct openapi_document *openapi_of_process(const struct router *router,
                                                  const struct settings *settings)
    __attribute__((nonnull, returns_nonnull));

#endif
