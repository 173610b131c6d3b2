/* SPDX-License-Identifier: MIT */
/* Encoded words (RFC 2047); the first examples are those of its §8. */
#include "test/parser/bodies_kit.h"

#include <peal/sip/encoded_word.h>

static const struct {
    const char *text, *plain;
} words[] = {
    { "=?ISO-8859-1?Q?a?=", "a" },
    { "=?ISO-8859-1?Q?a?= b", "a b" },
    { "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab" },
    { "=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab" },
    { "=?ISO-8859-1?Q?a?=\r\n     =?ISO-8859-1?Q?b?=", "ab" },
    { "=?ISO-8859-1?Q?a_b?=", "a b" },
    { "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?_b?=", "a b" },
    { "=?US-ASCII*en?Q?Keith_Moore?=", "Keith Moore" },
    { "=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\xc3\xa9 Pirard" },
    { "=?utf-8?b?w6k=?=", "\xc3\xa9" },
    { "=?UTF-8?B?w6k=?=", "\xc3\xa9" },
    { "x=?utf-8?q?=C3=A9?=y", "x\xc3\xa9y" },
    { "", "" },
    { "plain = text ?= here", "plain = text ?= here" },
    /* What stays as it is. */
    { "=?iso-8859-5?q?a?=", "=?iso-8859-5?q?a?=" },
    { "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
    { "=?utf-8?q?a", "=?utf-8?q?a" },
    { "=?utf-8?q?a?", "=?utf-8?q?a?" },
    { "=?utf-8?q?a b?=", "=?utf-8?q?a b?=" },
    { "=?utf-8?q?=0D=0A?=", "=?utf-8?q?=0D=0A?=" },
    { "=?utf-8?q?=00?=", "=?utf-8?q?=00?=" },
    { "=?iso-8859-1?q?=9f=0a?=", "=?iso-8859-1?q?=9f=0a?=" },
    { "=?utf-8?q?=ff?=", "=?utf-8?q?=ff?=" },
    { "=?us-ascii?q?=C3=A9?=", "=?us-ascii?q?=C3=A9?=" },
    { "=?utf-8?q?=4?=", "=?utf-8?q?=4?=" },
    { "=?utf-8?b?a?=", "=?utf-8?b?a?=" },
    { "=?utf-8?q?a?= =?x?q?b?= =?utf-8?q?c?=", "a =?x?q?b?= c" },
    { "=?=?utf-8?q?a?=", "=?a" },
};
START_TEST(words_are_decoded)
{
    peal_str exact = kit_exact(peal_str_z(words[_i].text));
    peal_blob out;
    peal_blob_init(&out, 0);
    CK_OK(peal_sip_encoded_words_decode(exact, &out));
    ck_assert_str_eq(out.data, words[_i].plain);
    peal_blob_fini(&out);
    free((char *)exact.p);
}
END_TEST

START_TEST(words_are_encoded)
{
    static const char *const texts[][2] = {
        { "plain text", "plain text" },
        { "", "" },
        { "a =? b", "=?utf-8?b?YSA9PyBi?=" },
        { "Andr\xc3\xa9 P", "=?utf-8?q?Andr=C3=A9_P?=" },
        { "\xd0\xbf\xd1\x80\xd0\xb8", "=?utf-8?b?0L/RgNC4?=" },
        { "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
          "\xa9"
          "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
          "\xa9"
          "\xc3\xa9",
          "=?utf-8?b?w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6k=?= "
          "=?utf-8?b?w6k=?=" },
    };
    static const char *const bad[] = { "a\nb",        "\x01",
                                       "\x7f",        "\xff",
                                       "\xc3",        "\xed\xa0\x80",
                                       "\xc0\x80",    "\xf4\x90\x80\x80",
                                       "\xe0\x80\x80" };
    peal_blob out;
    peal_blob_init(&out, 0);
    for (size_t i = 0; i < PEAL_COUNT_OF(texts); ++i) {
        peal_blob_clear(&out);
        CK_OK(peal_sip_encoded_words_encode(peal_str_z(texts[i][0]), &out));
        ck_assert_str_eq(out.data, texts[i][1]);
    }
    peal_blob_clear(&out);
    for (size_t i = 0; i < PEAL_COUNT_OF(bad); ++i) {
        CK_IS(peal_sip_encoded_words_encode(peal_str_z(bad[i]), &out), PEAL_E_ARGUMENT);
        ck_assert_uint_eq(out.bytes, 0);
    }
    peal_blob_fini(&out);
}
END_TEST

START_TEST(a_ceiling_leaves_the_blob_as_it_was)
{
    peal_blob out;
    peal_blob_init(&out, 10);
    CK_OK(peal_blob_append(&out, S("kept")));
    CK_IS(peal_sip_encoded_words_decode(S("=?utf-8?q?abc?= and more"), &out), PEAL_E_LIMIT);
    CK_BLOB(out, "kept");
    CK_IS(peal_sip_encoded_words_encode(S("\xc3\xa9"), &out), PEAL_E_LIMIT);
    CK_BLOB(out, "kept");
    peal_blob_fini(&out);
}
END_TEST

Suite *suite_encoded_word(void)
{
    Suite *suite = suite_create("encoded_word");
    TCase *tcase = tcase_create("encoded_word");
    tcase_add_loop_test(tcase, words_are_decoded, 0, (int)PEAL_COUNT_OF(words));
    tcase_add_test(tcase, words_are_encoded);
    tcase_add_test(tcase, a_ceiling_leaves_the_blob_as_it_was);
    suite_add_tcase(suite, tcase);
    return suite;
}
