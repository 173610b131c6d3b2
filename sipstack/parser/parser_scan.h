/* SPDX-License-Identifier: MIT */
/* Characters and small pieces of grammar, inline since every byte of a message passes through them.
 * RFC 3261 §25.1. For the parser package alone. */
#ifndef PEAL_SIP_PARSER_SCAN_H
#define PEAL_SIP_PARSER_SCAN_H

#include <peal/sip/packet.h>

/* Vectors where the target has them; --disable-vectors leaves the portable code alone. */
#if defined(__SSE2__) && !defined(PEAL_NO_VECTORS)
#define PEAL__SSE2 1
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(PEAL_NO_VECTORS)
#define PEAL__NEON 1
#include <arm_neon.h>
#endif
#ifndef PEAL__SSE2
#define PEAL__SSE2 0
#endif
#ifndef PEAL__NEON
#define PEAL__NEON 0
#endif

/* Character classes; gen_tables.py says what is in them. */
enum {
    PEAL__SIP_TOKEN = 1,
    PEAL__SIP_WS = 2, /* SP, HT, and CR and LF, which stand inside a value only in folds */
    PEAL__SIP_USER = 4,
    PEAL__SIP_HOST = 8,
    PEAL__SIP_PARAM = 16,
    PEAL__SIP_HNV = 32,
    PEAL__SIP_ANGLE = 64,
    PEAL__SIP_PVALUE = 128,
    PEAL__SIP_PNAME = 256
};
extern const uint16_t peal__sip_chars[256];

static inline bool peal__sip_in(char c, unsigned classes)
{
    return (peal__sip_chars[(unsigned char)c] & classes) != 0;
}
static inline const char *peal__sip_skip(const char *p, const char *end, unsigned classes)
{
    /* Four at a time, since the check for the end costs as much as the table. */
    for (; end - p >= 4; p += 4) {
        if (!peal__sip_in(p[0], classes)) {
            return p;
        }
        if (!peal__sip_in(p[1], classes)) {
            return p + 1;
        }
        if (!peal__sip_in(p[2], classes)) {
            return p + 2;
        }
        if (!peal__sip_in(p[3], classes)) {
            return p + 3;
        }
    }
    while (p < end && peal__sip_in(*p, classes)) {
        ++p;
    }
    return p;
}
static inline const char *peal__sip_skip_ws(const char *p, const char *end)
{
    while (p < end && peal__sip_in(*p, PEAL__SIP_WS)) {
        ++p;
    }
    return p;
}
static inline bool peal__sip_is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}
static inline bool peal__sip_is_hex(char c)
{
    return peal__sip_is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 6;
}
static inline bool peal__sip_is_alpha(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}
static inline uint64_t peal__sip_load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint32_t peal__sip_load4(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
/* Up to eight bytes in a word, by loads that overlap: equal words, equal bytes. */
static inline uint64_t peal__sip_word(const char *p, size_t n)
{
    if (n >= 4) {
        return n == 8 ? peal__sip_load8(p)
                      : peal__sip_load4(p) | (uint64_t)peal__sip_load4(p + n - 4) << 32;
    }
    if (n >= 2) {
        uint16_t two;
        memcpy(&two, p, sizeof two);
        return two | (uint64_t)(unsigned char)p[n - 1] << 16;
    }
    return n ? (unsigned char)p[0] : 0;
}
/* The bits in which two texts of equal length differ; the last word overlaps the one before. */
static inline uint64_t peal__sip_difference(const char *a, const char *b, size_t n)
{
    if (n <= 8) {
        return peal__sip_word(a, n) ^ peal__sip_word(b, n);
    }
    uint64_t differ = peal__sip_load8(a + n - 8) ^ peal__sip_load8(b + n - 8);
    for (size_t i = 0; i + 8 < n; i += 8) {
        differ |= peal__sip_load8(a + i) ^ peal__sip_load8(b + i);
    }
    return differ;
}
#define PEAL__SIP_FOLD 0x2020202020202020u
/* Case-blind comparison of a token with at most eight lower-case letters. Right for tokens alone:
 * among their characters only capital letters fall on small ones by 0x20. */
static inline bool peal__sip_token_is(peal_str token, peal_str lower)
{
    return token.n == lower.n && (peal__sip_word(token.p, lower.n) | PEAL__SIP_FOLD) ==
                                     (peal__sip_word(lower.p, lower.n) | PEAL__SIP_FOLD);
}
static inline peal_str peal__sip_between(const char *p, const char *end)
{
    return peal_str_of(p, (size_t)(end - p));
}
/* memset() to 0 that stays a call: what compilers put in its place for a known size is slower. */
void peal__sip_zero(void *p, size_t bytes);
/* Without white space at both ends; never absent. Most text has none. */
peal_str peal__sip_trim_ws(peal_str text);
static inline peal_str peal__sip_trim(peal_str text)
{
    bool none = text.n && !peal__sip_in(text.p[0], PEAL__SIP_WS) &&
                !peal__sip_in(text.p[text.n - 1], PEAL__SIP_WS);
    return none ? text : peal__sip_trim_ws(text);
}
/* Past the quoted string that starts at p; NULL when it does not end. */
const char *peal__sip_skip_quoted(const char *p, const char *end);
/* Past the comment that starts at p, nested ones included; NULL when it does not end. */
const char *peal__sip_skip_comment(const char *p, const char *end);
/* A '%' is followed by two hexadecimal digits, everywhere. */
bool peal__sip_escapes_ok(const char *p, const char *end);
/* NUL stands in one place alone: escaped by a backslash in a quoted string (RFC 3261 §25.1,
 * quoted-pair; RFC 4475 §3.1.1.2). */
bool peal__sip_nuls_are_quoted(peal_str text);

#if PEAL__SSE2
/* The bytes of a vector that are control characters, space or DEL. */
static inline __m128i peal__sip_invisible(__m128i v)
{
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(' ')), v);
    return _mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
}

/* Those, and '"', '<', '>'. */
static inline __m128i peal__sip_angle_stops(__m128i v)
{
    __m128i angle =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('<')), _mm_cmpeq_epi8(v, _mm_set1_epi8('>')));
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    return _mm_or_si128(peal__sip_invisible(v), _mm_or_si128(angle, quote));
}
#endif

/* Over the characters of a URI between brackets, a vector at a time where there is room. */
static inline const char *peal__sip_skip_angle(const char *p, const char *end)
{
#if PEAL__SSE2
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned mask = (unsigned)_mm_movemask_epi8(peal__sip_angle_stops(v));
        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }
#endif
    return peal__sip_skip(p, end, PEAL__SIP_ANGLE);
}

/* Over an unquoted parameter value. */
static inline const char *peal__sip_skip_pvalue(const char *p, const char *end)
{
#if PEAL__SSE2
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i more = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(';')),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8(',')));
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(peal__sip_angle_stops(v), more));
        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }
#endif
    return peal__sip_skip(p, end, PEAL__SIP_PVALUE);
}

/* Over all that is no control character, space or DEL. */
static inline const char *peal__sip_skip_visible(const char *p, const char *end)
{
#if PEAL__SSE2
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned mask = (unsigned)_mm_movemask_epi8(peal__sip_invisible(v));
        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }
#endif
    while (p < end && (unsigned char)*p > ' ' && *p != 0x7f) {
        ++p;
    }
    return p;
}

/* Past a number of at most max; NULL: there is none, or it is larger. The one place where digits
 * become a number. */
static inline const char *peal__sip_take_number(const char *p, const char *end, uint32_t max,
                                                uint32_t *ret)
{
    uint64_t number = 0;
    const char *start = p;
    for (; p < end && peal__sip_is_digit(*p); ++p) {
        number = number * 10 + (uint64_t)(*p - '0');
        if (number > max) {
            return NULL;
        }
    }
    *ret = (uint32_t)number;
    return p > start ? p : NULL;
}

/* Past the port's digits. NULL: not a port. */
static inline const char *peal__sip_port(const char *p, const char *end, uint16_t *ret)
{
    uint32_t port = 0;
    p = peal__sip_take_number(p, end, UINT16_MAX, &port);
    if (port == 0) {
        return NULL;
    }
    *ret = (uint16_t)port;
    return p;
}

/* What stands in the brackets is judged only when somebody needs the address (RFC 5118 §4.10). */
static inline const char *peal__sip_skip_ipv6(const char *p, const char *end)
{
    const char *start = ++p;
    while (p < end && (peal__sip_is_hex(*p) || *p == ':' || *p == '.')) {
        ++p;
    }
    return p < end && p > start && *p == ']' ? p + 1 : NULL;
}

/* Past a host name, IPv4 address or bracketed IPv6 reference; NULL: there is none. */
static inline const char *peal__sip_host(const char *p, const char *end)
{
    if (p < end && *p == '[') {
        return peal__sip_skip_ipv6(p, end);
    }
    const char *start = p;
    p = peal__sip_skip(p, end, PEAL__SIP_HOST);
    return p > start ? p : NULL;
}

/* The value after '='; white space around it belongs to nobody. */
static inline const char *peal__sip_take_value(const char *p, const char *end, peal_str *ret)
{
    p = peal__sip_skip_ws(p, end);
    const char *start = p;
    p = p < end && *p == '"' ? peal__sip_skip_quoted(p, end) : peal__sip_skip_pvalue(p, end);
    if (!p) {
        return NULL;
    }
    *ret = peal__sip_between(start, p);
    return peal__sip_skip_ws(p, end);
}

/* As peal_sip_param_next(), with *cursor and end for the cursor. */
static inline peal_result peal__sip_param_take(const char **cursor, const char *end,
                                               peal_str *ret_name, peal_str *ret_value)
{
    const char *p = *cursor;
    while (p < end && (*p == ';' || peal__sip_in(*p, PEAL__SIP_WS))) {
        ++p;
    }
    if (p == end) {
        *cursor = end;
        return PEAL_I_END;
    }
    const char *start = p;
    p = peal__sip_skip(p, end, PEAL__SIP_PNAME);
    peal_str name = peal__sip_between(start, p);
    peal_str value = peal_str_of(p, 0);
    p = peal__sip_skip_ws(p, end);
    if (p < end && *p == '=') {
        p = peal__sip_take_value(p + 1, end, &value);
    }
    if (name.n == 0 || !p || (p < end && *p != ';')) {
        return PEAL_E_SYNTAX;
    }
    *cursor = p;
    *ret_name = name;
    *ret_value = value;
    return PEAL_OK;
}

#endif
