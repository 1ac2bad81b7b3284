/* The table of keys, the rules of their values, and the nearest key of a misspelt one. */
#include "base/settings_keys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/utf8.h"
#include "base/version.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum { SOCKET_PATH_MAX = 107 }; /* of a unix socket (unix(7)) */

/* Text that can be a log line or a header value. */
static const char *
line_rule(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return "holds a control character";
        }
    }
    return NULL;
}

static const char *
environment_rule(const char *text)
{
    bool known = strcmp(text, "dev") == 0 || strcmp(text, "test") == 0 || strcmp(text, "prod") == 0;

    return known ? NULL : "is not dev, test or prod";
}

static const char *
registration_rule(const char *text)
{
    return strcmp(text, "open") == 0 || strcmp(text, "closed") == 0 ? NULL
                                                                    : "is not open or closed";
}

/*
 * Labels of 1 to 63 letters, digits, "-" and (as container networks have it) "_", joined by dots
 * (RFC 1123 section 2.1).
 */
static bool
is_host_name(const char *text, size_t len, const char *letters)
{
    const char *end = text + len;

    if (len == 0 || len > 253) {
        return false;
    }
    while (text < end) {
        size_t label = strspn(text, letters);

        label = label < (size_t)(end - text) ? label : (size_t)(end - text);
        if (label == 0 || label > 63 || text[0] == '-' || text[label - 1] == '-') {
            return false;
        }
        text += label;
        if (text < end && (*text != '.' || ++text == end)) {
            return false;
        }
    }
    return true;
}

static const char *
host_rule(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool good;

    if (strchr(text, ':') != NULL) {
        good = inet_pton(AF_INET6, text, address) == 1;
    } else if (text[strspn(text, DIGITS ".")] == '\0') {
        good = inet_pton(AF_INET, text, address) == 1;
    } else {
        good = is_host_name(text, strlen(text), LOWER UPPER DIGITS "-_");
    }
    return good ? NULL : "is not a host name or an address";
}

static const char *
socket_rule(const char *text)
{
    if (text[0] == '\0') {
        return NULL;
    }
    if (text[0] != '/') {
        return "is not the absolute path of a unix socket";
    }
    return strlen(text) <= SOCKET_PATH_MAX ? line_rule(text)
                                           : "is too long for a unix socket's path (107 bytes)";
}

/* May be empty if DB_SOCKET is set. */
static const char *
db_host_rule(const char *text)
{
    return text[0] == '\0' ? NULL : host_rule(text);
}

static const char *
redis_host_rule(const char *text)
{
    return text[0] == '\0' || text[0] == '/' ? socket_rule(text) : host_rule(text);
}

static const char *
database_rule(const char *text)
{
    return text[strspn(text, LOWER UPPER DIGITS "_$-")] == '\0'
               ? NULL
               : "is not a database name of letters, digits, _ $ -";
}

static const char *
charset_rule(const char *text)
{
    return strcmp(text, "utf8mb4") == 0 ? NULL : "is not utf8mb4, the only one that holds all text";
}

static const char *
zone_rule(const char *text)
{
    return clock_zone_known(text)
               ? NULL
               : "is not a time zone of this host (the package tzdata has them; UTC and "
                 "Asia/Shanghai work without it)";
}

/* scheme://host[:port] as browsers send it: lower case, without a path (RFC 6454 section 6.2). */
static bool
is_origin(const char *text, size_t len)
{
    const char *end = text + len, *host = text + strspn(text, LOWER DIGITS "+-.");
    size_t host_len;

    if (host == text || strncmp(host, "://", 3) != 0) {
        return false;
    }
    host += 3;
    if (*host == '[') {
        host_len = 1 + strspn(host + 1, ":.abcdef" DIGITS);
        if (host_len < 3 || host[host_len++] != ']') {
            return false;
        }
    } else {
        host_len = strcspn(host, ":, ");
        if (!is_host_name(host, host_len, LOWER DIGITS "-_")) {
            return false;
        }
    }
    host += host_len;
    if (host < end && *host == ':') {
        size_t digits = strspn(host + 1, DIGITS);

        host += digits >= 1 && digits <= 5 ? digits + 1 : 0;
    }
    return host == end;
}

static const char *
origins_rule(const char *text)
{
    if (strcmp(text, "*") == 0) {
        return NULL;
    }
    text += strspn(text, ", ");
    while (*text != '\0') {
        size_t len = strcspn(text, ", ");

        if (!is_origin(text, len)) {
            return "is not a list of origins as browsers send them "
                   "(https://chat.example.com,http://localhost:5173), nor *";
        }
        text += len;
        text += strspn(text, ", ");
    }
    return NULL;
}

/* A file that OpenSSL accepts, so that a wrong one stops the start and not each connection. */
static const char *
certificates_rule(const char *text)
{
    struct stat file;
    X509_STORE *store;
    bool good;

    if (text[0] == '\0') {
        return NULL;
    }
    if (text[0] != '/') {
        return "is not the absolute path of a PEM file";
    }
    if (stat(text, &file) != 0 || access(text, R_OK) != 0) {
        return errno == ENOENT ? "does not exist" : "cannot be read";
    }
    if (!S_ISREG(file.st_mode)) {
        return "is not a file";
    }
    store = X509_STORE_new();
    good = store != NULL && X509_STORE_load_locations(store, text, NULL) == 1;
    X509_STORE_free(store);
    ERR_clear_error(); /* of this thread; libraries take what they find there for their own */
    return good ? NULL : "holds no certificate in PEM form";
}

#define TEXT(key, member, default, least, most, how)                                               \
    {                                                                                              \
        .name = key, .type = SETTING_TEXT, .offset = offsetof(struct settings, member),            \
        .fallback = default, .min = least, .max = most, .rule = how                                \
    }
#define SECRET(key, member)                                                                        \
    {                                                                                              \
        .name = key, .type = SETTING_TEXT, .offset = offsetof(struct settings, member),            \
        .fallback = "", .max = 512, .secret = true                                                 \
    }
#define INTEGER(key, member, default, least, most)                                                 \
    {                                                                                              \
        .name = key, .type = SETTING_INTEGER, .offset = offsetof(struct settings, member),         \
        .fallback = default, .min = least, .max = most                                             \
    }
#define PORT(key, member, default)                                                                 \
    {                                                                                              \
        .name = key, .type = SETTING_INTEGER, .offset = offsetof(struct settings, member),         \
        .fallback = default, .min = 1, .max = 65535, .noun = "a port"                              \
    }
#define BOOLEAN(key, member, default)                                                              \
    {                                                                                              \
        .name = key, .type = SETTING_BOOLEAN, .offset = offsetof(struct settings, member),         \
        .fallback = default                                                                        \
    }

#define TLS(key, member)                                                                           \
    {                                                                                              \
        .name = key, .type = SETTING_TLS, .offset = offsetof(struct settings, member),             \
        .fallback = "off"                                                                          \
    }

/* clang-format off */
const struct setting settings_table[] = {
    TEXT("APP_ENV", app_env, "dev", 1, 16, environment_rule),
    TEXT("APP_NAME", app_name, "fastchat", 1, 64, line_rule),
    PORT("APP_PORT", app_port, "8000"),
    TEXT("APP_HOST", app_host, "127.0.0.1", 1, 253, host_rule),
    TEXT("APP_VERSION", app_version, FASTCHAT_VERSION, 1, 32, line_rule),
    BOOLEAN("APP_DEBUG", app_debug, "false"),
    TEXT("APP_TIMEZONE", app_timezone, "Asia/Shanghai", 1, 64, zone_rule),
    INTEGER("APP_WORKERS", app_workers, "0", 0, 64),

    TEXT("DB_HOST", db_host, "127.0.0.1", 0, 253, db_host_rule),
    PORT("DB_PORT", db_port, "3306"),
    TEXT("DB_SOCKET", db_socket, "", 0, 1024, socket_rule),
    TEXT("DB_USER", db_user, "fastchat", 1, 128, line_rule),
    SECRET("DB_PASSWORD", db_password),
    TEXT("DB_DATABASE", db_database, "fastchat", 1, 64, database_rule),
    TEXT("DB_CHARSET", db_charset, "utf8mb4", 1, 64, charset_rule),
    TLS("DB_TLS", db_tls),
    TEXT("DB_TLS_CA", db_tls_ca, "", 0, 1024, certificates_rule),
    INTEGER("DB_POOL_MINSIZE", db_pool_minsize, "2", 0, 256),
    INTEGER("DB_POOL_MAXSIZE", db_pool_maxsize, "16", 1, 256),
    BOOLEAN("DB_ECHO", db_echo, "false"),

    TEXT("REDIS_HOST", redis_host, "127.0.0.1", 0, 1024, redis_host_rule),
    PORT("REDIS_PORT", redis_port, "6379"),
    SECRET("REDIS_PASSWORD", redis_password),
    INTEGER("REDIS_DB", redis_db, "0", 0, 15),
    TLS("REDIS_TLS", redis_tls),
    TEXT("REDIS_TLS_CA", redis_tls_ca, "", 0, 1024, certificates_rule),

    INTEGER("LIMIT_LOGIN", limit_login, "10", 0, 1000000),
    INTEGER("LIMIT_REGISTER", limit_register, "5", 0, 1000000),
    INTEGER("LIMIT_SEND", limit_send, "120", 0, 1000000),
    INTEGER("LIMIT_GENERAL", limit_general, "600", 0, 1000000),
    INTEGER("LIMIT_ADD", limit_add, "300", 0, 1000000),
    INTEGER("ROOMS_PER_DAY", rooms_per_day, "100", 0, 1000000),
    INTEGER("STRANGERS_PER_DAY", strangers_per_day, "200", 0, 1000000),
    BOOLEAN("ROOMS_CONSENT", rooms_consent, "false"),

    TEXT("CORS_ORIGINS", cors_origins, "", 0, 8192, origins_rule),
    TEXT("REGISTRATION", registration, "open", 1, 16, registration_rule),
    INTEGER("SESSION_DAYS", session_days, "30", 1, 3650),
    INTEGER("SESSIONS_MAX", sessions_max, "100", 1, 1000),
    INTEGER("REQUEST_DEADLINE_MS", request_deadline_ms, "10000", 100, 600000),
    INTEGER("SLOW_REQUEST_MS", slow_request_ms, "500", 0, 600000),
    INTEGER("EVENTS_HEARTBEAT_SECONDS", events_heartbeat_seconds, "15", 1, 50),
    INTEGER("EVENTS_PER_SESSION", events_per_session, "8", 1, 1000),
    INTEGER("EVENTS_PER_USER", events_per_user, "32", 1, 10000),
    INTEGER("EVENTS_QUEUE_KB", events_queue_kb, "256", 64, 65536),
    INTEGER("EVENTS_PER_ADDRESS", events_per_address, "200", 0, 100000),
    INTEGER("CONNECTIONS_PER_ADDRESS", connections_per_address, "500", 0, 100000),
    INTEGER("DOWNLOADS_AT_ONCE", downloads_at_once, "8", 1, 1000),
    INTEGER("TASK_CHILDREN", task_children, "0", 0, 64),
    INTEGER("TASK_LEASE_SECONDS", task_lease_seconds, "30", 2, 3600),
    INTEGER("TASK_DRAIN_SECONDS", task_drain_seconds, "20", 0, 3600),
    INTEGER("TASKS_PER_USER", tasks_per_user, "20", 0, 1000000),
    INTEGER("TASK_DEMO_SECONDS", task_demo_seconds, "10", 0, 3600),
    INTEGER("EXPORT_HOURS", export_hours, "24", 1, 168),
    INTEGER("WORKER_MAX_REQUESTS", worker_max_requests, "100000", 0, 1000000000),
};
/* clang-format on */

_Static_assert(sizeof(settings_table) / sizeof(settings_table[0]) == SETTING_COUNT,
               "SETTING_COUNT is the number of rows");

static bool
read_integer(const struct setting *row, const char *text, int *value)
{
    int64_t n;

    if (!number_read(&text, &n) || *text != '\0' || n < row->min || n > row->max) {
        return false;
    }
    *value = (int)n;
    return true;
}

/* 1, 0, or -1 if the text is not one of the words. */
static int
read_boolean(const char *text)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return i % 2 == 1;
        }
    }
    return -1;
}

static bool
read_tls_mode(const char *text, enum tls_mode *mode)
{
    static const char *const words[] = {
        [TLS_OFF] = "off", [TLS_ON] = "on", [TLS_VERIFY] = "verify"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *mode = (enum tls_mode)i;
            return true;
        }
    }
    return false;
}

static bool
setting_refuse(char reason[static SETTING_REASON_SIZE], const char *why)
{
    (void)snprintf(reason, SETTING_REASON_SIZE, "%s", why);
    return false;
}

static bool
check_text(const struct setting *row, const char *text, char reason[static SETTING_REASON_SIZE])
{
    size_t len = strlen(text);
    const char *wrong;

    if (len > (size_t)row->max) {
        (void)snprintf(reason, SETTING_REASON_SIZE, "is longer than %d bytes", row->max);
        return false;
    }
    if (len < (size_t)row->min) {
        return setting_refuse(reason, "must not be empty");
    }
    if (!utf8_valid(text, len)) {
        return setting_refuse(reason, "is not valid UTF-8");
    }
    wrong = row->rule != NULL ? row->rule(text) : NULL;
    return wrong == NULL || setting_refuse(reason, wrong);
}

static bool
refuse_integer(const struct setting *row, char reason[static SETTING_REASON_SIZE])
{
    if (row->noun != NULL) {
        (void)snprintf(reason, SETTING_REASON_SIZE, "is not %s (%d to %d)", row->noun, row->min,
                       row->max);
    } else {
        (void)snprintf(reason, SETTING_REASON_SIZE, "is not a whole number from %d to %d", row->min,
                       row->max);
    }
    return false;
}

bool
setting_read(const struct setting *row, const char *text, struct settings *s,
             char reason[static SETTING_REASON_SIZE])
{
    void *member = (char *)s + row->offset;
    int word;

    switch (row->type) {
    case SETTING_INTEGER:
        return read_integer(row, text, member) || refuse_integer(row, reason);
    case SETTING_BOOLEAN:
        word = read_boolean(text);
        *(bool *)member = word == 1;
        return word >= 0 || setting_refuse(reason, "is not true or false");
    case SETTING_TLS:
        return read_tls_mode(text, member) || setting_refuse(reason, "is not off, on or verify");
    case SETTING_TEXT:
        break;
    }
    *(const char **)member = text;
    return check_text(row, text, reason);
}

enum { NAME_MAX_LETTERS = 40 };

/*
 * Normalises a name for comparison: upper case, without "_", "0" as "O"; cut to the size of the
 * result. Returns its length.
 */
static size_t
setting_fold_name(const char *name, char folded[static NAME_MAX_LETTERS])
{
    size_t len = 0;

    for (; *name != '\0' && len < NAME_MAX_LETTERS; name++) {
        if (*name >= 'a' && *name <= 'z') {
            folded[len++] = (char)(*name - 'a' + 'A');
        } else if (*name != '_') {
            folded[len++] = *name == '0' ? 'O' : *name;
        }
    }
    return len;
}

/* Letters to add, remove or change to turn one into the other (Levenshtein distance). */
static size_t
setting_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[NAME_MAX_LETTERS + 1];

    for (size_t k = 0; k <= b_len; k++) {
        row[k] = k;
    }
    for (size_t i = 0; i < a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t k = 0; k < b_len; k++) {
            size_t best = diagonal + (a[i] != b[k]);

            diagonal = row[k + 1];
            best = best <= diagonal ? best : diagonal + 1;
            best = best <= row[k] ? best : row[k] + 1;
            row[k + 1] = best;
        }
    }
    return row[b_len];
}

/* Returns the known key nearest to a misspelt one, or NULL if more than a third differs. */
const char *
setting_nearest(const char *name)
{
    char wanted[NAME_MAX_LETTERS] = "", known[NAME_MAX_LETTERS] = "";
    size_t len = setting_fold_name(name, wanted), nearest = len / 3 + 1;
    const char *found = NULL;

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        size_t known_len = setting_fold_name(settings_table[i].name, known);
        size_t far = setting_distance(wanted, len, known, known_len);

        if (far < nearest) {
            nearest = far;
            found = settings_table[i].name;
        }
    }
    return found;
}
