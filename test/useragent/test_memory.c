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

/* Whatever was short: with memory, after the hanging up, no session goes on. */
static void check_over(const ua_node *n, unsigned nth)
{
    for (int i = 0; i < n->call_count; i++) {
        const ua_call *c = &n->calls[i];
        if (!c->context) {
            continue; /* it could not take its INVITE */
        }
        const peal_sip_session_state state = peal_sip_session_current_state(c->session);
        ck_assert_msg(state == PEAL_SIP_SESSION_IDLE || state == PEAL_SIP_SESSION_ENDED,
                      "allocation %u: call %d is in state %d", nth, i, (int)state);
        ck_assert_msg(c->ended || state == PEAL_SIP_SESSION_IDLE, "allocation %u: call %d: no end",
                      nth, i);
    }
}

static void let_all_go(ua_world *w)
{
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
}

/* A call with a re-INVITE, in a world in which from the INVITE on @p count allocations fail, the
 * n-th first; memory is back at last. */
static bool call_failing(unsigned nth, size_t count)
{
    peal_test_alloc_install();
    ua_world *w = world_new(nth, 1);
    w->bob.ring = 180;
    w->bob.answer = 200;
    peal_test_alloc_fail_run(nth, count);
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
    hang_up(&w->alice);
    hang_up(&w->bob);
    world_run(w, 70000);
    check_over(&w->alice, nth);
    check_over(&w->bob, nth);
    let_all_go(w);
    return failed;
}

START_TEST(each_allocation_fails)
{
    unsigned nth = (unsigned)_i + 1;
    for (int i = 0; i < 500 && call_failing(nth, 1); i++) {
        nth += 4;
    }
    ck_assert_uint_lt(nth, 2000); /* the last run went through without a failure */
    ck_assert_uint_gt(nth, 8);
}
END_TEST

START_TEST(allocations_fail_in_a_row)
{
    static const size_t counts[] = { 2, 5, 20, 100, SIZE_MAX };
    unsigned nth = 1;
    for (int i = 0; i < 500 && call_failing(nth, counts[_i]); i++) {
        nth += 7;
    }
    ck_assert_uint_lt(nth, 2000);
    ck_assert_uint_gt(nth, 8);
}
END_TEST

/* ---- no memory at a certain moment ---- */

/* Alice calls, Bob rings. */
static ua_world *ringing(ua_call **ret_alice)
{
    peal_test_alloc_install();
    ua_world *w = world_new(1, 1);
    w->bob.ring = 180;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->progress, 1, 10000);
    *ret_alice = a;
    return w;
}

/* The session must not keep a control that could not say its 500. */
/* A context that is cleared without memory owes the same. */
START_TEST(cleared_without_memory)
{
    ua_call *a = NULL;
    ua_world *w = ringing(&a);
    ua_call *b = node_last_call(&w->bob);
    peal_pool_trim(peal_thread_pool(w->bob.core_thread));
    peal_test_alloc_fail_from(1);
    call_let_go(b);
    world_run(w, 2000);
    peal_test_alloc_fail_nth(0);
    world_run(w, 1000);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_uint_eq(a->status, 500);
    ck_assert_int_eq(a->ended, 1);
    let_all_go(w);
}
END_TEST

/* Where memory never comes back in time, nothing is left either. */
START_TEST(refusal_that_is_owed_ends)
{
    ua_call *a = NULL;
    ua_world *w = ringing(&a);
    peal_pool_trim(peal_thread_pool(w->bob.core_thread));
    peal_test_alloc_fail_from(1);
    call_let_go(node_last_call(&w->bob));
    world_run(w, 33000);
    node_check_quiet(&w->bob);
    peal_test_alloc_fail_nth(0);
    hang_up(&w->alice);
    world_run(w, 70000);
    ck_assert_int_eq(a->ended, 1);
    let_all_go(w);
}
END_TEST

START_TEST(control_released_without_memory)
{
    ua_call *a = NULL;
    ua_world *w = ringing(&a);
    ua_call *b = node_last_call(&w->bob);
    peal_pool_trim(peal_thread_pool(w->bob.core_thread)); /* no block is left over */
    peal_test_alloc_fail_from(1);
    peal_sip_server_event_control_unrefp(&b->control);
    peal_test_alloc_fail_nth(0);
    world_run(w, 100);
    ck_assert_int_eq(b->ended, 1);
    world_run(w, 1000);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_uint_eq(a->status, 500);
    ck_assert_int_eq(a->ended, 1);
    let_all_go(w);
}
END_TEST

START_TEST(cancel_comes_when_memory_is_back)
{
    ua_call *a = NULL;
    ua_world *w = ringing(&a);
    ua_call *b = node_last_call(&w->bob);
    peal_test_alloc_fail_from(1);
    ck_assert_int_ge(peal_sip_client_request_cancel(a->request, ABSENT), 0);
    world_run(w, 5000);
    ck_assert_int_eq(a->ended, 0);
    peal_test_alloc_fail_nth(0);
    world_run(w, 3000);
    ck_assert_int_eq(b->cancelled, 1);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_uint_eq(a->status, 487);
    ck_assert_int_eq(a->ended, 1);
    let_all_go(w);
}
END_TEST

/* §9.1: whether or not the CANCEL leaves, 64*T1 is the end. */
START_TEST(cancelled_call_ends_without_memory)
{
    ua_call *a = NULL;
    ua_world *w = ringing(&a);
    peal_test_alloc_fail_from(1);
    ck_assert_int_ge(peal_sip_client_request_cancel(a->request, ABSENT), 0);
    world_run(w, 40000);
    ck_assert_int_eq(a->ended, 1);
    peal_test_alloc_fail_nth(0);
    world_run(w, 100);
    hang_up(&w->bob);
    world_run(w, 70000);
    check_over(&w->bob, 0);
    let_all_go(w);
}
END_TEST

/* A re-INVITE that nobody answers, while its end cannot be told. */
START_TEST(unanswered_reinvite_ends_without_memory)
{
    peal_test_alloc_install();
    ua_world *w = world_new(1, 1);
    ua_call *a = call_up(w, NULL);
    world_run(w, 40000);
    w->drop_prefix = "INVITE";
    w->drop_from = 1;
    w->drop_to = 1000;
    w->drop_seen = 0;
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("change")), PEAL_OK);
    world_run(w, 31000);
    peal_test_alloc_fail_from(1);
    world_run(w, 9000);
    ck_assert_int_eq(a->ended, 1);
    peal_test_alloc_fail_nth(0);
    world_run(w, 70000);
    hang_up(&w->bob);
    world_run(w, 70000);
    check_over(&w->bob, 0);
    let_all_go(w);
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
    tcase_add_loop_test(t, allocations_fail_in_a_row, 0, 5);
    tcase_add_test(t, control_released_without_memory);
    tcase_add_test(t, cleared_without_memory);
    tcase_add_test(t, refusal_that_is_owed_ends);
    tcase_add_test(t, cancel_comes_when_memory_is_back);
    tcase_add_test(t, cancelled_call_ends_without_memory);
    tcase_add_test(t, unanswered_reinvite_ends_without_memory);
    tcase_add_test(t, weight_of_held_calls);
    suite_add_tcase(suite, t);
    return suite;
}
