/* SPDX-License-Identifier: MIT */
/* The way of a packet that no transaction took: to its dialog's context, else to the core user
 * (RFC 3261 §12.2.2, §8.2). Core thread. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

static bool has_to_tag(peal_sip_packet *packet)
{
    const peal_sip_address *to = NULL;
    return peal_sip_packet_to(packet, &to) >= 0 && to->tag.n > 0;
}

static bool is_refused_by_shutdown(const peal__core *core, peal_sip_packet *request)
{
    const peal_sip_method method = peal_sip_packet_method(request);
    return core->state != PEAL__CORE_RUNNING && method != PEAL_SIP_METHOD_ACK &&
           method != PEAL_SIP_METHOD_CANCEL && !has_to_tag(request);
}

static peal_result add_retry_after(peal_sip_packet *response, void *arg)
{
    (void)arg;
    return peal_sip_packet_set_number(response, PEAL_SIP_HEADER_RETRY_AFTER, 10);
}

/* A context could not even start with it: nothing was answered yet. */
static void answer_failure(peal__core *core, peal_sip_packet *request, peal_result result)
{
    PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, core, "request not handled: %s",
               peal_result_name(result));
    if (peal_sip_packet_method(request) != PEAL_SIP_METHOD_ACK) {
        const unsigned status = result == PEAL_E_SIP_CLEARED ? 481 : 503;
        (void)peal__sip_respond_stateless(core->txns, request, status, peal_str_z(NULL), NULL,
                                          NULL);
    }
}

static void to_context(peal__core *core, peal_sip_context *context, peal_sip_packet *request)
{
    (void)peal_sip_context_ref(context);
    peal_result r = peal_sip_context_handle_packet(context, request);
    if (r < 0) {
        answer_failure(core, request, r);
    }
    peal_sip_context_unref(context);
}

static void to_user(peal__core *core, peal_sip_packet *request)
{
    if (PEAL_VT_HAS(peal_sip_core_user, core->user->vt, on_packet)) {
        core->user->vt->on_packet(core->user, &core->config, request);
    }
}

static void on_request(void *user, peal_sip_packet *request)
{
    peal__core *core = user;
    peal_sip_context *context = NULL;
    if (peal_sip_packet_fault(request)->result < 0) {
        to_user(core, request); /* no context sees a malformed request */
    } else if (is_refused_by_shutdown(core, request)) {
        (void)peal__sip_respond_stateless(core->txns, request, 503, peal_str_z(NULL),
                                          add_retry_after, NULL);
    } else if ((context = peal_sip_dialog_matcher_find(core->matchers, request)) != NULL) {
        to_context(core, context, request);
    } else {
        to_user(core, request);
    }
    peal_sip_packet_unref(request);
}

/* RFC 6026 §7.3: what matches no transaction is not passed on. */
static void on_stray_response(void *user, peal_sip_packet *response)
{
    peal__core *core = user;
    if (PEAL_VT_HAS(peal_sip_core_user, core->user->vt, on_stray_response)) {
        core->user->vt->on_stray_response(core->user, response);
    }
    peal_sip_packet_unref(response);
}

static void on_shut_down(void *user)
{
    peal__core_transport_down(user);
}

const peal__sip_txn_user peal__core_txn_user = {
    .on_request = on_request,
    .on_stray_response = on_stray_response,
    .on_shut_down = on_shut_down,
};
