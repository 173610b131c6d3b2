/* SPDX-License-Identifier: MIT */
/* Round trips of some two hundred messages as they are met: phones, trunks, IMS, WebRTC gateways,
 * presence, transfers, registration, proxies, and odd but valid syntax. */
#include "test/fuzz/fuzz_kit.h"
#include "test/fuzz/fuzz_packet.h"
#include "test/parser/data_kit.h"

enum { CORPUS_MESSAGES = 200 };

static void each(const char *folder, void (*check)(const char *name, peal_str text))
{
    size_t count;
    char *const *names = data_list(folder, &count);
    for (size_t i = 0; i < count; ++i) {
        peal_str text = kit_load(names[i]);
        check(names[i], text);
        free((char *)text.p);
    }
}

static void check_encoding(const char *name, const peal_sip_packet *packet, peal_str text)
{
    peal_str encoded = kit_encode(packet);
    ck_assert_msg(peal_str_eq(encoded, text), "%s: encoded\n%.*s", name, PEAL_STR_ARG(encoded));
    free((char *)encoded.p);
}

static void check_bytes(const char *name, peal_str text)
{
    peal_sip_packet *packet = NULL;
    CK_OK(kit_decode(text, &packet, NULL));
    ck_assert_msg(peal_sip_packet_fault(packet)->result == PEAL_OK, "%s: %s", name,
                  peal_sip_packet_fault(packet)->reason);
    check_encoding(name, packet, text);
    peal_sip_packet_unref(packet);
}

START_TEST(decoded_and_encoded_each_is_the_same_bytes)
    {
        size_t count;
        (void)data_list("corpus", &count);
        ck_assert_uint_ge(count, CORPUS_MESSAGES);
        each("corpus", check_bytes);
    }
END_TEST

static void check_all_decoded(const char *name, peal_str text)
{
    peal_sip_fault fault = { .reason = NULL };
    peal_sip_packet *packet = kit_good(text);
    peal_result r = peal_sip_packet_decode_all(packet, &fault);
    ck_assert_msg(r == PEAL_OK, "%s: offset %u: %s", name, fault.offset, fault.reason);
    check_encoding(name, packet, text);
    peal_sip_packet_unref(packet);
}

START_TEST(every_header_decodes_and_is_still_the_same_bytes)
    {
        each("corpus", check_all_decoded);
    }
END_TEST

static void check_copied(const char *name, peal_str text)
{
    peal_sip_packet *packet = kit_good(text), *copy = NULL;
    CK_OK(peal_sip_packet_copy(NULL, packet, &copy));
    peal_sip_packet_unref(packet);
    check_encoding(name, copy, text);
    CK_OK(peal_sip_packet_decode_all(copy, NULL));
    check_encoding(name, copy, text);
    peal_sip_packet_unref(copy);
}

START_TEST(a_copy_is_the_same_bytes)
    {
        each("corpus", check_copied);
    }
END_TEST

/* What a proxy adds and takes away again leaves nothing. */
static void check_edited_back(const char *name, peal_str text)
{
    peal_sip_packet *packet = kit_good(text);
    bool list = memchr(peal_sip_packet_value(packet, PEAL_SIP_HEADER_VIA, 0).p, ',',
                       peal_sip_packet_value(packet, PEAL_SIP_HEADER_VIA, 0).n) != NULL;
    CK_OK(peal_sip_packet_push(packet, PEAL_SIP_HEADER_VIA, S("SIP/2.0/UDP p;branch=z9hG4bKx")));
    CK_OK(peal_sip_packet_add_named(packet, S("X-Added"), S("here")));
    CK_OK(peal_sip_packet_pop(packet, PEAL_SIP_HEADER_VIA));
    peal_str encoded = kit_encode(packet);
    ck_assert_msg(encoded.n == text.n + strlen("X-Added: here\r\n") || list, "%s: edited\n%.*s",
                  name, PEAL_STR_ARG(encoded));
    free((char *)encoded.p);
    peal_sip_packet_unref(packet);
}

START_TEST(a_pushed_and_popped_via_leaves_nothing)
    {
        each("corpus", check_edited_back);
    }
END_TEST

static void check_fuzz_body(const char *name, peal_str text)
{
    const char *stop = text.n ? memchr(text.p, '\r', text.n) : NULL;
    (void)name;
    LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n);
    (void)fuzz_differential((const uint8_t *)text.p, text.n);
    (void)fuzz_start_line((const uint8_t *)text.p, stop ? (size_t)(stop - text.p) : text.n);
}

/* Everything the message fuzzers ask, of every message there is, and of what they found: inputs
 * that pass through edges of the parser which no other message does. */
START_TEST(the_fuzzers_questions_are_answered)
    {
        each("corpus", check_fuzz_body);
        each("rfc4475", check_fuzz_body);
        each("rfc5118", check_fuzz_body);
        each("malformed", check_fuzz_body);
    each("fuzz/fuzz_packet", check_fuzz_body);
    each("fuzz/fuzz_differential", check_fuzz_body);
    each("fuzz/fuzz_start_line", check_fuzz_body);
    }
END_TEST

Suite *suite_corpus(void)
{
    Suite *suite = suite_create("corpus");
    TCase *tcase = tcase_create("corpus");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, decoded_and_encoded_each_is_the_same_bytes);
    tcase_add_test(tcase, every_header_decodes_and_is_still_the_same_bytes);
    tcase_add_test(tcase, a_copy_is_the_same_bytes);
    tcase_add_test(tcase, a_pushed_and_popped_via_leaves_nothing);
    tcase_add_test(tcase, the_fuzzers_questions_are_answered);
    suite_add_tcase(suite, tcase);
    return suite;
}
