/* minizip writes the format; the functions here write its bytes to a file. */
#include "routes/exports/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <minizip/zip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/memory.h"

enum {
    MADE_ON_UNIX = 3 << 8 | 30, /* 4.4.2: version made by; attributes as on Unix */
    NAMES_ARE_UTF8 = 1 << 11,   /* 4.4.4: general purpose bit 11 */
    WRITE_AT_ONCE = 1 << 20,
};
static const uint32_t member_attributes = UINT32_C(0100644) << 16; /* -rw-r--r-- */

struct archive {
    FILE *file;
    zipFile zip;
    bool in_member, failed;
    int error;
};

/* The file is open already: minizip gets it as it is. */
static voidpf ZCALLBACK
file_open(voidpf opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

static uLong ZCALLBACK
file_read(voidpf opaque, voidpf stream, void *to, uLong size)
{
    (void)opaque;
    return (uLong)fread(to, 1, size, stream);
}

static uLong ZCALLBACK
file_write(voidpf opaque, voidpf stream, const void *from, uLong size)
{
    (void)opaque;
    return (uLong)fwrite(from, 1, size, stream);
}

static ZPOS64_T ZCALLBACK
file_tell(voidpf opaque, voidpf stream)
{
    (void)opaque;
    return (ZPOS64_T)ftello(stream);
}

static long ZCALLBACK
file_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
    static const int whence[] = {
        [ZLIB_FILEFUNC_SEEK_SET] = SEEK_SET,
        [ZLIB_FILEFUNC_SEEK_CUR] = SEEK_CUR,
        [ZLIB_FILEFUNC_SEEK_END] = SEEK_END,
    };

    (void)opaque;
    return fseeko(stream, (off_t)offset, whence[origin]);
}

static int ZCALLBACK
file_close(voidpf opaque, voidpf stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

static int ZCALLBACK
file_error(voidpf opaque, voidpf stream)
{
    (void)opaque;
    return ferror((FILE *)stream);
}

/* Keeps the first error, which is the cause of all later ones. False after any error. */
static bool
archive_check(struct archive *a, bool good)
{
    if (!good && !a->failed) {
        a->failed = true;
        a->error = errno != 0 ? errno : EIO;
    }
    errno = a->failed ? a->error : errno;
    return !a->failed;
}

/* In TMPDIR if that is set. The file disappears when it is closed, or when the process ends. */
static FILE *
file_temporary(void)
{
    const char *dir = getenv("TMPDIR");
    int fd = dir == NULL ? -1 : open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    return fd < 0 ? tmpfile() : fdopen(fd, "w+b");
}

struct archive *
archive_open(void)
{
    struct archive *a = memory_new(struct archive);
    zlib_filefunc64_def functions = {
        .zopen64_file = file_open,
        .zread_file = file_read,
        .zwrite_file = file_write,
        .ztell64_file = file_tell,
        .zseek64_file = file_seek,
        .zclose_file = file_close,
        .zerror_file = file_error,
    };

    a->file = file_temporary();
    if (a->file != NULL) {
        functions.opaque = a->file;
        a->zip = zipOpen2_64("", APPEND_STATUS_CREATE, NULL, &functions);
    }
    if (a->zip == NULL) {
        int error = errno;

        archive_close(a);
        errno = error;
        return NULL;
    }
    return a;
}

void
archive_close(struct archive *a)
{
    if (a == NULL) {
        return;
    }
    if (a->zip != NULL) {
        (void)zipClose(a->zip, NULL);
    }
    if (a->file != NULL) {
        (void)fclose(a->file);
    }
    free(a);
}

static bool
archive_end_member(struct archive *a)
{
    bool good = !a->in_member || zipCloseFileInZip(a->zip) == ZIP_OK;

    a->in_member = false;
    return archive_check(a, good && ferror(a->file) == 0);
}

bool
archive_begin(struct archive *a, const char *name, bool large)
{
    time_t now = time(NULL);
    struct tm at;
    zip_fileinfo info = {.external_fa = member_attributes};

    errno = 0;
    if (!archive_end_member(a)) {
        return false;
    }
    (void)localtime_r(&now, &at);
    info.tmz_date.tm_sec = at.tm_sec;
    info.tmz_date.tm_min = at.tm_min;
    info.tmz_date.tm_hour = at.tm_hour;
    info.tmz_date.tm_mday = at.tm_mday;
    info.tmz_date.tm_mon = at.tm_mon;
    info.tmz_date.tm_year = at.tm_year + 1900;
    a->in_member = zipOpenNewFileInZip4_64(a->zip, name, &info, NULL, 0, NULL, 0, NULL, Z_DEFLATED,
                                           Z_DEFAULT_COMPRESSION, 0, -MAX_WBITS, DEF_MEM_LEVEL,
                                           Z_DEFAULT_STRATEGY, NULL, 0, MADE_ON_UNIX,
                                           NAMES_ARE_UTF8, large) == ZIP_OK;
    return archive_check(a, a->in_member);
}

bool
archive_add(struct archive *a, const char *bytes, size_t len)
{
    errno = 0;
    for (size_t done = 0; done < len && !a->failed;) {
        size_t some = len - done < WRITE_AT_ONCE ? len - done : WRITE_AT_ONCE;

        bool good = zipWriteInFileInZip(a->zip, bytes + done, (unsigned)some) == ZIP_OK;

        (void)archive_check(a, good && ferror(a->file) == 0);
        done += some;
    }
    return archive_check(a, true);
}

bool
archive_finish(struct archive *a, int64_t *bytes)
{
    bool good;

    errno = 0;
    good = archive_end_member(a);
    good = zipClose(a->zip, NULL) == ZIP_OK && good;
    a->zip = NULL;
    good = good && fflush(a->file) == 0 && fseeko(a->file, 0, SEEK_END) == 0;
    *bytes = (int64_t)ftello(a->file);
    rewind(a->file);
    return archive_check(a, good && *bytes >= 0);
}

int64_t
archive_read(struct archive *a, char *to, size_t size)
{
    size_t got = fread(to, 1, size, a->file);

    return got == 0 && ferror(a->file) != 0 ? -1 : (int64_t)got;
}
