/* Runs each fuzzer over its corpus: the inputs it starts with, and those it found. */
#include "t/unit/corpus.h"
#include "t/fuzz/fuzz.h"
#include "t/unit/tap.h"

/* The fuzzers share one program: each has the entry point that libFuzzer calls, renamed here. */
int fuzz_dotenv(const uint8_t *bytes, size_t len);
int fuzz_fields(const uint8_t *bytes, size_t len);
int fuzz_hint(const uint8_t *bytes, size_t len);
int fuzz_json(const uint8_t *bytes, size_t len);
int fuzz_record(const uint8_t *bytes, size_t len);
int fuzz_reports(const uint8_t *bytes, size_t len);
int fuzz_shape(const uint8_t *bytes, size_t len);
int fuzz_text(const uint8_t *bytes, size_t len);
int fuzz_url(const uint8_t *bytes, size_t len);
#define LLVMFuzzerTestOneInput fuzz_dotenv
#include "t/fuzz/dotenv.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_fields
#include "t/fuzz/fields.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_hint
#include "t/fuzz/hint.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_json
#include "t/fuzz/json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_record
#include "t/fuzz/record.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_reports
#include "t/fuzz/reports.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_shape
#include "t/fuzz/shape.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_text
#include "t/fuzz/text.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_url
#include "t/fuzz/url.c"
#undef LLVMFuzzerTestOneInput

int
main(void)
{
    replay_corpus("dotenv", fuzz_dotenv);
    replay_corpus("fields", fuzz_fields);
    replay_corpus("hint", fuzz_hint);
    replay_corpus("json", fuzz_json);
    replay_corpus("record", fuzz_record);
    replay_corpus("reports", fuzz_reports);
    replay_corpus("shape", fuzz_shape);
    replay_corpus("text", fuzz_text);
    replay_corpus("url", fuzz_url);
    return done_testing();
}
