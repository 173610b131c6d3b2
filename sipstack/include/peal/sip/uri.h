/* SPDX-License-Identifier: MIT */
/** @file
 * URIs as SIP uses them: sip, sips, tel, and absolute URIs of other schemes such as urn
 * (RFC 3261 §19.1, §25.1; RFC 3966; RFC 8141). A decoded URI is views into the text it was decoded
 * from; nothing is owned. What encodes appends to a peal_blob, which is as before on failure. */
#ifndef PEAL_SIP_URI_H
#define PEAL_SIP_URI_H

#include <peal/base.h>
#include <peal/blob.h>

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
/** Compares: sip and sips by RFC 3261 §19.1.4 (escapes, parameters, headers; IPv6 addresses by
 * value, RFC 5954 §4.2), tel by RFC 3966 §4, urn by RFC 8141 §3, other schemes byte by byte. */
PEAL_API bool peal_sip_uri_eq(const peal_sip_uri *a, const peal_sip_uri *b);

/** Finds ";name[=value]" in a parameter text such as peal_sip_uri.params; quoted values keep their
 * quotes. Names compare without case. @return PEAL_OK, PEAL_E_NOT_FOUND */
PEAL_API peal_result peal_sip_param_find(peal_str params, peal_str name, peal_str *ret_value);
/** Iterates parameters: start with *cursor = params. @return PEAL_OK, PEAL_I_END, PEAL_E_SYNTAX */
PEAL_API peal_result peal_sip_param_next(peal_str *cursor, peal_str *ret_name, peal_str *ret_value);

/** The parameters of a SIP URI that RFC 3261 §19.1.1 and its extensions define. */
typedef struct peal_sip_uri_params {
    peal_str transport; /**< peal_sip_transport_of() gives its id; absent if none */
    peal_str maddr;     /**< a host; absent if none */
    peal_str method;    /**< absent if none */
    peal_str user;      /**< "phone", "ip" …; absent if none */
    peal_str comp;      /**< RFC 3486: "sigcomp"; absent if none */
    peal_str gr;        /**< RFC 5627; empty for a GRUU without value; absent if none */
    peal_str cause;     /**< RFC 4458; absent if none */
    peal_str target;    /**< RFC 4458, escaped; absent if none */
    int16_t ttl;        /**< 0 to 255; -1: none */
    bool lr;            /**< loose routing, whatever value it has */
    bool ob;            /**< RFC 5626 */
    bool phone;         /**< user=phone: the user part is a telephone number */
} peal_sip_uri_params;
/** Reads them. Of a parameter that stands twice the first counts.
 * @return PEAL_OK, PEAL_E_SIP_URI for a ttl above 255, or an empty value where one must be */
PEAL_API peal_result peal_sip_uri_params_decode(const peal_sip_uri *uri, peal_sip_uri_params *ret);

/** Iterates a URI's headers: start with *cursor = uri.headers; name and value still escaped.
 * @return PEAL_OK, PEAL_I_END */
PEAL_API peal_result peal_sip_uri_header_next(peal_str *cursor, peal_str *ret_name,
                                              peal_str *ret_value);
/** Finds the first header with this name (given unescaped, case ignored); the value is still
 * escaped. @return PEAL_OK, PEAL_E_NOT_FOUND */
PEAL_API peal_result peal_sip_uri_header(const peal_sip_uri *uri, peal_str name, peal_str *ret);

/** @name Telephone numbers
 * @{ */
/** A telephone number with its parameters (RFC 3966 §3; the forms of RFC 2806 too). */
typedef struct peal_sip_phone {
    peal_str number;  /**< with '+' and visual separators, as written */
    peal_str params;  /**< from the first ';'; empty if none */
    peal_str ext;     /**< extension; absent if none */
    peal_str isub;    /**< ISDN subaddress; absent if none */
    peal_str context; /**< phone-context; absent if none, which only old peers do */
    bool is_global;   /**< starts with '+' */
} peal_sip_phone;
/** Decodes a telephone-subscriber that fills @p text: "+1-201-555-0123;ext=7".
 * @return PEAL_OK, PEAL_E_SIP_URI */
PEAL_API peal_result peal_sip_phone_decode(peal_str text, peal_sip_phone *ret);
/** The number of a tel URI, or of the user part of a SIP URI with user=phone.
 * @return PEAL_OK, PEAL_E_NOT_FOUND when the URI is no telephone number, PEAL_E_SIP_URI */
PEAL_API peal_result peal_sip_uri_phone(const peal_sip_uri *uri, peal_sip_phone *ret);
/** Compares by RFC 3966 §4: visual separators don't count, parameters do, in any order. */
PEAL_API bool peal_sip_phone_eq(const peal_sip_phone *a, const peal_sip_phone *b);
/** Appends the number without its visual separators. @return PEAL_OK, PEAL_E_NO_MEMORY,
 * PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_phone_digits(peal_str number, peal_blob *out);
/** @} */

/** Splits "urn:nid:nss" (RFC 8141 §2); r-, q- and f-components stay with @p ret_nss.
 * @return PEAL_OK, PEAL_E_NOT_FOUND for another scheme, PEAL_E_SIP_URI */
PEAL_API peal_result peal_sip_uri_urn(const peal_sip_uri *uri, peal_str *ret_nid,
                                      peal_str *ret_nss);

/** @name Escaping
 * @{ */
/** The parts of a URI differ in what may stand in them unescaped (RFC 3261 §25.1). */
typedef enum peal_sip_uri_part {
    PEAL_SIP_URI_USER,     /**< user */
    PEAL_SIP_URI_PASSWORD, /**< password */
    PEAL_SIP_URI_PARAM,    /**< name or value of a parameter */
    PEAL_SIP_URI_HEADER    /**< name or value of a header */
} peal_sip_uri_part;
/** Appends @p text with all escaped that must not stand in this part as it is.
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_uri_escape(peal_sip_uri_part part, peal_str text, peal_blob *out);
/** Appends @p text with its escapes undone; the bytes may be any, NUL too.
 * @return PEAL_OK, PEAL_E_SYNTAX for a '%' without two hexadecimal digits, PEAL_E_NO_MEMORY,
 * PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_uri_unescape(peal_str text, peal_blob *out);
/** Both texts mean the same once escapes are undone; a reserved character differs from its escape
 * (RFC 3261 §19.1.4). */
PEAL_API bool peal_sip_uri_text_eq(peal_str a, peal_str b, bool ignore_case);
/** @} */

/** @name Making URIs
 * @{ */
/** A parameter or header of a URI that is made, unescaped. */
typedef struct peal_sip_uri_field {
    peal_str name;  /**< not empty */
    peal_str value; /**< absent or empty: a parameter without "=" */
} peal_sip_uri_field;
/** What a URI is made of; all texts unescaped. */
typedef struct peal_sip_uri_source {
    size_t size;                       /**< sizeof(peal_sip_uri_source) */
    peal_sip_scheme scheme;            /**< sip, sips or tel */
    uint16_t port;                     /**< 0: none */
    peal_str user;                     /**< absent: none; tel: the number */
    peal_str password;                 /**< absent: none */
    peal_str host;                     /**< IPv6 with or without brackets; tel: absent */
    const peal_sip_uri_field *params;  /**< NULL: none */
    size_t param_count;                /**< how many */
    const peal_sip_uri_field *headers; /**< NULL: none */
    size_t header_count;               /**< how many */
} peal_sip_uri_source;
/** Appends the URI that these parts make.
 * @return PEAL_OK, PEAL_E_ARGUMENT when they make none, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_uri_encode(const peal_sip_uri_source *source, peal_blob *out);
/** Appends the URI in its canonical form, which compares equal to it: scheme, host, parameters and
 * names of headers in lower case; escapes only where needed, in upper case; IPv6 as in RFC 5952;
 * parameters and headers sorted by name, of doubled parameters the first; tel without visual
 * separators. For a key of a table or a log; RFC 3261 §19.1.4 lets URIs of different canonical
 * forms be equal, too.
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_LIMIT (also for more than 64 parameters or headers) */
PEAL_API peal_result peal_sip_uri_canonical(const peal_sip_uri *uri, peal_blob *out);
/** Appends a name-addr: the name quoted where that is needed, the URI in brackets. No text may be
 * the blob's own, here and above.
 * @param display  plain text, as a person reads it, UTF-8; empty or absent: none
 * @param uri      encoded; must be a URI
 * @param params   header parameters, encoded, from the first ';'; empty or absent: none
 * @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_name_addr_encode(peal_str display, peal_str uri, peal_str params,
                                               peal_blob *out);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
