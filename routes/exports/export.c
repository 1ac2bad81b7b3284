/*
 * Writes a zip file of all rooms of a user. Each room is read twice, once for its JSON lines and
 * once for its pages, since the members of a zip file are written one after the other. Rooms are
 * read in batches, so that no room is too large.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "db/exports.h"
#include "db/messages.h"
#include "db/users.h"
#include "routes/exports/archive.h"
#include "routes/exports/exports.h"
#include "routes/exports/pages.h"
#include "routes/shapes.h"

enum {
    LIMIT_SECONDS = 3600,
    ENTRIES_AT_ONCE = 200,
    PURGED_AT_ONCE = 100,
    /*
     * Fewer entries never exceed the 4 GiB of a plain member: 8,000 characters are at most 48 kB of
     * JSON.
     */
    LARGE_ENTRIES = 80 * 1000,
    PACKED_PERCENT = 95, /* the rest of the progress is storing the file in the database */
};

struct exporting {
    struct task_run *run;
    enum language language;
    struct user user;
    struct export_room *rooms;
    size_t room_count;
    int64_t entries; /* of all rooms */
    int64_t done;    /* how many were read; 2 * entries at the end */
    struct archive *archive;
    struct arena batch; /* of the entries that are being written */
    struct buf text;
    struct export file;
    enum { NO_FAILURE, CANCELLED, ROOM_LEFT, DATABASE_AWAY, DATABASE_REFUSED, DISK } failure;
    int disk_error;
};

/* This and the next function note why the export fails, and return false. */
static bool
export_fail_db(struct exporting *x, enum db_result r)
{
    x->failure = r == DB_DOWN ? DATABASE_AWAY : DATABASE_REFUSED;
    return false;
}

static bool
export_fail_disk(struct exporting *x)
{
    x->failure = DISK;
    x->disk_error = errno;
    return false;
}

/* Finds all rooms as they are now: later messages are not exported. */
static bool
export_find_rooms(struct exporting *x)
{
    struct arena *a = x->run->arena;
    enum db_result r = exports_rooms(x->run->db, a, x->user.id, &x->rooms, &x->room_count);

    if (r != DB_OK) {
        return export_fail_db(x, r);
    }
    for (size_t i = 0; i < x->room_count; i++) {
        x->rooms[i].folder = pages_folder(a, x->rooms[i].id, x->rooms[i].title);
        x->entries += x->rooms[i].last_seq;
    }
    return true;
}

/*
 * Reads entries after `after`, up to `last`, into the batch's arena; *count is 0 if there are none.
 * Checks each time that the user is still in the room.
 */
static bool
export_read_batch(struct exporting *x, const struct export_room *room, int64_t after, int64_t last,
                  struct entry *entries, size_t *count)
{
    struct caller who = {
        .db = x->run->db,
        .redis = x->run->redis,
        .arena = &x->batch,
        .user_id = x->user.id,
    };
    struct log_range range = {
        .after = after, .before = last + 1, .limit = ENTRIES_AT_ONCE, .oldest = true};
    enum db_result r;

    if (task_is_cancelled()) {
        x->failure = CANCELLED;
        return false;
    }
    arena_reset(&x->batch);
    r = messages_read(&who, room->id, &range, entries, count);
    if (r == DB_FORBIDDEN) {
        x->failure = ROOM_LEFT;
        return false;
    }
    if (r != DB_OK) {
        return export_fail_db(x, r);
    }
    x->done += (int64_t)*count;
    task_progress(x->run, (int)(x->done * PACKED_PERCENT / (2 * x->entries + 1)));
    return true;
}

static bool
export_begin_member(struct exporting *x, const char *name, bool large)
{
    buf_clear(&x->text);
    return archive_begin(x->archive, name, large) || export_fail_disk(x);
}

/* Moves the text so far into the member. */
static bool
export_add_text(struct exporting *x)
{
    bool good = archive_add(x->archive, x->text.at == NULL ? "" : x->text.at, x->text.len);

    buf_clear(&x->text);
    return good || export_fail_disk(x);
}

static bool
export_write_lines(struct exporting *x, const struct export_room *room)
{
    struct entry entries[ENTRIES_AT_ONCE];
    size_t count = 1;

    if (!export_begin_member(x, arena_printf(x->run->arena, "%s/entries.jsonl", room->folder),
                             room->last_seq > LARGE_ENTRIES)) {
        return false;
    }
    for (int64_t after = 0; after < room->last_seq && count > 0;) {
        if (!export_read_batch(x, room, after, room->last_seq, entries, &count)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            shape_write(&entry_shape, &entries[i], &x->text);
            buf_char(&x->text, '\n');
            after = entries[i].seq;
        }
        if (!export_add_text(x)) {
            return false;
        }
    }
    return true;
}

static bool
export_write_page(struct exporting *x, const struct export_room *room, int64_t page)
{
    struct entry entries[ENTRIES_AT_ONCE];
    int64_t after = (page - 1) * PAGE_ENTRIES;
    int64_t last = page < pages_count(room) ? page * PAGE_ENTRIES : room->last_seq;
    char name[32], day[11] = "";
    size_t count = 1;

    (void)snprintf(name, sizeof(name), "/%04" PRId64 ".html", page);
    if (!export_begin_member(x, arena_printf(x->run->arena, "%s%s", room->folder, name), false)) {
        return false;
    }
    pages_begin(room, page, x->language, &x->text);
    while (after < last && count > 0) {
        if (!export_read_batch(x, room, after, last, entries, &count)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            pages_entry(&entries[i], x->user.id, day, x->language, &x->text);
            after = entries[i].seq;
        }
        if (!export_add_text(x)) {
            return false;
        }
    }
    pages_end(room, page, x->language, &x->text);
    return export_add_text(x);
}

static bool
export_write_room(struct exporting *x, const struct export_room *room)
{
    bool good = export_write_lines(x, room);

    for (int64_t page = 1; good && page <= pages_count(room); page++) {
        good = export_write_page(x, room, page);
    }
    return good;
}

static void
export_write_time(struct buf *out, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    text[clock_format(ms, text)] = '\0';
    buf_printf(out, "\"%s\":\"%s\"", name, text);
}

/* Writes account.json: the user and a list of the rooms. */
static bool
export_write_account(struct exporting *x)
{
    static const char *const kinds[] = {"group", "dm"};
    struct buf *out = &x->text;

    if (!export_begin_member(x, "account.json", false)) {
        return false;
    }
    buf_printf(out, "{\"id\":%" PRId64 ",\"username\":", x->user.id);
    json_text(out, x->user.username);
    buf_str(out, ",\"nickname\":");
    json_text(out, x->user.nickname);
    buf_char(out, ',');
    export_write_time(out, "created_at", x->user.created_at);
    buf_char(out, ',');
    export_write_time(out, "exported_at", clock_now_ms());
    buf_str(out, ",\"rooms\":[");
    for (size_t i = 0; i < x->room_count; i++) {
        const struct export_room *room = &x->rooms[i];

        buf_printf(out, "%s{\"id\":%" PRId64 ",\"kind\":\"%s\",\"name\":", i > 0 ? "," : "",
                   room->id, kinds[room->kind]);
        json_text(out, room->title);
        buf_str(out, ",\"role\":");
        json_text(out, room->role < 0 ? NULL : role_words[room->role]);
        buf_printf(out, ",\"entries\":%" PRId64 ",", room->last_seq);
        export_write_time(out, "created_at", room->created_at);
        buf_str(out, ",\"folder\":");
        json_text(out, room->folder);
        buf_char(out, '}');
    }
    buf_str(out, "]}\n");
    return export_add_text(x);
}

static bool
export_write_archive(struct exporting *x)
{
    bool good = export_begin_member(x, "index.html", false);

    if (good) {
        pages_index(&x->user, x->rooms, x->room_count, clock_now_ms(), x->language, &x->text);
        good = export_add_text(x) && export_write_account(x);
    }
    for (size_t i = 0; good && i < x->room_count; i++) {
        good = export_write_room(x, &x->rooms[i]);
    }
    return good && (archive_finish(x->archive, &x->file.bytes) || export_fail_disk(x));
}

/* Stores the file in the database, chunk by chunk. */
static bool
export_store(struct exporting *x)
{
    char *chunk = arena_alloc(x->run->arena, EXPORT_CHUNK_BYTES);
    int64_t stored = 0;

    for (int number = 0; stored < x->file.bytes; number++) {
        int64_t len = archive_read(x->archive, chunk, EXPORT_CHUNK_BYTES);
        enum db_result r;

        if (len <= 0) {
            return export_fail_disk(x);
        }
        if (task_is_cancelled()) {
            x->failure = CANCELLED;
            return false;
        }
        r = exports_add_chunk(x->run->db, x->run->id, x->run->claim_token, number, chunk,
                              (size_t)len);
        if (r != DB_OK) {
            return export_fail_db(x, r);
        }
        stored += len;
        task_progress(x->run,
                      (int)(PACKED_PERCENT + stored * (99 - PACKED_PERCENT) / x->file.bytes));
    }
    return true;
}

static enum task_outcome
export_fail(const struct exporting *x)
{
    switch (x->failure) {
    case CANCELLED:
        return task_stopped(x->run);
    case ROOM_LEFT:
        return task_wrong(x->run, "the user left a room during the export");
    case DATABASE_AWAY:
        return task_wrong(x->run, "the database went away");
    case DISK:
        return task_wrong(x->run, "the temporary file cannot be written: %s",
                          strerror(x->disk_error));
    default:
        return task_wrong(x->run, "the database refused");
    }
}

static enum db_result
export_commit_body(struct db *db, void *context)
{
    return exports_finish(db, context);
}

/* Publishes the file and ends the task in one transaction. */
static enum task_outcome
export_commit(struct exporting *x)
{
    buf_clear(&x->text);
    buf_printf(&x->text,
               "{\"rooms\":%zu,\"entries\":%" PRId64 ",\"bytes\":%" PRId64
               ",\"download\":\"/api/exports/%" PRId64 "\",",
               x->room_count, x->entries, x->file.bytes, x->run->id);
    export_write_time(&x->text, "expires_at", x->file.expires_at);
    buf_char(&x->text, '}');
    return task_commit(x->run, &x->text, export_commit_body, &x->file);
}

/*
 * Deletes expired exports first: a user who exports again and again never has more than two files.
 */
static bool
export_purge_expired(struct exporting *x)
{
    uint64_t deleted = 1;

    while (deleted > 0) {
        enum db_result r = exports_purge(x->run->db, PURGED_AT_ONCE, &deleted);

        if (r != DB_OK) {
            return export_fail_db(x, r);
        }
        if (task_is_cancelled()) {
            x->failure = CANCELLED;
            return false;
        }
    }
    return true;
}

static bool
export_make(struct exporting *x)
{
    struct task_run *run = x->run;
    enum db_result r = users_find(run->db, run->arena, run->owner_id, &x->user);

    if (r != DB_OK) {
        return export_fail_db(x, r);
    }
    x->archive = archive_open();
    if (x->archive == NULL) {
        return export_fail_disk(x);
    }
    if (!export_purge_expired(x) || !export_find_rooms(x) || !export_write_archive(x) ||
        !export_store(x)) {
        return false;
    }
    r = exports_expiry(run->db, run->settings->export_hours, &x->file.expires_at);
    return r == DB_OK || export_fail_db(x, r);
}

/* Reads the arguments; false if they are not what queue_export writes. */
static bool
export_read_arguments(struct task_run *run, enum language *language)
{
    struct json_value word = json_member(task_arguments(run), "language");

    *language = json_equals(word, "zh") ? CHINESE : ENGLISH;
    return *language == CHINESE || json_equals(word, "en");
}

static enum task_outcome
export_work(struct task_run *run)
{
    struct exporting x = {
        .run = run,
        .file = {.id = run->id, .user_id = run->owner_id, .run = run->claim_token},
    };
    enum task_outcome outcome;

    if (!export_read_arguments(run, &x.language)) {
        return task_refuse(run, "its arguments must be {\"language\": \"en\" or \"zh\"}");
    }
    outcome = export_make(&x) ? export_commit(&x) : export_fail(&x);
    archive_close(x.archive);
    arena_free(&x.batch);
    buf_free(&x.text);
    return outcome;
}

const struct task_kind export_kind = {
    .name = EXPORT_KIND,
    .work = export_work,
    .limit_seconds = LIMIT_SECONDS,
    .max_attempts = EXPORT_ATTEMPTS,
};
