/* SPDX-License-Identifier: MIT */
/* Role: the growing byte buffer. Thread: its owner's. */
#include <stdarg.h>
#include <stdio.h>

#include <peal/alloc.h>
#include <peal/blob.h>

void peal_blob_fini(peal_blob *blob)
{
    peal_free(blob->data);
    peal_blob_init(blob, blob->limit);
}

void peal_blob_clear(peal_blob *blob)
{
    blob->bytes = 0;
    if (blob->data) {
        blob->data[0] = '\0';
    }
}

peal_result peal_blob_reserve(peal_blob *blob, size_t more)
{
    size_t need, capacity;
    char *data;
    if (blob->limit && (blob->bytes > blob->limit || more > blob->limit - blob->bytes)) {
        return PEAL_E_LIMIT;
    }
    if (more > SIZE_MAX / 2 - 1 - blob->bytes) {
        return PEAL_E_NO_MEMORY;
    }
    need = blob->bytes + more + 1;
    if (need <= blob->capacity) {
        return PEAL_OK;
    }
    capacity = blob->capacity + blob->capacity / 2;
    if (blob->limit && capacity > blob->limit + 1) {
        capacity = blob->limit + 1;
    }
    capacity = capacity < need ? need : capacity;
    data = peal_realloc(blob->data, capacity);
    if (!data) {
        return PEAL_E_NO_MEMORY;
    }
    data[blob->bytes] = '\0';
    blob->data = data;
    blob->capacity = capacity;
    return PEAL_OK;
}

peal_result peal_blob_append(peal_blob *blob, peal_str bytes)
{
    /* Our own bytes may move when the buffer grows: remember where they are in it. */
    uintptr_t at = (uintptr_t)bytes.p - (uintptr_t)blob->data;
    bool own = blob->data && bytes.p && at < blob->capacity;
    peal_result r = peal_blob_reserve(blob, bytes.n);
    if (peal_is_error(r)) {
        return r;
    }
    if (bytes.n) {
        memmove(blob->data + blob->bytes, own ? blob->data + at : bytes.p, bytes.n);
        blob->bytes += bytes.n;
        blob->data[blob->bytes] = '\0';
    }
    return PEAL_OK;
}

peal_result peal_blob_printf(peal_blob *blob, const char *format, ...)
{
    va_list args;
    peal_result r;
    int n;
    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        return PEAL_E_ARGUMENT;
    }
    r = peal_blob_reserve(blob, (size_t)n);
    if (peal_is_error(r)) {
        return r;
    }
    va_start(args, format);
    (void)vsnprintf(blob->data + blob->bytes, (size_t)n + 1, format, args);
    va_end(args);
    blob->bytes += (size_t)n;
    return PEAL_OK;
}

void peal_blob_drop_front(peal_blob *blob, size_t bytes)
{
    if (bytes >= blob->bytes) {
        peal_blob_clear(blob);
    } else if (bytes) {
        blob->bytes -= bytes;
        memmove(blob->data, blob->data + bytes, blob->bytes + 1);
    }
}

char *peal_blob_take(peal_blob *blob)
{
    char *data = blob->data ? blob->data : peal_strdup(PEAL_STR(""));
    peal_blob_init(blob, blob->limit);
    return data;
}
