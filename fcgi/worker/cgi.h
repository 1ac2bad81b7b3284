/* Plain CGI (RFC 3875): the same program dropped into a host that has nothing else. */
#ifndef FCGI_WORKER_CGI_H
#define FCGI_WORKER_CGI_H

#include "fcgi/app.h"

/* Has a web server started this process as a CGI program? */
bool cgi_is_cgi(void);

/*
 * Answers the one request: environment and standard input to standard output. Returns the process's
 * exit status.
 */
int cgi_run(const struct app *app) __attribute__((nonnull));

#endif
