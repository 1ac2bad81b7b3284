/* Explains each recommendation by the essay's rule, in English and Chinese. */
#include "fcgi/lab/lab.h"

const char *
lab_rule(bool chinese)
{
    return chinese
               ? "规则：计算密集用进程；连接数有限的"
                 "快速 I/O 用有界线程池；"
                 "大量连接上的慢速 I/O 用事件循环；比一次请求更久的工作放到后台。"
               : "The rule: processes for CPU-bound work; a bounded pool of threads for fast I/O "
                 "on a bounded number of connections; an event loop for slow I/O on many "
                 "connections; the background for work that outlives a request.";
}

static double
figure_seconds(const struct lab_measured *m, enum lab_mode mode)
{
    return m->modes[mode].ms.median / 1000;
}

static double
figure_speed_up(const struct lab_measured *m, enum lab_mode mode)
{
    double own = m->modes[mode].ms.median;

    return own > 0 ? m->modes[LAB_SERIAL].ms.median / own : 0;
}

static const char *
mode_name(enum lab_mode mode, bool chinese)
{
    static const char *const en[LAB_MODES] = {"serial mode", "threads", "an event loop",
                                              "processes"};
    static const char *const zh[LAB_MODES] = {"逐个执行", "线程", "事件循环", "进程"};

    return chinese ? zh[mode] : en[mode];
}

/* For work of which the settings ask for none. */
static void
explain_nothing(bool chinese, struct buf *out)
{
    buf_str(out, chinese
                     ? "这些任务没有这种工作，时间只是各种方式自身的开销。"
                     : "These tasks have no such work: the times are the overhead of each shape.");
}

/* A core computes one thing at a time, whatever the shape. */
static void
explain_computing(const struct lab_result *r, const struct lab_measured *m, bool chinese,
                  struct buf *out)
{
    if (m->recommended == LAB_PROCESSES) {
        buf_printf(
            out,
            chinese ? "计算需要 CPU 核心：%d 个进程在 %d 个核心上用时 %.3f 秒，是逐个执行的 %.2f "
                      "倍。事件循环只用一个核心（%.3f 秒）。C 的线程也能并行计算（%.3f 秒，Python "
                      "受 GIL 限制则不能），但进程之间互不牵连：一个崩溃，其余照常。"
                    : "Computing needs cores: %d processes on %d cores took %.3f s, %.2f x as "
                      "fast as serial. An event loop uses one core (%.3f s). C threads compute "
                      "in parallel, too (%.3f s; Python's cannot, because of the GIL), but a "
                      "crash in a process leaves the others running.",
            r->settings.processes, r->cores, figure_seconds(m, LAB_PROCESSES),
            figure_speed_up(m, LAB_PROCESSES), figure_seconds(m, LAB_EVENT_LOOP),
            figure_seconds(m, LAB_THREADS));
    } else {
        buf_printf(
            out,
            chinese
                ? "这里%s最快（%.3f 秒），进程用时 %.3f 秒：工作太小，或者核心不够，不值得为它启动进程。"
                : "Here the fastest was %s (%.3f s; processes %.3f s): the work is too small, "
                  "or the cores are too few, to be worth a process.",
            mode_name(m->recommended, chinese), figure_seconds(m, m->recommended),
            figure_seconds(m, LAB_PROCESSES));
    }
}

/* Waiting takes no core, only memory for each wait. */
static void
explain_waiting(const struct lab_result *r, const struct lab_measured *m, bool chinese,
                struct buf *out)
{
    double above = 100 * (m->modes[m->recommended].ms.median / m->limit_ms - 1);

    if (m->recommended == LAB_EVENT_LOOP || m->recommended == LAB_THREADS) {
        buf_printf(
            out,
            chinese
                ? "等待不占用 CPU 核心：%s同时等待 %d 个请求，用时 %.3f 秒，只比最慢的单个任务多 %.1f%%；逐个执行要 "
                  "%.3f 秒。线程用时 %.3f 秒，但每个等待要占一个栈；%d 个进程一次只能等 %d 个，用时 %.3f 秒。"
                : "Waiting needs no core: with %s all %d requests waited at once, in "
                  "%.3f s, %.1f %% more than the slowest single task; serially it took "
                  "%.3f s. Threads took %.3f s, but each wait holds a "
                  "stack; %d processes wait for %d at a time, and took %.3f s.",
            mode_name(m->recommended, chinese), r->settings.tasks,
            figure_seconds(m, m->recommended), above > 0 ? above : 0, figure_seconds(m, LAB_SERIAL),
            figure_seconds(m, LAB_THREADS), r->settings.processes, r->settings.processes,
            figure_seconds(m, LAB_PROCESSES));
    } else {
        buf_printf(
            out,
            chinese ? "这里%s最快（%.3f 秒）：等待太短，事件循环（%.3f 秒）没有什么可以省下。"
                    : "Here the fastest was %s (%.3f s): the wait is too short for an event loop "
                      "(%.3f s) to save anything.",
            mode_name(m->recommended, chinese), figure_seconds(m, m->recommended),
            figure_seconds(m, LAB_EVENT_LOOP));
    }
}

/* Computing delays the tasks that wait, unless it runs elsewhere. */
static void
explain_both(const struct lab_measured *m, bool chinese, struct buf *out)
{
    if (m->recommended == LAB_EVENT_LOOP) {
        buf_printf(out,
                   chinese ? "计算很少（共 %.3f 秒）时事件循环就够了：%.3f 秒，线程 %.3f "
                             "秒。计算一多，循环里每一次计算都会让其他请求等待，应移到进程里。"
                           : "With so little computing (%.3f s in all) an event loop is enough: "
                             "%.3f s, threads %.3f s. With more of it, each task would delay all "
                             "others in the loop: move computing to processes.",
                   m->cpu_ms / 1000, figure_seconds(m, LAB_EVENT_LOOP),
                   figure_seconds(m, LAB_THREADS));
    } else if (m->recommended == LAB_THREADS) {
        buf_printf(out,
                   chinese
                       ? "这里用有界线程池：%.3f 秒。事件循环（%.3f 秒）在计算（共 %.3f "
                         "秒）时不能做别的事，只用一个核心；进程（%.3f 秒）一次只等一个请求。"
                         "计算再多，就放到进程里，等待留给事件循环。"
                       : "Here use a bounded pool of threads: %.3f s. An event loop (%.3f s) does "
                         "nothing else while it computes (%.3f s in all, on one core); a "
                         "process waits for one request at a time (%.3f s). With more "
                         "computing: compute in processes, and wait in an event loop.",
                   figure_seconds(m, LAB_THREADS), figure_seconds(m, LAB_EVENT_LOOP),
                   m->cpu_ms / 1000, figure_seconds(m, LAB_PROCESSES));
    } else {
        buf_printf(
            out,
            chinese ? "这里%s最快（%.3f 秒）；线程 %.3f 秒，事件循环 %.3f 秒：计算占了大部分时间。"
                    : "Here the fastest was %s (%.3f s; threads %.3f s, an event loop %.3f s): "
                      "computing is most of the work.",
            mode_name(m->recommended, chinese), figure_seconds(m, m->recommended),
            figure_seconds(m, LAB_THREADS), figure_seconds(m, LAB_EVENT_LOOP));
    }
}

void
lab_explain(const struct lab_result *r, enum lab_work w, bool chinese, struct buf *out)
{
    const struct lab_measured *m = &r->works[w];

    if ((w == LAB_CPU && r->settings.cpu == 0) || (w == LAB_WAIT && r->settings.wait_ms == 0)) {
        explain_nothing(chinese, out);
    } else if (w == LAB_CPU) {
        explain_computing(r, m, chinese, out);
    } else if (w == LAB_WAIT) {
        explain_waiting(r, m, chinese, out);
    } else {
        explain_both(m, chinese, out);
    }
}
