/* Integers in their shortest form and as JSON. */
#include "routes/tasks/square.h"

#include "t/unit/tap.h"

int
main(void)
{
    static const char *const rows[][3] = {
        {"0", "0", "0"},
        {"-0", "0", "0"},
        {"000", "0", "0"},
        {"007", "7", "7"},
        {"-007", "-7", "-7"},
        {"9007199254740992", "9007199254740992", "9007199254740992"},
        {"-9007199254740992", "-9007199254740992", "-9007199254740992"},
        {"9007199254740993", "9007199254740993", "\"9007199254740993\""},
        {"-9007199254740993", "-9007199254740993", "\"-9007199254740993\""},
        {"10000000000000000", "10000000000000000", "\"10000000000000000\""},
        {"0009007199254740992", "9007199254740992", "9007199254740992"},
    };
    struct arena a = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *canonical = square_canonical(&a, rows[i][0]);

        is_str(canonical, rows[i][1], arena_printf(&a, "the shortest form of %s", rows[i][0]));
        is_str(square_json(&a, canonical), rows[i][2], arena_printf(&a, "%s as JSON", rows[i][0]));
    }
    arena_free(&a);
    return done_testing();
}
