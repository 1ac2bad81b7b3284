/* One hook per thread. */
#include "base/wait_hook.h"

#include <stddef.h>

static _Thread_local struct {
    void (*run)(void *context);
    void *context;
} wait_hook;

void
wait_hook_set(void (*hook)(void *context), void *context)
{
    wait_hook.run = hook;
    wait_hook.context = context;
}

void
wait_hook_run(void)
{
    if (wait_hook.run != NULL) {
        wait_hook.run(wait_hook.context);
    }
}
