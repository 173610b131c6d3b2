/* SPDX-License-Identifier: MIT */
/* The rest of a session whose context was cleared while its 2xx waited for the ACK: the callee may
 * not say BYE before (RFC 3261 §15), so a context of our own takes the dialog over, goes on
 * repeating the 2xx, says BYE when the ACK comes or its time is over, and ends itself. It has the
 * built-in connection services; services of third parties do not follow. Core thread. K9. */
#include "sipstack/useragent/useragent_priv.h"

struct peal__sip_rest {
    peal_msg msg;
    peal_sip_context *context; /* counted */
    bool posted;
};

static void let_go(peal_msg *msg)
{
    struct peal__sip_rest *rest = PEAL_CONTAINER_OF(msg, struct peal__sip_rest, msg);
    peal_sip_context_clear(rest->context);
    peal_sip_context_unref(rest->context);
    peal_free(rest);
}

/* Not from inside: the context goes with the next message. */
void peal__sip_session_rest_over(peal__sip_session *s)
{
    if (!s->rest->posted) {
        s->rest->posted = true;
        s->rest->msg.run = let_go;
        peal_thread_post(peal_sip_core_config_core_thread(peal_sip_context_core(s->context)),
                         &s->rest->msg);
    }
}

static peal_result make_context(peal_sip_core_config *core, peal_sip_context **ret)
{
    const peal_clsid *const services[] = { &peal_sip_user_agent_clsid,
                                           &peal_sip_session_clsid,
                                           &peal_sip_destination_selection_clsid,
                                           &peal_sip_server_location_clsid,
                                           &peal_sip_via_management_clsid,
                                           &peal_sip_symmetric_udp_clsid };
    peal_sip_context *context = NULL;
    peal_result r = peal_sip_context_new(core, &context);
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(services); i++) {
        r = peal_sip_context_attach(context, services[i], NULL);
    }
    if (r < 0) {
        if (context) {
            peal_sip_context_clear(context);
            peal_sip_context_unref(context);
        }
        return r;
    }
    *ret = context;
    return PEAL_OK;
}

static peal_result session_of(peal_sip_context *context, peal__sip_session **ret)
{
    peal_sip_session *face = NULL;
    peal_result r = peal_sip_session_query(&context->unk, &face);
    if (r >= 0) {
        *ret = peal__sip_session_of_face(face);
        peal_sip_session_unref(face); /* it lives as long as the context */
    }
    return r;
}

static void move(peal__sip_session *s, peal__sip_session *to)
{
    const uint64_t now = peal__sip_session_now_ms(s);
    peal__sip_user_agent_hand_over(s->ua, to->ua);
    to->state = PEAL_SIP_SESSION_UP;
    to->answer = s->answer;
    s->answer = NULL;
    to->awaiting_ack = true;
    to->holding_bye = true;
    to->invited_cseq = s->invited_cseq;
    to->interval_ms = s->interval_ms;
    to->waited_ms = s->waited_ms;
    /* The repetition that is due next stays due when it was. */
    peal__sip_session_start_clock(to, PEAL__CLOCK_ANSWER,
                                  s->clock_at_ms > now ? s->clock_at_ms - now : 0);
}

bool peal__sip_session_live_on(peal__sip_session *s)
{
    peal_sip_context *context = NULL;
    peal__sip_session *to = NULL;
    if (!s->answer && (!s->invited || peal_sip_keep_response(s->invited, &s->answer) < 0)) {
        return false;
    }
    struct peal__sip_rest *rest = peal_calloc(1, sizeof *rest);
    if (!rest) {
        return false;
    }
    peal_result r = make_context(peal_sip_context_core(s->context), &context);
    if (r < 0 || (r = session_of(context, &to)) < 0 ||
        (r = peal__sip_session_copy_destination(s, to)) < 0 ||
        (r = peal__sip_session_use_dialog(to)) < 0) {
        if (context) {
            peal_sip_context_clear(context);
            peal_sip_context_unref(context);
        }
        peal_free(rest);
        return false;
    }
    rest->context = context;
    to->rest = rest;
    move(s, to);
    return true;
}
