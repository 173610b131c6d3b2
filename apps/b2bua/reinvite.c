/* SPDX-License-Identifier: MIT */
/* re-INVITE from either side (RFC 3261 §14): sent on to the other side; its answer comes back.
 * While the other side has an INVITE open the answer is 491 (§14.2). Core thread. */
#include "apps/b2bua/b2bua_priv.h"

static peal_result send_on(struct leg *other, peal_sip_packet *invite)
{
    peal_sip_packet *out = NULL;
    peal_result r = peal_sip_session_new_invite(other->session, &out);
    if (r >= 0 && (r = peal__headers_pass(out, invite)) >= 0) {
        r = peal__headers_count_down(out, invite);
    }
    if (r < 0) {
        peal_sip_packet_unref(out);
        return r;
    }
    other->asks_offer = peal_sip_packet_body(invite).n == 0;
    return peal_sip_session_invite(other->session, out, other, &other->request);
}

/* Our re-INVITE on @p leg is over, or came to nothing. */
static void over(struct leg *leg)
{
    peal_sip_client_request_unrefp(&leg->request);
    peal__let_go(leg->call->app, &leg->held);
}

static peal_result pass_on(struct leg *other, peal_sip_packet *invite)
{
    if (other->request || other->invite) {
        return PEAL_E_SIP_GLARE;
    }
    if (!peal__hold(other->call->app, invite, &other->held)) {
        return PEAL_E_NO_MEMORY;
    }
    peal_result r = send_on(other, invite);
    if (r < 0) {
        over(other);
    }
    return r;
}

void peal__on_reinvited(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_server_event_control *control, peal_sip_packet *invite)
{
    struct leg *leg = peal__leg_of(session);
    struct leg *other = peal__call_other(leg, NULL);
    peal_result r = PEAL_E_STATE;
    (void)self;
    peal__call_enter(leg->call);
    if (other && !other->is_ending && !leg->is_ending) {
        r = pass_on(other, invite);
    }
    if (r >= 0) {
        leg->invite = peal_sip_server_event_control_ref(control);
    } else if (r == PEAL_E_NO_MEMORY) {
        peal__refuse(control, 500, PEAL_SIP_HEADER_RETRY_AFTER, B2BUA_RETRY_AFTER);
    } else {
        (void)peal_sip_server_event_control_respond(control, peal__headers_status_of(r),
                                                    B2BUA_NONE);
    }
    peal__call_leave(leg->call);
}

/* @p leg's peer accepted our re-INVITE. */
void peal__on_reinvite_success(struct leg *leg, peal_sip_packet *response)
{
    struct leg *other = peal__call_other(leg, NULL);
    over(leg);
    leg->owes_ack = true;
    if (other && other->invite) {
        peal__leg_respond(other, response, "");
    } else if (leg->asks_offer && peal_sip_packet_body(response).n) {
        /* It was cancelled on the other side, where the answer to this offer would have come from.
         * An ACK without one leaves the peer's session undefined: ACK, and BYE to both
         * (RFC 3261 §13.2.2.4, §14.1). */
        peal__call_end(leg->call, 487);
    } else {
        /* Nobody waits for it any more (cancelled on the other side): acknowledge all the same. */
        leg->owes_ack = false;
        (void)peal_sip_session_ack(leg->session, NULL);
    }
}

void peal__on_reinvite_failure(struct leg *leg, peal_sip_packet *response)
{
    struct leg *other = peal__call_other(leg, NULL);
    over(leg);
    if (other) {
        peal__leg_respond(other, response, "");
    }
}
