/* The groups of routes, one folder each; fcgi/app.c registers them. */
#ifndef ROUTES_GROUPS_H
#define ROUTES_GROUPS_H

#include "routes/frame/route.h"

extern const struct route_group common_group, exports_group, lab_group, live_group, messages_group,
    rooms_group, sessions_group, tasks_group, users_group;

#endif
