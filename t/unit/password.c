/* base/password: a hash matches its own password only. */
#include "base/password.h"

#include <string.h>

#include "base/random.h"
#include "t/unit/tap.h"

/* The same password at the lowest cost: costs are read from the hash. */
static const char cheap[] = "$argon2id$v=19$m=8,t=1,p=1$77SQ59QZSbEkcwNuq8ou8g$"
                            "yst/SSnkhlf+X2hp0Tqbcfkrr9tP6DU1jtW6fdJaaKA";

/* Made from a password in another form than NFKC, as it was typed. */
static const char unnormalized[] = "$argon2id$v=19$m=8,t=1,p=1$gk44PtB3VmkPHonouStAhQ$"
                                   "mKpPAmL3ZJkmRaJHxAzC8WJxkfgECduVklmHw2MwSgk";

int
main(void)
{
    char hash[PASSWORD_HASH_SIZE], other[PASSWORD_HASH_SIZE], usual[PASSWORD_HASH_SIZE];
    char long_password[1001];

    if (!ok(random_init(), "the system has randomness")) {
        return done_testing();
    }
    ok(password_hash("pässwörd 密码", usual), "a password is hashed");
    ok(strncmp(usual, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0,
       "a hash is argon2id with the costs that OWASP recommends");

    ok(password_hash("pässwörd 密码", hash), "a password is hashed again");
    ok(password_hash("pässwörd 密码", other) && strcmp(hash, other) != 0,
       "each hash has a salt of its own");
    ok(password_matches("pässwörd 密码", hash), "the password matches its hash");
    ok(password_matches("pässwörd 密码", cheap), "a hash of another cost is still checked");
    ok(!password_matches("pässwörd 密马", hash), "another password does not match");
    ok(!password_matches("pässwörd 密", hash), "the beginning of a password does not match");
    ok(!password_matches("Pässwörd 密码", hash), "a password in another case does not match");
    ok(!password_matches("", hash), "the empty password does not match");
    ok(!password_matches("pässwörd 密码", ""), "an empty hash matches nothing");
    ok(!password_matches("", ""), "the empty password does not match an empty hash");
    ok(!password_matches("x", "$argon2id$v=19$m=8,t=1,p=1$broken"),
       "a broken hash matches nothing");
    ok(!password_matches("x", NULL), "no password matches without a hash");
    ok(!password_matches("", NULL), "the empty password does not match without a hash");

    ok(password_hash("ＣＡＦＥ\u0301", hash), "a password of composable characters is hashed");
    ok(password_matches("CAFÉ", hash), "a password is the same in another normal form");
    ok(!password_matches("café", hash), "normalizing a password keeps its case");
    ok(password_matches("E\u0301 ㎏", unnormalized),
       "a hash that was made before passwords were normalized still matches");
    ok(!password_matches("É kg", unnormalized), "a hash matches only a form it was made from");

    memset(long_password, 'x', sizeof(long_password) - 1);
    long_password[sizeof(long_password) - 1] = '\0';
    ok(password_hash(long_password, hash) && password_matches(long_password, hash),
       "a long password is hashed whole");
    long_password[sizeof(long_password) - 2] = 'y';
    ok(!password_matches(long_password, hash), "the last byte of a long password counts");
    return done_testing();
}
