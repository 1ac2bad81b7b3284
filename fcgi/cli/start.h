/* Starting the processes that serve, by command or by a web server. */
#ifndef FCGI_CLI_START_H
#define FCGI_CLI_START_H

#include <stdbool.h>

/*
 * Whether standard input is a listening socket: spawn-fcgi and similar programs pass the socket as
 * descriptor 0 (FastCGI specification section 2.2).
 */
bool start_has_socket(void);

/* Serve the `api` pool; serve one CGI request. Return the exit status. */
int start_api_worker(void);
int start_cgi(void);

#endif
