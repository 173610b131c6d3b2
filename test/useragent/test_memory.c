/* SPDX-License-Identifier: MIT */
/* A call with each of its allocations failing in turn: something is reported or repeated,
 * nothing leaks and nothing hangs. And what a call weighs. */
#include <peal/test/memory.h>
#include "test/useragent/ua_world.h"

/* ---- every allocation fails once ---- */

/* What applications must do when memory was short: whoever was never told to stop hangs up. */
static void hang_up(ua_node *n)
{
    for (int i = 0; i < n->call_count; i++) {
        if (n->calls[i].context) {
            (void)peal_sip_session_bye(n->calls[i].session, NULL, NULL, NULL);
        }
    }
}

/* A call with a re-INVITE, in a world whose n-th allocation from the INVITE on fails. */
static bool call_failing(unsigned nth)
{
    peal_test_alloc_install();
    ua_world *w = world_new(nth, 1);
    w->bob.ring = 180;
    w->bob.answer = 200;
    peal_test_alloc_fail_nth(nth);
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    peal_result r = a ? call_try_invite(a, PEAL_STR("offer")) : PEAL_E_NO_MEMORY;
    ck_assert(r == PEAL_OK || r == PEAL_E_NO_MEMORY);
    world_run(w, 3000);
    if (a && a->success) {
        r = call_try_invite(a, PEAL_STR("change"));
        ck_assert(r == PEAL_OK || r == PEAL_E_NO_MEMORY || r == PEAL_E_SIP_GLARE ||
                  r == PEAL_E_STATE);
    }
    world_run(w, 3000);
    hang_up(&w->alice);
    world_run(w, 40000);
    hang_up(&w->bob);
    world_run(w, 40000);
    const bool failed = peal_test_alloc_has_failed();
    peal_test_alloc_fail_nth(0);
    for (int i = 0; i < w->alice.call_count; i++) {
        call_let_go(&w->alice.calls[i]);
    }
    for (int i = 0; i < w->bob.call_count; i++) {
        call_let_go(&w->bob.calls[i]);
    }
    world_run(w, 70000);
    node_check_quiet(&w->alice);
    node_check_quiet(&w->bob);
    world_free(w);
    peal_test_alloc_remove();
    return failed;
}

START_TEST(each_allocation_fails)
{
    unsigned nth = (unsigned)_i + 1;
    for (int i = 0; i < 500 && call_failing(nth); i++) {
        nth += 4;
    }
    ck_assert_uint_lt(nth, 2000); /* the last run went through without a failure */
    ck_assert_uint_gt(nth, 8);
}
END_TEST

/* ---- weight ---- */

static size_t blocks, bytes;

static void *count_alloc(void *arg, size_t n)
{
    (void)arg;
    size_t *block = malloc(n + 16);
    if (block) {
        *block = n;
        blocks++;
        bytes += n;
    }
    return block ? (char *)block + 16 : NULL;
}

static void count_free(void *arg, void *block)
{
    (void)arg;
    size_t *start = (size_t *)(void *)((char *)block - 16);
    blocks--;
    bytes -= *start;
    free(start);
}

static void *count_realloc(void *arg, void *block, size_t n)
{
    void *fresh = count_alloc(arg, n);
    if (fresh && block) {
        const size_t old = *(size_t *)(void *)((char *)block - 16);
        memcpy(fresh, block, old < n ? old : n);
        count_free(arg, block);
    }
    return fresh;
}

/* performance.md's goal for a bridged call is two such legs, in at most 5 KiB once its
 * transactions are over. Both ends of these calls live here, so one call is two legs. Pools may
 * keep free blocks, so they are trimmed first. */
START_TEST(weight_of_held_calls)
{
    enum { CALLS = 50 };
    const peal_allocator allocator = { .size = sizeof allocator,
                                       .alloc = count_alloc,
                                       .realloc = count_realloc,
                                       .free = count_free };
    ck_assert_int_eq(peal_set_allocator(&allocator), PEAL_OK);
    ua_world *w = world_new(1, 1);
    (void)call_up(w, NULL); /* warms pools and tables up */
    world_run(w, 70000);
    peal_pool_trim(peal_thread_pool(w->alice.core_thread));
    peal_pool_trim(peal_thread_pool(w->bob.core_thread));
    const size_t before = bytes;
    for (int i = 0; i < CALLS; i++) {
        (void)call_up(w, NULL);
        for (int k = 0; k < 2; k++) { /* what an application keeps of a call that is up */
            ua_call *c = node_last_call(k ? &w->bob : &w->alice);
            peal_sip_client_request_unrefp(&c->request);
            peal_sip_server_event_control_unrefp(&c->control);
        }
    }
    world_run(w, 70000);
    peal_pool_trim(peal_thread_pool(w->alice.core_thread));
    peal_pool_trim(peal_thread_pool(w->bob.core_thread));
    const size_t each = (bytes - before) / CALLS;
    printf("two legs of a held call: %zu bytes\n", each);
    /* Debug builds keep records of each object, sanitized ones have no pools. */
    ck_assert_uint_le(each, PEAL_DEBUG || PEAL_SANITIZED ? 8 * 1024 : 5 * 1024);
    world_free(w);
    ck_assert_uint_eq(blocks, 0);
    ck_assert_int_eq(peal_set_allocator(NULL), PEAL_OK);
}
END_TEST

Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 240);
    tcase_add_loop_test(t, each_allocation_fails, 0, 4);
    tcase_add_test(t, weight_of_held_calls);
    suite_add_tcase(suite, t);
    return suite;
}
