/* SPDX-License-Identifier: MIT */
/* Role: the intrusive hash table. It changes its size a little at each insertion and removal: while
 * `old` is there, buckets wander from it to `buckets` in order. An insertion first moves the one
 * old bucket its item belongs to, so items of equal hash are always in one chain, in the order
 * newest first, whatever sizes the table had. Thread: the table's owner. */
#include <peal/alloc.h>
#include <peal/hash.h>

enum {
    FIRST_BUCKETS = 16,
    STEP_FULL = 2,   /* buckets with items that one change moves at most */
    STEP_LOOKED = 16 /* buckets that one change looks at, at most */
};

static void chain_push(peal_hash_node **head, peal_hash_node *node)
{
    node->next = *head;
    if (*head) {
        (*head)->link = &node->next;
    }
    *head = node;
    node->link = head;
}

static void chain_append(peal_hash_node **head, peal_hash_node *node)
{
    while (*head) {
        head = &(*head)->next;
    }
    node->next = NULL;
    node->link = head;
    *head = node;
}

static void chain_remove(peal_hash_node *node)
{
    *node->link = node->next;
    if (node->next) {
        node->next->link = node->link;
    }
    node->link = NULL;
    node->next = NULL;
}

/* Gives whether the bucket held anything. */
static bool move_bucket(peal_hash_table *t, size_t index)
{
    peal_hash_node *node = t->old[index];
    bool held = node != NULL;
    t->old[index] = NULL;
    while (node) {
        peal_hash_node *next = node->next;
        chain_append(&t->buckets[node->hash & t->mask], node);
        node = next;
    }
    return held;
}

static void move_some(peal_hash_table *t, size_t full, size_t looked)
{
    while (t->old && full && looked) {
        full -= move_bucket(t, t->moved);
        looked--;
        if (++t->moved > t->old_mask) {
            peal_free(t->old);
            t->old = NULL;
        }
    }
}

static void start_resize(peal_hash_table *t, size_t count)
{
    peal_hash_node **buckets = peal_calloc(count, sizeof *buckets);
    if (!buckets) {
        return; /* a longer chain is no fault; the next change tries again */
    }
    t->old = t->buckets;
    t->old_mask = t->mask;
    t->moved = 0;
    t->buckets = buckets;
    t->mask = count - 1;
}

static void adapt(peal_hash_table *t)
{
    if (t->visiting) {
        return; /* no bucket may move under a visitor */
    }
    if (t->old) {
        move_some(t, STEP_FULL, STEP_LOOKED);
    } else if (t->count > t->mask) {
        start_resize(t, (t->mask + 1) * 2);
    } else if (t->mask + 1 > FIRST_BUCKETS && t->count < (t->mask + 1) / 8) {
        start_resize(t, (t->mask + 1) / 2);
    }
}

peal_result peal_hash_init(peal_hash_table *t)
{
    peal_hash_node **buckets = peal_calloc(FIRST_BUCKETS, sizeof *buckets);
    if (!buckets) {
        return PEAL_E_NO_MEMORY;
    }
    memset(t, 0, sizeof *t);
    t->buckets = buckets;
    t->mask = FIRST_BUCKETS - 1;
    return PEAL_OK;
}

void peal_hash_fini(peal_hash_table *t)
{
    peal_free(t->buckets);
    peal_free(t->old);
    memset(t, 0, sizeof *t);
}

void peal_hash_insert(peal_hash_table *t, peal_hash_node *node, uint64_t hash)
{
    adapt(t);
    if (t->old) {
        (void)move_bucket(t, hash & t->old_mask);
    }
    node->hash = hash;
    chain_push(&t->buckets[hash & t->mask], node);
    t->count++;
}

void peal_hash_remove(peal_hash_table *t, peal_hash_node *node)
{
    if (node->link) {
        chain_remove(node);
        t->count--;
        adapt(t);
    }
}

static peal_hash_node *chain_find(peal_hash_node *node, uint64_t hash, peal_hash_match *match,
                                  const void *key)
{
    while (node && (node->hash != hash || !match(node, key))) {
        node = node->next;
    }
    return node;
}

peal_hash_node *peal_hash_find(const peal_hash_table *t, uint64_t hash, peal_hash_match *match,
                               const void *key)
{
    peal_hash_node *found;
    if (!t->buckets) {
        return NULL;
    }
    found = chain_find(t->buckets[hash & t->mask], hash, match, key);
    if (!found && t->old) {
        found = chain_find(t->old[hash & t->old_mask], hash, match, key);
    }
    return found;
}

peal_hash_node *peal_hash_find_next(const peal_hash_table *t, const peal_hash_node *node,
                                    peal_hash_match *match, const void *key)
{
    (void)t; /* equal hashes share a chain, see the head of this file */
    return chain_find(node->next, node->hash, match, key);
}

void peal_hash_each(peal_hash_table *t, void (*visit)(peal_hash_node *node, void *arg), void *arg)
{
    if (!t->visiting) {
        move_some(t, SIZE_MAX, SIZE_MAX);
    }
    t->visiting++;
    for (size_t i = 0; t->buckets && i <= t->mask; i++) {
        peal_hash_node *next;
        for (peal_hash_node *node = t->buckets[i]; node; node = next) {
            next = node->next;
            visit(node, arg);
        }
    }
    t->visiting--;
}
