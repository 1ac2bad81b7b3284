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

/* The plain form of an integer; "none" if the text is not one. */
static const char *
plain(const char *text)
{
    static char to[64];

    return number_plain_integer(text, to) ? to : "none";
}

static void
test_plain_integers(void)
{
    static const char *const not_integers[] = {
        "",   " ",   "-",   "+",   "1 2",   "- 1",   "1.",   ".0",  "1.5", "1e3", "1__0", "_1",
        "1_", "0x1", "--1", "+-1", "1.0_0", "1.0.0", "1_.0", "inf", "１",  "1,0", "1 .0", "1.00x"};

    is_str(plain(" +007.00\n"), "7", "spaces, a plus, zeros and a point do not change an integer");
    is_str(plain("-1_000_000"), "-1000000", "one _ between digits does not change an integer");
    is_str(plain("-0"), "0", "minus zero is zero");
    is_str(plain("-000.0"), "0", "minus zero with a fraction is zero");
    is_str(plain("99999999999999999999999999"), "99999999999999999999999999",
           "an integer may be of any size");
    for (size_t i = 0; i < sizeof(not_integers) / sizeof(not_integers[0]); i++) {
        char name[80];

        (void)snprintf(name, sizeof(name), "\"%s\" is not an integer", not_integers[i]);
        is_str(plain(not_integers[i]), "none", name);
    }
}

/* A number as it is written after it was read; "none" if the text is not one. */
static const char *
float_again(const char *text)
{
    static char again[NUMBER_FLOAT_SIZE];
    double n;

    if (!number_read_float(text, &n)) {
        return "none";
    }
    number_write_float(n, again);
    return again;
}

static void
test_floats(void)
{
    static const struct {
        const char *text, *again;
    } samples[] = {
        {"0", "0.0"},          {" 1 ", "1.0"},
        {"-1.50", "-1.5"},     {"+.5", "0.5"},
        {"1.", "1.0"},         {"1_0.2_5", "10.25"},
        {"0.1", "0.1"},        {"0.30000000000000004", "0.30000000000000004"},
        {"1e300", "1e+300"},   {"123456789012345678", "1.2345678901234568e+17"},
        {"1E-7", "1e-07"},     {"1e400", "inf"},
        {"-Infinity", "-inf"}, {"NaN", "nan"},
        {"", "none"},          {".", "none"},
        {"-", "none"},         {"1e", "none"},
        {"1e+", "none"},       {"0x1p3", "none"},
        {"1,5", "none"},       {"1 2", "none"},
        {"infinit", "none"},   {"1__0", "none"},
        {"_1", "none"},        {"1_", "none"},
        {"nan(1)", "none"},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        char name[80];

        (void)snprintf(name, sizeof(name), "\"%s\" is read as %s", samples[i].text,
                       samples[i].again);
        is_str(float_again(samples[i].text), samples[i].again, name);
    }
    is_str(float_again("0000000000000000000000000000000000000000000000000000000000000000000001.5"),
           "1.5", "a number of many digits is read");
}

int
main(void)
{
    test_versions();
    test_plain_integers();
    test_floats();
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
