/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. Each is a function that the tests call too; with FUZZ_ENTRY it is
 * the program's entry. */
#ifndef PEAL_TEST_FUZZ_KIT_H
#define PEAL_TEST_FUZZ_KIT_H

#include <peal/base.h>
#include <peal/blob.h>

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#ifdef FUZZ_ENTRY
#define FUZZ_TARGET(name)                                                                          \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                  \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                   \
    {                                                                                              \
        return name(data, size);                                                                   \
    }
#else
#define FUZZ_TARGET(name)
#endif

/* Each returns 0 and traps when a promise is broken. */
int fuzz_start_line(const uint8_t *data, size_t size);
int fuzz_differential(const uint8_t *data, size_t size);
int fuzz_uri(const uint8_t *data, size_t size);
int fuzz_stream(const uint8_t *data, size_t size);
int fuzz_multipart(const uint8_t *data, size_t size);
int fuzz_sipfrag(const uint8_t *data, size_t size);
int fuzz_message_summary(const uint8_t *data, size_t size);
int fuzz_encoded_word(const uint8_t *data, size_t size);

/* In memory of exact size, so that a sanitizer sees each byte too much; free() its p. */
static inline peal_str fuzz_exact(peal_str text)
{
    char *p = malloc(text.n + (text.n == 0));
    MUST(p);
    if (text.n) {
        memcpy(p, text.p, text.n);
    }
    return peal_str_of(p, text.n);
}
static inline peal_str fuzz_input(const uint8_t *data, size_t size)
{
    return fuzz_exact(peal_str_of((const char *)data, size));
}
/* Up to the first LF, which is left out; *rest: what follows. */
static inline peal_str fuzz_line(peal_str text, peal_str *rest)
{
    const char *lf = text.n ? memchr(text.p, '\n', text.n) : NULL;
    size_t n = lf ? (size_t)(lf - text.p) : text.n;
    *rest = lf ? peal_str_of(lf + 1, text.n - n - 1) : peal_str_of(text.p + text.n, 0);
    return peal_str_of(text.p, n);
}
/* A view lies in the text; an absent one anywhere. */
static inline bool fuzz_inside(peal_str view, peal_str text)
{
    return !view.p || (view.p >= text.p && view.p + view.n <= text.p + text.n);
}

#endif
