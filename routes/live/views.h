/* The handlers of the live group; what each answers stands above it in views.c. */
#ifndef ROUTES_LIVE_VIEWS_H
#define ROUTES_LIVE_VIEWS_H

#include "routes/frame/request.h"

void open_stream(struct request *req, const void *input);
void sync_later(struct request *req, const void *input);
void tell_typing(struct request *req, const void *input);

#endif
