/* SPDX-License-Identifier: MIT */
/** @file
 * A growing buffer of bytes with a ceiling; also Peal's owned string, since a NUL always follows
 * the last byte. A value embedded in its owner, on the owner's thread. */
#ifndef PEAL_BLOB_H
#define PEAL_BLOB_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A buffer. Zeroed: empty, without a ceiling. */
typedef struct peal_blob {
    char *data;      /**< the bytes and a NUL; NULL before the first one */
    size_t bytes;    /**< how many, the NUL not counted */
    size_t capacity; /**< private: allocated bytes */
    size_t limit;    /**< most bytes it may hold; 0: any number */
} peal_blob;

/** Makes an empty buffer that may hold at most @p limit_bytes (0: any number). */
PEAL_INLINE void peal_blob_init(peal_blob *blob, size_t limit_bytes)
{
    memset(blob, 0, sizeof *blob);
    blob->limit = limit_bytes;
}
/** What is in it; valid until the next change. An empty buffer gives an empty view. */
PEAL_INLINE peal_str peal_blob_str(const peal_blob *blob)
{
    return peal_str_of(blob->data ? blob->data : "", blob->bytes);
}
/** Frees the memory; the buffer is empty then and keeps its ceiling. */
PEAL_API void peal_blob_fini(peal_blob *blob);
/** Empties it and keeps the memory. */
PEAL_API void peal_blob_clear(peal_blob *blob);
/** Makes room for @p more further bytes, so that adding them cannot fail.
 * @return PEAL_OK, PEAL_E_LIMIT above the ceiling, PEAL_E_NO_MEMORY; unchanged then */
PEAL_API peal_result peal_blob_reserve(peal_blob *blob, size_t more);
/** Adds bytes at the end; they may be the buffer's own.
 * @return PEAL_OK, PEAL_E_LIMIT, PEAL_E_NO_MEMORY; unchanged then */
PEAL_API peal_result peal_blob_append(peal_blob *blob, peal_str bytes);
/** Adds formatted text at the end, as printf does.
 * @return PEAL_OK, PEAL_E_LIMIT, PEAL_E_NO_MEMORY, PEAL_E_ARGUMENT; unchanged then */
PEAL_API peal_result peal_blob_printf(peal_blob *blob, const char *format, ...) PEAL_PRINTF(2, 3);
/** Removes the first @p bytes (at most all). */
PEAL_API void peal_blob_drop_front(peal_blob *blob, size_t bytes);
/** Hands the memory over: a NUL-terminated block for peal_free(), "" when it was empty; the buffer
 * is empty then. @return NULL when memory is exhausted (only for an empty buffer) */
PEAL_API char *peal_blob_take(peal_blob *blob);

#ifdef __cplusplus
}
#endif
#endif
