/*
 * Password guesses at one account (OWASP Authentication Cheat Sheet, "Account Lockout").
 *
 * A guess is counted before the password is checked, so that guesses sent at once do not pass
 * together; a right password takes its count back. After a few failures the next guess has to wait,
 * longer each time, up to a minute: first for the network that guesses (IPv4 /24, IPv6 /48), and
 * after many failures from several networks for all of them. Addresses from which the account's
 * owner has signed in before never wait: a stranger cannot lock the owner out.
 */
#ifndef DB_GUESSES_H
#define DB_GUESSES_H

#include "db/caller.h"

struct guess {
    int64_t user_id;      /* 0: there is no such user, which is counted in the same way */
    const char *username; /* as given */
    const char *address;  /* the client's */
    bool is_counted;      /* set by guesses_count */
};

/* Counts a guess. *wait_seconds: 0 if the password may be checked, else when to try again. */
enum db_result guesses_count(struct caller *caller, struct guess *guess, int *wait_seconds)
    __attribute__((nonnull, warn_unused_result));

/*
 * The password was right: takes the count back, and remembers the address. May fail, since it only
 * matters to later guesses.
 */
void guesses_succeed(struct caller *caller, const struct guess *guess) __attribute__((nonnull));

/* Deletes up to `limit` rows that no longer matter. *deleted is 0 if none is left. */
enum db_result guesses_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
