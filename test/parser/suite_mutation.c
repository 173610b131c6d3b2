/* SPDX-License-Identifier: MIT */
/* Every truncation and single-byte changes of the corpus through the fuzzer's body, and each
 * allocation failing in turn. With a sanitizer each byte read too much is seen. */
#include "test/fuzz/fuzz_packet.h"
#include "test/parser/parser_kit.h"

#include <peal/test/memory.h>

START_TEST(every_truncation_is_survived)
{
    peal_str text = kit_load(kit_corpus[_i]);
    size_t good = 0;
    for (size_t n = 0; n < text.n; ++n) {
        LLVMFuzzerTestOneInput((const uint8_t *)text.p, n);
        good += fuzz_packet_good();
    }
    /* All corpus messages carry a Content-Length, so none is good when cut. */
    ck_assert_uint_eq(good, 0);
    LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n);
    ck_assert_uint_eq(fuzz_packet_good(), 1);
    free((char *)text.p);
}
END_TEST

START_TEST(every_changed_byte_is_survived)
{
    static const char bytes[] = { '\0', '\r', '\n', ' ', '\t', ':', ';', ',', '<',    '>',
                                  '"',  '\\', '%',  '(', '@',  '[', '9', 'A', '\x7f', '\xff' };
    peal_str text = kit_load(kit_corpus[_i]);
    char *changed = (char *)text.p;
    for (size_t at = 0; at < text.n; ++at) {
        char was = changed[at];
        for (size_t i = 0; i < sizeof bytes; ++i) {
            changed[at] = bytes[i];
            LLVMFuzzerTestOneInput((const uint8_t *)changed, text.n);
        }
        changed[at] = (char)(was ^ 0x20);
        LLVMFuzzerTestOneInput((const uint8_t *)changed, text.n);
        changed[at] = was;
    }
    ck_assert_uint_gt(fuzz_packet_good(), text.n);
    ck_assert_uint_lt(fuzz_packet_good(), text.n * sizeof bytes);
    free(changed);
}
END_TEST

START_TEST(every_byte_left_out_is_survived)
{
    peal_str text = kit_load(kit_corpus[_i]);
    char *less = malloc(text.n);
    ck_assert_ptr_nonnull(less);
    for (size_t at = 0; at < text.n; ++at) {
        memcpy(less, text.p, at);
        memcpy(less + at, text.p + at + 1, text.n - at - 1);
        LLVMFuzzerTestOneInput((const uint8_t *)less, text.n - 1);
    }
    ck_assert_uint_gt(fuzz_packet_decoded(), 0);
    free(less);
    free((char *)text.p);
}
END_TEST

/* A life of packets; stops at the first error. */
static peal_result life(peal_str text)
{
    static char long_text[3000];
    peal_sip_packet *packet = NULL, *copy = NULL, *response = NULL;
    peal_sip_wire *wire = NULL;
    const peal_sip_via *via;
    peal_str token;
    memset(long_text, 'x', sizeof long_text);
    peal_result r = peal_sip_packet_decode(NULL, text, NULL, &packet, NULL);
    if (r >= 0) {
        r = peal_sip_packet_via(packet, 3, &via);
    }
    if (r >= 0) {
        r = peal_sip_packet_token(packet, PEAL_SIP_HEADER_ALLOW, 2, &token);
    }
    if (r >= 0) {
        r = peal_sip_packet_copy(NULL, packet, &copy);
    }
    for (int i = 0; r >= 0 && i < 30; ++i) {
        r = peal_sip_packet_push(copy, PEAL_SIP_HEADER_ROUTE, S("<sip:proxy.example.com;lr>"));
    }
    if (r >= 0) {
        r = peal_sip_packet_set_body(copy, S("text/plain"), peal_str_of(long_text, 3000));
    }
    if (r >= 0) {
        r = peal_sip_packet_new_response(NULL, packet, 200, peal_str_of(NULL, 0), S("t"),
                                         &response);
    }
    if (r >= 0) {
        r = peal_sip_packet_set_body_from(response, copy);
    }
    if (r >= 0) {
        r = peal_sip_wire_new(NULL, response, &wire);
    }
    /* Whatever failed, what is left can still be written. */
    peal_sip_packet *all[] = { packet, copy, response };
    for (size_t i = 0; i < PEAL_COUNT_OF(all); ++i) {
        if (all[i]) {
            free((char *)kit_encode(all[i]).p);
        }
        peal_sip_packet_unref(all[i]);
    }
    peal_sip_wire_unref(wire);
    return r;
}

START_TEST(each_allocation_may_fail)
{
    peal_str text = kit_load("12-invite-3proxies.sip");
    CK_OK(peal_test_alloc_install());
    CK_OK(life(text));
    size_t needed = peal_test_alloc_count();
    ck_assert_uint_gt(needed, 5);
    for (size_t n = 1; n <= needed; ++n) {
        peal_test_alloc_fail_nth(n);
        CK_IS(life(text), PEAL_E_NO_MEMORY);
        ck_assert_uint_eq(peal_sip_packet_live(), 0);
        ck_assert_uint_eq(peal_alloc_live(), 0);
    }
    peal_test_alloc_remove();
    free((char *)text.p);
}
END_TEST

/* A message of many lines needs the frame's own block too. */
START_TEST(the_frame_may_lack_memory)
{
    static char text[8192];
    peal_sip_packet *packet = NULL;
    peal_sip_fault fault;
    size_t n =
        (size_t)snprintf(text, sizeof text, "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP b\r\n");
    for (int i = 0; i < 100; ++i) {
        n += (size_t)snprintf(text + n, sizeof text - n, "X: %d\r\n", i);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "\r\n");
    CK_OK(peal_test_alloc_install());
    peal_test_alloc_fail_nth(1);
    CK_IS(peal_sip_packet_decode(NULL, peal_str_of(text, n), NULL, &packet, &fault),
          PEAL_E_NO_MEMORY);
    ck_assert_int_eq(fault.result, PEAL_E_NO_MEMORY);
    ck_assert_ptr_null(packet);
    peal_test_alloc_remove();
}
END_TEST

Suite *suite_mutation(void)
{
    const int corpus = (int)PEAL_COUNT_OF(kit_corpus);
    Suite *suite = suite_create("mutation");
    TCase *tcase = tcase_create("mutation");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, every_truncation_is_survived, 0, corpus);
    tcase_add_loop_test(tcase, every_changed_byte_is_survived, 0, corpus);
    tcase_add_loop_test(tcase, every_byte_left_out_is_survived, 0, corpus);
    tcase_add_test(tcase, each_allocation_may_fail);
    tcase_add_test(tcase, the_frame_may_lack_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
