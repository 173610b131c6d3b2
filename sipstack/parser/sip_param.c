/* SPDX-License-Identifier: MIT */
/* Parameters of headers and URIs: ;name[=value]. Empty ones (";;") are passed over: peers send
 * them, and they mean nothing. Any thread. RFC 3261 §7.3.1, §19.1.1, §25.1 (generic-param). */
#include "sipstack/parser/parser_inner.h"

peal_result peal_sip_param_next(peal_str *cursor, peal_str *ret_name, peal_str *ret_value)
{
    if (cursor->n == 0) {
        return PEAL_I_END;
    }
    const char *end = cursor->p + cursor->n;
    const char *p = cursor->p;
    /* Identity alone has a URI between brackets as a value; other decoders have refused it. */
    peal_result r = peal__sip_any_param(';', true, &p, end, ret_name, ret_value);
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
