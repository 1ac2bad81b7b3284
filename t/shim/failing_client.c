/*
 * A client library that fails on demand (LD_PRELOAD): it passes each call on to the real library,
 * counts it, and lets the one that the test has named fail, before or after the real call.
 *
 * The test gives its orders in a mapped file (FASTCHAT_FAIL); only `fastchat worker` follows them.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "db/mysql/mysql_compat.h"

/* Values of `call`. */
enum {
    NO_COMPOUNDS = -1, /* every call that only a compound statement needs fails */
    COMMITS = -2,      /* every COMMIT is made, and its answer lost */
};

struct orders {
    int32_t call;  /* the number of the call that fails, from 1; 0: none */
    int32_t after; /* it fails after the real call was made */
    int32_t error; /* with this number */
    int32_t calls; /* calls since the test set this to 0 */
    int32_t failed;
    char names[4000]; /* of these calls, a line each */
};

static struct orders *orders;
static pthread_mutex_t orders_lock = PTHREAD_MUTEX_INITIALIZER; /* of this process's threads */
static __thread bool failing;
/* Connecting never fails here: after a failure the program waits a second. */
static __thread bool connecting;

static bool
follows_orders(void)
{
    char words[4096] = "";
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, words, sizeof(words) - 1);

    (void)close(fd);
    for (ssize_t i = 0; i + 1 < got; i++) {
        words[i] = words[i] == '\0' ? ' ' : words[i];
    }
    return strstr(words, " worker --pool") != NULL;
}

__attribute__((constructor)) static void
open_orders(void)
{
    const char *file = getenv("FASTCHAT_FAIL");
    int fd = file == NULL ? -1 : open(file, O_RDWR | O_CLOEXEC);

    if (fd >= 0 && follows_orders()) {
        void *at = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        orders = at == MAP_FAILED ? NULL : at;
    }
    (void)(fd >= 0 && close(fd));
}

/* Whether this is the call that must fail. */
static bool
count(const char *name)
{
    size_t len;

    failing = false;
    if (orders == NULL || connecting || orders->call == COMMITS) {
        return false;
    }
    (void)pthread_mutex_lock(&orders_lock);
    len = strlen(orders->names);
    if (len + strlen(name) + 2 < sizeof(orders->names)) {
        (void)snprintf(orders->names + len, sizeof(orders->names) - len, "%s\n", name);
    }
    failing = ++orders->calls == orders->call ||
              (orders->call == NO_COMPOUNDS && strcmp(name, "mysql_stmt_next_result") == 0);
    orders->failed += failing;
    (void)pthread_mutex_unlock(&orders_lock);
    return failing;
}

/* Looked up once; threads may do so at the same time. */
static void *
real_function(void **found, const char *name)
{
    void *function = __atomic_load_n(found, __ATOMIC_RELAXED);

    if (function == NULL) {
        function = dlsym(RTLD_NEXT, name);
        __atomic_store_n(found, function, __ATOMIC_RELAXED);
    }
    if (function == NULL) {
        abort();
    }
    return function;
}

/* A function that can fail, its result then, and what happens to the real result. */
#define FAILING(type, name, parameters, arguments, failure, discard)                               \
    FAILING_IF(count(#name), type, name, parameters, arguments, failure, discard)
#define FAILING_IF(condition, type, name, parameters, arguments, failure, discard)                 \
    type name parameters                                                                           \
    {                                                                                              \
        static void *found;                                                                        \
        void *function = real_function(&found, #name);                                             \
        type(*real) parameters;                                                                    \
        bool fails = condition;                                                                    \
        type result;                                                                               \
                                                                                                   \
        memcpy(&real, &function, sizeof(real));                                                    \
        if (fails && orders->after == 0) {                                                         \
            return failure;                                                                        \
        }                                                                                          \
        result = real arguments;                                                                   \
        if (fails) {                                                                               \
            discard;                                                                               \
        }                                                                                          \
        return fails ? failure : result;                                                           \
    }

/* Whether the answer to this statement is lost. */
static bool
loses_answer(const char *sql)
{
    return orders != NULL && orders->call == COMMITS && strcmp(sql, "COMMIT") == 0;
}

/* Sets up a new connection, by mysql_real_query. */
int
mysql_query(MYSQL *mysql, const char *sql)
{
    int result;

    connecting = true;
    result = mysql_real_query(mysql, sql, strlen(sql));
    connecting = false;
    return result;
}

/* A function that returns the error. */
#define TELLING(type, name, parameters, arguments, told)                                           \
    type name parameters                                                                           \
    {                                                                                              \
        static void *found;                                                                        \
        void *function = real_function(&found, #name);                                             \
        type(*real) parameters;                                                                    \
                                                                                                   \
        memcpy(&real, &function, sizeof(real));                                                    \
        return failing ? told : real arguments;                                                    \
    }

FAILING_IF(count("mysql_real_query") || loses_answer(sql), int, mysql_real_query,
           (MYSQL * mysql, const char *sql, unsigned long len), (mysql, sql, len), 1,
           failing = true)
FAILING(MYSQL_RES *, mysql_use_result, (MYSQL * mysql), (mysql), NULL, mysql_free_result(result))
FAILING(int, mysql_stmt_prepare, (MYSQL_STMT * stmt, const char *sql, unsigned long len),
        (stmt, sql, len), 1, (void)0)
FAILING(mysql_flag, mysql_stmt_bind_param, (MYSQL_STMT * stmt, MYSQL_BIND *bind), (stmt, bind), 1,
        (void)0)
FAILING(mysql_flag, mysql_stmt_bind_result, (MYSQL_STMT * stmt, MYSQL_BIND *bind), (stmt, bind), 1,
        (void)0)
FAILING(MYSQL_RES *, mysql_stmt_result_metadata, (MYSQL_STMT * stmt), (stmt), NULL,
        mysql_free_result(result))
FAILING(int, mysql_stmt_execute, (MYSQL_STMT * stmt), (stmt), 1, (void)0)
FAILING(int, mysql_stmt_fetch, (MYSQL_STMT * stmt), (stmt), 1, (void)0)
FAILING(mysql_flag, mysql_stmt_free_result, (MYSQL_STMT * stmt), (stmt), 1, (void)0)
FAILING(int, mysql_stmt_next_result, (MYSQL_STMT * stmt), (stmt), 1, (void)0)

TELLING(unsigned, mysql_errno, (MYSQL * mysql), (mysql), (unsigned)orders->error)
TELLING(const char *, mysql_error, (MYSQL * mysql), (mysql), "failed for a test")
TELLING(unsigned, mysql_stmt_errno, (MYSQL_STMT * stmt), (stmt), (unsigned)orders->error)
TELLING(const char *, mysql_stmt_error, (MYSQL_STMT * stmt), (stmt), "failed for a test")
