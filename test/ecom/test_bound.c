/* SPDX-License-Identifier: MIT */
/* Objects with a home thread: where they end, and what happens between the last release elsewhere
 * and the message's arrival. The home's queue is played by the test. */
#include "framework/ecom/ecom_priv.h"
#include "test/ecom/ecom_tests.h"

#include <peal/alloc.h>

struct peal_thread {
    int unused;
};

static struct peal_thread home;
static bool is_home;
static void *posted[8];
static size_t posted_count;

static void post(struct peal_thread *to, peal_obj *obj)
{
    ck_assert_ptr_eq(to, &home);
    ck_assert_uint_lt(posted_count, PEAL_COUNT_OF(posted));
    ck_assert_uint_eq((uintptr_t)obj->node % 8, 0);
    memset(obj->node, 0xab, sizeof obj->node); /* the message may use all of it */
    posted[posted_count++] = obj->node;
}
static bool is_current(const struct peal_thread *thread)
{
    ck_assert_ptr_eq(thread, &home);
    return is_home;
}

/* The home runs its queue. */
static void run_posted(void)
{
    is_home = true;
    for (size_t i = 0; i < posted_count; i++) {
        peal__ecom_destroy_posted(peal__ecom_obj_of_node(posted[i]));
    }
    posted_count = 0;
}

static void setup(void)
{
    test_forget();
    posted_count = 0;
    is_home = true;
    peal__ecom_set_thread_hooks(post, is_current);
}
static void teardown(void)
{
    ck_assert_uint_eq(posted_count, 0);
    peal__ecom_set_thread_hooks(NULL, NULL);
    peal__quarantine_flush();
    peal__registry_fini();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

static peal_unk *make(void)
{
    peal_unk *root = test_make(&test_bound_class, NULL);
    peal_obj_bind((peal_obj *)root, &home);
    return root;
}

START_TEST(at_home_the_end_comes_at_once)
{
    peal_unk *root = make();
    root->vt->unref(root);
    ck_assert_uint_eq(test_happened.clears, 1);
    ck_assert_uint_eq(test_happened.finis, 1);
    root = make();
    peal_obj_set_cleared((peal_obj *)root);
    root->vt->unref(root);
    ck_assert_uint_eq(test_happened.clears, 1); /* it was done already */
    ck_assert_uint_eq(test_happened.finis, 2);
}
END_TEST

START_TEST(elsewhere_the_end_is_posted_home)
{
    peal_unk *root = make();
    root->vt->ref(root);
    is_home = false;
    root->vt->unref(root);
    ck_assert_uint_eq(posted_count, 0);
    root->vt->unref(root);
    ck_assert_uint_eq(posted_count, 1);
    ck_assert_uint_eq(test_happened.finis, 0);
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)root), 0);
    run_posted();
    ck_assert_uint_eq(test_happened.clears, 1);
    ck_assert_uint_eq(test_happened.finis, 1);
}
END_TEST

START_TEST(a_reference_taken_at_home_meanwhile_saves_the_object)
{
    peal_unk *root = make();
    is_home = false;
    root->vt->unref(root);
    is_home = true;
    root->vt->ref(root); /* found in a table before the message came */
    run_posted();
    ck_assert_uint_eq(test_happened.finis, 0);
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)root), 1);
    root->vt->unref(root);
    ck_assert_uint_eq(test_happened.finis, 1);
}
END_TEST

START_TEST(taken_and_released_at_home_meanwhile_ends_once)
{
    peal_unk *root = make();
    is_home = false;
    root->vt->unref(root);
    is_home = true;
    root->vt->ref(root);
    root->vt->unref(root);
    ck_assert_uint_eq(test_happened.finis, 0); /* the message is still on its way */
    run_posted();
    ck_assert_uint_eq(test_happened.finis, 1);
}
END_TEST

START_TEST(taken_at_home_and_released_elsewhere_is_posted_once)
{
    peal_unk *root = make();
    is_home = false;
    root->vt->unref(root);
    is_home = true;
    root->vt->ref(root);
    is_home = false;
    root->vt->unref(root);
    ck_assert_uint_eq(posted_count, 1);
    run_posted();
    ck_assert_uint_eq(test_happened.finis, 1);
}
END_TEST

START_TEST(saved_objects_are_posted_again)
{
    peal_unk *root = make();
    is_home = false;
    root->vt->unref(root);
    is_home = true;
    root->vt->ref(root);
    run_posted();
    is_home = false;
    root->vt->unref(root);
    ck_assert_uint_eq(posted_count, 1);
    run_posted();
    ck_assert_uint_eq(test_happened.finis, 1);
}
END_TEST

/* ---- A class whose clear starts work that needs the object ---- */

static peal_unk *held_by_work;

static void clear_with_work(peal_obj *obj)
{
    held_by_work = &obj->inner;
    held_by_work->vt->ref(held_by_work);
}

START_TEST(work_that_clear_starts_delays_the_end)
{
    peal_class cls = test_bound_class;
    peal_unk *root;
    cls.clear = clear_with_work;
    root = test_make(&cls, NULL);
    root->vt->unref(root);
    ck_assert_ptr_eq(held_by_work, root);
    ck_assert_uint_eq(test_happened.finis, 0);
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)root), 1);
    held_by_work->vt->unref(held_by_work);
    ck_assert_uint_eq(test_happened.finis, 1);
    peal__quarantine_flush(); /* it knows the class, which ends here */
    peal__registry_fini();
}
END_TEST

/* A class compiled before there was a clear. */
START_TEST(a_shorter_class_description_has_no_clear)
{
    peal_class cls = test_bound_class;
    peal_unk *root;
    cls.struct_size = offsetof(peal_class, clear);
    root = test_make(&cls, NULL);
    root->vt->unref(root);
    ck_assert_uint_eq(test_happened.clears, 0);
    ck_assert_uint_eq(test_happened.finis, 1);
    peal__quarantine_flush();
    peal__registry_fini();
}
END_TEST

TCase *bound_cases(void)
{
    TCase *tc = tcase_create("bound");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, at_home_the_end_comes_at_once);
    tcase_add_test(tc, elsewhere_the_end_is_posted_home);
    tcase_add_test(tc, a_reference_taken_at_home_meanwhile_saves_the_object);
    tcase_add_test(tc, taken_and_released_at_home_meanwhile_ends_once);
    tcase_add_test(tc, taken_at_home_and_released_elsewhere_is_posted_once);
    tcase_add_test(tc, saved_objects_are_posted_again);
    tcase_add_test(tc, work_that_clear_starts_delays_the_end);
    tcase_add_test(tc, a_shorter_class_description_has_no_clear);
    return tc;
}
