/* SPDX-License-Identifier: MIT */
/* The client request object (K3): one request with all its tries and reissues. Core thread.
 *
 *   selecting ──sent──> trying ──1xx──> proceeding ──final──> done ──all reported──> over
 *       │  ↑              │                  │                  │
 *       │  └──────────────┼──────────────────┼─────reissue──────┘
 *       └──cancel: 487    └──cancel──> cancelling ──final──> done
 *
 * RFC 3261 §8.1.3.1, §9.1; RFC 3263 §4.3. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

static void run_later(peal_msg *msg);

/* ---- failures ---- */

/* Inside a call of the application nothing is reported: the answer comes with the next message. */
static void fail_later(peal__req *req, peal_result result)
{
    req->later_result = result;
    if (!req->later_posted) {
        req->later_posted = true;
        req->later.run = run_later;
        (void)peal_sip_client_request_ref(&req->face);
        peal_thread_post(req->core->thread, &req->later);
    }
}

static void run_later(peal_msg *msg)
{
    peal__req *req = PEAL_CONTAINER_OF(msg, peal__req, later);
    req->later_posted = false;
    if (req->orphan) {
        peal__req_end(req);
    } else if (req->ctx && req->state != PEAL__REQ_OVER) {
        peal__req_answer_locally(req, req->later_result);
    }
    peal_sip_client_request_unref(&req->face);
}

void peal__req_try_failed(peal__req *req, peal_result result)
{
    if (req->state == PEAL__REQ_CANCELLING) {
        /* §9.1: nobody answered what was cancelled; no further host is asked (K3). */
        peal__req_answer_locally(req, PEAL_E_SIP_CANCELLED);
        return;
    }
    if (peal__sel_has_more(req->sel)) {
        req->state = PEAL__REQ_TRYING;
        peal_result r = peal__req_next_try(req);
        if (r >= 0) {
            return;
        }
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_INFO, req, "no further host: %s",
                   peal_result_name(r));
    }
    peal__req_answer_locally(req, result);
}

/* ---- starting ---- */

/* Request-URI and top Route: while they are the same, so is the host (K3). */
static uint64_t target_key(peal_sip_packet *packet)
{
    peal_hasher h;
    peal_hasher_init(&h);
    peal_hasher_add(&h, peal_sip_packet_request_uri(packet));
    peal_hasher_add(&h, PEAL_STR("\n"));
    peal_hasher_add(&h, peal_sip_packet_value(packet, PEAL_SIP_HEADER_ROUTE, 0));
    return peal_hasher_end(&h);
}

/* Requests of a context leave in the order they were sent (K2); without a way they wait in line. */
static bool must_wait(peal__req *req)
{
    if (!peal_node_is_linked(&req->sel_node)) {
        peal_list_append(&req->ctx->selecting, &req->sel_node);
    }
    return peal_list_first(&req->ctx->selecting) != &req->sel_node;
}

static void leave_line(peal__req *req)
{
    peal_node_unlink(&req->sel_node);
    if (req->ctx) {
        peal__ctx_kick(req->ctx);
    }
}

void peal__req_count(peal__req *req)
{
    req->counted = true;
    req->ctx->request_count++;
}

void peal__req_uncount(peal__req *req)
{
    if (req->counted && req->ctx) {
        req->ctx->request_count--;
    }
    req->counted = false;
}

void peal__req_unlist(peal__req *req)
{
    peal__req_uncount(req);
    peal_node_unlink(&req->node);
    peal_node_unlink(&req->sel_node);
}

/* The peer's Contact leads nowhere from here: a name without a resolver, a transport we don't have.
 * A request inside the dialog goes the way of the INVITE then, as the ACK does, so that no call
 * stays up at one end. */
static peal_result use_known_way(peal__req *req, peal_result result)
{
    const peal__ctx *ctx = req->ctx ? req->ctx : req->host_ctx;
    const peal_sip_address *to = NULL;
    if (!peal__sel_is_lost(result) || ctx->way.address.family == PEAL_AF_NONE ||
        !req->sel->try.packet || peal_sip_packet_to(req->template, &to) < 0 || to->tag.n == 0) {
        return result;
    }
    return peal_sip_try_add_host(&req->sel->try, &ctx->way);
}

/* Selection is over: the first try leaves. */
static void on_selected(peal__sel *sel, peal_result result)
{
    peal__req *req = sel->owner;
    peal_result r = result < 0 ? use_known_way(req, result) : result;
    if (r >= 0) {
        r = peal__req_next_try(req);
    }
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_INFO, req, "not sent: %s",
                   peal_result_name(r));
        fail_later(req, r);
    } else {
        req->state = PEAL__REQ_TRYING;
    }
    if (r >= 0 && req->orphan) { /* it was owed at clear, and is out now */
        peal__req_try_detach(req->current);
        peal__req_end(req);
    } else {
        leave_line(req);
    }
}

void peal__req_start(peal__req *req, bool same_host)
{
    if (req->ctx && must_wait(req)) {
        req->waits = true;
        return;
    }
    req->waits = false;
    const uint64_t key = target_key(req->template);
    peal_result r = PEAL_OK;
    if (!req->sel) {
        peal__ctx *ctx = req->ctx ? req->ctx : req->host_ctx;
        r = peal__sel_new(ctx, &req->face, req, on_selected, &req->sel);
    }
    if (r >= 0) {
        r = same_host && key == req->target_key ? peal__sel_again(req->sel, req->template)
                                                : peal__sel_ask(req->sel, req->template);
    }
    req->target_key = key;
    if (!req->sel) {
        fail_later(req, r);
        leave_line(req);
    } else if (r != PEAL_I_PENDING) {
        on_selected(req->sel, r);
    }
}

static peal_result run_stage_one(peal__req *req, peal_sip_packet *packet)
{
    const peal_sip_cseq *cseq = NULL;
    for (size_t i = 0; i < peal__ctx_count(req->ctx); i++) {
        peal_sip_service *service = peal__ctx_service(req->ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_outgoing_request)) {
            peal_result r = service->vt->on_outgoing_request(service, packet, &req->face);
            if (r < 0) {
                return r;
            }
        }
    }
    peal_result r = peal_sip_packet_cseq(packet, &cseq);
    if (r >= 0) {
        req->cseq = cseq->number;
    }
    return r == PEAL_E_NOT_FOUND ? PEAL_E_SIP_MISSING_HEADER : r;
}

peal_result peal__req_stage_one(peal__req *req)
{
    peal_sip_packet *packet = NULL;
    peal_result r = peal_sip_packet_copy(req->core->pool, req->cache, &packet);
    if (r < 0) {
        return r;
    }
    r = run_stage_one(req, packet);
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    peal_sip_packet_unref(req->template);
    req->template = packet;
    return PEAL_OK;
}

/* Somebody must choose the host and somebody must write Via (S1, S6). */
static bool can_send(const peal__ctx *ctx)
{
    bool selects = false, writes_via = false;
    for (size_t i = 0; i < peal__ctx_count(ctx); i++) {
        const peal_sip_service_vt *vt = peal__ctx_service(ctx, i)->vt;
        selects = selects || PEAL_VT_HAS(peal_sip_service, vt, select);
        writes_via = writes_via || PEAL_VT_HAS(peal_sip_service, vt, on_try);
    }
    return selects && writes_via;
}

static peal_result send_request(peal__ctx *ctx, peal_sip_service *sender, peal_sip_packet *packet,
                                void *opaque, peal_sip_client_request **ret)
{
    peal__req *req = NULL;
    if (ctx->state == PEAL__CTX_CLEARED || !peal__core_is_up(ctx->core)) {
        return PEAL_E_SIP_CLEARED;
    }
    if (!can_send(ctx)) {
        return PEAL_E_SIP_SERVICE_MISSING;
    }
    if (ctx->request_count >= ctx->core->settings.max_requests &&
        peal_sip_packet_method(packet) != PEAL_SIP_METHOD_BYE) {
        return PEAL_E_LIMIT; /* the end of a call is never refused */
    }
    peal_result r = peal__req_new(ctx, sender, packet, opaque, &req);
    if (r < 0) {
        return r;
    }
    (void)peal_sip_packet_ref(packet); /* the caller's reference is the caller's here */
    (void)peal_sip_client_request_ref(&req->face);
    r = peal__req_stage_one(req);
    if (r < 0) {
        peal__req_end(req);
    } else {
        peal__req_start(req, false);
        if (ret) {
            *ret = peal_sip_client_request_ref(&req->face);
        }
    }
    peal_sip_client_request_unref(&req->face);
    return r < 0 ? r : PEAL_OK;
}

peal_result peal_sip_send_request(peal_sip_context *context, peal_sip_service *sender,
                                  peal_sip_packet *packet, void *opaque,
                                  peal_sip_client_request **ret)
{
    peal__ctx *ctx = peal__ctx_of(context);
    peal_result r = PEAL_E_WRONG_THREAD;
    if (PEAL_ON_THREAD(ctx->core->thread, "peal.sip.context")) {
        r = send_request(ctx, sender, packet, opaque, ret);
    }
    peal_sip_packet_unref(packet);
    return r;
}

/* ---- ending ---- */

void peal__req_conclude(peal__req *req, peal__try *t, unsigned status)
{
    const bool stays = req->method == PEAL_SIP_METHOD_INVITE && status < 300;
    peal__req_uncount(req);
    req->state = PEAL__REQ_DONE;
    req->status = (uint16_t)status;
    peal_timer_stop(req->core->thread, &t->timer);
    peal__sel_try_ended(req->sel, PEAL_OK);
    if (req->current && req->current != t) {
        peal__req_abandon(req, req->current); /* a late answer won */
    }
    t->abandoned = false;
    req->current = t;
    peal_node *next = NULL;
    for (peal_node *n = peal_list_first(&req->tries); n; n = next) {
        peal__try *other = PEAL_CONTAINER_OF(n, peal__try, node);
        next = peal_list_next(&req->tries, n);
        if (other != t && req->method != PEAL_SIP_METHOD_INVITE) {
            peal__req_try_detach(other);
        }
    }
    if (!stays) {
        peal__req_try_detach(t); /* K11: the transaction lingers alone */
    }
}

static bool has_live_tries(const peal__req *req)
{
    for (peal_node *n = peal_list_first(&req->tries); n; n = peal_list_next(&req->tries, n)) {
        if (PEAL_CONTAINER_OF(n, peal__try, node) != req->current) {
            return true;
        }
    }
    return false;
}

/* K11: an INVITE in Accepted keeps what the ACK needs: its CSeq and its way. */
static void shrink(peal__req *req)
{
    if (!has_live_tries(req)) {
        req->cache = peal_sip_packet_unref(req->cache);
        req->template = peal_sip_packet_unref(req->template);
        peal__sel_free(req->sel);
        req->sel = NULL;
    }
}

/* The application may let the context go when it hears of it: the service must outlive its own
 * call. */
static void tell_ended(peal__req *req)
{
    peal_sip_service *sender = req->sender;
    peal_sip_context *context = req->ctx ? &req->ctx->context : NULL;
    req->state = PEAL__REQ_OVER;
    if (sender && PEAL_VT_HAS(peal_sip_service, sender->vt, on_request_ended)) {
        (void)peal_sip_context_ref(context);
        sender->vt->on_request_ended(sender, &req->face);
        peal_sip_context_unref(context);
    }
}

void peal__req_settle(peal__req *req)
{
    if (req->state != PEAL__REQ_DONE || req->response || req->control || req->waiting_first ||
        req->pumping || req->answer_owed) {
        return;
    }
    if (req->current) {
        shrink(req);
        return;
    }
    (void)peal_sip_client_request_ref(&req->face);
    tell_ended(req);
    if (req->ctx) { /* else the context was cleared inside, and the request went its way */
        peal__req_orphan(req);
    }
    peal_sip_client_request_unref(&req->face);
}

void peal__req_end(peal__req *req)
{
    peal__ctx *host_ctx = req->host_ctx;
    if (req->ended) {
        return;
    }
    req->ended = true;
    req->state = PEAL__REQ_OVER;
    req->orphan = false;
    peal__req_unlist(req);
    req->ctx = NULL;
    req->host_ctx = NULL;
    req->sender = NULL;
    peal__req_drop_waiting(req);
    peal__req_drop_events(req);
    for (peal_node *n; (n = peal_list_first(&req->tries)) != NULL;) {
        peal__req_try_detach(PEAL_CONTAINER_OF(n, peal__try, node));
    }
    peal_timer_stop(req->core->thread, &req->memory_timer);
    peal__sel_free(req->sel);
    req->sel = NULL;
    req->cache = peal_sip_packet_unref(req->cache);
    req->template = peal_sip_packet_unref(req->template);
    if (host_ctx) {
        peal__ctx_guest_out(host_ctx);
    }
    peal_sip_client_request_unref(&req->face); /* its own reference */
}

/* ---- the handle ---- */

static peal_sip_method method(peal_sip_client_request *self)
{
    return (peal_sip_method)peal__req_of(self)->method;
}

static void *opaque_of(peal_sip_client_request *self)
{
    return peal__req_of(self)->opaque;
}

static peal_result keep_reason(peal__req *req, peal_str reason)
{
    if (reason.n == 0 || reason.n > UINT32_MAX) {
        return PEAL_OK;
    }
    req->cancel_reason = peal_pool_alloc(req->core->pool, reason.n);
    if (!req->cancel_reason) {
        return PEAL_E_NO_MEMORY;
    }
    memcpy(req->cancel_reason, reason.p, reason.n);
    req->cancel_reason_bytes = (uint32_t)reason.n;
    return PEAL_OK;
}

static peal_result cancel(peal_sip_client_request *self, peal_str reason)
{
    peal__req *req = peal__req_of(self);
    if (!PEAL_ON_THREAD(req->core->thread, "peal.sip.client_request")) {
        return PEAL_E_WRONG_THREAD;
    }
    if (!req->ctx) {
        return req->cleared ? PEAL_E_SIP_CLEARED : PEAL_E_STATE;
    }
    if (req->method != PEAL_SIP_METHOD_INVITE || req->state >= PEAL__REQ_DONE) {
        return PEAL_E_STATE;
    }
    if (req->cancel_wanted) {
        return PEAL_I_ALREADY;
    }
    peal_result r = keep_reason(req, reason);
    if (r < 0) {
        return r;
    }
    req->cancel_wanted = true;
    if (req->state == PEAL__REQ_SELECTING) { /* nothing was sent, nothing will be */
        peal__sel_free(req->sel);
        req->sel = NULL;
        req->waits = false;
        fail_later(req, PEAL_E_SIP_CANCELLED);
        leave_line(req);
        return PEAL_OK;
    }
    req->state = PEAL__REQ_CANCELLING;
    if (req->current) {
        peal__req_cancel_try(req, req->current);
    }
    return PEAL_OK;
}

static peal_sip_packet *packet_of(peal_sip_client_request *self)
{
    return peal__req_of(self)->template;
}

static peal_sip_context *context_of(peal_sip_client_request *self)
{
    peal__req *req = peal__req_of(self);
    return req->ctx ? &req->ctx->context : NULL;
}

static const peal_sip_client_request_vt face_vt = {
    .unk = PEAL_UNK(peal__req, face),
    .method = method,
    .opaque = opaque_of,
    .cancel = cancel,
    .packet = packet_of,
    .context = context_of,
};

peal_sip_service *peal_sip_client_request_sender(peal_sip_client_request *request)
{
    return peal__req_of(request)->sender;
}

bool peal_sip_client_request_is_final(peal_sip_client_request *request)
{
    return peal__req_of(request)->state >= PEAL__REQ_DONE;
}

bool peal_sip_client_request_is_cancelled(peal_sip_client_request *request)
{
    return peal__req_of(request)->cancel_wanted;
}

bool peal_sip_client_request_has_provisional(peal_sip_client_request *request)
{
    const peal__try *t = peal__req_of(request)->current;
    return t && peal__sip_client_txn_has_provisional(t->txn);
}

/* ---- the class ---- */

static void req_released(peal_obj *obj)
{
    peal__req *req = (peal__req *)(void *)obj;
    peal__core *core = req->core;
    peal_pool_free(req->cancel_reason);
    peal_pool_free(req);
    core->request_count--;
    peal_sip_core_config_unref(&core->config);
}

static const peal_if_entry req_ifs[] = {
    PEAL_IF(peal_sip_client_request, peal__req, face, face_vt), PEAL_IF_END
};
static const peal_class req_class = {
    .struct_size = sizeof req_class,
    .name = "peal.sip.client_request",
    .size = sizeof(peal__req),
    .flags = PEAL_CLASS_BOUND | PEAL_CLASS_NO_AGGREGATION,
    .ifs = req_ifs,
};

peal_result peal__req_new(peal__ctx *ctx, peal_sip_service *sender, peal_sip_packet *packet,
                          void *opaque, peal__req **ret)
{
    peal__req *req = peal_pool_alloc(ctx->core->pool, sizeof *req);
    if (!req) {
        return PEAL_E_NO_MEMORY;
    }
    memset(req, 0, sizeof *req);
    peal_result r = peal_obj_new_at(&req_class, NULL, req, req_released);
    if (r < 0) {
        peal_pool_free(req);
        return r;
    }
    peal_obj_bind(&req->obj, ctx->core->thread);
    peal_obj_set_cleared(&req->obj);
    req->core = ctx->core;
    (void)peal_sip_core_config_ref(&ctx->core->config);
    ctx->core->request_count++;
    req->ctx = ctx;
    req->sender = sender;
    req->opaque = opaque;
    req->cache = packet;
    req->method = (uint8_t)peal_sip_packet_method(packet);
    req->events = req->events_inside;
    req->event_cap = PEAL__EVENTS_INSIDE;
    peal_list_init(&req->tries);
    peal_timer_init(&req->memory_timer, peal__req_on_memory_timer);
    peal_list_append(&ctx->requests, &req->node);
    peal__req_count(req);
    *ret = req;
    return PEAL_OK;
}
