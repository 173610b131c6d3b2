/* SPDX-License-Identifier: MIT */
/* Parameters of headers and URIs: ;name[=value]. Empty ones (";;") are passed over: peers send
 * them, and they mean nothing. Any thread. RFC 3261 §7.3.1, §19.1.1, §25.1 (generic-param). */
#include "sipstack/parser/parser_inner.h"

/* The value after '='; white space around it belongs to nobody. */
static const char *take_value(const char *p, const char *end, peal_str *ret)
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

peal_result peal__sip_param_take(const char **cursor, const char *end, peal_str *ret_name,
                                 peal_str *ret_value)
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
        p = take_value(p + 1, end, &value);
    }
    if (name.n == 0 || !p || (p < end && *p != ';')) {
        return PEAL_E_SYNTAX;
    }
    *cursor = p;
    *ret_name = name;
    *ret_value = value;
    return PEAL_OK;
}

peal_result peal_sip_param_next(peal_str *cursor, peal_str *ret_name, peal_str *ret_value)
{
    if (cursor->n == 0) {
        return PEAL_I_END;
    }
    const char *end = cursor->p + cursor->n;
    const char *p = cursor->p;
    peal_result r = peal__sip_param_take(&p, end, ret_name, ret_value);
    if (r >= 0) {
        *cursor = peal__sip_between(p, end);
    }
    return r;
}

peal_result peal_sip_param_find(peal_str params, peal_str name, peal_str *ret_value)
{
    peal_str found, value;
    peal_result r;
    while ((r = peal_sip_param_next(&params, &found, &value)) == PEAL_OK) {
        if (peal_str_ieq(found, name)) {
            *ret_value = value;
            return PEAL_OK;
        }
    }
    return PEAL_E_NOT_FOUND;
}
