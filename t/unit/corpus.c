/* Runs each fuzzer over its corpus: the inputs it starts with, and those it found. */
#include <dirent.h>

#include "t/fuzz/fuzz.h"
#include "t/unit/tap.h"

/* The fuzzers share one program: each has the entry point that libFuzzer calls, renamed here. */
int fuzz_dotenv(const uint8_t *bytes, size_t len);
int fuzz_json(const uint8_t *bytes, size_t len);
int fuzz_record(const uint8_t *bytes, size_t len);
int fuzz_shape(const uint8_t *bytes, size_t len);
int fuzz_url(const uint8_t *bytes, size_t len);
#define LLVMFuzzerTestOneInput fuzz_dotenv
#include "t/fuzz/dotenv.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_json
#include "t/fuzz/json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_record
#include "t/fuzz/record.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_shape
#include "t/fuzz/shape.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_url
#include "t/fuzz/url.c"
#undef LLVMFuzzerTestOneInput

enum { FILE_MAX = 1 << 20 };

/*
 * Runs a fuzzer over one file. A broken promise aborts; the last line of output names the file.
 * The bytes are copied to an allocation of their own size, so that a sanitizer detects an overread.
 */
static void
replay_file(const char *path, int (*fuzz)(const uint8_t *bytes, size_t len))
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(FILE_MAX), *exact;
    size_t len;

    diag("%s", path);
    if (file == NULL || bytes == NULL) {
        abort();
    }
    len = fread(bytes, 1, FILE_MAX, file);
    (void)fclose(file);
    exact = malloc(len > 0 ? len : 1);
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, bytes, len);
    free(bytes);
    (void)fuzz(exact, len);
    free(exact);
}

/* The corpus is found from the project's root, where prove runs. */
static void
replay_corpus(const char *name, int (*fuzz)(const uint8_t *bytes, size_t len))
{
    char folder[64], path[512], promise[100];
    struct dirent *entry;
    int files = 0;
    DIR *dir;

    (void)snprintf(folder, sizeof(folder), "t/fuzz/corpus/%s", name);
    dir = opendir(folder);
    (void)snprintf(promise, sizeof(promise), "%s: the fuzzer has a corpus", name);
    if (!ok(dir != NULL, promise)) {
        return;
    }
    for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            replay_file(path, fuzz);
            files++;
        }
    }
    (void)closedir(dir);
    (void)snprintf(promise, sizeof(promise), "%s: every file of the corpus passes", name);
    ok(files > 0, promise);
}

int
main(void)
{
    replay_corpus("dotenv", fuzz_dotenv);
    replay_corpus("json", fuzz_json);
    replay_corpus("record", fuzz_record);
    replay_corpus("shape", fuzz_shape);
    replay_corpus("url", fuzz_url);
    return done_testing();
}
