/* SPDX-License-Identifier: MIT */
/* Decoding, reading and writing whole packets. */
#include "test/parser/parser_kit.h"

START_TEST(untouched_message_is_written_byte_by_byte)
{
    peal_str text = kit_load(kit_corpus[_i]);
    peal_sip_packet *packet = kit_good(text);
    peal_str written = kit_encode(packet);
    ck_assert(peal_str_eq(text, written));
    peal_sip_wire *wire = NULL;
    CK_OK(peal_sip_wire_new(NULL, packet, &wire));
    peal_sip_packet_unref(packet);
    peal_sip_wire_ref(wire);
    peal_sip_wire_unref(wire);
    ck_assert(peal_str_eq(peal_sip_wire_bytes(wire), text));
    ck_assert_ptr_null(peal_sip_wire_unref(wire));
    ck_assert_ptr_null(peal_sip_wire_unref(NULL));
    free((char *)written.p);
    free((char *)text.p);
    ck_assert_uint_eq(peal_sip_packet_live(), 0);
}
END_TEST

START_TEST(invite_is_read)
{
    peal_str text = kit_load("12-invite-3proxies.sip");
    peal_sip_packet *p = kit_good(text);
    const peal_sip_via *via;
    const peal_sip_address *address;
    const peal_sip_cseq *cseq;
    const peal_sip_uri *uri;
    peal_sip_value type;
    peal_str token;
    uint32_t number;
    free((char *)text.p);
    ck_assert(peal_sip_packet_is_request(p));
    ck_assert_int_eq(peal_sip_packet_method(p), PEAL_SIP_METHOD_INVITE);
    CK_STR(peal_sip_packet_request_uri(p), "sip:bob@192.0.2.4:5060;transport=udp");
    CK_OK(peal_sip_packet_request_uri_decoded(p, &uri));
    CK_STR(uri->host, "192.0.2.4");
    ck_assert_uint_eq(peal_sip_packet_status(p), 0);
    CK_OK(peal_sip_packet_via(p, 0, &via));
    CK_STR(via->branch, "z9hG4bK4b43c2ff8.1f2e3d");
    CK_OK(peal_sip_packet_via(p, 3, &via));
    CK_STR(via->host, "192.0.2.101");
    ck_assert_uint_eq(via->rport, 5060);
    CK_IS(peal_sip_packet_via(p, 4, &via), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_packet_from(p, &address));
    CK_STR(address->tag, "9fxced76sl");
    CK_OK(peal_sip_packet_to(p, &address));
    CK_ABSENT(address->tag);
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_RECORD_ROUTE, 2, &address));
    CK_STR(address->uri, "sip:proxy.atlanta.example.com;lr;did=8a1.d3");
    CK_IS(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 0, &address), PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_address(p, PEAL_SIP_HEADER_CSEQ, 0, &address), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_packet_cseq(p, &cseq));
    ck_assert_uint_eq(cseq->number, 4711);
    CK_STR(peal_sip_packet_call_id(p), "3848276298220188511@192.0.2.101");
    CK_OK(peal_sip_packet_number(p, PEAL_SIP_HEADER_MAX_FORWARDS, &number));
    ck_assert_uint_eq(number, 67);
    CK_OK(peal_sip_packet_token(p, PEAL_SIP_HEADER_ALLOW, 11, &token));
    CK_STR(token, "MESSAGE");
    ck_assert(peal_sip_packet_has_token(p, PEAL_SIP_HEADER_SUPPORTED, S("100REL")));
    ck_assert(!peal_sip_packet_has_token(p, PEAL_SIP_HEADER_ALLOW, S("invite")));
    ck_assert(!peal_sip_packet_has_token(p, PEAL_SIP_HEADER_REQUIRE, S("100rel")));
    CK_OK(peal_sip_packet_value_params(p, PEAL_SIP_HEADER_CONTENT_TYPE, &type));
    CK_STR(type.value, "application/sdp");
    ck_assert_uint_eq(peal_sip_packet_body(p).n, 341);
    CK_STR(peal_sip_packet_value_named(p, S("session-expires"), 0), "1800");
    CK_STR(peal_sip_packet_value_named(p, S("k"), 0), "replaces, timer, 100rel");
    CK_ABSENT(peal_sip_packet_value_named(p, S("session-expires"), 1));
    CK_ABSENT(peal_sip_packet_value(p, PEAL_SIP_HEADER_SUBJECT, 0));
    ck_assert(peal_sip_packet_has(p, PEAL_SIP_HEADER_VIA));
    ck_assert(!peal_sip_packet_has(p, PEAL_SIP_HEADER_ROUTE));
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(response_is_read)
{
    peal_sip_packet *p = kit_good(S("sip/2.0 183\r\nv: SIP/2.0/UDP a\r\nf: <sip:a@b>\r\n"
                                    "t: <sip:a@b>;tag=1\r\ni: x\r\nCSeq: 1 FOO\r\n\r\n"));
    ck_assert(!peal_sip_packet_is_request(p));
    ck_assert_uint_eq(peal_sip_packet_status(p), 183);
    CK_STR(peal_sip_packet_reason(p), "");
    ck_assert_int_eq(peal_sip_packet_method(p), PEAL_SIP_METHOD_UNKNOWN);
    CK_STR(peal_sip_packet_method_text(p), "FOO");
    CK_ABSENT(peal_sip_packet_request_uri(p));
    ck_assert_uint_eq(peal_sip_packet_line_count(p), 5);
    peal_sip_packet_unref(p);
}
END_TEST

#define HEAD                                                                                       \
    "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"   \
    "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"

START_TEST(values_are_spread_over_lines_and_commas)
{
    peal_sip_packet *p =
        kit_good(S(HEAD "Contact: <sip:1@b>, \"x, y\" <sip:2@b>;q=1\r\nX: 1\r\nm: sip:3@b\r\n"
                        "Supported:\r\nRequire: a,\r\n b\r\nContent-Length: 0\r\n\r\n"));
    const peal_sip_address *address;
    peal_str token;
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 1, &address));
    CK_STR(address->uri, "sip:2@b");
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 2, &address));
    CK_STR(address->uri, "sip:3@b");
    CK_IS(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 3, &address), PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_token(p, PEAL_SIP_HEADER_SUPPORTED, 0, &token), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_packet_token(p, PEAL_SIP_HEADER_REQUIRE, 1, &token));
    CK_STR(token, "b");
    peal_sip_line line;
    CK_OK(peal_sip_packet_line(p, 7, &line));
    ck_assert_int_eq(line.id, PEAL_SIP_HEADER_CONTACT);
    CK_STR(line.name, "m");
    CK_STR(line.value, "sip:3@b");
    CK_IS(peal_sip_packet_line(p, 11, &line), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(good_values_before_a_bad_one_are_usable)
{
    peal_sip_packet *p = kit_good(S(HEAD "Contact: <sip:1@b>, <broken\r\nExpires: -1\r\n"
                                         "Max-Forwards: 256\r\nContent-Length: 0\r\n\r\n"));
    const peal_sip_address *address;
    uint32_t number;
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 0, &address));
    CK_IS(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 1, &address), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_packet_number(p, PEAL_SIP_HEADER_EXPIRES, &number), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_packet_number(p, PEAL_SIP_HEADER_MAX_FORWARDS, &number), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_packet_number(p, PEAL_SIP_HEADER_MIN_EXPIRES, &number), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(content_length_rules_the_body)
{
    peal_sip_packet *p = kit_good(S(HEAD "Content-Length: 3\r\n\r\nabcdef"));
    CK_STR(peal_sip_packet_body(p), "abc");
    kit_check_text(p, HEAD "Content-Length: 3\r\n\r\nabc");
    peal_sip_packet_unref(p);
    p = kit_good(S(HEAD "\r\nabcdef"));
    CK_STR(peal_sip_packet_body(p), "abcdef");
    kit_check_text(p, HEAD "Content-Length: 6\r\n\r\nabcdef");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(line_ends)
{
    /* LF alone ends a line; it is written as CRLF. */
    peal_sip_packet *p = kit_good(S("\r\n\r\n" HEAD "Subject: x\nl: 2\r\n\nhi"));
    kit_check_text(p, HEAD "Subject: x\r\nl: 2\r\n\r\nhi");
    peal_sip_packet_unref(p);
    p = kit_good(S("OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP c\nFrom: <sip:a@b>;tag=1\n"
                   "To: <sip:a@b>\nCall-ID: x\nCSeq: 1 OPTIONS\nl:0\n\n"));
    kit_check_text(p, "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nFrom: <sip:a@b>;tag=1\r\n"
                      "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nl:0\r\n\r\n");
    peal_sip_packet_unref(p);
    /* Folds stay as they are. */
    p = kit_good(S(HEAD "Subject:\r\n  x\r\n\ty  \r\nl: 0\r\n\r\n"));
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_SUBJECT, 0), "x\r\n\ty");
    kit_check_text(p, HEAD "Subject:\r\n  x\r\n\ty  \r\nl: 0\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

#define BAD(text_, result_, header_)                                                               \
    {                                                                                              \
        S0(text_), result_, PEAL_SIP_HEADER_##header_                                              \
    }
/* Faults that can be answered: a packet and what is wrong. */
static const struct {
    peal_str text;
    peal_result result;
    peal_sip_header_id header;
} faults[] = {
    BAD(HEAD "l: 7\r\n\r\nabcdef", PEAL_E_SIP_CONTENT_LENGTH, CONTENT_LENGTH),
    BAD(HEAD "l: 2147483609\r\n\r\n", PEAL_E_SIP_CONTENT_LENGTH, CONTENT_LENGTH),
    BAD(HEAD "l: 4294967328\r\n\r\n", PEAL_E_SIP_HEADER, CONTENT_LENGTH),
    BAD(HEAD "l: -1\r\n\r\n", PEAL_E_SIP_HEADER, CONTENT_LENGTH),
    BAD(HEAD "l: \r\n\r\n", PEAL_E_SIP_HEADER, CONTENT_LENGTH),
    BAD(HEAD "l: 1 2\r\n\r\n", PEAL_E_SIP_HEADER, CONTENT_LENGTH),
    BAD(HEAD "l: 0\r\nContent-Length: 0\r\n\r\n", PEAL_E_SIP_DUPLICATE_HEADER, CONTENT_LENGTH),
    BAD(HEAD "Call-ID: y\r\n\r\n", PEAL_E_SIP_DUPLICATE_HEADER, CALL_ID),
    BAD(HEAD "CSeq: 1 OPTIONS\r\n\r\n", PEAL_E_SIP_DUPLICATE_HEADER, CSEQ),
    BAD(HEAD "t: <sip:a@b>\r\n\r\n", PEAL_E_SIP_DUPLICATE_HEADER, TO),
    BAD(HEAD "f: <sip:a@b>\r\n\r\n", PEAL_E_SIP_DUPLICATE_HEADER, FROM),
    BAD(HEAD "Max-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n", PEAL_E_SIP_DUPLICATE_HEADER,
        MAX_FORWARDS),
    BAD(HEAD "Subject: a\0b\r\n\r\n", PEAL_E_SIP_NUL, SUBJECT),
    BAD(HEAD "Subject: \"a\0b\"\r\n\r\n", PEAL_E_SIP_NUL, SUBJECT),
    BAD(HEAD "Subject: a\rb\r\n\r\n", PEAL_E_SIP_HEADER, SUBJECT),
    BAD(HEAD "Subject: a\n b\r\n\r\n", PEAL_E_SIP_HEADER, SUBJECT),
    BAD(HEAD "Subject\r\n\r\n", PEAL_E_SIP_HEADER, OTHER),
    BAD(HEAD ": x\r\n\r\n", PEAL_E_SIP_HEADER, OTHER),
    BAD(HEAD ":: x:y, and enough bytes for a vector behind\r\n\r\n", PEAL_E_SIP_HEADER, OTHER),
    BAD(HEAD "Subject\x01: x\r\n\r\n", PEAL_E_SIP_HEADER, OTHER),
    BAD(HEAD "Sub ject: x\r\n\r\n", PEAL_E_SIP_HEADER, OTHER),
    BAD("OPTIONS sip:a@b SIP/2.0\r\n x: y\r\nVia: SIP/2.0/UDP c\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\n"
        "i: x\r\nCSeq: 1 OPTIONS\r\n\r\n",
        PEAL_E_SIP_HEADER, OTHER),
    BAD(HEAD "Subject: x\r\n", PEAL_E_SIP_INCOMPLETE, OTHER),
    BAD(HEAD "Subject: x", PEAL_E_SIP_INCOMPLETE, OTHER),
    BAD("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\n\r\n", PEAL_E_SIP_MISSING_HEADER, FROM),
    BAD("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: \r\n"
        "CSeq: 1 OPTIONS\r\n\r\n",
        PEAL_E_SIP_HEADER, CALL_ID),
    BAD("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: x\r\n"
        "CSeq: 1 INVITE\r\n\r\n",
        PEAL_E_SIP_METHOD_MISMATCH, CSEQ),
    BAD("OPTIONS sip:a@b SIP/3.0\r\nVia: SIP/3.0/UDP c\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: x\r\n"
        "CSeq: 1 OPTIONS\r\n\r\n",
        PEAL_E_SIP_VERSION, OTHER),
    BAD("OPTIONS  sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: x\r\n"
        "CSeq: 1 OPTIONS\r\n\r\n",
        PEAL_E_SIP_START_LINE, OTHER),
    BAD("OPTIONS sip:a%@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: x\r\n"
        "CSeq: 1 OPTIONS\r\n\r\n",
        PEAL_E_SIP_URI, OTHER),
};
START_TEST(answerable_fault_gives_a_packet)
{
    peal_sip_packet *p = NULL, *response = NULL;
    CK_OK(kit_decode(faults[_i].text, &p, NULL));
    const peal_sip_fault *fault = peal_sip_packet_fault(p);
    ck_assert_msg(fault->result == faults[_i].result, "%s: %s", peal_result_name(fault->result),
                  fault->reason);
    ck_assert_int_eq(fault->header, faults[_i].header);
    ck_assert_ptr_nonnull(fault->reason);
    ck_assert_uint_le(fault->offset, faults[_i].text.n);
    CK_OK(peal_sip_packet_new_response(NULL, p, 400, S("no"), S("tag"), &response));
    peal_sip_packet_unref(response);
    peal_sip_packet_unref(p);
}
END_TEST

/* What is dropped. */
static const struct {
    peal_str text;
    peal_result result;
} drops[] = {
    { { NULL, 0 }, PEAL_E_SIP_NOT_SIP },
    { { "\r\n\r\n", 4 }, PEAL_E_SIP_NOT_SIP },
    { { "\r\n\r", 3 }, PEAL_E_SIP_NOT_SIP },
    { { "SIP", 3 }, PEAL_E_SIP_NOT_SIP },
    { { "GET / HTTP/1.1\r\n\r\n", 18 }, PEAL_E_SIP_NOT_SIP },
    { { "x\r\n\r\n", 5 }, PEAL_E_SIP_NOT_SIP },
    { { " SIP/2.0\r\n\r\n", 12 }, PEAL_E_SIP_NOT_SIP },
    { { "A B\rC SIP/2.0\r\n\r\n", 17 }, PEAL_E_SIP_NOT_SIP },
    { { "OPTIONS sip:a@b SIP/2.0\r\n\r\n", 27 }, PEAL_E_SIP_MISSING_HEADER },
    { { "OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n", 35 }, PEAL_E_SIP_HEADER },
    { { "SIP/2.0 200 OK\r\n\r\n", 18 }, PEAL_E_SIP_MISSING_HEADER },
    { { "SIP/2.0 20 OK\r\n\r\n", 17 }, PEAL_E_SIP_START_LINE },
    { { "SIP/2.0 099 OK\r\n\r\n", 18 }, PEAL_E_SIP_START_LINE },
    { { "SIP/2.0 700 OK\r\n\r\n", 18 }, PEAL_E_SIP_START_LINE },
    { { "SIP/2.0 2000 OK\r\n\r\n", 19 }, PEAL_E_SIP_START_LINE },
    { { "SIP/3.0 200 OK\r\n\r\n", 18 }, PEAL_E_SIP_VERSION },
    /* A response copies these: broken ones can't be answered with. */
    { { HEAD "To: a\0b\r\n\r\n", sizeof HEAD - 1 + 11 }, PEAL_E_SIP_NUL },
    { { HEAD "Via: a\rb\r\n\r\n", sizeof HEAD - 1 + 12 }, PEAL_E_SIP_HEADER },
};
START_TEST(hopeless_message_is_dropped)
{
    peal_sip_packet *p = NULL;
    peal_sip_fault fault;
    CK_IS(kit_decode(drops[_i].text, &p, &fault), drops[_i].result);
    ck_assert_ptr_null(p);
    ck_assert_int_eq(fault.result, drops[_i].result);
    ck_assert_ptr_nonnull(fault.reason);
    ck_assert_uint_eq(peal_sip_packet_live(), 0);
}
END_TEST

static peal_sip_fault with_limits(peal_str text, const peal_sip_limits *limits)
{
    peal_sip_packet *p = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    if (peal_sip_packet_decode(NULL, text, limits, &p, &fault) >= 0) {
        fault = *peal_sip_packet_fault(p);
    }
    peal_sip_packet_unref(p);
    return fault;
}

START_TEST(limits_are_kept)
{
    peal_str text = S(HEAD "Require: a,b,c\r\nl: 0\r\n\r\n");
    peal_sip_limits limits = { .size = sizeof limits,
                               .message_bytes = (uint32_t)text.n,
                               .header_lines = 7,
                               .header_line_bytes = 34,
                               .list_values = 3 };
    peal_sip_packet *p = NULL;
    peal_str token;
    ck_assert_int_eq(with_limits(text, &limits).result, PEAL_OK);
    limits.list_values = 2;
    CK_OK(peal_sip_packet_decode(NULL, text, &limits, &p, NULL));
    CK_OK(peal_sip_packet_token(p, PEAL_SIP_HEADER_REQUIRE, 1, &token));
    CK_IS(peal_sip_packet_token(p, PEAL_SIP_HEADER_REQUIRE, 2, &token), PEAL_E_LIMIT);
    peal_sip_packet_unref(p);
    limits.header_lines = 6;
    ck_assert_int_eq(with_limits(text, &limits).result, PEAL_E_LIMIT);
    limits.header_lines = 7;
    limits.header_line_bytes = 33;
    ck_assert_int_eq(with_limits(text, &limits).result, PEAL_E_LIMIT);
    limits.header_line_bytes = 0;
    limits.message_bytes = (uint32_t)text.n - 1;
    ck_assert_int_eq(with_limits(text, &limits).result, PEAL_E_LIMIT);
}
END_TEST

START_TEST(many_lines_are_kept)
{
    char text[65536];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", HEAD);
    for (int i = 0; i < 240; ++i) {
        n += (size_t)snprintf(text + n, sizeof text - n, "X-%d: %d\r\n", i, i);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "l: 0\r\n\r\n");
    peal_sip_packet *p = kit_good(peal_str_of(text, n));
    ck_assert_uint_eq(peal_sip_packet_line_count(p), 246);
    CK_STR(peal_sip_packet_value_named(p, S("x-239"), 0), "239");
    kit_check_text(p, text);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(origin_is_kept)
{
    peal_sip_packet *p = kit_good(S(HEAD "l: 0\r\n\r\n")), *copy = NULL;
    peal_sip_origin origin = { .transport = PEAL_SIP_TRANSPORT_UDP, .listener = 3, .time_ns = 9 };
    ck_assert_int_eq(peal_sip_packet_origin(p)->transport, PEAL_SIP_TRANSPORT_NONE);
    peal_sip_packet_set_origin(p, &origin);
    CK_OK(peal_sip_packet_copy(NULL, p, &copy));
    ck_assert_uint_eq(peal_sip_packet_origin(copy)->listener, 3);
    ck_assert_uint_eq(peal_sip_packet_live(), 2);
    peal_sip_packet_unref(p);
    ck_assert_uint_eq(peal_sip_packet_live(), 2); /* the copy holds it */
    peal_sip_packet_unref(copy);
    ck_assert_uint_eq(peal_sip_packet_live(), 0);
}
END_TEST

Suite *suite_packet(void)
{
    Suite *suite = suite_create("packet");
    TCase *tcase = tcase_create("packet");
    tcase_add_loop_test(tcase, untouched_message_is_written_byte_by_byte, 0,
                        (int)PEAL_COUNT_OF(kit_corpus));
    tcase_add_test(tcase, invite_is_read);
    tcase_add_test(tcase, response_is_read);
    tcase_add_test(tcase, values_are_spread_over_lines_and_commas);
    tcase_add_test(tcase, good_values_before_a_bad_one_are_usable);
    tcase_add_test(tcase, content_length_rules_the_body);
    tcase_add_test(tcase, line_ends);
    tcase_add_loop_test(tcase, answerable_fault_gives_a_packet, 0, (int)PEAL_COUNT_OF(faults));
    tcase_add_loop_test(tcase, hopeless_message_is_dropped, 0, (int)PEAL_COUNT_OF(drops));
    tcase_add_test(tcase, limits_are_kept);
    tcase_add_test(tcase, many_lines_are_kept);
    tcase_add_test(tcase, origin_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
