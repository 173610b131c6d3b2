/* SPDX-License-Identifier: MIT */
#include "test/base/base_tests.h"

static const peal_result codes[] = {
    PEAL_OK,
#define CODE(kind, name, value, sentence) name,
    PEAL_RESULT_TABLE(CODE)
#undef CODE
};

START_TEST(each_code_has_its_own_number_name_and_sentence)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(codes); i++) {
        const char *name = peal_result_name(codes[i]);
        const char *text = peal_result_text(codes[i]);
        ck_assert_int_eq(strncmp(name, "PEAL_", 5), 0);
        ck_assert_str_ne(name, "PEAL_?");
        ck_assert_uint_gt(strlen(text), 5);
        ck_assert_int_ne(text[strlen(text) - 1], '.');
        for (size_t k = 0; k < i; k++) {
            ck_assert_msg(codes[i] != codes[k], "%s has the number of %s", name,
                          peal_result_name(codes[k]));
            ck_assert_str_ne(name, peal_result_name(codes[k]));
        }
    }
}
END_TEST

START_TEST(each_code_is_of_exactly_one_kind)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(codes); i++) {
        char kind = peal_result_name(codes[i])[5];
        bool plain = codes[i] == PEAL_OK;
        ck_assert_int_eq(peal_is_error(codes[i]), kind == 'E');
        ck_assert_int_eq(peal_is_ok(codes[i]), kind != 'E');
        ck_assert_int_eq(peal_is_warning(codes[i]), kind == 'W');
        ck_assert_int_eq(peal_is_information(codes[i]), kind == 'I' && !plain);
    }
}
END_TEST

START_TEST(a_code_knows_its_package)
{
    ck_assert_int_eq(peal_result_package(PEAL_OK), 0);
    ck_assert_int_eq(peal_result_package(PEAL_E_NO_MEMORY), PEAL_PKG_BASE);
    ck_assert_int_eq(peal_result_package(PEAL_I_PENDING), PEAL_PKG_BASE);
    ck_assert_int_eq(peal_result_package(PEAL_W_RELEASED_UNDECIDED), PEAL_PKG_SIP_CORE);
    ck_assert_int_eq(peal_result_package(PEAL_E_APP_CONFIG), PEAL_PKG_APP);
    ck_assert_str_eq(peal_result_package_name(PEAL_E_NO_IF), "ecom");
    ck_assert_str_eq(peal_result_package_name(PEAL_E_SDP_LIMIT), "sdp");
    for (size_t i = 1; i < PEAL_COUNT_OF(codes); i++) {
        ck_assert_int_ne(peal_result_package(codes[i]), 0);
    }
}
END_TEST

START_TEST(unknown_numbers_are_harmless)
{
    static const peal_result unknown[] = { INT32_MIN, INT32_MIN + 1, INT32_MAX, -1, 1, -9999,
                                           -(PEAL_PKG_BASE + 999) };
    for (size_t i = 0; i < PEAL_COUNT_OF(unknown); i++) {
        ck_assert_str_eq(peal_result_name(unknown[i]), "PEAL_?");
        ck_assert_uint_gt(strlen(peal_result_text(unknown[i])), 0);
    }
    ck_assert_int_eq(peal_result_package(INT32_MIN), 0);
    ck_assert_int_eq(peal_result_package(-1), 0);
    ck_assert_str_eq(peal_result_package_name(INT32_MIN), "?");
    ck_assert_str_eq(peal_result_package_name(-(PEAL_PKG_BASE + 999)), "base");
}
END_TEST

TCase *result_cases(void)
{
    TCase *tc = tcase_create("result");
    tcase_add_test(tc, each_code_has_its_own_number_name_and_sentence);
    tcase_add_test(tc, each_code_is_of_exactly_one_kind);
    tcase_add_test(tc, a_code_knows_its_package);
    tcase_add_test(tc, unknown_numbers_are_harmless);
    return tc;
}
