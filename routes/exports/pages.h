/* The pages of an export, for people: HTML that needs no other file, and prints well. */
#ifndef ROUTES_EXPORTS_PAGES_H
#define ROUTES_EXPORTS_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/exports.h"
#include "db/room_log.h"
#include "db/users.h"
#include "routes/frame/request.h"

enum { PAGE_ENTRIES = 1000 };

/*
 * "rooms/12 name", without characters that a file system or a shell treats specially. In the arena.
 */
const char *pages_folder(struct arena *a, int64_t id, const char *title) __attribute__((nonnull));

/* How many pages a room has; at least one. */
int64_t pages_count(const struct export_room *room) __attribute__((nonnull));

/*
 * Append one page of a room: its beginning, each entry, its end. `me` is the exporting user. `day`
 * carries the day of the last entry from call to call; "" before the first.
 */
void pages_begin(const struct export_room *room, int64_t page, enum language language,
                 struct buf *out) __attribute__((nonnull));
void pages_entry(const struct entry *e, int64_t me, char day[static 11], enum language language,
                 struct buf *out) __attribute__((nonnull));
void pages_end(const struct export_room *room, int64_t page, enum language language,
               struct buf *out) __attribute__((nonnull));

/* Appends the page that lists the rooms. */
void pages_index(const struct user *user, const struct export_room *rooms, size_t count,
                 int64_t made_at, enum language language, struct buf *out) __attribute__((nonnull));

#endif
