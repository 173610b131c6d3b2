/* SPDX-License-Identifier: MIT */
/* Bodies of several parts (RFC 2046 §5.1, RFC 5621) and transfer encodings (RFC 2045 §6). */
#include "test/parser/bodies_kit.h"

#include <peal/sip/multipart.h>

#define MIXED "multipart/mixed;boundary=b"

static peal_sip_multipart begun(peal_str type, peal_str body)
{
    peal_sip_multipart m;
    CK_OK(peal_sip_multipart_init(&m, type, body, NULL));
    return m;
}

START_TEST(parts_are_read)
{
    peal_str body = S("ignored\r\n--u n\r\nContent-Type: application/sdp\r\n"
                      "Content-Disposition: session;\r\n handling=required\r\nX-A: 1\r\n\r\n"
                      " v=0\r\n\r\n--u n \t\r\nc: text/plain\r\nContent-ID: <a@b>\r\n"
                      "content-transfer-encoding: 8bit\r\n\r\n\r\n--u n\r\n\r\nbare\r\n"
                      "--u nx\r\n--u n--\t\r\nepilogue");
    peal_str exact = kit_exact(body);
    peal_sip_multipart m = begun(S("Multipart/Mixed ; Boundary=\"u\\ n\";start=x"), exact);
    peal_sip_part part;
    CK_STR(m.subtype, "Mixed");
    CK_STR(m.preamble, "ignored");
    CK_ABSENT(m.epilogue);
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_STR(part.content_type, "application/sdp");
    CK_STR(part.disposition, "session;\r\n handling=required");
    CK_STR(part.body, " v=0\r\n");
    CK_ABSENT(part.id);
    CK_STR(peal_sip_part_value(&part, S("x-a"), 0), "1");
    CK_ABSENT(peal_sip_part_value(&part, S("x-a"), 1));
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_STR(part.content_type, "text/plain");
    CK_STR(part.id, "a@b");
    CK_STR(part.encoding, "8bit");
    CK_STR(part.body, "");
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_ABSENT(part.content_type);
    CK_STR(part.head, "\r\n");
    CK_STR(part.body, "bare\r\n--u nx");
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_I_END);
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_I_END);
    CK_STR(m.epilogue, "epilogue");
    ck_assert_uint_eq(m.parts, 3);
    free((char *)exact.p);
}
END_TEST

START_TEST(lines_may_end_in_lf)
{
    peal_sip_multipart m = begun(S(MIXED), S("--b\nA: b\n\nx\n--b\ny\n--b--"));
    peal_sip_part part;
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_STR(part.body, "x");
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_E_SYNTAX); /* "y" is no header */
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_E_SYNTAX);
}
END_TEST

START_TEST(empty_multiparts)
{
    peal_sip_part part;
    peal_sip_multipart m = begun(S(MIXED), S("--b--"));
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_I_END);
    m = begun(S(MIXED), S("--b\r\n--b\r\n\r\n--b--\r\n"));
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_STR(part.text, "");
    CK_STR(part.body, "");
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_STR(part.body, "");
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_I_END);
    CK_STR(m.epilogue, "");
}
END_TEST

static const char *const bad_types[] = {
    "multipart/mixed",
    "multipart/mixed;boundary",
    "multipart/mixed;boundary=",
    "multipart/mixed;boundary=\"\"",
    "multipart/mixed;boundary=\"b \"",
    "multipart/mixed;boundary=\"b\x01\"",
    "multipart/mixed;boundary=b;boundary=c",
    "multipart/mixed;boundary=b;BOUNDARY=b",
    "multipart/mixed;boundary=\"b",
    "multipart/"
    "mixed;boundary=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
};
START_TEST(malformed_types_are_refused)
{
    peal_sip_multipart m;
    CK_IS(peal_sip_multipart_init(&m, peal_str_z(bad_types[_i]), S("--b\r\n\r\n--b--"), NULL),
          PEAL_E_SYNTAX);
}
END_TEST

START_TEST(other_types_are_not_found)
{
    static const char *const types[] = { "text/plain", "multipart/", "multipart",
                                         "multipartx/y" };
    peal_sip_multipart m;
    for (size_t i = 0; i < PEAL_COUNT_OF(types); ++i) {
        CK_IS(peal_sip_multipart_init(&m, peal_str_z(types[i]), S("--b--"), NULL),
              PEAL_E_NOT_FOUND);
    }
}
END_TEST

/* Bodies cut or broken: nothing is read outside, and the damage is seen. */
static const struct {
    const char *type, *body;
    int good_parts;
} bad_bodies[] = {
    { MIXED, "", -1 },
    { MIXED, "--", -1 },
    { MIXED, "--b", -1 },
    { MIXED, "-b--", -1 },
    { MIXED, "x--b\r\n", -1 },
    { MIXED, "--b-\r\n", -1 },
    { MIXED, "--b--x", -1 },
    { MIXED, "--b\r\n", 0 },
    { MIXED, "--b\r\n\r\nx", 0 },
    { MIXED, "--b\r\n\r\nx\r\n--b", 0 },
    { MIXED, "--b\r\n\r\nx\r\n--b-", 0 },
    { MIXED, "--b\r\n\r\nx\r\n--b\r", 0 },
    { MIXED, "--b\r\n\r\nx\r\n--b\r\ny", 1 },
    { MIXED, "--b\r\n\r\nx--b--", 0 },
    { MIXED, "--b\r\nno header\r\n\r\nx\r\n--b--", 0 },
    { MIXED, "--b\r\n: x\r\n\r\nx\r\n--b--", 0 },
    { MIXED, "--b\r\n folded\r\n\r\nx\r\n--b--", 0 },
    { MIXED, "--b\r\nA: b\rc\r\n\r\nx\r\n--b--", 0 },
    { MIXED, "--b\r\nContent-Type: a/b\r\nc: c/d\r\n\r\nx\r\n--b--", 0 },
    { "multipart/mixed;boundary=++", "--++\r\n\r\nx\r\n--+", 0 },
    { "multipart/mixed;boundary=++", "--+", -1 },
};
START_TEST(malformed_bodies_are_refused)
{
    peal_sip_multipart m;
    peal_sip_part part;
    peal_str exact = kit_exact(peal_str_z(bad_bodies[_i].body));
    peal_result r = peal_sip_multipart_init(&m, peal_str_z(bad_bodies[_i].type), exact, NULL);
    int good = -1;
    while (r == PEAL_OK) {
        r = peal_sip_multipart_next(&m, &part);
        ++good;
    }
    free((char *)exact.p);
    ck_assert_msg(r == PEAL_E_SYNTAX, "%s: %s", bad_bodies[_i].body, peal_result_name(r));
    ck_assert_int_eq(good, bad_bodies[_i].good_parts);
}
END_TEST

#define NESTED                                                                                     \
    "--b\r\nContent-Type: multipart/related;boundary=bb\r\n\r\n--bb\r\nContent-Type: a/b\r\n\r\n"  \
    "1\r\n--bb\r\nContent-Type: application/sdp\r\nContent-ID: <s>\r\n\r\n2\r\n--bb--\r\n"         \
    "--b\r\nContent-Type: application/SDP\r\n\r\n3\r\n--b--\r\n"

START_TEST(parts_may_be_multiparts)
{
    peal_sip_multipart m = begun(S(MIXED), S(NESTED)), inner, deeper;
    peal_sip_part part, found;
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_OK(peal_sip_multipart_init_inner(&inner, &m, &part));
    CK_STR(inner.subtype, "related");
    CK_OK(peal_sip_multipart_find_id(&inner, S("<s>"), &found));
    CK_STR(found.body, "2");
    CK_OK(peal_sip_multipart_find_id(&inner, S("s"), &found));
    CK_IS(peal_sip_multipart_find_id(&inner, S("t"), &found), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_multipart_next(&inner, &part));
    CK_IS(peal_sip_multipart_init_inner(&deeper, &inner, &part), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_STR(part.body, "3");
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_I_END);
}
END_TEST

START_TEST(depth_and_count_are_limited)
{
    peal_sip_multipart_limits limits = { .size = sizeof limits, .parts = 1, .depth = 1 };
    peal_sip_multipart m, inner;
    peal_sip_part part;
    CK_OK(peal_sip_multipart_init(&m, S(MIXED), S(NESTED), &limits));
    CK_OK(peal_sip_multipart_next(&m, &part));
    CK_IS(peal_sip_multipart_init_inner(&inner, &m, &part), PEAL_E_LIMIT);
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_E_LIMIT);
    part.content_type = S("multipart/mixed;boundary=b");
    part.encoding = S("base64");
    part.body = S("--b--");
    limits.depth = 2;
    CK_OK(peal_sip_multipart_init(&m, S(MIXED), S(NESTED), &limits));
    CK_IS(peal_sip_multipart_init_inner(&inner, &m, &part), PEAL_E_SYNTAX);
}
END_TEST

static peal_sip_packet *packet_with(const char *type, peal_str body)
{
    peal_sip_packet *p = NULL;
    CK_OK(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_INVITE, S(""), S("sip:a"), &p));
    if (type) {
        CK_OK(peal_sip_packet_set_body(p, peal_str_z(type), body));
    }
    return p;
}

START_TEST(the_part_of_a_type_is_found)
{
    peal_sip_part part;
    peal_sip_packet *p = packet_with(MIXED, S(NESTED));
    CK_OK(peal_sip_packet_find_part(p, S("application/sdp"), &part));
    CK_STR(part.body, "2");
    CK_IS(peal_sip_packet_find_part(p, S("x/y"), &part), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
    p = packet_with("Application/SDP;x=y", S("v=0"));
    CK_OK(peal_sip_packet_find_part(p, S("application/sdp"), &part));
    CK_STR(part.body, "v=0");
    CK_STR(part.content_type, "Application/SDP;x=y");
    CK_IS(peal_sip_packet_find_part(p, S("a/b"), &part), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
    p = packet_with(MIXED, S("--b\r\nContent-Type: a/b\r\n\r\n"));
    CK_IS(peal_sip_packet_find_part(p, S("a/b"), &part), PEAL_E_SYNTAX);
    peal_sip_packet_unref(p);
    p = packet_with(MIXED, S("--b\r\n\r\nuntyped\r\n--b--"));
    CK_IS(peal_sip_packet_find_part(p, S("a/b"), &part), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
    p = packet_with(NULL, S(""));
    CK_IS(peal_sip_packet_find_part(p, S("a/b"), &part), PEAL_E_NOT_FOUND);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(depth_is_bounded_in_searches)
{
    peal_sip_part part;
    peal_blob inner, outer;
    peal_blob_init(&inner, 0);
    CK_OK(peal_blob_append(&inner, S("Content-Type: a/b\r\n\r\nx")));
    for (int depth = 1; depth <= 5; ++depth) {
        char type[64];
        snprintf(type, sizeof type, "multipart/mixed;boundary=%d", depth);
        peal_blob_init(&outer, 0);
        CK_OK(peal_blob_printf(&outer, "--%d\r\n%s\r\n--%d--", depth, inner.data, depth));
        peal_sip_packet *p = packet_with(type, peal_blob_str(&outer));
        CK_IS(peal_sip_packet_find_part(p, S("a/b"), &part),
              depth <= 4 ? PEAL_OK : PEAL_E_LIMIT);
        peal_sip_packet_unref(p);
        peal_blob_clear(&inner);
        CK_OK(peal_blob_printf(&inner, "Content-Type: %s\r\n\r\n%s", type, outer.data));
        peal_blob_fini(&outer);
    }
    peal_blob_fini(&inner);
}
END_TEST

START_TEST(multiparts_are_written)
{
    const peal_sip_part_source parts[] = {
        { .content_type = S("application/sdp"), .body = S("v=0\r\n") },
        { .content_type = S("a/b"),
          .disposition = S("x;handling=optional"),
          .id = S("i@d"),
          .lines = S("X: 1\r\nY: 2\r\n"),
          .body = S("--fix\r\n--peal-") },
        { .body = S("") },
    };
    peal_sip_multipart_source source = { .size = sizeof source,
                                         .subtype = S("related"),
                                         .params = S(";start=\"<i@d>\""),
                                         .boundary = S("fixed"),
                                         .parts = parts,
                                         .part_count = 3 };
    peal_blob type, body;
    peal_blob_init(&type, 0);
    peal_blob_init(&body, 0);
    CK_OK(peal_sip_multipart_encode(&source, &type, &body));
    CK_BLOB(type, "multipart/related;boundary=\"fixed\";start=\"<i@d>\"");
    CK_BLOB(body,
            "--fixed\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--fixed\r\n"
            "Content-Type: a/b\r\nContent-Disposition: x;handling=optional\r\n"
            "Content-ID: <i@d>\r\nX: 1\r\nY: 2\r\n\r\n--fix\r\n--peal-\r\n--fixed\r\n\r\n\r\n"
            "--fixed--\r\n");
    peal_blob_clear(&type);
    peal_blob_clear(&body);
    source.boundary = peal_str_of(NULL, 0);
    source.subtype = peal_str_of(NULL, 0);
    CK_OK(peal_sip_multipart_encode(&source, &type, &body));
    peal_sip_multipart m = begun(peal_blob_str(&type), peal_blob_str(&body));
    peal_sip_part part;
    CK_STR(m.subtype, "mixed");
    for (size_t i = 0; i < 3; ++i) {
        CK_OK(peal_sip_multipart_next(&m, &part));
        ck_assert(peal_str_eq(part.body, parts[i].body));
    }
    CK_IS(peal_sip_multipart_next(&m, &part), PEAL_I_END);
    peal_blob_fini(&type);
    peal_blob_fini(&body);
}
END_TEST

START_TEST(what_breaks_out_is_refused)
{
    static const peal_sip_part_source good[] = { { .body = S0("x") } };
    static const peal_sip_part_source bad_parts[][1] = {
        { { .content_type = S0("a/b\r\nX: y"), .body = S0("x") } },
        { { .content_type = S0(""), .body = S0("x") } },
        { { .disposition = S0("a\n"), .body = S0("x") } },
        { { .id = S0("a\r"), .body = S0("x") } },
        { { .lines = S0("X: y"), .body = S0("x") } },
        { { .lines = S0("X: y\r\n\r\n"), .body = S0("x") } },
        { { .lines = S0("\r\n"), .body = S0("x") } },
        { { .lines = S0("nonsense\r\n"), .body = S0("x") } },
        { { .lines = S0("c: a/b\r\n"), .body = S0("x") } },
    };
    const size_t size = sizeof(peal_sip_multipart_source);
    peal_blob type, body;
    peal_blob_init(&type, 0);
    peal_blob_init(&body, 0);
    for (size_t i = 0; i < PEAL_COUNT_OF(bad_parts); ++i) {
        peal_sip_multipart_source source = { .size = size,
                                             .parts = bad_parts[i],
                                             .part_count = 1 };
        CK_IS(peal_sip_multipart_encode(&source, &type, &body), PEAL_E_ARGUMENT);
    }
    const peal_sip_multipart_source bad[] = {
        { .size = size, .parts = good },
        { .size = 8, .parts = good, .part_count = 1 },
        { .size = size, .parts = good, .part_count = 1, .boundary = S("") },
        { .size = size, .parts = good, .part_count = 1, .boundary = S("a b") },
        { .size = size, .parts = good, .part_count = 1, .boundary = S("a\"") },
        { .size = size, .parts = good, .part_count = 1, .subtype = S("a/b") },
        { .size = size, .parts = good, .part_count = 1, .params = S("x=y") },
        { .size = size, .parts = good, .part_count = 1, .params = S(";boundary=x") },
        { .size = size, .parts = good, .part_count = 1, .params = S(";x=\"") },
        { .size = size, .parts = good, .part_count = 1, .params = S(";x=y\r\nA: b") },
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(bad); ++i) {
        peal_result r = peal_sip_multipart_encode(&bad[i], &type, &body);
        ck_assert_msg(r == PEAL_E_ARGUMENT, "%zu: %s", i, peal_result_name(r));
        ck_assert_uint_eq(type.bytes + body.bytes, 0);
    }
    const peal_sip_part_source holds[] = { { .body = S("a--fixedb") } };
    peal_sip_multipart_source source = {
        .size = size, .parts = holds, .part_count = 1, .boundary = S("fixed")
    };
    CK_IS(peal_sip_multipart_encode(&source, &type, &body), PEAL_E_ARGUMENT);
    peal_blob_fini(&type);
    peal_blob_fini(&body);
}
END_TEST

static const struct {
    const char *encoding, *body, *plain; /* plain NULL: malformed */
} encodings[] = {
    { "BASE64", "aGVs\r\nbG8=", "hello" },
    { "base64", "aGVsbG8h", "hello!" },
    { "base64", "aGVsbA==\r\n", "hell" },
    { "base64", "", "" },
    { "base64", "aGVsbG8", NULL },
    { "base64", "aGVsbG9=", NULL },
    { "base64", "a=Vs", NULL },
    { "base64", "aGV*", NULL },
    { "base64", "=", NULL },
    { "quoted-printable", "a=3D=\r\nb=20 \tc= \t\r\nd", "a=b  \tcd" },
    { "quoted-printable", "a=\nb", "ab" },
    { "quoted-printable", "a_b", "a_b" },
    { "quoted-printable", "a=3", NULL },
    { "quoted-printable", "a=", NULL },
    { "quoted-printable", "a=xy", NULL },
    { "8bit", "a=xy", "a=xy" },
    { "7BIT", "a", "a" },
    { "binary", "a", "a" },
    { NULL, "a", "a" },
};
START_TEST(transfer_encodings_are_undone)
{
    peal_str exact = kit_exact(peal_str_z(encodings[_i].body));
    peal_sip_part part = { .encoding = peal_str_z(encodings[_i].encoding), .body = exact };
    peal_blob out;
    peal_blob_init(&out, 0);
    CK_OK(peal_blob_append(&out, S(">")));
    peal_result r = peal_sip_part_decode(&part, &out);
    ck_assert_int_eq(r, encodings[_i].plain ? PEAL_OK : PEAL_E_SYNTAX);
    ck_assert_str_eq(out.data + 1, encodings[_i].plain ? encodings[_i].plain : "");
    part.encoding = S("x-foo");
    CK_IS(peal_sip_part_decode(&part, &out), PEAL_E_NOT_FOUND);
    peal_blob_fini(&out);
    free((char *)exact.p);
}
END_TEST

Suite *suite_multipart(void)
{
    Suite *suite = suite_create("multipart");
    TCase *tcase = tcase_create("multipart");
    tcase_add_test(tcase, parts_are_read);
    tcase_add_test(tcase, lines_may_end_in_lf);
    tcase_add_test(tcase, empty_multiparts);
    tcase_add_loop_test(tcase, malformed_types_are_refused, 0, (int)PEAL_COUNT_OF(bad_types));
    tcase_add_test(tcase, other_types_are_not_found);
    tcase_add_loop_test(tcase, malformed_bodies_are_refused, 0, (int)PEAL_COUNT_OF(bad_bodies));
    tcase_add_test(tcase, parts_may_be_multiparts);
    tcase_add_test(tcase, depth_and_count_are_limited);
    tcase_add_test(tcase, the_part_of_a_type_is_found);
    tcase_add_test(tcase, depth_is_bounded_in_searches);
    tcase_add_test(tcase, multiparts_are_written);
    tcase_add_test(tcase, what_breaks_out_is_refused);
    tcase_add_loop_test(tcase, transfer_encodings_are_undone, 0, (int)PEAL_COUNT_OF(encodings));
    suite_add_tcase(suite, tcase);
    return suite;
}
