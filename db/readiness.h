/* Whether requests can be served: what a read and a write would meet. */
#ifndef DB_READINESS_H
#define DB_READINESS_H

#include "base/vocabulary.h"
#include "db/mysql/db.h"

#define DATABASE_STATES(WORD)                                                                      \
    WORD(DATABASE_OK, "ok")                                                                        \
    WORD(DATABASE_LOCKED, "locked")                                                                \
    WORD(DATABASE_READ_ONLY, "read_only")                                                          \
    WORD(DATABASE_FULL, "full")                                                                    \
    WORD(DATABASE_NO_WRITES, "no_writes")
/* DATABASE_DOWN: nothing can be read either. */
enum database_state { DATABASE_STATES(VOCABULARY_CONSTANT) DATABASE_DOWN };
extern const char *const database_state_words[]; /* ends with NULL */

/*
 * Reads a row, then inserts one into the rooms' log and rolls back. Takes about a second at most
 * while the server replies, and ends the request's own deadline: nothing should follow.
 */
enum database_state readiness_check(struct db *db) __attribute__((nonnull));

#endif
