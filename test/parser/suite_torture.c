/* SPDX-License-Identifier: MIT */
/* All messages of RFC 4475 and RFC 5118, byte by byte as published, and what the parser makes of
 * each: good, faulty but answerable, or dropped. What an element above does with a good one (405,
 * 416, 420 …) is tested there. */
#include "test/parser/data_kit.h"
#include "test/parser/parser_kit.h"

enum { RFC4475_MESSAGES = 49, RFC5118_MESSAGES = 12 };

START_TEST(rfc4475_outcome_is_what_its_section_asks_for)
{
    data_check_outcome("rfc4475", (size_t)_i);
}
END_TEST

START_TEST(rfc5118_outcome_is_what_its_section_asks_for)
{
    data_check_outcome("rfc5118", (size_t)_i);
}
END_TEST

START_TEST(no_message_is_left_out)
{
    ck_assert_uint_eq(data_count("rfc4475"), RFC4475_MESSAGES);
    ck_assert_uint_eq(data_count("rfc5118"), RFC5118_MESSAGES);
}
END_TEST

static peal_sip_packet *message(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "rfc4475/%s.sip", name);
    peal_str text = kit_load(path);
    peal_sip_packet *packet = kit_good(text);
    free((char *)text.p);
    return packet;
}

START_TEST(tortuous_invite_is_read_right)
{
    peal_sip_packet *p = message("wsinv");
    const peal_sip_address *address;
    const peal_sip_via *via;
    const peal_sip_cseq *cseq;
    uint32_t number;
    peal_str value;
    CK_OK(peal_sip_packet_to(p, &address));
    CK_STR(address->tag, "1918181833n");
    CK_STR(address->uri, "sip:vivekg@chair-dnrc.example.com");
    CK_OK(peal_sip_packet_from(p, &address));
    CK_STR(address->tag, "98asjd8");
    CK_STR(address->display, "\"J Rosenberg \\\\\\\"\"");
    CK_OK(peal_sip_packet_number(p, PEAL_SIP_HEADER_MAX_FORWARDS, &number));
    ck_assert_uint_eq(number, 68);
    CK_OK(peal_sip_packet_cseq(p, &cseq));
    ck_assert_uint_eq(cseq->number, 9);
    CK_OK(peal_sip_packet_via(p, 0, &via));
    CK_STR(via->branch, "390skdjuw");
    CK_OK(peal_sip_packet_via(p, 2, &via));
    CK_STR(via->host, "192.168.255.111");
    CK_STR(via->branch, "z9hG4bK30239");
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_SUBJECT, 0), "");
    CK_STR(peal_sip_packet_value_named(p, S("newfangledheader"), 0),
           "newfangled value\r\n continued newfangled value");
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 0, &address));
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 0, &address));
    CK_OK(peal_sip_param_find(address->params, S("q"), &value));
    CK_STR(value, "0.33");
    CK_OK(peal_sip_param_find(address->params, S("newparam"), &value));
    CK_STR(value, "newvalue");
    ck_assert_uint_eq(peal_sip_packet_body(p).n, 150);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(escapes_are_kept_apart)
{
    peal_sip_packet *p = message("escnull");
    const peal_sip_address *one, *two;
    peal_sip_uri a, b;
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 0, &one));
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 1, &two));
    CK_OK(peal_sip_uri_decode(one->uri, &a));
    CK_OK(peal_sip_uri_decode(two->uri, &b));
    ck_assert(!peal_sip_uri_eq(&a, &b));
    peal_sip_packet_unref(p);
    p = message("esc02");
    ck_assert_int_eq(peal_sip_packet_method(p), PEAL_SIP_METHOD_UNKNOWN);
    peal_sip_packet_unref(p);
    p = message("semiuri");
    const peal_sip_uri *uri;
    CK_OK(peal_sip_packet_request_uri_decoded(p, &uri));
    CK_STR(uri->user, "user;par=u%40example.net");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(parameters_belong_to_contact_or_uri)
{
    peal_sip_address address; /* §3.3.12 cparam01, §3.3.13 cparam02, §3.1.2.13 regbadct */
    CK_OK(peal_sip_address_decode(S("sip:+19725552222@gw1.example.net;unknownparam"), &address));
    CK_STR(address.uri, "sip:+19725552222@gw1.example.net");
    CK_STR(address.params, ";unknownparam");
    CK_OK(peal_sip_address_decode(S("<sip:+19725552222@gw1.example.net;unknownparam>"), &address));
    CK_STR(address.uri, "sip:+19725552222@gw1.example.net;unknownparam");
    CK_STR(address.params, "");
    CK_IS(peal_sip_address_decode(S("sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
                                  &address),
          PEAL_E_SIP_HEADER);
}
END_TEST

/* §3.1.1.2, §3.1.1.7, §3.1.1.8, §3.1.1.10 to §3.1.1.13: what a reader must find in them. */
START_TEST(valid_messages_are_read_right)
{
    const peal_sip_via *via;
    const peal_sip_address *address;
    peal_sip_packet *p = message("intmeth");
    CK_STR(peal_sip_packet_method_text(p), "!interesting-Method0123456789_*+`.%indeed'~");
    CK_OK(peal_sip_packet_to(p, &address));
    ck_assert(peal_str_eq(address->display, S("\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\"")));
    CK_OK(peal_sip_packet_from(p, &address));
    CK_STR(address->display, "token1~` token2'+_ token3*%!.-");
    CK_STR(address->tag, "_token~1'+`*%!-.");
    peal_sip_packet_unref(p);
    p = message("longreq");
    CK_OK(peal_sip_packet_via(p, 33, &via));
    CK_STR(via->received, "192.0.2.5");
    ck_assert_uint_eq(via->branch.n, 4 + 50 * 4 + 11);
    CK_IS(peal_sip_packet_via(p, 34, &via), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
    p = message("dblreq");
    ck_assert_int_eq(peal_sip_packet_method(p), PEAL_SIP_METHOD_REGISTER);
    ck_assert_uint_eq(peal_sip_packet_body(p).n, 0);
    peal_sip_packet_unref(p);
    p = message("transports");
    CK_OK(peal_sip_packet_via(p, 3, &via));
    CK_STR(via->transport_text, "UNKNOWN");
    ck_assert_int_eq(via->transport, PEAL_SIP_TRANSPORT_OTHER);
    peal_sip_packet_unref(p);
    p = message("mpart01");
    ck_assert_uint_eq(peal_sip_packet_body(p).n, 553);
    peal_sip_packet_unref(p);
    p = message("noreason");
    CK_STR(peal_sip_packet_reason(p), "");
    ck_assert_uint_eq(peal_sip_packet_status(p), 100);
    peal_sip_packet_unref(p);
}
END_TEST

/* §3.3.12 to §3.3.14. */
START_TEST(registered_contacts_keep_what_is_theirs)
{
    static const struct {
        const char *name, *uri, *params;
    } rows[] = {
        { "cparam01", "sip:+19725552222@gw1.example.net", ";unknownparam" },
        { "cparam02", "sip:+19725552222@gw1.example.net;unknownparam", "" },
        { "regescrt", "sip:user@example.com?Route=%3Csip:sip.example.com%3E", "" },
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(rows); ++i) {
        const peal_sip_address *address;
        peal_sip_packet *p = message(rows[i].name);
        CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 0, &address));
        ck_assert(peal_str_eq(address->uri, peal_str_z(rows[i].uri)));
        ck_assert(peal_str_eq(address->params, peal_str_z(rows[i].params)));
        peal_sip_packet_unref(p);
    }
}
END_TEST

/* RFC 5118 §4.3, §4.4: is 5070 a part of the address or the port? */
START_TEST(a_port_stands_outside_the_brackets)
{
    static const struct {
        const char *name, *host;
        unsigned port;
    } rows[] = { { "rfc5118/port-ambiguous.sip", "[2001:db8::10:5070]", 0 },
                 { "rfc5118/port-unambiguous.sip", "[2001:db8::10]", 5070 } };
    for (size_t i = 0; i < PEAL_COUNT_OF(rows); ++i) {
        peal_str text = kit_load(rows[i].name);
        peal_sip_packet *p = kit_good(text);
        const peal_sip_uri *uri;
        CK_OK(peal_sip_packet_request_uri_decoded(p, &uri));
        ck_assert(peal_str_eq(uri->host, peal_str_z(rows[i].host)));
        ck_assert_uint_eq(uri->port, rows[i].port);
        peal_sip_packet_unref(p);
        free((char *)text.p);
    }
}
END_TEST

Suite *suite_torture(void)
{
    Suite *suite = suite_create("torture");
    TCase *tcase = tcase_create("torture");
    tcase_add_test(tcase, no_message_is_left_out);
    tcase_add_loop_test(tcase, rfc4475_outcome_is_what_its_section_asks_for, 0, RFC4475_MESSAGES);
    tcase_add_loop_test(tcase, rfc5118_outcome_is_what_its_section_asks_for, 0, RFC5118_MESSAGES);
    tcase_add_test(tcase, tortuous_invite_is_read_right);
    tcase_add_test(tcase, escapes_are_kept_apart);
    tcase_add_test(tcase, parameters_belong_to_contact_or_uri);
    tcase_add_test(tcase, valid_messages_are_read_right);
    tcase_add_test(tcase, registered_contacts_keep_what_is_theirs);
    tcase_add_test(tcase, a_port_stands_outside_the_brackets);
    suite_add_tcase(suite, tcase);
    return suite;
}
