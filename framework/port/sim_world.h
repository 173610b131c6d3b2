/* SPDX-License-Identifier: MIT */
/* Role: the inside of a simulated world, shared by its scheduler and its network.
 * Thread: the one that runs the world. */
#ifndef PEAL_FRAMEWORK_PORT_SIM_WORLD_H
#define PEAL_FRAMEWORK_PORT_SIM_WORLD_H

#include "framework/port/port_priv.h"

/** A datagram, or an error that comes back for one. On the way it is in the heap, then in a queue.
 */
typedef struct peal__sim_packet {
    struct peal__sim_packet *next; /**< in a socket's queue */
    uint64_t arrival_ns;
    uint64_t sequence;         /**< equal arrivals come in the order of sending */
    peal_socket_addr from, to; /**< of the datagram, also in an error for it */
    peal_result error;         /**< not PEAL_OK: an error on its way to `from` */
    size_t bytes;
    char data[];
} peal__sim_packet;

typedef struct peal__sim_queue {
    peal__sim_packet *first;
    peal__sim_packet **last;
    size_t bytes;
} peal__sim_queue;

typedef struct peal__sim_sock {
    peal_node node; /**< in the loop's sockets, in the order of opening */
    struct peal__sim_loop *loop;
    peal_sock_owner *owner; /**< NULL: closed while owners are being called */
    peal_socket_addr local;
    bool v6_only;
    bool want_read, blocked; /**< blocked: on_writable is owed */
    size_t queue_bytes;      /**< what fits into `received` */
    peal__sim_queue received, errors;
} peal__sim_sock;

typedef struct peal__sim_loop {
    peal_node node; /**< in the world's loops, in the order of opening */
    struct peal_sim *sim;
    peal_node sockets;
    bool is_woken, is_calling, has_closed;
} peal__sim_loop;

typedef struct peal__sim_send_error {
    struct peal__sim_send_error *next;
    peal_socket_addr to;
    peal_result result;
} peal__sim_send_error;

struct peal_sim {
    peal_port port; /* first: a port leads to its world */
    uint64_t now_ns;
    uint64_t rng[4];
    peal_sim_link link;
    peal_sim_filter *filter;
    void *filter_arg;
    peal__sim_send_error *send_errors;
    peal_node loops, runners;
    peal__sim_packet **heap; /* on the way, earliest first */
    size_t heap_count, heap_capacity;
    uint64_t sequence;
    uint16_t next_port;
    bool is_running;
};

PEAL_INLINE peal_sim *peal__sim_of(peal_port *port)
{
    return (peal_sim *)(void *)port;
}

/** A number below @p below (not 0). */
uint64_t peal__sim_below(peal_sim *sim, uint64_t below);
/** True in @p percent of all cases; draws only when it is not certain. */
bool peal__sim_chance(peal_sim *sim, double percent);

/** The socket and loop functions of the vtable (port_sim_net.c). */
extern const peal_port_vt peal__sim_vt;
uint64_t peal__sim_clock_ns(peal_port *self);
int64_t peal__sim_wall_us(peal_port *self);
peal_result peal__sim_fill_random(peal_port *self, void *buffer, size_t bytes);
/** Arrival of the next packet, UINT64_MAX when none is on its way. */
uint64_t peal__sim_next_arrival_ns(const peal_sim *sim);
/** Hands over all that has arrived by now. */
void peal__sim_deliver(peal_sim *sim);
/** The loop was woken or has a socket that is ready. */
bool peal__sim_loop_is_ready(const peal__sim_loop *loop);
/** Frees what is on its way and the send errors. */
void peal__sim_net_fini(peal_sim *sim);

#endif
