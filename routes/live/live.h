/* The live group: streams of events, long polls, typing. */
#ifndef ROUTES_LIVE_LIVE_H
#define ROUTES_LIVE_LIVE_H

#include "routes/frame/route.h"

extern const struct route live_routes[];

#endif
