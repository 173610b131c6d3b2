/* SPDX-License-Identifier: MIT */
/* The way of a request in, and the server event control that answers it (C8). Core thread.
 * RFC 3261 §8.2, §9.2; RFC 4320; decision K9.
 *
 * Until the final response the control lives as long as somebody holds it: who lets it go undecided
 * answers 500. Afterwards it keeps itself only while its manager waits for the transaction's end,
 * or a kept response for its wire. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

static peal_str absent(void)
{
    return peal_str_of(NULL, 0);
}

/* ---- responses out ---- */

/* RFC 3261 §8.2.6.2: every response but a 100 has a To tag; where no user agent set one, one that
 * is the same for all responses to this request. */
static peal_result add_to_tag(peal__sreq *s, peal_sip_packet *response)
{
    char tag[PEAL__SIP_STATELESS_TAG_MAX];
    const peal_sip_address *to = NULL;
    peal_result r = peal_sip_packet_to(response, &to);
    if (r < 0 || to->tag.n > 0 || peal_sip_packet_status(response) == 100) {
        return r;
    }
    const peal_str parts[] = { to->text, PEAL_STR(";tag="),
                               peal__sip_stateless_tag(s->request, tag) };
    return peal_sip_packet_setv(response, PEAL_SIP_HEADER_TO, parts, PEAL_COUNT_OF(parts));
}

/* The way of a response out: each service's part, in attach order, then what depends on the local
 * address, then the transaction. */
static peal_result run_response_chain(peal__sreq *s, peal_sip_packet *response)
{
    char text[PEAL_SOCKET_ADDR_TEXT_MAX];
    peal_sip_local local = { .listener = 0 };
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < peal__ctx_count(s->ctx); i++) {
        peal_sip_service *service = peal__ctx_service(s->ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_outgoing_response)) {
            r = service->vt->on_outgoing_response(service, response, &s->face);
        }
    }
    if (r < 0 || !s->request) {
        return r < 0 ? r : PEAL_E_SIP_FINAL_SENT; /* a service answered inside */
    }
    peal__local_of_origin(s->core, peal_sip_packet_origin(s->request), text, &local);
    for (size_t i = 0; r >= 0 && i < peal__ctx_count(s->ctx); i++) {
        peal_sip_service *service = peal__ctx_service(s->ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_local_address)) {
            r = service->vt->on_local_address(service, response, &local);
        }
    }
    if (r >= 0) {
        r = add_to_tag(s, response);
    }
    return r < 0 ? r : peal__core_sign(s->core, response);
}

/* Somebody waits for the end of this transaction: the manager that reports it, of an INVITE. */
static bool end_is_awaited(const peal__sreq *s)
{
    return s->is_invite && s->txn &&
           (s->status < 300 ||
            (s->manager && PEAL_VT_HAS(peal_sip_service, s->manager->vt, on_server_request_ended)));
}

static void uncount(peal__sreq *s)
{
    if (s->counted && s->ctx) {
        s->ctx->server_request_count--;
    }
    s->counted = false;
}

static void after_final(peal__sreq *s)
{
    uncount(s);
    if (s->seen) {
        peal__seen_over(s->seen, s->status);
    }
    s->request = peal_sip_packet_unref(s->request); /* K11 */
    if (!end_is_awaited(s)) {
        peal__sreq_let_go(s);
    } else if (!s->held) {
        s->held = true;
        (void)peal_sip_server_event_control_ref(&s->face);
    }
}

static void detach(peal__sreq *s)
{
    peal__sip_server_txn *txn = s->txn;
    s->txn = NULL;
    if (txn && s->status < 200 && s->request) {
        peal__sip_server_txn_owe_refusal(txn, s->request); /* memory is out */
    }
    if (txn) {
        peal__sip_server_txn_detach(txn);
    }
}

void peal__sreq_let_go(peal__sreq *s)
{
    if (s->status < 200) {
        return;
    }
    peal_node_unlink(&s->node);
    detach(s);
    if (s->held) {
        s->held = false;
        peal_sip_server_event_control_unref(&s->face);
    }
}

void peal_sip_server_request_done(peal_sip_server_event_control *control)
{
    if (control && !peal__sreq_of(control)->kept) {
        peal__sreq_let_go(peal__sreq_of(control));
    }
}

static peal_result send_it(peal__sreq *s, peal_sip_packet *response)
{
    const unsigned status = peal_sip_packet_status(response);
    if (!s->ctx) {
        return PEAL_E_SIP_CLEARED;
    }
    if (s->status >= 200) {
        return PEAL_E_SIP_FINAL_SENT;
    }
    if (!s->txn) { /* RFC 4320 §4.2: too late, nobody waits any more */
        return PEAL_E_SIP_TIMEOUT;
    }
    if (status < 100 || status > 699) {
        return PEAL_E_ARGUMENT;
    }
    peal_result r = run_response_chain(s, response);
    if (r >= 0 && (!s->txn || !s->ctx)) {
        r = PEAL_E_SIP_CLEARED; /* by a service, inside */
    }
    if (r >= 0) {
        r = peal__sip_server_txn_respond(s->txn, peal_sip_packet_ref(response));
        if (r < 0) {
            peal_sip_packet_unref(response);
        }
    }
    if (r >= 0) {
        s->status = (uint16_t)status;
        if (status >= 200) {
            after_final(s);
        }
    }
    return r < 0 ? r : PEAL_OK;
}

static peal_result send_response(peal_sip_server_event_control *self, peal_sip_packet *response)
{
    peal__sreq *s = peal__sreq_of(self);
    peal_result r = PEAL_E_WRONG_THREAD;
    if (PEAL_ON_THREAD(s->core->thread, "peal.sip.server_event_control")) {
        (void)peal_sip_server_event_control_ref(self);
        r = send_it(s, response);
        peal_sip_packet_unref(response);
        peal_sip_server_event_control_unref(self);
    }
    return r;
}

static peal_result new_response(peal_sip_server_event_control *self, unsigned status,
                                peal_str reason, peal_sip_packet **ret)
{
    peal__sreq *s = peal__sreq_of(self);
    if (!s->ctx) {
        return PEAL_E_SIP_CLEARED;
    }
    if (!s->request) {
        return PEAL_E_SIP_FINAL_SENT;
    }
    return peal_sip_packet_new_response(s->core->pool, s->request, status, reason, absent(), ret);
}

peal_result peal_sip_server_event_control_respond(peal_sip_server_event_control *c, unsigned status,
                                                  peal_str reason)
{
    peal_sip_packet *response = NULL;
    peal_result r = peal_sip_server_event_control_new_response(c, status, reason, &response);
    return r < 0 ? r : peal_sip_server_event_control_send_response(c, response);
}

/* An answer of the core itself, which must not fail for a service's sake: without the services'
 * parts when they refuse. A To tag is needed all the same (RFC 3261 §8.2.6.2). */
static void answer(peal__sreq *s, unsigned status)
{
    char tag[16];
    peal_sip_packet *response = NULL;
    peal_result r = peal_sip_server_event_control_respond(&s->face, status, absent());
    if (r >= 0 || !s->txn || !s->request || s->status >= 200) {
        return;
    }
    peal_sip_core_token(&s->core->config, tag, sizeof tag);
    r = peal_sip_packet_new_response(s->core->pool, s->request, status, absent(),
                                     peal_str_of(tag, sizeof tag), &response);
    if (r >= 0) {
        r = peal__sip_server_txn_respond(s->txn, response);
    }
    if (r < 0) {
        peal_sip_packet_unref(response);
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, s, "%u not sent: %s", status,
                   peal_result_name(r));
        return;
    }
    s->status = (uint16_t)status;
    after_final(s);
}

/* ---- from the transaction ---- */

static void txn_on_cancel(void *owner, peal__sip_server_txn *txn, peal_sip_packet *cancel)
{
    peal__sreq *s = owner;
    (void)txn;
    (void)peal_sip_server_event_control_ref(&s->face);
    s->cancelled = true;
    if (s->manager && PEAL_VT_HAS(peal_sip_service, s->manager->vt, on_cancelled)) {
        s->manager->vt->on_cancelled(s->manager, &s->face, cancel);
    } else {
        answer(s, 487); /* RFC 3261 §9.2 */
    }
    peal_sip_server_event_control_unref(&s->face);
}

static void report_end(peal__sreq *s, peal_result result)
{
    if (s->ctx && s->manager &&
        PEAL_VT_HAS(peal_sip_service, s->manager->vt, on_server_request_ended)) {
        s->manager->vt->on_server_request_ended(s->manager, &s->face, result);
    }
}

static void txn_on_result(void *owner, peal__sip_server_txn *txn, peal_result result)
{
    peal__sreq *s = owner;
    (void)txn;
    (void)peal_sip_server_event_control_ref(&s->face);
    report_end(s, result);
    if (s->status >= 300) {
        peal__sreq_let_go(s);
    }
    peal_sip_server_event_control_unref(&s->face);
}

static void txn_on_ended(void *owner, peal__sip_server_txn *txn)
{
    peal__sreq *s = owner;
    (void)txn;
    s->txn = NULL;
    (void)peal_sip_server_event_control_ref(&s->face);
    peal__sreq_let_go(s);
    peal_sip_server_event_control_unref(&s->face);
}

static const peal__sip_server_txn_owner txn_owner = {
    .on_cancel = txn_on_cancel,
    .on_result = txn_on_result,
    .on_ended = txn_on_ended,
};

/* ---- the control ---- */

static peal_sip_packet *request_of(peal_sip_server_event_control *self)
{
    return peal__sreq_of(self)->request;
}

static uintptr_t opaque_of(peal_sip_server_event_control *self)
{
    return peal__sreq_of(self)->opaque;
}

static void set_opaque(peal_sip_server_event_control *self, uintptr_t opaque)
{
    peal__sreq_of(self)->opaque = opaque;
}

static peal_sip_context *context_of(peal_sip_server_event_control *self)
{
    peal__sreq *s = peal__sreq_of(self);
    return s->ctx ? &s->ctx->context : NULL;
}

static bool is_final_sent(peal_sip_server_event_control *self)
{
    return peal__sreq_of(self)->status >= 200;
}

static const peal_sip_server_event_control_vt face_vt = {
    .unk = PEAL_UNK(peal__sreq, face),
    .request = request_of,
    .opaque = opaque_of,
    .set_opaque = set_opaque,
    .new_response = new_response,
    .send_response = send_response,
    .context = context_of,
    .is_final_sent = is_final_sent,
};

/* K9: released without a final answer it sends 500. */
static void sreq_fini(peal_obj *obj)
{
    peal__sreq *s = (peal__sreq *)(void *)obj;
    if (s->ctx && s->txn && s->status < 200) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, s, "%s",
                   peal_result_text(PEAL_W_RELEASED_UNDECIDED));
        peal_sip_service *manager = s->manager;
        s->manager = NULL; /* nothing may hold it any more */
        answer(s, 500);
        if (s->status < 200 && s->is_invite && manager &&
            PEAL_VT_HAS(peal_sip_service, manager->vt, on_server_request_ended)) {
            manager->vt->on_server_request_ended(manager, &s->face, PEAL_E_NO_MEMORY);
        }
    }
    uncount(s);
    if (s->seen) {
        peal__seen_over(s->seen, 0);
    }
    detach(s);
    peal_node_unlink(&s->node);
}

static void sreq_released(peal_obj *obj)
{
    peal__sreq *s = (peal__sreq *)(void *)obj;
    peal__core *core = s->core;
    peal_sip_packet_unref(s->request);
    peal_pool_free(s);
    core->server_request_count--;
    peal_sip_core_config_unref(&core->config);
}

static const peal_if_entry sreq_ifs[] = {
    PEAL_IF(peal_sip_server_event_control, peal__sreq, face, face_vt), PEAL_IF_END
};
static const peal_class sreq_class = {
    .struct_size = sizeof sreq_class,
    .name = "peal.sip.server_event_control",
    .size = sizeof(peal__sreq),
    .flags = PEAL_CLASS_BOUND | PEAL_CLASS_NO_AGGREGATION,
    .ifs = sreq_ifs,
    .fini = sreq_fini,
};

static peal_result sreq_new(peal__ctx *ctx, peal_sip_packet *packet, peal__sreq **ret)
{
    peal__sreq *s = peal_pool_alloc(ctx->core->pool, sizeof *s);
    if (!s) {
        return PEAL_E_NO_MEMORY;
    }
    memset(s, 0, sizeof *s);
    peal_result r = peal_obj_new_at(&sreq_class, NULL, s, sreq_released);
    if (r < 0) {
        peal_pool_free(s);
        return r;
    }
    peal_obj_bind(&s->obj, ctx->core->thread);
    peal_obj_set_cleared(&s->obj);
    s->core = ctx->core;
    (void)peal_sip_core_config_ref(&ctx->core->config);
    ctx->core->server_request_count++;
    s->request = peal_sip_packet_ref(packet);
    s->is_invite = peal_sip_packet_method(packet) == PEAL_SIP_METHOD_INVITE;
    r = peal__sip_server_txn_new(ctx->core->txns, packet, &txn_owner, s, &s->txn);
    if (r < 0) { /* ctx is not set: nothing is answered */
        peal_sip_server_event_control_unref(&s->face);
        return r;
    }
    s->ctx = ctx;
    peal_list_append(&ctx->server_requests, &s->node);
    ctx->server_request_count++;
    s->counted = true;
    if (ctx->core->offered == packet && ctx->core->offered_seen) {
        peal__seen_taken(ctx->core->offered_seen, s);
    }
    *ret = s;
    return PEAL_OK;
}

/* ---- requests in ---- */

static peal_sip_service *find_manager(peal__ctx *ctx, peal_sip_packet *packet)
{
    for (size_t i = 0; i < peal__ctx_count(ctx); i++) {
        peal_sip_service *service = peal__ctx_service(ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, owns) &&
            PEAL_VT_HAS(peal_sip_service, service->vt, manage_request) &&
            service->vt->owns(service, packet)) {
            return service;
        }
    }
    return NULL;
}

/* Each service sees it in attach order; false: somebody dealt with it. */
static bool run_request_chain(peal__ctx *ctx, peal_sip_packet *packet,
                              peal_sip_server_event_control *control)
{
    for (size_t i = 0; i < peal__ctx_count(ctx); i++) {
        peal_sip_service *service = peal__ctx_service(ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_incoming_request) &&
            service->vt->on_incoming_request(service, packet, control) != PEAL_SIP_CONTINUE) {
            return false;
        }
        if (ctx->state != PEAL__CTX_LIVE || (control && is_final_sent(control))) {
            return false; /* cleared, or answered, inside */
        }
    }
    return true;
}

static void handle_ack(peal__ctx *ctx, peal_sip_packet *packet)
{
    if (run_request_chain(ctx, packet, NULL)) {
        peal_sip_service *manager = find_manager(ctx, packet);
        if (manager) {
            manager->vt->manage_request(manager, packet, NULL);
        }
    }
}

static peal_result add_retry_after(peal_sip_packet *response, void *arg)
{
    return peal_sip_packet_set_number(response, PEAL_SIP_HEADER_RETRY_AFTER, *(uint32_t *)arg);
}

/* The peer does not wait for answers to what it asks: as RFC 3261 §14.2 does with a second INVITE,
 * "not now" of this request alone, which a 503 would not be. */
static peal_result refuse_for_now(peal__ctx *ctx, peal_sip_packet *packet)
{
    uint8_t random = 0;
    peal_thread_random(ctx->core->thread, &random, sizeof random);
    uint32_t seconds = random % 11u;
    return peal_sip_core_respond(&ctx->core->config, packet, 500, absent(), add_retry_after,
                                 &seconds);
}

/* The end of a call is never refused. */
static bool is_too_many(const peal__ctx *ctx, peal_sip_packet *packet)
{
    return ctx->server_request_count >= ctx->core->settings.max_requests &&
           peal_sip_packet_method(packet) != PEAL_SIP_METHOD_BYE;
}

peal_result peal__sreq_handle(peal__ctx *ctx, peal_sip_packet *packet)
{
    peal__sreq *s = NULL;
    peal_result r = PEAL_OK;
    (void)peal_sip_context_ref(&ctx->context);
    if (peal_sip_packet_method(packet) == PEAL_SIP_METHOD_ACK) {
        handle_ack(ctx, packet);
    } else if (peal_sip_packet_method(packet) == PEAL_SIP_METHOD_CANCEL) {
        /* The transaction layer knows every INVITE it could match (RFC 3261 §9.2). */
        r = peal_sip_core_respond(&ctx->core->config, packet, 481, absent(), NULL, NULL);
    } else if (is_too_many(ctx, packet)) {
        r = refuse_for_now(ctx, packet);
    } else if ((r = sreq_new(ctx, packet, &s)) >= 0) {
        if (run_request_chain(ctx, packet, &s->face)) {
            s->manager = find_manager(ctx, packet);
            if (s->manager) {
                s->manager->vt->manage_request(s->manager, packet, &s->face);
            } else {
                answer(s, 501);
            }
        }
        peal_sip_server_event_control_unref(&s->face);
    }
    if (r >= 0) {
        peal__core_taken(ctx->core, packet);
    }
    peal_sip_context_unref(&ctx->context);
    return r < 0 ? r : PEAL_OK;
}

/* ---- clear ---- */

void peal__sreq_answer_open(peal__ctx *ctx)
{
    peal_node *n = peal_list_first(&ctx->server_requests);
    while (n) {
        peal__sreq *s = PEAL_CONTAINER_OF(n, peal__sreq, node);
        (void)peal_sip_server_event_control_ref(&s->face);
        if (s->status < 200) {
            answer(s, s->cancelled ? 487 : 500);
        }
        n = peal_node_is_linked(&s->node) ? peal_list_next(&ctx->server_requests, n)
                                          : peal_list_first(&ctx->server_requests);
        peal_sip_server_event_control_unref(&s->face);
    }
}

void peal__sreq_detach_all(peal__ctx *ctx)
{
    for (peal_node *n; (n = peal_list_first(&ctx->server_requests)) != NULL;) {
        peal__sreq *s = PEAL_CONTAINER_OF(n, peal__sreq, node);
        (void)peal_sip_server_event_control_ref(&s->face);
        peal_node_unlink(n);
        uncount(s);
        s->ctx = NULL;
        s->manager = NULL;
        if (!s->kept) { /* else the session's 2xx still waits for its wire */
            detach(s);
            peal__sreq_let_go(s);
        }
        s->request = peal_sip_packet_unref(s->request);
        peal_sip_server_event_control_unref(&s->face);
    }
}
