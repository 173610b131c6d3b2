/* SPDX-License-Identifier: MIT */
/* Writing a packet, and the wire: encoded bytes that two threads may hold. What stood together in
 * memory is copied together, so an untouched packet costs one copy. Encoding reads only.
 * RFC 3261 §7, §20.14. */
#include "sipstack/parser/parser_inner.h"

#include <stdatomic.h>

struct peal_sip_wire {
    atomic_uint refs;
    size_t bytes;
    char text[];
};

/* A packet without a Content-Length line gets one behind the others. */
static size_t length_line(const peal_sip_packet *packet, char text[40])
{
    static const char name[] = "Content-Length: ";
    size_t n = sizeof name - 1;
    if (packet->first[PEAL_SIP_HEADER_CONTENT_LENGTH] || packet->fragment) {
        return 0;
    }
    memcpy(text, name, n);
    n += peal__sip_format_number(packet->body.n, text + n);
    memcpy(text + n, "\r\n", 2);
    return n + 2;
}

static size_t blank_line(const peal_sip_packet *packet)
{
    return packet->fragment == PEAL__SIP_FRAGMENT_HEAD && packet->body.n == 0 ? 0 : 2;
}

size_t peal_sip_packet_size(const peal_sip_packet *packet)
{
    char text[40];
    return packet->head_bytes + length_line(packet, text) + blank_line(packet) + packet->body.n;
}

/* Bytes that wait to be copied in one go. */
typedef struct copy_run {
    const char *from;
    size_t bytes;
    char *to;
} copy_run;

static void flush(copy_run *run)
{
    if (run->bytes) {
        memcpy(run->to, run->from, run->bytes);
        run->to += run->bytes;
    }
    run->bytes = 0;
}

static void put(copy_run *run, const char *from, size_t bytes)
{
    if (run->from + run->bytes != from || run->bytes == 0) {
        flush(run);
        run->from = from;
    }
    run->bytes += bytes;
}

/* CRLF stands behind each line in memory, unless it was received with LF alone. */
static void put_line(copy_run *run, const char *text, size_t bytes, bool lf_only)
{
    put(run, text, bytes + (lf_only ? 0 : 2));
    if (lf_only) {
        put(run, "\r\n", 2);
    }
}

void peal_sip_packet_encode(const peal_sip_packet *packet, char *bytes)
{
    char length[40];
    copy_run run = { .from = "", .to = bytes };
    if (packet->start.p) {
        put_line(&run, packet->start.p, packet->start.n, packet->start_lf_only);
    }
    for (uint32_t i = 0; i < packet->line_count; ++i) {
        const peal__sip_header_line *line = &packet->lines[i];
        put_line(&run, line->text, line->bytes, line->lf_only);
    }
    size_t n = length_line(packet, length);
    if (n) {
        put(&run, length, n);
    }
    n = blank_line(packet);
    if (n) {
        put(&run, packet->tail ? packet->tail : "\r\n", n);
    }
    if (packet->body.n) {
        put(&run, packet->body.p, packet->body.n);
    }
    flush(&run);
}

peal_result peal_sip_wire_new(peal_pool *pool, const peal_sip_packet *packet, peal_sip_wire **ret)
{
    size_t bytes = peal_sip_packet_size(packet);
    peal_sip_wire *wire = peal_pool_alloc(pool, sizeof *wire + bytes);
    if (!wire) {
        return PEAL_E_NO_MEMORY;
    }
    atomic_init(&wire->refs, 1);
    wire->bytes = bytes;
    peal_sip_packet_encode(packet, wire->text);
    *ret = wire;
    return PEAL_OK;
}

peal_sip_wire *peal_sip_wire_ref(peal_sip_wire *wire)
{
    atomic_fetch_add_explicit(&wire->refs, 1, memory_order_relaxed);
    return wire;
}

peal_sip_wire *peal_sip_wire_unref(peal_sip_wire *wire)
{
    if (wire && atomic_fetch_sub_explicit(&wire->refs, 1, memory_order_acq_rel) == 1) {
        peal_pool_free(wire);
    }
    return NULL;
}

peal_str peal_sip_wire_bytes(const peal_sip_wire *wire)
{
    return peal_str_of(wire->text, wire->bytes);
}
