/* The pages of an export that people read: HTML that needs nothing beside it, and prints. */
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

/* "rooms/12 name": what no file system takes is taken out of the name. In the arena. */
const char *pages_folder(struct arena *a, int64_t id, const char *title) __attribute__((nonnull));

/* How many pages a room has, one at least. */
int64_t pages_count(const struct export_room *room) __attribute__((nonnull));

/*
 * One page of a room, appended: what stands before its entries; each entry; what stands behind
 * them. `day` is "" before the first.
 */
void pages_begin(const struct export_room *room, int64_t page, enum language language,
                 struct buf *out) __attribute__((nonnull));
void pages_entry(const struct entry *e, int64_t me, char day[static 11], enum language language,
                 struct buf *out) __attribute__((nonnull));
void pages_end(const struct export_room *room, int64_t page, enum language language,
               struct buf *out) __attribute__((nonnull));

/* The page that lists the rooms. */
void pages_index(const struct user *user, const struct export_room *rooms, size_t count,
                 int64_t made_at, enum language language, struct buf *out) __attribute__((nonnull));

#endif
