/*
 * Each rule is written twice and must be changed twice: as a regular expression for clients, which
 * refuses nothing that the server accepts, and in code, which also knows scripts and neighbours.
 *
 * The expressions mean the same with JavaScript's flag `u` and without it, since generated clients
 * do not set it: no \p and no \u{…}, and only characters up to U+FFFF in classes. They have no
 * lookbehind, which iOS before 16.4 lacks, and take time linear in the text. They do not name line
 * separators (\n, \u2028 …), which some generators write raw into a literal.
 */
#include "routes/patterns.h"

#include "base/unicode.h"
#include "base/utf8.h"

enum {
    NAME_LEAST = 3, /* characters of a user name */
    STACK_MAX = 4,  /* marks on one character that people read: Hebrew and Tibetan need as many */
};

static const struct text_fault
    fault_stack = {"must not begin with a combining mark or stack more than 4 of them",
                   "不能以组合符号开头，也不能叠加 4 个以上的组合符号"},
    fault_marks = {"must not repeat a combining mark, or put a dot on a dotted letter",
                   "不能重复组合符号，也不能给带点的字母再加点"},
    fault_letters = {"may contain only letters, digits and _", "只能包含文字、数字和下划线"},
    fault_scripts = {"must not mix letters or digits of different scripts",
                     "不能混用不同文字的字母或数字"},
    fault_short = {"must have at least 3 characters, or 2 with a Chinese, Japanese or Korean one",
                   "至少需要 3 个字符；含有中日韩文字时至少 2 个"},
    fault_unseen = {"must be one line, without control characters and invisible characters",
                    "只能是一行文字，不能包含控制字符和看不见的字符"},
    fault_ends = {"must not begin or end with a space", "首尾不能有空格"},
    fault_blank = {"must contain a visible character", "至少要有一个看得见的字符"};

/* Whether a mark has no character to stand on, or shares one with too many others. */
static bool
marks_are_stacked(const uint32_t *text, size_t count)
{
    size_t stacked = 0;

    for (size_t i = 0; i < count && stacked <= STACK_MAX; i++) {
        if (codepoint_is_stacking_mark(text[i])) {
            stacked++;
        } else if (!codepoint_is_mark(text[i])) {
            stacked = 0;
        }
    }
    return stacked > STACK_MAX || (count > 0 && codepoint_is_mark(text[0]));
}

static const struct text_fault *
username_fault(const char *text, struct arena *a)
{
    size_t count, shown = 0, least = NAME_LEAST;
    const char *name = unicode_nfkc(text, a);
    const uint32_t *at = unicode_codepoints(name, &count, a);

    for (size_t i = 0; i < count; i++) {
        if (unicode_joins_letters(at, count, i)) {
            continue;
        }
        if (!codepoint_is_for_names(at[i])) {
            return &fault_letters;
        }
        if (codepoint_is_cjk(at[i])) {
            least = NAME_LEAST - 1;
        }
        shown++;
    }
    if (shown < least) {
        return &fault_short;
    }
    if (marks_are_stacked(at, count)) {
        return &fault_stack;
    }
    if (!unicode_is_one_script(name)) {
        return &fault_scripts;
    }
    return unicode_shows_marks(name) ? NULL : &fault_marks;
}

/*
 * Only ASCII and spaces are refused: other symbols may become letters in form NFKC, as ㎏ does.
 */
const struct pattern username_pattern = {
    .regex = "^(?![\\u0300-\\u036F])"
             "[^\\s\\x00-\\x2F\\x3A-\\x40\\x5B-\\x5E\\x60\\x7B-\\xA9]+$",
    .fault = username_fault,
};

static const struct text_fault *
line_fault(const char *text, struct arena *a)
{
    size_t count;
    const uint32_t *at = unicode_codepoints(text, &count, a);
    bool visible = count == 0;

    for (size_t i = 0; i < count; i++) {
        if (!codepoint_is_for_lines(at[i]) && !unicode_joins(at, count, i)) {
            return &fault_unseen;
        }
        visible = visible || codepoint_is_visible(at[i]);
    }
    if (!visible) {
        return &fault_blank;
    }
    if (count > 0 && (codepoint_is_blank(at[0]) || codepoint_is_blank(at[count - 1]))) {
        return &fault_ends;
    }
    return marks_are_stacked(at, count) ? &fault_stack : NULL;
}

const struct pattern line_pattern = {
    .regex = "^(?![\\s\\u0300-\\u036F])(?!.*\\s$)[^\\x00-\\x1F\\x7F-\\x9F\\xAD\\u061C\\u200B"
             "\\u200E\\u200F\\u202A-\\u202E\\u2060-\\u206F\\uE000-\\uF8FF\\uFEFF\\uFFF9-\\uFFFB]*$",
    .fault = line_fault,
};

/* A text of the common kinds ends the search at its first character. */
static const struct text_fault *
message_fault(const char *text, struct arena *a)
{
    (void)a;
    while (*text != '\0') {
        if (codepoint_is_visible(utf8_next(&text))) {
            return NULL;
        }
    }
    return &fault_blank;
}

const struct pattern message_pattern = {
    .regex =
        "^(?![\\s\\x00-\\x1F\\x7F-\\x9F\\xAD\\u0300-\\u036F\\u061C\\u115F\\u1160\\u180B-\\u180E"
        "\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u206F\\u2800\\u3164\\uFE00-\\uFE0F\\uFEFF\\uFFA0]*$)"
        "[^\\x00]*$",
    .fault = message_fault,
};
