/* SPDX-License-Identifier: MIT */
/* Role: how servicing threads and objects bound to them end. */
#include "test/thread/thread_tests.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <peal/ecom_impl.h>

#include <peal/test/memory.h>

START_TEST(the_last_release_stops_joins_and_runs_what_is_left)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    counter c;
    counter_init(&c, thread);
    ck_assert_int_eq(peal_thread_activate(thread, "left", 0, 0), PEAL_OK);
    peal_thread_post(thread, &c.msg);
    peal_thread_unref(thread);
    ck_assert_uint_eq(c.runs, 1);
    thread = thread_on(real_ports[_i]);
    peal_thread_post(thread, &c.msg); /* never activated */
    peal_thread_unref(thread);
    ck_assert_uint_eq(c.runs, 2);
}
END_TEST

/* ---- released by one of its own callbacks ---- */

typedef struct suicide {
    peal_msg msg, after;
    peal_thread *thread;
    atomic_int done;
} suicide;

static void release_it(peal_msg *msg)
{
    suicide *s = PEAL_CONTAINER_OF(msg, suicide, msg);
    peal_thread_post(s->thread, &s->after);
    s->thread = peal_thread_unref(s->thread);
}

static void run_after(peal_msg *msg)
{
    suicide *s = PEAL_CONTAINER_OF(msg, suicide, after);
    atomic_store(&s->done, 1);
}

START_TEST(a_polled_thread_may_be_released_by_its_own_callback)
{
    suicide s = { .msg = { .run = release_it }, .after = { .run = run_after } };
    s.thread = thread_on(real_ports[_i]);
    peal_thread *thread = s.thread;
    bool ready = false;
    peal_thread_post(thread, &s.msg);
    ck_assert_int_eq(peal_thread_activate_for(thread, 10000, &ready), PEAL_OK);
    ck_assert(ready);
    ck_assert_int_eq(atomic_load(&s.done), 1);
}
END_TEST

START_TEST(a_system_thread_may_be_released_by_its_own_callback)
{
    suicide s = { .msg = { .run = release_it }, .after = { .run = run_after } };
    s.thread = thread_on(real_ports[_i]);
    ck_assert_int_eq(peal_thread_activate(s.thread, "goes", 0, 0), PEAL_OK);
    peal_thread_post(s.thread, &s.msg);
    while (!atomic_load(&s.done)) { /* its end cannot be joined: only seen */
        sched_yield();
    }
}
END_TEST

/* ---- bound objects ---- */

typedef struct bound {
    peal_obj obj;
    peal_unk face;
    peal_thread *thread;
    int *died_at_home;
} bound;

static void bound_fini(peal_obj *obj)
{
    bound *b = PEAL_CONTAINER_OF(obj, bound, obj);
    *b->died_at_home = peal_thread_is_current(b->thread) ? 1 : -1;
    peal_thread_detach(b->thread);
}

static const peal_iid face_iid = { "peal.test.face/1", 0 };
static const peal_unk_vt face_vt = PEAL_UNK(bound, face);
static const peal_if_entry bound_ifs[] = { { &face_iid, offsetof(bound, face), &face_vt },
                                           PEAL_IF_END };
static const peal_class bound_class = { .struct_size = sizeof bound_class,
                                        .name = "test_bound",
                                        .size = sizeof(bound),
                                        .flags = PEAL_CLASS_BOUND,
                                        .ifs = bound_ifs,
                                        .fini = bound_fini };

static bound *bound_new(peal_thread *home, int *died_at_home)
{
    void *made = NULL;
    ck_assert_int_eq(peal_obj_new(&bound_class, NULL, &made), PEAL_OK);
    bound *b = made;
    b->thread = home;
    b->died_at_home = died_at_home;
    peal_obj_bind(&b->obj, home);
    peal_thread_attach(home);
    return b;
}

START_TEST(a_bound_object_released_elsewhere_ends_at_home)
{
    int died[100] = { 0 };
    peal_thread *home = thread_on(real_ports[_i]);
    ck_assert_int_eq(peal_thread_activate(home, "home", 0, 0), PEAL_OK);
    for (size_t i = 0; i < PEAL_COUNT_OF(died); ++i) {
        bound *b = bound_new(home, &died[i]);
        b->face.vt->unref(&b->face);
    }
    peal_thread_stop(home); /* ready to release only when all of them are gone */
    ck_assert_int_eq(peal_thread_join(home), PEAL_OK);
    for (size_t i = 0; i < PEAL_COUNT_OF(died); ++i) {
        ck_assert_int_eq(died[i], 1);
    }
    peal_thread_unref(home);
}
END_TEST

START_TEST(a_bound_object_released_at_home_ends_at_once)
{
    int died = 0;
    peal_thread *home = thread_on(NULL);
    bound *b = bound_new(home, &died);
    b->face.vt->unref(&b->face);
    ck_assert_int_eq(died, 1);
    ck_assert_uint_eq(peal_thread_queue_length(home), 0);
    peal_thread_unref(home);
}
END_TEST

/* ---- the class ---- */

START_TEST(the_class_makes_threads_too)
{
    void *made = NULL;
    ck_assert_int_eq(peal_create(&peal_thread_clsid, NULL, &peal_thread_iid, &made), PEAL_OK);
    peal_thread *thread = made, *same = NULL;
    ck_assert_int_eq(peal_thread_query(&thread->unk, &same), PEAL_OK);
    ck_assert_ptr_eq(thread, same);
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
    peal_thread_unref(same);
    peal_thread_unref(thread);
}
END_TEST

/* On the simulated port, where all memory is ours. */
START_TEST(every_allocation_of_a_new_thread_may_fail)
{
    peal_sim *sim = NULL;
    peal_thread *thread = NULL;
    unsigned nth = 0;
    peal_test_alloc_install();
    ck_assert_int_eq(peal_init(), PEAL_OK);
    ck_assert_int_eq(peal_sim_new(1, &sim), PEAL_OK);
    const peal_thread_options options = { .size = sizeof options, .port = peal_sim_port(sim) };
    for (peal_result r = PEAL_E_NO_MEMORY; r < 0;) {
        peal_test_alloc_fail_nth(++nth);
        r = peal_thread_new(&options, &thread);
        ck_assert_int_eq(r, peal_test_alloc_has_failed() ? PEAL_E_NO_MEMORY : PEAL_OK);
        ck_assert((r == PEAL_OK) == (thread != NULL));
    }
    ck_assert_uint_ge(nth, 4);
    peal_test_alloc_fail_nth(0);
    peal_thread_unref(thread);
    peal_sim_free(sim);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    ck_assert_int_eq(peal_fini(), PEAL_OK); /* main()'s, in this process */
    peal_test_alloc_remove();
    ck_assert_int_eq(peal_init(), PEAL_OK);
}
END_TEST

#if PEAL_DEBUG
static unsigned complaints;
static char complaint[256];
static void on_assert(const char *file, int line, const char *expression)
{
    (void)file;
    (void)line;
    (void)expression;
    ++complaints;
}
static void on_trace(const peal_trace_record *record, void *arg)
{
    (void)arg;
    size_t n = record->text.n < sizeof complaint - 1 ? record->text.n : sizeof complaint - 1;
    memcpy(complaint, record->text.p, n);
    complaint[n] = '\0';
}

START_TEST(a_call_from_the_wrong_thread_is_reported_by_name)
{
    peal_thread *thread = thread_on(NULL);
    peal_set_assert_handler(on_assert);
    peal_trace_set_sink(on_trace, NULL);
    peal_trace_set_level(PEAL_TRACE_THREAD, PEAL_TRACE_ERROR);
    ck_assert(peal_thread_check(thread, "kettle"));
    ck_assert_uint_eq(complaints, 0);
    ck_assert_int_eq(peal_thread_activate(thread, "kitchen", 0, 0), PEAL_OK);
    ck_assert(!peal_thread_check(thread, "kettle"));
    ck_assert_uint_eq(complaints, 1);
    ck_assert_ptr_nonnull(strstr(complaint, "kettle"));
    ck_assert_ptr_nonnull(strstr(complaint, "kitchen"));
    peal_set_assert_handler(NULL);
    peal_thread_unref(thread);
}
END_TEST
#endif

TCase *lifetime_tests(void)
{
    int ports = 1 + PEAL_HAVE_LIBUV;
    TCase *tests = tcase_create("lifetime");
    tcase_set_timeout(tests, 60);
    if (PEAL_HAVE_THREADS) {
        tcase_add_loop_test(tests, the_last_release_stops_joins_and_runs_what_is_left, 0, ports);
        tcase_add_loop_test(tests, a_system_thread_may_be_released_by_its_own_callback, 0, ports);
        tcase_add_loop_test(tests, a_bound_object_released_elsewhere_ends_at_home, 0, ports);
#if PEAL_DEBUG
        tcase_add_test(tests, a_call_from_the_wrong_thread_is_reported_by_name);
#endif
    }
    tcase_add_loop_test(tests, a_polled_thread_may_be_released_by_its_own_callback, 0, ports);
    tcase_add_test(tests, a_bound_object_released_at_home_ends_at_once);
    tcase_add_test(tests, the_class_makes_threads_too);
    tcase_add_test(tests, every_allocation_of_a_new_thread_may_fail);
    return tests;
}
