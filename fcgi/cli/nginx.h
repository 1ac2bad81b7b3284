/* nginx's configuration for the route table: `fastchat nginx`. */
#ifndef FCGI_CLI_NGINX_H
#define FCGI_CLI_NGINX_H

#include <stdio.h>

#include "routes/frame/router.h"

struct nginx_options {
    const char *listen;  /* "127.0.0.1:8000" */
    const char *root;    /* the built web client */
    const char *sockets; /* the directory of api.sock and cpu.sock */
    const char *tls;     /* the server's name, with a redirect from `redirect`; NULL: no TLS */
    const char *certificate, *key;
    const char *redirect;     /* "80" */
    const char *cors_origins; /* as in the settings; NULL: none */
    int version;              /* of the nginx that reads it, as nginx_version returns it */
    /* Requests at once: held ones of an address, all of an address (0: no limit); downloads. */
    int held_per_address, per_address, downloads;
};

/*
 * "1.26.3" or "nginx version: nginx/1.26.3 (Ubuntu)" as the number 1026003; 0 if the text contains
 * no version.
 */
int nginx_version(const char *text) __attribute__((nonnull));

/* The version of the installed nginx; 0 if there is none. */
int nginx_installed(void);

/*
 * Writes what belongs into nginx's http {}. Returns false, after a line on stderr, if an option
 * contains what cannot stand in a configuration.
 */
bool nginx_write(const struct router *router, const struct nginx_options *options, FILE *out)
    __attribute__((nonnull, warn_unused_result));

#endif
