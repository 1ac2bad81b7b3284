/* One request, then the end: connections are opened and closed for it. */
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
read_stdin(void *peer, char *at, size_t size)
{
    (void)peer;
    return fread(at, 1, size, stdin);
}

static bool
write_stdout(void *peer, const char *at, size_t len)
{
    (void)peer;
    return fwrite(at, 1, len, stdout) == len;
}

int
cgi_run(const struct app *app)
{
    struct resources resources;
    bool whole;

    serve_name_crashes();
    resources_open(&resources, app);
    whole = serve(app, &resources,
                  &(struct exchange){.env = environ, .read = read_stdin, .write = write_stdout});
    resources_close(&resources);
    return fflush(stdout) == 0 && whole ? 0 : 1;
}
