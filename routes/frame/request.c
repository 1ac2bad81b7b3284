/* Prepares requests and reads their meta-variables. */
#include "routes/frame/request.h"

#include <string.h>

#include "routes/frame/http/negotiate.h"

void
request_init(struct request *req, struct resources *from, char *const *env)
{
    *req = (struct request){
        .env = env,
        .settings = from->settings,
        .caller = {.settings = from->settings,
                   .db = from->db,
                   .redis = from->redis,
                   .arena = &from->arena},
        .head = &from->head,
        .body = &from->body,
        .method = "",
        .path = "",
        .query = "",
        .address = "",
    };
    req->last_fault = &req->faults;
    buf_clear(req->head);
    buf_clear(req->body);
}

const char *
request_env(const struct request *req, const char *name)
{
    size_t len = strlen(name);

    for (char *const *at = req->env; *at != NULL; at++) {
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=') {
            return *at + len + 1;
        }
    }
    return NULL;
}

static enum language
language_choose(const char *accepted)
{
    struct preference zh, en;

    if (accepted == NULL) {
        return ENGLISH;
    }
    zh = negotiate_language(accepted, "zh");
    en = negotiate_language(accepted, "en");
    return zh.weight > en.weight || (zh.weight == en.weight && zh.place < en.place) ? CHINESE
                                                                                    : ENGLISH;
}

enum language
request_language(struct request *req)
{
    if (req->language == LANGUAGE_NOT_READ) {
        req->language = language_choose(request_env(req, "HTTP_ACCEPT_LANGUAGE"));
    }
    return req->language;
}
