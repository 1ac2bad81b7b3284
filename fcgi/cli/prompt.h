/* Passwords that a person types, or that a script writes: never an argument, which others see. */
#ifndef FCGI_CLI_PROMPT_H
#define FCGI_CLI_PROMPT_H

#include <stdbool.h>

/* The bytes of the longest password in any normal form, and of the end of its line. */
enum { PROMPT_PASSWORD_SIZE = 4 * 512 + 2 };

/*
 * Reads a password: at a terminal twice, without echo; otherwise the first line of standard input.
 * Returns false after reporting on stderr that there is none, that it is too long or contains NUL,
 * or that the two differ. A signal that ends or stops the program finds the echo turned on.
 */
bool prompt_password(const char *name, char password[static PROMPT_PASSWORD_SIZE])
    __attribute__((nonnull, warn_unused_result));

#endif
