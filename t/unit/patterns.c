/* The rules for names and messages accept and refuse the right texts, and name what is wrong. */
#include "routes/patterns.h"

#include <string.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>

#include "base/unicode.h"
#include "base/utf8.h"
#include "t/unit/tap.h"

/* `fault` is part of the message; NULL: the text is accepted. */
struct pattern_sample {
    const char *text, *fault, *description;
};

static const char letters[] = "only letters, digits and _", scripts[] = "different scripts",
                  shortness[] = "at least 3 characters", stack[] = "combining mark",
                  unseen[] = "invisible characters", ends[] = "end with a space",
                  blank[] = "a visible character", marks[] = "repeat a combining mark";

static const struct pattern_sample usernames[] = {
    {"li_lei", NULL, "ASCII letters and underscores"},
    {"X_9", NULL, "capitals and digits"},
    {"陈晓", NULL, "two Chinese characters"},
    {"韩梅梅", NULL, "Chinese characters"},
    {"李a", NULL, "a Chinese character with a letter"},
    {"小明2008", NULL, "Chinese characters with digits"},
    {"さくら", NULL, "hiragana"},
    {"コーヒー", NULL, "katakana with a long vowel"},
    {"らーめん屋", NULL, "hiragana, a long vowel and a Chinese character"},
    {"ｺｰﾋｰ", NULL, "half-width katakana"},
    {"佐々木", NULL, "the iteration mark 々"},
    {"〆木", NULL, "the closing mark 〆"},
    {"二〇〇八", NULL, "the zero 〇"},
    {"sakuraさくら桜", NULL, "Latin letters with Japanese ones"},
    {"김철수", NULL, "hangul"},
    {"김수", NULL, "two syllables of hangul"},
    {"kim김", NULL, "Latin letters with hangul"},
    {"ㄅㄆ", NULL, "two letters of bopomofo"},
    {"Иван", NULL, "Cyrillic letters"},
    {"Νίκος", NULL, "Greek letters"},
    {"محمد", NULL, "Arabic letters"},
    {"राम_सिंह", NULL, "Devanagari letters and vowel signs"},
    {"สมชาย", NULL, "Thai letters"},
    {"nguyễn", NULL, "Vietnamese letters"},
    {"nguye\u0302\u0303n", NULL, "Vietnamese letters with separate marks"},
    {"Zoë", NULL, "an accented letter"},
    {"ＡＢＣ", NULL, "full-width letters"},
    {"\xF0\xA0\xAE\xB7野", NULL, "an ideograph of four bytes"},
    {"\U0002F804\U0002F805", NULL, "compatibility ideographs, which become ordinary ones"},
    {"⼀⼆", NULL, "radicals, which become ideographs"},
    {"علی\u200Cرضا", NULL, "a non-joiner between Persian letters"},
    {"शर्\u200Dमा", NULL, "a joiner after a virama"},
    {"അനില്\u200D", NULL, "a joiner after a virama at the end"},
    {"র\u200D্যাব", NULL, "a joiner before a virama"},
    {"ශ්\u200Dරී", NULL, "a Sinhala conjunct"},
    {"দেবশ্রী", NULL, "a Bengali conjunct"},
    {"ศิริพร", NULL, "Thai vowel signs"},
    {"שרה", NULL, "Hebrew letters"},
    {"ab", shortness, "two Latin letters"},
    {"ب\u200Cب", shortness, "two Arabic letters and a non-joiner"},
    {"Ян", shortness, "two Cyrillic letters"},
    {"李", shortness, "one Chinese character"},
    {"ｶﾞ", shortness, "two half-width characters that become one"},
    {"a b", letters, "a space"},
    {"a-b", letters, "a hyphen"},
    {"a.b", letters, "a dot"},
    {"a@b", letters, "an at sign"},
    {"a/b", letters, "a slash"},
    {"a\nb", letters, "a newline"},
    {"abc\u200B", letters, "a zero-width space"},
    {"abc\u200D", letters, "a zero-width joiner"},
    {"a\u200Cbc", letters, "a non-joiner between Latin letters"},
    {"अनि\u200Dल", letters, "a joiner after a vowel sign"},
    {"👩\u200D🚀", letters, "a joiner between emoji"},
    {"⺀⺁⺂", letters, "radicals that are no ideographs"},
    {"abc\u00AD", letters, "a soft hyphen"},
    {"abc\uFE0F", letters, "a variation selector"},
    {"abc\U000E0061", letters, "a tag"},
    {"a\u3164b", letters, "a hangul filler"},
    {"a\u115Fb", letters, "a hangul choseong filler"},
    {"a\u2800b", letters, "a blank Braille pattern"},
    {"\u202Eabc", letters, "a direction override"},
    {"emo😀ji", letters, "an emoji"},
    {"abc\u0378", letters, "a code point that is not assigned"},
    {"abc\uE000", letters, "a character for private use"},
    {"abc\uFFFF", letters, "a noncharacter"},
    {"ᚠᚢᚦ", letters, "runes, which nobody uses today"},
    {"ᴀʙᴄ", letters, "phonetic small capitals"},
    {"\u0301abc", stack, "a combining mark at the beginning"},
    {"x\u0363\u0364\u0365\u0366\u0367yz", letters, "medieval marks"},
    {"box\u0301\u0300\u0302\u0304\u0306es", stack, "five marks on one letter"},
    {"ze\u0301\u0301ro", marks, "the same mark twice"},
    {"กิิกก", marks, "the same Thai vowel sign twice"},
    {"li\u0307sa", marks, "a dot on an i"},
    {"раypal", scripts, "Latin letters with Cyrillic ones"},
    {"ρaypal", scripts, "Latin letters with a Greek one"},
    {"gооgle", scripts, "Latin letters with Cyrillic o"},
    {"аpple", scripts, "a Cyrillic letter that looks like an ASCII one"},
    {"Иван_smith", scripts, "a Cyrillic and a Latin word"},
    {"ivan李и", scripts, "Latin, Chinese and Cyrillic letters"},
    {"김さくら", scripts, "hangul with hiragana"},
    {"user1٢", scripts, "digits of two systems"},
};

static const struct pattern_sample lines[] = {
    {"李雷 & Hán", NULL, "a text with spaces inside"},
    {"😀", NULL, "an emoji"},
    {"👨\u200D👩\u200D👧", NULL, "several emoji joined into one"},
    {"👩🏽\u200D🚀", NULL, "an emoji with a skin colour joined to another"},
    {"🏳\uFE0F\u200D🌈", NULL, "a flag joined to a rainbow"},
    {"❤\uFE0F", NULL, "an emoji in emoji style"},
    {"1\uFE0F\u20E3", NULL, "a keycap"},
    {"🇨🇳", NULL, "the flag of a country"},
    {"🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F", NULL,
     "the flag of a region"},
    {"\U0001FADF", NULL, "an emoji newer than this Unicode"},
    {"क\u094D\u200Dष", NULL, "a joiner after a virama"},
    {"می\u200Cخواهم", NULL, "a non-joiner between Persian letters"},
    {"അനില്\u200D കുമാര്\u200D", NULL, "a joiner after a virama at the end of a word"},
    {"র\u200D্যাব", NULL, "a joiner before a virama"},
    {"♡\uFE0E", NULL, "a text style of a symbol that is no emoji"},
    {"ᠰᠠᠷ\u180Eᠠ", NULL, "a Mongolian vowel separator before its vowel"},
    {"葛\U000E0100城", NULL, "a variation of an ideograph"},
    {"ᠮᠣᠩᠭᠣᠯ\u180B", NULL, "a variation of a Mongolian letter"},
    {"สวัสดี", NULL, "Thai with vowel signs"},
    {"בְּרֵאשִׁ֖ית", NULL, "Hebrew with points and accents"},
    {"שלום", NULL, "a right-to-left word"},
    {"。。。", NULL, "punctuation alone"},
    {"раypal", NULL, "letters of two scripts"},
    {"", NULL, "an empty text, since the shape limits lengths"},
    {"a/b\"c\\d<e>", NULL, "punctuation"},
    {" a", ends, "a leading space"},
    {"a ", ends, "a trailing space"},
    {"\u3000a", ends, "a leading ideographic space"},
    {"a\u00A0", ends, "a trailing no-break space"},
    {"a\u2003", ends, "a trailing em space"},
    {"a\u202F", ends, "a trailing narrow no-break space"},
    {"a\u2800", ends, "a trailing blank Braille pattern"},
    {" ", blank, "a space on its own"},
    {"\u3000\u2003\u00A0", blank, "spaces of several kinds"},
    {"\u2800", blank, "a blank Braille pattern on its own"},
    {"\uFFFC", blank, "the place of an object"},
    {"\u0301", blank, "a combining mark on its own"},
    {"\u0903\u093E", blank, "spacing marks on their own"},
    {"\u3164", unseen, "a hangul filler"},
    {"\uFFA0", unseen, "a half-width hangul filler"},
    {"\u115F\u1160", unseen, "hangul fillers of both kinds"},
    {"a\u3164", unseen, "a letter and a hangul filler"},
    {"\u17B4", unseen, "an inherent vowel of Khmer"},
    {"\u200B", unseen, "a zero-width space on its own"},
    {"a\u200Bb", unseen, "a zero-width space inside"},
    {"a\u200Db", unseen, "a joiner between Latin letters"},
    {"a\u200Cb", unseen, "a non-joiner between Latin letters"},
    {"😀\u200D", unseen, "a joiner after the last emoji"},
    {"क\u200D", unseen, "a joiner after a letter"},
    {"क\u094D\u200C", unseen, "a non-joiner at the end"},
    {"क\u094D\u200D\u200D", unseen, "two joiners"},
    {"क\u094D\u200D\u093F", unseen, "a joiner before a vowel sign"},
    {"র\u200D্", unseen, "a joiner before a virama at the end"},
    {"ᠰᠠᠷ\u180E", unseen, "a Mongolian vowel separator at the end"},
    {"ᠰᠠᠷ\u180Eᠷ", unseen, "a Mongolian vowel separator before a consonant"},
    {"a\uFE0F", unseen, "an emoji style of a letter"},
    {"a\u180B", unseen, "a Mongolian variation of a Latin letter"},
    {"a\U000E0100", unseen, "an ideograph's variation of a Latin letter"},
    {"\uFE0F", unseen, "a variation selector on its own"},
    {"a\U000E0061\U000E007F", unseen, "tags after a letter"},
    {"🏴\U000E0061\U000E0062", unseen, "a flag of no region"},
    {"a\u00ADb", unseen, "a soft hyphen"},
    {"a\u034Fb", unseen, "a grapheme joiner"},
    {"a\u2060b", unseen, "a word joiner"},
    {"a\u2063b", unseen, "an invisible separator"},
    {"a\u180Eb", unseen, "a Mongolian vowel separator"},
    {"\uFFF9a\uFFFAb\uFFFB", unseen, "an interlinear annotation"},
    {"\uFEFFa", unseen, "a leading byte order mark"},
    {"a\u200F", unseen, "a trailing direction mark"},
    {"a\u061Cb", unseen, "an Arabic letter mark"},
    {"a\u202Etxt.exe", unseen, "a direction override"},
    {"a\u2066b", unseen, "a direction isolate"},
    {"a\nb", unseen, "a newline"},
    {"a\rb", unseen, "a carriage return"},
    {"a\tb", unseen, "a tab"},
    {"a\x1B[31mb", unseen, "an escape sequence"},
    {"a\x7F", unseen, "DEL"},
    {"a\xC2\x85z", unseen, "a Latin-1 control"},
    {"a\u2028b", unseen, "a line separator"},
    {"a\u2029b", unseen, "a paragraph separator"},
    {"a\u0378", unseen, "a code point that is not assigned"},
    {"a\uE000", unseen, "a character for private use"},
    {"a\U0010FFFE", unseen, "a noncharacter"},
    {"\u0301abc", stack, "a combining mark at the beginning"},
    {"Z\u0351\u036B\u0343\u036A\u0302\u036Balgo", stack, "six marks on one letter"},
};

static const struct pattern_sample messages[] = {
    {"大家好", NULL, "a text"},
    {" \n?", NULL, "punctuation after spaces and line breaks"},
    {"a\r\nb\tc\u2028d\u202Ee", NULL, "several lines with a direction override"},
    {"Z\u0351\u036B\u0343\u036A\u0302\u036Balgo", NULL, "many marks on one letter"},
    {"👨\u200D👩\u200D👧", NULL, "emoji"},
    {"\U0001FADF", NULL, "an emoji newer than this Unicode"},
    {"a\uE000\u0378", NULL, "unassigned characters after a letter"},
    {"\n \t", blank, "spaces and line breaks"},
    {"\u200B\u200D\uFE0F", blank, "characters without width"},
    {"\u3164\u2800", blank, "characters that show nothing"},
    {"\u0301", blank, "a combining mark on its own"},
    {"\u202E", blank, "a direction override on its own"},
    {"\U000E0061", blank, "a tag on its own"},
};

/* The published form of a rule, as ICU compiles it. Closed with uregex_close. */
static URegularExpression *
published(const struct pattern *pattern)
{
    UErrorCode error = U_ZERO_ERROR;

    return uregex_openC(pattern->regex, 0, NULL, &error);
}

static bool
published_matches(URegularExpression *regex, const char *text)
{
    UChar wide[256];
    int32_t len;
    UErrorCode error = U_ZERO_ERROR;

    (void)u_strFromUTF8(wide, 256, &len, text, -1, &error);
    uregex_setText(regex, wide, len, &error);
    return uregex_find(regex, 0, &error) && U_SUCCESS(error);
}

static void
test_sample(const char *rule, const struct pattern *pattern, const struct pattern_sample *sample)
{
    struct arena a = {0};
    char name[160];
    const struct text_fault *fault = pattern->fault(sample->text, &a);
    const char *en = fault != NULL ? fault->en : NULL;

    (void)snprintf(name, sizeof(name), "%s %s %s", rule,
                   sample->fault == NULL ? "accepts" : "refuses", sample->description);
    if (sample->fault == NULL) {
        URegularExpression *regex = published(pattern);

        is_str(en, NULL, name);
        ok(published_matches(regex, sample->text),
           arena_printf(&a, "%s in its published form", name));
        uregex_close(regex);
    } else if (!ok(en != NULL && strstr(en, sample->fault) != NULL, name)) {
        diag("   got: %s\n#  want: %s", en != NULL ? en : "(no fault)", sample->fault);
    }
    arena_free(&a);
}

#define TEST_SAMPLES(rule, pattern, samples)                                                       \
    for (size_t i = 0; i < sizeof(samples) / sizeof((samples)[0]); i++) {                          \
        test_sample((rule), &(pattern), &(samples)[i]);                                            \
    }

/* Every code point alone and between letters: nothing that is accepted hides. */
static void
test_every_codepoint(void)
{
    bool alone = true, between = true;

    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        char text[UTF8_MAX + 3] = "x";
        struct arena a = {0};
        size_t len;

        if (c >= 0xD800 && c <= 0xDFFF) {
            continue; /* surrogates, which UTF-8 does not encode */
        }
        len = 1 + utf8_put(text + 1, c);
        text[len] = '\0';
        alone = alone && (line_pattern.fault(text + 1, &a) != NULL || codepoint_is_visible(c));
        text[len] = 'x';
        text[len + 1] = '\0';
        between = between && (line_pattern.fault(text, &a) == NULL) == codepoint_is_for_lines(c);
        arena_free(&a);
    }
    ok(alone, "a line of one character shows something");
    ok(between, "between Latin letters, no character needs to be invisible");
}

/* Whether a published form refuses one of the texts with this code point that its rule accepts. */
static bool
refuses_accepted(URegularExpression *regex, const struct pattern *pattern, uint32_t c)
{
    static const char *const around[][2] = {{"", ""}, {"xy", "z"}};
    bool refuses = false;

    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
        struct arena a = {0};
        char one[UTF8_MAX + 1] = "";
        const char *text;

        one[utf8_put(one, c)] = '\0';
        text = arena_printf(&a, "%s%s%s", around[i][0], one, around[i][1]);
        refuses = refuses || (!published_matches(regex, text) && pattern->fault(text, &a) == NULL);
        arena_free(&a);
    }
    return refuses;
}

static void
test_published(const char *rule, const struct pattern *pattern)
{
    URegularExpression *regex = published(pattern);
    char name[120];
    uint32_t c = 1;

    while (c <= 0x10FFFF &&
           ((c >= 0xD800 && c <= 0xDFFF) || !refuses_accepted(regex, pattern, c))) {
        c++;
    }
    (void)snprintf(name, sizeof(name), "the published form of %s refuses no accepted code point",
                   rule);
    is_int(c, 0x110000, name);
    (void)snprintf(name, sizeof(name), "the published form of %s needs no flag and no lookbehind",
                   rule);
    ok(strstr(pattern->regex, "\\p") == NULL && strstr(pattern->regex, "\\u{") == NULL &&
           strstr(pattern->regex, "(?<") == NULL,
       name);
    uregex_close(regex);
}

/* A client finds so much without knowing scripts. */
static void
test_published_refusals(void)
{
    URegularExpression *username = published(&username_pattern), *line = published(&line_pattern),
                       *message = published(&message_pattern);

    ok(!published_matches(username, "a b") && !published_matches(username, "a-b") &&
           !published_matches(username, "\u0301ab"),
       "the published form of a user name refuses spaces, punctuation and a leading mark");
    ok(!published_matches(line, " a") && !published_matches(line, "a\u3000") &&
           !published_matches(line, "a\nb") && !published_matches(line, "a\u202Eb"),
       "the published form of a line refuses spaces at its ends, line breaks and directions");
    ok(!published_matches(message, " \n\t") && !published_matches(message, "\u200B\u3164"),
       "the published form of a message refuses one that shows nothing");
    uregex_close(username);
    uregex_close(line);
    uregex_close(message);
}

int
main(void)
{
    TEST_SAMPLES("a user name", username_pattern, usernames);
    TEST_SAMPLES("a line", line_pattern, lines);
    TEST_SAMPLES("a message", message_pattern, messages);
    test_every_codepoint();
    test_published("a user name", &username_pattern);
    test_published("a line", &line_pattern);
    test_published("a message", &message_pattern);
    test_published_refusals();
    return done_testing();
}
