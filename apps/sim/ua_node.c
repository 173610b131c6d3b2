/* SPDX-License-Identifier: MIT */
/* The stack of a user agent host: threads, core configuration, dispatcher, template. */
#include "apps/sim/ua_node.h"

#include <stdlib.h>

static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core, peal_sip_packet *packet)
{
    struct ua *ua = PEAL_IMPL(self, struct ua, user);
    (void)core;
    if (ua->dispatcher) {
        peal_sip_dispatch(ua->dispatcher, packet);
    }
}

static void on_listening(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque)
{
    struct host *host = PEAL_IMPL(self, struct ua, user)->host;
    (void)listener;
    (void)bound;
    (void)opaque;
    if (result < 0 && !host->is_cut) {
        peal__rule_broken(host->world, "listen", 0, "host %u cannot listen: %s", host->number,
                          peal_result_name(result));
    }
}

static void on_shut_down(peal_sip_core_user *self, size_t still_held)
{
    struct ua *ua = PEAL_IMPL(self, struct ua, user);
    ua->held = still_held;
    ua->is_down = true;
    if (still_held) {
        peal__rule_broken(ua->host->world, "held", 0,
                          "host %u is shut down and %zu objects are still held", ua->host->number,
                          still_held);
    }
}

static const peal_sip_core_user_vt user_vt = { .size = sizeof user_vt,
                                               .on_packet = on_packet,
                                               .on_listening = on_listening,
                                               .on_shut_down = on_shut_down };

/* Callers write the call's number into their name: c12. */
static const struct scenario_call *plan_of(struct world *world, peal_sip_packet *request)
{
    const peal_sip_address *from = NULL;
    peal_sip_uri uri;
    uint64_t number = 0;
    if (peal_sip_packet_from(request, &from) < 0 || peal_sip_uri_decode(from->uri, &uri) < 0 ||
        uri.user.n < 2 ||
        peal_str_to_u64(peal_str_of(uri.user.p + 1, uri.user.n - 1), UINT32_MAX, &number) < 0) {
        return NULL;
    }
    const struct call_fate *fate = peal__world_fate(world, (uint32_t)number);
    return fate ? fate->plan : NULL;
}

static void on_new_request(peal_sip_dispatcher_mgr *self, peal_sip_core_config *core,
                           peal_sip_packet *request)
{
    struct ua *ua = PEAL_IMPL(self, struct ua, incoming);
    const struct scenario_call *plan = plan_of(ua->host->world, request);
    peal__host_active(ua->host);
    if (!plan || peal_sip_packet_method(request) != PEAL_SIP_METHOD_INVITE) {
        (void)peal_sip_core_respond(core, request, plan ? 405 : 404, NONE, NULL, NULL);
        return;
    }
    struct ua_leg *leg = peal__leg_make(ua, plan, false);
    if (leg && peal_sip_context_handle_packet(leg->context, request) < 0) {
        (void)peal_sip_core_respond(core, request, 500, NONE, NULL, NULL);
    }
    if (leg && !leg->was_invited) {
        peal__leg_let_go(leg); /* a service refused it, or it came to nothing */
    }
}

static const peal_sip_dispatcher_mgr_vt incoming_vt = { .size = sizeof incoming_vt,
                                                        .on_new_request = on_new_request };

static peal_result make_kind(struct ua *ua)
{
    const struct {
        const peal_clsid *clsid;
        void *manager;
    } services[] = { { &peal_sip_user_agent_clsid, NULL },
                     { &peal_sip_session_clsid, &ua->session_mgr },
                     { &peal_sip_generic_clsid, &ua->generic_mgr },
                     { &peal_sip_destination_selection_clsid, NULL },
                     { &peal_sip_server_location_clsid, NULL },
                     { &peal_sip_via_management_clsid, NULL },
                     { &peal_sip_symmetric_udp_clsid, NULL } };
    peal_result r = peal_sip_context_template_new(ua->stack, &ua->kind);
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(services); i++) {
        r = peal_sip_context_template_add(ua->kind, services[i].clsid, services[i].manager);
    }
    return r;
}

static peal_result make_threads(struct ua *ua, peal_port *port, uint32_t count)
{
    const peal_thread_options options = { .size = sizeof options, .port = port };
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(ua->threads); i++) {
        if (i < count) {
            r = peal_thread_new(&options, &ua->threads[i]);
        } else {
            ua->threads[i] = peal_thread_ref(ua->threads[0]);
        }
    }
    return r;
}

static peal_result make_stack(struct ua *ua)
{
    const peal_sip_dispatcher_config accept = { .size = sizeof accept,
                                                .allow = PEAL_STR(
                                                    "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO"),
                                                .manager = &ua->incoming };
    peal_result r = peal_sip_core_config_new(&ua->stack);
    if (r < 0 ||
        (r = peal_sip_core_config_set_threads(ua->stack, ua->threads[0], ua->threads[1],
                                              ua->threads[2])) < 0 ||
        (r = peal_sip_core_config_set_core_user(ua->stack, &ua->user)) < 0 ||
        (r = peal_sip_core_config_startup(ua->stack)) < 0 ||
        (r = peal_sip_dispatcher_new(ua->stack, &accept, &ua->dispatcher)) < 0 ||
        (r = make_kind(ua)) < 0) {
        return r;
    }
    return peal_sip_core_config_listen(ua->stack, PEAL_SIP_TRANSPORT_UDP, &ua->host->address, NULL);
}

peal_result peal__ua_start(struct host *host)
{
    struct ua *ua = calloc(1, sizeof *ua);
    if (!ua) {
        return PEAL_E_NO_MEMORY;
    }
    host->ua = ua;
    ua->host = host;
    ua->user.vt = &user_vt;
    ua->incoming.vt = &incoming_vt;
    ua->session_mgr.vt = &peal__ua_session_vt;
    ua->generic_mgr.vt = &peal__ua_generic_vt;
    peal_result r = make_threads(ua, peal_sim_host_port(host->machine),
                                 host->world->scenario->hosts[host->number].threads);
    return r < 0 ? r : make_stack(ua);
}

void peal__ua_shut_down(struct host *host)
{
    struct ua *ua = host->ua;
    for (struct ua_leg *leg = ua->legs; leg; leg = leg->next) {
        leg->fate->is_let_off = leg->fate->is_let_off || (leg->context && leg->is_caller);
        peal__leg_let_go(leg);
    }
    peal_result r = peal_sip_core_config_shutdown(ua->stack, 0, 0);
    if (r < 0) {
        peal__rule_broken(host->world, "shutdown", 0, "host %u: %s", host->number,
                          peal_result_name(r));
    }
}

bool peal__ua_is_down(const struct host *host)
{
    return host->ua->is_down;
}

void peal__ua_free(struct host *host)
{
    struct ua *ua = host->ua;
    host->ua = NULL;
    peal_sip_context_template_unref(ua->kind);
    peal_sip_dispatcher_free(ua->dispatcher);
    peal_sip_core_config_unref(ua->stack);
    for (size_t i = PEAL_COUNT_OF(ua->threads); i > 0; i--) {
        peal_thread_unref(ua->threads[i - 1]);
    }
    while (ua->legs) {
        struct ua_leg *leg = ua->legs;
        ua->legs = leg->next;
        leg->ua = NULL;
        leg->next = host->buried;
        host->buried = leg;
    }
    free(ua);
}

void peal__ua_forget(struct host *host)
{
    while (host->buried) {
        struct ua_leg *leg = host->buried;
        host->buried = leg->next;
        free(leg);
    }
}

size_t peal__ua_legs(const struct host *host)
{
    return host->ua->leg_count;
}

peal_sip_core_config *peal__ua_core(const struct host *host)
{
    return host->ua->stack;
}
