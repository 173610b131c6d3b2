/* SPDX-License-Identifier: MIT */
/* The way in: a datagram of the slab becomes a packet of exact size, is stamped with where it came
 * from, gets its transaction key's hash, and goes to the core thread. Transport thread.
 * RFC 3261 §18.1.2, §18.2.1, §18.3. */
#include "sipstack/transport/transport_inner.h"

/* Datagrams this short are keep-alives (RFC 5626 §3.5.1, and what NAT boxes and old peers send). */
enum { KEEP_ALIVE_BYTES = 4 };

static void trace_received(const peal__sip_udp *udp, const peal_datagram *datagram,
                           const char *what)
{
    if (PEAL_LIKELY(peal_trace_levels[PEAL_TRACE_SIP_TRANSPORT] < PEAL_TRACE_MESSAGE)) {
        return;
    }
    char from[PEAL_SOCKET_ADDR_TEXT_MAX];
    char to[PEAL_SOCKET_ADDR_TEXT_MAX];
    const peal_socket_addr *local = datagram->local.family ? &datagram->local : &udp->local;
    peal_socket_addr_format(&datagram->peer, true, from);
    peal_socket_addr_format(local, true, to);
    PEAL_TRACE(PEAL_TRACE_SIP_TRANSPORT, PEAL_TRACE_MESSAGE, udp->transport,
               "%s UDP %s -> %s, %zu bytes\n%.*s", what, from, to, datagram->bytes,
               (int)datagram->bytes, (const char *)datagram->data);
}

static bool is_keep_alive(const peal_datagram *datagram)
{
    const char *p = datagram->data;
    for (size_t i = 0; i < datagram->bytes && datagram->bytes > KEEP_ALIVE_BYTES; ++i) {
        if (p[i] != '\r' && p[i] != '\n' && p[i] != ' ' && p[i] != '\0') {
            return false;
        }
    }
    return true;
}

static void on_core(peal_msg *msg)
{
    peal_sip_packet *packet = peal__sip_packet_of_msg(msg);
    peal__sip_transport *transport = peal__sip_packet_head_of(packet)->target;
    peal__sip_overload_leave(transport, packet);
    if (peal__sip_overload_is_stale(transport, packet)) {
        PEAL__SIP_ADD(transport->overload.dropped_stale, 1);
        peal_sip_packet_unref(packet);
        return;
    }
    transport->config.user_vt->on_packet(transport->config.user, packet);
}

static void set_origin(peal_sip_packet *packet, const peal__sip_udp *udp,
                       const peal_datagram *datagram, uint64_t now_ns)
{
    peal_sip_origin origin = { .peer = datagram->peer,
                               .local = datagram->local,
                               .transport = PEAL_SIP_TRANSPORT_UDP,
                               .listener = udp->id,
                               .time_ns = now_ns };
    if (origin.local.family == PEAL_AF_NONE) {
        origin.local = udp->local;
    }
    origin.local.port = udp->local.port;
    peal_sip_packet_set_origin(packet, &origin);
}

static peal_result decode(const peal__sip_udp *udp, const peal_datagram *datagram, uint64_t now_ns,
                          peal_sip_packet **ret)
{
    const peal__sip_transport *transport = udp->transport;
    peal_sip_packet *packet = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    peal_result r = peal_sip_packet_decode(peal_thread_pool(transport->config.transport),
                                           peal_str_of(datagram->data, datagram->bytes),
                                           &transport->config.limits, &packet, &fault);
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_TRANSPORT, PEAL_TRACE_DEBUG, transport,
                   "dropped a datagram of %zu bytes at offset %u: %s", datagram->bytes,
                   (unsigned)fault.offset, fault.reason ? fault.reason : peal_result_text(r));
        return r;
    }
    set_origin(packet, udp, datagram, now_ns);
    if (peal_sip_packet_is_request(packet)) {
        r = peal__sip_via_stamp(packet, &datagram->peer);
    }
    if (r < 0) {
        /* Without a Via nobody could be answered. */
        peal_sip_packet_unref(packet);
        return r;
    }
    *ret = packet;
    return PEAL_OK;
}

static void hand_over(peal__sip_transport *transport, peal_sip_packet *packet, size_t bytes)
{
    peal__sip_packet_head *head = peal__sip_packet_head_of(packet);
    head->key_hash = peal__sip_txn_key_hash(packet);
    switch (peal__sip_overload_admit(transport, packet)) {
    case PEAL__SIP_REFUSE:
        peal__sip_overload_refuse(transport, packet);
        peal_sip_packet_unref(packet);
        return;
    case PEAL__SIP_DROP:
        PEAL__SIP_COUNT(transport, dropped_overload);
        peal_sip_packet_unref(packet);
        return;
    case PEAL__SIP_ADMIT:
        break;
    }
    peal__sip_overload_enter(transport, packet, bytes);
    head->target = transport;
    head->msg.run = on_core;
    peal_thread_post(transport->config.core, &head->msg);
}

void peal__sip_received(peal__sip_udp *udp, const peal_datagram *datagram, uint64_t now_ns)
{
    peal__sip_transport *transport = udp->transport;
    PEAL__SIP_COUNT(transport, datagrams_in);
    if (is_keep_alive(datagram)) {
        return;
    }
    trace_received(udp, datagram, "received");
    if (datagram->result < 0 || datagram->peer.port == 0) {
        PEAL__SIP_COUNT(transport, dropped_not_sip); /* cut off, or from nowhere */
        return;
    }
    if (!peal__sip_overload_has_room(transport, &datagram->peer, datagram->bytes)) {
        PEAL__SIP_COUNT(transport, dropped_overload);
        return;
    }
    peal_sip_packet *packet = NULL;
    if (decode(udp, datagram, now_ns, &packet) < 0) {
        PEAL__SIP_COUNT(transport, dropped_not_sip);
        return;
    }
    hand_over(transport, packet, datagram->bytes);
}
