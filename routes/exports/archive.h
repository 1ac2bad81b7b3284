/* A zip file (APPNOTE.TXT 6.3), written piece by piece into a temporary file that has no name. */
#ifndef ROUTES_EXPORTS_ARCHIVE_H
#define ROUTES_EXPORTS_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive;

/* NULL, with errno, if no temporary file can be opened. */
struct archive *archive_open(void) __attribute__((warn_unused_result));

/* Also before archive_finish. */
void archive_close(struct archive *a);

/*
 * Begins a member: what is added is its content, until the next one begins. `name` is UTF-8 with
 * '/' between folders; `large` is true if the member may exceed 4 GiB. All functions return false,
 * with errno, if the disk is full or fails, and keep doing so after that.
 */
bool archive_begin(struct archive *a, const char *name, bool large)
    __attribute__((nonnull, warn_unused_result));
bool archive_add(struct archive *a, const char *bytes, size_t len)
    __attribute__((nonnull, warn_unused_result));

/*
 * Completes the file; *bytes is its size. After that, archive_read returns how many of the next
 * bytes it has read: 0 at the end, -1 with errno.
 */
bool archive_finish(struct archive *a, int64_t *bytes) __attribute__((nonnull, warn_unused_result));
int64_t archive_read(struct archive *a, char *to, size_t size)
    __attribute__((nonnull, warn_unused_result));

#endif
