/* SPDX-License-Identifier: MIT */
/* The SIP context (C4): the outer object of an aggregate of services, and its end (K9). Core
 * thread. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

/* ---- services ---- */

size_t peal__ctx_count(const peal__ctx *ctx)
{
    return (size_t)ctx->built + ctx->extra_count;
}

peal_sip_service *peal__ctx_service(const peal__ctx *ctx, size_t index)
{
    return index < ctx->built ? peal__template_service(ctx->template, ctx, index)
                              : ctx->extra[index - ctx->built].service;
}

const peal_clsid *peal__ctx_clsid(const peal__ctx *ctx, size_t index)
{
    return index < ctx->built ? peal__template_clsid(ctx->template, index)
                              : ctx->extra[index - ctx->built].clsid;
}

static const peal_clsid *clsid_at(const void *list, size_t index)
{
    return peal__ctx_clsid(list, index);
}

peal_result peal__class_service(const peal_class *cls, size_t *ret_offset)
{
    for (const peal_if_entry *e = cls->ifs; e && e->iid; e++) {
        if (peal_iid_eq(e->iid, &peal_sip_service_iid)) {
            *ret_offset = e->offset;
            return PEAL_OK;
        }
    }
    return PEAL_E_NO_IF;
}

peal_result peal__ctx_introduce(peal__ctx *ctx, peal_sip_service *service, void *manager)
{
    const peal_sip_service_vt *vt = service->vt;
    peal_result r = PEAL_OK;
    if (manager) {
        r = PEAL_VT_HAS(peal_sip_service, vt, set_manager) ? vt->set_manager(service, manager)
                                                           : PEAL_E_ARGUMENT;
    }
    if (r >= 0 && PEAL_VT_HAS(peal_sip_service, vt, attached)) {
        r = vt->attached(service, &ctx->context);
    }
    return r < 0 ? r : PEAL_OK;
}

/* Appends one part; on failure it is gone again. */
static peal_result append_part(peal__ctx *ctx, const peal_clsid *clsid, const peal_class *cls,
                               size_t service_offset)
{
    void *part = NULL;
    peal__part *extra = peal_realloc(ctx->extra, (ctx->extra_count + 1u) * sizeof *extra);
    if (!extra) {
        return PEAL_E_NO_MEMORY;
    }
    ctx->extra = extra;
    peal_result r = peal_obj_new(cls, &ctx->obj.inner, &part);
    if (r < 0) {
        return r;
    }
    extra[ctx->extra_count].clsid = clsid;
    extra[ctx->extra_count].obj = part;
    extra[ctx->extra_count].service = (peal_sip_service *)(void *)((char *)part + service_offset);
    ctx->extra_count++;
    return PEAL_OK;
}

static void release_part(peal_obj *part)
{
    part->inner.vt->unref(&part->inner);
}

static peal_result attach(peal_sip_context *self, const peal_clsid *clsid, void *manager)
{
    peal__ctx *ctx = peal__ctx_of(self);
    size_t offset = 0;
    if (ctx->state != PEAL__CTX_LIVE) {
        return PEAL_E_SIP_CLEARED;
    }
    const peal_class *cls = clsid ? peal_class_find(clsid) : NULL;
    if (!cls) {
        return PEAL_E_NO_CLASS;
    }
    peal_result r = peal__class_service(cls, &offset);
    if (r >= 0) {
        r = peal__order_check(clsid_at, ctx, peal__ctx_count(ctx), clsid);
    }
    if (r >= 0) {
        r = append_part(ctx, clsid, cls, offset);
    }
    if (r < 0) {
        return r;
    }
    peal__part *part = &ctx->extra[ctx->extra_count - 1];
    r = peal__ctx_introduce(ctx, part->service, manager);
    if (r < 0) {
        ctx->extra_count--;
        release_part(part->obj);
    }
    return r;
}

/* ECOM asks for an interface that the context itself has not: any service's. peal_sip_service is
 * each one's own and not to be had here. */
static peal_result ctx_more(peal_obj *obj, const peal_iid *iid, void **ret)
{
    peal__ctx *ctx = (peal__ctx *)(void *)obj;
    if (peal_iid_eq(iid, &peal_sip_service_iid)) {
        return PEAL_E_NO_IF;
    }
    if (ctx->template && peal__template_query(ctx->template, ctx, iid, ret) >= 0) {
        return PEAL_OK;
    }
    for (size_t i = 0; i < ctx->extra_count; i++) {
        peal_unk *inner = &ctx->extra[i].obj->inner;
        if (inner->vt->query(inner, iid, ret) >= 0) {
            return PEAL_OK;
        }
    }
    return PEAL_E_NO_IF;
}

/* ---- clear ---- */

static void clear_service(peal__ctx *ctx, size_t index)
{
    peal_sip_service *service = peal__ctx_service(ctx, index);
    if (PEAL_VT_HAS(peal_sip_service, service->vt, clear)) {
        service->vt->clear(service);
    }
}

/* The first service that chooses where requests go, and all behind it, are connection services. */
static size_t connection_start(const peal__ctx *ctx)
{
    const size_t count = peal__ctx_count(ctx);
    for (size_t i = 0; i < count; i++) {
        if (PEAL_VT_HAS(peal_sip_service, peal__ctx_service(ctx, i)->vt, select)) {
            return i;
        }
    }
    return count;
}

/* Core services end in reverse attach order, so that the user agent's dialog is still there when
 * the session owes a BYE. */
static void clear_core_services(peal__ctx *ctx)
{
    for (size_t i = connection_start(ctx); i > 0; i--) {
        clear_service(ctx, i - 1);
    }
}

/* Managers may be freed when clear returns, also those of services that end later. */
static void take_managers(peal__ctx *ctx)
{
    for (size_t i = connection_start(ctx); i < peal__ctx_count(ctx); i++) {
        peal_sip_service *service = peal__ctx_service(ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, set_manager)) {
            (void)service->vt->set_manager(service, NULL);
        }
    }
}

/* Connection services end when nothing needs a way any more. */
static void clear_connection_services(peal__ctx *ctx)
{
    if (ctx->guests == 0 && !ctx->ended) {
        ctx->ended = true;
        for (size_t i = peal__ctx_count(ctx), start = connection_start(ctx); i > start; i--) {
            clear_service(ctx, i - 1);
        }
    }
}

static void orphan_requests(peal__ctx *ctx)
{
    for (peal_node *n; (n = peal_list_first(&ctx->requests)) != NULL;) {
        peal__req_orphan(PEAL_CONTAINER_OF(n, peal__req, node));
    }
    for (peal_node *n; (n = peal_list_first(&ctx->routed)) != NULL;) {
        peal__req_unroute(PEAL_CONTAINER_OF(n, peal__req, event_node));
    }
}

void peal__ctx_clear(peal__ctx *ctx)
{
    if (ctx->state != PEAL__CTX_LIVE) {
        return;
    }
    (void)peal_sip_context_ref(&ctx->context);
    ctx->state = PEAL__CTX_CLEARING;
    peal_obj_set_cleared(&ctx->obj);
    peal__sreq_answer_open(ctx); /* while each service can still add its part */
    clear_core_services(ctx);    /* BYE, CANCEL and the like leave here */
    ctx->state = PEAL__CTX_CLEARED;
    orphan_requests(ctx);
    peal__sreq_detach_all(ctx);
    take_managers(ctx);
    clear_connection_services(ctx);
    ctx->core->open_context_count--;
    peal__core_context_cleared(ctx->core);
    peal_sip_context_unref(&ctx->context);
}

void peal__ctx_guest_in(peal__ctx *ctx)
{
    ctx->guests++;
    (void)peal_sip_context_ref(&ctx->context);
}

void peal__ctx_guest_out(peal__ctx *ctx)
{
    ctx->guests--;
    if (ctx->state == PEAL__CTX_CLEARED) {
        clear_connection_services(ctx);
    }
    peal_sip_context_unref(&ctx->context);
}

void peal__ctx_kick(peal__ctx *ctx)
{
    if (ctx->kicking || !peal_list_first(&ctx->selecting)) {
        return; /* the loop that is under way goes on */
    }
    (void)peal_sip_context_ref(&ctx->context);
    ctx->kicking = true;
    for (peal_node *n; (n = peal_list_first(&ctx->selecting)) != NULL;) {
        peal__req *req = PEAL_CONTAINER_OF(n, peal__req, sel_node);
        if (!req->waits) {
            break; /* its way is being asked for: those behind it go on waiting */
        }
        peal__req_start(req, false);
    }
    ctx->kicking = false;
    peal_sip_context_unref(&ctx->context);
}

/* ---- the interface ---- */

static void clear(peal_sip_context *self)
{
    peal__ctx *ctx = peal__ctx_of(self);
    if (PEAL_ON_THREAD(ctx->core->thread, "peal.sip.context")) {
        peal__ctx_clear(ctx);
    }
}

/* The other end of the dialog is there, whatever its Contact says (client_request.c). */
static void keep_way(peal__ctx *ctx, peal_sip_packet *packet)
{
    if (peal_sip_packet_method(packet) == PEAL_SIP_METHOD_INVITE &&
        ctx->way.address.family == PEAL_AF_NONE) {
        const peal_sip_origin *origin = peal_sip_packet_origin(packet);
        ctx->way = (peal_sip_host){ .address = origin->peer, .transport = origin->transport };
    }
}

static peal_result handle_packet(peal_sip_context *self, peal_sip_packet *packet)
{
    peal__ctx *ctx = peal__ctx_of(self);
    if (!PEAL_ON_THREAD(ctx->core->thread, "peal.sip.context")) {
        return PEAL_E_WRONG_THREAD;
    }
    if (ctx->state != PEAL__CTX_LIVE || !peal__core_is_up(ctx->core)) {
        return PEAL_E_SIP_CLEARED;
    }
    if (!peal_sip_packet_is_request(packet) || peal_sip_packet_fault(packet)->result < 0) {
        return PEAL_E_ARGUMENT;
    }
    keep_way(ctx, packet);
    return peal__sreq_handle(ctx, packet);
}

static void *opaque(peal_sip_context *self)
{
    return peal__ctx_of(self)->opaque;
}

static void set_opaque(peal_sip_context *self, void *value)
{
    peal__ctx_of(self)->opaque = value;
}

static peal_sip_core_config *core_of(peal_sip_context *self)
{
    return &peal__ctx_of(self)->core->config;
}

static void set_entity(peal_sip_context *self, uint32_t entity)
{
    peal__ctx_of(self)->entity = entity;
}

static const peal_sip_context_vt context_vt = {
    .unk = PEAL_UNK(peal__ctx, context),
    .attach = attach,
    .clear = clear,
    .handle_packet = handle_packet,
    .opaque = opaque,
    .set_opaque = set_opaque,
    .core = core_of,
    .set_entity = set_entity,
};

/* ---- the class ---- */

static void ctx_class_clear(peal_obj *obj)
{
    peal__ctx *ctx = (peal__ctx *)(void *)obj;
    PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, ctx, "context released without clear");
    peal__ctx_clear(ctx);
}

static void ctx_fini(peal_obj *obj)
{
    peal__ctx *ctx = (peal__ctx *)(void *)obj;
    for (size_t i = ctx->extra_count; i > 0; i--) {
        release_part(ctx->extra[i - 1].obj);
    }
    for (size_t i = ctx->built; i > 0; i--) {
        release_part(peal__template_obj(ctx->template, ctx, i - 1));
    }
    peal_free(ctx->extra);
    peal_node_unlink(&ctx->node);
    if (ctx->core) {
        ctx->core->context_count--;
    }
}

/* After fini: the block goes back to its pool, then the stack, which owns the pool, is let go. */
static void ctx_released(peal_obj *obj)
{
    peal__ctx *ctx = (peal__ctx *)(void *)obj;
    peal__core *core = ctx->core;
    peal__template *template = ctx->template;
    peal_pool_free(ctx);
    peal__template_unref(template);
    peal_sip_core_config_unref(&core->config);
}

static const peal_if_entry ctx_ifs[] = {
    PEAL_IF(peal_sip_context, peal__ctx, context, context_vt), PEAL_IF_END
};
static const peal_class ctx_class = {
    .struct_size = sizeof ctx_class,
    .name = "peal.sip.context",
    .size = sizeof(peal__ctx),
    .flags = PEAL_CLASS_BOUND | PEAL_CLASS_NO_AGGREGATION,
    .ifs = ctx_ifs,
    .more = ctx_more,
    .fini = ctx_fini,
    .clear = ctx_class_clear,
};

peal_result peal__ctx_make(peal__core *core, size_t bytes, peal__ctx **ret)
{
    if (core->state != PEAL__CORE_RUNNING) {
        return core->state == PEAL__CORE_NEW ? PEAL_E_STATE : PEAL_E_SIP_SHUTTING_DOWN;
    }
    if (!PEAL_ON_THREAD(core->thread, "peal.sip.context")) {
        return PEAL_E_WRONG_THREAD;
    }
    peal__ctx *ctx = peal_pool_alloc(core->pool, bytes);
    if (!ctx) {
        return PEAL_E_NO_MEMORY;
    }
    memset(ctx, 0, bytes);
    peal_result r = peal_obj_new_at(&ctx_class, NULL, ctx, ctx_released);
    if (r < 0) {
        peal_pool_free(ctx);
        return r;
    }
    peal_obj_bind(&ctx->obj, core->thread);
    ctx->core = core;
    (void)peal_sip_core_config_ref(&core->config);
    peal_list_init(&ctx->requests);
    peal_list_init(&ctx->selecting);
    peal_list_init(&ctx->routed);
    peal_list_init(&ctx->server_requests);
    peal_list_append(&core->contexts, &ctx->node);
    core->context_count++;
    core->open_context_count++;
    *ret = ctx;
    return PEAL_OK;
}

peal_result peal_sip_context_new(peal_sip_core_config *core, peal_sip_context **ret)
{
    peal__ctx *ctx = NULL;
    peal_result r = peal__ctx_make(peal__core_of(core), sizeof(peal__ctx), &ctx);
    if (r >= 0) {
        *ret = &ctx->context;
    }
    return r;
}

void peal_sip_context_timer_start(peal_sip_context *context, peal_timer *timer, uint64_t delay_ms)
{
    peal_timer_start(peal__ctx_of(context)->core->thread, timer, delay_ms, 0);
}

void peal_sip_context_timer_stop(peal_sip_context *context, peal_timer *timer)
{
    peal_timer_stop(peal__ctx_of(context)->core->thread, timer);
}
