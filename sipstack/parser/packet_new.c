/* SPDX-License-Identifier: MIT */
/* Packets that are made here: requests, responses, copies. The packet's thread.
 * RFC 3261 §8.1.1, §8.2.6, §17.2.1. */
#include "sipstack/parser/parser_inner.h"

/* First blocks are made for what a call's messages usually need; more is allocated when needed. */
enum {
    REQUEST_LINES = 20,
    REQUEST_BYTES = 1280,
    RESPONSE_LINES = 12,
    RESPONSE_BYTES = 640,
    COPY_LINES = 6,
    COPY_BYTES = 512
};

/* The start line of three parts; the parts' copies are the views of it. */
static peal_result set_start(peal_sip_packet *packet, peal_str first, peal_str second,
                             peal_str third, peal_str ret[3])
{
    size_t bytes = first.n + 1 + second.n + 1 + third.n;
    char *text = peal_sip_packet_alloc(packet, bytes + 2);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    char *out = text;
    const peal_str parts[3] = { first, second, third };
    for (int i = 0; i < 3; ++i) {
        if (parts[i].n) {
            memcpy(out, parts[i].p, parts[i].n);
        }
        ret[i] = peal_str_of(out, parts[i].n);
        out += parts[i].n;
        memcpy(out, i < 2 ? " " : "\r\n", i < 2 ? 1 : 2);
        out += 1;
    }
    packet->head_bytes += bytes + 2;
    if (packet->start.p) {
        packet->head_bytes -= packet->start.n + 2;
    }
    packet->start = peal_str_of(text, bytes);
    packet->start_lf_only = false;
    return PEAL_OK;
}

static bool uri_text_ok(peal_str uri)
{
    return uri.n > 0 && uri.n <= PEAL__SIP_LINE_BYTES_MAX &&
           peal__sip_skip(uri.p, uri.p + uri.n, PEAL__SIP_ANGLE) == uri.p + uri.n;
}

static peal_result set_request_line(peal_sip_packet *packet, peal_str method, peal_str uri)
{
    peal_str views[3];
    if (!uri_text_ok(uri)) {
        return PEAL_E_ARGUMENT;
    }
    peal_result r = set_start(packet, method, uri, PEAL_STR("SIP/2.0"), views);
    if (r >= 0) {
        packet->method_text = views[0];
        packet->uri = views[1];
        packet->uri_parts = NULL;
    }
    return r;
}

peal_result peal_sip_packet_new_request(peal_pool *pool, peal_sip_method method,
                                        peal_str method_text, peal_str uri, peal_sip_packet **ret)
{
    if (method != PEAL_SIP_METHOD_UNKNOWN) {
        method_text = peal_sip_method_text(method);
    }
    if (method_text.n == 0 || method_text.n > PEAL__SIP_LINE_BYTES_MAX ||
        peal__sip_skip(method_text.p, method_text.p + method_text.n, PEAL__SIP_TOKEN) !=
            method_text.p + method_text.n) {
        return PEAL_E_ARGUMENT;
    }
    peal_sip_packet *packet = peal__sip_packet_block(pool, REQUEST_LINES, REQUEST_BYTES);
    if (!packet) {
        return PEAL_E_NO_MEMORY;
    }
    packet->is_request = true;
    packet->method = (uint8_t)peal_sip_method_of(method_text);
    packet->body = PEAL_STR("");
    peal_result r = set_request_line(packet, method_text, uri);
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    *ret = packet;
    return PEAL_OK;
}

peal_result peal_sip_packet_set_request_uri(peal_sip_packet *packet, peal_str uri)
{
    if (!packet->is_request) {
        return PEAL_E_STATE;
    }
    return set_request_line(packet, packet->method_text, uri);
}

/* Absent, or what ends neither the parameter nor the value. */
static bool tag_ok(peal_str tag)
{
    const char *end = tag.p + tag.n;
    return tag.n == 0 || peal__sip_skip(tag.p, end, PEAL__SIP_PVALUE) == end;
}

/* The To of a response; a tag is added only where there is none (RFC 3261 §8.2.6.2). A To that
 * cannot be read goes back as it came. */
static peal_result add_to(peal_sip_packet *packet, const peal__sip_header_line *line,
                          peal_str to_tag)
{
    peal_sip_address to;
    peal_str value = peal__sip_line_value(line);
    if (to_tag.n == 0 || peal_sip_address_decode(value, &to) < 0 || to.tag.p) {
        return peal__sip_packet_append_copy(packet, line);
    }
    const peal_str parts[] = { value, PEAL_STR(";tag="), to_tag };
    return peal_sip_packet_addv(packet, PEAL_SIP_HEADER_TO, parts, PEAL_COUNT_OF(parts));
}

/* RFC 3261 §8.2.6.1, §8.2.6.2. */
static bool is_taken_over(unsigned id, unsigned status)
{
    switch (id) {
    case PEAL_SIP_HEADER_VIA:
    case PEAL_SIP_HEADER_FROM:
    case PEAL_SIP_HEADER_TO:
    case PEAL_SIP_HEADER_CALL_ID:
    case PEAL_SIP_HEADER_CSEQ:
        return true;
    case PEAL_SIP_HEADER_TIMESTAMP:
        return status == 100;
    default:
        return false;
    }
}

/* The header that must stand once is taken once, even from a faulty request. */
static peal_result take_over(peal_sip_packet *packet, const peal_sip_packet *request,
                             peal_str to_tag)
{
    for (uint32_t i = 0; i < request->line_count; ++i) {
        const peal__sip_header_line *line = &request->lines[i];
        if (!is_taken_over(line->id, packet->status) ||
            (line->id != PEAL_SIP_HEADER_VIA && packet->first[line->id])) {
            continue;
        }
        peal_result r = line->id == PEAL_SIP_HEADER_TO ? add_to(packet, line, to_tag)
                                                       : peal__sip_packet_append_copy(packet, line);
        if (r < 0) {
            return r;
        }
    }
    return PEAL_OK;
}

/* Bytes and lines that the headers taken over need. */
static void measure(const peal_sip_packet *request, unsigned status, size_t *ret_lines,
                    size_t *ret_bytes)
{
    for (uint32_t i = 0; i < request->line_count; ++i) {
        if (is_taken_over(request->lines[i].id, status)) {
            *ret_bytes += request->lines[i].bytes + 2;
            ++*ret_lines;
        }
    }
}

peal_result peal__sip_packet_set_status(peal_sip_packet *packet, unsigned status, peal_str reason)
{
    char digits[20];
    peal_str views[3];
    reason = reason.p ? reason : peal_sip_reason_phrase(status);
    if (status < 100 || status > 699 || reason.n > PEAL__SIP_LINE_BYTES_MAX ||
        (reason.n && (memchr(reason.p, '\r', reason.n) || memchr(reason.p, '\n', reason.n) ||
                      memchr(reason.p, '\0', reason.n)))) {
        return PEAL_E_ARGUMENT;
    }
    size_t n = peal__sip_format_number(status, digits);
    peal_result r = set_start(packet, PEAL_STR("SIP/2.0"), peal_str_of(digits, n), reason, views);
    if (r >= 0) {
        packet->status = (uint16_t)status;
        packet->reason = views[2];
    }
    return r;
}

peal_result peal_sip_packet_new_response(peal_pool *pool, const peal_sip_packet *request,
                                         unsigned status, peal_str reason, peal_str to_tag,
                                         peal_sip_packet **ret)
{
    size_t lines = RESPONSE_LINES, bytes = RESPONSE_BYTES;
    if (!request->is_request || !tag_ok(to_tag)) {
        return PEAL_E_ARGUMENT;
    }
    measure(request, status, &lines, &bytes);
    peal_sip_packet *packet = peal__sip_packet_block(pool, lines, bytes);
    if (!packet) {
        return PEAL_E_NO_MEMORY;
    }
    packet->body = PEAL_STR("");
    packet->method = request->method;
    packet->method_text = peal_sip_method_text((peal_sip_method)request->method);
    peal_result r = peal__sip_packet_set_status(packet, status, reason);
    if (r >= 0 && !packet->method_text.p) {
        packet->method_text = peal__sip_packet_dup(packet, request->method_text);
        r = packet->method_text.p ? PEAL_OK : PEAL_E_NO_MEMORY;
    }
    if (r >= 0) {
        r = take_over(packet, request, to_tag);
    }
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    *ret = packet;
    return PEAL_OK;
}

peal_result peal_sip_packet_copy(peal_pool *pool, peal_sip_packet *source, peal_sip_packet **ret)
{
    peal_sip_packet *packet =
        peal__sip_packet_block(pool, source->line_count + COPY_LINES, COPY_BYTES);
    if (!packet) {
        return PEAL_E_NO_MEMORY;
    }
    packet->source = peal_sip_packet_ref(source);
    memcpy(packet->lines, source->lines, source->line_count * sizeof *source->lines);
    memcpy(packet->first, source->first, sizeof source->first);
    packet->line_count = source->line_count;
    packet->head_bytes = source->head_bytes;
    packet->list_limit = source->list_limit;
    packet->status = source->status;
    packet->method = source->method;
    packet->is_request = source->is_request;
    packet->start_lf_only = source->start_lf_only;
    packet->fragment = source->fragment;
    packet->uri_parts = source->uri_parts;
    packet->start = source->start;
    packet->method_text = source->method_text;
    packet->uri = source->uri;
    packet->reason = source->reason;
    packet->tail = source->tail;
    packet->body = source->body;
    packet->fault = source->fault;
    packet->origin = source->origin;
    *ret = packet;
    return PEAL_OK;
}
