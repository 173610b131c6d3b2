/* SPDX-License-Identifier: MIT */
#include "test/transport/transport_world.h"

#include <poll.h>

/* ---- the user above ---- */

typedef struct answer {
    peal__sip_send send;
    transport_world *w;
} answer;

static void answer_sent(peal__sip_send *send)
{
    answer *a = PEAL_CONTAINER_OF(send, answer, send);
    ++a->w->sent_count;
    a->w->sent_result = send->result;
    peal_sip_wire_unref(send->wire);
    peal_sip_packet_unref(send->packet);
    peal_pool_free(a);
}

static void answer_request(transport_world *w, peal_sip_packet *request)
{
    peal_pool *pool = peal_thread_pool(w->core);
    answer *a = peal_pool_alloc(pool, sizeof *a);
    ck_assert_ptr_nonnull(a);
    memset(a, 0, sizeof *a);
    a->w = w;
    a->send.on_sent = answer_sent;
    if (peal__sip_response_route(request, &a->send.route) < 0 ||
        peal_sip_packet_new_response(pool, request, 200, peal_str_of(NULL, 0), PEAL_STR("t"),
                                     &a->send.packet) < 0) {
        peal_pool_free(a);
        return;
    }
    peal__sip_transport_send(w->transport, &a->send);
}

static void on_packet(void *user, peal_sip_packet *packet)
{
    transport_world *w = user;
    ++w->packet_count;
    if (w->answer && peal_sip_packet_is_request(packet)) {
        answer_request(w, packet);
    }
    peal_sip_packet_unref(w->last);
    w->last = packet;
}

static void on_net_error(void *user, peal__sip_net_error *error)
{
    transport_world *w = user;
    ++w->net_error_count;
    w->net_error = error->result;
    w->net_error_method = error->method;
    snprintf(w->net_error_branch, sizeof w->net_error_branch, "%.*s", PEAL_STR_ARG(error->branch));
    peal_pool_free(error);
}

static void on_shut_down(void *user)
{
    transport_world *w = user;
    w->shut_down = true;
}

static const peal__sip_transport_user user_vt = { on_packet, on_net_error, on_shut_down };

/* ---- life ---- */

transport_world *transport_world_new(const char *port, bool two_threads,
                                     const peal__sip_transport_config *config)
{
    peal__sip_transport_config c = { .user_vt = &user_vt };
    peal_thread_options options = { .size = sizeof options };
    ck_assert_int_ge(peal_init(), 0);
    transport_world *w = calloc(1, sizeof *w);
    ck_assert_ptr_nonnull(w);
    if (strcmp(port, "simulated") == 0) {
        ck_assert_int_ge(peal_sim_new(11, &w->sim), 0);
        w->port = peal_sim_port(w->sim);
    } else {
        w->port = peal_port_find(port);
        if (!w->port) {
            free(w);
            peal_fini();
            return NULL;
        }
    }
    options.port = w->port;
    ck_assert_int_ge(peal_thread_new(&options, &w->transport_thread), 0);
    options.queue_high = config ? config->queue_packets : 0;
    if (two_threads) {
        ck_assert_int_ge(peal_thread_new(&options, &w->core), 0);
    } else {
        w->core = peal_thread_ref(w->transport_thread);
    }
    ck_assert_int_ge(w->port->vt->loop_open(w->port, &w->peer_loop), 0);
    if (config) {
        c = *config;
        c.user_vt = &user_vt;
    }
    c.core = w->core;
    c.transport = w->transport_thread;
    c.user = w;
    ck_assert_int_ge(peal__sip_transport_new(&c, &w->transport), 0);
    return w;
}

static void shut_down(transport_world *w, void *arg)
{
    (void)arg;
    peal__sip_transport_shut_down(w->transport);
}

static bool is_shut_down(transport_world *w, void *arg)
{
    (void)arg;
    return w->shut_down;
}

void transport_world_free(transport_world *w)
{
    if (!w->shut_down) {
        on_core(w, shut_down, NULL);
        pump(w, is_shut_down, NULL);
    }
    peal_sip_packet_unref(w->last);
    peal__sip_transport_free(w->transport);
    if (w->activated) {
        peal_thread_stop(w->core);
        peal_thread_stop(w->transport_thread);
        ck_assert_int_ge(peal_thread_join(w->core), 0);
        ck_assert_int_ge(peal_thread_join(w->transport_thread), 0);
    }
    peal_thread_unref(w->core);
    peal_thread_unref(w->transport_thread);
    w->port->vt->loop_close(w->peer_loop);
    peal_sim_free(w->sim);
    free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}

void transport_world_activate(transport_world *w)
{
    ck_assert_int_ge(peal_thread_activate(w->transport_thread, "transport", 0, 0), 0);
    ck_assert_int_ge(peal_thread_activate(w->core, "core", 0, 0), 0);
    w->activated = true;
}

static void run_once(transport_world *w)
{
    bool ready = false;
    if (w->activated) {
        (void)poll(NULL, 0, 1); /* they run by themselves */
        return;
    }
    if (w->sim) {
        ck_assert_int_ge(peal_sim_run(w->sim, 1, NULL, NULL), 0);
        return;
    }
    ck_assert_int_ge(peal_thread_activate_for(w->transport_thread, 1, &ready), 0);
    if (w->core != w->transport_thread) {
        ck_assert_int_ge(peal_thread_activate_for(w->core, 0, &ready), 0);
    }
}

typedef struct call_message {
    peal_msg msg;
    transport_world *w;
    void (*fn)(transport_world *w, void *arg);
    bool (*done)(transport_world *w, void *arg);
    void *arg;
    bool result;
} call_message;

static void call_run(peal_msg *msg)
{
    call_message *call = PEAL_CONTAINER_OF(msg, call_message, msg);
    if (call->fn) {
        call->fn(call->w, call->arg);
    }
    call->result = !call->done || call->done(call->w, call->arg);
}

/* Conditions are looked at on the core thread, for that is where they change. */
static bool is_done(transport_world *w, bool (*done)(transport_world *w, void *arg), void *arg)
{
    call_message call = { .msg = { .run = call_run }, .w = w, .done = done, .arg = arg };
    if (!w->activated) {
        return done(w, arg);
    }
    ck_assert_int_ge(peal_thread_post_wait(w->core, &call.msg), 0);
    return call.result;
}

void pump(transport_world *w, bool (*done)(transport_world *w, void *arg), void *arg)
{
    for (int i = 0; i < PUMP_MAX; ++i) {
        if (is_done(w, done, arg)) {
            return;
        }
        run_once(w);
    }
    ck_abort_msg("what was waited for did not happen");
}

void pump_some(transport_world *w)
{
    for (int i = 0; i < 20; ++i) {
        run_once(w);
    }
}

static bool is_called(transport_world *w, void *arg)
{
    (void)w;
    return ((call_message *)arg)->result;
}

void on_core(transport_world *w, void (*fn)(transport_world *w, void *arg), void *arg)
{
    call_message call = { .msg = { .run = call_run }, .w = w, .fn = fn, .arg = arg };
    if (w->activated) {
        ck_assert_int_ge(peal_thread_post_wait(w->core, &call.msg), 0);
        return;
    }
    peal_thread_post(w->core, &call.msg);
    pump(w, is_called, &call);
}

/* ---- listening ---- */

typedef struct listening {
    peal__sip_listen listen;
    bool done;
} listening;

static void listen_done(peal__sip_listen *listen)
{
    PEAL_CONTAINER_OF(listen, listening, listen)->done = true;
}

static void start_listening(transport_world *w, void *arg)
{
    peal__sip_transport_listen(w->transport, &((listening *)arg)->listen);
}

static bool is_listening(transport_world *w, void *arg)
{
    (void)w;
    return ((listening *)arg)->done;
}

peal_result try_listen(transport_world *w, peal_socket_addr *address, uint32_t *ret_id)
{
    listening l = { .listen = { .protocol = PEAL_SIP_TRANSPORT_UDP, .address = *address,
                                .on_done = listen_done } };
    on_core(w, start_listening, &l);
    pump(w, is_listening, &l);
    if (l.listen.result >= 0) {
        *address = l.listen.address;
        if (ret_id) {
            *ret_id = l.listen.listener;
        }
    }
    return l.listen.result;
}

peal_socket_addr addr_of(const char *host, uint16_t port)
{
    peal_socket_addr addr;
    ck_assert_int_ge(peal_socket_addr_parse(peal_str_z(host), port, &addr), 0);
    return addr;
}

/* ---- raw peers ---- */

static void nothing(peal_sock_owner *self)
{
    (void)self;
}

raw_peer *peer_new(transport_world *w, const char *host, uint16_t port)
{
    peal_sock_options options = { .size = sizeof options, .dscp = -1, .recv_buf_bytes = 4 << 20,
                                  .send_buf_bytes = 1 << 20, .v6_only = strchr(host, ':') != NULL };
    peal_socket_addr address = addr_of(host, port);
    raw_peer *p = calloc(1, sizeof *p);
    ck_assert_ptr_nonnull(p);
    p->w = w;
    p->owner.on_readable = nothing;
    p->owner.on_writable = nothing;
    ck_assert_int_ge(
        w->port->vt->udp_open(w->peer_loop, &address, &options, &p->owner, &p->sock), 0);
    ck_assert_int_ge(w->port->vt->sock_local(p->sock, &p->local), 0);
    return p;
}

void peer_free(raw_peer *p)
{
    p->w->port->vt->sock_close(p->sock);
    free(p);
}

void peer_put(raw_peer *p, const peal_socket_addr *to, const char *bytes, size_t n)
{
    peal_datagram d = { .peer = *to, .data = (void *)(uintptr_t)bytes, .bytes = n };
    size_t sent = 0;
    p->w->port->vt->udp_send(p->sock, &d, 1, &sent);
    ck_assert_uint_eq(sent, 1);
}

void peer_ask(raw_peer *p, const peal_socket_addr *to, const char *method, const char *via)
{
    char text[2048];
    int n = snprintf(text, sizeof text,
                     "%s sip:a@b SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\n"
                     "From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: call\r\n"
                     "CSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
                     method, via, method);
    ck_assert_int_lt(n, (int)sizeof text);
    peer_put(p, to, text, (size_t)n);
}

void peer_get(raw_peer *p)
{
    for (;;) {
        peal_datagram d = { .data = p->text, .bytes = sizeof p->text - 1 };
        size_t count = 0;
        if (p->w->port->vt->udp_recv(p->sock, &d, 1, &count) < 0 || count == 0) {
            return;
        }
        p->bytes = d.bytes;
        p->text[d.bytes] = '\0';
        p->from = d.peer;
        ++p->count;
    }
}

typedef struct wanted_count {
    raw_peer *peer;
    size_t count;
} wanted_count;

static bool has_got(transport_world *w, void *arg)
{
    wanted_count *wanted = arg;
    (void)w;
    peer_get(wanted->peer);
    return wanted->peer->count >= wanted->count;
}

void peer_wait(raw_peer *p, size_t count)
{
    wanted_count wanted = { p, count };
    pump(p->w, has_got, &wanted);
}
