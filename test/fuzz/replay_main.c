/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files, for builds without libFuzzer: replay of found inputs and corpora.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 20 };

static int replay(const char *path, uint8_t *buffer)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    size_t size = fread(buffer, 1, BYTES_MAX, file);
    int failed = ferror(file);
    fclose(file);
    if (failed) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    return LLVMFuzzerTestOneInput(buffer, size);
}

int main(int argc, char **argv)
{
    int failed = 0;
    uint8_t *buffer = malloc(BYTES_MAX);
    if (!buffer || argc < 2) {
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        free(buffer);
        return 2;
    }
    for (int i = 1; i < argc; ++i) {
        failed |= replay(argv[i], buffer) != 0;
    }
    printf("%d inputs replayed\n", argc - 1);
    free(buffer);
    return failed;
}
