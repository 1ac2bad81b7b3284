/*
 * Any bytes as a hint: it is refused, or names whom it is for, points into its text, and holds
 * nothing that could end a line of a stream.
 */
#include "t/fuzz/fuzz.h"

#include "db/redis/announce.h"

static void
check_plain(const char *at, size_t len, const char *text, size_t text_len)
{
    demand(at == NULL ? len == 0 : at >= text && at + len <= text + text_len);
    for (size_t i = 0; i < len; i++) {
        demand(at[i] >= ' ' && at[i] <= '~');
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    size_t text_len = len;
    struct hint hint;

    char *copy = malloc(len + 1); /* ends with the NUL that hint_peek_room expects */

    demand(copy != NULL);
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    demand(hint_peek_room(copy, len) >= 0);
    free(copy);
    demand(!hint_unseal(&text, &text_len)); /* this process has no key */
    text = (const char *)bytes;
    if (!hint_parse(text, len, &hint)) {
        return 0;
    }
    demand(hint.kind != HINT_NONE && strchr("EUTRPKI", (int)hint.kind) != NULL);
    demand(hint.room_id >= 0 && hint.user_id >= 0 && hint.seq >= 0 && hint.at >= 0);
    demand(hint.room_id > 0 || hint.user_id > 0);
    check_plain(hint.json, hint.json_len, text, len);
    check_plain(hint.rooms, hint.rooms_len, text, len);
    check_plain(hint.renamed, hint.renamed_len, text, len);
    return 0;
}
