/* SPDX-License-Identifier: MIT */
/* Role: the network of a simulated world: what is to come, in a heap by time; what links do to a
 * datagram; ICMP errors; delivery. Thread: the one that runs the world. */
#include <peal/alloc.h>

#include "framework/port/sim_world.h"

enum {
    DATAGRAM_MAX = 65507,
    RETURNED_MAX = 548, /* of a datagram inside an ICMP error */
    HEADERS_V4 = 28,
    HEADERS_V6 = 48,
    REORDER_US_DEFAULT = 20000,
    BLOCKED_US = 1000, /* each time a send error says so */
    BITS_MAX = 4       /* that are turned in one datagram */
};

/* ---- what is to come: a binary heap by (time, sequence) ---- */

static bool is_before(const peal__sim_entry *a, const peal__sim_entry *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->sequence < b->sequence;
}

peal_result peal__sim_put(peal_sim *sim, peal__sim_entry *entry, uint64_t at_ns)
{
    if (sim->heap_count == sim->heap_capacity) {
        size_t capacity = sim->heap_capacity * 2 + 64;
        peal__sim_entry **heap = peal_realloc(sim->heap, capacity * sizeof *heap);
        if (!heap) {
            return PEAL_E_NO_MEMORY;
        }
        sim->heap = heap;
        sim->heap_capacity = capacity;
    }
    entry->at_ns = at_ns;
    entry->sequence = ++sim->sequence;
    size_t at = sim->heap_count++;
    for (size_t up; at > 0 && is_before(entry, sim->heap[up = (at - 1) / 2]); at = up) {
        sim->heap[at] = sim->heap[up];
    }
    sim->heap[at] = entry;
    return PEAL_OK;
}

static peal__sim_entry *take_first(peal_sim *sim)
{
    peal__sim_entry *first = sim->heap[0];
    peal__sim_entry *last = sim->heap[--sim->heap_count];
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

uint64_t peal__sim_next_entry_ns(const peal_sim *sim)
{
    return sim->heap_count ? sim->heap[0]->at_ns : UINT64_MAX;
}

void peal__sim_net_fini(peal_sim *sim)
{
    for (size_t i = 0; i < sim->heap_count; ++i) {
        peal_free(sim->heap[i]);
    }
    peal_free(sim->heap);
    peal_free(sim->socks);
    peal__sim_zone_fini(sim);
    peal__sim_free_faults(&sim->send_errors);
    peal__sim_free_faults(&sim->icmp_errors);
}

void peal_sim_set_filter(peal_sim *sim, peal_sim_filter *filter, void *arg)
{
    sim->filter = filter;
    sim->filter_arg = arg;
}

peal_result peal_sim_at(peal_sim *sim, uint64_t at_us, peal_sim_action *action, void *arg)
{
    peal__sim_call *call = peal_calloc(1, sizeof *call);
    if (!call) {
        return PEAL_E_NO_MEMORY;
    }
    call->entry.kind = PEAL__SIM_CALL;
    call->action = action;
    call->arg = arg;
    uint64_t latest_us = (UINT64_MAX - PEAL__SIM_START_NS) / 1000 - 1;
    at_us = at_us < latest_us ? at_us : latest_us;
    uint64_t at_ns = PEAL__SIM_START_NS + at_us * 1000;
    peal_result r = peal__sim_put(sim, &call->entry, at_ns > sim->now_ns ? at_ns : sim->now_ns);
    if (r < 0) {
        peal_free(call);
    }
    return r;
}

/* ---- on the way ---- */

static uint64_t delay_ns(peal_sim_host *sender, const peal_sim_link *link)
{
    uint64_t us = link->delay_us;
    if (link->jitter_us) {
        us += peal__sim_below(&sender->network, (uint64_t)link->jitter_us + 1);
    }
    return us * 1000;
}

static void lose(peal_sim *sim, peal__sim_packet *packet, peal_sim_host *where, const char *why)
{
    peal__sim_note_packet(sim, PEAL_SIM_LOST, where, packet, why);
    peal_free(packet);
}

/* Turns a datagram round as an ICMP error from @p at. Errors get lost like everything else. */
static void return_error(peal_sim *sim, peal__sim_packet *packet, peal_sim_host *at,
                         peal_result error, bool with_link)
{
    static const peal_sim_link none = { .size = sizeof none };
    const peal_sim_link *link = with_link ? peal__sim_link(sim, at, packet->sender) : &none;
    packet->entry.kind = PEAL__SIM_ERROR;
    packet->error = error;
    if (packet->bytes > RETURNED_MAX) {
        packet->bytes = RETURNED_MAX;
    }
    if (peal__sim_chance(&at->network, link->loss_percent) ||
        peal__sim_put(sim, &packet->entry, sim->now_ns + delay_ns(at, link)) < 0) {
        lose(sim, packet, at, "error lost");
    }
}

static void arrive(peal_sim *sim, peal__sim_packet *packet)
{
    bool known;
    peal_sim_host *host = peal__sim_receiver(sim, packet->sender, &packet->to, &known);
    if (host->group != packet->sender->group) {
        lose(sim, packet, known ? host : NULL, "cut off");
        return;
    }
    if (host->is_paused && host->drops) {
        lose(sim, packet, host, "paused");
        return;
    }
    peal__sim_sock *sock = peal__sim_find_sock(sim, host, &packet->to);
    if (sock) {
        if (!peal__sim_sock_put(sock, packet, false)) {
            lose(sim, packet, host, "buffer full");
        }
    } else if (known) {
        return_error(sim, packet, host, PEAL_E_REFUSED, true);
    } else {
        lose(sim, packet, NULL, "nobody there");
    }
}

static void error_arrives(peal_sim *sim, peal__sim_packet *packet)
{
    peal__sim_sock *sock = peal__sim_find_sock(sim, packet->sender, &packet->from);
    if (!sock || !peal__sim_sock_put(sock, packet, true)) {
        lose(sim, packet, packet->sender, "error unheard");
    }
}

static void happen(peal_sim *sim, peal__sim_entry *entry)
{
    peal__sim_unblock *unblock = (peal__sim_unblock *)(void *)entry;
    peal__sim_call *call = (peal__sim_call *)(void *)entry;
    switch (entry->kind) {
    case PEAL__SIM_DATAGRAM:
        arrive(sim, (peal__sim_packet *)(void *)entry);
        break;
    case PEAL__SIM_ERROR:
        error_arrives(sim, (peal__sim_packet *)(void *)entry);
        break;
    case PEAL__SIM_UNBLOCK:
        if (unblock->sock) {
            unblock->sock->unblock = NULL;
            peal__sim_sock_unblock(unblock->sock);
        }
        peal_free(unblock);
        break;
    case PEAL__SIM_CALL:
        call->action(call->arg);
        peal_free(call);
        break;
    case PEAL__SIM_ANSWER:
        peal__sim_answer_question(sim, (peal__sim_question *)(void *)entry);
        peal_free(entry);
        break;
    }
}

void peal__sim_deliver(peal_sim *sim)
{
    while (!sim->is_stopping && sim->heap_count && sim->heap[0]->at_ns <= sim->now_ns) {
        happen(sim, take_first(sim));
    }
}

/* ---- sending ---- */

/* The source of a datagram. Without a wish, a wildcard socket of the default host is the local
 * host; on others the first address of the family, or loopback to itself. */
static peal_result find_source(const peal__sim_sock *sock, const peal_datagram *datagram,
                               peal_socket_addr *ret)
{
    bool wishes =
        datagram->local.family != PEAL_AF_NONE && !peal_socket_addr_is_any(&datagram->local);
    peal_sim_host *host = sock->loop->host;
    *ret = sock->local;
    if (!peal_socket_addr_is_any(&sock->local)) {
        return wishes && !peal_socket_addr_eq(&datagram->local, &sock->local, false)
                   ? PEAL_E_ADDR_NOT_AVAILABLE
                   : PEAL_OK;
    }
    if (wishes) {
        bool known;
        bool is_mine = peal__sim_receiver(host->sim, host, &datagram->local, &known) == host;
        *ret = datagram->local;
        ret->port = sock->local.port;
        return is_mine ? PEAL_OK : PEAL_E_ADDR_NOT_AVAILABLE;
    }
    bool known;
    bool to_self = peal__sim_receiver(host->sim, host, &datagram->peer, &known) == host;
    if (host->number != 0 && !to_self) {
        for (size_t i = 0; peal_sim_host_address(host, i, ret) == PEAL_OK; ++i) {
            if (ret->family == datagram->peer.family) {
                ret->port = sock->local.port;
                return PEAL_OK;
            }
        }
        return PEAL_E_UNREACHABLE;
    }
    if (host->number != 0) {
        *ret = datagram->peer; /* to itself, from the same address */
        ret->port = sock->local.port;
        return PEAL_OK;
    }
    memset(ret->ip, 0, sizeof ret->ip);
    ret->scope = 0;
    ret->family = datagram->peer.family;
    if (ret->family == PEAL_AF_IPV4) {
        ret->ip[0] = 127;
        ret->ip[3] = 1;
    } else {
        ret->ip[15] = 1;
    }
    return PEAL_OK;
}

static peal__sim_packet *packet_new(peal_sim_host *sender, uint64_t number,
                                    const peal_socket_addr *from, const peal_datagram *datagram)
{
    peal__sim_packet *packet = peal_alloc(sizeof *packet + datagram->bytes);
    if (packet) {
        memset(packet, 0, sizeof *packet);
        packet->entry.kind = PEAL__SIM_DATAGRAM;
        packet->number = number;
        packet->sender = sender;
        packet->from = *from;
        packet->to = datagram->peer;
        packet->bytes = datagram->bytes;
        if (datagram->bytes) {
            memcpy(packet->data, datagram->data, datagram->bytes);
        }
    }
    return packet;
}

static void corrupt(peal_sim *sim, peal__sim_packet *packet)
{
    peal__sim_rng *rng = &packet->sender->network;
    if (packet->bytes) {
        for (uint64_t left = peal__sim_below(rng, BITS_MAX) + 1; left > 0; --left) {
            uint64_t bit = peal__sim_below(rng, packet->bytes * 8);
            packet->data[bit / 8] = (char)((unsigned char)packet->data[bit / 8] ^ (1u << bit % 8));
        }
        peal__sim_note_packet(sim, PEAL_SIM_CORRUPTED, packet->sender, packet, NULL);
    }
}

/* One copy leaves. Without memory it is lost, as in a router. */
static void put_on_way(peal_sim *sim, peal__sim_packet *packet, const peal_sim_link *link)
{
    peal__sim_rng *rng = &packet->sender->network;
    uint64_t at_ns = sim->now_ns + delay_ns(packet->sender, link);
    if (peal__sim_chance(rng, link->reorder_percent)) {
        at_ns += (uint64_t)(link->reorder_us ? link->reorder_us : REORDER_US_DEFAULT) * 1000;
        ++sim->stats.reordered;
    }
    if (peal__sim_chance(rng, link->corrupt_percent)) {
        corrupt(sim, packet);
    }
    if (peal__sim_put(sim, &packet->entry, at_ns) < 0) {
        lose(sim, packet, packet->sender, "no memory");
    }
}

static bool is_too_big(const peal_datagram *datagram, const peal_sim_link *link)
{
    size_t headers = datagram->peer.family == PEAL_AF_IPV4 ? HEADERS_V4 : HEADERS_V6;
    return link->mtu_bytes && datagram->bytes + headers > link->mtu_bytes;
}

/* Why a datagram does not get further than its own link; NULL: it does. */
static const char *why_lost(peal_sim *sim, const peal__sim_sock *sock,
                            const peal__sim_packet *packet, const peal_sim_host *receiver,
                            const peal_sim_link *link)
{
    if (sock->is_dead) {
        return "killed";
    }
    if (sim->filter && sim->filter(sim->filter_arg, &packet->from, &packet->to,
                                   peal_str_of(packet->data, packet->bytes)) != PEAL_SIM_PASS) {
        return "filtered";
    }
    if (receiver->group != packet->sender->group) {
        return "cut off";
    }
    return peal__sim_chance(&packet->sender->network, link->loss_percent) ? "lost" : NULL;
}

/* The datagram has left its socket: what becomes of it is no longer the sender's to know. */
static void travel(peal__sim_sock *sock, peal__sim_packet *packet, const peal_datagram *datagram,
                   const peal_sim_link *link)
{
    peal_sim_host *sender = packet->sender;
    peal_sim *sim = sender->sim;
    bool known;
    const peal_sim_host *receiver = peal__sim_receiver(sim, sender, &packet->to, &known);
    const uint64_t number = packet->number;
    const peal_socket_addr from = packet->from;
    peal__sim_note_packet(sim, PEAL_SIM_SENT, sender, packet, NULL);
    const char *why = why_lost(sim, sock, packet, receiver, link);
    if (why) {
        lose(sim, packet, sender, why);
        return;
    }
    peal_result icmp = peal__sim_fault_for(sim->icmp_errors, &packet->to);
    bool too_big = is_too_big(datagram, link);
    if (icmp < 0 || (too_big && link->mtu == PEAL_SIM_MTU_ICMP)) {
        return_error(sim, packet, sender, icmp < 0 ? icmp : PEAL_E_TOO_BIG, icmp < 0);
        return;
    }
    if (too_big) {
        lose(sim, packet, sender, "too big");
        return;
    }
    bool twice = peal__sim_chance(&sender->network, link->duplicate_percent);
    put_on_way(sim, packet, link);
    packet = twice ? packet_new(sender, number, &from, datagram) : NULL;
    if (packet) {
        peal__sim_note_packet(sim, PEAL_SIM_DUPLICATED, sender, packet, NULL);
        put_on_way(sim, packet, link);
    }
}

static peal_result check(const peal__sim_sock *sock, const peal_datagram *datagram)
{
    if (datagram->peer.family == PEAL_AF_NONE || datagram->peer.port == 0) {
        return PEAL_E_ARGUMENT;
    }
    if (datagram->peer.family != sock->local.family &&
        (sock->local.family == PEAL_AF_IPV4 || sock->v6_only)) {
        return PEAL_E_ADDR_NOT_AVAILABLE;
    }
    return datagram->bytes > DATAGRAM_MAX ? PEAL_E_TOO_BIG : PEAL_OK;
}

/* What the sender's own system says at once. */
static peal_result try_send(peal__sim_sock *sock, const peal_datagram *datagram,
                            peal_socket_addr *ret_from, const peal_sim_link **ret_link)
{
    peal_sim_host *host = sock->loop->host;
    peal_sim *sim = host->sim;
    bool known;
    peal_result r = check(sock, datagram);
    if (r < 0 || (r = find_source(sock, datagram, ret_from)) < 0) {
        return r;
    }
    *ret_link = peal__sim_link(sim, host, peal__sim_receiver(sim, host, &datagram->peer, &known));
    r = peal__sim_fault_for(host->send_errors, &datagram->peer);
    if (r == PEAL_OK) {
        r = peal__sim_fault_for(sim->send_errors, &datagram->peer);
    }
    if (r == PEAL_E_WOULD_BLOCK) {
        peal__sim_sock_block(sock, BLOCKED_US);
    } else if (r == PEAL_OK && peal__sim_chance(&host->network, (*ret_link)->block_percent)) {
        peal__sim_sock_block(sock, (*ret_link)->block_us);
        r = PEAL_E_WOULD_BLOCK;
    } else if (r == PEAL_OK && (*ret_link)->mtu == PEAL_SIM_MTU_REFUSE &&
               is_too_big(datagram, *ret_link)) {
        r = PEAL_E_TOO_BIG;
    }
    return r;
}

peal_result peal__sim_send(peal__sim_sock *sock, const peal_datagram *datagram)
{
    peal_sim_host *host = sock->loop->host;
    const peal_sim_link *link = NULL;
    peal_socket_addr from = sock->local;
    peal_result r = try_send(sock, datagram, &from, &link);
    if (r < 0) {
        peal_sim_event failed = { .kind = PEAL_SIM_SEND_FAILED,
                                  .host = host,
                                  .from = &from,
                                  .to = &datagram->peer,
                                  .bytes = peal_str_of(datagram->data, datagram->bytes),
                                  .result = r };
        peal__sim_note(host->sim, &failed);
        return r;
    }
    peal__sim_packet *packet = packet_new(host, host->sim->stats.sent + 1, &from, datagram);
    if (!packet) {
        return PEAL_E_NO_MEMORY;
    }
    travel(sock, packet, datagram, link);
    return PEAL_OK;
}
