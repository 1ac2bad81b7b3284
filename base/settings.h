/*
 * The operator's settings: KEY=value in .env (python-dotenv's grammar); the process environment
 * takes precedence. Every key has a default that works if nothing is set.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How a connection to a server over TCP is protected. Unix sockets are never encrypted. */
enum tls_mode {
    TLS_OFF,
    TLS_ON,     /* encrypted; whoever answers is believed to be the server */
    TLS_VERIFY, /* encrypted; the server's certificate must be valid, for its host name */
};

/* The effective values. Strings live as long as the settings. */
struct settings {
    const char *app_env; /* "dev", "test" or "prod" */
    const char *app_name;
    int app_port;
    const char *app_host;
    const char *app_version;
    bool app_debug;
    const char *app_timezone;
    int app_workers; /* api processes of this host; 0 in the file: here the number of cores */

    const char *db_host;
    int db_port;
    const char *db_socket; /* "" for TCP */
    const char *db_user;
    const char *db_password;
    const char *db_database;
    const char *db_charset;
    enum tls_mode db_tls;
    const char *db_tls_ca; /* a PEM file, for TLS_VERIFY; "": the CAs of the system */
    int db_pool_minsize;
    int db_pool_maxsize; /* api threads of the host, in all its processes together */
    bool db_echo;

    const char *redis_host; /* "" for none; a path ("/…") is a unix socket */
    int redis_port;
    const char *redis_password;
    int redis_db;
    enum tls_mode redis_tls;
    const char *redis_tls_ca; /* like db_tls_ca */

    int limit_login, limit_register, limit_send, limit_general; /* requests a minute; 0: no limit */
    int limit_add;                        /* people added to rooms a minute; 0: no limit */
    int rooms_per_day, strangers_per_day; /* rooms made, strangers added; 0: no limit */
    bool rooms_consent;                   /* strangers are invited, not added */

    const char *cors_origins; /* comma-separated origins, or "*", or "" */
    const char *registration; /* "open" or "closed" */
    int session_days;         /* until an unused session ends */
    int sessions_max;         /* of a user: beyond it the least recently used ones end */
    int request_deadline_ms;  /* until a request gets the reply 503 */
    int slow_request_ms;
    int events_heartbeat_seconds; /* the longest silence on a stream */
    int events_per_session;       /* streams and long polls of one session at once */
    int events_per_user;          /* and of one user, in all sessions together */
    int events_queue_kb;          /* bytes/1024 that may wait for a slow client */
    /* Limits in nginx, for requests of one address at once; 0: no limit. */
    int events_per_address;      /* streams and long polls */
    int connections_per_address; /* requests of all kinds */
    int downloads_at_once;       /* of the whole host */
    int task_children;       /* tasks that run at once; 0 in the file: here the number of cores */
    int task_lease_seconds;  /* until the tasks of a lost runner are taken over */
    int task_drain_seconds;  /* for running tasks, when the runner must end */
    int tasks_per_user;      /* of one user that have not ended; 0: any number */
    int task_demo_seconds;   /* the duration of a task of /api/task/{num} */
    int export_hours;        /* until an export expires */
    int worker_max_requests; /* about how many, before a worker process is replaced; 0: no limit */
};

/*
 * Reads `path` (NULL: $FASTCHAT_ENV_FILE, else ".env" if it exists) and the environment. Returns
 * NULL after reporting every fault on `errors`, one per line: file, line, key, reason. Unknown keys
 * are warnings that name the nearest known key; a file that others can read is one, too.
 *
 * The result lives as long as the process; settings_free releases it.
 */
struct settings *settings_load(const char *path, FILE *errors)
    __attribute__((nonnull(2), warn_unused_result));
void settings_free(struct settings *s);

/*
 * Every key in the order of etc/.env.example with its effective value and origin; secrets are
 * masked.
 */
void settings_print(const struct settings *s, FILE *out) __attribute__((nonnull));

/* May everybody sign up? */
bool settings_registration_is_open(const struct settings *s) __attribute__((nonnull));

/*
 * A warning about Redis: that others can reach it and need no password. NULL if nothing is wrong.
 */
const char *settings_redis_warning(const struct settings *s) __attribute__((nonnull));

/* One effective value as text, unmasked, for scripts; NULL if there is no such key. */
const char *settings_get(const struct settings *s, const char *key) __attribute__((nonnull));

#endif
