/* SPDX-License-Identifier: MIT */
/* Values made of a head and parameters: one engine for all of them, so that a header's file holds
 * its grammar and its table, and no code. Any thread. RFC 3261 §7.3.1, §25.1.
 *
 *     value = head *(SEMI generic-param) */
#include "sipstack/parser/header_inner.h"

static bool all_in(peal_str text, unsigned classes)
{
    const char *end = text.p + text.n;
    return text.n > 0 && peal__sip_skip(text.p, end, classes) == end;
}

/* Past the head, which ends at ';' or the end. */
static const char *head_end(peal__sip_head head, const char *p, const char *end)
{
    if (head == PEAL__SIP_HEAD_NONE || head == PEAL__SIP_HEAD_SEMICOLON) {
        return p;
    }
    if (head == PEAL__SIP_HEAD_WORDS && p < end && *p == '"') {
        p = peal__sip_skip_quoted(p, end);
        return p ? peal__sip_skip_ws(p, end) : end;
    }
    const char *stop = p < end ? memchr(p, ';', (size_t)(end - p)) : NULL;
    return stop ? stop : end;
}

static bool take_head(peal__sip_head head, peal_str text, void *to)
{
    peal_str *ret = to;
    switch (head) {
    case PEAL__SIP_HEAD_TOKEN:
        *ret = text;
        return all_in(text, PEAL__SIP_TOKEN);
    case PEAL__SIP_HEAD_CALL_ID:
        *ret = text;
        return peal__sip_is_call_id(text);
    case PEAL__SIP_HEAD_HEX32:
        *ret = text;
        return peal__sip_is_hex32(text);
    case PEAL__SIP_HEAD_WORDS:
        *ret = text;
        return text.n > 0;
    case PEAL__SIP_HEAD_NUMBER:
        return peal__sip_number_decode(text, to) >= 0;
    case PEAL__SIP_HEAD_TRUE:
        *(bool *)to = peal_str_ieq(text, PEAL_STR("true"));
        return *(bool *)to || peal_str_ieq(text, PEAL_STR("false"));
    case PEAL__SIP_HEAD_NONE:
    case PEAL__SIP_HEAD_SEMICOLON:
    case PEAL__SIP_HEAD_ADDRESS:
        break;
    }
    return true;
}

/* The largest struct that has a shape. */
typedef union shaped {
    peal_sip_session_expires session_expires;
    peal_sip_replaces replaces;
    peal_sip_identity identity;
    peal_sip_history_info history_info;
    peal_sip_diversion diversion;
    peal_sip_charging_vector charging_vector;
    peal_sip_contact_params contact_params;
} shaped;

static peal_result decode_parts(const peal__sip_shape *shape, peal_str text, void *base)
{
    void *head = (char *)base + shape->head_at;
    peal_str params;
    if (shape->head == PEAL__SIP_HEAD_ADDRESS) {
        peal_sip_address *address = head;
        peal_result r = peal_sip_address_decode(text, address);
        if (r < 0 || peal__sip_is_star(address)) {
            return PEAL_E_SIP_HEADER;
        }
        params = address->params;
    } else {
        const char *end = text.p + text.n;
        const char *stop = head_end(shape->head, text.p, end);
        params = peal__sip_between(stop, end);
        if ((params.n && shape->head != PEAL__SIP_HEAD_NONE && *stop != ';') ||
            !take_head(shape->head, peal__sip_trim(peal__sip_between(text.p, stop)), head)) {
            return PEAL_E_SIP_HEADER;
        }
        memcpy((char *)base + shape->params_at, &params, sizeof params);
    }
    return peal__sip_fields_take(shape->fields, shape->count, ';', params, base);
}

peal_result peal__sip_shape_decode(const peal__sip_shape *shape, peal_str text, void *ret)
{
    shaped value;
    peal__sip_zero(&value, sizeof value);
    peal_result r = decode_parts(shape, peal__sip_trim(text), &value);
    if (r >= 0) {
        memcpy(ret, &value, shape->bytes);
    }
    return r;
}

static void put_head(peal__sip_out *out, peal__sip_head head, const void *from)
{
    const peal_str *text = from;
    switch (head) {
    case PEAL__SIP_HEAD_NONE:
    case PEAL__SIP_HEAD_SEMICOLON:
        break;
    case PEAL__SIP_HEAD_TOKEN:
        peal__sip_put_token(out, *text);
        break;
    case PEAL__SIP_HEAD_CALL_ID:
        peal__sip_put_call_id(out, *text);
        break;
    case PEAL__SIP_HEAD_HEX32:
        out->bad |= !peal__sip_is_hex32(*text);
        peal__sip_put(out, *text);
        break;
    case PEAL__SIP_HEAD_WORDS:
        peal__sip_put_words(out, *text);
        break;
    case PEAL__SIP_HEAD_NUMBER:
        peal__sip_put_number(out, *(const uint32_t *)from);
        break;
    case PEAL__SIP_HEAD_TRUE:
        peal__sip_put(out, *(const bool *)from ? PEAL_STR("true") : PEAL_STR("false"));
        break;
    case PEAL__SIP_HEAD_ADDRESS:
        out->bad |= peal__sip_is_star(from);
        peal__sip_put_address(out, from);
        break;
    }
}

void peal__sip_shape_write(const peal__sip_shape *shape, peal__sip_out *out, const void *value)
{
    const void *head = (const char *)value + shape->head_at;
    peal_str params;
    put_head(out, shape->head, head);
    if (shape->head == PEAL__SIP_HEAD_ADDRESS) {
        params = ((const peal_sip_address *)head)->params;
    } else {
        memcpy(&params, (const char *)value + shape->params_at, sizeof params);
    }
    peal__sip_fields_put(out, shape->fields, shape->count, ';', shape->head != PEAL__SIP_HEAD_NONE,
                         value, params);
}
