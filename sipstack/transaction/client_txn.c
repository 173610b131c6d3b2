/* SPDX-License-Identifier: MIT */
/* What the owners of client transactions call, and what the two client machines tell them. Core
 * thread. RFC 3261 §17.1, §9.1. */
#include "sipstack/transaction/txn_inner.h"

static peal_result check_request(peal__sip_txn_layer *layer, peal_sip_packet *packet,
                                 peal_sip_txn_key *ret_key)
{
    const peal_sip_via *via = NULL;
    if (!layer->transport) {
        return PEAL_E_STATE;
    }
    if (!peal_sip_packet_is_request(packet) ||
        peal_sip_packet_method(packet) == PEAL_SIP_METHOD_ACK) {
        return PEAL_E_ARGUMENT; /* an ACK is part of its INVITE's transaction, or of none */
    }
    peal_result r = peal_sip_packet_via(packet, 0, &via);
    if (r < 0) {
        return r;
    }
    if (!peal_sip_branch_has_cookie(via->branch)) {
        return PEAL_E_ARGUMENT;
    }
    peal_sip_txn_key_of_branch(via->branch, ret_key);
    return PEAL_OK;
}

/* Timers of the first sending: A and B, or E and F (RFC 3261 §17.1.1.2, §17.1.2.2). */
static void start_timers(peal__sip_txn *txn)
{
    uint32_t t1 = txn->layer->config.timers.t1_ms;
    peal__sip_txn_set_timers(txn, txn->reliable ? PEAL__SIP_NEVER : (int64_t)t1,
                             peal__sip_txn_64_t1(txn));
}

peal_result peal__sip_client_txn_new(peal__sip_txn_layer *layer, peal_sip_packet *packet,
                                     const peal__sip_route *route,
                                     const peal__sip_client_txn_owner *owner_vt, void *owner,
                                     peal__sip_client_txn **ret)
{
    peal_sip_txn_key key;
    peal__sip_txn *txn = NULL;
    const peal_sip_via *second = NULL;
    peal_result r = check_request(layer, packet, &key);
    if (r < 0) {
        return r;
    }
    peal_sip_method method = peal_sip_packet_method(packet);
    uint32_t method_hash = peal__sip_txn_method_hash(method, peal_sip_packet_method_text(packet));
    if (peal__sip_txn_find(layer, &key, method, method_hash)) {
        return PEAL_E_SIP_TXN_EXISTS;
    }
    bool is_invite = method == PEAL_SIP_METHOD_INVITE;
    r = peal__sip_txn_new(layer, sizeof(peal__sip_client_txn), &key,
                          is_invite ? PEAL__SIP_INVITE_CLIENT : PEAL__SIP_NON_INVITE_CLIENT, route,
                          &txn);
    if (r < 0) {
        return r;
    }
    txn->method = (uint8_t)method;
    txn->method_hash = method_hash;
    txn->one_via = peal_sip_packet_via(packet, 1, &second) == PEAL_E_NOT_FOUND;
    txn->owner_vt = owner_vt;
    txn->owner = owner;
    r = peal__sip_txn_send_packet(txn, packet);
    if (r < 0) {
        peal__sip_txn_discard(txn);
        return r;
    }
    peal__sip_txn_start(txn, &key,
                        is_invite ? &peal__sip_invite_client_calling
                                  : &peal__sip_non_invite_client_trying);
    start_timers(txn);
    if (ret) {
        *ret = (peal__sip_client_txn *)(void *)txn;
    }
    return PEAL_OK;
}

peal_result peal__sip_client_txn_cancel(peal__sip_client_txn *client, peal_str reason)
{
    peal__sip_txn *txn = &client->txn;
    peal_sip_packet *cancel = NULL;
    if (!peal__sip_invite_client_is_proceeding(txn) || !txn->packet) {
        return PEAL_E_STATE;
    }
    if (client->cancelled) {
        return PEAL_I_ALREADY;
    }
    peal_pool *pool = peal_thread_pool(txn->layer->config.core);
    peal_result r = peal__sip_build_cancel(pool, txn->packet, reason, &cancel);
    if (r >= 0) {
        r = peal__sip_client_txn_new(txn->layer, cancel, &txn->send->send.route, NULL, NULL, NULL);
    }
    /* §9.1: the original is over when no final response follows within 64*T1. */
    if (r >= 0) {
        client->cancelled = true;
        peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER, peal__sip_txn_64_t1(txn));
        return PEAL_OK;
    }
    peal_sip_packet_unref(cancel);
    /* Without memory it is tried again; the end comes in any case. */
    const bool is_first = !client->cancel_owed;
    client->cancel_owed = true;
    peal__sip_txn_set_timers(txn, txn->layer->config.timers.t1_ms,
                             is_first ? (int64_t)peal__sip_txn_64_t1(txn) : PEAL__SIP_KEEP);
    return r;
}

void peal__sip_client_txn_detach(peal__sip_client_txn *client)
{
    peal__sip_txn *txn = &client->txn;
    if (!txn->owner_vt) {
        return;
    }
    peal__sip_txn_enter(txn->layer);
    txn->owner_vt = NULL;
    txn->owner = NULL;
    if (txn->kind == PEAL__SIP_INVITE_CLIENT) {
        peal__sip_invite_client_orphaned(txn);
    }
    peal__sip_txn_settle(txn);
    peal__sip_txn_leave(txn->layer);
}

void peal__sip_client_txn_abandon(peal__sip_client_txn *client)
{
    peal__sip_txn *txn = &client->txn;
    if (client->abandoned || txn->state == &peal__sip_txn_terminated) {
        return;
    }
    client->abandoned = true;
    if (!txn->state->sends) {
        return; /* it has its final response */
    }
    /* The peer had its chance: not repeated any more, but matched as long as it would have been. */
    bool has_end = txn->end_at_ms != PEAL__SIP_TXN_NEVER;
    peal__sip_txn_set_timers(txn, PEAL__SIP_NEVER,
                             has_end ? PEAL__SIP_KEEP : (int64_t)peal__sip_txn_64_t1(txn));
}

bool peal__sip_client_txn_has_provisional(const peal__sip_client_txn *client)
{
    return client->txn.state != &peal__sip_invite_client_calling &&
           client->txn.state != &peal__sip_non_invite_client_trying;
}

const peal__sip_route *peal__sip_client_txn_route(const peal__sip_client_txn *client)
{
    return client->txn.send ? &client->txn.send->send.route : NULL;
}

/* ---- for the machines ---- */

bool peal__sip_client_txn_deliver(peal__sip_txn *txn, peal_sip_packet *response)
{
    const peal__sip_client_txn_owner *vt = txn->owner_vt;
    if (!vt) {
        return false;
    }
    vt->on_response(txn->owner, (peal__sip_client_txn *)(void *)txn, response);
    return true;
}

void peal__sip_client_txn_fail(peal__sip_txn *txn, peal_result result)
{
    peal__sip_client_txn *client = (peal__sip_client_txn *)(void *)txn;
    const peal__sip_client_txn_owner *vt = txn->owner_vt;
    if (vt && !client->abandoned) {
        vt->on_failed(txn->owner, client, result);
    }
    peal__sip_txn_terminate(txn);
}
