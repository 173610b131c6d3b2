/* SPDX-License-Identifier: MIT */
/* What a packet is and where it came from. The packet's thread. RFC 3261 §7.1, §7.2. */
#include "sipstack/parser/parser_inner.h"

const peal_sip_fault *peal_sip_packet_fault(const peal_sip_packet *packet)
{
    return &packet->fault;
}

const peal_sip_origin *peal_sip_packet_origin(const peal_sip_packet *packet)
{
    return &packet->origin;
}

void peal_sip_packet_set_origin(peal_sip_packet *packet, const peal_sip_origin *origin)
{
    packet->origin = *origin;
}

bool peal_sip_packet_is_request(const peal_sip_packet *packet)
{
    return packet->is_request;
}

peal_sip_method peal_sip_packet_method(const peal_sip_packet *packet)
{
    return (peal_sip_method)packet->method;
}

peal_str peal_sip_packet_method_text(const peal_sip_packet *packet)
{
    return packet->method_text;
}

peal_str peal_sip_packet_request_uri(const peal_sip_packet *packet)
{
    return packet->uri;
}

unsigned peal_sip_packet_status(const peal_sip_packet *packet)
{
    return packet->status;
}

peal_str peal_sip_packet_reason(const peal_sip_packet *packet)
{
    return packet->reason;
}

void peal__sip_packet_set_pool(peal_sip_packet *packet, peal_pool *pool)
{
    packet->pool = pool;
}
