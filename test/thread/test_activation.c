/* SPDX-License-Identifier: MIT */
/* Role: both activations: system threads by name, bounded polling, reentry, readiness to release,
 * timers on real time. */
#include "config.h"

#include "test/thread/thread_tests.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- system threads ---- */

typedef struct probe {
    peal_msg msg;
    peal_thread *thread;
    char os_name[16];
    bool is_current;
    peal_result join, activate, activate_for;
} probe;

static void probe_run(peal_msg *msg)
{
    probe *p = PEAL_CONTAINER_OF(msg, probe, msg);
    (void)pthread_getname_np(pthread_self(), p->os_name, sizeof p->os_name);
    p->is_current = peal_thread_is_current(p->thread);
    p->join = peal_thread_join(p->thread);
    p->activate = peal_thread_activate(p->thread, "again", 0, 0);
    p->activate_for = peal_thread_activate_for(p->thread, 1, NULL);
}

START_TEST(a_system_thread_has_its_name_and_refuses_nonsense)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    probe p = { .msg = { .run = probe_run }, .thread = thread };
    ck_assert_str_eq(peal_thread_name(thread), "new");
    ck_assert(peal_thread_is_current(thread));
    ck_assert_int_eq(peal_thread_join(thread), PEAL_E_STATE);
    ck_assert_int_eq(peal_thread_activate(thread, "a-long-thread-name", 256 << 10, 0), PEAL_OK);
    ck_assert(!peal_thread_is_current(thread));
    ck_assert_str_eq(peal_thread_name(thread), "a-long-thread-n");
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_E_STATE);
    ck_assert_int_eq(peal_thread_post_wait(thread, &p.msg), PEAL_OK);
    ck_assert_str_eq(p.os_name, "a-long-thread-n");
    ck_assert(p.is_current);
    ck_assert_int_eq(p.join, PEAL_E_WOULD_DEADLOCK);
    ck_assert_int_eq(p.activate, PEAL_E_STATE);
    ck_assert_int_eq(p.activate_for, PEAL_E_REENTERED);
    peal_thread_stop(thread);
    ck_assert_int_eq(peal_thread_join(thread), PEAL_OK);
    ck_assert_int_eq(peal_thread_join(thread), PEAL_E_STATE);
    ck_assert(peal_thread_is_current(thread)); /* what is left is the joiner's */
    peal_thread_unref(thread);
}
END_TEST

START_TEST(an_impossible_system_thread_is_an_error_and_can_be_tried_again)
{
    peal_thread *thread = thread_on(NULL);
    ck_assert_int_lt(peal_thread_activate(thread, "x", 1, 0), 0);
    ck_assert_int_lt(peal_thread_activate(thread, "x", 0, 100000), 0);
    ck_assert(peal_thread_is_current(thread));
    ck_assert_int_eq(peal_thread_activate(thread, "x", 0, 0), PEAL_OK);
    peal_thread_unref(thread); /* stops and joins */
}
END_TEST

/* ---- polling ---- */

typedef struct nested {
    peal_msg msg;
    peal_thread *inner, *outer;
    peal_result inner_result, outer_result;
} nested;

static void nested_run(peal_msg *msg)
{
    nested *n = PEAL_CONTAINER_OF(msg, nested, msg);
    n->inner_result = peal_thread_activate_for(n->inner, 0, NULL);
    n->outer_result = peal_thread_activate_for(n->outer, 0, NULL);
}

START_TEST(polling_from_inside_a_callback_is_an_error)
{
    peal_thread *a = thread_on(NULL), *b = thread_on(NULL);
    nested n = { .msg = { .run = nested_run }, .inner = b, .outer = a };
    peal_thread_post(a, &n.msg);
    ck_assert_int_eq(peal_thread_activate_for(a, 0, NULL), PEAL_OK);
    ck_assert_int_eq(n.inner_result, PEAL_E_REENTERED);
    ck_assert_int_eq(n.outer_result, PEAL_E_REENTERED);
    ck_assert_str_eq(peal_thread_name(a), "polled");
    ck_assert_int_eq(peal_thread_activate(a, "x", 0, 0),
                     PEAL_HAVE_THREADS ? PEAL_E_STATE : PEAL_E_NOT_BUILT_IN);
    peal_thread_unref(a);
    peal_thread_unref(b);
}
END_TEST

typedef struct rival {
    peal_msg msg;
    peal_thread *thread;
    atomic_int state; /* 1: inside, 2: may go on */
} rival;

static void rival_run(peal_msg *msg)
{
    rival *r = PEAL_CONTAINER_OF(msg, rival, msg);
    atomic_store(&r->state, 1);
    while (atomic_load(&r->state) != 2) {
    }
}

static void *rival_polls(void *arg)
{
    rival *r = arg;
    ck_assert_int_eq(peal_thread_activate_for(r->thread, 0, NULL), PEAL_OK);
    return NULL;
}

START_TEST(polling_from_two_threads_at_once_is_an_error)
{
    rival r = { .msg = { .run = rival_run }, .thread = thread_on(real_ports[_i]) };
    pthread_t id;
    peal_thread_post(r.thread, &r.msg);
    ck_assert_int_eq(pthread_create(&id, NULL, rival_polls, &r), 0);
    while (atomic_load(&r.state) != 1) {
    }
    ck_assert(!peal_thread_is_current(r.thread));
    ck_assert_int_eq(peal_thread_activate_for(r.thread, 0, NULL), PEAL_E_REENTERED);
    atomic_store(&r.state, 2);
    ck_assert_int_eq(pthread_join(id, NULL), 0);
    ck_assert_int_eq(peal_thread_activate_for(r.thread, 0, NULL), PEAL_OK);
    ck_assert(peal_thread_is_current(r.thread));
    peal_thread_unref(r.thread);
}
END_TEST

START_TEST(ready_to_release_needs_stop_an_empty_queue_and_nothing_attached)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    counter c;
    bool ready = true;
    counter_init(&c, thread);
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, &ready), PEAL_OK);
    ck_assert(!ready);
    peal_thread_attach(thread);
    peal_thread_stop(thread);
    ck_assert_int_eq(peal_thread_activate_for(thread, 3, &ready), PEAL_OK);
    ck_assert(!ready);
    peal_thread_detach(thread);
    ck_assert_int_eq(peal_thread_next_deadline_ms(thread), 0);
    uint64_t from = clock_ms();
    ck_assert_int_eq(peal_thread_activate_for(thread, 60000, &ready), PEAL_OK);
    ck_assert(ready);
    ck_assert_uint_lt(clock_ms() - from, 30000); /* returns early only when ready */
    peal_thread_post(thread, &c.msg);
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, &ready), PEAL_OK);
    ck_assert(ready);
    ck_assert_uint_eq(c.runs, 1);
    peal_thread_unref(thread);
}
END_TEST

START_TEST(polling_takes_the_time_it_was_given)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    peal_port *port = peal_thread_port(thread);
    uint64_t from_ns = port->vt->now_ns(port);
    ck_assert_int_eq(peal_thread_activate_for(thread, 30, NULL), PEAL_OK);
    ck_assert_uint_ge(port->vt->now_ns(port) - from_ns, 30u * 1000000);
    peal_thread_unref(thread);
}
END_TEST

/* ---- timers on real time ---- */

typedef struct alarm_set {
    peal_timer timer;
    peal_thread *thread;
    uint64_t started_ns, delay_ms;
    unsigned *left;
} alarm_set;

static void alarm_fired(peal_timer *timer)
{
    alarm_set *a = PEAL_CONTAINER_OF(timer, alarm_set, timer);
    peal_port *port = peal_thread_port(a->thread);
    ck_assert_uint_ge(port->vt->now_ns(port) - a->started_ns, a->delay_ms * 1000000);
    if (--*a->left == 0) {
        peal_thread_stop(a->thread);
    }
}

START_TEST(timers_are_never_early_by_the_system_clock)
{
    enum { ALARMS = 60 };
    alarm_set alarms[ALARMS];
    unsigned left = ALARMS;
    bool ready = false;
    peal_thread *thread = thread_on(real_ports[_i]);
    peal_port *port = peal_thread_port(thread);
    for (unsigned i = 0; i < ALARMS; ++i) {
        alarms[i] = (alarm_set){ .thread = thread, .delay_ms = i * 7 % 80, .left = &left };
        peal_timer_init(&alarms[i].timer, alarm_fired);
        alarms[i].started_ns = port->vt->now_ns(port);
        peal_timer_start(thread, &alarms[i].timer, alarms[i].delay_ms, 0);
    }
    ck_assert_uint_eq(peal_thread_timer_count(thread), ALARMS);
    ck_assert_int_eq(peal_thread_activate_for(thread, 30000, &ready), PEAL_OK);
    ck_assert_uint_eq(left, 0);
    ck_assert(ready);
    ck_assert_uint_eq(peal_thread_timer_count(thread), 0);
    peal_thread_unref(thread);
}
END_TEST

static void tick(peal_timer *timer)
{
    counter *c = PEAL_CONTAINER_OF(timer, counter, timer);
    if (++c->runs == 5) {
        peal_timer_stop(c->thread, timer);
        peal_thread_stop(c->thread);
    }
}

START_TEST(a_periodic_timer_repeats_until_it_is_stopped)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    counter c;
    counter_init(&c, thread);
    peal_timer_init(&c.timer, tick);
    peal_timer_start(thread, &c.timer, 2, 3);
    bool ready = false;
    ck_assert_int_eq(peal_thread_activate_for(thread, 30000, &ready), PEAL_OK);
    ck_assert(ready);
    ck_assert_uint_eq(c.runs, 5);
    ck_assert(!peal_timer_is_running(&c.timer));
    peal_thread_unref(thread);
}
END_TEST

START_TEST(random_bytes_come_in_all_sizes_and_differ)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    unsigned char a[1500], b[1500];
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    peal_thread_random(thread, a, sizeof a);
    for (size_t at = 0, n = 1; at < sizeof b; at += n, n = n * 3 % 64 + 1) {
        peal_thread_random(thread, b + at, n < sizeof b - at ? n : sizeof b - at);
    }
    for (size_t i = 0; i + 16 <= sizeof a; i += 16) { /* no 16 bytes twice, none left out */
        ck_assert_mem_ne(a + i, b + i, 16);
        ck_assert(memcmp(a + i, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) != 0);
    }
    peal_thread_unref(thread);
}
END_TEST

TCase *activation_tests(void)
{
    int ports = 1 + PEAL_HAVE_LIBUV;
    TCase *tests = tcase_create("activation");
    tcase_set_timeout(tests, 60);
    if (PEAL_HAVE_THREADS) {
        tcase_add_loop_test(tests, a_system_thread_has_its_name_and_refuses_nonsense, 0, ports);
        tcase_add_test(tests, an_impossible_system_thread_is_an_error_and_can_be_tried_again);
        tcase_add_loop_test(tests, polling_from_two_threads_at_once_is_an_error, 0, ports);
    }
    tcase_add_test(tests, polling_from_inside_a_callback_is_an_error);
    tcase_add_loop_test(tests, ready_to_release_needs_stop_an_empty_queue_and_nothing_attached, 0,
                        ports);
    tcase_add_loop_test(tests, polling_takes_the_time_it_was_given, 0, ports);
    tcase_add_loop_test(tests, timers_are_never_early_by_the_system_clock, 0, ports);
    tcase_add_loop_test(tests, a_periodic_timer_repeats_until_it_is_stopped, 0, ports);
    tcase_add_loop_test(tests, random_bytes_come_in_all_sizes_and_differ, 0, ports);
    return tests;
}
