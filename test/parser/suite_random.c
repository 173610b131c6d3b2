/* SPDX-License-Identifier: MIT */
/* Random valid values of every kind: what is encoded decodes to the same members, and damaged bytes
 * of it break nothing. Seeded: each run makes the same values. */
#include "test/parser/random_member.h"

#include "test/fuzz/kind_check.h"

#include "sipstack/parser/header_inner.h"

enum { ROUNDS = 400, DAMAGES = 8 };

/* The parts of a kind's struct, and where the text of its parameters is. */
typedef struct plan {
    part parts[16];
    size_t count;
    size_t params_at; /* 0: none */
    char separator;
    size_t bytes;
} value_plan;

static peal_result next_param(char separator, peal_str *cursor, peal_str *name, peal_str *value)
{
    return separator == ',' ? peal_sip_auth_param_next(cursor, name, value)
                            : peal_sip_param_next(cursor, name, value);
}

/* The next that begins with "x-"; false: none. */
static bool next_other(char separator, peal_str *cursor, peal_str *name, peal_str *value)
{
    while (next_param(separator, cursor, name, value) == PEAL_OK) {
        if (name->n > 2 && memcmp(name->p, "x-", 2) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_params(char separator, peal_str a, peal_str b)
{
    peal_str name, value, other_name, other_value;
    while (next_other(separator, &a, &name, &value)) {
        if (!next_other(separator, &b, &other_name, &other_value) ||
            !peal_str_eq(name, other_name) || !peal_str_eq(value, other_value)) {
            return false;
        }
    }
    return !next_other(separator, &b, &other_name, &other_value);
}

static const content content_of_form[] = {
    [PEAL__SIP_FORM_TOKEN] = TOKEN,       [PEAL__SIP_FORM_VALUE] = VALUE,
    [PEAL__SIP_FORM_QUOTED] = QUOTED,     [PEAL__SIP_FORM_BARE] = TOKEN,
    [PEAL__SIP_FORM_ANGLE] = URI,         [PEAL__SIP_FORM_HEX32] = HEX32,
    [PEAL__SIP_FORM_NUMBER] = OPT_NUMBER, [PEAL__SIP_FORM_NC] = OPT_NUMBER,
    [PEAL__SIP_FORM_Q] = OPT_Q,           [PEAL__SIP_FORM_FLAG] = FLAG,
    [PEAL__SIP_FORM_TRUE] = FLAG,         [PEAL__SIP_FORM_CHOICE] = CHOICE,
};
static const content content_of_head[] = {
    [PEAL__SIP_HEAD_TOKEN] = TOKEN, [PEAL__SIP_HEAD_CALL_ID] = CALL_ID,
    [PEAL__SIP_HEAD_HEX32] = HEX32, [PEAL__SIP_HEAD_WORDS] = WORDS,
    [PEAL__SIP_HEAD_NUMBER] = U32,  [PEAL__SIP_HEAD_TRUE] = FLAG,
};

static void plan_part(value_plan *ret, content what, bool needed, size_t at)
{
    ck_assert_uint_lt(ret->count, PEAL_COUNT_OF(ret->parts));
    ret->parts[ret->count++] = (part){ what, needed, at };
}

/* Shapes say by themselves what is in them. */
static void plan_of_shape(const peal__sip_shape *shape, value_plan *ret)
{
    ret->separator = ';';
    ret->bytes = shape->bytes;
    ret->params_at = shape->params_at;
    if (shape->head == PEAL__SIP_HEAD_ADDRESS) {
        plan_part(ret, DISPLAY, false, shape->head_at + offsetof(peal_sip_address, display));
        plan_part(ret, URI, true, shape->head_at + offsetof(peal_sip_address, uri));
        ret->params_at = shape->head_at + offsetof(peal_sip_address, params);
    } else if (shape->head > PEAL__SIP_HEAD_SEMICOLON) {
        plan_part(ret, content_of_head[shape->head], true, shape->head_at);
    }
    for (size_t i = 0; i < shape->count; ++i) {
        const peal__sip_field *field = &shape->fields[i];
        plan_part(ret, content_of_form[field->form], field->needed, field->at);
    }
}

#define PLAN(type, mark)                                                                           \
    .bytes = sizeof(type), .params_at = offsetof(type, params), .separator = mark
#define NEED(type, member, what)                                                                   \
    {                                                                                              \
        what, true, offsetof(type, member)                                                         \
    }
#define MAY(type, member, what)                                                                    \
    {                                                                                              \
        what, false, offsetof(type, member)                                                        \
    }
static const value_plan plans[PEAL_SIP_KIND_COUNT] = {
    [PEAL_SIP_KIND_VIA] = { { NEED(peal_sip_via, transport_text, TOKEN),
                              NEED(peal_sip_via, host, HOST), NEED(peal_sip_via, port, U16),
                              MAY(peal_sip_via, branch, VALUE), MAY(peal_sip_via, received, VALUE),
                              MAY(peal_sip_via, maddr, VALUE),
                              NEED(peal_sip_via, has_rport, FLAG) },
                            7,
                            PLAN(peal_sip_via, ';') },
    [PEAL_SIP_KIND_ADDRESS] = { { MAY(peal_sip_address, display, DISPLAY),
                                  NEED(peal_sip_address, uri, URI),
                                  MAY(peal_sip_address, tag, VALUE) },
                                3,
                                PLAN(peal_sip_address, ';') },
    [PEAL_SIP_KIND_ADDRESS_LIST] = { { MAY(peal_sip_address, display, DISPLAY),
                                       NEED(peal_sip_address, uri, URI) },
                                     2,
                                     PLAN(peal_sip_address, ';') },
    [PEAL_SIP_KIND_CSEQ] = { { NEED(peal_sip_cseq, number, U31),
                               NEED(peal_sip_cseq, method_text, TOKEN) },
                             2,
                             .bytes = sizeof(peal_sip_cseq) },
    [PEAL_SIP_KIND_TEXT] = { { { TEXT, true, 0 } }, 1, .bytes = sizeof(peal_str) },
    [PEAL_SIP_KIND_NUMBER] = { { { U32, true, 0 } }, 1, .bytes = sizeof(uint32_t) },
    [PEAL_SIP_KIND_TOKENS] = { { { WORD, true, 0 } }, 1, .bytes = sizeof(peal_str) },
    [PEAL_SIP_KIND_CALL_IDS] = { { { CALL_ID, true, 0 } }, 1, .bytes = sizeof(peal_str) },
    [PEAL_SIP_KIND_VALUE_PARAMS] = { { NEED(peal_sip_value, value, WORDS) },
                                     1,
                                     PLAN(peal_sip_value, ';') },
    [PEAL_SIP_KIND_VALUE_LIST] = { { NEED(peal_sip_value, value, WORDS) },
                                   1,
                                   PLAN(peal_sip_value, ';') },
    [PEAL_SIP_KIND_RETRY_AFTER] = { { NEED(peal_sip_retry_after, delta_s, U32),
                                      MAY(peal_sip_retry_after, comment, COMMENT),
                                      MAY(peal_sip_retry_after, duration_s, OPT_NUMBER) },
                                    3,
                                    PLAN(peal_sip_retry_after, ';') },
    [PEAL_SIP_KIND_DATE] = { { { DATE, true, 0 } }, 1, .bytes = sizeof(peal_sip_date) },
    [PEAL_SIP_KIND_TIMESTAMP] = { { NEED(peal_sip_timestamp, value, DECIMAL),
                                    MAY(peal_sip_timestamp, delay, DECIMAL) },
                                  2,
                                  .bytes = sizeof(peal_sip_timestamp) },
    [PEAL_SIP_KIND_MIME_VERSION] = { { NEED(peal_sip_mime_version, major, U32),
                                       NEED(peal_sip_mime_version, minor, U32) },
                                     2,
                                     .bytes = sizeof(peal_sip_mime_version) },
    [PEAL_SIP_KIND_WARNING] = { { NEED(peal_sip_warning, code, CODE),
                                  NEED(peal_sip_warning, agent, HOST),
                                  NEED(peal_sip_warning, text, QUOTED) },
                                3,
                                .bytes = sizeof(peal_sip_warning) },
    [PEAL_SIP_KIND_CHALLENGE] = { { NEED(peal_sip_challenge, scheme, TOKEN),
                                    NEED(peal_sip_challenge, realm, QUOTED),
                                    MAY(peal_sip_challenge, domain, QUOTED),
                                    MAY(peal_sip_challenge, nonce, QUOTED),
                                    MAY(peal_sip_challenge, opaque, QUOTED),
                                    MAY(peal_sip_challenge, algorithm, TOKEN),
                                    MAY(peal_sip_challenge, qop, QUOTED),
                                    MAY(peal_sip_challenge, stale, FLAG),
                                    MAY(peal_sip_challenge, userhash, FLAG) },
                                  9,
                                  PLAN(peal_sip_challenge, ',') },
    [PEAL_SIP_KIND_CREDENTIALS] = { { NEED(peal_sip_credentials, scheme, TOKEN),
                                      NEED(peal_sip_credentials, username, QUOTED),
                                      MAY(peal_sip_credentials, realm, QUOTED),
                                      MAY(peal_sip_credentials, nonce, QUOTED),
                                      MAY(peal_sip_credentials, uri, QUOTED),
                                      MAY(peal_sip_credentials, response, QUOTED),
                                      MAY(peal_sip_credentials, cnonce, QUOTED),
                                      MAY(peal_sip_credentials, opaque, QUOTED),
                                      MAY(peal_sip_credentials, algorithm, TOKEN),
                                      MAY(peal_sip_credentials, qop, TOKEN),
                                      MAY(peal_sip_credentials, nc, OPT_NUMBER),
                                      MAY(peal_sip_credentials, userhash, FLAG) },
                                    12,
                                    PLAN(peal_sip_credentials, ',') },
    [PEAL_SIP_KIND_AUTH_INFO] = { { NEED(peal_sip_auth_info, rspauth, QUOTED),
                                    MAY(peal_sip_auth_info, nextnonce, QUOTED),
                                    MAY(peal_sip_auth_info, cnonce, QUOTED),
                                    MAY(peal_sip_auth_info, qop, TOKEN),
                                    MAY(peal_sip_auth_info, nc, OPT_NUMBER) },
                                  5,
                                  PLAN(peal_sip_auth_info, ',') },
    [PEAL_SIP_KIND_RACK] = { { NEED(peal_sip_rack, rseq, FROM_1), NEED(peal_sip_rack, cseq, U31),
                               NEED(peal_sip_rack, method_text, TOKEN) },
                             3,
                             .bytes = sizeof(peal_sip_rack) },
    [PEAL_SIP_KIND_SUBSCRIPTION_STATE] = { { NEED(peal_sip_subscription_state, state_text, TOKEN),
                                             MAY(peal_sip_subscription_state, reason, TOKEN),
                                             MAY(peal_sip_subscription_state, expires_s,
                                                 OPT_NUMBER),
                                             MAY(peal_sip_subscription_state, retry_after_s,
                                                 OPT_NUMBER) },
                                           4,
                                           PLAN(peal_sip_subscription_state, ';') },
    [PEAL_SIP_KIND_PRIVACY] = { { NEED(peal_sip_privacy, values, PRIVACY) },
                                1,
                                .bytes = sizeof(peal_sip_privacy) },
};

typedef union any_value {
    uint64_t aligned;
    char bytes[512];
} any_value;

static void check_value(int kind, const value_plan *plan)
{
    any_value value = { 0 }, again;
    peal_blob out = { 0 };
    peal_str params = { NULL, 0 };
    random_clear();
    for (size_t i = 0; i < plan->count; ++i) {
        random_fill(&plan->parts[i], &value);
    }
    if (plan->params_at) {
        params = random_params(plan->separator);
        memcpy(value.bytes + plan->params_at, &params, sizeof params);
    }
    peal_result r = peal_sip_kind_encode((peal_sip_header_kind)kind, &value, &out);
    ck_assert_msg(r == PEAL_OK, "kind %d: %s", kind, peal_result_name(r));
    peal_str text = kit_exact(peal_blob_str(&out));
    r = peal_sip_kind_decode((peal_sip_header_kind)kind, text, &again);
    ck_assert_msg(r == PEAL_OK, "kind %d: %.*s: %s", kind, PEAL_STR_ARG(text), peal_result_name(r));
    for (size_t i = 0; i < plan->count; ++i) {
        ck_assert_msg(random_same(&plan->parts[i], &value, &again), "kind %d: part %zu of %.*s",
                      kind, i, PEAL_STR_ARG(text));
    }
    if (plan->params_at) {
        peal_str found;
        memcpy(&found, again.bytes + plan->params_at, sizeof found);
        ck_assert_msg(same_params(plan->separator, params, found), "kind %d: parameters of %.*s",
                      kind, PEAL_STR_ARG(text));
    }
    ck_assert(kind_check((peal_sip_header_kind)kind, text));
    free((char *)text.p);
    peal_blob_fini(&out);
    random_clear();
}

/* The text of a random value with some bytes changed, put in or left out. */
static void check_damaged(int kind, peal_str text)
{
    char damaged[4096];
    for (int round = 0; round < DAMAGES; ++round) {
        size_t n = 0;
        for (size_t i = 0; i < text.n && n + 2 < sizeof damaged; ++i) {
            switch (random_below(text.n < 20 ? 10 : (uint32_t)text.n / 2)) {
            case 0:
                damaged[n++] = (char)random_below(256);
                break;
            case 1:
                damaged[n++] = text.p[i];
                damaged[n++] = "\";,=<>()\\ \t\r\n\0:@"[random_below(17)];
                break;
            case 2:
                break;
            default:
                damaged[n++] = text.p[i];
                break;
            }
        }
        kind_check((peal_sip_header_kind)kind, peal_str_of(damaged, n));
    }
}

static bool plan_of_kind(int kind, value_plan *ret)
{
    const peal__sip_shape *shape = peal__sip_kinds[kind].shape;
    *ret = plans[kind];
    if (shape) {
        plan_of_shape(shape, ret);
    }
    return ret->bytes > 0;
}

START_TEST(random_values_come_back)
{
    value_plan plan;
    random_seed((uint64_t)_i + 1);
    if (!plan_of_kind(_i, &plan)) {
        /* Raw text has no form; parameters alone are those of all others. */
        ck_assert(_i == PEAL_SIP_KIND_RAW || _i == PEAL_SIP_KIND_PARAMS);
        return;
    }
    ck_assert_uint_eq(plan.bytes, peal__sip_kinds[_i].bytes);
    for (int round = 0; round < ROUNDS; ++round) {
        check_value(_i, &plan);
    }
}
END_TEST

START_TEST(damaged_random_values_break_nothing)
{
    value_plan plan;
    random_seed((uint64_t)_i + 1000);
    for (int round = 0; plan_of_kind(_i, &plan) && round < ROUNDS; ++round) {
        any_value value = { 0 };
        peal_blob out = { 0 };
        random_clear();
        for (size_t i = 0; i < plan.count; ++i) {
            random_fill(&plan.parts[i], &value);
        }
        CK_OK(peal_sip_kind_encode((peal_sip_header_kind)_i, &value, &out));
        check_damaged(_i, peal_blob_str(&out));
        peal_blob_fini(&out);
    }
}
END_TEST

START_TEST(dates_and_seconds_agree)
{
    static const struct {
        int64_t seconds;
        peal_sip_date date;
    } known[] = {
        { 0, { 1970, 1, 1, 0, 0, 0 } },
        { -1, { 1969, 12, 31, 23, 59, 59 } },
        { 1289690940, { 2010, 11, 13, 23, 29, 0 } },
        { 951782400, { 2000, 2, 29, 0, 0, 0 } },
        { 2147483648, { 2038, 1, 19, 3, 14, 8 } },
        { -62135596800, { 1, 1, 1, 0, 0, 0 } },
        { 253402300799, { 9999, 12, 31, 23, 59, 59 } },
    };
    peal_sip_date date;
    int64_t seconds;
    for (size_t i = 0; i < PEAL_COUNT_OF(known); ++i) {
        CK_OK(peal_sip_date_from_unix(known[i].seconds, &date));
        ck_assert(random_same_date(&date, &known[i].date));
        CK_OK(peal_sip_date_to_unix(&date, &seconds));
        ck_assert_int_eq(seconds, known[i].seconds);
    }
    CK_IS(peal_sip_date_from_unix(INT64_C(-62135596801), &date), PEAL_E_RANGE);
    CK_IS(peal_sip_date_from_unix(INT64_C(253402300800), &date), PEAL_E_RANGE);
    CK_IS(peal_sip_date_from_unix(INT64_MIN, &date), PEAL_E_RANGE);
    CK_IS(peal_sip_date_to_unix(&(peal_sip_date){ 2010, 13, 1, 0, 0, 0 }, &seconds),
          PEAL_E_ARGUMENT);
    random_seed(7);
    for (int round = 0; round < 20000; ++round) {
        random_date(&date);
        CK_OK(peal_sip_date_to_unix(&date, &seconds));
        peal_sip_date again;
        CK_OK(peal_sip_date_from_unix(seconds, &again));
        ck_assert(random_same_date(&date, &again));
    }
}
END_TEST

Suite *suite_random(void)
{
    Suite *suite = suite_create("random");
    TCase *tcase = tcase_create("random");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, random_values_come_back, 0, PEAL_SIP_KIND_COUNT);
    tcase_add_loop_test(tcase, damaged_random_values_break_nothing, 0, PEAL_SIP_KIND_COUNT);
    tcase_add_test(tcase, dates_and_seconds_agree);
    suite_add_tcase(suite, tcase);
    return suite;
}
