/* The thread of the event loop that receives the hints that are published through Redis. */
#ifndef FCGI_EVENTS_SUBSCRIBER_H
#define FCGI_EVENTS_SUBSCRIBER_H

#include "fcgi/app.h"
#include "fcgi/events/queue.h"
#include "fcgi/events/watched_rooms.h"

struct subscriber;

/*
 * Starts the thread. It puts findings (reconciler.h) in `done`: FINDING_HINT for each hint, but not
 * for rooms that nobody watches, and FINDING_LOST whenever hints may have been missed. Returns NULL
 * with errno set if no thread can be started.
 */
struct subscriber *subscriber_open(const struct app *app, struct watched_rooms *watched,
                                   struct queue *done) __attribute__((nonnull, warn_unused_result));

/* Ends the thread. NULL is allowed. */
void subscriber_close(struct subscriber *s);

#endif
