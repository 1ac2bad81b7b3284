/* Functions that the files of the hub share. */
#ifndef FCGI_EVENTS_HUB_INTERNAL_H
#define FCGI_EVENTS_HUB_INTERNAL_H

#include "fcgi/events/hub.h"

/* The room's log may have entries beyond the delivered ones. */
void hub_mark_behind(struct hub *hub, struct hub_room *room) __attribute__((nonnull));

/* The room may be that of another history: hints wait until the database was asked. */
void hub_doubt(struct hub *hub, struct hub_room *room) __attribute__((nonnull));

/* Queues an event for a user's streams. */
void hub_send_to_user(struct hub *hub, const struct hub_user *user, const struct event *e)
    __attribute__((nonnull));

/* Queues an event for all watchers but one: a user id, or 0 for all watchers. */
void hub_send_to_room(struct hub *hub, const struct hub_room *room, const struct event *e,
                      int64_t except_user_id) __attribute__((nonnull));

/* Wakes the user's long polls, which then read what is new from the database. */
void hub_wake_user(struct hub *hub, const struct hub_user *user) __attribute__((nonnull));

/* Keeps a change of presence until it is sent. */
void hub_note_presence(struct hub *hub, const struct hint *hint) __attribute__((nonnull));

/* Sends the changes that were noted: to each user those of others in its rooms, in one piece. */
void hub_send_presence(struct hub *hub) __attribute__((nonnull));

/* The number of the next change. */
uint64_t hub_presence_next(const struct hub *hub) __attribute__((nonnull));

#endif
