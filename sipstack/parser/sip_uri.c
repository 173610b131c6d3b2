/* SPDX-License-Identifier: MIT */
/* URIs: sip, sips, tel and, opaquely, all others. Any thread.
 * RFC 3261 §19.1.1, §25.1; RFC 3966 §3 (tel; the forms of RFC 2806 too). */
#include "sipstack/parser/parser_inner.h"

/* Past the scheme; NULL when there is none. */
static const char *skip_scheme(const char *p, const char *end)
{
    if (p == end || !peal__sip_is_alpha(*p)) {
        return NULL;
    }
    while (p < end && (peal__sip_is_alpha(*p) || peal__sip_is_digit(*p) || *p == '+' || *p == '-' ||
                       *p == '.')) {
        ++p;
    }
    return p < end && *p == ':' ? p : NULL;
}

static peal_sip_scheme scheme_of(peal_str text)
{
    if (peal__sip_token_is(text, PEAL_STR("sip"))) {
        return PEAL_SIP_SCHEME_SIP;
    }
    if (peal__sip_token_is(text, PEAL_STR("sips"))) {
        return PEAL_SIP_SCHEME_SIPS;
    }
    return peal__sip_token_is(text, PEAL_STR("tel")) ? PEAL_SIP_SCHEME_TEL : PEAL_SIP_SCHEME_OTHER;
}

/* user[:password]@ ; gives what follows, p itself when there is no user, NULL when malformed. An
 * '@' stands nowhere else in a SIP URI, so everything before it is the user (RFC 4475 §3.1.1.9). */
static const char *take_user(peal_sip_uri *uri, const char *p, const char *end)
{
    const char *at = memchr(p, '@', (size_t)(end - p));
    if (!at) {
        return p;
    }
    const char *stop = peal__sip_skip(p, at, PEAL__SIP_USER);
    if (stop == p) {
        return NULL;
    }
    uri->user = peal__sip_between(p, stop);
    if (stop < at && *stop == ':') {
        const char *password = stop + 1;
        stop = peal__sip_skip(password, at, PEAL__SIP_USER);
        uri->password = peal__sip_between(password, stop);
    }
    return stop == at ? at + 1 : NULL;
}

/* No parameter without a name. */
static bool params_ok(const char *p, const char *end)
{
    while (p < end && (p = memchr(p, ';', (size_t)(end - p))) != NULL) {
        if (++p < end && *p == '=') {
            return false;
        }
    }
    return true;
}

/* ;params?headers to the end. */
static bool take_params(peal_sip_uri *uri, const char *p, const char *end)
{
    const char *start = p;
    if (p < end && *p == ';') {
        p = peal__sip_skip(p, end, PEAL__SIP_PARAM);
    }
    uri->params = peal__sip_between(start, p);
    uri->headers = peal_str_of(p, 0);
    if (p < end && *p == '?') {
        start = ++p;
        p = peal__sip_skip(p, end, PEAL__SIP_HNV);
        uri->headers = peal__sip_between(start, p);
    }
    return p == end && params_ok(uri->params.p, uri->params.p + uri->params.n);
}

static bool take_sip(peal_sip_uri *uri, const char *p, const char *end)
{
    p = take_user(uri, p, end);
    const char *host = p;
    p = p ? peal__sip_host(p, end) : NULL;
    if (!p) {
        return false;
    }
    uri->host = peal__sip_between(host, p);
    if (p < end && *p == ':') {
        p = peal__sip_port(p + 1, end, &uri->port);
    }
    return p && take_params(uri, p, end) && peal__sip_escapes_ok(uri->text.p, end);
}

static bool take_tel(peal_sip_uri *uri, const char *p, const char *end)
{
    const char *start = p;
    p = peal__sip_skip_phone(p, end);
    if (!p) {
        return false;
    }
    uri->user = peal__sip_between(start, p);
    return take_params(uri, p, end) && uri->headers.n == 0 && peal__sip_escapes_ok(p, end);
}

static bool take_opaque(peal_sip_uri *uri, const char *p, const char *end)
{
    uri->opaque = peal__sip_between(p, end);
    uri->params = uri->headers = peal_str_of(end, 0);
    return p < end && peal__sip_skip(p, end, PEAL__SIP_ANGLE) == end;
}

peal_result peal_sip_uri_decode(peal_str text, peal_sip_uri *ret)
{
    if (text.n == 0) {
        return PEAL_E_SIP_URI;
    }
    const char *end = text.p + text.n;
    const char *colon = skip_scheme(text.p, end);
    if (!colon) {
        return PEAL_E_SIP_URI;
    }
    const peal_str absent = { NULL, 0 };
    peal_sip_uri uri;
    /* One by one: compilers clear whole structs of this size slowly. */
    uri.text = text;
    uri.scheme_text = peal__sip_between(text.p, colon);
    uri.scheme = scheme_of(uri.scheme_text);
    uri.port = 0;
    uri.user = absent;
    uri.password = absent;
    uri.host = absent;
    uri.opaque = absent;
    bool ok = false;
    switch (uri.scheme) {
    case PEAL_SIP_SCHEME_SIP:
    case PEAL_SIP_SCHEME_SIPS:
        ok = take_sip(&uri, colon + 1, end);
        break;
    case PEAL_SIP_SCHEME_TEL:
        ok = take_tel(&uri, colon + 1, end);
        break;
    case PEAL_SIP_SCHEME_OTHER:
        ok = take_opaque(&uri, colon + 1, end);
        break;
    }
    if (!ok) {
        return PEAL_E_SIP_URI;
    }
    *ret = uri;
    return PEAL_OK;
}

peal_result peal_sip_uri_param(const peal_sip_uri *uri, peal_str name, peal_str *ret)
{
    return peal_sip_param_find(uri->params, name, ret);
}

bool peal_sip_uri_has_param(const peal_sip_uri *uri, peal_str name)
{
    peal_str value;
    return peal_sip_param_find(uri->params, name, &value) == PEAL_OK;
}
