/* SPDX-License-Identifier: MIT */
/* The way of a response in: transaction → request → the right context → its services in attach
 * order → events (client_event.c). Core thread. RFC 3261 §8.1.3, §13.2.2; RFC 3263 §4.3. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

enum { MEMORY_RETRY_MS = 100, MEMORY_RETRIES = 20 };

/* ---- step 1: does it belong to the try that counts? ---- */

static bool is_open(const peal__req *req)
{
    return req->state == PEAL__REQ_TRYING || req->state == PEAL__REQ_PROCEEDING;
}

/* A response of a host that was given up (K5). */
static void on_late_response(peal__req *req, peal__try *t, peal_sip_packet *response)
{
    const unsigned status = peal_sip_packet_status(response);
    if (status < 200) {
        peal__req_cancel_try(req, t);
    } else if (status < 300 && is_open(req) && !req->reported && !req->response && req->sel) {
        peal__req_conclude(req, t, status); /* nothing else has answered: it counts after all */
        peal__req_deliver(req, response);
        return;
    } else if (status < 300 && req->method == PEAL_SIP_METHOD_INVITE) {
        peal__req_refuse_success(req, response);
    }
    peal_sip_packet_unref(response);
}

/* ---- step 2: what it does to the request ---- */

static void on_provisional(peal__req *req, peal__try *t, peal_sip_packet *response)
{
    peal_timer_stop(req->core->thread, &t->timer);
    if (req->state == PEAL__REQ_TRYING) {
        req->state = PEAL__REQ_PROCEEDING;
    } else if (req->state == PEAL__REQ_CANCELLING) {
        peal__req_cancel_try(req, t); /* §9.1: it was held back for this */
    }
    if (peal_sip_packet_status(response) == 100) {
        peal_sip_packet_unref(response); /* hop by hop: nobody's event */
        return;
    }
    req->reported = true;
    peal__req_deliver(req, response);
}

/* RFC 3263 §4.3: this host is overloaded; the next one is asked before anybody hears of it. */
static bool moves_on(const peal__req *req, unsigned status)
{
    return status == 503 && is_open(req) && !req->reported && peal__sel_has_more(req->sel);
}

static void on_final(peal__req *req, peal__try *t, peal_sip_packet *response)
{
    const unsigned status = peal_sip_packet_status(response);
    if (moves_on(req, status)) {
        peal_sip_packet_unref(response);
        peal__sel_try_ended(req->sel, PEAL_E_SIP_SEND);
        peal__req_try_detach(t);
        peal__req_try_failed(req, PEAL_E_SIP_SEND);
        return;
    }
    peal__req_conclude(req, t, status);
    peal__req_deliver(req, response);
}

void peal__req_on_response(peal__try *t, peal_sip_packet *response)
{
    peal__req *req = t->req;
    (void)peal_sip_client_request_ref(&req->face);
    if (req->orphan) {
        peal__req_orphan_response(t, response);
    } else if (t->abandoned) {
        on_late_response(req, t, response);
    } else if (peal_sip_packet_status(response) < 200) {
        on_provisional(req, t, response);
    } else if (req->state == PEAL__REQ_DONE) {
        peal__req_deliver(req, response); /* a further 2xx in Accepted (RFC 6026 §7.2) */
    } else {
        on_final(req, t, response);
    }
    peal_sip_client_request_unref(&req->face);
}

/* ---- step 3: now, or after the application's decision on an earlier one ---- */

static void wait_behind(peal__req *req, peal_sip_packet *response)
{
    peal__sip_packet_head_of(response)->msg.next = NULL; /* the packet's own node links it */
    if (req->waiting_last) {
        peal__sip_packet_head_of(req->waiting_last)->msg.next =
            &peal__sip_packet_head_of(response)->msg;
    } else {
        req->waiting_first = response;
    }
    req->waiting_last = response;
}

static peal_sip_packet *take_first(peal__req *req)
{
    peal_sip_packet *response = req->waiting_first;
    peal_msg *next = peal__sip_packet_head_of(response)->msg.next;
    req->waiting_first = next ? peal__sip_packet_of_msg(next) : NULL;
    if (!next) {
        req->waiting_last = NULL;
    }
    return response;
}

void peal__req_drop_waiting(peal__req *req)
{
    while (req->waiting_first) {
        peal_sip_packet_unref(take_first(req));
    }
}

/* ---- step 4: whose context is it? ---- */

/* A service that knows forked dialogs may name another context (C11). One reference. */
static peal__ctx *find_context(peal__req *req, peal_sip_packet *response)
{
    peal__ctx *ctx = req->ctx;
    peal_sip_context *other = NULL;
    for (size_t i = 0; !other && i < peal__ctx_count(ctx); i++) {
        peal_sip_service *service = peal__ctx_service(ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, route_response) &&
            service->vt->route_response(service, &req->face, response, &other) < 0) {
            other = NULL;
        }
        if (!req->ctx) {
            break; /* it was cleared inside */
        }
    }
    if (other) {
        return peal__ctx_of(other);
    }
    (void)peal_sip_context_ref(&ctx->context);
    return ctx;
}

/* ---- step 5: its services, in attach order ---- */

void peal__req_run_chain(peal__req *req, peal__ctx *ctx, peal_sip_packet *response)
{
    req->handling = true;
    for (size_t i = 0; i < peal__ctx_count(ctx) && ctx->state == PEAL__CTX_LIVE; i++) {
        peal_sip_service *service = peal__ctx_service(ctx, i);
        if (!PEAL_VT_HAS(peal_sip_service, service->vt, on_incoming_response)) {
            continue;
        }
        peal_result r = service->vt->on_incoming_response(service, &req->face, response);
        if (r == PEAL_I_PENDING) {
            break; /* consumed */
        }
        if (r < 0) {
            PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, req,
                       "a service failed on a %u: %s", peal_sip_packet_status(response),
                       peal_result_name(r));
        }
    }
    req->handling = false;
}

/* The dialog's other requests may need it. */
static void keep_way(const peal__req *req, peal__ctx *ctx)
{
    const peal__sip_route *route =
        req->method == PEAL_SIP_METHOD_INVITE && req->current
            ? peal__sip_client_txn_route(req->current->txn)
            : NULL;
    if (route) {
        ctx->way = (peal_sip_host){ .address = route->peer, .transport = route->transport };
    }
}

/* The chain may clear either context or let the request go: response and contexts are held. */
static void handle(peal__req *req, peal_sip_packet *response)
{
    peal__ctx *own = req->ctx;
    (void)peal_sip_context_ref(&own->context);
    peal__ctx *ctx = find_context(req, response);
    if (req->ctx) {
        keep_way(req, ctx);
        req->response = peal_sip_packet_ref(response);
        req->event_ctx = ctx;
        if (ctx != own) { /* counted until the response is done with */
            req->routed = true;
            (void)peal_sip_context_ref(&ctx->context);
            peal_list_append(&ctx->routed, &req->event_node);
        }
        peal__req_run_chain(req, ctx, response);
    }
    peal_sip_packet_unref(response);
    peal_sip_context_unref(&ctx->context);
    peal_sip_context_unref(&own->context);
}

bool peal__req_take_waiting(peal__req *req)
{
    if (!req->waiting_first || !req->ctx) {
        return false;
    }
    handle(req, take_first(req));
    return true;
}

void peal__req_deliver(peal__req *req, peal_sip_packet *response)
{
    if (!req->ctx) {
        peal_sip_packet_unref(response);
        return;
    }
    if (req->response || req->pumping || req->waiting_first) {
        wait_behind(req, response);
        return;
    }
    handle(req, response);
    peal__req_pump(req);
}

/* ---- when memory is out ---- */

bool peal__req_wait_for_memory(peal__req *req)
{
    if (req->memory_tries == MEMORY_RETRIES) {
        req->memory_tries = 0;
        return false;
    }
    req->memory_tries++;
    peal_timer_start(req->core->thread, &req->memory_timer, MEMORY_RETRY_MS, 0);
    return true;
}

void peal__req_on_memory_timer(peal_timer *timer)
{
    peal__req *req = PEAL_CONTAINER_OF(timer, peal__req, memory_timer);
    if (req->event_owed) {
        peal__req_pump(req);
    } else if (req->answer_owed) {
        peal__req_answer_locally(req, req->later_result);
    }
}

/* ---- local responses ---- */

/* RFC 3261 §8.1.3.1: a time-out counts as 408, a failure to send as 503. */
static unsigned status_of(peal_result result)
{
    switch (result) {
    case PEAL_E_SIP_TIMEOUT:
        return 408;
    case PEAL_E_SIP_CANCELLED:
        return 487;
    default:
        return 503;
    }
}

static peal_result new_local(peal__req *req, peal_result result, peal_sip_packet **ret)
{
    const peal_str absent = { NULL, 0 };
    peal_result r = peal_sip_packet_new_response(req->core->pool, req->template, status_of(result),
                                                 absent, absent, ret);
    if (r < 0 && (req->cache || req->sel)) { /* no try will follow: its own memory may do */
        req->cache = peal_sip_packet_unref(req->cache);
        peal__sel_free(req->sel);
        req->sel = NULL;
        r = peal_sip_packet_new_response(req->core->pool, req->template, status_of(result), absent,
                                         absent, ret);
    }
    return r;
}

/* Every request gets its end: again when there is memory; at last without a response, for what it
 * holds may be what others wait for. */
static void answer_later(peal__req *req, peal_result result)
{
    if (peal__req_wait_for_memory(req)) {
        req->later_result = result;
        req->answer_owed = true;
        return;
    }
    PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_ERROR, req, "ended unanswered: no memory");
    peal__req_uncount(req);
    req->state = PEAL__REQ_DONE;
    req->status = (uint16_t)status_of(result);
    peal__req_settle(req);
}

void peal__req_answer_locally(peal__req *req, peal_result result)
{
    peal_sip_packet *response = NULL;
    if (!req->ctx || req->state >= PEAL__REQ_DONE) {
        return;
    }
    req->answer_owed = false;
    if (new_local(req, result, &response) < 0) {
        answer_later(req, result);
        return;
    }
    peal__req_uncount(req);
    req->state = PEAL__REQ_DONE;
    req->status = (uint16_t)status_of(result);
    req->memory_tries = 0;
    req->local_response = response;
    req->local_result = result;
    peal__req_deliver(req, response);
}
