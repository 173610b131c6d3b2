/* SPDX-License-Identifier: MIT */
/* Comparison of URIs. Any thread. RFC 3261 §19.1.4; RFC 3966 §4; RFC 5954 §4.2; RFC 8141 §3. */
#include "sipstack/parser/parser_inner.h"

/* Comparing parameters costs their number squared; URIs with more are compared byte by byte. */
enum { PARAMS_MAX = 64 };

/* RFC 8141 §3: the identifier without case, escapes without the case of their digits; r-, q- and
 * f-components don't count. */
static bool same_urn(const peal_sip_uri *a, const peal_sip_uri *b)
{
    peal_str a_nid, a_nss, b_nid, b_nss;
    if (peal_sip_uri_urn(a, &a_nid, &a_nss) < 0 || peal_sip_uri_urn(b, &b_nid, &b_nss) < 0 ||
        !peal_str_ieq(a_nid, b_nid)) {
        return false;
    }
    a_nss.n = peal__sip_urn_name_bytes(a_nss);
    b_nss.n = peal__sip_urn_name_bytes(b_nss);
    if (a_nss.n != b_nss.n) {
        return false;
    }
    size_t digits = 0; /* of an escape that are still to come */
    for (size_t i = 0; i < a_nss.n; ++i) {
        char x = a_nss.p[i], y = b_nss.p[i];
        if (x != y && !(digits && (x | 0x20) == (y | 0x20) && peal__sip_is_alpha(x))) {
            return false;
        }
        digits = x == '%' ? 2 : digits - (digits > 0);
    }
    return true;
}

bool peal__sip_too_many(peal_str params, char separator)
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
    const peal_str names[] = { PEAL_STR("user"), PEAL_STR("ttl"), PEAL_STR("method"),
                               PEAL_STR("maddr"), PEAL_STR("transport") };
    for (size_t i = 0; i < PEAL_COUNT_OF(names); ++i) {
        if (peal_sip_uri_text_eq(name, names[i], true)) {
            return true;
        }
    }
    return false;
}

/* As peal_sip_param_find(), for a name that may hold escapes. */
static bool find_param(peal_str params, peal_str name, peal_str *ret_value)
{
    peal_str found;
    while (peal_sip_param_next(&params, &found, ret_value) == PEAL_OK) {
        if (peal_sip_uri_text_eq(found, name, true)) {
            return true;
        }
    }
    return false;
}

/* Of a parameter that stands twice the first counts. */
static bool sip_params_in(peal_str a, peal_str b)
{
    peal_str cursor = a, name, value, other;
    peal_result r;
    while ((r = peal_sip_param_next(&cursor, &name, &value)) == PEAL_OK) {
        (void)find_param(a, name, &value);
        if (find_param(b, name, &other)) {
            if (!peal_sip_uri_text_eq(value, other, true)) {
                return false;
            }
        } else if (must_be_in_both(name)) {
            return false;
        }
    }
    return r == PEAL_I_END;
}

static bool phone_params_in(peal_str a, peal_str b)
{
    peal_str cursor = a, name, value, other;
    peal_result r;
    while ((r = peal_sip_param_next(&cursor, &name, &value)) == PEAL_OK) {
        (void)find_param(a, name, &value);
        if (!find_param(b, name, &other) || !peal__sip_phone_param_eq(name, value, other)) {
            return false;
        }
    }
    return r == PEAL_I_END;
}

bool peal__sip_phone_params_eq(peal_str a, peal_str b)
{
    if (peal__sip_too_many(a, ';') || peal__sip_too_many(b, ';')) {
        return peal_str_eq(a, b);
    }
    return phone_params_in(a, b) && phone_params_in(b, a);
}

/* How many headers of the list have this name and value. */
static size_t count_header(peal_str headers, peal_str name, peal_str value)
{
    peal_str other_name, other_value;
    size_t count = 0;
    while (peal_sip_uri_header_next(&headers, &other_name, &other_value) == PEAL_OK) {
        count += peal_sip_uri_text_eq(name, other_name, true) &&
                 peal_sip_uri_text_eq(value, other_value, false);
    }
    return count;
}

/* RFC 3261 §19.1.4: headers are never ignored. Their values compare as text, case included: to
 * read the grammar of each out of the escapes would have URIs hold URIs without end. */
static bool headers_eq(peal_str a, peal_str b)
{
    peal_str name, value, cursor = a;
    size_t left = 0;
    while (peal_sip_uri_header_next(&cursor, &name, &value) == PEAL_OK) {
        ++left;
        if (count_header(a, name, value) != count_header(b, name, value)) {
            return false;
        }
    }
    for (cursor = b; peal_sip_uri_header_next(&cursor, &name, &value) == PEAL_OK; --left) {
        if (left == 0) {
            return false;
        }
    }
    return left == 0;
}

static bool same_rest(const peal_sip_uri *a, const peal_sip_uri *b)
{
    if (peal__sip_too_many(a->params, ';') || peal__sip_too_many(b->params, ';') ||
        peal__sip_too_many(a->headers, '&') || peal__sip_too_many(b->headers, '&')) {
        return peal_str_eq(a->params, b->params) && peal_str_eq(a->headers, b->headers);
    }
    return sip_params_in(a->params, b->params) && sip_params_in(b->params, a->params) &&
           headers_eq(a->headers, b->headers);
}

/* RFC 5954 §4.2: IPv6 addresses by their value. */
static bool same_host(peal_str a, peal_str b)
{
    peal_socket_addr x, y;
    if (peal_str_ieq(a, b)) {
        return true;
    }
    return a.n && b.n && a.p[0] == '[' && b.p[0] == '[' && peal_socket_addr_parse(a, 0, &x) >= 0 &&
           peal_socket_addr_parse(b, 0, &y) >= 0 && peal_socket_addr_eq(&x, &y, false);
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
        return a->port == b->port && peal_sip_uri_text_eq(a->user, b->user, false) &&
               peal_sip_uri_text_eq(a->password, b->password, false) &&
               same_host(a->host, b->host) && same_rest(a, b);
    case PEAL_SIP_SCHEME_TEL:
        return peal__sip_same_number(a->user, b->user) &&
               peal__sip_phone_params_eq(a->params, b->params);
    case PEAL_SIP_SCHEME_OTHER:
        break;
    }
    return peal_str_ieq(a->scheme_text, b->scheme_text) &&
           (peal_str_eq(a->opaque, b->opaque) || same_urn(a, b));
}
