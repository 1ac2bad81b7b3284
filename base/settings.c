/*
 * A key takes its value from the environment, else from the file, else from the table in
 * settings_keys.c.
 */
#include "base/settings.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/dotenv.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/settings_keys.h"

enum {
    FILE_MAX = 1024 * 1024,
    SHOWN_MAX = 100, /* bytes of a wrong value that a message repeats */
    MOST_WORKERS = 64,
    ORIGIN_COLUMN_MAX = 48,
};

/* The settings and where each value came from. */
struct loaded {
    struct settings settings; /* first: callers hold a pointer to it */
    struct arena arena;
    const char *texts[SETTING_COUNT];   /* the effective values as text */
    const char *origins[SETTING_COUNT]; /* "default", "environment", ".env line 7" */
};

static struct loaded *
settings_loaded(struct settings *s)
{
    return (struct loaded *)(void *)s;
}

static const struct loaded *
behind_const(const struct settings *s)
{
    return (const struct loaded *)(const void *)s;
}

/* The text in quotes, escaped and cut to SHOWN_MAX: a message must stay one line. */
static const char *
settings_quote(struct arena *a, const char *text)
{
    struct buf out = {0};
    const char *shown;

    json_string(&out, text, strnlen(text, SHOWN_MAX));
    if (strlen(text) > SHOWN_MAX) {
        buf_str(&out, "...");
    }
    shown = arena_strndup(a, out.at, out.len);
    buf_free(&out);
    return shown;
}

/*
 * Warns if users other than ours (and root) can read the file, or its owner can change it: it holds
 * passwords. Only of a regular file: FASTCHAT_ENV_FILE may be /dev/null or a pipe.
 */
static void
warn_of_access(const char *path, FILE *file, FILE *errors)
{
    struct stat about;

    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
        return;
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)fprintf(errors, "%s: others have access to it (mode %04o): chmod 600 %s\n", path,
                      (unsigned)about.st_mode & 07777, path);
    }
    if (about.st_uid != 0 && about.st_uid != geteuid()) {
        (void)fprintf(errors, "%s: belongs to user %u: chown it to root or user %u, who reads it\n",
                      path, (unsigned)about.st_uid, (unsigned)geteuid());
    }
}

/*
 * The text, or its beginning if it has more than FILE_MAX bytes, and its length in *len. All
 * processes keep it, so no room is left over.
 */
static char *
read_to_end(FILE *file, size_t *len, struct arena *a)
{
    struct buf all = {0};
    char piece[BUFSIZ], *text;
    size_t got;

    do {
        got = fread(piece, 1, sizeof(piece), file);
        buf_add(&all, piece, got);
    } while (got == sizeof(piece) && all.len <= FILE_MAX);
    *len = all.len;
    text = arena_strndup(a, buf_cstr(&all), all.len);
    buf_free(&all);
    return text;
}

/* The whole file; NULL if there is none, or after reporting why it cannot be read. */
static char *
read_file(const char *path, bool must_exist, size_t *len, bool *good, struct arena *a, FILE *errors)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;

    *good = file != NULL || (errno == ENOENT && !must_exist);
    if (!*good) {
        (void)fprintf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
    }
    if (file == NULL) {
        return NULL;
    }
    warn_of_access(path, file, errors);
    text = read_to_end(file, len, a);
    if (ferror(file)) {
        (void)fprintf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
        *good = false;
    } else if (*len > FILE_MAX) {
        (void)fprintf(errors, "%s: cannot be read: it is larger than 1 MiB\n", path);
        *good = false;
    }
    (void)fclose(file);
    return *good ? text : NULL;
}

static void
warn_of_pair(const char *path, const struct dotenv_pair *pair, struct arena *a, FILE *errors)
{
    const char *nearest = setting_nearest(pair->key), *name = pair->key;

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(pair->key, settings_table[i].name) == 0) {
            if (pair->value == NULL) {
                (void)fprintf(errors, "%s line %d: %s has no \"=\", and sets nothing\n", path,
                              pair->line, pair->key);
            }
            return;
        }
    }
    if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] !=
        '\0') {
        name = settings_quote(a, name);
    }
    (void)fprintf(errors, "%s line %d: unknown key %s", path, pair->line, name);
    if (nearest != NULL) {
        (void)fprintf(errors, " (did you mean %s?)", nearest);
    }
    (void)fputc('\n', errors);
}

static const char *
settings_environment(const char *name)
{
    return getenv(name);
}

static bool
read_env_file(const char *path, bool must_exist, struct dotenv *env, struct arena *a, FILE *errors)
{
    bool good;
    size_t len = 0;
    const char *text = read_file(path, must_exist, &len, &good, a, errors);

    *env = (struct dotenv){0};
    if (text == NULL) {
        return good;
    }
    good = dotenv_parse(env, text, len, settings_environment, a);
    for (size_t i = 0; i < env->fault_count; i++) {
        (void)fprintf(errors, "%s line %d: %s\n", path, env->faults[i].line, env->faults[i].reason);
    }
    for (size_t i = 0; i < env->count; i++) {
        warn_of_pair(path, &env->pairs[i], a, errors);
    }
    return good;
}

/* Finds the value of a key and its origin. */
static void
settings_choose(struct loaded *l, size_t i, const char *path, const struct dotenv *env)
{
    const struct dotenv_pair *pair = dotenv_find(env, settings_table[i].name);
    const char *value = getenv(settings_table[i].name);

    if (value != NULL) {
        l->texts[i] = arena_strdup(&l->arena, value);
        l->origins[i] = "environment";
    } else if (pair != NULL && pair->value != NULL) {
        l->texts[i] = pair->value;
        l->origins[i] = arena_printf(&l->arena, "%s line %d", path, pair->line);
    } else {
        l->texts[i] = settings_table[i].fallback;
        l->origins[i] = "default";
    }
}

static bool
settings_set(struct loaded *l, size_t i, FILE *errors)
{
    const struct setting *row = &settings_table[i];
    char reason[SETTING_REASON_SIZE];

    if (setting_read(row, l->texts[i], &l->settings, reason)) {
        return true;
    }
    (void)fprintf(errors, "%s: %s: %s%s%s\n", l->origins[i], row->name,
                  row->secret ? "" : settings_quote(&l->arena, l->texts[i]), row->secret ? "" : " ",
                  reason);
    return false;
}

static const char *
origin_of(const struct loaded *l, const char *key)
{
    size_t i = 0;

    while (strcmp(settings_table[i].name, key) != 0) {
        i++;
    }
    return l->origins[i];
}

/* Rules between values. The message names the value that was set, not a default. */
static bool
settings_check_together(const struct loaded *l, FILE *errors)
{
    const struct settings *s = &l->settings;
    bool good = true;

    if (s->db_pool_minsize > s->db_pool_maxsize) {
        const char *origin = origin_of(l, "DB_POOL_MINSIZE");

        if (strcmp(origin, "default") == 0) {
            origin = origin_of(l, "DB_POOL_MAXSIZE");
            (void)fprintf(errors, "%s: DB_POOL_MAXSIZE: \"%d\" is less than DB_POOL_MINSIZE (%d)\n",
                          origin, s->db_pool_maxsize, s->db_pool_minsize);
        } else {
            (void)fprintf(errors, "%s: DB_POOL_MINSIZE: \"%d\" is more than DB_POOL_MAXSIZE (%d)\n",
                          origin, s->db_pool_minsize, s->db_pool_maxsize);
        }
        good = false;
    }
    if (s->db_host[0] == '\0' && s->db_socket[0] == '\0') {
        (void)fprintf(errors, "%s: DB_HOST: \"\" must not be empty without DB_SOCKET\n",
                      origin_of(l, "DB_HOST"));
        good = false;
    }
    return good;
}

/* The number of cores that this process may use. */
static int
settings_cores(void)
{
    cpu_set_t usable;
    int count = 1;

    if (sched_getaffinity(0, sizeof(usable), &usable) == 0) {
        count = CPU_COUNT(&usable);
    }
    return count < 1 ? 1 : count > MOST_WORKERS ? MOST_WORKERS : count;
}

/*
 * The text of an effective value that may differ from what was written ("007", "Yes", 0 workers).
 */
static void
settings_rewrite(struct loaded *l, size_t i)
{
    const void *member = (const char *)&l->settings + settings_table[i].offset;

    if (settings_table[i].type == SETTING_INTEGER) {
        l->texts[i] = arena_printf(&l->arena, "%d", *(const int *)member);
    } else if (settings_table[i].type == SETTING_BOOLEAN) {
        l->texts[i] = *(const bool *)member ? "true" : "false";
    }
}

static bool
set_all(struct loaded *l, const char *path, const struct dotenv *env, FILE *errors)
{
    bool good = true;

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        settings_choose(l, i, path, env);
        good = settings_set(l, i, errors) && good;
    }
    if (!good || !settings_check_together(l, errors)) {
        return false;
    }
    if (l->settings.app_workers == 0) {
        l->settings.app_workers = settings_cores();
    }
    if (l->settings.task_children == 0) {
        l->settings.task_children = settings_cores();
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        settings_rewrite(l, i);
    }
    return true;
}

struct settings *
settings_load(const char *path, FILE *errors)
{
    struct loaded *l = memory_new(struct loaded);
    const char *named = path != NULL ? path : getenv("FASTCHAT_ENV_FILE");
    bool must_exist = named != NULL && named[0] != '\0', read;
    struct dotenv env;

    path = must_exist ? named : ".env";
    read = read_env_file(path, must_exist, &env, &l->arena, errors);
    if (!set_all(l, path, &env, errors) || !read) {
        settings_free(&l->settings);
        return NULL;
    }
    return &l->settings;
}

void
settings_free(struct settings *s)
{
    if (s != NULL) {
        arena_free(&settings_loaded(s)->arena);
        free(settings_loaded(s));
    }
}

/* KEY=value for .env, in quotes if the bare text would be read differently. */
static void
put_assignment(struct buf *out, const char *key, const char *value)
{
    static const char escaped[] = "\"\\\a\b\f\n\r\t\v", names[] = "\"\\abfnrtv";
    size_t len = strlen(value);
    bool bare = value[strcspn(value, "#'\"\\\a\b\f\n\r\t\v")] == '\0' &&
                (len == 0 || (value[0] != ' ' && value[len - 1] != ' '));

    buf_str(out, key);
    buf_char(out, '=');
    if (bare) {
        buf_str(out, value);
        return;
    }
    buf_char(out, '"');
    for (; *value != '\0'; value++) {
        const char *special = strchr(escaped, *value);

        if (special != NULL) {
            buf_char(out, '\\');
        }
        buf_char(out, special != NULL ? names[special - escaped] : *value);
    }
    buf_char(out, '"');
}

void
settings_print(const struct settings *s, FILE *out)
{
    const struct loaded *l = behind_const(s);
    struct buf lines[SETTING_COUNT] = {{0}};
    size_t column = 0;

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        bool masked = settings_table[i].secret && l->texts[i][0] != '\0';

        put_assignment(&lines[i], settings_table[i].name, masked ? "***" : l->texts[i]);
        if (lines[i].len > column && lines[i].len <= ORIGIN_COLUMN_MAX) {
            column = lines[i].len;
        }
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        (void)fprintf(out, "%-*s   # %s\n", (int)column, buf_cstr(&lines[i]), l->origins[i]);
        buf_free(&lines[i]);
    }
}

const char *
settings_get(const struct settings *s, const char *key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings_table[i].name, key) == 0) {
            return behind_const(s)->texts[i];
        }
    }
    return NULL;
}

bool
settings_registration_is_open(const struct settings *s)
{
    return strcmp(s->registration, "open") == 0;
}

const char *
settings_redis_warning(const struct settings *s)
{
    const char *host = s->redis_host;
    bool is_local = host[0] == '\0' || host[0] == '/' || strncmp(host, "127.", 4) == 0 ||
                    strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;

    return is_local || s->redis_password[0] != '\0'
               ? NULL
               : "REDIS_PASSWORD is empty, and REDIS_HOST is not this host: who reaches it can "
                 "slow fastchat down and read what it announces";
}
