/* base/arena: allocation, and the block that a reset keeps. */
#include "base/arena.h"

#include <string.h>

#include "t/unit/tap.h"

static bool
is_zero(const char *at, size_t len)
{
    while (len > 0 && at[len - 1] == 0) {
        len--;
    }
    return len == 0;
}

static void
test_pieces(void)
{
    struct arena a = {0};
    bool zeroed = true, aligned = true, apart = true;
    char *before = NULL;
    size_t before_len = 0;

    for (size_t len = 1; len < 3000; len += 7) {
        char *at = arena_alloc(&a, len);

        zeroed = zeroed && is_zero(at, len);
        aligned = aligned && (uintptr_t)at % _Alignof(max_align_t) == 0;
        apart = apart && (before == NULL || at >= before + before_len || at + len <= before);
        memset(at, 0xAA, len);
        before = at;
        before_len = len;
    }
    ok(zeroed, "every piece is zeroed");
    ok(aligned, "every piece is aligned for any type");
    ok(apart, "no piece overlaps the one before");
    arena_free(&a);
}

static void
test_reset(void)
{
    struct arena a = {0};
    char *first = arena_alloc(&a, 100), *again;

    memset(first, 0xAA, 100);
    for (int i = 0; i < 200; i++) {
        memset(arena_alloc(&a, 1000), 0xAA, 1000);
    }
    ok(a.used >= 200 * 1000, "used counts what was handed out");
    arena_reset(&a);
    is_int((int64_t)a.used, 0, "a reset forgets what was handed out");
    again = arena_alloc(&a, 100);
    ok(again == first, "a reset keeps the first block");
    ok(is_zero(again, 100), "memory handed out again is zeroed again");
    arena_free(&a);
    ok(a.blocks == NULL, "arena_free gives every block back");
    ok(is_zero(arena_alloc(&a, 10), 10), "an arena may be used again after arena_free");
    arena_free(&a);
}

static void
test_large(void)
{
    struct arena a = {0};
    char *large = arena_alloc(&a, 5 * 1024 * 1024), *small = arena_alloc(&a, 16), *next;

    ok(is_zero(large, 5 * 1024 * 1024), "a large piece is zeroed");
    memset(large, 0xAA, 5 * 1024 * 1024);
    memset(arena_alloc(&a, 100000), 0xAA, 100000);
    next = arena_alloc(&a, 16);
    ok(next == small + 16, "small pieces go on beside each other when large ones are taken");
    arena_reset(&a);
    ok(arena_alloc(&a, 16) == small, "a reset keeps the first block, not a large one");
    arena_free(&a);
}

static void
test_texts(void)
{
    struct arena a = {0};
    int(*table)[4] = arena_array(&a, 3, sizeof(*table));
    char *long_text;

    ok(is_zero((const char *)table, 3 * sizeof(*table)), "an array is zeroed");
    is_str(arena_strdup(&a, "héllo"), "héllo", "arena_strdup copies a string");
    is_str(arena_strndup(&a, "hello", 2), "he", "a copy of a part of a string ends in NUL");
    is_str(arena_strndup(&a, "", 0), "", "a copy of nothing is the empty string");
    is_str(arena_printf(&a, "%s-%d", "room", 7), "room-7", "arena_printf formats a text");
    long_text = arena_printf(&a, "%0*d", 40000, 7);
    is_int((int64_t)strlen(long_text), 40000, "printed text longer than a block is whole");
    arena_free(&a);
}

int
main(void)
{
    test_pieces();
    test_reset();
    test_large();
    test_texts();
    return done_testing();
}
