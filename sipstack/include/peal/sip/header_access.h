/* SPDX-License-Identifier: MIT */
/** @file
 * Typed values in packets: reading them, decoded once and kept, and writing them. The headers that
 * include this one have the types and, by the macros below, for each type a pair of functions. */
#ifndef PEAL_SIP_HEADER_ACCESS_H
#define PEAL_SIP_HEADER_ACCESS_H

#include <peal/sip/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What becomes of the header's lines when one is written. */
typedef enum peal_sip_put {
    PEAL_SIP_PUT_ADD, /**< behind the others */
    PEAL_SIP_PUT_PUSH, /**< in front of them */
    PEAL_SIP_PUT_SET  /**< in place of them */
} peal_sip_put;

/** The nth value over all lines with this id, decoded at the first call. It lives as long as the
 * line. @param kind what the caller takes it for; it must be the header's, or its list form
 * @return PEAL_OK, PEAL_E_NOT_FOUND (also for another kind), PEAL_E_SIP_HEADER, PEAL_E_LIMIT,
 * PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_packet_get(peal_sip_packet *packet, peal_sip_header_id id,
                                         peal_sip_header_kind kind, size_t nth, const void **ret);
/** Writes a line with this one value, by its grammar. @param value of @p kind, which must be the
 * header's, or its list form
 * @return PEAL_OK, PEAL_E_ARGUMENT when it cannot be written or is of another kind,
 * PEAL_E_NO_MEMORY, PEAL_E_LIMIT; the packet is as before then */
PEAL_API peal_result peal_sip_packet_put(peal_sip_packet *packet, peal_sip_header_id id,
                                         peal_sip_header_kind kind, peal_sip_put how,
                                         const void *value);

/** Defines peal_sip_packet_get_NAME(packet, id, nth, &ret) and
 * peal_sip_packet_put_NAME(packet, id, how, &value) for a type that several headers have. */
#define PEAL_SIP_ACCESS(name, KIND)                                                               \
    PEAL_INLINE peal_result peal_sip_packet_get_##name(peal_sip_packet *packet,                   \
                                                       peal_sip_header_id id, size_t nth,         \
                                                       const peal_sip_##name **ret)               \
    {                                                                                             \
        const void *found = NULL;                                                                 \
        peal_result r = peal_sip_packet_get(packet, id, PEAL_SIP_KIND_##KIND, nth, &found);       \
        if (r >= 0) {                                                                             \
            *ret = (const peal_sip_##name *)found;                                                \
        }                                                                                         \
        return r;                                                                                 \
    }                                                                                             \
    PEAL_INLINE peal_result peal_sip_packet_put_##name(peal_sip_packet *packet,                   \
                                                       peal_sip_header_id id, peal_sip_put how,   \
                                                       const peal_sip_##name *value)              \
    {                                                                                             \
        return peal_sip_packet_put(packet, id, PEAL_SIP_KIND_##KIND, how, value);                 \
    }
/** Defines, for the type of one header that stands once, peal_sip_NAME_decode(),
 * peal_sip_NAME_encode(), peal_sip_packet_get_NAME(packet, &ret) and
 * peal_sip_packet_set_NAME(packet, &value). @p ID is the header's and the kind's. */
#define PEAL_SIP_ONE(name, ID)                                                                    \
    PEAL_SIP_DECODER(name, ID)                                                                    \
    PEAL_SIP_ENCODER(name, ID)                                                                    \
    PEAL_INLINE peal_result peal_sip_packet_get_##name(peal_sip_packet *packet,                   \
                                                       const peal_sip_##name **ret)               \
    {                                                                                             \
        const void *found = NULL;                                                                 \
        peal_result r = peal_sip_packet_get(packet, PEAL_SIP_HEADER_##ID, PEAL_SIP_KIND_##ID, 0,  \
                                            &found);                                              \
        if (r >= 0) {                                                                             \
            *ret = (const peal_sip_##name *)found;                                                \
        }                                                                                         \
        return r;                                                                                 \
    }                                                                                             \
    PEAL_INLINE peal_result peal_sip_packet_set_##name(peal_sip_packet *packet,                   \
                                                       const peal_sip_##name *value)              \
    {                                                                                             \
        return peal_sip_packet_put(packet, PEAL_SIP_HEADER_##ID, PEAL_SIP_KIND_##ID,              \
                                   PEAL_SIP_PUT_SET, value);                                      \
    }
/** As PEAL_SIP_ONE(), for a header with a list of values: peal_sip_packet_get_NAME(packet, nth,
 * &ret) and peal_sip_packet_add_NAME(packet, &value). */
#define PEAL_SIP_LIST(name, ID)                                                                   \
    PEAL_SIP_DECODER(name, ID)                                                                    \
    PEAL_SIP_ENCODER(name, ID)                                                                    \
    PEAL_INLINE peal_result peal_sip_packet_get_##name(peal_sip_packet *packet, size_t nth,       \
                                                       const peal_sip_##name **ret)               \
    {                                                                                             \
        const void *found = NULL;                                                                 \
        peal_result r = peal_sip_packet_get(packet, PEAL_SIP_HEADER_##ID, PEAL_SIP_KIND_##ID,     \
                                            nth, &found);                                         \
        if (r >= 0) {                                                                             \
            *ret = (const peal_sip_##name *)found;                                                \
        }                                                                                         \
        return r;                                                                                 \
    }                                                                                             \
    PEAL_INLINE peal_result peal_sip_packet_add_##name(peal_sip_packet *packet,                   \
                                                       const peal_sip_##name *value)              \
    {                                                                                             \
        return peal_sip_packet_put(packet, PEAL_SIP_HEADER_##ID, PEAL_SIP_KIND_##ID,              \
                                   PEAL_SIP_PUT_ADD, value);                                      \
    }

PEAL_SIP_ACCESS(via, VIA)
PEAL_SIP_ACCESS(address, ADDRESS)
PEAL_SIP_ACCESS(value, VALUE_PARAMS)

#ifdef __cplusplus
}
#endif
#endif
