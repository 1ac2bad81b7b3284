/* The users group: people, and their sign-ins. */
#ifndef ROUTES_USERS_USERS_H
#define ROUTES_USERS_USERS_H

#include "routes/frame/route.h"

extern const struct route users_routes[];

#endif
