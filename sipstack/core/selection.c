/* SPDX-License-Identifier: MIT */
/* Stage 2 of sending (K2): connection services name the hosts; then, once per try, the next host,
 * the local address, what depends on it, Via. A service may answer later. Core thread. RFC 3263
 * §4. */
#include "sipstack/core/core_priv.h"

/* RFC 3261 §18.1.1: within 200 bytes of the MTU a request wants a stream; also room for our Via. */
enum { SIZE_MARGIN = 200, HOSTS_MAX = 64 };

static peal__sel *sel_of(peal_sip_try *t)
{
    return PEAL_CONTAINER_OF(t, peal__sel, try);
}

static peal_pool *pool_of(const peal__sel *sel)
{
    return sel->ctx->core->pool;
}

peal_result peal__sel_new(peal__ctx *ctx, peal_sip_client_request *request, void *owner,
                          void (*on_selected)(peal__sel *sel, peal_result result),
                          peal__sel **ret)
{
    peal__sel *sel = peal_pool_alloc(ctx->core->pool, sizeof *sel);
    if (!sel) {
        return PEAL_E_NO_MEMORY;
    }
    memset(sel, 0, sizeof *sel);
    sel->try.request = request;
    sel->ctx = ctx;
    sel->owner = owner;
    sel->on_selected = on_selected;
    sel->hosts = &sel->first_host;
    sel->host_cap = 1;
    *ret = sel;
    return PEAL_OK;
}

static void free_now(peal__sel *sel)
{
    if (sel->hosts != &sel->first_host) {
        peal_pool_free(sel->hosts);
    }
    peal_sip_packet_unref(sel->try.packet);
    peal_sip_packet_unref(sel->selected);
    peal_pool_free(sel);
}

void peal__sel_free(peal__sel *sel)
{
    if (sel && (sel->pending || sel->asking)) {
        sel->dead = true; /* its service still has it */
    } else if (sel) {
        free_now(sel);
    }
}

/* ---- hosts ---- */

peal_result peal_sip_try_add_host(peal_sip_try *t, const peal_sip_host *host)
{
    peal__sel *sel = sel_of(t);
    if (host->address.family == PEAL_AF_NONE || host->address.port == 0) {
        return PEAL_E_ARGUMENT;
    }
    if (sel->host_count == HOSTS_MAX) {
        return PEAL_E_LIMIT;
    }
    if (sel->host_count == sel->host_cap) {
        peal_sip_host *more =
            peal_pool_alloc(pool_of(sel), 2 * sel->host_cap * sizeof *more);
        if (!more) {
            return PEAL_E_NO_MEMORY;
        }
        memcpy(more, sel->hosts, sel->host_count * sizeof *more);
        if (sel->hosts != &sel->first_host) {
            peal_pool_free(sel->hosts);
        }
        sel->hosts = more;
        sel->host_cap *= 2;
    }
    sel->hosts[sel->host_count++] = *host;
    return PEAL_OK;
}

/* T9: a request above the threshold goes first over streams, UDP last; each in the given order.
 * With only UDP available it goes by UDP all the same. */
static void order_by_size(peal__sel *sel)
{
    const size_t bytes = peal_sip_packet_size(sel->try.packet) + SIZE_MARGIN;
    if (sel->host_count < 2 || bytes <= sel->ctx->core->settings.udp_threshold_bytes) {
        return;
    }
    size_t streams = 0;
    for (size_t i = 0; i < sel->host_count; i++) {
        const peal_sip_host host = sel->hosts[i];
        if (host.transport != PEAL_SIP_TRANSPORT_UDP) {
            memmove(&sel->hosts[streams + 1], &sel->hosts[streams],
                    (i - streams) * sizeof host);
            sel->hosts[streams++] = host;
        }
    }
}

/* ---- asking the services ---- */

/* Asks those that were not asked yet. PEAL_I_PENDING: goes on in peal_sip_select_done(). */
static peal_result ask_services(peal__sel *sel)
{
    while (sel->service < peal__ctx_count(sel->ctx)) {
        peal_sip_service *service = peal__ctx_service(sel->ctx, sel->service++);
        if (!PEAL_VT_HAS(peal_sip_service, service->vt, select)) {
            continue;
        }
        sel->asking = true;
        sel->done_inside = false;
        peal_result r = service->vt->select(service, &sel->try);
        sel->asking = false;
        if (r == PEAL_I_PENDING) {
            if (!sel->done_inside) {
                sel->pending = true;
                peal__ctx_guest_in(sel->ctx);
                return r;
            }
            r = sel->done_result;
        }
        if (r < 0) {
            return r;
        }
    }
    order_by_size(sel);
    return sel->host_count ? PEAL_OK : PEAL_E_SIP_NO_TARGET;
}

peal_result peal__sel_ask(peal__sel *sel, peal_sip_packet *packet)
{
    sel->try.packet = peal_sip_packet_unref(sel->try.packet);
    sel->selected = peal_sip_packet_unref(sel->selected);
    sel->try.has_target = false;
    sel->host_count = sel->host_next = sel->service = 0;
    peal_result r = peal_sip_packet_copy(pool_of(sel), packet, &sel->try.packet);
    return r < 0 ? r : ask_services(sel);
}

peal_result peal__sel_again(peal__sel *sel, peal_sip_packet *packet)
{
    if (sel->host_next == 0) {
        return peal__sel_ask(sel, packet);
    }
    sel->host_next--;
    sel->try.packet = peal_sip_packet_unref(sel->try.packet);
    sel->selected = peal_sip_packet_unref(sel->selected);
    return peal_sip_packet_copy(pool_of(sel), packet, &sel->try.packet);
}

void peal_sip_select_done(peal_sip_try *t, peal_result result)
{
    peal__sel *sel = sel_of(t);
    if (sel->asking) {
        sel->done_inside = true;
        sel->done_result = result;
        return;
    }
    if (!sel->pending) {
        return;
    }
    peal__ctx *ctx = sel->ctx;
    sel->pending = false;
    if (sel->dead) {
        free_now(sel);
    } else {
        peal_result r = result < 0 ? result : ask_services(sel);
        if (r != PEAL_I_PENDING) {
            sel->on_selected(sel, r);
        }
    }
    peal__ctx_guest_out(ctx);
}

/* ---- one try ---- */

bool peal__sel_has_more(const peal__sel *sel)
{
    return sel && sel->host_next < sel->host_count;
}

/* Each try starts from the packet as select left it; it is kept only while more tries may
 * follow. */
static peal_result take_packet(peal__sel *sel)
{
    if (!sel->try.packet) {
        return sel->selected
                   ? peal_sip_packet_copy(pool_of(sel), sel->selected, &sel->try.packet)
                   : PEAL_E_STATE;
    }
    if (!sel->selected && peal__sel_has_more(sel)) {
        return peal_sip_packet_copy(pool_of(sel), sel->try.packet, &sel->selected);
    }
    return PEAL_OK;
}

static peal_result tell_local_address(peal__sel *sel)
{
    for (size_t i = 0; i < peal__ctx_count(sel->ctx); i++) {
        peal_sip_service *service = peal__ctx_service(sel->ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_local_address)) {
            peal_result r =
                service->vt->on_local_address(service, sel->try.packet, &sel->try.local);
            if (r < 0) {
                return r;
            }
        }
    }
    return PEAL_OK;
}

static peal_result run_on_try(peal__sel *sel)
{
    for (size_t i = 0; i < peal__ctx_count(sel->ctx); i++) {
        peal_sip_service *service = peal__ctx_service(sel->ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_try)) {
            peal_result r = service->vt->on_try(service, &sel->try);
            if (r < 0) {
                return r;
            }
        }
    }
    return PEAL_OK;
}

peal_result peal__sel_use(peal__sel *sel, const peal_sip_host *host)
{
    peal__core *core = sel->ctx->core;
    sel->try.host = *host;
    peal_result r = peal_sip_core_local_for(&core->config, &sel->ctx->context, host,
                                            &sel->try.local);
    if (r >= 0) {
        r = tell_local_address(sel);
    }
    if (r >= 0) {
        r = run_on_try(sel);
    }
    if (r >= 0) {
        r = peal__core_sign(core, sel->try.packet);
    }
    return r < 0 ? r : PEAL_OK;
}

peal_result peal__sel_next(peal__sel *sel)
{
    if (!peal__sel_has_more(sel)) {
        return PEAL_E_SIP_NO_TARGET;
    }
    const peal_sip_host host = sel->hosts[sel->host_next++];
    peal_result r = take_packet(sel);
    if (r >= 0) {
        r = peal__sel_use(sel, &host);
    }
    if (r < 0) {
        sel->try.packet = peal_sip_packet_unref(sel->try.packet); /* half changed */
    }
    return r;
}

void peal__sel_route(const peal__sel *sel, peal__sip_route *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->peer = sel->try.host.address;
    ret->local = sel->try.local.address;
    ret->transport = sel->try.host.transport;
    ret->listener = sel->try.local.listener;
}

void peal__sel_try_ended(peal__sel *sel, peal_result result)
{
    for (size_t i = 0; i < peal__ctx_count(sel->ctx); i++) {
        peal_sip_service *service = peal__ctx_service(sel->ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_try_ended)) {
            service->vt->on_try_ended(service, &sel->try, result);
        }
    }
}
