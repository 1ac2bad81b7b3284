/*
 * libcurl, loaded at its first use: it depends on thirty libraries, which the serving processes
 * should not have to load. For `fastchat lab` and `fastchat check`.
 */
#ifndef FCGI_CURL_H
#define FCGI_CURL_H

#include <curl/curl.h>

struct curl {
    CURLcode (*global_init)(long flags);
    char *(*version)(void);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *easy);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *easy);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t s, int events, int *running);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
};

/*
 * Returns libcurl's functions, or NULL if it is not installed. Call it before starting threads; the
 * result lives as long as the process.
 */
const struct curl *curl_load(void) __attribute__((warn_unused_result));

/* The message to show if curl_load returns NULL. */
#define CURL_MISSING "libcurl is not installed (on Debian: libcurl3t64-gnutls or libcurl3-gnutls)"

#endif
