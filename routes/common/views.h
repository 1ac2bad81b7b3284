/* The handlers of the common group; what each answers stands above it in views.c. */
#ifndef ROUTES_COMMON_VIEWS_H
#define ROUTES_COMMON_VIEWS_H

#include "routes/frame/request.h"

void get_about(struct request *req, const void *input);
void get_health(struct request *req, const void *input);
void get_readiness(struct request *req, const void *input);
void get_openapi(struct request *req, const void *input);

#endif
