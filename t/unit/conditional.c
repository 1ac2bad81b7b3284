/* Lists of entity tags, and ranges of bytes. */
#include "routes/frame/http/conditional.h"

#include <stdio.h>

#include "routes/frame/http/etag.h"
#include "t/unit/tap.h"

static void
test_etags(void)
{
    static const struct {
        const char *list;
        bool weakly, strongly;
    } cases[] = {
        {"\"a\"", true, true},
        {"W/\"a\"", true, false},
        {"\"b\", \"a\"", true, true},
        {"\"b\" ,,\tW/\"a\" ", true, false},
        {"W/\"a\", \"a\"", true, true},
        {"\"b,\", \"a\"", true, true},
        {"*", true, true},
        {" * ", true, true},
        {"*, \"b\"", false, false},
        {"", false, false},
        {"a", false, false},
        {"\"A\"", false, false},
        {"\"a", false, false},
        {"\"aa\"", false, false},
        {"\"\"", false, false},
        {"w/\"a\"", false, false},
        {"\"b\", oops, \"a\"", false, false},
    };
    char promise[200];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(promise, sizeof(promise), "the list <%s> %s the tag \"a\" weakly, and %s",
                       cases[i].list, cases[i].weakly ? "names" : "does not name",
                       cases[i].strongly ? "strongly" : "not strongly");
        ok(etag_is_listed("\"a\"", cases[i].list) == cases[i].weakly &&
               etag_is_listed_strongly("\"a\"", cases[i].list) == cases[i].strongly,
           promise);
    }
    ok(etag_is_listed("W/\"a\"", "\"a\"") && !etag_is_listed_strongly("W/\"a\"", "\"a\""),
       "a weak tag of the content is never strongly equal");
}

static void
test_ranges(void)
{
    static const struct {
        const char *text;
        enum range_kind kind;
        int64_t first, length;
    } cases[] = {
        {"bytes=0-0", RANGE_PART, 0, 1},
        {"bytes=0-", RANGE_PART, 0, 100},
        {"bytes=10-19", RANGE_PART, 10, 10},
        {"BYTES= 10-19 ", RANGE_PART, 10, 10},
        {"bytes=90-1000", RANGE_PART, 90, 10},
        {"bytes=99-99", RANGE_PART, 99, 1},
        {"bytes=-1", RANGE_PART, 99, 1},
        {"bytes=-100", RANGE_PART, 0, 100},
        {"bytes=-1000", RANGE_PART, 0, 100},
        {"bytes=5-99999999999999999999999", RANGE_PART, 5, 95},
        {"bytes=-99999999999999999999999", RANGE_PART, 0, 100},
        {"bytes=100-", RANGE_NOT_IN_CONTENT, 0, 0},
        {"bytes=99999999999999999999999-", RANGE_NOT_IN_CONTENT, 0, 0},
        {"bytes=-0", RANGE_NOT_IN_CONTENT, 0, 0},
        {"bytes=20-10", RANGE_WHOLE, 0, 100},
        {"bytes=0-1,5-6", RANGE_WHOLE, 0, 100},
        {"bytes=-", RANGE_WHOLE, 0, 100},
        {"bytes=", RANGE_WHOLE, 0, 100},
        {"bytes", RANGE_WHOLE, 0, 100},
        {"bytes=1", RANGE_WHOLE, 0, 100},
        {"bytes=a-b", RANGE_WHOLE, 0, 100},
        {"bytes=+1-2", RANGE_WHOLE, 0, 100},
        {"bytes=1-2x", RANGE_WHOLE, 0, 100},
        {"items=0-1", RANGE_WHOLE, 0, 100},
        {"", RANGE_WHOLE, 0, 100},
    };
    struct byte_range range;
    char promise[200];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum range_kind kind = range_read(cases[i].text, 100, &range);
        bool same = range.first == cases[i].first && range.length == cases[i].length;

        (void)snprintf(promise, sizeof(promise), "Range: %s of 100 bytes is read right",
                       cases[i].text);
        ok(kind == cases[i].kind && (kind == RANGE_NOT_IN_CONTENT || same), promise);
    }
    ok(range_read("bytes=0-", 0, &range) == RANGE_NOT_IN_CONTENT &&
           range_read("bytes=-1", 0, &range) == RANGE_NOT_IN_CONTENT,
       "no range is in an empty content");
}

int
main(void)
{
    test_etags();
    test_ranges();
    return done_testing();
}
