/* `fastchat check`: does this installation work, end to end? For operators, and for `make run`. */
#ifndef FCGI_CLI_CHECK_H
#define FCGI_CLI_CHECK_H

#include <stdbool.h>

#include "fcgi/app.h"

/*
 * Runs the command; its exit status: 0 if all steps succeeded, 1 if one failed, 2 for words that it
 * does not take.
 */
int check_command(int count, char **words);

/*
 * One line for one step: "ok      sign-in      …". Returns `good`, as the steps that follow depend
 * on it.
 */
bool check_report(bool good, const char *step, const char *format, ...)
    __attribute__((nonnull, format(printf, 3, 4)));

/* The programs and libraries in use, one line each. */
void check_versions(struct resources *r) __attribute__((nonnull));

/* Does this program's JSON library read what ours writes? Reports it. */
bool check_json(void);

/*
 * Sign in through the web server at `url` as a user made for this, send a message in a room of its
 * own, read it back, and with `live` see it come over a stream; then remove all of it. Reports each
 * step.
 */
bool check_web(struct resources *r, const char *url, bool live) __attribute__((nonnull));

#endif
