/* Plain CGI (RFC 3875): the same program dropped into a host that has nothing else. */
#ifndef FCGI_WORKER_CGI_H
#define FCGI_WORKER_CGI_H

#include "fcgi/app.h"

/* Was this process started by a web server as a CGI program? */
bool cgi_is_cgi(void);

/* Answer the one request of the environment, standard input and standard output. Returns an exit status. */
int cgi_run(const struct app *app) __attribute__((nonnull));

#endif
