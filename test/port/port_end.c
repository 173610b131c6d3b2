/* SPDX-License-Identifier: MIT */
/* Role: what the test files of the port package share: a socket that takes what comes. */
#include "test/port/port_tests.h"

peal_socket_addr address_of(const char *host, uint16_t port)
{
    peal_socket_addr a;
    ck_assert_int_eq(peal_socket_addr_parse(peal_str_z(host), port, &a), PEAL_OK);
    return a;
}

static void remember(end *e, const peal_datagram *d)
{
    e->received++;
    e->truncated += d->result == PEAL_E_TOO_BIG;
    e->peer = d->peer;
    e->local = d->local;
    e->length = d->bytes < sizeof e->bytes ? d->bytes : sizeof e->bytes;
    memcpy(e->bytes, d->data, e->length);
    if (e->echo) {
        peal_datagram back = { .peer = d->peer, .local = d->local, .data = d->data,
                               .bytes = d->bytes };
        size_t count = 0;
        ck_assert_int_eq(e->port->vt->udp_send(e->sock, &back, 1, &count), PEAL_OK);
        ck_assert_int_eq(back.result, PEAL_OK);
    }
}

static void on_readable(peal_sock_owner *self)
{
    end *e = PEAL_CONTAINER_OF(self, end, owner);
    enum { MAX = 64 };
    static char slab[MAX][2048];
    peal_datagram d[MAX];
    peal_sock_error error;
    size_t count = 0, want = e->batch ? e->batch : 8;
    e->readable++;
    memset(d, 0, sizeof d);
    for (size_t i = 0; i < want; ++i) {
        d[i].data = slab[i];
        d[i].bytes = sizeof slab[i];
    }
    if (e->port->vt->udp_recv(e->sock, d, want, &count) < 0) {
        count = 0;
    }
    for (size_t i = 0; i < count; ++i) {
        remember(e, &d[i]);
    }
    while (e->port->vt->udp_error(e->sock, &error, e->bytes, sizeof e->bytes) == PEAL_OK) {
        e->errors++;
        e->last_error = error.result;
        e->error_peer = error.peer;
        e->length = error.bytes;
    }
    if (e->closes) {
        end_close(e);
    }
}

static void on_writable(peal_sock_owner *self)
{
    PEAL_CONTAINER_OF(self, end, owner)->writable++;
}

peal_result end_try(end *e, peal_port *port, peal_loop *loop, const peal_socket_addr *bind,
                    const peal_sock_options *options)
{
    memset(e, 0, sizeof *e);
    e->owner.on_readable = on_readable;
    e->owner.on_writable = on_writable;
    e->port = port;
    e->loop = loop;
    peal_result r = port->vt->udp_open(loop, bind, options, &e->owner, &e->sock);
    if (r == PEAL_OK) {
        ck_assert_int_eq(port->vt->sock_local(e->sock, &e->address), PEAL_OK);
        ck_assert_uint_ne(e->address.port, 0);
    }
    return r;
}

void end_open(end *e, peal_port *port, peal_loop *loop, const char *host)
{
    const peal_sock_options options = { .size = sizeof options, .dscp = -1, .v6_only = true };
    peal_socket_addr bind = address_of(host, 0);
    ck_assert_int_eq(end_try(e, port, loop, &bind, &options), PEAL_OK);
}

void end_close(end *e)
{
    if (e->sock) {
        e->port->vt->sock_close(e->sock);
        e->sock = NULL;
    }
}

void end_send(end *e, const peal_socket_addr *to, const char *text)
{
    char copy[2048];
    peal_datagram d = { .peer = *to, .data = copy, .bytes = strlen(text) };
    size_t count = 0;
    memcpy(copy, text, d.bytes);
    ck_assert_int_eq(e->port->vt->udp_send(e->sock, &d, 1, &count), PEAL_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(d.result, PEAL_OK);
}

void run_until(peal_port *port, peal_loop *loop, const unsigned *what, unsigned count)
{
    uint64_t end_ns = port->vt->now_ns(port) + UINT64_C(10000000000);
    while (*what < count) {
        ck_assert_uint_lt(port->vt->now_ns(port), end_ns);
        ck_assert_int_ge(port->vt->loop_wait(loop, 100000), 0);
    }
}
