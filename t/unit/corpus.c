/* What the fuzzers began with, and what they found, holds: each fuzzer goes over the files of its corpus. */
#include <dirent.h>

#include "t/fuzz/fuzz.h"
#include "t/unit/tap.h"

/* Every fuzzer has its entry point under the name that libFuzzer calls. */
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

/* The bytes stand alone, so that a sanitizer sees a read too far. A promise that is broken aborts: the last line names the file. */
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

/* The folder of a fuzzer is named from the project's root, where prove runs. */
static void
replay(const char *name, int (*fuzz)(const uint8_t *bytes, size_t len))
{
    char folder[64], path[512], what[100];
    struct dirent *entry;
    int files = 0;
    DIR *dir;

    (void)snprintf(folder, sizeof(folder), "t/fuzz/corpus/%s", name);
    dir = opendir(folder);
    if (!ok(dir != NULL, "the fuzzer has a corpus")) {
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
    (void)snprintf(what, sizeof(what), "%s: %s", name, "every file of the corpus holds");
    ok(files > 0, what);
}

int
main(void)
{
    replay("dotenv", fuzz_dotenv);
    replay("json", fuzz_json);
    replay("record", fuzz_record);
    replay("shape", fuzz_shape);
    replay("url", fuzz_url);
    return done_testing();
}
