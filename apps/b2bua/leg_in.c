/* SPDX-License-Identifier: MIT */
/* The incoming leg: the caller's INVITE and what comes back to him; and what both legs have in
 * common: BYE, ACK, the end. Core thread. RFC 3261 §13.3, §14.2, §15. */
#include "apps/b2bua/b2bua_priv.h"

static void on_invited(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_server_event_control *control, peal_sip_packet *invite)
{
    struct leg *leg = peal__leg_of(session);
    struct call *call = leg->call;
    const unsigned refusal = peal__target_refusal(call->app, invite);
    (void)self;
    peal__call_enter(call);
    call->was_invited = true;
    leg->invite = peal_sip_server_event_control_ref(control);
    if (refusal == 480) {
        peal_sip_server_event_control_unrefp(&leg->invite);
        peal__refuse(control, refusal, PEAL_SIP_HEADER_WARNING,
                     PEAL_STR("380 peal-b2bua \"SIPS Not Allowed\""));
    } else if (refusal) {
        peal__leg_refuse(leg, refusal);
    } else {
        /* The answer takes a while: this stops the caller's retransmissions (§17.2.1). */
        (void)peal_sip_server_event_control_respond(control, 100, B2BUA_NONE);
        peal__failover_next(call);
    }
    peal__call_leave(call);
}

/* The peer cancelled his INVITE or re-INVITE, and got his 487. The Reason crosses (RFC 3326 §2). */
void peal__on_cancelled(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_server_event_control *control, peal_sip_packet *cancel)
{
    struct leg *leg = peal__leg_of(session);
    struct call *call = leg->call;
    peal_str reason = peal__headers_reason(cancel);
    (void)self;
    (void)control;
    peal__call_enter(call);
    peal_sip_server_event_control_unrefp(&leg->invite);
    if (call->peer) {
        struct leg *other = peal__call_other(leg, NULL);
        if (other && other->request) {
            (void)peal_sip_client_request_cancel(other->request, reason);
        }
    } else if (call->request) {
        (void)peal_sip_client_request_cancel(call->request, reason);
        peal__call_timer(call, CALL_OVER, 0);
    }
    peal__call_leave(call);
}

void peal__on_acknowledged(peal_sip_session_mgr *self, peal_sip_session *session,
                           peal_sip_packet *ack)
{
    struct leg *leg = peal__leg_of(session);
    struct leg *other = peal__call_other(leg, NULL);
    peal_sip_packet *out = NULL;
    (void)self;
    if (!other || !other->owes_ack) {
        return;
    }
    peal__call_enter(leg->call);
    other->owes_ack = false;
    /* An answer in the ACK crosses too: the offer may have been in the 2xx (RFC 3261 §13.2.1). */
    if (peal_sip_session_new_ack(other->session, &out) < 0 || peal__headers_pass(out, ack) < 0) {
        out = peal_sip_packet_unref(out);
    }
    if (peal_sip_session_ack(other->session, out) < 0) {
        peal__leg_hang_up(other, NULL);
    }
    peal__call_leave(leg->call);
}

void peal__on_bye(peal_sip_session_mgr *self, peal_sip_session *session,
                  peal_sip_server_event_control *control, peal_sip_packet *bye)
{
    struct leg *leg = peal__leg_of(session);
    struct call *call = leg->call;
    struct leg *other;
    (void)self;
    (void)control; /* the session answers 200 */
    peal__call_enter(call);
    leg->is_ending = true;
    other = call->peer ? peal__call_other(leg, NULL) : NULL;
    if (other && (leg->is_in || leg == call->peer)) {
        peal__leg_hang_up(other, bye);
    }
    peal__call_leave(call);
}

void peal__on_ended(peal_sip_session_mgr *self, peal_sip_session *session, peal_sip_session_end why)
{
    struct leg *leg = peal__leg_of(session);
    struct call *call = leg->call;
    bool was_in = leg->is_in;
    bool was_peer = call->peer == leg;
    (void)self;
    PEAL_TRACE(PEAL_TRACE_APP, PEAL_TRACE_DEBUG, call, "%s leg ended (%d)",
               was_in ? "incoming" : "outgoing", (int)why);
    peal__call_enter(call);
    peal__leg_close(leg);
    peal__call_leg_gone(call, was_in, was_peer);
    peal__call_leave(call);
}

/* The caller's answer to a re-INVITE that came from the callee. */
static void on_success(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct leg *leg = peal__leg_of(session);
    (void)self;
    peal__call_enter(leg->call);
    peal__on_reinvite_success(leg, response);
    (void)peal_sip_client_event_control_clear_events(control);
    peal__call_leave(leg->call);
}

static void on_failure(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct leg *leg = peal__leg_of(session);
    (void)self;
    peal__call_enter(leg->call);
    peal__on_reinvite_failure(leg, response);
    (void)peal_sip_client_event_control_clear_events(control);
    peal__call_leave(leg->call);
}

static void on_progress(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_client_event_control *control, peal_sip_packet *response)
{
    struct leg *leg = peal__leg_of(session);
    struct leg *other = peal__call_other(leg, NULL);
    (void)self;
    if (other) {
        peal__leg_respond(other, response, "");
    }
    (void)peal_sip_client_event_control_clear_events(control);
}

const peal_sip_session_mgr_vt peal__leg_in_vt = {
    .size = sizeof peal__leg_in_vt,
    .on_invited = on_invited,
    .on_reinvited = peal__on_reinvited,
    .on_acknowledged = peal__on_acknowledged,
    .on_cancelled = peal__on_cancelled,
    .on_progress = on_progress,
    .on_success = on_success,
    .on_failure = on_failure,
    .on_bye = peal__on_bye,
    .on_ended = peal__on_ended,
};
