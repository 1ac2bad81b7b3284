/* A row lists only its own problems; those of the front line follow from its other members. */
#include "routes/frame/declared.h"

bool
declares_body(const struct shape *shape)
{
    for (size_t i = 0; shape != NULL && i < shape->count; i++) {
        if (shape->fields[i].from == FROM_BODY) {
            return true;
        }
    }
    return false;
}

bool
declares_status(const struct route *route, int status)
{
    return status == route->status || (route->other_status != 0 && status == route->other_status) ||
           (status == 304 && route_names_header(route->gives_headers, "ETag"));
}

static bool
is_listed(const enum problem *list, enum problem p)
{
    for (; list != NULL && *list != PROBLEM_END; list++) {
        if (*list == p) {
            return true;
        }
    }
    return false;
}

/* The problems that follow from a row. */
static bool
is_implied(const struct route *route, enum problem p)
{
    switch (p) {
    case BAD_REQUEST:
    case BODY_TOO_LARGE:
    case UNSUPPORTED_MEDIA_TYPE:
        return declares_body(route->in);
    case NOT_SIGNED_IN:
        return route->access != ANYONE;
    case NOT_A_MEMBER:
    case NO_SUCH_ROOM:
        return route->access == MEMBER;
    case ADMINS_ONLY:
        return route->access == ADMIN;
    case TOO_MANY_REQUESTS:
        return route->limit != LIMIT_NONE;
    case UNAVAILABLE:
    case DEADLINE_EXCEEDED:
        return route->access != ANYONE || route->runs == CPU;
    default:
        return false;
    }
}

bool
declares_problem(const struct route *route, enum problem p)
{
    if (route == NULL) {
        return p == BAD_REQUEST || p == NOT_FOUND || p == METHOD_NOT_ALLOWED;
    }
    return is_implied(route, p) || is_listed(route->problems, p);
}
