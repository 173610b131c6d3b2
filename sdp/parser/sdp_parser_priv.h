/* SPDX-License-Identifier: MIT */
/* Role: the inside of a parsed session description, shared by parser, queries and writer.
 * Thread: any; a description never changes. */
#ifndef PEAL_SDP_PARSER_SDP_PARSER_PRIV_H
#define PEAL_SDP_PARSER_SDP_PARSER_PRIV_H

#include <peal/sdp/sdp.h>

/** A media section: the m= line decoded, and where its lines stand. */
typedef struct peal__sdp_section {
    peal_sdp_media media;
    size_t first_line; /**< index of the m= line */
    size_t line_count; /**< with the m= line */
} peal__sdp_section;

/** One block: this head, the sections, the lines, the text. */
struct peal_sdp {
    peal_sdp_origin origin;
    peal__sdp_section *sections;
    size_t media_count;
    peal_sdp_line *lines;
    size_t line_count;
    size_t session_lines; /**< lines before the first m= */
};

/** Takes the piece up to the first @p separator off @p rest, which is absent when none was left. */
peal_str peal__sdp_take(peal_str *rest, char separator);
/** A decimal number from @p min to @p max fills all of @p text. */
bool peal__sdp_number(peal_str text, uint64_t min, uint64_t max, uint64_t *ret);
/** Decodes the value of a c= line. */
bool peal__sdp_connection_decode(peal_str value, peal_sdp_connection *ret);

#endif
