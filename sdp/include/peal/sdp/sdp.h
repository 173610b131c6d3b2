/* SPDX-License-Identifier: MIT */
/** @file
 * Session descriptions (RFC 8866; RFC 4566 and RFC 2327 are read too): parser, container, writer.
 *
 * A description is parsed in one go into one block of memory and never changes. Every line is kept,
 * known or not, so that writing it again gives the same bytes. To change one, copy the sections to
 * a writer, leave lines out and put others in.
 *
 * Strict where a mistake would change the meaning: v=, o= and s= come first in this order, a t=
 * stands before the first m=, numbers are numbers in range. Lenient where senders differ: lone LF
 * as line end, no end after the last line, an empty session name, optional lines in any order. */
#ifndef PEAL_SDP_SDP_H
#define PEAL_SDP_SDP_H

#include <peal/sdp/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A parsed description; immutable, so any thread may read it while it lives. */
typedef struct peal_sdp peal_sdp;

/** Stands for the session section where a media section's index is asked for. */
#define PEAL_SDP_SESSION ((size_t)-1)

/** Bounds of what is accepted. */
typedef struct peal_sdp_limits {
    size_t size;      /**< sizeof(peal_sdp_limits) */
    size_t max_bytes; /**< of the whole text */
    size_t max_lines; /**< lines */
    size_t max_media; /**< m= lines */
} peal_sdp_limits;

/** Where and why a text was refused. */
typedef struct peal_sdp_fault {
    uint32_t line;      /**< number of the line, from 1; when one is missing: behind the last */
    size_t offset;      /**< bytes from the start of the text to the start of that line */
    const char *reason; /**< a sentence in English, static */
} peal_sdp_fault;

/** One line as it stands. */
typedef struct peal_sdp_line {
    peal_str value;    /**< what follows "x=", without the line end */
    uint32_t number;   /**< of the line, from 1 */
    char type;         /**< the letter before "=" */
    uint8_t end_bytes; /**< 2: CR LF, 1: LF, 0: the last line had no end */
} peal_sdp_line;

/** The o= line (RFC 8866 §5.2). */
typedef struct peal_sdp_origin {
    peal_str username;     /**< "-" when the host has no users */
    peal_str session_id;   /**< digits, of any length */
    peal_str version;      /**< digits, of any length; grows with each change */
    peal_str network_type; /**< "IN" */
    peal_str address_type; /**< "IP4", "IP6" */
    peal_str address;      /**< the creator's address */
} peal_sdp_origin;

/** A c= line (RFC 8866 §5.7). */
typedef struct peal_sdp_connection {
    peal_str network_type; /**< "IN" */
    peal_str address_type; /**< "IP4", "IP6" */
    peal_str address;      /**< host, without what follows "/" */
    uint32_t ttl;          /**< of IPv4 multicast, 0..255; 0 when not given */
    uint32_t count;        /**< of contiguous multicast addresses; 1 when not given */
} peal_sdp_connection;

/** An m= line (RFC 8866 §5.14). */
typedef struct peal_sdp_media {
    peal_str kind;       /**< "audio", "video", "image" … */
    peal_str protocol;   /**< "RTP/AVP" … */
    peal_str formats;    /**< separated by one space; at least one */
    uint32_t port;       /**< 0..65535; 0: the stream is refused or not wanted */
    uint32_t port_count; /**< 1 when not given */
} peal_sdp_media;

/** An a=rtpmap line (RFC 8866 §6.6). */
typedef struct peal_sdp_rtpmap {
    peal_str encoding;   /**< name of the codec; case does not count */
    uint32_t clock_hz;   /**< RTP clock rate */
    uint32_t parameters; /**< channels of audio; 1 when not given */
} peal_sdp_rtpmap;

/** Which way a stream flows, as its describer sees it (RFC 8866 §6.7). */
typedef enum peal_sdp_direction {
    PEAL_SDP_INACTIVE = 0, /**< neither way */
    PEAL_SDP_SENDONLY = 1, /**< the describer sends */
    PEAL_SDP_RECVONLY = 2, /**< the describer receives */
    PEAL_SDP_SENDRECV = 3  /**< both, the default */
} peal_sdp_direction;

/** Parses a description.
 * @param text      copied; the result does not need it afterwards
 * @param limits    NULL: 64 KiB, 4096 lines, 256 media sections
 * @param ret       the description, to be freed by peal_sdp_free()
 * @param ret_fault written when the result is a syntax or limit error; NULL: not wanted
 * @return PEAL_OK, PEAL_E_SDP_SYNTAX, PEAL_E_SDP_LIMIT, PEAL_E_NO_MEMORY, PEAL_E_BUILD_MISMATCH
 * @thread any */
PEAL_API peal_result peal_sdp_parse(peal_str text, const peal_sdp_limits *limits, peal_sdp **ret,
                                    peal_sdp_fault *ret_fault);
/** Frees a description; NULL is allowed. @thread any, once nothing reads it any more */
PEAL_API void peal_sdp_free(peal_sdp *sdp);

/** The o= line. Lives as long as the description. @thread any */
PEAL_API const peal_sdp_origin *peal_sdp_origin_of(const peal_sdp *sdp);
/** How many media sections there are. @thread any */
PEAL_API size_t peal_sdp_media_count(const peal_sdp *sdp);
/** The m= line of one media section; NULL when there are fewer. @thread any */
PEAL_API const peal_sdp_media *peal_sdp_media_at(const peal_sdp *sdp, size_t index);
/** The lines of one section in their order, for a media section from its m= line on.
 * @param sdp       the description
 * @param section   index of a media section, or PEAL_SDP_SESSION
 * @param ret_count number of lines; 0 when there is no such section
 * @return the first line, living as long as the description; NULL without such section
 * @thread any */
PEAL_API const peal_sdp_line *peal_sdp_lines(const peal_sdp *sdp, size_t section,
                                             size_t *ret_count);

/** Finds an attribute of one section (the session's are not inherited).
 * @param sdp     the description
 * @param section index of a media section, or PEAL_SDP_SESSION
 * @param name    as "rtpmap"; case counts (RFC 8866 §5.13)
 * @param nth     0 for the first of this name
 * @param ret     its value; absent ({NULL, 0}) for a property attribute, as "recvonly"
 * @return PEAL_OK, PEAL_E_NOT_FOUND
 * @thread any */
PEAL_API peal_result peal_sdp_attribute(const peal_sdp *sdp, size_t section, peal_str name,
                                        size_t nth, peal_str *ret);
/** The connection data that holds for a section: its own first c= line, else the session's.
 * @return PEAL_OK, PEAL_E_NOT_FOUND @thread any */
PEAL_API peal_result peal_sdp_connection_of(const peal_sdp *sdp, size_t section,
                                            peal_sdp_connection *ret);
/** The bandwidth of a type, as "AS" (kbit/s) or "RR", of one section (RFC 8866 §5.8).
 * @return PEAL_OK, PEAL_E_NOT_FOUND @thread any */
PEAL_API peal_result peal_sdp_bandwidth(const peal_sdp *sdp, size_t section, peal_str type,
                                        uint64_t *ret);
/** The direction of a section: its own attribute, else the session's, else both ways.
 * @thread any */
PEAL_API peal_sdp_direction peal_sdp_direction_of(const peal_sdp *sdp, size_t section);
/** The @p nth format of an m= line.
 * @return PEAL_OK, PEAL_E_NOT_FOUND @thread any */
PEAL_API peal_result peal_sdp_media_format(const peal_sdp_media *media, size_t nth, peal_str *ret);
/** The rtpmap of a payload type in a media section.
 * @return PEAL_OK, PEAL_E_NOT_FOUND, PEAL_E_SDP_SYNTAX when it is malformed @thread any */
PEAL_API peal_result peal_sdp_rtpmap_of(const peal_sdp *sdp, size_t section, peal_str payload_type,
                                        peal_sdp_rtpmap *ret);
/** The format parameters (a=fmtp) of a format in a media section (RFC 8866 §6.15).
 * @return PEAL_OK, PEAL_E_NOT_FOUND @thread any */
PEAL_API peal_result peal_sdp_fmtp_of(const peal_sdp *sdp, size_t section, peal_str format,
                                      peal_str *ret);

/** Writes lines into a caller's buffer. After the first error nothing more is written. Without a
 * buffer it measures. The members belong to the writer. */
typedef struct peal_sdp_writer {
    char *buffer;     /**< of the caller */
    size_t capacity;  /**< bytes in the buffer */
    size_t used;      /**< bytes written, or needed */
    bool open;        /**< the last line has no end yet */
    peal_result result; /**< the first error */
} peal_sdp_writer;

/** Starts writing.
 * @param writer   the writer
 * @param buffer   borrowed until peal_sdp_writer_finish(); NULL: only measure
 * @param capacity bytes in the buffer */
PEAL_API void peal_sdp_writer_init(peal_sdp_writer *writer, char *buffer, size_t capacity);
/** Writes one line, ended by CR LF. A type that is no letter, and a value that holds CR, LF or NUL,
 * is refused: peal_sdp_writer_finish() gives PEAL_E_ARGUMENT then. */
PEAL_API void peal_sdp_writer_line(peal_sdp_writer *writer, char type, peal_str value);
/** Copies a section line by line with the line ends it has.
 * @param writer  the writer
 * @param sdp     where from
 * @param section index of a media section, or PEAL_SDP_SESSION
 * @param keep    says which lines to copy; NULL: all
 * @param arg     handed to @p keep */
PEAL_API void peal_sdp_writer_section(peal_sdp_writer *writer, const peal_sdp *sdp, size_t section,
                                      bool (*keep)(const peal_sdp_line *line, void *arg),
                                      void *arg);
/** Ends writing.
 * @param writer    the writer
 * @param ret_bytes bytes written; with PEAL_E_SDP_LIMIT and while measuring: bytes needed
 * @return PEAL_OK; PEAL_E_SDP_LIMIT when the buffer is too small; PEAL_E_ARGUMENT, see
 *         peal_sdp_writer_line() */
PEAL_API peal_result peal_sdp_writer_finish(peal_sdp_writer *writer, size_t *ret_bytes);
/** Writes the whole description: the bytes that were parsed.
 * @param sdp       the description
 * @param buffer    where to; NULL: only measure
 * @param capacity  bytes in the buffer
 * @param ret_bytes as for peal_sdp_writer_finish()
 * @return PEAL_OK, PEAL_E_SDP_LIMIT
 * @thread any */
PEAL_API peal_result peal_sdp_encode(const peal_sdp *sdp, char *buffer, size_t capacity,
                                     size_t *ret_bytes);

#ifdef __cplusplus
}
#endif
#endif
