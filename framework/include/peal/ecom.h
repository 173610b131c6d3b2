/* SPDX-License-Identifier: MIT */
/** @file
 * ECOM: reference-counted component interfaces.
 *
 * An interface is a struct that holds one const vtable pointer. Every vtable starts with
 * peal_unk_vt: query another interface of the same object, add a reference, release one. The head
 * also carries the way back to the object, so three shared functions serve every interface of
 * every class. An object may be an *aggregate*: several parts, each with interfaces of its own,
 * that answer for one another and live under one reference count.
 *
 * Rules: (1) query gives one reference and writes its result on success only; it is reflexive,
 * symmetric and transitive over an object's life. (2) Interfaces never change once released:
 * extend by a new one. (3) Managers (callbacks) are not counted: the application embeds them in
 * its own struct, gets back by PEAL_IMPL, and outlives the service or unsets them. */
#ifndef PEAL_ECOM_H
#define PEAL_ECOM_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The identity of an interface or class: a readable name, as "peal.thread/1", and its 64-bit
 * FNV-1a hash (0: not given, compared by name). Compared by address, hash, then name. */
typedef struct peal_iid {
    const char *name; /**< never reused for another meaning */
    uint64_t hash;    /**< peal_iid_hash(name), or 0 */
} peal_iid;
/** Identity of a class (what a factory makes). */
typedef peal_iid peal_clsid;

/** The FNV-1a hash that belongs into peal_iid.hash. @thread any */
PEAL_API uint64_t peal_iid_hash(const char *name);
/** Same identity. @thread any */
PEAL_API bool peal_iid_eq(const peal_iid *a, const peal_iid *b);

typedef struct peal_unk peal_unk;
/** Head of every interface's vtable. */
typedef struct peal_unk_vt {
    ptrdiff_t to_obj; /**< bytes from this interface to its peal_obj */
    /** Gives another interface of the object, with one reference. PEAL_E_NO_IF if it has none. */
    peal_result (*query)(peal_unk *self, const peal_iid *iid, void **ret);
    void (*ref)(peal_unk *self);   /**< takes one more reference */
    void (*unref)(peal_unk *self); /**< releases one; the last destroys the whole aggregate */
} peal_unk_vt;
/** The root: what every interface starts as. */
struct peal_unk {
    const peal_unk_vt *vt; /**< constant after creation */
};
/** The root interface: the object's identity (the same pointer from each of its interfaces). */
PEAL_API extern const peal_iid peal_unk_iid;

/** Declares interface N with helpers N_ref, N_unref (returns NULL), N_unrefp and N_query; used as
 * `PEAL_INTERFACE(n) { peal_unk_vt unk; methods };`. Up-casts are `&x->unk`. */
#define PEAL_INTERFACE(N)                                                                         \
    PEAL_API extern const peal_iid N##_iid;                                                       \
    typedef struct N##_vt N##_vt;                                                                 \
    typedef struct N N;                                                                           \
    struct N {                                                                                    \
        union {                                                                                   \
            const struct N##_vt *vt;                                                              \
            peal_unk unk;                                                                         \
        };                                                                                        \
    };                                                                                            \
    PEAL_INLINE struct N *N##_ref(struct N *self)                                                 \
    {                                                                                             \
        if (self) {                                                                               \
            self->unk.vt->ref(&self->unk);                                                        \
        }                                                                                         \
        return self;                                                                              \
    }                                                                                             \
    PEAL_INLINE struct N *N##_unref(struct N *self)                                               \
    {                                                                                             \
        if (self) {                                                                               \
            self->unk.vt->unref(&self->unk);                                                      \
        }                                                                                         \
        return NULL;                                                                              \
    }                                                                                             \
    PEAL_INLINE void N##_unrefp(struct N **p)                                                     \
    {                                                                                             \
        *p = N##_unref(*p);                                                                       \
    }                                                                                             \
    PEAL_INLINE peal_result N##_query(peal_unk *from, struct N **ret)                             \
    {                                                                                             \
        void *p = NULL;                                                                           \
        peal_result r = from->vt->query(from, &N##_iid, &p);                                      \
        if (r >= 0) {                                                                             \
            *ret = (struct N *)p;                                                                 \
        }                                                                                         \
        return r;                                                                                 \
    }                                                                                             \
    struct N##_vt

/** Declares manager N (callbacks that the application implements); used as
 * `PEAL_MANAGER(n) { size_t size; callbacks };`. Grows at its end only, guarded by size. */
#define PEAL_MANAGER(N)                                                                           \
    typedef struct N##_vt N##_vt;                                                                 \
    typedef struct N N;                                                                           \
    struct N {                                                                                    \
        const struct N##_vt *vt;                                                                  \
    };                                                                                            \
    struct N##_vt
/** The callback fn of vtable t (of manager or interface N) is there. */
#define PEAL_VT_HAS(N, t, fn) ((t)->size >= offsetof(N##_vt, fn) + sizeof((t)->fn) && (t)->fn)
/** From an embedded interface or manager to the struct around it. */
#define PEAL_IMPL(ptr, type, member) PEAL_CONTAINER_OF(ptr, type, member)

/** Makes an instance of a registered class and returns the wanted interface with one reference.
 * @param clsid  the class
 * @param outer  the aggregating object's root, borrowed; NULL for a stand-alone object. With an
 *               outer @p iid must be peal_unk_iid and the result is the part's inner root.
 * @param iid    the interface wanted
 * @param ret    gets the interface; untouched on failure
 * @return PEAL_OK, PEAL_E_NO_CLASS, PEAL_E_NO_IF, PEAL_E_NO_MEMORY, PEAL_E_NO_AGGREGATION,
 *         PEAL_E_ARGUMENT for another @p iid than the root with an outer, or what the class's init
 *         gave
 * @thread any */
PEAL_API peal_result peal_create(const peal_clsid *clsid, peal_unk *outer, const peal_iid *iid,
                                 void **ret);

/** What the live-object census tells of one class. */
typedef struct peal_census_entry {
    const char *class_name; /**< lives as long as the class */
    size_t live;            /**< instances alive */
} peal_census_entry;
/** Visits each class that has live instances (kept in every build; per-object lists in debug).
 * @thread any; concurrent changes may or may not be seen */
PEAL_API void peal_census_each(void (*visit)(const peal_census_entry *entry, void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
