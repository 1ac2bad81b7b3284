/* If-None-Match: which lists of entity tags name a tag (RFC 9110, section 13.1.2). */
#include "routes/frame/http/etag.h"

#include "t/unit/tap.h"

static const struct {
    const char *list;
    bool listed;
    const char *promise;
} samples[] = {
    {"\"a1\"", true, "the same tag is listed"},
    {"\"a2\"", false, "another tag is not listed"},
    {"W/\"a1\"", true, "a weak form of the tag is listed"},
    {"w/\"a1\"", false, "the mark of a weak tag is a capital"},
    {"*", true, "a star lists every tag"},
    {" * ", true, "a star may have spaces around it"},
    {"*, \"a1\"", false, "a star stands alone"},
    {"\"x\", \"a1\"", true, "a tag may be the second of a list"},
    {"\"x\",W/\"y\" ,\t\"a1\",\"z\"", true, "a list may have spaces and tabs around its commas"},
    {",, \"a1\"", true, "empty elements of a list are skipped"},
    {"\"x,\"a1\"", false, "a comma inside a tag separates nothing"},
    {"\"a1", false, "a tag without its closing quote is not read"},
    {"a1", false, "a tag without quotes is not read"},
    {"a1, \"a1\"", false, "a list is not read after a malformed tag"},
    {"\"a\"", false, "a part of the tag is not listed"},
    {"\"a11\"", false, "a longer tag is not listed"},
    {"", false, "an empty list has no tag"},
    {"W/", false, "the mark of a weak tag alone is not read"},
};

int
main(void)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        ok(etag_is_listed("\"a1\"", samples[i].list) == samples[i].listed, samples[i].promise);
    }
    ok(etag_is_listed("W/\"a1\"", "\"a1\""), "a weak tag is compared without its mark");
    return done_testing();
}
