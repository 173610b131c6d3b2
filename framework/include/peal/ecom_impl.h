/* SPDX-License-Identifier: MIT */
/** @file
 * For those who write ECOM classes: objects, class descriptions, registration, aggregation. */
#ifndef PEAL_ECOM_IMPL_H
#define PEAL_ECOM_IMPL_H

#include <peal/ecom.h>
#include <peal/list.h>

#ifdef __cplusplus
extern "C" {
#endif

struct peal_thread;
typedef struct peal_obj peal_obj;

/** One interface of a class. */
typedef struct peal_if_entry {
    const peal_iid *iid;   /**< NULL ends the table */
    size_t offset;         /**< of the interface inside the implementation */
    const peal_unk_vt *vt; /**< installed at creation */
} peal_if_entry;

/** Class flags. */
enum {
    PEAL_CLASS_PLAIN = 0,
    PEAL_CLASS_BOUND = 1,      /**< has a home thread; a final release elsewhere is posted there */
    PEAL_CLASS_ONE_THREAD = 2, /**< never crosses threads: plain reference counts */
    PEAL_CLASS_NO_AGGREGATION = 4 /**< refuses an outer */
};

/** Everything ECOM knows of a class; `static const`. */
typedef struct peal_class {
    size_t struct_size;       /**< sizeof(peal_class), for growth */
    const char *name;         /**< shown by traces, census and the debugger */
    size_t size;              /**< bytes of an implementation, which starts with a peal_obj */
    unsigned flags;           /**< PEAL_CLASS_… */
    const peal_if_entry *ifs; /**< ends with a NULL iid */
    /** Asks aggregated parts for an interface this class lacks; NULL when it has no parts. */
    peal_result (*more)(peal_obj *obj, const peal_iid *iid, void **ret);
    /** Called with memory zeroed and vtables in place; NULL when nothing is to do. */
    peal_result (*init)(peal_obj *obj);
    /** Called once, count held; must cope with a half-built object; may not call siblings. */
    void (*fini)(peal_obj *obj);
    /** Bound classes: called before fini when the last reference goes without clear. What it starts
     * may take references; then the object lives on until the last of them is released. */
    void (*clear)(peal_obj *obj);
} peal_class;

/** First member of every implementation. Private but for cls and outer, which are read only. */
struct peal_obj {
    peal_unk inner;           /**< non-delegating root: what an aggregator holds */
    peal_unk *outer;          /**< controlling root, borrowed; &inner when alone */
    const peal_class *cls;    /**< the class */
    uint32_t refs;            /**< touched by ECOM only */
    uint32_t state;           /**< private flags */
    struct peal_thread *home; /**< bound objects: the home thread, borrowed; else NULL */
    void (*released)(peal_obj *obj); /**< private: instead of freeing, or NULL */
    void *track;                     /**< private: census slot, or record in debug builds */
    uint64_t node[3];                /**< private: message that carries a posted destruction */
};

/** Makes an instance of @p cls (stand-alone, or a part when @p outer is not NULL) with one
 * reference, and gives the implementation. @thread any */
PEAL_API peal_result peal_obj_new(const peal_class *cls, peal_unk *outer, void **ret);
/** Makes an instance in memory the caller provides (cls->size zeroed bytes, aligned 16), as parts
 * of one block do. At the last release @p released is called instead of freeing; NULL: the
 * memory belongs to the outer's block and nothing is freed. When it fails the memory is the
 * caller's, @p released is not called, and it must be zeroed before another try. */
PEAL_API peal_result peal_obj_new_at(const peal_class *cls, peal_unk *outer, void *memory,
                                     void (*released)(peal_obj *obj));
/** Binds an object to its home thread; only in init or right after creation. */
PEAL_API void peal_obj_bind(peal_obj *obj, struct peal_thread *home);
/** Says that clear was run, so that the final release needs no other. */
PEAL_API void peal_obj_set_cleared(peal_obj *obj);
/** References held now (for tests and traces). */
PEAL_API uint32_t peal_obj_refs(const peal_obj *obj);

/** These three go to the controlling root and serve every interface of every class. */
PEAL_API peal_result peal_if_query(peal_unk *self, const peal_iid *iid, void **ret);
/** See peal_if_query(). */
PEAL_API void peal_if_ref(peal_unk *self);
/** See peal_if_query(). */
PEAL_API void peal_if_unref(peal_unk *self);

/** The vtable head of the interface that is @p member of @p type. */
#define PEAL_UNK(type, member)                                                                    \
    {                                                                                             \
        -(ptrdiff_t)offsetof(type, member), peal_if_query, peal_if_ref, peal_if_unref             \
    }
/** A class's interface table entry. */
#define PEAL_IF(N, type, member, vtable) { &N##_iid, offsetof(type, member), &(vtable).unk }
/** End of a class's interface table. */
#define PEAL_IF_END { NULL, 0, NULL }

/** Registers a class so that peal_create() makes it. Both are borrowed for ever.
 * @return PEAL_OK, PEAL_I_ALREADY for the same pair, PEAL_E_EXISTS, PEAL_E_NO_MEMORY
 * @thread any */
PEAL_API peal_result peal_class_register(const peal_clsid *clsid, const peal_class *cls);
/** The class registered under @p clsid; NULL if none. @thread any */
PEAL_API const peal_class *peal_class_find(const peal_clsid *clsid);

#ifdef __cplusplus
}
#endif
#endif
