/* SPDX-License-Identifier: MIT */
/* Role: the network under a test: a simulated world with named hosts, invariants and a ladder, or
 * the loopback interface. Thread: the test's. */
#include <stdio.h>
#include <stdlib.h>

#include <peal/test/failure.h>

#include "test/kit/kit_priv.h"

enum { LINK_US = 1000, DATAGRAM_MAX = 65536, REAL_WAIT_US = 20000 };

typedef struct invariant {
    peal_test_invariant *holds;
    void *arg;
} invariant;

struct peal_test_net {
    peal_sim *sim;   /* NULL: real */
    peal_port *port; /* the real one */
    peal_loop *loop; /* of all ears on it */
    uint64_t start_ns;
    peal_test_ladder *ladder;
    uint64_t said; /* datagrams on the real one */
    invariant *invariants;
    size_t invariant_count;
    char *fault;
    peal__test_ear *ears;
    char buffer[DATAGRAM_MAX];
};

/* ---- life ---- */

static void watch_invariants(void *arg, const peal_sim_event *event)
{
    peal_test_net *net = arg;
    for (size_t i = 0; i < net->invariant_count && !net->fault; ++i) {
        const char *fault = net->invariants[i].holds(net->invariants[i].arg, event);
        if (fault) {
            net->fault = peal__test_copy(peal_str_z(fault));
            peal_test_ladder_note(net->ladder, event->now_us, fault);
            peal_sim_stop(net->sim);
        }
    }
}

peal_test_net *peal_test_net_new(uint64_t seed)
{
    const peal_sim_link link = { .size = sizeof link, .delay_us = LINK_US };
    peal_sim *sim = NULL;
    if (peal_sim_new(seed, &sim) < 0) {
        peal_test_fail("no memory for a simulated network");
        return NULL;
    }
    peal_test_net *net = peal__test_alloc(sizeof *net);
    net->sim = sim;
    net->ladder = peal_test_ladder_new(0);
    peal_sim_set_link(sim, &link);
    peal_test_ladder_watch(net->ladder, sim);
    if (peal_sim_add_observer(sim, watch_invariants, net) < 0) {
        peal_test_net_free(net);
        peal_test_fail("no memory for a simulated network");
        return NULL;
    }
    return net;
}

peal_test_net *peal_test_net_new_real(peal_port *port)
{
    peal_test_net *net = peal__test_alloc(sizeof *net);
    net->port = port ? port : peal_port_default();
    net->ladder = peal_test_ladder_new(0);
    if (net->port->vt->loop_open(net->port, &net->loop) < 0) {
        peal_test_ladder_free(net->ladder);
        free(net);
        peal_test_fail("the port %s opens no loop", port ? port->vt->name : "by default");
        return NULL;
    }
    net->start_ns = net->port->vt->now_ns(net->port);
    return net;
}

void peal_test_net_free(peal_test_net *net)
{
    if (net) {
        while (net->ears) {
            peal__test_hang_up(net->ears);
        }
        if (net->loop) {
            net->port->vt->loop_close(net->loop);
        }
        peal_test_ladder_free(net->ladder);
        peal_sim_free(net->sim);
        free(net->invariants);
        free(net->fault);
        free(net);
    }
}

peal_sim *peal_test_net_sim(peal_test_net *net)
{
    return net->sim;
}

peal_test_ladder *peal_test_net_ladder(peal_test_net *net)
{
    return net->ladder;
}

uint64_t peal_test_net_now_us(peal_test_net *net)
{
    return net->sim ? peal_sim_now_us(net->sim)
                    : (net->port->vt->now_ns(net->port) - net->start_ns) / 1000;
}

uint64_t peal_test_net_random(peal_test_net *net)
{
    uint64_t number = 0;
    if (net->sim) {
        return peal_sim_random(net->sim);
    }
    if (net->port->vt->random(net->port, &number, sizeof number) < 0) {
        number = peal_test_net_now_us(net);
    }
    return number;
}

/* ---- hosts ---- */

peal_sim_host *peal_test_net_host(peal_test_net *net, const char *name)
{
    peal_sim_host *host = NULL;
    char addresses[64];
    unsigned number = 1;
    if (!net->sim) {
        return NULL;
    }
    for (; (host = peal_sim_host_at(net->sim, number)) != NULL; ++number) {
        if (strcmp(peal_sim_host_name(host), name) == 0) {
            return host;
        }
    }
    (void)snprintf(addresses, sizeof addresses, "10.0.%u.%u fd00::%x", number / 256, number % 256,
                   number);
    if (peal_sim_host_new(net->sim, name, addresses, &host) < 0) {
        peal_test_fail("the host %s cannot be made", name);
        return NULL;
    }
    return host;
}

peal_port *peal_test_net_port(peal_test_net *net, const char *host)
{
    return net->sim ? peal_sim_host_port(peal_test_net_host(net, host)) : net->port;
}

/* ---- ears ---- */

static void listen_to(peal__test_ear *ear)
{
    peal_test_net *net = ear->net;
    peal_sock_error error;
    for (;;) {
        peal_datagram d = { .data = net->buffer, .bytes = sizeof net->buffer };
        size_t count = 0;
        if (ear->port->vt->udp_recv(ear->sock, &d, 1, &count) < 0 || !count) {
            break;
        }
        if (!net->sim) {
            peal_test_ladder_add(net->ladder, ++net->said, peal_test_net_now_us(net), &d.peer,
                                 &ear->address, peal_str_of(d.data, d.bytes));
        }
        ear->on_datagram(ear, &d.peer, peal_str_of(d.data, d.bytes));
    }
    while (ear->port->vt->udp_error(ear->sock, &error, net->buffer, sizeof net->buffer) ==
           PEAL_OK) {
    }
}

static void on_readable(peal_sock_owner *self)
{
    listen_to(PEAL_CONTAINER_OF(self, peal__test_ear, owner));
}

static void on_writable(peal_sock_owner *self)
{
    (void)self; /* what could not be sent was lost */
}

/* Port 5060 of a host of its own, or a chosen port of loopback. */
static peal_socket_addr address_for(peal_test_net *net, const char *host, bool v6)
{
    peal_socket_addr address = { .port = 0 };
    peal_sim_host *machine = peal_test_net_host(net, host);
    if (!machine) {
        (void)peal_socket_addr_parse(v6 ? PEAL_STR("::1") : PEAL_STR("127.0.0.1"), 0, &address);
        return address;
    }
    for (size_t i = 0; peal_sim_host_address(machine, i, &address) == PEAL_OK; ++i) {
        if ((address.family == PEAL_AF_IPV6) == v6) {
            address.port = 5060;
            break;
        }
    }
    return address;
}

peal_result peal__test_listen(peal_test_net *net, const char *host, bool v6, peal__test_ear *ear)
{
    const peal_sock_options options = { .size = sizeof options, .dscp = -1, .v6_only = v6 };
    peal_socket_addr address = address_for(net, host, v6);
    ear->net = net;
    ear->port = peal_test_net_port(net, host);
    ear->loop = net->loop;
    ear->owner = (peal_sock_owner){ .on_readable = on_readable, .on_writable = on_writable };
    peal_result r = net->sim ? ear->port->vt->loop_open(ear->port, &ear->loop) : PEAL_OK;
    if (r < 0) {
        return r;
    }
    r = ear->port->vt->udp_open(ear->loop, &address, &options, &ear->owner, &ear->sock);
    if (r >= 0) {
        r = ear->port->vt->sock_local(ear->sock, &ear->address);
    }
    if (r < 0) {
        if (ear->sock) {
            ear->port->vt->sock_close(ear->sock);
        }
        if (net->sim) {
            ear->port->vt->loop_close(ear->loop);
        }
        return r;
    }
    ear->next = net->ears;
    net->ears = ear;
    peal_test_ladder_name(net->ladder, &ear->address, host);
    return PEAL_OK;
}

void peal__test_hang_up(peal__test_ear *ear)
{
    peal_test_net *net = ear->net;
    peal__test_ear **link = &net->ears;
    while (*link != ear) {
        link = &(*link)->next;
    }
    *link = ear->next;
    ear->port->vt->sock_close(ear->sock);
    if (net->sim) {
        ear->port->vt->loop_close(ear->loop);
    }
}

peal_result peal__test_say(peal__test_ear *ear, const peal_socket_addr *to, peal_str bytes)
{
    peal_datagram d = { .peer = *to, .data = (void *)(uintptr_t)bytes.p, .bytes = bytes.n };
    peal_test_net *net = ear->net;
    size_t count = 0;
    if (!net->sim) {
        peal_test_ladder_add(net->ladder, ++net->said, peal_test_net_now_us(net), &ear->address, to,
                             bytes);
    }
    peal_result r = ear->port->vt->udp_send(ear->sock, &d, 1, &count);
    return r < 0 ? r : d.result;
}

/* ---- running ---- */

void peal_test_net_add_invariant(peal_test_net *net, peal_test_invariant *holds, void *arg)
{
    net->invariants =
        peal__test_grow(net->invariants, (net->invariant_count + 1) * sizeof *net->invariants);
    net->invariants[net->invariant_count++] = (invariant){ holds, arg };
}

const char *peal_test_net_fault(const peal_test_net *net)
{
    return net->fault;
}

typedef struct wait {
    peal_test_net *net;
    bool (*done)(void *arg);
    void *arg;
    bool is_done;
} wait;

static bool is_over(void *arg)
{
    wait *w = arg;
    for (peal__test_ear *ear = w->net->ears; ear; ear = ear->next) {
        listen_to(ear);
    }
    w->is_done = w->done && w->done(w->arg);
    return w->is_done;
}

static peal_result run_real(wait *w, uint64_t ms)
{
    peal_test_net *net = w->net;
    uint64_t end_us = peal_test_net_now_us(net) + ms * 1000;
    while (!(w->done && w->done(w->arg))) {
        uint64_t now_us = peal_test_net_now_us(net);
        if (now_us >= end_us) {
            return PEAL_I_END;
        }
        uint64_t left_us = end_us - now_us < REAL_WAIT_US ? end_us - now_us : REAL_WAIT_US;
        peal_result r = net->port->vt->loop_wait(net->loop, (int64_t)left_us);
        if (r < 0) {
            return r;
        }
    }
    return PEAL_OK;
}

peal_result peal_test_net_run(peal_test_net *net, uint64_t ms, bool (*done)(void *arg), void *arg)
{
    wait w = { .net = net, .done = done, .arg = arg };
    if (!net->sim) {
        return run_real(&w, ms);
    }
    if (net->fault) {
        return PEAL_E_STATE;
    }
    peal_result r = peal_sim_run(net->sim, ms, is_over, &w);
    if (r < 0 || net->fault) {
        return net->fault ? PEAL_E_STATE : r;
    }
    return is_over(&w) ? PEAL_OK : PEAL_I_END;
}
