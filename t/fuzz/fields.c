/*
 * Any text as Accept, Accept-Language, If-None-Match and Range. Weights stay in their bounds, a
 * range lies within the content and is read the same from its own form, and a tag that is listed
 * strongly is also listed weakly.
 */
#include "t/fuzz/fuzz.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "routes/frame/http/conditional.h"
#include "routes/frame/http/etag.h"
#include "routes/frame/http/negotiate.h"

static void
check_preference(struct preference p, size_t len)
{
    demand(p.weight >= WEIGHT_REFUSED && p.weight <= WEIGHT_MAX);
    demand(p.precision >= 0 && p.precision <= 3 && p.place <= len);
    demand((p.precision == 0) == (p.weight == WEIGHT_UNNAMED));
}

static void
check_etags(const char *text, struct arena *a)
{
    const char *etag = "\"12-ab\"";

    demand(!etag_is_listed_strongly(etag, text) || etag_is_listed(etag, text));
    demand(etag_is_listed_strongly(etag, arena_printf(a, "%s, %s", etag, text)));
    demand(etag_is_listed(etag, arena_printf(a, "W/%s, %s", etag, text)));
}

static void
check_range(const char *text, int64_t size)
{
    struct byte_range range, again;
    char form[80];

    switch (range_read(text, size, &range)) {
    case RANGE_WHOLE:
        demand(range.first == 0 && range.length == size);
        break;
    case RANGE_PART:
        demand(range.first >= 0 && range.length > 0 && range.length <= size - range.first);
        (void)snprintf(form, sizeof(form), "bytes=%" PRId64 "-%" PRId64, range.first,
                       range.first + range.length - 1);
        demand(range_read(form, size, &again) == RANGE_PART);
        demand(again.first == range.first && again.length == range.length);
        break;
    case RANGE_NOT_IN_CONTENT:
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const int64_t sizes[] = {0, 1, 100, INT64_MAX};
    struct arena a = {0};
    const char *text = arena_strndup(&a, (const char *)bytes, len);

    check_preference(negotiate_media_type(text, "text/event-stream"), len);
    check_preference(negotiate_media_type(text, "application/x-ndjson"), len);
    check_preference(negotiate_language(text, "zh"), len);
    check_etags(text, &a);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        check_range(text, sizes[i]);
    }
    arena_free(&a);
    return 0;
}
