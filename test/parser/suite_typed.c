/* SPDX-License-Identifier: MIT */
/* Typed values: what their members say, how packets give and take them, what cannot be written. */
#include "test/parser/parser_kit.h"

#include <peal/sip/header_auth.h>
#include <peal/sip/header_date.h>
#include <peal/sip/header_event.h>
#include <peal/sip/header_identity.h>
#include <peal/sip/header_session.h>

#define HEAD                                                                                       \
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"    \
    "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"

/* A message with a header of nearly every kind, compact names among them. */
static peal_sip_packet *rich_packet(void)
{
    return kit_good(
        S(HEAD "x: 1800;refresher=uas\r\nMin-SE: 90\r\nReason: SIP;cause=200, Q.850;cause=16\r\n"
               "reason: X\r\nr: <sip:c@d?Replaces=e%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n"
               "b: <sip:f@g>\r\no: refer;id=7\r\nu: presence, dialog\r\nd: cancel, no-fork\r\n"
               "a: *;audio, *;video\r\nj: *;text\r\ny: q;info=<sip:w>\r\nRSeq: 0\r\n"
               "Proxy-Authorization: Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:v\","
               "response=\"s\"\r\nAuthorization: Bearer abc\r\nDate: now\r\n"
               "P-Asserted-Identity: \"C\" <sip:c@d>, <tel:+1>\r\nMax-Breadth: 60\r\n"
               "In-Reply-To: a\"b, c<d\r\nX-Own: yes;really=\"so\"\r\nl: 0\r\n\r\n"));
}

START_TEST(values_of_a_packet)
{
    peal_sip_packet *p = rich_packet();
    const peal_sip_session_expires *expires;
    const peal_sip_min_se *min_se;
    const peal_sip_reason *reason;
    const peal_sip_event *event;
    const peal_sip_credentials *credentials;
    const peal_sip_identity *identity;
    const peal_sip_date *date;
    CK_OK(peal_sip_packet_get_session_expires(p, &expires));
    ck_assert_uint_eq(expires->delta_s, 1800);
    ck_assert_int_eq(expires->refresher, PEAL_SIP_REFRESHER_UAS);
    CK_OK(peal_sip_packet_get_min_se(p, &min_se));
    ck_assert_uint_eq(min_se->delta_s, 90);
    CK_OK(peal_sip_packet_get_reason(p, 1, &reason));
    CK_STR(reason->protocol, "Q.850");
    ck_assert(reason->cause.given && reason->cause.value == 16);
    CK_OK(peal_sip_packet_get_reason(p, 2, &reason));
    CK_STR(reason->protocol, "X");
    ck_assert(!reason->cause.given);
    CK_IS(peal_sip_packet_get_reason(p, 3, &reason), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_packet_get_event(p, &event));
    CK_STR(event->id, "7");
    CK_OK(peal_sip_packet_get_identity(p, 0, &identity));
    CK_STR(identity->info, "sip:w");
    CK_OK(peal_sip_packet_get_credentials(p, PEAL_SIP_HEADER_PROXY_AUTHORIZATION, 0,
                                          &credentials));
    CK_STR(credentials->uri, "sip:v");
    CK_OK(peal_sip_packet_get_credentials(p, PEAL_SIP_HEADER_AUTHORIZATION, 0, &credentials));
    CK_STR(credentials->token68, "abc");
    CK_IS(peal_sip_packet_get_date(p, &date), PEAL_E_SIP_HEADER);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(values_of_general_kinds)
{
    peal_sip_packet *p = rich_packet();
    const peal_sip_address *address;
    const peal_sip_value *value;
    const void *found;
    uint32_t number;
    peal_str token;
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_REFER_TO, 0, &address));
    CK_STR(address->uri, "sip:c@d?Replaces=e%3Bto-tag%3D1%3Bfrom-tag%3D2");
    CK_OK(peal_sip_packet_get_address(p, PEAL_SIP_HEADER_REFERRED_BY, 0, &address));
    CK_STR(address->uri, "sip:f@g");
    CK_OK(peal_sip_packet_get_address(p, PEAL_SIP_HEADER_P_ASSERTED_IDENTITY, 1, &address));
    CK_STR(address->uri, "tel:+1");
    CK_OK(peal_sip_packet_token(p, PEAL_SIP_HEADER_ALLOW_EVENTS, 1, &token));
    CK_STR(token, "dialog");
    ck_assert(peal_sip_packet_has_token(p, PEAL_SIP_HEADER_REQUEST_DISPOSITION, S("no-fork")));
    CK_OK(peal_sip_packet_get_value(p, PEAL_SIP_HEADER_ACCEPT_CONTACT, 1, &value));
    CK_STR(value->params, ";video");
    CK_OK(peal_sip_packet_get_value(p, PEAL_SIP_HEADER_REJECT_CONTACT, 0, &value));
    CK_STR(value->value, "*");
    CK_OK(peal_sip_packet_number(p, PEAL_SIP_HEADER_MAX_BREADTH, &number));
    ck_assert_uint_eq(number, 60);
    /* RFC 3262 §7.1: from 1 on. */
    CK_IS(peal_sip_packet_number(p, PEAL_SIP_HEADER_RSEQ, &number), PEAL_E_SIP_HEADER);
    CK_IS(peal_sip_packet_get(p, PEAL_SIP_HEADER_RSEQ, PEAL_SIP_KIND_NUMBER, 0, &found),
          PEAL_E_SIP_HEADER);
    CK_OK(peal_sip_packet_get(p, PEAL_SIP_HEADER_MAX_BREADTH, PEAL_SIP_KIND_NUMBER, 0, &found));
    CK_OK(peal_sip_packet_get(p, PEAL_SIP_HEADER_IN_REPLY_TO, PEAL_SIP_KIND_CALL_IDS, 1, &found));
    CK_STR(*(const peal_str *)found, "c<d");
    CK_IS(peal_sip_packet_get(p, PEAL_SIP_HEADER_REASON, PEAL_SIP_KIND_EVENT, 0, &found),
          PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_get(p, PEAL_SIP_HEADER_OTHER, PEAL_SIP_KIND_RAW, 0, &found),
          PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_get(p, PEAL_SIP_HEADER_COUNT, PEAL_SIP_KIND_EVENT, 0, &found),
          PEAL_E_NOT_FOUND);
    /* A header that nobody knows. */
    peal_sip_value own;
    CK_OK(peal_sip_value_decode(peal_sip_packet_value_named(p, S("x-own"), 0), &own));
    CK_OK(peal_sip_param_find(own.params, S("really"), &token));
    CK_STR(token, "\"so\"");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(values_are_put_into_a_packet)
{
    peal_sip_packet *p = NULL;
    char text[2000];
    memset(text, 'a', sizeof text);
    CK_OK(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_INVITE, (peal_str){ 0 },
                                      S("sip:a@b"), &p));
    peal_sip_reason reason = { .protocol = S("SIP"),
                               .cause = peal_sip_number_of(200),
                               .text = S("Call completed elsewhere") };
    CK_OK(peal_sip_packet_add_reason(p, &reason));
    peal_sip_session_expires expires = { .delta_s = 90 };
    CK_OK(peal_sip_packet_set_session_expires(p, &expires));
    peal_sip_address route = { .uri = S("sip:c;lr") };
    CK_OK(peal_sip_packet_put_address(p, PEAL_SIP_HEADER_ROUTE, PEAL_SIP_PUT_PUSH, &route));
    peal_sip_rack rack = { .rseq = 7, .cseq = 1, .method = PEAL_SIP_METHOD_INVITE };
    CK_OK(peal_sip_packet_set_rack(p, &rack));
    peal_sip_via via = { .transport = PEAL_SIP_TRANSPORT_TLS,
                         .host = S("[2001:db8::1]"),
                         .port = 5061,
                         .has_rport = true,
                         .branch = S("z9hG4bK1"),
                         .params = S(";rport=5;alias;branch=no") };
    CK_OK(peal_sip_packet_put_via(p, PEAL_SIP_HEADER_VIA, PEAL_SIP_PUT_PUSH, &via));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\n"
                      "Via: SIP/2.0/TLS [2001:db8::1]:5061;rport;branch=z9hG4bK1;alias\r\n"
                      "Route: <sip:c;lr>\r\n"
                      "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"
                      "Session-Expires: 90\r\nRAck: 7 1 INVITE\r\n"
                      "Content-Length: 0\r\n\r\n");
    /* More than the usual room. */
    reason.text = peal_str_of(text, sizeof text);
    CK_OK(peal_sip_packet_add_reason(p, &reason));
    const peal_sip_reason *again;
    CK_OK(peal_sip_packet_get_reason(p, 1, &again));
    ck_assert(peal_str_eq(again->text, reason.text));
    peal_blob out = { 0 };
    CK_OK(peal_sip_reason_encode(&reason, &out));
    ck_assert_uint_eq(out.bytes, sizeof text + 21);
    peal_blob_fini(&out);
    peal_blob_init(&out, 100);
    CK_IS(peal_sip_reason_encode(&reason, &out), PEAL_E_LIMIT);
    ck_assert_uint_eq(out.bytes, 0);
    peal_blob_fini(&out);
    char *big = calloc(1, 70000);
    memset(big, 'a', 70000);
    reason.text = peal_str_of(big, 70000);
    CK_IS(peal_sip_packet_add_reason(p, &reason), PEAL_E_LIMIT);
    free(big);
    uint32_t number = 256;
    CK_IS(peal_sip_packet_put(p, PEAL_SIP_HEADER_MAX_FORWARDS, PEAL_SIP_KIND_NUMBER,
                              PEAL_SIP_PUT_SET, &number),
          PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_put(p, PEAL_SIP_HEADER_EVENT, PEAL_SIP_KIND_NUMBER, PEAL_SIP_PUT_SET,
                              &number),
          PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_put(p, PEAL_SIP_HEADER_EXPIRES, PEAL_SIP_KIND_NUMBER, (peal_sip_put)9,
                              &number),
          PEAL_E_ARGUMENT);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(some_headers_take_less_than_their_kind)
{
    peal_sip_packet *p = NULL;
    const void *found;
    static const struct {
        peal_sip_header_id id;
        bool good;
        peal_str text;
    } cases[] = {
        { PEAL_SIP_HEADER_CALL_ID, true, S0("a<b>\"@c") },
        { PEAL_SIP_HEADER_CALL_ID, false, S0("a b") },
        { PEAL_SIP_HEADER_CALL_ID, false, S0("") },
        { PEAL_SIP_HEADER_SIP_ETAG, true, S0("dx200xyz") },
        { PEAL_SIP_HEADER_SIP_IF_MATCH, false, S0("a b") },
        { PEAL_SIP_HEADER_SUPPRESS_IF_MATCH, true, S0("*") },
        { PEAL_SIP_HEADER_SUPPRESS_IF_MATCH, false, S0("a,b") },
    };
    CK_OK(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_PUBLISH, (peal_str){ 0 }, S("sip:a@b"),
                                      &p));
    for (size_t i = 0; i < PEAL_COUNT_OF(cases); ++i) {
        CK_IS(peal_sip_packet_put(p, cases[i].id, PEAL_SIP_KIND_TEXT, PEAL_SIP_PUT_SET,
                                  &cases[i].text),
              cases[i].good ? PEAL_OK : PEAL_E_ARGUMENT);
        CK_OK(peal_sip_packet_set(p, cases[i].id, cases[i].text));
        CK_IS(peal_sip_packet_get(p, cases[i].id, PEAL_SIP_KIND_TEXT, 0, &found),
              cases[i].good ? PEAL_OK : PEAL_E_SIP_HEADER);
    }
    for (uint32_t number = 254; number < 258; ++number) {
        CK_IS(peal_sip_packet_put(p, PEAL_SIP_HEADER_MAX_FORWARDS, PEAL_SIP_KIND_NUMBER,
                                  PEAL_SIP_PUT_SET, &number),
              number < 256 ? PEAL_OK : PEAL_E_ARGUMENT);
    }
    const peal_sip_address star = { .uri = S("*") }, *route = NULL;
    CK_IS(peal_sip_packet_put_address(p, PEAL_SIP_HEADER_ROUTE, PEAL_SIP_PUT_ADD, &star),
          PEAL_E_ARGUMENT);
    CK_OK(peal_sip_packet_put_address(p, PEAL_SIP_HEADER_CONTACT, PEAL_SIP_PUT_ADD, &star));
    CK_OK(peal_sip_packet_add(p, PEAL_SIP_HEADER_ROUTE, S("<sip:a>, *")));
    CK_OK(peal_sip_packet_get_address(p, PEAL_SIP_HEADER_ROUTE, 0, &route));
    CK_STR(route->uri, "sip:a");
    CK_IS(peal_sip_packet_get_address(p, PEAL_SIP_HEADER_ROUTE, 1, &route), PEAL_E_SIP_HEADER);
    peal_sip_packet_unref(p);
}
END_TEST

/* RFC 5318 §4.1: a URI between brackets as a parameter's value, which no address has. */
START_TEST(refused_uris_are_no_addresses)
{
    peal_sip_packet *p = kit_good(
        S("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b>\r\n"
          "Call-ID: x\r\nCSeq: 1 INVITE\r\nP-Refused-URI-List: sip:a@b;members=<cid:c@d>, "
          "<sip:e>\r\nContent-Length: 0\r\n\r\n"));
    CK_OK(peal_sip_packet_decode_all(p, NULL));
    CK_STR(peal_sip_packet_value_named(p, S("P-Refused-URI-List"), 0),
           "sip:a@b;members=<cid:c@d>, <sip:e>");
    peal_sip_packet_unref(p);
}
END_TEST

/* What would end a value, a parameter or a line cannot be written. */
static const peal_str injections[] = {
    S0("a\r\nX: y"), S0("a\rb"), S0("a\nb"), S0("a\0b"), S0("a\"b"),  S0("a;b"),
    S0("a,b"),       S0("a b"),  S0("a<b"),  S0("a>b"),  S0("a\\\r"), S0(""),
};
START_TEST(injections_are_refused)
{
    peal_str evil = injections[_i];
    peal_blob out = { 0 };
#define REFUSED(type, ...)                                                                         \
    CK_IS(peal_sip_##type##_encode(&(peal_sip_##type){ __VA_ARGS__ }, &out), PEAL_E_ARGUMENT)
    REFUSED(event, .package = evil);
    REFUSED(event, .package = S("a"), .id = evil);
    if (!memchr("\"<>", evil.n == 3 ? evil.p[1] : 'x', 3)) { /* these may stand in a Call-ID */
        REFUSED(replaces, .call_id = evil, .to_tag = S("1"), .from_tag = S("2"));
    }
    REFUSED(replaces, .call_id = S("a"), .to_tag = evil, .from_tag = S("2"));
    REFUSED(replaces, .call_id = S("a"), .to_tag = S("1"));
    REFUSED(rack, .rseq = 1, .cseq = 1, .method_text = evil);
    REFUSED(cseq, .number = 1, .method_text = evil);
    REFUSED(via, .host = evil, .transport_text = S("UDP"));
    REFUSED(via, .host = S("a"), .transport_text = evil);
    REFUSED(via, .host = S("a"), .transport_text = S("UDP"), .branch = evil);
    REFUSED(reason, .protocol = evil);
    REFUSED(session_id, .local = evil);
    REFUSED(identity, .digest = S("a"), .info = evil);
    REFUSED(identity, .digest = S("a"), .info = S("sip:a"), .alg = evil);
    REFUSED(challenge, .scheme = evil, .realm = S("a"), .nonce = S("b"));
    REFUSED(challenge, .scheme = S("X"), .token68 = evil);
    REFUSED(challenge, .scheme = S("X"), .algorithm = evil);
    REFUSED(credentials, .scheme = S("Bearer"), .token68 = evil);
    REFUSED(warning, .code = 399, .agent = evil, .text = S(""));
    REFUSED(charging_vector, .icid_value = evil);
    REFUSED(diversion, .address = { .uri = S("sip:a") }, .reason = evil);
    REFUSED(timestamp, .value = evil);
    REFUSED(subscription_state, .state_text = evil);
    REFUSED(address, .uri = evil);
    REFUSED(address, .uri = S("sip:a"), .tag = evil);
    if (_i < 5) {
        REFUSED(reason, .protocol = S("SIP"), .text = evil);
        REFUSED(credentials, .scheme = S("Digest"), .username = evil, .realm = S("r"),
                .nonce = S("n"), .uri = S("u"), .response = S("s"));
        REFUSED(event, .package = S("a"), .params = evil);
        REFUSED(address, .uri = S("sip:a"), .display = evil);
        REFUSED(address, .uri = S("sip:a"), .params = evil);
        REFUSED(value, .value = evil);
    }
    ck_assert_uint_eq(out.bytes, 0);
    peal_blob_fini(&out);
}
END_TEST

START_TEST(impossible_values_are_refused)
{
    peal_blob out = { 0 };
    REFUSED(session_expires, .delta_s = 1, .refresher = (peal_sip_refresher)3);
    REFUSED(session_expires, .delta_s = 1, .params = S(";a=\"b"));
    REFUSED(privacy, .values = 0);
    REFUSED(privacy, .values = PEAL_SIP_PRIVACY_NONE | PEAL_SIP_PRIVACY_ID);
    REFUSED(privacy, .values = 4096 | PEAL_SIP_PRIVACY_ID);
    REFUSED(date, .year = 2023, .month = 2, .day = 29);
    REFUSED(date, .year = 10000, .month = 1, .day = 1);
    REFUSED(warning, .code = 99, .agent = S("a"), .text = S("b"));
    REFUSED(rack, .rseq = 0, .cseq = 1, .method = PEAL_SIP_METHOD_INVITE);
    REFUSED(rack, .rseq = 1, .cseq = 1u << 31, .method = PEAL_SIP_METHOD_INVITE);
    REFUSED(rack, .rseq = 1, .cseq = 1);
    REFUSED(cseq, .number = 1u << 31, .method = PEAL_SIP_METHOD_INVITE);
    REFUSED(contact_params, .q = { true, 1001 });
    REFUSED(retry_after, .comment = S("a)"));
    REFUSED(retry_after, .comment = S("(a"));
    REFUSED(retry_after, .comment = S("a\\"));
    REFUSED(retry_after, .comment = S("a\1"));
    REFUSED(challenge, .scheme = S("Digest"), .realm = S("a"));
    REFUSED(challenge, .scheme = S("X"));
    REFUSED(credentials, .scheme = S("Digest"), .realm = S("a"), .nonce = S("b"), .uri = S("c"),
            .response = S("d"));
    REFUSED(auth_info, .nc = { false, 1 });
    REFUSED(subscription_state, .state = PEAL_SIP_SUBSCRIPTION_OTHER);
    REFUSED(subscription_state, .state = (peal_sip_subscription_state_id)9);
    REFUSED(address, .uri = S("*"), .display = S("x"));
    REFUSED(address, .uri = S("*"), .tag = S("x"));
    REFUSED(address, .uri = S("*"), .params = S(";x"));
    REFUSED(diversion, .address = { .uri = S("*") });
    REFUSED(address, .uri = S("sip:a"), .display = S("\"x"));
    REFUSED(address, .uri = S("sip:a"), .display = S(" x"));
    REFUSED(value, .value = S("a (b)"));
    CK_IS(peal_sip_kind_encode(PEAL_SIP_KIND_RAW, "", &out), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_kind_decode(PEAL_SIP_KIND_COUNT, S("a"), &out), PEAL_E_ARGUMENT);
    ck_assert(!peal_sip_kind_is_list(PEAL_SIP_KIND_COUNT));
    ck_assert_uint_eq(out.bytes, 0);
    peal_blob_fini(&out);
}
END_TEST

#define UNESCAPED(quoted, plain)                                                                   \
    do {                                                                                           \
        peal_blob ck_out_ = { 0 };                                                                 \
        CK_OK(peal_sip_quoted_unescape(S(quoted), &ck_out_));                                      \
        CK_STR(peal_blob_str(&ck_out_), plain);                                                    \
        peal_blob_fini(&ck_out_);                                                                  \
    } while (0)

START_TEST(quoted_strings)
{
    peal_blob out = { 0 };
    CK_OK(peal_sip_quoted_escape(S("a \"b\" \\ c\t\xc3\xa9"), &out));
    CK_STR(peal_blob_str(&out), "a \\\"b\\\" \\\\ c\t\xc3\xa9");
    peal_sip_reason reason = { .protocol = S("SIP"), .text = peal_blob_str(&out) };
    peal_blob written = { 0 };
    CK_OK(peal_sip_reason_encode(&reason, &written));
    CK_OK(peal_sip_reason_decode(peal_blob_str(&written), &reason));
    peal_blob plain = { 0 };
    CK_OK(peal_sip_quoted_unescape(reason.text, &plain));
    CK_STR(peal_blob_str(&plain), "a \"b\" \\ c\t\xc3\xa9");
    UNESCAPED("\"a\\\"b\"", "a\"b");
    UNESCAPED("", "");
    UNESCAPED("\"\"", "");
    CK_IS(peal_sip_quoted_unescape(S("a\\"), &plain), PEAL_E_SYNTAX);
    CK_IS(peal_sip_quoted_unescape(S("a\"b"), &plain), PEAL_E_SYNTAX);
    CK_IS(peal_sip_quoted_escape(S("a\r\n"), &plain), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_quoted_escape(peal_str_of("\0", 1), &plain), PEAL_E_ARGUMENT);
    peal_blob_fini(&plain);
    peal_blob_init(&plain, 3);
    CK_IS(peal_sip_quoted_escape(S("a\"b"), &plain), PEAL_E_LIMIT);
    CK_IS(peal_sip_quoted_unescape(S("abcd"), &plain), PEAL_E_LIMIT);
    peal_blob_fini(&plain);
    peal_blob_fini(&written);
    peal_blob_fini(&out);
}
END_TEST

START_TEST(pieces_of_values)
{
    uint32_t q;
    uint64_t us;
    static const struct {
        const char *text;
        int q;
    } qs[] = { { "0", 0 },        { "1", 1000 },    { "0.5", 500 }, { "0.125", 125 },
               { "1.000", 1000 }, { "0.", 0 },      { "1.", 1000 }, { "1.001", -1 },
               { "2", -1 },       { "0.1234", -1 }, { ".5", -1 },   { "", -1 },
               { "0,5", -1 },     { "0.x", -1 },    { "x", -1 },    { "9.99", -1 } };
    for (size_t i = 0; i < PEAL_COUNT_OF(qs); ++i) {
        peal_result r = peal_sip_q_decode(peal_str_z(qs[i].text), &q);
        ck_assert_msg(r == (qs[i].q < 0 ? PEAL_E_SYNTAX : PEAL_OK), "%s", qs[i].text);
        ck_assert(qs[i].q < 0 || q == (uint32_t)qs[i].q);
    }
    ck_assert_uint_eq(peal_sip_params_q(S(";a;Q=0.3")), 300);
    ck_assert_uint_eq(peal_sip_params_q(S(";q=x")), 1000);
    ck_assert_uint_eq(peal_sip_params_q(S(";a")), 1000);
    ck_assert(peal_sip_list_has(S("auth-int, AUTH"), S("auth")));
    ck_assert(!peal_sip_list_has(S("auth-int"), S("auth")));
    CK_OK(peal_sip_timestamp_us(S("54.21"), &us));
    ck_assert_uint_eq(us, 54210000);
    CK_OK(peal_sip_timestamp_us(S("0.123456789"), &us));
    ck_assert_uint_eq(us, 123456);
    CK_OK(peal_sip_timestamp_us(S("18446744073709.551615"), &us));
    ck_assert_uint_eq(us, UINT64_MAX);
    CK_IS(peal_sip_timestamp_us(S("18446744073709.551616"), &us), PEAL_E_RANGE);
    CK_IS(peal_sip_timestamp_us(S("18446744073710"), &us), PEAL_E_RANGE);
    CK_IS(peal_sip_timestamp_us(S("99999999999999999999999"), &us), PEAL_E_RANGE);
    CK_IS(peal_sip_timestamp_us(S("1.2.3"), &us), PEAL_E_SYNTAX);
    CK_IS(peal_sip_timestamp_us(S(""), &us), PEAL_E_SYNTAX);
}
END_TEST

START_TEST(algorithms_of_digest)
{
    for (int i = PEAL_SIP_DIGEST_MD5; i <= PEAL_SIP_DIGEST_SHA_512_256_SESS; ++i) {
        peal_str text = peal_sip_digest_algorithm_text((peal_sip_digest_algorithm)i);
        ck_assert_int_eq(peal_sip_digest_algorithm_of(text), i);
    }
    ck_assert_int_eq(peal_sip_digest_algorithm_of(S("sha-256")), PEAL_SIP_DIGEST_SHA_256);
    ck_assert_int_eq(peal_sip_digest_algorithm_of(S("AKAv1-MD5")), PEAL_SIP_DIGEST_OTHER);
    ck_assert_int_eq(peal_sip_digest_algorithm_of((peal_str){ 0 }), PEAL_SIP_DIGEST_MD5);
    CK_ABSENT(peal_sip_digest_algorithm_text(PEAL_SIP_DIGEST_OTHER));
    CK_ABSENT(peal_sip_digest_algorithm_text((peal_sip_digest_algorithm)99));
    peal_sip_challenge challenge;
    CK_OK(peal_sip_challenge_decode(S("Bearer realm=\"a\", error=\"b\\\"c\""), &challenge));
    peal_str name, value, cursor = challenge.params;
    CK_OK(peal_sip_auth_param_next(&cursor, &name, &value));
    CK_STR(name, "realm");
    CK_OK(peal_sip_auth_param_next(&cursor, &name, &value));
    CK_STR(value, "\"b\\\"c\"");
    CK_IS(peal_sip_auth_param_next(&cursor, &name, &value), PEAL_I_END);
    cursor = S("a");
    CK_IS(peal_sip_auth_param_next(&cursor, &name, &value), PEAL_E_SYNTAX);
}
END_TEST

/* Each parameter that is a member: what it says. */
START_TEST(members_say_what_is_written)
{
    peal_sip_subscription_state state;
    peal_sip_contact_params contact;
    peal_sip_privacy privacy;
    peal_sip_diversion diversion;
    peal_sip_retry_after retry;
    peal_sip_credentials credentials;
    CK_OK(peal_sip_subscription_state_decode(S("TERMINATED;reason=giveup;retry-after=5"),
                                             &state));
    ck_assert_int_eq(state.state, PEAL_SIP_SUBSCRIPTION_TERMINATED);
    CK_STR(state.reason, "giveup");
    ck_assert(state.retry_after_s.given && state.retry_after_s.value == 5 &&
              !state.expires_s.given);
    CK_OK(peal_sip_contact_params_decode(
        S(";q=0.25;+SIP.instance=\"<urn:uuid:1>\";reg-id=2;expires=0"), &contact));
    ck_assert(contact.q.given && contact.q.value == 250);
    CK_STR(contact.instance, "<urn:uuid:1>");
    ck_assert(contact.expires_s.given && contact.expires_s.value == 0);
    CK_ABSENT(contact.pub_gruu);
    CK_OK(peal_sip_privacy_decode(S("Id ; critical, x"), &privacy));
    ck_assert_uint_eq(privacy.values,
                      PEAL_SIP_PRIVACY_ID | PEAL_SIP_PRIVACY_CRITICAL | PEAL_SIP_PRIVACY_OTHER);
    CK_OK(
        peal_sip_diversion_decode(S("B <sip:b@c>;reason=\"user-busy\";counter=2"), &diversion));
    CK_STR(diversion.address.display, "B");
    CK_STR(diversion.reason, "\"user-busy\"");
    ck_assert_uint_eq(diversion.counter.value, 2);
    CK_OK(peal_sip_retry_after_decode(S("5 (a(b)) ;duration=9"), &retry));
    CK_STR(retry.comment, "a(b)");
    ck_assert_uint_eq(retry.duration_s.value, 9);
    CK_OK(
        peal_sip_credentials_decode(S("Digest username=\"a\\\"b\",realm=\"\",nonce=\"n\","
                                      "uri=\"sip:u\",response=\"r\",nc=0000002A,qop=\"auth\""),
                                    &credentials));
    CK_STR(credentials.username, "a\\\"b");
    CK_STR(credentials.realm, "");
    ck_assert_uint_eq(credentials.nc.value, 42);
    CK_STR(credentials.qop, "auth");
    peal_blob out = { 0 };
    peal_sip_subscription_state made = { .state = PEAL_SIP_SUBSCRIPTION_PENDING };
    CK_OK(peal_sip_subscription_state_encode(&made, &out));
    CK_STR(peal_blob_str(&out), "pending");
    peal_blob_fini(&out);
}
END_TEST

Suite *suite_typed(void)
{
    Suite *suite = suite_create("typed");
    TCase *tcase = tcase_create("typed");
    tcase_add_test(tcase, values_of_a_packet);
    tcase_add_test(tcase, values_of_general_kinds);
    tcase_add_test(tcase, values_are_put_into_a_packet);
    tcase_add_test(tcase, some_headers_take_less_than_their_kind);
    tcase_add_test(tcase, refused_uris_are_no_addresses);
    tcase_add_loop_test(tcase, injections_are_refused, 0, (int)PEAL_COUNT_OF(injections));
    tcase_add_test(tcase, impossible_values_are_refused);
    tcase_add_test(tcase, quoted_strings);
    tcase_add_test(tcase, pieces_of_values);
    tcase_add_test(tcase, algorithms_of_digest);
    tcase_add_test(tcase, members_say_what_is_written);
    suite_add_tcase(suite, tcase);
    return suite;
}
