/* SPDX-License-Identifier: MIT */
/* Local addresses: which of our addresses serves a destination (T2), and how it is written into Via
 * and Contact (T3). Core thread; before start-up the thread that sets the stack up. */
#include "sipstack/core/core_priv.h"

/* "host:port" with the FQDN, or the address alone; the port always stands, because an FQDN without
 * one would ask peers for SRV records (RFC 3263 §4.2). */
static size_t write_host(const peal_sip_local_address *from, bool by_address, char *text)
{
    char address[PEAL_SOCKET_ADDR_TEXT_MAX];
    size_t n = peal_socket_addr_format(&from->address, true, address);
    if (from->fqdn.n == 0 || by_address) {
        memcpy(text, address, n);
        return n;
    }
    const char *port = strrchr(address, ':');
    const size_t port_bytes = (size_t)(address + n - port);
    memcpy(text, from->fqdn.p, from->fqdn.n);
    memcpy(text + from->fqdn.n, port, port_bytes);
    return from->fqdn.n + port_bytes;
}

static peal__local *local_new(peal__core *core, const peal_sip_local_address *from)
{
    const size_t networks = from->network_count * sizeof *from->networks;
    const size_t bytes = sizeof(peal__local) + networks + from->network_count + from->fqdn.n +
                         PEAL_SOCKET_ADDR_TEXT_MAX;
    peal__local *local = peal_calloc(1, bytes);
    if (!local) {
        return NULL;
    }
    local->address = from->address;
    local->entity = from->entity;
    local->network_count = from->network_count;
    local->networks = (peal_socket_addr *)(void *)(local + 1);
    local->prefix_bits = (uint8_t *)local->networks + networks;
    if (from->network_count) {
        memcpy(local->networks, from->networks, networks);
        memcpy(local->prefix_bits, from->prefix_bits, from->network_count);
    }
    char *text = (char *)local->prefix_bits + from->network_count;
    local->host = peal_str_of(text, write_host(from, core->settings.via_by_address, text));
    return local;
}

static peal__local *find_exact(const peal_node *head, const peal_socket_addr *address)
{
    for (peal_node *n = peal_list_first(head); n; n = peal_list_next(head, n)) {
        peal__local *local = PEAL_CONTAINER_OF(n, peal__local, node);
        if (peal_socket_addr_eq(&local->address, address, true)) {
            return local;
        }
    }
    return NULL;
}

peal_result peal__local_add(peal__core *core, const peal_sip_local_address *address,
                            uint32_t automatic)
{
    if (!address || address->size < sizeof *address || address->address.family == PEAL_AF_NONE ||
        peal_socket_addr_is_any(&address->address) || address->address.port == 0 ||
        (address->network_count && (!address->networks || !address->prefix_bits))) {
        return PEAL_E_ARGUMENT;
    }
    if (find_exact(&core->locals, &address->address)) {
        return PEAL_E_EXISTS;
    }
    peal__local *local = local_new(core, address);
    if (!local) {
        return PEAL_E_NO_MEMORY;
    }
    local->automatic = automatic;
    peal_list_append(&core->locals, &local->node);
    return PEAL_OK;
}

/* Views of the host may still be held by a try under way: freed when the stack ends. */
static void retire(peal__core *core, peal__local *local)
{
    peal_node_unlink(&local->node);
    peal_list_append(&core->removed_locals, &local->node);
}

peal_result peal__local_remove(peal__core *core, const peal_socket_addr *address)
{
    peal__local *local = find_exact(&core->locals, address);
    if (!local) {
        return PEAL_E_NOT_FOUND;
    }
    retire(core, local);
    return PEAL_OK;
}

static bool has_family(const peal__core *core, uint8_t family)
{
    for (peal_node *n = peal_list_first(&core->locals); n; n = peal_list_next(&core->locals, n)) {
        if (PEAL_CONTAINER_OF(n, peal__local, node)->address.family == family) {
            return true;
        }
    }
    return false;
}

peal_result peal__local_listener_up(peal__core *core, const peal__listener *listener)
{
    if (peal_socket_addr_is_any(&listener->bound) || has_family(core, listener->bound.family)) {
        return PEAL_OK;
    }
    const peal_sip_local_address address = { .size = sizeof address, .address = listener->bound };
    return peal__local_add(core, &address, listener->id);
}

void peal__local_listener_down(peal__core *core, uint32_t listener)
{
    for (peal_node *n = peal_list_first(&core->locals); n; n = peal_list_next(&core->locals, n)) {
        peal__local *local = PEAL_CONTAINER_OF(n, peal__local, node);
        if (local->automatic == listener && listener != 0) {
            retire(core, local);
            return;
        }
    }
}

static void free_list(peal_node *head)
{
    for (peal_node *n; (n = peal_list_first(head)) != NULL;) {
        peal_node_unlink(n);
        peal_free(PEAL_CONTAINER_OF(n, peal__local, node));
    }
}

void peal__local_free_all(peal__core *core)
{
    free_list(&core->locals);
    free_list(&core->removed_locals);
}

static bool serves(const peal__local *local, const peal_socket_addr *destination)
{
    for (size_t i = 0; i < local->network_count; i++) {
        if (peal_socket_addr_in_network(destination, &local->networks[i],
                                        local->prefix_bits[i])) {
            return true;
        }
    }
    return false;
}

/* The first whose network holds the destination, else the first without networks (T2). */
static peal__local *find_local(const peal__core *core, uint32_t entity,
                               const peal_socket_addr *destination)
{
    peal__local *fallback = NULL;
    for (peal_node *n = peal_list_first(&core->locals); n; n = peal_list_next(&core->locals, n)) {
        peal__local *local = PEAL_CONTAINER_OF(n, peal__local, node);
        if (local->entity != entity || local->address.family != destination->family) {
            continue;
        }
        if (serves(local, destination)) {
            return local;
        }
        if (!fallback && local->network_count == 0) {
            fallback = local;
        }
    }
    return fallback;
}

/* The listener that a local address belongs to: bound to it, or to all addresses at its port. */
static uint32_t listener_of(const peal__core *core, const peal_socket_addr *address,
                            peal_sip_transport transport)
{
    uint32_t wildcard = 0;
    for (peal_node *n = peal_list_first(&core->listeners); n;
         n = peal_list_next(&core->listeners, n)) {
        const peal__listener *listener = PEAL_CONTAINER_OF(n, peal__listener, node);
        if (listener->transport != transport || listener->bound.port != address->port ||
            listener->bound.family != address->family) {
            continue;
        }
        if (peal_socket_addr_eq(&listener->bound, address, true)) {
            return listener->id;
        }
        if (peal_socket_addr_is_any(&listener->bound)) {
            wildcard = listener->id;
        }
    }
    return wildcard;
}

peal_result peal_sip_core_local_for(peal_sip_core_config *config, peal_sip_context *context,
                                    const peal_sip_host *host, peal_sip_local *ret)
{
    peal__core *core = peal__core_of(config);
    const uint32_t entity = context ? peal__ctx_of(context)->entity : 0;
    const peal__local *local = find_local(core, entity, &host->address);
    if (!local) {
        return PEAL_E_SIP_NO_LOCAL_ADDRESS;
    }
    ret->address = local->address;
    ret->transport = host->transport;
    ret->listener = listener_of(core, &local->address, host->transport);
    ret->host = local->host;
    return PEAL_OK;
}

void peal__local_of_origin(peal__core *core, const peal_sip_origin *origin,
                           char text[PEAL_SOCKET_ADDR_TEXT_MAX], peal_sip_local *ret)
{
    const peal__local *local = find_exact(&core->locals, &origin->local);
    ret->address = origin->local;
    ret->transport = origin->transport;
    ret->listener = origin->listener;
    ret->host = local ? local->host
                      : peal_str_of(text, peal_socket_addr_format(&origin->local, true, text));
}
