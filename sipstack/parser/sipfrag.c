/* SPDX-License-Identifier: MIT */
/* Fragments of messages, as packets. The packet's thread. RFC 3420 §2 (grammar); RFC 3515 §2.4.5
 * (status of a transfer). */
#include "sipstack/parser/parser_inner.h"

#include <peal/sip/body.h>

enum { FRAGMENT_LINES = 8, FRAGMENT_BYTES = 512 };

/* The head ends in a blank line, or each of its lines in a line end. */
static bool lines_are_ended(peal_str text)
{
    const char *p = text.p, *end = text.n ? p + text.n : p;
    bool at_line_start = true;
    while (p < end) {
        if (at_line_start && (*p == '\n' || (*p == '\r' && end - p >= 2 && p[1] == '\n'))) {
            return true;
        }
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        at_line_start = lf != NULL;
        p = lf ? lf + 1 : end;
    }
    return at_line_start;
}

static void tell(peal_sip_fault *ret_fault, const peal_sip_fault *fault, peal_result result)
{
    if (ret_fault) {
        *ret_fault = *fault;
        ret_fault->result = result;
    }
}

/* Of complete lines. */
static peal_result decode_lines(peal_pool *pool, peal_str bytes, const peal_sip_limits *limits,
                                peal_sip_packet **ret, peal_sip_fault *ret_fault)
{
    peal__sip_frame frame;
    peal_result r = peal__sip_frame_fragment(&frame, bytes, limits);
    r = r < 0 ? r : frame.fault.result;
    peal_sip_packet *packet = r < 0 ? NULL : peal__sip_packet_of_frame(&frame, pool);
    const peal_sip_cseq *cseq = NULL;
    if (!packet) {
        r = r < 0 ? r : PEAL_E_NO_MEMORY;
        tell(ret_fault, &frame.fault, r);
        goto out;
    }
    packet->fragment =
        frame.has_blank_line ? PEAL__SIP_FRAGMENT_BLANK_LINE : PEAL__SIP_FRAGMENT_HEAD;
    packet->list_limit = limits && limits->list_values ? limits->list_values : packet->list_limit;
    if (packet->status && peal_sip_packet_cseq(packet, &cseq) >= 0) {
        packet->method = (uint8_t)cseq->method;
        packet->method_text = cseq->method_text;
    }
    /* The packet may change its thread now, and a pool is its thread's alone. */
    packet->pool = NULL;
    *ret = packet;
out:
    peal__sip_frame_fini(&frame);
    return r;
}

peal_result peal_sip_sipfrag_decode(peal_pool *pool, peal_str bytes, const peal_sip_limits *limits,
                                    peal_sip_packet **ret, peal_sip_fault *ret_fault)
{
    if (lines_are_ended(bytes)) {
        return decode_lines(pool, bytes, limits, ret, ret_fault);
    }
    char *text = peal_alloc(bytes.n + 2);
    if (!text) {
        tell(ret_fault, &(peal_sip_fault){ .reason = NULL }, PEAL_E_NO_MEMORY);
        return PEAL_E_NO_MEMORY;
    }
    memcpy(text, bytes.p, bytes.n);
    memcpy(text + bytes.n, "\r\n", 2);
    peal_result r = decode_lines(pool, peal_str_of(text, bytes.n + 2), limits, ret, ret_fault);
    peal_free(text);
    return r;
}

peal_result peal_sip_sipfrag_new(peal_pool *pool, peal_sip_packet **ret)
{
    peal_sip_packet *packet = peal__sip_packet_block(pool, FRAGMENT_LINES, FRAGMENT_BYTES);
    if (!packet) {
        return PEAL_E_NO_MEMORY;
    }
    packet->fragment = PEAL__SIP_FRAGMENT_HEAD;
    packet->body = PEAL_STR("");
    *ret = packet;
    return PEAL_OK;
}

peal_result peal_sip_sipfrag_new_status(peal_pool *pool, unsigned status, peal_str reason,
                                        peal_sip_packet **ret)
{
    peal_sip_packet *packet = NULL;
    peal_result r = peal_sip_sipfrag_new(pool, &packet);
    if (r >= 0) {
        r = peal__sip_packet_set_status(packet, status, reason);
    }
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    *ret = packet;
    return PEAL_OK;
}

/* The start line with its parts, of bytes of the packet's own. */
static peal_result copy_start(peal_sip_packet *packet, const peal_sip_packet *from)
{
    static const char end[] = "\r\n";
    if (!from->start.p) {
        return PEAL_OK;
    }
    char *text = peal_sip_packet_alloc(packet, from->start.n + 2);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    const peal_str views[] = { from->method_text, from->uri, from->reason };
    peal_str *places[] = { &packet->method_text, &packet->uri, &packet->reason };
    memcpy(text, from->start.p, from->start.n);
    memcpy(text + from->start.n, end, 2);
    for (size_t i = from->is_request ? 0 : 1; i < PEAL_COUNT_OF(views); ++i) {
        if (views[i].p) {
            *places[i] = peal_str_of(text + (views[i].p - from->start.p), views[i].n);
        }
    }
    packet->start = peal_str_of(text, from->start.n);
    packet->head_bytes += from->start.n + 2;
    packet->is_request = from->is_request;
    packet->method = from->is_request ? from->method : packet->method;
    packet->status = from->status;
    return PEAL_OK;
}

static bool is_among(unsigned id, const peal_sip_header_id *ids, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if ((unsigned)ids[i] == id) {
            return true;
        }
    }
    return false;
}

peal_result peal_sip_sipfrag_of(peal_pool *pool, const peal_sip_packet *packet,
                                const peal_sip_header_id *ids, size_t id_count,
                                peal_sip_packet **ret)
{
    peal_sip_packet *fragment = NULL;
    peal_result r = peal_sip_sipfrag_new(pool, &fragment);
    if (r >= 0) {
        r = copy_start(fragment, packet);
    }
    for (uint32_t i = 0; r >= 0 && i < packet->line_count; ++i) {
        if (is_among(packet->lines[i].id, ids, id_count)) {
            r = peal__sip_packet_append_copy(fragment, &packet->lines[i]);
        }
    }
    if (r < 0) {
        peal_sip_packet_unref(fragment);
        return r;
    }
    *ret = fragment;
    return PEAL_OK;
}

bool peal_sip_packet_is_fragment(const peal_sip_packet *packet)
{
    return packet->fragment != 0;
}
