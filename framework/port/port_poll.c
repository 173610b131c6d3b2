/* SPDX-License-Identifier: MIT */
/* Role: the port on plain poll(2): no libuv, no threads needed. A wake-up is an eventfd, or a pipe
 * where there is none.
 * Thread: the loop's; loop_wake any. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#if HAVE_SYS_EVENTFD_H
#include <sys/eventfd.h>
#endif

#include <peal/alloc.h>
#include <peal/list.h>
#include <peal/trace.h>

#include "framework/port/port_priv.h"
#include "framework/port/posix_udp.h"

typedef struct poll_sock {
    peal__udp udp;
    struct poll_loop *loop;
    peal_sock_owner *owner; /* NULL: closed while owners are being called */
    peal_node node;         /* in the loop's sockets */
    bool want_read, want_write;
    short ready;
} poll_sock;

typedef struct poll_loop {
    peal_node sockets; /* in the order of opening */
    size_t count;      /* of sockets, closed ones included */
    int wake_out, wake_in;
    atomic_int wake_pending;
    bool is_calling; /* owners are being called: sockets stay listed */
    bool has_closed; /* some of them were closed meanwhile */
    struct pollfd *fds;
    size_t capacity;
} poll_loop;

static poll_loop *loop_of(peal_loop *loop)
{
    return (poll_loop *)(void *)loop;
}

static poll_sock *sock_of(peal_sock *sock)
{
    return (poll_sock *)(void *)sock;
}

/* ---- waking ---- */

static peal_result open_wake(poll_loop *loop)
{
#if HAVE_SYS_EVENTFD_H
    loop->wake_in = loop->wake_out = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return loop->wake_in < 0 ? peal__posix_result(errno) : PEAL_OK;
#else
    int ends[2];
    if (pipe(ends)) {
        return peal__posix_result(errno);
    }
    for (int i = 0; i < 2; ++i) {
        (void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    loop->wake_in = ends[0];
    loop->wake_out = ends[1];
    return PEAL_OK;
#endif
}

static void poll_wake(peal_loop *self)
{
    poll_loop *loop = loop_of(self);
    if (atomic_exchange_explicit(&loop->wake_pending, 1, memory_order_acq_rel)) {
        return;
    }
    const uint64_t one = 1;
    ssize_t n;
    do {
        n = write(loop->wake_out, &one, sizeof one);
    } while (n < 0 && errno == EINTR);
    /* Full (EAGAIN) is as good as written: the descriptor is readable. */
}

static void take_wake(poll_loop *loop)
{
    uint64_t counted;
    ssize_t n;
    do {
        n = read(loop->wake_in, &counted, sizeof counted);
    } while (n < 0 ? errno == EINTR : loop->wake_in != loop->wake_out && n > 0);
    /* After the reading: who finds it set before has posted before, and is seen after this wait. */
    (void)atomic_exchange_explicit(&loop->wake_pending, 0, memory_order_acq_rel);
}

/* ---- loops ---- */

static peal_result poll_open(peal_port *self, peal_loop **ret)
{
    (void)self;
    poll_loop *loop = peal_calloc(1, sizeof *loop);
    if (!loop) {
        return PEAL_E_NO_MEMORY;
    }
    peal_list_init(&loop->sockets);
    peal_result r = open_wake(loop);
    if (r < 0) {
        peal_free(loop);
        return r;
    }
    *ret = (peal_loop *)(void *)loop;
    return PEAL_OK;
}

static void poll_close(peal_loop *self)
{
    poll_loop *loop = loop_of(self);
    PEAL_ASSERT(peal_list_is_empty(&loop->sockets));
    (void)close(loop->wake_in);
    if (loop->wake_out != loop->wake_in) {
        (void)close(loop->wake_out);
    }
    peal_free(loop->fds);
    peal_free(loop);
}

static short wanted(const poll_sock *sock)
{
    return (short)((sock->want_read ? POLLIN : 0) | (sock->want_write ? POLLOUT : 0));
}

static peal_result fill(poll_loop *loop)
{
    if (loop->count + 1 > loop->capacity) {
        size_t capacity = loop->count * 2 + 8;
        struct pollfd *fds = peal_realloc(loop->fds, capacity * sizeof *fds);
        if (!fds) {
            return PEAL_E_NO_MEMORY;
        }
        loop->fds = fds;
        loop->capacity = capacity;
    }
    struct pollfd *at = loop->fds;
    *at++ = (struct pollfd){ .fd = loop->wake_in, .events = POLLIN };
    for (peal_node *n = loop->sockets.next; n != &loop->sockets; n = n->next) {
        const poll_sock *sock = PEAL_CONTAINER_OF(n, poll_sock, node);
        *at++ = (struct pollfd){ .fd = sock->udp.fd, .events = wanted(sock) };
    }
    return PEAL_OK;
}

/* poll() itself counts in milliseconds: rounded up, so that nothing is early. */
static int wait_for(struct pollfd *fds, size_t count, int64_t timeout_us)
{
#if HAVE_PPOLL
    struct timespec t = { timeout_us / 1000000, (long)(timeout_us % 1000000) * 1000 };
    return ppoll(fds, (nfds_t)count, timeout_us < 0 ? NULL : &t, NULL);
#else
    int64_t ms = timeout_us < 0 ? -1 : (timeout_us + 999) / 1000;
    return poll(fds, (nfds_t)count, ms > INT32_MAX ? INT32_MAX : (int)ms);
#endif
}

static void call_owner(poll_sock *sock)
{
    if ((sock->ready & POLLOUT) && sock->want_write && sock->owner) {
        sock->want_write = false;
        sock->owner->on_writable(sock->owner);
    }
    if ((sock->ready & (POLLIN | POLLERR | POLLHUP)) && sock->want_read && sock->owner) {
        sock->owner->on_readable(sock->owner);
    }
}

static void bury(poll_loop *loop)
{
    for (peal_node *n = loop->sockets.next, *next; n != &loop->sockets; n = next) {
        poll_sock *sock = PEAL_CONTAINER_OF(n, poll_sock, node);
        next = n->next;
        if (!sock->owner) {
            peal_node_unlink(n);
            --loop->count;
            peal_free(sock);
        }
    }
    loop->has_closed = false;
}

/* Sockets opened by an owner come after those that were polled; closed ones stay until the end. */
static void call_owners(poll_loop *loop, size_t polled)
{
    const struct pollfd *at = loop->fds + 1;
    const struct pollfd *end = loop->fds + polled;
    for (peal_node *n = loop->sockets.next; at < end; n = n->next, ++at) {
        PEAL_CONTAINER_OF(n, poll_sock, node)->ready = at->revents;
    }
    loop->is_calling = true;
    peal_node *n = loop->sockets.next;
    for (size_t i = 1; i < polled; ++i, n = n->next) {
        call_owner(PEAL_CONTAINER_OF(n, poll_sock, node));
    }
    loop->is_calling = false;
    if (loop->has_closed) {
        bury(loop);
    }
}

static peal_result poll_wait(peal_loop *self, int64_t timeout_us)
{
    poll_loop *loop = loop_of(self);
    peal_result r = fill(loop);
    if (r < 0) {
        return r;
    }
    size_t polled = loop->count + 1;
    int n = wait_for(loop->fds, polled, timeout_us);
    if (n < 0) {
        return errno == EINTR ? PEAL_OK : PEAL_E_OS;
    }
    if (n > 0 && loop->fds[0].revents) {
        take_wake(loop);
        --n;
    }
    if (n > 0) {
        call_owners(loop, polled);
    }
    return PEAL_OK;
}

static int poll_fd(peal_loop *self)
{
    (void)self;
    return -1;
}

static size_t poll_pollfds(peal_loop *self, int *fds, short *events, size_t max)
{
    poll_loop *loop = loop_of(self);
    if (max > 0) {
        fds[0] = loop->wake_in;
        events[0] = POLLIN;
    }
    size_t i = 1;
    for (peal_node *n = loop->sockets.next; n != &loop->sockets; n = n->next) {
        const poll_sock *sock = PEAL_CONTAINER_OF(n, poll_sock, node);
        if (!sock->owner) {
            continue;
        }
        if (i < max) {
            fds[i] = sock->udp.fd;
            events[i] = wanted(sock);
        }
        ++i;
    }
    return i;
}

/* ---- sockets ---- */

static peal_result poll_udp_open(peal_loop *self, const peal_socket_addr *bind,
                                 const peal_sock_options *options, peal_sock_owner *owner,
                                 peal_sock **ret)
{
    poll_loop *loop = loop_of(self);
    poll_sock *sock = peal_calloc(1, sizeof *sock);
    if (!sock) {
        return PEAL_E_NO_MEMORY;
    }
    peal_result r = peal__udp_open(bind, options, &sock->udp);
    if (r < 0) {
        peal_free(sock);
        return r;
    }
    sock->loop = loop;
    sock->owner = owner;
    sock->want_read = true;
    peal_list_append(&loop->sockets, &sock->node);
    ++loop->count;
    *ret = (peal_sock *)(void *)sock;
    return PEAL_OK;
}

static peal_result poll_local(peal_sock *self, peal_socket_addr *ret)
{
    *ret = sock_of(self)->udp.local;
    return PEAL_OK;
}

static peal_result poll_udp_recv(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    return peal__udp_recv(&sock_of(self)->udp, datagrams, count, ret);
}

static peal_result poll_udp_send(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    poll_sock *sock = sock_of(self);
    peal_result r = peal__udp_send(&sock->udp, datagrams, count, ret);
    if (r == PEAL_E_WOULD_BLOCK) {
        sock->want_write = true;
    }
    return r;
}

static peal_result poll_udp_error(peal_sock *self, peal_sock_error *ret, void *buffer, size_t bytes)
{
    return peal__udp_error(&sock_of(self)->udp, ret, buffer, bytes);
}

static void poll_want_read(peal_sock *self, bool want)
{
    sock_of(self)->want_read = want;
}

static void poll_sock_close(peal_sock *self)
{
    poll_sock *sock = sock_of(self);
    poll_loop *loop = sock->loop;
    peal__udp_close(&sock->udp);
    if (loop->is_calling) {
        sock->owner = NULL;
        loop->has_closed = true;
        return;
    }
    peal_node_unlink(&sock->node);
    --loop->count;
    peal_free(sock);
}

peal_result peal__port_wait_fds(const int *fds, const short *events, size_t count,
                                int64_t timeout_us)
{
    enum { FEW = 64 };
    struct pollfd few[FEW];
    struct pollfd *all = count > FEW ? peal_calloc(count, sizeof *all) : few;
    if (!all) {
        return PEAL_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; ++i) {
        all[i] = (struct pollfd){ .fd = fds[i], .events = events[i] };
    }
    int n = wait_for(all, count, timeout_us);
    peal_result r = n >= 0 || errno == EINTR ? PEAL_OK : PEAL_E_OS;
    if (all != few) {
        peal_free(all);
    }
    return r;
}

static const peal_port_vt poll_vt = { .size = sizeof poll_vt,
                                      .name = "poll",
                                      .now_ns = peal__posix_now_ns,
                                      .wall_us = peal__posix_wall_us,
                                      .random = peal__posix_random,
                                      .loop_open = poll_open,
                                      .loop_close = poll_close,
                                      .loop_wait = poll_wait,
                                      .loop_wake = poll_wake,
                                      .loop_fd = poll_fd,
                                      .loop_pollfds = poll_pollfds,
                                      .udp_open = poll_udp_open,
                                      .sock_local = poll_local,
                                      .udp_recv = poll_udp_recv,
                                      .udp_send = poll_udp_send,
                                      .udp_error = poll_udp_error,
                                      .sock_want_read = poll_want_read,
                                      .sock_close = poll_sock_close };

peal_port peal__port_poll = { &poll_vt };
