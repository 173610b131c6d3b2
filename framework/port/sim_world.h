/* SPDX-License-Identifier: MIT */
/* Role: the inside of a simulated world, shared by its scheduler (port_sim.c), hosts
 * (port_sim_host.c), network (port_sim_net.c), sockets (port_sim_sock.c), names (port_sim_zone.c)
 * and trace (port_sim_trace.c). Nothing in it depends on an address in memory: lists are in the
 * order of making, tables sorted by value. Thread: the one that runs the world. */
#ifndef PEAL_FRAMEWORK_PORT_SIM_WORLD_H
#define PEAL_FRAMEWORK_PORT_SIM_WORLD_H

#include "framework/port/port_priv.h"

/** A stream of random numbers. Each host, its network and the scheduler have their own, so that a
 * change in one place leaves the draws of the others as they were. */
typedef struct peal__sim_rng {
    uint64_t s[4];
} peal__sim_rng;

/* ---- what is to come: a binary heap by (time, sequence) ---- */

typedef enum peal__sim_entry_kind {
    PEAL__SIM_DATAGRAM, /**< a peal__sim_packet */
    PEAL__SIM_ERROR,    /**< the same on its way back */
    PEAL__SIM_UNBLOCK,  /**< a peal__sim_unblock */
    PEAL__SIM_CALL,     /**< a peal__sim_call */
    PEAL__SIM_ANSWER    /**< a peal__sim_question */
} peal__sim_entry_kind;

typedef struct peal__sim_entry {
    uint64_t at_ns;
    uint64_t sequence; /**< equal times come in the order of putting */
    peal__sim_entry_kind kind;
} peal__sim_entry;

/** A datagram, or an error that comes back for one. On the way it is in the heap, then in a queue.
 */
typedef struct peal__sim_packet {
    peal__sim_entry entry;
    struct peal__sim_packet *next; /**< in a socket's queue */
    uint64_t number;
    peal_sim_host *sender;     /**< of the datagram, also in an error for it */
    peal_socket_addr from, to; /**< the same */
    peal_result error;         /**< of an error */
    size_t bytes;
    char data[];
} peal__sim_packet;

typedef struct peal__sim_unblock {
    peal__sim_entry entry;
    struct peal__sim_sock *sock; /**< NULL: closed meanwhile */
} peal__sim_unblock;

typedef struct peal__sim_call {
    peal__sim_entry entry;
    peal_sim_action *action;
    void *arg;
} peal__sim_call;

/** A question to the zone, on its way to the answer. */
typedef struct peal__sim_question {
    peal__sim_entry entry;
    peal_sim_host *host;
    peal_sim_answer *answer;
    void *arg;
    unsigned type;
    char name[];
} peal__sim_question;

/* ---- sockets and loops ---- */

typedef struct peal__sim_queue {
    peal__sim_packet *first;
    peal__sim_packet **last;
    size_t bytes;
} peal__sim_queue;

typedef struct peal__sim_sock {
    peal_node node;       /**< in the loop's sockets, in the order of opening */
    peal_node ready_node; /**< in the loop's ready sockets */
    struct peal__sim_loop *loop;
    peal_sock_owner *owner; /**< NULL: closed while owners are being called */
    peal_socket_addr local;
    bool v6_only;
    bool is_dead; /**< its host was killed: deaf and mute */
    bool want_read;
    bool blocked, may_write;    /**< on_writable is owed; and may be called */
    peal__sim_unblock *unblock; /**< will say so */
    size_t queue_bytes;         /**< what fits into `received` */
    peal__sim_queue received, errors;
} peal__sim_sock;

typedef struct peal__sim_loop {
    peal_node node; /**< in the host's loops, in the order of opening */
    peal_sim_host *host;
    peal__sim_runner *runner; /**< NULL: waits by itself */
    unsigned life;            /**< of the host, at opening */
    peal_node sockets, ready, closed;
    bool is_woken, is_calling;
} peal__sim_loop;

/* ---- hosts ---- */

typedef struct peal__sim_fault {
    struct peal__sim_fault *next;
    peal_socket_addr to;
    peal_result result;
} peal__sim_fault;

/** The link to one receiver. */
typedef struct peal__sim_way {
    const peal_sim_host *to;
    peal_sim_link link;
} peal__sim_way;

struct peal_sim_host {
    peal_port port; /* first: a port leads to its host */
    peal_sim *sim;
    unsigned number;
    char name[32];
    uint64_t clock_ns; /**< ahead of the world's */
    int64_t wall_us;   /**< the same of the wall clock */
    peal__sim_rng random, network;
    peal_node loops;
    unsigned life;    /**< counts kills */
    unsigned threads; /**< made so far */
    unsigned group;
    bool is_paused, drops;
    peal__sim_fault *send_errors;
    peal_sim_link *to_any, *from_any; /**< links for this sender, for this receiver */
    peal__sim_way *ways;              /**< links to certain receivers, by their number */
    size_t way_count;
};

typedef struct peal__sim_address {
    peal_socket_addr address; /**< port 0 */
    peal_sim_host *host;
    size_t sockets; /**< of the default host, which has what its sockets are bound to; else 0 */
} peal__sim_address;

/* ---- the world ---- */

typedef struct peal__sim_watcher {
    peal_sim_observer *observer;
    void *arg;
} peal__sim_watcher;

struct peal_sim {
    uint64_t seed, now_ns;
    peal__sim_rng scene, scheduler;
    bool is_running, is_stopping;
    /* hosts, by number */
    peal_sim_host **hosts;
    size_t host_count;
    peal__sim_address *addresses; /**< sorted */
    size_t address_count;
    /* the network */
    peal_sim_link link;
    peal_sim_filter *filter;
    void *filter_arg;
    peal__sim_fault *send_errors, *icmp_errors;
    peal__sim_sock **socks; /**< those that can be reached, sorted by host, port, address */
    size_t sock_count, sock_capacity;
    uint16_t next_port;
    peal__sim_entry **heap; /**< to come, earliest first */
    size_t heap_count, heap_capacity;
    uint64_t sequence;
    struct peal__sim_zone *zone; /**< in the order of adding */
    /* the scheduler */
    peal_node runners;
    peal__sim_runner **ready;  /**< can have a turn now, in no order */
    peal__sim_runner **timers; /**< have a time when they can: a heap by (key, number) */
    size_t ready_count, timer_count, runner_count, runner_capacity;
    peal__sim_runner *turning; /**< has its turn; NULL when it is gone */
    peal_sim_schedule schedule;
    unsigned runner_number;
    /* the trace */
    peal__sim_watcher *watchers;
    size_t watcher_count;
    uint64_t hash;
    peal_sim_stats stats;
};

enum { PEAL__SIM_START_NS = 1000000000 };

PEAL_INLINE peal_sim_host *peal__sim_host_of_port(peal_port *port)
{
    return (peal_sim_host *)(void *)port;
}

/* port_sim.c */

/** Starts a stream from the world's seed; @p stream tells it from the others. */
void peal__sim_rng_init(peal__sim_rng *rng, uint64_t seed, uint64_t stream);
uint64_t peal__sim_draw(peal__sim_rng *rng);
/** A number below @p below (not 0). */
uint64_t peal__sim_below(peal__sim_rng *rng, uint64_t below);
/** True in @p percent of all cases; draws only when it is not certain. */
bool peal__sim_chance(peal__sim_rng *rng, double percent);
/** Something may have changed for this servicing thread: ready, or when. */
void peal__sim_refresh(peal_sim *sim, peal__sim_runner *runner);

/* port_sim_host.c */

/** Adds a host without addresses. @return PEAL_OK, PEAL_E_NO_MEMORY */
peal_result peal__sim_add_host(peal_sim *sim, const char *name, peal_sim_host **ret);
void peal__sim_free_hosts(peal_sim *sim);
/** Who gets what @p sender sends to an address: its host; itself for loopback; the default host
 * when nobody has it, and then *ret_known is false. */
peal_sim_host *peal__sim_receiver(peal_sim *sim, peal_sim_host *sender,
                                  const peal_socket_addr *to, bool *ret_known);
/** A socket wants to be bound to an address. The default host takes what nobody has.
 * @return PEAL_OK, PEAL_E_ADDR_NOT_AVAILABLE, PEAL_E_NO_MEMORY */
peal_result peal__sim_claim_address(peal_sim_host *host, const peal_socket_addr *address);
void peal__sim_unclaim_address(peal_sim_host *host, const peal_socket_addr *address);
/** The link from one host to another; never NULL. */
const peal_sim_link *peal__sim_link(const peal_sim *sim, const peal_sim_host *from,
                                    const peal_sim_host *to);
/** What is said about a destination in a list; PEAL_OK: nothing. */
peal_result peal__sim_fault_for(const peal__sim_fault *faults, const peal_socket_addr *to);
void peal__sim_free_faults(peal__sim_fault **faults);

/* port_sim_net.c */

/** Puts an entry into the heap. @return PEAL_OK, PEAL_E_NO_MEMORY */
peal_result peal__sim_put(peal_sim *sim, peal__sim_entry *entry, uint64_t at_ns);
/** When the next entry comes, UINT64_MAX when none will. */
uint64_t peal__sim_next_entry_ns(const peal_sim *sim);
/** Lets all happen that is due by now. */
void peal__sim_deliver(peal_sim *sim);
/** Sends one datagram. @return its result; PEAL_E_WOULD_BLOCK: the socket is blocked */
peal_result peal__sim_send(peal__sim_sock *sock, const peal_datagram *datagram);
/** Frees what is on its way and the faults. */
void peal__sim_net_fini(peal_sim *sim);

/* port_sim_zone.c */

/** Gives a question its answer. */
void peal__sim_answer_question(peal_sim *sim, peal__sim_question *question);
void peal__sim_zone_fini(peal_sim *sim);

/* port_sim_sock.c */

/** The socket and loop functions, and those of clocks and randomness. */
extern const peal_port_vt peal__sim_vt;
/** The socket that takes what comes to an address of a host; NULL: none. */
peal__sim_sock *peal__sim_find_sock(const peal_sim *sim, const peal_sim_host *host,
                                    const peal_socket_addr *to);
/** Puts a packet into the socket's queue. @return false: its buffer is full */
bool peal__sim_sock_put(peal__sim_sock *sock, peal__sim_packet *packet, bool is_error);
/** The socket's sender has to wait; for @p us microseconds, or until its next turn (0). */
void peal__sim_sock_block(peal__sim_sock *sock, uint32_t us);
void peal__sim_sock_unblock(peal__sim_sock *sock);
/** The sockets of all that was made before the last kill vanish. */
void peal__sim_kill_socks(peal_sim_host *host);
/** The loop was woken or has a socket that is ready. */
PEAL_INLINE bool peal__sim_loop_is_ready(const peal__sim_loop *loop)
{
    return loop->is_woken || !peal_list_is_empty(&loop->ready);
}

/* port_sim_trace.c */

/** Something has happened: counts, hashes and tells it. `now_us` is filled in. */
void peal__sim_note(peal_sim *sim, peal_sim_event *event);
/** The same of a datagram. @p what may be NULL. */
void peal__sim_note_packet(peal_sim *sim, peal_sim_event_kind kind, peal_sim_host *host,
                           const peal__sim_packet *packet, const char *what);
/** The same of a fault. */
void peal__sim_note_fault(peal_sim *sim, peal_sim_host *host, const char *what);

#endif
