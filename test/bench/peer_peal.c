/* SPDX-License-Identifier: MIT */
/* Peal in the parser benchmark: the public functions, packets from a pool, all checks on. */
#include "test/bench/parse_peer.h"

#include <peal/sip/packet.h>

#include <stdlib.h>

static peal_pool *pool;
static long allocations;

static void *counting_alloc(void *arg, size_t bytes)
{
    (void)arg;
    ++allocations;
    return malloc(bytes);
}
static void *counting_realloc(void *arg, void *block, size_t bytes)
{
    (void)arg;
    ++allocations;
    return realloc(block, bytes);
}
static void counting_free(void *arg, void *block)
{
    (void)arg;
    free(block);
}

bool parse_peer_init(void)
{
    const peal_allocator allocator = { .size = sizeof allocator,
                                       .alloc = counting_alloc,
                                       .realloc = counting_realloc,
                                       .free = counting_free };
    return peal_set_allocator(&allocator) >= 0 && peal_pool_new(1 << 20, &pool) >= 0;
}

static peal_result read_contact(peal_sip_packet *packet, parse_fields *f)
{
    const peal_sip_address *contact;
    peal_sip_uri uri;
    peal_result r = peal_sip_packet_address(packet, PEAL_SIP_HEADER_CONTACT, 0, &contact);
    if (r >= 0 && peal_sip_uri_decode(contact->uri, &uri) >= 0) {
        f->value[PARSE_CONTACT] += parse_host_length(uri.host.p, uri.host.n);
    }
    return r == PEAL_E_NOT_FOUND ? PEAL_OK : r;
}

static peal_result read_number(peal_sip_packet *packet, peal_sip_header_id id, uint64_t *ret)
{
    uint32_t number;
    peal_result r = peal_sip_packet_number(packet, id, &number);
    if (r >= 0) {
        *ret += number;
    }
    return r == PEAL_E_NOT_FOUND ? PEAL_OK : r;
}

static bool read_fields(peal_sip_packet *packet, parse_fields *f)
{
    const peal_sip_via *via;
    const peal_sip_address *from, *to;
    const peal_sip_cseq *cseq;
    const peal_sip_uri *uri;
    if (peal_sip_packet_via(packet, 0, &via) < 0 || peal_sip_packet_from(packet, &from) < 0 ||
        peal_sip_packet_to(packet, &to) < 0 || peal_sip_packet_cseq(packet, &cseq) < 0) {
        return false;
    }
    f->value[PARSE_BRANCH] += via->branch.n;
    f->value[PARSE_FROM_TAG] += from->tag.n;
    f->value[PARSE_TO_TAG] += to->tag.n;
    f->value[PARSE_CALL_ID] += peal_sip_packet_call_id(packet).n;
    f->value[PARSE_CSEQ] += cseq->number;
    f->value[PARSE_METHOD] += cseq->method_text.n;
    if (peal_sip_packet_request_uri_decoded(packet, &uri) >= 0) {
        f->value[PARSE_URI_USER] += uri->user.n;
        f->value[PARSE_URI_HOST] += parse_host_length(uri->host.p, uri->host.n);
    }
    return read_contact(packet, f) >= 0 &&
           read_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, &f->value[PARSE_MAX_FORWARDS]) >= 0 &&
           read_number(packet, PEAL_SIP_HEADER_EXPIRES, &f->value[PARSE_EXPIRES]) >= 0;
}

static long write_on(peal_sip_packet *packet, char *written)
{
    uint32_t hops;
    if (peal_sip_packet_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, &hops) >= 0 &&
        peal_sip_packet_set_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, hops ? hops - 1 : 0) < 0) {
        return -1;
    }
    if (peal_sip_packet_push(packet, PEAL_SIP_HEADER_VIA, PEAL_STR(PARSE_VIA)) < 0) {
        return -1;
    }
    size_t bytes = peal_sip_packet_size(packet);
    if (bytes > PARSE_BYTES_MAX) {
        return -1;
    }
    peal_sip_packet_encode(packet, written);
    return (long)bytes;
}

long parse_peer_run(int program, char *data, size_t bytes, parse_fields *fields, char *written)
{
    peal_sip_packet *packet = NULL;
    long rc = -1;
    if (peal_sip_packet_decode(pool, peal_str_of(data, bytes), NULL, &packet, NULL) >= 0 &&
        peal_sip_packet_fault(packet)->result >= 0) {
        rc = program < 2 || read_fields(packet, fields) ? 0 : -1;
        rc = rc == 0 && program == 3 ? write_on(packet, written) : rc;
    }
    peal_sip_packet_unref(packet);
    return rc;
}

long parse_peer_allocations(void)
{
    return allocations;
}

bool parse_peer_judge(char *data, size_t bytes)
{
    peal_sip_packet *packet = NULL;
    bool good = peal_sip_packet_decode(pool, peal_str_of(data, bytes), NULL, &packet, NULL) >= 0 &&
                peal_sip_packet_fault(packet)->result >= 0 &&
                peal_sip_packet_decode_all(packet, NULL) >= 0;
    peal_sip_packet_unref(packet);
    return good;
}
