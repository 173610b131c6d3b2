/* SPDX-License-Identifier: MIT */
/* Tries of a client request: each is the owner of one client transaction (K3), given up when a host
 * stays silent (K5). Core thread. RFC 3261 §8.1.3.1, §9.1; RFC 3263 §4.3. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

static void on_try_timer(peal_timer *timer);

static peal__try *try_new(peal__req *req)
{
    peal__try *t = &req->first;
    if (t->req) {
        t = peal_pool_alloc(req->core->pool, sizeof *t);
        if (!t) {
            return NULL;
        }
    }
    memset(t, 0, sizeof *t);
    t->req = req;
    peal_timer_init(&t->timer, on_try_timer);
    peal_list_append(&req->tries, &t->node);
    return t;
}

void peal__req_try_free(peal__try *t)
{
    peal__req *req = t->req;
    peal_timer_stop(req->core->thread, &t->timer);
    peal_node_unlink(&t->node);
    if (req->current == t) {
        req->current = NULL;
    }
    t->req = NULL;
    if (t != &req->first) {
        peal_pool_free(t);
    }
}

void peal__req_try_detach(peal__try *t)
{
    peal__sip_client_txn_detach(t->txn);
    peal__req_try_free(t);
}

void peal__req_cancel_try(peal__req *req, peal__try *t)
{
    if (t->cancelled || req->method != PEAL_SIP_METHOD_INVITE ||
        !peal__sip_client_txn_has_provisional(t->txn)) {
        return;
    }
    peal_result r = peal__sip_client_txn_cancel(
        t->txn, peal_str_of(req->cancel_reason, req->cancel_reason_bytes));
    t->cancelled = r >= 0;
    if (r < 0) { /* its transaction tries again, and ends without an answer too */
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, req, "CANCEL not sent yet: %s",
                   peal_result_name(r));
    }
}

/* Another try takes over, or the request is over: an INVITE stays matched, so that a late 1xx gets
 * a CANCEL and a late 2xx ACK and BYE (K5); nothing is owed to others. */
void peal__req_abandon(peal__req *req, peal__try *t)
{
    peal_timer_stop(req->core->thread, &t->timer);
    t->abandoned = true;
    if (req->current == t) {
        req->current = NULL;
    }
    if (req->method != PEAL_SIP_METHOD_INVITE && req->state == PEAL__REQ_DONE) {
        peal__req_try_detach(t);
        return;
    }
    peal__sip_client_txn_abandon(t->txn);
    peal__req_cancel_try(req, t);
}

/* The request leaves by the way that is prepared. */
static peal_result send_try(peal__req *req)
{
    peal__sip_route route;
    peal__try *t = try_new(req);
    if (!t) {
        return PEAL_E_NO_MEMORY;
    }
    peal__sel_route(req->sel, &route);
    peal_result r = peal__sip_client_txn_new(req->core->txns, req->sel->try.packet, &route,
                                             &peal__req_txn_owner, t, &t->txn);
    if (r < 0) {
        peal__req_try_free(t);
        return r;
    }
    req->sel->try.packet = NULL; /* transport has it now (K1) */
    req->sel->try.number++;
    req->current = t;
    /* K5: silence moves on only while there is somewhere to move to; the last host gets the full
     * time of its transaction. */
    if (peal__sel_has_more(req->sel) && !req->core->settings.try_timeout_off) {
        peal_timer_start(req->core->thread, &t->timer, req->core->settings.try_timeout_ms, 0);
    }
    return PEAL_OK;
}

/* The next host that a packet can be sent to; the last failure when there is none. */
peal_result peal__req_next_try(peal__req *req)
{
    peal_result r = PEAL_E_SIP_NO_TARGET;
    do {
        r = peal__sel_next(req->sel);
        if (r >= 0) {
            r = send_try(req);
        }
    } while (r < 0 && peal__sel_has_more(req->sel));
    return r;
}

/* K5: no response at all from this host in time. */
static void on_try_timer(peal_timer *timer)
{
    peal__try *t = PEAL_CONTAINER_OF(timer, peal__try, timer);
    peal__req *req = t->req;
    peal__sel_try_ended(req->sel, PEAL_E_SIP_TIMEOUT);
    peal__req_abandon(req, t);
    (void)peal_sip_client_request_ref(&req->face);
    peal__req_try_failed(req, PEAL_E_SIP_TIMEOUT);
    peal_sip_client_request_unref(&req->face);
}

/* ---- from the transactions ---- */

static void txn_on_response(void *owner, peal__sip_client_txn *txn, peal_sip_packet *response)
{
    (void)txn;
    peal__req_on_response(owner, response);
}

static void txn_on_failed(void *owner, peal__sip_client_txn *txn, peal_result result)
{
    peal__try *t = owner;
    peal__req *req = t->req;
    const bool counts = !req->orphan && !t->abandoned && req->current == t;
    (void)txn;
    if (!counts) {
        return; /* on_ended follows */
    }
    (void)peal_sip_client_request_ref(&req->face);
    t->abandoned = true;
    req->current = NULL;
    peal_timer_stop(req->core->thread, &t->timer);
    peal__sel_try_ended(req->sel, result);
    peal__req_try_failed(req, result == PEAL_E_SIP_TIMEOUT ? result : PEAL_E_SIP_SEND);
    peal_sip_client_request_unref(&req->face);
}

/* The transaction is gone. Shutdown ends all of them at once, with or without an answer. */
static void txn_on_ended(void *owner, peal__sip_client_txn *txn)
{
    peal__try *t = owner;
    peal__req *req = t->req;
    (void)txn;
    peal__req_try_free(t);
    if (req->orphan) {
        if (peal_list_is_empty(&req->tries)) {
            peal__req_end(req);
        }
    } else if (req->state == PEAL__REQ_DONE) {
        peal__req_settle(req);
    }
}

const peal__sip_client_txn_owner peal__req_txn_owner = {
    .on_response = txn_on_response,
    .on_failed = txn_on_failed,
    .on_ended = txn_on_ended,
};
