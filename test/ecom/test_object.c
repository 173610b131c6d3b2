/* SPDX-License-Identifier: MIT */
/* One object: identities, query, references, allocation failures, memory of the caller's. */
#include "framework/ecom/ecom_priv.h"
#include <peal/test/memory.h>
#include "test/ecom/ecom_tests.h"

static void end_all(void)
{
    peal__quarantine_flush();
    peal__registry_fini();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

START_TEST(identities_compare_by_address_hash_and_name)
{
    static const char name[] = "test.alpha/1";
    peal_iid copy = { name, test_alpha_iid.hash }, bare = { name, 0 };
    peal_iid collides = { "test.other/1", test_alpha_iid.hash };
    ck_assert_uint_eq(peal_iid_hash(name), test_alpha_iid.hash);
    ck_assert_uint_eq(peal_iid_hash(""), UINT64_C(0xcbf29ce484222325));
    ck_assert_uint_eq(peal_iid_hash("a"), UINT64_C(0xaf63dc4c8601ec8c));
    ck_assert(peal_iid_eq(&copy, &test_alpha_iid));
    ck_assert(peal_iid_eq(&bare, &test_alpha_iid));
    ck_assert(peal_iid_eq(&test_alpha_iid, &bare));
    ck_assert(!peal_iid_eq(&collides, &test_alpha_iid));
    ck_assert(!peal_iid_eq(&test_beta_iid, &test_alpha_iid));
    ck_assert_uint_eq(peal_unk_iid.hash, peal_iid_hash(peal_unk_iid.name));
}
END_TEST

START_TEST(an_interface_leads_to_its_object)
{
    peal_unk *root = test_make(&test_pair_class, NULL);
    test_alpha *alpha = NULL;
    test_beta *beta = NULL;
    ck_assert_int_eq(test_alpha_query(root, &alpha), PEAL_OK);
    ck_assert_int_eq(test_beta_query(&alpha->unk, &beta), PEAL_OK);
    ck_assert_int_eq(alpha->vt->value(alpha), 41);
    ck_assert_int_eq(beta->vt->value(beta), 42);
    test_beta_unref(beta);
    test_alpha_unrefp(&alpha);
    ck_assert_ptr_null(alpha);
    ck_assert_ptr_null(test_alpha_ref(NULL));
    ck_assert_ptr_null(test_alpha_unref(NULL));
    root->vt->unref(root);
    ck_assert_uint_eq(test_happened.inits, 1);
    ck_assert_uint_eq(test_happened.finis, 1);
    end_all();
}
END_TEST

START_TEST(other_copies_of_an_identity_find_the_interface)
{
    peal_iid copy = { "test.alpha/1", test_alpha_iid.hash }, bare = { "test.alpha/1", 0 };
    peal_iid beta = { "test.beta/1", peal_iid_hash("test.beta/1") };
    peal_iid collides = { "test.other/1", test_alpha_iid.hash };
    peal_unk *root = test_make(&test_pair_class, NULL);
    void *a = NULL, *b = NULL, *c = NULL, *none = NULL;
    ck_assert_int_eq(root->vt->query(root, &copy, &a), PEAL_OK);
    ck_assert_int_eq(root->vt->query(root, &bare, &b), PEAL_OK);
    ck_assert_ptr_eq(a, b);
    ck_assert_int_eq(root->vt->query(root, &beta, &c), PEAL_OK);
    ck_assert_int_eq(root->vt->query(root, &collides, &none), PEAL_E_NO_IF);
    ck_assert_int_eq(root->vt->query(root, &test_gamma_iid, &none), PEAL_E_NO_IF);
    ck_assert_ptr_null(none);
    test_alpha_unref(a);
    test_alpha_unref(b);
    test_beta_unref(c);
    root->vt->unref(root);
    end_all();
}
END_TEST

static void count_references(const peal_class *cls)
{
    peal_unk *root = test_make(cls, NULL);
    peal_obj *obj = (peal_obj *)root;
    test_alpha *alpha = NULL;
    ck_assert_uint_eq(peal_obj_refs(obj), 1);
    ck_assert_int_eq(test_alpha_query(root, &alpha), PEAL_OK);
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_ptr_eq(test_alpha_ref(alpha), alpha);
    }
    ck_assert_uint_eq(peal_obj_refs(obj), 12);
    for (int i = 0; i < 11; i++) {
        ck_assert_ptr_null(test_alpha_unref(alpha));
    }
    ck_assert_uint_eq(peal_obj_refs(obj), 1);
    ck_assert_uint_eq(test_happened.finis, 0);
    root->vt->unref(root);
    ck_assert_uint_eq(test_happened.finis, 1);
    end_all();
}

START_TEST(references_are_counted_atomically)
{
    count_references(&test_pair_class);
}
END_TEST
START_TEST(references_are_counted_plainly)
{
    count_references(&test_local_class);
}
END_TEST
START_TEST(references_are_counted_when_bound)
{
    count_references(&test_bound_class);
    ck_assert_uint_eq(test_happened.clears, 1);
}
END_TEST

START_TEST(a_failing_init_undoes_everything)
{
    void *p = NULL;
    test_init_result = PEAL_E_OS;
    ck_assert_int_eq(peal_obj_new(&test_pair_class, NULL, &p), PEAL_E_OS);
    ck_assert_ptr_null(p);
    ck_assert_uint_eq(test_happened.finis, 1);
    ck_assert_uint_eq(peal__census_live(), 0);
    test_init_result = PEAL_I_PENDING; /* a success that says something is handed on as PEAL_OK+ */
    ck_assert_int_eq(peal_obj_new(&test_pair_class, NULL, &p), PEAL_I_PENDING);
    ((peal_obj *)p)->inner.vt->unref(&((peal_obj *)p)->inner);
    end_all();
}
END_TEST

START_TEST(a_class_may_refuse_an_outer)
{
    peal_unk *outer = test_make(&test_pair_class, NULL);
    void *p = NULL;
    ck_assert_int_eq(peal_obj_new(&test_local_class, outer, &p), PEAL_E_NO_AGGREGATION);
    ck_assert_ptr_null(p);
    outer->vt->unref(outer);
    end_all();
}
END_TEST

START_TEST(descriptions_that_cannot_be_right_are_refused)
{
    static const peal_iid wrong_iid = { "test.alpha/1", 1 };
    static const peal_unk_vt vt = { 0, peal_if_query, peal_if_ref, peal_if_unref };
    static const peal_if_entry wrong_ifs[] = { { &wrong_iid, sizeof(peal_obj), &vt }, PEAL_IF_END };
    peal_class classes[4];
    void *p = NULL;
    for (int i = 0; i < 4; i++) {
        classes[i] = test_pair_class;
    }
    classes[0].struct_size = 8;
    classes[1].size = sizeof(peal_obj) - 1;
    classes[2].name = NULL;
    classes[3].ifs = wrong_ifs;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(peal_obj_new(&classes[i], NULL, &p), PEAL_E_ARGUMENT);
    }
    ck_assert_ptr_null(p);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

static peal_obj *released_obj;
static void on_released(peal_obj *obj)
{
    ck_assert_ptr_null(released_obj);
    released_obj = obj;
}

START_TEST(an_object_may_live_in_memory_of_the_callers)
{
    static max_align_t memory[64];
    peal_obj *obj = (peal_obj *)(void *)memory;
    test_alpha *alpha = NULL;
    ck_assert_uint_le(test_pair_class.size, sizeof memory);
    ck_assert_int_eq(peal_obj_new_at(&test_pair_class, NULL, memory, on_released), PEAL_OK);
    ck_assert_int_eq(test_alpha_query(&obj->inner, &alpha), PEAL_OK);
    obj->inner.vt->unref(&obj->inner);
    ck_assert_ptr_null(released_obj);
    test_alpha_unref(alpha);
    ck_assert_ptr_eq(released_obj, obj);
    released_obj = NULL;
    memset(memory, 0, sizeof memory);
    test_init_result = PEAL_E_OS;
    ck_assert_int_eq(peal_obj_new_at(&test_pair_class, NULL, memory, on_released), PEAL_E_OS);
    ck_assert_ptr_null(released_obj); /* the memory never was the object's */
    ck_assert_uint_eq(test_happened.finis, 2);
    end_all();
}
END_TEST

static peal_result make_whole(void)
{
    void *p = NULL;
    peal_result r = peal_class_register(&test_pair_clsid, &test_pair_class);
    if (peal_is_ok(r)) {
        r = peal_class_register(&test_whole_clsid, &test_whole_class);
    }
    if (peal_is_ok(r)) {
        r = peal_create(&test_whole_clsid, NULL, &test_delta_iid, &p);
    }
    if (peal_is_ok(r)) {
        test_delta_unref(p);
    } else {
        ck_assert_ptr_null(p);
    }
    return r;
}

START_TEST(each_allocation_may_fail)
{
    bool failed = true;
    unsigned n;
    peal_test_alloc_install();
    for (n = 1; failed; n++) {
        peal_result r;
        peal_test_alloc_fail_nth(n);
        r = make_whole();
        failed = peal_test_alloc_has_failed();
        ck_assert_int_eq(r, failed ? PEAL_E_NO_MEMORY : PEAL_OK);
        ck_assert_uint_eq(peal__census_live(), 0);
        peal_test_alloc_fail_nth(0);
        peal__quarantine_flush();
        peal__registry_fini();
        ck_assert_uint_eq(peal_alloc_live(), 0);
    }
    ck_assert_uint_gt(n, 8);
    peal_test_alloc_remove();
}
END_TEST

TCase *object_cases(void)
{
    TCase *tc = tcase_create("object");
    tcase_add_checked_fixture(tc, test_forget, NULL);
    tcase_add_test(tc, identities_compare_by_address_hash_and_name);
    tcase_add_test(tc, an_interface_leads_to_its_object);
    tcase_add_test(tc, other_copies_of_an_identity_find_the_interface);
    tcase_add_test(tc, references_are_counted_atomically);
    tcase_add_test(tc, references_are_counted_plainly);
    tcase_add_test(tc, references_are_counted_when_bound);
    tcase_add_test(tc, a_failing_init_undoes_everything);
    tcase_add_test(tc, a_class_may_refuse_an_outer);
    tcase_add_test(tc, descriptions_that_cannot_be_right_are_refused);
    tcase_add_test(tc, an_object_may_live_in_memory_of_the_callers);
    tcase_add_test(tc, each_allocation_may_fail);
    return tc;
}
