/* The common group: what the server is, and whether it is well. */
#ifndef ROUTES_COMMON_COMMON_H
#define ROUTES_COMMON_COMMON_H

#include "routes/frame/route.h"

extern const struct route common_routes[];

#endif
