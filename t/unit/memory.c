/* base/memory: heap memory that is never NULL. */
#include "base/memory.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/unit/tap.h"

static void
test_arrays(void)
{
    int *numbers = memory_array(1000, sizeof(*numbers));
    bool zeroed = true;

    for (int i = 0; i < 1000; i++) {
        zeroed = zeroed && numbers[i] == 0;
    }
    ok(zeroed, "a new array is zeroed");
    free(numbers);
    numbers = memory_array(0, sizeof(*numbers));
    ok(numbers != NULL, "an array of no elements is not NULL");
    free(numbers);
}

static void
test_growing(void)
{
    size_t capacity = 0;
    int *numbers = NULL, moved = 0;
    bool kept = true;

    for (int i = 0; i < 10000; i++) {
        size_t before = capacity;

        numbers = memory_grow(numbers, &capacity, (size_t)i + 1, sizeof(*numbers));
        numbers[i] = i;
        moved += capacity != before;
    }
    for (int i = 0; i < 10000; i++) {
        kept = kept && numbers[i] == i;
    }
    ok(kept, "a growing array keeps its elements");
    ok(moved < 20, "10,000 appended elements move a growing array fewer than 20 times");
    numbers = memory_grow(numbers, &capacity, 100000, sizeof(*numbers));
    ok(capacity >= 100000, "an array grows to what is needed in one step");
    free(numbers);
}

static void
test_exhaustion(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        (void)close(STDERR_FILENO);
        memory_exhausted(1);
    }
    (void)waitpid(child, &status, 0);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
       "a process without memory aborts, so that its supervisor starts another");
}

int
main(void)
{
    test_arrays();
    test_growing();
    test_exhaustion();
    return done_testing();
}
