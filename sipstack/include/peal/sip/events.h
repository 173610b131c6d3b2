/* SPDX-License-Identifier: MIT */
/** @file
 * Requests sent and received on contexts, and the controls by which the application decides.
 *
 * A *client request* is one request being sent, with all its tries, reissues and events. A *client
 * event control* comes with each event of it and takes exactly one decision: reissue, call next,
 * clear. A *server event control* comes with each request received and sends its responses.
 * All are the core thread's. A control may be kept (a reference) and used later; after the
 * context's clear every call gives PEAL_E_SIP_CLEARED. */
#ifndef PEAL_SIP_EVENTS_H
#define PEAL_SIP_EVENTS_H

#include <peal/ecom.h>
#include <peal/sip/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

struct peal_sip_context;

/** One request sent (K3). The handle identifies it; releasing it does not end it. */
PEAL_INTERFACE(peal_sip_client_request) {
    peal_unk_vt unk;
    peal_sip_method (*method)(peal_sip_client_request *self);
    void *(*opaque)(peal_sip_client_request *self);
    peal_result (*cancel)(peal_sip_client_request *self, peal_str reason);
    peal_sip_packet *(*packet)(peal_sip_client_request *self);
    struct peal_sip_context *(*context)(peal_sip_client_request *self);
};
/** The method of the request. */
PEAL_INLINE peal_sip_method peal_sip_client_request_method(peal_sip_client_request *r)
{
    return r->vt->method(r);
}
/** The opaque given when it was sent. */
PEAL_INLINE void *peal_sip_client_request_opaque(peal_sip_client_request *r)
{
    return r->vt->opaque(r);
}
/** Cancels an INVITE at any moment (K3): while no 1xx came it is held back; when nothing was sent
 * yet it ends by a local 487. The final response still comes as an event.
 * @param reason value of a Reason header (RFC 3326), may be absent
 * @return PEAL_OK, PEAL_I_ALREADY, PEAL_E_STATE when it is final or no INVITE,
 * PEAL_E_SIP_CLEARED */
PEAL_INLINE peal_result peal_sip_client_request_cancel(peal_sip_client_request *r, peal_str reason)
{
    return r->vt->cancel(r, reason);
}
/** The request as the services completed it (stage 1), borrowed, read only; NULL once all its
 * events are decided. */
PEAL_INLINE peal_sip_packet *peal_sip_client_request_packet(peal_sip_client_request *r)
{
    return r->vt->packet(r);
}
/** The context it was sent on, borrowed; NULL after clear. */
PEAL_INLINE struct peal_sip_context *peal_sip_client_request_context(peal_sip_client_request *r)
{
    return r->vt->context(r);
}

/** One event of a client request. */
PEAL_INTERFACE(peal_sip_client_event_control) {
    peal_unk_vt unk;
    peal_sip_client_request *(*request)(peal_sip_client_event_control *self);
    peal_sip_packet *(*response)(peal_sip_client_event_control *self);
    peal_result (*local_result)(peal_sip_client_event_control *self);
    peal_result (*reissue)(peal_sip_client_event_control *self);
    peal_result (*call_next)(peal_sip_client_event_control *self);
    peal_result (*clear_events)(peal_sip_client_event_control *self);
};
/** The request concerned, borrowed. */
PEAL_INLINE peal_sip_client_request *
peal_sip_client_event_control_request(peal_sip_client_event_control *c)
{
    return c->vt->request(c);
}
/** The response, borrowed. A time-out or send failure gives a local 408 or 503 (RFC 3261
 * §8.1.3.1). */
PEAL_INLINE peal_sip_packet *
peal_sip_client_event_control_response(peal_sip_client_event_control *c)
{
    return c->vt->response(c);
}
/** PEAL_OK for a response from the network; else why the local one was made: PEAL_E_SIP_TIMEOUT,
 * PEAL_E_SIP_SEND, PEAL_E_SIP_CANCELLED, PEAL_E_SIP_NO_TARGET … */
PEAL_INLINE peal_result
peal_sip_client_event_control_local_result(peal_sip_client_event_control *c)
{
    return c->vt->local_result(c);
}
/** Decision: send the cached request again after a failure, with a new CSeq; the queue and cache of
 * events are emptied. The host that answered is asked again unless Request-URI or top Route
 * changed.
 * @return PEAL_OK, PEAL_E_SIP_DECIDED, PEAL_E_SIP_REISSUE after a success or a 1xx, PEAL_E_LIMIT,
 * PEAL_E_SIP_CLEARED */
PEAL_INLINE peal_result peal_sip_client_event_control_reissue(peal_sip_client_event_control *c)
{
    return c->vt->reissue(c);
}
/** Decision: go on with the next event of this response.
 * @return PEAL_OK, PEAL_E_SIP_DECIDED, PEAL_E_SIP_NO_MORE_EVENTS after the last (which counts as
 * the decision clear), PEAL_E_SIP_CLEARED */
PEAL_INLINE peal_result peal_sip_client_event_control_call_next(peal_sip_client_event_control *c)
{
    return c->vt->call_next(c);
}
/** Decision: no further events of this response.
 * @return PEAL_OK, PEAL_E_SIP_DECIDED, PEAL_E_SIP_CLEARED */
PEAL_INLINE peal_result
peal_sip_client_event_control_clear_events(peal_sip_client_event_control *c)
{
    return c->vt->clear_events(c);
}

/** One request received (C8). */
PEAL_INTERFACE(peal_sip_server_event_control) {
    peal_unk_vt unk;
    peal_sip_packet *(*request)(peal_sip_server_event_control *self);
    uintptr_t (*opaque)(peal_sip_server_event_control *self);
    void (*set_opaque)(peal_sip_server_event_control *self, uintptr_t opaque);
    peal_result (*new_response)(peal_sip_server_event_control *self, unsigned status,
                                peal_str reason, peal_sip_packet **ret);
    peal_result (*send_response)(peal_sip_server_event_control *self, peal_sip_packet *response);
    struct peal_sip_context *(*context)(peal_sip_server_event_control *self);
    bool (*is_final_sent)(peal_sip_server_event_control *self);
};
/** The request, borrowed; NULL once the final response was sent (K11). */
PEAL_INLINE peal_sip_packet *
peal_sip_server_event_control_request(peal_sip_server_event_control *c)
{
    return c->vt->request(c);
}
/** The opaque that helper services and their managers left (starts at 0). */
PEAL_INLINE uintptr_t peal_sip_server_event_control_opaque(peal_sip_server_event_control *c)
{
    return c->vt->opaque(c);
}
/** Leaves an opaque for the services and managers behind. */
PEAL_INLINE void peal_sip_server_event_control_set_opaque(peal_sip_server_event_control *c,
                                                          uintptr_t opaque)
{
    c->vt->set_opaque(c, opaque);
}
/** Makes a response to the request: add headers and body, then send it. @p reason absent: usual. */
PEAL_INLINE peal_result
peal_sip_server_event_control_new_response(peal_sip_server_event_control *c, unsigned status,
                                           peal_str reason, peal_sip_packet **ret)
{
    return c->vt->new_response(c, status, reason, ret);
}
/** Sends a response: passes the services in attach order, then goes out. The reference is taken in
 * any case. Any number of 1xx, exactly one final.
 * @return PEAL_OK, PEAL_E_SIP_FINAL_SENT, PEAL_E_SIP_CLEARED, PEAL_E_SIP_TIMEOUT when nobody waits
 * for it any more (RFC 4320), PEAL_E_ARGUMENT, PEAL_E_NO_MEMORY, what a service refused it with */
PEAL_INLINE peal_result
peal_sip_server_event_control_send_response(peal_sip_server_event_control *c,
                                            peal_sip_packet *response)
{
    return c->vt->send_response(c, response);
}
/** The context it came to, borrowed; NULL after clear. */
PEAL_INLINE struct peal_sip_context *
peal_sip_server_event_control_context(peal_sip_server_event_control *c)
{
    return c->vt->context(c);
}
/** A final response was sent. */
PEAL_INLINE bool peal_sip_server_event_control_is_final_sent(peal_sip_server_event_control *c)
{
    return c->vt->is_final_sent(c);
}
/** Makes and sends a response without body in one go. */
PEAL_API peal_result peal_sip_server_event_control_respond(peal_sip_server_event_control *c,
                                                           unsigned status, peal_str reason);

#ifdef __cplusplus
}
#endif
#endif
