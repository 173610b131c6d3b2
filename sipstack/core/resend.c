/* SPDX-License-Identifier: MIT */
/* Messages sent again as they are (K4): an ACK to a 2xx, which has a branch but no transaction; a
 * 2xx whose repetition is its session's. Core thread. RFC 3261 §13.2.2.4, §13.3.1.4. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>
#include <stdio.h>

struct peal_sip_resend {
    peal__core *core; /* counted */
    peal_sip_wire *wire;
    peal__sip_route route;
    peal__sreq *source; /* counted: a response that was not encoded when it was kept */
    peal__sel *sel;     /* an ACK's, until it is sent */
    peal_sip_client_request *invite; /* an ACK's, counted as long as sel */
    bool in_flight;
    bool freed; /* its owner let it go */
};

static peal_sip_resend *resend_new(peal__core *core)
{
    peal_sip_resend *resend = peal_pool_alloc(core->pool, sizeof *resend);
    if (resend) {
        memset(resend, 0, sizeof *resend);
        resend->core = core;
        (void)peal_sip_core_config_ref(&core->config);
    }
    return resend;
}

static void drop_source(peal_sip_resend *resend)
{
    peal__sreq *source = resend->source;
    if (source) {
        resend->source = NULL;
        source->kept = false;
        peal__sreq_let_go(source);
        peal_sip_server_event_control_unref(&source->face);
    }
}

static void drop_selection(peal_sip_resend *resend)
{
    peal__sel_free(resend->sel);
    resend->sel = NULL;
    peal_sip_client_request_unrefp(&resend->invite);
}

static void free_when_idle(peal_sip_resend *resend)
{
    if (resend->freed && !resend->in_flight && !resend->sel) {
        peal__core *core = resend->core;
        peal_sip_wire_unref(resend->wire);
        peal_pool_free(resend);
        peal_sip_core_config_unref(&core->config);
    }
}

void peal_sip_resend_free(peal_sip_resend *resend)
{
    if (resend) {
        resend->freed = true;
        drop_source(resend);
        free_when_idle(resend);
    }
}

static void on_result(void *arg, peal_result result, peal_sip_wire *wire)
{
    peal_sip_resend *resend = arg;
    resend->in_flight = false;
    if (!resend->wire && wire) {
        resend->wire = peal_sip_wire_ref(wire);
    }
    if (result < 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_INFO, resend, "not sent: %s",
                   peal_result_name(result));
    }
    free_when_idle(resend);
}

/* The wire of a kept response is there as soon as the transport thread encoded it. */
static void fetch_wire(peal_sip_resend *resend)
{
    peal__sreq *source = resend->source;
    if (!source || !source->txn) {
        return;
    }
    resend->wire = peal__sip_server_txn_last_wire(source->txn);
    if (resend->wire) {
        drop_source(resend);
    }
}

void peal_sip_resend_now(peal_sip_resend *resend)
{
    if (resend->in_flight || !peal__core_is_up(resend->core)) {
        return;
    }
    if (!resend->wire) {
        fetch_wire(resend);
    }
    if (!resend->wire) {
        return; /* the first one is not out yet */
    }
    peal_sip_wire *wire = peal_sip_wire_ref(resend->wire);
    peal_result r = peal__sip_send_once(resend->core->txns, NULL, wire, &resend->route, on_result,
                                        resend);
    if (r < 0) {
        peal_sip_wire_unref(wire);
    } else {
        resend->in_flight = true;
    }
}

peal_result peal_sip_keep_response(peal_sip_server_event_control *control, peal_sip_resend **ret)
{
    peal__sreq *sreq = peal__sreq_of(control);
    const peal__sip_route *route = sreq->txn ? peal__sip_server_txn_route(sreq->txn) : NULL;
    if (sreq->status == 0 || !route || sreq->kept) {
        return PEAL_E_STATE;
    }
    peal_sip_resend *resend = resend_new(sreq->core);
    if (!resend) {
        return PEAL_E_NO_MEMORY;
    }
    resend->route = *route;
    resend->source = sreq;
    sreq->kept = true;
    (void)peal_sip_server_event_control_ref(control);
    *ret = resend;
    return PEAL_OK;
}

/* ---- ACK to 2xx ---- */

/* Where selection finds nothing, the ACK goes the way its INVITE went. */
static peal_result use_way_of_invite(peal_sip_resend *resend)
{
    const peal__req *req = peal__req_of(resend->invite);
    const peal__sip_route *route = req->current ? peal__sip_client_txn_route(req->current->txn)
                                                : NULL;
    if (!route || !resend->sel->try.packet) {
        return PEAL_E_SIP_NO_TARGET;
    }
    const peal_sip_host host = { route->peer, route->transport };
    return peal__sel_use(resend->sel, &host);
}

static peal_result send_ack(peal_sip_resend *resend, peal_result selected)
{
    peal_result r = selected;
    if (r >= 0) {
        do {
            r = peal__sel_next(resend->sel);
        } while (r < 0 && peal__sel_has_more(resend->sel));
    } else if (peal__sel_is_lost(selected)) {
        r = use_way_of_invite(resend);
    }
    if (r < 0) {
        return r;
    }
    peal__sel_route(resend->sel, &resend->route);
    r = peal__sip_send_once(resend->core->txns, resend->sel->try.packet, NULL, &resend->route,
                            on_result, resend);
    if (r >= 0) {
        resend->sel->try.packet = NULL;
        resend->in_flight = true;
    }
    return r;
}

static void on_ack_selected(peal__sel *sel, peal_result result)
{
    peal_sip_resend *resend = sel->owner;
    peal_result r = peal__core_is_up(resend->core) ? send_ack(resend, result) : PEAL_E_STATE;
    if (r < 0) {
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, resend, "ACK not sent: %s",
                   peal_result_name(r));
    }
    drop_selection(resend);
    free_when_idle(resend);
}

peal_result peal__ack_send(peal__ctx *ctx, peal_sip_packet *packet, peal__req *invite,
                           peal_sip_resend **ret)
{
    peal_result r = PEAL_E_NO_MEMORY;
    peal_sip_resend *resend = resend_new(ctx->core);
    if (!resend) {
        goto out;
    }
    resend->invite = peal_sip_client_request_ref(&invite->face);
    r = peal__sel_new(ctx, resend->invite, resend, on_ack_selected, &resend->sel);
    if (r >= 0) {
        r = peal__sel_ask(resend->sel, packet);
        if (r != PEAL_I_PENDING) {
            r = send_ack(resend, r);
            drop_selection(resend);
        }
    }
    if (r < 0) {
        drop_selection(resend);
        peal_sip_resend_free(resend);
        goto out;
    }
    if (ret) {
        *ret = resend;
    } else {
        peal_sip_resend_free(resend);
    }
    r = PEAL_OK;
out:
    peal_sip_packet_unref(packet);
    return r;
}

/* §13.2.2.4: the CSeq number is the INVITE's, whatever came after it. */
static peal_result set_cseq(peal_sip_packet *ack, const peal__req *invite)
{
    char text[32];
    const int n = snprintf(text, sizeof text, "%lu ACK", (unsigned long)invite->cseq);
    return peal_sip_packet_set(ack, PEAL_SIP_HEADER_CSEQ, peal_str_of(text, (size_t)n));
}

static peal_result stage_one(peal__ctx *ctx, peal_sip_packet *ack, peal__req *invite)
{
    for (size_t i = 0; i < peal__ctx_count(ctx); i++) {
        peal_sip_service *service = peal__ctx_service(ctx, i);
        if (PEAL_VT_HAS(peal_sip_service, service->vt, on_outgoing_request)) {
            peal_result r = service->vt->on_outgoing_request(service, ack, &invite->face);
            if (r < 0) {
                return r;
            }
        }
    }
    return set_cseq(ack, invite);
}

peal_result peal_sip_send_ack(peal_sip_context *context, peal_sip_service *sender,
                              peal_sip_packet *packet, peal_sip_client_request *invite,
                              peal_sip_resend **ret)
{
    peal__ctx *ctx = peal__ctx_of(context);
    peal__req *req = peal__req_of(invite);
    peal_result r = PEAL_OK;
    (void)sender;
    if (ctx->state == PEAL__CTX_CLEARED || !peal__core_is_up(ctx->core)) {
        r = PEAL_E_SIP_CLEARED;
    } else if (peal_sip_packet_method(packet) != PEAL_SIP_METHOD_ACK) {
        r = PEAL_E_ARGUMENT;
    } else {
        r = stage_one(ctx, packet, req);
    }
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    return peal__ack_send(ctx, packet, req, ret);
}
