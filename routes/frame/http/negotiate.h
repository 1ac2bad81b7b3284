/* How a client weighs the forms of a reply: Accept and Accept-Language (RFC 9110 section 12). */
#ifndef ROUTES_FRAME_HTTP_NEGOTIATE_H
#define ROUTES_FRAME_HTTP_NEGOTIATE_H

#include <stddef.h>

enum {
    WEIGHT_REFUSED = -1, /* q=0 */
    WEIGHT_UNNAMED = 0,
    WEIGHT_MAX = 1000,
};

struct preference {
    int weight;    /* in thousandths */
    int precision; /* of what names the form: 0: nothing, 1: "*", 2: "text/…", 3: its name */
    size_t place;  /* of what names it in the list */
};

/*
 * The weight of a media type ("text/event-stream", in lower case) in Accept. The most precise range
 * counts; parameters other than q are ignored. `accept` NULL: everything is welcome.
 */
struct preference negotiate_media_type(const char *accept, const char *media_type)
    __attribute__((nonnull(2)));

/*
 * The weight of a language ("zh") in Accept-Language: the largest of what names it or a variant of
 * it ("zh-TW"), else that of "*". `accepted` NULL: everything is welcome.
 */
struct preference negotiate_language(const char *accepted, const char *language)
    __attribute__((nonnull(2)));

#endif
