/* SPDX-License-Identifier: MIT */
/* Small pieces of grammar that several headers share. Any thread. RFC 3261 §25.1. */
#include "sipstack/parser/parser_inner.h"

#if defined(__SSE2__)
#include <emmintrin.h>

/* The bytes of a vector that are control characters, space or DEL. */
static __m128i invisible(__m128i v)
{
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(' ')), v);
    return _mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
}

/* Those, and '"', '<', '>'. */
static __m128i stops(__m128i v)
{
    __m128i angle =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('<')), _mm_cmpeq_epi8(v, _mm_set1_epi8('>')));
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    return _mm_or_si128(invisible(v), _mm_or_si128(angle, quote));
}
#endif

const char *peal__sip_skip_angle(const char *p, const char *end)
{
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned mask = (unsigned)_mm_movemask_epi8(stops(v));
        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }
#endif
    return peal__sip_skip(p, end, PEAL__SIP_ANGLE);
}

const char *peal__sip_skip_pvalue(const char *p, const char *end)
{
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i more = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(';')),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8(',')));
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(stops(v), more));
        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }
#endif
    return peal__sip_skip(p, end, PEAL__SIP_PVALUE);
}

const char *peal__sip_skip_visible(const char *p, const char *end)
{
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned mask = (unsigned)_mm_movemask_epi8(invisible(v));
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

peal_str peal__sip_trim_ws(peal_str text)
{
    if (text.n == 0) {
        return PEAL_STR("");
    }
    const char *end = text.p + text.n;
    const char *p = peal__sip_skip_ws(text.p, end);
    while (end > p && peal__sip_in(end[-1], PEAL__SIP_WS)) {
        --end;
    }
    return peal__sip_between(p, end);
}

const char *peal__sip_skip_quoted(const char *p, const char *end)
{
    ++p;
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                   _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask) {
            p += __builtin_ctz(mask);
            break;
        }
    }
#endif
    for (; p < end; ++p) {
        if (*p == '"') {
            return p + 1;
        }
        if (*p == '\\' && ++p == end) {
            break;
        }
    }
    return NULL;
}

const char *peal__sip_skip_comment(const char *p, const char *end)
{
    size_t depth = 0;
    for (; p < end; ++p) {
        if (*p == '(') {
            ++depth;
        } else if (*p == ')') {
            if (--depth == 0) {
                return p + 1;
            }
        } else if (*p == '\\' && ++p == end) {
            break;
        }
    }
    return NULL;
}

const char *peal__sip_port(const char *p, const char *end, uint16_t *ret)
{
    uint32_t port = 0;
    const char *start = p;
    for (; p < end && peal__sip_is_digit(*p); ++p) {
        port = port * 10 + (uint32_t)(*p - '0');
        if (port > UINT16_MAX) {
            return NULL;
        }
    }
    if (p == start || port == 0) {
        return NULL;
    }
    *ret = (uint16_t)port;
    return p;
}

/* What stands in the brackets is judged only when somebody needs the address (RFC 5118 §4.10). */
static const char *skip_ipv6_reference(const char *p, const char *end)
{
    const char *start = ++p;
    while (p < end && (peal__sip_is_hex(*p) || *p == ':' || *p == '.')) {
        ++p;
    }
    return p < end && p > start && *p == ']' ? p + 1 : NULL;
}

const char *peal__sip_host(const char *p, const char *end)
{
    if (p < end && *p == '[') {
        return skip_ipv6_reference(p, end);
    }
    const char *start = p;
    p = peal__sip_skip(p, end, PEAL__SIP_HOST);
    return p > start ? p : NULL;
}

bool peal__sip_escapes_ok(const char *p, const char *end)
{
    while (p < end && (p = memchr(p, '%', (size_t)(end - p))) != NULL) {
        if (end - p < 3 || !peal__sip_is_hex(p[1]) || !peal__sip_is_hex(p[2])) {
            return false;
        }
        p += 3;
    }
    return true;
}

peal_result peal__sip_number_decode(peal_str text, uint32_t *ret)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.n; ++i) {
        if (!peal__sip_is_digit(text.p[i])) {
            return PEAL_E_SIP_HEADER;
        }
        number = number * 10 + (uint64_t)(text.p[i] - '0');
        if (number > UINT32_MAX) {
            return PEAL_E_SIP_HEADER;
        }
    }
    if (text.n == 0) {
        return PEAL_E_SIP_HEADER;
    }
    *ret = (uint32_t)number;
    return PEAL_OK;
}

bool peal__sip_nuls_are_quoted(peal_str text)
{
    if (text.n == 0 || !memchr(text.p, '\0', text.n)) {
        return true;
    }
    bool quoted = false;
    for (size_t i = 0; i < text.n; ++i) {
        if (text.p[i] == '"') {
            quoted = !quoted;
        } else if (text.p[i] == '\0') {
            return false;
        } else if (quoted && text.p[i] == '\\') {
            ++i;
        }
    }
    return true;
}

void peal__sip_zero(void *p, size_t bytes)
{
    memset(p, 0, bytes);
}
