/* SPDX-License-Identifier: MIT */
/* Sends that belong to no transaction: ACK to a 2xx, repeated 2xx, responses without state. Core
 * thread. RFC 3261 §8.2.7, §13.2.2.4, §13.3.1.4. */
#include "sipstack/transaction/txn_inner.h"

typedef struct once {
    peal__sip_send send;
    void (*on_result)(void *arg, peal_result result, peal_sip_wire *wire);
    void *arg;
} once;

static void on_sent(peal__sip_send *send)
{
    once *self = PEAL_CONTAINER_OF(send, once, send);
    if (self->on_result) {
        self->on_result(self->arg, send->result, send->wire);
    }
    peal_sip_wire_unref(send->wire);
    peal_sip_packet_unref(send->packet);
    peal_pool_free(self);
}

peal_result peal__sip_send_once(peal__sip_txn_layer *layer, peal_sip_packet *packet,
                                peal_sip_wire *wire, const peal__sip_route *route,
                                void (*on_result)(void *arg, peal_result result,
                                                  peal_sip_wire *wire),
                                void *arg)
{
    if (!layer->transport || (packet == NULL) == (wire == NULL)) {
        return layer->transport ? PEAL_E_ARGUMENT : PEAL_E_STATE;
    }
    once *self = peal_pool_alloc(peal_thread_pool(layer->config.core), sizeof *self);
    if (!self) {
        return PEAL_E_NO_MEMORY;
    }
    memset(self, 0, sizeof *self);
    self->send.on_sent = on_sent;
    self->send.packet = packet;
    self->send.wire = wire;
    self->send.route = *route;
    self->on_result = on_result;
    self->arg = arg;
    peal__sip_transport_send(layer->transport, &self->send);
    return PEAL_OK;
}

peal_result peal__sip_respond_stateless(peal__sip_txn_layer *layer, peal_sip_packet *request,
                                        unsigned status, peal_str reason,
                                        peal_result (*extra)(peal_sip_packet *response, void *arg),
                                        void *arg)
{
    char tag[PEAL__SIP_STATELESS_TAG_MAX];
    peal__sip_route route;
    peal_sip_packet *response = NULL;
    if (peal_sip_packet_method(request) == PEAL_SIP_METHOD_ACK) {
        return PEAL_E_ARGUMENT; /* RFC 3261 §17: nothing answers an ACK */
    }
    peal_result r = peal__sip_response_route(request, &route);
    if (r < 0) {
        return r;
    }
    /* §8.2.6.2: a 100 has no tag of its own. */
    peal_str to_tag = status == 100 ? peal_str_of(NULL, 0) : peal__sip_stateless_tag(request, tag);
    r = peal__sip_build_response(layer, request, status, reason, to_tag, &response);
    if (r >= 0 && extra) {
        r = extra(response, arg);
    }
    if (r >= 0) {
        r = peal__sip_send_once(layer, response, NULL, &route, NULL, NULL);
    }
    if (r < 0) {
        peal_sip_packet_unref(response);
    }
    return r;
}
