/* base/log: one line per event, whatever it contains. */
#include "base/log.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"
#include "t/unit/tap.h"

static int kept_stderr = -1;
static FILE *caught;
static char text[64 * 1024];

static void
catch_lines(void)
{
    caught = tmpfile();
    kept_stderr = dup(STDERR_FILENO);
    if (caught == NULL || kept_stderr < 0 || dup2(fileno(caught), STDERR_FILENO) < 0) {
        abort();
    }
}

/* The output on standard error since catch_lines. */
static const char *
lines(void)
{
    ssize_t len;

    (void)dup2(kept_stderr, STDERR_FILENO);
    (void)close(kept_stderr);
    len = pread(fileno(caught), text, sizeof(text) - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    (void)fclose(caught);
    return text;
}

static bool
is_one_line(const char *line)
{
    const char *newline = strchr(line, '\n');

    return newline != NULL && newline[1] == '\0';
}

/* The line as a JSON object, which the caller releases; NULL if it is not strict JSON. */
static struct json_object *
parsed(const char *line)
{
    struct arena scratch = {0};
    struct json_object *tree = NULL;
    struct json_error error;

    if (!is_one_line(line) || !json_parse(line, strlen(line), &scratch, &tree, &error) ||
        !json_object_is_type(tree, json_type_object)) {
        tree = NULL;
    }
    arena_free(&scratch);
    return tree;
}

static const char *
member(struct json_object *line, const char *name)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(line, name, &value) ? json_object_get_string(value) : NULL;
}

static void
test_text(void)
{
    const char *line;

    log_open("api", false, LOG_LEVEL_INFO);
    catch_lines();
    log_info("%d rooms", 3);
    line = lines();
    ok(is_one_line(line), "an event is one line");
    is_str(line + strcspn(line, " "), " api  info    3 rooms\n",
           "a line has part, level and message");
    is_int((int64_t)strcspn(line, " "), 12, "a line begins with the time of day in milliseconds");

    log_set_request("0123456789abcdef");
    catch_lines();
    log_warning("late");
    is_str(strchr(lines(), ' '), " api  warning [0123456789abcdef] late\n",
           "a request's lines carry its id");
    log_set_request(NULL);

    catch_lines();
    log_error("a\nforged\r\x1b[2J\x7f\xc2\x9b \xe2\x80\xa8 caf\xc3\xa9 \xff\\x0a");
    is_str(
        strstr(lines(), "error"),
        "error   a\\x0aforged\\x0d\\x1b[2J\\x7f\\xc2\\x9b \\xe2\\x80\\xa8 caf\xc3\xa9 \\xff\\\\x0a\n",
        "controls, bytes that are no UTF-8, and backslashes are escaped");
}

static void
test_levels(void)
{
    log_open("api", false, LOG_LEVEL_WARNING);
    catch_lines();
    log_debug("no");
    log_info("no");
    log_request(&(struct log_request){.method = "GET", .route = "-", .path = "/", .us = 10}, 0);
    is_str(lines(), "", "a line below the lowest level is not written");
    log_open("api", false, LOG_LEVEL_DEBUG);
    catch_lines();
    log_debug("yes");
    ok(is_one_line(lines()), "a line at the lowest level is written");
}

static void
test_errno(void)
{
    catch_lines();
    errno = ENOENT;
    log_info("something");
    is_int(errno, ENOENT, "writing a line keeps errno");
    (void)lines();
}

static void
test_json(void)
{
    struct json_object *line;

    log_open("cpu", true, LOG_LEVEL_INFO);
    log_set_request("feedfeedfeedfeed");
    catch_lines();
    log_error("quote \" slash \\ line\n end \xff");
    log_set_request(NULL);
    line = parsed(lines());
    if (ok(line != NULL, "an event is one JSON object on one line")) {
        is_str(member(line, "part"), "cpu", "a JSON line has the part");
        is_str(member(line, "level"), "error", "a JSON line has the level");
        is_str(member(line, "request_id"), "feedfeedfeedfeed", "a JSON line has the request id");
        is_str(member(line, "message"), "quote \" slash \\ line\n end \xEF\xBF\xBD",
               "a JSON line has the escaped message");
        is_int(atoi(member(line, "pid")), getpid(), "a JSON line has the pid");
        is_int((int64_t)strlen(member(line, "time")), 29, "a JSON line has the time with its zone");
    }
    json_object_put(line);
    catch_lines();
    log_info("plain");
    line = parsed(lines());
    ok(line != NULL && member(line, "request_id") == NULL,
       "no request_id where there is no request");
    json_object_put(line);
}

static void
test_request(void)
{
    struct log_request r = {
        .method = "GET",
        .route = "/api/rooms/{room_id}",
        .path = "/api/rooms/1\"},{\"level\":\"error\n\xff",
        .status = 200,
        .us = 12345,
        .queries = 2,
        .db_us = 6007,
        .user_id = 42,
        .bytes = 512,
    };
    struct json_object *line;

    log_open("api", true, LOG_LEVEL_INFO);
    catch_lines();
    log_request(&r, 500000);
    line = parsed(lines());
    if (ok(line != NULL, "a request is one JSON object on one line, whatever its path")) {
        is_str(member(line, "level"), "info", "the line of a request has a level");
        is_str(member(line, "method"), "GET", "the line of a request has the method");
        is_str(member(line, "route"), "/api/rooms/{room_id}",
               "the line of a request has the route");
        is_str(member(line, "path"), "/api/rooms/1\"},{\"level\":\"error\n\xEF\xBF\xBD",
               "the line of a request has the escaped path");
        is_str(member(line, "status"), "200", "the line of a request has the status");
        is_str(member(line, "ms"), "12.345", "the line of a request has its duration");
        is_str(member(line, "queries"), "2", "the line of a request has its number of queries");
        is_str(member(line, "db_ms"), "6.007",
               "the line of a request has its time in the database");
        is_str(member(line, "user_id"), "42", "the line of a request has the user");
        is_str(member(line, "bytes"), "512", "the line of a request has the size of the reply");
        ok(member(line, "slow") == NULL, "a fast request is not called slow");
    }
    json_object_put(line);
    catch_lines();
    log_request(&r, 12000);
    line = parsed(lines());
    ok(line != NULL && strcmp(member(line, "level"), "warning") == 0 &&
           member(line, "slow") != NULL,
       "a slow request is a warning with the mark slow");
    json_object_put(line);
    log_open("api", false, LOG_LEVEL_INFO);
    catch_lines();
    log_request(&r, 0);
    ok(is_one_line(lines()), "a request is one line of text, whatever its path");
}

/* Messages of every length around the cut, made of one character or escape each. */
static void
test_length(void)
{
    static const char *const pieces[] = {
        "a", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\"", "\n", "\x01", "\\", "\xFF"};
    static char long_text[3 * PIPE_BUF];
    bool whole = true, valid = true, json = true;

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        for (size_t offset = 0; offset < 8; offset++) {
            const char *line;
            struct json_object *tree;

            memset(long_text, 'x', offset);
            long_text[offset] = '\0';
            for (size_t len = offset; len + 8 < sizeof(long_text); len += strlen(pieces[i])) {
                (void)strcpy(long_text + len, pieces[i]);
            }
            for (int form = 0; form < 4; form++) {
                log_open("api", form % 2 == 0, LOG_LEVEL_INFO);
                catch_lines();
                if (form < 2) {
                    log_info("%s", long_text);
                } else {
                    log_request(&(struct log_request){.method = long_text,
                                                      .route = long_text,
                                                      .path = long_text,
                                                      .us = INT64_MAX,
                                                      .db_us = INT64_MAX,
                                                      .user_id = INT64_MAX,
                                                      .bytes = SIZE_MAX,
                                                      .queries = UINT_MAX,
                                                      .status = INT_MIN},
                                1);
                }
                line = lines();
                whole = whole && is_one_line(line) && strlen(line) <= PIPE_BUF &&
                        strlen(line) > PIPE_BUF - 400;
                valid = valid && utf8_valid(line, strlen(line));
                if (form % 2 == 0) {
                    tree = parsed(line);
                    json = json && tree != NULL;
                    json_object_put(tree);
                }
            }
        }
    }
    ok(whole, "a line is never longer than a pipe takes whole");
    ok(valid, "a long line is cut between characters");
    ok(json, "a long JSON line stays JSON");
}

int
main(void)
{
    test_text();
    test_levels();
    test_errno();
    test_json();
    test_request();
    test_length();
    return done_testing();
}
