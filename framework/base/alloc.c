/* SPDX-License-Identifier: MIT */
/* Role: the allocator hooks; every block of Peal's own passes here and is counted.
 * Thread: any. The count is striped over cache lines, so that threads do not fight for it. */
#include <stdlib.h>

#include "framework/base/base_priv.h"

enum { STRIPES = 16 };

typedef struct stripe {
    size_t live; /* atomic; wraps below zero where others free, only the sum means something */
    char pad[64 - sizeof(size_t)];
} stripe;

static stripe stripes[STRIPES];
static unsigned next_stripe; /* atomic */
static PEAL__THREAD_LOCAL stripe *my_stripe;

static void *std_alloc(void *arg, size_t bytes)
{
    (void)arg;
    return malloc(bytes);
}
static void *std_realloc(void *arg, void *block, size_t bytes)
{
    (void)arg;
    return realloc(block, bytes);
}
static void std_free(void *arg, void *block)
{
    (void)arg;
    free(block);
}

static const peal_allocator std_allocator = { sizeof(peal_allocator), std_alloc, std_realloc,
                                              std_free, NULL };
static peal_allocator hooks = { sizeof(peal_allocator), std_alloc, std_realloc, std_free, NULL };

static void count(size_t delta)
{
    if (PEAL_UNLIKELY(!my_stripe)) {
        my_stripe = &stripes[__atomic_fetch_add(&next_stripe, 1, __ATOMIC_RELAXED) % STRIPES];
    }
    __atomic_fetch_add(&my_stripe->live, delta, __ATOMIC_RELAXED);
}

peal_result peal_set_allocator(const peal_allocator *allocator)
{
    if (peal_alloc_live() != 0) {
        return PEAL_E_STATE;
    }
    if (!allocator) {
        hooks = std_allocator;
        return PEAL_OK;
    }
    if (allocator->size < sizeof *allocator || !allocator->alloc || !allocator->realloc ||
        !allocator->free) {
        return PEAL_E_ARGUMENT;
    }
    hooks = *allocator;
    hooks.size = sizeof hooks;
    return PEAL_OK;
}

bool peal__alloc_is_standard(void)
{
    return hooks.alloc == std_alloc;
}

void *peal_alloc(size_t bytes)
{
    /* At least one byte: NULL always means exhaustion. */
    void *block = hooks.alloc(hooks.arg, bytes ? bytes : 1);
    if (PEAL_LIKELY(block != NULL)) {
        count(1);
    }
    return block;
}

void *peal_calloc(size_t items, size_t bytes)
{
    size_t total;
    void *block;
    if (__builtin_mul_overflow(items, bytes, &total)) {
        return NULL;
    }
    if (peal__alloc_is_standard()) {
        /* The system's calloc gets big tables as fresh zero pages and need not touch them. */
        block = calloc(1, total ? total : 1);
        if (block) {
            count(1);
        }
        return block;
    }
    block = peal_alloc(total);
    if (block) {
        memset(block, 0, total);
    }
    return block;
}

void *peal_realloc(void *block, size_t bytes)
{
    if (!block) {
        return peal_alloc(bytes);
    }
    return hooks.realloc(hooks.arg, block, bytes ? bytes : 1);
}

void peal_free(void *block)
{
    if (block) {
        count((size_t)-1);
        hooks.free(hooks.arg, block);
    }
}

size_t peal_alloc_live(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < STRIPES; i++) {
        sum += __atomic_load_n(&stripes[i].live, __ATOMIC_RELAXED);
    }
    return sum;
}

char *peal_strdup(peal_str s)
{
    char *copy = s.n < SIZE_MAX ? peal_alloc(s.n + 1) : NULL;
    if (copy) {
        if (s.n) {
            memcpy(copy, s.p, s.n);
        }
        copy[s.n] = '\0';
    }
    return copy;
}
