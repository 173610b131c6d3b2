/* SPDX-License-Identifier: MIT */
/* Requests inside a dialog other than INVITE, ACK, BYE and CANCEL: sent on to the other leg, their
 * final answer comes back. Requests of extensions that would need dialog state here (PRACK, UPDATE,
 * …) are refused with the list of what works. Core thread. */
#include "apps/b2bua/b2bua_priv.h"

/* One request on its way through. */
struct relay {
    peal_node node;
    struct call *call;
    struct leg *from; /* NULL once that leg is gone */
    struct leg *to;
    peal_sip_server_event_control *control; /* NULL with from */
    size_t held;                            /* see peal__hold() */
};

static void relay_free(struct relay *relay)
{
    struct call *call = relay->call;
    peal_node_unlink(&relay->node);
    call->relay_count--;
    peal__let_go(call->app, &relay->held);
    peal_sip_server_event_control_unref(relay->control);
    peal_pool_free(relay);
}

static void answer(peal_sip_server_event_control *control, peal_sip_packet *response)
{
    peal_sip_packet *out = NULL;
    peal_result r = peal_sip_server_event_control_new_response(
        control, peal_sip_packet_status(response), peal_sip_packet_reason(response), &out);
    if (r >= 0 && (r = peal__headers_pass(out, response)) >= 0) {
        r = peal_sip_server_event_control_send_response(control, out);
    } else {
        peal_sip_packet_unref(out);
    }
    if (r < 0) {
        (void)peal_sip_server_event_control_respond(control, 500, B2BUA_NONE);
    }
}

/* A leg goes: what came from it is not waited for any more, what went to it will get no answer. */
void peal__relay_leg_gone(struct leg *leg)
{
    const peal_node *head = &leg->call->relays;
    peal_node *next;
    for (peal_node *node = peal_list_first(head); node; node = next) {
        struct relay *relay = PEAL_CONTAINER_OF(node, struct relay, node);
        next = peal_list_next(head, node);
        if (relay->to == leg) {
            if (relay->control) {
                (void)peal_sip_server_event_control_respond(relay->control, 481, B2BUA_NONE);
            }
            relay_free(relay);
        } else if (relay->from == leg) {
            /* RFC 3261 §15.1.2 */
            if (relay->control) {
                (void)peal_sip_server_event_control_respond(relay->control, 487, B2BUA_NONE);
            }
            peal_sip_server_event_control_unrefp(&relay->control);
            relay->from = NULL;
        }
    }
}

static peal_result send_on(struct relay *relay, peal_sip_packet *request)
{
    peal_sip_generic *generic = relay->to->generic;
    peal_sip_packet *out = NULL;
    peal_result r = peal_sip_generic_new_request(generic, peal_sip_packet_method(request),
                                                 peal_sip_packet_method_text(request), &out);
    if (r >= 0 && (r = peal__headers_pass(out, request)) >= 0) {
        r = peal__headers_count_down(out, request);
    }
    if (r < 0) {
        peal_sip_packet_unref(out);
        return r;
    }
    return peal_sip_generic_send(generic, out, relay, NULL);
}

static peal_result start(struct leg *leg, struct leg *other, peal_sip_packet *request,
                         peal_sip_server_event_control *control)
{
    struct call *call = leg->call;
    struct relay *relay = peal_pool_alloc(peal_thread_pool(call->app->core_thread), sizeof *relay);
    if (!relay) {
        return PEAL_E_NO_MEMORY;
    }
    memset(relay, 0, sizeof *relay);
    relay->call = call;
    relay->from = leg;
    relay->to = other;
    relay->control = peal_sip_server_event_control_ref(control);
    peal_list_append(&call->relays, &relay->node);
    call->relay_count++;
    peal_result r =
        peal__hold(call->app, request, &relay->held) ? send_on(relay, request) : PEAL_E_NO_MEMORY;
    if (r < 0) {
        relay_free(relay);
    }
    return r;
}

static bool is_relayed(peal_sip_packet *request)
{
    return peal_sip_packet_method(request) == PEAL_SIP_METHOD_UNKNOWN ||
           peal__text_has_token(PEAL_STR(B2BUA_ALLOW_IN_DIALOG),
                                peal_sip_packet_method_text(request));
}

/* Who sends on and on without waiting for answers is told to wait. */
static bool is_too_much(const struct call *call, const peal_sip_packet *request)
{
    return call->relay_count >= B2BUA_RELAYS_MAX || !peal__has_room(call->app, request);
}

static void on_request(peal_sip_generic_mgr *self, peal_sip_generic *service,
                       peal_sip_server_event_control *control, peal_sip_packet *request)
{
    struct leg *leg = peal_sip_generic_opaque(service);
    struct leg *other = peal__call_other(leg, request);
    peal_result r = PEAL_E_SIP_NO_DIALOG;
    (void)self;
    if (!is_relayed(request)) {
        peal__refuse(control, 405, PEAL_SIP_HEADER_ALLOW, PEAL_STR(B2BUA_ALLOW_IN_DIALOG));
        return;
    }
    if (is_too_much(leg->call, request)) {
        peal__refuse(control, 500, PEAL_SIP_HEADER_RETRY_AFTER, B2BUA_RETRY_AFTER);
        return;
    }
    peal__call_enter(leg->call);
    if (other && !other->is_ending) {
        r = start(leg, other, request, control);
    }
    if (r < 0) {
        (void)peal_sip_server_event_control_respond(control, peal__headers_status_of(r),
                                                    B2BUA_NONE);
    }
    peal__call_leave(leg->call);
}

static void on_answered(peal_sip_generic_mgr *self, peal_sip_generic *service,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct relay *relay =
        peal_sip_client_request_opaque(peal_sip_client_event_control_request(control));
    struct call *call = relay->call;
    (void)self;
    (void)service;
    peal__call_enter(call);
    if (relay->control) {
        answer(relay->control, response);
    }
    relay_free(relay);
    (void)peal_sip_client_event_control_clear_events(control);
    peal__call_leave(call);
}

const peal_sip_generic_mgr_vt peal__generic_vt = {
    .size = sizeof peal__generic_vt,
    .on_request = on_request,
    .on_answered = on_answered,
};
