/* SPDX-License-Identifier: MIT */
/* Role: slabs: stretches of pages that hold blocks of one size class. A slab whose last block came
 * back is good for any class, or its pages go back to the system: what lived for a while does not
 * lie between what goes on living.
 * Thread: the pool's owner; peal__slab_give_orphan() any. */
#ifndef PEAL_FRAMEWORK_BASE_SLAB_H
#define PEAL_FRAMEWORK_BASE_SLAB_H

#include <peal/list.h>

#include "framework/base/base_priv.h"

enum {
    PEAL__SLAB_BYTES = 64 * 1024,
    PEAL__SLAB_BLOCK_MAX = 4096 /* larger blocks come by themselves */
};

typedef struct peal__slab peal__slab;
/** Its record lies apart from its pages: those of all slabs would share a few cache sets. */
struct peal__slab {
    peal_pool *pool;
    peal_node node; /* in the class's list while it has room, in the list of empty ones */
    char *pages;
    void *idle;      /* blocks that came back, linked through their first word */
    uint32_t used;   /* blocks out; atomic once the pool is an orphan */
    uint32_t fresh;  /* where the never used part begins */
    uint32_t stride; /* bytes a block */
};

/** A slab with its pages; NULL when exhausted. */
peal__slab *peal__slab_new(peal_pool *pool);
/** Gives the pages back. */
void peal__slab_free(peal__slab *slab);
/** Makes an empty slab serve blocks of this size. */
void peal__slab_assign(peal__slab *slab, uint32_t stride);
/** There is a block left in it. */
PEAL_INLINE bool peal__slab_has_room(const peal__slab *slab)
{
    return slab->idle || slab->fresh + slab->stride <= PEAL__SLAB_BYTES;
}
/** Takes a block of a slab that has room. */
PEAL_INLINE void *peal__slab_take(peal__slab *slab)
{
    void *block = slab->idle;
    if (block) {
        memcpy(&slab->idle, block, sizeof slab->idle);
    } else {
        block = slab->pages + slab->fresh;
        slab->fresh += slab->stride;
    }
    slab->used++;
    return block;
}
/** Takes a block back; the slab is empty when used is 0 then. */
PEAL_INLINE void peal__slab_give(peal__slab *slab, void *block)
{
    memcpy(block, &slab->idle, sizeof slab->idle);
    slab->idle = block;
    slab->used--;
}
/** Takes a block of an orphaned pool back, from any thread; the last one frees the slab. */
void peal__slab_give_orphan(peal__slab *slab);

#endif
