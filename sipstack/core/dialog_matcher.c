/* SPDX-License-Identifier: MIT */
/* Dialog matcher lists (C10): from Call-ID and tags to a context, by one look into a keyed hash
 * table whatever the number of dialogs. Core thread. RFC 3261 §12, §12.2.2; tags may be missing in
 * peers of RFC 2543 (§12.1.1). */
#include "sipstack/core/core_priv.h"

#include <peal/sip/keys.h>
#include <peal/trace.h>

struct peal_sip_dialog_matcher_list {
    peal_hash_table table;
};

static peal_sip_dialog_key key_of(const peal_sip_dialog_matcher *m)
{
    return (peal_sip_dialog_key){ m->call_id, m->local_tag, m->remote_tag };
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
    const peal_sip_dialog_key key = key_of(matcher);
    matcher->list = list;
    peal_hash_insert(&list->table, &matcher->node, peal_sip_dialog_key_hash(&key));
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

static bool matches(const peal_hash_node *node, const void *arg)
{
    const peal_sip_dialog_key key =
        key_of(PEAL_CONTAINER_OF((peal_hash_node *)(uintptr_t)node, peal_sip_dialog_matcher, node));
    return peal_sip_dialog_key_matches(&key, arg);
}

/* A dialog that knows its remote tag is preferred to one that takes any. */
peal_sip_context *peal_sip_dialog_matcher_find(peal_sip_dialog_matcher_list *list,
                                               peal_sip_packet *packet)
{
    peal_sip_dialog_key key;
    peal_sip_context *any = NULL;
    if (peal_sip_dialog_key_of(packet, false, &key) < 0 || key.local_tag.n == 0) {
        return NULL;
    }
    const uint64_t hash = peal_sip_dialog_key_hash(&key);
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
