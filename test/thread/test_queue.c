/* SPDX-License-Identifier: MIT */
/* Role: messages: order per sender, from many threads and the owner itself, and waiting posts. */
#include "test/thread/thread_tests.h"

#include <pthread.h>
#include <stdlib.h>

enum { POSTERS = 8, EACH = 20000 };

typedef struct numbered {
    peal_msg msg;
    struct poster *from;
    unsigned number;
} numbered;

typedef struct poster {
    pthread_t id;
    peal_thread *target;
    numbered *messages;
    unsigned next;      /* expected */
    unsigned *total;    /* of all posters; the target's */
} poster;

static void check_order(peal_msg *msg)
{
    numbered *n = PEAL_CONTAINER_OF(msg, numbered, msg);
    ck_assert_uint_eq(n->number, n->from->next);
    n->from->next++;
    if (++*n->from->total == POSTERS * EACH) {
        peal_thread_stop(n->from->target);
    }
}

static void *post_all(void *arg)
{
    poster *p = arg;
    for (unsigned i = 0; i < EACH; ++i) {
        p->messages[i] = (numbered){ .msg = { .run = check_order }, .from = p, .number = i };
        peal_thread_post(p->target, &p->messages[i].msg);
    }
    return NULL;
}

static void many_post(peal_thread *target, poster posters[POSTERS], unsigned *total)
{
    for (unsigned i = 0; i < POSTERS; ++i) {
        posters[i] = (poster){ .target = target,
                               .messages = calloc(EACH, sizeof(numbered)),
                               .total = total };
        ck_assert_ptr_nonnull(posters[i].messages);
        ck_assert_int_eq(pthread_create(&posters[i].id, NULL, post_all, &posters[i]), 0);
    }
}

static void end_posters(poster posters[POSTERS])
{
    for (unsigned i = 0; i < POSTERS; ++i) {
        ck_assert_int_eq(pthread_join(posters[i].id, NULL), 0);
        ck_assert_uint_eq(posters[i].next, EACH);
        free(posters[i].messages);
    }
}

START_TEST(eight_senders_keep_their_order_on_a_system_thread)
{
    poster posters[POSTERS];
    unsigned total = 0;
    peal_thread *target = thread_on(real_ports[_i]);
    ck_assert_int_eq(peal_thread_activate(target, "target", 0, 0), PEAL_OK);
    many_post(target, posters, &total);
    ck_assert_int_eq(peal_thread_join(target), PEAL_OK);
    end_posters(posters);
    ck_assert_uint_eq(peal_thread_queue_length(target), 0);
    peal_thread_unref(target);
}
END_TEST

START_TEST(eight_senders_keep_their_order_when_polled)
{
    poster posters[POSTERS];
    unsigned total = 0;
    bool ready = false;
    peal_thread *target = thread_on(real_ports[_i]);
    many_post(target, posters, &total);
    while (!ready) {
        ck_assert_int_eq(peal_thread_activate_for(target, 5, &ready), PEAL_OK);
    }
    end_posters(posters);
    peal_thread_unref(target);
}
END_TEST

/* ---- the owner posts to itself ---- */

typedef struct chain {
    peal_msg msg;
    unsigned left;
    peal_thread *thread;
} chain;

static void post_again(peal_msg *msg)
{
    chain *c = PEAL_CONTAINER_OF(msg, chain, msg);
    if (--c->left) {
        peal_thread_post(c->thread, msg);
    }
}

START_TEST(a_message_may_be_posted_again_from_its_run)
{
    peal_thread *thread = thread_on(NULL);
    chain c = { .msg = { .run = post_again }, .left = 1000, .thread = thread };
    bool ready = false;
    peal_thread_post(thread, &c.msg);
    for (int turns = 0; c.left && turns < 100; ++turns) {
        ck_assert_int_eq(peal_thread_activate_for(thread, 0, &ready), PEAL_OK);
        if (turns == 0) {
            ck_assert_uint_gt(c.left, 0); /* a turn is bounded */
            ck_assert_int_eq(peal_thread_next_deadline_ms(thread), 0);
        }
    }
    ck_assert_uint_eq(c.left, 0);
    ck_assert(!ready);
    peal_thread_unref(thread);
}
END_TEST

static unsigned order_seen;
typedef struct step {
    peal_msg msg;
    unsigned number;
    peal_thread *thread;
    struct step *then;
} step;

static void step_run(peal_msg *msg)
{
    step *s = PEAL_CONTAINER_OF(msg, step, msg);
    ck_assert_uint_eq(s->number, ++order_seen);
    if (s->then) {
        peal_thread_post(s->thread, &s->then->msg);
    }
}

START_TEST(what_was_posted_between_runs_comes_before_what_a_run_posts)
{
    peal_thread *thread = thread_on(NULL);
    step third = { .msg = { .run = step_run }, .number = 3, .thread = thread };
    step first = { .msg = { .run = step_run }, .number = 1, .thread = thread, .then = &third };
    step second = { .msg = { .run = step_run }, .number = 2, .thread = thread };
    order_seen = 0;
    peal_thread_post(thread, &first.msg);
    peal_thread_post(thread, &second.msg);
    ck_assert_uint_eq(peal_thread_queue_length(thread), 2);
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
    ck_assert_uint_eq(order_seen, 3);
    peal_thread_unref(thread);
}
END_TEST

START_TEST(above_the_high_mark_a_thread_is_congested)
{
    peal_thread *thread = NULL;
    counter counters[5];
    const peal_thread_options options = { .size = sizeof options, .queue_high = 4 };
    ck_assert_int_eq(peal_thread_new(&options, &thread), PEAL_OK);
    for (size_t i = 0; i < PEAL_COUNT_OF(counters); ++i) {
        ck_assert(!peal_thread_is_congested(thread));
        counter_init(&counters[i], thread);
        peal_thread_post(thread, &counters[i].msg);
    }
    ck_assert(peal_thread_is_congested(thread));
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
    ck_assert(!peal_thread_is_congested(thread));
    peal_thread_unref(thread);
}
END_TEST

/* ---- waiting posts ---- */

static peal_result inner_result;
typedef struct self_wait {
    peal_msg msg;
    counter inner;
} self_wait;

static void wait_for_myself(peal_msg *msg)
{
    self_wait *s = PEAL_CONTAINER_OF(msg, self_wait, msg);
    inner_result = peal_thread_post_wait(s->inner.thread, &s->inner.msg);
}

START_TEST(a_waiting_post_waits_and_refuses_to_wait_for_itself)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    self_wait s = { .msg = { .run = wait_for_myself } };
    counter_init(&s.inner, thread);
    ck_assert_int_eq(peal_thread_post_wait(thread, &s.inner.msg), PEAL_E_WOULD_DEADLOCK);
    ck_assert_int_eq(peal_thread_activate(thread, "waited", 0, 0), PEAL_OK);
    for (unsigned i = 1; i <= 500; ++i) {
        ck_assert_int_eq(peal_thread_post_wait(thread, &s.inner.msg), PEAL_OK);
        ck_assert_uint_eq(s.inner.runs, i);
    }
    ck_assert_int_eq(peal_thread_post_wait(thread, &s.msg), PEAL_OK);
    ck_assert_int_eq(inner_result, PEAL_E_WOULD_DEADLOCK);
    peal_thread_stop(thread);
    ck_assert_int_eq(peal_thread_join(thread), PEAL_OK);
    ck_assert_int_lt(peal_thread_post_wait(thread, &s.inner.msg), 0);
    peal_thread_unref(thread);
}
END_TEST

TCase *queue_tests(void)
{
    int ports = 1 + PEAL_HAVE_LIBUV;
    TCase *tests = tcase_create("queue");
    tcase_set_timeout(tests, 60);
    if (PEAL_HAVE_THREADS) {
        tcase_add_loop_test(tests, eight_senders_keep_their_order_on_a_system_thread, 0, ports);
        tcase_add_loop_test(tests, eight_senders_keep_their_order_when_polled, 0, ports);
        tcase_add_loop_test(tests, a_waiting_post_waits_and_refuses_to_wait_for_itself, 0, ports);
    }
    tcase_add_test(tests, a_message_may_be_posted_again_from_its_run);
    tcase_add_test(tests, what_was_posted_between_runs_comes_before_what_a_run_posts);
    tcase_add_test(tests, above_the_high_mark_a_thread_is_congested);
    return tests;
}
