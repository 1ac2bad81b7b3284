/* Plain CGI (RFC 3875): the same program on a host that offers nothing else. */
#ifndef FCGI_WORKER_CGI_H
#define FCGI_WORKER_CGI_H

#include "fcgi/app.h"

/* Has a web server started this process as a CGI program? */
bool cgi_is_cgi(void);

/*
 * Handles one request, read from the environment and standard input, and writes the reply to
 * standard output. Returns the process's exit status.
 */
int cgi_run(const struct app *app) __attribute__((nonnull));

#endif
