/* SPDX-License-Identifier: MIT */
/* Keys of transactions and dialogs (RFC 3261 §12, §17.1.3, §17.2.3). */
#include "test/parser/bodies_kit.h"

#include <peal/sip/keys.h>

static peal_sip_packet *message(const char *start, const char *branch, const char *tags)
{
    char text[600];
    int n = snprintf(text, sizeof text,
                     "%s\r\nVia: SIP/2.0/UDP Host:5070;branch=%s\r\nFrom: <sip:a>;tag=f\r\n"
                     "To: <sip:b>%s\r\nCall-ID: Id\r\nCSeq: 1 %s\r\nl: 0\r\n\r\n",
                     start, branch, tags, strstr(start, "ACK") ? "ACK" : "INVITE");
    return kit_good(peal_str_of(text, (size_t)n));
}

static peal_sip_txn_key txn_key(const char *start, const char *branch)
{
    peal_sip_packet *p = message(start, branch, "");
    peal_sip_txn_key key;
    CK_OK(peal_sip_txn_key_of(p, &key));
    peal_sip_packet_unref(p);
    return key;
}

START_TEST(transactions_are_told_apart)
{
    const char *invite = "INVITE sip:a SIP/2.0";
    peal_sip_txn_key a = txn_key(invite, "z9hG4bKx");
    peal_sip_txn_key b = txn_key("ACK sip:other SIP/2.0", "Z9HG4BKX");
    ck_assert(peal_sip_txn_key_eq(&a, &b));
    b = txn_key(invite, "z9hG4bKy");
    ck_assert(!peal_sip_txn_key_eq(&a, &b));
    /* Peers of RFC 2543 are told by more than the branch. */
    a = txn_key(invite, "1");
    b = txn_key("INVITE sip:b SIP/2.0", "1");
    ck_assert(!peal_sip_txn_key_eq(&a, &b));
    a = txn_key("SIP/2.0 200 OK", "z9hG4bKx");
    peal_sip_txn_key_of_branch(S("z9hG4bKx"), &b);
    ck_assert(peal_sip_txn_key_eq(&a, &b));
    ck_assert(peal_sip_branch_has_cookie(S("z9hG4bKx")));
    ck_assert(!peal_sip_branch_has_cookie(S("z9hG4bK")));
    ck_assert(!peal_sip_branch_has_cookie(peal_str_of(NULL, 0)));
}
END_TEST

/* AST-2017-002: parts of any length make a key of bounded length. */
START_TEST(long_parts_are_digested)
{
    char text[2000];
    peal_sip_txn_key keys[2], again;
    for (int i = 0; i < 2; ++i) {
        memset(text, 'x', sizeof text);
        memcpy(text, "z9hG4bK", 7);
        text[1500] = (char)('a' + i);
        peal_sip_txn_key_of_branch(peal_str_of(text, sizeof text), &keys[i]);
        text[1500] = (char)('A' + i);
        peal_sip_txn_key_of_branch(peal_str_of(text, sizeof text), &again);
        ck_assert_uint_le(keys[i].length, PEAL_SIP_TXN_KEY_MAX);
        ck_assert(peal_sip_txn_key_eq(&keys[i], &again));
    }
    ck_assert(!peal_sip_txn_key_eq(&keys[0], &keys[1]));
}
END_TEST

START_TEST(keys_need_their_headers)
{
    peal_sip_packet *p = message("INVITE sip:a SIP/2.0", "1", "");
    peal_sip_txn_key key;
    peal_sip_packet_remove(p, PEAL_SIP_HEADER_FROM);
    CK_IS(peal_sip_txn_key_of(p, &key), PEAL_E_NOT_FOUND);
    peal_sip_packet_remove(p, PEAL_SIP_HEADER_VIA);
    CK_IS(peal_sip_txn_key_of(p, &key), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(dialogs_are_told_apart)
{
    static const struct {
        const char *start;
        bool sent, from_is_local;
    } cases[] = { { "INVITE sip:a SIP/2.0", false, false },
                  { "INVITE sip:a SIP/2.0", true, true },
                  { "SIP/2.0 200 OK", false, true },
                  { "SIP/2.0 200 OK", true, false } };
    for (size_t i = 0; i < PEAL_COUNT_OF(cases); ++i) {
        peal_sip_packet *p = message(cases[i].start, "z9hG4bKx", ";tag=t");
        peal_sip_dialog_key key, other;
        CK_OK(peal_sip_dialog_key_of(p, cases[i].sent, &key));
        CK_STR(key.call_id, "Id");
        ck_assert(peal_str_eq(key.local_tag, cases[i].from_is_local ? S("f") : S("t")));
        ck_assert(peal_str_eq(key.remote_tag, cases[i].from_is_local ? S("t") : S("f")));
        ck_assert(peal_sip_dialog_key_matches(&key, &key));
        other = key;
        other.remote_tag = peal_str_of(NULL, 0);
        ck_assert(peal_sip_dialog_key_matches(&other, &key));
        ck_assert(!peal_sip_dialog_key_matches(&key, &other));
        ck_assert(peal_sip_dialog_key_hash(&key) == peal_sip_dialog_key_hash(&other));
        other.call_id = S("ID");
        ck_assert(!peal_sip_dialog_key_matches(&other, &key));
        peal_sip_packet_unref(p);
    }
    peal_sip_packet *p = message("INVITE sip:a SIP/2.0", "z9hG4bKx", "");
    peal_sip_dialog_key key;
    CK_OK(peal_sip_dialog_key_of(p, false, &key));
    CK_ABSENT(key.local_tag);
    peal_sip_packet_remove(p, PEAL_SIP_HEADER_CALL_ID);
    CK_IS(peal_sip_dialog_key_of(p, false, &key), PEAL_E_NOT_FOUND);
    peal_sip_packet_remove(p, PEAL_SIP_HEADER_TO);
    CK_IS(peal_sip_dialog_key_of(p, false, &key), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
}
END_TEST

Suite *suite_keys(void)
{
    Suite *suite = suite_create("keys");
    TCase *tcase = tcase_create("keys");
    tcase_add_test(tcase, transactions_are_told_apart);
    tcase_add_test(tcase, long_parts_are_digested);
    tcase_add_test(tcase, keys_need_their_headers);
    tcase_add_test(tcase, dialogs_are_told_apart);
    suite_add_tcase(suite, tcase);
    return suite;
}
