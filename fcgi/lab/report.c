/* Writes the measurements as JSON and as a table. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "fcgi/lab/lab.h"

static void
write_both(struct buf *out, const char *en, const char *zh)
{
    buf_str(out, "{\"en\":");
    json_text(out, en);
    buf_str(out, ",\"zh\":");
    json_text(out, zh);
    buf_char(out, '}');
}

static void
write_why(const struct lab_result *r, enum lab_work w, struct buf *out)
{
    struct buf en = {0}, zh = {0};

    lab_explain(r, w, false, &en);
    lab_explain(r, w, true, &zh);
    write_both(out, buf_cstr(&en), buf_cstr(&zh));
    buf_free(&en);
    buf_free(&zh);
}

static double
time_ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void
write_work(const struct lab_result *r, enum lab_work w, struct buf *out)
{
    const struct lab_measured *m = &r->works[w];

    buf_printf(out,
               "{\"work\":\"%s\",\"slowest_ms\":%.1f,\"cpu_ms\":%.1f,\"limit_ms\":%.1f,\"modes\":[",
               lab_work_names[w], m->slowest_ms, m->cpu_ms, m->limit_ms);
    for (int i = 0; i < LAB_MODES; i++) {
        const struct lab_figure *f = &m->modes[i];

        buf_printf(out,
                   "%s{\"mode\":\"%s\",\"ms\":%.1f,\"min_ms\":%.1f,\"max_ms\":%.1f,"
                   "\"speed_up\":%.3f,\"of_limit\":%.3f,\"cpu_ms\":%.1f,\"same_work\":%s}",
                   i > 0 ? "," : "", lab_mode_names[i], f->ms.median, f->ms.least, f->ms.most,
                   time_ratio(m->modes[LAB_SERIAL].ms.median, f->ms.median),
                   time_ratio(f->ms.median, m->limit_ms), f->cpu_ms,
                   f->same_work ? "true" : "false");
    }
    buf_printf(out, "],\"take\":\"%s\",\"why\":", lab_mode_names[m->recommended]);
    write_why(r, w, out);
    buf_char(out, '}');
}

static void
write_traps(const struct lab_traps *t, struct buf *out)
{
    buf_printf(out,
               "{\"blocked\":{\"block_ms\":%d,\"requests\":%d,\"event_loop_p50_ms\":%.2f,"
               "\"event_loop_max_ms\":%.2f,\"pool_threads\":%d,\"pool_p50_ms\":%.2f,"
               "\"pool_max_ms\":%.2f},",
               t->block_ms, t->requests, t->loop_p50_ms, t->loop_max_ms, t->pool_threads,
               t->pool_p50_ms, t->pool_max_ms);
    buf_printf(out,
               "\"pool\":{\"threads\":%d,\"requests\":%d,\"wait_ms\":%d,\"pool_first_ms\":%.1f,"
               "\"pool_last_ms\":%.1f,\"event_loop_last_ms\":%.1f}}",
               t->full_threads, t->full_requests, t->full_wait_ms, t->full_first_ms,
               t->full_last_ms, t->full_loop_last_ms);
}

void
lab_write_json(const struct lab_result *r, struct buf *out)
{
    const struct lab_settings *s = &r->settings;
    char at[CLOCK_TEXT_SIZE];

    at[clock_format(r->at, at)] = '\0';
    buf_printf(
        out,
        "{\"version\":\"%s\",\"at\":\"%s\",\"cores\":%d,\"settings\":{\"tasks\":%d,"
        "\"cpu\":%d,\"wait_ms\":%d,\"repeat\":%d,\"threads\":%d,\"processes\":%d},\"works\":[",
        FASTCHAT_VERSION, at, r->cores, s->tasks, s->cpu, s->wait_ms, s->repeat, s->threads,
        s->processes);
    for (int w = 0; w < LAB_WORKS; w++) {
        if (w > 0) {
            buf_char(out, ',');
        }
        write_work(r, w, out);
    }
    buf_str(out, "],\"traps\":");
    if (s->traps) {
        write_traps(&r->traps, out);
    } else {
        buf_str(out, "null");
    }
    buf_str(out, ",\"rule\":");
    write_both(out, lab_rule(false), lab_rule(true));
    buf_char(out, '}');
}

static const char *const headings[LAB_WORKS] = {[LAB_MIXED] = "Computing and waiting",
                                                [LAB_CPU] = "Pure computing",
                                                [LAB_WAIT] = "Pure waiting"};
static const char *const shapes[LAB_MODES] = {"serial", "threads", "event loop", "processes"};

/* Prints text with line breaks between words. */
static void
print_wrapped(const char *text, FILE *out)
{
    enum { WIDTH = 96 };
    size_t column = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (column > 0 && column + 1 + len > WIDTH) {
            (void)fputc('\n', out);
            column = 0;
        }
        (void)fprintf(out, "%s%.*s", column == 0 ? "  " : " ", (int)len, text);
        column += 1 + len;
        text += len;
        text += *text == ' ';
    }
    (void)fputc('\n', out);
}

static void
print_work(const struct lab_result *r, enum lab_work w, FILE *out)
{
    const struct lab_measured *m = &r->works[w];
    struct buf why = {0};

    (void)fprintf(out,
                  "\n%s: no shape can be faster than %.3f s\n"
                  "(the slowest single task %.3f s; all computing over %d cores %.3f s)\n\n",
                  headings[w], m->limit_ms / 1000, m->slowest_ms / 1000, r->cores,
                  m->cpu_ms / r->cores / 1000);
    (void)fprintf(out, "  %-11s %10s %19s %10s %10s %10s  %s\n", "shape", "time", "least - most",
                  "speed-up", "of limit", "CPU", "same work");
    for (int i = 0; i < LAB_MODES; i++) {
        const struct lab_figure *f = &m->modes[i];

        (void)fprintf(out, "  %-11s %8.3f s %8.3f - %6.3f s %8.2f x %8.2f x %8.3f s  %s%s\n",
                      shapes[i], f->ms.median / 1000, f->ms.least / 1000, f->ms.most / 1000,
                      time_ratio(m->modes[LAB_SERIAL].ms.median, f->ms.median),
                      time_ratio(f->ms.median, m->limit_ms), f->cpu_ms / 1000,
                      f->same_work ? "yes" : "NO",
                      (int)m->recommended == i ? "   <- recommended" : "");
    }
    lab_explain(r, w, false, &why);
    (void)fputc('\n', out);
    print_wrapped(buf_cstr(&why), out);
    buf_free(&why);
}

static void
print_traps(const struct lab_traps *t, FILE *out)
{
    (void)fprintf(out,
                  "\nThe first trap: a handler that blocks for %d ms, while %d other requests come "
                  "at an even pace\n\n"
                  "  event loop          p50 %8.2f ms   slowest %8.2f ms   all requests wait\n"
                  "  pool of %2d threads  p50 %8.2f ms   slowest %8.2f ms   one thread waits\n",
                  t->block_ms, t->requests, t->loop_p50_ms, t->loop_max_ms, t->pool_threads,
                  t->pool_p50_ms, t->pool_max_ms);
    (void)fprintf(out,
                  "\nThe second trap: %d requests at once, each waits for %d ms\n\n"
                  "  pool of %d threads  the first after %.0f ms, the last after %.0f ms: it "
                  "waits for a thread\n"
                  "  event loop          the last after %.0f ms\n",
                  t->full_requests, t->full_wait_ms, t->full_threads, t->full_first_ms,
                  t->full_last_ms, t->full_loop_last_ms);
}

void
lab_print(const struct lab_result *r, FILE *out)
{
    const struct lab_settings *s = &r->settings;

    (void)fprintf(out,
                  "%d tasks; computing is %d units of work each, waiting is one request, "
                  "answered after %d ms;\n%d cores, %d threads, %d processes; %s\n",
                  s->tasks, s->cpu, s->wait_ms, r->cores, s->threads, s->processes,
                  s->repeat == 1 ? "one run" : "medians of several runs");
    for (int w = 0; w < LAB_WORKS; w++) {
        print_work(r, w, out);
    }
    if (s->traps) {
        print_traps(&r->traps, out);
    }
    (void)fputc('\n', out);
    print_wrapped(lab_rule(false), out);
    if (!lab_all_same(r)) {
        (void)fputs("\nNot every shape did the same work, so the figures cannot be compared.\n",
                    out);
    }
}
