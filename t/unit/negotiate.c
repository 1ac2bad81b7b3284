/* How Accept and Accept-Language weigh the forms of a reply. */
#include "routes/frame/http/negotiate.h"

#include <stdio.h>

#include "t/unit/tap.h"

struct weighed {
    const char *list;
    int weight, precision;
};

static void
check_all(const char *field, const char *form, const struct weighed *cases, size_t count,
          struct preference (*negotiated)(const char *, const char *))
{
    for (size_t i = 0; i < count; i++) {
        const struct weighed *c = &cases[i];
        struct preference got = negotiated(c->list, form);
        char promise[300];

        (void)snprintf(promise, sizeof(promise), "%s: %s gives %s %d thousandths", field,
                       c->list == NULL ? "(absent)" : c->list, form, c->weight);
        if (!ok(got.weight == c->weight && got.precision == c->precision, promise)) {
            diag("weight %d, precision %d", got.weight, got.precision);
        }
    }
}

static void
test_media_types(void)
{
    static const struct weighed cases[] = {
        {NULL, 1000, 1},
        {"", 0, 0},
        {"*/*", 1000, 1},
        {"*", 1000, 1},
        {"text/*", 1000, 2},
        {"TEXT/*;Q=0.5", 500, 2},
        {"Text/Event-Stream", 1000, 3},
        {"text/event-stream2", 0, 0},
        {"text/event", 0, 0},
        {"text/event-stream;q=0", -1, 3},
        {"text/event-stream; q=0.000, */*", -1, 3},
        {"text/event-stream;q=0.0001", 1, 3},
        {"text/event-stream ; q=0.3 , */* ; q=0.9", 300, 3},
        {"*/*;q=0.9,text/*;q=0.2", 200, 2},
        {"text/event-stream;charset=utf-8;q=0.7", 700, 3},
        {"text/event-stream;note=\"a,b;q=0\";q=0.4", 400, 3},
        {"text/event-stream;note=\"\\\";q=0\"", 1000, 3},
        {"text/event-stream;note=\"open, */*", 1000, 3},
        {"text/html, image/gif, *; q=.2", 200, 1},
        {",, ,text/event-stream,", 1000, 3},
        {"text/event-stream;q=1.5, */*;q=0.1", 100, 1},
        {"text/event-stream;q=high", 0, 0},
        {"text/event-stream;q=", 0, 0},
        {"text/event-stream;q=2", 0, 0},
        {"text/event-stream;q=1.", 1000, 3},
        {"text/event-stream;q=0.1, text/event-stream;q=0.8", 800, 3},
        {"application/json", 0, 0},
    };

    check_all("Accept", "text/event-stream", cases, sizeof(cases) / sizeof(cases[0]),
              negotiate_media_type);
}

static void
test_languages(void)
{
    static const struct weighed cases[] = {
        {NULL, 1000, 1},
        {"", 0, 0},
        {"zh", 1000, 3},
        {"ZH-hant-TW", 1000, 3},
        {"zha", 0, 0},
        {"*", 1000, 1},
        {"*, zh;q=0", -1, 3},
        {"fr, zh;q=0.5", 500, 3},
        {"zh;q=0, zh-TW;q=0.3", 300, 3},
        {"en, *;q=0.1", 100, 1},
    };

    check_all("Accept-Language", "zh", cases, sizeof(cases) / sizeof(cases[0]), negotiate_language);
    is_int((int64_t)negotiate_language("fr, en, zh", "zh").place, 2,
           "the place of a language in the list is known");
}

int
main(void)
{
    test_media_types();
    test_languages();
    return done_testing();
}
