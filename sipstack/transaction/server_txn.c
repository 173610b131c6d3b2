/* SPDX-License-Identifier: MIT */
/* What the owners of server transactions call, and what the two server machines tell them. Core
 * thread. RFC 3261 §17.2, RFC 4320. */
#include "sipstack/transaction/txn_inner.h"

static peal__sip_server_txn *server(peal__sip_txn *txn)
{
    return (peal__sip_server_txn *)(void *)txn;
}

/* RFC 4320 §4.2: no 100 before the client's timer E has grown to T2. */
static uint32_t non_invite_trying_ms(const peal__sip_timers *timers)
{
    uint32_t sum = 0;
    for (uint32_t e = timers->t1_ms; e < timers->t2_ms; e *= 2) {
        sum += e;
    }
    return sum;
}

/* The server's own 100, and for non-INVITE the time after which nobody waits for an answer. */
static void start_timers(peal__sip_txn *txn)
{
    const peal__sip_timers *timers = &txn->layer->config.timers;
    if (txn->kind == PEAL__SIP_INVITE_SERVER) {
        peal__sip_txn_set_timers(txn, timers->trying_ms, PEAL__SIP_NEVER);
    } else {
        peal__sip_txn_set_timers(txn, non_invite_trying_ms(timers), peal__sip_txn_64_t1(txn));
    }
}

static peal_result check_request(peal__sip_txn_layer *layer, peal_sip_packet *request,
                                 peal__sip_route *ret_route)
{
    if (!layer->transport) {
        return PEAL_E_STATE;
    }
    if (!peal_sip_packet_is_request(request) ||
        peal_sip_packet_method(request) == PEAL_SIP_METHOD_ACK) {
        return PEAL_E_ARGUMENT;
    }
    return peal__sip_response_route(request, ret_route);
}

static peal_result make(peal__sip_txn_layer *layer, peal_sip_packet *request,
                        const peal_sip_txn_key *key, const peal__sip_route *route,
                        peal__sip_txn **ret)
{
    peal_sip_method method = peal_sip_packet_method(request);
    peal__sip_txn *txn = NULL;
    if (peal__sip_txn_find_request(layer, key, request)) {
        return PEAL_E_SIP_TXN_EXISTS;
    }
    bool is_invite = method == PEAL_SIP_METHOD_INVITE;
    peal_result r = peal__sip_txn_new(
        layer, sizeof(peal__sip_server_txn), key,
        is_invite ? PEAL__SIP_INVITE_SERVER : PEAL__SIP_NON_INVITE_SERVER, route, &txn);
    if (r < 0) {
        return r;
    }
    txn->method = (uint8_t)method;
    txn->method_hash = peal__sip_txn_method_hash(method, peal_sip_packet_method_text(request));
    txn->packet = peal_sip_packet_ref(request);
    if (key->text[0] == 'o') {
        server(txn)->to_tag_hash = peal__sip_txn_to_tag_hash(request);
    }
    peal__sip_txn_start(txn, key,
                        is_invite ? &peal__sip_invite_server_proceeding
                                  : &peal__sip_non_invite_server_trying);
    start_timers(txn);
    *ret = txn;
    return PEAL_OK;
}

peal_result peal__sip_server_txn_new(peal__sip_txn_layer *layer, peal_sip_packet *request,
                                     const peal__sip_server_txn_owner *owner_vt, void *owner,
                                     peal__sip_server_txn **ret)
{
    peal_sip_txn_key own_key;
    const peal_sip_txn_key *key = layer->current_key;
    peal__sip_route route;
    peal__sip_txn *txn = NULL;
    peal_result r = check_request(layer, request, &route);
    if (r >= 0 && layer->current != request) {
        r = peal_sip_txn_key_of(request, &own_key);
        key = &own_key;
    }
    if (r >= 0) {
        r = make(layer, request, key, &route, &txn);
    }
    if (r < 0) {
        return r;
    }
    txn->owner_vt = owner_vt;
    txn->owner = owner;
    *ret = server(txn);
    return PEAL_OK;
}

/* What of a response is needed when it is gone: its To tag. */
static void note_tag(peal__sip_txn *txn, peal_sip_packet *response)
{
    const peal_sip_address *to = NULL;
    if (txn->kind != PEAL__SIP_INVITE_SERVER || peal_sip_packet_to(response, &to) < 0 ||
        to->tag.n == 0) {
        return;
    }
    if (txn->key[0] == 'o') { /* only peers of RFC 2543 are matched by it */
        server(txn)->ack_tag_hash = peal_hash_bytes(to->tag);
    }
    if (server(txn)->local_tag || peal_sip_packet_status(response) >= 200) {
        return;
    }
    char *copy = peal_pool_alloc(peal_thread_pool(txn->layer->config.core), to->tag.n + 1);
    if (copy) { /* without it the 200 to a CANCEL just has another tag, which is only a SHOULD */
        memcpy(copy, to->tag.p, to->tag.n);
        copy[to->tag.n] = '\0';
        server(txn)->local_tag = copy;
    }
}

peal_result peal__sip_server_txn_respond(peal__sip_server_txn *self, peal_sip_packet *response)
{
    peal__sip_txn *txn = &self->txn;
    unsigned status = peal_sip_packet_status(response);
    if (status < 100 || status > 699) {
        return PEAL_E_ARGUMENT;
    }
    peal__sip_txn_enter(txn->layer);
    uint64_t tag_before = self->ack_tag_hash;
    note_tag(txn, response);
    peal_result r = txn->kind == PEAL__SIP_INVITE_SERVER
                        ? peal__sip_invite_server_respond(txn, response)
                        : peal__sip_non_invite_server_respond(txn, response);
    if (r < 0) {
        self->ack_tag_hash = tag_before;
    } else {
        peal__sip_txn_drop_packet(txn);
    }
    peal__sip_txn_leave(txn->layer);
    return r;
}

peal_sip_wire *peal__sip_server_txn_last_wire(peal__sip_server_txn *self)
{
    const peal__sip_txn_send *send = self->txn.send;
    return send && send->encoded ? peal_sip_wire_ref(send->send.wire) : NULL;
}

const peal__sip_route *peal__sip_server_txn_route(const peal__sip_server_txn *self)
{
    return self->txn.send ? &self->txn.send->send.route : NULL;
}

void peal__sip_server_txn_owe_refusal(peal__sip_server_txn *self, peal_sip_packet *request)
{
    peal__sip_txn *txn = &self->txn;
    if (!peal__sip_invite_server_is_open(txn)) {
        return;
    }
    if (!txn->packet) {
        txn->packet = peal_sip_packet_ref(request);
    }
    self->refusal_owed = true;
    peal__sip_txn_set_timers(txn, txn->layer->config.timers.t1_ms, peal__sip_txn_64_t1(txn));
}

void peal__sip_server_txn_refuse(peal__sip_txn *txn)
{
    char tag_text[PEAL__SIP_STATELESS_TAG_MAX];
    peal_sip_packet *response = NULL;
    const char *local_tag = server(txn)->local_tag;
    peal_str tag =
        local_tag ? peal_str_z(local_tag) : peal__sip_stateless_tag(txn->packet, tag_text);
    peal_result r = peal__sip_build_response(txn->layer, txn->packet, 500, peal_str_of(NULL, 0),
                                             tag, &response);
    if (r >= 0) {
        r = peal__sip_server_txn_respond(server(txn), response);
    }
    if (r < 0) {
        peal_sip_packet_unref(response);
        peal__sip_txn_set_timers(txn, txn->layer->config.timers.t1_ms, PEAL__SIP_KEEP);
    }
}

void peal__sip_server_txn_detach(peal__sip_server_txn *self)
{
    self->txn.owner_vt = NULL;
    self->txn.owner = NULL;
    peal__sip_txn_settle(&self->txn);
}

/* ---- for the machines ---- */

void peal__sip_server_txn_report(peal__sip_txn *txn, peal_result result)
{
    const peal__sip_server_txn_owner *vt = txn->owner_vt;
    if (vt) {
        vt->on_result(txn->owner, server(txn), result);
    }
}

void peal__sip_server_txn_send_trying(peal__sip_txn *txn)
{
    peal_sip_packet *trying = NULL;
    if (!txn->packet) {
        return;
    }
    peal_str none = peal_str_of(NULL, 0);
    peal_result r = peal__sip_build_response(txn->layer, txn->packet, 100, none, none, &trying);
    if (r >= 0) {
        r = peal__sip_txn_send_packet(txn, trying);
    }
    if (r < 0) {
        peal_sip_packet_unref(trying);
        PEAL_TRACE(PEAL_TRACE_SIP_TRANSACTION, PEAL_TRACE_WARNING, txn,
                   "a 100 could not be sent: %s", peal_result_text(r));
        return;
    }
    peal__sip_txn_drop_packet(txn);
}
