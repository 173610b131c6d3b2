/* SPDX-License-Identifier: MIT */
/** @file
 * The port seam: everything specific to an operating system behind one vtable. An RTOS port
 * supplies a peal_port of its own and nothing else changes.
 *
 * A port gives clocks, randomness and event loops; a loop gives sockets, waiting and waking. A loop
 * and its sockets belong to one servicing thread; only wake() may be called from elsewhere.
 * Three ports come with Peal: libuv, poll, simulated (<peal/sim.h>). Applications choose one and
 * hand it to peal_thread_new(); they call nothing else in here. */
#ifndef PEAL_PORT_H
#define PEAL_PORT_H

#include <peal/socket_addr.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_port peal_port;
/** An event loop; its inside is the port's. */
typedef struct peal_loop peal_loop;
/** A socket; its inside is the port's. */
typedef struct peal_sock peal_sock;

/** What a socket tells its owner; called during loop wait, on the loop's thread. */
typedef struct peal_sock_owner peal_sock_owner;
struct peal_sock_owner {
    /** Data, or an error on the error queue, can be read. Level-triggered: comes again. */
    void (*on_readable)(peal_sock_owner *self);
    /** Sending is possible again after PEAL_E_WOULD_BLOCK; one-shot. */
    void (*on_writable)(peal_sock_owner *self);
};

/** Options at opening. */
typedef struct peal_sock_options {
    size_t size;             /**< sizeof(peal_sock_options) */
    uint32_t recv_buf_bytes; /**< 0: the system's default */
    uint32_t send_buf_bytes; /**< 0: the system's default */
    int dscp;                /**< -1: leave alone; 0..63 */
    bool reuse_addr;         /**< SO_REUSEADDR (never for unicast UDP by default) */
    bool v6_only;            /**< an IPv6 socket does not take IPv4 */
    const char *interface_name; /**< bind to this device; NULL: any; borrowed during the call */
} peal_sock_options;

/** One datagram to receive into or to send. */
typedef struct peal_datagram {
    peal_socket_addr peer;  /**< from whom / to whom */
    peal_socket_addr local; /**< our address it came to; to send: leave by it (none: any) */
    void *data;             /**< buffer, or bytes to send */
    size_t bytes;           /**< capacity on entry of receive, then length; length to send */
    peal_result result;     /**< of this one after send; PEAL_E_TOO_BIG: truncated in receive */
} peal_datagram;

/** One entry of the error queue: an ICMP error for something we sent. */
typedef struct peal_sock_error {
    peal_result result;    /**< PEAL_E_REFUSED, PEAL_E_UNREACHABLE, PEAL_E_TOO_BIG … */
    peal_socket_addr peer; /**< destination of the datagram that failed */
    size_t bytes;          /**< of what the buffer got of the returned datagram */
} peal_sock_error;

/** A wait's bounds and outcome. */
enum { PEAL_WAIT_FOREVER = -1 };

/** The vtable. All calls but wake() and the clocks are made on the loop's thread. */
typedef struct peal_port_vt {
    size_t size;      /**< sizeof(peal_port_vt) */
    const char *name; /**< "libuv", "poll", "simulated" */
    /** Monotonic nanoseconds from any start. Any thread. */
    uint64_t (*now_ns)(peal_port *self);
    /** Wall clock, microseconds since 1970 UTC. Any thread. */
    int64_t (*wall_us)(peal_port *self);
    /** Fills with random bytes good enough for keys. Any thread. */
    peal_result (*random)(peal_port *self, void *buffer, size_t bytes);

    /** Makes a loop. */
    peal_result (*loop_open)(peal_port *self, peal_loop **ret);
    /** Frees the loop; all its sockets must be closed. */
    void (*loop_close)(peal_loop *loop);
    /** Waits until something is ready, wake() is called, or @p timeout_us is over (0: only looks;
     * PEAL_WAIT_FOREVER), then calls the owners of ready sockets. */
    peal_result (*loop_wait)(peal_loop *loop, int64_t timeout_us);
    /** Ends the present or the next wait. Any thread; cheap; wakes coalesce. */
    void (*loop_wake)(peal_loop *loop);
    /** A descriptor that becomes readable when loop_wait(0) would find work; -1 if the kernel has
     * no such thing (then use the pollfds). */
    int (*loop_fd)(peal_loop *loop);
    /** Fills pairs of descriptor and events (as poll(2): 1 in, 4 out) that a foreign loop must
     * watch; returns how many there are, which may be more than @p max. 0 when not offered. */
    size_t (*loop_pollfds)(peal_loop *loop, int *fds, short *events, size_t max);

    /** Opens a non-blocking UDP socket bound to @p bind (port 0: chosen), with packet info and
     * error queue on where the system has them. @p options may be NULL. An IPv6 socket that is not
     * v6_only carries IPv4 too, as IPv4 addresses.
     * @return PEAL_OK, PEAL_E_ADDR_IN_USE, PEAL_E_ADDR_NOT_AVAILABLE, PEAL_E_PERMISSION,
     * PEAL_E_NO_DESCRIPTORS, PEAL_E_NO_MEMORY, PEAL_E_NOT_BUILT_IN, PEAL_E_NOT_FOUND (interface),
     * PEAL_E_RANGE (DSCP), PEAL_E_ARGUMENT, PEAL_E_NET */
    peal_result (*udp_open)(peal_loop *loop, const peal_socket_addr *bind,
                            const peal_sock_options *options, peal_sock_owner *owner,
                            peal_sock **ret);
    /** The address it is bound to. */
    peal_result (*sock_local)(peal_sock *sock, peal_socket_addr *ret);
    /** Receives up to @p count datagrams; *ret tells how many. PEAL_E_WOULD_BLOCK when none (then
     * *ret is 0). A short count does not say that no more are there. */
    peal_result (*udp_recv)(peal_sock *sock, peal_datagram *datagrams, size_t count, size_t *ret);
    /** Sends datagrams in order; *ret tells how many were taken or failed for good (each has its
     * result), also with PEAL_E_WOULD_BLOCK, when it is fewer than @p count and on_writable will
     * be called. A datagram that the device's queue dropped counts as sent. */
    peal_result (*udp_send)(peal_sock *sock, peal_datagram *datagrams, size_t count, size_t *ret);
    /** Takes one entry of the error queue and the start of the returned datagram.
     * PEAL_E_WOULD_BLOCK when it is empty. As long as it is not, on_readable comes again. */
    peal_result (*udp_error)(peal_sock *sock, peal_sock_error *ret, void *buffer, size_t bytes);
    /** Reading is wanted (the default) or not. */
    void (*sock_want_read)(peal_sock *sock, bool want);
    /** Closes it; no owner call comes after this. */
    void (*sock_close)(peal_sock *sock);
} peal_port_vt;

/** A port. Further members belong to the implementation behind it. */
struct peal_port {
    const peal_port_vt *vt; /**< what it can do */
};

/** The best port of this build: libuv, else poll. Lives as long as the process. @thread any */
PEAL_API peal_port *peal_port_default(void);
/** The port of this name ("libuv", "poll"); NULL if it was left out. @thread any */
PEAL_API peal_port *peal_port_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
