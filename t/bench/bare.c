/*
 * The least that a correct program does around its queries: no route table, no sessions, no
 * validation, no log.
 */
#include "t/bench/bare.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static struct {
    void (*prepare)(struct bare *);
    void (*reply)(struct bare *);
} program;

static _Noreturn void
fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "bare: %s: %s\n", what, why);
    exit(1);
}

static void
connect_database(struct bare *bare)
{
    bare->mysql = mysql_init(NULL);
    if (bare->mysql == NULL || mysql_options(bare->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") != 0 ||
        mysql_real_connect(bare->mysql, "localhost", getenv("DB_USER"), "", getenv("DB_DATABASE"),
                           0, getenv("DB_SOCKET"), 0) == NULL ||
        mysql_query(bare->mysql, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED") != 0) {
        fail("the database", bare->mysql == NULL ? "out of memory" : mysql_error(bare->mysql));
    }
}

MYSQL_STMT *
bare_prepare(struct bare *bare, const char *sql)
{
    MYSQL_STMT *stmt = mysql_stmt_init(bare->mysql);

    if (stmt == NULL || mysql_stmt_prepare(stmt, sql, (unsigned long)strlen(sql)) != 0) {
        fail(sql, mysql_error(bare->mysql));
    }
    return stmt;
}

static void *
run_thread(void *unused)
{
    struct bare bare = {0};

    (void)unused;
    if (program.prepare != NULL) {
        (void)mysql_thread_init();
        connect_database(&bare);
        program.prepare(&bare);
    }
    if (FCGX_InitRequest(&bare.fcgi, 0, 0) != 0) {
        fail("libfcgi", "out of memory");
    }
    while (FCGX_Accept_r(&bare.fcgi) == 0) {
        program.reply(&bare);
        FCGX_Finish_r(&bare.fcgi);
    }
    return NULL;
}

int
bare_run(int threads, void (*prepare)(struct bare *), void (*reply)(struct bare *))
{
    pthread_t id;

    /* ends with the process that runs the benchmark */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || FCGX_Init() != 0 ||
        (prepare != NULL && mysql_library_init(0, NULL, NULL) != 0)) {
        fail("start", "a library cannot be used");
    }
    (void)signal(SIGTERM, SIG_DFL);
    program.prepare = prepare;
    program.reply = reply;
    for (int i = 1; i < threads; i++) {
        if (pthread_create(&id, NULL, run_thread, NULL) != 0) {
            fail("start", "a thread cannot be made");
        }
    }
    (void)run_thread(NULL);
    return 0;
}

long
bare_path_number(struct bare *bare)
{
    const char *uri = FCGX_GetParam("REQUEST_URI", bare->fcgi.envp);
    const char *slash = uri == NULL ? NULL : strrchr(uri, '/');

    return slash == NULL ? 0 : strtol(slash + 1, NULL, 10);
}

char *
bare_put(char *at, const char *text)
{
    size_t len = strlen(text);

    memcpy(at, text, len);
    return at + len;
}

char *
bare_put_number(char *at, long long n)
{
    char digits[20];
    int len = 0;

    do {
        digits[len++] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    while (len > 0) {
        *at++ = digits[--len];
    }
    return at;
}

char *
bare_put_string(char *at, const char *text, unsigned long len)
{
    static const char digits[] = "0123456789abcdef";

    *at++ = '"';
    for (const char *end = text + len; text < end; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            *at++ = '\\';
            *at++ = (char)c;
        } else if (c < 0x20) {
            at = bare_put(at, "\\u00");
            *at++ = digits[c >> 4];
            *at++ = digits[c & 0xF];
        } else {
            *at++ = (char)c;
        }
    }
    *at++ = '"';
    return at;
}

static char *
put_padded(char *at, int n, int width)
{
    for (int i = width; i > 0; i--) {
        at[i - 1] = (char)('0' + n % 10);
        n /= 10;
    }
    return at + width;
}

/* Days since 1970 to a date: Howard Hinnant's civil_from_days. */
char *
bare_put_time(char *at, long long ms)
{
    long long local = ms + 8 * 3600 * 1000LL, day = local / 86400000, rest = local % 86400000;
    long long z = day + 719468, era = z / 146097, doe = z - era * 146097;
    long long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);

    at = put_padded(at, (int)(yoe + era * 400 + (month <= 2)), 4);
    *at++ = '-';
    at = put_padded(at, month, 2);
    *at++ = '-';
    at = put_padded(at, (int)(doy - (153 * mp + 2) / 5 + 1), 2);
    *at++ = 'T';
    at = put_padded(at, (int)(rest / 3600000), 2);
    *at++ = ':';
    at = put_padded(at, (int)(rest / 60000 % 60), 2);
    *at++ = ':';
    at = put_padded(at, (int)(rest / 1000 % 60), 2);
    *at++ = '.';
    at = put_padded(at, (int)(rest % 1000), 3);
    return bare_put(at, "+08:00");
}

void
bare_send(struct bare *bare, const char *status, const char *body, int len)
{
    char head[300];
    int head_len = snprintf(head, sizeof(head),
                            "X-Request-ID: 0123456789abcdef\r\n"
                            "Cache-Control: no-store\r\n"
                            "Content-Type: application/json\r\n"
                            "Status: %s\r\nContent-Length: %d\r\n\r\n",
                            status, len);

    (void)FCGX_PutStr(head, head_len, bare->fcgi.out);
    (void)FCGX_PutStr(body, len, bare->fcgi.out);
}
