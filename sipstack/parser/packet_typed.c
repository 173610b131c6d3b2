/* SPDX-License-Identifier: MIT */
/* The second pass, on demand: a line's values are decoded when somebody first asks, once, and kept
 * with the line. The packet's thread. RFC 3261 §7.3.1, §20. */
#include "sipstack/parser/header_inner.h"

/* Splits off the next value; where values are words, at each comma. */
static peal_result next_value(const peal__sip_kind *kind, peal_str *list, peal_str *ret)
{
    if (PEAL_LIKELY(!kind->words)) {
        return peal_sip_list_next(list, ret);
    }
    const char *p = list->p, *end = p + list->n;
    while (p < end && (*p == ',' || peal__sip_in(*p, PEAL__SIP_WS))) {
        ++p;
    }
    const char *stop = p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
    stop = stop ? stop : end;
    *list = peal__sip_between(stop, end);
    if (p == end) {
        return PEAL_I_END;
    }
    *ret = peal__sip_trim(peal__sip_between(p, stop));
    return PEAL_OK;
}

peal_result peal__sip_next_value(unsigned id, peal_str *list, peal_str *ret)
{
    return next_value(&peal__sip_kinds[peal__sip_header_rows[id].kind], list, ret);
}

/* How many values a list has. An open quote or bracket counts as one more, which then fails. */
static size_t count_values(const peal__sip_kind *kind, peal_str list, size_t limit)
{
    peal_str value;
    size_t count = 0;
    while (count <= limit) {
        peal_result r = next_value(kind, &list, &value);
        if (r != PEAL_OK) {
            return r < 0 ? count + 1 : count;
        }
        ++count;
    }
    return count;
}

/* Decodes up to the first value that fails; those before it stay usable. */
static void decode_list(const peal__sip_kind *kind, peal_str list, size_t room,
                        peal__sip_typed *typed)
{
    char *at = (char *)(typed + 1);
    while (typed->count < room) {
        peal_str value;
        peal_result r = next_value(kind, &list, &value);
        if (r == PEAL_OK) {
            r = peal__sip_kind_decode(kind, value, at);
        }
        if (r != PEAL_OK) {
            typed->result = r < 0 ? r : PEAL_OK;
            return;
        }
        at += kind->bytes;
        ++typed->count;
    }
    peal_str value;
    if (next_value(kind, &list, &value) != PEAL_I_END) {
        typed->result = PEAL_E_LIMIT;
    }
}

/* "*" is for Contact, and the only value there; those before one elsewhere stay usable. */
static void check_stars(const peal__sip_header_line *line, peal__sip_typed *typed)
{
    const peal_sip_address *address = (const peal_sip_address *)(const void *)(typed + 1);
    const bool may_be = line->id == PEAL_SIP_HEADER_CONTACT && typed->count == 1;
    for (uint32_t i = 0; i < typed->count; ++i) {
        if (peal__sip_is_star(&address[i]) && !may_be) {
            typed->count = i;
            typed->result = PEAL_E_SIP_HEADER;
        }
    }
}

const peal__sip_typed *peal__sip_packet_decode_line(peal_sip_packet *packet,
                                                    peal__sip_header_line *line)
{
    const peal__sip_kind *kind = &peal__sip_kinds[peal__sip_header_rows[line->id].kind];
    peal_str value = peal__sip_line_value(line);
    /* Where no comma stands there is one value, and its decoder sees all that is wrong with it. */
    bool is_list = kind->list && (kind->decode == peal__sip_text_decode || value.n == 0 ||
                                  memchr(value.p, ',', value.n) != NULL);
    size_t room = is_list ? count_values(kind, value, packet->list_limit) : 1;
    room = room < packet->list_limit ? room : packet->list_limit;
    peal__sip_typed *typed =
        peal__sip_packet_alloc_object(packet, sizeof *typed + room * kind->bytes);
    if (!typed) {
        return NULL;
    }
    typed->count = 0;
    typed->result = PEAL_OK;
    if (is_list) {
        decode_list(kind, value, room, typed);
    } else {
        typed->result = peal__sip_kind_decode(kind, value, typed + 1);
        typed->count = typed->result == PEAL_OK;
    }
    if (kind->decode == peal__sip_address_decode) {
        check_stars(line, typed);
    }
    line->typed = typed;
    return typed;
}

/* The nth value over all lines with the id. */
peal_result peal__sip_packet_find(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                                  const void **ret)
{
    size_t bytes = peal__sip_kinds[peal__sip_header_rows[id].kind].bytes;
    if (packet->first[id] == 0) {
        return PEAL_E_NOT_FOUND;
    }
    const peal__sip_header_line *end = packet->lines + packet->line_count;
    for (peal__sip_header_line *line = packet->lines + packet->first[id] - 1; line < end; ++line) {
        if (line->id != (uint8_t)id) {
            continue;
        }
        const peal__sip_typed *typed = peal__sip_packet_typed(packet, line);
        if (!typed) {
            return PEAL_E_NO_MEMORY;
        }
        if (nth < typed->count) {
            *ret = (const char *)peal__sip_typed_values(typed) + nth * bytes;
            return PEAL_OK;
        }
        if (typed->result < 0) {
            return typed->result;
        }
        nth -= typed->count;
    }
    return PEAL_E_NOT_FOUND;
}

/* The same; most ask for the first value of a line that was decoded before. */
static inline peal_result find(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                               const void **ret)
{
    const peal__sip_header_line *line = peal__sip_packet_first(packet, id);
    if (PEAL_LIKELY(nth == 0 && line && line->typed && line->typed->count > 0)) {
        *ret = peal__sip_typed_values(line->typed);
        return PEAL_OK;
    }
    return peal__sip_packet_find(packet, id, nth, ret);
}

peal_result peal_sip_packet_via(peal_sip_packet *packet, size_t nth, const peal_sip_via **ret)
{
    const void *found = NULL;
    peal_result r = find(packet, PEAL_SIP_HEADER_VIA, nth, &found);
    if (r >= 0) {
        *ret = found;
    }
    return r;
}

peal_result peal_sip_packet_address(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                                    const peal_sip_address **ret)
{
    const void *found = NULL;
    peal_sip_header_kind kind = peal__sip_kind_of(id);
    if (kind != PEAL_SIP_KIND_ADDRESS && kind != PEAL_SIP_KIND_ADDRESS_LIST) {
        return PEAL_E_NOT_FOUND;
    }
    peal_result r = find(packet, id, nth, &found);
    if (r >= 0) {
        *ret = found;
    }
    return r;
}

peal_result peal_sip_packet_from(peal_sip_packet *packet, const peal_sip_address **ret)
{
    return peal_sip_packet_address(packet, PEAL_SIP_HEADER_FROM, 0, ret);
}

peal_result peal_sip_packet_to(peal_sip_packet *packet, const peal_sip_address **ret)
{
    return peal_sip_packet_address(packet, PEAL_SIP_HEADER_TO, 0, ret);
}

peal_result peal_sip_packet_cseq(peal_sip_packet *packet, const peal_sip_cseq **ret)
{
    const void *found = NULL;
    peal_result r = find(packet, PEAL_SIP_HEADER_CSEQ, 0, &found);
    if (r >= 0) {
        *ret = found;
    }
    return r;
}

peal_str peal_sip_packet_call_id(peal_sip_packet *packet)
{
    return peal_sip_packet_value(packet, PEAL_SIP_HEADER_CALL_ID, 0);
}

peal_result peal__sip_number_value(const peal__sip_header_line *line, uint32_t *ret)
{
    uint32_t number = 0;
    peal_result r = peal__sip_number_decode(peal__sip_line_value(line), &number);
    if (r < 0 || !peal__sip_number_fits((peal_sip_header_id)line->id, number)) {
        return PEAL_E_SIP_HEADER;
    }
    *ret = number;
    return PEAL_OK;
}

/* Digits are read faster than their number could be kept. */
peal_result peal_sip_packet_number(peal_sip_packet *packet, peal_sip_header_id id, uint32_t *ret)
{
    const peal__sip_header_line *line =
        peal__sip_kind_of(id) == PEAL_SIP_KIND_NUMBER ? peal__sip_packet_first(packet, id) : NULL;
    return line ? peal__sip_number_value(line, ret) : PEAL_E_NOT_FOUND;
}

peal_result peal_sip_packet_token(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                                  peal_str *ret)
{
    const void *found = NULL;
    if (peal__sip_kind_of(id) != PEAL_SIP_KIND_TOKENS) {
        return PEAL_E_NOT_FOUND;
    }
    peal_result r = find(packet, id, nth, &found);
    if (r >= 0) {
        *ret = *(const peal_str *)found;
    }
    return r;
}

bool peal_sip_packet_has_token(peal_sip_packet *packet, peal_sip_header_id id, peal_str token)
{
    /* Without the typed form, so that it also works when memory is exhausted. */
    for (size_t i = 0; peal__sip_kind_of(id) == PEAL_SIP_KIND_TOKENS && i < packet->line_count;
         ++i) {
        const peal__sip_header_line *line = &packet->lines[i];
        peal_str list = peal__sip_line_value(line), value;
        while (line->id == (uint8_t)id && peal_sip_list_next(&list, &value) == PEAL_OK) {
            if (id == PEAL_SIP_HEADER_ALLOW ? peal_str_eq(value, token)
                                            : peal_str_ieq(value, token)) {
                return true;
            }
        }
    }
    return false;
}

peal_result peal_sip_packet_value_params(peal_sip_packet *packet, peal_sip_header_id id,
                                         peal_sip_value *ret)
{
    const void *found = NULL;
    if (peal__sip_kind_of(id) != PEAL_SIP_KIND_VALUE_PARAMS) {
        return PEAL_E_NOT_FOUND;
    }
    peal_result r = find(packet, id, 0, &found);
    if (r >= 0) {
        *ret = *(const peal_sip_value *)found;
    }
    return r;
}

peal_result peal_sip_packet_request_uri_decoded(peal_sip_packet *packet, const peal_sip_uri **ret)
{
    if (!packet->is_request) {
        return PEAL_E_NOT_FOUND;
    }
    if (!packet->uri_parts) {
        peal_sip_uri *uri = peal__sip_packet_alloc_object(packet, sizeof *uri);
        peal_result r = uri ? peal_sip_uri_decode(packet->uri, uri) : PEAL_E_NO_MEMORY;
        if (r < 0) {
            return r;
        }
        packet->uri_parts = uri;
    }
    *ret = packet->uri_parts;
    return PEAL_OK;
}
