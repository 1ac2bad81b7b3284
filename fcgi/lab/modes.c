/*
 * In all modes a task is the same function; only its caller differs. The event loop calls its two
 * halves separately.
 */
#include "fcgi/lab/modes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/lab/http.h"

enum {
    ROUNDS = 500 * 1000,      /* in one unit of work, about a millisecond */
    STACK_BYTES = 256 * 1024, /* of a thread */
};

const char *const lab_mode_names[LAB_MODES] = {"serial", "threads", "event_loop", "processes"};

struct lab_tasks *
lab_tasks_open(void)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_ANONYMOUS;
    /* cppcheck-suppress invalidFunctionArg ; mmap(2): -1 without a file */
    struct lab_tasks *t = mmap(NULL, sizeof(*t), protection, flags, -1, 0);

    /* cppcheck-suppress memleak ; the caller owns it */
    return t == MAP_FAILED ? NULL : t;
}

void
lab_tasks_close(struct lab_tasks *t)
{
    if (t != NULL) {
        (void)munmap(t, sizeof(*t));
    }
}

/*
 * Each round needs the result of the previous one (xorshift64, Marsaglia 2003), so neither compiler
 * nor processor can skip any.
 */
static uint64_t
lab_compute(int task, int units)
{
    uint64_t x = (uint64_t)task + 1;

    for (int64_t i = 0; i < (int64_t)units * ROUNDS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static int64_t
lab_thread_cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Takes the next task; -1 if none is left. */
static int
lab_take_task(struct lab_tasks *t, const struct lab_job *job)
{
    int i = atomic_load(&t->stopped) || job->is_stopped() ? job->tasks
                                                          : atomic_fetch_add(&t->next, 1);

    return i < job->tasks ? i : -1;
}

/* A whole task, for a caller that may block. */
static void
lab_do_task(const struct lab_job *job, int i, struct http *http, struct lab_done *done)
{
    int64_t began = clock_mono_us(), cpu = lab_thread_cpu_us();
    uint64_t sum = lab_compute(i, job->cpu);

    done->good = !job->asks || (http != NULL && http_wait(http, job->wait_ms, i));
    done->sum = sum;
    done->cpu_us = lab_thread_cpu_us() - cpu;
    done->took_us = clock_mono_us() - began;
}

/* Runs tasks until none is left. */
static void
lab_do_tasks(const struct lab_job *job, struct lab_tasks *tasks, void (*on_task)(void *owner))
{
    struct http *http = job->asks ? http_open(job->port) : NULL;

    for (int i = lab_take_task(tasks, job); i >= 0; i = lab_take_task(tasks, job)) {
        lab_do_task(job, i, http, &tasks->done[i]);
        if (on_task != NULL) {
            on_task(job->owner);
        }
    }
    http_close(http);
}

static bool
lab_run_serial(const struct lab_job *job, struct lab_tasks *tasks)
{
    lab_do_tasks(job, tasks, job->on_task);
    return true;
}

struct crew {
    const struct lab_job *job;
    struct lab_tasks *tasks;
};

static void *
lab_run_thread(void *context)
{
    const struct crew *crew = context;

    lab_do_tasks(crew->job, crew->tasks, NULL);
    return NULL;
}

static bool
lab_run_threads(const struct lab_job *job, struct lab_tasks *tasks)
{
    struct crew crew = {job, tasks};
    pthread_t threads[LAB_TASKS_MAX];
    pthread_attr_t attributes;
    int count = 0, error = pthread_attr_init(&attributes);

    if (error == 0) {
        error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
        while (error == 0 && count < job->threads && count < job->tasks) {
            error = pthread_create(&threads[count], &attributes, lab_run_thread, &crew);
            count += error == 0;
        }
        (void)pthread_attr_destroy(&attributes);
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    errno = error;
    return error == 0;
}

static bool
lab_run_processes(const struct lab_job *job, struct lab_tasks *tasks)
{
    pid_t pids[LAB_TASKS_MAX], parent = getpid();
    int count = 0, error = 0;

    while (error == 0 && count < job->processes && count < job->tasks) {
        pids[count] = fork();
        if (pids[count] == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent) {
                lab_do_tasks(job, tasks, NULL);
            }
            _exit(0);
        }
        error = pids[count] < 0 ? errno : 0;
        count += error == 0;
    }
    for (int i = 0; i < count;) {
        if (waitpid(pids[i], NULL, 0) == pids[i] || errno != EINTR) {
            i++;
        } else if (job->is_stopped()) {
            atomic_store(&tasks->stopped, true); /* each ends after its current task */
        }
    }
    errno = error;
    return error == 0;
}

/* The event loop, in which all tasks run at once. */
struct round {
    const struct lab_job *job;
    struct lab_tasks *tasks;
    struct reactor *reactor;
    struct http_many *many;
    struct begun {
        struct reactor_timer timer; /* first: reactor.h */
        struct round *round;
        int64_t began_us;
    } begun[LAB_TASKS_MAX];
};

static void
lab_on_reply(void *owner, int i, bool good)
{
    struct round *round = owner;
    struct lab_done *done = &round->tasks->done[i];

    done->good = good;
    done->took_us = clock_mono_us() - round->begun[i].began_us;
}

/* The first half of a task, during which all others wait. */
static void
lab_begin_task(struct reactor_timer *t)
{
    struct begun *begun = (struct begun *)t;
    struct round *round = begun->round;
    const struct lab_job *job = round->job;
    int i = lab_take_task(round->tasks, job);
    int64_t cpu = lab_thread_cpu_us();

    if (i < 0) {
        return;
    }
    round->begun[i].began_us = clock_mono_us();
    round->tasks->done[i].sum = lab_compute(i, job->cpu);
    round->tasks->done[i].cpu_us = lab_thread_cpu_us() - cpu;
    if (!job->asks) {
        lab_on_reply(round, i, true);
    } else if (!http_many_wait(round->many, job->wait_ms, i, lab_on_reply, round)) {
        lab_on_reply(round, i, false);
    }
}

static bool
lab_run_event_loop(const struct lab_job *job, struct lab_tasks *tasks)
{
    struct round round = {.job = job, .tasks = tasks, .reactor = reactor_open()};
    bool good;

    if (round.reactor == NULL) {
        return false;
    }
    round.many = job->asks ? http_many_open(round.reactor, job->port) : NULL;
    good = !job->asks || round.many != NULL;
    for (int i = 0; good && i < job->tasks; i++) {
        round.begun[i].round = &round;
        reactor_after(round.reactor, &round.begun[i].timer, 0, lab_begin_task);
    }
    reactor_run(round.reactor);
    http_many_close(round.many);
    reactor_close(round.reactor);
    return good;
}

static int64_t
lab_all_cpu_us(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    int64_t us = 0;

    for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
        struct rusage used;

        (void)getrusage(whose[i], &used);
        us += (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
              used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    }
    return us;
}

bool
lab_run_mode(enum lab_mode mode, const struct lab_job *job, struct lab_tasks *tasks,
             struct lab_time *time)
{
    static bool (*const runs[LAB_MODES])(const struct lab_job *, struct lab_tasks *) = {
        lab_run_serial, lab_run_threads, lab_run_event_loop, lab_run_processes};
    int64_t began, cpu;
    bool good;

    atomic_store(&tasks->next, 0);
    for (int i = 0; i < job->tasks; i++) {
        tasks->done[i] = (struct lab_done){0};
    }
    began = clock_mono_us();
    cpu = lab_all_cpu_us();
    good = runs[mode](job, tasks);
    time->us = clock_mono_us() - began;
    time->cpu_us = lab_all_cpu_us() - cpu;
    return good;
}
