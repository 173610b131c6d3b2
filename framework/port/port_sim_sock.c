/* SPDX-License-Identifier: MIT */
/* Role: loops and UDP sockets of simulated hosts, and with them the port's vtable. A table sorted
 * by value finds sockets; each loop knows which of its own are ready.
 * Thread: the one that runs the world. */
#include <peal/alloc.h>

#include "framework/port/sim_world.h"

enum {
    QUEUE_BYTES_DEFAULT = 212992,
    PACKET_OVERHEAD = 512, /* what the kernel charges for a small datagram, roughly */
    FIRST_CHOSEN_PORT = 49152
};
/* Virtual time 0 on the wall: 1 January 2026, 00:00 UTC. */
#define WALL_START_US INT64_C(1767225600000000)

static peal__sim_loop *loop_of(peal_loop *loop)
{
    return (peal__sim_loop *)(void *)loop;
}

static peal__sim_sock *sock_of(peal_sock *sock)
{
    return (peal__sim_sock *)(void *)sock;
}

/* ---- clocks and randomness of a host ---- */

static uint64_t sim_now_ns(peal_port *self)
{
    const peal_sim_host *host = peal__sim_host_of_port(self);
    return host->sim->now_ns + host->clock_ns;
}

static int64_t sim_wall_us(peal_port *self)
{
    const peal_sim_host *host = peal__sim_host_of_port(self);
    return WALL_START_US + (int64_t)(host->sim->now_ns / 1000) + host->wall_us;
}

static peal_result sim_random(peal_port *self, void *buffer, size_t bytes)
{
    char *to = buffer;
    while (bytes) {
        uint64_t number = peal__sim_draw(&peal__sim_host_of_port(self)->random);
        size_t n = bytes < sizeof number ? bytes : sizeof number;
        memcpy(to, &number, n);
        to += n;
        bytes -= n;
    }
    return PEAL_OK;
}

/* ---- queues of a socket ---- */

static void queue_init(peal__sim_queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
    queue->bytes = 0;
}

static void queue_put(peal__sim_queue *queue, peal__sim_packet *packet)
{
    packet->next = NULL;
    *queue->last = packet;
    queue->last = &packet->next;
    queue->bytes += packet->bytes + PACKET_OVERHEAD;
}

static peal__sim_packet *queue_take(peal__sim_queue *queue)
{
    peal__sim_packet *packet = queue->first;
    if (packet) {
        queue->first = packet->next;
        if (!queue->first) {
            queue->last = &queue->first;
        }
        queue->bytes -= packet->bytes + PACKET_OVERHEAD;
    }
    return packet;
}

static void queue_fini(peal__sim_queue *queue)
{
    for (peal__sim_packet *packet; (packet = queue_take(queue)) != NULL;) {
        peal_free(packet);
    }
}

/* ---- readiness ---- */

static bool has_input(const peal__sim_sock *sock)
{
    return sock->want_read && (sock->received.first || sock->errors.first);
}

static bool is_ready(const peal__sim_sock *sock)
{
    return sock->owner && ((sock->blocked && sock->may_write) || has_input(sock));
}

/* Its servicing thread, if it is not just running, may have something to do. */
static void tell_runner(const peal__sim_loop *loop)
{
    peal_sim *sim = loop->host->sim;
    if (loop->runner && sim->turning != loop->runner) {
        peal__sim_refresh(sim, loop->runner);
    }
}

static void update(peal__sim_sock *sock)
{
    bool ready = is_ready(sock);
    if (ready != peal_node_is_linked(&sock->ready_node)) {
        if (ready) {
            peal_list_append(&sock->loop->ready, &sock->ready_node);
        } else {
            peal_node_unlink(&sock->ready_node);
        }
        tell_runner(sock->loop);
    }
}

bool peal__sim_sock_put(peal__sim_sock *sock, peal__sim_packet *packet, bool is_error)
{
    peal__sim_queue *queue = is_error ? &sock->errors : &sock->received;
    peal_sim_host *host = sock->loop->host;
    if (queue->bytes + packet->bytes + PACKET_OVERHEAD > sock->queue_bytes && queue->first) {
        return false;
    }
    queue_put(queue, packet);
    update(sock);
    peal__sim_note_packet(host->sim, is_error ? PEAL_SIM_RETURNED : PEAL_SIM_ARRIVED, host, packet,
                          NULL);
    return true;
}

/* Without memory for the entry it is until its next turn. */
void peal__sim_sock_block(peal__sim_sock *sock, uint32_t us)
{
    peal_sim *sim = sock->loop->host->sim;
    peal__sim_unblock *unblock = us ? peal_calloc(1, sizeof *unblock) : NULL;
    sock->blocked = true;
    sock->may_write = !unblock;
    if (unblock) {
        unblock->entry.kind = PEAL__SIM_UNBLOCK;
        unblock->sock = sock;
        sock->unblock = unblock;
        if (peal__sim_put(sim, &unblock->entry, sim->now_ns + (uint64_t)us * 1000) < 0) {
            sock->unblock = NULL;
            sock->may_write = true;
            peal_free(unblock);
        }
    }
    update(sock);
}

void peal__sim_sock_unblock(peal__sim_sock *sock)
{
    sock->may_write = true;
    update(sock);
}

/* ---- the table of sockets ---- */

static int compare_to(const peal__sim_sock *sock, const peal_sim_host *host,
                      const peal_socket_addr *address)
{
    const peal_socket_addr *local = &sock->local;
    const unsigned number = sock->loop->host->number;
    if (number != host->number) {
        return number < host->number ? -1 : 1;
    }
    if (local->port != address->port) {
        return local->port < address->port ? -1 : 1;
    }
    if (local->family != address->family) {
        return local->family < address->family ? -1 : 1;
    }
    int order = memcmp(local->ip, address->ip, sizeof local->ip);
    if (order == 0 && local->scope != address->scope) {
        order = local->scope < address->scope ? -1 : 1;
    }
    return order;
}

static size_t place_of(const peal_sim *sim, const peal_sim_host *host,
                       const peal_socket_addr *address)
{
    size_t low = 0, high = sim->sock_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_to(sim->socks[middle], host, address) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static peal__sim_sock *find_exact(const peal_sim *sim, const peal_sim_host *host,
                                  const peal_socket_addr *address)
{
    size_t at = place_of(sim, host, address);
    return at < sim->sock_count && compare_to(sim->socks[at], host, address) == 0 ? sim->socks[at]
                                                                                  : NULL;
}

peal__sim_sock *peal__sim_find_sock(const peal_sim *sim, const peal_sim_host *host,
                                    const peal_socket_addr *to)
{
    peal__sim_sock *sock = find_exact(sim, host, to);
    if (sock) {
        return sock;
    }
    peal_socket_addr any = { .family = to->family, .port = to->port };
    sock = find_exact(sim, host, &any);
    if (!sock && to->family == PEAL_AF_IPV4) {
        any.family = PEAL_AF_IPV6;
        sock = find_exact(sim, host, &any);
        sock = sock && sock->v6_only ? NULL : sock;
    }
    return sock;
}

static peal_result make_room(peal_sim *sim)
{
    if (sim->sock_count == sim->sock_capacity) {
        size_t capacity = sim->sock_capacity * 2 + 32;
        peal__sim_sock **socks = peal_realloc(sim->socks, capacity * sizeof *socks);
        if (!socks) {
            return PEAL_E_NO_MEMORY;
        }
        sim->socks = socks;
        sim->sock_capacity = capacity;
    }
    return PEAL_OK;
}

static void table_put(peal_sim *sim, peal__sim_sock *sock)
{
    size_t at = place_of(sim, sock->loop->host, &sock->local);
    memmove(sim->socks + at + 1, sim->socks + at, (sim->sock_count - at) * sizeof *sim->socks);
    sim->socks[at] = sock;
    ++sim->sock_count;
}

static void table_take(peal_sim *sim, peal__sim_sock *sock)
{
    size_t at = place_of(sim, sock->loop->host, &sock->local);
    if (at < sim->sock_count && sim->socks[at] == sock) {
        --sim->sock_count;
        memmove(sim->socks + at, sim->socks + at + 1,
                (sim->sock_count - at) * sizeof *sim->socks);
    }
}

/* It can no longer be reached. */
static void leave_network(peal__sim_sock *sock)
{
    if (!sock->is_dead) {
        table_take(sock->loop->host->sim, sock);
        peal__sim_unclaim_address(sock->loop->host, &sock->local);
    }
    queue_fini(&sock->received);
    queue_fini(&sock->errors);
}

void peal__sim_kill_socks(peal_sim_host *host)
{
    for (peal_node *l = peal_list_first(&host->loops); l; l = peal_list_next(&host->loops, l)) {
        peal__sim_loop *loop = PEAL_CONTAINER_OF(l, peal__sim_loop, node);
        for (peal_node *n = loop->sockets.next; n != &loop->sockets; n = n->next) {
            peal__sim_sock *sock = PEAL_CONTAINER_OF(n, peal__sim_sock, node);
            leave_network(sock);
            sock->is_dead = true;
            update(sock);
        }
    }
}

/* ---- loops ---- */

static peal_result sim_loop_open(peal_port *self, peal_loop **ret)
{
    peal__sim_loop *loop = peal_calloc(1, sizeof *loop);
    if (!loop) {
        return PEAL_E_NO_MEMORY;
    }
    loop->host = peal__sim_host_of_port(self);
    loop->life = loop->host->life;
    peal_list_init(&loop->sockets);
    peal_list_init(&loop->ready);
    peal_list_init(&loop->closed);
    peal_list_append(&loop->host->loops, &loop->node);
    *ret = (peal_loop *)(void *)loop;
    return PEAL_OK;
}

static void sim_loop_close(peal_loop *self)
{
    peal__sim_loop *loop = loop_of(self);
    peal_node_unlink(&loop->node);
    peal_free(loop);
}

static void call_owner(peal__sim_sock *sock)
{
    if (sock->owner && sock->blocked && sock->may_write) {
        sock->blocked = false;
        sock->owner->on_writable(sock->owner);
    }
    if (sock->owner && has_input(sock)) {
        sock->owner->on_readable(sock->owner);
    }
    if (sock->owner) {
        update(sock);
    }
}

static uint64_t count(const peal_node *list)
{
    uint64_t n = 0;
    for (const peal_node *at = list->next; at != list; at = at->next) {
        ++n;
    }
    return n;
}

/* Calls the owners of the sockets that are ready now, starting with one drawn from the seed. */
static void call_owners(peal__sim_loop *loop)
{
    peal_node *list = &loop->ready;
    uint64_t left = count(list);
    loop->is_calling = true;
    for (uint64_t i = left > 1 ? peal__sim_below(&loop->host->sim->scheduler, left) : 0; i > 0;
         --i) {
        peal_node *first = list->next;
        peal_node_unlink(first);
        peal_list_append(list, first);
    }
    for (peal_node *n; left > 0 && (n = peal_list_first(list)) != NULL; --left) {
        peal_node_unlink(n); /* what stays ready goes to the end */
        call_owner(PEAL_CONTAINER_OF(n, peal__sim_sock, ready_node));
    }
    loop->is_calling = false;
    for (peal_node *n; (n = peal_list_first(&loop->closed)) != NULL;) {
        peal_node_unlink(n);
        peal_free(PEAL_CONTAINER_OF(n, peal__sim_sock, node));
    }
}

static void jump_alone(peal_sim *sim, uint64_t to_ns)
{
    if (to_ns > sim->now_ns) {
        sim->now_ns = to_ns;
        peal__sim_note(sim, &(peal_sim_event){ .kind = PEAL_SIM_CLOCK });
    }
    peal__sim_deliver(sim);
}

/* Outside of peal_sim_run() a waiting loop is alone in the world: the clock jumps to what comes. */
static peal_result sim_loop_wait(peal_loop *self, int64_t timeout_us)
{
    peal__sim_loop *loop = loop_of(self);
    peal_sim *sim = loop->host->sim;
    if (!sim->is_running) {
        uint64_t end = timeout_us < 0 ? UINT64_MAX : sim->now_ns + (uint64_t)timeout_us * 1000;
        sim->is_stopping = false;
        jump_alone(sim, sim->now_ns);
        while (!peal__sim_loop_is_ready(loop) && sim->now_ns < end) {
            uint64_t next = peal__sim_next_entry_ns(sim);
            next = next < end ? next : end;
            if (next == UINT64_MAX || sim->is_stopping) {
                return PEAL_I_END;
            }
            jump_alone(sim, next);
        }
    }
    loop->is_woken = false;
    call_owners(loop);
    return PEAL_OK;
}

static void sim_loop_wake(peal_loop *self)
{
    peal__sim_loop *loop = loop_of(self);
    if (!loop->is_woken) {
        loop->is_woken = true;
        tell_runner(loop);
    }
}

static int sim_loop_fd(peal_loop *self)
{
    (void)self;
    return -1;
}

static size_t sim_loop_pollfds(peal_loop *self, int *fds, short *events, size_t max)
{
    (void)self;
    (void)fds;
    (void)events;
    (void)max;
    return 0;
}

/* ---- sockets ---- */

/* A wildcard socket and one of a certain address may share a port: they may be different hosts. */
static peal_result choose_port(peal_sim_host *host, peal_socket_addr *address)
{
    peal_sim *sim = host->sim;
    if (address->port) {
        return find_exact(sim, host, address) ? PEAL_E_ADDR_IN_USE : PEAL_OK;
    }
    for (unsigned tries = 0; tries < UINT16_MAX - FIRST_CHOSEN_PORT; ++tries) {
        if (sim->next_port < FIRST_CHOSEN_PORT) {
            sim->next_port = FIRST_CHOSEN_PORT;
        }
        address->port = sim->next_port++;
        if (!find_exact(sim, host, address)) {
            return PEAL_OK;
        }
    }
    return PEAL_E_ADDR_IN_USE;
}

static peal_result enter_network(peal__sim_sock *sock)
{
    peal_sim_host *host = sock->loop->host;
    if (sock->loop->life != host->life) {
        sock->is_dead = true; /* of something that was killed */
        return sock->local.port ? PEAL_OK : choose_port(host, &sock->local);
    }
    peal_result r = make_room(host->sim);
    if (r >= 0) {
        r = choose_port(host, &sock->local);
    }
    if (r >= 0) {
        r = peal__sim_claim_address(host, &sock->local);
    }
    if (r >= 0) {
        table_put(host->sim, sock);
    }
    return r;
}

static peal_result sim_udp_open(peal_loop *self, const peal_socket_addr *bind,
                                const peal_sock_options *options, peal_sock_owner *owner,
                                peal_sock **ret)
{
    peal__sim_loop *loop = loop_of(self);
    if (bind->family != PEAL_AF_IPV4 && bind->family != PEAL_AF_IPV6) {
        return PEAL_E_ARGUMENT;
    }
    peal__sim_sock *sock = peal_calloc(1, sizeof *sock);
    if (!sock) {
        return PEAL_E_NO_MEMORY;
    }
    sock->loop = loop;
    sock->owner = owner;
    sock->local = *bind;
    sock->v6_only = options && options->v6_only;
    sock->want_read = true;
    sock->queue_bytes =
        options && options->recv_buf_bytes ? options->recv_buf_bytes : QUEUE_BYTES_DEFAULT;
    queue_init(&sock->received);
    queue_init(&sock->errors);
    peal_result r = enter_network(sock);
    if (r < 0) {
        peal_free(sock);
        return r;
    }
    peal_list_append(&loop->sockets, &sock->node);
    *ret = (peal_sock *)(void *)sock;
    return PEAL_OK;
}

static peal_result sim_sock_local(peal_sock *self, peal_socket_addr *ret)
{
    *ret = sock_of(self)->local;
    return PEAL_OK;
}

static void sim_want_read(peal_sock *self, bool want)
{
    sock_of(self)->want_read = want;
    update(sock_of(self));
}

static void sim_sock_close(peal_sock *self)
{
    peal__sim_sock *sock = sock_of(self);
    leave_network(sock);
    sock->owner = NULL;
    if (sock->unblock) {
        sock->unblock->sock = NULL;
    }
    peal_node_unlink(&sock->ready_node);
    peal_node_unlink(&sock->node);
    if (sock->loop->is_calling) {
        peal_list_append(&sock->loop->closed, &sock->node);
    } else {
        peal_free(sock);
    }
}

static void take_into(peal__sim_packet *packet, peal_datagram *datagram)
{
    size_t n = packet->bytes < datagram->bytes ? packet->bytes : datagram->bytes;
    datagram->peer = packet->from;
    datagram->local = packet->to;
    datagram->result = n < packet->bytes ? PEAL_E_TOO_BIG : PEAL_OK;
    datagram->bytes = n;
    if (n) {
        memcpy(datagram->data, packet->data, n);
    }
    peal_free(packet);
}

/* How much comes at once is drawn: the next call, or the next turn, gives the rest. */
static peal_result sim_udp_recv(peal_sock *self, peal_datagram *datagrams, size_t max, size_t *ret)
{
    peal__sim_sock *sock = sock_of(self);
    size_t done = 0;
    if (sock->received.first && sock->received.first->next && max > 1) {
        max = (size_t)peal__sim_below(&sock->loop->host->sim->scheduler, max) + 1;
    }
    while (done < max && sock->received.first) {
        take_into(queue_take(&sock->received), &datagrams[done++]);
    }
    *ret = done;
    update(sock);
    return done ? PEAL_OK : PEAL_E_WOULD_BLOCK;
}

static peal_result sim_udp_error(peal_sock *self, peal_sock_error *ret, void *buffer, size_t bytes)
{
    peal__sim_packet *packet = queue_take(&sock_of(self)->errors);
    if (!packet) {
        return PEAL_E_WOULD_BLOCK;
    }
    size_t n = packet->bytes < bytes ? packet->bytes : bytes;
    if (n) {
        memcpy(buffer, packet->data, n);
    }
    ret->bytes = n;
    ret->peer = packet->to;
    ret->result = packet->error;
    peal_free(packet);
    update(sock_of(self));
    return PEAL_OK;
}

static peal_result sim_udp_send(peal_sock *self, peal_datagram *datagrams, size_t number,
                                size_t *ret)
{
    peal__sim_sock *sock = sock_of(self);
    for (size_t i = 0; i < number; ++i) {
        peal_result r = sock->blocked ? PEAL_E_WOULD_BLOCK : peal__sim_send(sock, &datagrams[i]);
        if (r == PEAL_E_WOULD_BLOCK) {
            *ret = i;
            return r;
        }
        datagrams[i].result = r;
    }
    *ret = number;
    return PEAL_OK;
}

const peal_port_vt peal__sim_vt = { .size = sizeof peal__sim_vt,
                                    .name = "simulated",
                                    .now_ns = sim_now_ns,
                                    .wall_us = sim_wall_us,
                                    .random = sim_random,
                                    .loop_open = sim_loop_open,
                                    .loop_close = sim_loop_close,
                                    .loop_wait = sim_loop_wait,
                                    .loop_wake = sim_loop_wake,
                                    .loop_fd = sim_loop_fd,
                                    .loop_pollfds = sim_loop_pollfds,
                                    .udp_open = sim_udp_open,
                                    .sock_local = sim_sock_local,
                                    .udp_recv = sim_udp_recv,
                                    .udp_send = sim_udp_send,
                                    .udp_error = sim_udp_error,
                                    .sock_want_read = sim_want_read,
                                    .sock_close = sim_sock_close };
