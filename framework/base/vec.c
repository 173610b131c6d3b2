/* SPDX-License-Identifier: MIT */
/* Role: the growing array. Thread: its owner's. */
#include <peal/alloc.h>
#include <peal/vec.h>

void peal_vec_fini(peal_vec *vec)
{
    peal_free(vec->items);
    peal_vec_init(vec, vec->item_bytes);
}

void peal_vec_clear(peal_vec *vec)
{
    vec->count = 0;
}

peal_result peal_vec_reserve(peal_vec *vec, size_t more)
{
    size_t need, bytes, capacity = vec->capacity + vec->capacity / 2;
    void *items;
    if (__builtin_add_overflow(vec->count, more, &need)) {
        return PEAL_E_NO_MEMORY;
    }
    if (need <= vec->capacity) {
        return PEAL_OK;
    }
    capacity = capacity < need ? need : capacity;
    capacity = capacity < 4 ? 4 : capacity;
    if (__builtin_mul_overflow(capacity, vec->item_bytes, &bytes)) {
        return PEAL_E_NO_MEMORY;
    }
    items = peal_realloc(vec->items, bytes);
    if (!items) {
        return PEAL_E_NO_MEMORY;
    }
    vec->items = items;
    vec->capacity = capacity;
    return PEAL_OK;
}

peal_result peal_vec_push(peal_vec *vec, const void *item)
{
    return peal_vec_insert(vec, vec->count, item);
}

peal_result peal_vec_insert(peal_vec *vec, size_t index, const void *item)
{
    peal_result r;
    char *at;
    if (index > vec->count) {
        return PEAL_E_RANGE;
    }
    r = peal_vec_reserve(vec, 1);
    if (peal_is_error(r)) {
        return r;
    }
    at = peal_vec_at(vec, index);
    memmove(at + vec->item_bytes, at, (vec->count - index) * vec->item_bytes);
    memcpy(at, item, vec->item_bytes);
    vec->count++;
    return PEAL_OK;
}

peal_result peal_vec_remove(peal_vec *vec, size_t index)
{
    char *at;
    if (index >= vec->count) {
        return PEAL_E_RANGE;
    }
    at = peal_vec_at(vec, index);
    vec->count--;
    memmove(at, at + vec->item_bytes, (vec->count - index) * vec->item_bytes);
    return PEAL_OK;
}
