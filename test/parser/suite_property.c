/* SPDX-License-Identifier: MIT */
/* Random valid values are built, encoded, decoded and compared; each allocation fails in turn; and
 * what the fuzzers once found runs through them again. */
#include <peal/test/memory.h>

#include "test/fuzz/fuzz_kit.h"
#include "test/parser/bodies_kit.h"

#include <peal/sip/body.h>
#include <peal/sip/encoded_word.h>
#include <peal/sip/multipart.h>
#include <peal/sip/stream.h>

#include <dirent.h>

enum { ROUNDS = 2000, TEXT_MAX = 40 };

/* Text of 1 to TEXT_MAX - 1 bytes out of an alphabet; absent one time in four if it may be. */
static peal_str text_of(kit_random *random, const char *alphabet, char text[TEXT_MAX],
                        bool may_lack)
{
    size_t letters = strlen(alphabet), n = 1 + kit_below(random, TEXT_MAX - 1);
    if (may_lack && kit_below(random, 4) == 0) {
        return peal_str_of(NULL, 0);
    }
    for (size_t i = 0; i < n; ++i) {
        text[i] = alphabet[kit_below(random, letters)];
    }
    return peal_str_of(text, n);
}

static const char any_text[] = "aB9 -_.!~*'();:@&=+$,?/#%[]<>\"\\{}|^`\xc3\xa9\x01\n";
static const char token_text[] = "abcXYZ019-.!%*_+`'~";
static const char host_text[] = "abc-09.";
static const char body_text[] = "ab-\r\n =:v0";

typedef struct random_fields {
    peal_sip_uri_field fields[4];
    char text[4][2][TEXT_MAX];
    size_t count;
} random_fields;

static void make_fields(random_fields *fields, kit_random *random)
{
    fields->count = kit_below(random, 5);
    for (size_t i = 0; i < fields->count; ++i) {
        fields->fields[i].name = text_of(random, any_text, fields->text[i][0], false);
        fields->text[i][0][0] = (char)('a' + i); /* names differ */
        fields->fields[i].value = text_of(random, any_text, fields->text[i][1], true);
    }
}

static void check_unescaped(peal_str escaped, peal_str plain)
{
    peal_blob out;
    peal_blob_init(&out, 0);
    CK_OK(peal_sip_uri_unescape(escaped, &out));
    ck_assert(peal_str_eq(peal_blob_str(&out), plain));
    peal_blob_fini(&out);
}

static void check_fields(const peal_sip_uri *uri, const peal_sip_uri_source *source)
{
    peal_str params = uri->params, headers = uri->headers, name, value;
    for (size_t i = 0; i < source->param_count; ++i) {
        CK_OK(peal_sip_param_next(&params, &name, &value));
        check_unescaped(name, source->params[i].name);
        check_unescaped(value, source->params[i].value);
    }
    CK_IS(peal_sip_param_next(&params, &name, &value), PEAL_I_END);
    for (size_t i = 0; i < source->header_count; ++i) {
        CK_OK(peal_sip_uri_header_next(&headers, &name, &value));
        check_unescaped(name, source->headers[i].name);
        check_unescaped(value, source->headers[i].value);
    }
    CK_IS(peal_sip_uri_header_next(&headers, &name, &value), PEAL_I_END);
}

START_TEST(random_uris_come_back)
{
    static const char *const ipv6[] = { "::1", "[2001:db8::1:2]", "fe80::a:b",
                                        "::ffff:192.0.2.1" };
    kit_random random = { .state = 1 };
    for (int round = 0; round < ROUNDS; ++round) {
        char user[TEXT_MAX], password[TEXT_MAX], host[TEXT_MAX];
        random_fields params, headers;
        peal_sip_uri uri, canonical;
        make_fields(&params, &random);
        make_fields(&headers, &random);
        peal_sip_uri_source source = {
            .size = sizeof source,
            .scheme = round % 2 ? PEAL_SIP_SCHEME_SIP : PEAL_SIP_SCHEME_SIPS,
            .user = text_of(&random, any_text, user, true),
            .host = text_of(&random, host_text, host, false),
            .port = (uint16_t)(kit_below(&random, 3) ? kit_below(&random, 65536) : 0),
            .params = params.fields,
            .param_count = params.count,
            .headers = headers.fields,
            .header_count = headers.count,
        };
        if (source.user.p) {
            source.password = text_of(&random, any_text, password, true);
        }
        if (kit_below(&random, 4) == 0) {
            source.host = peal_str_z(ipv6[kit_below(&random, PEAL_COUNT_OF(ipv6))]);
        }
        peal_blob out, second;
        peal_blob_init(&out, 0);
        peal_blob_init(&second, 0);
        CK_OK(peal_sip_uri_encode(&source, &out));
        CK_OK(peal_sip_uri_decode(peal_blob_str(&out), &uri));
        if (source.user.p) {
            check_unescaped(uri.user, source.user);
        }
        ck_assert((uri.password.p != NULL) == (source.password.p != NULL));
        check_unescaped(uri.password, source.password);
        ck_assert_uint_eq(uri.port, source.port);
        check_fields(&uri, &source);
        CK_OK(peal_sip_uri_canonical(&uri, &second));
        CK_OK(peal_sip_uri_decode(peal_blob_str(&second), &canonical));
        ck_assert(peal_sip_uri_eq(&uri, &canonical));
        peal_blob_fini(&out);
        peal_blob_fini(&second);
    }
}
END_TEST

START_TEST(random_name_addrs_come_back)
{
    kit_random random = { .state = 2 };
    for (int round = 0; round < ROUNDS; ++round) {
        char display[TEXT_MAX], value[TEXT_MAX], params[TEXT_MAX + 8] = ";p=";
        peal_sip_address address;
        peal_blob out;
        peal_str name =
            text_of(&random, round % 2 ? "aB 9\"\\,;<>@" : token_text, display, true);
        peal_str v = text_of(&random, token_text, value, false), found;
        memcpy(params + 3, v.p, v.n);
        peal_blob_init(&out, 0);
        CK_OK(peal_sip_name_addr_encode(name, S("sip:a@b;lr?c=d"), peal_str_of(params, v.n + 3),
                                        &out));
        CK_OK(peal_sip_address_decode(peal_blob_str(&out), &address));
        CK_STR(address.uri, "sip:a@b;lr?c=d");
        ck_assert((address.display.p != NULL) == (name.n > 0));
        CK_OK(peal_sip_param_find(address.params, S("p"), &found));
        ck_assert(peal_str_eq(found, v));
        peal_blob_fini(&out);
    }
}
END_TEST

START_TEST(random_multiparts_come_back)
{
    kit_random random = { .state = 3 };
    for (int round = 0; round < ROUNDS; ++round) {
        peal_sip_part_source parts[5];
        char bodies[5][TEXT_MAX], ids[5][TEXT_MAX];
        peal_sip_multipart_source source = { .size = sizeof source, .parts = parts };
        peal_sip_multipart m;
        peal_sip_part part;
        peal_blob type, body;
        source.part_count = 1 + kit_below(&random, 5);
        for (size_t i = 0; i < source.part_count; ++i) {
            parts[i] = (peal_sip_part_source){
                .content_type = kit_below(&random, 2) ? S("a/b;c=d") : peal_str_of(NULL, 0),
                .id = text_of(&random, token_text, ids[i], true),
                .lines = kit_below(&random, 2) ? S("X: y\r\n") : peal_str_of(NULL, 0),
                .body = text_of(&random, body_text, bodies[i], true)
            };
        }
        peal_blob_init(&type, 0);
        peal_blob_init(&body, 0);
        CK_OK(peal_sip_multipart_encode(&source, &type, &body));
        CK_OK(peal_sip_multipart_init(&m, peal_blob_str(&type), peal_blob_str(&body), NULL));
        for (size_t i = 0; i < source.part_count; ++i) {
            CK_OK(peal_sip_multipart_next(&m, &part));
            ck_assert(peal_str_eq(part.body, parts[i].body));
            ck_assert(peal_str_eq(part.content_type, parts[i].content_type));
            ck_assert(peal_str_eq(part.id, parts[i].id));
            ck_assert((peal_sip_part_value(&part, S("x"), 0).p != NULL) ==
                      (parts[i].lines.n > 0));
        }
        CK_IS(peal_sip_multipart_next(&m, &part), PEAL_I_END);
        peal_blob_fini(&type);
        peal_blob_fini(&body);
    }
}
END_TEST

START_TEST(random_fragments_come_back)
{
    kit_random random = { .state = 5 };
    for (int round = 0; round < ROUNDS; ++round) {
        char name[TEXT_MAX], value[TEXT_MAX], body[TEXT_MAX];
        peal_sip_packet *p = NULL, *again = NULL;
        if (round % 2) {
            CK_OK(peal_sip_sipfrag_new(NULL, &p));
        } else {
            CK_OK(peal_sip_sipfrag_new_status(NULL, 100 + (unsigned)kit_below(&random, 600),
                                              text_of(&random, "aB c", value, true), &p));
        }
        for (size_t i = kit_below(&random, 4); i > 0; --i) {
            name[0] = 'X'; /* no header that stands once */
            peal_str n = text_of(&random, token_text, name, false);
            name[0] = 'X';
            CK_OK(peal_sip_packet_add_named(p, n, text_of(&random, "a b,;\"", value, false)));
        }
        peal_str b = text_of(&random, body_text, body, true);
        if (b.n) {
            CK_OK(peal_sip_packet_set_body(p, S("a/b"), b));
        }
        peal_str text = kit_encode(p);
        CK_OK(peal_sip_sipfrag_decode(NULL, text, NULL, &again, NULL));
        ck_assert_uint_eq(peal_sip_packet_status(again), peal_sip_packet_status(p));
        ck_assert_uint_eq(peal_sip_packet_line_count(again), peal_sip_packet_line_count(p));
        ck_assert(peal_str_eq(peal_sip_packet_body(again), peal_sip_packet_body(p)));
        peal_str second = kit_encode(again);
        ck_assert(peal_str_eq(text, second));
        free((char *)text.p);
        free((char *)second.p);
        peal_sip_packet_unref(p);
        peal_sip_packet_unref(again);
    }
}
END_TEST

START_TEST(random_summaries_and_words_come_back)
{
    kit_random random = { .state = 6 };
    for (int round = 0; round < ROUNDS; ++round) {
        peal_sip_message_summary summary = { .waiting = round % 2 }, again;
        char text[TEXT_MAX];
        peal_blob out, plain;
        for (size_t i = 0; i < PEAL_SIP_MESSAGE_CLASS_COUNT; ++i) {
            peal_sip_message_counts *c = &summary.counts[i];
            c->given = kit_below(&random, 2);
            c->urgent_given = c->given && kit_below(&random, 2);
            c->new_count = c->given ? kit_next(&random) * 256 : 0;
            c->old_urgent = c->urgent_given ? kit_next(&random) : 0;
        }
        peal_blob_init(&out, 0);
        peal_blob_init(&plain, 0);
        CK_OK(peal_sip_message_summary_encode(&summary, &out));
        CK_OK(peal_sip_message_summary_decode(peal_blob_str(&out), &again));
        for (size_t i = 0; i < PEAL_SIP_MESSAGE_CLASS_COUNT; ++i) {
            ck_assert(memcmp(&again.counts[i], &summary.counts[i], sizeof again.counts[i]) ==
                      0);
        }
        peal_blob_clear(&out);
        peal_str words = text_of(&random, "a =?_zZ", text, false);
        CK_OK(peal_sip_encoded_words_encode(words, &out));
        CK_OK(peal_sip_encoded_words_decode(peal_blob_str(&out), &plain));
        ck_assert(peal_str_eq(peal_blob_str(&plain), words));
        peal_blob_fini(&out);
        peal_blob_fini(&plain);
    }
}
END_TEST

/* A stream that lacks memory once can be fed the same bytes again. */
static peal_result stream_life(peal_str text)
{
    peal_sip_stream *stream = NULL;
    peal_sip_stream_event event = { .kind = PEAL_SIP_STREAM_PING };
    peal_result failed = peal_sip_stream_new(PEAL_SIP_STREAM_ACCEPTED, NULL, &stream);
    if (failed < 0) {
        return failed;
    }
    for (size_t at = 0; at < text.n; at += 100) {
        peal_str piece = peal_str_of(text.p + at, text.n - at < 100 ? text.n - at : 100);
        peal_result r = peal_sip_stream_next(stream, &piece, &event);
        while (r == PEAL_E_NO_MEMORY) {
            failed = r;
            r = peal_sip_stream_next(stream, &piece, &event);
        }
        ck_assert(r == PEAL_OK || r == PEAL_I_END);
    }
    ck_assert_int_eq(event.kind, PEAL_SIP_STREAM_MESSAGE);
    ck_assert(peal_str_eq(event.message, text));
    peal_sip_stream_free(stream);
    return failed;
}

static peal_result packet_life(peal_str text)
{
    peal_sip_packet *packet = NULL, *fragment = NULL, *status = NULL;
    static const peal_sip_header_id ids[] = { PEAL_SIP_HEADER_VIA };
    static char uri[600] = "<sip:";
    memset(uri + 5, 'x', 590);
    uri[595] = '>';
    peal_result r = peal_sip_packet_decode(NULL, text, NULL, &packet, NULL);
    for (size_t i = 0; r >= 0 && i < 30; ++i) {
        r = peal_sip_packet_insert_value(packet, PEAL_SIP_HEADER_ROUTE, i, S("<sip:p;lr>"));
    }
    if (r >= 0) {
        r = peal_sip_packet_replace_value(packet, PEAL_SIP_HEADER_ROUTE, 7, peal_str_of(uri, 596));
    }
    if (r >= 0) {
        r = peal_sip_packet_insert_line(packet, 3, S("X"), peal_str_of(uri, 596));
    }
    if (r >= 0) {
        r = peal_sip_packet_set_named(packet, S("X"), peal_str_of(uri, 596));
    }
    if (r >= 0) {
        r = peal_sip_packet_replace_line(packet, 3, peal_str_of(uri, 596));
    }
    if (r >= 0) {
        r = peal_sip_sipfrag_of(NULL, packet, ids, 1, &fragment);
    }
    if (r >= 0) {
        r = peal_sip_sipfrag_new_status(NULL, 200, peal_str_of(uri, 596), &status);
    }
    if (r >= 0) {
        status = peal_sip_packet_unref(status);
        r = peal_sip_sipfrag_decode(NULL, S("SIP/2.0 200 OK"), NULL, &status, NULL);
    }
    if (packet) {
        free((char *)kit_encode(packet).p); /* whatever failed, it can be written */
    }
    peal_sip_packet_unref(packet);
    peal_sip_packet_unref(fragment);
    peal_sip_packet_unref(status);
    return r;
}

static peal_result writers_life(peal_str text)
{
    const peal_sip_part_source parts[] = { { .content_type = S("a/b"), .body = text } };
    const peal_sip_multipart_source source = { .size = sizeof source,
                                               .parts = parts,
                                               .part_count = 1 };
    const peal_sip_uri_source uri = {
        .size = sizeof uri, .scheme = PEAL_SIP_SCHEME_SIP, .user = S("a b"), .host = S("c")
    };
    const peal_sip_message_summary summary = { .waiting = true };
    peal_blob type, body, out;
    peal_blob_init(&type, 0);
    peal_blob_init(&body, 0);
    peal_blob_init(&out, 0);
    peal_result r = peal_sip_multipart_encode(&source, &type, &body);
    ck_assert(r >= 0 || type.bytes + body.bytes == 0);
    if (r >= 0) {
        r = peal_sip_uri_encode(&uri, &out);
    }
    if (r >= 0) {
        r = peal_sip_encoded_words_decode(S("=?utf-8?b?w6k=?="), &out);
    }
    if (r >= 0) {
        r = peal_sip_encoded_words_encode(S("\xc3\xa9 and some more text to be encoded"), &out);
    }
    if (r >= 0) {
        r = peal_sip_name_addr_encode(S("a,b"), S("sip:a"), S(";tag=x"), &out);
    }
    if (r >= 0) {
        r = peal_sip_message_summary_encode(&summary, &out);
    }
    peal_blob_fini(&type);
    peal_blob_fini(&body);
    peal_blob_fini(&out);
    return r;
}

START_TEST(each_allocation_may_fail)
{
    peal_result (*const lives[])(peal_str) = { stream_life, packet_life, writers_life };
    peal_str text = kit_load("12-invite-3proxies.sip");
    unsigned nth = 1;
    ck_assert_int_eq(peal_test_alloc_install(), PEAL_OK);
    for (;; ++nth) {
        peal_test_alloc_fail_nth(nth);
        peal_result r = lives[_i](text);
        if (!peal_test_alloc_has_failed()) {
            CK_OK(r);
            break;
        }
        ck_assert_int_eq(r, PEAL_E_NO_MEMORY);
        ck_assert_uint_eq(peal_alloc_live(), 0);
        ck_assert_uint_eq(peal_sip_packet_live(), 0);
    }
    ck_assert_uint_gt(nth, 4);
    peal_test_alloc_remove();
    free((char *)text.p);
}
END_TEST

static const struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
} targets[] = {
    { "fuzz_uri", fuzz_uri },
    { "fuzz_stream", fuzz_stream },
    { "fuzz_multipart", fuzz_multipart },
    { "fuzz_sipfrag", fuzz_sipfrag },
    { "fuzz_message_summary", fuzz_message_summary },
    { "fuzz_encoded_word", fuzz_encoded_word },
};

/* Seeds and found inputs, each also cut at every byte. */
START_TEST(found_inputs_are_survived)
{
    char path[1024];
    size_t files = 0;
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/test/data/fuzz/%s", top ? top : ".", targets[_i].name);
    DIR *folder = opendir(path);
    ck_assert_msg(folder != NULL, "%s cannot be opened", path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[1024];
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(name, sizeof name, "fuzz/%s/%.300s", targets[_i].name, entry->d_name);
        peal_str text = kit_load(name);
        for (size_t n = text.n > 600 ? text.n - 100 : 0; n <= text.n; ++n) {
            ck_assert_int_eq(targets[_i].run((const uint8_t *)text.p, n), 0);
        }
        free((char *)text.p);
        ++files;
    }
    closedir(folder);
    ck_assert_uint_gt(files, 0);
}
END_TEST

Suite *suite_property(void)
{
    Suite *suite = suite_create("property");
    TCase *tcase = tcase_create("property");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, random_uris_come_back);
    tcase_add_test(tcase, random_name_addrs_come_back);
    tcase_add_test(tcase, random_multiparts_come_back);
    tcase_add_test(tcase, random_fragments_come_back);
    tcase_add_test(tcase, random_summaries_and_words_come_back);
    tcase_add_loop_test(tcase, each_allocation_may_fail, 0, 3);
    tcase_add_loop_test(tcase, found_inputs_are_survived, 0, (int)PEAL_COUNT_OF(targets));
    suite_add_tcase(suite, tcase);
    return suite;
}
