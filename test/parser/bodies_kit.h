/* SPDX-License-Identifier: MIT */
/* The suites of bodies, streams and edits, and what they share. */
#ifndef PEAL_TEST_BODIES_KIT_H
#define PEAL_TEST_BODIES_KIT_H

#include "test/parser/parser_kit.h"

#include <peal/blob.h>

/* The blob has exactly this text. */
#define CK_BLOB(blob, literal) CK_STR(peal_blob_str(&(blob)), literal)

/* Numbers that are the same in each run. */
typedef struct kit_random {
    uint32_t state;
} kit_random;
static inline uint32_t kit_next(kit_random *random)
{
    random->state = random->state * 1664525u + 1013904223u;
    return random->state >> 8;
}
static inline size_t kit_below(kit_random *random, size_t bound)
{
    return kit_next(random) % bound;
}

Suite *suite_uri_make(void);
Suite *suite_multipart(void);
Suite *suite_sipfrag(void);
Suite *suite_summary(void);
Suite *suite_encoded_word(void);
Suite *suite_stream(void);
Suite *suite_values(void);
Suite *suite_keys(void);
Suite *suite_property(void);

#endif
