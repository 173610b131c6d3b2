/* SPDX-License-Identifier: MIT */
/** @file
 * Session service (U2): INVITE, ACK, BYE, CANCEL, re-INVITE (RFC 3261 §9, §13–15; RFC 6026). Needs
 * the user agent service before it. Everything here is the core thread's.
 *
 * Clearing the context of a session that is not over sends what is owed: an open INVITE of ours is
 * cancelled (should a 2xx come all the same, it is acknowledged and ended with BYE); the peer's
 * open INVITE is refused; a session that is up gets a BYE, after the ACK where our 2xx still waits
 * for it (the stack sees to that alone, §15). See doc/guide/sessions.md for the flows. */
#ifndef PEAL_SIP_SESSION_SVC_H
#define PEAL_SIP_SESSION_SVC_H

#include <peal/sip/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a session stands. */
typedef enum peal_sip_session_state {
    PEAL_SIP_SESSION_IDLE = 0,
    PEAL_SIP_SESSION_INVITING,  /**< our INVITE is open */
    PEAL_SIP_SESSION_INVITED,   /**< the peer's INVITE is open */
    PEAL_SIP_SESSION_UP,        /**< 2xx sent or received (maybe not acknowledged yet) */
    PEAL_SIP_SESSION_ENDED
} peal_sip_session_state;

/** The session. CLSID peal_sip_session_clsid. */
PEAL_INTERFACE(peal_sip_session) {
    peal_unk_vt unk;
    peal_result (*new_invite)(peal_sip_session *self, peal_sip_packet **ret);
    peal_result (*invite)(peal_sip_session *self, peal_sip_packet *invite, void *opaque,
                          peal_sip_client_request **ret);
    peal_result (*new_ack)(peal_sip_session *self, peal_sip_packet **ret);
    peal_result (*ack)(peal_sip_session *self, peal_sip_packet *ack);
    peal_result (*bye)(peal_sip_session *self, peal_sip_packet *bye, void *opaque,
                       peal_sip_client_request **ret);
    peal_result (*fork_into)(peal_sip_session *self, peal_sip_session *fresh);
    peal_sip_session_state (*state)(peal_sip_session *self);
    peal_sip_context *(*context)(peal_sip_session *self);
};
/** Its class. */
PEAL_API extern const peal_clsid peal_sip_session_clsid;

/** Makes an INVITE packet to add headers and body to; send it by peal_sip_session_invite().
 * @return PEAL_OK, PEAL_E_SIP_NO_TARGET before the user agent was told whom to call,
 * PEAL_E_SIP_CLEARED, PEAL_E_NO_MEMORY */
PEAL_INLINE peal_result peal_sip_session_new_invite(peal_sip_session *s, peal_sip_packet **ret)
{
    return s->vt->new_invite(s, ret);
}
/** Sends an INVITE, or in a dialog a re-INVITE (RFC 3261 §13.2, §14.1). Its events: on_progress,
 * on_success or on_failure.
 * @param invite its reference is taken in any case; NULL: one without body
 * @param opaque the request's opaque
 * @param[out] ret one reference to the request, by which it can be cancelled; may be NULL. When a
 * 2xx crosses the CANCEL of a first INVITE, the session acknowledges it, says BYE, and reports
 * on_failure with a local 487: the application hears one end. A re-INVITE's 2xx is on_success all
 * the same.
 * @return PEAL_OK, PEAL_E_SIP_NO_MANAGER, PEAL_E_SIP_GLARE while another INVITE of either side is
 * open or not acknowledged, PEAL_E_STATE when ended, PEAL_E_SIP_CLEARED, PEAL_E_NO_MEMORY */
PEAL_INLINE peal_result peal_sip_session_invite(peal_sip_session *s, peal_sip_packet *invite,
                                                void *opaque, peal_sip_client_request **ret)
{
    return s->vt->invite(s, invite, opaque, ret);
}
/** Makes an ACK packet to add headers and body to. Same results as peal_sip_session_new_invite().
 */
PEAL_INLINE peal_result peal_sip_session_new_ack(peal_sip_session *s, peal_sip_packet **ret)
{
    return s->vt->new_ack(s, ret);
}
/** Acknowledges the 2xx reported last by on_success (RFC 3261 §13.2.2.4). It is kept and sent again
 * for each further 2xx. Without it within 64*T1 the session acknowledges, says BYE and reports
 * on_ended.
 * @param ack its reference is taken in any case; NULL: one without body
 * @return PEAL_OK, PEAL_E_STATE when there is nothing to acknowledge, PEAL_E_SIP_CLEARED,
 * PEAL_E_NO_MEMORY (nothing was sent; try again) */
PEAL_INLINE peal_result peal_sip_session_ack(peal_sip_session *s, peal_sip_packet *ack)
{
    return s->vt->ack(s, ack);
}
/** Ends the session, whatever it is doing (RFC 3261 §15). Up: BYE; a 2xx that the application has
 * not acknowledged gets its ACK first; where the peer has not acknowledged ours, BYE leaves when
 * the ACK comes or its time is over. An early dialog of a forked INVITE: BYE in it. An open INVITE
 * of ours: CANCEL instead, and its failure is the end. An open INVITE of the peer: 480 instead.
 * Events of a BYE: on_bye_answered, then on_ended.
 * @param bye its reference is taken in any case; NULL: one without more
 * @param[out] ret one reference to the BYE; NULL when none left yet; may be NULL
 * @return PEAL_OK, PEAL_I_PENDING when it waits for the ACK, PEAL_I_ALREADY, PEAL_E_STATE when
 * idle, PEAL_E_SIP_CLEARED, PEAL_E_NO_MEMORY */
PEAL_INLINE peal_result peal_sip_session_bye(peal_sip_session *s, peal_sip_packet *bye,
                                             void *opaque, peal_sip_client_request **ret)
{
    return s->vt->bye(s, bye, opaque, ret);
}
/** Inside on_new_session_needed only: the fresh context's session takes the forked dialog (C11); it
 * gets the destination that was forced on the first one, and lives on its own from then.
 * @param fresh of a context with user agent, session (with manager) and connection services, unused
 * @return PEAL_OK, PEAL_E_STATE, PEAL_E_SIP_NO_MANAGER, PEAL_E_NO_MEMORY */
PEAL_INLINE peal_result peal_sip_session_fork_into(peal_sip_session *s, peal_sip_session *fresh)
{
    return s->vt->fork_into(s, fresh);
}
/** Where the session stands. */
PEAL_INLINE peal_sip_session_state peal_sip_session_current_state(peal_sip_session *s)
{
    return s->vt->state(s);
}
/** The context, borrowed; its opaque finds the application's call. */
PEAL_INLINE peal_sip_context *peal_sip_session_context(peal_sip_session *s)
{
    return s->vt->context(s);
}
/** The opaque of the session's context. */
PEAL_INLINE void *peal_sip_session_opaque(peal_sip_session *s)
{
    return peal_sip_context_opaque(s->vt->context(s));
}

/** Why a session ended. */
typedef enum peal_sip_session_end {
    PEAL_SIP_SESSION_END_BYE_RECEIVED = 0, /**< the peer's BYE was answered */
    PEAL_SIP_SESSION_END_BYE_SENT,         /**< ours got a final answer or timed out */
    PEAL_SIP_SESSION_END_FAILED,           /**< the INVITE ended without success */
    PEAL_SIP_SESSION_END_NO_ACK,           /**< the peer never acknowledged our 2xx; BYE was sent */
    PEAL_SIP_SESSION_END_NOT_ACKED,        /**< the application never did; ACK and BYE were sent */
    PEAL_SIP_SESSION_END_CANCELLED,        /**< the peer cancelled its INVITE; 487 was sent */
    PEAL_SIP_SESSION_END_FORK_LOST,        /**< an early forked dialog that another one outlived */
    PEAL_SIP_SESSION_END_DIALOG_GONE       /**< the peer answered 481 or 408 inside the dialog */
} peal_sip_session_end;

/** The application's end. Controls may be kept; packets and others are borrowed during the call. */
PEAL_MANAGER(peal_sip_session_mgr) {
    size_t size; /**< sizeof(peal_sip_session_mgr_vt) */
    /** The peer's first INVITE. Request manager event: the control may be kept. */
    void (*on_invited)(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_server_event_control *control, peal_sip_packet *invite);
    /** A re-INVITE; absent: 488. Glare was answered 491 or 500 already (§14.2). */
    void (*on_reinvited)(peal_sip_session_mgr *self, peal_sip_session *session,
                         peal_sip_server_event_control *control, peal_sip_packet *invite);
    /** The peer's ACK to our 2xx came. */
    void (*on_acknowledged)(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_packet *ack);
    /** The peer cancelled: 487 was sent by the service (RFC 3261 §9.2). on_ended follows for a
     * first INVITE. */
    void (*on_cancelled)(peal_sip_session_mgr *self, peal_sip_session *session,
                         peal_sip_server_event_control *control, peal_sip_packet *cancel);
    /** A 1xx above 100 of our INVITE. */
    void (*on_progress)(peal_sip_session_mgr *self, peal_sip_session *session,
                        peal_sip_client_event_control *control, peal_sip_packet *response);
    /** The 2xx of our INVITE: call peal_sip_session_ack(), now or later. */
    void (*on_success)(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response);
    /** 3xx–6xx, or a local 408, 503, 487. For a first INVITE on_ended follows unless reissued.
     * After a 2xx that crossed our CANCEL @p response is a local 487, while the control has the
     * 2xx. */
    void (*on_failure)(peal_sip_session_mgr *self, peal_sip_session *session,
                       peal_sip_client_event_control *control, peal_sip_packet *response);
    /** A 1xx or 2xx of our INVITE came with another To tag (§13.2.2.4): make a context of the same
     * kind and call peal_sip_session_fork_into(); its session then reports the response. Not done:
     * a 2xx is acknowledged and ended with BYE, a 1xx ignored (the next response of that dialog
     * asks again). Early dialogs that got no 2xx end with on_ended when the INVITE is over, 64*T1
     * after the first 2xx, or at once when it failed. Only the first session hears on_failure. */
    void (*on_new_session_needed)(peal_sip_session_mgr *self, peal_sip_session *session,
                                  peal_sip_packet *response);
    /** The peer's BYE. Absent, or not answered inside: 200. on_ended follows at once; when the
     * context is cleared inside, answer before. */
    void (*on_bye)(peal_sip_session_mgr *self, peal_sip_session *session,
                   peal_sip_server_event_control *control, peal_sip_packet *bye);
    /** A final answer to our BYE (absent: nothing is lost). */
    void (*on_bye_answered)(peal_sip_session_mgr *self, peal_sip_session *session,
                            peal_sip_client_event_control *control, peal_sip_packet *response);
    /** The session is over: exactly once, last of all. The context may be cleared and released
     * here. */
    void (*on_ended)(peal_sip_session_mgr *self, peal_sip_session *session,
                     peal_sip_session_end why);
};

#ifdef __cplusplus
}
#endif
#endif
