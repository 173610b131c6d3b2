/* SPDX-License-Identifier: MIT */
/* Message waiting summaries (RFC 3842). */
#include "test/parser/bodies_kit.h"

#include <peal/sip/body.h>
#include <peal/sip/multipart.h>

START_TEST(a_summary_is_read)
{
    peal_str text =
        kit_exact(S("Messages-Waiting : YES\r\nMessage-Account: sip:alice@vmail.example\r\n"
                    "voice-message: 4 / 8 ( 1/2 )\r\nText-Message: 0/3\r\n"
                    "Hologram-Message: whatever\r\n\r\nTo: <sip:a>\r\nFrom: <sip:b>\r\n\r\n"
                    "To: <sip:c>\r\n"));
    peal_sip_message_summary s;
    CK_OK(peal_sip_message_summary_decode(text, &s));
    ck_assert(s.waiting);
    CK_STR(s.account, "sip:alice@vmail.example");
    const peal_sip_message_counts *voice = &s.counts[PEAL_SIP_MESSAGE_VOICE];
    ck_assert(voice->given && voice->urgent_given);
    ck_assert_uint_eq(voice->new_count, 4);
    ck_assert_uint_eq(voice->old_count, 8);
    ck_assert_uint_eq(voice->new_urgent, 1);
    ck_assert_uint_eq(voice->old_urgent, 2);
    ck_assert(s.counts[PEAL_SIP_MESSAGE_TEXT].given);
    ck_assert(!s.counts[PEAL_SIP_MESSAGE_TEXT].urgent_given);
    ck_assert_uint_eq(s.counts[PEAL_SIP_MESSAGE_TEXT].old_count, 3);
    ck_assert(!s.counts[PEAL_SIP_MESSAGE_FAX].given);
    peal_sip_line line;
    peal_str cursor = s.details;
    CK_OK(peal_sip_lines_next(&cursor, &line));
    CK_STR(line.value, "<sip:a>");
    CK_OK(peal_sip_lines_next(&cursor, &line));
    CK_IS(peal_sip_lines_next(&cursor, &line), PEAL_I_END);
    CK_OK(peal_sip_lines_next(&cursor, &line));
    CK_STR(line.value, "<sip:c>");
    CK_IS(peal_sip_lines_next(&cursor, &line), PEAL_I_END);
    CK_ABSENT(cursor);
    peal_blob out;
    peal_blob_init(&out, 0);
    CK_OK(peal_sip_message_summary_encode(&s, &out));
    CK_BLOB(out, "Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example\r\n"
                 "Voice-Message: 4/8 (1/2)\r\nText-Message: 0/3\r\n\r\nTo: <sip:a>\r\n"
                 "From: <sip:b>\r\n\r\nTo: <sip:c>\r\n");
    peal_blob_fini(&out);
    free((char *)text.p);
}
END_TEST

START_TEST(the_least_summary)
{
    peal_sip_message_summary s;
    peal_blob out;
    CK_OK(peal_sip_message_summary_decode(S("Messages-Waiting: no"), &s));
    ck_assert(!s.waiting);
    CK_ABSENT(s.account);
    CK_STR(s.details, "");
    peal_blob_init(&out, 0);
    CK_OK(peal_sip_message_summary_encode(&s, &out));
    CK_BLOB(out, "Messages-Waiting: no\r\n");
    peal_blob_fini(&out);
}
END_TEST

#define YES "Messages-Waiting: yes\r\n"
static const char *const bad[] = {
    "",
    "\r\n" YES,
    "Messages-Waiting: maybe\r\n",
    "Messages-Waiting:\r\n",
    "Voice-Message: 1/2\r\n" YES,
    YES YES,
    YES "Message-Account: x y\r\n",
    YES "Message-Account: sip:a\r\nMessage-Account: sip:a\r\n",
    YES "Voice-Message: 1\r\n",
    YES "Voice-Message: 1/\r\n",
    YES "Voice-Message: /2\r\n",
    YES "Voice-Message: -1/2\r\n",
    YES "Voice-Message: 1/2 (1)\r\n",
    YES "Voice-Message: 1/2 (1/2\r\n",
    YES "Voice-Message: 1/2 (1/2) x\r\n",
    YES "Voice-Message: 4294967296/2\r\n",
    YES "Voice-Message: 1/2\r\nVoice-Message: 1/2\r\n",
    YES "nonsense\r\n",
    YES "\r\nnonsense\r\n",
};
START_TEST(malformed_summaries_are_refused)
{
    peal_sip_message_summary s;
    peal_str exact = kit_exact(peal_str_z(bad[_i]));
    CK_IS(peal_sip_message_summary_decode(exact, &s), PEAL_E_SYNTAX);
    free((char *)exact.p);
}
END_TEST

START_TEST(what_cannot_be_written_is_refused)
{
    const peal_sip_message_summary bad_summaries[] = {
        { .account = S("x y") },   { .account = S("") },     { .details = S("nonsense\r\n") },
        { .details = S("To: x") }, { .details = S("\r\n") },
    };
    peal_blob out;
    peal_blob_init(&out, 0);
    for (size_t i = 0; i < PEAL_COUNT_OF(bad_summaries); ++i) {
        CK_IS(peal_sip_message_summary_encode(&bad_summaries[i], &out), PEAL_E_ARGUMENT);
        ck_assert_uint_eq(out.bytes, 0);
    }
    peal_blob_fini(&out);
}
END_TEST

Suite *suite_summary(void)
{
    Suite *suite = suite_create("summary");
    TCase *tcase = tcase_create("summary");
    tcase_add_test(tcase, a_summary_is_read);
    tcase_add_test(tcase, the_least_summary);
    tcase_add_loop_test(tcase, malformed_summaries_are_refused, 0, (int)PEAL_COUNT_OF(bad));
    tcase_add_test(tcase, what_cannot_be_written_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
