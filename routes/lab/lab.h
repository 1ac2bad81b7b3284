/* The lab group: admins measure which process shape suits which work on this server. */
#ifndef ROUTES_LAB_LAB_H
#define ROUTES_LAB_LAB_H

#include <stdint.h>

/* A run is a task of this kind; its arguments are a JSON object of struct lab_new. */
#define LAB_KIND "lab"
enum {
    LAB_TASKS_MAX = 100,
    LAB_CPU_MAX = 1000, /* units of work of a task */
    LAB_WAIT_MAX_MS = 5000,
    LAB_REPEAT_MAX = 9,
};
struct lab_new {
    int64_t tasks, cpu, wait_ms, repeat;
};

#endif
