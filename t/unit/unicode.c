/* base/unicode: forms that are equal for texts that people take for the same. */
#include "base/unicode.h"

#include "base/utf8.h"
#include "t/unit/tap.h"

static struct arena arena;

static void
test_normal_forms(void)
{
    is_str(unicode_nfkc("ＡＢＣ１２３", &arena), "ABC123", "NFKC folds full-width letters");
    is_str(unicode_nfkc("ｶﾞ", &arena), "ガ", "NFKC composes half-width katakana");
    is_str(unicode_nfkc("e\u0301", &arena), "é", "NFKC composes a letter and its mark");
    is_str(unicode_nfkc("\U0002F804", &arena), "你", "NFKC folds compatibility ideographs");
    is_str(unicode_nfkc("Li Lei 李雷", &arena), "Li Lei 李雷", "NFKC keeps ordinary text");
    is_str(unicode_nfkc("", &arena), "", "NFKC of an empty text is empty");
    is_str(unicode_name("น้ำตาลน้ำ", &arena), "น้ำตาลน้ำ", "a name keeps the Thai vowel AM");
    is_str(unicode_name("นํา", &arena), "นำ", "a name joins the parts of the Thai vowel AM");
    is_str(unicode_name("ນ້ຳ", &arena), "ນ້ຳ", "a name keeps the Lao vowel AM");
    is_str(unicode_name("Ｌi\U0002F804", &arena), "Li你", "a name is in form NFKC otherwise");
    is_str(unicode_fold("น้ำ", &arena), unicode_fold("น\u0E49\u0E4D\u0E32", &arena),
           "folding ignores whether the vowel AM is divided");
    is_str(unicode_fold("ＬＩ_Lei", &arena), "li_lei", "folding ignores case and width");
    is_str(unicode_fold("ΣΊΣΥΦΟΣ", &arena), unicode_fold("σίσυφος", &arena),
           "folding ignores the form of a final sigma");
    is_str(unicode_fold("ИВАН", &arena), "иван", "folding ignores case beyond ASCII");
    is_str(unicode_fold("Straße", &arena), "strasse", "folding writes ß as ss");
    is_str(unicode_fold("a\u200Bb\u00AD", &arena), "ab", "folding drops invisible characters");
    is_str(unicode_fold("\u03C3\u0345\u0301", &arena), unicode_fold("\u03C3\u0301\u0345", &arena),
           "folding ignores the order of marks that have none");
    ok(unicode_version() >= 14, "the version of Unicode is known");
}

/* The expansion of one character is bounded, so the length of a form is. */
static void
test_long_text(void)
{
    char *longest = arena_alloc(&arena, 3 * 1000 + 1);

    for (int i = 0; i < 1000; i++) {
        memcpy(longest + i * 3, "\uFDFA", 3);
    }
    is_int((int64_t)strlen(unicode_nfkc(longest, &arena)), 1000 * 33,
           "a text of the longest expansions is normalized whole");
}

static const struct {
    const char *one, *other, *description;
    bool alike;
} pairs[] = {
    {"paypal", "раураl", "Cyrillic letters", true},
    {"paypal", "PaypaI", "a capital I", true},
    {"PAYPAL", "paypa1", "a digit 1", true},
    {"coco", "сосо", "a word of Cyrillic letters only", true},
    {"BOP", "ВОР", "capital Cyrillic letters", true},
    {"user0", "userO", "zero and O", true},
    {"modern", "rnodern", "rn for m", true},
    {"li_lei", "ll_lei", "an l for an i", false},
    {"li", "Ｌi", "a full-width letter", true},
    {"\U0002F804好", "你好", "a compatibility ideograph", true},
    {"カタ", "力夕", "ideographs for katakana", true},
    {"陈晓", "陈小", "another Chinese character", false},
    {"alice", "alice2", "a digit more", false},
    {"Иван", "Иванна", "a longer Cyrillic name", false},
};

static void
test_skeletons(void)
{
    char promise[100];

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const char *one = unicode_skeleton(unicode_nfkc(pairs[i].one, &arena), &arena);
        const char *other = unicode_skeleton(unicode_nfkc(pairs[i].other, &arena), &arena);

        (void)snprintf(promise, sizeof(promise), "names with %s %s", pairs[i].description,
                       pairs[i].alike ? "look alike" : "look different");
        if (!ok((strcmp(one, other) == 0) == pairs[i].alike, promise)) {
            diag("%s: %s, %s: %s", pairs[i].one, one, pairs[i].other, other);
        }
    }
}

/* The keys of the longest user name must fit their columns. */
static void
test_name_keys(void)
{
    size_t folded = 0, skeleton = 0;

    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        char text[UTF8_MAX + 1] = "";

        if (codepoint_is_for_names(c)) {
            size_t len;

            (void)utf8_put(text, c);
            len = strlen(unicode_fold(text, &arena));
            folded = len > folded ? len : folded;
            len = strlen(unicode_skeleton(text, &arena));
            skeleton = len > skeleton ? len : skeleton;
            arena_reset(&arena);
        }
    }
    ok(folded * 32 <= 255, "the folded form of any 32 characters fits users.username_key");
    ok(skeleton * 32 <= 1024, "the skeleton of any 32 characters fits users.skeleton");
}

int
main(void)
{
    test_normal_forms();
    test_name_keys();
    test_long_text();
    test_skeletons();
    arena_free(&arena);
    return done_testing();
}
