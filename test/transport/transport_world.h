/* SPDX-License-Identifier: MIT */
/* A transport on any port (simulated, poll, libuv) with raw peers beside it. */
#ifndef TRANSPORT_WORLD_H
#define TRANSPORT_WORLD_H

#include "sipstack/transport/transport_inner.h"
#include <check.h>
#include <peal/peal.h>
#include <peal/sim.h>
#include <stdio.h>
#include <stdlib.h>

enum { PACKETS_MAX = 20000, TEXT_BYTES = 65600, PUMP_MAX = 5000 };

typedef struct transport_world {
    peal_sim *sim; /* NULL on a real port */
    peal_port *port;
    peal_thread *core, *transport_thread;
    peal__sip_transport *transport;
    peal_loop *peer_loop;
    size_t packet_count;
    peal_sip_packet *last;      /* the last packet received, one reference */
    size_t net_error_count;
    peal_result net_error;
    char net_error_branch[128];
    peal_sip_method net_error_method;
    bool shut_down;
    bool activated;             /* both servicing threads have system threads of their own */
    bool answer;                /* requests are answered 200 */
    size_t sent_count;          /* results that came */
    peal_result sent_result;    /* the last of them */
} transport_world;

/* @p port: "simulated", "poll", "libuv"; NULL comes back when the build lacks it. */
transport_world *transport_world_new(const char *port, bool two_threads,
                                     const peal__sip_transport_config *config);
void transport_world_free(transport_world *w);
/* Gives both servicing threads a system thread. */
void transport_world_activate(transport_world *w);
/* Lets everybody run until the condition holds; fails the test when it never does. */
void pump(transport_world *w, bool (*done)(transport_world *w, void *arg), void *arg);
/* Lets everybody run for a while in which nothing special is expected. */
void pump_some(transport_world *w);
void on_core(transport_world *w, void (*fn)(transport_world *w, void *arg), void *arg);

/* Listens and gives the result; the address is the bound one then. */
peal_result try_listen(transport_world *w, peal_socket_addr *address, uint32_t *ret_id);
peal_socket_addr addr_of(const char *host, uint16_t port);

/* ---- raw peers ---- */
typedef struct raw_peer {
    transport_world *w;
    peal_sock_owner owner;
    peal_sock *sock;
    peal_socket_addr local;
    char text[TEXT_BYTES]; /* the last datagram */
    size_t bytes;
    peal_socket_addr from; /* its source */
    size_t count;          /* datagrams received */
} raw_peer;

raw_peer *peer_new(transport_world *w, const char *host, uint16_t port);
void peer_free(raw_peer *p);
void peer_put(raw_peer *p, const peal_socket_addr *to, const char *bytes, size_t n);
/* A request with this Via value. */
void peer_ask(raw_peer *p, const peal_socket_addr *to, const char *method, const char *via);
/* Takes all datagrams that are there. */
void peer_get(raw_peer *p);
/* Runs until the peer has got this many. */
void peer_wait(raw_peer *p, size_t count);

#endif
