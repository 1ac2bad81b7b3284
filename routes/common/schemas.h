/* The schemas of the common group: what its routes take and return, and its handlers. */
#ifndef ROUTES_COMMON_SCHEMAS_H
#define ROUTES_COMMON_SCHEMAS_H

#include "routes/frame/route.h"
#include "routes/frame/shape.h"

struct about {
    const char *title;
};

SCHEMA(about, "About", FIELD(struct about, title, FIELD_TEXT, .example = "\"fastchat api\""));

struct health {
    const char *status;
};

SCHEMA(health, "Health", FIELD(struct health, status, FIELD_TEXT, .example = "\"ok\""));

struct readiness {
    const char *status, *database, *redis;
};

SCHEMA(readiness, "Readiness", FIELD(struct readiness, status, FIELD_TEXT, .example = "\"ok\""),
       FIELD(struct readiness, database, FIELD_TEXT, .description = "`ok`"),
       FIELD(struct readiness, redis, FIELD_TEXT,
             .description = "`ok`, `down` or `off`; the server also works without Redis."));

/* The handlers; views.c documents their replies. */
HANDLER_WITHOUT_INPUT(get_about)
HANDLER_WITHOUT_INPUT(get_health)
HANDLER_WITHOUT_INPUT(get_readiness)
HANDLER_WITHOUT_INPUT(get_openapi)

#endif
