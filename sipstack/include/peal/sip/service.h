/* SPDX-License-Identifier: MIT */
/** @file
 * For those who write services: the interface every service implements, and what the core offers
 * it. See doc/guide/services.md for a worked example. Everything here is the core thread's.
 *
 * Way of a request out: *stage 1*, once for each issue: on_outgoing_request of each service in
 * attach order turns what the sender gave into the template; a reissue starts from what the sender
 * gave again, so nothing that a service added before is there. *Stage 2*, once per try: select of
 * each service fills the list of hosts or the destination; the core picks the next host and the
 * local address; on_local_address of each service; then on_try of each service (Via, output
 * controlling …); then it is sent.
 *
 * Way of a response in: on_incoming_response of each service in attach order, which may queue
 * events; then events are reported one by one, the sender's last.
 *
 * Way of a request in: on_incoming_request of each service in attach order; then the request
 * manager (the service that owns the method) reports it. */
#ifndef PEAL_SIP_SERVICE_H
#define PEAL_SIP_SERVICE_H

#include <peal/ecom_impl.h>
#include <peal/sip/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A service, seen by the core. */
typedef struct peal_sip_service peal_sip_service;
typedef struct peal_sip_try peal_sip_try;
/** A sent message kept to be sent again as it is (ACK to 2xx, 2xx). */
typedef struct peal_sip_resend peal_sip_resend;

/** What a service says of an incoming request. */
typedef enum peal_sip_verdict {
    PEAL_SIP_CONTINUE = 0, /**< next service */
    PEAL_SIP_CONSUMED,     /**< dealt with (ACK, its own retransmission): nobody else sees it */
    PEAL_SIP_REFUSED       /**< the service answered it: no further events */
} peal_sip_verdict;

/** One destination. */
typedef struct peal_sip_host {
    peal_socket_addr address;     /**< address and port */
    peal_sip_transport transport; /**< by which transport */
} peal_sip_host;

/** What services fill in and see in stage 2. */
struct peal_sip_try {
    peal_sip_client_request *request; /**< borrowed; NULL for an ACK */
    peal_sip_packet *packet;     /**< this try's copy of the template; NULL once it was sent */
    unsigned number;             /**< 0 for the first */
    peal_sip_uri target;         /**< set by destination selection: next hop URI */
    bool has_target;             /**< target is set */
    peal_sip_host host;          /**< chosen destination (after select) */
    peal_sip_local local;        /**< chosen local address (after select) */
};

/** The author's interface. Every function but `attached` may be NULL. */
PEAL_INTERFACE(peal_sip_service) {
    peal_unk_vt unk;
    size_t size; /**< sizeof(peal_sip_service_vt) */
    /** The service is in the context now; @p context is borrowed for life. */
    peal_result (*attached)(peal_sip_service *self, peal_sip_context *context);
    /** Sets the manager; NULL: none. PEAL_E_ARGUMENT when the service has none. Taking it away is
     * clear for a core service alone (K9); a connection service, whose clear may come later than
     * the context's, goes on without reporting. */
    peal_result (*set_manager)(peal_sip_service *self, void *manager);
    /** The context is being cleared: send what is owed, leave all tables, drop pending state. Core
     * services first, in reverse attach order, while all others still work (server requests without
     * a final response were answered already); connection services last, and not before the last
     * request that was sent has found its way. After it nothing of this service is called but the
     * release. */
    void (*clear)(peal_sip_service *self);

    /** Stage 1: adds this service's part to a request that @p sender sends. */
    peal_result (*on_outgoing_request)(peal_sip_service *self, peal_sip_packet *request,
                                       peal_sip_client_request *handle);
    /** Stage 2, before a local address is chosen: sets try->target or adds hosts (only asked while
     * the list of hosts is empty). May answer PEAL_I_PENDING; then peal_sip_select_done() must be
     * called exactly once, also when the request was cancelled meanwhile, and inside clear at the
     * latest. */
    peal_result (*select)(peal_sip_service *self, peal_sip_try *t);
    /** Stage 2: sets what depends on the local address (Contact). Also for responses (try NULL). */
    peal_result (*on_local_address)(peal_sip_service *self, peal_sip_packet *packet,
                                    const peal_sip_local *local);
    /** Stage 2, last: Via, changes to the final packet. */
    peal_result (*on_try)(peal_sip_service *self, peal_sip_try *t);
    /** A try ended: @p result PEAL_OK when it was answered; PEAL_E_SIP_TIMEOUT without an answer;
     * PEAL_E_SIP_SEND when it was not sent, or answered by 503 while there are more hosts. */
    void (*on_try_ended)(peal_sip_service *self, peal_sip_try *t, peal_result result);

    /** A response (or local one) of a request of this context, never a 100; may queue an event by
     * peal_sip_queue_client_event(). PEAL_I_PENDING keeps it from the services behind
     * (consumed). */
    peal_result (*on_incoming_response)(peal_sip_service *self, peal_sip_client_request *request,
                                        peal_sip_packet *response);
    /** Which context a response belongs to, asked of the sender's context first: a service that
     * knows forked dialogs (C11) gives another context (one reference) or leaves *ret alone. */
    peal_result (*route_response)(peal_sip_service *self, peal_sip_client_request *request,
                                  peal_sip_packet *response, peal_sip_context **ret);
    /** Reports the event queued under @p code to the manager. The manager decides on @p control. */
    void (*report_client_event)(peal_sip_service *self, peal_sip_client_event_control *control,
                                unsigned code);
    /** A request this service sent is over: nothing more will be reported of it (after the last
     * event, or after Accepted ended for an INVITE). Not called after clear. */
    void (*on_request_ended)(peal_sip_service *self, peal_sip_client_request *request);

    /** A request in; @p control is NULL for ACK. */
    peal_sip_verdict (*on_incoming_request)(peal_sip_service *self, peal_sip_packet *request,
                                            peal_sip_server_event_control *control);
    /** This service is the request manager of such requests. */
    bool (*owns)(peal_sip_service *self, peal_sip_packet *request);
    /** Request manager: reports the request; @p control is NULL for ACK. */
    void (*manage_request)(peal_sip_service *self, peal_sip_packet *request,
                           peal_sip_server_event_control *control);
    /** Request manager: the INVITE of @p control was cancelled by the peer (200 to the CANCEL is
     * out). */
    void (*on_cancelled)(peal_sip_service *self, peal_sip_server_event_control *control,
                         peal_sip_packet *cancel);
    /** Adds this service's part to a response (To tag, Contact …). */
    peal_result (*on_outgoing_response)(peal_sip_service *self, peal_sip_packet *response,
                                        peal_sip_server_event_control *control);
    /** Request manager, of an INVITE only: the ACK to a non-2xx came (PEAL_OK) or never came
     * (PEAL_E_SIP_TIMEOUT), or a final response could not be sent (why). Of other requests nothing
     * is left to tell once the final response is on its way. */
    void (*on_server_request_ended)(peal_sip_service *self, peal_sip_server_event_control *control,
                                    peal_result result);
};

/** @name What the core offers to services
 * @{ */
/** Sends a request on the context. Stage 1 runs at once; selection and sending follow, never
 * calling back from inside. @p packet has the method, what the service and the application added,
 * and maybe a Request-URI; its reference is taken in any case.
 * @param ret one reference, or NULL when not wanted
 * @return PEAL_OK, PEAL_E_SIP_CLEARED, PEAL_E_SIP_SERVICE_MISSING, PEAL_E_LIMIT (max_requests of
 * peal_sip_settings are open), PEAL_E_NO_MEMORY, what a
 * service's stage 1 refused with (then nothing was sent and nothing will be reported) */
PEAL_API peal_result peal_sip_send_request(peal_sip_context *context, peal_sip_service *sender,
                                           peal_sip_packet *packet, void *opaque,
                                           peal_sip_client_request **ret);
/** Sends an ACK for a 2xx (K4): a new branch without a transaction, stages 1 and 2 run once. The
 * handle resends it for each further 2xx by peal_sip_resend_now().
 * @param packet  an ACK with what the service and the application added; reference taken in any
 * case.
 *                Its CSeq becomes the INVITE's.
 * @param invite  the INVITE it acknowledges: gives the CSeq number and, where nothing else is
 * known, the way */
PEAL_API peal_result peal_sip_send_ack(peal_sip_context *context, peal_sip_service *sender,
                                       peal_sip_packet *packet, peal_sip_client_request *invite,
                                       peal_sip_resend **ret);
/** Sends it again; skipped while the last is in flight. */
PEAL_API void peal_sip_resend_now(peal_sip_resend *resend);
/** Lets it go; NULL allowed. */
PEAL_API void peal_sip_resend_free(peal_sip_resend *resend);
/** Keeps the last response of a server request for retransmission by its service (2xx to INVITE);
 * it stays good after the context's clear.
 * @return PEAL_OK, PEAL_E_STATE when none was sent or it is kept already, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_keep_response(peal_sip_server_event_control *control,
                                            peal_sip_resend **ret);
/** Says that the end of a server request that has its final response is of no interest any more: of
 * an INVITE, once its 2xx was acknowledged or given up. Its transaction goes on alone (K11), and
 * on_server_request_ended does not follow. Before the final response, and while the response is
 * kept, nothing happens. NULL allowed.
 * @thread core */
PEAL_API void peal_sip_server_request_done(peal_sip_server_event_control *control);
/** Queues an event for the response being handled: only inside on_incoming_response. @p code is the
 * service's own. @return PEAL_OK, PEAL_E_STATE outside, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_queue_client_event(peal_sip_client_request *request,
                                                 peal_sip_service *service, unsigned code);
/** Adds a destination to the list of the request: only inside select or before select_done.
 * @return PEAL_OK, PEAL_E_ARGUMENT without an address or port, PEAL_E_LIMIT, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_try_add_host(peal_sip_try *t, const peal_sip_host *host);
/** Ends a pending select. */
PEAL_API void peal_sip_select_done(peal_sip_try *t, peal_result result);
/** The service that sent this request, borrowed. */
PEAL_API peal_sip_service *peal_sip_client_request_sender(peal_sip_client_request *request);
/** This INVITE's client transaction saw a 2xx and is in Accepted, or is over. */
PEAL_API bool peal_sip_client_request_is_final(peal_sip_client_request *request);
/** The application cancelled it; a 2xx may come all the same (RFC 3261 §9.1). */
PEAL_API bool peal_sip_client_request_is_cancelled(peal_sip_client_request *request);
/** A 1xx, 100 included, came to its present try: somebody is there (RFC 3261 §9.1: CANCEL may be
 * sent). */
PEAL_API bool peal_sip_client_request_has_provisional(peal_sip_client_request *request);
/** Starts a timer that belongs to the context (counted in call.timers). */
PEAL_API void peal_sip_context_timer_start(peal_sip_context *context, peal_timer *timer,
                                           uint64_t delay_ms);
/** Stops it; nothing happens when it does not run. */
PEAL_API void peal_sip_context_timer_stop(peal_sip_context *context, peal_timer *timer);
/** The pool for packets and blocks of this stack's core thread. */
PEAL_API peal_pool *peal_sip_core_pool(peal_sip_core_config *core);
/** The stack's settings. */
PEAL_API const peal_sip_settings *peal_sip_core_settings(peal_sip_core_config *core);
/** Writes a random token of @p bytes characters [a-z0-9] (tags, branches, Call-IDs). */
PEAL_API void peal_sip_core_token(peal_sip_core_config *core, char *text, size_t bytes);
/** The local address for a destination (T2). @return PEAL_OK, PEAL_E_SIP_NO_LOCAL_ADDRESS */
PEAL_API peal_result peal_sip_core_local_for(peal_sip_core_config *core, peal_sip_context *context,
                                             const peal_sip_host *host, peal_sip_local *ret);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
