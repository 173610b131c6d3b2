/* SPDX-License-Identifier: MIT */
/* Random valid members of header values: bounds of numbers, all characters that a text may have,
 * escapes, absence. Seeded. */
#include "test/parser/random_member.h"

#include <peal/sip/header_identity.h>

static uint64_t seed;
static char room[16384];
static size_t used;

void random_seed(uint64_t number)
{
    seed = number;
}

void random_clear(void)
{
    used = 0;
}

uint32_t random_below(uint32_t limit)
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
    uint32_t number = random_below(2) ? bounds[random_below(PEAL_COUNT_OF(bounds))]
                                      : random_below(UINT32_MAX) >> random_below(32);
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
    peal_str text = peal_str_of(room + used, 1 + random_below((uint32_t)most));
    for (size_t i = 0; i < text.n; ++i) {
        add(&alphabet[random_below((uint32_t)strlen(alphabet))], 1);
    }
    return text;
}

static peal_str some_escaped(const char *alphabet)
{
    peal_str text = peal_str_of(room + used, 0);
    for (uint32_t n = random_below(12); n > 0; --n) {
        if (random_below(4) == 0) {
            const char pair[2] = { '\\', "\"\\()a"[random_below(5)] };
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
    const char *scheme = schemes[random_below(PEAL_COUNT_OF(schemes))];
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
        add(&"0123456789abcdefABCDEF"[random_below(22)], 1);
    }
    return text;
}

static peal_str some_host(void)
{
    static const char *const hosts[] = { "192.0.2.1", "[2001:db8::1]", "a", "x-1.example.com",
                                         "a_b.invalid" };
    const char *host = hosts[random_below(PEAL_COUNT_OF(hosts))];
    peal_str text = peal_str_of(room + used, strlen(host));
    add(host, text.n);
    return text;
}

static peal_str some_decimal(void)
{
    char text[40];
    int n = snprintf(text, sizeof text, random_below(2) ? "%u.%u" : "%u", some_number(UINT32_MAX),
                     some_number(UINT32_MAX));
    peal_str made = peal_str_of(room + used, (size_t)n);
    add(text, (size_t)n);
    return made;
}

static peal_str some_comment(void)
{
    peal_str text = peal_str_of(room + used, 0);
    some_escaped("abz09 ,;:<>@=\"\x80");
    if (random_below(2)) {
        add("(", 1);
        some_escaped("abz ");
        add(")", 1);
    }
    text.n = (size_t)(room + used - text.p);
    return text;
}

peal_str random_params(char separator)
{
    peal_str text = peal_str_of(room + used, 0);
    for (uint32_t n = random_below(3); n > 0; --n) {
        if (text.p != room + used || separator == ';') {
            add(&separator, 1);
        }
        add("x-", 2);
        some_of(token_chars, 5);
        if (separator == ',' || random_below(2)) {
            add("=", 1);
            random_below(2) ? some_quoted_string() : some_of(value_chars, 9);
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
        return random_below(2) ? some_quoted_string() : some_of(value_chars, 12);
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
        return random_below(4) ? some_of("abzAZ09-.!%*_+/~:=", 12) : some_quoted_string();
    case DISPLAY:
        return random_below(2) ? some_quoted_string() : some_of("abzAZ09-.!%*_+`'~\xc3\xbc", 12);
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

void random_date(peal_sip_date *ret)
{
    int64_t seconds =
        ((int64_t)random_below(UINT32_MAX) << 9 | random_below(512)) % INT64_C(315537897600);
    CK_OK(peal_sip_date_from_unix(seconds - INT64_C(62135596800), ret));
}

static uint32_t some_privacy(void)
{
    uint32_t bits = random_below(128) & ~(uint32_t)PEAL_SIP_PRIVACY_NONE;
    return bits ? bits : PEAL_SIP_PRIVACY_NONE | random_below(2) * PEAL_SIP_PRIVACY_CRITICAL;
}

void random_fill(const part *p, void *base)
{
    void *to = (char *)base + p->at;
    bool optional = p->what < OPT_NUMBER || p->what == OPT_NUMBER || p->what == OPT_Q;
    if (optional && !p->needed && random_below(3) == 0) {
        return;
    }
    switch (p->what) {
    case OPT_NUMBER:
        *(peal_sip_number *)to = peal_sip_number_of(some_number(UINT32_MAX));
        break;
    case OPT_Q:
        *(peal_sip_number *)to = peal_sip_number_of(random_below(1001));
        break;
    case FLAG:
        *(bool *)to = random_below(2);
        break;
    case CHOICE:
        *(int *)to = (int)random_below(3);
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
        *(uint16_t *)to = (uint16_t)(100 + random_below(900));
        break;
    case DATE:
        random_date(to);
        break;
    case PRIVACY:
        *(uint32_t *)to = some_privacy();
        break;
    default:
        *(peal_str *)to = some_text(p->what);
        break;
    }
}

bool random_same_date(const peal_sip_date *a, const peal_sip_date *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second;
}

bool random_same(const part *p, const void *a, const void *b)
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
        return random_same_date(x, y);
    default:
        return (((const peal_str *)x)->p == NULL) == (((const peal_str *)y)->p == NULL) &&
               peal_str_eq(*(const peal_str *)x, *(const peal_str *)y);
    }
}
