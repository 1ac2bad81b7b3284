/* The thread of the event loop that hears what is published through Redis. */
#ifndef FCGI_EVENTS_SUBSCRIBER_H
#define FCGI_EVENTS_SUBSCRIBER_H

#include "fcgi/app.h"
#include "fcgi/events/queue.h"

struct hints;

/* What is heard comes to `done` as NEWS_HINT; NEWS_LOST each time after something may have been missed. NULL: no thread. */
struct hints *hints_open(const struct app *app, struct mailbox *done)
    __attribute__((nonnull, warn_unused_result));
void hints_close(struct hints *h);

#endif
