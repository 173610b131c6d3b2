/* SPDX-License-Identifier: MIT */
#include "test/useragent/ua_world.h"

/* ---- what the applications hear ---- */

static void note_body(ua_call *c, peal_sip_packet *packet)
{
    const peal_str body = peal_sip_packet_body(packet);
    snprintf(c->body, sizeof c->body, "%.*s", PEAL_STR_ARG(body));
}

static void answer(ua_node *n, peal_sip_server_event_control *control, unsigned status)
{
    peal_sip_packet *response = NULL;
    if (peal_sip_server_event_control_new_response(control, status, ABSENT, &response) < 0) {
        return;
    }
    if (n->answer_body && status == 200) {
        (void)peal_sip_packet_set_body(response, PEAL_STR("application/sdp"),
                                       peal_str_z(n->answer_body));
    }
    (void)peal_sip_server_event_control_send_response(control, response);
}

static void on_invited(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_server_event_control *control, peal_sip_packet *invite)
{
    ua_node *n = PEAL_IMPL(self, ua_node, session_mgr);
    ua_call *c = peal_sip_session_opaque(session);
    c->invited++;
    note_body(c, invite);
    c->control = peal_sip_server_event_control_ref(control);
    if (n->ring) {
        answer(n, control, n->ring);
    }
    if (n->answer) {
        answer(n, control, n->answer);
    }
}

static void on_reinvited(peal_sip_session_mgr *self, peal_sip_session *session,
                         peal_sip_server_event_control *control, peal_sip_packet *invite)
{
    ua_node *n = PEAL_IMPL(self, ua_node, session_mgr);
    ua_call *c = peal_sip_session_opaque(session);
    c->reinvited++;
    note_body(c, invite);
    peal_sip_server_event_control_unref(c->control);
    c->control = peal_sip_server_event_control_ref(control);
    if (n->reanswer) {
        answer(n, control, n->reanswer);
    }
}

static void on_acknowledged(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_packet *ack)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    c->acknowledged++;
    note_body(c, ack);
}

static void on_cancelled(peal_sip_session_mgr *self, peal_sip_session *session,
                         peal_sip_server_event_control *control, peal_sip_packet *cancel)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    (void)cancel;
    ck_assert_ptr_eq(control, c->control);
    c->cancelled++;
}

static void hear(ua_call *c, int *counter, peal_sip_client_event_control *control,
                 peal_sip_packet *response)
{
    (*counter)++;
    c->status = peal_sip_packet_status(response);
    note_body(c, response);
    ck_assert_int_eq(c->ended, 0); /* nothing comes after the end */
    ck_assert_ptr_nonnull(c->context);
    if (control) {
        (void)peal_sip_client_event_control_call_next(control);
    }
}

static void on_progress(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    hear(c, &c->progress, control, response);
    if (c->clear_on_progress) {
        call_let_go(c);
    }
}

static void on_success(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    hear(c, &c->success, control, response);
    if (c->clear_on_success) {
        call_let_go(c);
    } else if (!c->no_ack) {
        (void)peal_sip_session_ack(session, NULL);
    }
}

static void on_failure(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    hear(c, &c->failure, c->keep_failure ? NULL : control, response);
    if (c->keep_failure) {
        c->kept = peal_sip_client_event_control_ref(control);
    }
}

static void on_new_session_needed(peal_sip_session_mgr *self, peal_sip_session *session,
                                  peal_sip_packet *response)
{
    ua_node *n = PEAL_IMPL(self, ua_node, session_mgr);
    ua_call *c = peal_sip_session_opaque(session);
    (void)response;
    c->needed++;
    if (!n->wants_forks) {
        return;
    }
    ua_call *fork = call_new(n, &n->address, "");
    if (fork) {
        ck_assert_int_ge(peal_sip_session_fork_into(session, fork->session), 0);
    }
}

static void on_bye(peal_sip_session_mgr *self, peal_sip_session *session,
                   peal_sip_server_event_control *control, peal_sip_packet *bye)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    (void)bye;
    c->bye++;
    if (c->clear_on_bye) {
        (void)peal_sip_server_event_control_respond(control, 200, ABSENT);
        call_let_go(c);
    }
}

static void on_bye_answered(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_client_event_control *control, peal_sip_packet *response)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    hear(c, &c->bye_answered, control, response);
}

static void on_ended(peal_sip_session_mgr *self, peal_sip_session *session,
                     peal_sip_session_end why)
{
    ua_call *c = peal_sip_session_opaque(session);
    (void)self;
    c->ended++;
    c->why = why;
    ck_assert_int_eq(c->ended, 1);
    ck_assert_ptr_nonnull(c->context);
    if (c->clear_on_ended) {
        call_let_go(c);
    }
}

static const peal_sip_session_mgr_vt session_vt = {
    .size = sizeof session_vt,
    .on_invited = on_invited,
    .on_reinvited = on_reinvited,
    .on_acknowledged = on_acknowledged,
    .on_cancelled = on_cancelled,
    .on_progress = on_progress,
    .on_success = on_success,
    .on_failure = on_failure,
    .on_new_session_needed = on_new_session_needed,
    .on_bye = on_bye,
    .on_bye_answered = on_bye_answered,
    .on_ended = on_ended,
};

static void on_generic_request(peal_sip_generic_mgr *self, peal_sip_generic *service,
                               peal_sip_server_event_control *control, peal_sip_packet *request)
{
    ua_call *c = peal_sip_generic_opaque(service);
    (void)self;
    c->requests++;
    note_body(c, request);
    (void)peal_sip_server_event_control_respond(control, 200, ABSENT);
}

static void on_generic_answer(peal_sip_generic_mgr *self, peal_sip_generic *service,
                              peal_sip_client_event_control *control, peal_sip_packet *response)
{
    ua_call *c = peal_sip_generic_opaque(service);
    (void)self;
    c->answers++;
    c->status = peal_sip_packet_status(response);
    (void)peal_sip_client_event_control_call_next(control);
}
static const peal_sip_generic_mgr_vt generic_vt = { .size = sizeof generic_vt,
                                                    .on_request = on_generic_request,
                                                    .on_answered = on_generic_answer };

/* ---- calls ---- */

static ua_call *wrap(ua_node *n)
{
    peal_sip_context *context = NULL;
    ck_assert_int_lt(n->call_count, CALLS_MAX);
    ua_call *c = &n->calls[n->call_count];
    memset(c, 0, sizeof *c);
    if (peal_sip_context_template_make(n->kind, c, &context) < 0) {
        return NULL;
    }
    n->call_count++;
    c->node = n;
    c->context = context;
    c->no_ack = n->has_no_acks;
    ck_assert_int_ge(peal_sip_session_query(&context->unk, &c->session), 0);
    ck_assert_int_ge(peal_sip_user_agent_query(&context->unk, &c->agent), 0);
    ck_assert_int_ge(peal_sip_generic_query(&context->unk, &c->generic), 0);
    peal_sip_session_unref(c->session); /* they live as long as the context */
    peal_sip_user_agent_unref(c->agent);
    peal_sip_generic_unref(c->generic);
    return c;
}

ua_call *call_new(ua_node *n, const peal_socket_addr *to, const char *uri_params)
{
    char host[PEAL_SOCKET_ADDR_TEXT_MAX], uri[512];
    ua_call *c = wrap(n);
    if (!c) {
        return NULL;
    }
    peal_socket_addr_format(to, true, host);
    snprintf(uri, sizeof uri, "sip:bob@%s%s", host, uri_params);
    const peal_sip_user_agent_params params = {
        .size = sizeof params,
        .local = PEAL_STR("\"Alice\" <sip:alice@example.com>"),
        .remote = PEAL_STR("sip:bob@example.com"),
        .target = peal_str_z(uri),
    };
    if (peal_sip_user_agent_configure(c->agent, &params) < 0) {
        call_let_go(c);
        return NULL;
    }
    return c;
}

peal_result call_try_invite(ua_call *c, peal_str body)
{
    peal_sip_packet *invite = NULL;
    peal_result r = peal_sip_session_new_invite(c->session, &invite);
    if (r >= 0 && body.n) {
        r = peal_sip_packet_set_body(invite, PEAL_STR("application/sdp"), body);
        if (r < 0) {
            peal_sip_packet_unref(invite);
        }
    }
    if (r >= 0) {
        peal_sip_client_request_unrefp(&c->request);
        r = peal_sip_session_invite(c->session, invite, c, &c->request);
    }
    return r;
}

void call_invite(ua_call *c)
{
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(call_try_invite(c, PEAL_STR("offer")), PEAL_OK);
}

void call_let_go(ua_call *c)
{
    peal_sip_context *context = c->context;
    c->context = NULL;
    if (context) {
        peal_sip_context_clear(context);
        peal_sip_client_event_control_unrefp(&c->kept);
        peal_sip_client_request_unrefp(&c->request);
        peal_sip_server_event_control_unrefp(&c->control);
        peal_sip_context_unref(context);
    }
}

ua_call *node_last_call(ua_node *n)
{
    ck_assert_int_gt(n->call_count, 0);
    return &n->calls[n->call_count - 1];
}

ua_call *call_up(ua_world *w, ua_call **ret_bob)
{
    w->bob.ring = 180;
    w->bob.answer = 200;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    const int before = w->bob.call_count;
    call_invite(a);
    world_until(w, &w->bob.call_count, before + 1, 10000);
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->acknowledged, 1, 10000);
    ck_assert_int_eq(a->success, 1);
    if (ret_bob) {
        *ret_bob = b;
    }
    return a;
}

/* ---- stacks ---- */

static void on_new_request(peal_sip_dispatcher_mgr *self, peal_sip_core_config *core,
                           peal_sip_packet *request)
{
    ua_node *n = PEAL_IMPL(self, ua_node, incoming);
    ua_call *c = wrap(n);
    (void)core;
    if (c && peal_sip_context_handle_packet(c->context, request) < 0) {
        call_let_go(c);
    }
}
static const peal_sip_dispatcher_mgr_vt incoming_vt = { .size = sizeof incoming_vt,
                                                        .on_new_request = on_new_request };

static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core, peal_sip_packet *packet)
{
    (void)core;
    peal_sip_dispatch(PEAL_IMPL(self, ua_node, user)->dispatcher, packet);
}

static void on_listening(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque)
{
    ua_node *n = PEAL_IMPL(self, ua_node, user);
    (void)listener;
    (void)opaque;
    ck_assert_int_ge(result, 0);
    n->address = *bound;
    n->listening = true;
}

static void on_shut_down(peal_sip_core_user *self, size_t still_held)
{
    ua_node *n = PEAL_IMPL(self, ua_node, user);
    n->held = still_held;
    n->down = true;
}
static const peal_sip_core_user_vt user_vt = { .size = sizeof user_vt,
                                               .on_packet = on_packet,
                                               .on_listening = on_listening,
                                               .on_shut_down = on_shut_down };

static void make_kind(ua_node *n)
{
    const struct {
        const peal_clsid *clsid;
        void *manager;
    } services[] = { { &peal_sip_user_agent_clsid, NULL },
                     { &peal_sip_session_clsid, &n->session_mgr },
                     { &peal_sip_generic_clsid, &n->generic_mgr },
                     { &peal_sip_destination_selection_clsid, NULL },
                     { &peal_sip_server_location_clsid, NULL },
                     { &peal_sip_via_management_clsid, NULL },
                     { &peal_sip_symmetric_udp_clsid, NULL } };
    ck_assert_int_ge(peal_sip_context_template_new(n->stack, &n->kind), 0);
    for (size_t i = 0; i < PEAL_COUNT_OF(services); i++) {
        ck_assert_int_eq(
            peal_sip_context_template_add(n->kind, services[i].clsid, services[i].manager),
            PEAL_OK);
    }
}

static void make_threads(ua_node *n, int threads)
{
    const peal_thread_options options = { .size = sizeof options, .port = n->world->port };
    ck_assert_int_ge(peal_thread_new(&options, &n->core_thread), 0);
    if (threads > 1) {
        ck_assert_int_ge(peal_thread_new(&options, &n->transport_thread), 0);
    } else {
        n->transport_thread = peal_thread_ref(n->core_thread);
    }
}

static void start(ua_world *w, ua_node *n, const char *host, int threads)
{
    const peal_sip_dispatcher_config accept = {
        .size = sizeof accept,
        .allow = PEAL_STR("INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE"),
        .manager = &n->incoming
    };
    peal_socket_addr address;
    n->world = w;
    n->user.vt = &user_vt;
    n->incoming.vt = &incoming_vt;
    n->session_mgr.vt = &session_vt;
    n->generic_mgr.vt = &generic_vt;
    n->reanswer = 200;
    make_threads(n, threads);
    const peal_sip_settings settings = { .size = sizeof settings,
                                         .supported = PEAL_STR("timer, replaces") };
    ck_assert_int_ge(peal_sip_core_config_new(&n->stack), 0);
    ck_assert_int_ge(peal_sip_core_config_set_settings(n->stack, &settings), 0);
    ck_assert_int_ge(peal_sip_core_config_set_threads(n->stack, n->core_thread,
                                                      n->transport_thread, NULL),
                     0);
    ck_assert_int_ge(peal_sip_core_config_set_core_user(n->stack, &n->user), 0);
    ck_assert_int_ge(peal_sip_core_config_startup(n->stack), 0);
    ck_assert_int_ge(peal_sip_dispatcher_new(n->stack, &accept, &n->dispatcher), 0);
    make_kind(n);
    ck_assert_int_ge(peal_socket_addr_parse(peal_str_z(host), 5060, &address), 0);
    ck_assert_int_ge(
        peal_sip_core_config_listen(n->stack, PEAL_SIP_TRANSPORT_UDP, &address, NULL), 0);
}

static int filter(void *arg, const peal_socket_addr *from, const peal_socket_addr *to,
                  peal_str bytes)
{
    ua_world *w = arg;
    (void)from;
    (void)to;
    w->sent++;
    if (w->drop_nth && w->sent == w->drop_nth) {
        return PEAL_SIM_DROP;
    }
    if (!w->drop_prefix || bytes.n < strlen(w->drop_prefix) ||
        memcmp(bytes.p, w->drop_prefix, strlen(w->drop_prefix)) != 0) {
        return PEAL_SIM_PASS;
    }
    w->drop_seen++;
    return w->drop_seen >= w->drop_from && w->drop_seen <= w->drop_to ? PEAL_SIM_DROP
                                                                      : PEAL_SIM_PASS;
}

ua_world *world_new(uint64_t seed, int threads)
{
    const peal_sim_link link = { .size = sizeof link, .delay_us = 1000 };
    ck_assert_int_ge(peal_init(), 0);
    ck_assert_int_ge(peal_sip_init(), 0);
    ua_world *w = calloc(1, sizeof *w);
    ck_assert_ptr_nonnull(w);
    ck_assert_int_ge(peal_sim_new(seed, &w->sim), 0);
    w->port = peal_sim_port(w->sim);
    peal_sim_set_link(w->sim, &link);
    peal_sim_set_filter(w->sim, filter, w);
    ck_assert_int_ge(w->port->vt->loop_open(w->port, &w->loop), 0);
    start(w, &w->alice, "10.0.0.1", threads);
    start(w, &w->bob, "10.0.0.2", threads);
    world_run(w, 10);
    ck_assert(w->alice.listening && w->bob.listening);
    return w;
}

static void stop(ua_world *w, ua_node *n)
{
    for (int i = 0; i < n->call_count; i++) {
        call_let_go(&n->calls[i]);
    }
    ck_assert_int_ge(peal_sip_core_config_shutdown(n->stack, 0, 0), 0);
    for (int i = 0; i < 1000 && !n->down; i++) {
        world_run(w, 1);
    }
    ck_assert(n->down);
    ck_assert_uint_eq(n->held, 0);
    peal_sip_context_template_unref(n->kind);
    peal_sip_dispatcher_free(n->dispatcher);
    peal_sip_core_config_unref(n->stack);
    peal_thread_unref(n->core_thread);
    peal_thread_unref(n->transport_thread);
}

void world_free(ua_world *w)
{
    stop(w, &w->alice);
    stop(w, &w->bob);
    w->port->vt->loop_close(w->loop);
    peal_sim_free(w->sim);
    free(w);
    ck_assert_int_eq(peal_sip_fini(), PEAL_OK);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}

void world_run(ua_world *w, unsigned ms)
{
    ck_assert_int_ge(peal_sim_run(w->sim, ms, NULL, NULL), 0);
}

void world_until(ua_world *w, const int *counter, int count, unsigned ms)
{
    for (unsigned i = 0; i < ms && *counter < count; i++) {
        world_run(w, 1);
    }
    ck_assert_int_ge(*counter, count);
}

void node_check_quiet(ua_node *n)
{
    peal_sip_census census = { .size = sizeof census };
    peal_sip_core_config_census(n->stack, &census);
    ck_assert_uint_eq(census.contexts, 0);
    ck_assert_uint_eq(census.requests, 0);
    ck_assert_uint_eq(census.server_requests, 0);
    ck_assert_uint_eq(census.transactions, 0);
    ck_assert_uint_eq(census.call_timers, 0);
    ck_assert_uint_eq(peal_sip_dialog_matcher_count(peal_sip_core_config_matchers(n->stack)), 0);
}

size_t node_contexts(ua_node *n)
{
    peal_sip_census census = { .size = sizeof census };
    peal_sip_core_config_census(n->stack, &census);
    return census.contexts;
}

/* ---- scripted peers ---- */

static void nothing(peal_sock_owner *self)
{
    (void)self;
}

ua_peer *peer_new(ua_world *w, const char *host, const ua_node *talks_to)
{
    const peal_sock_options options = { .size = sizeof options, .dscp = -1 };
    ua_peer *p = calloc(1, sizeof *p);
    ck_assert_ptr_nonnull(p);
    p->world = w;
    p->owner.on_readable = nothing;
    p->owner.on_writable = nothing;
    p->to = talks_to->address;
    ck_assert_int_ge(peal_socket_addr_parse(peal_str_z(host), 5060, &p->address), 0);
    ck_assert_int_ge(w->port->vt->udp_open(w->loop, &p->address, &options, &p->owner, &p->sock),
                     0);
    return p;
}

void peer_free(ua_peer *p)
{
    p->world->port->vt->sock_close(p->sock);
    free(p);
}

void peer_poll(ua_peer *p)
{
    for (;;) {
        size_t count = 0;
        ck_assert_int_lt(p->received, INBOX_MAX);
        char *text = p->inbox[p->received];
        peal_datagram d = { .data = text, .bytes = TEXT_MAX - 1 };
        if (p->world->port->vt->udp_recv(p->sock, &d, 1, &count) < 0 || count == 0) {
            return;
        }
        text[d.bytes] = '\0';
        p->received++;
    }
}

static bool starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

const char *peer_expect(ua_peer *p, const char *start)
{
    for (int i = 0; i < 70000; i++) {
        peer_poll(p);
        while (p->read < p->received) {
            const char *text = p->inbox[p->read++];
            if (starts(text, start)) {
                return text;
            }
        }
        world_run(p->world, 1);
    }
    ck_abort_msg("no %s came", start);
    return NULL;
}

void peer_expect_none(ua_peer *p, const char *start, unsigned ms)
{
    world_run(p->world, ms);
    peer_poll(p);
    for (int i = p->read; i < p->received; i++) {
        ck_assert_msg(!starts(p->inbox[i], start), "%s came", start);
    }
}

int peer_count(ua_peer *p, const char *start)
{
    int count = 0;
    peer_poll(p);
    for (int i = 0; i < p->received; i++) {
        count += starts(p->inbox[i], start);
    }
    return count;
}

void peer_put(ua_peer *p, const char *text)
{
    peal_datagram d = { .peer = p->to, .data = (void *)(uintptr_t)text, .bytes = strlen(text) };
    size_t sent = 0;
    p->world->port->vt->udp_send(p->sock, &d, 1, &sent);
    ck_assert_uint_eq(sent, 1);
}

static const char *keep(const char *text, size_t n)
{
    static char buffers[512][512];
    static unsigned next;
    char *buffer = buffers[next++ % 512];
    ck_assert_uint_lt(n, sizeof buffers[0]);
    memcpy(buffer, text, n);
    buffer[n] = '\0';
    return buffer;
}

const char *header_of(const char *text, const char *name)
{
    char start[64];
    snprintf(start, sizeof start, "\r\n%s: ", name);
    const char *at = strstr(text, start);
    if (!at) {
        return "";
    }
    at += strlen(start);
    at += strspn(at, " ");
    return keep(at, strcspn(at, "\r"));
}

const char *tag_of(const char *value)
{
    const char *at = strstr(value, ";tag=");
    if (!at) {
        return "";
    }
    at += 5;
    return keep(at, strcspn(at, ";\r"));
}

unsigned cseq_of(const char *text)
{
    return (unsigned)strtoul(header_of(text, "CSeq"), NULL, 10);
}

void peer_answer(ua_peer *p, const char *request, const char *status, const char *tag,
                 const char *extra)
{
    char text[TEXT_MAX], host[PEAL_SOCKET_ADDR_TEXT_MAX], contact[PEAL_SOCKET_ADDR_TEXT_MAX + 32];
    peal_socket_addr_format(&p->address, true, host);
    snprintf(contact, sizeof contact, "Contact: <sip:peer@%s>\r\n", host);
    snprintf(text, sizeof text,
             "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
             "%s%sContent-Length: 0\r\n\r\n",
             status, header_of(request, "Via"), header_of(request, "From"),
             header_of(request, "To"), tag ? ";tag=" : "", tag ? tag : "",
             header_of(request, "Call-ID"), header_of(request, "CSeq"),
             strstr(extra, "Contact:") ? "" : contact, extra);
    peer_put(p, text);
}

void peer_ask(ua_peer *p, const char *method, const char *branch, unsigned cseq,
              const char *from_tag, const char *to_tag, const char *call_id, const char *extra)
{
    char text[TEXT_MAX], host[PEAL_SOCKET_ADDR_TEXT_MAX], to[PEAL_SOCKET_ADDR_TEXT_MAX];
    peal_socket_addr_format(&p->address, true, host);
    peal_socket_addr_format(&p->to, true, to);
    snprintf(text, sizeof text,
             "%s sip:us@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\n"
             "From: <sip:peer@example.net>%s%s\r\nTo: <sip:us@example.org>%s%s\r\n"
             "Call-ID: %s\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n",
             method, to, host, branch, from_tag ? ";tag=" : "", from_tag ? from_tag : "",
             to_tag ? ";tag=" : "", to_tag ? to_tag : "", call_id, cseq, method, extra);
    peer_put(p, text);
}
