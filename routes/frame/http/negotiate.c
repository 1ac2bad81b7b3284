/*
 * Both fields are lists of "range;q=weight". An element that cannot be read is skipped, since a
 * client that cannot spell its wish still wants an answer.
 */
#include "routes/frame/http/negotiate.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct span {
    const char *at;
    size_t len;
};

enum { PRECISION_NONE, PRECISION_WILDCARD, PRECISION_PART, PRECISION_WHOLE };

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span
span_trim(struct span s)
{
    while (s.len > 0 && is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

/*
 * Takes what stands before the next `end` off the beginning of `rest`. An `end` in a quoted string
 * (RFC 9110, 5.6.4) does not count.
 */
static struct span
span_take(struct span *rest, char end)
{
    struct span taken = {rest->at, 0};
    bool quoted = false;
    size_t i = 0;

    for (; i < rest->len && (quoted || rest->at[i] != end); i++) {
        if (rest->at[i] == '"') {
            quoted = !quoted;
        } else if (quoted && rest->at[i] == '\\' && i + 1 < rest->len) {
            i++;
        }
    }
    taken.len = i;
    i += i < rest->len;
    *rest = (struct span){rest->at + i, rest->len - i};
    return span_trim(taken);
}

static bool
span_is(struct span s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

/*
 * A qvalue (RFC 9110, 12.4.2) in thousandths, also one without its leading zero, as Java's own
 * client sends it, and with more digits. Returns false for anything else.
 */
static bool
weight_read(struct span s, int *weight)
{
    int thousandths = 0, digit = 100;
    bool more = false;
    size_t i = 0;

    if (s.len > 0 && (s.at[0] == '0' || s.at[0] == '1')) {
        thousandths = s.at[0] == '1' ? WEIGHT_MAX : 0;
        i = 1;
    }
    if (s.len == 0 || (i < s.len && s.at[i++] != '.')) {
        return false;
    }
    for (; i < s.len; i++, digit /= 10) {
        if (s.at[i] < '0' || s.at[i] > '9') {
            return false;
        }
        thousandths += (s.at[i] - '0') * digit;
        more = more || s.at[i] != '0';
    }
    if (thousandths == 0) {
        thousandths = more ? 1 : WEIGHT_REFUSED;
    }
    *weight = thousandths;
    return thousandths <= WEIGHT_MAX;
}

/* Reads the parameters of an element. Returns false if its weight cannot be read. */
static bool
element_read_weight(struct span parameters, int *weight)
{
    *weight = WEIGHT_MAX;
    while (parameters.len > 0) {
        struct span value = span_take(&parameters, ';');
        struct span name = span_take(&value, '=');

        if (span_is(name, "q") && !weight_read(span_trim(value), weight)) {
            return false;
        }
    }
    return true;
}

/* How precisely a range names the media type. "*" alone is what Java's own client sends. */
static int
media_range_precision(struct span range, const char *media_type)
{
    size_t type = strcspn(media_type, "/") + 1;

    if (span_is(range, "*/*") || span_is(range, "*")) {
        return PRECISION_WILDCARD;
    }
    if (span_is(range, media_type)) {
        return PRECISION_WHOLE;
    }
    return range.len == type + 1 && range.at[type] == '*' &&
                   strncasecmp(range.at, media_type, type) == 0
               ? PRECISION_PART
               : PRECISION_NONE;
}

/* Variants of a language are as good as the language: there is only one form of each here. */
static int
language_range_precision(struct span range, const char *language)
{
    size_t len = strlen(language);

    if (span_is(range, "*")) {
        return PRECISION_WILDCARD;
    }
    return range.len >= len && strncasecmp(range.at, language, len) == 0 &&
                   (range.len == len || range.at[len] == '-')
               ? PRECISION_WHOLE
               : PRECISION_NONE;
}

static struct preference
preference_read(const char *list, const char *form, int (*precision_of)(struct span, const char *))
{
    struct preference best = {.weight = WEIGHT_UNNAMED};
    struct span rest;

    if (list == NULL) {
        return (struct preference){.weight = WEIGHT_MAX, .precision = PRECISION_WILDCARD};
    }
    rest = (struct span){list, strlen(list)};
    for (size_t place = 0; rest.len > 0; place++) {
        struct span parameters = span_take(&rest, ',');
        struct span range = span_take(&parameters, ';');
        int precision = precision_of(range, form), weight;

        if (precision > PRECISION_NONE && precision >= best.precision &&
            element_read_weight(parameters, &weight) &&
            (precision > best.precision || weight > best.weight)) {
            best = (struct preference){weight, precision, place};
        }
    }
    return best;
}

struct preference
negotiate_media_type(const char *accept, const char *media_type)
{
    return preference_read(accept, media_type, media_range_precision);
}

struct preference
negotiate_language(const char *accepted, const char *language)
{
    return preference_read(accepted, language, language_range_precision);
}
