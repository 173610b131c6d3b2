/* SPDX-License-Identifier: MIT */
/* What the four transaction machines share: memory, timers, send operations, the end. Core thread.
 * RFC 3261 §17. */
#include "sipstack/transaction/txn_inner.h"

const peal__sip_txn_state peal__sip_txn_terminated = { .name = "Terminated" };

/* ---- memory ---- */

static peal_thread *core_of(const peal__sip_txn *txn)
{
    return txn->layer->config.core;
}

static void send_free(peal__sip_txn_send *send)
{
    send->send.wire = peal_sip_wire_unref(send->send.wire);
    send->send.packet = peal_sip_packet_unref(send->send.packet);
    peal_pool_free(send);
}

/* The transaction needs its send no more; in flight it comes back to nobody. */
static void send_let_go(peal__sip_txn *txn)
{
    peal__sip_txn_send *send = txn->send;
    txn->send = NULL;
    if (!send) {
        return;
    }
    send->txn = NULL;
    if (!send->send.in_flight) {
        send_free(send);
    }
}

static void free_txn(peal__sip_txn *txn)
{
    send_let_go(txn);
    peal__sip_txn_drop_packet(txn);
    if (!peal__sip_txn_is_client(txn)) {
        peal_pool_free(((peal__sip_server_txn *)(void *)txn)->local_tag);
    }
    peal_pool_free(txn);
}

void peal__sip_txn_enter(peal__sip_txn_layer *layer)
{
    ++layer->depth;
}

void peal__sip_txn_leave(peal__sip_txn_layer *layer)
{
    if (--layer->depth) {
        return;
    }
    while (layer->dead) {
        peal__sip_txn *txn = layer->dead;
        layer->dead = txn->next_dead;
        free_txn(txn);
    }
}

static void on_sent(peal__sip_send *op);
static void on_timer(peal_timer *timer);

static peal__sip_txn_send *send_new(peal__sip_txn *txn, const peal__sip_route *route)
{
    peal__sip_txn_send *send = peal_pool_alloc(peal_thread_pool(core_of(txn)), sizeof *send);
    if (send) {
        memset(send, 0, sizeof *send);
        send->send.on_sent = on_sent;
        send->send.route = *route;
        send->txn = txn;
    }
    return send;
}

peal_result peal__sip_txn_new(peal__sip_txn_layer *layer, size_t bytes,
                              const peal__sip_txn_key *key, peal__sip_txn_kind kind,
                              const peal__sip_route *route, peal__sip_txn **ret)
{
    if (layer->aborting) {
        return PEAL_E_SIP_SHUTTING_DOWN;
    }
    peal__sip_txn *txn = peal_pool_alloc(peal_thread_pool(layer->config.core), bytes + key->length);
    if (!txn) {
        return PEAL_E_NO_MEMORY;
    }
    memset(txn, 0, bytes);
    char *text = (char *)txn + bytes;
    memcpy(text, key->text, key->length);
    txn->key = text;
    txn->key_length = (uint16_t)key->length;
    txn->layer = layer;
    txn->kind = (uint8_t)kind;
    txn->reliable = route->transport != PEAL_SIP_TRANSPORT_UDP;
    txn->repeat_at_ms = txn->end_at_ms = PEAL__SIP_TXN_NEVER;
    peal_timer_init(&txn->timer, on_timer);
    txn->send = send_new(txn, route);
    if (!txn->send) {
        peal_pool_free(txn);
        return PEAL_E_NO_MEMORY;
    }
    *ret = txn;
    return PEAL_OK;
}

void peal__sip_txn_discard(peal__sip_txn *txn)
{
    free_txn(txn);
}

void peal__sip_txn_start(peal__sip_txn *txn, const peal__sip_txn_key *key,
                         const peal__sip_txn_state *state)
{
    peal_hash_insert(&txn->layer->table, &txn->node, key->hash);
    ++txn->layer->alive[txn->kind];
    txn->state = state;
}

void peal__sip_txn_drop_packet(peal__sip_txn *txn)
{
    txn->packet = peal_sip_packet_unref(txn->packet);
}

void peal__sip_txn_settle(peal__sip_txn *txn)
{
    peal__sip_txn_send *send = txn->send;
    if (txn->state->sends) {
        return;
    }
    if (!txn->owner_vt) {
        send_let_go(txn);
    } else if (send && !send->send.in_flight && peal__sip_txn_is_client(txn)) {
        /* The owner may still ask for the way. A server's may ask for the wire (K4). */
        send->send.wire = peal_sip_wire_unref(send->send.wire);
        send->encoded = false;
    }
}

/* ---- states ---- */

void peal__sip_txn_enter_state(peal__sip_txn *txn, const peal__sip_txn_state *state)
{
    PEAL_TRACE(PEAL_TRACE_SIP_TRANSACTION, PEAL_TRACE_DEBUG, txn, "%.*s: %s -> %s",
               (int)txn->key_length, txn->key, txn->state->name, state->name);
    txn->state = state;
}

void peal__sip_txn_end_owner(peal__sip_txn *txn)
{
    const void *owner_vt = txn->owner_vt;
    void *owner = txn->owner;
    txn->owner_vt = NULL;
    txn->owner = NULL;
    if (!owner_vt) {
        return;
    }
    if (peal__sip_txn_is_client(txn)) {
        const peal__sip_client_txn_owner *vt = owner_vt;
        vt->on_ended(owner, (peal__sip_client_txn *)(void *)txn);
    } else {
        const peal__sip_server_txn_owner *vt = owner_vt;
        vt->on_ended(owner, (peal__sip_server_txn *)(void *)txn);
    }
}

void peal__sip_txn_terminate(peal__sip_txn *txn)
{
    peal__sip_txn_layer *layer = txn->layer;
    if (txn->state == &peal__sip_txn_terminated) {
        return;
    }
    peal__sip_txn_enter(layer);
    peal__sip_txn_enter_state(txn, &peal__sip_txn_terminated);
    peal_timer_stop(core_of(txn), &txn->timer);
    peal_hash_remove(&layer->table, &txn->node);
    --layer->alive[txn->kind];
    txn->next_dead = layer->dead;
    layer->dead = txn;
    peal__sip_txn_end_owner(txn);
    peal__sip_txn_leave(layer);
}

void peal__sip_txn_on_linger_end(peal__sip_txn *txn)
{
    peal__sip_txn_terminate(txn);
}

bool peal__sip_txn_is_client(const peal__sip_txn *txn)
{
    return txn->kind == PEAL__SIP_INVITE_CLIENT || txn->kind == PEAL__SIP_NON_INVITE_CLIENT;
}

uint32_t peal__sip_txn_method_hash(peal_sip_method method, peal_str text)
{
    return method == PEAL_SIP_METHOD_UNKNOWN ? (uint32_t)peal_hash_bytes(text) : 0;
}

uint64_t peal__sip_txn_to_tag_hash(peal_sip_packet *packet)
{
    const peal_sip_address *to = NULL;
    if (peal_sip_packet_to(packet, &to) < 0 || to->tag.n == 0) {
        return 0;
    }
    return peal_hash_bytes(to->tag);
}

/* ---- timers ---- */

static void arm(peal__sip_txn *txn)
{
    uint64_t at = txn->repeat_at_ms < txn->end_at_ms ? txn->repeat_at_ms : txn->end_at_ms;
    if (at == PEAL__SIP_TXN_NEVER) {
        peal_timer_stop(core_of(txn), &txn->timer);
        return;
    }
    uint64_t now = peal_thread_now_ms(core_of(txn));
    peal_timer_start(core_of(txn), &txn->timer, at > now ? at - now : 0, 0);
}

static void set_deadline(uint64_t *deadline, uint64_t now, int64_t in_ms)
{
    if (in_ms == PEAL__SIP_NEVER) {
        *deadline = PEAL__SIP_TXN_NEVER;
    } else if (in_ms >= 0) {
        *deadline = now + (uint64_t)in_ms;
    }
}

void peal__sip_txn_set_timers(peal__sip_txn *txn, int64_t repeat_ms, int64_t end_ms)
{
    uint64_t now = peal_thread_now_ms(core_of(txn));
    set_deadline(&txn->repeat_at_ms, now, repeat_ms);
    set_deadline(&txn->end_at_ms, now, end_ms);
    if (repeat_ms >= 0) {
        txn->repeat_ms = (uint32_t)repeat_ms;
    }
    arm(txn);
}

void peal__sip_txn_repeat(peal__sip_txn *txn, uint32_t most_ms)
{
    uint64_t next = 2 * (uint64_t)txn->repeat_ms;
    peal__sip_txn_resend(txn);
    peal__sip_txn_set_timers(txn, (int64_t)(next < most_ms ? next : most_ms), PEAL__SIP_KEEP);
}

static void on_timer(peal_timer *timer)
{
    peal__sip_txn *txn = PEAL_CONTAINER_OF(timer, peal__sip_txn, timer);
    peal__sip_txn_layer *layer = txn->layer;
    uint64_t now = peal_thread_now_ms(core_of(txn));
    peal__sip_txn_enter(layer);
    if (now >= txn->end_at_ms) {
        txn->end_at_ms = PEAL__SIP_TXN_NEVER;
        if (txn->state->on_end) {
            txn->state->on_end(txn);
        }
    } else if (now >= txn->repeat_at_ms) {
        txn->repeat_at_ms = PEAL__SIP_TXN_NEVER;
        if (txn->state->on_repeat) {
            txn->state->on_repeat(txn);
        }
    }
    if (txn->state != &peal__sip_txn_terminated && !peal_timer_is_running(&txn->timer)) {
        arm(txn);
    }
    peal__sip_txn_leave(layer);
}

/* ---- sending ---- */

/* An INVITE's packet stays for its ACK and CANCEL; any other is done with once it is encoded. */
static void take_back_packet(peal__sip_txn *txn, peal__sip_txn_send *send)
{
    peal_sip_packet *packet = send->send.packet;
    send->send.packet = NULL;
    if (packet && txn->kind == PEAL__SIP_INVITE_CLIENT && !txn->packet &&
        peal_sip_packet_method(packet) == PEAL_SIP_METHOD_INVITE) {
        txn->packet = packet;
    } else {
        peal_sip_packet_unref(packet);
    }
}

static void on_sent(peal__sip_send *op)
{
    peal__sip_txn_send *send = PEAL_CONTAINER_OF(op, peal__sip_txn_send, send);
    peal__sip_txn *txn = send->txn;
    if (!txn) {
        send_free(send);
        return;
    }
    peal__sip_txn_layer *layer = txn->layer;
    bool was_encoded = send->encoded;
    peal_result result = op->result;
    peal__sip_txn_enter(layer);
    send->encoded = op->wire != NULL;
    if (op->wire) { /* else it could not be encoded; the next repetition tries again */
        take_back_packet(txn, send);
    }
    if (result == PEAL_E_QUEUE_FULL && was_encoded) {
        result = PEAL_OK; /* a repetition that our own queue refused is a datagram lost */
    }
    if (result < 0 && txn->state->on_send_failed) {
        txn->state->on_send_failed(txn, result);
    } else if (result >= 0 && txn->state->on_sent) {
        txn->state->on_sent(txn);
    }
    peal__sip_txn_settle(txn);
    peal__sip_txn_leave(layer);
}

bool peal__sip_txn_is_unsent(const peal__sip_txn *txn)
{
    return txn->send && txn->send->send.in_flight && !txn->send->encoded;
}

static void transmit(peal__sip_txn *txn)
{
    peal__sip_txn_send *send = txn->send;
    if (send && !send->send.in_flight && txn->layer->transport &&
        (send->send.packet || send->send.wire)) {
        peal__sip_transport_send(txn->layer->transport, &send->send);
    }
}

void peal__sip_txn_resend(peal__sip_txn *txn)
{
    transmit(txn);
}

peal_result peal__sip_txn_send_packet(peal__sip_txn *txn, peal_sip_packet *packet)
{
    peal__sip_txn_send *send = txn->send;
    if (!txn->layer->transport) {
        return PEAL_E_STATE;
    }
    if (!send) {
        return PEAL_E_STATE; /* this state sends nothing */
    }
    if (send->send.in_flight) {
        /* The message before is still on its way; this one follows it. */
        send = send_new(txn, &txn->send->send.route);
        if (!send) {
            return PEAL_E_NO_MEMORY;
        }
        send_let_go(txn);
        txn->send = send;
    }
    send->send.wire = peal_sip_wire_unref(send->send.wire);
    send->encoded = false;
    peal_sip_packet_unref(send->send.packet);
    send->send.packet = packet;
    transmit(txn);
    return PEAL_OK;
}
