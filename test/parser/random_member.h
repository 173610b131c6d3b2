/* SPDX-License-Identifier: MIT */
/* Random valid members of header values, seeded. */
#ifndef PEAL_TEST_RANDOM_MEMBER_H
#define PEAL_TEST_RANDOM_MEMBER_H

#include "test/parser/parser_kit.h"

#include <peal/sip/header_date.h>

/* What a member holds. */
typedef enum content {
    TOKEN,
    VALUE, /* of a parameter: bare or a quoted string */
    QUOTED,
    URI,
    HEX32,
    CALL_ID,
    WORDS,
    DISPLAY,
    HOST,
    COMMENT,
    DECIMAL,
    TEXT,
    WORD,
    OPT_NUMBER,
    OPT_Q,
    FLAG,
    CHOICE,
    U32,
    U31,
    FROM_1, /* uint32_t, not 0 */
    U16,
    CODE, /* uint16_t of three digits */
    DATE,
    PRIVACY
} content;

typedef struct part {
    content what;
    bool needed;
    size_t at;
} part;

/* Starts anew; the texts made before are gone at random_clear(). */
void random_seed(uint64_t seed);
void random_clear(void);
uint32_t random_below(uint32_t limit);
void random_date(peal_sip_date *ret);
/* Parameters that no kind has a member for: their names begin with "x-". */
peal_str random_params(char separator);
/* Fills a member of the struct, or leaves it out. */
void random_fill(const part *p, void *base);
/* The member is the same in both. */
bool random_same(const part *p, const void *a, const void *b);
bool random_same_date(const peal_sip_date *a, const peal_sip_date *b);

#endif
