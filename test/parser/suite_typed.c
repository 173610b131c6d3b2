/* SPDX-License-Identifier: MIT */
/* The values of every kind: the RFCs' examples (test/data/header_examples.txt), what their members
 * say, and how packets give and take them. */
#include "test/parser/parser_kit.h"

#include "test/fuzz/fuzz_kind.h"

#include "sipstack/parser/header_inner.h"

#define NAME(kind) [PEAL_SIP_KIND_##kind] = #kind
static const char *const kind_names[PEAL_SIP_KIND_COUNT] = {
    NAME(RAW),
    NAME(VIA),
    NAME(ADDRESS),
    NAME(ADDRESS_LIST),
    NAME(CSEQ),
    NAME(TEXT),
    NAME(NUMBER),
    NAME(TOKENS),
    NAME(VALUE_PARAMS),
    NAME(VALUE_LIST),
    NAME(PARAMS),
    NAME(CALL_IDS),
    NAME(RETRY_AFTER),
    NAME(DATE),
    NAME(TIMESTAMP),
    NAME(MIME_VERSION),
    NAME(WARNING),
    NAME(CHALLENGE),
    NAME(CREDENTIALS),
    NAME(AUTH_INFO),
    NAME(SESSION_EXPIRES),
    NAME(MIN_SE),
    NAME(RACK),
    NAME(REPLACES),
    NAME(JOIN),
    NAME(TARGET_DIALOG),
    NAME(SESSION_ID),
    NAME(REASON),
    NAME(REFER_SUB),
    NAME(ANSWER_MODE),
    NAME(EVENT),
    NAME(PRIVACY),
    NAME(SUBSCRIPTION_STATE),
    NAME(IDENTITY),
    NAME(HISTORY_INFO),
    NAME(DIVERSION),
    NAME(CHARGING_VECTOR),
    NAME(CONTACT_PARAMS),
    NAME(ALERT_ERROR),
};

/* One line of the file. */
typedef struct example {
    bool good;
    peal_sip_header_kind kind;
    peal_str text, written; /* in memory of the blobs */
    peal_blob text_blob, written_blob;
} example;

static void append_line(peal_blob *out, peal_str text)
{
    static const struct {
        peal_str name, bytes;
    } marks[] = { { S0("{CRLF}"), S0("\r\n") },
                  { S0("{TAB}"), S0("\t") },
                  { S0("{NUL}"), S0("\0") } };
    for (size_t i = 0; i < text.n;) {
        size_t m = 0;
        while (m < PEAL_COUNT_OF(marks) &&
               (text.n - i < marks[m].name.n ||
                memcmp(text.p + i, marks[m].name.p, marks[m].name.n) != 0)) {
            ++m;
        }
        bool mark = m < PEAL_COUNT_OF(marks);
        CK_OK(peal_blob_append(out, mark ? marks[m].bytes : peal_str_of(text.p + i, 1)));
        i += mark ? marks[m].name.n : 1;
    }
}

static peal_sip_header_kind kind_of_name(peal_str name)
{
    int kind = 0;
    while (kind < PEAL_SIP_KIND_COUNT && !peal_str_eq(name, peal_str_z(kind_names[kind]))) {
        ++kind;
    }
    ck_assert_msg(kind < PEAL_SIP_KIND_COUNT, "no kind %.*s", PEAL_STR_ARG(name));
    return (peal_sip_header_kind)kind;
}

static const char *find_text(peal_str text, const char *wanted)
{
    size_t n = strlen(wanted);
    for (size_t i = 0; i + n <= text.n; ++i) {
        if (memcmp(text.p + i, wanted, n) == 0) {
            return text.p + i;
        }
    }
    return NULL;
}

static void read_example(peal_str line, example *ret)
{
    *ret = (example){ .good = line.p[0] == '+' };
    peal_str rest = peal_str_of(line.p + 2, line.n - 2);
    const char *space = memchr(rest.p, ' ', rest.n);
    peal_str name = peal_str_of(rest.p, space ? (size_t)(space - rest.p) : rest.n);
    ret->kind = kind_of_name(name);
    rest = space ? peal_str_of(space + 1, rest.n - name.n - 1) : peal_str_of("", 0);
    const char *arrow = find_text(rest, " => ");
    peal_str text = peal_str_of(rest.p, arrow ? (size_t)(arrow - rest.p) : rest.n);
    append_line(&ret->text_blob, text);
    append_line(&ret->written_blob, arrow ? peal_str_of(arrow + 4, rest.n - text.n - 4) : text);
    ret->text = peal_blob_str(&ret->text_blob);
    ret->written = peal_blob_str(&ret->written_blob);
}

static size_t each_example(void (*run)(const example *e))
{
    peal_str file = kit_load("header_examples.txt");
    size_t count = 0;
    for (peal_str rest = file; rest.n;) {
        const char *stop = memchr(rest.p, '\n', rest.n);
        peal_str line = peal_str_of(rest.p, stop ? (size_t)(stop - rest.p) : rest.n);
        size_t used = line.n + (stop != NULL);
        rest = peal_str_of(rest.p + used, rest.n - used);
        if (line.n > 2 && line.p[0] != '#') {
            example e;
            read_example(line, &e);
            run(&e);
            peal_blob_fini(&e.text_blob);
            peal_blob_fini(&e.written_blob);
            ++count;
        }
    }
    free((char *)file.p);
    return count;
}

/* Room for the struct of any kind. */
typedef union any_value {
    uint64_t aligned;
    char bytes[512];
} any_value;

static void check_example(const example *e)
{
    any_value value;
    memset(&value, 0x5A, sizeof value);
    peal_str exact = kit_exact(e->text);
    peal_result r = peal_sip_kind_decode(e->kind, exact, &value);
    ck_assert_msg(r == (e->good ? PEAL_OK : PEAL_E_SIP_HEADER), "%s \"%.*s\": %s",
                  kind_names[e->kind], PEAL_STR_ARG(e->text), peal_result_name(r));
    if (e->good) {
        peal_blob out = { 0 };
        CK_OK(peal_sip_kind_encode(e->kind, &value, &out));
        ck_assert_msg(peal_str_eq(peal_blob_str(&out), e->written), "%s: \"%.*s\", not \"%.*s\"",
                      kind_names[e->kind], PEAL_STR_ARG(peal_blob_str(&out)),
                      PEAL_STR_ARG(e->written));
        peal_blob_fini(&out);
    } else {
        /* Untouched on failure. */
        any_value same;
        memset(&same, 0x5A, sizeof same);
        ck_assert(memcmp(&value, &same, sizeof same) == 0);
    }
    free((char *)exact.p);
}

START_TEST(examples_of_the_rfcs)
    {
        ck_assert_uint_gt(each_example(check_example), 250);
    }
END_TEST

static unsigned good_of_kind[PEAL_SIP_KIND_COUNT], bad_of_kind[PEAL_SIP_KIND_COUNT];

static void count_example(const example *e)
{
    ++(e->good ? good_of_kind : bad_of_kind)[e->kind];
}

START_TEST(every_kind_has_examples)
    {
        each_example(count_example);
        for (int kind = PEAL_SIP_KIND_RAW + 1; kind < PEAL_SIP_KIND_COUNT; ++kind) {
            /* Any text is a text, and lists of tokens are read as leniently. */
            bool any = kind == PEAL_SIP_KIND_TEXT || kind == PEAL_SIP_KIND_TOKENS;
            ck_assert_msg(good_of_kind[kind] > 0 && (any || bad_of_kind[kind] > 1), "%s",
                          kind_names[kind]);
        }
        for (int id = 1; id < PEAL_SIP_HEADER_COUNT; ++id) {
            ck_assert_int_ne(peal_sip_header_kind_of((peal_sip_header_id)id), PEAL_SIP_KIND_RAW);
        }
        ck_assert_int_eq(peal_sip_header_kind_of(PEAL_SIP_HEADER_OTHER), PEAL_SIP_KIND_RAW);
        ck_assert_int_eq(peal_sip_header_kind_of(PEAL_SIP_HEADER_COUNT), PEAL_SIP_KIND_RAW);
    }
END_TEST

/* Every truncation, and every byte replaced by one that means something. */
static void damage_example(const example *e)
{
    static const char bytes[] = "\0\r\n\t \"\\;,=<>():@*%~9a\x80";
    char text[1024];
    ck_assert_uint_lt(e->text.n, sizeof text);
    for (size_t n = 0; n <= e->text.n; ++n) {
        fuzz_kind_check(e->kind, peal_str_of(e->text.p, n));
    }
    for (size_t i = 0; i < e->text.n; ++i) {
        for (size_t b = 0; b < sizeof bytes - 1; ++b) {
            memcpy(text, e->text.p, e->text.n);
            text[i] = bytes[b];
            fuzz_kind_check(e->kind, peal_str_of(text, e->text.n));
        }
    }
}

START_TEST(damaged_examples_break_nothing)
    {
        each_example(damage_example);
    }
END_TEST

/* Every example goes into a packet under every header of its kind, and comes out again. */
static void carry_example(const example *e)
{
    any_value value;
    const void *found;
    if (!e->good) {
        return;
    }
    CK_OK(peal_sip_kind_decode(e->kind, e->text, &value));
    for (int i = 1; i < PEAL_SIP_HEADER_COUNT; ++i) {
        peal_sip_header_id id = (peal_sip_header_id)i;
        if (peal_sip_header_kind_of(id) != e->kind || id == PEAL_SIP_HEADER_CONTENT_LENGTH ||
            id == PEAL_SIP_HEADER_MAX_FORWARDS || id == PEAL_SIP_HEADER_RSEQ) {
            continue;
        }
        peal_sip_packet *p = NULL;
        peal_blob out = { 0 };
        CK_OK(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_OPTIONS, (peal_str){ 0 },
                                          S("sip:a@b"), &p));
        CK_OK(peal_sip_packet_put(p, id, e->kind, PEAL_SIP_PUT_ADD, &value));
        CK_OK(peal_sip_packet_put(p, id, e->kind, PEAL_SIP_PUT_PUSH, &value));
        CK_OK(peal_sip_packet_put(p, id, e->kind, PEAL_SIP_PUT_SET, &value));
        ck_assert_uint_eq(peal_sip_packet_line_count(p), 1);
        CK_OK(peal_sip_packet_get(p, id, e->kind, 0, &found));
        CK_OK(peal_sip_kind_encode(e->kind, found, &out));
        ck_assert(peal_str_eq(peal_blob_str(&out), e->written));
        CK_IS(peal_sip_packet_get(p, id, e->kind, 1, &found), PEAL_E_NOT_FOUND);
        peal_blob_fini(&out);
        peal_sip_packet_unref(p);
    }
}

START_TEST(packets_carry_every_header)
    {
        each_example(carry_example);
    }
END_TEST

#define HEAD                                                                                       \
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"    \
    "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"

START_TEST(values_of_a_packet)
    {
        peal_sip_packet *p = kit_good(S(
            HEAD "x: 1800;refresher=uas\r\nMin-SE: 90\r\nReason: SIP;cause=200, Q.850;cause=16\r\n"
                 "reason: X\r\nr: <sip:c@d?Replaces=e%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n"
                 "b: <sip:f@g>\r\no: refer;id=7\r\nu: presence, dialog\r\nd: cancel, no-fork\r\n"
                 "a: *;audio, *;video\r\nj: *;text\r\ny: q;info=<sip:w>\r\nRSeq: 0\r\n"
                 "Proxy-Authorization: Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:v\","
                 "response=\"s\"\r\nAuthorization: Bearer abc\r\nDate: now\r\n"
                 "P-Asserted-Identity: \"C\" <sip:c@d>, <tel:+1>\r\nMax-Breadth: 60\r\n"
                 "In-Reply-To: a\"b, c<d\r\nX-Own: yes;really=\"so\"\r\nl: 0\r\n\r\n"));
        const peal_sip_session_expires *expires;
        const peal_sip_min_se *min_se;
        const peal_sip_reason *reason;
        const peal_sip_address *address;
        const peal_sip_event *event;
        const peal_sip_value *value;
        const peal_sip_credentials *credentials;
        const peal_sip_identity *identity;
        const peal_sip_date *date;
        const void *found;
        uint32_t number;
        peal_str token;
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
        CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_REFER_TO, 0, &address));
        CK_STR(address->uri, "sip:c@d?Replaces=e%3Bto-tag%3D1%3Bfrom-tag%3D2");
        CK_OK(peal_sip_packet_get_address(p, PEAL_SIP_HEADER_REFERRED_BY, 0, &address));
        CK_STR(address->uri, "sip:f@g");
        CK_OK(peal_sip_packet_get_address(p, PEAL_SIP_HEADER_P_ASSERTED_IDENTITY, 1, &address));
        CK_STR(address->uri, "tel:+1");
        CK_OK(peal_sip_packet_get_event(p, &event));
        CK_STR(event->id, "7");
        CK_OK(peal_sip_packet_token(p, PEAL_SIP_HEADER_ALLOW_EVENTS, 1, &token));
        CK_STR(token, "dialog");
        ck_assert(peal_sip_packet_has_token(p, PEAL_SIP_HEADER_REQUEST_DISPOSITION, S("no-fork")));
        CK_OK(peal_sip_packet_get_value(p, PEAL_SIP_HEADER_ACCEPT_CONTACT, 1, &value));
        CK_STR(value->params, ";video");
        CK_OK(peal_sip_packet_get_value(p, PEAL_SIP_HEADER_REJECT_CONTACT, 0, &value));
        CK_STR(value->value, "*");
        CK_OK(peal_sip_packet_get_identity(p, 0, &identity));
        CK_STR(identity->info, "sip:w");
        CK_OK(peal_sip_packet_get_credentials(p, PEAL_SIP_HEADER_PROXY_AUTHORIZATION, 0,
                                              &credentials));
        CK_STR(credentials->uri, "sip:v");
        CK_OK(peal_sip_packet_get_credentials(p, PEAL_SIP_HEADER_AUTHORIZATION, 0, &credentials));
        CK_STR(credentials->token68, "abc");
        CK_OK(peal_sip_packet_number(p, PEAL_SIP_HEADER_MAX_BREADTH, &number));
        ck_assert_uint_eq(number, 60);
        /* RFC 3262 §7.1: from 1 on. */
        CK_IS(peal_sip_packet_number(p, PEAL_SIP_HEADER_RSEQ, &number), PEAL_E_SIP_HEADER);
        CK_IS(peal_sip_packet_get(p, PEAL_SIP_HEADER_RSEQ, PEAL_SIP_KIND_NUMBER, 0, &found),
              PEAL_E_SIP_HEADER);
        CK_OK(peal_sip_packet_get(p, PEAL_SIP_HEADER_MAX_BREADTH, PEAL_SIP_KIND_NUMBER, 0, &found));
        CK_OK(
            peal_sip_packet_get(p, PEAL_SIP_HEADER_IN_REPLY_TO, PEAL_SIP_KIND_CALL_IDS, 1, &found));
        CK_STR(*(const peal_str *)found, "c<d");
        CK_IS(peal_sip_packet_get_date(p, &date), PEAL_E_SIP_HEADER);
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

Suite *suite_typed(void)
{
    Suite *suite = suite_create("typed");
    TCase *tcase = tcase_create("typed");
    tcase_add_test(tcase, examples_of_the_rfcs);
    tcase_add_test(tcase, every_kind_has_examples);
    tcase_add_test(tcase, damaged_examples_break_nothing);
    tcase_add_test(tcase, packets_carry_every_header);
    tcase_add_test(tcase, values_of_a_packet);
    tcase_add_test(tcase, values_are_put_into_a_packet);
    tcase_add_loop_test(tcase, injections_are_refused, 0, (int)PEAL_COUNT_OF(injections));
    tcase_add_test(tcase, impossible_values_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
