/* Paths and queries: decoded once, and refused where no honest client sends them. */
#include "routes/frame/url.h"

#include "t/unit/tap.h"

static struct arena arena;

/* The segments joined by "|"; NULL where the path is refused. */
static const char *
segments(const char *text)
{
    struct url_path path;
    const char *all = "";

    if (!url_path_read(&path, text, &arena)) {
        return NULL;
    }
    for (size_t i = 0; i < path.count; i++) {
        all = arena_printf(&arena, "%s%s%s", all, i > 0 ? "|" : "", path.segments[i]);
    }
    return all;
}

static const char *
value(const char *text, const char *name)
{
    struct url_query query = {0};
    const struct url_pair *pair;

    url_query_read(&query, text, &arena);
    pair = url_query_find(&query, name);
    return pair == NULL ? NULL : pair->broken ? "(broken)" : pair->value;
}

int
main(void)
{
    struct buf escaped = {0};
    static const char *const tricks[] = {
        "",         "api",     "//",     "/api//x",    "/./x",      "/api/..", "/%2e",
        "/%2E%2e/", "/a%2fb",  "/a%5Cb", "/a\\b",      "/%",        "/%4",     "/%zz",
        "/%00",     "/%c0%af", "/%ff",   "/%ed%a0%80", "/a/%2e./%", "//api",   "/api/x//",
    };
    static const char *const values[] = {"12", "34"};
    char long_path[200] = "";

    is_str(segments("/"), "", "the root has no segment");
    is_str(segments("/api/rooms/12"), "api|rooms|12", "a path is split");
    is_str(segments("/api/rooms/"), "api|rooms", "one slash at the end does not matter");
    is_str(segments("/a%20b/%E6%88%BF"), "a b|房", "segments are decoded");
    is_str(segments("/%2541"), "%41", "but only once");
    is_str(segments("/a+b"), "a+b", "a plus in a path is a plus");
    for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
        is_str(segments(tricks[i]), NULL, arena_printf(&arena, "refused: \"%s\"", tricks[i]));
    }
    for (int i = 0; i < 40; i++) {
        strcat(long_path, "/x");
    }
    ok(segments(long_path) != NULL, "a path of many segments is cut, not refused");

    is_str(url_parameter("/r/{room_id}/m/{user_id}", "user_id", values), "34",
           "a parameter is found by name");
    is_str(url_parameter("/r/{room_id}/m/{user_id}", "room", values), NULL,
           "and only by its whole name");

    is_str(value("a=1&b=2", "b"), "2", "a value is found");
    is_str(value("a=1&a=2", "a"), "2", "the last of two counts");
    is_str(value("a=x+y%2Bz", "a"), "x y+z", "a plus is a space, an encoded one a plus");
    is_str(value("a&b=", "a"), "", "a name without a value has an empty one");
    is_str(value("a&b=", "b"), "", "and so has one with nothing behind \"=\"");
    is_str(value("a=b=c", "a"), "b=c", "a value may hold \"=\"");
    is_str(value("", "a"), NULL, "an empty query holds nothing");
    is_str(value("&&&=&=x", "a"), NULL, "nor does one of separators");
    is_str(value("a=%zz", "a"), "(broken)", "a broken escape is told");
    is_str(value("a=%00", "a"), "(broken)", "and so is NUL");
    is_str(value("%61=1", "a"), "1", "names are decoded, too");

    url_escape(&escaped, "a-Z/0.9_~ 房%?#&\"<");
    is_str(buf_cstr(&escaped), "a-Z/0.9_~%20%E6%88%BF%25%3F%23%26%22%3C",
           "a path is escaped, but for its slashes");
    buf_free(&escaped);
    arena_free(&arena);
    return done_testing();
}
