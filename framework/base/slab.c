/* SPDX-License-Identifier: MIT */
#include "framework/base/slab.h"

peal__slab *peal__slab_new(peal_pool *pool)
{
    peal__slab *slab = peal_calloc(1, sizeof *slab);
    if (!slab) {
        return NULL;
    }
    slab->pages = peal__os_pages_new(PEAL__SLAB_BYTES);
    if (!slab->pages) {
        peal_free(slab);
        return NULL;
    }
    slab->pool = pool;
    return slab;
}

void peal__slab_free(peal__slab *slab)
{
    peal__os_pages_free(slab->pages, PEAL__SLAB_BYTES);
    peal_free(slab);
}

void peal__slab_assign(peal__slab *slab, uint32_t stride)
{
    slab->stride = stride;
    slab->idle = NULL;
    slab->fresh = 0;
}

void peal__slab_give_orphan(peal__slab *slab)
{
    if (__atomic_sub_fetch(&slab->used, 1, __ATOMIC_ACQ_REL) == 0) {
        peal__slab_free(slab);
    }
}
