/* The errors that nginx replies with itself, in the form of ours: a part of `fastchat nginx`. */
#ifndef FCGI_CLI_NGINX_ERRORS_H
#define FCGI_CLI_NGINX_ERRORS_H

#include <stdio.h>

#include "fcgi/cli/nginx.h"

/* For http {}: the texts in both languages, and which origins may read them. */
void nginx_write_error_maps(const struct nginx_options *o, FILE *out) __attribute__((nonnull));

/* For server {}: which location replies to which error. */
void nginx_write_error_pages(FILE *out) __attribute__((nonnull));

/* For server {}: these locations. */
void nginx_write_error_locations(const struct nginx_options *o, FILE *out) __attribute__((nonnull));

/* For a location: the header lines of every reply that is not a page. */
void nginx_write_api_headers(const struct nginx_options *o, FILE *out) __attribute__((nonnull));

#endif
