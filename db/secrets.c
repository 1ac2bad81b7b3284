/* Of several processes that make the key at once, the primary key lets one; all read that one. */
#include "db/secrets.h"

#include <sodium.h>

#include "base/log.h"
#include "db/redis/seal.h"

#define SEAL_KEY_NAME "seal key"

static enum db_result
secrets_make_key(struct db *db)
{
    uint8_t key[SEAL_KEY_BYTES];
    enum db_result r;

    randombytes_buf(key, sizeof(key));
    r = db_run(db, "INSERT INTO secrets (name, value) VALUES (?, ?)", db_text(SEAL_KEY_NAME),
               db_bytes(key, sizeof(key)));
    return r == DB_EXISTS ? DB_OK : r;
}

static enum db_result
secrets_read_key(struct db *db)
{
    enum db_result r = db_one(db, "SELECT value FROM secrets WHERE name = ?",
                              db_text(SEAL_KEY_NAME));
    const char *bytes;
    size_t len = 0;

    if (r != DB_OK) {
        return r;
    }
    bytes = db_peek(db, 0, &len);
    if (bytes != NULL && len == SEAL_KEY_BYTES) {
        seal_set_key((const uint8_t *)bytes);
    } else {
        log_error("the table secrets holds no key of %d bytes as '" SEAL_KEY_NAME "'",
                  SEAL_KEY_BYTES);
    }
    return db_done(db);
}

void
secrets_load(struct db *db)
{
    if (!seal_has_key() && secrets_read_key(db) == DB_NONE && secrets_make_key(db) == DB_OK) {
        (void)!secrets_read_key(db);
    }
}
