/* SPDX-License-Identifier: MIT */
/* CSeq, and values with parameters. Any thread. RFC 3261 §20.16, §20.15, §20.33, §25.1. */
#include "sipstack/parser/parser_inner.h"

peal_result peal_sip_cseq_decode(peal_str text, peal_sip_cseq *ret)
{
    peal_str all = peal__sip_trim(text);
    const char *end = all.p + all.n;
    const char *p = all.p;
    uint64_t number = 0;
    for (; p < end && peal__sip_is_digit(*p); ++p) {
        number = number * 10 + (uint64_t)(*p - '0');
        if (number > INT32_MAX) {
            return PEAL_E_SIP_HEADER; /* RFC 3261 §8.1.1.5: less than 2**31 */
        }
    }
    const char *method = peal__sip_skip_ws(p, end);
    if (p == all.p || method == p || method == end ||
        peal__sip_skip(method, end, PEAL__SIP_TOKEN) != end) {
        return PEAL_E_SIP_HEADER;
    }
    ret->number = (uint32_t)number;
    ret->method_text = peal__sip_between(method, end);
    ret->method = peal_sip_method_of(ret->method_text);
    return PEAL_OK;
}

/* Where the value ends: before its comment or its parameters. */
static const char *value_end(const char *p, const char *end, const char **ret_params)
{
    const char *stop = NULL;
    while (p && p < end && *p != ';') {
        if (*p == '"') {
            p = peal__sip_skip_quoted(p, end);
        } else if (*p == '(') {
            stop = stop ? stop : p;
            p = peal__sip_skip_comment(p, end);
        } else {
            ++p;
        }
    }
    *ret_params = p;
    return stop ? stop : p;
}

static bool params_ok(const char *p, const char *end)
{
    peal_str name, value;
    peal_result r;
    while ((r = peal__sip_param_take(&p, end, &name, &value)) == PEAL_OK) {
    }
    return r == PEAL_I_END;
}

peal_result peal_sip_value_decode(peal_str text, peal_sip_value *ret)
{
    peal_str all = peal__sip_trim(text);
    const char *end = all.p + all.n;
    const char *params = NULL;
    const char *stop = value_end(all.p, end, &params);
    if (!params || !params_ok(params, end)) {
        return PEAL_E_SIP_HEADER;
    }
    peal_str value = peal__sip_trim(peal__sip_between(all.p, stop));
    if (value.n == 0) {
        return PEAL_E_SIP_HEADER;
    }
    ret->value = value;
    ret->params = peal__sip_between(params, end);
    return PEAL_OK;
}
