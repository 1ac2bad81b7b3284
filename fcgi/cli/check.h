/* The steps of `fastchat check`, for operators and for `make run`. */
#ifndef FCGI_CLI_CHECK_H
#define FCGI_CLI_CHECK_H

#include <stdbool.h>

#include "fcgi/app.h"

/* Prints the line of a step, "ok      sign-in      …". Returns `good`. */
bool check_report(bool good, const char *step, const char *format, ...)
    __attribute__((nonnull, format(printf, 3, 4)));

/* Prints the programs and libraries in use, one line each. */
void check_versions(struct resources *r) __attribute__((nonnull));

/* Checks that json-c reads what our own code writes. */
bool check_json(void);

/*
 * Signs in through the web server at `url` as a user made for this, sends a message in a room of
 * its own, reads it back and, with `live`, receives it on a stream; then removes everything it
 * made.
 */
bool check_web(struct resources *r, const char *url, bool live) __attribute__((nonnull));

#endif
