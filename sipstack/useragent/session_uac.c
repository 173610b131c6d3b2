/* SPDX-License-Identifier: MIT */
/* The session's INVITEs of its own, first and later ones, and their ACK. Core thread.
 * RFC 3261 §13.2, §14.1, §9.1; RFC 6026 §7.2; K4. */
#include "sipstack/useragent/useragent_priv.h"

/* ---- INVITEs ---- */

peal__sip_invite *peal__sip_invite_new(peal__sip_session *s)
{
    peal__sip_invite *invite = peal_pool_alloc(peal__sip_session_pool(s), sizeof *invite);
    if (invite) {
        memset(invite, 0, sizeof *invite);
        invite->next = s->invites;
        s->invites = invite;
    }
    return invite;
}

void peal__sip_invite_free(peal__sip_session *s, peal__sip_invite *invite)
{
    for (peal__sip_invite **at = &s->invites; *at; at = &(*at)->next) {
        if (*at == invite) {
            *at = invite->next;
            break;
        }
    }
    peal_sip_resend_free(invite->ack);
    peal_sip_packet_unref(invite->failure);
    peal_sip_client_request_unref(invite->request);
    peal_pool_free(invite);
}

peal__sip_invite *peal__sip_session_find(const peal__sip_session *s,
                                         const peal_sip_client_request *request)
{
    peal__sip_invite *invite = s->invites;
    while (invite && invite->request != request) {
        invite = invite->next;
    }
    return invite;
}

static bool holds(const peal__sip_session *s, const peal__sip_invite *wanted)
{
    const peal__sip_invite *invite = s->invites;
    while (invite && invite != wanted) {
        invite = invite->next;
    }
    return invite != NULL;
}

peal__sip_invite *peal__sip_session_open_invite(const peal__sip_session *s)
{
    for (peal__sip_invite *invite = s->invites; invite; invite = invite->next) {
        if (!invite->failed && !(invite->answered && invite->ack)) {
            return invite;
        }
    }
    return NULL;
}

/* §14.1: no second INVITE while one of either side is open; nor before the ACK, by which an offer
 * in the 2xx is answered. */
static peal_result may_invite(const peal__sip_session *s)
{
    if (s->cleared) {
        return PEAL_E_SIP_CLEARED;
    }
    if (!s->mgr) {
        return PEAL_E_SIP_NO_MANAGER;
    }
    if (s->over || s->state == PEAL_SIP_SESSION_ENDED || s->bye_sent || s->holding_bye) {
        return PEAL_E_STATE;
    }
    if (s->state == PEAL_SIP_SESSION_INVITING || s->state == PEAL_SIP_SESSION_INVITED ||
        s->invited || s->awaiting_ack || peal__sip_session_open_invite(s)) {
        return PEAL_E_SIP_GLARE;
    }
    return PEAL_OK;
}

static peal_result send_invite(peal__sip_session *s, peal_sip_packet *packet, void *opaque)
{
    peal__sip_invite *invite = peal__sip_invite_new(s);
    if (!invite) {
        peal_sip_packet_unref(packet);
        return PEAL_E_NO_MEMORY;
    }
    invite->initial = s->state == PEAL_SIP_SESSION_IDLE;
    peal_result r = peal__sip_session_use_dialog(s);
    if (r < 0) {
        peal_sip_packet_unref(packet);
    } else {
        s->sending = invite;
        r = peal_sip_send_request(s->context, &s->service, packet, opaque, &invite->request);
        s->sending = NULL;
    }
    if (r < 0) {
        peal__sip_invite_free(s, invite);
    } else if (invite->initial) {
        s->state = PEAL_SIP_SESSION_INVITING;
    }
    return r;
}

peal_result peal__sip_session_invite(peal_sip_session *self, peal_sip_packet *packet, void *opaque,
                                     peal_sip_client_request **ret)
{
    peal__sip_session *s = peal__sip_session_of_face(self);
    peal_result r = may_invite(s);
    if (r >= 0 && !packet) {
        r = peal_sip_session_new_invite(self, &packet);
    }
    if (r >= 0 && peal_sip_packet_method(packet) != PEAL_SIP_METHOD_INVITE) {
        r = PEAL_E_ARGUMENT;
    }
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    r = send_invite(s, packet, opaque);
    if (r >= 0 && ret) {
        *ret = peal_sip_client_request_ref(s->invites->request);
    }
    return r < 0 ? r : PEAL_OK;
}

/* ---- ACK ---- */

peal__sip_invite *peal__sip_session_find_unacked(const peal__sip_session *s)
{
    for (peal__sip_invite *invite = s->invites; invite; invite = invite->next) {
        if (invite->answered && !invite->ack) {
            return invite;
        }
    }
    return NULL;
}

/* §13.2.2.4: the CSeq number is the INVITE's. */
static peal_result send_ack(peal__sip_session *s, peal__sip_invite *invite, peal_sip_packet *packet)
{
    peal_result r = peal__sip_put_cseq(packet, invite->cseq, PEAL_STR("ACK"));
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    return peal_sip_send_ack(s->context, &s->service, packet, invite->request, &invite->ack);
}

peal_result peal__sip_session_auto_ack(peal__sip_session *s, peal__sip_invite *invite)
{
    peal_sip_packet *packet = NULL;
    peal_result r = peal_sip_session_new_ack(&s->face, &packet);
    return r < 0 ? r : send_ack(s, invite, packet);
}

peal_result peal__sip_session_ack(peal_sip_session *self, peal_sip_packet *packet)
{
    peal__sip_session *s = peal__sip_session_of_face(self);
    peal__sip_invite *invite = s->cleared || s->over ? NULL : peal__sip_session_find_unacked(s);
    peal_result r = PEAL_OK;
    if (!invite) {
        r = s->cleared ? PEAL_E_SIP_CLEARED : PEAL_E_STATE;
    } else if (packet && peal_sip_packet_method(packet) != PEAL_SIP_METHOD_ACK) {
        r = PEAL_E_ARGUMENT;
    }
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    r = packet ? send_ack(s, invite, packet) : peal__sip_session_auto_ack(s, invite);
    if (r >= 0 && s->clock == PEAL__CLOCK_UNACKED) {
        peal__sip_session_stop_clock(s);
    }
    return r < 0 ? r : PEAL_OK;
}

/* K4: the application did not acknowledge within 64*T1. */
void peal__sip_session_never_acked(peal__sip_session *s)
{
    peal__sip_invite *invite = peal__sip_session_find_unacked(s);
    if (invite) {
        (void)peal__sip_session_auto_ack(s, invite); /* else BYE tells the peer */
    }
    peal__sip_session_say_bye(s);
    peal__sip_session_over(s, PEAL_SIP_SESSION_END_NOT_ACKED);
}

/* ---- responses ---- */

/* A 2xx that the application does not want to hear of: acknowledged and ended here. */
static void refuse_answer(peal__sip_session *s, peal__sip_invite *invite)
{
    if (peal__sip_session_auto_ack(s, invite) >= 0) {
        peal__sip_session_say_bye(s);
    }
}

/* A local 487 in the place of a 2xx. The request itself may be forgotten already (K11): a 2xx of
 * another dialog came first. */
static peal_result new_cancelled(peal__sip_session *s, peal_sip_packet *response,
                                 peal_sip_packet **ret)
{
    static const peal_sip_header_id same[] = { PEAL_SIP_HEADER_VIA, PEAL_SIP_HEADER_FROM,
                                               PEAL_SIP_HEADER_TO, PEAL_SIP_HEADER_CALL_ID,
                                               PEAL_SIP_HEADER_CSEQ };
    const peal_str absent = { NULL, 0 };
    peal_sip_packet *request = NULL;
    peal_pool *pool = peal__sip_session_pool(s);
    peal_result r =
        peal_sip_packet_new_request(pool, PEAL_SIP_METHOD_INVITE, absent,
                                    peal_sip_user_agent_remote_target(&s->ua->face), &request);
    if (r < 0) {
        return r;
    }
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(same); i++) {
        r = peal_sip_packet_add_from(request, response, same[i]);
    }
    if (r >= 0) {
        r = peal_sip_packet_new_response(pool, request, 487, absent, absent, ret);
    }
    peal_sip_packet_unref(request);
    return r;
}

/* The 2xx crossed our CANCEL (§9.1, §15): the caller wants no call, so it gets none, and the
 * application hears one end: a local 487. */
static peal_result on_crossed(peal__sip_session *s, peal__sip_invite *invite,
                              peal_sip_packet *response)
{
    invite->answered = true;
    refuse_answer(s, invite);
    peal_result r = new_cancelled(s, response, &invite->failure);
    if (r >= 0) {
        r = peal_sip_queue_client_event(invite->request, &s->service, PEAL__SESSION_CANCELLED);
    }
    if (r < 0) { /* memory is short: the end alone is reported */
        peal__sip_session_over_soon(s, PEAL_SIP_SESSION_END_FAILED);
    }
    return r;
}

static peal_result on_first_answer(peal__sip_session *s, peal__sip_invite *invite,
                                   peal_sip_packet *response)
{
    if (s->over || s->state == PEAL_SIP_SESSION_ENDED) { /* it crossed our BYE, or theirs */
        invite->answered = true;
        refuse_answer(s, invite);
        return PEAL_I_PENDING;
    }
    if (s->ua->state != PEAL_SIP_DIALOG_CONFIRMED) { /* no memory: as if it was lost */
        return PEAL_I_PENDING;
    }
    if (invite->initial && peal_sip_client_request_is_cancelled(invite->request)) {
        return on_crossed(s, invite, response);
    }
    peal_result r =
        peal_sip_queue_client_event(invite->request, &s->service, PEAL__SESSION_SUCCESS);
    if (r < 0) {
        return r;
    }
    invite->answered = true;
    s->state = PEAL_SIP_SESSION_UP;
    peal__sip_session_start_clock(s, PEAL__CLOCK_UNACKED, 64u * peal__sip_session_t1(s));
    return PEAL_OK;
}

static peal_result on_answer(peal__sip_session *s, peal__sip_invite *invite,
                             peal_sip_packet *response)
{
    if (!invite->answered) {
        return on_first_answer(s, invite, response);
    }
    if (invite->ack) { /* K4: each further 2xx gets the same ACK */
        peal_sip_resend_now(invite->ack);
    }
    return PEAL_I_PENDING;
}

/* §12.2.1.2: the peer has lost the dialog, or is gone. As long as it has not acknowledged our 2xx
 * it may just not have got it, and no BYE is allowed (§15): the wait for the ACK decides. */
static void check_gone(peal__sip_session *s, unsigned status)
{
    if ((status == 481 || status == 408) && s->state == PEAL_SIP_SESSION_UP && !s->bye_sent &&
        !s->awaiting_ack) {
        peal__sip_invite *unacked = peal__sip_session_find_unacked(s);
        if (unacked) {
            (void)peal__sip_session_auto_ack(s, unacked); /* else BYE tells the peer */
        }
        peal__sip_session_say_bye(s);
        peal__sip_session_over_soon(s, PEAL_SIP_SESSION_END_DIALOG_GONE);
    }
}

static peal_result on_invite_response(peal__sip_session *s, peal__sip_invite *invite,
                                      unsigned status, peal_sip_packet *response)
{
    if (status < 300 && !peal__sip_user_agent_is_mine(s->ua, response)) {
        return PEAL_I_PENDING; /* a fork that nobody wanted */
    }
    if (status <= 100) {
        return PEAL_OK;
    }
    if (status < 200) {
        return s->over ? PEAL_OK
                       : peal_sip_queue_client_event(invite->request, &s->service,
                                                     PEAL__SESSION_PROGRESS);
    }
    if (status < 300) {
        return on_answer(s, invite, response);
    }
    invite->failed = true;
    if (invite->initial) {
        peal__sip_session_end_forks(s, PEAL_SIP_SESSION_END_FAILED);
    }
    return s->over ? PEAL_OK
                   : peal_sip_queue_client_event(invite->request, &s->service,
                                                 PEAL__SESSION_FAILURE);
}

peal_result peal__sip_session_on_response(peal_sip_service *self, peal_sip_client_request *request,
                                          peal_sip_packet *response)
{
    peal__sip_session *s = peal__sip_session_of(self);
    const unsigned status = peal_sip_packet_status(response);
    peal__sip_invite *invite = peal__sip_session_find(s, request);
    if (invite) {
        return on_invite_response(s, invite, status, response);
    }
    if (request == s->bye) {
        return status < 200 ? PEAL_OK
                            : peal_sip_queue_client_event(request, &s->service,
                                                          PEAL__SESSION_BYE_ANSWERED);
    }
    if (peal_sip_client_request_sender(request) != &s->service) {
        check_gone(s, status); /* INFO, OPTIONS … in our dialog */
    }
    return PEAL_OK;
}

/* ---- events ---- */

typedef void client_event(peal_sip_session_mgr *self, peal_sip_session *session,
                          peal_sip_client_event_control *control, peal_sip_packet *response);

/* K9: nobody listens: the next event. */
static void pass(peal_sip_client_event_control *control)
{
    (void)peal_sip_client_event_control_call_next(control);
}

static client_event *callback_of(const peal__sip_session *s, unsigned code)
{
    switch (code) {
    case PEAL__SESSION_PROGRESS:
        return PEAL__SESSION_HEARS(s, on_progress) ? s->mgr->vt->on_progress : NULL;
    case PEAL__SESSION_SUCCESS:
        return PEAL__SESSION_HEARS(s, on_success) ? s->mgr->vt->on_success : NULL;
    case PEAL__SESSION_FAILURE:
    case PEAL__SESSION_CANCELLED:
        return PEAL__SESSION_HEARS(s, on_failure) ? s->mgr->vt->on_failure : NULL;
    case PEAL__SESSION_BYE_ANSWERED:
        return PEAL__SESSION_HEARS(s, on_bye_answered) ? s->mgr->vt->on_bye_answered : NULL;
    default:
        return NULL;
    }
}

/* The local 487 is given out; the end follows as after a real one. */
static void report_cancelled(peal__sip_session *s, peal_sip_client_event_control *control,
                             client_event *callback)
{
    peal__sip_invite *invite =
        peal__sip_session_find(s, peal_sip_client_event_control_request(control));
    peal_sip_packet *failure = invite ? invite->failure : NULL;
    if (invite) {
        invite->failure = NULL;
    }
    peal__sip_session_over_soon(s, PEAL_SIP_SESSION_END_FAILED);
    if (callback && failure) {
        callback(s->mgr, &s->face, control, failure);
    } else {
        pass(control);
    }
    peal_sip_packet_unref(failure);
}

void peal__sip_session_report(peal_sip_service *self, peal_sip_client_event_control *control,
                              unsigned code)
{
    peal__sip_session *s = peal__sip_session_of(self);
    client_event *callback = callback_of(s, code);
    peal_sip_packet *response = peal_sip_client_event_control_response(control);
    if (code == PEAL__SESSION_CANCELLED) {
        report_cancelled(s, control, callback);
        return;
    }
    const peal__sip_invite *invite =
        peal__sip_session_find(s, peal_sip_client_event_control_request(control));
    if (code == PEAL__SESSION_FAILURE && invite && !invite->initial) {
        check_gone(s, peal_sip_packet_status(response));
    }
    if (callback) {
        callback(s->mgr, &s->face, control, response);
    } else {
        pass(control);
    }
}

/* ---- the end of a request ---- */

static void on_invite_ended(peal__sip_session *s, peal__sip_invite *invite)
{
    const bool initial = invite->initial;
    if (invite->answered && !invite->ack && !s->over && s->state == PEAL_SIP_SESSION_UP) {
        peal__sip_session_never_acked(s); /* the same 64*T1; the application may clear it all */
    } else if (!initial && !invite->answered && !invite->failed) {
        check_gone(s, 408); /* without memory no answer could be made */
    }
    if (s->cleared || !holds(s, invite)) {
        return; /* by the application, when it heard of it */
    }
    const peal_sip_session_end why = !invite->failed && peal__sip_session_fork_won(s)
                                         ? PEAL_SIP_SESSION_END_FORK_LOST
                                         : PEAL_SIP_SESSION_END_FAILED;
    peal__sip_invite_free(s, invite);
    if (!initial) {
        return;
    }
    peal__sip_session_end_forks(s, why);
    peal__sip_session_free_strays(s);
    if (s->state == PEAL_SIP_SESSION_INVITING) {
        peal__sip_session_over(s, why);
    }
}

void peal__sip_session_on_request_ended(peal_sip_service *self, peal_sip_client_request *request)
{
    peal__sip_session *s = peal__sip_session_of(self);
    peal__sip_invite *invite = peal__sip_session_find(s, request);
    if (invite) {
        on_invite_ended(s, invite);
    } else if (request == s->bye) {
        peal__sip_session_over(s, PEAL_SIP_SESSION_END_BYE_SENT);
    }
}
