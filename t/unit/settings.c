/* base/settings: what wins, what is a good value, and what stops the start. */
#include "base/settings.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/settings_keys.h"
#include "base/version.h"
#include "t/unit/tap.h"

static char folder[] = "/tmp/fastchat-settings-XXXXXX";
static char env_path[sizeof(folder) + 16];
static char said[16 * 1024];

static void
write_env(const char *text, size_t len)
{
    FILE *file = fopen(env_path, "wb");

    if (file == NULL || fwrite(text, 1, len, file) != len || fclose(file) != 0) {
        abort();
    }
}

/* Load `path`; what was said on the way is left in `said`. */
static struct settings *
load(const char *path)
{
    FILE *errors = tmpfile();
    struct settings *s;
    size_t len;

    if (errors == NULL) {
        abort();
    }
    s = settings_load(path, errors);
    rewind(errors);
    len = fread(said, 1, sizeof(said) - 1, errors);
    said[len] = '\0';
    (void)fclose(errors);
    return s;
}

/* Load what stands in `text`. "PATH" is put in place of the file's name in what was said. */
static struct settings *
load_text(const char *text)
{
    struct settings *s;
    char *at;

    write_env(text, strlen(text));
    s = load(env_path);
    for (at = strstr(said, env_path); at != NULL; at = strstr(at, env_path)) {
        memmove(at + 4, at + strlen(env_path), strlen(at + strlen(env_path)) + 1);
        memcpy(at, "PATH", 4);
    }
    return s;
}

static void
test_defaults(void)
{
    struct settings *s = load_text("");

    if (!ok(s != NULL, "nothing set: every default works")) {
        diag("%s", said);
        return;
    }
    is_str(said, "", "good settings are silent");
    is_str(s->app_env, "dev", "APP_ENV has its default");
    is_int(s->app_port, 8000, "APP_PORT has its default");
    is_str(s->app_host, "127.0.0.1", "APP_HOST has its default");
    is_str(s->app_version, FASTCHAT_VERSION, "APP_VERSION is the program's own");
    ok(!s->app_debug, "APP_DEBUG has its default");
    is_str(s->app_timezone, "Asia/Shanghai", "APP_TIMEZONE has its default");
    ok(s->app_workers >= 1 && s->app_workers <= 64, "APP_WORKERS is a number of cores");
    is_int(s->db_port, 3306, "DB_PORT has its default");
    is_str(s->db_socket, "", "DB_SOCKET has its default");
    is_int(s->db_pool_minsize, 2, "DB_POOL_MINSIZE has its default");
    is_int(s->db_pool_maxsize, 16, "DB_POOL_MAXSIZE has its default");
    is_int(s->db_tls, TLS_OFF, "DB_TLS has its default");
    is_int(s->redis_tls, TLS_OFF, "REDIS_TLS has its default");
    is_int(s->redis_port, 6379, "REDIS_PORT has its default");
    is_int(s->limit_general, 600, "LIMIT_GENERAL has its default");
    is_int(s->session_days, 30, "SESSION_DAYS has its default");
    is_int(s->request_deadline_ms, 10000, "REQUEST_DEADLINE_MS has its default");
    is_int(s->slow_request_ms, 500, "SLOW_REQUEST_MS has its default");
    is_int(s->worker_max_requests, 100000, "WORKER_MAX_REQUESTS has its default");
    is_str(settings_get(s, "DB_DATABASE"), "fastchat", "settings_get returns a text");
    is_str(settings_get(s, "LIMIT_SEND"), "120", "settings_get gives a number as text");
    is_str(settings_get(s, "DB_ECHO"), "false", "settings_get gives a boolean as a word");
    ok(settings_get(s, "APP_WORKERS")[0] != '0', "settings_get gives what is in force");
    ok(settings_get(s, "NO_SUCH_KEY") == NULL, "settings_get knows no other key");
    settings_free(s);
}

static void
test_precedence(void)
{
    struct settings *s;

    (void)setenv("DB_USER", "environment", 1);
    s = load_text("DB_USER=file\nDB_PORT=1\nDB_PORT=3307\nREDIS_DB=05\nAPP_DEBUG=YES\n"
                  "DB_DATABASE=${DB_USER}_db\nDB_PASSWORD='s3cret #1'\n");
    if (ok(s != NULL, "a good file is taken")) {
        is_str(s->db_user, "environment", "the environment wins over the file");
        is_int(s->db_port, 3307, "the last line of a key wins");
        is_int(s->redis_db, 5, "a number with a leading zero is decimal");
        ok(s->app_debug, "a boolean's word may be in capitals");
        is_str(s->db_database, "environment_db", "the environment wins inside ${…}");
        is_str(s->db_password, "s3cret #1", "a password in quotes is read");
    }
    settings_free(s);
    (void)setenv("DB_USER", "", 1);
    s = load_text("DB_USER=file\n");
    ok(s == NULL, "an empty variable of the environment wins");
    is_str(said, "environment: DB_USER: \"\" must not be empty\n",
           "a wrong variable of the environment is named as the origin");
    (void)unsetenv("DB_USER");
    settings_free(s);
}

/* Values by key; `reason` NULL: the value is good. */
static const struct {
    const char *key, *value, *reason;
} values[] = {
    {"APP_ENV", "prod", NULL},
    {"APP_ENV", "production", "\"production\" is not dev, test or prod"},
    {"APP_ENV", "", "\"\" must not be empty"},
    {"APP_NAME", "\xE5\xBF\xAB\xE8\x81\x8A", NULL},
    {"APP_NAME", "", "\"\" must not be empty"},
    {"APP_NAME", "\"a\\nb\"", "\"a\\nb\" holds a control character"},
    {"APP_PORT", "1", NULL},
    {"APP_PORT", "65535", NULL},
    {"APP_PORT", "0", "\"0\" is not a port (1 to 65535)"},
    {"APP_PORT", "70000", "\"70000\" is not a port (1 to 65535)"},
    {"APP_PORT", "99999999999999999999", "\"99999999999999999999\" is not a port (1 to 65535)"},
    {"APP_PORT", "80a", "\"80a\" is not a port (1 to 65535)"},
    {"APP_PORT", "0x50", "\"0x50\" is not a port (1 to 65535)"},
    {"APP_PORT", "+80", "\"+80\" is not a port (1 to 65535)"},
    {"APP_PORT", "80.0", "\"80.0\" is not a port (1 to 65535)"},
    {"APP_PORT", "' 80'", "\" 80\" is not a port (1 to 65535)"},
    {"APP_PORT", "", "\"\" is not a port (1 to 65535)"},
    {"APP_HOST", "0.0.0.0", NULL},
    {"APP_HOST", "::", NULL},
    {"APP_HOST", "localhost", NULL},
    {"APP_HOST", "chat-1.my_net.example.com", NULL},
    {"APP_HOST", "256.1.1.1", "\"256.1.1.1\" is not a host name or an address"},
    {"APP_HOST", "1.2.3", "\"1.2.3\" is not a host name or an address"},
    {"APP_HOST", "::g", "\"::g\" is not a host name or an address"},
    {"APP_HOST", "a..b", "\"a..b\" is not a host name or an address"},
    {"APP_HOST", "-a", "\"-a\" is not a host name or an address"},
    {"APP_HOST", "a.", "\"a.\" is not a host name or an address"},
    {"APP_HOST", "a b", "\"a b\" is not a host name or an address"},
    {"APP_HOST", "http://a", "\"http://a\" is not a host name or an address"},
    {"APP_HOST", "a;b", "\"a;b\" is not a host name or an address"},
    {"APP_DEBUG", "on", NULL},
    {"APP_DEBUG", "False", NULL},
    {"APP_DEBUG", "2", "\"2\" is not true or false"},
    {"APP_DEBUG", "", "\"\" is not true or false"},
    {"APP_TIMEZONE", "UTC", NULL},
    {"APP_TIMEZONE", "Europe/Berlin", NULL},
    {"APP_TIMEZONE", "Mars/Olympus",
     "\"Mars/Olympus\" is not a time zone of this host (the package tzdata has them; UTC and "
     "Asia/Shanghai work without it)"},
    {"APP_TIMEZONE", "../../etc/passwd",
     "\"../../etc/passwd\" is not a time zone of this host (the package tzdata has them; UTC and "
     "Asia/Shanghai work without it)"},
    {"APP_WORKERS", "64", NULL},
    {"APP_WORKERS", "65", "\"65\" is not a whole number from 0 to 64"},
    {"APP_WORKERS", "-1", "\"-1\" is not a whole number from 0 to 64"},
    {"DB_HOST", "db.example.com", NULL},
    {"DB_HOST", "db/1", "\"db/1\" is not a host name or an address"},
    {"DB_HOST", "", "\"\" must not be empty without DB_SOCKET"},
    {"DB_PORT", "70000", "\"70000\" is not a port (1 to 65535)"},
    {"DB_SOCKET", "/run/mysqld/mysqld.sock", NULL},
    {"DB_SOCKET", "mysqld.sock", "\"mysqld.sock\" is not the absolute path of a unix socket"},
    {"DB_DATABASE", "fast-chat_2$", NULL},
    {"DB_DATABASE", "fast chat", "\"fast chat\" is not a database name of letters, digits, _ $ -"},
    {"DB_DATABASE", "a`; DROP", "\"a`; DROP\" is not a database name of letters, digits, _ $ -"},
    {"DB_DATABASE", "a2345678901234567890123456789012345678901234567890123456789012345",
     "\"a2345678901234567890123456789012345678901234567890123456789012345\" is longer than 64 bytes"},
    {"DB_TLS", "on", NULL},
    {"DB_TLS", "verify", NULL},
    {"DB_TLS", "true", "\"true\" is not off, on or verify"},
    {"DB_TLS", "", "\"\" is not off, on or verify"},
    {"DB_TLS_CA", "", NULL},
    {"DB_TLS_CA", "ca.pem", "\"ca.pem\" is not the absolute path of a PEM file"},
    {"DB_TLS_CA", "/no/ca.pem", "\"/no/ca.pem\" does not exist"},
    {"DB_TLS_CA", "/etc/passwd", "\"/etc/passwd\" holds no certificate in PEM form"},
    {"DB_CHARSET", "utf8", "\"utf8\" is not utf8mb4, the only one that holds all text"},
    {"DB_POOL_MINSIZE", "0", NULL},
    {"DB_POOL_MINSIZE", "17", "\"17\" is more than DB_POOL_MAXSIZE (16)"},
    {"DB_POOL_MAXSIZE", "2", NULL},
    {"DB_POOL_MAXSIZE", "1", "\"1\" is less than DB_POOL_MINSIZE (2)"},
    {"DB_POOL_MAXSIZE", "0", "\"0\" is not a whole number from 1 to 256"},
    {"DB_ECHO", "maybe", "\"maybe\" is not true or false"},
    {"REDIS_HOST", "", NULL},
    {"REDIS_HOST", "/run/redis/redis.sock", NULL},
    {"REDIS_HOST", "redis", NULL},
    {"REDIS_HOST", "redis:6379", "\"redis:6379\" is not a host name or an address"},
    {"REDIS_DB", "16", "\"16\" is not a whole number from 0 to 15"},
    {"REDIS_TLS", "Verify", "\"Verify\" is not off, on or verify"},
    {"REDIS_TLS_CA", "/dev/zero", "\"/dev/zero\" is not a file"},
    {"LIMIT_LOGIN", "0", NULL},
    {"LIMIT_LOGIN", "1000001", "\"1000001\" is not a whole number from 0 to 1000000"},
    {"CORS_ORIGINS", "*", NULL},
    {"CORS_ORIGINS", "https://chat.example.com, http://localhost:5173,http://[::1]:80", NULL},
    {"CORS_ORIGINS", "capacitor://localhost", NULL},
    {"CORS_ORIGINS", "chat.example.com", "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "https://chat.example.com/",
     "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "https://Chat.example.com",
     "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "https://", "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "https://a:b", "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "https://a:", "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "https://[::1", "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "https://a,*", "(https://chat.example.com,http://localhost:5173), nor *"},
    {"CORS_ORIGINS", "null", "(https://chat.example.com,http://localhost:5173), nor *"},
    {"SESSION_DAYS", "0", "\"0\" is not a whole number from 1 to 3650"},
    {"REQUEST_DEADLINE_MS", "99", "\"99\" is not a whole number from 100 to 600000"},
    {"SLOW_REQUEST_MS", "0", NULL},
    {"WORKER_MAX_REQUESTS", "0", NULL},
};

/* A message is one line: the place and the key, then the reason. */
static bool
says(const char *place, const char *key, const char *reason)
{
    char begin[120];
    size_t len = strlen(said), reason_len = strlen(reason);

    (void)snprintf(begin, sizeof(begin), "%s: %s: ", place, key);
    return strncmp(said, begin, strlen(begin)) == 0 && len > reason_len && said[len - 1] == '\n' &&
           strchr(said, '\n') == said + len - 1 &&
           strncmp(said + len - 1 - reason_len, reason, reason_len) == 0;
}

static void
test_values(void)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[400], name[400];
        struct settings *s;
        bool held;

        (void)snprintf(text, sizeof(text), "# a file\n%s=%s\n", values[i].key, values[i].value);
        (void)snprintf(name, sizeof(name), "%s: %s=%s",
                       values[i].reason == NULL ? "taken" : "refused", values[i].key,
                       values[i].value);
        for (char *c = strchr(name, '#'); c != NULL; c = strchr(c, '#')) {
            *c = ' '; /* TAP would read a directive */
        }
        s = load_text(text);
        held = values[i].reason == NULL
                   ? s != NULL && said[0] == '\0'
                   : s == NULL && says("PATH line 2", values[i].key, values[i].reason);
        if (!ok(held, name)) {
            diag("it said: %s", said);
        }
        settings_free(s);
    }
}

static void
test_origins_of_faults(void)
{
    struct settings *s;

    (void)setenv("APP_PORT", "70000", 1);
    s = load_text("DB_POOL_MINSIZE=x\nDB_PASSWORD=\"\n");
    ok(s == NULL, "a bad value stops the start");
    is_str(said,
           "PATH line 2: the quote is not closed\n"
           "environment: APP_PORT: \"70000\" is not a port (1 to 65535)\n"
           "PATH line 1: DB_POOL_MINSIZE: \"x\" is not a whole number from 0 to 256\n",
           "all faults are told, each with its place, key and reason");
    (void)unsetenv("APP_PORT");
    settings_free(s);

    s = load_text("DB_HOST=\nDB_SOCKET=/run/mysqld/mysqld.sock\n");
    ok(s != NULL, "DB_HOST may be empty beside DB_SOCKET");
    settings_free(s);

    (void)setenv("DB_USER", "caf\xE9", 1);
    s = load_text("");
    ok(s == NULL && says("environment", "DB_USER", "is not valid UTF-8"),
       "a variable that is not UTF-8 is refused");
    (void)unsetenv("DB_USER");
    settings_free(s);
}

static void
test_secrets(void)
{
    char secret[700], line[800];
    struct settings *s;
    FILE *out = tmpfile();
    size_t len;

    memset(secret, 's', 600);
    secret[600] = '\0';
    (void)snprintf(line, sizeof(line), "DB_PASSWORD=%s\n", secret);
    s = load_text(line);
    ok(s == NULL && strstr(said, "ssss") == NULL, "a bad secret is not shown");
    settings_free(s);

    s = load_text("DB_PASSWORD=hunter2\nAPP_NAME='a # \"b\"'\n");
    if (ok(s != NULL && out != NULL, "settings to print")) {
        settings_print(s, out);
        rewind(out);
        len = fread(said, 1, sizeof(said) - 1, out);
        said[len] = '\0';
        ok(strstr(said, "hunter2") == NULL, "a secret is not printed");
        ok(strstr(said, "\nDB_PASSWORD=*** ") != NULL, "*** is, where one is set");
        ok(strstr(said, "\nREDIS_PASSWORD= ") != NULL, "nothing is, where none is");
        ok(strstr(said, "\nAPP_NAME=\"a # \\\"b\\\"\" ") != NULL,
           "a value is printed as .env reads it");
        ok(strstr(said, " # default\n") != NULL && strstr(said, " line 1\n") != NULL,
           "every line tells its origin");
        is_str(settings_get(s, "DB_PASSWORD"), "hunter2", "settings_get gives a secret to scripts");
    }
    settings_free(s);
    if (out != NULL) {
        (void)fclose(out);
    }
}

/* Printed settings read back as the same settings. */
static void
test_print_round_trip(void)
{
    static const char text[] =
        "APP_NAME=' a # b'\nDB_USER='q\"\\\\z'\nAPP_DEBUG=on\nAPP_WORKERS=3\n"
        "CORS_ORIGINS=https://a.example,http://b:1\nREDIS_HOST=\n";
    struct settings *s = load_text(text), *again;
    FILE *out = fopen(env_path, "w");
    bool same = s != NULL && out != NULL;

    if (same) {
        settings_print(s, out);
        (void)fclose(out);
        again = load(env_path);
        same = again != NULL && said[0] == '\0';
        for (size_t i = 0; same && i < SETTING_COUNT; i++) {
            const char *name = settings_table[i].name;

            same = strcmp(settings_get(s, name), settings_get(again, name)) == 0;
        }
        settings_free(again);
    }
    ok(same, "printed settings read back as the same settings");
    settings_free(s);
}

static const struct {
    const char *key, *nearest;
} misspelt[] = {
    {"DB_P0RT", "DB_PORT"},
    {"APP_H0ST", "APP_HOST"},
    {"DB_P00L_MINSIZE", "DB_POOL_MINSIZE"},
    {"APP_TIMEZoNE", "APP_TIMEZONE"},
    {"DBDATABASE", "DB_DATABASE"},
    {"db_port", "DB_PORT"},
    {"DB_PASWORD", "DB_PASSWORD"},
    {"REDIS_HOTS", "REDIS_HOST"},
    {"LIMIT_GENERALS", "LIMIT_GENERAL"},
    {"PATH", NULL},
    {"MYSQL_ROOT_PASSWORD", NULL},
    {"X", NULL},
    {"A_KEY_THAT_IS_MUCH_LONGER_THAN_ANY_THAT_THERE_IS_AND_THEN_SOME", NULL},
};

static void
test_nearest(void)
{
    struct settings *s;
    char name[160];

    for (size_t i = 0; i < sizeof(misspelt) / sizeof(misspelt[0]); i++) {
        (void)snprintf(name, sizeof(name), "what %s may mean", misspelt[i].key);
        is_str(setting_nearest(misspelt[i].key), misspelt[i].nearest, name);
    }
    s = load_text("DB_P0RT=1\n\nVITE_THING=1\nDB_HOST\n'a\x1B key'=1\n");
    ok(s != NULL && s->db_port == 3306, "an unknown key does not stop, and sets nothing");
    is_str(said,
           "PATH line 1: unknown key DB_P0RT (did you mean DB_PORT?)\n"
           "PATH line 3: unknown key VITE_THING\n"
           "PATH line 4: DB_HOST has no \"=\", and sets nothing\n"
           "PATH line 5: unknown key \"a\\u001b key\"\n",
           "an unknown key is reported with the nearest known key");
    settings_free(s);
}

/* Every process keeps its settings, and a task's process begins as a copy of the runner's. */
static void
test_memory(void)
{
    struct mallinfo2 before = mallinfo2(), after;
    struct settings *s = load_text("APP_ENV=dev\n");

    after = mallinfo2();
    ok(s != NULL && after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 256 * 1024,
       "the settings of a short file take less than 256 KiB");
    settings_free(s);
}

static void
test_files(void)
{
    static char large[1024 * 1024 + 1];
    char absent[sizeof(folder) + 16];
    struct settings *s;

    memset(large, '\n', sizeof(large));
    write_env(large, sizeof(large) - 1);
    s = load(env_path);
    ok(s != NULL, "a file of 1 MiB is read");
    settings_free(s);
    write_env(large, sizeof(large));
    s = load(env_path);
    ok(s == NULL && strstr(said, ": cannot be read: it is larger than 1 MiB\n") != NULL,
       "a file larger than 1 MiB is refused");
    settings_free(s);

    s = load(folder);
    ok(s == NULL && strstr(said, ": cannot be read: Is a directory\n") != NULL,
       "a folder is refused as settings, with the reason");
    settings_free(s);

    (void)snprintf(absent, sizeof(absent), "%s/absent", folder);
    s = load(absent);
    ok(s == NULL && strstr(said, ": cannot be read: No such file or directory\n") != NULL,
       "a named file must exist");
    settings_free(s);

    (void)setenv("FASTCHAT_ENV_FILE", absent, 1);
    s = load(NULL);
    ok(s == NULL, "a file that FASTCHAT_ENV_FILE names must exist");
    settings_free(s);
    write_env("APP_PORT=8123\n", 14);
    (void)setenv("FASTCHAT_ENV_FILE", env_path, 1);
    s = load(NULL);
    ok(s != NULL && s->app_port == 8123, "FASTCHAT_ENV_FILE is read");
    settings_free(s);
    (void)unsetenv("FASTCHAT_ENV_FILE");
}

/* In a folder of its own, since ".env" is looked for in the working directory. */
static void
test_access(void)
{
    static const mode_t open_modes[] = {0640, 0644, 0604, 0660, 0620, 0601};
    bool warned = true;

    settings_free(load_text("APP_PORT=1\n"));
    is_str(said, "", "a file for its owner alone brings no warning");
    for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
        struct settings *s;

        (void)chmod(env_path, open_modes[i]);
        s = load(env_path);
        warned = warned && s != NULL && strstr(said, "others have access to it") != NULL &&
                 strstr(said, "chmod 600") != NULL;
        settings_free(s);
    }
    ok(warned, "a file that others have access to brings a warning, and works");
    (void)chmod(env_path, 0400);
    settings_free(load(env_path));
    is_str(said, "", "a file that its owner can only read brings no warning");
    (void)chmod(env_path, 0600);
    if (geteuid() == 0 && chown(env_path, 12345, 0) == 0) {
        settings_free(load(env_path));
        ok(strstr(said, "belongs to user 12345") != NULL,
           "a file that belongs to somebody else brings a warning");
        (void)unlink(env_path);
    }
    settings_free(load("/dev/null"));
    is_str(said, "", "a device brings no warning");
}

static void
test_working_directory(void)
{
    struct settings *s;

    if (!ok(chdir(folder) == 0, "a folder")) {
        return;
    }
    s = load(NULL);
    ok(s != NULL && said[0] == '\0', "the defaults are used silently without .env");
    settings_free(s);
    (void)setenv("FASTCHAT_ENV_FILE", "", 1);
    s = load(NULL);
    ok(s != NULL, "an empty FASTCHAT_ENV_FILE names no file");
    settings_free(s);
    (void)unsetenv("FASTCHAT_ENV_FILE");
    (void)rename(env_path, ".env");
    s = load(NULL);
    ok(s != NULL && s->app_port == 8123, ".env is read where it exists");
    settings_free(s);
    (void)unlink(".env");
}

int
main(void)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        (void)unsetenv(settings_table[i].name);
    }
    (void)unsetenv("FASTCHAT_ENV_FILE");
    (void)umask(077); /* a file that others can read brings a warning */
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(env_path, sizeof(env_path), "%s/env", folder);
    test_defaults();
    test_precedence();
    test_values();
    test_origins_of_faults();
    test_secrets();
    test_print_round_trip();
    test_nearest();
    test_access();
    test_memory();
    test_files();
    test_working_directory();
    (void)unlink(env_path);
    (void)rmdir(folder);
    return done_testing();
}
