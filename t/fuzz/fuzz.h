/* Shared by the fuzzers. */
#ifndef T_FUZZ_FUZZ_H
#define T_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls this for each input; t/unit/corpus.c calls it, too, under other names. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A promise about any input: libFuzzer keeps the one that breaks it. */
static inline void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

#endif
