/* SPDX-License-Identifier: MIT */
/* References, registry and census under several threads at once. */
#include "framework/ecom/ecom_priv.h"
#include "framework/port/port_os.h"
#include "test/ecom/ecom_tests.h"

#include <peal/alloc.h>
#include <sched.h>

#if PEAL_HAVE_THREADS

enum { THREADS = 4, ROUNDS = 1000, CREATIONS = 300, BOUND_ROUNDS = 1000 };

static void run_threads(void *(*run)(void *), void *arg)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, arg), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
}

static void end_all(void)
{
    ck_assert_uint_eq(peal__census_live(), 0);
    peal__quarantine_flush();
    peal__registry_fini();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

/* Each thread owns one reference when it starts and gives it up at its end. */
static void *take_and_release(void *arg)
{
    peal_unk *root = arg;
    for (int i = 0; i < ROUNDS; i++) {
        test_alpha *alpha = NULL;
        test_beta *beta = NULL;
        ck_assert_int_eq(test_alpha_query(root, &alpha), PEAL_OK);
        ck_assert_int_eq(test_beta_query(&alpha->unk, &beta), PEAL_OK);
        test_alpha_unref(alpha);
        ck_assert_int_eq(beta->vt->value(beta), 42);
        test_beta_unref(beta);
    }
    root->vt->unref(root);
    return NULL;
}

START_TEST(the_last_of_several_threads_ends_the_object)
{
    for (int round = 0; round < 20; round++) {
        peal_unk *root = test_make(&test_pair_class, NULL);
        test_forget();
        for (int i = 1; i < THREADS; i++) {
            root->vt->ref(root);
        }
        run_threads(take_and_release, root);
        ck_assert_uint_eq(test_happened.finis, 1);
    }
    end_all();
}
END_TEST

static void add_up(const peal_census_entry *entry, void *arg)
{
    *(size_t *)arg += entry->live;
}

static void *register_and_create(void *arg)
{
    (void)arg;
    for (int i = 0; i < CREATIONS; i++) {
        void *p = NULL;
        size_t sum = 0;
        ck_assert(peal_is_ok(peal_class_register(&test_pair_clsid, &test_pair_class)));
        ck_assert(peal_is_ok(peal_class_register(&test_whole_clsid, &test_whole_class)));
        ck_assert_int_eq(peal_create(&test_whole_clsid, NULL, &test_alpha_iid, &p), PEAL_OK);
        peal_census_each(add_up, &sum);
        ck_assert_uint_ge(sum, 4);
        test_alpha_unref(p);
    }
    return NULL;
}

START_TEST(registry_and_census_stand_several_threads)
{
    run_threads(register_and_create, NULL);
    ck_assert_uint_eq(test_happened.inits, THREADS * CREATIONS);
    end_all();
}
END_TEST

/* ---- A bound object: the home finds it in a table of its own, uncounted, until its end ---- */

struct peal_thread {
    peal__mutex lock;
    peal_obj *posted; /* guarded by lock */
    peal_unk *given;  /* guarded by lock: to the other thread, with its reference */
    bool ended;       /* guarded by lock */
    pthread_t system_thread;
    peal_unk *table; /* the home's alone */
};
static struct peal_thread home = { .lock = PEAL__MUTEX_INIT };

static void post(struct peal_thread *to, peal_obj *obj)
{
    peal__mutex_lock(&to->lock);
    ck_assert_ptr_null(to->posted);
    to->posted = obj;
    peal__mutex_unlock(&to->lock);
}
static bool is_current(const struct peal_thread *thread)
{
    return pthread_equal(thread->system_thread, pthread_self());
}

static void *release_elsewhere(void *arg)
{
    bool ended;
    (void)arg;
    do {
        peal_unk *given;
        peal__mutex_lock(&home.lock);
        given = home.given;
        home.given = NULL;
        ended = home.ended;
        peal__mutex_unlock(&home.lock);
        if (given) {
            given->vt->unref(given);
        } else {
            sched_yield();
        }
    } while (!ended);
    return NULL;
}

static void leave_table(peal_obj *obj)
{
    ck_assert_ptr_eq(home.table, &obj->inner);
    ck_assert(is_current(&home));
    home.table = NULL;
}

/* The home's turn: its queue, then what it finds in its table. */
static void home_turn(void)
{
    peal_obj *obj;
    peal__mutex_lock(&home.lock);
    obj = home.posted;
    home.posted = NULL;
    peal__mutex_unlock(&home.lock);
    if (obj) {
        peal__ecom_destroy_posted(obj);
    }
    if (home.table) {
        peal_unk *found = home.table;
        found->vt->ref(found);
        found->vt->unref(found);
    }
}

START_TEST(a_bound_object_ends_at_home_once_whoever_releases_last)
{
    peal_class cls = test_bound_class;
    pthread_t other;
    cls.clear = leave_table;
    home.system_thread = pthread_self();
    peal__ecom_set_thread_hooks(post, is_current);
    ck_assert_int_eq(pthread_create(&other, NULL, release_elsewhere, NULL), 0);
    for (int i = 0; i < BOUND_ROUNDS; i++) {
        home.table = test_make(&cls, NULL);
        peal_obj_bind((peal_obj *)home.table, &home);
        peal__mutex_lock(&home.lock);
        home.given = home.table;
        peal__mutex_unlock(&home.lock);
        while (home.table) {
            home_turn();
            sched_yield();
        }
    }
    peal__mutex_lock(&home.lock);
    home.ended = true;
    peal__mutex_unlock(&home.lock);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    ck_assert_uint_eq(test_happened.finis, BOUND_ROUNDS);
    peal__ecom_set_thread_hooks(NULL, NULL);
    end_all();
}
END_TEST

#endif

TCase *ecom_thread_cases(void)
{
    TCase *tc = tcase_create("threads");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, test_forget, NULL);
#if PEAL_HAVE_THREADS
    tcase_add_test(tc, the_last_of_several_threads_ends_the_object);
    tcase_add_test(tc, registry_and_census_stand_several_threads);
    tcase_add_test(tc, a_bound_object_ends_at_home_once_whoever_releases_last);
#endif
    return tc;
}
