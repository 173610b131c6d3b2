/* SPDX-License-Identifier: MIT */
/* Reading the parts of a decoded URI: typed parameters, headers, the names of URNs. Any thread.
 * RFC 3261 §19.1.1; RFC 3486, 4458, 5626, 5627 (parameters); RFC 8141 §2 (urn). */
#include "sipstack/parser/parser_inner.h"

static bool take_ttl(peal_str value, int16_t *ret)
{
    uint64_t ttl = 0;
    if (value.n > 3 || peal_str_to_u64(value, 255, &ttl) < 0) {
        return false;
    }
    *ret = (int16_t)ttl;
    return true;
}

/* One parameter; false: its value is missing or wrong. */
static bool take_param(peal_sip_uri_params *params, peal_str name, peal_str value)
{
    const struct {
        peal_str name;
        peal_str *place;
        bool may_be_empty;
    } texts[] = {
        { PEAL_STR("transport"), &params->transport, false },
        { PEAL_STR("maddr"), &params->maddr, false },
        { PEAL_STR("method"), &params->method, false },
        { PEAL_STR("user"), &params->user, false },
        { PEAL_STR("comp"), &params->comp, false },
        { PEAL_STR("gr"), &params->gr, true },
        { PEAL_STR("cause"), &params->cause, false },
        { PEAL_STR("target"), &params->target, false },
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(texts); ++i) {
        if (peal_str_ieq(name, texts[i].name)) {
            *texts[i].place = texts[i].place->p ? *texts[i].place : value;
            return value.n > 0 || texts[i].may_be_empty;
        }
    }
    if (peal_str_ieq(name, PEAL_STR("ttl"))) {
        return params->ttl >= 0 || take_ttl(value, &params->ttl);
    }
    params->lr |= peal_str_ieq(name, PEAL_STR("lr"));
    params->ob |= peal_str_ieq(name, PEAL_STR("ob"));
    return true;
}

peal_result peal_sip_uri_params_decode(const peal_sip_uri *uri, peal_sip_uri_params *ret)
{
    peal_sip_uri_params params = { .ttl = -1 };
    peal_str cursor = uri->params, name, value;
    peal_result r;
    while ((r = peal_sip_param_next(&cursor, &name, &value)) == PEAL_OK) {
        if (!take_param(&params, name, value)) {
            return PEAL_E_SIP_URI;
        }
    }
    if (r < 0) {
        return PEAL_E_SIP_URI;
    }
    params.phone = params.user.p && peal_str_ieq(params.user, PEAL_STR("phone"));
    *ret = params;
    return PEAL_OK;
}

peal_result peal_sip_uri_header_next(peal_str *cursor, peal_str *ret_name, peal_str *ret_value)
{
    if (cursor->n == 0) {
        return PEAL_I_END;
    }
    const char *end = cursor->p + cursor->n;
    const char *stop = memchr(cursor->p, '&', cursor->n);
    stop = stop ? stop : end;
    const char *equals = memchr(cursor->p, '=', (size_t)(stop - cursor->p));
    *ret_name = peal__sip_between(cursor->p, equals ? equals : stop);
    *ret_value = peal__sip_between(equals ? equals + 1 : stop, stop);
    *cursor = peal__sip_between(stop < end ? stop + 1 : end, end);
    return PEAL_OK;
}

peal_result peal_sip_uri_header(const peal_sip_uri *uri, peal_str name, peal_str *ret)
{
    peal_str cursor = uri->headers, found, value;
    while (peal_sip_uri_header_next(&cursor, &found, &value) == PEAL_OK) {
        if (peal_sip_uri_text_eq(found, name, true)) {
            *ret = value;
            return PEAL_OK;
        }
    }
    return PEAL_E_NOT_FOUND;
}

static bool is_ldh(char c)
{
    return peal__sip_is_alpha(c) || peal__sip_is_digit(c) || c == '-';
}

/* 2 to 32 letters, digits and hyphens, none of these at an end. */
static bool nid_ok(peal_str nid)
{
    if (nid.n < 2 || nid.n > 32 || nid.p[0] == '-' || nid.p[nid.n - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < nid.n; ++i) {
        if (!is_ldh(nid.p[i])) {
            return false;
        }
    }
    return true;
}

size_t peal__sip_urn_name_bytes(peal_str nss)
{
    size_t i = 0;
    while (i < nss.n && nss.p[i] != '#' &&
           !(nss.p[i] == '?' && i + 1 < nss.n && (nss.p[i + 1] == '+' || nss.p[i + 1] == '='))) {
        ++i;
    }
    return i;
}

peal_result peal_sip_uri_urn(const peal_sip_uri *uri, peal_str *ret_nid, peal_str *ret_nss)
{
    if (uri->scheme != PEAL_SIP_SCHEME_OTHER || !peal_str_ieq(uri->scheme_text, PEAL_STR("urn"))) {
        return PEAL_E_NOT_FOUND;
    }
    const char *end = uri->opaque.p + uri->opaque.n;
    const char *colon = memchr(uri->opaque.p, ':', uri->opaque.n);
    peal_str nid = peal__sip_between(uri->opaque.p, colon ? colon : end);
    peal_str nss = peal__sip_between(colon ? colon + 1 : end, end);
    if (!nid_ok(nid) || peal__sip_urn_name_bytes(nss) == 0 || !peal__sip_escapes_ok(nss.p, end)) {
        return PEAL_E_SIP_URI;
    }
    *ret_nid = nid;
    *ret_nss = nss;
    return PEAL_OK;
}
