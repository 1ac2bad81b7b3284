/* Paths and queries are decoded once; paths that no honest client sends are refused. */
#include "routes/frame/http/url.h"

#include "t/unit/tap.h"

static struct arena arena;

/* The segments of a path, joined by "|"; NULL if the path is refused. */
static const char *
segments_of(const char *text)
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

/* The value of a name in a query; NULL if it has none. */
static const char *
value_of(const char *text, const char *name)
{
    struct url_query query = {0};
    const struct url_pair *pair;

    url_query_read(&query, text, &arena);
    pair = url_query_find(&query, name);
    return pair == NULL ? NULL : pair->broken ? "(broken)" : pair->value;
}

static void
test_paths(void)
{
    char long_path[200] = "";

    is_str(segments_of("/"), "", "the root has no segment");
    is_str(segments_of("/api/rooms/12"), "api|rooms|12", "a path is split at its slashes");
    is_str(segments_of("/api/rooms/"), "api|rooms", "one slash at the end of a path is ignored");
    is_str(segments_of("/a%20b/%E6%88%BF"), "a b|房", "segments are decoded");
    is_str(segments_of("/%2541"), "%41", "segments are decoded only once");
    is_str(segments_of("/a+b"), "a+b", "a plus in a path is a plus");
    for (int i = 0; i < 40; i++) {
        strcat(long_path, "/x");
    }
    ok(segments_of(long_path) != NULL, "a path of many segments is cut, not refused");
}

static void
test_refused_paths(void)
{
    static const char *const refused[] = {
        "",         "api",     "//",     "/api//x",    "/./x",      "/api/..", "/%2e",
        "/%2E%2e/", "/a%2fb",  "/a%5Cb", "/a\\b",      "/%",        "/%4",     "/%zz",
        "/%00",     "/%c0%af", "/%ff",   "/%ed%a0%80", "/a/%2e./%", "//api",   "/api/x//",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        is_str(segments_of(refused[i]), NULL,
               arena_printf(&arena, "the path \"%s\" is refused", refused[i]));
    }
}

static void
test_parameters(void)
{
    static const char *const values[] = {"12", "34"};

    is_str(url_parameter("/r/{room_id}/m/{user_id}", "user_id", values), "34",
           "a parameter is found by name");
    is_str(url_parameter("/r/{room_id}/m/{user_id}", "room_id}/m/{user_id", values), NULL,
           "a name does not reach over the end of a parameter");
    is_str(url_parameter("/r/{room_id}/m/{user_id}", "room", values), NULL,
           "a parameter is not found by the beginning of its name");
}

static void
test_queries(void)
{
    is_str(value_of("a=1&b=2", "b"), "2", "a value is found by name");
    is_str(value_of("a=1&a=2", "a"), "2", "the last value of a name counts");
    is_str(value_of("a=x+y%2Bz", "a"), "x y+z",
           "a plus in a query is a space, and an encoded plus a plus");
    is_str(value_of("a&b=", "a"), "", "a name without \"=\" has an empty value");
    is_str(value_of("a&b=", "b"), "", "a name with nothing after \"=\" has an empty value");
    is_str(value_of("a=b=c", "a"), "b=c", "a value may contain \"=\"");
    is_str(value_of("", "a"), NULL, "an empty query has no value");
    is_str(value_of("&&&=&=x", "a"), NULL, "a query of separators has no value");
    is_str(value_of("a=%zz", "a"), "(broken)", "a value with a broken escape is marked");
    is_str(value_of("a=%00", "a"), "(broken)", "a value with an encoded NUL is marked");
    is_str(value_of("%61=1", "a"), "1", "names are decoded");
}

static void
test_escape(void)
{
    struct buf escaped = {0};

    url_escape(&escaped, "a-Z/0.9_~ 房%?#&\"<");
    is_str(buf_cstr(&escaped), "a-Z/0.9_~%20%E6%88%BF%25%3F%23%26%22%3C",
           "escaping keeps slashes and unreserved characters only");
    buf_free(&escaped);
}

int
main(void)
{
    test_paths();
    test_refused_paths();
    test_parameters();
    test_queries();
    test_escape();
    arena_free(&arena);
    return done_testing();
}
