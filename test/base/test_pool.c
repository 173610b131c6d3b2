/* SPDX-License-Identifier: MIT */
#include "test/base/base_tests.h"

#include <stdlib.h>

#include "framework/base/slab.h"
#include "test/base/failing_alloc.h"

static peal_pool *pool_new(size_t idle_bytes)
{
    peal_pool *pool = NULL;
    ck_assert_int_eq(peal_pool_new(idle_bytes, &pool), PEAL_OK);
    return pool;
}

static void *block_new(peal_pool *pool, size_t bytes)
{
    void *p = peal_pool_alloc(pool, bytes);
    ck_assert_ptr_nonnull(p);
    return p;
}

START_TEST(blocks_of_all_sizes_hold_what_was_asked_for)
{
    peal_pool *pool = pool_new(1 << 20);
    for (size_t bytes = 0; bytes < 70000; bytes += bytes < 600 ? 1 : 97) {
        unsigned char *p = block_new(pool, bytes);
        size_t real = peal_pool_block_size(p);
        ck_assert_uint_eq((uintptr_t)p % 16, 0);
        ck_assert_uint_ge(real, bytes);
        ck_assert_uint_le(real, bytes < 64 ? bytes + 16 : bytes + bytes / 4);
        memset(p, 0xee, real);
        peal_pool_free(p);
    }
    ck_assert_uint_eq(peal_pool_live(pool), 0);
    peal_pool_release(pool);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

/* An embedder's allocator serves each block by itself. */
START_TEST(idle_memory_has_a_ceiling_and_goes_back)
{
    enum { COUNT = 100 };
    void *blocks[COUNT];
    peal_pool *pool;
    failing_alloc_install();
    pool = pool_new(10 * 1024);
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = block_new(pool, 1024);
    }
    ck_assert_uint_eq(peal_pool_live(pool), COUNT);
    ck_assert_uint_eq(peal_alloc_live(), COUNT + 1);
    for (int i = 0; i < COUNT; i++) {
        peal_pool_free(blocks[i]);
    }
    ck_assert_uint_eq(peal_pool_live(pool), 0);
    ck_assert_uint_eq(peal_alloc_live(), PEAL_SANITIZED ? 1 : 11);
    blocks[0] = block_new(pool, 1000); /* an idle one serves */
    ck_assert_uint_eq(peal_alloc_live(), PEAL_SANITIZED ? 2 : 11);
    peal_pool_trim(pool);
    ck_assert_uint_eq(peal_alloc_live(), 2);
    peal_pool_free(blocks[0]);
    peal_pool_release(pool);
    failing_alloc_remove();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

static bool has_slabs(void)
{
    return !PEAL_DEBUG && !PEAL_SANITIZED && peal__os_has_pages();
}

/* Many blocks, of which every tenth lives on, and as many of another size that do not: what they
 * leave is where the next ones go, and empty slabs go back but for what the ceiling allows. */
START_TEST(slabs_run_empty_and_go_back)
{
    enum { COUNT = 48 * 60, KEPT_SLABS = 2 };
    static void *lasting[COUNT], *passing[COUNT];
    if (!has_slabs()) {
        return;
    }
    peal_pool *pool = pool_new(KEPT_SLABS * PEAL__SLAB_BYTES);
    for (int i = 0; i < COUNT; i++) {
        lasting[i] = block_new(pool, 1000);
        passing[i] = block_new(pool, 500);
        memset(lasting[i], i, 1000);
    }
    size_t highest = peal_alloc_live();
    for (int i = 0; i < COUNT; i++) {
        peal_pool_free(passing[i]);
        if (i % 10) {
            peal_pool_free(lasting[i]);
        }
    }
    size_t after = peal_alloc_live();
    ck_assert_uint_eq(peal_pool_live(pool), COUNT / 10);
    ck_assert_uint_le(after, highest - COUNT / 130 + KEPT_SLABS);
    for (int i = 0; i < COUNT; i++) {
        if (i % 10) {
            lasting[i] = block_new(pool, 1000);
        }
    }
    ck_assert_uint_eq(peal_alloc_live(), after); /* holes are filled first */
    for (int i = 0; i < COUNT; i++) {
        if (i % 10 == 0) {
            ck_assert_uint_eq(*(unsigned char *)lasting[i], (unsigned char)i);
        }
        peal_pool_free(lasting[i]);
    }
    ck_assert_uint_eq(peal_alloc_live(), 1 + KEPT_SLABS);
    peal_pool_trim(pool);
    ck_assert_uint_eq(peal_alloc_live(), 1);
    peal_pool_release(pool);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

/* Memory that nobody needed for a second goes back; what was in use in between stays. */
START_TEST(idle_memory_settles)
{
    enum { COUNT = 100 };
    void *blocks[COUNT];
    peal_pool *pool;
    failing_alloc_install(); /* so that each block counts */
    pool = pool_new(1 << 20);
    ck_assert_int_eq(peal__pool_settle(pool, 5), -1);
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = block_new(pool, 1000);
    }
    for (int i = 0; i < COUNT; i++) {
        peal_pool_free(blocks[i]);
    }
    if (!PEAL_SANITIZED) {
        ck_assert_int_eq(peal__pool_settle(pool, 1000), 1000);
        for (int i = 0; i < 30; i++) {
            blocks[i] = block_new(pool, 1000);
        }
        for (int i = 0; i < 30; i++) {
            peal_pool_free(blocks[i]);
        }
        ck_assert_int_eq(peal__pool_settle(pool, 1400), 600);
        ck_assert_uint_eq(peal_alloc_live(), COUNT + 1);
        ck_assert_int_eq(peal__pool_settle(pool, 2000), 1000);
        ck_assert_uint_eq(peal_alloc_live(), 30 + 1);
    }
    ck_assert_int_eq(peal__pool_settle(pool, 3100), -1);
    ck_assert_uint_eq(peal_alloc_live(), 1);
    peal_pool_release(pool);
    failing_alloc_remove();
}
END_TEST

/* Nobody says that another thread freed blocks: they are found by looking. */
START_TEST(blocks_freed_elsewhere_settle_too)
{
    peal_pool *pool;
    void *kept, *p;
    failing_alloc_install();
    pool = pool_new(1 << 20);
    kept = block_new(pool, 10);
    p = block_new(pool, 10);
    ck_assert_int_eq(peal__pool_settle(pool, 1000), 8000);
    peal__pool_disown(pool);
    peal_pool_free(p); /* as from elsewhere */
    peal__pool_turn_begin(pool);
    peal_pool_flush();
    ck_assert_int_eq(peal__pool_settle(pool, 5000), 4000);
    ck_assert_int_eq(peal__pool_settle(pool, 9000), PEAL_SANITIZED ? 8000 : 1000);
    ck_assert_uint_eq(peal_pool_live(pool), 1);
    uint64_t now_ms = 9000, looks = 0;
    for (int64_t wait_ms; (wait_ms = peal__pool_settle(pool, now_ms)) >= 0; looks++) {
        now_ms += (uint64_t)wait_ms;
    }
    ck_assert_uint_eq(peal_alloc_live(), 2); /* the pool and what is kept */
    ck_assert_uint_le(looks, 12);
    peal_pool_free(kept);
    peal_pool_release(pool);
    failing_alloc_remove();
}
END_TEST

START_TEST(a_slab_of_an_orphan_goes_with_its_last_block)
{
    peal_pool *pool = pool_new(1 << 20);
    void *a = block_new(pool, 100), *b = block_new(pool, 100), *c = block_new(pool, 200);
    peal_pool_release(pool);
    peal_pool_free(a);
    peal_pool_free(c);
    memset(b, 1, 100);
    peal_pool_free(b);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(without_a_pool_blocks_are_of_the_same_kind)
{
    void *p = block_new(NULL, 50);
    ck_assert_uint_ge(peal_pool_block_size(p), 50);
    peal_pool_free(p);
    peal_pool_free(NULL);
    peal_pool_release(NULL);
    peal_pool_flush();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(an_orphan_vanishes_with_its_last_block)
{
    peal_pool *pool = pool_new(1 << 20);
    void *a = block_new(pool, 10);
    void *b = block_new(pool, 100000);
    peal_pool_free(block_new(pool, 10));
    peal_pool_release(pool);
    ck_assert_uint_eq(peal_alloc_live(), 3);
    peal_pool_free(b);
    ck_assert_uint_eq(peal_alloc_live(), 2);
    peal_pool_free(a);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(a_disowned_pool_takes_blocks_back_later)
{
    peal_pool *pool = pool_new(1 << 20);
    void *p = block_new(pool, 10);
    peal__pool_disown(pool);
    peal_pool_free(p);
    ck_assert_uint_eq(peal_pool_live(pool), 1);
    peal__pool_turn_begin(pool);
    peal__pool_drain(pool);
    ck_assert_uint_eq(peal_pool_live(pool), 0);
    peal_pool_flush();
    peal_pool_release(pool);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(exhaustion_gives_null)
{
    peal_pool *pool, *none = NULL;
    failing_alloc_install();
    failing_alloc_always(true);
    ck_assert_int_eq(peal_pool_new(0, &none), PEAL_E_NO_MEMORY);
    ck_assert_ptr_null(none);
    failing_alloc_always(false);
    pool = pool_new(0);
    failing_alloc_always(true);
    ck_assert_ptr_null(peal_pool_alloc(pool, 1));
    ck_assert_ptr_null(peal_pool_alloc(NULL, 1));
    failing_alloc_always(false);
    ck_assert_ptr_null(peal_pool_alloc(pool, SIZE_MAX));
    ck_assert_ptr_null(peal_pool_alloc(pool, SIZE_MAX - 20));
    ck_assert_uint_eq(peal_pool_live(pool), 0);
    peal_pool_release(pool);
    failing_alloc_remove();
}
END_TEST

#if PEAL_HAVE_THREADS

enum { ROUNDS = 200, PER_ROUND = 100, EXTRA = 3 };

/* What one thread hands to the next: a slot that is full or empty. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    void *blocks[PER_ROUND];
    bool full, ended;
} hand = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void hand_over(void **blocks)
{
    pthread_mutex_lock(&hand.mutex);
    while (hand.full) {
        pthread_cond_wait(&hand.changed, &hand.mutex);
    }
    hand.full = blocks != NULL;
    hand.ended = !blocks;
    if (blocks) {
        memcpy(hand.blocks, blocks, sizeof hand.blocks);
    }
    pthread_cond_broadcast(&hand.changed);
    pthread_mutex_unlock(&hand.mutex);
}

static bool take_over(void **blocks)
{
    bool got;
    pthread_mutex_lock(&hand.mutex);
    while (!hand.full && !hand.ended) {
        pthread_cond_wait(&hand.changed, &hand.mutex);
    }
    got = hand.full;
    hand.full = false;
    memcpy(blocks, hand.blocks, sizeof hand.blocks);
    pthread_cond_broadcast(&hand.changed);
    pthread_mutex_unlock(&hand.mutex);
    return got;
}

/* Frees what others allocated; in each second turn as a servicing thread does, in batches. */
static void *free_all(void *arg)
{
    peal_pool *own = pool_new(1 << 20);
    void *blocks[PER_ROUND];
    for (int turn = 0; take_over(blocks); turn++) {
        if (turn % 2) {
            peal__pool_turn_begin(own);
        }
        for (int i = 0; i < PER_ROUND; i++) {
            memset(blocks[i], turn, peal_pool_block_size(blocks[i]));
            peal_pool_free(blocks[i]);
        }
        if (turn % 2) {
            peal_pool_flush();
        }
    }
    peal_pool_release(own);
    return arg;
}

static void allocate_rounds(peal_pool **pools, size_t count)
{
    void *blocks[PER_ROUND];
    unsigned seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PER_ROUND; i++) {
            seed = seed * 1103515245u + 12345u;
            blocks[i] = block_new(pools[(size_t)i % count], seed >> 16 & 0x7ff);
        }
        hand_over(blocks);
    }
    hand_over(NULL);
}

START_TEST(blocks_freed_elsewhere_come_home)
{
    enum { POOLS = 11 }; /* more than a thread collects for at once */
    peal_pool *pools[POOLS];
    pthread_t other;
    for (int i = 0; i < POOLS; i++) {
        pools[i] = pool_new(1 << 20);
    }
    ck_assert_int_eq(pthread_create(&other, NULL, free_all, NULL), 0);
    allocate_rounds(pools, POOLS);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    for (int i = 0; i < POOLS; i++) {
        peal_pool_trim(pools[i]);
        ck_assert_uint_eq(peal_pool_live(pools[i]), 0);
        peal_pool_release(pools[i]);
    }
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

/* The owner lets go of the pool while the other thread is still freeing. */
START_TEST(orphans_vanish_whoever_brings_the_last_block)
{
    for (int i = 0; i < 20; i++) {
        peal_pool *pool = pool_new(1 << 16);
        void *kept[EXTRA];
        pthread_t other;
        memset(hand.blocks, 0, sizeof hand.blocks);
        hand.ended = hand.full = false;
        for (int k = 0; k < EXTRA; k++) {
            kept[k] = block_new(pool, 64);
        }
        ck_assert_int_eq(pthread_create(&other, NULL, free_all, NULL), 0);
        void *blocks[PER_ROUND];
        for (int k = 0; k < PER_ROUND; k++) {
            blocks[k] = block_new(pool, 200);
        }
        hand_over(blocks);
        peal_pool_release(pool);
        for (int k = 0; k < EXTRA; k++) {
            peal_pool_free(kept[k]);
        }
        hand_over(NULL);
        ck_assert_int_eq(pthread_join(other, NULL), 0);
        ck_assert_uint_eq(peal_alloc_live(), 0);
    }
}
END_TEST

static void *use_pool(void *arg)
{
    peal_pool *pool = arg;
    peal__pool_turn_begin(pool);
    peal_pool_free(block_new(pool, 32));
    ck_assert_uint_eq(peal_pool_live(pool), 0);
    peal_pool_flush();
    peal__pool_disown(pool);
    return NULL;
}

START_TEST(a_pool_moves_to_another_thread_and_back)
{
    peal_pool *pool = pool_new(1 << 16);
    pthread_t other;
    peal__pool_disown(pool);
    ck_assert_int_eq(pthread_create(&other, NULL, use_pool, pool), 0);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    peal__pool_turn_begin(pool);
    peal_pool_free(block_new(pool, 32));
    peal_pool_flush();
    peal_pool_release(pool);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

#endif

TCase *pool_cases(void)
{
    TCase *tc = tcase_create("pool");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, blocks_of_all_sizes_hold_what_was_asked_for);
    tcase_add_test(tc, idle_memory_has_a_ceiling_and_goes_back);
    tcase_add_test(tc, slabs_run_empty_and_go_back);
    tcase_add_test(tc, idle_memory_settles);
    tcase_add_test(tc, blocks_freed_elsewhere_settle_too);
    tcase_add_test(tc, a_slab_of_an_orphan_goes_with_its_last_block);
    tcase_add_test(tc, without_a_pool_blocks_are_of_the_same_kind);
    tcase_add_test(tc, an_orphan_vanishes_with_its_last_block);
    tcase_add_test(tc, a_disowned_pool_takes_blocks_back_later);
    tcase_add_test(tc, exhaustion_gives_null);
#if PEAL_HAVE_THREADS
    tcase_add_test(tc, blocks_freed_elsewhere_come_home);
    tcase_add_test(tc, orphans_vanish_whoever_brings_the_last_block);
    tcase_add_test(tc, a_pool_moves_to_another_thread_and_back);
#endif
    return tc;
}
