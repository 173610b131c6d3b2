/* SPDX-License-Identifier: MIT */
/* Role: the network of a simulated world: loops and UDP sockets in memory, links that delay, lose,
 * duplicate and reorder, send errors, and ICMP errors for closed ports of known hosts. Nothing here
 * depends on an address in memory: lists are in the order of making, packets in that of arrival.
 * Thread: the one that runs the world. */
#include <peal/alloc.h>

#include "framework/port/sim_world.h"

enum {
    DATAGRAM_MAX = 65507,
    QUEUE_BYTES_DEFAULT = 212992,
    PACKET_OVERHEAD = 512, /* what the kernel charges for a small datagram, roughly */
    FIRST_CHOSEN_PORT = 49152,
    RETURNED_MAX = 548 /* of a datagram inside an ICMP error */
};

static peal__sim_loop *loop_of(peal_loop *loop)
{
    return (peal__sim_loop *)(void *)loop;
}

static peal__sim_sock *sock_of(peal_sock *sock)
{
    return (peal__sim_sock *)(void *)sock;
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

/* ---- packets on their way: a binary heap by (arrival, sequence) ---- */

static bool is_before(const peal__sim_packet *a, const peal__sim_packet *b)
{
    return a->arrival_ns != b->arrival_ns ? a->arrival_ns < b->arrival_ns
                                          : a->sequence < b->sequence;
}

static peal_result heap_put(peal_sim *sim, peal__sim_packet *packet)
{
    if (sim->heap_count == sim->heap_capacity) {
        size_t capacity = sim->heap_capacity * 2 + 64;
        peal__sim_packet **heap = peal_realloc(sim->heap, capacity * sizeof *heap);
        if (!heap) {
            return PEAL_E_NO_MEMORY;
        }
        sim->heap = heap;
        sim->heap_capacity = capacity;
    }
    packet->sequence = ++sim->sequence;
    size_t at = sim->heap_count++;
    for (size_t up; at > 0 && is_before(packet, sim->heap[up = (at - 1) / 2]); at = up) {
        sim->heap[at] = sim->heap[up];
    }
    sim->heap[at] = packet;
    return PEAL_OK;
}

static peal__sim_packet *heap_take(peal_sim *sim)
{
    peal__sim_packet *first = sim->heap[0];
    peal__sim_packet *last = sim->heap[--sim->heap_count];
    size_t at = 0;
    for (size_t down = 1; down < sim->heap_count; down = at * 2 + 1) {
        if (down + 1 < sim->heap_count && is_before(sim->heap[down + 1], sim->heap[down])) {
            ++down;
        }
        if (!is_before(sim->heap[down], last)) {
            break;
        }
        sim->heap[at] = sim->heap[down];
        at = down;
    }
    if (sim->heap_count) {
        sim->heap[at] = last;
    }
    return first;
}

uint64_t peal__sim_next_arrival_ns(const peal_sim *sim)
{
    return sim->heap_count ? sim->heap[0]->arrival_ns : UINT64_MAX;
}

void peal__sim_net_fini(peal_sim *sim)
{
    for (size_t i = 0; i < sim->heap_count; ++i) {
        peal_free(sim->heap[i]);
    }
    peal_free(sim->heap);
    while (sim->send_errors) {
        peal__sim_send_error *error = sim->send_errors;
        sim->send_errors = error->next;
        peal_free(error);
    }
}

/* ---- settings ---- */

void peal_sim_set_link(peal_sim *sim, const peal_sim_link *link)
{
    memset(&sim->link, 0, sizeof sim->link);
    memcpy(&sim->link, link, link->size < sizeof sim->link ? link->size : sizeof sim->link);
}

void peal_sim_set_filter(peal_sim *sim, peal_sim_filter *filter, void *arg)
{
    sim->filter = filter;
    sim->filter_arg = arg;
}

static bool is_for(const peal__sim_send_error *error, const peal_socket_addr *to)
{
    return peal_socket_addr_eq(&error->to, to, error->to.port != 0);
}

peal_result peal_sim_set_send_error(peal_sim *sim, const peal_socket_addr *to, peal_result result)
{
    peal__sim_send_error **link = &sim->send_errors;
    while (*link && !peal_socket_addr_eq(&(*link)->to, to, true)) {
        link = &(*link)->next;
    }
    peal__sim_send_error *error = *link;
    if (result == PEAL_OK) {
        if (error) {
            *link = error->next;
            peal_free(error);
        }
        return PEAL_OK;
    }
    if (!error) {
        error = peal_calloc(1, sizeof *error);
        if (!error) {
            return PEAL_E_NO_MEMORY;
        }
        *link = error;
    }
    error->to = *to;
    error->result = result;
    return PEAL_OK;
}

static peal_result send_error(const peal_sim *sim, const peal_socket_addr *to)
{
    for (const peal__sim_send_error *e = sim->send_errors; e; e = e->next) {
        if (is_for(e, to)) {
            return e->result;
        }
    }
    return PEAL_OK;
}

/* ---- who gets what ---- */

typedef enum fit { FIT_NONE, FIT_HOST, FIT_WILDCARD, FIT_EXACT } fit;

static fit fit_of(const peal__sim_sock *sock, const peal_socket_addr *to)
{
    bool is_any = peal_socket_addr_is_any(&sock->local);
    if (!sock->owner) {
        return FIT_NONE;
    }
    if (is_any) {
        bool takes = sock->local.family == to->family ||
                     (sock->local.family == PEAL_AF_IPV6 && !sock->v6_only);
        return takes && sock->local.port == to->port ? FIT_WILDCARD : FIT_NONE;
    }
    if (!peal_socket_addr_eq(&sock->local, to, false)) {
        return FIT_NONE;
    }
    return sock->local.port == to->port ? FIT_EXACT : FIT_HOST;
}

/* The best socket for an address, and how it fits: FIT_HOST means only the host is known. */
static peal__sim_sock *find_sock(const peal_sim *sim, const peal_socket_addr *to, fit *ret)
{
    peal__sim_sock *best = NULL;
    *ret = FIT_NONE;
    for (peal_node *l = sim->loops.next; l != &sim->loops; l = l->next) {
        peal__sim_loop *loop = PEAL_CONTAINER_OF(l, peal__sim_loop, node);
        for (peal_node *n = loop->sockets.next; n != &loop->sockets; n = n->next) {
            peal__sim_sock *sock = PEAL_CONTAINER_OF(n, peal__sim_sock, node);
            fit how = fit_of(sock, to);
            if (how > *ret) {
                *ret = how;
                best = sock;
            }
        }
    }
    return best;
}

static uint64_t delay_ns(peal_sim *sim)
{
    uint64_t us = sim->link.delay_us;
    if (sim->link.jitter_us) {
        us += peal__sim_below(sim, (uint64_t)sim->link.jitter_us + 1);
    }
    return us * 1000;
}

/* Nobody listens on a known host: the datagram turns round as an ICMP error. Errors get lost like
 * everything else. */
static void refuse(peal_sim *sim, peal__sim_packet *packet)
{
    packet->error = PEAL_E_REFUSED;
    packet->arrival_ns = sim->now_ns + delay_ns(sim);
    if (packet->bytes > RETURNED_MAX) {
        packet->bytes = RETURNED_MAX;
    }
    if (peal__sim_chance(sim, sim->link.loss_percent) || heap_put(sim, packet) < 0) {
        peal_free(packet);
    }
}

static void arrive(peal_sim *sim, peal__sim_packet *packet)
{
    fit how;
    bool is_error = packet->error != PEAL_OK;
    peal__sim_sock *sock = find_sock(sim, is_error ? &packet->from : &packet->to, &how);
    if (how < FIT_WILDCARD) {
        if (how == FIT_HOST && !is_error) {
            refuse(sim, packet);
        } else {
            peal_free(packet);
        }
        return;
    }
    peal__sim_queue *queue = is_error ? &sock->errors : &sock->received;
    if (queue->bytes + packet->bytes + PACKET_OVERHEAD > sock->queue_bytes && queue->first) {
        peal_free(packet); /* the socket's buffer is full */
        return;
    }
    queue_put(queue, packet);
}

void peal__sim_deliver(peal_sim *sim)
{
    while (sim->heap_count && sim->heap[0]->arrival_ns <= sim->now_ns) {
        arrive(sim, heap_take(sim));
    }
}

/* ---- loops ---- */

static peal_result sim_loop_open(peal_port *self, peal_loop **ret)
{
    peal__sim_loop *loop = peal_calloc(1, sizeof *loop);
    if (!loop) {
        return PEAL_E_NO_MEMORY;
    }
    loop->sim = peal__sim_of(self);
    peal_list_init(&loop->sockets);
    peal_list_append(&loop->sim->loops, &loop->node);
    *ret = (peal_loop *)(void *)loop;
    return PEAL_OK;
}

static void sim_loop_close(peal_loop *self)
{
    peal__sim_loop *loop = loop_of(self);
    peal_node_unlink(&loop->node);
    peal_free(loop);
}

static bool has_input(const peal__sim_sock *sock)
{
    return sock->want_read && (sock->received.first || sock->errors.first);
}

bool peal__sim_loop_is_ready(const peal__sim_loop *loop)
{
    if (loop->is_woken) {
        return true;
    }
    for (peal_node *n = loop->sockets.next; n != &loop->sockets; n = n->next) {
        const peal__sim_sock *sock = PEAL_CONTAINER_OF(n, peal__sim_sock, node);
        if (sock->blocked || has_input(sock)) {
            return true;
        }
    }
    return false;
}

static void free_sock(peal__sim_sock *sock)
{
    queue_fini(&sock->received);
    queue_fini(&sock->errors);
    peal_node_unlink(&sock->node);
    peal_free(sock);
}

static void call_owner(peal__sim_sock *sock)
{
    if (sock->owner && sock->blocked) {
        sock->blocked = false;
        sock->owner->on_writable(sock->owner);
    }
    if (sock->owner && has_input(sock)) {
        sock->owner->on_readable(sock->owner);
    }
}

/* Calls the owners of the sockets that were there, starting with one drawn from the seed. */
static void call_owners(peal__sim_loop *loop)
{
    uint64_t count = 0;
    for (peal_node *n = loop->sockets.next; n != &loop->sockets; n = n->next) {
        ++count;
    }
    if (!count) {
        return;
    }
    loop->is_calling = true;
    peal_node *n = loop->sockets.next;
    for (uint64_t i = count > 1 ? peal__sim_below(loop->sim, count) : 0; i > 0; --i) {
        n = n->next;
    }
    for (; count > 0; --count, n = n->next) {
        n = n == &loop->sockets ? n->next : n;
        call_owner(PEAL_CONTAINER_OF(n, peal__sim_sock, node));
    }
    loop->is_calling = false;
    for (peal_node *at = loop->sockets.next, *next; loop->has_closed && at != &loop->sockets;
         at = next) {
        peal__sim_sock *sock = PEAL_CONTAINER_OF(at, peal__sim_sock, node);
        next = at->next;
        if (!sock->owner) {
            free_sock(sock);
        }
    }
    loop->has_closed = false;
}

/* Outside of peal_sim_run() a waiting loop is alone in the world: the clock jumps to what comes. */
static peal_result sim_loop_wait(peal_loop *self, int64_t timeout_us)
{
    peal__sim_loop *loop = loop_of(self);
    peal_sim *sim = loop->sim;
    uint64_t end = timeout_us < 0 ? UINT64_MAX : sim->now_ns + (uint64_t)timeout_us * 1000;
    peal__sim_deliver(sim);
    while (!peal__sim_loop_is_ready(loop) && sim->now_ns < end) {
        uint64_t next = peal__sim_next_arrival_ns(sim);
        if (next > end) {
            next = end;
        }
        if (next == UINT64_MAX) {
            return PEAL_I_END;
        }
        sim->now_ns = next;
        peal__sim_deliver(sim);
    }
    loop->is_woken = false;
    call_owners(loop);
    return PEAL_OK;
}

static void sim_loop_wake(peal_loop *self)
{
    loop_of(self)->is_woken = true;
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
static bool is_taken(const peal_sim *sim, const peal_socket_addr *address)
{
    for (peal_node *l = sim->loops.next; l != &sim->loops; l = l->next) {
        peal__sim_loop *loop = PEAL_CONTAINER_OF(l, peal__sim_loop, node);
        for (peal_node *n = loop->sockets.next; n != &loop->sockets; n = n->next) {
            peal__sim_sock *sock = PEAL_CONTAINER_OF(n, peal__sim_sock, node);
            if (sock->owner && peal_socket_addr_eq(&sock->local, address, true)) {
                return true;
            }
        }
    }
    return false;
}

static peal_result choose_port(peal_sim *sim, peal_socket_addr *address)
{
    for (unsigned tries = 0; tries < UINT16_MAX - FIRST_CHOSEN_PORT; ++tries) {
        if (sim->next_port < FIRST_CHOSEN_PORT) {
            sim->next_port = FIRST_CHOSEN_PORT;
        }
        address->port = sim->next_port++;
        if (!is_taken(sim, address)) {
            return PEAL_OK;
        }
    }
    return PEAL_E_ADDR_IN_USE;
}

static peal_result sim_udp_open(peal_loop *self, const peal_socket_addr *bind,
                                const peal_sock_options *options, peal_sock_owner *owner,
                                peal_sock **ret)
{
    peal__sim_loop *loop = loop_of(self);
    peal_socket_addr local = *bind;
    if (local.family != PEAL_AF_IPV4 && local.family != PEAL_AF_IPV6) {
        return PEAL_E_ARGUMENT;
    }
    if (local.port ? is_taken(loop->sim, &local) : choose_port(loop->sim, &local) < 0) {
        return PEAL_E_ADDR_IN_USE;
    }
    peal__sim_sock *sock = peal_calloc(1, sizeof *sock);
    if (!sock) {
        return PEAL_E_NO_MEMORY;
    }
    sock->loop = loop;
    sock->owner = owner;
    sock->local = local;
    sock->v6_only = options && options->v6_only;
    sock->want_read = true;
    sock->queue_bytes =
        options && options->recv_buf_bytes ? options->recv_buf_bytes : QUEUE_BYTES_DEFAULT;
    queue_init(&sock->received);
    queue_init(&sock->errors);
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
}

static void sim_sock_close(peal_sock *self)
{
    peal__sim_sock *sock = sock_of(self);
    if (sock->loop->is_calling) {
        sock->owner = NULL;
        sock->loop->has_closed = true;
    } else {
        free_sock(sock);
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
static peal_result sim_udp_recv(peal_sock *self, peal_datagram *datagrams, size_t count,
                                size_t *ret)
{
    peal__sim_sock *sock = sock_of(self);
    size_t done = 0;
    if (sock->received.first && sock->received.first->next && count > 1) {
        count = (size_t)peal__sim_below(sock->loop->sim, count) + 1;
    }
    while (done < count && sock->received.first) {
        take_into(queue_take(&sock->received), &datagrams[done++]);
    }
    *ret = done;
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
    return PEAL_OK;
}

/* ---- sending ---- */

/* The source of a datagram. A wildcard socket without a wish is the local host. */
static peal_result find_source(const peal__sim_sock *sock, const peal_datagram *datagram,
                               peal_socket_addr *ret)
{
    bool wishes =
        datagram->local.family != PEAL_AF_NONE && !peal_socket_addr_is_any(&datagram->local);
    *ret = sock->local;
    if (!peal_socket_addr_is_any(&sock->local)) {
        return wishes && !peal_socket_addr_eq(&datagram->local, &sock->local, false)
                   ? PEAL_E_ADDR_NOT_AVAILABLE
                   : PEAL_OK;
    }
    if (wishes) {
        *ret = datagram->local;
        ret->port = sock->local.port;
        return PEAL_OK;
    }
    memset(ret->ip, 0, sizeof ret->ip);
    ret->family = datagram->peer.family;
    if (ret->family == PEAL_AF_IPV4) {
        ret->ip[0] = 127;
        ret->ip[3] = 1;
    } else {
        ret->ip[15] = 1;
    }
    return PEAL_OK;
}

static peal_result put_on_way(peal_sim *sim, const peal_socket_addr *from,
                              const peal_datagram *datagram)
{
    peal__sim_packet *packet = peal_alloc(sizeof *packet + datagram->bytes);
    if (!packet) {
        return PEAL_E_NO_MEMORY;
    }
    memset(packet, 0, sizeof *packet);
    packet->from = *from;
    packet->to = datagram->peer;
    packet->bytes = datagram->bytes;
    packet->arrival_ns = sim->now_ns + delay_ns(sim);
    if (datagram->bytes) {
        memcpy(packet->data, datagram->data, datagram->bytes);
    }
    peal_result r = heap_put(sim, packet);
    if (r < 0) {
        peal_free(packet);
    }
    return r;
}

static bool is_filtered(const peal_sim *sim, const peal_socket_addr *from,
                        const peal_datagram *datagram)
{
    return sim->filter &&
           sim->filter(sim->filter_arg, from, &datagram->peer,
                       peal_str_of(datagram->data, datagram->bytes)) != PEAL_SIM_PASS;
}

static peal_result send_one(peal__sim_sock *sock, const peal_datagram *datagram)
{
    peal_sim *sim = sock->loop->sim;
    peal_socket_addr from;
    if (datagram->peer.family == PEAL_AF_NONE || datagram->peer.port == 0) {
        return PEAL_E_ARGUMENT;
    }
    if (datagram->peer.family != sock->local.family &&
        (sock->local.family == PEAL_AF_IPV4 || sock->v6_only)) {
        return PEAL_E_ADDR_NOT_AVAILABLE;
    }
    if (datagram->bytes > DATAGRAM_MAX) {
        return PEAL_E_TOO_BIG;
    }
    peal_result r = find_source(sock, datagram, &from);
    if (r == PEAL_OK) {
        r = send_error(sim, &datagram->peer);
    }
    if (r < 0 || is_filtered(sim, &from, datagram) ||
        peal__sim_chance(sim, sim->link.loss_percent)) {
        return r;
    }
    r = put_on_way(sim, &from, datagram);
    if (r == PEAL_OK && peal__sim_chance(sim, sim->link.duplicate_percent)) {
        r = put_on_way(sim, &from, datagram);
    }
    return r;
}

static peal_result sim_udp_send(peal_sock *self, peal_datagram *datagrams, size_t count,
                                size_t *ret)
{
    peal__sim_sock *sock = sock_of(self);
    peal_sim *sim = sock->loop->sim;
    for (size_t i = 0; i < count; ++i) {
        if (sock->blocked || peal__sim_chance(sim, sim->link.block_percent)) {
            sock->blocked = true;
            *ret = i;
            return PEAL_E_WOULD_BLOCK;
        }
        datagrams[i].result = send_one(sock, &datagrams[i]);
    }
    *ret = count;
    return PEAL_OK;
}

const peal_port_vt peal__sim_vt = { .size = sizeof peal__sim_vt,
                                    .name = "simulated",
                                    .now_ns = peal__sim_clock_ns,
                                    .wall_us = peal__sim_wall_us,
                                    .random = peal__sim_fill_random,
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
