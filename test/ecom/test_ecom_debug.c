/* SPDX-License-Identifier: MIT */
/* What debug builds find: use after the final release, and who holds what. */
#include "framework/ecom/ecom_priv.h"
#include "test/ecom/ecom_tests.h"

#include <peal/alloc.h>
#include <peal/trace.h>
#include <stdio.h>

#if PEAL_DEBUG

static char complaint[256];
static unsigned complaints;
static char traced[8192];

static void on_assert(const char *file, int line, const char *expression)
{
    (void)file;
    (void)line;
    snprintf(complaint, sizeof complaint, "%s", expression);
    complaints++;
}
static void on_trace(const peal_trace_record *record, void *arg)
{
    size_t n = strlen(traced);
    (void)arg;
    snprintf(traced + n, sizeof traced - n, "%.*s\n", PEAL_STR_ARG(record->text));
}

static void setup(void)
{
    test_forget();
    complaints = 0;
    traced[0] = complaint[0] = '\0';
    peal_set_assert_handler(on_assert);
    peal_trace_set_sink(on_trace, NULL);
}
static void teardown(void)
{
    peal_set_assert_handler(NULL);
    peal_trace_set_sink(NULL, NULL);
    peal_trace_set_level(-1, PEAL_TRACE_ERROR);
    peal__quarantine_flush();
    peal__registry_fini();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

static void expect_complaint(unsigned number, const char *text)
{
    ck_assert_uint_eq(complaints, number);
    ck_assert_str_eq(complaint, text);
}

START_TEST(use_after_the_end_names_class_and_interface)
{
    static const char alpha_text[] = "test pair used after final release, through test.alpha/1";
    peal_unk *root = test_make(&test_pair_class, NULL);
    test_alpha *alpha = NULL;
    test_beta *beta = NULL;
    void *p = NULL;
    ck_assert_int_eq(test_alpha_query(root, &alpha), PEAL_OK);
    ck_assert_int_eq(test_beta_query(root, &beta), PEAL_OK);
    test_alpha_unref(alpha);
    test_beta_unref(beta);
    root->vt->unref(root);
    ck_assert_uint_eq(complaints, 0);
    test_alpha_unref(alpha);
    expect_complaint(1, alpha_text);
    ck_assert_int_eq(alpha->unk.vt->query(&alpha->unk, &test_beta_iid, &p), PEAL_E_STATE);
    expect_complaint(2, alpha_text);
    test_beta_ref(beta);
    expect_complaint(3, "test pair used after final release, through test.beta/1");
    (void)alpha->vt->value(alpha);
    expect_complaint(4, alpha_text);
    root->vt->unref(root);
    expect_complaint(5, "test pair used after final release, through peal.unk/1");
    ck_assert_uint_eq(test_happened.finis, 1);
}
END_TEST

START_TEST(memory_of_the_callers_is_watched_too)
{
    static max_align_t memory[64];
    peal_obj *obj = (peal_obj *)(void *)memory;
    test_alpha *alpha = NULL;
    ck_assert_int_eq(peal_obj_new_at(&test_pair_class, NULL, memory, NULL), PEAL_OK);
    ck_assert_int_eq(test_alpha_query(&obj->inner, &alpha), PEAL_OK);
    test_alpha_unref(alpha);
    obj->inner.vt->unref(&obj->inner);
    test_alpha_ref(alpha);
    expect_complaint(1, "test pair used after final release, through test.alpha/1");
}
END_TEST

START_TEST(the_quarantine_is_bounded)
{
    for (int i = 0; i < 1000; i++) {
        peal_unk *root = test_make(&test_pair_class, NULL);
        root->vt->unref(root);
    }
    ck_assert_uint_lt(peal_alloc_live(), 200);
}
END_TEST

START_TEST(live_objects_are_listed_with_who_took_them)
{
    peal_unk *root = test_make(&test_pair_class, NULL);
    test_alpha *alpha = NULL;
    ck_assert_int_eq(test_alpha_query(root, &alpha), PEAL_OK);
    for (int i = 0; i < 20; i++) { /* only the latest are kept */
        test_alpha_ref(alpha);
        test_alpha_unref(alpha);
    }
    peal__track_trace_all();
    ck_assert_ptr_nonnull(strstr(traced, "alive: test pair, 2 references\n"));
    ck_assert_ptr_nonnull(strstr(traced, "  taken by "));
    ck_assert_ptr_nonnull(strstr(traced, "  released by "));
    test_alpha_unref(alpha);
    root->vt->unref(root);
    traced[0] = '\0';
    peal__track_trace_all();
    ck_assert_str_eq(traced, "");
}
END_TEST

START_TEST(a_missing_clear_is_reported)
{
    peal_unk *root = test_make(&test_bound_class, NULL);
    peal_trace_set_level(PEAL_TRACE_ECOM, PEAL_TRACE_WARNING);
    root->vt->unref(root);
    ck_assert_str_eq(traced, "test bound: last reference gone without clear\n");
}
END_TEST

static peal_unk *kept;
static void keep_root(peal_obj *obj)
{
    kept = &obj->inner;
    kept->vt->ref(kept);
}

START_TEST(a_fini_that_keeps_a_reference_is_reported)
{
    peal_class cls = test_pair_class;
    peal_unk *root;
    cls.fini = keep_root;
    root = test_make(&cls, NULL);
    root->vt->unref(root);
    ck_assert_uint_eq(complaints, 1);
    ck_assert_ptr_nonnull(strstr(complaint, "refs"));
    peal__quarantine_flush();
    peal__registry_fini();
}
END_TEST

#endif

TCase *ecom_debug_cases(void)
{
    TCase *tc = tcase_create("debug");
#if PEAL_DEBUG
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, use_after_the_end_names_class_and_interface);
    tcase_add_test(tc, memory_of_the_callers_is_watched_too);
    tcase_add_test(tc, the_quarantine_is_bounded);
    tcase_add_test(tc, live_objects_are_listed_with_who_took_them);
    tcase_add_test(tc, a_missing_clear_is_reported);
    tcase_add_test(tc, a_fini_that_keeps_a_reference_is_reported);
#endif
    return tc;
}
