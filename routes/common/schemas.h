/* The schemas of the common group: what its routes take and return, and its handlers. */
#ifndef ROUTES_COMMON_SCHEMAS_H
#define ROUTES_COMMON_SCHEMAS_H

#include "db/readiness.h"
#include "routes/frame/route.h"
#include "routes/frame/shape.h"

struct about {
    const char *title, *registration;
};

SCHEMA(
    about, "About", FIELD(struct about, title, FIELD_TEXT, .example = "\"fastchat api\""),
    FIELD(struct about, registration, FIELD_TEXT, .example = "\"open\"",
          .description = "`open`: everybody may sign up; `closed`: the operator makes accounts."));

struct health {
    const char *status;
};

SCHEMA(health, "Health", FIELD(struct health, status, FIELD_TEXT, .example = "\"ok\""));

struct readiness {
    const char *status, *redis;
    int database; /* enum database_state */
};

SCHEMA(readiness, "Readiness",
       FIELD(struct readiness, status, FIELD_TEXT, .example = "\"ok\"",
             .description = "`ok`, or `degraded` while nothing can be written."),
       FIELD(struct readiness, database, FIELD_ENUM, .values = database_state_words,
             .description = "What a write meets. Reads succeed in each of these states."),
       FIELD(struct readiness, redis, FIELD_TEXT,
             .description = "`ok`, `down` or `off`; the server also works without Redis."));

/* The handlers; views.c documents their replies. */
HANDLER_WITHOUT_INPUT(get_about)
HANDLER_WITHOUT_INPUT(get_health)
HANDLER_WITHOUT_INPUT(get_readiness)
HANDLER_WITHOUT_INPUT(get_openapi)

#endif
