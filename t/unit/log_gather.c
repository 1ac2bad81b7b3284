/* base/log: gathered lines of requests are not lost, mixed or late. */
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t/unit/tap.h"

enum { THREADS = 4, LINES = 2000 };

static FILE *caught;
static int kept_stderr;
static char text[2 * 1024 * 1024];

static void
begin_catching(void)
{
    caught = tmpfile();
    kept_stderr = dup(STDERR_FILENO);
    if (caught == NULL || kept_stderr < 0 || dup2(fileno(caught), STDERR_FILENO) < 0) {
        abort();
    }
}

/* The output so far. */
static const char *
written(void)
{
    ssize_t len = pread(fileno(caught), text, sizeof(text) - 1, 0);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

static void
end_catching(void)
{
    (void)dup2(kept_stderr, STDERR_FILENO);
    (void)close(kept_stderr);
    (void)fclose(caught);
}

static void
say(const char *path, int64_t us)
{
    log_request(
        &(struct log_request){
            .method = "GET", .route = "/api", .path = path, .status = 200, .us = us},
        500000);
}

/* The number of times that `part` occurs in `in`. */
static int
count(const char *in, const char *part)
{
    int n = 0;

    for (in = strstr(in, part); in != NULL; in = strstr(in + 1, part)) {
        n++;
    }
    return n;
}

static void
test_waiting(void)
{
    bool none, pending, flushed, together, slow, page;
    const char *first, *second;

    begin_catching();
    say("/first", 1);
    none = written()[0] == '\0';
    pending = log_pending();
    log_flush();
    flushed = count(written(), "/first") == 1 && !log_pending();
    log_flush();
    flushed = flushed && count(written(), "\n") == 1;
    say("/second", 1);
    log_info("%s", "another line");
    first = strstr(written(), "/second");
    second = strstr(text, "another line");
    together = first != NULL && second != NULL && first < second && !log_pending();
    say("/slow", 600000);
    slow = count(written(), "/slow") == 1;
    for (int i = 0; i < 200; i++) {
        say("/many", 1);
    }
    page = count(written(), "/many") > 100 && log_pending();
    log_rescue();
    page = page && count(written(), "/many") == 200 && !log_pending();
    end_catching();
    ok(none && pending, "a line of a request is gathered");
    ok(flushed, "a gathered line is written once by log_flush");
    ok(together, "any other line takes those that wait along, in order");
    ok(slow, "a slow request's line does not wait");
    ok(page, "no more waits than a page, and what waits is rescued");
}

static void *
say_many(void *name)
{
    char path[80];

    for (int i = 0; i < LINES; i++) {
        (void)snprintf(path, sizeof(path), "/%s/%d.", (const char *)name, i);
        say(path, 1);
        if (i % 100 == 0) {
            log_info("%s", "a line between");
        }
    }
    return NULL;
}

static void
test_threads(void)
{
    static char names[THREADS][2] = {"a", "b", "c", "d"};
    pthread_t threads[THREADS];
    bool whole = true;

    begin_catching();
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, say_many, names[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    log_flush();
    (void)written();
    end_catching();
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t len = strcspn(line, "\n");

        whole = whole && line[0] == '{' && line[len - 1] == '}' && line[len] == '\n' &&
                memmem(line + 1, len - 1, "\"time\"", 6) == line + 1;
    }
    is_int(count(text, "\n"), THREADS * (LINES + LINES / 100),
           "no line of any thread is lost or written twice");
    ok(whole, "gathered lines are written whole");
}

int
main(void)
{
    log_open("api", true, LOG_LEVEL_INFO);
    log_gather();
    test_waiting();
    test_threads();
    return done_testing();
}
