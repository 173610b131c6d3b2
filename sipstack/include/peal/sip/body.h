/* SPDX-License-Identifier: MIT */
/** @file
 * Bodies that are SIP's own: fragments of messages (message/sipfrag, RFC 3420) and message waiting
 * counts (application/simple-message-summary, RFC 3842). Bodies of several parts: multipart.h. */
#ifndef PEAL_SIP_BODY_H
#define PEAL_SIP_BODY_H

#include <peal/blob.h>
#include <peal/sip/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @name Fragments
 * A fragment is a packet with any part of a message: perhaps no start line, any headers, perhaps a
 * body. All getters and editing functions of packets serve; what is not there is not found. A
 * packet without start line is no request, has status 0 and no method. It is encoded as it is:
 * no Content-Length is added, and there is a blank line only when one was decoded or there is a
 * body. A fragment cannot be sent by itself.
 * @{ */
/** Decodes a fragment (bytes copied). The last line may lack its line end. Content-Length is not
 * looked at: the body it tells of may have been left out (RFC 3420 §2).
 * @param limits NULL for the defaults
 * @param[out] ret_fault filled on failure, may be NULL
 * @return PEAL_OK; an error for anything malformed but the values of headers */
PEAL_API peal_result peal_sip_sipfrag_decode(peal_pool *pool, peal_str bytes,
                                             const peal_sip_limits *limits, peal_sip_packet **ret,
                                             peal_sip_fault *ret_fault);
/** Makes a fragment with nothing in it, for headers to be added.
 * @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_sipfrag_new(peal_pool *pool, peal_sip_packet **ret);
/** Makes a fragment of a status line, as a NOTIFY of a transfer carries it (RFC 3515 §2.4.5).
 * @param reason absent: the usual phrase
 * @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_sipfrag_new_status(peal_pool *pool, unsigned status, peal_str reason,
                                                 peal_sip_packet **ret);
/** Makes a fragment of a packet: its start line and all lines with the given ids, in the packet's
 * order, bytes copied. @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_sipfrag_of(peal_pool *pool, const peal_sip_packet *packet,
                                         const peal_sip_header_id *ids, size_t id_count,
                                         peal_sip_packet **ret);
/** It is a fragment, not a message. */
PEAL_API bool peal_sip_packet_is_fragment(const peal_sip_packet *packet);
/** @} */

/** @name Message waiting
 * @{ */
/** What kind of messages is counted (RFC 3458). */
typedef enum peal_sip_message_class {
    PEAL_SIP_MESSAGE_VOICE,
    PEAL_SIP_MESSAGE_FAX,
    PEAL_SIP_MESSAGE_PAGER,
    PEAL_SIP_MESSAGE_MULTIMEDIA,
    PEAL_SIP_MESSAGE_TEXT,
    PEAL_SIP_MESSAGE_NONE,
    PEAL_SIP_MESSAGE_CLASS_COUNT
} peal_sip_message_class;
/** Counts of one class. */
typedef struct peal_sip_message_counts {
    bool given;          /**< the class is mentioned at all */
    bool urgent_given;   /**< so are the urgent ones */
    uint32_t new_count;  /**< new messages, urgent ones included */
    uint32_t old_count;  /**< old messages, urgent ones included */
    uint32_t new_urgent; /**< of these urgent */
    uint32_t old_urgent; /**< of these urgent */
} peal_sip_message_counts;
/** A summary; its views are of the text it was decoded from. */
typedef struct peal_sip_message_summary {
    bool waiting;     /**< Messages-Waiting */
    peal_str account; /**< URI of the account; absent if none */
    peal_sip_message_counts counts[PEAL_SIP_MESSAGE_CLASS_COUNT]; /**< by class */
    peal_str details; /**< blocks of header lines of single messages, divided by blank lines: read
                         them by peal_sip_lines_next(); empty if none */
} peal_sip_message_summary;
/** Decodes a summary that fills @p text. Lines of unknown classes are passed over.
 * @return PEAL_OK, PEAL_E_SYNTAX; also for a class that stands twice or a count above 2^32 - 1 */
PEAL_API peal_result peal_sip_message_summary_decode(peal_str text, peal_sip_message_summary *ret);
/** Appends a summary.
 * @return PEAL_OK, PEAL_E_ARGUMENT for an account that is no URI, or details that are no header
 * lines; PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_message_summary_encode(const peal_sip_message_summary *summary,
                                                     peal_blob *out);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
