/* SPDX-License-Identifier: MIT */
/* Packets made and changed: lines, bodies, responses, copies. */
#include "test/parser/parser_kit.h"

#include <peal/sip/header_access.h>

#define HEAD                                                                                       \
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"    \
    "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"

static peal_sip_packet *new_request(void)
{
    peal_sip_packet *p = NULL;
    CK_OK(
        peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_INVITE, S("ignored"), S("sip:a@b"), &p));
    return p;
}

START_TEST(request_is_made)
{
    peal_sip_packet *p = new_request();
    peal_str parts[] = { S("<sip:a@"), S("b"), S(">;tag="), S("1") };
    CK_OK(peal_sip_packet_addv(p, PEAL_SIP_HEADER_FROM, parts, 4));
    CK_OK(peal_sip_packet_set_number(p, PEAL_SIP_HEADER_MAX_FORWARDS, 70));
    CK_OK(peal_sip_packet_push(p, PEAL_SIP_HEADER_VIA, S("SIP/2.0/UDP c")));
    CK_OK(peal_sip_packet_push(p, PEAL_SIP_HEADER_VIA, S("SIP/2.0/UDP d")));
    CK_OK(peal_sip_packet_add_named(p, S("X-Foo"), S(" bar ")));
    CK_OK(peal_sip_packet_add_named(p, S("s"), S("hello")));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP d\r\nVia: SIP/2.0/UDP c\r\n"
                      "From: <sip:a@b>;tag=1\r\nMax-Forwards: 70\r\nX-Foo:  bar \r\ns: hello\r\n"
                      "Content-Length: 0\r\n\r\n");
    CK_STR(peal_sip_packet_value_named(p, S("x-foo"), 0), "bar");
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_SUBJECT, 0), "hello");
    CK_OK(peal_sip_packet_set_request_uri(p, S("sips:longer@example.com")));
    CK_STR(peal_sip_packet_request_uri(p), "sips:longer@example.com");
    const peal_sip_uri *uri;
    CK_OK(peal_sip_packet_request_uri_decoded(p, &uri));
    ck_assert_int_eq(uri->scheme, PEAL_SIP_SCHEME_SIPS);
    CK_OK(peal_sip_packet_set_request_uri(p, S("sip:x")));
    CK_OK(peal_sip_packet_request_uri_decoded(p, &uri));
    CK_STR(uri->host, "x");
    ck_assert_uint_eq(peal_sip_packet_remove(p, PEAL_SIP_HEADER_VIA), 2);
    ck_assert_uint_eq(peal_sip_packet_remove(p, PEAL_SIP_HEADER_VIA), 0);
    kit_check_text(p, "INVITE sip:x SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nMax-Forwards: 70\r\n"
                      "X-Foo:  bar \r\ns: hello\r\nContent-Length: 0\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(extension_method)
{
    peal_sip_packet *p = NULL;
    CK_OK(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_UNKNOWN, S("FOO"), S("sip:a"), &p));
    CK_STR(peal_sip_packet_method_text(p), "FOO");
    kit_check_text(p, "FOO sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(injection_is_refused)
{
    peal_sip_packet *p = new_request(), *q = NULL;
    static const peal_str bad[] = { { "a\r\nX: y", 7 }, { "a\r", 2 },   { "a\n", 2 },
                                    { "a\0b", 3 },      { "a\r\n", 3 }, { "\"\0\"", 3 },
                                    { "a\n b", 4 } };
    for (size_t i = 0; i < PEAL_COUNT_OF(bad); ++i) {
        CK_IS(peal_sip_packet_add(p, PEAL_SIP_HEADER_SUBJECT, bad[i]), PEAL_E_ARGUMENT);
        CK_IS(peal_sip_packet_add_named(p, S("X"), bad[i]), PEAL_E_ARGUMENT);
        CK_IS(peal_sip_packet_set_request_uri(p, bad[i]), PEAL_E_ARGUMENT);
        CK_IS(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_UNKNOWN, bad[i], S("sip:a"), &q),
              PEAL_E_ARGUMENT);
    }
    /* Two halves of a fold must not come together to something else. */
    peal_str halves[] = { S("a\r\n"), S(" b") };
    CK_IS(peal_sip_packet_addv(p, PEAL_SIP_HEADER_SUBJECT, halves, 2), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_add_named(p, S("X Y"), S("a")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_add_named(p, S(""), S("a")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_add(p, PEAL_SIP_HEADER_OTHER, S("a")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_add(p, PEAL_SIP_HEADER_COUNT, S("a")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_set_request_uri(p, S("sip:a b")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_set_request_uri(p, S("")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_UNKNOWN, S(""), S("sip:a"), &q),
          PEAL_E_ARGUMENT);
    /* What may come from a received message is taken: folds as spaces, an escaped NUL. */
    CK_OK(peal_sip_packet_add(p, PEAL_SIP_HEADER_SUBJECT, S("a\r\n b")));
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_SUBJECT, 0), "a   b");
    CK_OK(peal_sip_packet_set(p, PEAL_SIP_HEADER_SUBJECT, S("\"\\\0\"")));
    ck_assert_ptr_null(q);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(long_lines_are_refused)
{
    static char text[70000];
    peal_sip_packet *p = new_request();
    memset(text, 'a', sizeof text);
    CK_OK(peal_sip_packet_add(p, PEAL_SIP_HEADER_SUBJECT, peal_str_of(text, 65000)));
    CK_IS(peal_sip_packet_add(p, PEAL_SIP_HEADER_SUBJECT, peal_str_of(text, 65535)), PEAL_E_LIMIT);
    CK_IS(peal_sip_packet_add_named(p, peal_str_of(text, 40000), S("x")), PEAL_E_LIMIT);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(set_keeps_the_place)
{
    peal_sip_packet *p =
        kit_good(S(HEAD "Route: <sip:1>\r\nX: y\r\nRoute: <sip:2>\r\nl: 0\r\n\r\n"));
    const peal_sip_address *route;
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 1, &route));
    CK_OK(peal_sip_packet_set(p, PEAL_SIP_HEADER_ROUTE, S("<sip:3>")));
    kit_check_text(p, HEAD "Route: <sip:3>\r\nX: y\r\nl: 0\r\n\r\n");
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 0, &route));
    CK_STR(route->uri, "sip:3");
    CK_IS(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 1, &route), PEAL_E_NOT_FOUND);
    CK_STR(peal_sip_packet_value_named(p, S("x"), 0), "y");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(pop_takes_one_value)
{
    peal_sip_packet *p = kit_good(S(HEAD "Route: <sip:1>,\r\n <sip:2>, <sip:3>\r\nRoute: "
                                         "<sip:4>\r\nSubject: a, b\r\nl: 0\r\n\r\n"));
    CK_OK(peal_sip_packet_pop(p, PEAL_SIP_HEADER_ROUTE));
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_ROUTE, 0), "<sip:2>, <sip:3>");
    CK_OK(peal_sip_packet_pop(p, PEAL_SIP_HEADER_ROUTE));
    CK_OK(peal_sip_packet_pop(p, PEAL_SIP_HEADER_ROUTE));
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_ROUTE, 0), "<sip:4>");
    CK_OK(peal_sip_packet_pop(p, PEAL_SIP_HEADER_ROUTE));
    CK_IS(peal_sip_packet_pop(p, PEAL_SIP_HEADER_ROUTE), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_packet_pop(p, PEAL_SIP_HEADER_SUBJECT));
    CK_OK(peal_sip_packet_push(p, PEAL_SIP_HEADER_ROUTE, S("<sip:5>")));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nRoute: <sip:5>\r\n"
                      "Via: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
                      "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(lines_are_added_from_another_packet)
{
    peal_sip_packet *p = new_request();
    peal_sip_packet *q = kit_good(S(HEAD "Allow: A\r\nQ: 1\r\nk :  b\r\n c\r\nW: 2\nl: 0\r\n\r\n"));
    CK_OK(peal_sip_packet_add_from(p, q, PEAL_SIP_HEADER_ALLOW));
    CK_OK(peal_sip_packet_add_from(p, q, PEAL_SIP_HEADER_ROUTE));
    CK_OK(peal_sip_packet_add_from(p, q, PEAL_SIP_HEADER_SUPPORTED));
    CK_OK(peal_sip_packet_add_from(p, q, PEAL_SIP_HEADER_OTHER));
    CK_IS(peal_sip_packet_add_from(p, q, PEAL_SIP_HEADER_CONTENT_LENGTH), PEAL_E_ARGUMENT);
    peal_sip_packet_unref(q);
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nAllow: A\r\nk :  b\r\n c\r\nQ: 1\r\nW: 2\r\n"
                      "Content-Length: 0\r\n\r\n");
    CK_OK(peal_sip_packet_add_from(p, p, PEAL_SIP_HEADER_ALLOW));
    ck_assert_uint_eq(peal_sip_packet_line_count(p), 5);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(many_edits_need_more_room)
{
    peal_sip_packet *p = new_request();
    char value[64];
    for (int i = 0; i < 300; ++i) {
        int n = snprintf(value, sizeof value, "<sip:%d@example.com;lr>", i);
        CK_OK(peal_sip_packet_push(p, PEAL_SIP_HEADER_ROUTE, peal_str_of(value, (size_t)n)));
        CK_OK(peal_sip_packet_set_number(p, PEAL_SIP_HEADER_MAX_FORWARDS, (uint32_t)i));
    }
    const peal_sip_address *route;
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 299, &route));
    CK_STR(route->uri, "sip:0@example.com;lr");
    peal_str text = kit_encode(p);
    ck_assert_uint_gt(text.n, 300 * 20);
    free((char *)text.p);
    peal_sip_packet_unref(p);
}
END_TEST

/* RFC 3261 §25.1, callid: quotes and brackets are characters like others. */
START_TEST(call_ids_are_counted_as_they_are_read)
{
    peal_sip_packet *p = new_request();
    const void *found = NULL;
    CK_OK(peal_sip_packet_add(p, PEAL_SIP_HEADER_IN_REPLY_TO, S("a\"b@c, <d, (e")));
    CK_OK(peal_sip_packet_get(p, PEAL_SIP_HEADER_IN_REPLY_TO, PEAL_SIP_KIND_CALL_IDS, 2, &found));
    CK_STR(*(const peal_str *)found, "(e");
    ck_assert_uint_eq(peal_sip_packet_value_count(p, PEAL_SIP_HEADER_IN_REPLY_TO), 3);
    CK_OK(peal_sip_packet_replace_value(p, PEAL_SIP_HEADER_IN_REPLY_TO, 1, S("x\"")));
    CK_OK(peal_sip_packet_insert_value(p, PEAL_SIP_HEADER_IN_REPLY_TO, 1, S("<y")));
    CK_IS(peal_sip_packet_replace_value(p, PEAL_SIP_HEADER_IN_REPLY_TO, 0, S("a,b")),
          PEAL_E_ARGUMENT);
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_IN_REPLY_TO, 0), "a\"b@c, <y, x\", (e");
    CK_OK(peal_sip_packet_pop(p, PEAL_SIP_HEADER_IN_REPLY_TO));
    CK_OK(peal_sip_packet_remove_value(p, PEAL_SIP_HEADER_IN_REPLY_TO, 2));
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_IN_REPLY_TO, 0), "<y, x\"");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(content_length_stands_once)
{
    peal_sip_packet *p = new_request();
    CK_OK(peal_sip_packet_add(p, PEAL_SIP_HEADER_CONTENT_LENGTH, S("5")));
    CK_OK(peal_sip_packet_add(p, PEAL_SIP_HEADER_CONTENT_LENGTH, S("6")));
    CK_OK(peal_sip_packet_push(p, PEAL_SIP_HEADER_CONTENT_LENGTH, S("7")));
    CK_OK(peal_sip_packet_add_named(p, S("l"), S("8")));
    CK_OK(peal_sip_packet_add_named(p, S("X"), S("y")));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nContent-Length: 0\r\nX: y\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(body_is_set)
{
    peal_sip_packet *p = new_request();
    CK_OK(peal_sip_packet_set_body(p, S("text/plain"), S("hello")));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nContent-Type: text/plain\r\n"
                      "Content-Length: 5\r\n\r\nhello");
    CK_IS(peal_sip_packet_set_body(p, S(""), S("x")), PEAL_E_ARGUMENT);
    CK_OK(peal_sip_packet_set_number(p, PEAL_SIP_HEADER_CONTENT_LENGTH, 99));
    CK_OK(peal_sip_packet_set_body(p, S("a/b"), S("hi")));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi");
    CK_OK(peal_sip_packet_set_body(p, S(""), S("")));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(body_is_taken_from_another_packet)
{
    peal_sip_packet *p =
        kit_good(S(HEAD "c: old/type\r\nContent-Foo: old\r\nl: 3\r\nX: 1\r\n\r\nold"));
    peal_sip_packet *q = kit_good(S(HEAD "Content-Type: new/type\r\ne: gzip\r\nContent-Bar: z\r\n"
                                         "MIME-Version: 1.0\r\nl: 7\r\n\r\nnewbody"));
    CK_OK(peal_sip_packet_set_body_from(p, q));
    CK_OK(peal_sip_packet_set_body_from(p, p));
    peal_sip_packet_unref(q);
    kit_check_text(p, HEAD "Content-Length: 7\r\nX: 1\r\nContent-Type: new/type\r\ne: gzip\r\n"
                           "Content-Bar: z\r\nMIME-Version: 1.0\r\n\r\nnewbody");
    q = new_request();
    CK_OK(peal_sip_packet_set_body_from(p, q));
    kit_check_text(p, HEAD "Content-Length: 0\r\nX: 1\r\n\r\n");
    peal_sip_packet_unref(p);
    peal_sip_packet_unref(q);
}
END_TEST

START_TEST(response_is_made)
{
    peal_sip_packet *q = kit_good(S("INVITE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP c;branch=1\r\n"
                                    "Subject: x\r\nVia: SIP/2.0/UDP d\r\nFrom: <sip:a@b>;tag=1\r\n"
                                    "t: sip:a@b\r\nCall-ID: x\r\nTimestamp: 54\r\n"
                                    "CSeq: 1 INVITE\r\nl: 0\r\n\r\n"));
    peal_sip_packet *p = NULL;
    CK_OK(peal_sip_packet_new_response(NULL, q, 180, peal_str_of(NULL, 0), S("tt"), &p));
    kit_check_text(p, "SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP c;branch=1\r\nVia: SIP/2.0/UDP d\r\n"
                      "From: <sip:a@b>;tag=1\r\nTo: sip:a@b;tag=tt\r\nCall-ID: x\r\n"
                      "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
    ck_assert_int_eq(peal_sip_packet_method(p), PEAL_SIP_METHOD_INVITE);
    const peal_sip_address *to;
    CK_OK(peal_sip_packet_to(p, &to));
    CK_STR(to->tag, "tt");
    peal_sip_packet_unref(p);
    CK_OK(peal_sip_packet_new_response(NULL, q, 100, S("Hold on"), peal_str_of(NULL, 0), &p));
    peal_sip_packet_unref(q);
    kit_check_text(p, "SIP/2.0 100 Hold on\r\nv: SIP/2.0/UDP c;branch=1\r\nVia: SIP/2.0/UDP d\r\n"
                      "From: <sip:a@b>;tag=1\r\nt: sip:a@b\r\nCall-ID: x\r\nTimestamp: 54\r\n"
                      "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
    q = NULL;
    CK_IS(peal_sip_packet_new_response(NULL, p, 200, S("OK"), S("t"), &q), PEAL_E_ARGUMENT);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(response_keeps_the_tag)
{
    peal_sip_packet *q = kit_good(S("FOO sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nf: <sip:a@b>\r\n"
                                    "t: <sip:a@b>;tag=old\r\ni: x\r\nCSeq: 1 FOO\r\nl: 0\r\n\r\n"));
    peal_sip_packet *p = NULL;
    CK_OK(peal_sip_packet_new_response(NULL, q, 501, S("x"), S("new"), &p));
    CK_IS(peal_sip_packet_new_response(NULL, q, 99, S("x"), S("new"), &p), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_new_response(NULL, q, 200, S("x\r\n"), S("new"), &p), PEAL_E_ARGUMENT);
    static const char *const tags[] = { "t;x=y", "t, <sip:b>", "t\r\n u", "t u", "t\"", "<t>" };
    for (size_t i = 0; i < PEAL_COUNT_OF(tags); ++i) {
        peal_sip_packet *none = NULL;
        CK_IS(peal_sip_packet_new_response(NULL, q, 200, S("x"), peal_str_z(tags[i]), &none),
              PEAL_E_ARGUMENT);
    }
    peal_sip_packet_unref(q);
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_TO, 0), "<sip:a@b>;tag=old");
    CK_STR(peal_sip_packet_method_text(p), "FOO");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(copy_is_independent)
{
    peal_sip_packet *p = kit_good(S(HEAD "l: 2\r\n\r\nhi")), *copy = NULL, *second = NULL;
    const peal_sip_via *via;
    CK_OK(peal_sip_packet_copy(NULL, p, &copy));
    CK_OK(peal_sip_packet_push(copy, PEAL_SIP_HEADER_VIA, S("SIP/2.0/UDP new")));
    CK_OK(peal_sip_packet_set_request_uri(copy, S("sip:elsewhere")));
    CK_OK(peal_sip_packet_copy(NULL, copy, &second));
    CK_OK(peal_sip_packet_pop(p, PEAL_SIP_HEADER_VIA));
    CK_OK(peal_sip_packet_set_body(p, S("a/b"), S("changed")));
    peal_sip_packet_unref(p);
    peal_sip_packet_unref(copy);
    CK_OK(peal_sip_packet_via(second, 1, &via));
    CK_STR(via->branch, "z9hG4bK1");
    kit_check_text(second, "INVITE sip:elsewhere SIP/2.0\r\nVia: SIP/2.0/UDP new\r\n"
                           "Via: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
                           "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nl: 2\r\n\r\nhi");
    ck_assert_uint_eq(peal_sip_packet_live(), 3);
    peal_sip_packet_unref(second);
    ck_assert_uint_eq(peal_sip_packet_live(), 0);
}
END_TEST

Suite *suite_edit(void)
{
    Suite *suite = suite_create("edit");
    TCase *tcase = tcase_create("edit");
    tcase_add_test(tcase, request_is_made);
    tcase_add_test(tcase, extension_method);
    tcase_add_test(tcase, injection_is_refused);
    tcase_add_test(tcase, long_lines_are_refused);
    tcase_add_test(tcase, set_keeps_the_place);
    tcase_add_test(tcase, pop_takes_one_value);
    tcase_add_test(tcase, lines_are_added_from_another_packet);
    tcase_add_test(tcase, many_edits_need_more_room);
    tcase_add_test(tcase, call_ids_are_counted_as_they_are_read);
    tcase_add_test(tcase, content_length_stands_once);
    tcase_add_test(tcase, body_is_set);
    tcase_add_test(tcase, body_is_taken_from_another_packet);
    tcase_add_test(tcase, response_is_made);
    tcase_add_test(tcase, response_keeps_the_tag);
    tcase_add_test(tcase, copy_is_independent);
    suite_add_tcase(suite, tcase);
    return suite;
}
