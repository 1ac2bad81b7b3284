/* base/random: tokens, their hashes, request ids. */
#include "base/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/unit/tap.h"

enum { IDS = 4 * 5000 };

static char ids[IDS][REQUEST_ID_SIZE];

static void *
make_ids(void *first)
{
    for (int i = 0; i < IDS / 4; i++) {
        random_request_id(((char(*)[REQUEST_ID_SIZE])first)[i]);
    }
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
test_request_ids(void)
{
    pthread_t threads[4];
    bool apart = true, hex = true;

    for (int i = 0; i < 4; i++) {
        (void)pthread_create(&threads[i], NULL, make_ids, ids[i * (IDS / 4)]);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    qsort(ids, IDS, sizeof(ids[0]), compare);
    for (int i = 0; i < IDS; i++) {
        apart = apart && (i == 0 || strcmp(ids[i - 1], ids[i]) != 0);
        hex = hex && strlen(ids[i]) == 16 && strspn(ids[i], "0123456789abcdef") == 16;
    }
    ok(hex, "a request id is 16 hexadecimal digits");
    ok(apart, "no two threads make the same one");
}

static void
test_fork(void)
{
    char here[REQUEST_ID_SIZE], there[REQUEST_ID_SIZE] = "";
    int ends[2];
    pid_t child;

    random_request_id(here); /* the counter runs */
    if (!ok(pipe(ends) == 0, "a pipe to the child")) {
        return;
    }
    child = fork();
    if (child == 0) {
        random_request_id(there);
        _exit(write(ends[1], there, sizeof(there)) == sizeof(there) ? 0 : 1);
    }
    is_int(read(ends[0], there, sizeof(there)), sizeof(there), "the child sends its next id");
    (void)waitpid(child, NULL, 0);
    random_request_id(here);
    ok(strcmp(here, there) != 0, "a forked child does not repeat its parent's ids");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void
test_tokens(void)
{
    char one[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];
    uint8_t hash[TOKEN_HASH_BYTES] = {0}, again[TOKEN_HASH_BYTES] = {1}, none[TOKEN_HASH_BYTES];

    random_token(one);
    random_token(other);
    is_int((int64_t)strlen(one), TOKEN_TEXT_SIZE - 1, "a token has 43 characters");
    is_int((int64_t)strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
           TOKEN_TEXT_SIZE - 1, "a token consists of base64url letters");
    ok(strcmp(one, other) != 0, "no two are the same");
    ok(token_hash(one, hash) && token_hash(one, again), "a token has a hash");
    is_mem(hash, again, sizeof(hash), "the hash of a token is always the same");
    ok(token_hash(other, again) && memcmp(hash, again, sizeof(hash)) != 0,
       "two tokens have different hashes");

    memset(none, 0x55, sizeof(none));
    memcpy(again, none, sizeof(none));
    ok(!token_hash("", none), "the empty text is no token");
    one[42] = '\0';
    ok(!token_hash(one, none), "a text that is too short is not a token");
    other[7] = '+';
    ok(!token_hash(other, none), "a text with another letter is not a token");
    ok(!token_hash("0123456789012345678901234567890123456789012345", none),
       "a text that is too long is not a token");
    is_mem(none, again, sizeof(none), "token_hash writes nothing for a text that is not a token");
}

static void
test_known_hash(void)
{
    static const char token[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    /* python3: hashlib.blake2b(b"A" * 43, digest_size=32) */
    static const uint8_t want[TOKEN_HASH_BYTES] = {
        0x63, 0x42, 0xb3, 0x84, 0xe5, 0xd6, 0x29, 0x4c, 0x5d, 0xf1, 0x11,
        0x01, 0x32, 0xb9, 0x3b, 0x97, 0xb3, 0x95, 0xa2, 0xff, 0x4c, 0xca,
        0x49, 0x8a, 0xf6, 0x37, 0xb3, 0xe0, 0x6b, 0x30, 0x95, 0xdd,
    };
    uint8_t hash[TOKEN_HASH_BYTES];

    ok(token_hash(token, hash), "a token may repeat one letter");
    is_mem(hash, want, sizeof(want), "the hash is BLAKE2b-256 of the text: stored ones stay good");
}

static void
test_below(void)
{
    int counts[7] = {0};
    bool inside = true, even = true;

    for (int i = 0; i < 70000; i++) {
        uint32_t n = random_below(7);

        inside = inside && n < 7;
        counts[n < 7 ? n : 0]++;
    }
    for (int i = 0; i < 7; i++) {
        even = even && counts[i] > 9000 && counts[i] < 11000;
    }
    ok(inside, "random_below stays below");
    ok(even, "random_below is uniformly distributed");
    is_int(random_below(1), 0, "below 1 there is only 0");
}

int
main(void)
{
    if (!ok(random_init(), "the system has randomness")) {
        return done_testing();
    }
    test_request_ids();
    test_fork();
    test_tokens();
    test_known_hash();
    test_below();
    return done_testing();
}
