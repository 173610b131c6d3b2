/* SPDX-License-Identifier: MIT */
/* What the files of ECOM's tests share: four interfaces and the classes that carry them. */
#ifndef PEAL_TEST_ECOM_ECOM_TESTS_H
#define PEAL_TEST_ECOM_ECOM_TESTS_H

#include <check.h>
#include <peal/ecom_impl.h>

PEAL_INTERFACE(test_alpha) {
    peal_unk_vt unk;
    int (*value)(test_alpha *self);
};
PEAL_INTERFACE(test_beta) {
    peal_unk_vt unk;
    int (*value)(test_beta *self);
};
PEAL_INTERFACE(test_gamma) {
    peal_unk_vt unk;
    int (*value)(test_gamma *self);
};
PEAL_INTERFACE(test_delta) {
    peal_unk_vt unk;
    int (*value)(test_delta *self);
};

/** Has alpha and beta. */
extern const peal_class test_pair_class;
extern const peal_clsid test_pair_clsid;
/** Has gamma, and two parts: a pair (alpha, beta) and an inner whole, which has delta in a part. */
extern const peal_class test_whole_class;
extern const peal_clsid test_whole_clsid;
/** As pair, with plain counts. */
extern const peal_class test_local_class;
/** Bound to a home; has alpha. */
extern const peal_class test_bound_class;
extern const peal_clsid test_bound_clsid;

/** What happened to the classes' objects. */
typedef struct test_events {
    unsigned inits, finis, clears; /**< atomic */
} test_events;
extern test_events test_happened;
/** The result of the next inits of pairs. */
extern peal_result test_init_result;

/** Makes an object and gives its root with one reference. */
peal_unk *test_make(const peal_class *cls, peal_unk *outer);
/** Forgets what happened. */
void test_forget(void);

TCase *object_cases(void);
TCase *aggregate_cases(void);
TCase *registry_cases(void);
TCase *bound_cases(void);
TCase *ecom_thread_cases(void);
TCase *ecom_debug_cases(void);
TCase *init_cases(void);

#endif
