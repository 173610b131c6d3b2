/* SPDX-License-Identifier: MIT */
/* Where responses go: RFC 3261 §18.2.2, RFC 3581 §4. Core thread. */
#include "sipstack/transport/transport_priv.h"

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };

/* An address as a Via names it; never asks DNS and never one that reaches many. */
static bool usable_host(peal_str host, uint16_t port, peal_socket_addr *ret)
{
    peal_socket_addr addr;
    if (host.n == 0 || peal_socket_addr_parse(host, port, &addr) < 0 ||
        peal_socket_addr_is_any(&addr) || peal_socket_addr_is_multicast(&addr)) {
        return false;
    }
    *ret = addr;
    return true;
}

static uint16_t sent_by_port(const peal_sip_via *via)
{
    if (via->port) {
        return via->port;
    }
    return via->transport == PEAL_SIP_TRANSPORT_TLS ? SIPS_PORT : SIP_PORT;
}

static void choose_peer(const peal_sip_via *via, const peal_sip_origin *origin,
                        peal_socket_addr *ret)
{
    uint16_t port = sent_by_port(via);
    /* §18.2.2: maddr first; its multicast form (ttl) is not served, the source is better then. */
    if (via->maddr.n && usable_host(via->maddr, port, ret)) {
        return;
    }
    /* RFC 3581 §4: with rport the response goes back to the very port the request came from. */
    if (via->has_rport && via->rport) {
        port = via->rport;
    }
    /* Transport filled in received unless sent-by is the source address itself. */
    peal_str host = via->received.n ? via->received : via->host;
    if (!usable_host(host, port, ret)) {
        *ret = origin->peer;
        ret->port = port;
    }
    /* The zone of a link-local source is not written in a Via. */
    if (peal_socket_addr_eq(ret, &origin->peer, false) || ret->scope == 0) {
        peal_socket_addr with_scope = *ret;
        with_scope.scope = origin->peer.scope;
        if (peal_socket_addr_eq(&with_scope, &origin->peer, false)) {
            *ret = with_scope;
        }
    }
}

peal_result peal__sip_response_route(peal_sip_packet *request, peal__sip_route *ret)
{
    const peal_sip_via *via = NULL;
    peal_result r = peal_sip_packet_via(request, 0, &via);
    if (r < 0) {
        return r;
    }
    const peal_sip_origin *origin = peal_sip_packet_origin(request);
    peal__sip_route route = { 0 };
    choose_peer(via, origin, &route.peer);
    if (route.peer.family == PEAL_AF_NONE || route.peer.port == 0 ||
        peal_socket_addr_is_multicast(&route.peer) || peal_socket_addr_is_any(&route.peer)) {
        return PEAL_E_SIP_SEND;
    }
    /* Symmetric: by the address and socket the request came to. */
    if (origin->local.family == route.peer.family && !peal_socket_addr_is_any(&origin->local) &&
        !peal_socket_addr_is_multicast(&origin->local)) {
        route.local = origin->local;
    }
    route.transport = origin->transport;
    route.listener = origin->local.family == route.peer.family ? origin->listener : 0;
    route.connection = origin->connection;
    *ret = route;
    return PEAL_OK;
}
