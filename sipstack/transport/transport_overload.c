/* SPDX-License-Identifier: MIT */
/* Bounds of the queue to core (K20 of the design): count, bytes and age; a 503 without state for
 * new requests above the high mark, nothing at all above the hard limit, and no source that fills
 * it alone. RFC 3261 §21.5.4, §8.2.7. */
#include "sipstack/transport/transport_inner.h"

enum {
    DEFAULT_HIGH = 4096,
    HARD_PER_HIGH = 4,
    HARD_BYTES_PER_PACKET = 4096,
    STALE_MS = 8000, /* so long may a new request wait */
    REFUSALS_PER_S = 1000,
    REFUSALS_AT_ONCE = 200
};

void peal__sip_overload_init(peal__sip_transport *transport)
{
    peal__sip_overload *o = &transport->overload;
    peal_port *port = peal_thread_port(transport->config.transport);
    o->high = transport->config.queue_packets ? transport->config.queue_packets : DEFAULT_HIGH;
    o->hard = o->high * HARD_PER_HIGH;
    o->hard_bytes = (uint64_t)o->hard * HARD_BYTES_PER_PACKET;
    if (o->hard_bytes < 2u * transport->slot_bytes) {
        o->hard_bytes = 2u * transport->slot_bytes;
    }
    o->tokens = REFUSALS_AT_ONCE;
    /* Without randomness the buckets are guessable, no more; the thread was refused in that case.
     */
    if (port->vt->random(port, &o->secret, sizeof o->secret) < 0) {
        o->secret = 0;
    }
}

/* A bucket for a source address; ports don't count, for one host has many. */
uint32_t peal__sip_overload_bucket(const peal__sip_overload *o, const peal_socket_addr *source)
{
    uint64_t high, low;
    memcpy(&high, source->ip, sizeof high);
    memcpy(&low, source->ip + sizeof high, sizeof low);
    uint64_t mixed = (high ^ o->secret) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 29) ^ low ^ (o->secret << 7)) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(mixed >> 56);
}

static uint64_t load(const atomic_uint_fast64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* The two ends are read one after the other: never negative, and exact when nothing moves. */
static uint64_t difference(uint64_t entered, uint64_t left)
{
    return entered > left ? entered - left : 0;
}

static uint64_t waiting(const peal__sip_overload *o)
{
    uint64_t left = load(&o->left.packets);
    return difference(load(&o->entered.packets), left);
}

static uint64_t waiting_bytes(const peal__sip_overload *o)
{
    uint64_t left = load(&o->left.bytes);
    return difference(load(&o->entered.bytes), left);
}

static uint64_t waiting_of(const peal__sip_overload *o, const peal_socket_addr *source)
{
    uint32_t b = peal__sip_overload_bucket(o, source);
    uint64_t left = atomic_load_explicit(&o->left.by_source[b], memory_order_relaxed);
    return difference(atomic_load_explicit(&o->entered.by_source[b], memory_order_relaxed), left);
}

bool peal__sip_overload_has_room(peal__sip_transport *transport, const peal_socket_addr *source,
                                 size_t bytes)
{
    const peal__sip_overload *o = &transport->overload;
    uint64_t now = waiting(o);
    if (peal_thread_seen(transport->config.transport, now < o->high / 2)) {
        return true;
    }
    bool has_room = now < o->hard && waiting_of(o, source) < o->hard / 2 &&
                    waiting_bytes(o) + bytes <= o->hard_bytes;
    return peal_thread_seen(transport->config.transport, has_room) != 0;
}

bool peal__sip_is_new_request(peal_sip_packet *packet)
{
    const peal_sip_address *to = NULL;
    if (!peal_sip_packet_is_request(packet)) {
        return false;
    }
    peal_sip_method method = peal_sip_packet_method(packet);
    if (method == PEAL_SIP_METHOD_ACK || method == PEAL_SIP_METHOD_CANCEL) {
        return false;
    }
    return peal_sip_packet_to(packet, &to) < 0 || to->tag.n == 0;
}

/* One 503 may go out now. */
static bool take_token(peal__sip_transport *transport)
{
    peal__sip_overload *o = &transport->overload;
    uint64_t now = peal_thread_now_ms(transport->config.transport);
    uint64_t gained = (now - o->tokens_ms) * REFUSALS_PER_S / 1000;
    if (gained) {
        o->tokens_ms = now;
        o->tokens = gained >= REFUSALS_AT_ONCE - o->tokens ? REFUSALS_AT_ONCE
                                                           : o->tokens + (uint32_t)gained;
    }
    if (o->tokens == 0) {
        return false;
    }
    --o->tokens;
    return true;
}

peal__sip_admission peal__sip_overload_admit(peal__sip_transport *transport,
                                             peal_sip_packet *packet)
{
    const peal__sip_overload *o = &transport->overload;
    const peal_socket_addr *source = &peal_sip_packet_origin(packet)->peer;
    uint64_t now = waiting(o);
    bool full = now >= o->high || peal_thread_is_congested(transport->config.core) ||
                (now >= o->high / 2 && waiting_of(o, source) >= o->high - o->high / 4);
    full = peal_thread_seen(transport->config.transport, full) != 0;
    if (!full || !peal__sip_is_new_request(packet)) {
        return PEAL__SIP_ADMIT;
    }
    return take_token(transport) ? PEAL__SIP_REFUSE : PEAL__SIP_DROP;
}

static void add(peal__sip_flow *flow, const peal__sip_packet_head *head)
{
    PEAL__SIP_ADD(flow->packets, 1);
    PEAL__SIP_ADD(flow->bytes, head->queued_bytes);
    PEAL__SIP_ADD(flow->by_source[head->queued_source], 1);
}

void peal__sip_overload_enter(peal__sip_transport *transport, peal_sip_packet *packet, size_t bytes)
{
    peal__sip_overload *o = &transport->overload;
    peal__sip_packet_head *head = peal__sip_packet_head_of(packet);
    head->queued_bytes = (uint32_t)bytes;
    head->queued_source = peal__sip_overload_bucket(o, &peal_sip_packet_origin(packet)->peer);
    add(&o->entered, head);
}

void peal__sip_overload_leave(peal__sip_transport *transport, peal_sip_packet *packet)
{
    add(&transport->overload.left, peal__sip_packet_head_of(packet));
}

bool peal__sip_overload_is_stale(peal__sip_transport *transport, peal_sip_packet *packet)
{
    const peal_sip_origin *origin = peal_sip_packet_origin(packet);
    uint64_t now_ms = peal_thread_now_ms(transport->config.core);
    uint64_t then_ms = origin->time_ns / 1000000;
    return now_ms > then_ms && now_ms - then_ms > STALE_MS && peal__sip_is_new_request(packet);
}

/* ---- the 503 ---- */

static void refusal_sent(peal__sip_send *send)
{
    send->wire = peal_sip_wire_unref(send->wire);
    send->packet = peal_sip_packet_unref(send->packet);
    peal_pool_free(send);
}

static peal_result make_refusal(peal__sip_transport *transport, peal_sip_packet *request,
                                peal_sip_packet **ret)
{
    char tag[PEAL__SIP_STATELESS_TAG_MAX];
    peal_sip_packet *response = NULL;
    const peal__sip_transport_config *config = &transport->config;
    peal_result r = peal_sip_packet_new_response(peal_thread_pool(config->transport), request, 503,
                                                 peal_str_of(NULL, 0),
                                                 peal__sip_stateless_tag(request, tag), &response);
    if (r < 0) {
        return r;
    }
    r = peal_sip_packet_set_number(response, PEAL_SIP_HEADER_RETRY_AFTER,
                                   config->overload_retry_after_s);
    if (r >= 0 && config->server_name.n) {
        r = peal_sip_packet_add(response, PEAL_SIP_HEADER_SERVER, config->server_name);
    }
    if (r < 0) {
        peal_sip_packet_unref(response);
        return r;
    }
    *ret = response;
    return PEAL_OK;
}

void peal__sip_overload_refuse(peal__sip_transport *transport, peal_sip_packet *packet)
{
    peal__sip_send *send =
        peal_pool_alloc(peal_thread_pool(transport->config.transport), sizeof *send);
    peal_result r = PEAL_E_NO_MEMORY;
    if (!send) {
        goto out;
    }
    memset(send, 0, sizeof *send);
    r = peal__sip_response_route(packet, &send->route);
    if (r >= 0) {
        r = make_refusal(transport, packet, &send->packet);
    }
out:
    if (r < 0) {
        PEAL__SIP_COUNT(transport, dropped_overload);
        peal_pool_free(send);
        return;
    }
    PEAL__SIP_COUNT(transport, refused_overload);
    send->transport = transport;
    send->in_flight = true;
    send->local = true;
    send->on_sent = refusal_sent;
    peal__sip_send_start(send);
}
