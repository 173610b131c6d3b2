/* SPDX-License-Identifier: MIT */
/* Role: the port on libuv: one uv_poll per socket of ours (libuv's own UDP has neither packet info
 * nor batches), one uv_async to wake, one uv_timer to end a wait.
 * Thread: the loop's; loop_wake any. */
#include "config.h"

#include <poll.h>

#include <uv.h>

#include <peal/alloc.h>
#include <peal/trace.h>

#include "framework/port/port_priv.h"
#include "framework/port/posix_udp.h"

typedef struct uv_port_loop {
    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t timer;
} uv_port_loop;

typedef struct uv_port_sock {
    uv_poll_t poll;
    peal__udp udp;
    uv_port_loop *loop;
    peal_sock_owner *owner; /* NULL: closed */
    bool want_read, want_write;
} uv_port_sock;

static uv_port_loop *loop_of(peal_loop *loop)
{
    return (uv_port_loop *)(void *)loop;
}

static uv_port_sock *sock_of(peal_sock *sock)
{
    return (uv_port_sock *)(void *)sock;
}

static peal_result result_of(int uv_error)
{
    return uv_error < 0 ? peal__posix_result(-uv_error) : PEAL_OK;
}

/* ---- loops ---- */

static void on_async(uv_async_t *async)
{
    (void)async; /* being woken is all */
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* the wait is over */
}

static peal_result port_loop_open(peal_port *self, peal_loop **ret)
{
    (void)self;
    uv_port_loop *loop = peal_calloc(1, sizeof *loop);
    if (!loop) {
        return PEAL_E_NO_MEMORY;
    }
    int error = uv_loop_init(&loop->uv);
    if (error) {
        goto out;
    }
    error = uv_async_init(&loop->uv, &loop->async, on_async);
    if (error) {
        (void)uv_loop_close(&loop->uv);
        goto out;
    }
    (void)uv_timer_init(&loop->uv, &loop->timer); /* cannot fail */
    /* Registers the async with the kernel, so that the descriptor works before the first wait. */
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    *ret = (peal_loop *)(void *)loop;
out:
    if (error) {
        peal_free(loop);
    }
    return result_of(error);
}

static void port_loop_close(peal_loop *self)
{
    uv_port_loop *loop = loop_of(self);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->async, NULL);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT); /* closes all that is closing */
    int error = uv_loop_close(&loop->uv);
    PEAL_ASSERT(error == 0); /* a socket is still open: better its memory is lost than freed */
    if (error == 0) {
        peal_free(loop);
    }
}

static peal_result port_loop_wait(peal_loop *self, int64_t timeout_us)
{
    uv_port_loop *loop = loop_of(self);
    if (timeout_us > 0) {
        uv_update_time(&loop->uv); /* else the timer would count from the last wait */
        /* uv_run() runs due timers before it polls: one that fires there already must be running
         * again, or the poll would wait for ever. */
        (void)uv_timer_start(&loop->timer, on_timer, ((uint64_t)timeout_us + 999) / 1000, 1);
    }
    (void)uv_run(&loop->uv, timeout_us ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    if (timeout_us > 0) {
        (void)uv_timer_stop(&loop->timer);
    }
    return PEAL_OK;
}

static void port_loop_wake(peal_loop *self)
{
    (void)uv_async_send(&loop_of(self)->async); /* cannot fail on an open handle */
}

static int port_loop_fd(peal_loop *self)
{
    return uv_backend_fd(&loop_of(self)->uv);
}

static size_t port_loop_pollfds(peal_loop *self, int *fds, short *events, size_t max)
{
    if (max > 0) {
        fds[0] = port_loop_fd(self);
        events[0] = POLLIN;
    }
    return 1;
}

/* ---- sockets ---- */

static void on_ready(uv_poll_t *poll, int status, int events);

/* libuv tells the kernel of a changed watcher when it waits next: a foreign loop that watches the
 * descriptor has to come round once. */
static peal_result watch(uv_port_sock *sock)
{
    int events =
        (sock->want_read ? UV_READABLE | UV_PRIORITIZED : 0) | (sock->want_write ? UV_WRITABLE : 0);
    int error = events ? uv_poll_start(&sock->poll, events, on_ready) : uv_poll_stop(&sock->poll);
    (void)uv_async_send(&sock->loop->async);
    return result_of(error);
}

/* A filled error queue comes as POLLERR with POLLPRI (SO_SELECT_ERR_QUEUE); without POLLPRI libuv
 * stops the watcher and reports UV_EBADF, so it is started again. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
    uv_port_sock *sock = PEAL_CONTAINER_OF(poll, uv_port_sock, poll);
    if (status < 0) {
        events = UV_READABLE;
    }
    if ((events & UV_WRITABLE) && sock->want_write) {
        sock->want_write = false;
        (void)watch(sock); /* taking away cannot fail */
        sock->owner->on_writable(sock->owner);
    }
    if (sock->owner && sock->want_read && (events & (UV_READABLE | UV_PRIORITIZED))) {
        sock->owner->on_readable(sock->owner);
    }
    if (status < 0 && sock->owner) {
        (void)watch(sock); /* the descriptor was good and is ours: cannot fail */
    }
}

static void on_closed(uv_handle_t *handle)
{
    peal_free(PEAL_CONTAINER_OF((uv_poll_t *)handle, uv_port_sock, poll));
}

static void port_sock_close(peal_sock *self)
{
    uv_port_sock *sock = sock_of(self);
    sock->owner = NULL;
    uv_close((uv_handle_t *)&sock->poll, on_closed); /* stops watching, so before the descriptor */
    peal__udp_close(&sock->udp);
    (void)uv_async_send(&sock->loop->async); /* on_closed wants a turn */
}

static peal_result port_udp_open(peal_loop *self, const peal_socket_addr *bind,
                                 const peal_sock_options *options, peal_sock_owner *owner,
                                 peal_sock **ret)
{
    uv_port_loop *loop = loop_of(self);
    uv_port_sock *sock = peal_calloc(1, sizeof *sock);
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
    int error = uv_poll_init(&loop->uv, &sock->poll, sock->udp.fd);
    if (error) {
        peal__udp_close(&sock->udp);
        peal_free(sock);
        return result_of(error);
    }
    r = watch(sock);
    if (r < 0) {
        port_sock_close((peal_sock *)(void *)sock);
        return r;
    }
    *ret = (peal_sock *)(void *)sock;
    return PEAL_OK;
}

static peal_result port_sock_local(peal_sock *self, peal_socket_addr *ret)
{
    *ret = sock_of(self)->udp.local;
    return PEAL_OK;
}

static peal_result port_udp_recv(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    return peal__udp_recv(&sock_of(self)->udp, datagrams, count, ret);
}

static peal_result port_udp_send(peal_sock *self, peal_datagram *datagrams, size_t count,
                                 size_t *ret)
{
    uv_port_sock *sock = sock_of(self);
    peal_result r = peal__udp_send(&sock->udp, datagrams, count, ret);
    if (r == PEAL_E_WOULD_BLOCK && !sock->want_write) {
        sock->want_write = true;
        peal_result watching = watch(sock);
        return watching < 0 ? watching : r;
    }
    return r;
}

static peal_result port_udp_error(peal_sock *self, peal_sock_error *ret, void *buffer, size_t bytes)
{
    return peal__udp_error(&sock_of(self)->udp, ret, buffer, bytes);
}

static void port_want_read(peal_sock *self, bool want)
{
    uv_port_sock *sock = sock_of(self);
    if (sock->want_read != want) {
        sock->want_read = want;
        (void)watch(sock); /* only changes what is watched: cannot fail */
    }
}

static const peal_port_vt uv_vt = { .size = sizeof uv_vt,
                                    .name = "libuv",
                                    .now_ns = peal__posix_now_ns,
                                    .wall_us = peal__posix_wall_us,
                                    .random = peal__posix_random,
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

peal_port peal__port_uv = { &uv_vt };
