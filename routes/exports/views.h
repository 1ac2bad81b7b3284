/* The handlers of the exports group. */
#ifndef ROUTES_EXPORTS_VIEWS_H
#define ROUTES_EXPORTS_VIEWS_H

#include "routes/frame/request.h"

void queue_export(struct request *req, const void *input);
void download_export(struct request *req, const void *input);

#endif
