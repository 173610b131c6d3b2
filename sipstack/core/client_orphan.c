/* SPDX-License-Identifier: MIT */
/* Client requests nobody hears of any more: their context was cleared (K9), or all is reported
 * while a host that was given up may still answer (K5). What is owed goes out: CANCEL to a late
 * 1xx, ACK and BYE to a late 2xx, so that no call stays up at one end. Core thread. RFC 3261 §9.1,
 * §13.2.2.4, §15. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>
#include <stdio.h>

/* ---- leaving the context ---- */

/* Gives up an INVITE's tries; those that may still bring something stay. */
static void give_up_tries(peal__req *req)
{
    const bool answered = req->state >= PEAL__REQ_DONE;
    peal_node *next = NULL;
    for (peal_node *n = peal_list_first(&req->tries); n; n = next) {
        peal__try *t = PEAL_CONTAINER_OF(n, peal__try, node);
        next = peal_list_next(&req->tries, n);
        if (!answered || t != req->current) {
            peal__req_abandon(req, t);
        } else if (!req->routed) {
            peal__req_try_detach(t); /* its session has said ACK and BYE */
        }
    }
}

static bool goes_on(peal__req *req)
{
    if (req->state == PEAL__REQ_SELECTING) {
        /* What was sent at clear still leaves; an INVITE that did not is of no use any more. */
        return req->method != PEAL_SIP_METHOD_INVITE && !req->later_posted;
    }
    if (req->method != PEAL_SIP_METHOD_INVITE) {
        return false; /* its transactions live on alone */
    }
    give_up_tries(req);
    return !peal_list_is_empty(&req->tries);
}

void peal__req_orphan(peal__req *req)
{
    peal__ctx *ctx = req->ctx;
    (void)peal_sip_client_request_ref(&req->face);
    req->cleared = req->state != PEAL__REQ_OVER;
    req->answer_owed = false;
    peal__req_drop_waiting(req);
    peal__req_drop_events(req);
    peal__req_unlist(req);
    if (goes_on(req)) {
        req->orphan = true;
        req->ctx = NULL;
        req->sender = NULL;
        req->host_ctx = ctx;
        peal__ctx_guest_in(ctx);
        if (req->waits) {
            peal__req_start(req, false);
        }
    } else {
        peal__req_end(req);
    }
    peal_sip_client_request_unref(&req->face);
}

/* ---- ACK and BYE for a 2xx that nobody wants ---- */

/* RFC 3261 §12.1.2: the route set is Record-Route in reverse order. A strict router in front is
 * dealt with by destination selection. */
static peal_result add_routes(peal_sip_packet *packet, peal_sip_packet *response)
{
    const peal_sip_address *route = NULL;
    peal_result r = PEAL_OK;
    size_t count = 0;
    while (peal_sip_packet_address(response, PEAL_SIP_HEADER_RECORD_ROUTE, count, &route) >= 0) {
        count++;
    }
    while (r >= 0 && count > 0) {
        r = peal_sip_packet_address(response, PEAL_SIP_HEADER_RECORD_ROUTE, --count, &route);
        if (r >= 0) {
            r = peal_sip_packet_add(packet, PEAL_SIP_HEADER_ROUTE, route->text);
        }
    }
    return r;
}

static peal_result add_dialog(peal__req *req, peal_sip_packet *packet, peal_sip_packet *response,
                              uint32_t cseq)
{
    char text[32];
    const int n = snprintf(text, sizeof text, "%lu ", (unsigned long)cseq);
    const peal_str parts[] = { peal_str_of(text, (size_t)n), peal_sip_packet_method_text(packet) };
    static const peal_sip_header_id same[] = { PEAL_SIP_HEADER_FROM, PEAL_SIP_HEADER_CALL_ID };
    peal_result r = peal_sip_packet_set_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, 70);
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(same); i++) {
        r = peal_sip_packet_add_from(packet, req->template, same[i]);
    }
    if (r >= 0) {
        r = peal_sip_packet_add_from(packet, response, PEAL_SIP_HEADER_TO);
    }
    if (r >= 0) {
        r = peal_sip_packet_addv(packet, PEAL_SIP_HEADER_CSEQ, parts, 2);
    }
    return r < 0 ? r : add_routes(packet, response);
}

static peal_result build(peal__req *req, peal_sip_packet *response, peal_sip_method method,
                         uint32_t cseq, peal_sip_packet **ret)
{
    const peal_sip_address *contact = NULL;
    peal_sip_packet *packet = NULL;
    const peal_str absent = { NULL, 0 };
    peal_str uri = peal_sip_packet_request_uri(req->template);
    if (peal_sip_packet_address(response, PEAL_SIP_HEADER_CONTACT, 0, &contact) >= 0) {
        uri = contact->uri; /* §12.1.2: the remote target */
    }
    peal_result r = peal_sip_packet_new_request(req->core->pool, method, absent, uri, &packet);
    if (r < 0) {
        return r;
    }
    r = add_dialog(req, packet, response, cseq);
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    *ret = packet;
    return PEAL_OK;
}

static peal__ctx *way_of(const peal__req *req)
{
    return req->ctx ? req->ctx : req->host_ctx;
}

static peal_result send_bye(peal__req *req, peal_sip_packet *response)
{
    peal__ctx *ctx = way_of(req);
    peal_sip_packet *packet = NULL;
    peal__req *bye = NULL;
    peal_result r = build(req, response, PEAL_SIP_METHOD_BYE, req->cseq + 1, &packet);
    if (r >= 0) {
        r = peal__req_new(ctx, NULL, packet, NULL, &bye);
        if (r < 0) {
            peal_sip_packet_unref(packet);
        }
    }
    if (r < 0) {
        return r;
    }
    bye->template = peal_sip_packet_ref(packet); /* complete as it is: no stage 1 */
    peal__req_unlist(bye);
    bye->orphan = true; /* from birth */
    bye->ctx = NULL;
    bye->host_ctx = ctx;
    peal__ctx_guest_in(ctx);
    peal__req_start(bye, false);
    return PEAL_OK;
}

static uint64_t to_tag_hash(peal_sip_packet *response)
{
    const peal_sip_address *to = NULL;
    if (peal_sip_packet_to(response, &to) < 0) {
        return 1;
    }
    return peal_hash_bytes(to->tag) | 1;
}

/* Who invents tags without end gets no BYEs without end: each is repeated to where he wants it. */
enum { ORPHAN_BYES_MAX = 32 };

static bool has_had_bye(const peal__req *req, uint64_t tag)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(req->orphan_tags); i++) {
        if (req->orphan_tags[i] == tag) {
            return true;
        }
    }
    return false;
}

/* The dialog of a re-INVITE has had its BYE, from its session or from the peer. */
static bool is_in_dialog(const peal__req *req)
{
    const peal_sip_address *to = NULL;
    return peal_sip_packet_to(req->template, &to) >= 0 && to->tag.n > 0;
}

void peal__req_refuse_success(peal__req *req, peal_sip_packet *response)
{
    const uint64_t tag = to_tag_hash(response);
    peal_sip_packet *ack = NULL;
    if (!req->template) {
        return;
    }
    peal_result r = build(req, response, PEAL_SIP_METHOD_ACK, req->cseq, &ack);
    if (r >= 0) {
        r = peal__ack_send(way_of(req), ack, req, NULL);
    }
    /* A repetition gets the ACK again and no second BYE. */
    if (r >= 0 && !has_had_bye(req, tag) && req->orphan_byes < ORPHAN_BYES_MAX &&
        !is_in_dialog(req)) {
        r = send_bye(req, response);
        if (r >= 0) {
            req->orphan_tags[req->orphan_byes++ % PEAL__ORPHAN_TAGS] = tag;
        }
    }
    if (r < 0) { /* the peer repeats its 2xx */
        PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_WARNING, req,
                   "ACK and BYE for an unwanted 2xx not sent: %s", peal_result_name(r));
    }
}

/* ---- responses ---- */

/* A forked dialog has a context of its own, which outlives the one that sent the INVITE (C11). */
static bool give_to_dialog(peal__req *req, peal_sip_packet *response)
{
    peal_sip_context *context = peal_sip_dialog_matcher_find(req->core->matchers, response);
    if (!context) {
        return false;
    }
    (void)peal_sip_context_ref(context);
    peal__req_run_chain(req, peal__ctx_of(context), response);
    peal__req_drop_events(req);
    peal_sip_context_unref(context);
    return true;
}

void peal__req_orphan_response(peal__try *t, peal_sip_packet *response)
{
    peal__req *req = t->req;
    const unsigned status = peal_sip_packet_status(response);
    if (status < 200) {
        peal__req_cancel_try(req, t);
    } else if (status >= 300) {
        peal__req_try_detach(t);
        if (peal_list_is_empty(&req->tries)) {
            peal__req_end(req);
        }
    } else if (!give_to_dialog(req, response)) {
        peal__req_refuse_success(req, response);
    }
    peal_sip_packet_unref(response);
}
