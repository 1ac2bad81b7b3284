/* Rules for names. */
#ifndef ROUTES_PATTERNS_H
#define ROUTES_PATTERNS_H

#include "routes/frame/shape.h"

extern const struct pattern
    username_pattern; /* ASCII letters, digits, "_", CJK ideographs, kana, hangul */
extern const struct pattern line_pattern; /* one line of visible text, no space at its ends */

#endif
