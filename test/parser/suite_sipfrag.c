/* SPDX-License-Identifier: MIT */
/* Fragments of messages (RFC 3420). */
#include "test/parser/bodies_kit.h"

#include <peal/sip/body.h>

static peal_result decode(peal_str text, peal_sip_packet **ret, peal_sip_fault *fault)
{
    peal_str exact = kit_exact(text);
    peal_result r = peal_sip_sipfrag_decode(NULL, exact, NULL, ret, fault);
    free((char *)exact.p);
    return r;
}

static peal_sip_packet *good(peal_str text)
{
    peal_sip_packet *p = NULL;
    CK_OK(decode(text, &p, NULL));
    ck_assert(peal_sip_packet_is_fragment(p));
    return p;
}

static const struct {
    const char *text, *written; /* written NULL: as the text */
    unsigned status;
    bool is_request;
    size_t lines;
    const char *body;
} fragments[] = {
    { "SIP/2.0 200 OK\r\n", NULL, 200, false, 0, "" },
    { "SIP/2.0 603 Declined", "SIP/2.0 603 Declined\r\n", 603, false, 0, "" },
    { "SIP/2.0 100", "SIP/2.0 100\r\n", 100, false, 0, "" },
    { "INVITE sip:a@b SIP/2.0\r\nFrom: <sip:a>;tag=1",
      "INVITE sip:a@b SIP/2.0\r\nFrom: <sip:a>;tag=1\r\n", 0, true, 1, "" },
    { "From: <sip:a>\r\nl: 500\r\n", NULL, 0, false, 2, "" },
    { "From : <sip:a>\r\nc: a/b\r\n\r\n", NULL, 0, false, 2, "" },
    { "c: a/b\r\nl: 1\r\n\r\nbody", NULL, 0, false, 2, "body" },
    { "\r\nbody\r\n", NULL, 0, false, 0, "body\r\n" },
    { "\nbody", "\r\nbody", 0, false, 0, "body" },
    { "From: a\nTo: b\n", "From: a\r\nTo: b\r\n", 0, false, 2, "" },
    { "X: a\r\n b\r\nY: c", "X: a\r\n b\r\nY: c\r\n", 0, false, 2, "" },
    { "", NULL, 0, false, 0, "" },
    { "\r\n", NULL, 0, false, 0, "" },
};
START_TEST(fragments_are_read_and_written)
{
    peal_sip_packet *p = good(peal_str_z(fragments[_i].text)), *copy = NULL;
    const char *written = fragments[_i].written ? fragments[_i].written : fragments[_i].text;
    kit_check_text(p, written);
    ck_assert_uint_eq(peal_sip_packet_status(p), fragments[_i].status);
    ck_assert(peal_sip_packet_is_request(p) == fragments[_i].is_request);
    ck_assert_uint_eq(peal_sip_packet_line_count(p), fragments[_i].lines);
    ck_assert(peal_str_eq(peal_sip_packet_body(p), peal_str_z(fragments[_i].body)));
    CK_OK(peal_sip_packet_copy(NULL, p, &copy));
    ck_assert(peal_sip_packet_is_fragment(copy));
    kit_check_text(copy, written);
    peal_sip_packet_unref(p);
    peal_sip_packet_unref(copy);
}
END_TEST

START_TEST(headers_of_fragments_are_typed)
{
    peal_sip_packet *p = good(S("SIP/2.0 180 Ringing\r\nf: \"A\" <sip:a>;tag=x\r\n"
                                "CSeq: 7 INVITE\r\nRoute: <sip:1>,<sip:2>\r\n"));
    const peal_sip_address *from, *route;
    CK_OK(peal_sip_packet_from(p, &from));
    CK_STR(from->tag, "x");
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 1, &route));
    CK_STR(route->uri, "sip:2");
    CK_IS(peal_sip_packet_to(p, &from), PEAL_E_NOT_FOUND);
    CK_STR(peal_sip_packet_reason(p), "Ringing");
    ck_assert_int_eq(peal_sip_packet_method(p), PEAL_SIP_METHOD_INVITE);
    CK_STR(peal_sip_packet_method_text(p), "INVITE");
    peal_sip_packet_unref(p);
    p = good(S("To: <<"));
    CK_IS(peal_sip_packet_to(p, &from), PEAL_E_SIP_HEADER);
    peal_sip_packet_unref(p);
}
END_TEST

static const struct {
    const char *text;
    peal_result result;
} bad[] = {
    { "SIP/3.0 200 OK\r\n", PEAL_E_SIP_VERSION },
    { "SIP/2.0 99 x\r\n", PEAL_E_SIP_START_LINE },
    { "nonsense\r\n", PEAL_E_SIP_NOT_SIP },
    { "nonsense", PEAL_E_SIP_NOT_SIP },
    { "From: a\r\nnonsense\r\n", PEAL_E_SIP_HEADER },
    { "From: a\r\nFrom: b\r\n", PEAL_E_SIP_DUPLICATE_HEADER },
    { "From: a\rb\r\n", PEAL_E_SIP_HEADER },
    { ": x\r\n", PEAL_E_SIP_NOT_SIP },
    { "From: a\r", PEAL_E_SIP_HEADER },
    { "INVITE sip:a  SIP/2.0\r\n", PEAL_E_SIP_START_LINE },
};
START_TEST(malformed_fragments_are_refused)
{
    peal_sip_packet *p = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    CK_IS(decode(peal_str_z(bad[_i].text), &p, &fault), bad[_i].result);
    ck_assert_int_eq(fault.result, bad[_i].result);
    ck_assert_uint_le(fault.offset, strlen(bad[_i].text));
    ck_assert_ptr_null(p);
}
END_TEST

START_TEST(fragments_are_made)
{
    peal_sip_packet *p = NULL, *q = NULL;
    CK_OK(peal_sip_sipfrag_new_status(NULL, 486, (peal_str){ NULL, 0 }, &p));
    kit_check_text(p, "SIP/2.0 486 Busy Here\r\n");
    CK_OK(peal_sip_packet_add_named(p, S("Reason"), S("Q.850;cause=17")));
    kit_check_text(p, "SIP/2.0 486 Busy Here\r\nReason: Q.850;cause=17\r\n");
    CK_OK(peal_sip_packet_set_body(p, S("a/b"), S("x")));
    kit_check_text(p, "SIP/2.0 486 Busy Here\r\nReason: Q.850;cause=17\r\nContent-Type: a/b\r\n"
                      "\r\nx");
    peal_sip_packet_unref(p);
    CK_IS(peal_sip_sipfrag_new_status(NULL, 700, S("x"), &q), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_sipfrag_new_status(NULL, 200, S("x\r\ny"), &q), PEAL_E_ARGUMENT);
    CK_OK(peal_sip_sipfrag_new(NULL, &p));
    kit_check_text(p, "");
    CK_OK(peal_sip_packet_add(p, PEAL_SIP_HEADER_TO, S("<sip:b>")));
    kit_check_text(p, "To: <sip:b>\r\n");
    CK_IS(peal_sip_packet_set_request_uri(p, S("sip:x")), PEAL_E_STATE);
    peal_sip_packet_unref(p);
    ck_assert_ptr_null(q);
}
END_TEST

START_TEST(fragments_are_made_of_messages)
{
    static const peal_sip_header_id ids[] = { PEAL_SIP_HEADER_FROM, PEAL_SIP_HEADER_CONTACT };
    peal_str text = kit_load("01-invite.sip");
    peal_sip_packet *p = kit_good(text), *q = NULL;
    free((char *)text.p);
    CK_OK(peal_sip_packet_set_request_uri(p, S("sip:new@uri")));
    CK_OK(peal_sip_sipfrag_of(NULL, p, ids, 2, &q));
    ck_assert(!peal_sip_packet_is_fragment(p));
    CK_STR(peal_sip_packet_request_uri(q), "sip:new@uri");
    CK_STR(peal_sip_packet_method_text(q), "INVITE");
    ck_assert_uint_eq(peal_sip_packet_line_count(q), 2);
    ck_assert(peal_str_eq(peal_sip_packet_value(q, PEAL_SIP_HEADER_FROM, 0),
                          peal_sip_packet_value(p, PEAL_SIP_HEADER_FROM, 0)));
    peal_sip_packet_unref(p);
    const peal_sip_uri *uri;
    CK_OK(peal_sip_packet_request_uri_decoded(q, &uri));
    CK_STR(uri->host, "uri");
    peal_sip_packet_unref(q);
    text = kit_load("02-ringing180.sip");
    p = kit_good(text);
    free((char *)text.p);
    CK_OK(peal_sip_sipfrag_of(NULL, p, NULL, 0, &q));
    peal_sip_packet_unref(p);
    kit_check_text(q, "SIP/2.0 180 Ringing\r\n");
    ck_assert_uint_eq(peal_sip_packet_status(q), 180);
    CK_STR(peal_sip_packet_reason(q), "Ringing");
    peal_sip_packet_unref(q);
}
END_TEST

/* A fragment of each message of the corpus: cut anywhere in its head it can be read, or the line
 * that was cut is told. */
START_TEST(heads_may_be_cut)
{
    peal_str text = kit_load(kit_corpus[_i]);
    size_t read = 0;
    for (size_t n = 0; n <= text.n; ++n) {
        peal_sip_packet *p = NULL;
        peal_sip_fault fault;
        peal_result r = decode(peal_str_of(text.p, n), &p, &fault);
        ck_assert(r == PEAL_OK || fault.offset <= n);
        read += r == PEAL_OK;
        peal_sip_packet_unref(p);
    }
    ck_assert_uint_gt(read, text.n / 3);
    free((char *)text.p);
}
END_TEST

Suite *suite_sipfrag(void)
{
    Suite *suite = suite_create("sipfrag");
    TCase *tcase = tcase_create("sipfrag");
    tcase_add_loop_test(tcase, fragments_are_read_and_written, 0, (int)PEAL_COUNT_OF(fragments));
    tcase_add_test(tcase, headers_of_fragments_are_typed);
    tcase_add_loop_test(tcase, malformed_fragments_are_refused, 0, (int)PEAL_COUNT_OF(bad));
    tcase_add_test(tcase, fragments_are_made);
    tcase_add_test(tcase, fragments_are_made_of_messages);
    tcase_add_loop_test(tcase, heads_may_be_cut, 0, (int)PEAL_COUNT_OF(kit_corpus));
    suite_add_tcase(suite, tcase);
    return suite;
}
