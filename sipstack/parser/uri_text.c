/* SPDX-License-Identifier: MIT */
/* Escapes of URIs: undoing them, making them, comparing across them. Any thread.
 * RFC 3261 §19.1.2, §19.1.4, §25.1 (user-unreserved, param-unreserved, hnv-unreserved, reserved).
 */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

static bool is_reserved(unsigned char c)
{
    return c != '\0' && strchr(";/?:@&=+$,", c) != NULL;
}

static unsigned hex_value(char c)
{
    return peal__sip_is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

/* An escape starts at p. */
static bool is_escape(const char *p, const char *end)
{
    return end - p >= 3 && p[0] == '%' && peal__sip_is_hex(p[1]) && peal__sip_is_hex(p[2]);
}

static unsigned char escaped_char(const char *p)
{
    return (unsigned char)(hex_value(p[1]) << 4 | hex_value(p[2]));
}

unsigned peal__sip_uri_next_char(const char **p, const char *end)
{
    const char *at = *p;
    if (PEAL_LIKELY(*at != '%') || !is_escape(at, end)) {
        *p = at + 1;
        return (unsigned char)*at;
    }
    unsigned char c = escaped_char(at);
    *p = at + 3;
    return is_reserved(c) ? c | 0x100u : c;
}

static unsigned fold_case(unsigned c)
{
    return c - 'A' < 26 ? c + 0x20 : c;
}

bool peal_sip_uri_text_eq(peal_str a, peal_str b, bool ignore_case)
{
    if (!a.p || !b.p) {
        return a.p == b.p;
    }
    const char *a_end = a.p + a.n, *b_end = b.p + b.n;
    while (a.p < a_end && b.p < b_end) {
        unsigned x = peal__sip_uri_next_char(&a.p, a_end);
        unsigned y = peal__sip_uri_next_char(&b.p, b_end);
        if (x != y && (!ignore_case || fold_case(x) != fold_case(y))) {
            return false;
        }
    }
    return a.p == a_end && b.p == b_end;
}

/* What each part of a URI may hold beside letters, digits and mark. */
static bool stands_as_it_is(peal_sip_uri_part part, char c)
{
    static const char *const kept[] = {
        [PEAL_SIP_URI_USER] = "-_.!~*'()&=+$,;?/",
        [PEAL_SIP_URI_PASSWORD] = "-_.!~*'()&=+$,",
        [PEAL_SIP_URI_PARAM] = "-_.!~*'()[]/:&+$",
        [PEAL_SIP_URI_HEADER] = "-_.!~*'()[]/?:+$",
    };
    return peal__sip_is_digit(c) || peal__sip_is_alpha(c) || (c != '\0' && strchr(kept[part], c));
}

static void put_escape(peal__sip_writer *w, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
    peal__sip_put(w, peal_str_of(escape, 3));
}

peal_result peal_sip_uri_escape(peal_sip_uri_part part, peal_str text, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    size_t start = 0;
    if ((unsigned)part > PEAL_SIP_URI_HEADER) {
        return PEAL_E_ARGUMENT;
    }
    for (size_t i = 0; i < text.n; ++i) {
        if (!stands_as_it_is(part, text.p[i])) {
            peal__sip_put(&w, peal_str_of(text.p + start, i - start));
            put_escape(&w, (unsigned char)text.p[i]);
            start = i + 1;
        }
    }
    if (start < text.n) {
        peal__sip_put(&w, peal_str_of(text.p + start, text.n - start));
    }
    return peal__sip_write_end(&w);
}

peal_result peal_sip_uri_unescape(peal_str text, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    const char *p = text.p, *end = text.n ? p + text.n : p;
    while (p < end && w.result >= 0) {
        const char *stop = memchr(p, '%', (size_t)(end - p));
        stop = stop ? stop : end;
        peal__sip_put(&w, peal__sip_between(p, stop));
        p = stop;
        if (p == end) {
            break;
        }
        if (!is_escape(p, end)) {
            peal__sip_put_fail(&w, PEAL_E_SYNTAX);
            break;
        }
        peal__sip_put_char(&w, (char)escaped_char(p));
        p += 3;
    }
    return peal__sip_write_end(&w);
}

void peal__sip_uri_put_canonical(peal__sip_writer *w, peal_sip_uri_part part, peal_str text,
                                 bool lower)
{
    const char *p = text.p, *end = text.n ? p + text.n : p;
    while (p < end) {
        unsigned c = peal__sip_uri_next_char(&p, end);
        bool reserved = c & 0x100;
        char plain = (char)(lower ? fold_case(c & 0xff) : c & 0xff);
        /* What stood there unescaped may go on doing so, were it not for our own strictness. */
        if (reserved || (!stands_as_it_is(part, plain) && !is_reserved((unsigned char)plain))) {
            put_escape(w, (unsigned char)plain);
        } else {
            peal__sip_put_char(w, plain);
        }
    }
}
