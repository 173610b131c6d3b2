/* SPDX-License-Identifier: MIT */
/* Comparison of URIs. Any thread. RFC 3261 §19.1.4; RFC 3966 §4. */
#include "sipstack/parser/parser_inner.h"

/* Comparing parameters costs their number squared; URIs with more are compared byte by byte. */
enum { PARAMS_MAX = 64 };

static bool is_reserved(unsigned char c)
{
    return c != '\0' && strchr(";/?:@&=+$,", c) != NULL;
}

static unsigned hex_value(char c)
{
    return peal__sip_is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

/* The next character; an escaped reserved one differs from itself unescaped, so it gets a mark. */
static unsigned next_char(const char **p, const char *end)
{
    unsigned char c = (unsigned char)*(*p)++;
    if (c != '%' || end - *p < 2 || !peal__sip_is_hex((*p)[0]) || !peal__sip_is_hex((*p)[1])) {
        return c;
    }
    c = (unsigned char)(hex_value((*p)[0]) << 4 | hex_value((*p)[1]));
    *p += 2;
    return is_reserved(c) ? c | 0x100u : c;
}

static unsigned fold_case(unsigned c)
{
    return c - 'A' < 26 ? c + 0x20 : c;
}

static bool same_text(peal_str a, peal_str b, bool fold)
{
    if (!a.p || !b.p) {
        return a.p == b.p;
    }
    const char *a_end = a.p + a.n, *b_end = b.p + b.n;
    while (a.p < a_end && b.p < b_end) {
        unsigned x = next_char(&a.p, a_end), y = next_char(&b.p, b_end);
        if (x != y && (!fold || fold_case(x) != fold_case(y))) {
            return false;
        }
    }
    return a.p == a_end && b.p == b_end;
}

static bool too_many(peal_str params, char separator)
{
    size_t count = 0;
    for (size_t i = 0; i < params.n; ++i) {
        count += params.p[i] == separator;
    }
    return count > PARAMS_MAX;
}

/* Parameters that never match when only one URI has them. Errata and the examples of §19.1.4 put
 * transport and maddr among them. */
static bool must_be_in_both(peal_str name)
{
    return peal_str_ieq(name, PEAL_STR("user")) || peal_str_ieq(name, PEAL_STR("ttl")) ||
           peal_str_ieq(name, PEAL_STR("method")) || peal_str_ieq(name, PEAL_STR("maddr")) ||
           peal_str_ieq(name, PEAL_STR("transport"));
}

static bool params_match(peal_str a, peal_str b, bool all)
{
    peal_str name, value, other;
    peal_result r;
    while ((r = peal_sip_param_next(&a, &name, &value)) == PEAL_OK) {
        if (peal_sip_param_find(b, name, &other) == PEAL_OK) {
            if (!same_text(value, other, true)) {
                return false;
            }
        } else if (all || must_be_in_both(name)) {
            return false;
        }
    }
    return r == PEAL_I_END;
}

/* One name=value of the URI's headers. */
static bool next_header(peal_str *cursor, peal_str *ret_name, peal_str *ret_value)
{
    if (cursor->n == 0) {
        return false;
    }
    const char *end = cursor->p + cursor->n;
    const char *stop = memchr(cursor->p, '&', cursor->n);
    stop = stop ? stop : end;
    const char *equals = memchr(cursor->p, '=', (size_t)(stop - cursor->p));
    *ret_name = peal__sip_between(cursor->p, equals ? equals : stop);
    *ret_value = peal__sip_between(equals ? equals + 1 : stop, stop);
    *cursor = peal__sip_between(stop < end ? stop + 1 : end, end);
    return true;
}

static bool has_header(peal_str headers, peal_str name, peal_str value)
{
    peal_str other_name, other_value;
    while (next_header(&headers, &other_name, &other_value)) {
        if (same_text(name, other_name, true) && same_text(value, other_value, false)) {
            return true;
        }
    }
    return false;
}

static bool headers_in(peal_str a, peal_str b)
{
    peal_str name, value;
    while (next_header(&a, &name, &value)) {
        if (!has_header(b, name, value)) {
            return false;
        }
    }
    return true;
}

static bool same_rest(const peal_sip_uri *a, const peal_sip_uri *b)
{
    bool all = a->scheme == PEAL_SIP_SCHEME_TEL;
    if (too_many(a->params, ';') || too_many(b->params, ';') || too_many(a->headers, '&') ||
        too_many(b->headers, '&')) {
        return peal_str_eq(a->params, b->params) && peal_str_eq(a->headers, b->headers);
    }
    return params_match(a->params, b->params, all) && params_match(b->params, a->params, all) &&
           headers_in(a->headers, b->headers) && headers_in(b->headers, a->headers);
}

static bool is_visual_separator(char c)
{
    return c == '-' || c == '.' || c == '(' || c == ')';
}

/* RFC 3966 §4: visual separators don't count. */
static bool same_number(peal_str a, peal_str b)
{
    size_t i = 0, k = 0;
    for (;; ++i, ++k) {
        while (i < a.n && is_visual_separator(a.p[i])) {
            ++i;
        }
        while (k < b.n && is_visual_separator(b.p[k])) {
            ++k;
        }
        if (i == a.n || k == b.n) {
            return i == a.n && k == b.n;
        }
        if (fold_case((unsigned char)a.p[i]) != fold_case((unsigned char)b.p[k])) {
            return false;
        }
    }
}

bool peal_sip_uri_eq(const peal_sip_uri *a, const peal_sip_uri *b)
{
    if (a->scheme != b->scheme) {
        return false;
    }
    if (peal_str_eq(a->text, b->text)) {
        return true; /* also when a parameter stands twice, where the first counts */
    }
    switch (a->scheme) {
    case PEAL_SIP_SCHEME_SIP:
    case PEAL_SIP_SCHEME_SIPS:
        return a->port == b->port && same_text(a->user, b->user, false) &&
               same_text(a->password, b->password, false) && peal_str_ieq(a->host, b->host) &&
               same_rest(a, b);
    case PEAL_SIP_SCHEME_TEL:
        return same_number(a->user, b->user) && same_rest(a, b);
    case PEAL_SIP_SCHEME_OTHER:
        break;
    }
    return peal_str_ieq(a->scheme_text, b->scheme_text) && peal_str_eq(a->opaque, b->opaque);
}
