/* Finds the functions of libcurl by their names. */
#include "fcgi/curl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

static bool
curl_load_symbols(void *library, struct curl *curl)
{
    const struct {
        const char *name;
        void *at;
    } symbols[] = {
        {"curl_global_init", &curl->global_init},
        {"curl_version", &curl->version},
        {"curl_easy_init", &curl->easy_init},
        {"curl_easy_cleanup", &curl->easy_cleanup},
        {"curl_easy_setopt", &curl->easy_setopt},
        {"curl_easy_perform", &curl->easy_perform},
        {"curl_easy_getinfo", &curl->easy_getinfo},
        {"curl_easy_strerror", &curl->easy_strerror},
        {"curl_slist_append", &curl->slist_append},
        {"curl_slist_free_all", &curl->slist_free_all},
        {"curl_multi_init", &curl->multi_init},
        {"curl_multi_cleanup", &curl->multi_cleanup},
        {"curl_multi_setopt", &curl->multi_setopt},
        {"curl_multi_add_handle", &curl->multi_add_handle},
        {"curl_multi_remove_handle", &curl->multi_remove_handle},
        {"curl_multi_socket_action", &curl->multi_socket_action},
        {"curl_multi_info_read", &curl->multi_info_read},
    };

    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *found = dlsym(library, symbols[i].name);

        if (found == NULL) {
            return false;
        }
        memcpy(symbols[i].at, &found, sizeof(found)); /* ISO C forbids a cast here */
    }
    return curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

const struct curl *
curl_load(void)
{
    static const char *const names[] = {"libcurl-gnutls.so.4", "libcurl.so.4"};
    static struct curl curl;
    static bool loaded;

    for (size_t i = 0; !loaded && i < sizeof(names) / sizeof(names[0]); i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

        loaded = library != NULL && curl_load_symbols(library, &curl);
    }
    return loaded ? &curl : NULL;
}
