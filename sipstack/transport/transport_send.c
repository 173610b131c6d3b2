/* SPDX-License-Identifier: MIT */
/* The way out (K1): a send operation comes from the core thread, is encoded once, waits in its
 * socket's bounded queue, leaves in a batch, and goes back with its result. RFC 3261 §18.1.1,
 * §18.2.2. */
#include "sipstack/transport/transport_inner.h"

/* ---- results ---- */

static void sent_run(peal_msg *msg)
{
    peal__sip_send *send = PEAL_CONTAINER_OF(msg, peal__sip_send, msg);
    send->in_flight = false;
    send->on_sent(send);
}

static void post_result(peal__sip_send *send, peal_result result)
{
    send->result = result;
    send->msg.run = sent_run;
    peal_thread_post(send->transport->config.core, &send->msg);
}

static void complete(peal__sip_send *send, peal_result result)
{
    peal__sip_transport *transport = send->transport;
    if (result < 0) {
        PEAL__SIP_COUNT(transport, send_errors);
        PEAL_TRACE(PEAL_TRACE_SIP_TRANSPORT, PEAL_TRACE_INFO, transport, "send failed: %s",
                   peal_result_text(result));
    } else {
        PEAL__SIP_COUNT(transport, datagrams_out);
    }
    if (!send->local) {
        post_result(send, result);
        return;
    }
    send->result = result;
    send->in_flight = false;
    send->on_sent(send);
}

/* ---- from the core thread ---- */

static void send_run(peal_msg *msg)
{
    peal__sip_send_start(PEAL_CONTAINER_OF(msg, peal__sip_send, msg));
}

void peal__sip_transport_send(peal__sip_transport *transport, peal__sip_send *send)
{
    PEAL_ASSERT(!send->in_flight);
    send->transport = transport;
    send->in_flight = true;
    send->local = false;
    if (transport->closing) {
        post_result(send, PEAL_E_SIP_SHUTTING_DOWN);
        return;
    }
    send->msg.run = send_run;
    peal_thread_post(transport->config.transport, &send->msg);
}

/* ---- transport thread ---- */

static peal_result encode(peal__sip_send *send)
{
    if (send->wire) {
        return PEAL_OK;
    }
    peal_pool *pool = peal_thread_pool(send->transport->config.transport);
    return peal_sip_wire_new(pool, send->packet, &send->wire);
}

static peal_result enqueue(peal__sip_udp *udp, peal__sip_send *send)
{
    size_t bytes = peal_sip_wire_bytes(send->wire).n;
    if (bytes > PEAL__SIP_UDP_PAYLOAD_MAX) {
        return PEAL_E_TOO_BIG;
    }
    if (udp->waiting >= PEAL__SIP_SEND_QUEUE_MAX ||
        udp->waiting_bytes + bytes > PEAL__SIP_SEND_QUEUE_BYTES_MAX) {
        return PEAL_E_QUEUE_FULL;
    }
    send->next = NULL;
    if (udp->last) {
        udp->last->next = send;
    } else {
        udp->first = send;
    }
    udp->last = send;
    ++udp->waiting;
    udp->waiting_bytes += bytes;
    return PEAL_OK;
}

static peal__sip_send *dequeue(peal__sip_udp *udp)
{
    peal__sip_send *send = udp->first;
    udp->first = send->next;
    if (!udp->first) {
        udp->last = NULL;
    }
    send->next = NULL;
    --udp->waiting;
    udp->waiting_bytes -= peal_sip_wire_bytes(send->wire).n;
    return send;
}

void peal__sip_send_start(peal__sip_send *send)
{
    peal__sip_transport *transport = send->transport;
    const peal__sip_route *route = &send->route;
    peal__sip_udp *udp = NULL;
    peal_result r = PEAL_E_SIP_NO_TRANSPORT;
    if (route->transport != PEAL_SIP_TRANSPORT_UDP) {
        goto out;
    }
    r = PEAL_E_SIP_SEND;
    if (route->peer.family == PEAL_AF_NONE || route->peer.port == 0) {
        goto out;
    }
    udp = peal__sip_udp_of_route(transport, route);
    r = PEAL_E_SIP_NO_TRANSPORT;
    if (!udp) {
        goto out;
    }
    r = encode(send);
    if (r < 0) {
        goto out;
    }
    r = enqueue(udp, send);
out:
    if (r < 0) {
        complete(send, r);
        return;
    }
    if (udp->waiting >= PEAL__SIP_SEND_BATCH) {
        peal__sip_udp_flush(udp);
    } else {
        peal__sip_transport_flush_later(transport);
    }
}

static void trace_sent(const peal__sip_udp *udp, const peal_datagram *datagram)
{
    if (PEAL_LIKELY(peal_trace_levels[PEAL_TRACE_SIP_TRANSPORT] < PEAL_TRACE_MESSAGE)) {
        return;
    }
    char from[PEAL_SOCKET_ADDR_TEXT_MAX];
    char to[PEAL_SOCKET_ADDR_TEXT_MAX];
    const peal_socket_addr *local = datagram->local.family ? &datagram->local : &udp->local;
    peal_socket_addr_format(local, true, from);
    peal_socket_addr_format(&datagram->peer, true, to);
    PEAL_TRACE(PEAL_TRACE_SIP_TRANSPORT, PEAL_TRACE_MESSAGE, udp->transport,
               "sent UDP %s -> %s, %zu bytes: %s\n%.*s", from, to, datagram->bytes,
               peal_result_name(datagram->result), (int)datagram->bytes,
               (const char *)datagram->data);
}

static size_t fill_batch(const peal__sip_udp *udp, peal_datagram batch[PEAL__SIP_SEND_BATCH])
{
    size_t n = 0;
    for (peal__sip_send *s = udp->first; s && n < PEAL__SIP_SEND_BATCH; s = s->next) {
        peal_str bytes = peal_sip_wire_bytes(s->wire);
        batch[n] = (peal_datagram){ .peer = s->route.peer,
                                    .local = s->route.local,
                                    .data = (void *)(uintptr_t)bytes.p,
                                    .bytes = bytes.n };
        ++n;
    }
    return n;
}

/* Hands one batch to the port. PEAL_E_WOULD_BLOCK: the rest waits for on_writable. */
static peal_result send_batch(peal__sip_udp *udp)
{
    peal_datagram batch[PEAL__SIP_SEND_BATCH];
    const peal_port_vt *port = peal_thread_port(udp->transport->config.transport)->vt;
    size_t count = fill_batch(udp, batch);
    size_t done = 0;
    peal_result r = port->udp_send(udp->sock, batch, count, &done);
    if (r < 0 && r != PEAL_E_WOULD_BLOCK && done < count) {
        /* The port gave up on this one without taking it; the others are tried on. */
        batch[done++].result = r;
        r = PEAL_OK;
    }
    for (size_t i = 0; i < done; ++i) {
        trace_sent(udp, &batch[i]);
        complete(dequeue(udp), batch[i].result);
    }
    return r >= 0 && done == 0 ? PEAL_E_WOULD_BLOCK : r;
}

void peal__sip_udp_flush(peal__sip_udp *udp)
{
    peal_thread *thread = udp->transport->config.transport;
    while (udp->first && !udp->blocked) {
        if (send_batch(udp) == PEAL_E_WOULD_BLOCK) {
            udp->blocked = true;
            peal_timer_start(thread, &udp->stuck, PEAL__SIP_SEND_STUCK_MS, PEAL__SIP_SEND_STUCK_MS);
        }
    }
}

void peal__sip_udp_fail_waiting(peal__sip_udp *udp, peal_result result)
{
    while (udp->first) {
        complete(dequeue(udp), result);
    }
}
