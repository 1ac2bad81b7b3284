/*
 * The parser, with any bytes in pieces of any size: it ends in a request, a refusal or a wait for
 * more; memory stays within the limits, and its replies are complete records.
 */
#include "t/fuzz/fuzz.h"

#include "fcgi/record.h"
#include "fcgi/serve.h"
#include "routes/frame/request.h"

static void
check_replies(const struct buf *out)
{
    size_t at = 0;

    while (at < out->len) {
        const uint8_t *h = (const uint8_t *)out->at + at;

        demand(out->len - at >= RECORD_HEADER && h[0] == 1);
        at += RECORD_HEADER + (size_t)(h[4] << 8 | h[5]) + h[6];
    }
    demand(at == out->len);
}

static enum parser_result
feed_in_pieces(struct request_parser *in, const char *bytes, size_t len, size_t piece,
               struct buf *out)
{
    enum parser_result result = PARSER_MORE;
    size_t at = 0, used;

    while (at < len && result == PARSER_MORE) {
        size_t some = len - at < piece ? len - at : piece;

        result = parser_feed(in, bytes + at, some, &used, out);
        demand(used <= some && (used == some || result != PARSER_MORE));
        at += used;
    }
    return result;
}

/* The first byte is the size of the pieces; the result must be the same for every size. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    struct request_parser whole = {.body_max = BODY_MAX}, parts = {.body_max = BODY_MAX};
    struct buf out = {0}, other = {0};
    struct arena arena = {0};
    enum parser_result result;
    char **env;

    if (len < 2) {
        return 0;
    }
    result = feed_in_pieces(&whole, text + 1, len - 1, len, &out);
    demand(feed_in_pieces(&parts, text + 1, len - 1, (size_t)bytes[0] + 1, &other) == result);
    demand(out.len == other.len && whole.id == parts.id &&
           whole.input.params.len == parts.input.params.len &&
           whole.input.body.len == parts.input.body.len);
    demand(whole.input.params.len <= PARAMS_MAX && whole.input.body.len <= BODY_MAX);
    demand(result != PARSER_COMPLETE || whole.complete);
    demand((result == PARSER_TOO_LONG) == whole.too_long);
    check_replies(&out);
    env = input_env(&whole.input, &arena);
    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        demand(strchr(env[i], '=') != NULL);
    }
    arena_free(&arena);
    parser_free(&whole);
    parser_free(&parts);
    buf_free(&out);
    buf_free(&other);
    return 0;
}
