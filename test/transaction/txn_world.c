/* SPDX-License-Identifier: MIT */
#include "test/transaction/txn_world.h"

#include <stdarg.h>

static uint64_t now(const txn_world *w)
{
    return peal_sim_now_ms(w->sim) - w->start_ms;
}

static world_event *log_event(txn_world *w, event_kind kind)
{
    static world_event spare;
    if (w->quiet) {
        return &spare;
    }
    ck_assert_uint_lt(w->event_count, LOG_MAX);
    world_event *e = &w->events[w->event_count++];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->at_ms = now(w);
    return e;
}

static void log_packet(txn_world *w, event_kind kind, const peal_sip_packet *packet)
{
    world_event *e = log_event(w, kind);
    e->status = peal_sip_packet_status(packet);
    e->method = peal_sip_packet_method(packet);
}

/* ---- owners and user ---- */

static void client_on_response(void *owner, peal__sip_client_txn *txn, peal_sip_packet *response)
{
    txn_world *w = owner;
    log_packet(w, EV_RESPONSE, response);
    peal_sip_packet_unref(response);
    if (w->detach_on_response) {
        peal__sip_client_txn_detach(txn);
    }
}

static void client_on_failed(void *owner, peal__sip_client_txn *txn, peal_result result)
{
    (void)txn;
    log_event(owner, EV_FAILED)->result = result;
}

static void client_on_ended(void *owner, peal__sip_client_txn *txn)
{
    txn_world *w = owner;
    log_event(w, EV_ENDED);
    if (w->client == txn) {
        w->client = NULL;
    }
}

const peal__sip_client_txn_owner world_client_owner = { client_on_response, client_on_failed,
                                                        client_on_ended };

static void server_on_cancel(void *owner, peal__sip_server_txn *txn, peal_sip_packet *cancel)
{
    (void)txn;
    log_packet(owner, EV_CANCEL, cancel);
}

static void server_on_result(void *owner, peal__sip_server_txn *txn, peal_result result)
{
    (void)txn;
    log_event(owner, EV_RESULT)->result = result;
}

static void server_on_ended(void *owner, peal__sip_server_txn *txn)
{
    txn_world *w = owner;
    log_event(w, EV_SERVER_ENDED);
    if (w->server == txn) {
        w->server = NULL;
    }
}

const peal__sip_server_txn_owner world_server_owner = { server_on_cancel, server_on_result,
                                                        server_on_ended };

static void user_on_request(void *user, peal_sip_packet *request)
{
    txn_world *w = user;
    log_packet(w, EV_REQUEST, request);
    if (w->serve) {
        w->serve(w, request);
    }
    peal_sip_packet_unref(request);
}

static void user_on_stray(void *user, peal_sip_packet *response)
{
    log_packet(user, EV_STRAY, response);
    peal_sip_packet_unref(response);
}

static void user_on_shut_down(void *user)
{
    txn_world *w = user;
    w->shut_down = true;
}

static const peal__sip_txn_user user_vt = { user_on_request, user_on_stray, user_on_shut_down };

/* ---- the network ---- */

static int filter(void *arg, const peal_socket_addr *from, const peal_socket_addr *to,
                  peal_str bytes)
{
    txn_world *w = arg;
    (void)to;
    if (w->quiet) {
        return PEAL_SIM_PASS;
    }
    ck_assert_uint_lt(w->datagram_count, LOG_MAX);
    world_datagram *d = &w->datagrams[w->datagram_count++];
    d->at_ms = now(w);
    d->from_us = peal_socket_addr_eq(from, &w->local, true);
    d->bytes = bytes.n;
    d->text = malloc(bytes.n + 1);
    ck_assert_ptr_nonnull(d->text);
    if (bytes.n) {
        memcpy(d->text, bytes.p, bytes.n);
    }
    d->text[bytes.n] = '\0';
    d->dropped = w->drop && w->drop(w, d);
    return d->dropped ? PEAL_SIM_DROP : PEAL_SIM_PASS;
}

static void peer_readable(peal_sock_owner *self)
{
    (void)self;
}

static peal_sock_owner peer_owner = { peer_readable, peer_readable };

static peal_result open_peer(txn_world *w)
{
    peal_sock_options options = { .size = sizeof options, .dscp = -1 };
    peal_result r = w->port->vt->loop_open(w->port, &w->peer_loop);
    if (r >= 0) {
        r = w->port->vt->udp_open(w->peer_loop, &w->peer, &options, &peer_owner, &w->peer_sock);
    }
    return r;
}

void peer_send_bytes(txn_world *w, const char *bytes, size_t n)
{
    peal_datagram d = { .peer = w->local, .data = (void *)(uintptr_t)bytes, .bytes = n };
    size_t sent = 0;
    w->port->vt->udp_send(w->peer_sock, &d, 1, &sent);
    /* The peer reads nothing by itself; what it got is in the log. */
    char waste[64];
    peal_datagram in = { .data = waste, .bytes = sizeof waste };
    while (w->port->vt->udp_recv(w->peer_sock, &in, 1, &sent) >= 0 && sent) {
        in.bytes = sizeof waste;
        sent = 0;
    }
}

void peer_send(txn_world *w, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, TEXT_MAX);
    peer_send_bytes(w, text, (size_t)n);
}

/* ---- life ---- */

static void on_listen(peal__sip_listen *listen)
{
    txn_world *w = PEAL_CONTAINER_OF(listen, txn_world, listen);
    w->listen_done = true;
    w->local = listen->address;
}

static bool is_listen_done(void *arg)
{
    return ((txn_world *)arg)->listen_done;
}

static bool is_shut_down(void *arg)
{
    return ((txn_world *)arg)->shut_down;
}

static peal_result make_stack(txn_world *w, const peal__sip_timers *timers)
{
    peal__sip_txn_config txn = { .core = w->core, .user_vt = &user_vt, .user = w,
                                 .server_name = PEAL_STR("Peal test") };
    if (timers) {
        txn.timers = *timers;
    }
    peal_result r = peal__sip_txn_layer_new(&txn, &w->layer);
    if (r < 0) {
        return r;
    }
    peal__sip_transport_config config = { .core = w->core,
                                          .transport = w->transport_thread,
                                          .user_vt = &peal__sip_txn_transport_user,
                                          .user = w->layer };
    r = peal__sip_transport_new(&config, &w->transport);
    if (r < 0) {
        return r;
    }
    peal__sip_txn_layer_set_transport(w->layer, w->transport);
    w->listen.protocol = PEAL_SIP_TRANSPORT_UDP;
    w->listen.address = w->local;
    w->listen.on_done = on_listen;
    peal__sip_transport_listen(w->transport, &w->listen);
    r = peal_sim_run(w->sim, 1000, is_listen_done, w);
    if (r >= 0 && !w->listen_done) {
        r = PEAL_E_STATE;
    }
    return r < 0 ? r : w->listen.result;
}

peal_result world_try_new(txn_world **ret, bool two_threads, const peal__sip_timers *timers)
{
    txn_world *w = calloc(1, sizeof *w);
    ck_assert_ptr_nonnull(w);
    peal_thread_options options = { .size = sizeof options };
    peal_result r = peal_sim_new(7, &w->sim);
    if (r < 0) {
        free(w);
        return r;
    }
    w->port = options.port = peal_sim_port(w->sim);
    ck_assert_int_ge(peal_socket_addr_parse(PEAL_STR("192.0.2.1"), 5060, &w->local), 0);
    ck_assert_int_ge(peal_socket_addr_parse(PEAL_STR("192.0.2.2"), 5070, &w->peer), 0);
    peal_sim_set_filter(w->sim, filter, w);
    r = open_peer(w);
    if (r >= 0) {
        r = peal_thread_new(&options, &w->core);
    }
    if (r >= 0 && two_threads) {
        r = peal_thread_new(&options, &w->transport_thread);
    } else if (r >= 0) {
        w->transport_thread = peal_thread_ref(w->core);
    }
    if (r >= 0) {
        r = make_stack(w, timers);
    }
    if (r < 0) {
        world_free(w);
        return r;
    }
    world_mark(w);
    *ret = w;
    return PEAL_OK;
}

txn_world *world_new(bool two_threads)
{
    txn_world *w = NULL;
    ck_assert_int_ge(peal_init(), 0);
    ck_assert_int_ge(world_try_new(&w, two_threads, NULL), 0);
    return w;
}

static void forget_logs(txn_world *w)
{
    for (size_t i = 0; i < w->datagram_count; ++i) {
        free(w->datagrams[i].text);
    }
    w->datagram_count = 0;
    w->event_count = 0;
}

static void abort_layer(txn_world *w, void *arg)
{
    (void)arg;
    peal__sip_txn_layer_abort(w->layer);
    peal__sip_transport_shut_down(w->transport);
}

void world_free(txn_world *w)
{
    if (w->transport) {
        world_on_core(w, abort_layer, NULL);
        peal_sim_run(w->sim, 60000, is_shut_down, w);
        ck_assert(w->shut_down);
        peal__sip_txn_layer_set_transport(w->layer, NULL);
    }
    peal__sip_txn_layer_free(w->layer);
    peal__sip_transport_free(w->transport);
    peal_thread_unref(w->transport_thread);
    peal_thread_unref(w->core);
    if (w->peer_sock) {
        w->port->vt->sock_close(w->peer_sock);
    }
    if (w->peer_loop) {
        w->port->vt->loop_close(w->peer_loop);
    }
    peal_sim_free(w->sim);
    forget_logs(w);
    free(w);
}

/* A simulated world stops as soon as nothing is left to happen; this timer is what is left. */
static void on_run_over(peal_timer *timer)
{
    PEAL_CONTAINER_OF(timer, txn_world, run_timer)->run_over = true;
}

static void start_run_timer(txn_world *w, void *arg)
{
    peal_timer_init(&w->run_timer, on_run_over);
    peal_timer_start(w->core, &w->run_timer, *(uint64_t *)arg, 0);
}

void world_run(txn_world *w, uint64_t ms)
{
    uint64_t until = peal_sim_now_ms(w->sim) + ms;
    w->run_over = false;
    world_on_core(w, start_run_timer, &ms);
    ck_assert_int_ge(peal_sim_run(w->sim, ms, NULL, NULL), 0);
    ck_assert(w->run_over);
    ck_assert_uint_eq(peal_sim_now_ms(w->sim), until);
}

void world_run_to(txn_world *w, uint64_t ms)
{
    ck_assert_uint_ge(ms, now(w));
    world_run(w, ms - now(w));
}

void world_mark(txn_world *w)
{
    forget_logs(w);
    w->start_ms = peal_sim_now_ms(w->sim);
}

typedef struct call_message {
    peal_msg msg;
    txn_world *w;
    void (*fn)(txn_world *w, void *arg);
    void *arg;
    bool done;
} call_message;

static void call_run(peal_msg *msg)
{
    call_message *call = PEAL_CONTAINER_OF(msg, call_message, msg);
    call->fn(call->w, call->arg);
    call->done = true;
}

static bool is_called(void *arg)
{
    return ((call_message *)arg)->done;
}

void world_on_core(txn_world *w, void (*fn)(txn_world *w, void *arg), void *arg)
{
    call_message call = { .msg = { .run = call_run }, .w = w, .fn = fn, .arg = arg };
    peal_thread_post(w->core, &call.msg);
    ck_assert_int_ge(peal_sim_run(w->sim, 0, is_called, &call), 0);
    ck_assert(call.done);
}

/* ---- what we do ---- */

peal__sip_route world_route(const txn_world *w)
{
    peal__sip_route route = { .peer = w->peer, .transport = PEAL_SIP_TRANSPORT_UDP,
                              .listener = w->listen.listener };
    return route;
}

static peal_result make_request(txn_world *w, peal_sip_method method, peal_sip_packet **ret)
{
    char via[96], cseq[32];
    peal_sip_packet *p = NULL;
    peal_result r = peal_sip_packet_new_request(peal_thread_pool(w->core), method,
                                                PEAL_STR("PING"), PEAL_STR("sip:b@192.0.2.2:5070"),
                                                &p);
    if (r < 0) {
        return r;
    }
    snprintf(via, sizeof via, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKus%u;rport", ++w->branch);
    peal_str text = peal_sip_packet_method_text(p);
    snprintf(cseq, sizeof cseq, "7 %.*s", PEAL_STR_ARG(text));
    if ((r = peal_sip_packet_add(p, PEAL_SIP_HEADER_VIA, peal_str_z(via))) < 0 ||
        (r = peal_sip_packet_add(p, PEAL_SIP_HEADER_ROUTE, PEAL_STR("<sip:192.0.2.2;lr>"))) < 0 ||
        (r = peal_sip_packet_add(p, PEAL_SIP_HEADER_FROM, PEAL_STR("<sip:a@x>;tag=from1"))) < 0 ||
        (r = peal_sip_packet_add(p, PEAL_SIP_HEADER_TO, PEAL_STR("<sip:b@y>"))) < 0 ||
        (r = peal_sip_packet_add(p, PEAL_SIP_HEADER_CALL_ID, PEAL_STR("call-1@x"))) < 0 ||
        (r = peal_sip_packet_add(p, PEAL_SIP_HEADER_MAX_FORWARDS, PEAL_STR("70"))) < 0 ||
        (r = peal_sip_packet_add(p, PEAL_SIP_HEADER_CSEQ, peal_str_z(cseq))) < 0) {
        peal_sip_packet_unref(p);
        return r;
    }
    *ret = p;
    return PEAL_OK;
}

typedef struct result_arg {
    peal_sip_method method;
    unsigned status;
    peal_result result;
} result_arg;

static void request_on_core(txn_world *w, void *arg)
{
    result_arg *a = arg;
    peal_sip_packet *packet = NULL;
    peal__sip_route route = world_route(w);
    a->result = make_request(w, a->method, &packet);
    if (a->result >= 0) {
        a->result = peal__sip_client_txn_new(w->layer, packet, &route, &world_client_owner, w,
                                             &w->client);
        if (a->result < 0) {
            peal_sip_packet_unref(packet);
        }
    }
}

peal_result world_request(txn_world *w, peal_sip_method method)
{
    result_arg a = { .method = method };
    world_on_core(w, request_on_core, &a);
    return a.result;
}

static void cancel_on_core(txn_world *w, void *arg)
{
    ((result_arg *)arg)->result = peal__sip_client_txn_cancel(w->client,
                                                              PEAL_STR("SIP;cause=200"));
}

peal_result world_cancel(txn_world *w)
{
    result_arg a = { 0 };
    world_on_core(w, cancel_on_core, &a);
    return a.result;
}

static void respond_on_core(txn_world *w, void *arg)
{
    result_arg *a = arg;
    peal_sip_packet *response = NULL;
    const world_datagram *in = NULL;
    for (size_t i = w->datagram_count; i-- > 0 && !in;) {
        /* The request that w->server is of: the last INVITE or other that the peer sent. */
        const world_datagram *d = &w->datagrams[i];
        if (!d->from_us && strncmp(d->text, "ACK", 3) != 0 && strncmp(d->text, "CANCEL", 6) != 0) {
            in = d;
        }
    }
    ck_assert_ptr_nonnull(in);
    peal_sip_packet *request = NULL;
    peal_pool *pool = peal_thread_pool(w->core);
    a->result =
        peal_sip_packet_decode(pool, peal_str_of(in->text, in->bytes), NULL, &request, NULL);
    if (a->result >= 0) {
        a->result = peal_sip_packet_new_response(pool, request, a->status, peal_str_of(NULL, 0),
                                                 PEAL_STR("ours"), &response);
    }
    if (a->result >= 0) {
        a->result = peal__sip_server_txn_respond(w->server, response);
        if (a->result < 0) {
            peal_sip_packet_unref(response);
        }
    }
    peal_sip_packet_unref(request);
}

peal_result world_respond(txn_world *w, unsigned status)
{
    result_arg a = { .status = status };
    world_on_core(w, respond_on_core, &a);
    return a.result;
}

/* ---- what the peer does ---- */

static const world_datagram *last_sent(const txn_world *w, peal_str method)
{
    for (size_t i = w->datagram_count; i-- > 0;) {
        const world_datagram *d = &w->datagrams[i];
        if (d->from_us && d->bytes > method.n && memcmp(d->text, method.p, method.n) == 0) {
            return d;
        }
    }
    return NULL;
}

void peer_answer(txn_world *w, peal_sip_method method, unsigned status)
{
    world_run(w, 0); /* what was just sent has left */
    const world_datagram *d = last_sent(w, peal_sip_method_text(method));
    peal_sip_packet *request = NULL, *response = NULL;
    char text[TEXT_MAX];
    if (!d) {
        return;
    }
    if (peal_sip_packet_decode(NULL, peal_str_of(d->text, d->bytes), NULL, &request, NULL) >= 0 &&
        peal_sip_packet_new_response(NULL, request, status, peal_str_of(NULL, 0),
                                     PEAL_STR("theirs"), &response) >= 0) {
        size_t n = peal_sip_packet_size(response);
        ck_assert_uint_lt(n, sizeof text);
        peal_sip_packet_encode(response, text);
        peer_send_bytes(w, text, n);
    }
    peal_sip_packet_unref(response);
    peal_sip_packet_unref(request);
}

void peer_request(txn_world *w, const char *method, const char *branch, const char *to_tag)
{
    peer_send(w,
              "%s sip:us@192.0.2.1 SIP/2.0\r\n"
              "Via: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK%s\r\n"
              "Max-Forwards: 70\r\n"
              "From: <sip:peer@192.0.2.2>;tag=peer1\r\n"
              "To: <sip:us@192.0.2.1>%s%s\r\n"
              "Call-ID: peer-call@192.0.2.2\r\n"
              "CSeq: 5 %s\r\n"
              "Content-Length: 0\r\n\r\n",
              method, branch, to_tag ? ";tag=" : "", to_tag ? to_tag : "", method);
}

/* ---- what happened ---- */

const world_event *world_find(const txn_world *w, event_kind kind, size_t nth)
{
    for (size_t i = 0; i < w->event_count; ++i) {
        if (w->events[i].kind == kind && nth-- == 0) {
            return &w->events[i];
        }
    }
    return NULL;
}

size_t world_count(const txn_world *w, event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < w->event_count; ++i) {
        n += w->events[i].kind == kind;
    }
    return n;
}

const world_datagram *sent_find(const txn_world *w, const char *start, size_t nth)
{
    for (size_t i = 0; i < w->datagram_count; ++i) {
        const world_datagram *d = &w->datagrams[i];
        if (d->from_us && strncmp(d->text, start, strlen(start)) == 0 && nth-- == 0) {
            return d;
        }
    }
    return NULL;
}

size_t sent_count(const txn_world *w, const char *start)
{
    size_t n = 0;
    while (sent_find(w, start, n)) {
        ++n;
    }
    return n;
}

void check_sent_at(const txn_world *w, const char *start, size_t count, const uint64_t *at_ms)
{
    for (size_t i = 0; i < count; ++i) {
        const world_datagram *d = sent_find(w, start, i);
        ck_assert_msg(d != NULL, "%s number %zu of %zu was not sent", start, i + 1, count);
        ck_assert_msg(d->at_ms == at_ms[i], "%s number %zu at %llu, not %llu ms", start, i + 1,
                      (unsigned long long)d->at_ms, (unsigned long long)at_ms[i]);
    }
    ck_assert_uint_eq(sent_count(w, start), count);
}

size_t world_alive(const txn_world *w)
{
    peal__sip_txn_counters c;
    peal__sip_txn_counters_get(w->layer, &c);
    return c.invite_client + c.invite_server + c.non_invite_client + c.non_invite_server;
}
