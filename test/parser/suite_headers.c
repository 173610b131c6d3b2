/* SPDX-License-Identifier: MIT */
/* Tables and the decoders of single values (RFC 3261 §7.3, §20, §25.1). */
#include "test/parser/parser_kit.h"

#include "sipstack/parser/parser_inner.h"

#include <ctype.h>

START_TEST(every_header_is_found_by_its_names)
{
    for (int id = 1; id < PEAL_SIP_HEADER_COUNT; ++id) {
        const peal__sip_header_row *row = &peal__sip_header_rows[id];
        char text[64];
        ck_assert_uint_lt(row->name.n, sizeof text);
        ck_assert_int_eq(peal_sip_header_of(row->name), id);
        ck_assert(peal_str_eq(peal_sip_header_name((peal_sip_header_id)id), row->name));
        for (size_t i = 0; i < row->name.n; ++i) {
            text[i] = (char)(i % 2 ? tolower((unsigned char)row->name.p[i])
                                   : toupper((unsigned char)row->name.p[i]));
        }
        ck_assert_int_eq(peal_sip_header_of(peal_str_of(text, row->name.n)), id);
        text[row->name.n / 2] = '~';
        ck_assert_int_eq(peal_sip_header_of(peal_str_of(text, row->name.n)), 0);
        if (row->compact) {
            char upper = (char)toupper((unsigned char)row->compact);
            ck_assert_int_eq(peal_sip_header_of(peal_str_of(&row->compact, 1)), id);
            ck_assert_int_eq(peal_sip_header_of(peal_str_of(&upper, 1)), id);
        }
    }
}
END_TEST

START_TEST(no_other_name_is_found)
{
    /* CR differs from '-' by the same bit as letters of two cases. */
    static const char *const names[] = { "",  "X-Call-ID", "Call\rID",      "Vi",     "Viaa",
                                         "z", "To ",       "Content-Lengt", "CSeq\0", ":" };
    for (size_t i = 0; i < PEAL_COUNT_OF(names); ++i) {
        ck_assert_int_eq(peal_sip_header_of(peal_str_z(names[i])),
                         strcmp(names[i], "CSeq") ? PEAL_SIP_HEADER_OTHER : PEAL_SIP_HEADER_CSEQ);
    }
    CK_ABSENT(peal_sip_header_name(PEAL_SIP_HEADER_OTHER));
    CK_ABSENT(peal_sip_header_name(PEAL_SIP_HEADER_COUNT));
}
END_TEST

START_TEST(methods_and_transports)
{
    for (int id = 1; id < PEAL_SIP_METHOD_COUNT; ++id) {
        ck_assert_int_eq(peal_sip_method_of(peal_sip_method_text((peal_sip_method)id)), id);
    }
    ck_assert_int_eq(peal_sip_method_of(S("invite")), PEAL_SIP_METHOD_UNKNOWN);
    ck_assert_int_eq(peal_sip_method_of(S("INVITES")), PEAL_SIP_METHOD_UNKNOWN);
    ck_assert_int_eq(peal_sip_method_of(S("")), PEAL_SIP_METHOD_UNKNOWN);
    CK_ABSENT(peal_sip_method_text(PEAL_SIP_METHOD_UNKNOWN));
    ck_assert_int_eq(peal_sip_transport_of(S("udp")), PEAL_SIP_TRANSPORT_UDP);
    ck_assert_int_eq(peal_sip_transport_of(S("TcP")), PEAL_SIP_TRANSPORT_TCP);
    ck_assert_int_eq(peal_sip_transport_of(S("TLS")), PEAL_SIP_TRANSPORT_TLS);
    ck_assert_int_eq(peal_sip_transport_of(S("SCTP")), PEAL_SIP_TRANSPORT_OTHER);
    ck_assert_int_eq(peal_sip_transport_of(S("")), PEAL_SIP_TRANSPORT_NONE);
    CK_STR(peal_sip_transport_text(PEAL_SIP_TRANSPORT_TLS), "TLS");
    CK_STR(peal_sip_transport_text(PEAL_SIP_TRANSPORT_UDP), "UDP");
    CK_STR(peal_sip_transport_text(PEAL_SIP_TRANSPORT_TCP), "TCP");
    CK_ABSENT(peal_sip_transport_text(PEAL_SIP_TRANSPORT_OTHER));
    CK_ABSENT(peal_sip_transport_text(PEAL_SIP_TRANSPORT_NONE));
    CK_ABSENT(peal_sip_method_text(PEAL_SIP_METHOD_COUNT));
}
END_TEST

START_TEST(reason_phrases)
{
    CK_STR(peal_sip_reason_phrase(100), "Trying");
    CK_STR(peal_sip_reason_phrase(481), "Call/Transaction Does Not Exist");
    CK_STR(peal_sip_reason_phrase(608), "Rejected");
    CK_STR(peal_sip_reason_phrase(299), "");
    unsigned known = 0;
    for (unsigned status = 100; status < 700; ++status) {
        known += peal_sip_reason_phrase(status).n > 0;
    }
    ck_assert_uint_eq(known, 73);
}
END_TEST

/* The table against the RFC's lists (§25.1). */
START_TEST(character_classes_are_those_of_the_rfc)
{
    for (int c = 0; c < 256; ++c) {
        bool alnum = c < 128 && isalnum(c);
        bool unreserved = alnum || (c && strchr("-_.!~*'()", c));
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_TOKEN),
                         alnum || (c && strchr("-.!%*_+`'~", c)));
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_WS), c && strchr(" \t\r\n", c));
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_USER),
                         unreserved || (c && strchr("&=+$,;?/%#", c)));
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_HOST), alnum || (c && strchr("-._", c)));
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_PARAM),
                         unreserved || (c && strchr("[]/:&+$%;=", c)));
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_HNV),
                         unreserved || (c && strchr("[]/?:+$%&=", c)));
        bool visible = c > 32 && c != 127;
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_ANGLE), visible && !strchr("<>\"", c));
        ck_assert_int_eq(peal__sip_in((char)c, PEAL__SIP_PVALUE), visible && !strchr(";,<>\"", c));
    }
}
END_TEST

/* The vector loops stop where the table does, at every place. */
START_TEST(vector_loops_agree_with_the_table)
{
    char text[40];
    for (int c = 0; c < 256; ++c) {
        for (size_t at = 0; at < sizeof text; ++at) {
            memset(text, 'a', sizeof text);
            text[at] = (char)c;
            const char *end = text + sizeof text;
            ck_assert_ptr_eq(peal__sip_skip_angle(text, end),
                             peal__sip_skip(text, end, PEAL__SIP_ANGLE));
            ck_assert_ptr_eq(peal__sip_skip_pvalue(text, end),
                             peal__sip_skip(text, end, PEAL__SIP_PVALUE));
        }
    }
}
END_TEST

START_TEST(via_has_all_parts)
{
    peal_sip_via via;
    CK_OK(peal_sip_via_decode(S(" SIP/2.0/TCP host.example.com:5061;branch=z9hG4bK.1;rport=5;"
                                "received=192.0.2.1;maddr=224.0.0.1;ttl=16;x "),
                              &via));
    ck_assert_int_eq(via.transport, PEAL_SIP_TRANSPORT_TCP);
    CK_STR(via.host, "host.example.com");
    ck_assert_uint_eq(via.port, 5061);
    CK_STR(via.branch, "z9hG4bK.1");
    CK_STR(via.received, "192.0.2.1");
    CK_STR(via.maddr, "224.0.0.1");
    ck_assert(via.has_rport);
    ck_assert_uint_eq(via.rport, 5);
    ck_assert_ptr_eq(via.params.p, via.host.p + via.host.n + 5);
}
END_TEST

START_TEST(via_in_unusual_forms)
{
    peal_sip_via via;
    CK_OK(peal_sip_via_decode(S("SIP  / 2.0\r\n /UDP\r\n    192.0.2.2 : 70 ;branch = 390skdjuw"),
                              &via));
    CK_STR(via.host, "192.0.2.2");
    ck_assert_uint_eq(via.port, 70);
    CK_STR(via.branch, "390skdjuw");
    CK_OK(
        peal_sip_via_decode(S("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;rport"), &via));
    CK_STR(via.host, "[2001:db8::9:1]");
    CK_STR(via.received, "2001:db8::9:255");
    ck_assert(via.has_rport && via.rport == 0);
    CK_ABSENT(via.branch);
    CK_OK(peal_sip_via_decode(S("SIP/2.0/UDP first.example.com:4000;ttl=16 ;branch=a7 (Acme)"),
                              &via));
    CK_STR(via.branch, "a7");
    CK_OK(peal_sip_via_decode(S("SIP/2.0/SCTP a"), &via));
    ck_assert_int_eq(via.transport, PEAL_SIP_TRANSPORT_OTHER);
    CK_STR(via.transport_text, "SCTP");
}
END_TEST

static const char *const bad_vias[] = {
    "",
    "SIP",
    "SIP/2.0",
    "SIP/2.0/UDP",
    "SIP/2.0/UDP ",
    "SIP/2.0/UDPhost",
    "HTTP/2.0/UDP a",
    "SIP/2.0/UDP :5060",
    "SIP/2.0/UDP a:",
    "SIP/2.0/UDP a:x",
    "SIP/2.0/UDP a:70000",
    "SIP/2.0/UDP a b",
    "SIP/2.0/UDP a;branch=",
    "SIP/2.0/UDP a;branch",
    "SIP/2.0/UDP a;=b",
    "SIP/2.0/UDP a;rport=0",
    "SIP/2.0/UDP a;rport=x",
    "SIP/2.0/UDP a;received=",
    "SIP/2.0/UDP [a",
    "SIP/2.0/UDP a;x=\"y",
    "SIP//UDP a",
    "SIP/2.0/UDP 2001:db8::1",
    "SIP/2.0/UDP a, b",
    "SIP/2.0/UDP a;branch=z9hG4bK1;branch=z9hG4bK2",
    "SIP/2.0/UDP a;branch=z9hG4bK1;x=y;BRANCH=z9hG4bK1",
    "SIP/2.0/UDP a;received=192.0.2.1;received=192.0.2.2",
    "SIP/2.0/UDP a;rport;rport=5060",
    "SIP/2.0/UDP a;maddr=b;maddr=c",
};
START_TEST(malformed_via_is_refused)
{
    peal_sip_via via = { .port = 77 };
    peal_str exact = kit_exact(peal_str_z(bad_vias[_i]));
    peal_result r = peal_sip_via_decode(exact, &via);
    free((char *)exact.p);
    ck_assert_msg(r == PEAL_E_SIP_HEADER, "\"%s\": %s", bad_vias[_i], peal_result_name(r));
    ck_assert_uint_eq(via.port, 77);
}
END_TEST

static const struct {
    const char *text, *display, *uri, *params, *tag;
} addresses[] = {
    { "<sip:a@b>", NULL, "sip:a@b", "", NULL },
    { "<sip:a@b;lr>;tag=x", NULL, "sip:a@b;lr", ";tag=x", "x" },
    { "sip:a@b;tag=x", NULL, "sip:a@b", ";tag=x", "x" },
    { "Bob <sip:a@b>", "Bob", "sip:a@b", "", NULL },
    { "Bob B. Baker<sip:a@b> ; tag = y ", "Bob B. Baker", "sip:a@b", "; tag = y", "y" },
    { "\"Bob <b>, \\\"x\\\"\" <sip:a@b>;x;tag=1", "\"Bob <b>, \\\"x\\\"\"", "sip:a@b", ";x;tag=1",
      "1" },
    { "\"\"<sip:a@b>", "\"\"", "sip:a@b", "", NULL },
    { "J\xc3\xbcrgen <sip:a@b>", "J\xc3\xbcrgen", "sip:a@b", "", NULL },
    { "*", NULL, "*", "", NULL },
    { "<sip:a@b?Route=%3Csip:c%3E>;expires=5", NULL, "sip:a@b?Route=%3Csip:c%3E", ";expires=5",
      NULL },
    { "tel:+123", NULL, "tel:+123", "", NULL },
    { "<sip:a@b>;+sip.instance=\"<urn:uuid:1>\";reg-id=1", NULL, "sip:a@b",
      ";+sip.instance=\"<urn:uuid:1>\";reg-id=1", NULL },
};
START_TEST(address_has_all_parts)
{
    peal_sip_address a;
    CK_OK(peal_sip_address_decode(peal_str_z(addresses[_i].text), &a));
    ck_assert(peal_str_eq(a.uri, peal_str_z(addresses[_i].uri)));
    ck_assert(peal_str_eq(a.params, peal_str_z(addresses[_i].params)));
    ck_assert(peal_str_eq(a.display, peal_str_z(addresses[_i].display)));
    ck_assert_int_eq(a.display.p == NULL, addresses[_i].display == NULL);
    ck_assert(peal_str_eq(a.tag, peal_str_z(addresses[_i].tag)));
    ck_assert_int_eq(a.tag.p == NULL, addresses[_i].tag == NULL);
}
END_TEST

static const char *const bad_addresses[] = {
    "",
    "<",
    "<>",
    "<sip:a@b",
    "sip:a@b>",
    "Bob",
    "Bob sip:a@b",
    "\"Bob <sip:a@b>",
    "\"Bob\" sip:a@b",
    "Bell, Alexander <sip:a@b>",
    "< sip:a@b>",
    "<sip:a@b >",
    "<sip:a@b> x",
    "<sip:a@b>;tag=",
    "<sip:a@b>;tag",
    "<sip:a@b>;tag=1;tag=2",
    "<sip:a@b>;=1",
    "sip:a@b?x=y",
    "sip:a@b,c",
    "a@b",
    "<a@b>",
    "<sip:a@b>;x=\"y",
    "<sip:a\"b>",
    ";tag=1",
    "\"x\\",
    "*;tag=1",
    "* ;x",
    "*x",
};
START_TEST(malformed_address_is_refused)
{
    peal_sip_address a;
    peal_str exact = kit_exact(peal_str_z(bad_addresses[_i]));
    peal_result r = peal_sip_address_decode(exact, &a);
    free((char *)exact.p);
    ck_assert_msg(r == PEAL_E_SIP_HEADER, "\"%s\": %s", bad_addresses[_i], peal_result_name(r));
}
END_TEST

START_TEST(cseq_is_number_and_method)
{
    peal_sip_cseq cseq;
    static const char *const bad[] = { "",
                                       "1",
                                       "INVITE",
                                       "1INVITE",
                                       "x INVITE",
                                       "-1 INVITE",
                                       "2147483648 INVITE",
                                       "99999999999999999999 INVITE",
                                       "4294967296 INVITE",
                                       "1 INVITE x",
                                       "1 IN,VITE",
                                       "1 " };
    CK_OK(peal_sip_cseq_decode(S(" 0009\r\n  INVITE "), &cseq));
    ck_assert_uint_eq(cseq.number, 9);
    ck_assert_int_eq(cseq.method, PEAL_SIP_METHOD_INVITE);
    CK_OK(peal_sip_cseq_decode(S("2147483647 invite"), &cseq));
    ck_assert_uint_eq(cseq.number, 2147483647u);
    ck_assert_int_eq(cseq.method, PEAL_SIP_METHOD_UNKNOWN);
    CK_STR(cseq.method_text, "invite");
    for (size_t i = 0; i < PEAL_COUNT_OF(bad); ++i) {
        CK_IS(peal_sip_cseq_decode(peal_str_z(bad[i]), &cseq), PEAL_E_SIP_HEADER);
    }
}
END_TEST

START_TEST(value_with_parameters)
{
    peal_sip_value value;
    CK_OK(peal_sip_value_decode(S("application/sdp;charset=x ; y"), &value));
    CK_STR(value.value, "application/sdp");
    CK_STR(value.params, ";charset=x ; y");
    CK_OK(peal_sip_value_decode(S("120 (I'm in a (long; very) meeting) ;duration=60"), &value));
    CK_STR(value.value, "120");
    CK_STR(value.params, ";duration=60");
    CK_OK(peal_sip_value_decode(S("x"), &value));
    CK_STR(value.params, "");
    CK_IS(peal_sip_value_decode(S(""), &value), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_value_decode(S(";a=b"), &value), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_value_decode(S("(x)"), &value), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_value_decode(S("120 (open"), &value), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_value_decode(S("a;=b"), &value), PEAL_E_SIP_HEADER);
}
END_TEST

START_TEST(lists_are_split)
{
    peal_str cursor = S(" ,\"a,b\" <sip:x,y@z>;q=\"1,2\" ,, c (d, (e)) ,sip:(x@y,"), value;
    CK_OK(peal_sip_list_next(&cursor, &value));
    CK_STR(value, "\"a,b\" <sip:x,y@z>;q=\"1,2\"");
    CK_OK(peal_sip_list_next(&cursor, &value));
    CK_STR(value, "c (d, (e))");
    CK_OK(peal_sip_list_next(&cursor, &value));
    CK_STR(value, "sip:(x@y");
    CK_IS(peal_sip_list_next(&cursor, &value), PEAL_I_END);
    CK_IS(peal_sip_list_next(&cursor, &value), PEAL_I_END);
    cursor = S("a, \"open");
    CK_OK(peal_sip_list_next(&cursor, &value));
    CK_IS(peal_sip_list_next(&cursor, &value), PEAL_E_SIP_HEADER);
    cursor = S("<open");
    CK_IS(peal_sip_list_next(&cursor, &value), PEAL_E_SIP_HEADER);
    cursor = S("a (open, b");
    CK_IS(peal_sip_list_next(&cursor, &value), PEAL_E_SIP_HEADER);
}
END_TEST

Suite *suite_headers(void)
{
    Suite *suite = suite_create("headers");
    TCase *tcase = tcase_create("headers");
    tcase_add_test(tcase, every_header_is_found_by_its_names);
    tcase_add_test(tcase, no_other_name_is_found);
    tcase_add_test(tcase, methods_and_transports);
    tcase_add_test(tcase, reason_phrases);
    tcase_add_test(tcase, character_classes_are_those_of_the_rfc);
    tcase_add_test(tcase, vector_loops_agree_with_the_table);
    tcase_add_test(tcase, via_has_all_parts);
    tcase_add_test(tcase, via_in_unusual_forms);
    tcase_add_loop_test(tcase, malformed_via_is_refused, 0, (int)PEAL_COUNT_OF(bad_vias));
    tcase_add_loop_test(tcase, address_has_all_parts, 0, (int)PEAL_COUNT_OF(addresses));
    tcase_add_loop_test(tcase, malformed_address_is_refused, 0, (int)PEAL_COUNT_OF(bad_addresses));
    tcase_add_test(tcase, cseq_is_number_and_method);
    tcase_add_test(tcase, value_with_parameters);
    tcase_add_test(tcase, lists_are_split);
    suite_add_tcase(suite, tcase);
    return suite;
}
