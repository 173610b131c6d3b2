/* SPDX-License-Identifier: MIT */
/* URIs: their parts, escapes, canonical form, and making them (RFC 3261 §19.1, RFC 3966, 8141). */
#include "test/parser/bodies_kit.h"

static peal_sip_uri good_uri(peal_str text)
{
    peal_sip_uri uri;
    CK_OK(peal_sip_uri_decode(text, &uri));
    return uri;
}

START_TEST(parameters_are_typed)
{
    peal_sip_uri uri =
        good_uri(S("sip:+12015550123@gw;USER=phone;Transport=TCP;maddr=192.0.2.1;"
                   "ttl=16;method=INVITE;comp=sigcomp;lr;ob;gr=urn:uuid:1;"
                   "cause=302;target=sip:a%40b;transport=udp"));
    peal_sip_uri_params params;
    CK_OK(peal_sip_uri_params_decode(&uri, &params));
    CK_STR(params.transport, "TCP");
    CK_STR(params.maddr, "192.0.2.1");
    CK_STR(params.method, "INVITE");
    CK_STR(params.user, "phone");
    CK_STR(params.comp, "sigcomp");
    CK_STR(params.gr, "urn:uuid:1");
    CK_STR(params.cause, "302");
    CK_STR(params.target, "sip:a%40b");
    ck_assert_int_eq(params.ttl, 16);
    ck_assert(params.lr && params.ob && params.phone);
    uri = good_uri(S("sip:a"));
    CK_OK(peal_sip_uri_params_decode(&uri, &params));
    CK_ABSENT(params.transport);
    CK_ABSENT(params.gr);
    ck_assert_int_eq(params.ttl, -1);
    ck_assert(!params.lr && !params.ob && !params.phone);
    uri = good_uri(S("sip:a;gr;lr=on"));
    CK_OK(peal_sip_uri_params_decode(&uri, &params));
    CK_STR(params.gr, "");
    ck_assert(params.lr);
}
END_TEST

static const char *const bad_params[] = { "sip:a;ttl=256",  "sip:a;ttl=-1",    "sip:a;ttl",
                                          "sip:a;ttl=0001", "sip:a;transport", "sip:a;maddr=",
                                          "sip:a;user",     "sip:a;method" };
START_TEST(malformed_parameters_are_refused)
{
    peal_sip_uri uri = good_uri(peal_str_z(bad_params[_i]));
    peal_sip_uri_params params;
    CK_IS(peal_sip_uri_params_decode(&uri, &params), PEAL_E_SIP_URI);
}
END_TEST

START_TEST(headers_are_iterated)
{
    peal_sip_uri uri = good_uri(S("sip:a@b?Subject=x%20y&priority=&route=%3Csip:p%3E&n"));
    peal_str cursor = uri.headers, name, value;
    CK_OK(peal_sip_uri_header_next(&cursor, &name, &value));
    CK_STR(name, "Subject");
    CK_STR(value, "x%20y");
    CK_OK(peal_sip_uri_header_next(&cursor, &name, &value));
    CK_STR(value, "");
    CK_OK(peal_sip_uri_header_next(&cursor, &name, &value));
    CK_OK(peal_sip_uri_header_next(&cursor, &name, &value));
    CK_STR(name, "n");
    CK_STR(value, "");
    CK_IS(peal_sip_uri_header_next(&cursor, &name, &value), PEAL_I_END);
    CK_OK(peal_sip_uri_header(&uri, S("ROUTE"), &value));
    CK_STR(value, "%3Csip:p%3E");
    CK_IS(peal_sip_uri_header(&uri, S("x"), &value), PEAL_E_NOT_FOUND);
}
END_TEST

START_TEST(telephone_numbers)
{
    peal_sip_phone phone;
    peal_sip_uri uri = good_uri(S("tel:+1-201-555-0123;ext=7;isub=12"));
    CK_OK(peal_sip_uri_phone(&uri, &phone));
    CK_STR(phone.number, "+1-201-555-0123");
    CK_STR(phone.ext, "7");
    CK_STR(phone.isub, "12");
    CK_ABSENT(phone.context);
    ck_assert(phone.is_global);
    uri = good_uri(S("sips:863-1234;phone-context=+1-914-555@gw.example.com;user=phone"));
    CK_OK(peal_sip_uri_phone(&uri, &phone));
    CK_STR(phone.number, "863-1234");
    CK_STR(phone.context, "+1-914-555");
    ck_assert(!phone.is_global);
    /* The forms of RFC 2806: pauses, and a local number without context. */
    uri = good_uri(S("tel:0w003585551234567p;postd=pp22"));
    CK_OK(peal_sip_uri_phone(&uri, &phone));
    CK_STR(phone.number, "0w003585551234567p");
    uri = good_uri(S("sip:%23%2a69@gw;user=phone"));
    CK_IS(peal_sip_uri_phone(&uri, &phone), PEAL_E_SIP_URI);
    uri = good_uri(S("sip:%2369@gw;user=phone"));
    CK_OK(peal_sip_uri_phone(&uri, &phone));
    peal_blob digits;
    peal_blob_init(&digits, 0);
    CK_OK(peal_sip_phone_digits(phone.number, &digits));
    CK_OK(peal_sip_phone_digits(S("+1-(201).5"), &digits));
    CK_BLOB(digits, "#69+12015");
    peal_blob_fini(&digits);
    uri = good_uri(S("sip:1@b"));
    CK_IS(peal_sip_uri_phone(&uri, &phone), PEAL_E_NOT_FOUND);
    uri = good_uri(S("sip:b;user=phone"));
    CK_IS(peal_sip_uri_phone(&uri, &phone), PEAL_E_SIP_URI);
    uri = good_uri(S("urn:service:sos"));
    CK_IS(peal_sip_uri_phone(&uri, &phone), PEAL_E_NOT_FOUND);
}
END_TEST

static const char *const bad_numbers[] = { "",       "+",      "+a",    "--",
                                           "1;ext=", "1x",     "+1*2",  "1;ext=1;ext=2",
                                           "1;=x",   ";ext=1", "+1%232" };
START_TEST(malformed_numbers_are_refused)
{
    peal_sip_phone phone;
    peal_str exact = kit_exact(peal_str_z(bad_numbers[_i]));
    CK_IS(peal_sip_phone_decode(exact, &phone), PEAL_E_SIP_URI);
    free((char *)exact.p);
}
END_TEST

START_TEST(urns)
{
    peal_str nid, nss;
    peal_sip_uri uri = good_uri(S("URN:ietf:params:xml?=q#f"));
    CK_OK(peal_sip_uri_urn(&uri, &nid, &nss));
    CK_STR(nid, "ietf");
    CK_STR(nss, "params:xml?=q#f");
    static const char *const bad[] = { "urn:x:y", "urn:-ab:y", "urn:ab-:y",  "urn:ab",
                                       "urn:ab:", "urn:a_b:y", "urn:ab:?=q", "urn:ab:%4" };
    for (size_t i = 0; i < PEAL_COUNT_OF(bad); ++i) {
        uri = good_uri(peal_str_z(bad[i]));
        CK_IS(peal_sip_uri_urn(&uri, &nid, &nss), PEAL_E_SIP_URI);
    }
    uri = good_uri(S("sip:a"));
    CK_IS(peal_sip_uri_urn(&uri, &nid, &nss), PEAL_E_NOT_FOUND);
}
END_TEST

static const struct {
    const char *a, *b;
    bool equal;
} pairs[] = {
    { "sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0::0:1]", true },
    { "sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]", false },
    { "sip:a@[::ffff:192.0.2.1]", "sip:a@[::ffff:c000:201]", true },
    { "sip:a@[2001:db8:::1]", "sip:a@[2001:db8::1]", false },
    { "sip:a@192.0.2.1", "sip:a@[::ffff:192.0.2.1]", false },
    { "sip:a@b;%74ransport=tcp", "sip:a@b;transport=tcp", true },
    { "sip:a@b;%74ransport=tcp", "sip:a@b", false },
    { "sip:a@b;x=1;x=2", "sip:a@b;x=1", true },
    { "sip:a@b;x=1;x=2", "sip:a@b;x=2", false },
    { "sip:a@b?x=1&x=1&y=2", "sip:a@b?x=1&y=2&y=2", false },
    { "sip:a@b?x=1&x=1", "sip:a@b?x=1", false },
    { "sip:a@b?x=1&X=2", "sip:a@b?x=2&x=1", true },
    { "sip:a@b?subject=A", "sip:a@b?subject=a", false },
    { "sip:%61@b", "sip:a@b", true },
    { "sip:a%00@b", "sip:a@b", false },
    { "tel:+1-201;ext=1.2", "tel:+1201;EXT=12", true },
    { "tel:7042;phone-context=+1-2", "tel:7042;phone-context=+12", true },
    { "tel:7042;phone-context=Example.com", "tel:7042;phone-context=example.com", true },
    { "tel:7042;phone-context=a-b.com", "tel:7042;phone-context=ab.com", false },
    { "tel:+1;a=b;c=d", "tel:+1;c=d;a=B", true },
    { "tel:+1;a=b", "tel:+1;a=b;c", false },
    { "tel:12", "tel:+12", false },
    { "tel:1aB*", "tel:1Ab*", true },
    { "urn:SERVICE:sos", "urn:service:sos", true },
    { "urn:example:a%2Cb", "urn:example:a%2cb", true },
    { "urn:example:a%2Cb", "urn:example:a%2db", false },
    { "urn:example:%2cA", "urn:example:%2ca", false },
    { "urn:example:a?+r", "urn:example:a#f", true },
    { "http:a", "HTTP:a", true },
    { "http:a", "urn:example:a", false },
};
START_TEST(comparison_in_its_corners)
{
    peal_sip_uri a = good_uri(peal_str_z(pairs[_i].a)), b = good_uri(peal_str_z(pairs[_i].b));
    ck_assert_msg(peal_sip_uri_eq(&a, &b) == pairs[_i].equal, "%s / %s", pairs[_i].a,
                  pairs[_i].b);
    ck_assert_msg(peal_sip_uri_eq(&b, &a) == pairs[_i].equal, "%s / %s", pairs[_i].b,
                  pairs[_i].a);
}
END_TEST

START_TEST(comparison_is_bounded)
{
    static char text[2][40000];
    size_t n[2] = { 0, 0 };
    for (int k = 0; k < 2; ++k) {
        n[k] = (size_t)snprintf(text[k], sizeof text[k], "sip:%s@b", k ? "%61" : "a");
        for (int i = 0; i < 3000; ++i) {
            n[k] += (size_t)snprintf(text[k] + n[k], sizeof text[k] - n[k], ";p%d", i);
        }
    }
    peal_sip_uri a = good_uri(peal_str_of(text[0], n[0]));
    peal_sip_uri b = good_uri(peal_str_of(text[1], n[1]));
    ck_assert(peal_sip_uri_eq(&a, &b));
    peal_blob out;
    peal_blob_init(&out, 0);
    CK_IS(peal_sip_uri_canonical(&a, &out), PEAL_E_LIMIT);
    ck_assert_uint_eq(out.bytes, 0);
    peal_blob_fini(&out);
}
END_TEST

START_TEST(escapes_by_part)
{
    const peal_str text = S("a;/?:@ %\xc3\xa9&=+$,#[]\"<");
    static const char *const by_part[] = {
        "a;/?%3A%40%20%25%C3%A9&=+$,%23%5B%5D%22%3C",
        "a%3B%2F%3F%3A%40%20%25%C3%A9&=+$,%23%5B%5D%22%3C",
        "a%3B/%3F:%40%20%25%C3%A9&%3D+$%2C%23[]%22%3C",
        "a%3B/?:%40%20%25%C3%A9%26%3D+$%2C%23[]%22%3C",
    };
    peal_blob out;
    peal_blob_init(&out, 0);
    for (int part = 0; part < 4; ++part) {
        peal_blob_clear(&out);
        CK_OK(peal_sip_uri_escape((peal_sip_uri_part)part, text, &out));
        ck_assert_str_eq(out.data, by_part[part]);
    }
    CK_IS(peal_sip_uri_escape((peal_sip_uri_part)4, text, &out), PEAL_E_ARGUMENT);
    peal_blob_clear(&out);
    CK_OK(peal_sip_uri_unescape(S("a%00%fF%41"), &out));
    ck_assert(peal_str_eq(peal_blob_str(&out), S("a\0\xff\x41")));
    CK_IS(peal_sip_uri_unescape(S("%4"), &out), PEAL_E_SYNTAX);
    CK_IS(peal_sip_uri_unescape(S("ab%"), &out), PEAL_E_SYNTAX);
    CK_IS(peal_sip_uri_unescape(S("%zz"), &out), PEAL_E_SYNTAX);
    ck_assert_uint_eq(out.bytes, 4);
    peal_blob_fini(&out);
}
END_TEST

static const char *const canonical[][2] = {
    { "SIP:%61lice@AtLanTa.CoM;Transport=TCP;lr", "sip:alice@atlanta.com;lr;transport=tcp" },
    { "sip:a%3bb;c:d%20@b:5060", "sip:a%3Bb;c:d%20@b:5060" },
    { "sip:[2001:DB8:0:0:0:0:0:1]:5070?X=Y&a=%41", "sip:[2001:db8::1]:5070?a=A&x=Y" },
    { "sip:a#b@c", "sip:a%23b@c" },
    { "sip:a@b;x=1;X=2;b", "sip:a@b;b;x=1" },
    { "tel:+1-(201);Ext=1-2;a=%41", "tel:+1201;a=a;ext=12" },
    { "tel:1;phone-context=+1-2", "tel:1;phone-context=+12" },
    { "URN:Service:Sos", "urn:service:Sos" },
    { "HTTP://A/b%2c", "http://A/b%2c" },
};
START_TEST(canonical_form)
{
    peal_blob out;
    peal_blob_init(&out, 0);
    peal_sip_uri uri = good_uri(peal_str_z(canonical[_i][0])), again;
    CK_OK(peal_sip_uri_canonical(&uri, &out));
    ck_assert_str_eq(out.data, canonical[_i][1]);
    CK_OK(peal_sip_uri_decode(peal_blob_str(&out), &again));
    ck_assert(peal_sip_uri_eq(&uri, &again));
    peal_blob_fini(&out);
}
END_TEST

START_TEST(uris_are_made)
{
    static const peal_sip_uri_field params[] = { { S0("transport"), S0("tcp") },
                                                 { S0("lr"), { NULL, 0 } },
                                                 { S0("x;y"), S0("a=b") } };
    static const peal_sip_uri_field headers[] = { { S0("Subject"), S0("a b&c") },
                                                  { S0("To"), S0("<sip:x>") } };
    peal_sip_uri_source source = { .size = sizeof source,
                                   .scheme = PEAL_SIP_SCHEME_SIPS,
                                   .user = S("al@ce"),
                                   .password = S("p:w"),
                                   .host = S("2001:db8::1"),
                                   .port = 5061,
                                   .params = params,
                                   .param_count = 3,
                                   .headers = headers,
                                   .header_count = 2 };
    peal_blob out;
    peal_blob_init(&out, 0);
    CK_OK(peal_sip_uri_encode(&source, &out));
    CK_BLOB(out, "sips:al%40ce:p%3Aw@[2001:db8::1]:5061;transport=tcp;lr;x%3By=a%3Db"
                 "?Subject=a%20b%26c&To=%3Csip:x%3E");
    peal_blob_clear(&out);
    source = (peal_sip_uri_source){ .size = sizeof source,
                                    .scheme = PEAL_SIP_SCHEME_SIP,
                                    .host = S("[::1]") };
    CK_OK(peal_sip_uri_encode(&source, &out));
    CK_BLOB(out, "sip:[::1]");
    peal_blob_clear(&out);
    static const peal_sip_uri_field ext[] = { { S0("ext"), S0("12") } };
    source = (peal_sip_uri_source){ .size = sizeof source,
                                    .scheme = PEAL_SIP_SCHEME_TEL,
                                    .user = S("+1-201"),
                                    .params = ext,
                                    .param_count = 1 };
    CK_OK(peal_sip_uri_encode(&source, &out));
    CK_BLOB(out, "tel:+1-201;ext=12");
    peal_blob_fini(&out);
}
END_TEST

START_TEST(what_makes_no_uri_is_refused)
{
    static const peal_sip_uri_field twice[] = { { S0("a"), S0("1") }, { S0("A"), S0("2") } };
    static const peal_sip_uri_field unnamed[] = { { S0(""), S0("1") } };
    const size_t size = sizeof(peal_sip_uri_source);
    const peal_sip_uri_source bad[] = {
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP },
        { .size = size, .scheme = PEAL_SIP_SCHEME_OTHER, .host = S("a") },
        { .size = 8, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("a") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("a b") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("a;lr") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("a:5060") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("x@a") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("[::1]:5") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("[::1") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("fe80::1%2") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("a"), .user = S("") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_SIP, .host = S("a"), .password = S("p") },
        { .size = size,
          .scheme = PEAL_SIP_SCHEME_SIP,
          .host = S("a"),
          .params = twice,
          .param_count = 2 },
        { .size = size,
          .scheme = PEAL_SIP_SCHEME_SIP,
          .host = S("a"),
          .params = unnamed,
          .param_count = 1 },
        { .size = size,
          .scheme = PEAL_SIP_SCHEME_SIP,
          .host = S("a"),
          .headers = unnamed,
          .header_count = 1 },
        { .size = size, .scheme = PEAL_SIP_SCHEME_TEL },
        { .size = size, .scheme = PEAL_SIP_SCHEME_TEL, .user = S("1"), .host = S("a") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_TEL, .user = S("1;x") },
        { .size = size, .scheme = PEAL_SIP_SCHEME_TEL, .user = S("xyz") },
    };
    peal_blob out;
    peal_blob_init(&out, 0);
    CK_OK(peal_blob_append(&out, S("kept")));
    for (size_t i = 0; i < PEAL_COUNT_OF(bad); ++i) {
        peal_result r = peal_sip_uri_encode(&bad[i], &out);
        ck_assert_msg(r == PEAL_E_ARGUMENT, "%zu: %s", i, peal_result_name(r));
        CK_BLOB(out, "kept");
    }
    peal_blob_fini(&out);
}
END_TEST

START_TEST(name_addrs_are_made)
{
    peal_blob out;
    peal_sip_address address;
    peal_blob_init(&out, 0);
    CK_OK(peal_sip_name_addr_encode(S("Alice Smith"), S("sip:a@b;lr"), S(";tag=1"), &out));
    CK_BLOB(out, "Alice Smith <sip:a@b;lr>;tag=1");
    peal_blob_clear(&out);
    CK_OK(peal_sip_name_addr_encode(S("A \"B\", \\C \xc3\xa9"), S("tel:+1"), S(""), &out));
    CK_BLOB(out, "\"A \\\"B\\\", \\\\C \xc3\xa9\" <tel:+1>");
    CK_OK(peal_sip_address_decode(peal_blob_str(&out), &address));
    CK_STR(address.uri, "tel:+1");
    peal_blob_clear(&out);
    CK_OK(peal_sip_name_addr_encode(S(""), S("sip:a"), (peal_str){ NULL, 0 }, &out));
    CK_BLOB(out, "<sip:a>");
    peal_blob_clear(&out);
    static const char *const bad[][3] = {
        { "a\r\nb", "sip:a", "" },      { "a\x01", "sip:a", "" },
        { "\xff", "sip:a", "" },        { "a", "sip:", "" },
        { "a", "sip:a>", "" },          { "a", "sip:a", "tag=1" },
        { "a", "sip:a", ";tag=" },      { "a", "sip:a", ", <sip:b>" },
        { "a", "sip:a", ";a\r\nX: y" }, { "a", "sip:a", ";a=\"b" },
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(bad); ++i) {
        CK_IS(peal_sip_name_addr_encode(peal_str_z(bad[i][0]), peal_str_z(bad[i][1]),
                                        peal_str_z(bad[i][2]), &out),
              PEAL_E_ARGUMENT);
        ck_assert_uint_eq(out.bytes, 0);
    }
    peal_blob_fini(&out);
}
END_TEST

Suite *suite_uri_make(void)
{
    Suite *suite = suite_create("uri_make");
    TCase *tcase = tcase_create("uri_make");
    tcase_add_test(tcase, parameters_are_typed);
    tcase_add_loop_test(tcase, malformed_parameters_are_refused, 0, (int)PEAL_COUNT_OF(bad_params));
    tcase_add_test(tcase, headers_are_iterated);
    tcase_add_test(tcase, telephone_numbers);
    tcase_add_loop_test(tcase, malformed_numbers_are_refused, 0, (int)PEAL_COUNT_OF(bad_numbers));
    tcase_add_test(tcase, urns);
    tcase_add_loop_test(tcase, comparison_in_its_corners, 0, (int)PEAL_COUNT_OF(pairs));
    tcase_add_test(tcase, comparison_is_bounded);
    tcase_add_test(tcase, escapes_by_part);
    tcase_add_loop_test(tcase, canonical_form, 0, (int)PEAL_COUNT_OF(canonical));
    tcase_add_test(tcase, uris_are_made);
    tcase_add_test(tcase, what_makes_no_uri_is_refused);
    tcase_add_test(tcase, name_addrs_are_made);
    suite_add_tcase(suite, tcase);
    return suite;
}
