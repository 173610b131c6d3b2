/* SPDX-License-Identifier: MIT */
/* Dialog matcher lists (C10): from Call-ID and tags to a context, by one look into a keyed hash
 * table whatever the number of dialogs. Core thread. RFC 3261 §12, §12.2.2; tags may be missing in
 * peers of RFC 2543 (§12.1.1). */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

struct peal_sip_dialog_matcher_list {
    peal_hash_table table;
};

/* What a packet says about its dialog, seen from our end. */
typedef struct dialog_key {
    peal_str call_id, local_tag, remote_tag;
} dialog_key;

/* The remote tag is left out: it may be unknown yet. */
static uint64_t hash_of(peal_str call_id, peal_str local_tag)
{
    peal_hasher h;
    peal_hasher_init(&h);
    peal_hasher_add(&h, call_id);
    peal_hasher_add(&h, PEAL_STR("\n"));
    peal_hasher_add(&h, local_tag);
    return peal_hasher_end(&h);
}

peal_result peal_sip_dialog_matcher_list_new(peal_sip_dialog_matcher_list **ret)
{
    peal_sip_dialog_matcher_list *list = peal_calloc(1, sizeof *list);
    if (!list) {
        return PEAL_E_NO_MEMORY;
    }
    peal_result r = peal_hash_init(&list->table);
    if (r < 0) {
        peal_free(list);
        return r;
    }
    *ret = list;
    return PEAL_OK;
}

void peal_sip_dialog_matcher_list_free(peal_sip_dialog_matcher_list *list)
{
    if (list) {
        PEAL_ASSERT(list->table.count == 0);
        peal_hash_fini(&list->table);
        peal_free(list);
    }
}

void peal_sip_dialog_matcher_add(peal_sip_dialog_matcher_list *list,
                                 peal_sip_dialog_matcher *matcher)
{
    peal_sip_dialog_matcher_remove(matcher);
    matcher->list = list;
    peal_hash_insert(&list->table, &matcher->node, hash_of(matcher->call_id, matcher->local_tag));
}

void peal_sip_dialog_matcher_remove(peal_sip_dialog_matcher *matcher)
{
    if (matcher->list) {
        peal_hash_remove(&matcher->list->table, &matcher->node);
        matcher->list = NULL;
    }
}

size_t peal_sip_dialog_matcher_count(const peal_sip_dialog_matcher_list *list)
{
    return list->table.count;
}

/* Tags are compared as they are: §19.3 makes them random, and case counts for tokens we made. */
static bool matches(const peal_hash_node *node, const void *arg)
{
    const peal_sip_dialog_matcher *m =
        PEAL_CONTAINER_OF((peal_hash_node *)(uintptr_t)node, peal_sip_dialog_matcher, node);
    const dialog_key *key = arg;
    return peal_str_eq(m->call_id, key->call_id) && peal_str_eq(m->local_tag, key->local_tag) &&
           (m->remote_tag.n == 0 || peal_str_eq(m->remote_tag, key->remote_tag));
}

static bool read_key(peal_sip_packet *packet, dialog_key *ret)
{
    const peal_sip_address *from = NULL, *to = NULL;
    if (peal_sip_packet_from(packet, &from) < 0 || peal_sip_packet_to(packet, &to) < 0) {
        return false;
    }
    const bool is_request = peal_sip_packet_is_request(packet);
    ret->call_id = peal_sip_packet_call_id(packet);
    ret->local_tag = is_request ? to->tag : from->tag;
    ret->remote_tag = is_request ? from->tag : to->tag;
    return ret->call_id.n > 0 && ret->local_tag.n > 0;
}

/* A dialog that knows its remote tag is preferred to one that takes any. */
peal_sip_context *peal_sip_dialog_matcher_find(peal_sip_dialog_matcher_list *list,
                                               peal_sip_packet *packet)
{
    dialog_key key;
    peal_sip_context *any = NULL;
    if (!read_key(packet, &key)) {
        return NULL;
    }
    const uint64_t hash = hash_of(key.call_id, key.local_tag);
    for (peal_hash_node *n = peal_hash_find(&list->table, hash, matches, &key); n;
         n = peal_hash_find_next(&list->table, n, matches, &key)) {
        peal_sip_dialog_matcher *m = PEAL_CONTAINER_OF(n, peal_sip_dialog_matcher, node);
        if (m->remote_tag.n > 0) {
            return m->context;
        }
        any = m->context;
    }
    return any;
}
