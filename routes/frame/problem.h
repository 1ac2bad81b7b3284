/*
 * Every error that a caller may get, except 422 (shape.h): status, stable code, texts. No two of
 * them share both status and code.
 */
#ifndef ROUTES_FRAME_PROBLEM_H
#define ROUTES_FRAME_PROBLEM_H

#include <stdbool.h>

enum problem {
    PROBLEM_END, /* none */
    BAD_REQUEST,
    LAB_TOO_LONG,
    NOT_SIGNED_IN,
    BAD_CREDENTIALS,
    NOT_ALLOWED,
    ADMINS_ONLY,
    NOT_A_MEMBER,
    NO_PREFETCH,
    REMOVED_FROM_ROOM,
    INVITATION_REFUSED,
    REGISTRATION_CLOSED,
    ACCOUNT_DISABLED,
    NOT_FOUND,
    NO_SUCH_USER,
    NO_SUCH_SESSION,
    NO_SUCH_ROOM,
    NO_SUCH_MEMBER,
    NO_SUCH_REMOVAL,
    NO_SUCH_INVITATION,
    NO_SUCH_REFUSAL,
    NO_SUCH_TASK,
    NO_SUCH_EXPORT,
    METHOD_NOT_ALLOWED,
    USERNAME_TAKEN,
    CLIENT_ID_REUSED,
    IS_A_DM,
    TOO_MANY_INVITATIONS,
    TASK_HAS_ENDED,
    TASK_NOT_OVER,
    TASK_IS_WAITING,
    LAB_IS_RUNNING,
    PRECONDITION_FAILED,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    RANGE_NOT_SATISFIABLE,
    TOO_MANY_REQUESTS,
    TOO_MANY_GUESSES,
    TOO_MANY_STREAMS,
    TOO_MANY_ROOMS,
    TOO_MANY_STRANGERS,
    TOO_MANY_TASKS,
    INTERNAL_ERROR,
    UNAVAILABLE,
    NO_LIVE_EVENTS,
    DEADLINE_EXCEEDED,
    /* Only the web server replies with these. */
    URI_TOO_LONG,
    TOO_MANY_CONNECTIONS,
    HEADERS_TOO_LARGE,
    NOT_IMPLEMENTED,
    SERVER_RESTARTS,
    GATEWAY_TIMEOUT,
    VERSION_NOT_SUPPORTED,
    PROBLEMS, /* their number, with PROBLEM_END */
};

struct problem_text {
    int status;
    const char *code;
    const char *en, *zh;
};

const struct problem_text *problem_text(enum problem p);

/* May any request of an HTTP client get this error, whatever its route? */
bool problem_is_general(enum problem p);

#endif
