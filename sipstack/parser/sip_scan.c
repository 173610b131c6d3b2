/* SPDX-License-Identifier: MIT */
/* Small pieces of grammar that several headers share. Any thread. RFC 3261 §25.1. */
#include "sipstack/parser/parser_inner.h"

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
#if PEAL__SSE2
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
    uint32_t number = 0;
    const char *end = text.p + text.n;
    if (text.n == 0 || peal__sip_take_number(text.p, end, UINT32_MAX, &number) != end) {
        return PEAL_E_SIP_HEADER;
    }
    *ret = number;
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
