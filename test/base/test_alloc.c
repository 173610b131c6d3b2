/* SPDX-License-Identifier: MIT */
#include "test/base/base_tests.h"

#include <peal/test/memory.h>

START_TEST(blocks_are_counted)
{
    void *a = peal_alloc(0);
    unsigned char *b = peal_calloc(3, 5);
    char *c = peal_strdup(peal_str_of(NULL, 0));
    ck_assert_ptr_nonnull(a);
    ck_assert_str_eq(c, "");
    for (int i = 0; i < 15; i++) {
        ck_assert_uint_eq(b[i], 0);
    }
    ck_assert_uint_eq(peal_alloc_live(), 3);
    a = peal_realloc(a, 100);
    peal_free(NULL);
    ck_assert_uint_eq(peal_alloc_live(), 3);
    peal_free(a);
    peal_free(b);
    peal_free(c);
    a = peal_realloc(NULL, 1);
    ck_assert_uint_eq(peal_alloc_live(), 1);
    peal_free(a);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(overflow_is_exhaustion)
{
    ck_assert_ptr_null(peal_calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(peal_strdup(peal_str_of("x", SIZE_MAX)));
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(hooks_serve_everything)
{
    void *p;
    char *text;
    peal_test_alloc_install();
    text = peal_strdup(PEAL_STR("text"));
    ck_assert_str_eq(text, "text");
    p = peal_calloc(1, 100);
    ck_assert_uint_eq(((unsigned char *)p)[99], 0);
    peal_test_alloc_fail_from(1);
    ck_assert_ptr_null(peal_alloc(1));
    ck_assert_ptr_null(peal_calloc(1, 1));
    ck_assert_ptr_null(peal_realloc(p, 1000));
    ck_assert_ptr_null(peal_strdup(PEAL_STR("x")));
    ck_assert_uint_eq(peal_alloc_live(), 2);
    peal_free(p);
    peal_free(text);
    peal_test_alloc_remove();
}
END_TEST

START_TEST(the_allocator_stays_while_a_block_lives)
{
    peal_allocator bad = { sizeof bad, NULL, NULL, NULL, NULL };
    void *p = peal_alloc(1);
    ck_assert_int_eq(peal_set_allocator(NULL), PEAL_E_STATE);
    peal_free(p);
    ck_assert_int_eq(peal_set_allocator(&bad), PEAL_E_ARGUMENT);
    bad.size = 8;
    ck_assert_int_eq(peal_set_allocator(&bad), PEAL_E_ARGUMENT);
    p = peal_alloc(1); /* malloc is still there */
    ck_assert_ptr_nonnull(p);
    peal_free(p);
}
END_TEST

TCase *alloc_cases(void)
{
    TCase *tc = tcase_create("alloc");
    tcase_add_test(tc, blocks_are_counted);
    tcase_add_test(tc, overflow_is_exhaustion);
    tcase_add_test(tc, hooks_serve_everything);
    tcase_add_test(tc, the_allocator_stays_while_a_block_lives);
    return tc;
}
