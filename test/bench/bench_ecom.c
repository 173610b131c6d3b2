/* SPDX-License-Identifier: MIT */
/* What ECOM and the things below it cost: one line per operation, nanoseconds of CPU, the best of
 * many short runs on one thread. Usage: bench_ecom */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <peal/ecom_impl.h>
#include <peal/peal.h>

enum { RUNS = 100, LOOPS = 40000, PARTS = 8 };

PEAL_INTERFACE(bench_if) {
    peal_unk_vt unk;
    int (*value)(bench_if *self);
};
const peal_iid bench_if_iid = { "bench.if/1", 0 };

/* ---- A part, and a whole of eight parts (as many services as a call's context has) ---- */

typedef struct part {
    peal_obj obj;
    bench_if face;
} part;
static int part_value(bench_if *self)
{
    return self != NULL;
}
static const bench_if_vt part_vt = { PEAL_UNK(part, face), part_value };
/* Each part class has an interface identity of its own. */
static peal_iid part_iids[PARTS];
static peal_clsid part_clsids[PARTS];
static char part_names[PARTS][24];
static peal_if_entry part_ifs[PARTS][2];
static peal_class part_classes[PARTS];
static const peal_if_entry local_ifs[] = { PEAL_IF(bench_if, part, face, part_vt), PEAL_IF_END };
static const peal_class local_class = { .struct_size = sizeof(peal_class),
                                        .name = "bench local",
                                        .size = sizeof(part),
                                        .flags = PEAL_CLASS_ONE_THREAD,
                                        .ifs = local_ifs };
static const peal_class shared_class = { .struct_size = sizeof(peal_class),
                                         .name = "bench shared",
                                         .size = sizeof(part),
                                         .ifs = local_ifs };

typedef struct whole {
    peal_obj obj;
    peal_unk *parts[PARTS];
} whole;
static peal_result whole_more(peal_obj *obj, const peal_iid *iid, void **ret)
{
    whole *self = (whole *)obj;
    peal_result r = PEAL_E_NO_IF;
    for (int i = 0; i < PARTS && r == PEAL_E_NO_IF; i++) {
        r = self->parts[i]->vt->query(self->parts[i], iid, ret);
    }
    return r;
}
static peal_result whole_init(peal_obj *obj)
{
    whole *self = (whole *)obj;
    for (int i = 0; i < PARTS; i++) {
        void *p;
        peal_result r = peal_create(&part_clsids[i], obj->outer, &peal_unk_iid, &p);
        if (peal_is_error(r)) {
            return r;
        }
        self->parts[i] = p;
    }
    return PEAL_OK;
}
static void whole_fini(peal_obj *obj)
{
    whole *self = (whole *)obj;
    for (int i = 0; i < PARTS; i++) {
        if (self->parts[i]) {
            self->parts[i]->vt->unref(self->parts[i]);
        }
    }
}
static const peal_if_entry whole_ifs[] = { PEAL_IF_END };
static const peal_class whole_class = { .struct_size = sizeof(peal_class),
                                        .name = "bench whole",
                                        .size = sizeof(whole),
                                        .ifs = whole_ifs,
                                        .more = whole_more,
                                        .init = whole_init,
                                        .fini = whole_fini };

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_ecom: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

static void register_parts(void)
{
    for (int i = 0; i < PARTS; i++) {
        snprintf(part_names[i], sizeof part_names[i], "bench.part.%d/1", i);
        part_iids[i].name = part_clsids[i].name = part_names[i];
        part_iids[i].hash = part_clsids[i].hash = peal_iid_hash(part_names[i]);
        part_ifs[i][0].iid = &part_iids[i];
        part_ifs[i][0].offset = offsetof(part, face);
        part_ifs[i][0].vt = &part_vt.unk;
        part_classes[i].struct_size = sizeof(peal_class);
        part_classes[i].name = part_names[i];
        part_classes[i].size = sizeof(part);
        part_classes[i].ifs = part_ifs[i];
        check(peal_class_register(&part_clsids[i], &part_classes[i]) == PEAL_OK, "register");
    }
}

/* ---- Operations; each does @p n of them on what @p arg gives ---- */

static void ref_unref(void *arg, unsigned n)
{
    bench_if *face = &((part *)arg)->face;
    while (n--) {
        bench_if_unref(bench_if_ref(face));
    }
}
static void query_own(void *arg, unsigned n)
{
    while (n--) {
        bench_if *face = NULL;
        check(bench_if_query(&((part *)arg)->face.unk, &face) == PEAL_OK, "query");
        bench_if_unref(face);
    }
}
static void query_through(void *arg, unsigned n, const peal_iid *iid)
{
    peal_unk *from = arg;
    while (n--) {
        void *p = NULL;
        check(from->vt->query(from, iid, &p) == PEAL_OK, "query");
        ((peal_unk *)p)->vt->unref(p);
    }
}
static void query_first(void *arg, unsigned n)
{
    query_through(arg, n, &part_iids[0]);
}
static void query_last(void *arg, unsigned n)
{
    query_through(arg, n, &part_iids[PARTS - 1]);
}
static void query_last_by_text(void *arg, unsigned n)
{
    peal_iid copy = part_iids[PARTS - 1];
    query_through(arg, n, &copy);
}
static void query_none(void *arg, unsigned n)
{
    peal_unk *from = arg;
    while (n--) {
        void *p = NULL;
        check(from->vt->query(from, &bench_if_iid, &p) == PEAL_E_NO_IF, "query");
    }
}
static void make_end(void *arg, unsigned n)
{
    while (n--) {
        void *p = NULL;
        check(peal_obj_new(arg, NULL, &p) == PEAL_OK, "new");
        ((peal_obj *)p)->inner.vt->unref(p);
    }
}
static void malloc_free(void *arg, unsigned n)
{
    while (n--) {
        void *volatile p = calloc(1, ((const peal_class *)arg)->size);
        check(p != NULL, "calloc");
        free(p);
    }
}
static void create_end(void *arg, unsigned n)
{
    (void)arg;
    while (n--) {
        void *p = NULL;
        check(peal_create(&part_clsids[3], NULL, &part_iids[3], &p) == PEAL_OK, "create");
        ((peal_unk *)p)->vt->unref(p);
    }
}
static void pool_block(void *arg, unsigned n)
{
    while (n--) {
        void *p = peal_pool_alloc(arg, 512);
        check(p != NULL, "pool");
        peal_pool_free(p);
    }
}
static void hash_key(void *arg, unsigned n)
{
    uint64_t sum = 0;
    while (n--) {
        sum += peal_hash_bytes(*(peal_str *)arg);
    }
    check(sum != 1, "hash");
}

static double seconds(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "clock");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(const char *what, void (*run)(void *, unsigned), void *arg, unsigned loops)
{
    double best = 1e9;
    for (int i = 0; i < RUNS; i++) {
        double start = seconds();
        run(arg, loops);
        double each = (seconds() - start) / loops * 1e9;
        best = each < best ? each : best;
    }
    printf("%-58s %8.1f ns\n", what, best);
}

static peal_obj *make(const peal_class *cls)
{
    void *p = NULL;
    check(peal_obj_new(cls, NULL, &p) == PEAL_OK, "new");
    return p;
}

int main(void)
{
    peal_str branch = PEAL_STR("z9hG4bK-524287-1---7f0c6ad1b1d5a86b");
    peal_pool *pool = NULL;
    check(peal_init() == PEAL_OK && peal_pool_new(1 << 20, &pool) == PEAL_OK, "init");
    register_parts();
    peal_obj *local = make(&local_class), *shared = make(&shared_class), *big = make(&whole_class);
    measure("reference and release, atomic", ref_unref, shared, LOOPS);
    measure("reference and release, one-thread class", ref_unref, local, LOOPS);
    measure("query of an interface of its own, and release", query_own, shared, LOOPS);
    measure("query of the first of 8 parts, and release", query_first, big, LOOPS);
    measure("query of the last of 8 parts, and release", query_last, big, LOOPS);
    measure("the same by another copy of the identity", query_last_by_text, big, LOOPS);
    measure("query that no part answers", query_none, big, LOOPS);
    measure("an object made and ended", make_end, (void *)(uintptr_t)&shared_class, LOOPS / 4);
    measure("calloc and free of its memory alone", malloc_free, (void *)(uintptr_t)&shared_class,
            LOOPS / 4);
    measure("peal_create() by CLSID, and the end", create_end, NULL, LOOPS / 4);
    measure("an object of 8 parts attached by CLSID, made and ended", make_end,
            (void *)(uintptr_t)&whole_class, LOOPS / 20);
    measure("a block of 512 bytes from a pool, and back", pool_block, pool, LOOPS);
    measure("keyed hash of a branch (35 bytes)", hash_key, &branch, LOOPS);
    peal_obj *all[] = { local, shared, big };
    for (size_t i = 0; i < PEAL_COUNT_OF(all); i++) {
        all[i]->inner.vt->unref(&all[i]->inner);
    }
    peal_pool_release(pool);
    check(peal_fini() == PEAL_OK && peal_alloc_live() == 0, "fini");
    return EXIT_SUCCESS;
}
