/* SPDX-License-Identifier: MIT */
/* The tables of methods, headers and transports: names to ids and back. Any thread.
 * RFC 3261 §7.3.3 (compact forms), §20, §25.1. */
#include "sipstack/parser/parser_inner.h"

#define HEADER_SLOT(slot, id) [slot] = PEAL_SIP_HEADER_##id,
const uint8_t peal__sip_header_slots[PEAL__SIP_HASH_MASK + 1] = { PEAL__SIP_HEADER_SLOTS(
    HEADER_SLOT) };

#define HEADER_ROW(id, name, compact, kind, single)                                                \
    [PEAL_SIP_HEADER_##                                                                            \
        id] = { name, { name, sizeof name - 1 }, compact, PEAL_SIP_KIND_##kind, single },
const peal__sip_header_row peal__sip_header_rows[PEAL_SIP_HEADER_COUNT] = { PEAL_SIP_HEADER_TABLE(
    HEADER_ROW) };

#define METHOD_TEXT(id, text) [PEAL_SIP_METHOD_##id] = { text, sizeof text - 1 },
static const peal_str method_texts[PEAL_SIP_METHOD_COUNT] = { PEAL_SIP_METHOD_TABLE(METHOD_TEXT) };

/* Sound for header names (letters, digits, '-') against tokens: other bytes that 0x20 maps onto
 * them are no token characters. */
peal_sip_header_id peal__sip_header_of_token(peal_str name)
{
    unsigned id = peal__sip_header_slots[peal__sip_header_hash(name.p, name.n)];
    const peal__sip_header_row *row = &peal__sip_header_rows[id];
    if (name.n == row->name.n &&
        (peal__sip_difference(name.p, row->name.p, name.n) & ~(uint64_t)PEAL__SIP_FOLD) == 0) {
        return (peal_sip_header_id)id;
    }
    bool compact = name.n == 1 && row->compact && (name.p[0] | 0x20) == row->compact;
    return compact ? (peal_sip_header_id)id : PEAL_SIP_HEADER_OTHER;
}

peal_sip_header_id peal_sip_header_of(peal_str name)
{
    const char *end = name.p + name.n;
    if (name.n == 0 || peal__sip_skip(name.p, end, PEAL__SIP_TOKEN) != end) {
        return PEAL_SIP_HEADER_OTHER;
    }
    return peal__sip_header_of_token(name);
}

peal_str peal_sip_header_name(peal_sip_header_id id)
{
    return (unsigned)id < PEAL_SIP_HEADER_COUNT ? peal__sip_header_rows[id].name
                                                : peal_str_of(NULL, 0);
}

peal_sip_method peal_sip_method_of(peal_str text)
{
    for (unsigned id = 1; id < PEAL_SIP_METHOD_COUNT; ++id) {
        if (text.n == method_texts[id].n && text.p[0] == method_texts[id].p[0] &&
            peal__sip_difference(text.p, method_texts[id].p, text.n) == 0) {
            return (peal_sip_method)id;
        }
    }
    return PEAL_SIP_METHOD_UNKNOWN;
}

peal_str peal_sip_method_text(peal_sip_method method)
{
    return (unsigned)method < PEAL_SIP_METHOD_COUNT ? method_texts[method] : peal_str_of(NULL, 0);
}

peal_sip_transport peal_sip_transport_of(peal_str token)
{
    if (token.n == 0) {
        return PEAL_SIP_TRANSPORT_NONE;
    }
    if (peal__sip_token_is(token, PEAL_STR("udp"))) {
        return PEAL_SIP_TRANSPORT_UDP;
    }
    if (peal__sip_token_is(token, PEAL_STR("tcp"))) {
        return PEAL_SIP_TRANSPORT_TCP;
    }
    return peal__sip_token_is(token, PEAL_STR("tls")) ? PEAL_SIP_TRANSPORT_TLS
                                                      : PEAL_SIP_TRANSPORT_OTHER;
}

peal_str peal_sip_transport_text(peal_sip_transport transport)
{
    switch (transport) {
    case PEAL_SIP_TRANSPORT_UDP:
        return PEAL_STR("UDP");
    case PEAL_SIP_TRANSPORT_TCP:
        return PEAL_STR("TCP");
    case PEAL_SIP_TRANSPORT_TLS:
        return PEAL_STR("TLS");
    case PEAL_SIP_TRANSPORT_NONE:
    case PEAL_SIP_TRANSPORT_OTHER:
        break;
    }
    return peal_str_of(NULL, 0);
}
