/* SPDX-License-Identifier: MIT */
/* URIs: decoding and comparison (RFC 3261 §19.1, RFC 3966). */
#include "test/parser/parser_kit.h"

START_TEST(sip_uri_has_all_parts)
{
    peal_sip_uri uri;
    peal_str value;
    CK_OK(peal_sip_uri_decode(
        S("sip:alice:secret@[2001:db8::1]:5070;transport=tcp;lr?subject=a%20b&priority=urgent"),
        &uri));
    ck_assert_int_eq(uri.scheme, PEAL_SIP_SCHEME_SIP);
    CK_STR(uri.user, "alice");
    CK_STR(uri.password, "secret");
    CK_STR(uri.host, "[2001:db8::1]");
    ck_assert_uint_eq(uri.port, 5070);
    CK_STR(uri.params, ";transport=tcp;lr");
    CK_STR(uri.headers, "subject=a%20b&priority=urgent");
    CK_OK(peal_sip_uri_param(&uri, S("TRANSPORT"), &value));
    CK_STR(value, "tcp");
    CK_OK(peal_sip_uri_param(&uri, S("lr"), &value));
    CK_STR(value, "");
    ck_assert(peal_sip_uri_has_param(&uri, S("lr")));
    CK_IS(peal_sip_uri_param(&uri, S("maddr"), &value), PEAL_E_NOT_FOUND);
}
END_TEST

START_TEST(sip_uri_of_a_host_alone)
{
    peal_sip_uri uri;
    CK_OK(peal_sip_uri_decode(S("SIPS:example.com"), &uri));
    ck_assert_int_eq(uri.scheme, PEAL_SIP_SCHEME_SIPS);
    CK_STR(uri.scheme_text, "SIPS");
    CK_ABSENT(uri.user);
    CK_ABSENT(uri.password);
    CK_STR(uri.host, "example.com");
    ck_assert_uint_eq(uri.port, 0);
    CK_STR(uri.params, "");
    CK_STR(uri.headers, "");
}
END_TEST

START_TEST(user_may_hold_what_looks_like_parameters)
{
    peal_sip_uri uri;
    CK_OK(peal_sip_uri_decode(S("sip:user;par=u%40example.net@example.com"), &uri));
    CK_STR(uri.user, "user;par=u%40example.net");
    CK_STR(uri.host, "example.com");
    CK_STR(uri.params, "");
}
END_TEST

START_TEST(tel_and_other_schemes)
{
    peal_sip_uri uri;
    CK_OK(peal_sip_uri_decode(S("tel:+1-201-555-0123;ext=7"), &uri));
    ck_assert_int_eq(uri.scheme, PEAL_SIP_SCHEME_TEL);
    CK_STR(uri.user, "+1-201-555-0123");
    CK_STR(uri.params, ";ext=7");
    CK_ABSENT(uri.host);
    CK_OK(peal_sip_uri_decode(S("tel:*69;phone-context=example.com"), &uri));
    CK_STR(uri.user, "*69");
    CK_OK(peal_sip_uri_decode(S("urn:service:sos"), &uri));
    ck_assert_int_eq(uri.scheme, PEAL_SIP_SCHEME_OTHER);
    CK_STR(uri.opaque, "service:sos");
}
END_TEST

static const char *const bad_uris[] = {
    "",
    "sip",
    "sip:",
    "sip:@example.com",
    "sip:alice@",
    "sip:alice@:5060",
    "sip:a@b:0",
    "sip:a@b:65536",
    "sip:a@b:",
    "sip:a@b:99999999999999999999",
    "sip:a@b:5060x",
    "sip:a@b@c",
    "sip:a%@b",
    "sip:a%4@b",
    "sip:a%4g@b",
    "sip:b;x=%",
    "sip:b?x=%f",
    "sip:[2001:db8::1",
    "sip:[]",
    "sip:2001:db8::1",
    "sip:a b@c",
    "sip:a@b;x y",
    "sip:a@b;=x",
    "sip:<a@b>",
    "<sip:a@b>",
    "sip:a\"b@c",
    "sip:a@b c",
    "1sip:a@b",
    ":a@b",
    "tel:",
    "tel:+",
    "tel:abcxyz",
    "tel:+1?x=y",
    "urn:",
    "http:a b",
    "/",
};
START_TEST(malformed_uri_is_refused)
{
    peal_sip_uri uri = { .port = 77 };
    peal_str exact = kit_exact(peal_str_z(bad_uris[_i]));
    peal_result r = peal_sip_uri_decode(exact, &uri);
    free((char *)exact.p);
    ck_assert_msg(r == PEAL_E_SIP_URI, "\"%s\": %s", bad_uris[_i], peal_result_name(r));
    ck_assert_uint_eq(uri.port, 77);
}
END_TEST

/* RFC 3261 §19.1.4, its examples and more. */
static const struct {
    const char *a, *b;
    bool equal;
} pairs[] = {
    { "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true },
    { "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true },
    { "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", true },
    { "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
      "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true },
    { "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
      "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true },
    { "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false },
    { "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false },
    { "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false },
    { "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false },
    { "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false },
    { "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false },
    { "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false },
    { "sip:bob@biloxi.com", "sips:bob@biloxi.com", false },
    { "sip:bob@biloxi.com", "sip:biloxi.com", false },
    { "sip:bob:x@biloxi.com", "sip:bob@biloxi.com", false },
    { "sip:a%3Bb@c", "sip:a;b@c", false },
    { "sip:a@b;maddr=1.2.3.4", "sip:a@b", false },
    { "sip:a@b;ttl=1", "sip:a@b", false },
    { "sip:a@b;user=ip", "sip:a@b", false },
    { "sip:a@b;lr", "sip:a@b", true },
    { "tel:+1-201-555-0123", "tel:+12015550123", true },
    { "tel:+1-201-555-0123", "tel:+12015550124", false },
    { "tel:123;phone-context=a", "tel:123", false },
    { "urn:service:sos", "URN:service:sos", true },
    { "urn:service:sos", "urn:service:SOS", false },
};
START_TEST(comparison_follows_the_rfc)
{
    peal_sip_uri a, b;
    CK_OK(peal_sip_uri_decode(peal_str_z(pairs[_i].a), &a));
    CK_OK(peal_sip_uri_decode(peal_str_z(pairs[_i].b), &b));
    ck_assert_msg(peal_sip_uri_eq(&a, &b) == pairs[_i].equal, "%s / %s", pairs[_i].a, pairs[_i].b);
    ck_assert_msg(peal_sip_uri_eq(&b, &a) == pairs[_i].equal, "%s / %s", pairs[_i].b, pairs[_i].a);
    ck_assert(peal_sip_uri_eq(&a, &a) && peal_sip_uri_eq(&b, &b));
}
END_TEST

START_TEST(parameters_are_iterated)
{
    peal_str cursor = S(";a=1 ; b ;; c = \"x;\\\"y\" ;d=[2001:db8::1]"), name, value;
    CK_OK(peal_sip_param_next(&cursor, &name, &value));
    CK_STR(name, "a");
    CK_STR(value, "1");
    CK_OK(peal_sip_param_next(&cursor, &name, &value));
    CK_STR(name, "b");
    CK_STR(value, "");
    CK_OK(peal_sip_param_next(&cursor, &name, &value));
    CK_STR(name, "c");
    CK_STR(value, "\"x;\\\"y\"");
    CK_OK(peal_sip_param_next(&cursor, &name, &value));
    CK_STR(name, "d");
    CK_STR(value, "[2001:db8::1]");
    CK_IS(peal_sip_param_next(&cursor, &name, &value), PEAL_I_END);
    cursor = S(";=x");
    CK_IS(peal_sip_param_next(&cursor, &name, &value), PEAL_E_SYNTAX);
    cursor = S(";a=\"open");
    CK_IS(peal_sip_param_next(&cursor, &name, &value), PEAL_E_SYNTAX);
    cursor = S(";a=b c");
    CK_IS(peal_sip_param_next(&cursor, &name, &value), PEAL_E_SYNTAX);
    cursor = peal_str_of(NULL, 0);
    CK_IS(peal_sip_param_next(&cursor, &name, &value), PEAL_I_END);
}
END_TEST

START_TEST(parameters_are_found_without_case)
{
    peal_str value;
    CK_OK(peal_sip_param_find(S(";Foo=1;BAR"), S("foo"), &value));
    CK_STR(value, "1");
    CK_OK(peal_sip_param_find(S(";Foo=1;BAR"), S("bar"), &value));
    CK_STR(value, "");
    CK_IS(peal_sip_param_find(S(";Foo=1;BAR"), S("fo"), &value), PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_param_find(S(""), S("fo"), &value), PEAL_E_NOT_FOUND);
}
END_TEST

Suite *suite_uri(void)
{
    Suite *suite = suite_create("uri");
    TCase *tcase = tcase_create("uri");
    tcase_add_test(tcase, sip_uri_has_all_parts);
    tcase_add_test(tcase, sip_uri_of_a_host_alone);
    tcase_add_test(tcase, user_may_hold_what_looks_like_parameters);
    tcase_add_test(tcase, tel_and_other_schemes);
    tcase_add_loop_test(tcase, malformed_uri_is_refused, 0, (int)PEAL_COUNT_OF(bad_uris));
    tcase_add_loop_test(tcase, comparison_follows_the_rfc, 0, (int)PEAL_COUNT_OF(pairs));
    tcase_add_test(tcase, parameters_are_iterated);
    tcase_add_test(tcase, parameters_are_found_without_case);
    suite_add_tcase(suite, tcase);
    return suite;
}
