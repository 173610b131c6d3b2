/* SPDX-License-Identifier: MIT */
/* Role: pools of blocks in size classes, each owned by one thread. Small blocks come from slabs, of
 * those with room the fullest first. Larger ones, and all where an embedder's allocator serves or
 * there are no pages, come by themselves and wait idle in one list per class.
 * A block freed by another thread is pushed on the pool's `incoming` stack, whole batches at once
 * while a servicing thread's turn runs.
 * Thread: as each function says. `incoming` only ever gets pushes and one exchange of everything,
 * so it cannot suffer from ABA.
 *
 * Orphans: a released pool with blocks outstanding swaps `incoming` for a mark; from then on
 * whoever brings blocks frees them at once and counts `orphan_left` down; who reaches zero frees
 * the pool. */
#include "framework/base/slab.h"

enum { SETTLE_MS = 1000, LOOK_MS = 8000, LOOKS = 10 };

enum {
    FINE_CLASSES = 8, /* 16, 32 … 128 bytes */
    DOUBLINGS = 8,    /* 128 → 32768 */
    STEPS_LOG2 = 3,   /* eight classes each */
    STEPS = 1 << STEPS_LOG2,
    CLASSES = FINE_CLASSES + STEPS * DOUBLINGS,
    CLASS_LARGE = 0x7fff, /* beyond the last class: never kept */
    IN_SLAB = 0x8000,     /* added to the class of a slab's block */
    BATCHES = 8,
    BATCH_MAX = 64
};

/* Tells a block in use from an idle one, and both from what is no block at all. */
enum { TAG_USED = 0x5ea1, TAG_IDLE = 0x1d1e };

typedef struct block {
    union {
        peal_pool *pool; /* NULL: none */
        peal__slab *slab;
    } home;
    uint32_t bytes; /* usable */
    uint16_t class_index;
    uint16_t tag;
#if UINTPTR_MAX <= 0xffffffffu
    uint32_t pad; /* the head is 16 bytes everywhere, so that user memory is aligned */
#endif
} block;
_Static_assert(sizeof(block) == 16, "a block's head keeps user memory aligned to 16");

struct peal_pool {
    const void *owner; /* token of the owning system thread, or NULL; atomic */
    block *idle[CLASSES];
    peal_node roomy[CLASSES]; /* slabs in use with room, by class */
    peal_node empty;          /* slabs without a block out */
    bool has_slabs;
    size_t idle_bytes, idle_max;
    size_t idle_least;     /* since the last settling: what nobody needed */
    uint64_t settle_at_ms; /* 0: nothing to look at then */
    size_t settled_live;   /* blocks out at the last settling */
    unsigned looks_left;
    size_t live;        /* written by the owner; read by any: atomic */
    block *incoming;    /* stack of blocks freed elsewhere; atomic */
    size_t orphan_left; /* atomic */
};

typedef struct batch {
    peal_pool *pool;
    block *first, *last;
    size_t count;
} batch;

static PEAL__THREAD_LOCAL struct {
    bool collecting;
    batch batches[BATCHES];
} mine;

/* The mark in `incoming` of an orphan. */
static block orphan_mark;

static const void *my_token(void)
{
    return &mine;
}

/* An idle block's user memory holds the link to the next one. */
static block **link_of(block *b)
{
    return (block **)(void *)(b + 1);
}

/* ---- Size classes ---- */

static unsigned class_of(size_t bytes)
{
    if (bytes <= 128) {
        return bytes ? (unsigned)((bytes - 1) / 16) : 0;
    }
    if (bytes > (size_t)128 << DOUBLINGS) {
        return CLASS_LARGE;
    }
    /* 2^top < bytes <= 2^(top+1), in equal steps */
    unsigned top = 31u - (unsigned)__builtin_clz((unsigned)(bytes - 1));
    unsigned step = (unsigned)((bytes - 1) >> (top - STEPS_LOG2)) & (STEPS - 1u);
    return FINE_CLASSES + (top - 7) * STEPS + step;
}

static size_t class_bytes(unsigned class_index)
{
    if (class_index < FINE_CLASSES) {
        return 16u * (class_index + 1);
    }
    unsigned top = (class_index - FINE_CLASSES) / STEPS + 7;
    unsigned step = (class_index - FINE_CLASSES) % STEPS;
    return ((size_t)1 << top) + ((size_t)(step + 1) << (top - STEPS_LOG2));
}

/* ---- Blocks ---- */

static block *block_new(peal_pool *pool, size_t bytes)
{
    unsigned c = class_of(bytes);
    size_t usable = bytes;
    block *b;
    /* Sanitizers see the real size of each block. */
    if (c != CLASS_LARGE && !PEAL_SANITIZED) {
        usable = class_bytes(c);
    }
    if (usable < sizeof(block *)) {
        usable = sizeof(block *); /* room for the link while it is in a list */
    }
    b = usable <= UINT32_MAX ? peal_alloc(sizeof *b + usable) : NULL;
    if (b) {
        b->home.pool = pool;
        b->bytes = (uint32_t)usable;
        b->class_index = (uint16_t)c;
    }
    return b;
}

static block *block_of(const void *memory)
{
    return (block *)(void *)((char *)(uintptr_t)memory - sizeof(block));
}

static peal_pool *pool_of(const block *b)
{
    return b->class_index & IN_SLAB ? b->home.slab->pool : b->home.pool;
}

static void set_live(peal_pool *pool, size_t live)
{
    __atomic_store_n(&pool->live, live, __ATOMIC_RELAXED);
}

static void take_off_idle(peal_pool *pool, size_t bytes)
{
    pool->idle_bytes -= bytes;
    if (pool->idle_bytes < pool->idle_least) {
        pool->idle_least = pool->idle_bytes;
    }
}

static bool may_keep(const peal_pool *pool, const block *b)
{
    return !PEAL_SANITIZED && b->class_index != CLASS_LARGE &&
           pool->idle_bytes + b->bytes <= pool->idle_max;
}

/* ---- Slabs of a pool ---- */

/* A slab for this class: an empty one, or a new one; first in its list. NULL when exhausted. */
static peal__slab *slab_for(peal_pool *pool, unsigned class_index)
{
    peal_node *node = peal_list_first(&pool->empty);
    peal__slab *slab;
    if (node) {
        slab = PEAL_CONTAINER_OF(node, peal__slab, node);
        peal_node_unlink(node);
        take_off_idle(pool, PEAL__SLAB_BYTES);
    } else if ((slab = peal__slab_new(pool)) == NULL) {
        return NULL;
    }
    peal__slab_assign(slab, (uint32_t)(sizeof(block) + class_bytes(class_index)));
    peal_list_prepend(&pool->roomy[class_index], &slab->node);
    return slab;
}

static block *take_from_slab(peal_pool *pool, unsigned class_index)
{
    peal_node *node = peal_list_first(&pool->roomy[class_index]);
    if (!node) {
        peal__pool_drain(pool);
        node = peal_list_first(&pool->roomy[class_index]);
    }
    peal__slab *slab =
        node ? PEAL_CONTAINER_OF(node, peal__slab, node) : slab_for(pool, class_index);
    if (PEAL_UNLIKELY(!slab)) {
        return NULL;
    }
    block *b = peal__slab_take(slab);
    if (!peal__slab_has_room(slab)) {
        peal_node_unlink(&slab->node);
    }
    b->home.slab = slab;
    b->bytes = (uint32_t)(slab->stride - sizeof *b);
    b->class_index = (uint16_t)(class_index | IN_SLAB);
    return b;
}

/* A slab that was full stands first from now on: the fullest is used up before others, so that
 * those run empty. */
static void give_to_slab(peal_pool *pool, block *b)
{
    peal__slab *slab = b->home.slab;
    unsigned class_index = b->class_index & ~(unsigned)IN_SLAB;
    peal__slab_give(slab, b);
    if (!slab->used) {
        peal_node_unlink(&slab->node);
        if (pool->idle_bytes + PEAL__SLAB_BYTES <= pool->idle_max) {
            peal_list_prepend(&pool->empty, &slab->node);
            pool->idle_bytes += PEAL__SLAB_BYTES;
        } else {
            peal__slab_free(slab);
        }
    } else if (!peal_node_is_linked(&slab->node)) {
        peal_list_prepend(&pool->roomy[class_index], &slab->node);
    }
}

/* Takes a block back on the owner's side. */
static void take_back(peal_pool *pool, block *b)
{
    set_live(pool, pool->live - 1);
    if (b->class_index & IN_SLAB) {
        give_to_slab(pool, b);
    } else if (may_keep(pool, b)) {
        *link_of(b) = pool->idle[b->class_index];
        pool->idle[b->class_index] = b;
        pool->idle_bytes += b->bytes;
    } else {
        peal_free(b);
    }
}

/* ---- Giving back from elsewhere ---- */

static void orphan_count(peal_pool *pool, size_t returned)
{
    if (__atomic_sub_fetch(&pool->orphan_left, returned, __ATOMIC_ACQ_REL) == 0) {
        peal_free(pool);
    }
}

/* Frees blocks of an orphan. */
static size_t free_chain(block *b)
{
    size_t n = 0;
    while (b) {
        block *next = *link_of(b);
        if (b->class_index & IN_SLAB) {
            peal__slab_give_orphan(b->home.slab);
        } else {
            peal_free(b);
        }
        b = next;
        n++;
    }
    return n;
}

static void push_chain(peal_pool *pool, block *first, block *last)
{
    block *head = __atomic_load_n(&pool->incoming, __ATOMIC_ACQUIRE);
    do {
        *link_of(last) = head;
        if (head == &orphan_mark) {
            *link_of(last) = NULL;
            orphan_count(pool, free_chain(first));
            return;
        }
    } while (!__atomic_compare_exchange_n(&pool->incoming, &head, first, true, __ATOMIC_RELEASE,
                                          __ATOMIC_ACQUIRE));
}

static void batch_flush(batch *b)
{
    if (b->count) {
        push_chain(b->pool, b->first, b->last);
    }
    memset(b, 0, sizeof *b);
}

/* The batch for a pool: its own, an empty one, or one that is flushed for it. */
static batch *batch_for(peal_pool *pool)
{
    batch *found = NULL;
    for (size_t i = 0; i < BATCHES; i++) {
        if (mine.batches[i].pool == pool) {
            return &mine.batches[i];
        }
        if (!found && !mine.batches[i].pool) {
            found = &mine.batches[i];
        }
    }
    if (!found) {
        found = &mine.batches[0];
        batch_flush(found);
    }
    found->pool = pool;
    return found;
}

static void give_back(peal_pool *pool, block *b)
{
    if (!mine.collecting) {
        push_chain(pool, b, b);
        return;
    }
    batch *to = batch_for(pool);
    *link_of(b) = to->first;
    to->first = b;
    if (!to->last) {
        to->last = b;
    }
    if (++to->count == BATCH_MAX) {
        batch_flush(to);
    }
}

/* ---- The owner's side ---- */

static void take_back_chain(peal_pool *pool, block *b)
{
    while (b) {
        block *next = *link_of(b);
        take_back(pool, b);
        b = next;
    }
}

void peal__pool_drain(peal_pool *pool)
{
    if (__atomic_load_n(&pool->incoming, __ATOMIC_RELAXED)) {
        take_back_chain(pool, __atomic_exchange_n(&pool->incoming, NULL, __ATOMIC_ACQUIRE));
    }
}

peal_result peal_pool_new(size_t idle_bytes, peal_pool **ret)
{
    peal_pool *pool = peal_calloc(1, sizeof *pool);
    if (!pool) {
        return PEAL_E_NO_MEMORY;
    }
    for (size_t i = 0; i < CLASSES; i++) {
        peal_list_init(&pool->roomy[i]);
    }
    peal_list_init(&pool->empty);
    pool->has_slabs =
        !PEAL_DEBUG && !PEAL_SANITIZED && peal__alloc_is_standard() && peal__os_has_pages();
    pool->idle_max = idle_bytes;
    pool->owner = my_token();
    *ret = pool;
    return PEAL_OK;
}

/* Frees idle memory, large blocks first, until no more than this is left. */
static void shrink(peal_pool *pool, size_t idle_bytes)
{
    peal_node *node;
    while (pool->idle_bytes > idle_bytes && (node = peal_list_first(&pool->empty)) != NULL) {
        peal_node_unlink(node);
        pool->idle_bytes -= PEAL__SLAB_BYTES;
        peal__slab_free(PEAL_CONTAINER_OF(node, peal__slab, node));
    }
    for (size_t i = CLASSES; i-- > 0 && pool->idle_bytes > idle_bytes;) {
        block *b;
        while (pool->idle_bytes > idle_bytes && (b = pool->idle[i]) != NULL) {
            pool->idle[i] = *link_of(b);
            pool->idle_bytes -= b->bytes;
            peal_free(b);
        }
    }
}

void peal_pool_trim(peal_pool *pool)
{
    peal__pool_drain(pool);
    shrink(pool, 0);
}

/* What lay idle for the whole of a while goes back. Blocks that others free come without a wake-up,
 * so after the last change one looks a few times more whether some came. */
int64_t peal__pool_settle(peal_pool *pool, uint64_t now_ms)
{
    if (now_ms < pool->settle_at_ms &&
        (!pool->idle_bytes || pool->settle_at_ms <= now_ms + SETTLE_MS)) {
        return (int64_t)(pool->settle_at_ms - now_ms);
    }
    peal__pool_drain(pool);
    if (pool->settle_at_ms && now_ms >= pool->settle_at_ms) {
        shrink(pool, pool->idle_bytes - pool->idle_least);
    }
    pool->idle_least = pool->idle_bytes;
    if (pool->live != pool->settled_live) {
        pool->settled_live = pool->live;
        pool->looks_left = LOOKS;
    } else if (pool->looks_left && !pool->idle_bytes) {
        pool->looks_left--;
    }
    if (!pool->idle_bytes && !(pool->live && pool->looks_left)) {
        pool->settle_at_ms = 0;
        return -1;
    }
    int64_t pause_ms = pool->idle_bytes ? SETTLE_MS : LOOK_MS;
    pool->settle_at_ms = now_ms + (uint64_t)pause_ms;
    return pause_ms;
}

void peal_pool_release(peal_pool *pool)
{
    if (!pool) {
        return;
    }
    peal_pool_trim(pool);
    /* From here on this thread, too, gives its blocks back like any other. One more is counted for
     * ourselves, so that the pool stays until we are done with it. */
    __atomic_store_n(&pool->owner, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&pool->orphan_left, pool->live + 1, __ATOMIC_RELAXED);
    block *late = __atomic_exchange_n(&pool->incoming, &orphan_mark, __ATOMIC_ACQ_REL);
    orphan_count(pool, free_chain(late) + 1);
}

static block *take_idle(peal_pool *pool, size_t bytes)
{
    unsigned c = class_of(bytes);
    block *b;
    if (c == CLASS_LARGE) {
        return NULL;
    }
    if (pool->has_slabs && bytes <= PEAL__SLAB_BLOCK_MAX) {
        return take_from_slab(pool, c);
    }
    if (!pool->idle[c]) {
        peal__pool_drain(pool);
    }
    b = pool->idle[c];
    if (b) {
        pool->idle[c] = *link_of(b);
        take_off_idle(pool, b->bytes);
    }
    return b;
}

void *peal_pool_alloc(peal_pool *pool, size_t bytes)
{
    block *b = NULL;
    if (pool) {
        PEAL_ASSERT(__atomic_load_n(&pool->owner, __ATOMIC_RELAXED) == my_token());
        b = take_idle(pool, bytes);
    }
    if (!b) {
        b = block_new(pool, bytes);
    }
    if (PEAL_UNLIKELY(!b)) {
        return NULL;
    }
    if (pool) {
        set_live(pool, pool->live + 1);
    }
    b->tag = TAG_USED;
    return b + 1;
}

void peal_pool_free(void *memory)
{
    block *b;
    if (!memory) {
        return;
    }
    b = block_of(memory);
    PEAL_ASSERT(b->tag == TAG_USED);
    b->tag = TAG_IDLE;
#if PEAL_DEBUG
    memset(memory, 0xdb, b->bytes); /* whoever still looks at it shall notice */
#endif
    peal_pool *pool = pool_of(b);
    if (!pool) {
        peal_free(b);
    } else if (__atomic_load_n(&pool->owner, __ATOMIC_RELAXED) == my_token()) {
        take_back(pool, b);
    } else {
        give_back(pool, b);
    }
}

size_t peal_pool_block_size(const void *memory)
{
    return block_of(memory)->bytes;
}

void peal_pool_flush(void)
{
    for (size_t i = 0; i < BATCHES; i++) {
        if (mine.batches[i].pool) {
            batch_flush(&mine.batches[i]);
        }
    }
    mine.collecting = false;
}

void peal__pool_turn_begin(peal_pool *pool)
{
    if (__atomic_load_n(&pool->owner, __ATOMIC_RELAXED) != my_token()) {
        __atomic_store_n(&pool->owner, my_token(), __ATOMIC_RELAXED);
    }
    mine.collecting = true;
}

void peal__pool_disown(peal_pool *pool)
{
    __atomic_store_n(&pool->owner, NULL, __ATOMIC_RELAXED);
}

size_t peal_pool_live(const peal_pool *pool)
{
    return __atomic_load_n(&pool->live, __ATOMIC_RELAXED);
}
