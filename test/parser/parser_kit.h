/* SPDX-License-Identifier: MIT */
/* What the suites of the parser's tests share. */
#ifndef PEAL_TEST_PARSER_KIT_H
#define PEAL_TEST_PARSER_KIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include <peal/sip/packet.h>

#define S(literal) PEAL_STR(literal)
/* The same for the initialiser of a static object. */
#define S0(literal)                                                                                \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
/* The view has exactly this text. */
#define CK_STR(view, literal)                                                                      \
    do {                                                                                           \
        peal_str ck_view_ = (view);                                                                \
        ck_assert_msg(ck_view_.p &&peal_str_eq(ck_view_, PEAL_STR(literal)),                       \
                      "%s is \"%.*s\", not \"%s\"", #view, PEAL_STR_ARG(ck_view_), literal);       \
    } while (0)
#define CK_ABSENT(view) ck_assert_ptr_null((view).p)
#define CK_OK(call)                                                                                \
    do {                                                                                           \
        peal_result ck_r_ = (call);                                                                \
        ck_assert_msg(ck_r_ == PEAL_OK, "%s: %s", #call, peal_result_name(ck_r_));                 \
    } while (0)
#define CK_IS(call, wanted)                                                                        \
    do {                                                                                           \
        peal_result ck_r_ = (call);                                                                \
        ck_assert_msg(ck_r_ == (wanted), "%s: %s, not %s", #call, peal_result_name(ck_r_),         \
                      peal_result_name(wanted));                                                   \
    } while (0)

/* In memory of exact size; free() its p. */
peal_str kit_exact(peal_str text);
/* Decodes from memory of exact size, which is gone when it returns. */
peal_result kit_decode(peal_str text, peal_sip_packet **ret, peal_sip_fault *ret_fault);
/* Decodes what must be good. */
peal_sip_packet *kit_good(peal_str text);
/* Encoded, in memory of exact size; free() its p. */
peal_str kit_encode(const peal_sip_packet *packet);
/* The packet encodes to this text. */
void kit_check_text(const peal_sip_packet *packet, const char *wanted);
/* A file of test/data; free() its p. */
peal_str kit_load(const char *name);
extern const char *const kit_corpus[12];

Suite *suite_uri(void);
Suite *suite_headers(void);
Suite *suite_packet(void);
Suite *suite_edit(void);
Suite *suite_torture(void);
Suite *suite_mutation(void);
Suite *suite_examples(void);
Suite *suite_typed(void);
Suite *suite_random(void);

#endif
