/* SPDX-License-Identifier: MIT */
/* Role: the life of objects: creation, the three calls behind every interface, final release.
 *
 * Counting comes in three kinds, chosen per class when an object is made, so that no call asks
 * which one it is: atomic, plain (PEAL_CLASS_ONE_THREAD), and bound (PEAL_CLASS_BOUND). Of bound
 * objects the count's highest bit says that a destruction is on its way to the home thread. Until
 * it arrives the home may still find the object in one of its tables and take a reference; so the
 * bit and the count change together, and whoever brings the count to zero while the bit is set
 * leaves the rest to the message. Thread: any; an object's end is on its home thread. */
#include <peal/alloc.h>
#include <peal/trace.h>

#include "framework/ecom/ecom_priv.h"

enum { STATE_CLEARED = 1, STATE_OWN_MEMORY = 2 };

/* A destruction was posted. */
#define POSTED UINT32_C(0x80000000)
/* The count while an object ends: a fini that takes and releases references does not come back. */
#define HELD UINT32_C(0x40000000)

const peal_iid peal_unk_iid = { "peal.unk/1", UINT64_C(0x76763c7b933a1709) };

static peal__ecom_post_destroy_fn *post_destroy;  /* atomic */
static peal__ecom_is_current_fn *is_current_hook; /* atomic */

void peal__ecom_set_thread_hooks(peal__ecom_post_destroy_fn *post,
                                 peal__ecom_is_current_fn *is_current)
{
    __atomic_store_n(&is_current_hook, is_current, __ATOMIC_RELEASE);
    __atomic_store_n(&post_destroy, post, __ATOMIC_RELEASE);
}

/* ---- Identities ---- */

uint64_t peal_iid_hash(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        hash = (hash ^ *p) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static bool same_text(const peal_iid *a, const peal_iid *b)
{
    return (a->hash == b->hash || !a->hash || !b->hash) && strcmp(a->name, b->name) == 0;
}

bool peal_iid_eq(const peal_iid *a, const peal_iid *b)
{
    return a == b || same_text(a, b);
}

/* ---- The end ---- */

static peal_obj *obj_of(peal_unk *self)
{
    return (peal_obj *)(void *)((char *)self + self->vt->to_obj);
}

#define CLASS_HAS(cls, fn)                                                                        \
    ((cls)->struct_size >= offsetof(peal_class, fn) + sizeof((cls)->fn) && (cls)->fn)

/* Who forgot clear gets it done, and in debug builds hears of it. */
static bool clear_first(peal_obj *obj)
{
    const peal_class *cls = obj->cls;
    if (!(cls->flags & PEAL_CLASS_BOUND) || (obj->state & STATE_CLEARED) ||
        !CLASS_HAS(cls, clear)) {
        return false;
    }
#if PEAL_DEBUG
    PEAL_TRACE(PEAL_TRACE_ECOM, PEAL_TRACE_WARNING, obj, "%s: last reference gone without clear",
               cls->name);
#endif
    obj->state |= STATE_CLEARED;
    cls->clear(obj);
    return true;
}

/* Clear may have started work that holds the object: then its end comes with the last of that. */
static bool lives_on(peal_obj *obj)
{
    if (__atomic_sub_fetch(&obj->refs, HELD, __ATOMIC_ACQ_REL) != 0) {
        return true;
    }
    __atomic_store_n(&obj->refs, HELD, __ATOMIC_RELAXED);
    return false;
}

/* Frees the memory, or gives it to whom it belongs. */
static void discard(peal_obj *obj, bool failed)
{
    const peal_class *cls = obj->cls;
    void (*released)(peal_obj *) = obj->released;
    peal__class_slot *slot = peal__track_end(obj);
    __atomic_fetch_sub(&slot->live, 1, __ATOMIC_RELAXED);
    if (obj->state & STATE_OWN_MEMORY) {
        peal__quarantine_put(obj, cls);
        return;
    }
    peal__mark_dead(obj, cls);
    if (released && !failed) {
        released(obj);
    }
}

static void finish(peal_obj *obj, bool failed)
{
    __atomic_store_n(&obj->refs, HELD, __ATOMIC_RELAXED);
    if (!failed && clear_first(obj) && lives_on(obj)) {
        return;
    }
    if (obj->cls->fini) {
        obj->cls->fini(obj);
    }
    PEAL_ASSERT(__atomic_load_n(&obj->refs, __ATOMIC_RELAXED) == HELD);
    discard(obj, failed);
}

/* ---- Counting: atomic ---- */

static void atomic_ref(peal_unk *self)
{
    __atomic_fetch_add(&obj_of(self)->refs, 1, __ATOMIC_RELAXED);
}

static void atomic_unref(peal_unk *self)
{
    peal_obj *obj = obj_of(self);
    /* A lone reference is ours: nobody else can take one, so no locked instruction is needed. */
    if (__atomic_load_n(&obj->refs, __ATOMIC_ACQUIRE) == 1) {
        finish(obj, false);
    } else if (__atomic_fetch_sub(&obj->refs, 1, __ATOMIC_ACQ_REL) == 1) {
        finish(obj, false);
    }
}

/* ---- Counting: plain ---- */

static void plain_ref(peal_unk *self)
{
    obj_of(self)->refs++;
}

static void plain_unref(peal_unk *self)
{
    peal_obj *obj = obj_of(self);
    if (--obj->refs == 0) {
        finish(obj, false);
    }
}

/* ---- Counting: bound to a home thread ---- */

static bool at_home(const peal_obj *obj)
{
    peal__ecom_is_current_fn *is_current = __atomic_load_n(&is_current_hook, __ATOMIC_ACQUIRE);
    return !obj->home || !is_current || is_current(obj->home);
}

static void end_bound(peal_obj *obj, bool home)
{
    if (home) {
        finish(obj, false);
    } else {
        __atomic_load_n(&post_destroy, __ATOMIC_ACQUIRE)(obj->home, obj);
    }
}

static void bound_unref(peal_unk *self)
{
    peal_obj *obj = obj_of(self);
    bool home = at_home(obj);
    uint32_t refs = __atomic_load_n(&obj->refs, __ATOMIC_RELAXED);
    uint32_t left;
    do {
        left = refs - 1;
        if (left == 0 && !home) {
            left = POSTED;
        }
    } while (!__atomic_compare_exchange_n(&obj->refs, &refs, left, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    if (refs == 1) {
        end_bound(obj, home);
    }
}

void peal__ecom_destroy_posted(peal_obj *obj)
{
    uint32_t refs = __atomic_and_fetch(&obj->refs, ~POSTED, __ATOMIC_ACQ_REL);
    if (refs == 0) {
        finish(obj, false);
    }
}

/* ---- Query ---- */

static peal_result give(peal_unk *interface, void **ret)
{
    interface->vt->ref(interface);
    *ret = interface;
    return PEAL_OK;
}

static const peal_if_entry *find_if(const peal_class *cls, const peal_iid *iid)
{
    /* Nearly always caller and class share one constant: look for its address first. */
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        if (e->iid == iid) {
            return e;
        }
    }
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        if (same_text(e->iid, iid)) {
            return e;
        }
    }
    return NULL;
}

static peal_result inner_query(peal_unk *self, const peal_iid *iid, void **ret)
{
    peal_obj *obj = obj_of(self);
    const peal_if_entry *e = find_if(obj->cls, iid);
    if (e) {
        return give((peal_unk *)(void *)((char *)obj + e->offset), ret);
    }
    if (peal_iid_eq(iid, &peal_unk_iid)) {
        return give(self, ret);
    }
    return obj->cls->more ? obj->cls->more(obj, iid, ret) : PEAL_E_NO_IF;
}

static const peal_unk_vt atomic_vt = { 0, inner_query, atomic_ref, atomic_unref };
static const peal_unk_vt plain_vt = { 0, inner_query, plain_ref, plain_unref };
static const peal_unk_vt bound_vt = { 0, inner_query, atomic_ref, bound_unref };

static const peal_unk_vt *inner_vt_for(const peal_class *cls)
{
    if (cls->flags & PEAL_CLASS_BOUND) {
        return &bound_vt;
    }
    return cls->flags & PEAL_CLASS_ONE_THREAD ? &plain_vt : &atomic_vt;
}

/* ---- The three that every interface shares ---- */

#if PEAL_DEBUG
#define NOTE(root, delta) peal__track_note(obj_of(root), (delta), __builtin_return_address(0))
#else
#define NOTE(root, delta) ((void)0)
#endif

peal_result peal_if_query(peal_unk *self, const peal_iid *iid, void **ret)
{
    peal_unk *root = obj_of(self)->outer;
    peal_result r = root->vt->query(root, iid, ret);
    if (peal_is_ok(r)) {
        NOTE(root, 1);
    }
    return r;
}

void peal_if_ref(peal_unk *self)
{
    peal_unk *root = obj_of(self)->outer;
    NOTE(root, 1);
    root->vt->ref(root);
}

void peal_if_unref(peal_unk *self)
{
    peal_unk *root = obj_of(self)->outer;
    NOTE(root, -1);
    root->vt->unref(root);
}

/* ---- Creation ---- */

/* Makes an object of zeroed memory; on failure the memory is the caller's again, unless it is the
 * object's own. */
static peal_result construct(peal_obj *obj, const peal_class *cls, peal__class_slot *slot,
                             peal_unk *outer)
{
    peal_result r;
    obj->inner.vt = inner_vt_for(cls);
    obj->outer = outer ? outer : &obj->inner;
    obj->cls = cls;
    obj->refs = 1;
    r = peal__track_new(obj, slot);
    if (peal_is_error(r)) {
        return r;
    }
    __atomic_fetch_add(&slot->live, 1, __ATOMIC_RELAXED);
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        ((peal_unk *)(void *)((char *)obj + e->offset))->vt = e->vt;
    }
    return PEAL_OK;
}

static peal_result init(peal_obj *obj)
{
    peal_result r = obj->cls->init ? obj->cls->init(obj) : PEAL_OK;
    if (peal_is_error(r)) {
        PEAL_ASSERT(peal_obj_refs(obj) == 1);
        finish(obj, true);
    }
    return r;
}

static peal_result prepare(const peal_class *cls, const peal_unk *outer, peal__class_slot **ret)
{
    if (outer && (cls->flags & PEAL_CLASS_NO_AGGREGATION)) {
        return PEAL_E_NO_AGGREGATION;
    }
    return peal__class_slot_get(cls, ret);
}

peal_result peal_obj_new(const peal_class *cls, peal_unk *outer, void **ret)
{
    peal__class_slot *slot;
    peal_obj *obj;
    peal_result r = prepare(cls, outer, &slot);
    if (peal_is_error(r)) {
        return r;
    }
    obj = peal_calloc(1, cls->size);
    if (!obj) {
        return PEAL_E_NO_MEMORY;
    }
    obj->state = STATE_OWN_MEMORY;
    r = construct(obj, cls, slot, outer);
    if (peal_is_error(r)) {
        peal_free(obj);
        return r;
    }
    r = init(obj);
    if (peal_is_ok(r)) {
        *ret = obj;
    }
    return r;
}

peal_result peal_obj_new_at(const peal_class *cls, peal_unk *outer, void *memory,
                            void (*released)(peal_obj *obj))
{
    peal__class_slot *slot;
    peal_obj *obj = memory;
    peal_result r = prepare(cls, outer, &slot);
    if (peal_is_error(r)) {
        return r;
    }
    obj->released = released;
    r = construct(obj, cls, slot, outer);
    return peal_is_error(r) ? r : init(obj);
}

peal_result peal_create(const peal_clsid *clsid, peal_unk *outer, const peal_iid *iid, void **ret)
{
    const peal_class *cls = peal_class_find(clsid);
    void *memory;
    peal_obj *obj;
    peal_result r;
    if (!cls) {
        return PEAL_E_NO_CLASS;
    }
    if (outer && !peal_iid_eq(iid, &peal_unk_iid)) {
        return PEAL_E_ARGUMENT; /* a part is held by its inner root */
    }
    r = peal_obj_new(cls, outer, &memory);
    if (peal_is_error(r)) {
        return r;
    }
    obj = memory;
    if (outer) {
        *ret = &obj->inner;
        return r;
    }
    r = obj->inner.vt->query(&obj->inner, iid, ret);
    obj->inner.vt->unref(&obj->inner);
    return r;
}

void peal_obj_bind(peal_obj *obj, struct peal_thread *home)
{
    PEAL_ASSERT(obj->cls->flags & PEAL_CLASS_BOUND);
    obj->home = home;
}

void peal_obj_set_cleared(peal_obj *obj)
{
    obj->state |= STATE_CLEARED;
}

uint32_t peal_obj_refs(const peal_obj *obj)
{
    return __atomic_load_n(&obj->refs, __ATOMIC_RELAXED) & ~(POSTED | HELD);
}
