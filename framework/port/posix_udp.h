/* SPDX-License-Identifier: MIT */
/* Role: UDP on POSIX descriptors, shared by the libuv and poll ports.
 * Thread: the loop's. */
#ifndef PEAL_FRAMEWORK_PORT_POSIX_UDP_H
#define PEAL_FRAMEWORK_PORT_POSIX_UDP_H

#include <peal/port.h>

/** An open UDP socket. */
typedef struct peal__udp {
    int fd;
    uint8_t family;         /**< of the socket; IPv6 may carry IPv4 too */
    bool is_wildcard;       /**< packet info is needed to know our address */
    peal_socket_addr local; /**< bound to */
} peal__udp;

/** See peal_port_vt.udp_open and so on. */
peal_result peal__udp_open(const peal_socket_addr *bind, const peal_sock_options *options,
                           peal__udp *ret);
void peal__udp_close(peal__udp *udp);
peal_result peal__udp_recv(const peal__udp *udp, peal_datagram *datagrams, size_t count,
                           size_t *ret);
peal_result peal__udp_send(const peal__udp *udp, peal_datagram *datagrams, size_t count,
                           size_t *ret);
peal_result peal__udp_error(const peal__udp *udp, peal_sock_error *ret, void *buffer, size_t bytes);

/** Clocks and randomness of the system, for both vtables. @thread any */
uint64_t peal__posix_now_ns(peal_port *self);
int64_t peal__posix_wall_us(peal_port *self);
peal_result peal__posix_random(peal_port *self, void *buffer, size_t bytes);
/** The result for an errno of a network call. */
peal_result peal__posix_result(int error);

#endif
