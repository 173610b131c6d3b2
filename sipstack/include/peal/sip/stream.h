/* SPDX-License-Identifier: MIT */
/** @file
 * Messages out of a stream of bytes, as TCP and TLS carry them (RFC 3261 §18.3), and the line ends
 * between them that keep a connection alive (RFC 5626 §3.5.1). However the bytes are cut into
 * pieces, the same events come. Each byte is looked at a fixed number of times.
 *
 * What is decided: between messages lone CR and LF are skipped. A message whose length is not told
 * exactly once, by a Content-Length that is a number within the limits, ends the stream: nobody
 * can say where the next message starts. */
#ifndef PEAL_SIP_STREAM_H
#define PEAL_SIP_STREAM_H

#include <peal/sip/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The incoming half of one connection. @thread its owner's */
typedef struct peal_sip_stream peal_sip_stream;

/** Which end of the connection reads: it decides what line ends mean. */
typedef enum peal_sip_stream_role {
    PEAL_SIP_STREAM_ACCEPTED, /**< the peer connected: two CRLF are its ping */
    PEAL_SIP_STREAM_CONNECTED /**< we connected: each CRLF is the pong to a ping of ours */
} peal_sip_stream_role;

/** Limits. Zero members mean the default. */
typedef struct peal_sip_stream_limits {
    size_t size;            /**< sizeof(peal_sip_stream_limits) */
    uint32_t head_bytes;    /**< start line and headers; default 32,768 */
    uint32_t body_bytes;    /**< default 65,535 */
    uint32_t message_bytes; /**< both together, and so what is kept at most; default 65,535, which
                                 is also what peal_sip_packet_decode() takes */
} peal_sip_stream_limits;

/** What came. */
typedef enum peal_sip_stream_kind {
    PEAL_SIP_STREAM_MESSAGE, /**< a whole message, for peal_sip_packet_decode() */
    PEAL_SIP_STREAM_PING,    /**< CRLF CRLF: send one CRLF */
    PEAL_SIP_STREAM_PONG,    /**< CRLF */
    PEAL_SIP_STREAM_BROKEN   /**< the stream cannot be read on: answer, if there is something to be
                                  answered, and close the connection */
} peal_sip_stream_kind;

/** One event. */
typedef struct peal_sip_stream_event {
    peal_sip_stream_kind kind; /**< what came */
    peal_str message; /**< MESSAGE: its bytes. BROKEN: the head of a message without end; when it
                           decodes to a request, that is answered 413 for PEAL_E_LIMIT, 400
                           otherwise; absent: there is nothing to answer */
    peal_sip_fault fault; /**< BROKEN: why; the offset counts from the message's first byte */
} peal_sip_stream_event;

/** Makes one. @param limits NULL for the defaults @return PEAL_OK, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_stream_new(peal_sip_stream_role role,
                                         const peal_sip_stream_limits *limits,
                                         peal_sip_stream **ret);
/** Frees it with what it keeps; NULL allowed. */
PEAL_API void peal_sip_stream_free(peal_sip_stream *stream);
/** Takes bytes from the front of *input until something came. Call it until PEAL_I_END; then all
 * of *input is taken, and the beginning of a message may be kept. A message that lies in *input as
 * a whole is a view of it and is not copied.
 * @param[in,out] input what was received and is not yet taken
 * @param[out] ret valid until the next call, and as long as the input's bytes
 * @return PEAL_OK, PEAL_I_END, PEAL_E_NO_MEMORY (nothing was taken: it may be tried again),
 * PEAL_E_STATE after a BROKEN event */
PEAL_API peal_result peal_sip_stream_next(peal_sip_stream *stream, peal_str *input,
                                          peal_sip_stream_event *ret);
/** Bytes kept of a message that is not yet complete; 0: the stream may end here. */
PEAL_API size_t peal_sip_stream_pending(const peal_sip_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
