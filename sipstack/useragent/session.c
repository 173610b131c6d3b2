/* SPDX-License-Identifier: MIT */
/* Session service (U2): the object, its interface, its clock and its end. Core thread.
 *
 *            invite()                    2xx                     bye(), BYE, no ACK …
 *   idle ───────────────> inviting ─────────────────> up ──────────────────────────────> ended
 *     │                       └──3xx–6xx, time-out──────────────────────────────────────────┤
 *     └──INVITE──> invited ──2xx sent──> up; CANCEL, BYE, 3xx–6xx sent ─────────────────────┘
 *
 * RFC 3261 §13–15, §9; RFC 6026. */
#include "sipstack/useragent/useragent_priv.h"

const peal_iid peal_sip_session_iid = { "peal.sip.session/1", UINT64_C(0xce8df6c899477957) };
const peal_clsid peal_sip_session_clsid = { "peal.sip.session", UINT64_C(0xe7fd68a66c78fa3b) };

peal__sip_session *peal__sip_session_of_face(peal_sip_session *face)
{
    return PEAL_IMPL(face, peal__sip_session, face);
}

peal__sip_session *peal__sip_session_of(peal_sip_service *service)
{
    return PEAL_IMPL(service, peal__sip_session, service);
}

static const peal_sip_settings *settings_of(const peal__sip_session *s)
{
    return peal_sip_core_settings(peal_sip_context_core(s->context));
}

uint32_t peal__sip_session_t1(const peal__sip_session *s)
{
    return settings_of(s)->t1_ms;
}

uint32_t peal__sip_session_t2(const peal__sip_session *s)
{
    return settings_of(s)->t2_ms;
}

peal_pool *peal__sip_session_pool(const peal__sip_session *s)
{
    return peal_sip_core_pool(peal_sip_context_core(s->context));
}

uint64_t peal__sip_session_now_ms(const peal__sip_session *s)
{
    return peal_thread_now_ms(peal_sip_core_config_core_thread(peal_sip_context_core(s->context)));
}

/* ---- the clock: one timer, one purpose at a time ---- */

static void on_timer(peal_timer *timer)
{
    peal__sip_session *s = PEAL_CONTAINER_OF(timer, peal__sip_session, timer);
    const peal__sip_session_clock clock = (peal__sip_session_clock)s->clock;
    peal_sip_context *context = peal_sip_context_ref(s->context);
    s->clock = PEAL__CLOCK_OFF;
    switch (clock) {
    case PEAL__CLOCK_ANSWER:
        peal__sip_session_repeat_answer(s);
        break;
    case PEAL__CLOCK_UNACKED:
        peal__sip_session_never_acked(s);
        break;
    case PEAL__CLOCK_END:
        peal__sip_session_over(s, (peal_sip_session_end)s->why);
        break;
    case PEAL__CLOCK_OFF:
        break;
    }
    peal_sip_context_unref(context);
}

void peal__sip_session_start_clock(peal__sip_session *s, peal__sip_session_clock clock,
                                   uint64_t delay_ms)
{
    s->clock = (uint8_t)clock;
    s->clock_at_ms = peal__sip_session_now_ms(s) + delay_ms;
    peal_sip_context_timer_start(s->context, &s->timer, delay_ms);
}

void peal__sip_session_stop_clock(peal__sip_session *s)
{
    if (s->clock != PEAL__CLOCK_OFF) {
        s->clock = PEAL__CLOCK_OFF;
        peal_sip_context_timer_stop(s->context, &s->timer);
    }
}

/* ---- the end ---- */

peal_result peal__sip_session_use_dialog(peal__sip_session *s)
{
    if (s->has_usage) {
        return PEAL_OK;
    }
    peal_result r = peal_sip_user_agent_add_usage(&s->ua->face);
    s->has_usage = r >= 0;
    return r;
}

static void leave_dialog(peal__sip_session *s)
{
    if (s->has_usage) {
        s->has_usage = false;
        peal_sip_user_agent_remove_usage(&s->ua->face);
    }
}

void peal__sip_session_over(peal__sip_session *s, peal_sip_session_end why)
{
    if (s->over || s->cleared) {
        return;
    }
    const bool hears = PEAL__SESSION_HEARS(s, on_ended);
    s->over = true;
    s->state = PEAL_SIP_SESSION_ENDED;
    peal__sip_session_stop_clock(s);
    peal__sip_session_forget_answer(s);
    peal__sip_session_drop_held_bye(s);
    peal__sip_session_refuse_invited(s);
    s->bye = NULL;
    leave_dialog(s);
    if (s->rest) {
        peal__sip_session_rest_over(s);
    } else if (hears) {
        peal_sip_context *context = peal_sip_context_ref(s->context);
        s->mgr->vt->on_ended(s->mgr, &s->face, why);
        peal_sip_context_unref(context);
    }
}

void peal__sip_session_over_soon(peal__sip_session *s, peal_sip_session_end why)
{
    if (s->over || s->cleared || s->clock == PEAL__CLOCK_END) {
        return; /* the first reason counts */
    }
    peal__sip_session_forget_answer(s);
    s->state = PEAL_SIP_SESSION_ENDED;
    s->why = (uint8_t)why;
    peal__sip_session_start_clock(s, PEAL__CLOCK_END, 0);
}

/* ---- the interface ---- */

static peal_result new_invite(peal_sip_session *self, peal_sip_packet **ret)
{
    return peal__sip_user_agent_new_request(peal__sip_session_of_face(self)->ua,
                                            PEAL_SIP_METHOD_INVITE, peal_str_of(NULL, 0), ret);
}

static peal_result new_ack(peal_sip_session *self, peal_sip_packet **ret)
{
    return peal__sip_user_agent_new_request(peal__sip_session_of_face(self)->ua,
                                            PEAL_SIP_METHOD_ACK, peal_str_of(NULL, 0), ret);
}

static peal_sip_session_state state(peal_sip_session *self)
{
    return (peal_sip_session_state)peal__sip_session_of_face(self)->state;
}

static peal_sip_context *context_of(peal_sip_session *self)
{
    return peal__sip_session_of_face(self)->context;
}

static const peal_sip_session_vt face_vt = {
    .unk = PEAL_UNK(peal__sip_session, face),
    .new_invite = new_invite,
    .invite = peal__sip_session_invite,
    .new_ack = new_ack,
    .ack = peal__sip_session_ack,
    .bye = peal__sip_session_bye,
    .fork_into = peal__sip_session_fork_into,
    .state = state,
    .context = context_of,
};

/* ---- the service ---- */

static peal_result attached(peal_sip_service *self, peal_sip_context *context)
{
    peal__sip_session *s = peal__sip_session_of(self);
    s->context = context;
    peal_list_init(&s->forks);
    peal_timer_init(&s->timer, on_timer);
    return peal__sip_user_agent_of(context, &s->ua);
}

/* K9: taking the manager away is clear for this service alone. */
static peal_result set_manager(peal_sip_service *self, void *manager)
{
    peal__sip_session *s = peal__sip_session_of(self);
    if (!manager && s->mgr) {
        peal__sip_session_clear(self);
    }
    s->mgr = manager;
    return PEAL_OK;
}

/* §12: an INVITE is a session's, and what belongs to it. */
static bool owns(peal_sip_service *self, peal_sip_packet *request)
{
    const peal_sip_method method = peal_sip_packet_method(request);
    (void)self;
    return method == PEAL_SIP_METHOD_INVITE || method == PEAL_SIP_METHOD_ACK ||
           method == PEAL_SIP_METHOD_BYE;
}

static peal_result on_outgoing_request(peal_sip_service *self, peal_sip_packet *request,
                                       peal_sip_client_request *handle)
{
    peal__sip_session *s = peal__sip_session_of(self);
    const peal_sip_cseq *cseq = NULL;
    if (peal_sip_packet_method(request) != PEAL_SIP_METHOD_INVITE) {
        return PEAL_OK;
    }
    peal__sip_invite *invite = s->sending ? s->sending : peal__sip_session_find(s, handle);
    peal_result r = invite ? peal_sip_packet_cseq(request, &cseq) : PEAL_OK;
    if (cseq) {
        invite->cseq = cseq->number; /* a new one, also when it is reissued */
        invite->failed = false;
    }
    return r;
}

static const peal_sip_service_vt service_vt = {
    .unk = PEAL_UNK(peal__sip_session, service),
    .size = sizeof service_vt,
    .attached = attached,
    .set_manager = set_manager,
    .clear = peal__sip_session_clear,
    .on_outgoing_request = on_outgoing_request,
    .on_incoming_response = peal__sip_session_on_response,
    .route_response = peal__sip_session_route_response,
    .report_client_event = peal__sip_session_report,
    .on_request_ended = peal__sip_session_on_request_ended,
    .on_incoming_request = peal__sip_session_on_request,
    .owns = owns,
    .manage_request = peal__sip_session_manage,
    .on_cancelled = peal__sip_session_on_cancelled,
    .on_outgoing_response = peal__sip_session_on_outgoing_response,
    .on_server_request_ended = peal__sip_session_on_server_request_ended,
};
static const peal_if_entry ifs[] = {
    PEAL_IF(peal_sip_session, peal__sip_session, face, face_vt),
    PEAL_IF(peal_sip_service, peal__sip_session, service, service_vt), PEAL_IF_END
};
const peal_class peal__sip_session_class = {
    .struct_size = sizeof peal__sip_session_class,
    .name = "peal.sip.session",
    .size = sizeof(peal__sip_session),
    .flags = PEAL_CLASS_ONE_THREAD,
    .ifs = ifs,
};
