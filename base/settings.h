/*
 * What the operator may set: KEY=value in .env (python-dotenv's grammar), the process environment wins.
 * Every key has a default that works with nothing set.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The effective values. Strings live as long as the settings. */
struct settings {
    const char *app_env; /* "dev", "test" or "prod" */
    const char *app_name;
    int app_port;
    const char *app_host;
    const char *app_version;
    bool app_debug;
    const char *app_timezone;
    int app_workers; /* api processes of this host; 0 in the file means one a core, here it is that number */

    const char *db_host;
    int db_port;
    const char *db_socket; /* "" for TCP */
    const char *db_user;
    const char *db_password;
    const char *db_database;
    const char *db_charset;
    int db_pool_minsize;
    int db_pool_maxsize; /* api threads of the host, over all its processes */
    bool db_echo;

    const char *redis_host; /* "" for none; a path ("/…") is a unix socket */
    int redis_port;
    const char *redis_password;
    int redis_db;

    int limit_login, limit_register, limit_send, limit_general; /* requests a minute; 0: no limit */

    const char *cors_origins; /* comma-separated origins, or "*", or "" */
    int session_days;         /* how long a sign-in lasts without use */
    int request_deadline_ms;  /* a request's time; then 503 */
    int slow_request_ms;
    int events_heartbeat_seconds; /* at least so often something is sent on every stream */
    int events_per_session;       /* streams that one sign-in may hold at once */
    int events_queue_kb;          /* what may wait for a slow client before it is dropped */
    int task_children; /* tasks that run at once; 0 in the file means one a core, here it is that number */
    int task_lease_seconds;  /* a runner that is lost for so long loses its tasks to others */
    int task_drain_seconds;  /* what tasks get to end when the runner is told to */
    int task_demo_seconds;   /* how long a task of /api/task/{num} takes */
    int export_hours;        /* how long an export can be fetched */
    int worker_max_requests; /* a worker process replaces itself after about that many; 0: never */
};

/*
 * Read `path` (NULL: $FASTCHAT_ENV_FILE, else ".env" where it exists) and the environment.
 * NULL after having said on `errors`, one line each, what is wrong: file, line, key and reason; several faults are
 * all said. Unknown keys are warned about on `errors`, with the nearest known key, and do not stop.
 * The caller keeps the result for the life of the process and releases it with settings_free.
 */
struct settings *settings_load(const char *path, FILE *errors)
    __attribute__((nonnull(2), warn_unused_result));
void settings_free(struct settings *s);

/* Every key in the order of etc/.env.example with its effective value and origin; secrets masked. */
void settings_print(const struct settings *s, FILE *out) __attribute__((nonnull));

/* One effective value as text, unmasked, for scripts; NULL where there is no such key. */
const char *settings_get(const struct settings *s, const char *key) __attribute__((nonnull));

#endif
