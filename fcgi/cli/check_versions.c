/*
 * The versions that a bug report needs. Libraries that do not report theirs at run time show the
 * one they were built with.
 */
#include <gnu/libc-version.h>
#include <json-c/json.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uvernum.h>

#include "base/json.h"
#include "base/version.h"
#include "fcgi/cli/check.h"
#include "fcgi/cli/nginx.h"
#include "fcgi/curl.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Set by the Makefile: libfcgi's headers do not have it. */
#ifndef FCGI_VERSION
#define FCGI_VERSION "unknown"
#endif

#define AS_TEXT(number) #number
#define TEXT_OF(number) AS_TEXT(number)

static void
check_versions_show(const char *what, const char *version)
{
    (void)printf("        %-12s %s\n", what, version);
}

/* The second word of "OpenSSL 3.0.19 27 Jan 2026 …". */
static const char *
check_openssl_version(struct arena *a)
{
    const char *version = strchr(OpenSSL_version(OPENSSL_VERSION), ' ');

    return version == NULL ? "unknown" : arena_strndup(a, version + 1, strcspn(version + 1, " "));
}

void
check_versions(struct resources *r)
{
    const struct curl *curl = curl_load();
    int nginx = nginx_installed();

    check_versions_show("fastchat", FASTCHAT_VERSION ", built by " COMPILER);
    check_versions_show("libc", gnu_get_libc_version());
    check_versions_show("database", db_client(&r->arena));
    check_versions_show("json-c", json_c_version());
    check_versions_show("libfcgi", FCGI_VERSION);
    check_versions_show(
        "hiredis", TEXT_OF(HIREDIS_MAJOR) "." TEXT_OF(HIREDIS_MINOR) "." TEXT_OF(HIREDIS_PATCH));
    check_versions_show("OpenSSL", check_openssl_version(&r->arena));
    check_versions_show("libsodium", sodium_version_string());
    check_versions_show("icu", U_ICU_VERSION);
    if (curl == NULL) {
        check_versions_show("libcurl", "not installed");
    } else { /* "libcurl/7.88.1 GnuTLS/3.7.9 …" */
        const char *version = curl->version() + strlen("libcurl/");

        check_versions_show("libcurl", arena_strndup(&r->arena, version, strcspn(version, " ")));
    }
    check_versions_show("nginx", nginx == 0 ? "not installed here"
                                            : arena_printf(&r->arena, "%d.%d.%d", nginx / 1000000,
                                                           nginx / 1000 % 1000, nginx % 1000));
}

bool
check_json(void)
{
    static const char text[] = "{\"你好\": \"\\ud83c\\udf0f 世界\"}";
    static const char expected[] = "🌏 世界";
    struct json_error error = {.reason = "the text is not read as it was written"};
    struct json_object *tree = NULL, *value;
    struct arena scratch = {0};
    bool good = json_parse(text, strlen(text), &scratch, &tree, &error) &&
                json_object_object_get_ex(tree, "你好", &value) &&
                strcmp(json_object_get_string(value), expected) == 0;

    json_object_put(tree);
    arena_free(&scratch);
    return check_report(good, "JSON", "%s", good ? "Chinese is read and written" : error.reason);
}
