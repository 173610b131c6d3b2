/* SPDX-License-Identifier: MIT */
/** @file
 * Keyed hashing and an intrusive hash table that grows a little at each insertion, so that no
 * single insertion pays for a whole resize. Hash values come from SipHash with a secret drawn at
 * peal_init(), so a peer cannot choose keys that collide. */
#ifndef PEAL_HASH_H
#define PEAL_HASH_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Hash state: feed parts in order, then finish. */
typedef struct peal_hasher {
    uint64_t v[4];    /**< private */
    uint64_t tail;    /**< private */
    uint64_t length;  /**< private */
} peal_hasher;

/** Starts a hash with the process's secret. @thread any */
PEAL_API void peal_hasher_init(peal_hasher *h);
/** Feeds bytes as they are. Parts run together: put a separator where "ab","c" must differ from
 * "a","bc". */
PEAL_API void peal_hasher_add(peal_hasher *h, peal_str bytes);
/** Feeds text folded to ASCII lower case. */
PEAL_API void peal_hasher_add_lower(peal_hasher *h, peal_str text);
/** The hash of all that was fed. */
PEAL_API uint64_t peal_hasher_end(peal_hasher *h);
/** The keyed hash of one piece. @thread any */
PEAL_API uint64_t peal_hash_bytes(peal_str bytes);

/** Node inside each item of a table. Zeroed: in no table. */
typedef struct peal_hash_node {
    struct peal_hash_node *next;  /**< private */
    struct peal_hash_node **link; /**< private; NULL: in no table */
    uint64_t hash;                /**< set by peal_hash_insert() */
} peal_hash_node;

/** A table of intrusive nodes. The layout is private; the size is fixed. */
typedef struct peal_hash_table {
    struct peal_hash_node **buckets; /**< private */
    struct peal_hash_node **old;     /**< private: the smaller table while growing */
    size_t mask;                     /**< private */
    size_t old_mask;                 /**< private */
    size_t moved;                    /**< private */
    size_t count;                    /**< items in the table */
    size_t visiting;                 /**< private: depth of peal_hash_each() */
} peal_hash_table;

/** Says whether @p node is the one that @p key describes; hashes are equal already. */
typedef bool peal_hash_match(const peal_hash_node *node, const void *key);

/** Makes a table (allocates its first buckets). @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_hash_init(peal_hash_table *table);
/** Frees the buckets; items are not touched and must be out or be forgotten. */
PEAL_API void peal_hash_fini(peal_hash_table *table);
/** Adds an item that is in no table. Never fails: when memory is exhausted the table just stays as
 * small as it is. */
PEAL_API void peal_hash_insert(peal_hash_table *table, peal_hash_node *node, uint64_t hash);
/** Takes an item out; nothing happens when it is in none. */
PEAL_API void peal_hash_remove(peal_hash_table *table, peal_hash_node *node);
/** Finds the item with this hash that matches; of several the one inserted last; NULL if
 * none. */
PEAL_API peal_hash_node *peal_hash_find(const peal_hash_table *table, uint64_t hash,
                                        peal_hash_match *match, const void *key);
/** Finds the next item after @p node with its hash that matches: the one inserted before it; NULL
 * if none. */
PEAL_API peal_hash_node *peal_hash_find_next(const peal_hash_table *table,
                                             const peal_hash_node *node, peal_hash_match *match,
                                             const void *key);
/** Calls @p visit for each item; it may remove the item it was given, and no other, and insert
 * none. The order is that of the secret: nothing that is shown may depend on it. */
PEAL_API void peal_hash_each(peal_hash_table *table,
                             void (*visit)(peal_hash_node *node, void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
