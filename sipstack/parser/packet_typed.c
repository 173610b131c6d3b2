/* SPDX-License-Identifier: MIT */
/* The second pass, on demand: a line's values are decoded when somebody first asks, once, and kept
 * with the line. The packet's thread. RFC 3261 §7.3.1, §20. */
#include "sipstack/parser/parser_inner.h"

static peal_result via_of(peal_str text, void *ret)
{
    return peal_sip_via_decode(text, ret);
}
static peal_result address_of(peal_str text, void *ret)
{
    return peal_sip_address_decode(text, ret);
}
static peal_result cseq_of(peal_str text, void *ret)
{
    return peal_sip_cseq_decode(text, ret);
}
static peal_result text_of(peal_str text, void *ret)
{
    *(peal_str *)ret = text;
    return PEAL_OK;
}
static peal_result value_of(peal_str text, void *ret)
{
    return peal_sip_value_decode(text, ret);
}

/* What each kind of header is made of. A kind without decoder has no typed
 * form, or needs none. */
typedef struct kind_row {
    size_t bytes;
    bool is_list;
    peal_result (*decode)(peal_str text, void *ret);
} kind_row;
static const kind_row kinds[] = {
    [PEAL_SIP_KIND_RAW] = { 0, false, NULL },
    [PEAL_SIP_KIND_VIA] = { sizeof(peal_sip_via), true, via_of },
    [PEAL_SIP_KIND_ADDRESS] = { sizeof(peal_sip_address), false, address_of },
    [PEAL_SIP_KIND_ADDRESS_LIST] = { sizeof(peal_sip_address), true, address_of },
    [PEAL_SIP_KIND_CSEQ] = { sizeof(peal_sip_cseq), false, cseq_of },
    [PEAL_SIP_KIND_TEXT] = { sizeof(peal_str), false, text_of },
    [PEAL_SIP_KIND_NUMBER] = { 0, false, NULL },
    [PEAL_SIP_KIND_TOKENS] = { sizeof(peal_str), true, text_of },
    [PEAL_SIP_KIND_VALUE_PARAMS] = { sizeof(peal_sip_value), false, value_of },
};

static peal_sip_header_kind kind_of(peal_sip_header_id id)
{
    return (unsigned)id < PEAL_SIP_HEADER_COUNT
               ? (peal_sip_header_kind)peal__sip_header_rows[id].kind
               : PEAL_SIP_KIND_RAW;
}

/* How many values a list has. An open quote or bracket counts as one more, which then fails. */
static size_t count_values(peal_str list, size_t limit)
{
    peal_str value;
    size_t count = 0;
    while (count <= limit) {
        peal_result r = peal_sip_list_next(&list, &value);
        if (r != PEAL_OK) {
            return r < 0 ? count + 1 : count;
        }
        ++count;
    }
    return count;
}

/* Decodes up to the first value that fails; those before it stay usable. */
static void decode_list(const kind_row *kind, peal_str list, size_t room, peal__sip_typed *typed)
{
    char *at = (char *)(typed + 1);
    while (typed->count < room) {
        peal_str value;
        peal_result r = peal_sip_list_next(&list, &value);
        if (r == PEAL_OK) {
            r = kind->decode(value, at);
        }
        if (r != PEAL_OK) {
            typed->result = r < 0 ? r : PEAL_OK;
            return;
        }
        at += kind->bytes;
        ++typed->count;
    }
    peal_str value;
    if (peal_sip_list_next(&list, &value) != PEAL_I_END) {
        typed->result = PEAL_E_LIMIT;
    }
}

const peal__sip_typed *peal__sip_packet_decode_line(peal_sip_packet *packet,
                                                    peal__sip_header_line *line)
{
    const kind_row *kind = &kinds[peal__sip_header_rows[line->id].kind];
    peal_str value = peal__sip_line_value(line);
    /* Where no comma stands there is one value, and its decoder sees all that is wrong with it. */
    bool is_list = kind->is_list && (kind->decode == text_of || value.n == 0 ||
                                     memchr(value.p, ',', value.n) != NULL);
    size_t room = is_list ? count_values(value, packet->list_limit) : 1;
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
        typed->result = kind->decode(value, typed + 1);
        typed->count = typed->result == PEAL_OK;
    }
    line->typed = typed;
    return typed;
}

/* The nth value over all lines with the id. */
static peal_result search(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                          const void **ret)
{
    size_t bytes = kinds[peal__sip_header_rows[id].kind].bytes;
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
    return search(packet, id, nth, ret);
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
    peal_sip_header_kind kind = kind_of(id);
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
    if (r < 0 || (line->id == PEAL_SIP_HEADER_MAX_FORWARDS && number > 255)) {
        return PEAL_E_SIP_HEADER; /* RFC 3261 §20.22 */
    }
    *ret = number;
    return PEAL_OK;
}

/* Digits are read faster than their number could be kept. */
peal_result peal_sip_packet_number(peal_sip_packet *packet, peal_sip_header_id id, uint32_t *ret)
{
    const peal__sip_header_line *line =
        kind_of(id) == PEAL_SIP_KIND_NUMBER ? peal__sip_packet_first(packet, id) : NULL;
    return line ? peal__sip_number_value(line, ret) : PEAL_E_NOT_FOUND;
}

peal_result peal_sip_packet_token(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                                  peal_str *ret)
{
    const void *found = NULL;
    if (kind_of(id) != PEAL_SIP_KIND_TOKENS) {
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
    for (size_t i = 0; kind_of(id) == PEAL_SIP_KIND_TOKENS && i < packet->line_count; ++i) {
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
    if (kind_of(id) != PEAL_SIP_KIND_VALUE_PARAMS) {
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
