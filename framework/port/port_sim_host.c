/* SPDX-License-Identifier: MIT */
/* Role: the hosts of a simulated world: addresses, clocks, links, and how hosts fail.
 * Thread: the one that runs the world. */
#include <peal/alloc.h>
#include <peal/trace.h>

#include <stdio.h>

#include "framework/port/sim_world.h"

enum { STREAM_HOSTS = 16 }; /* two for each host from here on */

/* ---- making ---- */

peal_result peal__sim_add_host(peal_sim *sim, const char *name, peal_sim_host **ret)
{
    peal_sim_host **hosts = peal_realloc(sim->hosts, (sim->host_count + 1) * sizeof(void *));
    if (!hosts) {
        return PEAL_E_NO_MEMORY;
    }
    sim->hosts = hosts;
    peal_sim_host *host = peal_calloc(1, sizeof *host);
    if (!host) {
        return PEAL_E_NO_MEMORY;
    }
    host->port.vt = &peal__sim_vt;
    host->sim = sim;
    host->number = (unsigned)sim->host_count;
    if (name) {
        (void)snprintf(host->name, sizeof host->name, "%s", name);
    } else {
        (void)snprintf(host->name, sizeof host->name, "host%u", host->number);
    }
    peal__sim_rng_init(&host->random, sim->seed, STREAM_HOSTS + host->number * UINT64_C(2));
    peal__sim_rng_init(&host->network, sim->seed, STREAM_HOSTS + host->number * UINT64_C(2) + 1);
    peal_list_init(&host->loops);
    hosts[sim->host_count++] = host;
    *ret = host;
    return PEAL_OK;
}

void peal__sim_free_hosts(peal_sim *sim)
{
    for (size_t i = 0; i < sim->host_count; ++i) {
        peal_sim_host *host = sim->hosts[i];
        PEAL_ASSERT(peal_list_is_empty(&host->loops));
        peal__sim_free_faults(&host->send_errors);
        peal_free(host->to_any);
        peal_free(host->from_any);
        peal_free(host->ways);
        peal_free(host);
    }
    peal_free(sim->hosts);
    peal_free(sim->addresses);
    sim->hosts = NULL;
    sim->addresses = NULL;
}

/* Takes back a host that was just made. */
static void drop_last_host(peal_sim *sim)
{
    peal_sim_host *host = sim->hosts[--sim->host_count];
    size_t kept = 0;
    for (size_t i = 0; i < sim->address_count; ++i) {
        if (sim->addresses[i].host != host) {
            sim->addresses[kept++] = sim->addresses[i];
        }
    }
    sim->address_count = kept;
    peal_free(host);
}

peal_result peal_sim_host_new(peal_sim *sim, const char *name, const char *addresses,
                              peal_sim_host **ret)
{
    peal_sim_host *host = NULL;
    peal_result r = peal__sim_add_host(sim, name, &host);
    const char *at = addresses ? addresses : "";
    while (r >= 0 && *(at += strspn(at, " ")) != '\0') {
        peal_socket_addr address;
        size_t n = strcspn(at, " ");
        r = peal_socket_addr_parse(peal_str_of(at, n), 0, &address);
        if (r >= 0) {
            r = peal_sim_host_add_address(host, &address);
        }
        at += n;
    }
    if (r < 0) {
        if (host) {
            drop_last_host(sim);
        }
        return r;
    }
    *ret = host;
    return PEAL_OK;
}

/* ---- looking ---- */

peal_port *peal_sim_port(peal_sim *sim)
{
    return &sim->hosts[0]->port;
}

peal_port *peal_sim_host_port(peal_sim_host *host)
{
    return &host->port;
}

const char *peal_sim_host_name(const peal_sim_host *host)
{
    return host->name;
}

unsigned peal_sim_host_number(const peal_sim_host *host)
{
    return host->number;
}

peal_sim_host *peal_sim_default_host(peal_sim *sim)
{
    return sim->hosts[0];
}

peal_sim_host *peal_sim_host_at(peal_sim *sim, unsigned number)
{
    return number < sim->host_count ? sim->hosts[number] : NULL;
}

peal_result peal_sim_host_address(const peal_sim_host *host, size_t n, peal_socket_addr *ret)
{
    const peal_sim *sim = host->sim;
    for (size_t i = 0; i < sim->address_count; ++i) {
        if (sim->addresses[i].host == host && n-- == 0) {
            *ret = sim->addresses[i].address;
            return PEAL_OK;
        }
    }
    return PEAL_E_NOT_FOUND;
}

peal_result peal_sim_host_set_clock(peal_sim_host *host, uint64_t monotonic_us, int64_t wall_us)
{
    uint64_t ahead_ns = monotonic_us * 1000;
    if (ahead_ns != host->clock_ns && !peal_list_is_empty(&host->loops)) {
        return PEAL_E_STATE;
    }
    host->clock_ns = ahead_ns;
    host->wall_us = wall_us;
    return PEAL_OK;
}

/* ---- addresses: sorted by family, IP, scope ---- */

static int compare(const peal_socket_addr *a, const peal_socket_addr *b)
{
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    int order = memcmp(a->ip, b->ip, sizeof a->ip);
    if (order == 0 && a->scope != b->scope) {
        order = a->scope < b->scope ? -1 : 1;
    }
    return order;
}

/* Where an address is, or where it would be. */
static size_t place_of(const peal_sim *sim, const peal_socket_addr *address, bool *ret_found)
{
    size_t low = 0, high = sim->address_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&sim->addresses[middle].address, address) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_found =
        low < sim->address_count && compare(&sim->addresses[low].address, address) == 0;
    return low;
}

static peal_result insert(peal_sim *sim, size_t at, const peal_socket_addr *address,
                          peal_sim_host *host, size_t sockets)
{
    peal__sim_address *addresses =
        peal_realloc(sim->addresses, (sim->address_count + 1) * sizeof *addresses);
    if (!addresses) {
        return PEAL_E_NO_MEMORY;
    }
    sim->addresses = addresses;
    memmove(addresses + at + 1, addresses + at, (sim->address_count - at) * sizeof *addresses);
    ++sim->address_count;
    addresses[at] = (peal__sim_address){ .address = *address, .host = host, .sockets = sockets };
    addresses[at].address.port = 0;
    return PEAL_OK;
}

peal_result peal_sim_host_add_address(peal_sim_host *host, const peal_socket_addr *address)
{
    bool found;
    size_t at = place_of(host->sim, address, &found);
    return found ? PEAL_E_EXISTS : insert(host->sim, at, address, host, 0);
}

peal_sim_host *peal_sim_host_of(peal_sim *sim, const peal_socket_addr *address)
{
    bool found;
    size_t at = place_of(sim, address, &found);
    return found ? sim->addresses[at].host : NULL;
}

static bool is_loopback(const peal_socket_addr *address)
{
    static const uint8_t v6[16] = { [15] = 1 };
    return address->family == PEAL_AF_IPV4 ? address->ip[0] == 127
                                           : memcmp(address->ip, v6, sizeof v6) == 0;
}

peal_sim_host *peal__sim_receiver(peal_sim *sim, peal_sim_host *sender,
                                  const peal_socket_addr *to, bool *ret_known)
{
    peal_sim_host *host = is_loopback(to) ? sender : peal_sim_host_of(sim, to);
    *ret_known = host != NULL;
    return host ? host : sim->hosts[0];
}

peal_result peal__sim_claim_address(peal_sim_host *host, const peal_socket_addr *address)
{
    peal_sim *sim = host->sim;
    bool found;
    size_t at = place_of(sim, address, &found);
    if (peal_socket_addr_is_any(address) || is_loopback(address)) {
        return PEAL_OK;
    }
    if (found) {
        if (sim->addresses[at].host != host) {
            return PEAL_E_ADDR_NOT_AVAILABLE;
        }
        sim->addresses[at].sockets += sim->addresses[at].sockets > 0;
        return PEAL_OK;
    }
    return host->number == 0 ? insert(sim, at, address, host, 1) : PEAL_E_ADDR_NOT_AVAILABLE;
}

void peal__sim_unclaim_address(peal_sim_host *host, const peal_socket_addr *address)
{
    peal_sim *sim = host->sim;
    bool found;
    size_t at = place_of(sim, address, &found);
    if (found && sim->addresses[at].sockets && --sim->addresses[at].sockets == 0) {
        --sim->address_count;
        memmove(sim->addresses + at, sim->addresses + at + 1,
                (sim->address_count - at) * sizeof *sim->addresses);
    }
}

/* ---- links ---- */

static void copy_link(peal_sim_link *to, const peal_sim_link *from)
{
    memset(to, 0, sizeof *to);
    memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
}

void peal_sim_set_link(peal_sim *sim, const peal_sim_link *link)
{
    copy_link(&sim->link, link);
}

static size_t way_of(const peal_sim_host *from, const peal_sim_host *to)
{
    size_t low = 0, high = from->way_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (from->ways[middle].to->number < to->number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static peal_result set_way(peal_sim_host *from, const peal_sim_host *to, const peal_sim_link *link)
{
    size_t at = way_of(from, to);
    bool found = at < from->way_count && from->ways[at].to == to;
    if (!link) {
        if (found) {
            --from->way_count;
            memmove(from->ways + at, from->ways + at + 1,
                    (from->way_count - at) * sizeof *from->ways);
        }
        return PEAL_OK;
    }
    if (!found) {
        peal__sim_way *ways = peal_realloc(from->ways, (from->way_count + 1) * sizeof *ways);
        if (!ways) {
            return PEAL_E_NO_MEMORY;
        }
        from->ways = ways;
        memmove(ways + at + 1, ways + at, (from->way_count - at) * sizeof *ways);
        ++from->way_count;
        ways[at].to = to;
    }
    copy_link(&from->ways[at].link, link);
    return PEAL_OK;
}

static peal_result set_one(peal_sim_link **slot, const peal_sim_link *link)
{
    if (!link) {
        peal_free(*slot);
        *slot = NULL;
        return PEAL_OK;
    }
    if (!*slot && !(*slot = peal_alloc(sizeof **slot))) {
        return PEAL_E_NO_MEMORY;
    }
    copy_link(*slot, link);
    return PEAL_OK;
}

peal_result peal_sim_set_link_between(peal_sim *sim, peal_sim_host *from, peal_sim_host *to,
                                      const peal_sim_link *link)
{
    static const peal_sim_link none = { .size = sizeof none };
    if (from && to) {
        return set_way(from, to, link);
    }
    if (from || to) {
        return set_one(from ? &from->to_any : &to->from_any, link);
    }
    peal_sim_set_link(sim, link ? link : &none);
    return PEAL_OK;
}

const peal_sim_link *peal__sim_link(const peal_sim *sim, const peal_sim_host *from,
                                    const peal_sim_host *to)
{
    static const peal_sim_link none = { .size = sizeof none };
    size_t at = way_of(from, to);
    if (at < from->way_count && from->ways[at].to == to) {
        return &from->ways[at].link;
    }
    if (from == to && from->number != 0) {
        return &none;
    }
    if (from->to_any) {
        return from->to_any;
    }
    return to->from_any ? to->from_any : &sim->link;
}

/* ---- what is said about destinations ---- */

peal_result peal__sim_fault_for(const peal__sim_fault *faults, const peal_socket_addr *to)
{
    for (const peal__sim_fault *f = faults; f; f = f->next) {
        if (peal_socket_addr_eq(&f->to, to, f->to.port != 0)) {
            return f->result;
        }
    }
    return PEAL_OK;
}

void peal__sim_free_faults(peal__sim_fault **faults)
{
    while (*faults) {
        peal__sim_fault *fault = *faults;
        *faults = fault->next;
        peal_free(fault);
    }
}

static peal_result set_fault(peal__sim_fault **faults, const peal_socket_addr *to,
                             peal_result result)
{
    peal__sim_fault **link = faults;
    while (*link && !peal_socket_addr_eq(&(*link)->to, to, true)) {
        link = &(*link)->next;
    }
    peal__sim_fault *fault = *link;
    if (result == PEAL_OK) {
        if (fault) {
            *link = fault->next;
            peal_free(fault);
        }
        return PEAL_OK;
    }
    if (!fault) {
        fault = peal_calloc(1, sizeof *fault);
        if (!fault) {
            return PEAL_E_NO_MEMORY;
        }
        *link = fault;
    }
    fault->to = *to;
    fault->result = result;
    return PEAL_OK;
}

peal_result peal_sim_set_send_error(peal_sim *sim, const peal_socket_addr *to, peal_result result)
{
    return set_fault(&sim->send_errors, to, result);
}

peal_result peal_sim_host_set_send_error(peal_sim_host *host, const peal_socket_addr *to,
                                         peal_result result)
{
    return set_fault(&host->send_errors, to, result);
}

peal_result peal_sim_set_icmp_error(peal_sim *sim, const peal_socket_addr *to, peal_result result)
{
    return set_fault(&sim->icmp_errors, to, result);
}

/* ---- hosts that fail ---- */

void peal_sim_host_set_group(peal_sim_host *host, unsigned group)
{
    if (host->group != group) {
        host->group = group;
        peal__sim_note_fault(host->sim, host, group ? "cut off" : "joined");
    }
}

void peal_sim_heal(peal_sim *sim)
{
    for (size_t i = 0; i < sim->host_count; ++i) {
        peal_sim_host_set_group(sim->hosts[i], 0);
    }
}

static void refresh_host(peal_sim_host *host)
{
    for (peal_node *n = peal_list_first(&host->loops); n; n = peal_list_next(&host->loops, n)) {
        peal__sim_loop *loop = PEAL_CONTAINER_OF(n, peal__sim_loop, node);
        if (loop->runner) {
            peal__sim_refresh(host->sim, loop->runner);
        }
    }
}

void peal_sim_host_pause(peal_sim_host *host, bool drop)
{
    host->is_paused = true;
    host->drops = drop;
    refresh_host(host);
    peal__sim_note_fault(host->sim, host, "paused");
}

void peal_sim_host_resume(peal_sim_host *host)
{
    if (host->is_paused) {
        host->is_paused = host->drops = false;
        refresh_host(host);
        peal__sim_note_fault(host->sim, host, "resumed");
    }
}

void peal_sim_host_kill(peal_sim_host *host)
{
    host->is_paused = host->drops = false;
    ++host->life;
    peal__sim_kill_socks(host);
    refresh_host(host);
    peal__sim_note_fault(host->sim, host, "killed");
}
