/* SPDX-License-Identifier: MIT */
/** @file
 * URIs as SIP uses them: sip, sips, tel, and absolute URIs of other schemes (RFC 3261 §19.1,
 * §25.1; RFC 3966). A decoded URI is views into the text it was decoded from; nothing is owned. */
#ifndef PEAL_SIP_URI_H
#define PEAL_SIP_URI_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Schemes. */
typedef enum peal_sip_scheme {
    PEAL_SIP_SCHEME_OTHER = 0, /**< an absolute URI; opaque holds what follows the colon */
    PEAL_SIP_SCHEME_SIP,
    PEAL_SIP_SCHEME_SIPS,
    PEAL_SIP_SCHEME_TEL
} peal_sip_scheme;

/** A decoded URI. All views are of the encoded text, escapes not undone. */
typedef struct peal_sip_uri {
    peal_str text;           /**< the whole URI */
    peal_sip_scheme scheme;  /**< by id */
    uint16_t port;           /**< 0: not given */
    peal_str scheme_text;    /**< as written */
    peal_str user;           /**< absent if none; tel: the number */
    peal_str password;       /**< absent if none */
    peal_str host;           /**< IPv6 with its brackets; absent for tel and others */
    peal_str params;         /**< from the first ';' (with it) to before '?'; empty if none */
    peal_str headers;        /**< after '?'; empty if none */
    peal_str opaque;         /**< other schemes: all after the colon */
} peal_sip_uri;

/** Decodes a URI that fills all of @p text.
 * @return PEAL_OK, PEAL_E_SIP_URI */
PEAL_API peal_result peal_sip_uri_decode(peal_str text, peal_sip_uri *ret);
/** Gives a parameter's value (of ;name=value); empty for a parameter without value.
 * @return PEAL_OK, PEAL_E_NOT_FOUND */
PEAL_API peal_result peal_sip_uri_param(const peal_sip_uri *uri, peal_str name, peal_str *ret);
/** The URI has this parameter, with or without a value. */
PEAL_API bool peal_sip_uri_has_param(const peal_sip_uri *uri, peal_str name);
/** Compares by RFC 3261 §19.1.4 (escapes, parameters, headers); other schemes byte by byte. */
PEAL_API bool peal_sip_uri_eq(const peal_sip_uri *a, const peal_sip_uri *b);

/** Finds ";name[=value]" in a parameter text such as peal_sip_uri.params; quoted values keep their
 * quotes. Names compare without case. @return PEAL_OK, PEAL_E_NOT_FOUND */
PEAL_API peal_result peal_sip_param_find(peal_str params, peal_str name, peal_str *ret_value);
/** Iterates parameters: start with *cursor = params. @return PEAL_OK, PEAL_I_END, PEAL_E_SYNTAX */
PEAL_API peal_result peal_sip_param_next(peal_str *cursor, peal_str *ret_name, peal_str *ret_value);

#ifdef __cplusplus
}
#endif
#endif
