/* SPDX-License-Identifier: MIT */
/* Header lines of a block that is no packet: the head of a body's part and the like. Any thread.
 * RFC 3261 §7.3.1; RFC 2045 §3. */
#include "sipstack/parser/parser_inner.h"

#include <peal/sip/multipart.h>

/* Past the line with its folds; *ret_stop: where its end starts. A blank line has no folds. */
static const char *take_line(const char *p, const char *end, const char **ret_stop)
{
    const char *next = p;
    *ret_stop = p;
    if (*p == '\n' || (*p == '\r' && end - p >= 2 && p[1] == '\n')) {
        return p + (*p == '\n' ? 1 : 2);
    }
    do {
        const char *lf = memchr(next, '\n', (size_t)(end - next));
        next = lf ? lf + 1 : end;
    } while (next < end && (*next == ' ' || *next == '\t'));
    const char *stop = next;
    if (stop[-1] == '\n') {
        --stop;
        stop -= stop[-1] == '\r';
    }
    *ret_stop = stop;
    return next;
}

peal_result peal_sip_lines_next(peal_str *cursor, peal_sip_line *ret)
{
    if (cursor->n == 0) {
        *cursor = peal_str_of(NULL, 0);
        return PEAL_I_END;
    }
    const char *p = cursor->p, *end = p + cursor->n, *stop = NULL;
    const char *next = take_line(p, end, &stop);
    if (stop == p) {
        *cursor = peal__sip_between(next, end);
        return PEAL_I_END;
    }
    peal_sip_line line;
    const char *value = peal__sip_take_name(p, stop, &line.name, &line.id);
    if (!value || !peal__sip_text_ok(peal__sip_between(p, stop)) ||
        !peal__sip_nuls_are_quoted(peal__sip_between(p, stop))) {
        return PEAL_E_SYNTAX;
    }
    line.value = peal__sip_trim(peal__sip_between(value, stop));
    if (line.value.n == 0) {
        line.value.p = stop;
    }
    *ret = line;
    *cursor = peal__sip_between(next, end);
    return PEAL_OK;
}
