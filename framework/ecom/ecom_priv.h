/* SPDX-License-Identifier: MIT */
/* Role: what ECOM's files share, and what the thread package and tests need of ECOM.
 * Thread: any, unless said otherwise. */
#ifndef PEAL_FRAMEWORK_ECOM_ECOM_PRIV_H
#define PEAL_FRAMEWORK_ECOM_ECOM_PRIV_H

#include <peal/ecom_impl.h>

/* ---- Hooks that the thread package installs (ECOM stands left of it). ---- */

/** Posts the destruction of @p obj to its home thread, where peal__ecom_destroy_posted() must run
 * once. The message lives in obj->node (24 bytes, 8-aligned), so this cannot fail. */
typedef void peal__ecom_post_destroy_fn(struct peal_thread *home, peal_obj *obj);
/** The calling system thread serves @p home now. */
typedef bool peal__ecom_is_current_fn(const struct peal_thread *home);

/** Installs both. May be called again with the same values, from any thread. */
void peal__ecom_set_thread_hooks(peal__ecom_post_destroy_fn *post,
                                 peal__ecom_is_current_fn *is_current);
/** Ends an object whose destruction was posted, unless its home took a new reference meanwhile.
 * @thread the object's home */
void peal__ecom_destroy_posted(peal_obj *obj);
/** From the address of obj->node to the object. */
PEAL_INLINE peal_obj *peal__ecom_obj_of_node(void *node)
{
    return (peal_obj *)(void *)((char *)node - offsetof(peal_obj, node));
}

/* ---- For the other libraries (init.c) ---- */

/** The framework is initialised now. */
PEAL_API bool peal_x_is_initialised(void);

/* ---- Registry and census (registry.c) ---- */

/** A class of the framework itself, that needs no registration: it is there before peal_init() and
 * takes no memory. */
typedef struct peal__builtin_class {
    const peal_clsid *clsid;
    const peal_class *cls;
    struct peal__builtin_class *next; /**< private */
} peal__builtin_class;
/** Adds one; borrowed for ever. @thread the one that starts the process, before main() */
void peal__builtin_class_add(peal__builtin_class *builtin);

/** Per class, outside of the const class. Lives until the last peal_fini(). */
typedef struct peal__class_slot {
    const peal_class *cls;
    struct peal__class_slot *next_hash; /**< of the same bucket; atomic */
    struct peal__class_slot *next_name; /**< in order of names; atomic */
    size_t live;                        /**< instances; atomic */
} peal__class_slot;

/** The slot of a class, made at first use.
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_ARGUMENT when the class description is not valid */
peal_result peal__class_slot_get(const peal_class *cls, peal__class_slot **ret);
/** Instances of all classes. */
size_t peal__census_live(void);
/** Frees slots and registrations; nothing may be alive. @thread the last peal_fini() */
void peal__registry_fini(void);

/* ---- Debugging aids (ecom_debug.c); without PEAL_DEBUG they are next to nothing. ---- */

/** Starts tracking of a new object; sets obj->track. @return PEAL_OK, PEAL_E_NO_MEMORY */
peal_result peal__track_new(peal_obj *obj, peal__class_slot *slot);
/** Ends tracking. @return the object's slot */
peal__class_slot *peal__track_end(peal_obj *obj);
/** Frees the memory of a dead object; in debug builds some time later, and until then each use of
 * one of its interfaces is reported with the class's and the interface's name. */
void peal__quarantine_put(peal_obj *obj, const peal_class *cls);
/** Marks the interfaces of a dead object whose memory is not ours. */
void peal__mark_dead(peal_obj *obj, const peal_class *cls);
/** Frees what is in quarantine. */
void peal__quarantine_flush(void);
/** Traces each live object: class, references, who made it, who took references last. */
void peal__track_trace_all(void);
#if PEAL_DEBUG
/** Remembers in the object's record who took (+1) or released (-1) a reference. */
void peal__track_note(peal_obj *obj, int delta, void *caller);
#endif

#endif
