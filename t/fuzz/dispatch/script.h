/*
 * A script: requests one after another, as text, separated by lines that are "--".
 *
 *     alice POST /api/rooms/1/messages?a=b       who calls, the method, the URI
 *     HTTP_ACCEPT_LANGUAGE=zh                    more meta-variables, before those of a web server
 *                                                an empty line, if there is a body
 *     {"client_id":"a","body":"早上好"}
 *
 * Callers are the users of world.h; `new`, who signed in last in this script; anybody else is
 * nobody. {id} stands for the last id that a reply had. Everything may be any bytes.
 * "consent" in place of a request: from here on strangers are asked before they are added to rooms.
 */
#ifndef T_FUZZ_DISPATCH_SCRIPT_H
#define T_FUZZ_DISPATCH_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/random.h"

enum { SCRIPT_REQUESTS_MAX = 16 };

#define SCRIPT_SEPARATOR "\n--\n"
#define SCRIPT_CONSENT "consent"

struct script_text {
    const char *at;
    size_t len;
};

/* The values that later requests refer to. Starts as {0}. */
struct script_memory {
    int64_t id;
    char token[TOKEN_TEXT_SIZE]; /* of the last sign-in; "": none */
    int64_t token_user_id;
};

/* Splits a script into its requests, at most SCRIPT_REQUESTS_MAX. Returns their number. */
size_t script_split(const char *text, size_t len,
                    struct script_text requests[static SCRIPT_REQUESTS_MAX])
    __attribute__((nonnull, warn_unused_result));

/* Is the whole of a request this text? */
bool script_is(struct script_text request, const char *text) __attribute__((nonnull));

/*
 * Appends a request to `records` as a web server sends it (FastCGI 1.0). Returns the user whose
 * token it contains; 0: nobody's.
 */
int64_t script_send(struct script_text request, const struct script_memory *memory, struct arena *a,
                    struct buf *records) __attribute__((nonnull));

/* Notes the id and the token of a reply. */
void script_note_reply(struct script_memory *memory, const char *reply) __attribute__((nonnull));

#endif
