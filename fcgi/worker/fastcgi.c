/* libfcgi leaves the size of a request, and its role, to the application. */
#include "fcgi/worker/fastcgi.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "fcgi/record.h"
#include "fcgi/serve.h"
#include "routes/frame/request.h"

enum {
    RESPONDER = 1,                     /* FCGI_RESPONDER, FastCGI 1.0 section 8 */
    DISCARDED_BODY_MAX = 2 * BODY_MAX, /* unread body that is discarded to keep the connection */
    WAITED_MAX_MS = 60 * 1000, /* the web server gives a request up before; a clock was set */
};

size_t
fastcgi_read(void *context, char *at, size_t size)
{
    FCGX_Request *fcgi = context;
    int got = FCGX_GetStr(at, (int)size, fcgi->in); /* size is at most BODY_MAX */

    return got < 0 || FCGX_GetError(fcgi->in) != 0 ? 0 : (size_t)got;
}

bool
fastcgi_write(void *context, const char *at, size_t len)
{
    FCGX_Request *fcgi = context;

    return FCGX_PutStr(at, (int)len, fcgi->out) == (int)len; /* a piece is far below 2 GiB */
}

bool
fastcgi_discard_body(FCGX_Request *fcgi)
{
    char scratch[8192];
    int got, total = 0;

    do {
        got = FCGX_GetStr(scratch, sizeof(scratch), fcgi->in);
        total += got;
    } while (got == (int)sizeof(scratch) && total < DISCARDED_BODY_MAX);
    return got < (int)sizeof(scratch);
}

/* libfcgi also returns requests whose parameters were cut, and has no limit for them. */
static bool
fastcgi_is_good(FCGX_Request *fcgi)
{
    size_t bytes = 0;

    for (char *const *at = fcgi->envp; *at != NULL; at++) {
        bytes += strlen(*at);
    }
    return bytes <= PARAMS_MAX && FCGX_GetError(fcgi->in) == 0 &&
           FCGX_GetParam("REQUEST_METHOD", fcgi->envp) != NULL &&
           (FCGX_GetParam("REQUEST_URI", fcgi->envp) != NULL ||
            FCGX_GetParam("PATH_INFO", fcgi->envp) != NULL);
}

static void
fastcgi_refuse(FCGX_Request *fcgi)
{
    log_warning("a request was refused: it is cut, too long, or lacks its method or its path");
    (void)FCGX_PutS(serve_bad_request, fcgi->out);
    if (FCGX_GetError(fcgi->in) != 0 || !fastcgi_discard_body(fcgi)) {
        fcgi->keepConnection = 0;
    }
}

/*
 * Ends a request for another role than ours. libfcgi would have us play them: it writes no other
 * end of a request than that of a success.
 */
static void
fastcgi_refuse_role(FCGX_Request *fcgi)
{
    struct buf end = {0};
    bool kept = fastcgi_discard_body(fcgi) && fcgi->keepConnection;

    record_unknown_role(&end, (uint16_t)fcgi->requestId);
    kept = send(fcgi->ipcFd, end.at, end.len, MSG_NOSIGNAL) == (ssize_t)end.len && kept;
    buf_free(&end);
    FCGX_Free(fcgi, 0); /* so that FCGX_Finish_r only closes, or keeps, the connection */
    fcgi->keepConnection = kept;
}

bool
fastcgi_admit(FCGX_Request *fcgi)
{
    bool good = fcgi->role == RESPONDER && fastcgi_is_good(fcgi);

    if (fcgi->role != RESPONDER) {
        fastcgi_refuse_role(fcgi);
    } else if (!good) {
        fastcgi_refuse(fcgi);
    }
    return good;
}

int64_t
fastcgi_waited_us(FCGX_Request *fcgi)
{
    const char *text = FCGX_GetParam("REQUEST_MSEC", fcgi->envp);
    int64_t seconds, ms, waited_ms;

    if (text == NULL || !number_read(&text, &seconds) || *text++ != '.' ||
        !number_read(&text, &ms) || seconds < 0 || seconds > UINT32_MAX || ms < 0 || ms > 999) {
        return 0;
    }
    waited_ms = clock_now_ms() - seconds * 1000 - ms;
    return waited_ms > 0 && waited_ms < WAITED_MAX_MS ? waited_ms * 1000 : 0;
}
