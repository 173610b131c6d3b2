/* SPDX-License-Identifier: MIT */
/* Role: the port that repeats: what a recording says a call gave, it gives again, and what is sent
 * is compared. When nothing is left to repeat, clocks stand, sockets are silent and sending works,
 * so that a program can end. Thread: the one that runs the replay. */
#include <stdio.h>

#include <peal/alloc.h>

#include "framework/port/replay.h"

typedef struct replay_sock {
    peal_node node; /* in the replay's sockets */
    peal__replay_loop *loop;
    peal_sock_owner *owner;
    uint64_t id; /* 0: opened when nothing was repeated any more */
} replay_sock;

static peal_replay *replay_of(peal_port *port)
{
    return (peal_replay *)(void *)port;
}

static peal__replay_loop *loop_of(peal_loop *loop)
{
    return (peal__replay_loop *)(void *)loop;
}

static replay_sock *sock_of(peal_sock *sock)
{
    return (replay_sock *)(void *)sock;
}

/* ---- clocks and randomness ---- */

static uint64_t port_now_ns(peal_port *self)
{
    peal_replay *replay = replay_of(self);
    const peal__tape_event now = { .tag = PEAL__TAPE_CLOCK };
    const peal__tape_event *event = peal__replay_expect(replay, replay->current, &now, "");
    if (event) {
        return event->b;
    }
    return replay->current ? replay->current->in.clock : replay->outside.clock;
}

static int64_t port_wall_us(peal_port *self)
{
    peal_replay *replay = replay_of(self);
    const peal__tape_event now = { .tag = PEAL__TAPE_WALL };
    const peal__tape_event *event = peal__replay_expect(replay, replay->current, &now, "");
    return event ? (int64_t)event->b : 0;
}

static peal_result port_random(peal_port *self, void *buffer, size_t bytes)
{
    peal_replay *replay = replay_of(self);
    const peal__tape_event now = { .tag = PEAL__TAPE_RANDOM };
    const peal__tape_event *event = peal__replay_expect(replay, replay->current, &now, "");
    if (event && event->result < 0) {
        return event->result;
    }
    if (event && event->data.n != bytes) {
        char text[64];
        (void)snprintf(text, sizeof text, "random, %zu bytes", bytes);
        peal__replay_differ(replay, replay->current, event, NULL, text);
        event = NULL;
    }
    if (event) {
        memcpy(buffer, event->data.p, bytes);
    } else {
        memset(buffer, 0x5a, bytes); /* not random, but nothing is repeated any more */
    }
    return PEAL_OK;
}

/* ---- loops ---- */

static uint64_t clock_now_ns(peal_port *self)
{
    return PEAL_CONTAINER_OF(self, peal__replay_loop, clock)->in.clock;
}

static const peal_port_vt clock_vt = { .size = sizeof clock_vt,
                                       .name = "replayed clock",
                                       .now_ns = clock_now_ns };

static peal_result port_loop_open(peal_port *self, peal_loop **ret)
{
    peal_replay *replay = replay_of(self);
    const peal__tape_event now = { .tag = PEAL__TAPE_LOOP };
    peal__replay_loop *loop = peal_calloc(1, sizeof *loop);
    if (!loop) {
        return PEAL_E_NO_MEMORY;
    }
    const peal__tape_event *event = peal__replay_expect(replay, replay->current, &now, "");
    if (event && event->result < 0) {
        peal_free(loop);
        return event->result;
    }
    loop->tape.vt = &peal__replay_tape_vt;
    loop->tape.clock = &loop->clock;
    loop->tape.id = event && event->a < PEAL__TAPE_STREAMS_MAX ? (uint32_t)event->a : 0;
    loop->clock.vt = &clock_vt;
    loop->replay = replay;
    loop->is_over = !loop->tape.id;
    (void)snprintf(loop->tape.name, sizeof loop->tape.name, "thread %u", (unsigned)loop->tape.id);
    peal_list_append(&replay->loops, &loop->node);
    ++replay->opened;
    *ret = (peal_loop *)(void *)loop;
    return PEAL_OK;
}

static void port_loop_close(peal_loop *self)
{
    peal__replay_loop *loop = loop_of(self);
    const peal__tape_event *event = peal__replay_peek(loop->replay, loop);
    if (event) {
        peal__replay_differ(loop->replay, loop, event, NULL, "the thread is released");
    }
    if (loop->replay->current == loop) {
        loop->replay->current = NULL;
    }
    peal_node_unlink(&loop->node);
    peal__tape_in_fini(&loop->in);
    peal_free(loop->runs);
    peal_free(loop);
}

static replay_sock *find_sock(const peal__replay_loop *loop, uint64_t id)
{
    const peal_node *all = &loop->replay->socks;
    for (peal_node *n = peal_list_first(all); n; n = peal_list_next(all, n)) {
        replay_sock *sock = PEAL_CONTAINER_OF(n, replay_sock, node);
        if (sock->id == id && sock->loop == loop) {
            return sock;
        }
    }
    return NULL;
}

static peal_result port_loop_wait(peal_loop *self, int64_t timeout_us)
{
    peal__replay_loop *loop = loop_of(self);
    (void)timeout_us;
    for (;;) {
        const peal__tape_event *event = peal__replay_peek(loop->replay, loop);
        if (!event ||
            (event->tag != PEAL__TAPE_READABLE && event->tag != PEAL__TAPE_WRITABLE)) {
            return PEAL_OK;
        }
        replay_sock *sock = find_sock(loop, event->a);
        if (!sock) {
            peal__replay_differ(loop->replay, loop, event, NULL, "there is no such socket");
            return PEAL_OK;
        }
        bool is_readable = event->tag == PEAL__TAPE_READABLE;
        peal__replay_take(loop->replay, loop);
        if (is_readable) {
            sock->owner->on_readable(sock->owner);
        } else {
            sock->owner->on_writable(sock->owner);
        }
    }
}

static void port_loop_wake(peal_loop *self)
{
    (void)self; /* who runs next is in the recording */
}

static int port_loop_fd(peal_loop *self)
{
    (void)self;
    return -1;
}

static size_t port_loop_pollfds(peal_loop *self, int *fds, short *events, size_t max)
{
    (void)self;
    (void)fds;
    (void)events;
    (void)max;
    return 0;
}

/* ---- sockets ---- */

static const peal__tape_event *expect_of(const replay_sock *sock, peal__tape_event *now,
                                         const char *same)
{
    peal_replay *replay = sock->loop->replay;
    now->a = sock->id;
    return peal__replay_expect(replay, replay->current, now, same);
}

static peal_result port_udp_open(peal_loop *self, const peal_socket_addr *bind,
                                 const peal_sock_options *options, peal_sock_owner *owner,
                                 peal_sock **ret)
{
    peal__replay_loop *loop = loop_of(self);
    peal_replay *replay = loop->replay;
    const peal__tape_event now = { .tag = PEAL__TAPE_OPEN, .peer = *bind };
    (void)options;
    replay_sock *sock = peal_calloc(1, sizeof *sock);
    if (!sock) {
        return PEAL_E_NO_MEMORY;
    }
    const peal__tape_event *event = peal__replay_expect(replay, replay->current, &now, "p");
    if (event && event->result < 0) {
        peal_free(sock);
        return event->result;
    }
    sock->id = event ? event->a : 0;
    sock->loop = loop;
    sock->owner = owner;
    peal_list_append(&replay->socks, &sock->node);
    *ret = (peal_sock *)(void *)sock;
    return PEAL_OK;
}

static peal_result port_sock_local(peal_sock *self, peal_socket_addr *ret)
{
    const peal__tape_event *event =
        expect_of(sock_of(self), &(peal__tape_event){ .tag = PEAL__TAPE_LOCAL }, "a");
    if (!event) {
        memset(ret, 0, sizeof *ret);
        return PEAL_OK;
    }
    if (event->result >= 0) {
        *ret = event->local;
    }
    return event->result;
}

static void fill(peal_datagram *datagram, const peal__tape_event *event)
{
    size_t n = event->data.n < datagram->bytes ? event->data.n : datagram->bytes;
    datagram->peer = event->peer;
    datagram->local = event->local;
    datagram->result = event->result;
    if (n) {
        memcpy(datagram->data, event->data.p, n);
    }
    datagram->bytes = n;
}

static peal_result port_udp_recv(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    peal_replay *replay = sock_of(self)->loop->replay;
    const peal__tape_event *event =
        expect_of(sock_of(self), &(peal__tape_event){ .tag = PEAL__TAPE_RECV }, "a");
    *ret = 0;
    if (!event) {
        return PEAL_E_WOULD_BLOCK;
    }
    peal_result result = event->result;
    size_t came = event->b < count ? (size_t)event->b : count;
    const peal__tape_event in = { .tag = PEAL__TAPE_IN };
    for (size_t i = 0; i < came; ++i) {
        event = peal__replay_expect(replay, replay->current, &in, "");
        if (!event) {
            break;
        }
        fill(&datagrams[i], event);
        ++*ret;
    }
    return *ret || result < 0 ? result : PEAL_E_WOULD_BLOCK;
}

/* Gives back the results of a send that went as recorded. */
static peal_result finish_send(const peal__tape_event *event, peal_datagram *datagrams,
                               size_t count, size_t *ret)
{
    const uint8_t *at = (const uint8_t *)event->data.p;
    const uint8_t *end = at + event->data.n;
    *ret = event->b < count ? (size_t)event->b : count;
    for (size_t i = 0; i < *ret; ++i) {
        uint64_t result = 0;
        datagrams[i].result = PEAL_OK;
        if (event->data.n && at && (at = peal__tape_get_number(at, end, &result)) != NULL) {
            datagrams[i].result = (peal_result)peal__tape_unzigzag(result);
        }
    }
    return event->result;
}

static peal_result port_udp_send(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    peal_replay *replay = sock_of(self)->loop->replay;
    peal__tape_event now = { .tag = PEAL__TAPE_SEND, .b = count };
    const peal__tape_event *event = expect_of(sock_of(self), &now, "ab");
    for (size_t i = 0; event && i < count; ++i) {
        now = (peal__tape_event){ .tag = PEAL__TAPE_OUT,
                                  .peer = datagrams[i].peer,
                                  .local = datagrams[i].local,
                                  .data = peal_str_of(datagrams[i].data, datagrams[i].bytes) };
        event = peal__replay_expect(replay, replay->current, &now, "pld");
    }
    if (event) {
        now = (peal__tape_event){ .tag = PEAL__TAPE_SENT };
        event = peal__replay_expect(replay, replay->current, &now, "");
    }
    if (event) {
        return finish_send(event, datagrams, count, ret);
    }
    for (size_t i = 0; i < count; ++i) {
        datagrams[i].result = PEAL_OK;
    }
    *ret = count;
    return PEAL_OK;
}

static peal_result port_udp_error(peal_sock *self, peal_sock_error *ret, void *buffer, size_t bytes)
{
    const peal__tape_event *event =
        expect_of(sock_of(self), &(peal__tape_event){ .tag = PEAL__TAPE_ERROR }, "a");
    if (!event || event->result < 0) {
        return event ? event->result : PEAL_E_WOULD_BLOCK;
    }
    ret->result = (peal_result)peal__tape_unzigzag(event->b);
    ret->peer = event->peer;
    ret->bytes = event->data.n < bytes ? event->data.n : bytes;
    if (ret->bytes) {
        memcpy(buffer, event->data.p, ret->bytes);
    }
    return event->result;
}

static void port_want_read(peal_sock *self, bool want)
{
    (void)expect_of(sock_of(self), &(peal__tape_event){ .tag = PEAL__TAPE_WANT, .b = want }, "ab");
}

static void port_sock_close(peal_sock *self)
{
    replay_sock *sock = sock_of(self);
    (void)expect_of(sock, &(peal__tape_event){ .tag = PEAL__TAPE_CLOSE }, "a");
    peal_node_unlink(&sock->node);
    peal_free(sock);
}

const peal_port_vt peal__replay_vt = { .size = sizeof peal__replay_vt,
                                       .name = "replay",
                                       .now_ns = port_now_ns,
                                       .wall_us = port_wall_us,
                                       .random = port_random,
                                       .loop_open = port_loop_open,
                                       .loop_close = port_loop_close,
                                       .loop_wait = port_loop_wait,
                                       .loop_wake = port_loop_wake,
                                       .loop_fd = port_loop_fd,
                                       .loop_pollfds = port_loop_pollfds,
                                       .udp_open = port_udp_open,
                                       .sock_local = port_sock_local,
                                       .udp_recv = port_udp_recv,
                                       .udp_send = port_udp_send,
                                       .udp_error = port_udp_error,
                                       .sock_want_read = port_want_read,
                                       .sock_close = port_sock_close };
