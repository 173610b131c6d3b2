/* SPDX-License-Identifier: MIT */
/* Which class a CLSID names; the census; initialisation. */
#include "framework/base/base_priv.h"
#include "framework/ecom/ecom_priv.h"
#include "test/ecom/ecom_tests.h"

#include <peal/peal.h>
#include <stdio.h>

static void end_all(void)
{
    peal__quarantine_flush();
    peal__registry_fini();
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

START_TEST(a_clsid_names_one_class)
{
    static const peal_clsid copy = { "test.pair/1", 0 }, unnamed = { NULL, 0 };
    static const peal_clsid wrong_hash = { "test.x/1", 5 };
    void *p = NULL;
    ck_assert_ptr_null(peal_class_find(&test_pair_clsid));
    ck_assert_int_eq(peal_create(&test_pair_clsid, NULL, &peal_unk_iid, &p), PEAL_E_NO_CLASS);
    ck_assert_int_eq(peal_class_register(&test_pair_clsid, &test_pair_class), PEAL_OK);
    ck_assert_int_eq(peal_class_register(&copy, &test_pair_class), PEAL_I_ALREADY);
    ck_assert_int_eq(peal_class_register(&copy, &test_local_class), PEAL_E_EXISTS);
    ck_assert_int_eq(peal_class_register(&unnamed, &test_local_class), PEAL_E_ARGUMENT);
    ck_assert_int_eq(peal_class_register(&wrong_hash, &test_local_class), PEAL_E_ARGUMENT);
    ck_assert_ptr_eq(peal_class_find(&copy), &test_pair_class);
    ck_assert_ptr_null(p);
    end_all();
}
END_TEST

START_TEST(create_gives_the_wanted_interface_or_nothing)
{
    void *p = NULL;
    ck_assert_int_eq(peal_class_register(&test_pair_clsid, &test_pair_class), PEAL_OK);
    ck_assert_int_eq(peal_create(&test_pair_clsid, NULL, &test_beta_iid, &p), PEAL_OK);
    ck_assert_int_eq(((test_beta *)p)->vt->value(p), 42);
    test_beta_unref(p);
    ck_assert_uint_eq(test_happened.finis, 1);
    p = NULL;
    ck_assert_int_eq(peal_create(&test_pair_clsid, NULL, &test_delta_iid, &p), PEAL_E_NO_IF);
    ck_assert_ptr_null(p);
    ck_assert_uint_eq(test_happened.finis, 2);
    end_all();
}
END_TEST

START_TEST(many_classes_are_found_again)
{
    enum { MANY = 1000 };
    static char names[MANY][24];
    static peal_clsid clsids[MANY];
    static peal_class classes[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "test.many.%d/1", i);
        clsids[i].name = names[i];
        clsids[i].hash = i % 2 ? peal_iid_hash(names[i]) : 0;
        classes[i] = test_pair_class;
        ck_assert_int_eq(peal_class_register(&clsids[i], &classes[i]), PEAL_OK);
    }
    for (int i = 0; i < MANY; i++) {
        peal_clsid other = { names[i], i % 2 ? 0 : peal_iid_hash(names[i]) };
        ck_assert_ptr_eq(peal_class_find(&other), &classes[i]);
    }
    end_all();
}
END_TEST

typedef struct census {
    char text[256];
    size_t n;
} census;

static void note(const peal_census_entry *entry, void *arg)
{
    census *c = arg;
    c->n += (size_t)snprintf(c->text + c->n, sizeof c->text - c->n, "%s=%zu;", entry->class_name,
                             entry->live);
}

static void expect_census(const char *expected)
{
    census c;
    memset(&c, 0, sizeof c);
    peal_census_each(note, &c);
    ck_assert_str_eq(c.text, expected);
}

START_TEST(the_census_counts_by_class_in_order_of_names)
{
    peal_unk *pairs[3], *local, *bound;
    void *whole = NULL;
    expect_census("");
    local = test_make(&test_local_class, NULL);
    for (int i = 0; i < 3; i++) {
        pairs[i] = test_make(&test_pair_class, NULL);
    }
    bound = test_make(&test_bound_class, NULL);
    expect_census("test bound=1;test local=1;test pair=3;");
    bound->vt->unref(bound);
    pairs[0]->vt->unref(pairs[0]);
    ck_assert_int_eq(peal_class_register(&test_pair_clsid, &test_pair_class), PEAL_OK);
    ck_assert_int_eq(peal_obj_new(&test_whole_class, NULL, &whole), PEAL_OK);
    expect_census("test inner=1;test local=1;test lowest=1;test pair=3;test whole=1;");
    ((peal_obj *)whole)->inner.vt->unref(&((peal_obj *)whole)->inner);
    pairs[1]->vt->unref(pairs[1]);
    pairs[2]->vt->unref(pairs[2]);
    local->vt->unref(local);
    expect_census("");
    end_all();
}
END_TEST

TCase *registry_cases(void)
{
    TCase *tc = tcase_create("registry");
    tcase_add_checked_fixture(tc, test_forget, NULL);
    tcase_add_test(tc, a_clsid_names_one_class);
    tcase_add_test(tc, create_gives_the_wanted_interface_or_nothing);
    tcase_add_test(tc, many_classes_are_found_again);
    tcase_add_test(tc, the_census_counts_by_class_in_order_of_names);
    return tc;
}

/* ---- Initialisation ---- */

static char traced[8192];
static size_t traced_bytes;

static void keep(const peal_trace_record *record, void *arg)
{
    (void)arg;
    traced_bytes += (size_t)snprintf(traced + traced_bytes, sizeof traced - traced_bytes, "%.*s\n",
                                     PEAL_STR_ARG(record->text));
    ck_assert_uint_lt(traced_bytes, sizeof traced);
}

START_TEST(initialisation_is_counted)
{
    ck_assert_int_eq(peal_fini(), PEAL_E_STATE);
    ck_assert_int_eq(peal_init(), PEAL_OK);
    ck_assert_int_eq(peal_init(), PEAL_OK);
    ck_assert_int_eq(peal_class_register(&test_pair_clsid, &test_pair_class), PEAL_OK);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    ck_assert_ptr_eq(peal_class_find(&test_pair_clsid), &test_pair_class);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    ck_assert_ptr_null(peal_class_find(&test_pair_clsid));
    ck_assert_int_eq(peal_fini(), PEAL_E_STATE);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(the_secret_comes_from_the_port)
{
    uint64_t before = peal_hash_bytes(PEAL_STR("x"));
    ck_assert_int_eq(peal_init(), PEAL_OK);
    ck_assert_uint_ne(peal_hash_bytes(PEAL_STR("x")), before);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

START_TEST(finalising_with_live_objects_is_reported_and_changes_nothing)
{
    peal_unk *pair;
    test_alpha *alpha = NULL;
    ck_assert_int_eq(peal_init(), PEAL_OK);
    peal_trace_set_sink(keep, NULL);
    pair = test_make(&test_pair_class, NULL);
    ck_assert_int_eq(test_alpha_query(pair, &alpha), PEAL_OK);
    ck_assert_int_eq(peal_fini(), PEAL_E_LIVE_OBJECTS);
    ck_assert_ptr_nonnull(strstr(traced, "still alive: 1 of test pair\n"));
#if PEAL_DEBUG
    ck_assert_ptr_nonnull(strstr(traced, "alive: test pair, 2 references\n  made by "));
#endif
    test_alpha_unref(alpha);
    pair->vt->unref(pair);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    ck_assert_uint_eq(peal_alloc_live(), 0);
    peal_trace_set_sink(NULL, NULL);
}
END_TEST

TCase *init_cases(void)
{
    TCase *tc = tcase_create("init");
    tcase_add_checked_fixture(tc, test_forget, NULL);
    /* First: without fork a process draws its secret once. */
    tcase_add_test(tc, the_secret_comes_from_the_port);
    tcase_add_test(tc, initialisation_is_counted);
    tcase_add_test(tc, finalising_with_live_objects_is_reported_and_changes_nothing);
    return tc;
}
