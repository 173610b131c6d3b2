/* SPDX-License-Identifier: MIT */
/** @file
 * A growing array of items of one size. Items are copied in and may move when it grows. A value
 * embedded in its owner, on the owner's thread. */
#ifndef PEAL_VEC_H
#define PEAL_VEC_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An array. Made by peal_vec_init(). */
typedef struct peal_vec {
    void *items;       /**< the first item; NULL before the first one */
    size_t count;      /**< items in it */
    size_t capacity;   /**< private: items that have room */
    size_t item_bytes; /**< sizeof an item */
} peal_vec;

/** Makes an empty array for items of @p item_bytes (not 0). */
PEAL_INLINE void peal_vec_init(peal_vec *vec, size_t item_bytes)
{
    memset(vec, 0, sizeof *vec);
    vec->item_bytes = item_bytes;
}
/** The item at @p index, which must be less than count; valid until the next change. */
PEAL_INLINE void *peal_vec_at(const peal_vec *vec, size_t index)
{
    return (char *)vec->items + index * vec->item_bytes;
}
/** Frees the memory; the array is empty then. */
PEAL_API void peal_vec_fini(peal_vec *vec);
/** Empties it and keeps the memory. */
PEAL_API void peal_vec_clear(peal_vec *vec);
/** Makes room for @p more further items, so that adding them cannot fail.
 * @return PEAL_OK, PEAL_E_NO_MEMORY; unchanged then */
PEAL_API peal_result peal_vec_reserve(peal_vec *vec, size_t more);
/** Adds a copy of @p item (not one of the array's own) at the end.
 * @return PEAL_OK, PEAL_E_NO_MEMORY; unchanged then */
PEAL_API peal_result peal_vec_push(peal_vec *vec, const void *item);
/** Puts a copy of @p item (not one of the array's own) before the one at @p index, at most count.
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_RANGE; unchanged then */
PEAL_API peal_result peal_vec_insert(peal_vec *vec, size_t index, const void *item);
/** Takes the item at @p index out; those behind it move up. @return PEAL_OK, PEAL_E_RANGE */
PEAL_API peal_result peal_vec_remove(peal_vec *vec, size_t index);

#ifdef __cplusplus
}
#endif
#endif
