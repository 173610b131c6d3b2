/* SPDX-License-Identifier: MIT */
/** @file
 * The SIP packet: one request or response, received or being built (RFC 3261 §7).
 *
 * A packet holds its start line, its header lines in wire order and its body as views of the
 * received bytes or of its own arena. The first pass only finds lines and header ids; a header's
 * grammar is run when somebody first asks, once. Untouched lines are written back byte-exact.
 * A packet belongs to one thread at a time; its reference count is plain. Posting it hands it over.
 * Views that a packet gives live as long as the packet and the line they come from.
 *
 * A copy shares the bytes of its source (and keeps it alive) but has lines of its own. */
#ifndef PEAL_SIP_PACKET_H
#define PEAL_SIP_PACKET_H

#include <peal/alloc.h>
#include <peal/sip/header.h>
#include <peal/socket_addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A packet. */
typedef struct peal_sip_packet peal_sip_packet;
/** Encoded bytes. */
typedef struct peal_sip_wire peal_sip_wire;

/** Limits of decoding. Zero members mean the default. */
typedef struct peal_sip_limits {
    size_t size;                 /**< sizeof(peal_sip_limits) */
    uint32_t message_bytes;      /**< default 65,535 */
    uint32_t header_lines;       /**< default 256 */
    uint32_t header_line_bytes;  /**< one line with its folds; default 16,384 */
    uint32_t list_values;        /**< values in one comma list; default 256 */
} peal_sip_limits;

/** What is wrong with a message. */
typedef struct peal_sip_fault {
    peal_result result;        /**< PEAL_OK: nothing */
    uint32_t offset;           /**< byte where it was seen */
    peal_sip_header_id header; /**< header concerned, or PEAL_SIP_HEADER_OTHER */
    const char *reason;        /**< static sentence, fit for a reason phrase; or NULL */
} peal_sip_fault;

/** Where a received packet came from and by which way. */
typedef struct peal_sip_origin {
    peal_socket_addr peer;        /**< source address */
    peal_socket_addr local;       /**< which of our addresses it came to */
    peal_sip_transport transport; /**< by which transport */
    uint32_t listener;            /**< id of the listener, 0 if none */
    uint64_t connection;          /**< id of the connection, 0 for UDP */
    uint64_t time_ns;             /**< monotonic, at receipt */
} peal_sip_origin;

/** Frames a message (first pass). @p bytes are copied, exactly once.
 * A request with something wrong that can still be answered (its topmost Via is readable) gives
 * PEAL_OK and a packet whose peal_sip_packet_fault() tells; the caller answers 400, 505 … (never
 * an ACK). Of such a packet any header but that Via may be missing or unreadable. The mandatory
 * headers (Via, From, To, Call-ID, CSeq) and the Request-URI are decoded here, the others on
 * demand. Bytes after Content-Length are dropped.
 * @param pool   where the packet's block comes from, NULL for the allocator
 * @param limits NULL for the defaults
 * @param[out] ret_fault  filled on failure, may be NULL
 * @return PEAL_OK; an error when it is no SIP message, or a broken one that must be dropped */
PEAL_API peal_result peal_sip_packet_decode(peal_pool *pool, peal_str bytes,
                                            const peal_sip_limits *limits, peal_sip_packet **ret,
                                            peal_sip_fault *ret_fault);
/** Makes a request without headers. @p method_text is used for PEAL_SIP_METHOD_UNKNOWN only. */
PEAL_API peal_result peal_sip_packet_new_request(peal_pool *pool, peal_sip_method method,
                                                 peal_str method_text, peal_str uri,
                                                 peal_sip_packet **ret);
/** Makes a response to @p request: Via (all), From, To, Call-ID, CSeq are taken over
 * (RFC 3261 §8.2.6.2), also Timestamp for a 100; their bytes are copied, so @p request may go.
 * @param reason  absent: the usual phrase
 * @param to_tag  added to To when it has none; absent: none is added
 * @return PEAL_OK, PEAL_E_ARGUMENT for a status, reason or tag that cannot stand there,
 * PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_packet_new_response(peal_pool *pool, const peal_sip_packet *request,
                                                  unsigned status, peal_str reason,
                                                  peal_str to_tag, peal_sip_packet **ret);
/** Makes a copy that shares the source's bytes and body. Both must stay on one thread, except that
 * another thread may read (encode) the copy while the source is not changed. */
PEAL_API peal_result peal_sip_packet_copy(peal_pool *pool, peal_sip_packet *source,
                                          peal_sip_packet **ret);
/** Takes a reference. @thread the packet's owner */
PEAL_API peal_sip_packet *peal_sip_packet_ref(peal_sip_packet *packet);
/** Releases a reference; gives NULL; NULL allowed. @thread the packet's owner */
PEAL_API peal_sip_packet *peal_sip_packet_unref(peal_sip_packet *packet);
/** Packets alive in the process (census). @thread any */
PEAL_API size_t peal_sip_packet_live(void);

/** What was wrong at decoding; result PEAL_OK for a good packet. */
PEAL_API const peal_sip_fault *peal_sip_packet_fault(const peal_sip_packet *packet);
/** Which status a request with this fault is answered with: 505 for the version, 416 for the URI
 * scheme, 513 beyond a limit, 400 for the rest (RFC 3261 §21.4, §21.5); 0 for no fault. */
PEAL_API unsigned peal_sip_fault_status(const peal_sip_fault *fault);
/** Decodes every header that has a typed form, which otherwise happens when somebody asks.
 * @param[out] ret_fault  the first header, in wire order, that is malformed; its offset counts from
 *   the start line of the received bytes, line ends before it not included. May be NULL
 * @return PEAL_OK, PEAL_E_SIP_HEADER, PEAL_E_LIMIT, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_packet_decode_all(peal_sip_packet *packet,
                                                peal_sip_fault *ret_fault);
/** Where it came from; zeroed for a packet made here. */
PEAL_API const peal_sip_origin *peal_sip_packet_origin(const peal_sip_packet *packet);
/** Sets where it came from (copied). */
PEAL_API void peal_sip_packet_set_origin(peal_sip_packet *packet, const peal_sip_origin *origin);

/** A request, not a response. */
PEAL_API bool peal_sip_packet_is_request(const peal_sip_packet *packet);
/** The request's method, or the CSeq method of a response. */
PEAL_API peal_sip_method peal_sip_packet_method(const peal_sip_packet *packet);
/** The method as written. */
PEAL_API peal_str peal_sip_packet_method_text(const peal_sip_packet *packet);
/** The Request-URI's text; absent for a response. */
PEAL_API peal_str peal_sip_packet_request_uri(const peal_sip_packet *packet);
/** The Request-URI decoded, once; it lives until the Request-URI is replaced.
 * @return PEAL_OK, PEAL_E_SIP_URI, PEAL_E_NOT_FOUND for a response, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_packet_request_uri_decoded(peal_sip_packet *packet,
                                                         const peal_sip_uri **ret);
/** Replaces the Request-URI (copied). Its grammar is the caller's: see peal_sip_uri_decode().
 * @return PEAL_OK, PEAL_E_ARGUMENT when it would break the request line (empty, white space,
 * control characters, quotes, angle brackets), PEAL_E_STATE for a
 * response, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_packet_set_request_uri(peal_sip_packet *packet, peal_str uri);
/** 0 for a request. */
PEAL_API unsigned peal_sip_packet_status(const peal_sip_packet *packet);
/** The reason phrase; absent for a request. */
PEAL_API peal_str peal_sip_packet_reason(const peal_sip_packet *packet);

/** @name Header lines as text
 * @{ */
/** One header line. */
typedef struct peal_sip_line {
    peal_sip_header_id id; /**< PEAL_SIP_HEADER_OTHER for an unknown name */
    peal_str name;  /**< as written */
    peal_str value; /**< without surrounding white space; folds still inside */
} peal_sip_line;
/** How many header lines there are. */
PEAL_API size_t peal_sip_packet_line_count(const peal_sip_packet *packet);
/** The index-th line in wire order. @return PEAL_OK, PEAL_E_NOT_FOUND */
PEAL_API peal_result peal_sip_packet_line(const peal_sip_packet *packet, size_t index,
                                          peal_sip_line *ret);
/** The value of the nth line with this id; absent if none. */
PEAL_API peal_str peal_sip_packet_value(const peal_sip_packet *packet, peal_sip_header_id id,
                                        size_t nth);
/** The value of the nth line with this name (any id). */
PEAL_API peal_str peal_sip_packet_value_named(const peal_sip_packet *packet, peal_str name,
                                              size_t nth);
/** There is at least one line with this id. */
PEAL_API bool peal_sip_packet_has(const peal_sip_packet *packet, peal_sip_header_id id);
/** Appends a line whose value is the parts joined (copied). Folds inside a part become spaces;
 * other CR and LF are refused, NUL too unless it stands escaped in a quoted string. A
 * Content-Length is always the body's, whatever the parts say, and stands once.
 * @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_packet_addv(peal_sip_packet *packet, peal_sip_header_id id,
                                          const peal_str *parts, size_t count);
/** The same in front of all lines with this id (or, if none, of all lines): pushes Via, Route. */
PEAL_API peal_result peal_sip_packet_pushv(peal_sip_packet *packet, peal_sip_header_id id,
                                           const peal_str *parts, size_t count);
/** Replaces the first line with this id in its place and removes the others; adds when none. */
PEAL_API peal_result peal_sip_packet_setv(peal_sip_packet *packet, peal_sip_header_id id,
                                          const peal_str *parts, size_t count);
/** Appends a line with any name. */
PEAL_API peal_result peal_sip_packet_add_named(peal_sip_packet *packet, peal_str name,
                                               peal_str value);
/** Appends every line with this id of another packet, bytes copied. PEAL_OK also when none.
 * With PEAL_SIP_HEADER_OTHER: all lines whose name has no id. Content-Length goes with the body
 * alone: PEAL_E_ARGUMENT. */
PEAL_API peal_result peal_sip_packet_add_from(peal_sip_packet *packet,
                                              const peal_sip_packet *other, peal_sip_header_id id);
/** Removes all lines with this id; returns how many. */
PEAL_API size_t peal_sip_packet_remove(peal_sip_packet *packet, peal_sip_header_id id);
/** Removes the first value (of a list too) with this id: pops Route, Via.
 * @return PEAL_OK, PEAL_E_NOT_FOUND, PEAL_E_SIP_HEADER when the list cannot be split */
PEAL_API peal_result peal_sip_packet_pop(peal_sip_packet *packet, peal_sip_header_id id);
/** One-part forms of the three above. */
PEAL_INLINE peal_result peal_sip_packet_add(peal_sip_packet *p, peal_sip_header_id id, peal_str v)
{
    return peal_sip_packet_addv(p, id, &v, 1);
}
/** One-part form of peal_sip_packet_pushv(). */
PEAL_INLINE peal_result peal_sip_packet_push(peal_sip_packet *p, peal_sip_header_id id, peal_str v)
{
    return peal_sip_packet_pushv(p, id, &v, 1);
}
/** One-part form of peal_sip_packet_setv(). */
PEAL_INLINE peal_result peal_sip_packet_set(peal_sip_packet *p, peal_sip_header_id id, peal_str v)
{
    return peal_sip_packet_setv(p, id, &v, 1);
}
/** Appends (setv: sets) a decimal number. */
PEAL_API peal_result peal_sip_packet_set_number(peal_sip_packet *packet, peal_sip_header_id id,
                                                uint32_t number);
/** @} */

/** @name Single lines and single values
 * Lines are counted in wire order from 0. Values are counted from 0 over all lines with the id, as
 * the typed getters do; of headers that are no lists each line is one value. What is not changed
 * keeps its bytes: in a list that is changed the other values, the commas, folds and white space
 * too. Content-Length follows the body and cannot be changed so.
 * @return PEAL_OK; PEAL_E_NOT_FOUND when there is no such line or value; PEAL_E_ARGUMENT for texts
 * that peal_sip_packet_addv() would refuse, or a value that is empty or not exactly one value of
 * the list; PEAL_E_SIP_HEADER when the list cannot be split; PEAL_E_NO_MEMORY; PEAL_E_LIMIT. On
 * failure nothing is changed.
 * @{ */
/** Puts a line with any name before the index-th, or behind the last one. */
PEAL_API peal_result peal_sip_packet_insert_line(peal_sip_packet *packet, size_t index,
                                                 peal_str name, peal_str value);
/** Replaces the value of the index-th line; its name stays as it is written. */
PEAL_API peal_result peal_sip_packet_replace_line(peal_sip_packet *packet, size_t index,
                                                  peal_str value);
/** Removes the index-th line. */
PEAL_API peal_result peal_sip_packet_remove_line(peal_sip_packet *packet, size_t index);
/** Moves the line at @p from so that it is the one at @p to. */
PEAL_API peal_result peal_sip_packet_move_line(peal_sip_packet *packet, size_t from, size_t to);
/** Replaces the first line with this name (any id) and removes the others; adds when none. */
PEAL_API peal_result peal_sip_packet_set_named(peal_sip_packet *packet, peal_str name,
                                               peal_str value);
/** Removes all lines with this name (any id); returns how many. */
PEAL_API size_t peal_sip_packet_remove_named(peal_sip_packet *packet, peal_str name);
/** How many values with this id there are; a list that cannot be split counts up to there. */
PEAL_API size_t peal_sip_packet_value_count(const peal_sip_packet *packet, peal_sip_header_id id);
/** Replaces the nth value. */
PEAL_API peal_result peal_sip_packet_replace_value(peal_sip_packet *packet, peal_sip_header_id id,
                                                   size_t nth, peal_str value);
/** Puts a value before the nth, or behind the last one: as a line of its own where the nth is the
 * first of its line. */
PEAL_API peal_result peal_sip_packet_insert_value(peal_sip_packet *packet, peal_sip_header_id id,
                                                  size_t nth, peal_str value);
/** Removes the nth value, with its line when it is the only one there. */
PEAL_API peal_result peal_sip_packet_remove_value(peal_sip_packet *packet, peal_sip_header_id id,
                                                  size_t nth);
/** @} */

/** @name Typed values
 * Decoded at the first call, then kept; views live as long as the line does. nth counts values over
 * all lines with this id. @return PEAL_OK, PEAL_E_NOT_FOUND, PEAL_E_SIP_HEADER, PEAL_E_NO_MEMORY
 * @{ */
/** The nth Via value, the topmost first. */
PEAL_API peal_result peal_sip_packet_via(peal_sip_packet *packet, size_t nth,
                                         const peal_sip_via **ret);
/** The From value. */
PEAL_API peal_result peal_sip_packet_from(peal_sip_packet *packet, const peal_sip_address **ret);
/** The To value. */
PEAL_API peal_result peal_sip_packet_to(peal_sip_packet *packet, const peal_sip_address **ret);
/** Contact, Route, Record-Route or any header of kind ADDRESS or ADDRESS_LIST. */
PEAL_API peal_result peal_sip_packet_address(peal_sip_packet *packet, peal_sip_header_id id,
                                             size_t nth, const peal_sip_address **ret);
/** The CSeq value. */
PEAL_API peal_result peal_sip_packet_cseq(peal_sip_packet *packet, const peal_sip_cseq **ret);
/** Absent if there is none. */
PEAL_API peal_str peal_sip_packet_call_id(peal_sip_packet *packet);
/** The value of a header of kind NUMBER. */
PEAL_API peal_result peal_sip_packet_number(peal_sip_packet *packet, peal_sip_header_id id,
                                            uint32_t *ret);
/** The nth value of a header of kind TOKENS. */
PEAL_API peal_result peal_sip_packet_token(peal_sip_packet *packet, peal_sip_header_id id,
                                           size_t nth, peal_str *ret);
/** One of the tokens with this id is @p token (case ignored; methods in Allow: case counts). */
PEAL_API bool peal_sip_packet_has_token(peal_sip_packet *packet, peal_sip_header_id id,
                                        peal_str token);
/** The value of a header of kind VALUE_PARAMS. */
PEAL_API peal_result peal_sip_packet_value_params(peal_sip_packet *packet, peal_sip_header_id id,
                                                  peal_sip_value *ret);
/** @} */

/** The body; empty if none. */
PEAL_API peal_str peal_sip_packet_body(const peal_sip_packet *packet);
/** Sets body (copied) and Content-Type; an empty body removes both. Content-Length is kept right.
 * Other Content-… lines, such as Content-Encoding, are left as they are.
 * @return PEAL_OK, PEAL_E_ARGUMENT for a body without type, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_packet_set_body(peal_sip_packet *packet, peal_str content_type,
                                              peal_str body);
/** Takes over the body of another packet with all its Content-… headers, bytes copied; own ones are
 * replaced. On failure the packet is as before.
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_packet_set_body_from(peal_sip_packet *packet,
                                                   const peal_sip_packet *other);

/** Exact encoded size, without encoding. Content-Length is added when the packet has none. */
PEAL_API size_t peal_sip_packet_size(const peal_sip_packet *packet);
/** Writes exactly peal_sip_packet_size() bytes. Reads only; may run on another thread than the
 * source of a copy. */
PEAL_API void peal_sip_packet_encode(const peal_sip_packet *packet, char *bytes);
/** Bytes of the packet's own arena, for text that a header under construction needs; lives as long
 * as the packet. NULL when exhausted. */
PEAL_API char *peal_sip_packet_alloc(peal_sip_packet *packet, size_t bytes);

/** @name Wire: encoded bytes, immutable, counted atomically; may be held by two threads
 * @{ */
/** Encodes a packet. @thread any that may read the packet */
PEAL_API peal_result peal_sip_wire_new(peal_pool *pool, const peal_sip_packet *packet,
                                       peal_sip_wire **ret);
/** Takes a reference. */
PEAL_API peal_sip_wire *peal_sip_wire_ref(peal_sip_wire *wire);
/** Gives NULL; NULL allowed. */
PEAL_API peal_sip_wire *peal_sip_wire_unref(peal_sip_wire *wire);
/** The bytes; they live as long as a reference is held. */
PEAL_API peal_str peal_sip_wire_bytes(const peal_sip_wire *wire);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
