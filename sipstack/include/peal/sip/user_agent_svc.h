/* SPDX-License-Identifier: MIT */
/** @file
 * User agent service (U1): dialog state (RFC 3261 §12) and what every request of a user agent
 * carries: From, To, Call-ID, CSeq, Max-Forwards, Route set, Contact, remote target. One context is
 * one dialog, or one series of requests outside of dialogs. Core thread. */
#ifndef PEAL_SIP_USER_AGENT_SVC_H
#define PEAL_SIP_USER_AGENT_SVC_H

#include <peal/sip/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** State of the dialog. */
typedef enum peal_sip_dialog_state {
    PEAL_SIP_DIALOG_NONE = 0,
    PEAL_SIP_DIALOG_EARLY,
    PEAL_SIP_DIALOG_CONFIRMED,
    PEAL_SIP_DIALOG_TERMINATED
} peal_sip_dialog_state;

/** How a user agent presents itself and whom it calls; views are copied; absent members are left as
 * they are (defaults: Call-ID and tags random, Contact user as in From). */
typedef struct peal_sip_user_agent_params {
    size_t size;          /**< sizeof(peal_sip_user_agent_params) */
    peal_str local;       /**< From of our requests: name-addr or addr-spec; no header parameters */
    peal_str remote;      /**< To of our requests, the same way */
    peal_str target;      /**< Request-URI (remote target) before a dialog exists */
    peal_str contact_user; /**< user part of our Contact */
    peal_str contact_params; /**< URI parameters of our Contact, with ';' */
    peal_str call_id;     /**< instead of a random one */
    peal_str routes;      /**< pre-loaded route set, as a Route value */
    uint32_t max_forwards; /**< 0: 70 */
} peal_sip_user_agent_params;

/** The service. CLSID peal_sip_user_agent_clsid. */
PEAL_INTERFACE(peal_sip_user_agent) {
    peal_unk_vt unk;
    peal_result (*configure)(peal_sip_user_agent *self, const peal_sip_user_agent_params *params);
    peal_sip_dialog_state (*state)(peal_sip_user_agent *self);
    peal_str (*call_id)(peal_sip_user_agent *self);
    peal_str (*local_tag)(peal_sip_user_agent *self);
    peal_str (*remote_tag)(peal_sip_user_agent *self);
    peal_str (*remote_target)(peal_sip_user_agent *self);
    peal_result (*add_local_tag)(peal_sip_user_agent *self, peal_str *ret);
    peal_result (*add_usage)(peal_sip_user_agent *self);
    void (*remove_usage)(peal_sip_user_agent *self);
    peal_sip_context *(*context)(peal_sip_user_agent *self);
};
/** Its class. */
PEAL_API extern const peal_clsid peal_sip_user_agent_clsid;

/** Sets names and targets; local, remote and target are needed before the first request.
 * @return PEAL_OK, PEAL_E_SIP_URI, PEAL_E_SIP_HEADER, PEAL_E_STATE once a dialog exists (only
 * contact_* and max_forwards may change then), PEAL_E_RANGE, PEAL_E_SIP_CLEARED, PEAL_E_NO_MEMORY
 */
PEAL_INLINE peal_result peal_sip_user_agent_configure(peal_sip_user_agent *u,
                                                      const peal_sip_user_agent_params *p)
{
    return u->vt->configure(u, p);
}
/** The dialog's state (RFC 3261 §12). */
PEAL_INLINE peal_sip_dialog_state peal_sip_user_agent_state(peal_sip_user_agent *u)
{
    return u->vt->state(u);
}
/** The Call-ID; absent before the first request. Texts live until the next change of the dialog. */
PEAL_INLINE peal_str peal_sip_user_agent_call_id(peal_sip_user_agent *u)
{
    return u->vt->call_id(u);
}
/** Our tag; absent before the first request. */
PEAL_INLINE peal_str peal_sip_user_agent_local_tag(peal_sip_user_agent *u)
{
    return u->vt->local_tag(u);
}
/** Absent before a dialog exists. */
PEAL_INLINE peal_str peal_sip_user_agent_remote_tag(peal_sip_user_agent *u)
{
    return u->vt->remote_tag(u);
}
/** Where requests are sent: what was configured, then the peer's Contact (§12.2.1.2). */
PEAL_INLINE peal_str peal_sip_user_agent_remote_target(peal_sip_user_agent *u)
{
    return u->vt->remote_target(u);
}
/** Server side of an INVITE: opens one more early dialog with a local tag of its own (K6). A
 * response whose To tag is set to it before sending belongs to that dialog; a 2xx makes it the
 * dialog and ends the others. The tag lives until then. @return PEAL_OK, PEAL_E_STATE,
 * PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_INLINE peal_result peal_sip_user_agent_add_local_tag(peal_sip_user_agent *u, peal_str *ret)
{
    return u->vt->add_local_tag(u, ret);
}
/** Counts a usage of the dialog (RFC 5057); for services that keep one.
 * @return PEAL_OK, PEAL_E_STATE when the dialog is over, PEAL_E_SIP_CLEARED, PEAL_E_LIMIT */
PEAL_INLINE peal_result peal_sip_user_agent_add_usage(peal_sip_user_agent *u)
{
    return u->vt->add_usage(u);
}
/** Takes a usage back; with the last one the dialog is terminated. */
PEAL_INLINE void peal_sip_user_agent_remove_usage(peal_sip_user_agent *u)
{
    u->vt->remove_usage(u);
}
/** The context, borrowed. */
PEAL_INLINE peal_sip_context *peal_sip_user_agent_context(peal_sip_user_agent *u)
{
    return u->vt->context(u);
}
/** Puts a To tag into a response before it is sent, see peal_sip_user_agent_add_local_tag().
 * @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_SIP_HEADER, PEAL_E_NO_MEMORY @thread core */
PEAL_API peal_result peal_sip_response_set_to_tag(peal_sip_packet *response, peal_str tag);

#ifdef __cplusplus
}
#endif
#endif
