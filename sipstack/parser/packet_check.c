/* SPDX-License-Identifier: MIT */
/* What is wrong with a packet, beyond what its decoding must know: all headers at once, and how a
 * faulty request is answered. The packet's thread. RFC 3261 §8.2, §21.4, §21.5. */
#include "sipstack/parser/header_inner.h"

unsigned peal_sip_fault_status(const peal_sip_fault *fault)
{
    switch (fault->result) {
    case PEAL_OK:
        return 0;
    case PEAL_E_SIP_VERSION:
        return 505;
    case PEAL_E_SIP_URI_SCHEME:
        return 416;
    case PEAL_E_LIMIT:
        return 513;
    default:
        return 400;
    }
}

/* Past an address in brackets; what does not belong there is noted. */
static const char *suspect_in_brackets(const char *p, const char *end, const char **ret_bad)
{
    const char *open = p++;
    while (p < end && *p != '>') {
        if (*p == '<' || *p == '"' || peal__sip_in(*p, PEAL__SIP_WS)) {
            *ret_bad = p;
            return end;
        }
        ++p;
    }
    if (p == end) {
        *ret_bad = open;
        return end;
    }
    p = peal__sip_skip_ws(p + 1, end);
    *ret_bad = p < end && *p != ';' && *p != ',' ? p : NULL;
    return p;
}

static bool is_broken_escape(const char *p, const char *end)
{
    return *p == '%' && (end - p < 3 || !peal__sip_is_hex(p[1]) || !peal__sip_is_hex(p[2]));
}

/* Where people would look first: an open quote or bracket, a control character, a broken escape, a
 * separator in an address that needs brackets. */
static const char *suspect(peal_str value, bool is_address)
{
    const char *end = value.p + value.n, *bad = NULL;
    for (const char *p = value.p; p < end;) {
        if (*p == '"') {
            const char *after = peal__sip_skip_quoted(p, end);
            if (!after) {
                return p;
            }
            p = after;
        } else if (*p == '<') {
            p = suspect_in_brackets(p, end, &bad);
            if (bad) {
                return bad;
            }
        } else if (is_broken_escape(p, end) ||
                   ((unsigned char)*p < ' ' && *p != '\t' && *p != '\r' && *p != '\n') ||
                   (is_address && (*p == ',' || *p == '?'))) {
            return p;
        } else {
            ++p;
        }
    }
    return value.p;
}

static const char *suspect_number(peal_str value)
{
    const char *end = value.p + value.n, *p = value.p;
    while (p < end && peal__sip_is_digit(*p)) {
        ++p;
    }
    return p < end && !peal__sip_in(*p, PEAL__SIP_WS) ? p : value.p;
}

const char *peal__sip_suspect(const peal__sip_header_line *line)
{
    peal_sip_header_kind kind = (peal_sip_header_kind)peal__sip_header_rows[line->id].kind;
    peal_str list = peal__sip_line_value(line), value = list;
    if (value.n == 0) {
        return value.p;
    }
    if (kind == PEAL_SIP_KIND_NUMBER || kind == PEAL_SIP_KIND_CSEQ) {
        return suspect_number(value);
    }
    /* Of a list the value that could not be decoded. */
    bool one = kind == PEAL_SIP_KIND_ADDRESS || !line->typed || !line->typed->count;
    for (uint32_t i = 0; !one && i < line->typed->count; ++i) {
        (void)peal__sip_next_value(line->id, &list, &value);
    }
    if (!one && list.n) {
        value = peal__sip_trim(list);
        value = value.n && *value.p == ',' ? peal__sip_trim(peal_str_of(value.p + 1, value.n - 1))
                                           : value;
    }
    return suspect(value, kind == PEAL_SIP_KIND_ADDRESS || kind == PEAL_SIP_KIND_ADDRESS_LIST);
}

const char *peal__sip_suspect_uri(peal_str uri)
{
    for (size_t i = 0; i < uri.n; ++i) {
        char c = uri.p[i];
        if ((unsigned char)c <= ' ' || c == '<' || c == '>' || c == '"' ||
            is_broken_escape(uri.p + i, uri.p + uri.n)) {
            return uri.p + i;
        }
    }
    return uri.p;
}

/* The line ends in front are as they were received. */
static uint32_t suspect_offset(const peal_sip_packet *packet, const peal__sip_header_line *line)
{
    size_t offset = packet->start.n + (packet->start_lf_only ? 1 : 2);
    for (const peal__sip_header_line *l = packet->lines; l < line; ++l) {
        offset += l->bytes + (l->lf_only ? 1u : 2u);
    }
    return (uint32_t)(offset + (size_t)(peal__sip_suspect(line) - line->text));
}

static peal_result check_line(peal_sip_packet *packet, peal__sip_header_line *line)
{
    uint32_t number;
    peal_sip_header_kind kind = peal__sip_kind_of((peal_sip_header_id)line->id);
    if (kind == PEAL_SIP_KIND_NUMBER) {
        return peal__sip_number_value(line, &number);
    }
    if (!peal__sip_kinds[kind].bytes) {
        return PEAL_OK;
    }
    const peal__sip_typed *typed = peal__sip_packet_typed(packet, line);
    return typed ? typed->result : PEAL_E_NO_MEMORY;
}

peal_result peal_sip_packet_decode_all(peal_sip_packet *packet, peal_sip_fault *ret_fault)
{
    for (uint32_t i = 0; i < packet->line_count; ++i) {
        peal__sip_header_line *line = &packet->lines[i];
        peal_result r = check_line(packet, line);
        if (r < 0) {
            if (ret_fault) {
                *ret_fault =
                    (peal_sip_fault){ .result = r,
                                      .offset = suspect_offset(packet, line),
                                      .header = (peal_sip_header_id)line->id,
                                      .reason = r == PEAL_E_LIMIT ? "too many values in a header"
                                                                  : "malformed header" };
            }
            return r;
        }
    }
    return PEAL_OK;
}
