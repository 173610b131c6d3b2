/* SPDX-License-Identifier: MIT */
/* What the other packages of the stack may know of a packet beyond its public functions. */
#ifndef PEAL_SIP_PARSER_PRIV_H
#define PEAL_SIP_PARSER_PRIV_H

#include <peal/sip/packet.h>
#include <peal/thread.h>

/* First member of struct peal_sip_packet. It lets transport post a packet to core without any
 * allocation, and carries the transaction key's hash that transport computed beside. */
typedef struct peal__sip_packet_head {
    peal_msg msg;           /* transport -> core */
    void *target;           /* whom msg.run hands the packet to */
    uint64_t key_hash;      /* transaction key (transport package); 0: not computed */
    uint32_t queued_bytes;  /* transport's account of what waits for core */
    uint32_t queued_source; /* the same, by source */
} peal__sip_packet_head;

static inline peal__sip_packet_head *peal__sip_packet_head_of(peal_sip_packet *packet)
{
    return (peal__sip_packet_head *)(void *)packet;
}
static inline peal_sip_packet *peal__sip_packet_of_msg(peal_msg *msg)
{
    return (peal_sip_packet *)(void *)PEAL_CONTAINER_OF(msg, peal__sip_packet_head, msg);
}
/* Where the packet's further blocks come from: a pool of the thread that has the packet now, or
 * NULL. A packet that was decoded has NULL, since it is about to change its thread; one that was
 * made has the pool it was made from. */
void peal__sip_packet_set_pool(peal_sip_packet *packet, peal_pool *pool);
/** A URI without what a Request-URI must not have (RFC 3261 §19.1.1): the method parameter and
 * headers. The result is in the packet's arena, or the text itself when nothing had to go.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
peal_result peal__sip_as_request_uri(peal_sip_packet *packet, const peal_sip_uri *uri,
                                     peal_str *ret);

#endif
