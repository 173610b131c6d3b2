/* SPDX-License-Identifier: MIT */
/* An object of several parts: the laws of query, one life for all. */
#include "framework/ecom/ecom_priv.h"
#include "test/ecom/ecom_tests.h"

#include <peal/alloc.h>

static const peal_iid *const iids[] = { &peal_unk_iid, &test_alpha_iid, &test_beta_iid,
                                        &test_gamma_iid, &test_delta_iid };
enum { IIDS = 5 };

static peal_unk *make(void)
{
    void *p = NULL;
    ck_assert_int_eq(peal_class_register(&test_pair_clsid, &test_pair_class), PEAL_OK);
    ck_assert_int_eq(peal_class_register(&test_whole_clsid, &test_whole_class), PEAL_OK);
    ck_assert_int_eq(peal_create(&test_whole_clsid, NULL, &peal_unk_iid, &p), PEAL_OK);
    return p;
}

static peal_unk *ask(peal_unk *from, const peal_iid *iid)
{
    void *p = NULL;
    ck_assert_int_eq(from->vt->query(from, iid, &p), PEAL_OK);
    return p;
}

static void drop(peal_unk *unk)
{
    unk->vt->unref(unk);
}

static void end_all(void)
{
    peal__quarantine_flush();
    peal__registry_fini();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

START_TEST(query_is_reflexive_symmetric_and_transitive)
{
    peal_unk *root = make();
    for (int a = 0; a < IIDS; a++) {
        peal_unk *from = ask(root, iids[a]);
        for (int b = 0; b < IIDS; b++) {
            peal_unk *to = ask(from, iids[b]);
            peal_unk *back = ask(to, iids[a]);
            ck_assert_ptr_eq(back, from);
            ck_assert(a != b || to == from);
            for (int c = 0; c < IIDS; c++) {
                peal_unk *direct = ask(from, iids[c]);
                peal_unk *through = ask(to, iids[c]);
                ck_assert_ptr_eq(direct, through);
                drop(direct);
                drop(through);
            }
            drop(back);
            drop(to);
        }
        drop(from);
    }
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)root), 1);
    drop(root);
    ck_assert_uint_eq(test_happened.finis, 3);
    end_all();
}
END_TEST

START_TEST(each_interface_gives_the_same_root)
{
    peal_unk *root = make();
    for (int i = 0; i < IIDS; i++) {
        peal_unk *from = ask(root, iids[i]);
        peal_unk *identity = ask(from, &peal_unk_iid);
        ck_assert_ptr_eq(identity, root);
        drop(identity);
        drop(from);
    }
    drop(root);
    end_all();
}
END_TEST

START_TEST(a_failed_query_fails_everywhere_and_writes_nothing)
{
    static const peal_iid none_iid = { "test.none/1", 0 };
    peal_unk *root = make();
    for (int i = 0; i < IIDS; i++) {
        peal_unk *from = ask(root, iids[i]);
        void *p = &root;
        ck_assert_int_eq(from->vt->query(from, &none_iid, &p), PEAL_E_NO_IF);
        ck_assert_ptr_eq(p, &root);
        drop(from);
    }
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)root), 1);
    drop(root);
    end_all();
}
END_TEST

START_TEST(any_interface_keeps_the_whole_alive)
{
    for (int i = 0; i < IIDS; i++) {
        peal_unk *root = make();
        peal_unk *last = ask(root, iids[i]);
        peal_unk *other;
        test_forget();
        drop(root);
        ck_assert_uint_eq(test_happened.finis, 0);
        other = ask(last, iids[(i + 1) % IIDS]);
        drop(last);
        ck_assert_uint_eq(test_happened.finis, 0);
        drop(other);
        ck_assert_uint_eq(test_happened.finis, 3);
        ck_assert_uint_eq(peal__census_live(), 0);
        end_all();
    }
}
END_TEST

START_TEST(a_parts_inner_root_speaks_for_the_part_alone)
{
    peal_unk *outer = test_make(&test_bound_class, NULL);
    peal_unk *part = test_make(&test_pair_class, outer);
    peal_unk *identity = ask(part, &peal_unk_iid);
    test_alpha *alpha = NULL;
    ck_assert_ptr_eq(identity, part);
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)part), 2);
    drop(identity);
    /* Its other interfaces are the outer's: they count there, and ask there. */
    ck_assert_int_eq(test_alpha_query(part, &alpha), PEAL_OK);
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)part), 1);
    ck_assert_uint_eq(peal_obj_refs((peal_obj *)outer), 2);
    identity = ask(&alpha->unk, &peal_unk_iid);
    ck_assert_ptr_eq(identity, outer);
    drop(identity);
    test_alpha_unref(alpha);
    drop(part);
    drop(outer);
    end_all();
}
END_TEST

START_TEST(a_part_is_asked_for_by_its_root)
{
    peal_unk *root = make();
    void *p = NULL;
    ck_assert_int_eq(peal_create(&test_pair_clsid, root, &test_alpha_iid, &p), PEAL_E_ARGUMENT);
    ck_assert_ptr_null(p);
    drop(root);
    end_all();
}
END_TEST

START_TEST(a_part_that_fails_takes_the_whole_back)
{
    void *p = NULL;
    ck_assert_int_eq(peal_class_register(&test_whole_clsid, &test_whole_class), PEAL_OK);
    ck_assert_int_eq(peal_create(&test_whole_clsid, NULL, &peal_unk_iid, &p), PEAL_E_NO_CLASS);
    ck_assert_int_eq(peal_class_register(&test_pair_clsid, &test_pair_class), PEAL_OK);
    test_init_result = PEAL_E_LIMIT;
    ck_assert_int_eq(peal_create(&test_whole_clsid, NULL, &peal_unk_iid, &p), PEAL_E_LIMIT);
    ck_assert_ptr_null(p);
    ck_assert_uint_eq(peal__census_live(), 0);
    end_all();
}
END_TEST

TCase *aggregate_cases(void)
{
    TCase *tc = tcase_create("aggregate");
    tcase_add_checked_fixture(tc, test_forget, NULL);
    tcase_add_test(tc, query_is_reflexive_symmetric_and_transitive);
    tcase_add_test(tc, each_interface_gives_the_same_root);
    tcase_add_test(tc, a_failed_query_fails_everywhere_and_writes_nothing);
    tcase_add_test(tc, any_interface_keeps_the_whole_alive);
    tcase_add_test(tc, a_parts_inner_root_speaks_for_the_part_alone);
    tcase_add_test(tc, a_part_is_asked_for_by_its_root);
    tcase_add_test(tc, a_part_that_fails_takes_the_whole_back);
    return tc;
}
