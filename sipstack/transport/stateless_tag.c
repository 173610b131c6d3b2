/* SPDX-License-Identifier: MIT */
/* What transport makes of a packet's transaction key: the hash that travels with the packet, and
 * the To tag of responses made without state. Any thread. RFC 3261 §8.2.7. */
#include "sipstack/transport/transport_priv.h"

#include <peal/hash.h>

uint64_t peal__sip_txn_key_hash(peal_sip_packet *packet)
{
    peal_sip_txn_key key;
    return peal_sip_txn_key_of(packet, &key) < 0 ? 0 : key.hash;
}

peal_str peal__sip_stateless_tag(peal_sip_packet *request, char text[PEAL__SIP_STATELESS_TAG_MAX])
{
    peal_sip_txn_key key;
    peal_hasher h;
    peal_hasher_init(&h);
    peal_hasher_add(&h, PEAL_STR("stateless tag"));
    peal_hasher_add(&h, peal_sip_packet_call_id(request));
    if (peal_sip_txn_key_of(request, &key) >= 0) {
        peal_hasher_add(&h, peal_str_of(key.text, key.length));
    }
    uint64_t hash = peal_hasher_end(&h);
    for (int i = 0; i < PEAL__SIP_STATELESS_TAG_MAX - 1; ++i) {
        text[i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15];
    }
    text[PEAL__SIP_STATELESS_TAG_MAX - 1] = '\0';
    return peal_str_of(text, PEAL__SIP_STATELESS_TAG_MAX - 1);
}
