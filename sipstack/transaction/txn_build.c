/* SPDX-License-Identifier: MIT */
/* The messages that the transaction layer makes by itself: ACK to a non-2xx, CANCEL, and responses.
 * Core thread. RFC 3261 §17.1.1.3, §9.1, §8.2.6. */
#include "sipstack/transaction/txn_inner.h"

enum { MAX_FORWARDS = 70 };

/* CSeq: the INVITE's number with another method. */
static peal_result add_cseq(peal_sip_packet *packet, peal_sip_packet *invite,
                            peal_sip_method method)
{
    const peal_sip_cseq *cseq = NULL;
    char text[16];
    size_t n = sizeof text;
    peal_result r = peal_sip_packet_cseq(invite, &cseq);
    if (r < 0) {
        return r;
    }
    text[--n] = ' ';
    uint32_t left = cseq->number;
    do {
        text[--n] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    const peal_str parts[] = { peal_str_of(text + n, sizeof text - n),
                               peal_sip_method_text(method) };
    return peal_sip_packet_addv(packet, PEAL_SIP_HEADER_CSEQ, parts, PEAL_COUNT_OF(parts));
}

/* A request of the INVITE's own hop: one Via, the same Request-URI, Route, From, Call-ID and CSeq
 * number; To as @p to has it. */
static peal_result build(peal_pool *pool, peal_sip_packet *invite, peal_sip_packet *to,
                         peal_sip_method method, peal_sip_packet **ret)
{
    const peal_sip_via *via = NULL;
    peal_sip_packet *packet = NULL;
    peal_result r = peal_sip_packet_via(invite, 0, &via);
    if (r < 0) {
        return r;
    }
    r = peal_sip_packet_new_request(pool, method, peal_str_of(NULL, 0),
                                    peal_sip_packet_request_uri(invite), &packet);
    if (r < 0) {
        return r;
    }
    if ((r = peal_sip_packet_add(packet, PEAL_SIP_HEADER_VIA, via->text)) < 0 ||
        (r = peal_sip_packet_set_number(packet, PEAL_SIP_HEADER_MAX_FORWARDS, MAX_FORWARDS)) < 0 ||
        (r = peal_sip_packet_add_from(packet, invite, PEAL_SIP_HEADER_ROUTE)) < 0 ||
        (r = peal_sip_packet_add_from(packet, invite, PEAL_SIP_HEADER_FROM)) < 0 ||
        (r = peal_sip_packet_add_from(packet, to, PEAL_SIP_HEADER_TO)) < 0 ||
        (r = peal_sip_packet_add_from(packet, invite, PEAL_SIP_HEADER_CALL_ID)) < 0 ||
        (r = add_cseq(packet, invite, method)) < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    *ret = packet;
    return PEAL_OK;
}

peal_result peal__sip_build_ack(peal_pool *pool, peal_sip_packet *invite, peal_sip_packet *response,
                                peal_sip_packet **ret)
{
    return build(pool, invite, response, PEAL_SIP_METHOD_ACK, ret);
}

peal_result peal__sip_build_cancel(peal_pool *pool, peal_sip_packet *invite, peal_str reason,
                                   peal_sip_packet **ret)
{
    peal_sip_packet *cancel = NULL;
    peal_result r = build(pool, invite, invite, PEAL_SIP_METHOD_CANCEL, &cancel);
    if (r < 0) {
        return r;
    }
    if (reason.n) {
        r = peal_sip_packet_add(cancel, PEAL_SIP_HEADER_REASON, reason);
    }
    if (r < 0) {
        peal_sip_packet_unref(cancel);
        return r;
    }
    *ret = cancel;
    return PEAL_OK;
}

peal_result peal__sip_build_response(peal__sip_txn_layer *layer, const peal_sip_packet *request,
                                     unsigned status, peal_str reason, peal_str to_tag,
                                     peal_sip_packet **ret)
{
    peal_sip_packet *response = NULL;
    peal_result r = peal_sip_packet_new_response(peal_thread_pool(layer->config.core), request,
                                                 status, reason, to_tag, &response);
    if (r >= 0 && layer->config.server_name.n) {
        r = peal_sip_packet_add(response, PEAL_SIP_HEADER_SERVER, layer->config.server_name);
        if (r < 0) {
            peal_sip_packet_unref(response);
        }
    }
    if (r >= 0) {
        *ret = response;
    }
    return r;
}
