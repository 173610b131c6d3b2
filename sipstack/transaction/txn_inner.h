/* SPDX-License-Identifier: MIT */
/* What the files of the transaction package share among themselves; nobody else includes it.
 * All of it is the core thread's. */
#ifndef PEAL_SIP_TXN_INNER_H
#define PEAL_SIP_TXN_INNER_H

#include "sipstack/transaction/transaction_priv.h"
#include <peal/trace.h>

typedef struct peal__sip_txn peal__sip_txn;

/* The machines; also the index of their counters. */
typedef enum peal__sip_txn_kind {
    PEAL__SIP_INVITE_CLIENT,
    PEAL__SIP_INVITE_SERVER,
    PEAL__SIP_NON_INVITE_CLIENT,
    PEAL__SIP_NON_INVITE_SERVER,
    PEAL__SIP_TXN_KINDS
} peal__sip_txn_kind;

/* A state of a machine: what it does with what can happen. Absent handlers: nothing happens. */
typedef struct peal__sip_txn_state {
    const char *name; /* as RFC 3261 §17 names it */
    bool sends;       /* the send operation is needed in this state */
    bool hears_icmp;  /* an ICMP error is a failed send */
    /* A response (clients), a repeated request or ACK (servers). The reference is handed over. */
    void (*on_packet)(peal__sip_txn *txn, peal_sip_packet *packet);
    void (*on_repeat)(
        peal__sip_txn *txn);            /* timers A, E, G; a server's own 100 and its 1xx again */
    void (*on_end)(peal__sip_txn *txn); /* timers B, D, F, H, I, J, K, L, M */
    void (*on_sent)(peal__sip_txn *txn);
    void (*on_send_failed)(peal__sip_txn *txn, peal_result result);
} peal__sip_txn_state;

/* A send operation of a transaction. It outlives the transaction when it is in flight. */
typedef struct peal__sip_txn_send {
    peal__sip_send send;
    peal__sip_txn *txn; /* NULL: nobody waits for it; freed when it comes back */
    bool encoded;       /* send.wire is the message; transport only reads it */
} peal__sip_txn_send;

/* What the four machines have in common. One timer serves two deadlines. */
struct peal__sip_txn {
    peal_hash_node node;
    peal_timer timer;
    peal__sip_txn_layer *layer;
    const peal__sip_txn_state *state;
    const void *owner_vt; /* NULL: nobody listens any more */
    void *owner;
    peal__sip_txn_send *send; /* NULL when nothing will be sent */
    /* Client: the INVITE, for ACK and CANCEL, until a final response. Server: the request, until a
     * first response. NULL while it is in flight. */
    peal_sip_packet *packet;
    peal__sip_txn *next_dead;
    uint64_t repeat_at_ms, end_at_ms; /* PEAL__SIP_TXN_NEVER */
    uint32_t repeat_ms;               /* interval that ran last */
    uint32_t method_hash;             /* of an extension method; 0 for the known ones */
    const char *key;                  /* behind the concrete struct */
    uint16_t key_length;
    uint8_t kind;
    uint8_t method;
    bool reliable;
    bool one_via; /* client: the request has our Via alone, so have its responses */
};

struct peal__sip_client_txn {
    peal__sip_txn txn;
    bool cancelled; /* CANCEL was sent */
    bool abandoned; /* no on_failed any more */
    bool cancel_owed; /* a CANCEL could not be made yet */
};

struct peal__sip_server_txn {
    peal__sip_txn txn;
    char *local_tag;       /* To tag of the responses, for the 200 to a CANCEL; may be NULL */
    uint64_t to_tag_hash;  /* RFC 2543 peers: of the request */
    uint64_t ack_tag_hash; /* RFC 2543 peers: of the final response, so of its ACK */
    bool refusal_owed;     /* INVITE: its owner went, and a 500 could not be made yet */
};

struct peal__sip_txn_layer {
    peal_hash_table table;
    peal__sip_txn_config config;
    char *server_name;
    peal__sip_transport *transport;
    size_t alive[PEAL__SIP_TXN_KINDS];
    peal__sip_txn *dead; /* freed when no handler runs any more */
    unsigned depth;      /* handlers running */
    bool aborting;
    /* The packet that is being matched and its key; NULL outside of that. */
    const peal_sip_packet *current;
    const peal_sip_txn_key *current_key;
};

#define PEAL__SIP_TXN_NEVER UINT64_MAX
/* For peal__sip_txn_set_timers(). */
enum { PEAL__SIP_NEVER = -1, PEAL__SIP_KEEP = -2 };

/* ---- txn_common.c ---- */

/* Every way into the layer is bracketed by these: what terminates inside is freed at the outermost
 * leave, so that no handler ever sees freed memory. */
void peal__sip_txn_enter(peal__sip_txn_layer *layer);
void peal__sip_txn_leave(peal__sip_txn_layer *layer);

/* Allocates a transaction of @p bytes with its key behind it; not in the table yet. */
peal_result peal__sip_txn_new(peal__sip_txn_layer *layer, size_t bytes,
                              const peal_sip_txn_key *key, peal__sip_txn_kind kind,
                              const peal__sip_route *route, peal__sip_txn **ret);
/* Frees one that never went into the table. */
void peal__sip_txn_discard(peal__sip_txn *txn);
void peal__sip_txn_start(peal__sip_txn *txn, const peal_sip_txn_key *key,
                         const peal__sip_txn_state *state);
void peal__sip_txn_enter_state(peal__sip_txn *txn, const peal__sip_txn_state *state);
/* Milliseconds from now; PEAL__SIP_NEVER stops, PEAL__SIP_KEEP leaves as it is. */
void peal__sip_txn_set_timers(peal__sip_txn *txn, int64_t repeat_ms, int64_t end_ms);
/* Doubles the interval up to a ceiling, repeats the wire, and runs the timer again: timers A, E, G.
 */
void peal__sip_txn_repeat(peal__sip_txn *txn, uint32_t most_ms);
/* Sends this packet from now on (the reference is taken on success only). */
peal_result peal__sip_txn_send_packet(peal__sip_txn *txn, peal_sip_packet *packet);
/* Sends the last message again, unless it is still on its way (K1). */
void peal__sip_txn_resend(peal__sip_txn *txn);
/* The first encoding of the message has not come back: transport has the packet. */
bool peal__sip_txn_is_unsent(const peal__sip_txn *txn);
/* Lets go of what the present state does not need. */
void peal__sip_txn_settle(peal__sip_txn *txn);
void peal__sip_txn_drop_packet(peal__sip_txn *txn);
/* on_ended, once. */
void peal__sip_txn_end_owner(peal__sip_txn *txn);
/* Out of the table, timers stopped, owner ended, memory freed at the outermost leave. */
void peal__sip_txn_terminate(peal__sip_txn *txn);
/* A handler for the end of a lingering state. */
void peal__sip_txn_on_linger_end(peal__sip_txn *txn);
bool peal__sip_txn_is_client(const peal__sip_txn *txn);
uint32_t peal__sip_txn_method_hash(peal_sip_method method, peal_str text);
uint64_t peal__sip_txn_to_tag_hash(peal_sip_packet *packet);
static inline uint32_t peal__sip_txn_64_t1(const peal__sip_txn *txn)
{
    return 64 * txn->layer->config.timers.t1_ms;
}

/* ---- transaction.c ---- */
peal__sip_txn *peal__sip_txn_find(peal__sip_txn_layer *layer, const peal_sip_txn_key *key,
                                  peal_sip_method method, uint32_t method_hash);
/* The server transaction that a request repeats, or an ACK acknowledges (RFC 3261 §17.2.3). */
peal__sip_txn *peal__sip_txn_find_request(peal__sip_txn_layer *layer, const peal_sip_txn_key *key,
                                          peal_sip_packet *request);

/* ---- the machines ---- */
extern const peal__sip_txn_state peal__sip_invite_client_calling;
extern const peal__sip_txn_state peal__sip_non_invite_client_trying;
extern const peal__sip_txn_state peal__sip_invite_server_proceeding;
extern const peal__sip_txn_state peal__sip_non_invite_server_trying;
extern const peal__sip_txn_state peal__sip_txn_terminated;
/* invite_client_txn.c: it may be cancelled now. */
bool peal__sip_invite_client_is_proceeding(const peal__sip_txn *txn);
/* Nobody waits for this INVITE any more: CANCEL as soon as it is allowed, and an end in any case.
 */
void peal__sip_invite_client_orphaned(peal__sip_txn *txn);
peal_result peal__sip_invite_server_respond(peal__sip_txn *txn, peal_sip_packet *response);
peal_result peal__sip_non_invite_server_respond(peal__sip_txn *txn, peal_sip_packet *response);
/* No final response was sent, so a CANCEL has something to cancel. */
bool peal__sip_invite_server_is_open(const peal__sip_txn *txn);

/* ---- client_txn.c, server_txn.c: what the machines tell the owners ---- */
/* The reference is handed over to the owner; false: nobody there, it is still the caller's. */
bool peal__sip_client_txn_deliver(peal__sip_txn *txn, peal_sip_packet *response);
/* Tells the owner and terminates. */
void peal__sip_client_txn_fail(peal__sip_txn *txn, peal_result result);
void peal__sip_server_txn_report(peal__sip_txn *txn, peal_result result);
/* Answers 100 from the request it kept (RFC 3261 §17.2.1, RFC 4320 §4.2). */
void peal__sip_server_txn_send_trying(peal__sip_txn *txn);
/* The 500 that is owed, or again later. */
void peal__sip_server_txn_refuse(peal__sip_txn *txn);

/* ---- txn_build.c ---- */
/* ACK to a non-2xx (RFC 3261 §17.1.1.3). */
peal_result peal__sip_build_ack(peal_pool *pool, peal_sip_packet *invite, peal_sip_packet *response,
                                peal_sip_packet **ret);
/* CANCEL (RFC 3261 §9.1). */
peal_result peal__sip_build_cancel(peal_pool *pool, peal_sip_packet *invite, peal_str reason,
                                   peal_sip_packet **ret);
/* A response made here, with the Server header of the configuration. */
peal_result peal__sip_build_response(peal__sip_txn_layer *layer, const peal_sip_packet *request,
                                     unsigned status, peal_str reason, peal_str to_tag,
                                     peal_sip_packet **ret);

#endif
