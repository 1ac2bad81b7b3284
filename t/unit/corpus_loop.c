/*
 * Runs the fuzzer of the event loop over its corpus, in a program of its own: it brings a
 * dispatcher.
 */
#include "t/fuzz/loop.c"
#include "t/unit/corpus.h"

int
main(void)
{
    replay_corpus("loop", LLVMFuzzerTestOneInput);
    return done_testing();
}
