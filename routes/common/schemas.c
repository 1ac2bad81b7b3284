/* The output shapes of the common group. */
#include "routes/common/common.h"

const struct shape about_shape = SHAPE("About", struct about, FIELD(struct about, title, FIELD_TEXT, .example = "\"fastchat api\""));

const struct shape health_shape = SHAPE("Health", struct health, FIELD(struct health, status, FIELD_TEXT, .example = "\"ok\""));

const struct shape readiness_shape = SHAPE("Readiness", struct readiness, FIELD(struct readiness, status, FIELD_TEXT, .example = "\"ok\""),
    FIELD(struct readiness, database, FIELD_TEXT, .description = "`ok`"),
    FIELD(struct readiness, redis, FIELD_TEXT, .description = "`ok`, `down` or `off`; the server also works without Redis."));
