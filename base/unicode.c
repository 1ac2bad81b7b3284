/*
 * ICU works on UTF-16, so texts are converted on the way in and out. Its data are mapped from one
 * file that all processes share, and cost a worker about 2 MB. A call on valid text fails only
 * without memory.
 */
#include "base/unicode.h"

#include <pthread.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#include "base/memory.h"
#include "base/utf8.h"

/* Text in UTF-16. */
struct wide {
    UChar *at;
    int32_t len;
};

/* UTS #39's checks, shared by all threads: nothing changes them after they were opened. */
static struct {
    pthread_once_t once;
    USpoofChecker *checker;
    const USet *in_names;
} spoof = {.once = PTHREAD_ONCE_INIT};

enum {
    SPOOF_SCRIPTS = USPOOF_RESTRICTION_LEVEL | USPOOF_MIXED_NUMBERS,
    SPOOF_MARKS = USPOOF_INVISIBLE | USPOOF_HIDDEN_OVERLAY,
};

static void
icu_check(UErrorCode status)
{
    if (U_FAILURE(status)) {
        memory_exhausted(0);
    }
}

static void
spoof_open(void)
{
    UErrorCode status = U_ZERO_ERROR;

    spoof.checker = uspoof_open(&status);
    spoof.in_names = uspoof_getRecommendedSet(&status);
    icu_check(status);
    uspoof_setChecks(spoof.checker, SPOOF_SCRIPTS | SPOOF_MARKS, &status);
    uspoof_setRestrictionLevel(spoof.checker, USPOOF_HIGHLY_RESTRICTIVE);
    icu_check(status);
}

int
unicode_version(void)
{
    UVersionInfo version;

    u_getUnicodeVersion(version);
    return version[0];
}

static struct wide
wide_from_utf8(const char *text, struct arena *a)
{
    size_t size = strlen(text) + 1; /* never longer in UTF-16 than in UTF-8 */
    struct wide wide = {arena_array(a, size, sizeof(UChar)), 0};
    UErrorCode status = U_ZERO_ERROR;

    (void)u_strFromUTF8(wide.at, (int32_t)size, &wide.len, text, -1, &status);
    icu_check(status);
    return wide;
}

static char *
wide_to_utf8(struct wide wide, struct arena *a)
{
    int32_t size = wide.len * 3 + 1; /* of each UTF-16 unit */
    char *text = arena_alloc(a, (size_t)size);
    UErrorCode status = U_ZERO_ERROR;

    (void)u_strToUTF8(text, size, NULL, wide.at, wide.len, &status);
    icu_check(status);
    return text;
}

static char *
unicode_normalize(const UNormalizer2 *form, const char *text, struct arena *a)
{
    struct wide from = wide_from_utf8(text, a), to;
    UErrorCode status = U_ZERO_ERROR;

    to.len = unorm2_normalize(form, from.at, from.len, NULL, 0, &status);
    status = U_ZERO_ERROR; /* it was an overflow, which returns the length */
    to.at = arena_array(a, (size_t)to.len + 1, sizeof(UChar));
    (void)unorm2_normalize(form, from.at, from.len, to.at, to.len + 1, &status);
    icu_check(status);
    return wide_to_utf8(to, a);
}

char *
unicode_nfkc(const char *text, struct arena *a)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFKCInstance(&status);

    icu_check(status);
    return unicode_normalize(form, text, a);
}

char *
unicode_name(const char *text, struct arena *a)
{
    static const struct {
        const char *parts, *whole;
    } vowels[] = {{"\u0E4D\u0E32", "\u0E33"}, {"\u0ECD\u0EB2", "\u0EB3"}};
    char *name = unicode_nfkc(text, a);

    for (size_t i = 0; i < sizeof(vowels) / sizeof(vowels[0]); i++) {
        size_t parts = strlen(vowels[i].parts), whole = strlen(vowels[i].whole);

        for (char *at = strstr(name, vowels[i].parts); at != NULL;
             at = strstr(at, vowels[i].parts)) {
            memcpy(at, vowels[i].whole, whole);
            memmove(at + whole, at + parts, strlen(at + parts) + 1);
        }
    }
    return name;
}

/* NFKC comes first, since folding turns U+0345, a mark, into a letter, which marks cannot pass. */
char *
unicode_fold(const char *text, struct arena *a)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFKCCasefoldInstance(&status);

    icu_check(status);
    return unicode_normalize(form, unicode_nfkc(text, a), a);
}

/* Folds after the mapping: a capital I looks like a small L, a capital letter like itself. */
char *
unicode_skeleton(const char *text, struct arena *a)
{
    struct wide from = wide_from_utf8(text, a), to;
    UErrorCode status = U_ZERO_ERROR;

    (void)pthread_once(&spoof.once, spoof_open);
    to.len = uspoof_getSkeleton(spoof.checker, 0, from.at, from.len, NULL, 0, &status);
    status = U_ZERO_ERROR;
    to.at = arena_array(a, (size_t)to.len + 1, sizeof(UChar));
    (void)uspoof_getSkeleton(spoof.checker, 0, from.at, from.len, to.at, to.len + 1, &status);
    icu_check(status);
    return unicode_fold(wide_to_utf8(to, a), a);
}

static bool
spoof_passes(const char *text, int32_t checks)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t failed;

    (void)pthread_once(&spoof.once, spoof_open);
    failed = uspoof_check2UTF8(spoof.checker, text, -1, NULL, &status);
    icu_check(status);
    return (failed & checks) == 0;
}

bool
unicode_is_one_script(const char *text)
{
    return spoof_passes(text, SPOOF_SCRIPTS);
}

bool
unicode_shows_marks(const char *text)
{
    return spoof_passes(text, SPOOF_MARKS);
}

uint32_t *
unicode_codepoints(const char *text, size_t *count, struct arena *a)
{
    uint32_t *to = arena_array(a, strlen(text) + 1, sizeof(*to));

    *count = 0;
    while (*text != '\0') {
        to[(*count)++] = utf8_next(&text);
    }
    return to;
}

static bool
codepoint_is(uint32_t c, uint32_t categories)
{
    return (U_MASK(u_charType((UChar32)c)) & categories) != 0;
}

static bool
codepoint_has(uint32_t c, UProperty property)
{
    return u_hasBinaryProperty((UChar32)c, property);
}

/*
 * Symbols and letters that show nothing, which no property tells: a Braille pattern without dots,
 * the place of an object, a note head and hieroglyphs left blank.
 */
static bool
codepoint_is_empty_symbol(uint32_t c)
{
    return c == 0x2800 || c == 0xFFFC || c == 0x1D159 || c == 0x13441 || c == 0x13442;
}

bool
codepoint_is_visible(uint32_t c)
{
    if (codepoint_has(c, UCHAR_EXTENDED_PICTOGRAPHIC)) {
        return true; /* also the emoji of the next version of Unicode */
    }
    return codepoint_is(c, U_GC_L_MASK | U_GC_N_MASK | U_GC_P_MASK | U_GC_S_MASK) &&
           !codepoint_has(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) && !codepoint_is_empty_symbol(c);
}

bool
codepoint_is_blank(uint32_t c)
{
    return codepoint_has(c, UCHAR_WHITE_SPACE) || codepoint_is_empty_symbol(c);
}

bool
codepoint_is_mark(uint32_t c)
{
    return codepoint_is(c, U_GC_M_MASK);
}

bool
codepoint_is_stacking_mark(uint32_t c)
{
    return codepoint_is(c, U_GC_MN_MASK | U_GC_ME_MASK) &&
           !codepoint_has(c, UCHAR_VARIATION_SELECTOR);
}

bool
codepoint_is_letter(uint32_t c)
{
    return codepoint_is(c, U_GC_L_MASK);
}

bool
codepoint_is_cjk(uint32_t c)
{
    static const UScriptCode scripts[] = {USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA,
                                          USCRIPT_HANGUL, USCRIPT_BOPOMOFO};

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        if (uscript_hasScript((UChar32)c, scripts[i])) {
            return codepoint_is_letter(c) || codepoint_is(c, U_GC_NL_MASK);
        }
    }
    return false;
}

bool
codepoint_is_for_names(uint32_t c)
{
    (void)pthread_once(&spoof.once, spoof_open);
    return (codepoint_is(c, U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_NL_MASK) || c == '_') &&
           uset_contains(spoof.in_names, (UChar32)c);
}

bool
codepoint_is_for_lines(uint32_t c)
{
    if (codepoint_is_visible(c) || codepoint_has(c, UCHAR_PREPENDED_CONCATENATION_MARK)) {
        return true;
    }
    return codepoint_is(c, U_GC_M_MASK | U_GC_ZS_MASK | U_GC_L_MASK | U_GC_S_MASK) &&
           !codepoint_has(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

enum {
    ZWNJ = 0x200C,
    ZWJ = 0x200D,
    MONGOLIAN_VOWEL_SEPARATOR = 0x180E,
    MONGOLIAN_A = 0x1820,
    MONGOLIAN_E = 0x1821,
    TEXT_STYLE = 0xFE0E, /* variation selectors of emoji */
    EMOJI_STYLE = 0xFE0F,
    CJK_STYLE_FIRST = 0xFE00, /* and of ideographs, two ranges */
    CJK_STYLE_LAST = 0xFE0D,
    IDEOGRAPH_STYLE_FIRST = 0xE0100,
    IDEOGRAPH_STYLE_LAST = 0xE01EF,
    BLACK_FLAG = 0x1F3F4, /* begins the flag of a region, whose code is written in tags */
    TAG_FIRST = 0xE0020,
    TAG_END = 0xE007F,
    FLAG_MAX = 8, /* code points; the longest flag has 7 */
};

static int
joining_type(uint32_t c)
{
    return u_getIntPropertyValue((UChar32)c, UCHAR_JOINING_TYPE);
}

/* Whether the nearest character on one side that is not transparent joins its other side. */
static bool
arabic_joins(const uint32_t *text, size_t count, size_t at, bool before)
{
    int type = U_JT_TRANSPARENT;

    while (type == U_JT_TRANSPARENT && (before ? at > 0 : at + 1 < count)) {
        at += before ? (size_t)-1 : 1;
        type = joining_type(text[at]);
    }
    return type == U_JT_DUAL_JOINING || type == (before ? U_JT_LEFT_JOINING : U_JT_RIGHT_JOINING);
}

/* Whether an emoji ends before `at`, with its style and skin colour. */
static bool
emoji_ends(const uint32_t *text, size_t at)
{
    while (at > 0 &&
           (text[at - 1] == EMOJI_STYLE || codepoint_has(text[at - 1], UCHAR_EMOJI_MODIFIER))) {
        at--;
    }
    return at > 0 && codepoint_has(text[at - 1], UCHAR_EXTENDED_PICTOGRAPHIC);
}

static bool
codepoint_is_virama(uint32_t c)
{
    return u_getCombiningClass((UChar32)c) == 9;
}

/*
 * Next to a virama, a joiner selects the form of the letters (UAX #31 section 2.3). After it, also
 * at the end of a word, as in Malayalam അനില്‍; before it, as in Bengali র‍্যা.
 */
static bool
indic_joiner_fits(const uint32_t *text, size_t count, size_t at)
{
    size_t left = count - at - 1; /* characters that follow */

    if (at == 0) {
        return false;
    }
    if (codepoint_is_virama(text[at - 1])) {
        return text[at] == ZWJ ? left == 0 || !codepoint_is_mark(text[at + 1])
                               : left > 0 && codepoint_is_letter(text[at + 1]);
    }
    return text[at] == ZWJ && codepoint_is_letter(text[at - 1]) && left > 1 &&
           codepoint_is_virama(text[at + 1]) && codepoint_is_letter(text[at + 2]);
}

bool
unicode_joins_letters(const uint32_t *text, size_t count, size_t at)
{
    if (text[at] != ZWJ && text[at] != ZWNJ) {
        return false;
    }
    return indic_joiner_fits(text, count, at) ||
           (text[at] == ZWNJ && arabic_joins(text, count, at, true) &&
            arabic_joins(text, count, at, false));
}

static bool
emoji_joiner_fits(const uint32_t *text, size_t count, size_t at)
{
    return text[at] == ZWJ && emoji_ends(text, at) && at + 1 < count &&
           codepoint_has(text[at + 1], UCHAR_EXTENDED_PICTOGRAPHIC);
}

static bool
codepoint_is_mongolian_letter(uint32_t c)
{
    return codepoint_is_letter(c) && uscript_hasScript((UChar32)c, USCRIPT_MONGOLIAN);
}

/* A final A or E stands apart from the rest of its word. */
static bool
vowel_separator_fits(const uint32_t *text, size_t count, size_t at)
{
    return at > 0 && codepoint_is_mongolian_letter(text[at - 1]) && at + 1 < count &&
           (text[at + 1] == MONGOLIAN_A || text[at + 1] == MONGOLIAN_E);
}

/* Phones also write the style of a symbol that is no emoji, such as a white heart. */
static bool
variation_fits(uint32_t base, uint32_t selector)
{
    if (selector == TEXT_STYLE || selector == EMOJI_STYLE) {
        return codepoint_has(base, UCHAR_EMOJI) || codepoint_is(base, U_GC_SO_MASK);
    }
    if ((selector >= CJK_STYLE_FIRST && selector <= CJK_STYLE_LAST) ||
        (selector >= IDEOGRAPH_STYLE_FIRST && selector <= IDEOGRAPH_STYLE_LAST)) {
        return codepoint_has(base, UCHAR_UNIFIED_IDEOGRAPH);
    }
    return codepoint_is_mongolian_letter(base);
}

/* Whether the tag at `at` belongs to one of the flags that Unicode recommends. */
static bool
tag_fits(const uint32_t *text, size_t count, size_t at)
{
    UChar flag[2 * FLAG_MAX];
    int32_t len = 0;
    size_t first = at, end = at;

    while (first > 0 && at - first + 1 < FLAG_MAX && text[first] != BLACK_FLAG) {
        first--;
    }
    while (end + 1 < count && end - first + 1 < FLAG_MAX && text[end] != TAG_END) {
        end++;
    }
    for (size_t i = first; i <= end; i++) {
        U16_APPEND_UNSAFE(flag, len, text[i]);
    }
    return u_stringHasBinaryProperty(flag, len, UCHAR_RGI_EMOJI_TAG_SEQUENCE);
}

bool
unicode_joins(const uint32_t *text, size_t count, size_t at)
{
    uint32_t c = text[at];

    if (c == ZWJ || c == ZWNJ) {
        return unicode_joins_letters(text, count, at) || emoji_joiner_fits(text, count, at);
    }
    if (c == MONGOLIAN_VOWEL_SEPARATOR) {
        return vowel_separator_fits(text, count, at);
    }
    if (codepoint_has(c, UCHAR_VARIATION_SELECTOR)) {
        return at > 0 && variation_fits(text[at - 1], c);
    }
    return c >= TAG_FIRST && c <= TAG_END && tag_fits(text, count, at);
}
