/*
 * A function that a thread calls before it waits for another program: the database or Redis. By
 * default there is none. A worker's threads let others take over.
 */
#ifndef BASE_WAIT_HOOK_H
#define BASE_WAIT_HOOK_H

/* Sets the calling thread's hook; NULL for none. */
void wait_hook_set(void (*hook)(void *context), void *context);

/* The calling thread is about to wait. */
void wait_hook_run(void);

#endif
