/* SPDX-License-Identifier: MIT */
/* The transaction layer (RFC 3261 §17, RFC 6026, RFC 4320). Everything here is the core thread's.
 * One file per state machine: invite_client_txn.c, invite_server_txn.c, non_invite_client_txn.c,
 * non_invite_server_txn.c; common things in transaction.c. */
#ifndef PEAL_SIP_TRANSACTION_PRIV_H
#define PEAL_SIP_TRANSACTION_PRIV_H

#include "sipstack/transport/transport_priv.h"
#include <peal/hash.h>

typedef struct peal__sip_txn_layer peal__sip_txn_layer;
typedef struct peal__sip_client_txn peal__sip_client_txn;
typedef struct peal__sip_server_txn peal__sip_server_txn;

/* RFC 3261 table 4; milliseconds. Zero members mean the default. */
typedef struct peal__sip_timers {
    uint32_t t1_ms;   /* 500 */
    uint32_t t2_ms;   /* 4000 */
    uint32_t t4_ms;   /* 5000 */
    uint32_t d_ms;    /* timer D, 64*T1 = 32000 (never less) */
    uint32_t provisional_ms; /* 1xx repeated by an INVITE server transaction: 60000 (§13.3.1.1) */
    uint32_t trying_ms;      /* 100 sent by itself after: 200 (§17.2.1) */
} peal__sip_timers;

/* Owner of a client transaction; all calls on the core thread, never from inside _new(). After
 * detach or on_ended nothing comes. */
typedef struct peal__sip_client_txn_owner {
    /* A response that belongs to it: provisional, first final, and in Accepted each 2xx (RFC 6026).
     * One reference is handed over. The owner may detach inside. */
    void (*on_response)(void *owner, peal__sip_client_txn *txn, peal_sip_packet *response);
    /* No final response in time (timer B or F): PEAL_E_SIP_TIMEOUT; or the send failed: its
     * result. */
    void (*on_failed)(void *owner, peal__sip_client_txn *txn, peal_result result);
    /* Nothing more will come (left Accepted, or after a final response of the other kinds). The txn
     * pointer is dead from here on. Always the last call, also after on_failed. */
    void (*on_ended)(void *owner, peal__sip_client_txn *txn);
} peal__sip_client_txn_owner;

/* Owner of a server transaction. */
typedef struct peal__sip_server_txn_owner {
    /* A CANCEL matched this INVITE transaction without a final response; the 200 to the CANCEL went
     * out already (K7). The packet is borrowed. */
    void (*on_cancel)(void *owner, peal__sip_server_txn *txn, peal_sip_packet *cancel);
    /* ACK to a non-2xx came (PEAL_OK); no ACK came (timer H: PEAL_E_SIP_TIMEOUT); a response could
     * not be sent (its result). */
    void (*on_result)(void *owner, peal__sip_server_txn *txn, peal_result result);
    /* The txn pointer is dead from here on; always the last call. */
    void (*on_ended)(void *owner, peal__sip_server_txn *txn);
} peal__sip_server_txn_owner;

/* What the core does with packets no transaction takes. The packet's reference is handed over. */
typedef struct peal__sip_txn_user {
    /* A new request, an ACK to a 2xx, or a CANCEL that matches nothing. */
    void (*on_request)(void *user, peal_sip_packet *request);
    /* A response that matches nothing. */
    void (*on_stray_response)(void *user, peal_sip_packet *response);
    void (*on_shut_down)(void *user); /* transport is down */
} peal__sip_txn_user;

typedef struct peal__sip_txn_config {
    peal_thread *core;
    peal__sip_timers timers;
    const peal__sip_txn_user *user_vt;
    void *user;
    peal_str server_name; /* Server header of the 100 and 200 it makes; copied */
} peal__sip_txn_config;

typedef struct peal__sip_txn_counters {
    size_t invite_client, invite_server, non_invite_client, non_invite_server; /* alive */
} peal__sip_txn_counters;

peal_result peal__sip_txn_layer_new(const peal__sip_txn_config *config, peal__sip_txn_layer **ret);
/* The transport it sends by; it is also the transport's user: pass peal__sip_txn_transport_user and
 * the layer when making the transport. */
void peal__sip_txn_layer_set_transport(peal__sip_txn_layer *layer, peal__sip_transport *transport);
extern const peal__sip_transport_user peal__sip_txn_transport_user;
/* Ends all transactions at once (their owners hear on_ended). */
void peal__sip_txn_layer_abort(peal__sip_txn_layer *layer);
/* Must be empty of transactions in flight (after transport shut down). */
void peal__sip_txn_layer_free(peal__sip_txn_layer *layer);
void peal__sip_txn_counters_get(const peal__sip_txn_layer *layer, peal__sip_txn_counters *ret);

/* Sends @p packet (reference taken on success only) in a new client transaction. Its top Via has
 * the branch. Fails with PEAL_E_NO_MEMORY, PEAL_E_SIP_TXN_EXISTS. */
peal_result peal__sip_client_txn_new(peal__sip_txn_layer *layer, peal_sip_packet *packet,
                                     const peal__sip_route *route,
                                     const peal__sip_client_txn_owner *owner_vt, void *owner,
                                     peal__sip_client_txn **ret);
/* Sends CANCEL with the INVITE's branch and way (RFC 3261 §9.1), in a transaction of its own that
 * nobody owns. Only after a 1xx and before a final response: else PEAL_E_STATE. @p reason: value of
 * a Reason header, may be absent. When no final response follows within 64*T1 the INVITE
 * transaction fails with PEAL_E_SIP_TIMEOUT (§9.1). */
peal_result peal__sip_client_txn_cancel(peal__sip_client_txn *txn, peal_str reason);
/* The owner goes; the transaction lives on alone and swallows what comes. An INVITE without a final
 * response is cancelled as soon as a 1xx allows it (with the 1xx that came already: at once), and
 * ends 64*T1 later at the latest; its 2xx, which somebody has to acknowledge and end, go to
 * on_stray_response of the layer's user. */
void peal__sip_client_txn_detach(peal__sip_client_txn *txn);
/* Gives up waiting for a final response (K5 failover keeps it matched): no on_failed any more, but
 * late responses still go to the owner. */
void peal__sip_client_txn_abandon(peal__sip_client_txn *txn);
bool peal__sip_client_txn_has_provisional(const peal__sip_client_txn *txn);
/* By which way it goes; valid as long as the owner is attached. */
const peal__sip_route *peal__sip_client_txn_route(const peal__sip_client_txn *txn);

/* Makes the server transaction of a request just received (not ACK). The packet is borrowed (it
 * takes a reference of its own until the first response). An INVITE answers 100 by itself after
 * 200 ms, others when the client's timer E has reached T2 (RFC 4320 §4.2); these end silently after
 * 64*T1 without an answer. Fails with PEAL_E_NO_MEMORY, PEAL_E_SIP_TXN_EXISTS, PEAL_E_SIP_SEND (its
 * Via names no place to answer to). */
peal_result peal__sip_server_txn_new(peal__sip_txn_layer *layer, peal_sip_packet *request,
                                     const peal__sip_server_txn_owner *owner_vt, void *owner,
                                     peal__sip_server_txn **ret);
/* Sends a response (reference taken on success only). PEAL_E_SIP_FINAL_SENT after a final one
 * (a further 2xx to INVITE in Accepted is allowed: the session service's retransmissions use
 * wires). PEAL_E_ARGUMENT for 408 and for 1xx other than 100 to anything but INVITE (RFC 4320
 * §4.1). A response that cannot be sent is reported by on_result and ends nothing (RFC 6026
 * §7.1). */
peal_result peal__sip_server_txn_respond(peal__sip_server_txn *txn, peal_sip_packet *response);
/* The wire of the last response sent, one reference; NULL while not encoded yet. */
peal_sip_wire *peal__sip_server_txn_last_wire(peal__sip_server_txn *txn);
const peal__sip_route *peal__sip_server_txn_route(const peal__sip_server_txn *txn);
/* An INVITE's owner goes without a final response, for it could not make one: 500 as soon as memory
 * is back, within 64*T1. @p request is borrowed. Of others the client ends by itself. */
void peal__sip_server_txn_owe_refusal(peal__sip_server_txn *txn, peal_sip_packet *request);
void peal__sip_server_txn_detach(peal__sip_server_txn *txn);

/* One-shot sends outside of transactions (ACK to 2xx, stateless responses, 2xx retransmissions).
 * The packet or wire reference is taken. Nobody hears the result but @p on_result (may be NULL;
 * gets the wire, borrowed). */
peal_result peal__sip_send_once(peal__sip_txn_layer *layer, peal_sip_packet *packet,
                                peal_sip_wire *wire, const peal__sip_route *route,
                                void (*on_result)(void *arg, peal_result result,
                                                  peal_sip_wire *wire),
                                void *arg);
/* Answers a request without a transaction (RFC 3261 §8.2.7): To tag derived from the request, so
 * that a repeated request gets the same. Never for ACK. @p extra may add headers; may be NULL. */
peal_result peal__sip_respond_stateless(peal__sip_txn_layer *layer, peal_sip_packet *request,
                                        unsigned status, peal_str reason,
                                        peal_result (*extra)(peal_sip_packet *response, void *arg),
                                        void *arg);
#endif
