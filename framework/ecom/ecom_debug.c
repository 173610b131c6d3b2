/* SPDX-License-Identifier: MIT */
/* Role: what debug builds know more: a record per live object (who made it, who took and released
 * references last), and a quarantine in which dead objects wait for somebody who still uses them.
 * Other builds keep nothing but the class's slot. Thread: any; the lists are locked. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr() */
#endif
#include <stdio.h>

#include <peal/alloc.h>
#include <peal/trace.h>

#include "framework/ecom/ecom_priv.h"
#include "framework/port/port_os.h"

#if PEAL_DEBUG

#if defined(__GLIBC__)
#include <dlfcn.h>
#include <execinfo.h>
#define HAVE_BACKTRACE 1
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#if HAVE_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { FRAMES = 10, NOTES = 8, QUARANTINE = 128, POISON_BYTE = 0xdb };

typedef struct record {
    peal_node node;
    peal_obj *obj;
    peal__class_slot *slot;
    void *frames[FRAMES];
    int depth;
    unsigned notes; /* ever taken; atomic */
    struct {
        void *caller; /* atomic */
        int delta;    /* atomic */
    } note[NOTES];
} record;

/* An object that is dead; only addresses are kept of one whose memory was not ours. */
typedef struct dead {
    peal_obj *obj;
    const peal_class *cls;
    bool ours;
} dead;

static peal__mutex lock = PEAL__MUTEX_INIT;
static peal_node live = { &live, &live };
static dead quarantine[QUARANTINE];
static size_t quarantine_next;

/* ---- Live objects ---- */

peal_result peal__track_new(peal_obj *obj, peal__class_slot *slot)
{
    record *rec = peal_calloc(1, sizeof *rec);
    if (!rec) {
        return PEAL_E_NO_MEMORY;
    }
    rec->obj = obj;
    rec->slot = slot;
#if HAVE_BACKTRACE
    rec->depth = backtrace(rec->frames, FRAMES);
#endif
    obj->track = rec;
    peal__mutex_lock(&lock);
    peal_list_append(&live, &rec->node);
    peal__mutex_unlock(&lock);
    return PEAL_OK;
}

peal__class_slot *peal__track_end(peal_obj *obj)
{
    record *rec = obj->track;
    peal__class_slot *slot = rec->slot;
    peal__mutex_lock(&lock);
    peal_node_unlink(&rec->node);
    peal__mutex_unlock(&lock);
    peal_free(rec);
    return slot;
}

void peal__track_note(peal_obj *obj, int delta, void *caller)
{
    record *rec = obj->track;
    unsigned i = __atomic_fetch_add(&rec->notes, 1, __ATOMIC_RELAXED) % NOTES;
    __atomic_store_n(&rec->note[i].caller, caller, __ATOMIC_RELAXED);
    __atomic_store_n(&rec->note[i].delta, delta, __ATOMIC_RELAXED);
}

static void trace_place(const peal_obj *obj, const char *what, void *place)
{
#if HAVE_BACKTRACE
    Dl_info info;
    if (!dladdr(place, &info) || !info.dli_fname) {
        memset(&info, 0, sizeof info);
    }
    /* File and offset serve addr2line where the name is hidden. */
    PEAL_TRACE(PEAL_TRACE_ECOM, PEAL_TRACE_ERROR, obj, "  %s %s(+0x%zx) %s", what,
               info.dli_fname ? info.dli_fname : "?",
               (size_t)((uintptr_t)place - (uintptr_t)info.dli_fbase),
               info.dli_sname ? info.dli_sname : "");
#else
    PEAL_TRACE(PEAL_TRACE_ECOM, PEAL_TRACE_ERROR, obj, "  %s %p", what, place);
#endif
}

static void trace_record(const record *rec)
{
    unsigned notes = __atomic_load_n(&rec->notes, __ATOMIC_RELAXED);
    PEAL_TRACE(PEAL_TRACE_ECOM, PEAL_TRACE_ERROR, rec->obj, "alive: %s, %u references",
               rec->slot->cls->name, (unsigned)peal_obj_refs(rec->obj));
    /* The first frames are ECOM's own. */
    for (int i = 2; i < rec->depth; i++) {
        trace_place(rec->obj, "made by", rec->frames[i]);
    }
    for (unsigned i = notes > NOTES ? notes - NOTES : 0; i < notes; i++) {
        int delta = __atomic_load_n(&rec->note[i % NOTES].delta, __ATOMIC_RELAXED);
        trace_place(rec->obj, delta > 0 ? "taken by" : "released by",
                    __atomic_load_n(&rec->note[i % NOTES].caller, __ATOMIC_RELAXED));
    }
}

void peal__track_trace_all(void)
{
    peal__mutex_lock(&lock);
    for (peal_node *n = peal_list_first(&live); n; n = peal_list_next(&live, n)) {
        trace_record(PEAL_CONTAINER_OF(n, record, node));
    }
    peal__mutex_unlock(&lock);
}

/* ---- Dead objects ---- */

static bool holds(const dead *d, const void *p)
{
    return d->obj && (uintptr_t)p - (uintptr_t)d->obj < d->cls->size;
}

static const char *if_name(const peal_class *cls, size_t offset)
{
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        if (e->offset == offset) {
            return e->iid->name;
        }
    }
    return offset == 0 ? peal_unk_iid.name : "?";
}

static void report(const void *self)
{
    char text[200];
    const char *class_name = "?", *interface_name = "?";
    peal__mutex_lock(&lock);
    for (size_t i = 1; i <= QUARANTINE; i++) { /* the latest first */
        const dead *d = &quarantine[(quarantine_next + QUARANTINE - i) % QUARANTINE];
        if (holds(d, self)) {
            class_name = d->cls->name;
            interface_name = if_name(d->cls, (uintptr_t)self - (uintptr_t)d->obj);
            break;
        }
    }
    peal__mutex_unlock(&lock);
    (void)snprintf(text, sizeof text, "%s used after final release, through %s", class_name,
                   interface_name);
    peal_assert_failed(__FILE__, __LINE__, text);
}

static peal_result dead_query(peal_unk *self, const peal_iid *iid, void **ret)
{
    (void)iid;
    (void)ret;
    report(self);
    return PEAL_E_STATE;
}
static void dead_count(peal_unk *self)
{
    report(self);
}
/* Stands for each method an interface may have; whatever its arguments, the first is the
 * interface. */
static uintptr_t dead_method(peal_unk *self)
{
    report(self);
    return 0;
}

#define FOUR dead_method, dead_method, dead_method, dead_method
#define SIXTEEN FOUR, FOUR, FOUR, FOUR
static const struct {
    peal_unk_vt unk;
    uintptr_t (*methods[64])(peal_unk *self);
} dead_vt = { { 0, dead_query, dead_count, dead_count }, { SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN } };

static void set_dead(peal_obj *obj, const peal_class *cls)
{
    obj->inner.vt = &dead_vt.unk;
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        ((peal_unk *)(void *)((char *)obj + e->offset))->vt = &dead_vt.unk;
    }
}

/* Gives the object whose place is taken. */
static dead put(peal_obj *obj, const peal_class *cls, bool ours)
{
    dead old;
    peal__mutex_lock(&lock);
    old = quarantine[quarantine_next];
    quarantine[quarantine_next].obj = obj;
    quarantine[quarantine_next].cls = cls;
    quarantine[quarantine_next].ours = ours;
    quarantine_next = (quarantine_next + 1) % QUARANTINE;
    peal__mutex_unlock(&lock);
    return old;
}

static void evict(dead d)
{
    if (d.obj && d.ours) {
        UNPOISON(d.obj, d.cls->size);
        peal_free(d.obj);
    }
}

void peal__quarantine_put(peal_obj *obj, const peal_class *cls)
{
    memset((void *)obj, POISON_BYTE, cls->size);
    set_dead(obj, cls);
    POISON(obj, cls->size);
    UNPOISON(&obj->inner, sizeof obj->inner);
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        UNPOISON((char *)obj + e->offset, sizeof(peal_unk));
    }
    evict(put(obj, cls, true));
}

void peal__mark_dead(peal_obj *obj, const peal_class *cls)
{
    set_dead(obj, cls);
    evict(put(obj, cls, false));
}

void peal__quarantine_flush(void)
{
    for (size_t i = 0; i < QUARANTINE; i++) {
        evict(put(NULL, NULL, false));
    }
}

#else /* !PEAL_DEBUG */

peal_result peal__track_new(peal_obj *obj, peal__class_slot *slot)
{
    obj->track = slot;
    return PEAL_OK;
}
peal__class_slot *peal__track_end(peal_obj *obj)
{
    return obj->track;
}
void peal__quarantine_put(peal_obj *obj, const peal_class *cls)
{
    (void)cls;
    peal_free(obj);
}
void peal__mark_dead(peal_obj *obj, const peal_class *cls)
{
    (void)obj;
    (void)cls;
}
void peal__quarantine_flush(void)
{
}
void peal__track_trace_all(void)
{
}

#endif
