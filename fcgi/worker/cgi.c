/* Serves one request, then ends: database and Redis connections are opened and closed for it. */
#include "fcgi/worker/cgi.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fcgi/serve.h"

bool
cgi_is_cgi(void)
{
    return getenv("GATEWAY_INTERFACE") != NULL && getenv("REQUEST_METHOD") != NULL;
}

static size_t
read_stdin(void *context, char *at, size_t size)
{
    (void)context;
    return fread(at, 1, size, stdin);
}

static bool
write_stdout(void *context, const char *at, size_t len)
{
    (void)context;
    return fwrite(at, 1, len, stdout) == len;
}

int
cgi_run(const struct app *app)
{
    const struct exchange exchange = {.env = environ, .read = read_stdin, .write = write_stdout};
    struct resources resources;
    bool whole;

    serve_name_crashes();
    resources_open(&resources, app);
    whole = serve(app, &resources, &exchange);
    resources_close(&resources);
    return fflush(stdout) == 0 && whole ? 0 : 1;
}
