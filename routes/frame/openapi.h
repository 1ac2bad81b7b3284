/* The route table as an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.0). */
#ifndef ROUTES_FRAME_OPENAPI_H
#define ROUTES_FRAME_OPENAPI_H

#include "base/buf.h"
#include "base/settings.h"
#include "routes/frame/router.h"

void openapi_write(const struct router *router, const struct settings *settings, struct buf *out)
    __attribute__((nonnull));

#endif
