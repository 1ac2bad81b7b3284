/* The handlers of the lab group. */
#ifndef ROUTES_LAB_VIEWS_H
#define ROUTES_LAB_VIEWS_H

#include "routes/frame/request.h"

void queue_lab(struct request *req, const void *input);

#endif
