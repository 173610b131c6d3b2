/* SPDX-License-Identifier: MIT */
/* A packet's body and the headers that describe it. The packet's thread.
 * RFC 3261 §7.4, §20.11 to §20.15. */
#include "sipstack/parser/parser_inner.h"

peal_str peal_sip_packet_body(const peal_sip_packet *packet)
{
    return packet->body;
}

/* The Content-Length line of a body of this size, if the packet has such a line at all. */
static peal_result make_length(peal_sip_packet *packet, size_t bytes, peal__sip_header_line *ret)
{
    char text[20];
    peal_str number = peal_str_of(text, peal__sip_format_number(bytes, text));
    ret->id = PEAL_SIP_HEADER_OTHER;
    if (!peal_sip_packet_has(packet, PEAL_SIP_HEADER_CONTENT_LENGTH)) {
        return PEAL_OK;
    }
    peal_result r = peal__sip_packet_make_line(
        packet, peal_sip_header_name(PEAL_SIP_HEADER_CONTENT_LENGTH), &number, 1, ret);
    if (r >= 0) {
        ret->id = PEAL_SIP_HEADER_CONTENT_LENGTH;
    }
    return r;
}

static void put_body(peal_sip_packet *packet, peal_str body, const peal__sip_header_line *length)
{
    packet->body = body;
    packet->tail = NULL;
    if (length->id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        peal__sip_packet_replace(packet, length);
    }
}

peal_result peal_sip_packet_set_body(peal_sip_packet *packet, peal_str content_type, peal_str body)
{
    peal__sip_header_line length, type;
    peal_result r = make_length(packet, body.n, &length);
    if (r < 0) {
        return r;
    }
    if (body.n == 0) {
        put_body(packet, PEAL_STR(""), &length);
        peal_sip_packet_remove(packet, PEAL_SIP_HEADER_CONTENT_TYPE);
        return PEAL_OK;
    }
    if (content_type.n == 0) {
        return PEAL_E_ARGUMENT; /* RFC 3261 §20.15: a body must have a type */
    }
    r = peal__sip_packet_reserve(packet, 1);
    if (r >= 0) {
        r = peal__sip_packet_make_line(packet, peal_sip_header_name(PEAL_SIP_HEADER_CONTENT_TYPE),
                                       &content_type, 1, &type);
    }
    peal_str copy = r >= 0 ? peal__sip_packet_dup(packet, body) : peal_str_of(NULL, 0);
    if (!copy.p) {
        return r < 0 ? r : PEAL_E_NO_MEMORY;
    }
    type.id = PEAL_SIP_HEADER_CONTENT_TYPE;
    peal__sip_packet_replace(packet, &type);
    put_body(packet, copy, &length);
    return PEAL_OK;
}

/* Content-…, known by id or not, and MIME-Version; not Content-Length. */
static bool describes_body(const peal__sip_header_line *line)
{
    static const char prefix[] = "content-";
    const size_t n = sizeof prefix - 1;
    switch (line->id) {
    case PEAL_SIP_HEADER_CONTENT_LENGTH:
        return false;
    case PEAL_SIP_HEADER_CONTENT_TYPE: /* these two have compact forms */
    case PEAL_SIP_HEADER_CONTENT_ENCODING:
    case PEAL_SIP_HEADER_MIME_VERSION:
        return true;
    default:
        return line->name_bytes > n &&
               peal_str_ieq(peal_str_of(line->text, n), peal_str_of(prefix, n));
    }
}

/* Removes the first @p count lines that describe a body. Lines behind stay. */
static void remove_description(peal_sip_packet *packet, uint32_t count)
{
    uint32_t kept = 0;
    memset(packet->first, 0, sizeof packet->first);
    for (uint32_t i = 0; i < packet->line_count; ++i) {
        peal__sip_header_line line = packet->lines[i];
        if (i < count && describes_body(&line)) {
            packet->head_bytes -= line.bytes + 2;
            continue;
        }
        packet->lines[kept++] = line;
        if (packet->first[line.id] == 0) {
            packet->first[line.id] = (uint16_t)kept;
        }
    }
    packet->line_count = kept;
}

/* Back to the first @p count lines, when not all could be added. */
static void drop_lines(peal_sip_packet *packet, uint32_t count)
{
    for (uint32_t i = count; i < packet->line_count; ++i) {
        packet->head_bytes -= packet->lines[i].bytes + 2;
    }
    packet->line_count = count;
    for (unsigned id = 0; id < PEAL_SIP_HEADER_COUNT; ++id) {
        if (packet->first[id] > count) {
            packet->first[id] = 0;
        }
    }
}

peal_result peal_sip_packet_set_body_from(peal_sip_packet *packet, const peal_sip_packet *other)
{
    peal__sip_header_line length;
    uint32_t before = packet->line_count;
    if (packet == other) {
        return PEAL_OK;
    }
    peal_result r = make_length(packet, other->body.n, &length);
    peal_str body = r >= 0 ? peal__sip_packet_dup(packet, other->body) : peal_str_of(NULL, 0);
    if (!body.p) {
        return r < 0 ? r : PEAL_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < other->line_count; ++i) {
        if (!describes_body(&other->lines[i])) {
            continue;
        }
        r = peal__sip_packet_append_copy(packet, &other->lines[i]);
        if (r < 0) {
            drop_lines(packet, before);
            return r;
        }
    }
    remove_description(packet, before);
    put_body(packet, body, &length);
    return PEAL_OK;
}
