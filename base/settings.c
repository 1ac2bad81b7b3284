/*
 * One table of keys drives everything: reading, checking, printing, and the guess at what a misspelt key meant.
 */
#include "base/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/dotenv.h"
#include "base/version.h"

enum { FILE_MAX = 1024 * 1024 };

enum type { TEXT, INTEGER, BOOLEAN };

/* A rule beyond type and bounds; NULL where it holds, else what the value is not. */
typedef const char *rule(const char *value);

struct key {
    const char *name;
    enum type type;
    size_t offset;
    const char *fallback;
    int min, max; /* INTEGER */
    rule *rule;   /* TEXT */
    bool secret;
};

static const char *
environment_rule(const char *value)
{
    bool known = strcmp(value, "dev") == 0 || strcmp(value, "test") == 0 || strcmp(value, "prod") == 0;

    return known ? NULL : "is not dev, test or prod";
}

static const char *
filled_rule(const char *value)
{
    return value[0] != '\0' ? NULL : "must not be empty";
}

static const char *
host_rule(const char *value)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";

    return value[0] != '\0' && value[strspn(value, allowed)] == '\0'
               ? NULL
               : "is not a host name or an address";
}

static const char *
redis_host_rule(const char *value)
{
    return value[0] == '\0' || value[0] == '/' ? NULL : host_rule(value);
}

static const char *
socket_rule(const char *value)
{
    if (value[0] == '\0' || (value[0] == '/' && strlen(value) < 108)) { /* sun_path, unix(7) */
        return NULL;
    }
    return value[0] == '/' ? "is longer than the 107 bytes of a unix socket's path"
                           : "is not the absolute path of a unix socket";
}

static const char *
database_rule(const char *value)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-";
    size_t len = strlen(value);

    return len > 0 && len <= 64 && strspn(value, allowed) == len
               ? NULL
               : "is not a database name (letters, digits, _ $ -, up to 64)";
}

static const char *
charset_rule(const char *value)
{
    return strcmp(value, "utf8mb4") == 0 ? NULL : "is not utf8mb4, the only one that holds all text";
}

static const char *
zone_rule(const char *value)
{
    return clock_zone_known(value) ? NULL : "is not a time zone of this host's tz database";
}

/* "*", or origins as browsers send them: scheme://host[:port], without a path. */
static const char *
origins_rule(const char *value)
{
    while (*value != '\0') {
        size_t len = strcspn(value, ", ");
        const char *host = strstr(value, "://");

        if (len > 0 && !(len == 1 && *value == '*') &&
            (host == NULL || host == value || host + 3 >= value + len ||
             memchr(host + 3, '/', len - (size_t)(host + 3 - value)) != NULL)) {
            return "is not a comma-separated list of origins (https://example.com), or *";
        }
        value += len;
        value += strspn(value, ", ");
    }
    return NULL;
}

#define KEY_TEXT(key, member, text, check)                                                         \
    {                                                                                              \
        .name = key, .type = TEXT, .offset = offsetof(struct settings, member), .fallback = text,  \
        .rule = check                                                                              \
    }
#define KEY_SECRET(key, member)                                                                    \
    {                                                                                              \
        .name = key, .type = TEXT, .offset = offsetof(struct settings, member), .fallback = "",    \
        .secret = true                                                                             \
    }
#define KEY_INTEGER(key, member, text, least, most)                                                \
    {                                                                                              \
        .name = key, .type = INTEGER, .offset = offsetof(struct settings, member),                 \
        .fallback = text, .min = least, .max = most                                                \
    }
#define KEY_BOOLEAN(key, member, text)                                                             \
    {                                                                                              \
        .name = key, .type = BOOLEAN, .offset = offsetof(struct settings, member),                 \
        .fallback = text                                                                           \
    }

/* In the order of etc/.env.example. */
static const struct key keys[] = {
    KEY_TEXT("APP_ENV", app_env, "dev", environment_rule),
    KEY_TEXT("APP_NAME", app_name, "fastchat", filled_rule),
    KEY_INTEGER("APP_PORT", app_port, "8000", 1, 65535),
    KEY_TEXT("APP_HOST", app_host, "127.0.0.1", host_rule),
    KEY_TEXT("APP_VERSION", app_version, FASTCHAT_VERSION, filled_rule),
    KEY_BOOLEAN("APP_DEBUG", app_debug, "false"),
    KEY_TEXT("APP_TIMEZONE", app_timezone, "Asia/Shanghai", zone_rule),
    KEY_INTEGER("APP_WORKERS", app_workers, "0", 0, 64),
    KEY_TEXT("DB_HOST", db_host, "127.0.0.1", host_rule),
    KEY_INTEGER("DB_PORT", db_port, "3306", 1, 65535),
    KEY_TEXT("DB_SOCKET", db_socket, "", socket_rule),
    KEY_TEXT("DB_USER", db_user, "fastchat", filled_rule),
    KEY_SECRET("DB_PASSWORD", db_password),
    KEY_TEXT("DB_DATABASE", db_database, "fastchat", database_rule),
    KEY_TEXT("DB_CHARSET", db_charset, "utf8mb4", charset_rule),
    KEY_INTEGER("DB_POOL_MINSIZE", db_pool_minsize, "2", 0, 256),
    KEY_INTEGER("DB_POOL_MAXSIZE", db_pool_maxsize, "16", 1, 256),
    KEY_BOOLEAN("DB_ECHO", db_echo, "false"),
    KEY_TEXT("REDIS_HOST", redis_host, "127.0.0.1", redis_host_rule),
    KEY_INTEGER("REDIS_PORT", redis_port, "6379", 1, 65535),
    KEY_SECRET("REDIS_PASSWORD", redis_password),
    KEY_INTEGER("REDIS_DB", redis_db, "0", 0, 15),
    KEY_INTEGER("LIMIT_LOGIN", limit_login, "10", 0, 1000000),
    KEY_INTEGER("LIMIT_REGISTER", limit_register, "5", 0, 1000000),
    KEY_INTEGER("LIMIT_SEND", limit_send, "120", 0, 1000000),
    KEY_INTEGER("LIMIT_GENERAL", limit_general, "600", 0, 1000000),
    KEY_TEXT("CORS_ORIGINS", cors_origins, "", origins_rule),
    KEY_INTEGER("SESSION_DAYS", session_days, "30", 1, 3650),
    KEY_INTEGER("REQUEST_DEADLINE_MS", request_deadline_ms, "10000", 100, 600000),
    KEY_INTEGER("SLOW_REQUEST_MS", slow_request_ms, "500", 0, 600000),
    KEY_INTEGER("WORKER_MAX_REQUESTS", worker_max_requests, "100000", 0, 1000000000),
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* The settings, and what stands behind them. */
struct loaded {
    struct settings settings; /* first: callers hold a pointer to it */
    struct arena arena;
    const char *texts[KEYS], *origins[KEYS];
};

/* Letters as they are confused with digits: 0 and O look alike, case and "_" are forgotten. */
static char
blur(char c)
{
    if (c == '0') {
        return 'O';
    }
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* How many letters must be added, left out or changed (Levenshtein), of names up to 63 letters. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[64], len = strlen(b);

    if (len >= 64) {
        return len;
    }
    for (size_t k = 0; k <= len; k++) {
        row[k] = k;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t k = 0; k < len; k++) {
            size_t best = diagonal + (blur(a[i]) != blur(b[k]));

            diagonal = row[k + 1];
            best = best < diagonal + 1 ? best : diagonal + 1;
            best = best < row[k] + 1 ? best : row[k] + 1;
            row[k + 1] = best;
        }
    }
    return row[len];
}

static void
warn_unknown(const char *path, const struct dotenv_pair *pair, FILE *errors)
{
    const char *nearest = NULL;
    size_t best = 4; /* further away is another word */

    for (size_t i = 0; i < KEYS; i++) {
        size_t d = distance(pair->key, keys[i].name);

        if (strcmp(pair->key, keys[i].name) == 0) {
            return;
        }
        if (d < best) {
            best = d;
            nearest = keys[i].name;
        }
    }
    (void)fprintf(errors, "%s line %d: unknown key %s", path, pair->line, pair->key);
    (void)fprintf(errors, nearest == NULL ? " (ignored)\n" : " (did you mean %s?)\n", nearest);
}

/* The whole file; NULL after having said why not. */
static char *
read_file(const char *path, struct arena *a, size_t *len, FILE *errors)
{
    char *text = arena_alloc(a, FILE_MAX + 1);
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        (void)fprintf(errors, "%s cannot be read: %s\n", path, strerror(errno));
        return NULL;
    }
    *len = fread(text, 1, FILE_MAX + 1, file);
    if (ferror(file) || *len > FILE_MAX) {
        (void)fprintf(errors, "%s cannot be read: %s\n", path,
                      ferror(file) ? strerror(errno) : "it is larger than 1 MiB");
        (void)fclose(file);
        return NULL;
    }
    (void)fclose(file);
    return text;
}

static const char *
environment(const char *name)
{
    return getenv(name);
}

/* The file's pairs; none where there is no file and none was named. */
static bool
read_env_file(const char *path, bool named, struct dotenv *env, struct arena *a, FILE *errors)
{
    size_t len;
    char *text;

    *env = (struct dotenv){0};
    if (!named && access(path, F_OK) != 0) {
        return true;
    }
    text = read_file(path, a, &len, errors);
    if (text == NULL) {
        return false;
    }
    if (!dotenv_parse(env, text, len, environment, a)) {
        (void)fprintf(errors, "%s line %d: %s\n", path, env->error_line, env->error);
        return false;
    }
    for (size_t i = 0; i < env->count; i++) {
        warn_unknown(path, &env->pairs[i], errors);
    }
    return true;
}

static bool
parse_boolean(const char *text, bool *value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool
parse_integer(const char *text, const struct key *key, int *value)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == ' ' || text[0] == '+' || errno != 0 ||
        n < key->min || n > key->max) {
        return false;
    }
    *value = (int)n;
    return true;
}

/* Set one value; false after having said what is wrong with it. */
static bool
set(struct loaded *l, size_t i, FILE *errors)
{
    const struct key *key = &keys[i];
    void *at = (char *)&l->settings + key->offset;
    const char *text = l->texts[i], *reason;

    switch (key->type) {
    case INTEGER:
        if (parse_integer(text, key, at)) {
            return true;
        }
        (void)fprintf(errors, "%s: %s: \"%s\" is not a whole number from %d to %d\n", l->origins[i],
                      key->name, text, key->min, key->max);
        return false;
    case BOOLEAN:
        if (parse_boolean(text, at)) {
            return true;
        }
        (void)fprintf(errors, "%s: %s: \"%s\" is not true or false\n", l->origins[i], key->name,
                      text);
        return false;
    case TEXT:
        break;
    }
    reason = key->rule == NULL ? NULL : key->rule(text);
    if (reason != NULL) {
        (void)fprintf(errors, "%s: %s: \"%s\" %s\n", l->origins[i], key->name, text, reason);
        return false;
    }
    *(const char **)at = text;
    return true;
}

static bool
set_all(struct loaded *l, const char *path, const struct dotenv *env, FILE *errors)
{
    bool good = true;

    for (size_t i = 0; i < KEYS; i++) {
        const struct dotenv_pair *pair = dotenv_find(env, keys[i].name);
        const char *value = getenv(keys[i].name);

        l->texts[i] = keys[i].fallback;
        l->origins[i] = "default";
        if (value != NULL) {
            l->texts[i] = arena_strdup(&l->arena, value);
            l->origins[i] = "environment";
        } else if (pair != NULL) {
            l->texts[i] = pair->value;
            l->origins[i] = arena_printf(&l->arena, "%s line %d", path, pair->line);
        }
        good = set(l, i, errors) && good;
    }
    if (good && l->settings.db_pool_minsize > l->settings.db_pool_maxsize) {
        (void)fprintf(errors, "DB_POOL_MINSIZE: %d is more than DB_POOL_MAXSIZE, %d\n",
                      l->settings.db_pool_minsize, l->settings.db_pool_maxsize);
        good = false;
    }
    if (good && l->settings.app_workers == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        l->settings.app_workers = cores < 1 ? 1 : cores > 64 ? 64 : (int)cores;
    }
    return good;
}

struct settings *
settings_load(const char *path, FILE *errors)
{
    struct loaded *l = calloc(1, sizeof(*l));
    const char *named = path != NULL ? path : getenv("FASTCHAT_ENV_FILE");
    struct dotenv env;

    if (l == NULL) {
        (void)fputs("out of memory\n", errors);
        return NULL;
    }
    path = named != NULL ? named : ".env";
    if (!read_env_file(path, named != NULL, &env, &l->arena, errors) ||
        !set_all(l, path, &env, errors)) {
        settings_free(&l->settings);
        return NULL;
    }
    return &l->settings;
}

void
settings_free(struct settings *s)
{
    struct loaded *l = (struct loaded *)(void *)s;

    if (l != NULL) {
        arena_free(&l->arena);
        free(l);
    }
}

void
settings_print(const struct settings *s, FILE *out)
{
    const struct loaded *l = (const struct loaded *)(const void *)s;

    for (size_t i = 0; i < KEYS; i++) {
        const char *value = settings_get(s, keys[i].name);
        int width = 40 - (int)strlen(keys[i].name);

        if (keys[i].secret && value[0] != '\0') {
            value = "***";
        }
        (void)fprintf(out, "%s=%-*s # %s\n", keys[i].name, width > 0 ? width : 0, value,
                      l->origins[i]);
    }
}

const char *
settings_get(const struct settings *s, const char *key)
{
    static _Thread_local char number[16];
    const struct loaded *l = (const struct loaded *)(const void *)s;

    for (size_t i = 0; i < KEYS; i++) {
        const void *at = (const char *)s + keys[i].offset;

        if (strcmp(keys[i].name, key) != 0) {
            continue;
        }
        if (keys[i].type == INTEGER) {
            (void)snprintf(number, sizeof(number), "%d", *(const int *)at);
            return number;
        }
        return keys[i].type == BOOLEAN ? (*(const bool *)at ? "true" : "false") : l->texts[i];
    }
    return NULL;
}
