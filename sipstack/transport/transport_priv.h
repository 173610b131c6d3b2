/* SPDX-License-Identifier: MIT */
/* The transport layer (RFC 3261 §18) as the layers above see it. It lives on the transport
 * servicing thread; the core thread reaches it by commands and send operations, and gets packets,
 * results and errors back as messages. Nothing here is called from two threads: each function
 * names its own. */
#ifndef PEAL_SIP_TRANSPORT_PRIV_H
#define PEAL_SIP_TRANSPORT_PRIV_H

#include "sipstack/parser/parser_priv.h"
#include <peal/sip/keys.h>
#include <peal/thread.h>

typedef struct peal__sip_transport peal__sip_transport;
typedef struct peal__sip_send peal__sip_send;
typedef struct peal__sip_listen peal__sip_listen;
typedef struct peal__sip_net_error peal__sip_net_error;

/* By which way a packet leaves: filled by selection on the core thread. */
typedef struct peal__sip_route {
    peal_socket_addr peer;        /* where to */
    peal_socket_addr local;       /* source address, none: any */
    peal_sip_transport transport;
    uint32_t listener;            /* UDP: the listening socket to leave by; 0: any of the family */
    uint64_t connection;          /* streams: the connection, 0: find or make one */
} peal__sip_route;

/* One send operation (K1). Lives inside what sends (a transaction) or alone. Between
 * peal__sip_transport_send() and on_sent it belongs to transport and in_flight is true.
 * Exactly one of packet and wire is given; with a packet, transport encodes it once and leaves the
 * wire in .wire. Both come back with the result; the owner releases them on the core thread. */
struct peal__sip_send {
    peal_msg msg;
    peal__sip_send *next; /* transport's queue */
    peal__sip_transport *transport;
    peal_sip_packet *packet;
    peal_sip_wire *wire;
    peal__sip_route route;
    peal_result result;
    bool in_flight;
    bool local; /* transport's own: on_sent is called on the transport thread */
    void (*on_sent)(peal__sip_send *send); /* core thread */
};

/* An ICMP error for a datagram of ours (K5): what the returned bytes told. Freed by the receiver by
 * peal_pool_free(). */
struct peal__sip_net_error {
    peal_msg msg;
    peal__sip_transport *transport;
    peal_result result;
    peal_socket_addr peer;  /* to whom the datagram went */
    bool is_request;        /* else it was a response of ours */
    peal_sip_method method;
    peal_str method_text;   /* behind the struct */
    peal_str branch;        /* behind the struct */
};

/* A listening command and its result; owned by the caller, busy until on_done. */
struct peal__sip_listen {
    peal_msg msg;
    peal__sip_transport *transport;
    peal_sip_transport protocol;
    peal_socket_addr address; /* in: wanted, port 0 allowed; out: bound */
    uint32_t listener;        /* out: id, never 0; in for unlisten */
    peal_result result;
    void (*on_done)(peal__sip_listen *listen); /* core thread */
};

/* What transport tells the layer above; called on the core thread. */
typedef struct peal__sip_transport_user {
    /* A framed packet, with origin, received/rport filled in and key_hash computed. One reference
     * is handed over. */
    void (*on_packet)(void *user, peal_sip_packet *packet);
    /* The receiver frees it. */
    void (*on_net_error)(void *user, peal__sip_net_error *error);
    /* After shutdown: no message comes any more. */
    void (*on_shut_down)(void *user);
} peal__sip_transport_user;

typedef struct peal__sip_transport_config {
    peal_thread *core;       /* where messages go */
    peal_thread *transport;  /* where sockets live; may be the same */
    const peal__sip_transport_user *user_vt;
    void *user;
    peal_sip_limits limits;
    uint32_t recv_buf_bytes; /* socket buffers; 0: 4 MiB */
    uint32_t overload_retry_after_s; /* of the stateless 503 (K20); 0: 5 */
    uint32_t queue_packets;  /* on the way to core, above which new requests are refused; 0: 4096 */
    peal_str server_name;    /* Server header of responses made here; copied; may be absent */
} peal__sip_transport_config;

/* Counters of the census; written by the transport thread, read by any (relaxed atomics). */
typedef struct peal__sip_transport_counters {
    uint64_t datagrams_in, datagrams_out, dropped_not_sip, dropped_overload, refused_overload,
        send_errors, net_errors;
    uint32_t sockets;
} peal__sip_transport_counters;

/* @thread core */
peal_result peal__sip_transport_new(const peal__sip_transport_config *config,
                                    peal__sip_transport **ret);
/* Starts to send; result by on_sent, always, later, on the core thread. @thread core */
void peal__sip_transport_send(peal__sip_transport *transport, peal__sip_send *send);
/* @thread core */
void peal__sip_transport_listen(peal__sip_transport *transport, peal__sip_listen *listen);
void peal__sip_transport_unlisten(peal__sip_transport *transport, peal__sip_listen *listen);
/* Closes all; on_shut_down follows. Sends accepted before complete first. @thread core */
void peal__sip_transport_shut_down(peal__sip_transport *transport);
/* After on_shut_down, or when nothing was ever started. @thread core */
void peal__sip_transport_free(peal__sip_transport *transport);
void peal__sip_transport_counters_get(const peal__sip_transport *transport,
                                      peal__sip_transport_counters *ret);

/* The transaction key's hash; 0 when there is no key. Transport stores it in the packet's head. */
uint64_t peal__sip_txn_key_hash(peal_sip_packet *packet);
/* The To tag of a response made without state (RFC 3261 §8.2.7): the same for a repeated request,
 * unguessable for others. Writes 16 characters and a NUL. */
enum { PEAL__SIP_STATELESS_TAG_MAX = 17 };
peal_str peal__sip_stateless_tag(peal_sip_packet *request, char text[PEAL__SIP_STATELESS_TAG_MAX]);

/* Where a response to this request goes (RFC 3261 §18.2.2, RFC 3581 §4): from the top Via and the
 * origin. @thread core */
peal_result peal__sip_response_route(peal_sip_packet *request, peal__sip_route *ret);

#endif
