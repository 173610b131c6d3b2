/* SPDX-License-Identifier: MIT */
/* The end of a session: BYE from either side, and what is owed at clear. Core thread.
 * RFC 3261 §15; K9. */
#include "sipstack/useragent/useragent_priv.h"

static void respond(peal_sip_server_event_control *control, unsigned status)
{
    (void)peal_sip_server_event_control_respond(control, status, peal_str_of(NULL, 0));
}

/* ---- ours ---- */

static peal_result send_bye(peal__sip_session *s, peal_sip_packet *packet, void *opaque,
                            peal_sip_client_request **ret)
{
    peal_result r = PEAL_OK;
    if (!packet) {
        r = peal__sip_user_agent_new_request(s->ua, PEAL_SIP_METHOD_BYE, peal_str_of(NULL, 0),
                                             &packet);
    }
    if (r >= 0) {
        r = peal_sip_send_request(s->context, &s->service, packet, opaque, ret);
    }
    return r < 0 ? r : PEAL_OK;
}

void peal__sip_session_say_bye(peal__sip_session *s)
{
    if (!s->bye_sent && send_bye(s, NULL, NULL, NULL) >= 0) {
        s->bye_sent = true;
    }
}

/* The application's BYE leaves; its answer ends the session. */
static peal_result send_own_bye(peal__sip_session *s, peal_sip_packet *packet, void *opaque,
                                peal_sip_client_request **ret)
{
    peal_sip_client_request *request = NULL;
    peal_result r = send_bye(s, packet, opaque, &request);
    if (r < 0) {
        return r;
    }
    s->bye_sent = true;
    s->bye = request; /* compared only */
    s->state = PEAL_SIP_SESSION_ENDED;
    peal__sip_session_stop_clock(s);
    if (ret) {
        *ret = request;
    } else {
        peal_sip_client_request_unref(request);
    }
    return PEAL_OK;
}

/* §15: the callee must not say BYE before the ACK came or its time is over. */
static peal_result hold_bye(peal__sip_session *s, peal_sip_packet *packet, void *opaque,
                            peal_sip_client_request **ret)
{
    s->holding_bye = true;
    s->held_bye = packet;
    s->held_opaque = opaque;
    if (ret) {
        *ret = NULL;
    }
    return PEAL_I_PENDING;
}

void peal__sip_session_release_bye(peal__sip_session *s)
{
    peal_sip_packet *packet = s->held_bye;
    if (!s->holding_bye) {
        return;
    }
    s->holding_bye = false;
    s->held_bye = NULL;
    if (send_own_bye(s, packet, s->held_opaque, NULL) < 0) {
        peal__sip_session_over(s, PEAL_SIP_SESSION_END_BYE_SENT);
    }
}

void peal__sip_session_drop_held_bye(peal__sip_session *s)
{
    s->holding_bye = false;
    s->held_bye = peal_sip_packet_unref(s->held_bye);
}

static peal_result bye_up(peal__sip_session *s, peal_sip_packet *packet, void *opaque,
                          peal_sip_client_request **ret)
{
    peal__sip_invite *unacked = peal__sip_session_find_unacked(s);
    if (unacked) { /* the caller owes the ACK first (§13.2.2.4) */
        peal_result r = peal__sip_session_auto_ack(s, unacked);
        if (r < 0) {
            peal_sip_packet_unref(packet);
            return r;
        }
    }
    if (s->awaiting_ack) {
        return hold_bye(s, packet, opaque, ret);
    }
    peal__sip_session_refuse_invited(s);
    return send_own_bye(s, packet, opaque, ret);
}

/* No dialog to end yet: the INVITE is withdrawn, or refused. */
static peal_result bye_early(peal__sip_session *s, peal_sip_client_request **ret)
{
    const peal__sip_invite *invite = s->invites;
    peal_result r;
    if (s->state == PEAL_SIP_SESSION_INVITED) {
        r = s->invited ? peal_sip_server_event_control_respond(s->invited, 480,
                                                               peal_str_of(NULL, 0))
                       : PEAL_I_ALREADY;
    } else {
        r = invite ? peal_sip_client_request_cancel(invite->request, peal_str_of(NULL, 0))
                   : PEAL_I_ALREADY;
        if (r == PEAL_E_STATE) { /* its final response is being dealt with */
            r = PEAL_I_ALREADY;
        }
    }
    if (r >= 0 && ret) {
        *ret = NULL;
    }
    return r;
}

peal_result peal__sip_session_bye(peal_sip_session *self, peal_sip_packet *packet, void *opaque,
                                  peal_sip_client_request **ret)
{
    peal__sip_session *s = peal__sip_session_of_face(self);
    peal_result r = PEAL_OK;
    if (s->cleared) {
        r = PEAL_E_SIP_CLEARED;
    } else if (packet && peal_sip_packet_method(packet) != PEAL_SIP_METHOD_BYE) {
        r = PEAL_E_ARGUMENT;
    } else if (s->state == PEAL_SIP_SESSION_IDLE) {
        r = PEAL_E_STATE;
    } else if (s->state == PEAL_SIP_SESSION_ENDED || s->holding_bye) {
        r = PEAL_I_ALREADY;
    } else if (s->state == PEAL_SIP_SESSION_UP) {
        return bye_up(s, packet, opaque, ret);
    } else if (s->state == PEAL_SIP_SESSION_INVITING && s->parent) {
        return send_own_bye(s, packet, opaque, ret); /* this early dialog alone (§15) */
    } else {
        r = bye_early(s, ret);
    }
    peal_sip_packet_unref(packet);
    return r;
}

/* ---- the peer's ---- */

/* K6: the caller ends one of several early dialogs; the INVITE goes on. */
static bool ends_one_of_several(peal__sip_session *s, peal_sip_packet *bye)
{
    const peal_sip_address *to = NULL;
    peal__sip_extra_tag *extra = NULL;
    if (s->state == PEAL_SIP_SESSION_INVITED && peal_sip_packet_to(bye, &to) >= 0) {
        extra = peal__sip_tags_find(s->ua, to->tag);
    }
    if (extra) {
        peal__sip_tags_drop(s->ua, extra);
    }
    return extra != NULL;
}

static void end_by_bye(peal__sip_session *s, peal_sip_packet *bye,
                       peal_sip_server_event_control *control)
{
    peal__sip_invite *unacked = peal__sip_session_find_unacked(s);
    if (unacked) {
        (void)peal__sip_session_auto_ack(s, unacked); /* no memory: the dialog is over anyway */
    }
    peal__sip_session_forget_answer(s);
    peal__sip_session_refuse_invited(s); /* §15.1.2 */
    s->in_bye = true;
    if (PEAL__SESSION_HEARS(s, on_bye)) {
        s->mgr->vt->on_bye(s->mgr, &s->face, control, bye);
    }
    s->in_bye = false;
    if (!s->cleared) {
        if (!peal_sip_server_event_control_is_final_sent(control)) {
            respond(control, 200);
        }
        peal__sip_session_over(s, PEAL_SIP_SESSION_END_BYE_RECEIVED);
    }
}

void peal__sip_session_manage_bye(peal__sip_session *s, peal_sip_packet *bye,
                                  peal_sip_server_event_control *control)
{
    if (ends_one_of_several(s, bye)) {
        respond(control, 200);
        return;
    }
    switch ((peal_sip_session_state)s->state) {
    case PEAL_SIP_SESSION_INVITED:
    case PEAL_SIP_SESSION_UP:
        end_by_bye(s, bye, control);
        break;
    case PEAL_SIP_SESSION_INVITING:
        /* A callee has no BYE for an early dialog (§15), unless all its 2xx were lost and it gave
         * up waiting for our ACK. */
        respond(control, 200);
        if (s->parent) {
            peal__sip_session_over(s, PEAL_SIP_SESSION_END_BYE_RECEIVED);
        } else {
            (void)bye_early(s, NULL);
        }
        break;
    case PEAL_SIP_SESSION_ENDED: /* two BYEs crossed: ours ends the session */
        respond(control, 200);
        break;
    case PEAL_SIP_SESSION_IDLE: /* the dialog is another service's */
        respond(control, 481);
        break;
    }
}

/* ---- clear ---- */

/* What is owed (K9). An open INVITE of ours is cancelled by the core, which also ends what a 2xx
 * would start; the peer's was answered by the core. */
static void pay(peal__sip_session *s)
{
    peal__sip_invite *unacked = peal__sip_session_find_unacked(s);
    if (s->over || s->state == PEAL_SIP_SESSION_ENDED) {
        return;
    }
    if (s->state == PEAL_SIP_SESSION_INVITING && s->parent) {
        peal__sip_session_say_bye(s);
    }
    if (s->state != PEAL_SIP_SESSION_UP) {
        return;
    }
    if (unacked) {
        (void)peal__sip_session_auto_ack(s, unacked); /* else BYE tells the peer */
    }
    if (!s->awaiting_ack || s->rest || !peal__sip_session_live_on(s)) {
        peal__sip_session_say_bye(s);
    }
}

void peal__sip_session_clear(peal_sip_service *self)
{
    peal__sip_session *s = peal__sip_session_of(self);
    if (s->cleared) {
        return;
    }
    peal__sip_session_stop_clock(s);
    if (s->in_bye) {
        s->state = PEAL_SIP_SESSION_ENDED; /* the peer ended it: nothing is owed */
    }
    pay(s);
    s->cleared = true;
    peal__sip_session_forget_answer(s);
    peal__sip_session_drop_held_bye(s);
    s->invited = NULL;
    s->bye = NULL;
    peal__sip_session_leave_forks(s);
    peal__sip_session_free_strays(s);
    while (s->invites) {
        peal__sip_invite_free(s, s->invites);
    }
    if (s->rest) {
        peal__sip_session_rest_over(s);
    }
    s->mgr = NULL;
}
