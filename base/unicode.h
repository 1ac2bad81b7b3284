/*
 * What Unicode says about characters and texts, from ICU's data: properties (UAX #44), normal forms
 * (UAX #15), and what can be mistaken for something else (UTS #39). Texts are valid UTF-8; each
 * function takes time linear in the length of its text. Threads may share everything here.
 *
 * Hosts may have different versions of Unicode. The normal forms of a text never change once all of
 * its characters are assigned; skeletons and scripts may, in few characters.
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The major version of Unicode that this host knows: 15. */
int unicode_version(void);

/* Form NFKC: full-width letters, ligatures and compatibility ideographs become ordinary ones. */
char *unicode_nfkc(const char *text, struct arena *a) __attribute__((returns_nonnull, nonnull));

/*
 * The form in which a name is stored and shown: NFKC, but the vowel AM of Thai and Lao stays one
 * letter. NFKC divides it and leaves tone marks where fonts do not expect them.
 */
char *unicode_name(const char *text, struct arena *a) __attribute__((returns_nonnull, nonnull));

/* NFKC, then NFKC_Casefold: equal for texts that differ only in case, width or ignorable marks. */
char *unicode_fold(const char *text, struct arena *a) __attribute__((returns_nonnull, nonnull));

/*
 * Equal for names that look alike, in any case (UTS #39 section 4): "paypal" for "PaypaI", "paypa1"
 * and a "рaypal" with a Cyrillic letter. Only for comparisons.
 */
char *unicode_skeleton(const char *text, struct arena *a) __attribute__((returns_nonnull, nonnull));

/*
 * Whether the letters of a text are of one script, or of Latin with those of Chinese, of Japanese,
 * or of Korean (UTS #39 section 5.2, Highly Restrictive), and its digits of one system.
 */
bool unicode_is_one_script(const char *text) __attribute__((nonnull));

/*
 * Whether each combining mark of a text can be seen: none is repeated on its character, or is a dot
 * on one that has a dot (UTS #39 section 5.4).
 */
bool unicode_shows_marks(const char *text) __attribute__((nonnull));

/* The code points of a text, in the arena, for rules that look ahead. */
uint32_t *unicode_codepoints(const char *text, size_t *count, struct arena *a)
    __attribute__((returns_nonnull, nonnull));

/* Code points, up to U+10FFFF. */

/* A letter, number, punctuation mark or symbol that shows something by itself. */
bool codepoint_is_visible(uint32_t c);

/* A space of any kind, or a symbol that shows nothing, such as a Braille pattern without dots. */
bool codepoint_is_blank(uint32_t c);

/* A combining mark; one that takes no width of its own, of which many can be piled up. */
bool codepoint_is_mark(uint32_t c);
bool codepoint_is_stacking_mark(uint32_t c);

bool codepoint_is_letter(uint32_t c);
bool codepoint_is_cjk(uint32_t c); /* Chinese, Japanese or Korean */

/* Whether names may contain it: a letter, mark, digit or "_" that is in modern use (UTS #39). */
bool codepoint_is_for_names(uint32_t c);

/*
 * Whether a line of text may contain it. Not allowed are controls, separators of lines, characters
 * for private use, unassigned ones (but those that are reserved for emoji), and invisible ones,
 * whose place unicode_joins decides.
 */
bool codepoint_is_for_lines(uint32_t c);

/* Whether the character at `at` is a joiner that the spelling of a word needs. */
bool unicode_joins_letters(const uint32_t *text, size_t count, size_t at) __attribute__((nonnull));

/*
 * Whether the invisible character at `at` is needed there: a joiner of letters or of emoji, a vowel
 * separator in a Mongolian word, a variation selector after a character that has variations, or a
 * tag inside the flag of a region.
 */
bool unicode_joins(const uint32_t *text, size_t count, size_t at) __attribute__((nonnull));

#endif
