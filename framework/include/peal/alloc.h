/* SPDX-License-Identifier: MIT */
/** @file
 * Peal's memory: replaceable allocator hooks (all of Peal's own allocation goes through them) and
 * per-thread pools on top. Exhaustion is a NULL or an error result, never an abort. */
#ifndef PEAL_ALLOC_H
#define PEAL_ALLOC_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an embedder supplies to replace malloc. Called from any thread. */
typedef struct peal_allocator {
    size_t size;                             /**< sizeof(peal_allocator) */
    void *(*alloc)(void *arg, size_t bytes); /**< aligned as malloc does; NULL when exhausted */
    void *(*realloc)(void *arg, void *block, size_t bytes); /**< block stays on NULL */
    void (*free)(void *arg, void *block);                   /**< block is never NULL */
    void *arg;                                              /**< handed to the three */
} peal_allocator;

/** Replaces the allocator; NULL returns to malloc. The struct is copied.
 * @return PEAL_OK, PEAL_E_STATE while any block is allocated (so: before peal_init())
 * @thread any, before the framework is initialised */
PEAL_API peal_result peal_set_allocator(const peal_allocator *allocator);

/** Allocates @p bytes (not zeroed); NULL when exhausted. @thread any */
PEAL_API void *peal_alloc(size_t bytes);
/** Allocates zeroed memory for @p count items of @p bytes; NULL on overflow too. @thread any */
PEAL_API void *peal_calloc(size_t count, size_t bytes);
/** Changes the size of a block; on NULL the old block is untouched. @thread any */
PEAL_API void *peal_realloc(void *block, size_t bytes);
/** Frees a block of the three above; NULL is allowed. @thread any */
PEAL_API void peal_free(void *block);
/** How many blocks are allocated now (for the census). @thread any */
PEAL_API size_t peal_alloc_live(void);
/** A NUL-terminated copy of @p s, to be freed by peal_free(); NULL when exhausted. @thread any */
PEAL_API char *peal_strdup(peal_str s);

/** A pool of blocks in size classes, owned by one thread. Allocation is the owner's alone; a block
 * may be freed by any thread: blocks freed elsewhere go back to the owner in batches.
 * A pool has a ceiling of idle memory and gives back what lies above it. Blocks up to 4 KiB come
 * from slabs, pages that hold blocks of one size: when a slab's last block came back its pages can
 * return to the system. Debug and sanitizer builds, systems without pages, and an allocator set by
 * peal_set_allocator() serve each block by itself. */
typedef struct peal_pool peal_pool;

/** Makes a pool that keeps at most @p idle_bytes of free blocks. @thread becomes the owner's
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_pool_new(size_t idle_bytes, peal_pool **ret);
/** Lets the pool go; it vanishes when the last block has come back. @thread owner; NULL allowed */
PEAL_API void peal_pool_release(peal_pool *pool);
/** A block of at least @p bytes, 16-byte aligned, not zeroed; NULL when exhausted. A NULL @p pool
 * allocates by peal_alloc() with the same kind of block. @thread owner */
PEAL_API void *peal_pool_alloc(peal_pool *pool, size_t bytes);
/** Gives a block back to the pool it came from; NULL is allowed. @thread any */
PEAL_API void peal_pool_free(void *block);
/** Bytes that the block really holds (its size class), at least what was asked for. @thread any */
PEAL_API size_t peal_pool_block_size(const void *block);
/** Hands all blocks that this thread freed for other owners to them. A servicing thread calls it
 * at the end of each turn. @thread any, for the calling thread */
PEAL_API void peal_pool_flush(void);
/** Gives idle blocks back to the allocator. @thread owner */
PEAL_API void peal_pool_trim(peal_pool *pool);
/** Blocks of this pool in use; those that other threads freed count until the owner takes them in
 * (at the latest in peal_pool_trim()). @thread any */
PEAL_API size_t peal_pool_live(const peal_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
