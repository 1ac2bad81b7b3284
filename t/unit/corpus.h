/* The files of a fuzzer's corpus, one after the other. */
#ifndef T_UNIT_CORPUS_H
#define T_UNIT_CORPUS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Call `good` with the bytes of each file in the folder, which is named from the project's root
 * (where prove runs). False where it once returned false, or no file was read. The bytes stand
 * alone: a sanitizer sees a read too far.
 */
static inline bool
corpus_replay(const char *folder, bool (*good)(const char *bytes, size_t len))
{
    DIR *dir = opendir(folder);
    struct dirent *entry = dir != NULL ? readdir(dir) : NULL;
    bool all_good = true;
    int files = 0;

    for (; entry != NULL; entry = readdir(dir)) {
        char path[512], *bytes = malloc(1 << 20), *exact;
        FILE *file = NULL;
        size_t len;

        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.') {
            file = fopen(path, "rb");
        }
        if (file != NULL && bytes != NULL) {
            len = fread(bytes, 1, 1 << 20, file);
            (void)fclose(file);
            exact = realloc(bytes, len > 0 ? len : 1);
            bytes = exact != NULL ? exact : bytes;
            files++;
            if (!good(bytes, len)) {
                fprintf(stderr, "# failed with %s\n", path);
                all_good = false;
            }
        }
        free(bytes);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return all_good && files > 0;
}

#endif
