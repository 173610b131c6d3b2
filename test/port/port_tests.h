/* SPDX-License-Identifier: MIT */
/* Role: what the test files of the port package share. */
#ifndef PEAL_TEST_PORT_PORT_TESTS_H
#define PEAL_TEST_PORT_PORT_TESTS_H

#include <check.h>

#include <peal/peal.h>
#include <peal/sim.h>

TCase *udp_tests(void);
TCase *loop_tests(void);
TCase *sim_tests(void);
TCase *sim_host_tests(void);
TCase *sim_zone_tests(void);

/** A socket in a test: takes what comes, remembers the last of it. */
typedef struct end {
    peal_sock_owner owner;
    peal_port *port;
    peal_loop *loop;
    peal_sock *sock;
    peal_socket_addr address; /* bound to */
    unsigned received, readable, writable, errors, truncated;
    peal_socket_addr peer, local; /* of the last datagram */
    peal_result last_error;
    peal_socket_addr error_peer;
    char bytes[2048]; /* of the last datagram or error */
    size_t length;
    size_t batch; /* datagrams asked for at once; 0: 8 */
    bool echo;    /* send back what comes, by the address it came to */
    bool closes;  /* closes itself when something comes */
} end;

peal_socket_addr address_of(const char *host, uint16_t port);
peal_result end_try(end *e, peal_port *port, peal_loop *loop, const peal_socket_addr *bind,
                    const peal_sock_options *options);
void end_open(end *e, peal_port *port, peal_loop *loop, const char *host);
void end_close(end *e);
/** Sends one datagram and asserts that it was taken. */
void end_send(end *e, const peal_socket_addr *to, const char *text);
/** Runs the loop until *what is at least @p count; fails after some seconds. */
void run_until(peal_port *port, peal_loop *loop, const unsigned *what, unsigned count);

#endif
