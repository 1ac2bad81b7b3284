/* The secrets that all processes of an installation share. They are in MySQL. */
#ifndef DB_SECRETS_H
#define DB_SECRETS_H

#include "db/mysql/db.h"

/*
 * Gives the process the key of its seals (db/redis/seal.h), making it if the installation has none.
 * Does nothing if the process has it. May fail: until it succeeds, nothing is copied to Redis or
 * announced through it.
 */
void secrets_load(struct db *db) __attribute__((nonnull));

#endif
