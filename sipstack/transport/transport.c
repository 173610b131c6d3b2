/* SPDX-License-Identifier: MIT */
/* The transport object: commands from the core thread, their way to the transport thread and their
 * results back; start and end of life. RFC 3261 §18. */
#include "sipstack/transport/transport_inner.h"

enum { DEFAULT_RECV_BUF_BYTES = 4 << 20, DEFAULT_RETRY_AFTER_S = 5, DEFAULT_MESSAGE_BYTES = 65535 };

static void flush_run(peal_msg *msg);
static void set_defaults(peal__sip_transport *transport);

peal_result peal__sip_transport_new(const peal__sip_transport_config *config,
                                    peal__sip_transport **ret)
{
    peal__sip_transport *transport = peal_calloc(1, sizeof *transport);
    if (!transport) {
        return PEAL_E_NO_MEMORY;
    }
    transport->config = *config;
    if (config->server_name.p) {
        transport->server_name = peal_strdup(config->server_name);
        if (!transport->server_name) {
            peal_free(transport);
            return PEAL_E_NO_MEMORY;
        }
        transport->config.server_name.p = transport->server_name;
    }
    set_defaults(transport);
    peal_list_init(&transport->sockets);
    transport->flush.run = flush_run;
    peal__sip_overload_init(transport);
    peal_thread_ref(config->core);
    peal_thread_ref(config->transport);
    peal_thread_attach(config->core);
    peal_thread_attach(config->transport);
    *ret = transport;
    return PEAL_OK;
}

static void set_defaults(peal__sip_transport *transport)
{
    peal__sip_transport_config *config = &transport->config;
    if (!config->recv_buf_bytes) {
        config->recv_buf_bytes = DEFAULT_RECV_BUF_BYTES;
    }
    if (!config->overload_retry_after_s) {
        config->overload_retry_after_s = DEFAULT_RETRY_AFTER_S;
    }
    transport->slot_bytes = config->limits.message_bytes;
    if (transport->slot_bytes == 0 || transport->slot_bytes > DEFAULT_MESSAGE_BYTES) {
        transport->slot_bytes = DEFAULT_MESSAGE_BYTES; /* no datagram is larger */
    }
}

void peal__sip_transport_free(peal__sip_transport *transport)
{
    if (!transport) {
        return;
    }
    PEAL_ASSERT(peal_list_is_empty(&transport->sockets));
    peal_thread_detach(transport->config.transport);
    peal_thread_detach(transport->config.core);
    peal_thread_unref(transport->config.transport);
    peal_thread_unref(transport->config.core);
    peal_free(transport->slab);
    peal_free(transport->server_name);
    peal_free(transport);
}

/* ---- shut down ---- */

static void shut_down_done(peal_msg *msg)
{
    peal__sip_transport *transport = PEAL_CONTAINER_OF(msg, peal__sip_transport, shut_down);
    transport->config.user_vt->on_shut_down(transport->config.user);
}

/* Closes as soon as nothing waits any more; tried again after each flush. */
void peal__sip_transport_try_to_close(peal__sip_transport *transport)
{
    if (!transport->draining || transport->flush_posted) {
        return; /* the flush message still points to this object */
    }
    for (peal_node *n = peal_list_first(&transport->sockets), *next = NULL; n; n = next) {
        peal__sip_udp *udp = PEAL_CONTAINER_OF(n, peal__sip_udp, node);
        next = peal_list_next(&transport->sockets, n);
        if (!udp->first) {
            peal__sip_udp_close(udp);
        }
    }
    if (peal_list_is_empty(&transport->sockets)) {
        transport->draining = false;
        transport->shut_down.run = shut_down_done;
        peal_thread_post(transport->config.core, &transport->shut_down);
    }
}

static void shut_down_run(peal_msg *msg)
{
    peal__sip_transport *transport = PEAL_CONTAINER_OF(msg, peal__sip_transport, shut_down);
    transport->draining = true;
    peal__sip_transport_try_to_close(transport);
}

void peal__sip_transport_shut_down(peal__sip_transport *transport)
{
    if (transport->closing) {
        return;
    }
    transport->closing = true;
    transport->shut_down.run = shut_down_run;
    peal_thread_post(transport->config.transport, &transport->shut_down);
}

static void flush_run(peal_msg *msg)
{
    peal__sip_transport *transport = PEAL_CONTAINER_OF(msg, peal__sip_transport, flush);
    transport->flush_posted = false;
    for (peal_node *n = peal_list_first(&transport->sockets); n;
         n = peal_list_next(&transport->sockets, n)) {
        peal__sip_udp_flush(PEAL_CONTAINER_OF(n, peal__sip_udp, node));
    }
    peal__sip_transport_try_to_close(transport);
}

void peal__sip_transport_flush_later(peal__sip_transport *transport)
{
    if (!transport->flush_posted) {
        transport->flush_posted = true;
        peal_thread_post(transport->config.transport, &transport->flush);
    }
}

/* ---- listening ---- */

static void listen_done(peal_msg *msg)
{
    peal__sip_listen *listen = PEAL_CONTAINER_OF(msg, peal__sip_listen, msg);
    listen->on_done(listen);
}

static void listen_finish(peal__sip_listen *listen, peal_result result)
{
    listen->result = result;
    listen->msg.run = listen_done;
    peal_thread_post(listen->transport->config.core, &listen->msg);
}

static void listen_run(peal_msg *msg)
{
    peal__sip_listen *listen = PEAL_CONTAINER_OF(msg, peal__sip_listen, msg);
    if (listen->protocol != PEAL_SIP_TRANSPORT_UDP) {
        listen_finish(listen, PEAL_E_SIP_NO_TRANSPORT);
        return;
    }
    peal__sip_udp *udp = NULL;
    peal_result r = peal__sip_udp_open(listen->transport, &listen->address, &udp);
    if (r >= 0) {
        listen->address = udp->local;
        listen->listener = udp->id;
    }
    listen_finish(listen, r);
}

static void unlisten_run(peal_msg *msg)
{
    peal__sip_listen *listen = PEAL_CONTAINER_OF(msg, peal__sip_listen, msg);
    peal__sip_transport *transport = listen->transport;
    for (peal_node *n = peal_list_first(&transport->sockets); n;
         n = peal_list_next(&transport->sockets, n)) {
        peal__sip_udp *udp = PEAL_CONTAINER_OF(n, peal__sip_udp, node);
        if (udp->id == listen->listener) {
            peal__sip_udp_flush(udp);
            peal__sip_udp_close(udp);
            listen_finish(listen, PEAL_OK);
            return;
        }
    }
    listen_finish(listen, PEAL_E_NOT_FOUND);
}

static void listen_post(peal__sip_transport *transport, peal__sip_listen *listen,
                        void (*run)(peal_msg *msg))
{
    listen->transport = transport;
    if (transport->closing) {
        listen_finish(listen, PEAL_E_SIP_SHUTTING_DOWN);
        return;
    }
    listen->msg.run = run;
    peal_thread_post(transport->config.transport, &listen->msg);
}

void peal__sip_transport_listen(peal__sip_transport *transport, peal__sip_listen *listen)
{
    listen_post(transport, listen, listen_run);
}

void peal__sip_transport_unlisten(peal__sip_transport *transport, peal__sip_listen *listen)
{
    listen_post(transport, listen, unlisten_run);
}

void peal__sip_transport_counters_get(const peal__sip_transport *transport,
                                      peal__sip_transport_counters *ret)
{
    const peal__sip_atomic_counters *c = &transport->counters;
    ret->datagrams_in = atomic_load_explicit(&c->datagrams_in, memory_order_relaxed);
    ret->datagrams_out = atomic_load_explicit(&c->datagrams_out, memory_order_relaxed);
    ret->dropped_not_sip = atomic_load_explicit(&c->dropped_not_sip, memory_order_relaxed);
    ret->dropped_overload =
        atomic_load_explicit(&c->dropped_overload, memory_order_relaxed) +
        atomic_load_explicit(&transport->overload.dropped_stale, memory_order_relaxed);
    ret->refused_overload = atomic_load_explicit(&c->refused_overload, memory_order_relaxed);
    ret->send_errors = atomic_load_explicit(&c->send_errors, memory_order_relaxed);
    ret->net_errors = atomic_load_explicit(&c->net_errors, memory_order_relaxed);
    ret->sockets = (uint32_t)atomic_load_explicit(&c->sockets, memory_order_relaxed);
}
