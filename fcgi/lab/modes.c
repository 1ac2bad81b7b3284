/*
 * A task is the same in all modes; they differ in its caller. The event loop calls its two halves,
 * computing and waiting, separately.
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
    ROUNDS = 500 * 1000,      /* of one unit of work: about a millisecond */
    STACK_BYTES = 256 * 1024, /* of a thread */
};

const char *const lab_mode_names[LAB_MODES] = {"serial", "threads", "event_loop", "processes"};

struct lab_tasks *
lab_tasks_open(void)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_ANONYMOUS;
    /* cppcheck-suppress invalidFunctionArg ; mmap(2): -1 if there is no file */
    struct lab_tasks *t = mmap(NULL, sizeof(*t), protection, flags, -1, 0);

    /* cppcheck-suppress memleak ; it is the caller's */
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
 * Each step depends on the one before (xorshift64, Marsaglia 2003), so neither compiler nor
 * processor can skip one.
 */
static uint64_t
task_compute(int task, int units)
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
thread_cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Returns the next unclaimed task; -1 if there is none. */
static int
shared_tasks_claim(struct lab_tasks *t, const struct lab_job *job)
{
    int i = atomic_load(&t->stopped) || job->is_stopped() ? job->tasks
                                                          : atomic_fetch_add(&t->next, 1);

    return i < job->tasks ? i : -1;
}

/* A whole task; blocks during its wait. */
static void
task_run_whole(const struct lab_job *job, int i, struct http *http, struct lab_done *done)
{
    int64_t began = clock_mono_us(), cpu = thread_cpu_us();
    uint64_t sum = task_compute(i, job->cpu);

    done->good = !job->requests || (http != NULL && http_wait(http, job->wait_ms, i));
    done->sum = sum;
    done->cpu_us = thread_cpu_us() - cpu;
    done->took_us = clock_mono_us() - began;
}

/* Claims and runs tasks until none is left. */
static void
tasks_run_all(const struct lab_job *job, struct lab_tasks *tasks, void (*task_done)(void *context))
{
    struct http *http = job->requests ? http_open(job->port) : NULL;

    for (int i = shared_tasks_claim(tasks, job); i >= 0; i = shared_tasks_claim(tasks, job)) {
        task_run_whole(job, i, http, &tasks->done[i]);
        if (task_done != NULL) {
            task_done(job->context);
        }
    }
    http_close(http);
}

static bool
mode_serial(const struct lab_job *job, struct lab_tasks *tasks)
{
    tasks_run_all(job, tasks, job->task_done);
    return true;
}

struct thread_share {
    const struct lab_job *job;
    struct lab_tasks *tasks;
};

static void *
mode_thread(void *context)
{
    const struct thread_share *share = context;

    tasks_run_all(share->job, share->tasks, NULL);
    return NULL;
}

static bool
mode_threads(const struct lab_job *job, struct lab_tasks *tasks)
{
    struct thread_share share = {job, tasks};
    pthread_t threads[LAB_TASKS_MAX];
    pthread_attr_t attributes;
    int count = 0, error = pthread_attr_init(&attributes);

    if (error == 0) {
        error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
        while (error == 0 && count < job->threads && count < job->tasks) {
            error = pthread_create(&threads[count], &attributes, mode_thread, &share);
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
mode_processes(const struct lab_job *job, struct lab_tasks *tasks)
{
    pid_t pids[LAB_TASKS_MAX], parent = getpid();
    int count = 0, error = 0;

    while (error == 0 && count < job->processes && count < job->tasks) {
        pids[count] = fork();
        if (pids[count] == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent) {
                tasks_run_all(job, tasks, NULL);
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

/* One run of the event loop, which has all tasks at once. */
struct loop_run {
    const struct lab_job *job;
    struct lab_tasks *tasks;
    struct reactor *reactor;
    struct http_many *many;
    struct loop_task {
        struct reactor_timer timer; /* first, so that its callback can cast */
        struct loop_run *loop_run;
        int64_t began_us;
    } loop_tasks[LAB_TASKS_MAX];
};

static void
loop_task_done(void *context, int i, bool good)
{
    struct loop_run *loop_run = context;
    struct lab_done *done = &loop_run->tasks->done[i];

    done->good = good;
    done->took_us = clock_mono_us() - loop_run->loop_tasks[i].began_us;
}

/* The first half of a task, which blocks all others. */
static void
loop_task_begin(struct reactor_timer *t)
{
    struct loop_task *loop_task = (struct loop_task *)t;
    struct loop_run *loop_run = loop_task->loop_run;
    const struct lab_job *job = loop_run->job;
    int i = shared_tasks_claim(loop_run->tasks, job);
    int64_t cpu = thread_cpu_us();

    if (i < 0) {
        return;
    }
    loop_run->loop_tasks[i].began_us = clock_mono_us();
    loop_run->tasks->done[i].sum = task_compute(i, job->cpu);
    loop_run->tasks->done[i].cpu_us = thread_cpu_us() - cpu;
    if (!job->requests) {
        loop_task_done(loop_run, i, true);
    } else if (!http_many_wait(loop_run->many, job->wait_ms, i, loop_task_done, loop_run)) {
        loop_task_done(loop_run, i, false);
    }
}

static bool
mode_event_loop(const struct lab_job *job, struct lab_tasks *tasks)
{
    struct loop_run loop_run = {.job = job, .tasks = tasks, .reactor = reactor_open()};
    bool good;

    if (loop_run.reactor == NULL) {
        return false;
    }
    loop_run.many = job->requests ? http_many_open(loop_run.reactor, job->port) : NULL;
    good = !job->requests || loop_run.many != NULL;
    for (int i = 0; good && i < job->tasks; i++) {
        loop_run.loop_tasks[i].loop_run = &loop_run;
        reactor_after(loop_run.reactor, &loop_run.loop_tasks[i].timer, 0, loop_task_begin);
    }
    reactor_run(loop_run.reactor);
    http_many_close(loop_run.many);
    reactor_close(loop_run.reactor);
    return good;
}

static int64_t
all_cpu_us(void)
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
        mode_serial, mode_threads, mode_event_loop, mode_processes};
    int64_t began, cpu;
    bool good;

    atomic_store(&tasks->next, 0);
    for (int i = 0; i < job->tasks; i++) {
        tasks->done[i] = (struct lab_done){0};
    }
    began = clock_mono_us();
    cpu = all_cpu_us();
    good = runs[mode](job, tasks);
    time->us = clock_mono_us() - began;
    time->cpu_us = all_cpu_us() - cpu;
    return good;
}
