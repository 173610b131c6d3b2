/* SPDX-License-Identifier: MIT */
#include "test/base/base_tests.h"

#include <peal/hash.h>

#include "framework/base/base_priv.h"
#include <peal/test/memory.h>

/* ---- SipHash ---- */

static const uint8_t zero_key[16];

START_TEST(siphash_gives_the_published_values)
{
    uint8_t key[16];
    char input[16];
    for (int i = 0; i < 16; i++) {
        key[i] = (uint8_t)i;
        input[i] = (char)i;
    }
    /* The paper's vector (appendix A), and the reference code's first ones. */
    ck_assert_uint_eq(peal__siphash(key, 2, 4, peal_str_of(input, 15)),
                      UINT64_C(0xa129ca6149be45e5));
    ck_assert_uint_eq(peal__siphash(key, 2, 4, peal_str_of(input, 0)),
                      UINT64_C(0x726fdb47dd0e0e31));
    ck_assert_uint_eq(peal__siphash(key, 1, 3, peal_str_of(input, 0)),
                      UINT64_C(0xabac0158050fc4dc));
    /* CPython 3.11's hash() of bytes with PYTHONHASHSEED=0 */
    ck_assert_uint_eq(peal__siphash(zero_key, 1, 3, PEAL_STR("a")),
                      UINT64_C(0x407448d2b89b1813));
    ck_assert_uint_eq(peal__siphash(zero_key, 1, 3, PEAL_STR("abcdefg")),
                      UINT64_C(0x6db12aae9070f506));
    ck_assert_uint_eq(peal__siphash(zero_key, 1, 3, PEAL_STR("abcdefgh")),
                      UINT64_C(0x3f7b849c0b8e35ea));
    ck_assert_uint_eq(peal__siphash(zero_key, 1, 3, PEAL_STR("z9hG4bK776asdhds")),
                      UINT64_C(0x539004977bff3040));
}
END_TEST

START_TEST(parts_hash_like_the_whole)
{
    char text[64];
    peal__hash_set_secret((const uint8_t *)"0123456789abcdef");
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 37 + 200);
    }
    for (size_t n = 0; n <= sizeof text; n++) {
        uint64_t whole = peal_hash_bytes(peal_str_of(text, n));
        for (size_t cut = 0; cut <= n; cut++) {
            peal_hasher h;
            peal_hasher_init(&h);
            peal_hasher_add(&h, peal_str_of(text, cut));
            peal_hasher_add(&h, peal_str_of(text + cut, n - cut));
            ck_assert_uint_eq(peal_hasher_end(&h), whole);
        }
    }
}
END_TEST

START_TEST(folding_changes_ascii_letters_only)
{
    char upper[256], lower[256];
    for (int i = 0; i < 256; i++) {
        upper[i] = (char)i;
        lower[i] = (char)(i >= 'A' && i <= 'Z' ? i + 32 : i);
    }
    for (size_t start = 0; start < 16; start++) {
        for (size_t n = 0; n + start <= 256; n += 13) {
            peal_hasher h;
            peal_hasher_init(&h);
            peal_hasher_add(&h, peal_str_of(lower, start));
            peal_hasher_add_lower(&h, peal_str_of(upper + start, n));
            ck_assert_uint_eq(peal_hasher_end(&h), peal_hash_bytes(peal_str_of(lower, start + n)));
        }
    }
}
END_TEST

START_TEST(the_secret_changes_every_hash)
{
    uint64_t first;
    peal__hash_set_secret(zero_key);
    first = peal_hash_bytes(PEAL_STR("call-id"));
    peal__hash_set_secret((const uint8_t *)"0123456789abcdef");
    ck_assert_uint_ne(peal_hash_bytes(PEAL_STR("call-id")), first);
}
END_TEST

static peal_result no_random(peal_port *self, void *buffer, size_t bytes)
{
    (void)self;
    (void)buffer;
    (void)bytes;
    return PEAL_E_OS;
}
static peal_result sevens(peal_port *self, void *buffer, size_t bytes)
{
    (void)self;
    memset(buffer, 7, bytes);
    return PEAL_OK;
}

START_TEST(the_secret_is_drawn_once_and_never_over_a_set_one)
{
    static const peal_port_vt broken_vt = { .size = sizeof broken_vt, .random = no_random };
    static const peal_port_vt working_vt = { .size = sizeof working_vt, .random = sevens };
    peal_port broken = { &broken_vt }, working = { &working_vt };
    uint8_t key[16];
    memset(key, 7, sizeof key);
    ck_assert_int_eq(peal__hash_draw_secret(&broken), PEAL_E_OS);
    ck_assert_int_eq(peal__hash_draw_secret(&working), PEAL_OK);
    ck_assert_uint_eq(peal_hash_bytes(PEAL_STR("x")), peal__siphash(key, 1, 3, PEAL_STR("x")));
    ck_assert_int_eq(peal__hash_draw_secret(&broken), PEAL_OK);
    peal__hash_forget_secret();
    ck_assert_int_eq(peal__hash_draw_secret(&broken), PEAL_E_OS);
    ck_assert_int_eq(peal__hash_draw_secret(&working), PEAL_OK);
    peal__hash_set_secret(zero_key);
    peal__hash_forget_secret(); /* not one that was set */
    ck_assert_int_eq(peal__hash_draw_secret(&working), PEAL_OK);
    ck_assert_uint_eq(peal_hash_bytes(PEAL_STR("x")), peal__siphash(zero_key, 1, 3, PEAL_STR("x")));
}
END_TEST

/* ---- The table against a naive model ---- */

enum { ITEMS = 3000, KEYS = 700 };

typedef struct item {
    peal_hash_node node;
    unsigned key;
    unsigned sequence; /* of the insertion; 0: out */
} item;

static item items[ITEMS];
static unsigned next_sequence, alive;
static uint32_t seed;

static unsigned dice(unsigned sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

/* Few hash values, so that chains are long and whole hashes collide. */
static uint64_t hash_of(unsigned key)
{
    return (uint64_t)(key % 350) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

static bool has_key(const peal_hash_node *node, const void *key)
{
    return PEAL_CONTAINER_OF(node, const item, node)->key == *(const unsigned *)key;
}

static void put(peal_hash_table *t, item *it)
{
    it->sequence = ++next_sequence;
    it->key = dice(KEYS);
    alive++;
    peal_hash_insert(t, &it->node, hash_of(it->key));
}

static void take(peal_hash_table *t, item *it)
{
    alive -= it->sequence != 0;
    it->sequence = 0;
    peal_hash_remove(t, &it->node);
    ck_assert_ptr_null(it->node.link);
}

/* The model's answer: the item of this key inserted last before @p before. */
static item *model_find(unsigned key, unsigned before)
{
    item *best = NULL;
    for (int i = 0; i < ITEMS; i++) {
        if (items[i].key == key && items[i].sequence && items[i].sequence < before &&
            (!best || items[i].sequence > best->sequence)) {
            best = &items[i];
        }
    }
    return best;
}

static void compare(const peal_hash_table *t, unsigned key)
{
    unsigned before = UINT32_MAX;
    peal_hash_node *node = peal_hash_find(t, hash_of(key), has_key, &key);
    ck_assert_uint_eq(t->count, alive);
    for (;;) {
        item *expected = model_find(key, before);
        ck_assert_ptr_eq(node, expected ? &expected->node : NULL);
        if (!expected) {
            break;
        }
        before = expected->sequence;
        node = peal_hash_find_next(t, node, has_key, &key);
    }
}

static void random_steps(peal_hash_table *t, int steps, unsigned put_of_100)
{
    for (int i = 0; i < steps; i++) {
        item *it = &items[dice(ITEMS)];
        if (dice(100) < put_of_100) {
            if (!it->sequence) {
                put(t, it);
            }
        } else {
            take(t, it);
        }
        if (dice(3) == 0) {
            compare(t, dice(KEYS));
        }
    }
}

static void reset_model(void)
{
    memset(items, 0, sizeof items);
    next_sequence = alive = 0;
    seed = 12345;
}

START_TEST(the_table_answers_as_the_model_does)
{
    peal_hash_table t;
    reset_model();
    ck_assert_int_eq(peal_hash_init(&t), PEAL_OK);
    for (int round = 0; round < 3; round++) {
        random_steps(&t, 4000, 90);
        random_steps(&t, 2000, 50);
        random_steps(&t, 9000, 5);
    }
    ck_assert_uint_lt(alive, 400);
    /* A table that was big is small again. */
    ck_assert_uint_lt(t.mask, 2048);
    peal_hash_fini(&t);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(without_memory_the_table_stays_small_and_right)
{
    peal_hash_table t;
    reset_model();
    peal_test_alloc_install();
    peal_test_alloc_fail_from(1);
    ck_assert_int_eq(peal_hash_init(&t), PEAL_E_NO_MEMORY);
    peal_test_alloc_fail_nth(0);
    ck_assert_int_eq(peal_hash_init(&t), PEAL_OK);
    peal_test_alloc_fail_from(1);
    random_steps(&t, 1000, 80);
    ck_assert_uint_eq(t.mask, 15);
    peal_test_alloc_fail_nth(0);
    random_steps(&t, 1000, 60);
    ck_assert_uint_gt(t.mask, 255);
    peal_test_alloc_fail_from(1);
    random_steps(&t, 6000, 5);
    peal_hash_fini(&t);
    peal_test_alloc_remove();
}
END_TEST

/* No insertion moves more than a few items, however big the table is. */
START_TEST(growth_is_spread_over_the_insertions)
{
    enum { MANY = 20000 };
    peal_hash_table t;
    peal_hash_node *nodes = peal_calloc(MANY, sizeof *nodes);
    size_t moved_before = 0;
    ck_assert_int_eq(peal_hash_init(&t), PEAL_OK);
    for (size_t i = 0; i < MANY; i++) {
        const peal_hash_node *const *old = (const peal_hash_node *const *)t.old;
        peal_hash_insert(&t, &nodes[i], peal_hash_bytes(peal_str_of((char *)&i, sizeof i)));
        if (old && t.old) {
            ck_assert_uint_le(t.moved - moved_before, 16);
        }
        moved_before = t.old ? t.moved : 0;
        ck_assert_uint_le(t.count, 2 * (t.mask + 1));
    }
    ck_assert_uint_ge(t.mask + 1, MANY / 2);
    peal_hash_fini(&t);
    peal_free(nodes);
}
END_TEST

static void count_and_remove_even(peal_hash_node *node, void *arg)
{
    item *it = PEAL_CONTAINER_OF(node, item, node);
    ck_assert_uint_ne(it->sequence, 0);
    it->sequence += 1000000; /* seen once */
    ck_assert_uint_lt(it->sequence, 2000000);
    if (it->key % 2 == 0) {
        peal_hash_remove(arg, node);
        it->sequence = 0;
        alive--;
    }
}

START_TEST(each_item_is_visited_once_and_may_leave)
{
    enum { PUT = 2060 }; /* just above a growth */
    peal_hash_table t;
    reset_model();
    ck_assert_int_eq(peal_hash_init(&t), PEAL_OK);
    for (int i = 0; i < PUT; i++) {
        put(&t, &items[i]);
    }
    ck_assert_ptr_nonnull(t.old); /* in the middle of growing */
    peal_hash_each(&t, count_and_remove_even, &t);
    for (int i = 0; i < PUT; i++) {
        if (items[i].key % 2) {
            ck_assert_uint_gt(items[i].sequence, 1000000);
        } else {
            ck_assert_uint_eq(items[i].sequence, 0);
        }
    }
    for (unsigned key = 0; key < KEYS; key++) {
        compare(&t, key);
    }
    peal_hash_fini(&t);
    peal_hash_each(&t, count_and_remove_even, &t); /* an ended table holds nothing */
    ck_assert_ptr_null(peal_hash_find(&t, 0, has_key, &seed));
}
END_TEST

TCase *hash_cases(void)
{
    TCase *tc = tcase_create("hash");
    tcase_set_timeout(tc, 120);
    /* First: without fork a process draws its secret once. */
    tcase_add_test(tc, the_secret_is_drawn_once_and_never_over_a_set_one);
    tcase_add_test(tc, siphash_gives_the_published_values);
    tcase_add_test(tc, parts_hash_like_the_whole);
    tcase_add_test(tc, folding_changes_ascii_letters_only);
    tcase_add_test(tc, the_secret_changes_every_hash);
    tcase_add_test(tc, the_table_answers_as_the_model_does);
    tcase_add_test(tc, without_memory_the_table_stays_small_and_right);
    tcase_add_test(tc, growth_is_spread_over_the_insertions);
    tcase_add_test(tc, each_item_is_visited_once_and_may_leave);
    return tc;
}
