/* SPDX-License-Identifier: MIT */
/** @file
 * Universally unique identifiers (RFC 9562), as `+sip.instance` carries them (RFC 5626 §4.1). */
#ifndef PEAL_UUID_H
#define PEAL_UUID_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A UUID. Zeroed: the nil UUID. */
typedef struct peal_uuid {
    uint8_t bytes[16]; /**< network order */
} peal_uuid;

/** Bytes of peal_uuid_format(), with its NUL. */
#define PEAL_UUID_TEXT_MAX 37

/** Makes a version 4 UUID of 16 random bytes, drawn by peal_thread_random() or a port's random.
 * @thread any */
PEAL_API peal_uuid peal_uuid_of_random(const uint8_t random[16]);
/** Writes the 36 characters, lower case (RFC 9562 §4), and a NUL. */
PEAL_API void peal_uuid_format(const peal_uuid *uuid, char text[PEAL_UUID_TEXT_MAX]);
/** Parses the 36 characters, any case, with or without "urn:uuid:" before them.
 * @return PEAL_OK, PEAL_E_SYNTAX */
PEAL_API peal_result peal_uuid_parse(peal_str text, peal_uuid *ret);
/** Same UUID. */
PEAL_INLINE bool peal_uuid_eq(const peal_uuid *a, const peal_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

#ifdef __cplusplus
}
#endif
#endif
