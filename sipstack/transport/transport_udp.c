/* SPDX-License-Identifier: MIT */
/* Listening UDP sockets. Transport thread. RFC 3261 §18.1, §18.2. */
#include "sipstack/transport/transport_inner.h"

/* The error queue is looked at when no data came, and every so often under load. */
enum { ERRORS_EVERY = 64, ERRORS_AT_ONCE = 32 };

static const peal_port_vt *port_of(const peal__sip_udp *udp)
{
    return peal_thread_port(udp->transport->config.transport)->vt;
}

static void take_errors(peal__sip_udp *udp)
{
    for (int i = 0; i < ERRORS_AT_ONCE && peal__sip_take_net_error(udp); ++i) {
    }
}

static void on_readable(peal_sock_owner *self)
{
    peal__sip_udp *udp = PEAL_CONTAINER_OF(self, peal__sip_udp, owner);
    peal__sip_transport *transport = udp->transport;
    for (size_t i = 0; i < PEAL__SIP_RECV_BATCH; ++i) {
        transport->received[i].data = transport->slab + i * transport->slot_bytes;
        transport->received[i].bytes = transport->slot_bytes;
        transport->received[i].result = PEAL_OK;
    }
    size_t count = 0;
    peal_result r =
        port_of(udp)->udp_recv(udp->sock, transport->received, PEAL__SIP_RECV_BATCH, &count);
    if (r < 0 || count == 0 || ++udp->batches % ERRORS_EVERY == 0) {
        take_errors(udp);
    }
    if (count) {
        uint64_t now = peal_thread_port(transport->config.transport)
                           ->vt->now_ns(peal_thread_port(transport->config.transport));
        for (size_t i = 0; i < count; ++i) {
            peal__sip_received(udp, &transport->received[i], now);
        }
    }
}

static void on_writable(peal_sock_owner *self)
{
    peal__sip_udp *udp = PEAL_CONTAINER_OF(self, peal__sip_udp, owner);
    udp->blocked = false;
    peal_timer_stop(udp->transport->config.transport, &udp->stuck);
    peal__sip_udp_flush(udp);
    peal__sip_transport_try_to_close(udp->transport);
}

/* Nothing left for seconds: what waits is too old to be worth sending (K20). */
static void on_stuck(peal_timer *timer)
{
    peal__sip_udp *udp = PEAL_CONTAINER_OF(timer, peal__sip_udp, stuck);
    peal__sip_udp_fail_waiting(udp, PEAL_E_WOULD_BLOCK);
    peal__sip_transport_try_to_close(udp->transport);
}

static peal_result make_slab(peal__sip_transport *transport)
{
    if (!transport->slab) {
        transport->slab = peal_alloc((size_t)PEAL__SIP_RECV_BATCH * transport->slot_bytes);
        /* The pages that datagrams of usual size need are there before the first burst. */
        for (size_t i = 0; transport->slab && i < PEAL__SIP_RECV_BATCH; ++i) {
            transport->slab[i * transport->slot_bytes] = 0;
        }
    }
    return transport->slab ? PEAL_OK : PEAL_E_NO_MEMORY;
}

peal_result peal__sip_udp_open(peal__sip_transport *transport, const peal_socket_addr *address,
                               peal__sip_udp **ret)
{
    peal_thread *thread = transport->config.transport;
    const peal_port_vt *port = peal_thread_port(thread)->vt;
    peal__sip_udp *udp = peal_calloc(1, sizeof *udp);
    peal_result r = udp ? make_slab(transport) : PEAL_E_NO_MEMORY;
    if (r < 0) {
        goto out;
    }
    udp->owner.on_readable = on_readable;
    udp->owner.on_writable = on_writable;
    udp->transport = transport;
    peal_timer_init(&udp->stuck, on_stuck);
    const peal_sock_options options = { .size = sizeof options,
                                        .recv_buf_bytes = transport->config.recv_buf_bytes,
                                        .send_buf_bytes = transport->config.recv_buf_bytes,
                                        .dscp = -1,
                                        .v6_only = address->family == PEAL_AF_IPV6 };
    r = port->udp_open(peal_thread_loop(thread), address, &options, &udp->owner, &udp->sock);
    if (r < 0) {
        goto out;
    }
    r = port->sock_local(udp->sock, &udp->local);
    if (r < 0) {
        port->sock_close(udp->sock);
        goto out;
    }
    udp->id = ++transport->last_id;
    peal_list_append(&transport->sockets, &udp->node);
    PEAL__SIP_ADD(transport->counters.sockets, 1);
    *ret = udp;
out:
    if (r < 0) {
        peal_free(udp);
    }
    return r;
}

void peal__sip_udp_close(peal__sip_udp *udp)
{
    peal__sip_transport *transport = udp->transport;
    peal__sip_udp_fail_waiting(udp, PEAL_E_CLOSED);
    peal_timer_stop(transport->config.transport, &udp->stuck);
    port_of(udp)->sock_close(udp->sock);
    peal_node_unlink(&udp->node);
    PEAL__SIP_ADD(transport->counters.sockets, (uint_fast32_t)-1);
    peal_free(udp);
}

/* How well a socket serves a route that names no listener; 0: not at all. */
static int fitness(const peal__sip_udp *udp, const peal__sip_route *route)
{
    if (udp->local.family != route->peer.family) {
        return 0;
    }
    bool is_any = peal_socket_addr_is_any(&udp->local);
    if (route->local.family == PEAL_AF_NONE) {
        return is_any ? 2 : 1;
    }
    if (!is_any && !peal_socket_addr_eq(&udp->local, &route->local, false)) {
        return 0;
    }
    return 1 + (udp->local.port == route->local.port) * 2 + !is_any;
}

peal__sip_udp *peal__sip_udp_of_route(peal__sip_transport *transport, const peal__sip_route *route)
{
    peal__sip_udp *best = NULL;
    int best_fitness = 0;
    for (peal_node *n = peal_list_first(&transport->sockets); n;
         n = peal_list_next(&transport->sockets, n)) {
        peal__sip_udp *udp = PEAL_CONTAINER_OF(n, peal__sip_udp, node);
        if (route->listener) {
            if (udp->id == route->listener) {
                return udp->local.family == route->peer.family ? udp : NULL;
            }
            continue;
        }
        int fit = fitness(udp, route);
        if (fit > best_fitness) {
            best_fitness = fit;
            best = udp;
        }
    }
    return best;
}
