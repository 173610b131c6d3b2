/* SPDX-License-Identifier: MIT */
/* Makes a packet of received bytes: the frame of the first pass becomes one block, then the headers
 * without which nothing can be done are decoded. Any thread; the packet is the caller's.
 * RFC 3261 §8.1.1, §8.2.6, §16.3, §18.3. */
#include "sipstack/parser/parser_inner.h"

/* Room in the first block: lines for what a hop adds; bytes for the typed values that are decoded
 * at once, and for stamps, pushed values and a few more typed ones. */
enum { SPARE_LINES = 4, SPARE_BYTES = 832 };

/* The offset of a place in the packet's text. */
typedef struct text_place {
    const char *text;
    uint32_t skipped;
} text_place;

static void note(peal_sip_packet *packet, const text_place *place, peal_result result,
                 const char *at, peal_sip_header_id id, const char *reason)
{
    if (packet->fault.result == PEAL_OK) {
        packet->fault = (peal_sip_fault){ .result = result,
                                          .offset = (uint32_t)(at - place->text) + place->skipped,
                                          .header = id,
                                          .reason = reason };
    }
}

/* Moves a view from the frame's bytes to their copy. */
static peal_str moved(peal_str view, const peal__sip_frame *frame, const char *text)
{
    return view.p ? peal_str_of(text + (view.p - frame->text), view.n) : view;
}

static void copy_lines(peal_sip_packet *packet, const peal__sip_frame *frame, const char *text)
{
    const uint32_t count = frame->line_count;
    memcpy(packet->lines, frame->lines, count * sizeof *packet->lines);
    for (peal__sip_header_line *line = packet->lines; line < packet->lines + count; ++line) {
        line->text = text + (line->text - frame->text);
    }
    packet->line_count = count;
    packet->head_bytes = frame->head_bytes;
    memcpy(packet->first, frame->first, sizeof packet->first);
}

/* One block: the packet, its line index, the arena, and at the end the text. */
peal_sip_packet *peal__sip_packet_of_frame(const peal__sip_frame *frame, peal_pool *pool)
{
    size_t text_bytes = (size_t)(frame->body.p + frame->body.n - frame->text);
    peal_sip_packet *packet =
        peal__sip_packet_block(pool, frame->line_count + SPARE_LINES, SPARE_BYTES + text_bytes);
    if (!packet) {
        return NULL;
    }
    packet->arena_bytes -= (uint32_t)text_bytes;
    char *text = packet->arena + packet->arena_bytes;
    memcpy(text, frame->text, text_bytes);
    copy_lines(packet, frame, text);
    packet->is_request = frame->is_request;
    packet->method = frame->method;
    packet->status = frame->status;
    packet->start = moved(frame->start, frame, text);
    packet->start_lf_only = frame->start_lf_only;
    packet->method_text = moved(frame->method_text, frame, text);
    packet->uri = moved(frame->uri, frame, text);
    packet->reason = moved(frame->reason, frame, text);
    packet->body = moved(frame->body, frame, text);
    packet->tail = frame->tail ? text + (frame->tail - frame->text) : NULL;
    packet->fault = frame->fault;
    return packet;
}

static peal_result decode_uri(peal_sip_packet *packet, const text_place *place)
{
    const peal_sip_uri *uri = NULL;
    peal_result r = peal_sip_packet_request_uri_decoded(packet, &uri);
    if (r == PEAL_E_NO_MEMORY) {
        return r;
    }
    if (r < 0) {
        note(packet, place, r, peal__sip_suspect_uri(packet->uri), PEAL_SIP_HEADER_OTHER,
             "malformed Request-URI");
    } else if (uri->headers.n) {
        /* RFC 3261 §19.1.1, table 1: no headers there (RFC 4475 §3.1.2.11). */
        note(packet, place, PEAL_E_SIP_URI, uri->headers.p, PEAL_SIP_HEADER_OTHER,
             "the Request-URI has headers");
    }
    return PEAL_OK;
}

static bool call_id_ok(peal_str value)
{
    const char *end = value.p + value.n;
    return value.n > 0 && peal__sip_skip_visible(value.p, end) == end;
}

/* RFC 3261 §8.1.1: without these headers it is no message. */
static peal_result decode_needed(peal_sip_packet *packet, const text_place *place)
{
    static const struct {
        peal_sip_header_id id;
        const char *missing, *malformed;
    } needed[] = {
        { PEAL_SIP_HEADER_VIA, "no Via", "malformed Via" },
        { PEAL_SIP_HEADER_FROM, "no From", "malformed From" },
        { PEAL_SIP_HEADER_TO, "no To", "malformed To" },
        { PEAL_SIP_HEADER_CALL_ID, "no Call-ID", "malformed Call-ID" },
        { PEAL_SIP_HEADER_CSEQ, "no CSeq", "malformed CSeq" },
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(needed); ++i) {
        peal__sip_header_line *line = peal__sip_packet_first(packet, needed[i].id);
        if (!line) {
            note(packet, place, PEAL_E_SIP_MISSING_HEADER, place->text, needed[i].id,
                 needed[i].missing);
            continue;
        }
        bool ok;
        if (needed[i].id == PEAL_SIP_HEADER_CALL_ID) {
            ok = call_id_ok(peal__sip_line_value(line));
        } else {
            const peal__sip_typed *typed = peal__sip_packet_typed(packet, line);
            if (!typed) {
                return PEAL_E_NO_MEMORY;
            }
            ok = typed->result >= 0 && typed->count > 0;
        }
        if (!ok) {
            note(packet, place, PEAL_E_SIP_HEADER, peal__sip_suspect(line), needed[i].id,
                 needed[i].malformed);
        }
    }
    return PEAL_OK;
}

/* RFC 3261 §8.1.1.5: a request's CSeq names its method; a response has only that one. */
static void match_method(peal_sip_packet *packet, const text_place *place)
{
    const peal_sip_cseq *cseq = NULL;
    if (peal_sip_packet_cseq(packet, &cseq) < 0) {
        return; /* noted already */
    }
    if (!packet->is_request) {
        packet->method = (uint8_t)cseq->method;
        packet->method_text = cseq->method_text;
    } else if (!peal_str_eq(cseq->method_text, packet->method_text)) {
        note(packet, place, PEAL_E_SIP_METHOD_MISMATCH, cseq->method_text.p, PEAL_SIP_HEADER_CSEQ,
             "the method of CSeq is not the request's");
    }
}

/* A faulty request is kept when a response could find its way: the topmost Via is readable. A
 * faulty response is dropped (RFC 3261 §18.1.2, §18.3). */
static peal_result judge(peal_sip_packet *packet)
{
    const peal_sip_via *via = NULL;
    if (packet->fault.result == PEAL_OK) {
        return PEAL_OK;
    }
    bool answerable = packet->is_request && peal_sip_packet_via(packet, 0, &via) >= 0;
    return answerable ? PEAL_OK : packet->fault.result;
}

static peal_result decode_packet(peal_sip_packet *packet, const text_place *place)
{
    peal_result r = decode_needed(packet, place);
    if (r >= 0 && packet->is_request) {
        r = decode_uri(packet, place);
    }
    if (r >= 0) {
        match_method(packet, place);
        r = judge(packet);
    }
    return r;
}

static void tell(peal_sip_fault *ret_fault, const peal_sip_fault *fault, peal_result result)
{
    if (ret_fault) {
        *ret_fault = *fault;
        if (fault->result != result) {
            *ret_fault = (peal_sip_fault){ .result = result };
        }
    }
}

peal_result peal_sip_packet_decode(peal_pool *pool, peal_str bytes, const peal_sip_limits *limits,
                                   peal_sip_packet **ret, peal_sip_fault *ret_fault)
{
    peal__sip_frame frame;
    peal_sip_packet *packet = NULL;
    peal_result r = peal__sip_frame_run(&frame, bytes, limits);
    if (r >= 0 && frame.fault.result < 0 && (frame.unanswerable || !frame.is_request)) {
        r = frame.fault.result;
    }
    if (r < 0) {
        tell(ret_fault, &frame.fault, r);
        goto out;
    }
    packet = peal__sip_packet_of_frame(&frame, pool);
    if (!packet) {
        r = PEAL_E_NO_MEMORY;
        tell(ret_fault, &frame.fault, r);
        goto out;
    }
    text_place place = { packet->start.p, (uint32_t)(frame.text - frame.base) };
    if (limits && limits->list_values) {
        packet->list_limit = limits->list_values;
    }
    r = decode_packet(packet, &place);
    /* The packet may change its thread now, and a pool is its thread's alone. */
    packet->pool = NULL;
    if (r < 0) {
        tell(ret_fault, &packet->fault, r);
        goto out;
    }
    *ret = packet;
    packet = NULL;
out:
    peal_sip_packet_unref(packet);
    peal__sip_frame_fini(&frame);
    return r;
}
