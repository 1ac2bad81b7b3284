/* nginx's configuration for the route table: `fastchat nginx`. */
#ifndef FCGI_NGINX_H
#define FCGI_NGINX_H

#include <stdio.h>

#include "routes/router.h"

struct nginx_options {
    const char *listen;  /* "127.0.0.1:8000" */
    const char *root;    /* the built web client */
    const char *sockets; /* the directory of api.sock and cpu.sock */
    const char *
        tls; /* the server's name: TLS on `listen`, with a redirect from `redirect`; NULL: no TLS */
    const char *certificate, *key;
    const char *redirect; /* "80" */
};

/* Write what belongs into nginx's http {}. False where an option holds what cannot stand in a configuration, told on stderr. */
bool nginx_write(const struct router *router, const struct nginx_options *options, FILE *out)
    __attribute__((nonnull, warn_unused_result));

#endif
