/* SPDX-License-Identifier: MIT */
/* Comma-separated lists. Empty elements are passed over. Any thread. RFC 3261 §7.3.1, §25.1. */
#include "sipstack/parser/parser_inner.h"

/* Past one element: to its comma or the end; NULL when a quote, bracket or comment stays open. */
static const char *skip_element(const char *p, const char *end)
{
    const char *start = p;
    while (p && p < end && *p != ',') {
        switch (*p) {
        case '"':
            p = peal__sip_skip_quoted(p, end);
            break;
        case '<':
            p = memchr(p, '>', (size_t)(end - p));
            break;
        case '(':
            /* A parenthesis is a comment only where white space stands before it; it may also be
             * part of a URI. */
            p = p == start || peal__sip_in(p[-1], PEAL__SIP_WS) ? peal__sip_skip_comment(p, end)
                                                                : p + 1;
            break;
        default:
            ++p;
            break;
        }
    }
    return p;
}

peal_result peal_sip_list_next(peal_str *cursor, peal_str *ret_value)
{
    if (cursor->n == 0) {
        return PEAL_I_END;
    }
    const char *p = cursor->p;
    const char *end = p + cursor->n;
    while (p < end && (*p == ',' || peal__sip_in(*p, PEAL__SIP_WS))) {
        ++p;
    }
    if (p == end) {
        *cursor = peal_str_of(end, 0);
        return PEAL_I_END;
    }
    const char *stop = skip_element(p, end);
    if (!stop) {
        return PEAL_E_SIP_HEADER;
    }
    *ret_value = peal__sip_trim(peal__sip_between(p, stop));
    *cursor = peal__sip_between(stop < end ? stop + 1 : stop, end);
    return PEAL_OK;
}
