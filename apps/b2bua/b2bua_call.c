/* SPDX-License-Identifier: MIT */
/* The call: its block, its legs, how it ends. Core thread.
 *
 * What happens on one leg and what it means for the other:
 *
 *   incoming leg                      outgoing leg(s)
 *   INVITE                        ->  INVITE to the next hop (leg_out.c), in turn (failover.c)
 *   101-199, early dialog each    <-  101-199, one early dialog per To tag (forking)
 *   2xx                           <-  first 2xx; a further one gets ACK and BYE
 *   3xx-6xx                       <-  3xx-6xx, or the next hop
 *   ACK (with its body)           ->  ACK
 *   CANCEL (487 is sent here)     ->  CANCEL once allowed; a crossing 2xx gets ACK and BYE
 *   re-INVITE                    <->  re-INVITE; 491 when the other side has one open (reinvite.c)
 *   BYE                          <->  BYE
 *   INFO, MESSAGE, … in dialog   <->  the same (relay.c)
 *   session lost (no ACK, 481 …) <->  BYE, or CANCEL
 *
 * A leg is closed when its session reports its end; the call's block goes with its last leg, but
 * never while one of its callbacks runs (depth). */
#include "apps/b2bua/b2bua_priv.h"

static void on_timer(peal_timer *timer);

struct call *peal__call_new(struct b2bua *app)
{
    struct call *call = peal_pool_alloc(peal_thread_pool(app->core_thread), sizeof *call);
    if (!call) {
        return NULL;
    }
    memset(call, 0, sizeof *call);
    call->app = app;
    call->in.call = call->out.call = call;
    call->in.is_in = true;
    peal_timer_init(&call->timer, on_timer);
    peal_list_init(&call->relays);
    peal_list_append(&app->calls, &call->node);
    app->call_count++;
    return call;
}

static void call_free(struct call *call)
{
    struct b2bua *app = call->app;
    peal_timer_stop(app->core_thread, &call->timer);
    peal_sip_client_request_unref(call->request);
    peal_node_unlink(&call->node);
    peal_pool_free(call);
    if (--app->call_count == 0 && app->is_draining) {
        peal__stack_drained(app);
    }
}

void peal__call_enter(struct call *call)
{
    call->depth++;
}

void peal__call_leave(struct call *call)
{
    if (--call->depth == 0 && !call->in.context && !call->legs) {
        call_free(call);
    }
}

void peal__call_timer(struct call *call, enum call_phase phase, uint64_t delay_ms)
{
    call->phase = (uint8_t)phase;
    if (delay_ms) {
        peal_timer_start(call->app->core_thread, &call->timer, delay_ms, 0);
    } else {
        peal_timer_stop(call->app->core_thread, &call->timer);
    }
}

static void on_timer(peal_timer *timer)
{
    struct call *call = PEAL_CONTAINER_OF(timer, struct call, timer);
    peal__call_enter(call);
    if (call->phase == CALL_TRYING) {
        peal__failover_on_silence(call);
    } else {
        peal__call_end(call, 408);
    }
    peal__call_leave(call);
}

/* Ends both sides: BYE where a dialog stands, CANCEL or @p status where it does not. */
void peal__call_end(struct call *call, unsigned status)
{
    peal__call_enter(call);
    peal__call_timer(call, CALL_OVER, 0);
    if (call->in.context && call->in.invite && !call->peer) {
        peal__leg_refuse(&call->in, status);
    } else if (call->in.context) {
        peal__leg_hang_up(&call->in, NULL);
    }
    peal__call_leg_gone(call, true, false);
    peal__call_leave(call);
}

static struct leg *first_standing(const struct call *call)
{
    struct leg *leg = call->legs;
    while (leg && leg->is_ending) {
        leg = leg->next;
    }
    return leg;
}

/* A leg is gone or going: ends what hung on it. Losing the incoming leg ends all; losing the
 * answered outgoing one, or the last one, ends the incoming leg. */
void peal__call_leg_gone(struct call *call, bool was_in, bool was_peer)
{
    struct leg *leg;
    if (was_in) {
        peal__call_timer(call, CALL_OVER, 0);
        /* CANCEL ends all early dialogs of the INVITE (RFC 3261 §9.1): none needs a BYE. */
        if (call->request && peal_sip_client_request_cancel(call->request, B2BUA_NONE) >= 0) {
            return;
        }
        while ((leg = first_standing(call)) != NULL) {
            peal__leg_hang_up(leg, NULL);
        }
    } else if (call->in.context && !call->in.is_ending && (was_peer || !call->legs)) {
        if (call->in.invite && !was_peer && !call->peer) { /* else it is a re-INVITE */
            peal__leg_refuse(&call->in, 480);
        } else {
            peal__leg_hang_up(&call->in, NULL);
        }
    }
}

/* The leg that a request on @p leg is for; before an answer the caller's To tag tells which. */
struct leg *peal__call_other(struct leg *leg, peal_sip_packet *packet)
{
    struct call *call = leg->call;
    const peal_sip_address *to = NULL;
    if (!leg->is_in) {
        return call->in.context ? &call->in : NULL;
    }
    if (call->peer || !call->legs) {
        return call->peer;
    }
    if (packet && peal_sip_packet_to(packet, &to) >= 0) {
        for (struct leg *l = call->legs; l; l = l->next) {
            if (!l->is_abandoned && peal_str_eq(peal_str_z(l->tag), to->tag)) {
                return l;
            }
        }
    }
    return call->legs->is_abandoned ? NULL : call->legs;
}

/* --- what open requests hold */

/* A request on its way through is there as received, as copied to the other leg, and encoded. */
enum { COPIES = 3 };

bool peal__has_room(const struct b2bua *app, const peal_sip_packet *request)
{
    const uint64_t limit = (uint64_t)app->options.max_mbytes << 20;
    return !limit || app->held_bytes + peal_sip_packet_size(request) * COPIES <= limit;
}

/* Counts a request that is sent on, until peal__let_go(); gives false when the limit is reached. */
bool peal__hold(struct b2bua *app, const peal_sip_packet *request, size_t *held)
{
    if (!peal__has_room(app, request)) {
        return false;
    }
    const size_t bytes = peal_sip_packet_size(request) * COPIES;
    *held += bytes;
    app->held_bytes += bytes;
    return true;
}

void peal__let_go(struct b2bua *app, size_t *held)
{
    app->held_bytes -= *held;
    *held = 0;
}

/* --- legs */

struct leg *peal__leg_of(peal_sip_session *session)
{
    return peal_sip_session_opaque(session);
}

peal_result peal__leg_open(struct leg *leg, peal_sip_context_template *kind)
{
    peal_result r = peal_sip_context_template_make(kind, leg, &leg->context);
    if (r < 0) {
        return r;
    }
    if ((r = peal_sip_session_query(&leg->context->unk, &leg->session)) >= 0 &&
        (r = peal_sip_user_agent_query(&leg->context->unk, &leg->agent)) >= 0) {
        r = peal_sip_generic_query(&leg->context->unk, &leg->generic);
    }
    /* The context keeps its interfaces alive: they are only borrowed from here on. */
    peal_sip_session_unref(leg->session);
    peal_sip_user_agent_unref(leg->agent);
    peal_sip_generic_unref(leg->generic);
    return r;
}

/* A fresh outgoing leg, listed; the one in the call's block first. Those given up go by themselves
 * and don't count. */
struct leg *peal__leg_new_out(struct call *call)
{
    struct leg *leg = &call->out;
    size_t count = 0;
    for (struct leg *l = call->legs; l; l = l->next) {
        count += !l->is_abandoned;
        leg = l == &call->out ? NULL : leg;
    }
    if (count >= B2BUA_LEGS_MAX) {
        return NULL;
    }
    bool is_allocated = leg == NULL;
    if (is_allocated) {
        leg = peal_pool_alloc(peal_thread_pool(call->app->core_thread), sizeof *leg);
        if (!leg) {
            return NULL;
        }
    }
    memset(leg, 0, sizeof *leg);
    leg->call = call;
    leg->is_allocated = is_allocated;
    leg->hop = call->hop;
    leg->next = call->legs;
    call->legs = leg;
    return leg;
}

static void unlist(struct leg *leg)
{
    struct leg **link = &leg->call->legs;
    while (*link && *link != leg) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = leg->next;
    }
}

void peal__leg_close(struct leg *leg)
{
    peal__relay_leg_gone(leg);
    peal__let_go(leg->call->app, &leg->held);
    peal_sip_server_event_control_unrefp(&leg->invite);
    peal_sip_client_request_unrefp(&leg->request);
    if (leg->context) {
        peal_sip_context_clear(leg->context);
        peal_sip_context_unrefp(&leg->context);
    }
    if (!leg->is_in) {
        unlist(leg);
    }
    if (leg->call->peer == leg) {
        leg->call->peer = NULL;
    }
    if (leg->is_allocated) {
        peal_pool_free(leg);
    }
}

/* Answers a request with one header more. */
void peal__refuse(peal_sip_server_event_control *control, unsigned status, peal_sip_header_id id,
                  peal_str value)
{
    peal_sip_packet *out = NULL;
    peal_result r = peal_sip_server_event_control_new_response(control, status, B2BUA_NONE, &out);
    if (r >= 0 && (r = peal_sip_packet_set(out, id, value)) >= 0) {
        r = peal_sip_server_event_control_send_response(control, out);
    } else {
        peal_sip_packet_unref(out);
    }
    if (r < 0) {
        (void)peal_sip_server_event_control_respond(control, 500, B2BUA_NONE);
    }
}

/* Answers the leg's open INVITE and forgets it. */
void peal__leg_refuse(struct leg *leg, unsigned status)
{
    peal_sip_server_event_control *control = leg->invite;
    if (!control) {
        return;
    }
    leg->invite = NULL;
    (void)peal_sip_server_event_control_respond(control, status, B2BUA_NONE);
    peal_sip_server_event_control_unref(control);
}

static peal_sip_packet *new_bye(struct leg *leg, peal_sip_packet *cause)
{
    peal_sip_packet *bye = NULL;
    peal_pool *pool = peal_sip_core_pool(leg->call->app->core);
    if (!cause ||
        peal_sip_packet_new_request(pool, PEAL_SIP_METHOD_BYE, B2BUA_NONE,
                                    peal_sip_user_agent_remote_target(leg->agent), &bye) < 0) {
        return NULL;
    }
    /* A BYE without its extras still ends the call. */
    return peal__headers_pass(bye, cause) < 0 ? peal_sip_packet_unref(bye) : bye;
}

/* Ends a leg by what its state asks for: BYE, CANCEL, or a refusal. Its end is reported later.
 * @p cause is the other side's BYE, whose headers cross, or NULL. */
void peal__leg_hang_up(struct leg *leg, peal_sip_packet *cause)
{
    if (leg->is_ending || !leg->context) {
        return;
    }
    leg->is_ending = true;
    if (leg->owes_ack) {
        leg->owes_ack = false;
        (void)peal_sip_session_ack(leg->session, NULL);
    }
    peal_sip_session_state state = peal_sip_session_current_state(leg->session);
    peal_sip_packet *bye = state == PEAL_SIP_SESSION_UP ? new_bye(leg, cause) : NULL;
    peal_result r = peal_sip_session_bye(leg->session, bye, NULL, NULL);
    if (r < 0 && (state == PEAL_SIP_SESSION_UP || state == PEAL_SIP_SESSION_IDLE)) {
        /* Memory is exhausted, or there is nothing to end: the context clears what is left. */
        struct call *call = leg->call;
        bool was_in = leg->is_in;
        bool was_peer = call->peer == leg;
        peal__leg_close(leg);
        peal__call_leg_gone(call, was_in, was_peer);
    }
}

static void fill(struct leg *leg, peal_sip_server_event_control *control, peal_sip_packet *response,
                 const char *tag)
{
    peal_sip_packet *out = NULL;
    peal_result r = peal_sip_server_event_control_new_response(
        control, peal_sip_packet_status(response), peal_sip_packet_reason(response), &out);
    if (r >= 0 && (r = peal__headers_pass(out, response)) >= 0 && tag[0]) {
        r = peal_sip_response_set_to_tag(out, peal_str_z(tag));
    }
    if (r >= 0) {
        r = peal_sip_server_event_control_send_response(control, out);
    } else {
        peal_sip_packet_unref(out);
    }
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_APP, PEAL_TRACE_WARNING, leg->call, "response %u is not relayed: %s",
                   peal_sip_packet_status(response), peal_result_name(r));
        if (peal_sip_packet_status(response) >= 200) {
            (void)peal_sip_server_event_control_respond(control, 500, B2BUA_NONE);
        }
    }
}

/* Relays a response of the other side to the leg's open INVITE; a final one closes it. */
void peal__leg_respond(struct leg *leg, peal_sip_packet *response, const char *tag)
{
    peal_sip_server_event_control *control = leg->invite;
    if (!control) {
        return;
    }
    if (peal_sip_packet_status(response) >= 200) {
        leg->invite = NULL;
        fill(leg, control, response, tag);
        peal_sip_server_event_control_unref(control);
    } else {
        fill(leg, control, response, tag);
    }
}
