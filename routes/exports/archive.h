/* A zip file (APPNOTE.TXT 6.3), written piece by piece into a temporary file that has no name. */
#ifndef ROUTES_EXPORTS_ARCHIVE_H
#define ROUTES_EXPORTS_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive;

/* NULL, with errno, where no temporary file is to be had. */
struct archive *archive_open(void) __attribute__((warn_unused_result));

/* Also where it has not been finished. */
void archive_close(struct archive *a);

/*
 * Begin a member; what is added then is its content, until the next one begins. `name` is UTF-8
 * with '/' between folders; `large` where it may become larger than 4 GiB. All return false, with
 * errno, where the disk is full or fails; so do all calls after that.
 */
bool archive_begin(struct archive *a, const char *name, bool large)
    __attribute__((nonnull, warn_unused_result));
bool archive_add(struct archive *a, const char *bytes, size_t len)
    __attribute__((nonnull, warn_unused_result));

/*
 * It is complete; *bytes is its size. From now on archive_read gives the next bytes of it; 0 at the
 * end, -1 with errno.
 */
bool archive_finish(struct archive *a, int64_t *bytes) __attribute__((nonnull, warn_unused_result));
int64_t archive_read(struct archive *a, char *to, size_t size)
    __attribute__((nonnull, warn_unused_result));

#endif
