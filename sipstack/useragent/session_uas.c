/* SPDX-License-Identifier: MIT */
/* The peer's INVITEs, first and later ones: glare, answers and their repetition until ACK, CANCEL.
 * Core thread. RFC 3261 §13.3, §14.2, §9.2; RFC 6026 §7.1; K4. */
#include "sipstack/useragent/useragent_priv.h"

static void respond(peal_sip_server_event_control *control, unsigned status)
{
    /* A failure leaves the control open: whoever releases it last sends 500 (K9). */
    (void)peal_sip_server_event_control_respond(control, status, peal_str_of(NULL, 0));
}

/* ---- a request comes in ---- */

/* §14.2: a former INVITE is unanswered: 500 with a random Retry-After of 0 to 10 s. */
static void refuse_for_now(peal__sip_session *s, peal_sip_server_event_control *control)
{
    char random = 'a';
    peal_sip_packet *response = NULL;
    peal_sip_core_token(peal_sip_context_core(s->context), &random, 1);
    if (peal_sip_server_event_control_new_response(control, 500, peal_str_of(NULL, 0),
                                                   &response) < 0 ||
        peal_sip_packet_set_number(response, PEAL_SIP_HEADER_RETRY_AFTER,
                                   (uint32_t)random % 11u) < 0) {
        peal_sip_packet_unref(response);
        respond(control, 500);
        return;
    }
    (void)peal_sip_server_event_control_send_response(control, response);
}

static peal_sip_verdict check_invite(peal__sip_session *s, peal_sip_server_event_control *control)
{
    if (s->state == PEAL_SIP_SESSION_ENDED || s->bye_sent) {
        respond(control, 481);
    } else if (s->invited && !s->awaiting_ack) {
        refuse_for_now(s, control);
    } else if (s->awaiting_ack || peal__sip_session_open_invite(s)) {
        respond(control, 491);
    } else {
        return PEAL_SIP_CONTINUE;
    }
    return PEAL_SIP_REFUSED;
}

/* An ACK that is not awaited is a late copy, or nobody's: nothing answers it. */
static peal_sip_verdict check_ack(const peal__sip_session *s, peal_sip_packet *ack)
{
    const peal_sip_cseq *cseq = NULL;
    return s->awaiting_ack && peal_sip_packet_cseq(ack, &cseq) >= 0 &&
                   cseq->number == s->invited_cseq
               ? PEAL_SIP_CONTINUE
               : PEAL_SIP_CONSUMED;
}

peal_sip_verdict peal__sip_session_on_request(peal_sip_service *self, peal_sip_packet *request,
                                              peal_sip_server_event_control *control)
{
    peal__sip_session *s = peal__sip_session_of(self);
    switch (peal_sip_packet_method(request)) {
    case PEAL_SIP_METHOD_INVITE:
        return check_invite(s, control);
    case PEAL_SIP_METHOD_ACK:
        return check_ack(s, request);
    default:
        return PEAL_SIP_CONTINUE;
    }
}

/* ---- INVITE ---- */

static void manage_reinvite(peal__sip_session *s, peal_sip_packet *request,
                            peal_sip_server_event_control *control)
{
    s->reinvited = true;
    if (PEAL__SESSION_HEARS(s, on_reinvited)) {
        s->mgr->vt->on_reinvited(s->mgr, &s->face, control, request);
    } else {
        respond(control, 488);
    }
}

static void manage_first(peal__sip_session *s, peal_sip_packet *request,
                         peal_sip_server_event_control *control)
{
    s->reinvited = false;
    s->state = PEAL_SIP_SESSION_INVITED;
    if (peal__sip_session_use_dialog(s) < 0) {
        respond(control, 500);
    } else if (PEAL__SESSION_HEARS(s, on_invited)) {
        s->mgr->vt->on_invited(s->mgr, &s->face, control, request);
    } else {
        respond(control, 501);
    }
}

static void manage_invite(peal__sip_session *s, peal_sip_packet *request,
                          peal_sip_server_event_control *control)
{
    const peal_sip_cseq *cseq = NULL;
    if (peal_sip_packet_cseq(request, &cseq) < 0) {
        respond(control, 400);
        return;
    }
    s->invited = control;
    s->invited_cseq = cseq->number;
    if (s->state == PEAL_SIP_SESSION_UP) {
        manage_reinvite(s, request, control);
    } else {
        manage_first(s, request, control);
    }
}

static void manage_ack(peal__sip_session *s, peal_sip_packet *ack)
{
    peal__sip_session_forget_answer(s);
    if (PEAL__SESSION_HEARS(s, on_acknowledged)) {
        s->mgr->vt->on_acknowledged(s->mgr, &s->face, ack);
    }
    if (!s->cleared) {
        peal__sip_session_release_bye(s);
    }
}

void peal__sip_session_manage(peal_sip_service *self, peal_sip_packet *request,
                              peal_sip_server_event_control *control)
{
    peal__sip_session *s = peal__sip_session_of(self);
    peal_sip_context *context = peal_sip_context_ref(s->context);
    switch (peal_sip_packet_method(request)) {
    case PEAL_SIP_METHOD_INVITE:
        manage_invite(s, request, control);
        break;
    case PEAL_SIP_METHOD_ACK:
        manage_ack(s, request);
        break;
    default:
        peal__sip_session_manage_bye(s, request, control);
        break;
    }
    peal_sip_context_unref(context);
}

void peal__sip_session_refuse_invited(peal__sip_session *s)
{
    peal_sip_server_event_control *control = s->invited;
    s->invited = NULL; /* first: the response passes us too */
    if (control) {
        respond(control, 487);
    }
}

/* §9.2. The 200 to the CANCEL is out already (K7). */
void peal__sip_session_on_cancelled(peal_sip_service *self, peal_sip_server_event_control *control,
                                    peal_sip_packet *cancel)
{
    peal__sip_session *s = peal__sip_session_of(self);
    if (control != s->invited || s->awaiting_ack) {
        return; /* the final response is out: CANCEL comes too late */
    }
    const bool reinvited = s->reinvited;
    peal_sip_context *context = peal_sip_context_ref(s->context);
    peal__sip_session_refuse_invited(s);
    if (PEAL__SESSION_HEARS(s, on_cancelled)) {
        s->mgr->vt->on_cancelled(s->mgr, &s->face, control, cancel);
    }
    if (!reinvited) {
        peal__sip_session_over(s, PEAL_SIP_SESSION_END_CANCELLED);
    }
    peal_sip_context_unref(context);
}

/* ---- our answers ---- */

/* §13.3.1.4: from here on the 2xx is ours to repeat. The wire is fetched when the first repetition
 * is due: mostly the ACK is faster. */
static void on_success_sent(peal__sip_session *s)
{
    s->state = PEAL_SIP_SESSION_UP;
    if (!s->awaiting_ack) {
        s->awaiting_ack = true;
        (void)peal_sip_server_event_control_ref(s->invited);
    }
    s->interval_ms = peal__sip_session_t1(s);
    s->waited_ms = 0;
    peal__sip_session_start_clock(s, PEAL__CLOCK_ANSWER, s->interval_ms);
}

static void on_refusal_sent(peal__sip_session *s)
{
    peal__sip_session_forget_answer(s);
    s->invited = NULL;
    if (!s->reinvited) {
        peal__sip_session_over_soon(s, PEAL_SIP_SESSION_END_FAILED);
    }
}

peal_result peal__sip_session_on_outgoing_response(peal_sip_service *self,
                                                   peal_sip_packet *response,
                                                   peal_sip_server_event_control *control)
{
    peal__sip_session *s = peal__sip_session_of(self);
    const unsigned status = peal_sip_packet_status(response);
    if (control != s->invited || status < 200) {
        return PEAL_OK;
    }
    if (status < 300) {
        on_success_sent(s);
    } else {
        on_refusal_sent(s);
    }
    return PEAL_OK;
}

void peal__sip_session_forget_answer(peal__sip_session *s)
{
    if (!s->awaiting_ack) {
        return;
    }
    s->awaiting_ack = false;
    if (s->clock == PEAL__CLOCK_ANSWER) {
        peal__sip_session_stop_clock(s);
    }
    peal_sip_resend_free(s->answer);
    s->answer = NULL;
    peal_sip_server_request_done(s->invited);
    peal_sip_server_event_control_unref(s->invited);
    s->invited = NULL;
}

static void never_acknowledged(peal__sip_session *s)
{
    peal__sip_session_forget_answer(s);
    if (s->holding_bye) {
        peal__sip_session_release_bye(s);
    } else {
        peal__sip_session_say_bye(s);
        peal__sip_session_over(s, PEAL_SIP_SESSION_END_NO_ACK);
    }
}

/* The 2xx passed us and could not be sent after all (memory): the INVITE is open as before. When
 * nobody else holds its control, letting it go sends 500 (K9). */
static void reopen(peal__sip_session *s)
{
    peal_sip_server_event_control *control = s->invited;
    s->awaiting_ack = false;
    if (!s->reinvited) {
        s->state = PEAL_SIP_SESSION_INVITED;
    }
    peal_sip_server_event_control_unref(control);
}

/* §13.3.1.4: repeated at T1, then twice as long up to T2; after 64*T1 the session ends by BYE. */
void peal__sip_session_repeat_answer(peal__sip_session *s)
{
    const uint32_t limit = 64u * peal__sip_session_t1(s), t2 = peal__sip_session_t2(s);
    if (s->invited && !peal_sip_server_event_control_is_final_sent(s->invited)) {
        reopen(s);
        return;
    }
    s->waited_ms += s->interval_ms;
    if (s->waited_ms >= limit) {
        never_acknowledged(s);
        return;
    }
    if (!s->answer && s->invited) {
        (void)peal_sip_keep_response(s->invited, &s->answer); /* not out yet: the next time */
    }
    if (s->answer) {
        peal_sip_resend_now(s->answer);
    }
    s->interval_ms = 2 * s->interval_ms < t2 ? 2 * s->interval_ms : t2;
    if (s->interval_ms > limit - s->waited_ms) {
        s->interval_ms = limit - s->waited_ms;
    }
    peal__sip_session_start_clock(s, PEAL__CLOCK_ANSWER, s->interval_ms);
}

void peal__sip_session_on_server_request_ended(peal_sip_service *self,
                                               peal_sip_server_event_control *control,
                                               peal_result result)
{
    peal__sip_session *s = peal__sip_session_of(self);
    (void)result;
    if (control != s->invited || s->awaiting_ack) {
        return; /* in Accepted the session's own clock counts */
    }
    s->invited = NULL; /* it ended unanswered */
    if (!s->reinvited) {
        peal__sip_session_over_soon(s, PEAL_SIP_SESSION_END_FAILED);
    }
}
