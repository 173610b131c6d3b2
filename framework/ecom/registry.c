/* SPDX-License-Identifier: MIT */
/* Role: what ECOM keeps per class outside of the const class: the census slot, and which class a
 * CLSID names. Thread: any. Writers lock; readers follow pointers that are published once and stay
 * until the last peal_fini(), so looking up takes no lock. Nothing that is shown depends on the
 * order of the address-keyed table: the census goes by class name. */
#include <peal/alloc.h>

#include "framework/ecom/ecom_priv.h"
#include "framework/port/port_os.h"

enum { BUCKETS = 128 };

typedef struct registration {
    const peal_clsid *clsid;
    const peal_class *cls;
    struct registration *next; /* atomic */
} registration;

static peal__mutex lock = PEAL__MUTEX_INIT;
static peal__class_slot *slots[BUCKETS];  /* by address of the class; atomic */
static peal__class_slot *slots_by_name;   /* atomic */
static registration *registered[BUCKETS]; /* by hash of the CLSID; atomic */

#define LOAD(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define PUBLISH(p, value) __atomic_store_n(&(p), (value), __ATOMIC_RELEASE)

/* ---- Slots ---- */

static size_t slot_bucket(const peal_class *cls)
{
    uint64_t x = (uint64_t)(uintptr_t)cls * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x >> 57) % BUCKETS;
}

static peal__class_slot *slot_find(const peal_class *cls)
{
    peal__class_slot *slot = LOAD(slots[slot_bucket(cls)]);
    while (slot && slot->cls != cls) {
        slot = slot->next_hash; /* written before the slot was published */
    }
    return slot;
}

/* Wrong hashes would make an interface unfindable for those who compare by hash. */
static bool iids_are_valid(const peal_class *cls)
{
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        if (!e->vt || !e->iid->name ||
            (e->iid->hash != 0 && e->iid->hash != peal_iid_hash(e->iid->name))) {
            return false;
        }
    }
    return true;
}

static bool class_is_valid(const peal_class *cls)
{
    return cls->struct_size >= offsetof(peal_class, clear) && cls->name &&
           cls->size >= sizeof(peal_obj) && cls->ifs && iids_are_valid(cls);
}

static void link_by_name(peal__class_slot *slot)
{
    peal__class_slot **at = &slots_by_name;
    while (*at && strcmp((*at)->cls->name, slot->cls->name) < 0) {
        at = &(*at)->next_name;
    }
    slot->next_name = *at;
    PUBLISH(*at, slot);
}

static peal_result slot_add(const peal_class *cls, peal__class_slot **ret)
{
    peal__class_slot *slot, **bucket = &slots[slot_bucket(cls)];
    peal_result r = PEAL_OK;
    peal__mutex_lock(&lock);
    slot = slot_find(cls);
    if (!slot) {
        slot = peal_calloc(1, sizeof *slot);
        if (!slot) {
            r = PEAL_E_NO_MEMORY;
            goto out;
        }
        slot->cls = cls;
        slot->next_hash = *bucket;
        link_by_name(slot);
        PUBLISH(*bucket, slot);
    }
    *ret = slot;
out:
    peal__mutex_unlock(&lock);
    return r;
}

peal_result peal__class_slot_get(const peal_class *cls, peal__class_slot **ret)
{
    peal__class_slot *slot = slot_find(cls);
    if (PEAL_LIKELY(slot != NULL)) {
        *ret = slot;
        return PEAL_OK;
    }
    return class_is_valid(cls) ? slot_add(cls, ret) : PEAL_E_ARGUMENT;
}

/* ---- Census ---- */

void peal_census_each(void (*visit)(const peal_census_entry *entry, void *arg), void *arg)
{
    for (peal__class_slot *slot = LOAD(slots_by_name); slot; slot = LOAD(slot->next_name)) {
        peal_census_entry entry;
        entry.class_name = slot->cls->name;
        entry.live = __atomic_load_n(&slot->live, __ATOMIC_RELAXED);
        if (entry.live) {
            visit(&entry, arg);
        }
    }
}

static void add_up(const peal_census_entry *entry, void *arg)
{
    *(size_t *)arg += entry->live;
}

size_t peal__census_live(void)
{
    size_t sum = 0;
    peal_census_each(add_up, &sum);
    return sum;
}

/* ---- CLSIDs ---- */

static registration **registration_bucket(const peal_clsid *clsid)
{
    uint64_t hash = clsid->hash ? clsid->hash : peal_iid_hash(clsid->name);
    return &registered[(hash ^ hash >> 32) % BUCKETS];
}

static registration *registration_find(registration *r, const peal_clsid *clsid)
{
    while (r && !peal_iid_eq(r->clsid, clsid)) {
        r = r->next; /* written before it was published */
    }
    return r;
}

static peal__builtin_class *builtins; /* written before main() only */

void peal__builtin_class_add(peal__builtin_class *builtin)
{
    builtin->next = builtins;
    builtins = builtin;
}

static const peal_class *builtin_find(const peal_clsid *clsid)
{
    const peal__builtin_class *b = builtins;
    while (b && !peal_iid_eq(b->clsid, clsid)) {
        b = b->next;
    }
    return b ? b->cls : NULL;
}

static peal_result registration_add(registration **bucket, const peal_clsid *clsid,
                                    const peal_class *cls)
{
    registration *reg = peal_alloc(sizeof *reg);
    if (!reg) {
        return PEAL_E_NO_MEMORY;
    }
    reg->clsid = clsid;
    reg->cls = cls;
    reg->next = *bucket;
    PUBLISH(*bucket, reg);
    return PEAL_OK;
}

peal_result peal_class_register(const peal_clsid *clsid, const peal_class *cls)
{
    registration **bucket, *old;
    peal_result r;
    if (!clsid->name || (clsid->hash && clsid->hash != peal_iid_hash(clsid->name)) ||
        !class_is_valid(cls)) {
        return PEAL_E_ARGUMENT;
    }
    const peal_class *builtin = builtin_find(clsid);
    if (builtin) {
        return builtin == cls ? PEAL_I_ALREADY : PEAL_E_EXISTS;
    }
    bucket = registration_bucket(clsid);
    peal__mutex_lock(&lock);
    old = registration_find(*bucket, clsid);
    if (old) {
        r = old->cls == cls ? PEAL_I_ALREADY : PEAL_E_EXISTS;
    } else {
        r = registration_add(bucket, clsid, cls);
    }
    peal__mutex_unlock(&lock);
    return r;
}

const peal_class *peal_class_find(const peal_clsid *clsid)
{
    registration *r = registration_find(LOAD(*registration_bucket(clsid)), clsid);
    return r ? r->cls : builtin_find(clsid);
}

void peal__registry_fini(void)
{
    peal__mutex_lock(&lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        while (registered[i]) {
            registration *next = registered[i]->next;
            peal_free(registered[i]);
            registered[i] = next;
        }
        while (slots[i]) {
            peal__class_slot *next = slots[i]->next_hash;
            peal_free(slots[i]);
            slots[i] = next;
        }
    }
    slots_by_name = NULL;
    peal__mutex_unlock(&lock);
}
