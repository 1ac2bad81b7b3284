/* Rules for user names and for one-line texts such as nicknames and room names. */
#ifndef ROUTES_PATTERNS_H
#define ROUTES_PATTERNS_H

#include "routes/frame/shape.h"

/* ASCII letters, digits, "_", CJK ideographs, kana and hangul. */
extern const struct pattern username_pattern;

/* One line of visible text without spaces at its ends. */
extern const struct pattern line_pattern;

#endif
