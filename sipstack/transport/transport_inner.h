/* SPDX-License-Identifier: MIT */
/* What the files of the transport package share among themselves; nobody else includes it. */
#ifndef PEAL_SIP_TRANSPORT_INNER_H
#define PEAL_SIP_TRANSPORT_INNER_H

#include "sipstack/transport/transport_priv.h"
#include <peal/trace.h>

#include <stdatomic.h>

enum {
    PEAL__SIP_RECV_BATCH = 32,
    PEAL__SIP_SEND_BATCH = 32,
    PEAL__SIP_UDP_PAYLOAD_MAX = 65507,
    PEAL__SIP_SEND_QUEUE_MAX = 8192, /* sends that wait for one socket */
    PEAL__SIP_SEND_QUEUE_BYTES_MAX = 16 << 20,
    PEAL__SIP_SEND_STUCK_MS = 4000, /* so long may a socket take nothing */
    PEAL__SIP_SOURCE_BUCKETS = 256
};

/* A listening UDP socket. Transport thread. */
typedef struct peal__sip_udp {
    peal_sock_owner owner;
    peal_node node; /* in transport->sockets */
    peal__sip_transport *transport;
    peal_sock *sock;
    peal_socket_addr local;
    uint32_t id;
    uint32_t batches;
    peal__sip_send *first, *last; /* sends that wait, in order */
    size_t waiting, waiting_bytes;
    bool blocked; /* until on_writable */
    peal_timer stuck;
} peal__sip_udp;

/* What went one way: written by one thread, read by both. */
typedef struct peal__sip_flow {
    char apart[64]; /* the other thread's numbers are on another cache line */
    atomic_uint_fast64_t packets;
    atomic_uint_fast64_t bytes;
    atomic_uint_fast32_t by_source[PEAL__SIP_SOURCE_BUCKETS];
} peal__sip_flow;

/* Admission to core's queue (K20). What waits is what entered less what left. */
typedef struct peal__sip_overload {
    peal__sip_flow entered;             /* written by the transport thread */
    peal__sip_flow left;                /* written by the core thread */
    atomic_uint_fast64_t dropped_stale; /* written by the core thread */
    uint64_t secret;                    /* so that nobody chooses who shares a bucket */
    uint32_t high, hard;                /* packets */
    uint64_t hard_bytes;
    uint64_t tokens_ms; /* when tokens were counted last */
    uint32_t tokens;    /* 503s that may go out now */
} peal__sip_overload;

/* Written by the transport thread. */
typedef struct peal__sip_atomic_counters {
    atomic_uint_fast64_t datagrams_in, datagrams_out, dropped_not_sip, dropped_overload,
        refused_overload, send_errors, net_errors;
    atomic_uint_fast32_t sockets;
} peal__sip_atomic_counters;

struct peal__sip_transport {
    peal__sip_transport_config config;
    char *server_name;
    uint32_t slot_bytes; /* of one datagram in the slab */
    /* Core thread. */
    bool closing;
    peal_msg shut_down; /* core -> transport -> core */
    /* Transport thread. */
    peal_node sockets;
    uint32_t last_id;
    peal_msg flush; /* posted to itself: sends what this batch of messages collected */
    bool flush_posted;
    bool draining; /* shut down was asked; closes when nothing waits any more */
    char *slab;    /* RECV_BATCH slots, made with the first socket */
    peal_datagram received[PEAL__SIP_RECV_BATCH];
    peal__sip_overload overload;
    peal__sip_atomic_counters counters;
};

/* Adds to a number that this thread alone writes and others may read. */
#define PEAL__SIP_ADD(number, n)                                                                   \
    atomic_store_explicit(&(number), atomic_load_explicit(&(number), memory_order_relaxed) + (n),  \
                          memory_order_relaxed)
#define PEAL__SIP_COUNT(transport, member) PEAL__SIP_ADD((transport)->counters.member, 1)

/* transport.c: one flush of all sockets after the present batch of messages. */
void peal__sip_transport_flush_later(peal__sip_transport *transport);
/* Closes what is drained when shut down was asked. */
void peal__sip_transport_try_to_close(peal__sip_transport *transport);
/* transport_udp.c */
peal_result peal__sip_udp_open(peal__sip_transport *transport, const peal_socket_addr *address,
                               peal__sip_udp **ret);
/* What waits fails with PEAL_E_CLOSED. */
void peal__sip_udp_close(peal__sip_udp *udp);
peal__sip_udp *peal__sip_udp_of_route(peal__sip_transport *transport, const peal__sip_route *route);
/* transport_send.c */
void peal__sip_udp_flush(peal__sip_udp *udp);
void peal__sip_udp_fail_waiting(peal__sip_udp *udp, peal_result result);
/* Starts a send on the transport thread; completes it in any case. */
void peal__sip_send_start(peal__sip_send *send);
/* transport_receive.c */
void peal__sip_received(peal__sip_udp *udp, const peal_datagram *datagram, uint64_t now_ns);
/* via_stamp.c: received and rport of RFC 3261 §18.2.1 and RFC 3581. Fails when the packet has no
 * usable Via or memory is exhausted. */
peal_result peal__sip_via_stamp(peal_sip_packet *packet, const peal_socket_addr *source);
/* net_error.c: what a message of ours says of its transaction, as far as its start goes. */
typedef struct peal__sip_sent_facts {
    bool is_request;
    peal_str method; /* absent when it is cut off */
    peal_str branch; /* absent when it is cut off */
} peal__sip_sent_facts;
void peal__sip_sent_scan(peal_str bytes, peal__sip_sent_facts *ret);
/* Takes one entry of the error queue; false when it is empty. */
bool peal__sip_take_net_error(peal__sip_udp *udp);
/* transport_overload.c */
typedef enum peal__sip_admission {
    PEAL__SIP_ADMIT,
    PEAL__SIP_REFUSE,
    PEAL__SIP_DROP
} peal__sip_admission;
void peal__sip_overload_init(peal__sip_transport *transport);
uint32_t peal__sip_overload_bucket(const peal__sip_overload *o, const peal_socket_addr *source);
/* Before decoding: the queue has room for anything at all from this source. */
bool peal__sip_overload_has_room(peal__sip_transport *transport, const peal_socket_addr *source,
                                 size_t bytes);
/* After decoding: what to do with this packet. */
peal__sip_admission peal__sip_overload_admit(peal__sip_transport *transport,
                                             peal_sip_packet *packet);
void peal__sip_overload_enter(peal__sip_transport *transport, peal_sip_packet *packet,
                              size_t bytes);
/* Core thread. */
void peal__sip_overload_leave(peal__sip_transport *transport, peal_sip_packet *packet);
/* Core thread: it waited so long that its sender repeated or forgot it. */
bool peal__sip_overload_is_stale(peal__sip_transport *transport, peal_sip_packet *packet);
/* Answers 503 without state, by the transport thread alone. */
void peal__sip_overload_refuse(peal__sip_transport *transport, peal_sip_packet *packet);
/* A request outside of dialogs that nobody waits for a verdict on: not ACK, not CANCEL. */
bool peal__sip_is_new_request(peal_sip_packet *packet);

#endif
