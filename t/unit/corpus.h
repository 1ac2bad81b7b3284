/* Runs a fuzzer over its corpus: the inputs it starts with, and those it found. */
#ifndef T_UNIT_CORPUS_H
#define T_UNIT_CORPUS_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/tap.h"

enum { FILE_MAX = 1 << 20 };

/*
 * Runs a fuzzer over one file. A broken promise aborts; the last line of output names the file.
 * The bytes are copied to an allocation of their own size, so that a sanitizer detects an overread.
 */
static inline void
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
static inline void
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

#endif
