/* SPDX-License-Identifier: MIT */
/* Random valid values of every kind: what is encoded decodes to the same members, and damaged bytes
 * of it break nothing. Seeded: each run makes the same values. */
#include "test/parser/parser_kit.h"

#include "test/fuzz/fuzz_kind.h"

#include "sipstack/parser/header_inner.h"

enum { ROUNDS = 400, DAMAGES = 8 };

/* What a member holds. */
typedef enum content {
    TOKEN,
    VALUE, /* of a parameter: bare or a quoted string */
    QUOTED,
    URI,
    HEX32,
    CALL_ID,
    WORDS,
    DISPLAY,
    HOST,
    COMMENT,
    DECIMAL,
    TEXT,
    WORD,
    OPT_NUMBER,
    OPT_Q,
    FLAG,
    CHOICE,
    U32,
    U31,
    FROM_1, /* uint32_t, not 0 */
    U16,
    CODE, /* uint16_t of three digits */
    DATE,
    PRIVACY
} content;

typedef struct part {
    content what;
    bool needed;
    size_t at;
} part;

/* The parts of a kind's struct, and where the text of its parameters is. */
typedef struct plan {
    part parts[16];
    size_t count;
    size_t params_at; /* 0: none */
    char separator;
    size_t bytes;
} value_plan;

static uint64_t seed;
static char room[16384];
static size_t used;

static uint32_t below(uint32_t limit)
{
    seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 32) % limit;
}

/* Numbers at their bounds more often than by chance. */
static uint32_t some_number(uint32_t most)
{
    static const uint32_t bounds[] = { 0, 1, 9, 10, 255, 256, 65535, INT32_MAX, UINT32_MAX };
    uint32_t number =
        below(2) ? bounds[below(PEAL_COUNT_OF(bounds))] : below(UINT32_MAX) >> below(32);
    return number <= most ? number : most;
}

static void add(const char *text, size_t n)
{
    ck_assert_uint_le(used + n, sizeof room);
    memcpy(room + used, text, n);
    used += n;
}

static const char token_chars[] = "abzAZ059-.!%*_+`'~";
static const char value_chars[] = "abzAZ059-.!%*_+`'~/:[]@?&=$#{}|\\^\x80\xff";

static peal_str some_of(const char *alphabet, size_t most)
{
    peal_str text = peal_str_of(room + used, 1 + below((uint32_t)most));
    for (size_t i = 0; i < text.n; ++i) {
        add(&alphabet[below((uint32_t)strlen(alphabet))], 1);
    }
    return text;
}

static peal_str some_escaped(const char *alphabet)
{
    peal_str text = peal_str_of(room + used, 0);
    for (uint32_t n = below(12); n > 0; --n) {
        if (below(4) == 0) {
            const char pair[2] = { '\\', "\"\\()a"[below(5)] };
            add(pair, 2);
        } else {
            some_of(alphabet, 1);
        }
    }

    text.n = (size_t)(room + used - text.p);
    return text;
}

static peal_str some_quoted_string(void)
{
    peal_str text = peal_str_of(room + used, 0);
    add("\"", 1);
    some_escaped("abz09 ,;:<>()@=\t\x80\xc3");
    add("\"", 1);
    text.n = (size_t)(room + used - text.p);
    return text;
}

static peal_str some_uri(void)
{
    static const char *const schemes[] = { "sip:", "sips:", "tel:", "urn:", "https://", "x-1+.:" };
    const char *scheme = schemes[below(PEAL_COUNT_OF(schemes))];
    peal_str text = peal_str_of(room + used, 0);
    add(scheme, strlen(scheme));
    some_of("abzAZ09-_.!~*'();/?:@&=+$,[]%", 30);
    text.n = (size_t)(room + used - text.p);
    return text;
}

static peal_str some_hex32(void)
{
    peal_str text = peal_str_of(room + used, 32);
    for (int i = 0; i < 32; ++i) {
        add(&"0123456789abcdefABCDEF"[below(22)], 1);
    }
    return text;
}

static peal_str some_host(void)
{
    static const char *const hosts[] = { "192.0.2.1", "[2001:db8::1]", "a", "x-1.example.com",
                                         "a_b.invalid" };
    const char *host = hosts[below(PEAL_COUNT_OF(hosts))];
    peal_str text = peal_str_of(room + used, strlen(host));
    add(host, text.n);
    return text;
}

static peal_str some_decimal(void)
{
    char text[40];
    int n = snprintf(text, sizeof text, below(2) ? "%u.%u" : "%u", some_number(UINT32_MAX),
                     some_number(UINT32_MAX));
    peal_str made = peal_str_of(room + used, (size_t)n);
    add(text, (size_t)n);
    return made;
}

static peal_str some_comment(void)
{
    peal_str text = peal_str_of(room + used, 0);
    some_escaped("abz09 ,;:<>@=\"\x80");
    if (below(2)) {
        add("(", 1);
        some_escaped("abz ");
        add(")", 1);
    }
    text.n = (size_t)(room + used - text.p);
    return text;
}

/* Parameters that no kind has a member for. */
static peal_str some_params(char separator)
{
    peal_str text = peal_str_of(room + used, 0);
    for (uint32_t n = below(3); n > 0; --n) {
        if (text.p != room + used || separator == ';') {
            add(&separator, 1);
        }
        add("x-", 2);
        some_of(token_chars, 5);
        if (separator == ',' || below(2)) {
            add("=", 1);
            below(2) ? some_quoted_string() : some_of(value_chars, 9);
        }
    }
    text.n = (size_t)(room + used - text.p);
    return text;
}

static peal_str some_text(content what)
{
    peal_str quoted;
    switch (what) {
    case TOKEN:
        return some_of(token_chars, 12);
    case VALUE:
        return below(2) ? some_quoted_string() : some_of(value_chars, 12);
    case QUOTED:
        quoted = some_quoted_string();
        return peal_str_of(quoted.p + 1, quoted.n - 2);
    case URI:
        return some_uri();
    case HEX32:
        return some_hex32();
    case CALL_ID:
        return some_of("abzAZ09-.!%*_+`'~()<>:\\\"/[]?{}@", 20);
    case WORDS:
        return below(4) ? some_of("abzAZ09-.!%*_+/~:=", 12) : some_quoted_string();
    case DISPLAY:
        return below(2) ? some_quoted_string() : some_of("abzAZ09-.!%*_+`'~\xc3\xbc", 12);
    case HOST:
        return some_host();
    case COMMENT:
        return some_comment();
    case DECIMAL:
        return some_decimal();
    case WORD:
        return some_of("abzAZ09-.!%*_+/~:", 12);
    default:
        return some_of("abzAZ09-.,;:<>\"()[]\\\x80", 20);
    }
}

static void some_date(peal_sip_date *ret)
{
    int64_t seconds = ((int64_t)below(UINT32_MAX) << 9 | below(512)) % INT64_C(315537897600);
    CK_OK(peal_sip_date_from_unix(seconds - INT64_C(62135596800), ret));
}

static uint32_t some_privacy(void)
{
    uint32_t bits = below(128) & ~(uint32_t)PEAL_SIP_PRIVACY_NONE;
    return bits ? bits : PEAL_SIP_PRIVACY_NONE | below(2) * PEAL_SIP_PRIVACY_CRITICAL;
}

static void fill(const part *p, void *base)
{
    void *to = (char *)base + p->at;
    bool optional = p->what < OPT_NUMBER || p->what == OPT_NUMBER || p->what == OPT_Q;
    if (optional && !p->needed && below(3) == 0) {
        return;
    }
    switch (p->what) {
    case OPT_NUMBER:
        *(peal_sip_number *)to = peal_sip_number_of(some_number(UINT32_MAX));
        break;
    case OPT_Q:
        *(peal_sip_number *)to = peal_sip_number_of(below(1001));
        break;
    case FLAG:
        *(bool *)to = below(2);
        break;
    case CHOICE:
        *(int *)to = (int)below(3);
        break;
    case U32:
        *(uint32_t *)to = some_number(UINT32_MAX);
        break;
    case U31:
        *(uint32_t *)to = some_number(INT32_MAX);
        break;
    case FROM_1:
        *(uint32_t *)to = some_number(UINT32_MAX - 1) + 1;
        break;
    case U16:
        *(uint16_t *)to = (uint16_t)some_number(UINT16_MAX);
        break;
    case CODE:
        *(uint16_t *)to = (uint16_t)(100 + below(900));
        break;
    case DATE:
        some_date(to);
        break;
    case PRIVACY:
        *(uint32_t *)to = some_privacy();
        break;
    default:
        *(peal_str *)to = some_text(p->what);
        break;
    }
}

static bool same_date(const peal_sip_date *a, const peal_sip_date *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second;
}

static bool same(const part *p, const void *a, const void *b)
{
    const void *x = (const char *)a + p->at, *y = (const char *)b + p->at;
    const peal_sip_number *m = x, *n = y;
    switch (p->what) {
    case OPT_NUMBER:
    case OPT_Q:
        return m->given == n->given && m->value == n->value;
    case FLAG:
        return *(const bool *)x == *(const bool *)y;
    case CHOICE:
    case U32:
    case U31:
    case FROM_1:
    case PRIVACY:
        return memcmp(x, y, sizeof(uint32_t)) == 0;
    case U16:
    case CODE:
        return memcmp(x, y, sizeof(uint16_t)) == 0;
    case DATE:
        return same_date(x, y);
    default:
        return (((const peal_str *)x)->p == NULL) == (((const peal_str *)y)->p == NULL) &&
               peal_str_eq(*(const peal_str *)x, *(const peal_str *)y);
    }
}

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
    used = 0;
    for (size_t i = 0; i < plan->count; ++i) {
        fill(&plan->parts[i], &value);
    }
    if (plan->params_at) {
        params = some_params(plan->separator);
        memcpy(value.bytes + plan->params_at, &params, sizeof params);
    }
    peal_result r = peal_sip_kind_encode((peal_sip_header_kind)kind, &value, &out);
    ck_assert_msg(r == PEAL_OK, "kind %d: %.*s: %s", kind, (int)used, room, peal_result_name(r));
    peal_str text = kit_exact(peal_blob_str(&out));
    r = peal_sip_kind_decode((peal_sip_header_kind)kind, text, &again);
    ck_assert_msg(r == PEAL_OK, "kind %d: %.*s: %s", kind, PEAL_STR_ARG(text), peal_result_name(r));
    for (size_t i = 0; i < plan->count; ++i) {
        ck_assert_msg(same(&plan->parts[i], &value, &again), "kind %d: part %zu of %.*s", kind, i,
                      PEAL_STR_ARG(text));
    }
    if (plan->params_at) {
        peal_str found;
        memcpy(&found, again.bytes + plan->params_at, sizeof found);
        ck_assert_msg(same_params(plan->separator, params, found), "kind %d: parameters of %.*s",
                      kind, PEAL_STR_ARG(text));
    }
    ck_assert(fuzz_kind_check((peal_sip_header_kind)kind, text));
    free((char *)text.p);
    peal_blob_fini(&out);
    used = 0;
}

/* The text of a random value with some bytes changed, put in or left out. */
static void check_damaged(int kind, peal_str text)
{
    char damaged[4096];
    for (int round = 0; round < DAMAGES; ++round) {
        size_t n = 0;
        for (size_t i = 0; i < text.n && n + 2 < sizeof damaged; ++i) {
            switch (below(text.n < 20 ? 10 : (uint32_t)text.n / 2)) {
            case 0:
                damaged[n++] = (char)below(256);
                break;
            case 1:
                damaged[n++] = text.p[i];
                damaged[n++] = "\";,=<>()\\ \t\r\n\0:@"[below(17)];
                break;
            case 2:
                break;
            default:
                damaged[n++] = text.p[i];
                break;
            }
        }
        fuzz_kind_check((peal_sip_header_kind)kind, peal_str_of(damaged, n));
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
        seed = (uint64_t)_i + 1;
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
        seed = (uint64_t)_i + 1000;
        for (int round = 0; plan_of_kind(_i, &plan) && round < ROUNDS; ++round) {
            any_value value = { 0 };
            peal_blob out = { 0 };
            used = 0;
            for (size_t i = 0; i < plan.count; ++i) {
                fill(&plan.parts[i], &value);
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
            ck_assert(same_date(&date, &known[i].date));
            CK_OK(peal_sip_date_to_unix(&date, &seconds));
            ck_assert_int_eq(seconds, known[i].seconds);
        }
        CK_IS(peal_sip_date_from_unix(INT64_C(-62135596801), &date), PEAL_E_RANGE);
        CK_IS(peal_sip_date_from_unix(INT64_C(253402300800), &date), PEAL_E_RANGE);
        CK_IS(peal_sip_date_from_unix(INT64_MIN, &date), PEAL_E_RANGE);
        CK_IS(peal_sip_date_to_unix(&(peal_sip_date){ 2010, 13, 1, 0, 0, 0 }, &seconds),
              PEAL_E_ARGUMENT);
        seed = 7;
        for (int round = 0; round < 20000; ++round) {
            some_date(&date);
            CK_OK(peal_sip_date_to_unix(&date, &seconds));
            peal_sip_date again;
            CK_OK(peal_sip_date_from_unix(seconds, &again));
            ck_assert(same_date(&date, &again));
        }
    }
END_TEST

Suite *suite_property(void)
{
    Suite *suite = suite_create("property");
    TCase *tcase = tcase_create("property");
    tcase_add_loop_test(tcase, random_values_come_back, 0, PEAL_SIP_KIND_COUNT);
    tcase_add_loop_test(tcase, damaged_random_values_break_nothing, 0, PEAL_SIP_KIND_COUNT);
    tcase_add_test(tcase, dates_and_seconds_agree);
    suite_add_tcase(suite, tcase);
    return suite;
}
