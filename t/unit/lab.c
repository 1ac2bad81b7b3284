/* The lab: every shape does the same work, and the endpoint survives malformed requests. */
#include "fcgi/lab/lab.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/random.h"
#include "fcgi/lab/endpoint.h"
#include "fcgi/lab/http.h"
#include "fcgi/lab/say_after.h"
#include "t/unit/tap.h"

static bool stops;
static int last_percent, backwards;

static bool
is_stopped(void)
{
    return stops;
}

static void
on_progress(void *context, int percent, const char *now)
{
    int *calls = context;

    ++*calls;
    backwards += percent < last_percent || percent > 100 || now[0] == '\0';
    last_percent = percent;
}

static struct json_object *
member(struct json_object *of, const char *name)
{
    struct json_object *found = NULL;

    (void)json_object_object_get_ex(of, name, &found);
    return found;
}

static void
test_run(void)
{
    struct settings settings = {.app_env = "test", .redis_host = ""};
    struct lab_settings s = {.tasks = 6, .cpu = 2, .wait_ms = 60, .repeat = 3};
    int calls = 0;
    const struct lab_watcher watcher = {is_stopped, on_progress, &calls};
    struct lab_result r;
    const char *wrong = lab_run(&settings, &s, &watcher, &r);
    const struct lab_measured *wait = &r.works[LAB_WAIT], *cpu = &r.works[LAB_CPU];

    is_str(wrong, NULL, "the lab runs");
    ok(lab_all_same(&r), "every shape did the same work");
    ok(calls > 30 && backwards == 0 && last_percent == 100,
       "progress only grows, and ends at 100 %");
    ok(wait->slowest_ms >= 60 && wait->modes[LAB_SERIAL].ms.least >= 6 * 60,
       "in serial mode the waits add up");
    ok(wait->modes[LAB_EVENT_LOOP].ms.least < 3 * 60 && wait->modes[LAB_THREADS].ms.least < 3 * 60,
       "in an event loop, as in threads, all tasks wait at once");
    ok(wait->modes[LAB_PROCESSES].ms.least >= 60, "in processes the tasks wait, too");
    ok(wait->modes[LAB_SERIAL].ms.least <= wait->modes[LAB_SERIAL].ms.median &&
           wait->modes[LAB_SERIAL].ms.median <= wait->modes[LAB_SERIAL].ms.most,
       "the median lies between the least and the most");
    ok(cpu->cpu_ms > 0 && cpu->modes[LAB_PROCESSES].cpu_ms > cpu->cpu_ms / 2,
       "the CPU time of child processes is counted");
    is_int(r.settings.threads, 6, "the default is one thread for each task");
    is_int(r.settings.processes, r.cores < 100 ? r.cores : 100,
           "the default is one process for each core");
    ok(cpu->limit_ms >= cpu->cpu_ms / r.cores && wait->limit_ms >= wait->slowest_ms,
       "the limit is the slowest task, or all computing over the cores");

    stops = true;
    ok(lab_run(&settings, &s, &watcher, &r) == lab_stopped, "a run that is stopped ends");
    stops = false;
}

/* A result of round figures. */
static struct lab_result
made_up(void)
{
    struct lab_result r = {
        .settings = {.tasks = 20,
                     .cpu = 20,
                     .wait_ms = 890,
                     .repeat = 1,
                     .threads = 20,
                     .processes = 2,
                     .traps = true},
        .cores = 2,
        .at = 1,
    };

    for (int w = 0; w < LAB_WORKS; w++) {
        r.works[w] = (struct lab_measured){
            .slowest_ms = 900, .cpu_ms = 400, .limit_ms = 900, .recommended = LAB_EVENT_LOOP};
        for (int m = 0; m < LAB_MODES; m++) {
            r.works[w].modes[m] = (struct lab_figure){
                .ms = {1000.0 * (m + 1), 900, 9000}, .cpu_ms = 400, .same_work = true};
        }
    }
    return r;
}

static void
test_json(void)
{
    struct lab_result r = made_up();
    struct buf text = {0};
    struct arena a = {0};
    struct json_object *tree = NULL, *works, *mode;
    struct json_error error;

    lab_write_json(&r, &text);
    ok(json_parse(text.at, text.len, &a, &tree, &error), "the result is JSON");
    works = member(tree, "works");
    is_int((int64_t)json_object_array_length(works), 3, "the result has three kinds of work");
    mode = json_object_array_get_idx(member(json_object_array_get_idx(works, 1), "modes"), 3);
    is_str(json_object_get_string(member(mode, "mode")), "processes",
           "each kind of work has four shapes");
    ok(json_object_get_double(member(mode, "speed_up")) == 0.25,
       "the speed-up is relative to serial mode");
    ok(json_object_get_double(member(mode, "of_limit")) > 4.44,
       "a figure is compared with the limit");
    ok(member(member(tree, "traps"), "blocked") != NULL, "the traps are in the result");
    json_object_put(tree);

    r.settings.traps = false;
    r.works[1].modes[2].same_work = false;
    r.works[1].limit_ms = 0;
    buf_clear(&text);
    lab_write_json(&r, &text);
    ok(json_parse(text.at, text.len, &a, &tree, &error) && member(tree, "traps") == NULL,
       "skipped traps are null, and a limit of 0 is not divided by");
    ok(!lab_all_same(&r), "a shape that did other work is noticed");
    json_object_put(tree);
    buf_free(&text);
    arena_free(&a);
}

static void
test_words(void)
{
    struct lab_result r = made_up();
    struct buf text = {0};
    int wordless = 0, alike = 0;

    for (int empty = 0; empty < 2; empty++) {
        r.settings.cpu = r.settings.wait_ms = empty == 0 ? 20 : 0;
        for (int w = 0; w < LAB_WORKS; w++) {
            for (int take = 0; take < LAB_MODES; take++) {
                char *en;

                r.works[w].recommended = (enum lab_mode)take;
                buf_clear(&text);
                lab_explain(&r, (enum lab_work)w, false, &text);
                wordless += text.len < 40 || strstr(buf_cstr(&text), "nan") != NULL;
                en = strdup(buf_cstr(&text));
                buf_clear(&text);
                lab_explain(&r, (enum lab_work)w, true, &text);
                wordless += text.len < 40;
                alike += en == NULL || strcmp(en, buf_cstr(&text)) == 0;
                free(en);
            }
        }
    }
    is_int(wordless, 0, "every result has an explanation");
    is_int(alike, 0, "the explanations differ by language");
    buf_free(&text);
}

static void
test_say_after(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct say_after took = {0};

    ok(say_after_run(out, 40, &took), "say_after runs");
    /* On a busy machine a wait may take too long by chance, but not each time. */
    for (int i = 0; i < 4 && took.concurrent_ms >= took.sequential_ms; i++) {
        (void)say_after_run(out, 40, &took);
    }
    (void)fclose(out);
    ok(took.sequential_ms >= 120, "say_after takes three seconds in sequence");
    ok(took.concurrent_ms >= 80 && took.concurrent_ms < took.sequential_ms,
       "say_after takes two seconds at once");
    ok(strstr(text, "hello      live tasks: 1") != NULL, "in sequence one task is live");
    ok(strstr(text, "hello      live tasks: 3") != NULL &&
           strstr(text, "world      live tasks: 2") != NULL,
       "at once three tasks are live, then two");
    free(text);
}

/* Send bytes to the endpoint; how many came back. */
static ssize_t
send_bytes(int port, const char *bytes, size_t len, char *answer, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ssize_t got = -1;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
        (void)send(fd, bytes, len, MSG_NOSIGNAL);
        if (len == 0) {
            (void)shutdown(fd, SHUT_WR);
        }
        got = recv(fd, answer, size - 1, 0);
    }
    (void)close(fd);
    answer[got > 0 ? got : 0] = '\0';
    return got;
}

static void
test_endpoint(void)
{
    struct endpoint e;
    char answer[512], large[5000];
    static const char *const odd[] = {
        "GET /wait/-1/1 HTTP/1.1\r\n\r\n",
        "GET /wait/60001/1 HTTP/1.1\r\n\r\n",
        "GET /wait/1/x HTTP/1.1\r\n\r\n",
        "POST /wait/1/1 HTTP/1.1\r\n\r\n",
        "GET /wait/1/1 HTTP/1.0\r\n\r\n",
        "\r\n\r\n",
        "GET /wait/99999999999999999999/1 HTTP/1.1\r\n\r\n",
    };
    int wrong = 0;
    struct http *http;

    ok(endpoint_start(&e), "the endpoint starts");
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        wrong += send_bytes(e.port, odd[i], strlen(odd[i]), answer, sizeof(answer)) <= 0 ||
                 strncmp(answer, "HTTP/1.1 404", 12) != 0;
    }
    is_int(wrong, 0, "unknown and malformed requests get 404");
    memset(large, 'x', sizeof(large));
    ok(send_bytes(e.port, large, sizeof(large), answer, sizeof(answer)) <= 0,
       "an endless request is cut off");
    ok(send_bytes(e.port, "", 0, answer, sizeof(answer)) == 0,
       "a connection without a request is closed");
    is_str(http_load(), NULL, "libcurl is installed");
    http = http_open(e.port);
    ok(http != NULL && http_wait(http, 1, 7), "the endpoint still answers valid requests");
    endpoint_stop(&e);
    ok(!http_wait(http, 1, 7), "a stopped endpoint gives no reply");
    http_close(http);
}

int
main(void)
{
    if (!random_init()) {
        return 1;
    }
    (void)setenv("TZ", "UTC", 1);
    test_endpoint();
    test_say_after();
    test_json();
    test_words();
    test_run();
    return done_testing();
}
