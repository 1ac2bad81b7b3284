/* Whole numbers in texts: their range, and where they end. */
#include "base/number.h"

#include "t/unit/tap.h"

static bool
reads(const char *text, int64_t want, const char *rest)
{
    int64_t n = 7;
    const char *at = text;

    return number_read(&at, &n) && n == want && strcmp(at, rest) == 0;
}

static bool
refuses(const char *text)
{
    int64_t n = 7;
    const char *at = text;

    return !number_read(&at, &n) && at == text && n == 7;
}

/* 1002003 for "1.2.3". */
static void
test_versions(void)
{
    static const struct {
        const char *text;
        int version;
    } samples[] = {
        {"1.26.3", 1026003},
        {"1.30.6 (Ubuntu)", 1030006},
        {"10.11.19-MariaDB", 10011019},
        {"8.4", 8004000},
        {"9", 9000000},
        {"", 0},
        {"x1.2.3", 0},
        {"-1.2.3", 0},
        {"1.-2.3", 0},
        {"1.1000.0", 0},
        {"2001.0.0", 0},
        {"99999999999999999999", 0},
        {"1.99999999999999999999", 0},
        {"1.", 0},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        is_int(number_version(samples[i].text), samples[i].version, samples[i].text);
    }
}

int
main(void)
{
    test_versions();
    ok(reads("0", 0, ""), "0 is a number");
    ok(reads("-12.5", -12, ".5"), "a number ends where its digits end");
    ok(reads("0012x", 12, "x"), "leading zeros do not matter");
    ok(reads("9223372036854775807", INT64_MAX, ""), "the largest int64 fits");
    ok(reads("-9223372036854775808", INT64_MIN, ""), "the smallest int64 fits");
    ok(refuses("9223372036854775808"), "one more than the largest int64 is refused");
    ok(refuses("-9223372036854775809"), "one less than the smallest int64 is refused");
    ok(refuses("99999999999999999999999999"), "a number far beyond int64 is refused");
    ok(refuses(""), "an empty text is not a number");
    ok(refuses("-"), "a sign alone is not a number");
    ok(refuses("+1"), "a number with a plus is refused");
    ok(refuses(" 1"), "a number after a blank is refused");
    return done_testing();
}
