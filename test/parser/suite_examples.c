/* SPDX-License-Identifier: MIT */
/* The RFCs' examples of every kind (test/data/header_examples.txt): read, written, damaged, carried
 * by packets. */
#include "test/parser/parser_kit.h"

#include "test/fuzz/kind_check.h"

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

/* Every truncation, and every byte replaced by one that means something. A part of the examples in
 * each run, so that the parts run side by side. */
enum { DAMAGE_PARTS = 8 };
static size_t damage_part, damage_count;

static void damage_example(const example *e)
{
    static const char bytes[] = "\0\r\n \"\\;,=<>(%9a\x80";
    char text[1024];
    ck_assert_uint_lt(e->text.n, sizeof text);
    if (damage_count++ % DAMAGE_PARTS != damage_part) {
        return;
    }
    for (size_t n = 0; n <= e->text.n; ++n) {
        kind_check(e->kind, peal_str_of(e->text.p, n));
    }
    for (size_t i = 0; i < e->text.n; ++i) {
        for (size_t b = 0; b < sizeof bytes - 1; ++b) {
            memcpy(text, e->text.p, e->text.n);
            text[i] = bytes[b];
            kind_check(e->kind, peal_str_of(text, e->text.n));
        }
    }
}

START_TEST(damaged_examples_break_nothing)
{
    damage_part = (size_t)_i;
    damage_count = 0;
    each_example(damage_example);
}
END_TEST

/* Headers that do not take all that their kind can say. */
static bool is_narrower(peal_sip_header_id id)
{
    static const peal_sip_header_id ids[] = {
        PEAL_SIP_HEADER_CONTENT_LENGTH, PEAL_SIP_HEADER_MAX_FORWARDS, PEAL_SIP_HEADER_RSEQ,
        PEAL_SIP_HEADER_CALL_ID,        PEAL_SIP_HEADER_SIP_ETAG,     PEAL_SIP_HEADER_SIP_IF_MATCH,
        PEAL_SIP_HEADER_SUPPRESS_IF_MATCH,
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(ids); ++i) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

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
        bool is_star = peal_str_eq(e->text, S("*")) && id != PEAL_SIP_HEADER_CONTACT;
        if (peal_sip_header_kind_of(id) != e->kind || is_narrower(id) || is_star) {
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

Suite *suite_examples(void)
{
    Suite *suite = suite_create("examples");
    TCase *tcase = tcase_create("examples");
    tcase_add_test(tcase, examples_of_the_rfcs);
    tcase_add_test(tcase, every_kind_has_examples);
    tcase_add_loop_test(tcase, damaged_examples_break_nothing, 0, DAMAGE_PARTS);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, packets_carry_every_header);
    suite_add_tcase(suite, tcase);
    return suite;
}
