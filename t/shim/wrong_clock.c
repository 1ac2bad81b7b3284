/* A host whose clock is wrong by FASTCHAT_CLOCK_SHIFT seconds (LD_PRELOAD). */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int
clock_gettime(clockid_t id, struct timespec *now)
{
    const char *shift = getenv("FASTCHAT_CLOCK_SHIFT");
    int (*real)(clockid_t, struct timespec *);
    int result;

    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    result = real(id, now);
    if (id == CLOCK_REALTIME && shift != NULL) {
        now->tv_sec += atoi(shift);
    }
    return result;
}
