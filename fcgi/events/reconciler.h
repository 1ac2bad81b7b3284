/*
 * The thread of the event loop that looks into MySQL: which rooms have gone on, which users' rooms or sessions have changed. So no
 * entry waits for a hint longer than the time between two looks. It also keeps presence.
 */
#ifndef FCGI_EVENTS_RECONCILER_H
#define FCGI_EVENTS_RECONCILER_H

#include "db/live.h"
#include "fcgi/app.h"
#include "fcgi/events/queue.h"

/* What to look at. Made with calloc; the healer frees it. */
struct checkup {
    struct letter letter;
    struct live_mark *rooms,
        *users; /* malloc; number: the seq that was delivered; changes, or -1: look in any case */
    size_t room_count, user_count;
    int64_t *online; /* malloc; users who hold streams: say so in Redis */
    size_t online_count;
    bool sweep; /* look who has gone offline */
};

enum news_kind { NEWS_ENTRY, NEWS_REACHED, NEWS_USER, NEWS_HINT, NEWS_LOST, NEWS_DONE };

/* What was found. Free it with free. */
struct news {
    struct letter letter;
    enum news_kind kind;
    int64_t id; /* of the room or user */
    int64_t
        number; /* NEWS_ENTRY, NEWS_REACHED: seq; NEWS_USER: changes; NEWS_DONE: 1 where the database answered */
    size_t room_count, session_count; /* NEWS_USER: of the marks, rooms first */
    const struct live_mark *marks;
    size_t
        len; /* of `text`: NEWS_ENTRY: the entry's JSON in ASCII; NEWS_HINT: a hint as it was published */
    const char *text;
};

/* A news with room for `len` bytes of text and `marks` marks. */
struct news *news_new(enum news_kind kind, int64_t id, int64_t number, const char *text, size_t len)
    __attribute__((returns_nonnull, warn_unused_result));

struct healer;

/* `done` gets the news; a NEWS_DONE ends those of each checkup. NULL: no thread. */
struct healer *healer_open(const struct app *app, struct mailbox *done)
    __attribute__((nonnull, warn_unused_result));
void healer_put(struct healer *h, struct checkup *c) __attribute__((nonnull));
void healer_close(struct healer *h);

#endif
