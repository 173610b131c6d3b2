/* SPDX-License-Identifier: MIT */
/** @file
 * Bodies of several parts (RFC 2046 §5.1, RFC 5621): read as views of the body, part by part, and
 * built with a boundary that occurs in none of the parts. Transfer encodings are undone on demand
 * (RFC 2045 §6).
 *
 * What is decided: a delimiter is a whole line, "--" and the boundary with nothing behind it but
 * spaces and tabs; other lines that begin so are content. Lines may end in LF alone. A multipart
 * that ends without its closing delimiter, or inside one, is malformed, as is one without a
 * boundary, with two, or a part with two Content-Type. One without parts is read as such. */
#ifndef PEAL_SIP_MULTIPART_H
#define PEAL_SIP_MULTIPART_H

#include <peal/sip/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Splits off the next line of a block of header lines, such as the head of a part; folds stay in
 * the value. Start with *cursor = the block. At a blank line or the end gives PEAL_I_END; *cursor
 * is then what follows the blank line, absent when there is no blank line.
 * @return PEAL_OK, PEAL_I_END, PEAL_E_SYNTAX */
PEAL_API peal_result peal_sip_lines_next(peal_str *cursor, peal_sip_line *ret);

/** One part; views of the body it stands in. */
typedef struct peal_sip_part {
    peal_str text;         /**< all of it, head and body */
    peal_str head;         /**< its header lines; see peal_sip_lines_next() */
    peal_str body;         /**< its body, still in its transfer encoding */
    peal_str content_type; /**< absent: text/plain (in multipart/digest: message/rfc822) */
    peal_str disposition;  /**< Content-Disposition; absent if none */
    peal_str encoding;     /**< Content-Transfer-Encoding; absent: binary */
    peal_str id;           /**< Content-ID without its angle brackets; absent if none */
} peal_sip_part;
/** The value of the nth line with this name in the part's head; absent if none. */
PEAL_API peal_str peal_sip_part_value(const peal_sip_part *part, peal_str name, size_t nth);
/** Appends the part's body with its transfer encoding undone: base64, quoted-printable, or none.
 * @return PEAL_OK, PEAL_E_NOT_FOUND for an unknown encoding, PEAL_E_SYNTAX, PEAL_E_NO_MEMORY,
 * PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_part_decode(const peal_sip_part *part, peal_blob *out);

/** Limits of reading. Zero members mean the default. */
typedef struct peal_sip_multipart_limits {
    size_t size;    /**< sizeof(peal_sip_multipart_limits) */
    uint32_t parts; /**< in one multipart; default 64 */
    uint32_t depth; /**< multiparts inside of multiparts, the outer one counted; default 4 */
} peal_sip_multipart_limits;

/** Longest boundary (RFC 2046 §5.1.1). */
#define PEAL_SIP_BOUNDARY_MAX 70

/** Reads the parts of a multipart one by one. A value; a copy goes on from where it was copied. */
typedef struct peal_sip_multipart {
    peal_str subtype;  /**< "mixed", "related" … */
    peal_str params;   /**< of the Content-Type: start, type … by peal_sip_param_find() */
    peal_str preamble; /**< before the first delimiter; ignored by most */
    peal_str epilogue; /**< behind the closing delimiter, once that was reached; absent before */
    peal_str rest;     /**< private: not yet read */
    uint32_t parts;    /**< read so far */
    uint32_t parts_max;            /**< private */
    uint32_t depth_left;           /**< private */
    bool broken;                   /**< private */
    uint8_t boundary_bytes;        /**< private */
    char boundary[PEAL_SIP_BOUNDARY_MAX]; /**< private */
} peal_sip_multipart;
/** Starts reading.
 * @param content_type value of the Content-Type header
 * @param limits NULL for the defaults
 * @return PEAL_OK, PEAL_E_NOT_FOUND when the type is no multipart, PEAL_E_SYNTAX */
PEAL_API peal_result peal_sip_multipart_init(peal_sip_multipart *multipart, peal_str content_type,
                                             peal_str body,
                                             const peal_sip_multipart_limits *limits);
/** Starts reading a part that is a multipart itself, within the limits of the outer one.
 * @return as peal_sip_multipart_init(), PEAL_E_LIMIT when too deep */
PEAL_API peal_result peal_sip_multipart_init_inner(peal_sip_multipart *multipart,
                                                   const peal_sip_multipart *outer,
                                                   const peal_sip_part *part);
/** The next part. After an error it stays that error.
 * @return PEAL_OK, PEAL_I_END, PEAL_E_SYNTAX, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_multipart_next(peal_sip_multipart *multipart, peal_sip_part *ret);
/** Finds among the parts still to come the one with this Content-ID, with or without angle
 * brackets, as in the start parameter of multipart/related or behind "cid:" (RFC 2392, escapes
 * undone). @return PEAL_OK, PEAL_E_NOT_FOUND, PEAL_E_SYNTAX, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_multipart_find_id(const peal_sip_multipart *multipart, peal_str id,
                                                peal_sip_part *ret);

/** Finds the first body of this type ("application/sdp", case ignored): the packet's whole body, or
 * a part of its multipart, at any depth within the default limits.
 * @return PEAL_OK, PEAL_E_NOT_FOUND, PEAL_E_SYNTAX, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_packet_find_part(const peal_sip_packet *packet, peal_str type,
                                               peal_sip_part *ret);

/** One part to be written. */
typedef struct peal_sip_part_source {
    peal_str content_type; /**< absent: no such line */
    peal_str disposition;  /**< absent: no such line */
    peal_str id;           /**< Content-ID without angle brackets; absent: no such line */
    peal_str lines;        /**< further header lines, each with its CRLF; absent: none */
    peal_str body;         /**< written as it is */
} peal_sip_part_source;
/** A multipart to be written. */
typedef struct peal_sip_multipart_source {
    size_t size;       /**< sizeof(peal_sip_multipart_source) */
    peal_str subtype;  /**< absent: "mixed" */
    peal_str params;   /**< further parameters of the Content-Type, from the ';'; absent: none */
    peal_str boundary; /**< absent: one is made that occurs in no part */
    const peal_sip_part_source *parts; /**< at least one */
    size_t part_count;                 /**< how many */
} peal_sip_multipart_source;
/** Appends the body to @p body and its Content-Type to @p content_type.
 * @return PEAL_OK, PEAL_E_ARGUMENT for no parts, texts that would break out of their line, or a
 * given boundary that is none or occurs in a part; PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_multipart_encode(const peal_sip_multipart_source *source,
                                               peal_blob *content_type, peal_blob *body);

#ifdef __cplusplus
}
#endif
#endif
