/* SPDX-License-Identifier: MIT */
/* Dialog keys. The packet's thread. RFC 3261 §12, §12.1.1 (tags may be missing in peers of RFC
 * 2543), §19.3. */
#include "sipstack/parser/parser_inner.h"

#include <peal/hash.h>
#include <peal/sip/keys.h>

peal_result peal_sip_dialog_key_of(peal_sip_packet *packet, bool sent, peal_sip_dialog_key *ret)
{
    const peal_sip_address *from = NULL, *to = NULL;
    peal_result r = peal_sip_packet_from(packet, &from);
    if (r >= 0) {
        r = peal_sip_packet_to(packet, &to);
    }
    peal_str call_id = peal_sip_packet_call_id(packet);
    if (r < 0 || call_id.n == 0) {
        return r < 0 ? r : PEAL_E_NOT_FOUND;
    }
    bool to_is_local = peal_sip_packet_is_request(packet) != sent;
    ret->call_id = call_id;
    ret->local_tag = to_is_local ? to->tag : from->tag;
    ret->remote_tag = to_is_local ? from->tag : to->tag;
    return PEAL_OK;
}

uint64_t peal_sip_dialog_key_hash(const peal_sip_dialog_key *key)
{
    peal_hasher h;
    peal_hasher_init(&h);
    peal_hasher_add(&h, key->call_id);
    peal_hasher_add(&h, PEAL_STR("\n"));
    peal_hasher_add(&h, key->local_tag);
    return peal_hasher_end(&h);
}

/* Tags are compared as they are: §19.3 makes them random, and case counts for tokens we made. */
bool peal_sip_dialog_key_matches(const peal_sip_dialog_key *dialog,
                                 const peal_sip_dialog_key *packet)
{
    return peal_str_eq(dialog->call_id, packet->call_id) &&
           peal_str_eq(dialog->local_tag, packet->local_tag) &&
           (dialog->remote_tag.n == 0 || peal_str_eq(dialog->remote_tag, packet->remote_tag));
}
