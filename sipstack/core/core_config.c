/* SPDX-License-Identifier: MIT */
/* The core configuration object: one SIP stack. Set-up, start-up and census. Core thread; before
 * start-up the thread that sets it up. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

static size_t live_stacks; /* atomic */

peal_result peal__sip_core_init(void)
{
    return PEAL_OK;
}

peal_result peal__sip_core_fini(void)
{
    return __atomic_load_n(&live_stacks, __ATOMIC_ACQUIRE) ? PEAL_E_LIVE_OBJECTS : PEAL_OK;
}

static void fill_defaults(peal_sip_settings *s)
{
    static const struct {
        size_t offset;
        uint32_t value;
    } defaults[] = {
        { offsetof(peal_sip_settings, t1_ms), 500 },
        { offsetof(peal_sip_settings, t2_ms), 4000 },
        { offsetof(peal_sip_settings, t4_ms), 5000 },
        { offsetof(peal_sip_settings, timer_d_ms), 32000 },
        { offsetof(peal_sip_settings, try_timeout_ms), 4000 },
        { offsetof(peal_sip_settings, udp_threshold_bytes), 1300 },
        { offsetof(peal_sip_settings, max_reissues), 8 },
        { offsetof(peal_sip_settings, recv_buf_bytes), 4u << 20 },
        { offsetof(peal_sip_settings, max_requests), 64 },
    };
    for (size_t i = 0; i < PEAL_COUNT_OF(defaults); i++) {
        uint32_t *member = (uint32_t *)(void *)((char *)s + defaults[i].offset);
        if (*member == 0) {
            *member = defaults[i].value;
        }
    }
    s->size = sizeof *s;
}

static peal_result set_threads(peal_sip_core_config *self, peal_thread *core,
                               peal_thread *transport, peal_thread *resolver)
{
    peal__core *c = peal__core_of(self);
    if (peal__core_is_up(c)) {
        return PEAL_E_STATE;
    }
    if (!core || !transport) {
        return PEAL_E_ARGUMENT;
    }
    (void)peal_thread_ref(core);
    (void)peal_thread_ref(transport);
    (void)peal_thread_ref(resolver);
    peal_thread_unref(c->thread);
    peal_thread_unref(c->transport_thread);
    peal_thread_unref(c->resolver_thread);
    c->thread = core;
    c->transport_thread = transport;
    c->resolver_thread = resolver;
    return PEAL_OK;
}

static peal_result set_settings(peal_sip_core_config *self, const peal_sip_settings *settings)
{
    peal__core *c = peal__core_of(self);
    peal_sip_settings copy = { 0 };
    char *user_agent = NULL;
    char *supported = NULL;
    if (peal__core_is_up(c)) {
        return PEAL_E_STATE;
    }
    if (!settings || settings->size < sizeof settings->size || settings->size > sizeof copy) {
        return PEAL_E_ARGUMENT;
    }
    memcpy(&copy, settings, settings->size);
    fill_defaults(&copy);
    /* RFC 3261 §17.1.2.2: T2 is a ceiling above T1. max_reissues is counted in a byte. */
    if (copy.t2_ms < copy.t1_ms || copy.t1_ms > 60000 || copy.max_reissues > 255) {
        return PEAL_E_RANGE;
    }
    if ((copy.user_agent.p && !(user_agent = peal_strdup(copy.user_agent))) ||
        (copy.supported.p && !(supported = peal_strdup(copy.supported)))) {
        peal_free(user_agent);
        return PEAL_E_NO_MEMORY;
    }
    peal_free(c->user_agent);
    peal_free(c->supported);
    c->user_agent = user_agent;
    c->supported = supported;
    copy.user_agent.p = user_agent;
    copy.supported.p = supported;
    c->settings = copy;
    return PEAL_OK;
}

static peal_result set_core_user(peal_sip_core_config *self, peal_sip_core_user *user)
{
    peal__core *c = peal__core_of(self);
    if (peal__core_is_up(c)) {
        return PEAL_E_STATE;
    }
    c->user = user;
    return PEAL_OK;
}

static peal_result add_local_address(peal_sip_core_config *self,
                                     const peal_sip_local_address *address)
{
    return peal__local_add(peal__core_of(self), address, 0);
}

static peal_result remove_local_address(peal_sip_core_config *self, const peal_socket_addr *address)
{
    return address ? peal__local_remove(peal__core_of(self), address) : PEAL_E_ARGUMENT;
}

/* Builds the layers below: transactions, then transport, which reports to them. */
static peal_result build_layers(peal__core *c)
{
    const peal_sip_settings *s = &c->settings;
    const peal__sip_txn_config txn_config = {
        .core = c->thread,
        .timers = { .t1_ms = s->t1_ms,
                    .t2_ms = s->t2_ms,
                    .t4_ms = s->t4_ms,
                    .d_ms = s->timer_d_ms },
        .user_vt = &peal__core_txn_user,
        .user = c,
        .server_name = s->user_agent,
    };
    peal_result r = peal__sip_txn_layer_new(&txn_config, &c->txns);
    if (r < 0) {
        return r;
    }
    const peal__sip_transport_config transport_config = {
        .core = c->thread,
        .transport = c->transport_thread,
        .user_vt = &peal__sip_txn_transport_user,
        .user = c->txns,
        .limits = s->limits,
        .recv_buf_bytes = s->recv_buf_bytes,
        .server_name = s->user_agent,
    };
    r = peal__sip_transport_new(&transport_config, &c->transport);
    if (r < 0) {
        peal__sip_txn_layer_free(c->txns);
        c->txns = NULL;
        return r;
    }
    peal__sip_txn_layer_set_transport(c->txns, c->transport);
    return PEAL_OK;
}

static peal_result startup(peal_sip_core_config *self)
{
    peal__core *c = peal__core_of(self);
    if (peal__core_is_up(c) || !c->thread || !c->transport_thread || !c->user) {
        return PEAL_E_STATE;
    }
    peal_result r = build_layers(c);
    if (r < 0) {
        return r;
    }
    c->pool = peal_thread_pool(c->thread);
    c->state = PEAL__CORE_RUNNING;
    /* Until on_shut_down the stack keeps itself and its thread. */
    peal_thread_attach(c->thread);
    (void)peal_sip_core_config_ref(&c->config);
    return PEAL_OK;
}

static peal_result listen_on(peal_sip_core_config *self, peal_sip_transport transport,
                             const peal_socket_addr *address, void *opaque)
{
    return peal__core_listen(peal__core_of(self), transport, address, opaque);
}

static peal_result unlisten(peal_sip_core_config *self, uint32_t listener, void *opaque)
{
    return peal__core_unlisten(peal__core_of(self), listener, opaque);
}

static peal_result shut_down(peal_sip_core_config *self, uint32_t grace_ms, uint32_t linger_ms)
{
    return peal__core_shutdown(peal__core_of(self), grace_ms, linger_ms);
}

static size_t count_nodes(const peal_node *head)
{
    size_t n = 0;
    for (const peal_node *node = peal_list_first(head); node; node = peal_list_next(head, node)) {
        n++;
    }
    return n;
}

static void census(peal_sip_core_config *self, peal_sip_census *ret)
{
    peal__core *c = peal__core_of(self);
    const size_t size = ret->size < sizeof *ret ? ret->size : sizeof *ret;
    peal_sip_census n = { .size = ret->size };
    n.contexts = c->context_count;
    n.requests = c->request_count;
    n.server_requests = c->server_request_count;
    n.packets = peal_sip_packet_live();
    n.matchers = peal_sip_dialog_matcher_count(c->matchers);
    if (c->thread) {
        n.call_timers = peal_thread_timer_count(c->thread) -
                        (peal_timer_is_running(&c->shutdown_timer) ? 1 : 0);
        n.blocks = peal_pool_live(peal_thread_pool(c->thread));
    }
    if (peal__core_is_up(c)) {
        peal__sip_txn_counters txns = { 0 };
        peal__sip_transport_counters transport = { 0 };
        peal__sip_txn_counters_get(c->txns, &txns);
        peal__sip_transport_counters_get(c->transport, &transport);
        n.transactions = txns.invite_client + txns.invite_server + txns.non_invite_client +
                         txns.non_invite_server;
        n.listeners = count_nodes(&c->listeners);
        n.sockets = transport.sockets;
        n.dropped = transport.dropped_not_sip + transport.dropped_overload;
        n.refused = transport.refused_overload;
    }
    memcpy(ret, &n, size);
}

static peal_sip_dialog_matcher_list *matchers(peal_sip_core_config *self)
{
    return peal__core_of(self)->matchers;
}

static peal_thread *core_thread(peal_sip_core_config *self)
{
    return peal__core_of(self)->thread;
}

static const peal_sip_core_config_vt config_vt = {
    .unk = PEAL_UNK(peal__core, config),
    .set_threads = set_threads,
    .set_settings = set_settings,
    .set_core_user = set_core_user,
    .add_local_address = add_local_address,
    .remove_local_address = remove_local_address,
    .startup = startup,
    .listen = listen_on,
    .unlisten = unlisten,
    .shutdown = shut_down,
    .census = census,
    .matchers = matchers,
    .core_thread = core_thread,
};

static peal_result core_init(peal_obj *obj)
{
    peal__core *c = (peal__core *)(void *)obj;
    (void)__atomic_add_fetch(&live_stacks, 1, __ATOMIC_ACQ_REL);
    peal_list_init(&c->locals);
    peal_list_init(&c->removed_locals);
    peal_list_init(&c->listeners);
    peal_list_init(&c->contexts);
    fill_defaults(&c->settings);
    return peal_sip_dialog_matcher_list_new(&c->matchers);
}

/* Only a stack that is not running comes here: a running one counts itself. */
static void core_fini(peal_obj *obj)
{
    peal__core *c = (peal__core *)(void *)obj;
    if (c->matchers) {
        peal_sip_dialog_matcher_list_free(c->matchers);
    }
    peal__local_free_all(c);
    peal_free(c->user_agent);
    peal_free(c->supported);
    peal_thread_unref(c->thread);
    peal_thread_unref(c->transport_thread);
    peal_thread_unref(c->resolver_thread);
    (void)__atomic_sub_fetch(&live_stacks, 1, __ATOMIC_ACQ_REL);
}

static const peal_if_entry core_ifs[] = {
    PEAL_IF(peal_sip_core_config, peal__core, config, config_vt), PEAL_IF_END
};
static const peal_class core_class = {
    .struct_size = sizeof core_class,
    .name = "peal.sip.core_config",
    .size = sizeof(peal__core),
    .flags = PEAL_CLASS_NO_AGGREGATION,
    .ifs = core_ifs,
    .init = core_init,
    .fini = core_fini,
};

peal_result peal_sip_core_config_new(peal_sip_core_config **ret)
{
    void *p = NULL;
    peal_result r = peal_obj_new(&core_class, NULL, &p);
    if (r >= 0) {
        *ret = &((peal__core *)p)->config;
    }
    return r;
}

/* ---- what services and applications ask of the stack ---- */

peal_pool *peal_sip_core_pool(peal_sip_core_config *core)
{
    return peal__core_of(core)->pool;
}

const peal_sip_settings *peal_sip_core_settings(peal_sip_core_config *core)
{
    return &peal__core_of(core)->settings;
}

void peal_sip_core_token(peal_sip_core_config *core, char *text, size_t bytes)
{
    static const char digits[33] = "0123456789abcdefghijklmnopqrstuv";
    peal_thread_random(peal__core_of(core)->thread, text, bytes);
    for (size_t i = 0; i < bytes; i++) {
        text[i] = digits[(unsigned char)text[i] & 31];
    }
}

peal_result peal__core_sign(peal__core *core, peal_sip_packet *packet)
{
    const peal_sip_header_id id =
        peal_sip_packet_is_request(packet) ? PEAL_SIP_HEADER_USER_AGENT : PEAL_SIP_HEADER_SERVER;
    if (core->settings.user_agent.n == 0 || peal_sip_packet_has(packet, id)) {
        return PEAL_OK;
    }
    return peal_sip_packet_add(packet, id, core->settings.user_agent);
}

peal_result peal_sip_core_respond(peal_sip_core_config *core, peal_sip_packet *request,
                                  unsigned status, peal_str reason,
                                  peal_result (*extra)(peal_sip_packet *response, void *arg),
                                  void *arg)
{
    peal__core *c = peal__core_of(core);
    if (!peal__core_is_up(c) || !peal_sip_packet_is_request(request)) {
        return PEAL_E_STATE;
    }
    peal__core_taken(c, request);
    if (peal_sip_packet_method(request) == PEAL_SIP_METHOD_ACK) {
        return PEAL_I_ALREADY; /* RFC 3261 §17.1.1.3: an ACK is never answered */
    }
    return peal__sip_respond_stateless(c->txns, request, status, reason, extra, arg);
}
