/* SPDX-License-Identifier: MIT */
/** @file
 * Generic service (U11): any other request, in or out of a dialog: OPTIONS, MESSAGE, INFO, unknown
 * ones. Needs the user agent service before it. Core thread. */
#ifndef PEAL_SIP_GENERIC_SVC_H
#define PEAL_SIP_GENERIC_SVC_H

#include <peal/sip/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The service. CLSID peal_sip_generic_clsid. */
PEAL_INTERFACE(peal_sip_generic) {
    peal_unk_vt unk;
    peal_result (*new_request)(peal_sip_generic *self, peal_sip_method method, peal_str method_text,
                               peal_sip_packet **ret);
    peal_result (*send)(peal_sip_generic *self, peal_sip_packet *request, void *opaque,
                        peal_sip_client_request **ret);
    peal_sip_context *(*context)(peal_sip_generic *self);
};
/** Its class. */
PEAL_API extern const peal_clsid peal_sip_generic_clsid;

/** Makes a request to the remote target, to add headers and body to.
 * @param method_text used for PEAL_SIP_METHOD_UNKNOWN only
 * @return PEAL_OK, PEAL_E_ARGUMENT for INVITE, ACK, BYE, CANCEL and PRACK, PEAL_E_SIP_NO_TARGET
 * before the user agent was told whom to ask, PEAL_E_SIP_CLEARED, PEAL_E_NO_MEMORY */
PEAL_INLINE peal_result peal_sip_generic_new_request(peal_sip_generic *g, peal_sip_method method,
                                                     peal_str method_text, peal_sip_packet **ret)
{
    return g->vt->new_request(g, method, method_text, ret);
}
/** Sends it, in the dialog when there is one (RFC 3261 §12.2.1), else outside (§8.1). Events:
 * on_progress, on_answered. Several may be open at once.
 * @param request its reference is taken in any case
 * @param[out] ret one reference to the request; may be NULL
 * @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_SIP_NO_MANAGER, PEAL_E_SIP_NO_DIALOG when the dialog is
 * over, PEAL_E_SIP_CLEARED, PEAL_E_NO_MEMORY */
PEAL_INLINE peal_result peal_sip_generic_send(peal_sip_generic *g, peal_sip_packet *request,
                                              void *opaque, peal_sip_client_request **ret)
{
    return g->vt->send(g, request, opaque, ret);
}
/** The context, borrowed. */
PEAL_INLINE peal_sip_context *peal_sip_generic_context(peal_sip_generic *g)
{
    return g->vt->context(g);
}
/** The opaque of the service's context. */
PEAL_INLINE void *peal_sip_generic_opaque(peal_sip_generic *g)
{
    return peal_sip_context_opaque(g->vt->context(g));
}

/** The application's end. */
PEAL_MANAGER(peal_sip_generic_mgr) {
    size_t size; /**< sizeof(peal_sip_generic_mgr_vt) */
    /** A request no other service of the context owns; absent: 501 (K9). */
    void (*on_request)(peal_sip_generic_mgr *self, peal_sip_generic *service,
                       peal_sip_server_event_control *control, peal_sip_packet *request);
    /** A final response, or a local one. */
    void (*on_answered)(peal_sip_generic_mgr *self, peal_sip_generic *service,
                        peal_sip_client_event_control *control, peal_sip_packet *response);
    /** A 1xx above 100; absent: nothing is lost. */
    void (*on_progress)(peal_sip_generic_mgr *self, peal_sip_generic *service,
                        peal_sip_client_event_control *control, peal_sip_packet *response);
};

#ifdef __cplusplus
}
#endif
#endif
