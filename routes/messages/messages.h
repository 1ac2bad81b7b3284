/* The messages group: saying, reading, catching up. */
#ifndef ROUTES_MESSAGES_MESSAGES_H
#define ROUTES_MESSAGES_MESSAGES_H

#include "routes/frame/route.h"

extern const struct route messages_routes[];

#endif
