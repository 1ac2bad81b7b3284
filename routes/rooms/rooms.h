/* The rooms group: rooms, their members, direct rooms. */
#ifndef ROUTES_ROOMS_ROOMS_H
#define ROUTES_ROOMS_ROOMS_H

#include "routes/frame/route.h"

extern const struct route rooms_routes[];

#endif
