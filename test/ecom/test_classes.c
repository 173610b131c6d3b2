/* SPDX-License-Identifier: MIT */
/* The classes that ECOM is tested with. */
#include "test/ecom/ecom_tests.h"

const peal_iid test_alpha_iid = { "test.alpha/1", UINT64_C(0x12d3b81b2a94d6db) };
const peal_iid test_beta_iid = { "test.beta/1", 0 };
const peal_iid test_gamma_iid = { "test.gamma/1", UINT64_C(0xc5d8a831117bd26e) };
const peal_iid test_delta_iid = { "test.delta/1", UINT64_C(0xc8ea151802e3b69d) };
const peal_clsid test_pair_clsid = { "test.pair/1", UINT64_C(0xf6330dd719354c35) };
const peal_clsid test_whole_clsid = { "test.whole/1", 0 };
const peal_clsid test_bound_clsid = { "test.bound/1", 0 };

test_events test_happened;
peal_result test_init_result;

static void happened(unsigned *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

void test_forget(void)
{
    memset(&test_happened, 0, sizeof test_happened);
    test_init_result = PEAL_OK;
}

peal_unk *test_make(const peal_class *cls, peal_unk *outer)
{
    void *p = NULL;
    peal_obj *obj;
    ck_assert_int_eq(peal_obj_new(cls, outer, &p), PEAL_OK);
    obj = p;
    ck_assert_ptr_eq(obj->cls, cls);
    return &obj->inner;
}

/* ---- pair, local, bound ---- */

typedef struct pair {
    peal_obj obj;
    int secret;
    test_alpha alpha;
    char between; /* interfaces need not stand side by side */
    test_beta beta;
} pair;

static int pair_alpha(test_alpha *self)
{
    return PEAL_IMPL(self, pair, alpha)->secret + 1;
}
static int pair_beta(test_beta *self)
{
    return PEAL_IMPL(self, pair, beta)->secret + 2;
}
static const test_alpha_vt pair_alpha_vt = { PEAL_UNK(pair, alpha), pair_alpha };
static const test_beta_vt pair_beta_vt = { PEAL_UNK(pair, beta), pair_beta };
static const peal_if_entry pair_ifs[] = { PEAL_IF(test_alpha, pair, alpha, pair_alpha_vt),
                                          PEAL_IF(test_beta, pair, beta, pair_beta_vt),
                                          PEAL_IF_END };

static peal_result pair_init(peal_obj *obj)
{
    pair *self = (pair *)obj;
    test_alpha *alpha = NULL;
    happened(&test_happened.inits);
    ck_assert_int_eq(self->secret, 0);
    self->secret = 40;
    /* An init may already use the object as others will. */
    ck_assert_int_eq(test_alpha_query(&obj->inner, &alpha), PEAL_OK);
    ck_assert_int_eq(alpha->vt->value(alpha), 41);
    test_alpha_unref(alpha);
    return test_init_result;
}
static void pair_fini(peal_obj *obj)
{
    /* A fini may take and release references without being called again. */
    test_beta *beta = &((pair *)obj)->beta;
    if (obj->outer == &obj->inner) {
        test_beta_unref(test_beta_ref(beta));
    }
    happened(&test_happened.finis);
}
const peal_class test_pair_class = { .struct_size = sizeof(peal_class),
                                     .name = "test pair",
                                     .size = sizeof(pair),
                                     .ifs = pair_ifs,
                                     .init = pair_init,
                                     .fini = pair_fini };
const peal_class test_local_class = { .struct_size = sizeof(peal_class),
                                      .name = "test local",
                                      .size = sizeof(pair),
                                      .flags = PEAL_CLASS_ONE_THREAD | PEAL_CLASS_NO_AGGREGATION,
                                      .ifs = pair_ifs,
                                      .init = pair_init,
                                      .fini = pair_fini };

static void bound_clear(peal_obj *obj)
{
    (void)obj;
    happened(&test_happened.clears);
}
const peal_class test_bound_class = { .struct_size = sizeof(peal_class),
                                      .name = "test bound",
                                      .size = sizeof(pair),
                                      .flags = PEAL_CLASS_BOUND,
                                      .ifs = pair_ifs,
                                      .fini = pair_fini,
                                      .clear = bound_clear };

/* ---- inner: a part that has nothing but a part of its own with delta ---- */

typedef struct lowest {
    peal_obj obj;
    test_delta delta;
} lowest;
static int lowest_delta(test_delta *self)
{
    (void)self;
    return 4;
}
static const test_delta_vt lowest_delta_vt = { PEAL_UNK(lowest, delta), lowest_delta };
static const peal_if_entry lowest_ifs[] = { PEAL_IF(test_delta, lowest, delta, lowest_delta_vt),
                                            PEAL_IF_END };
static const peal_class lowest_class = { .struct_size = sizeof(peal_class),
                                         .name = "test lowest",
                                         .size = sizeof(lowest),
                                         .ifs = lowest_ifs };

typedef struct inner {
    peal_obj obj;
    peal_unk *low;
} inner;
static peal_result inner_more(peal_obj *obj, const peal_iid *iid, void **ret)
{
    peal_unk *low = ((inner *)obj)->low;
    return low ? low->vt->query(low, iid, ret) : PEAL_E_NO_IF;
}
static peal_result inner_init(peal_obj *obj)
{
    void *p;
    peal_result r = peal_obj_new(&lowest_class, obj->outer, &p);
    if (peal_is_ok(r)) {
        ((inner *)obj)->low = &((peal_obj *)p)->inner;
    }
    return r;
}
static void inner_fini(peal_obj *obj)
{
    inner *self = (inner *)obj;
    if (self->low) {
        self->low->vt->unref(self->low);
    }
    happened(&test_happened.finis);
}
static const peal_if_entry inner_ifs[] = { PEAL_IF_END };
static const peal_class inner_class = { .struct_size = sizeof(peal_class),
                                        .name = "test inner",
                                        .size = sizeof(inner),
                                        .ifs = inner_ifs,
                                        .more = inner_more,
                                        .init = inner_init,
                                        .fini = inner_fini };

/* ---- whole: made of a registered part, and of one in its own block ---- */

typedef struct whole {
    peal_obj obj;
    test_gamma gamma;
    peal_unk *pair;
    peal_unk *inner;
    union {
        inner inner;
        max_align_t align;
    } block;
} whole;
static int whole_gamma(test_gamma *self)
{
    (void)self;
    return 3;
}
static const test_gamma_vt whole_gamma_vt = { PEAL_UNK(whole, gamma), whole_gamma };
static const peal_if_entry whole_ifs[] = { PEAL_IF(test_gamma, whole, gamma, whole_gamma_vt),
                                           PEAL_IF_END };
static peal_result whole_more(peal_obj *obj, const peal_iid *iid, void **ret)
{
    whole *self = (whole *)obj;
    peal_result r = PEAL_E_NO_IF;
    if (self->pair) {
        r = self->pair->vt->query(self->pair, iid, ret);
    }
    if (r == PEAL_E_NO_IF && self->inner) {
        r = self->inner->vt->query(self->inner, iid, ret);
    }
    return r;
}
static peal_result whole_init(peal_obj *obj)
{
    whole *self = (whole *)obj;
    void *p = NULL;
    peal_result r = peal_create(&test_pair_clsid, obj->outer, &peal_unk_iid, &p);
    if (peal_is_error(r)) {
        return r;
    }
    self->pair = p;
    r = peal_obj_new_at(&inner_class, obj->outer, &self->block.inner, NULL);
    if (peal_is_ok(r)) {
        self->inner = &self->block.inner.obj.inner;
    }
    return r;
}
static void whole_fini(peal_obj *obj)
{
    whole *self = (whole *)obj;
    if (self->inner) {
        self->inner->vt->unref(self->inner);
    }
    if (self->pair) {
        self->pair->vt->unref(self->pair);
    }
    happened(&test_happened.finis);
}
const peal_class test_whole_class = { .struct_size = sizeof(peal_class),
                                      .name = "test whole",
                                      .size = sizeof(whole),
                                      .ifs = whole_ifs,
                                      .more = whole_more,
                                      .init = whole_init,
                                      .fini = whole_fini };
