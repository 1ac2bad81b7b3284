/*
 * Rules for texts that people give themselves and others to see: user names, one-line names and
 * messages. Each names what is wrong with a text.
 */
#ifndef ROUTES_PATTERNS_H
#define ROUTES_PATTERNS_H

#include "routes/frame/shape.h"

/* The characters of an account's texts, counted in form NFKC. */
enum { USERNAME_MIN = 2, USERNAME_MAX = 32, PASSWORD_MIN = 8, PASSWORD_MAX = 128 };

/*
 * For the names that people sign in with, before they are normalized: letters and digits of one
 * script, and "_", at least three, or two with a Chinese, Japanese or Korean character. Joiners are
 * allowed where the spelling of a word needs them, and make no other name of it.
 */
extern const struct pattern username_pattern;

/* For nicknames, room names and devices: one line that shows what it contains. "" is a line. */
extern const struct pattern line_pattern;

/* For messages: any text that shows something. */
extern const struct pattern message_pattern;

#endif
