/* SPDX-License-Identifier: MIT */
/** @file
 * Encoded words (RFC 2047, language tags of RFC 2231 §5): text of other alphabets in headers that
 * older peers and mail gateways write so, such as Subject, Organization, display names. SIP itself
 * needs none: its text is UTF-8 (RFC 3261 §7.3.1). */
#ifndef PEAL_SIP_ENCODED_WORD_H
#define PEAL_SIP_ENCODED_WORD_H

#include <peal/base.h>
#include <peal/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Appends @p text as UTF-8, its encoded words undone; white space between two of them goes.
 * Understood are us-ascii, utf-8 and iso-8859-1. A word of another charset, a malformed one, and
 * one that hides control characters or what is no UTF-8 stay as they are written.
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_encoded_words_decode(peal_str text, peal_blob *out);
/** Appends UTF-8 @p text so that it is ASCII: as it is, when it has ASCII alone and nothing that
 * looks like an encoded word; else as encoded words of at most 75 characters with spaces between.
 * @return PEAL_OK, PEAL_E_ARGUMENT when @p text has control characters or is no UTF-8,
 * PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_encoded_words_encode(peal_str text, peal_blob *out);

#ifdef __cplusplus
}
#endif
#endif
