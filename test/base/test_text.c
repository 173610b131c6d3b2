/* SPDX-License-Identifier: MIT */
/* String views, buffers, arrays, UUIDs. */
#include "test/base/base_tests.h"

#include <peal/blob.h>
#include <peal/uuid.h>
#include <peal/vec.h>

#include <peal/test/memory.h>

START_TEST(views_compare_with_and_without_case)
{
    ck_assert(peal_str_eq(PEAL_STR("Via"), peal_str_z("Via")));
    ck_assert(!peal_str_eq(PEAL_STR("Via"), PEAL_STR("via")));
    ck_assert(!peal_str_eq(PEAL_STR("Via"), PEAL_STR("Vi")));
    ck_assert(peal_str_ieq(PEAL_STR("CALL-id"), PEAL_STR("Call-ID")));
    ck_assert(!peal_str_ieq(PEAL_STR("a"), PEAL_STR("ab")));
    ck_assert(peal_str_ieq(PEAL_STR(""), peal_str_of(NULL, 0)));
    /* Neighbours of the letters, and what a Latin-1 locale would fold, stay apart. */
    ck_assert(!peal_str_ieq(PEAL_STR("@[`{"), PEAL_STR("`{@[")));
    ck_assert(!peal_str_ieq(PEAL_STR("\xc4"), PEAL_STR("\xe4")));
    ck_assert_ptr_null(peal_str_z(NULL).p);
}
END_TEST

START_TEST(numbers_fill_the_view_and_keep_the_limit)
{
    uint64_t n = 77;
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR("0"), 0, &n), PEAL_OK);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR("18446744073709551615"), UINT64_MAX, &n), PEAL_OK);
    ck_assert_uint_eq(n, UINT64_MAX);
    n = 77;
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR("18446744073709551616"), UINT64_MAX, &n),
                     PEAL_E_RANGE);
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR("256"), 255, &n), PEAL_E_RANGE);
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR("99999999999999999999x"), 9, &n), PEAL_E_SYNTAX);
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR(""), 9, &n), PEAL_E_SYNTAX);
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR("-1"), 9, &n), PEAL_E_SYNTAX);
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR(" 1"), 9, &n), PEAL_E_SYNTAX);
    ck_assert_int_eq(peal_str_to_u64(PEAL_STR("\xb2"), 9, &n), PEAL_E_SYNTAX);
    ck_assert_uint_eq(n, 77);
}
END_TEST

START_TEST(a_blob_grows_to_its_ceiling_and_not_beyond)
{
    peal_blob b;
    peal_blob_init(&b, 10);
    ck_assert_uint_eq(peal_blob_str(&b).n, 0);
    ck_assert_ptr_nonnull(peal_blob_str(&b).p);
    ck_assert_int_eq(peal_blob_append(&b, PEAL_STR("12345")), PEAL_OK);
    ck_assert_int_eq(peal_blob_printf(&b, "%04d", 6), PEAL_OK);
    ck_assert_str_eq(b.data, "123450006");
    ck_assert_int_eq(peal_blob_printf(&b, "%s", "78"), PEAL_E_LIMIT);
    ck_assert_int_eq(peal_blob_append(&b, PEAL_STR("78")), PEAL_E_LIMIT);
    ck_assert_int_eq(peal_blob_reserve(&b, SIZE_MAX), PEAL_E_LIMIT);
    ck_assert_str_eq(b.data, "123450006");
    ck_assert_int_eq(peal_blob_append(&b, PEAL_STR("7")), PEAL_OK);
    ck_assert_uint_eq(b.bytes, 10);
    peal_blob_drop_front(&b, 3);
    ck_assert_str_eq(b.data, "4500067");
    peal_blob_drop_front(&b, 100);
    ck_assert_uint_eq(b.bytes, 0);
    ck_assert_str_eq(b.data, "");
    peal_blob_fini(&b);
    ck_assert_uint_eq(b.limit, 10);
}
END_TEST

START_TEST(a_blob_may_append_itself)
{
    peal_blob b;
    peal_blob_init(&b, 0);
    ck_assert_int_eq(peal_blob_append(&b, PEAL_STR("ab")), PEAL_OK);
    for (int i = 0; i < 12; i++) {
        ck_assert_int_eq(peal_blob_append(&b, peal_blob_str(&b)), PEAL_OK);
    }
    ck_assert_uint_eq(b.bytes, 8192);
    for (size_t i = 0; i < b.bytes; i++) {
        ck_assert_int_eq(b.data[i], i % 2 ? 'b' : 'a');
    }
    ck_assert_int_eq(peal_blob_reserve(&b, SIZE_MAX), PEAL_E_NO_MEMORY);
    peal_blob_fini(&b);
}
END_TEST

START_TEST(a_blob_hands_its_memory_over)
{
    peal_blob b;
    char *text;
    peal_blob_init(&b, 0);
    text = peal_blob_take(&b);
    ck_assert_str_eq(text, "");
    peal_free(text);
    ck_assert_int_eq(peal_blob_append(&b, PEAL_STR("text")), PEAL_OK);
    peal_blob_clear(&b);
    ck_assert_int_eq(peal_blob_append(&b, PEAL_STR("other")), PEAL_OK);
    text = peal_blob_take(&b);
    ck_assert_str_eq(text, "other");
    ck_assert_uint_eq(b.bytes, 0);
    peal_free(text);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(exhaustion_leaves_blob_and_vec_as_they_are)
{
    peal_blob b;
    peal_vec v;
    int item = 7;
    peal_test_alloc_install();
    peal_blob_init(&b, 0);
    peal_vec_init(&v, sizeof item);
    ck_assert_int_eq(peal_blob_append(&b, PEAL_STR("kept")), PEAL_OK);
    ck_assert_int_eq(peal_vec_push(&v, &item), PEAL_OK);
    peal_test_alloc_fail_from(1);
    ck_assert_int_eq(peal_blob_printf(&b, "%100s", "x"), PEAL_E_NO_MEMORY);
    ck_assert_int_eq(peal_vec_reserve(&v, 100), PEAL_E_NO_MEMORY);
    ck_assert_str_eq(b.data, "kept");
    ck_assert_uint_eq(v.count, 1);
    ck_assert_int_eq(*(int *)peal_vec_at(&v, 0), 7);
    peal_blob_fini(&b);
    ck_assert_ptr_null(peal_blob_take(&b));
    peal_vec_fini(&v);
    peal_test_alloc_remove();
}
END_TEST

START_TEST(a_vec_keeps_the_order)
{
    peal_vec v;
    peal_vec_init(&v, sizeof(int));
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(peal_vec_push(&v, &i), PEAL_OK);
    }
    for (int i = 0; i < 50; i++) { /* leaves the odd ones */
        ck_assert_int_eq(peal_vec_remove(&v, (size_t)i), PEAL_OK);
    }
    ck_assert_int_eq(peal_vec_insert(&v, 51, &(int){ 5 }), PEAL_E_RANGE);
    ck_assert_int_eq(peal_vec_remove(&v, 50), PEAL_E_RANGE);
    for (int i = 0; i < 50; i++) {
        int even = 2 * i;
        ck_assert_int_eq(peal_vec_insert(&v, (size_t)even, &even), PEAL_OK);
    }
    ck_assert_uint_eq(v.count, 100);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(*(int *)peal_vec_at(&v, (size_t)i), i);
    }
    ck_assert_int_eq(peal_vec_reserve(&v, SIZE_MAX), PEAL_E_NO_MEMORY);
    ck_assert_int_eq(peal_vec_reserve(&v, SIZE_MAX / 4), PEAL_E_NO_MEMORY);
    peal_vec_clear(&v);
    ck_assert_uint_eq(v.count, 0);
    peal_vec_fini(&v);
}
END_TEST

START_TEST(a_uuid_goes_to_text_and_back)
{
    uint8_t random[16];
    char text[PEAL_UUID_TEXT_MAX];
    peal_uuid uuid, back;
    for (unsigned i = 0; i < 16; i++) {
        random[i] = (uint8_t)(0xf1 * (i + 1));
    }
    uuid = peal_uuid_of_random(random);
    peal_uuid_format(&uuid, text);
    ck_assert_str_eq(text, "f1e2d3c4-b5a6-4788-b96a-5b4c3d2e1f10");
    ck_assert_int_eq(peal_uuid_parse(peal_str_z(text), &back), PEAL_OK);
    ck_assert(peal_uuid_eq(&uuid, &back));
    memset(&back, 0, sizeof back);
    ck_assert(!peal_uuid_eq(&uuid, &back));
    ck_assert_int_eq(
        peal_uuid_parse(PEAL_STR("URN:uuid:F1E2D3C4-B5A6-4788-B96A-5B4C3D2E1F10"), &back), PEAL_OK);
    ck_assert(peal_uuid_eq(&uuid, &back));
}
END_TEST

START_TEST(what_is_no_uuid_is_refused)
{
    static const char *const wrong[] = {
        "", "f1e2d3c4-b5a6-4788-b96a-5b4c3d2e1f1", "f1e2d3c4-b5a6-4788-b96a-5b4c3d2e1f100",
        "f1e2d3c4xb5a6-4788-b96a-5b4c3d2e1f10", "f1e2d3c4-b5a6-4788-b96a-5b4c3d2e1f1g",
        "f1e2d3c-4b5a6-4788-b96a-5b4c3d2e1f10", "urn:uuix:f1e2d3c4-b5a6-4788-b96a-5b4c3d2e1f10",
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(wrong); i++) {
        peal_uuid uuid;
        ck_assert_int_eq(peal_uuid_parse(peal_str_z(wrong[i]), &uuid), PEAL_E_SYNTAX);
    }
}
END_TEST

TCase *text_cases(void)
{
    TCase *tc = tcase_create("text");
    tcase_add_test(tc, views_compare_with_and_without_case);
    tcase_add_test(tc, numbers_fill_the_view_and_keep_the_limit);
    tcase_add_test(tc, a_blob_grows_to_its_ceiling_and_not_beyond);
    tcase_add_test(tc, a_blob_may_append_itself);
    tcase_add_test(tc, a_blob_hands_its_memory_over);
    tcase_add_test(tc, exhaustion_leaves_blob_and_vec_as_they_are);
    tcase_add_test(tc, a_vec_keeps_the_order);
    tcase_add_test(tc, a_uuid_goes_to_text_and_back);
    tcase_add_test(tc, what_is_no_uuid_is_refused);
    return tc;
}
