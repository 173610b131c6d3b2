/* SPDX-License-Identifier: MIT */
/** @file
 * SIP methods, header ids and the typed values of headers (RFC 3261 §20, §25.1). Each type is a
 * decoder (from text, usable alone), a container (views of the text) and an encoder. */
#ifndef PEAL_SIP_HEADER_H
#define PEAL_SIP_HEADER_H

#include <peal/sip/uri.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Methods known by id. X(id, text) */
#define PEAL_SIP_METHOD_TABLE(X)                                                                  \
    X(INVITE, "INVITE") X(ACK, "ACK") X(BYE, "BYE") X(CANCEL, "CANCEL") X(OPTIONS, "OPTIONS")     \
    X(REGISTER, "REGISTER") X(PRACK, "PRACK") X(UPDATE, "UPDATE") X(INFO, "INFO")                 \
    X(SUBSCRIBE, "SUBSCRIBE") X(NOTIFY, "NOTIFY") X(REFER, "REFER") X(MESSAGE, "MESSAGE")         \
    X(PUBLISH, "PUBLISH")
/** Private: one row as an enumerator. */
#define PEAL_SIP_METHOD_ENUM(id, text) PEAL_SIP_METHOD_##id,
/** A method's id; methods are case-sensitive. */
typedef enum peal_sip_method {
    PEAL_SIP_METHOD_UNKNOWN = 0, /**< an extension: see the text */
    PEAL_SIP_METHOD_TABLE(PEAL_SIP_METHOD_ENUM) PEAL_SIP_METHOD_COUNT
} peal_sip_method;
#undef PEAL_SIP_METHOD_ENUM
/** The id of a method's text. */
PEAL_API peal_sip_method peal_sip_method_of(peal_str text);
/** The text of a method's id; absent for UNKNOWN. */
PEAL_API peal_str peal_sip_method_text(peal_sip_method method);

/** What a header's value is. */
typedef enum peal_sip_header_kind {
    PEAL_SIP_KIND_RAW,     /**< one text; no typed form */
    PEAL_SIP_KIND_VIA,     /**< list of peal_sip_via */
    PEAL_SIP_KIND_ADDRESS, /**< one peal_sip_address (From, To) */
    PEAL_SIP_KIND_ADDRESS_LIST, /**< list of peal_sip_address (Contact, Route, Record-Route) */
    PEAL_SIP_KIND_CSEQ,    /**< peal_sip_cseq */
    PEAL_SIP_KIND_TEXT,    /**< peal_str: Call-ID and other single texts, trimmed */
    PEAL_SIP_KIND_NUMBER,  /**< uint32_t: Max-Forwards, Content-Length, Expires, Min-Expires */
    PEAL_SIP_KIND_TOKENS,  /**< list of peal_str: Require, Supported, Allow, … */
    PEAL_SIP_KIND_VALUE_PARAMS /**< peal_sip_value: Content-Type, Reason, Retry-After … */
} peal_sip_header_kind;

/** Headers known by id, one row each: X(id, name, compact letter or 0, kind, single)
 * single: 0: any number of lines; 1: once, a second line makes the message faulty; 2: once by its
 * RFC, but nothing hangs on it: the first line counts and others are left alone. */
#define PEAL_SIP_HEADER_TABLE(X)                                                                  \
    X(VIA, "Via", 'v', VIA, 0)                                                                    \
    X(FROM, "From", 'f', ADDRESS, 1)                                                              \
    X(TO, "To", 't', ADDRESS, 1)                                                                  \
    X(CALL_ID, "Call-ID", 'i', TEXT, 1)                                                           \
    X(CSEQ, "CSeq", 0, CSEQ, 1)                                                                   \
    X(CONTACT, "Contact", 'm', ADDRESS_LIST, 0)                                                   \
    X(MAX_FORWARDS, "Max-Forwards", 0, NUMBER, 1)                                                 \
    X(ROUTE, "Route", 0, ADDRESS_LIST, 0)                                                         \
    X(RECORD_ROUTE, "Record-Route", 0, ADDRESS_LIST, 0)                                           \
    X(CONTENT_LENGTH, "Content-Length", 'l', NUMBER, 1)                                           \
    X(CONTENT_TYPE, "Content-Type", 'c', VALUE_PARAMS, 1)                                         \
    X(CONTENT_DISPOSITION, "Content-Disposition", 0, VALUE_PARAMS, 1)                             \
    X(CONTENT_ENCODING, "Content-Encoding", 'e', TOKENS, 0)                                       \
    X(CONTENT_LANGUAGE, "Content-Language", 0, TOKENS, 0)                                         \
    X(ALLOW, "Allow", 0, TOKENS, 0)                                                               \
    X(SUPPORTED, "Supported", 'k', TOKENS, 0)                                                     \
    X(REQUIRE, "Require", 0, TOKENS, 0)                                                           \
    X(PROXY_REQUIRE, "Proxy-Require", 0, TOKENS, 0)                                               \
    X(UNSUPPORTED, "Unsupported", 0, TOKENS, 0)                                                   \
    X(ACCEPT, "Accept", 0, TOKENS, 0)                                                             \
    X(ACCEPT_ENCODING, "Accept-Encoding", 0, TOKENS, 0)                                           \
    X(ACCEPT_LANGUAGE, "Accept-Language", 0, TOKENS, 0)                                           \
    X(EXPIRES, "Expires", 0, NUMBER, 1)                                                           \
    X(MIN_EXPIRES, "Min-Expires", 0, NUMBER, 1)                                                   \
    X(RETRY_AFTER, "Retry-After", 0, VALUE_PARAMS, 1)                                             \
    X(REASON, "Reason", 0, RAW, 0)                                                                \
    X(USER_AGENT, "User-Agent", 0, TEXT, 2)                                                       \
    X(SERVER, "Server", 0, TEXT, 2)                                                               \
    X(SUBJECT, "Subject", 's', TEXT, 2)                                                           \
    X(ORGANIZATION, "Organization", 0, TEXT, 2)                                                   \
    X(PRIORITY, "Priority", 0, TEXT, 2)                                                           \
    X(DATE, "Date", 0, TEXT, 2)                                                                   \
    X(TIMESTAMP, "Timestamp", 0, TEXT, 2)                                                         \
    X(MIME_VERSION, "MIME-Version", 0, TEXT, 2)                                                   \
    X(WARNING, "Warning", 0, RAW, 0)                                                              \
    X(CALL_INFO, "Call-Info", 0, RAW, 0)                                                          \
    X(ALERT_INFO, "Alert-Info", 0, RAW, 0)                                                        \
    X(ERROR_INFO, "Error-Info", 0, RAW, 0)                                                        \
    X(IN_REPLY_TO, "In-Reply-To", 0, RAW, 0)                                                      \
    X(REPLY_TO, "Reply-To", 0, RAW, 2)                                                            \
    X(AUTHORIZATION, "Authorization", 0, RAW, 0)                                                  \
    X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, RAW, 0)                                            \
    X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, RAW, 0)                                      \
    X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, RAW, 0)                                        \
    X(AUTHENTICATION_INFO, "Authentication-Info", 0, RAW, 0)

/** Private: one row as an enumerator. */
#define PEAL_SIP_HEADER_ENUM(id, name, compact, kind, single) PEAL_SIP_HEADER_##id,
/** A header's id. */
typedef enum peal_sip_header_id {
    PEAL_SIP_HEADER_OTHER = 0, /**< an extension: see its name */
    PEAL_SIP_HEADER_TABLE(PEAL_SIP_HEADER_ENUM) PEAL_SIP_HEADER_COUNT
} peal_sip_header_id;
#undef PEAL_SIP_HEADER_ENUM
/** The id of a header name, long or compact, case ignored. */
PEAL_API peal_sip_header_id peal_sip_header_of(peal_str name);
/** The long name of a header id; absent for OTHER. */
PEAL_API peal_str peal_sip_header_name(peal_sip_header_id id);

/** Transports as Via and URIs name them. */
typedef enum peal_sip_transport {
    PEAL_SIP_TRANSPORT_NONE = 0,
    PEAL_SIP_TRANSPORT_UDP,
    PEAL_SIP_TRANSPORT_TCP,
    PEAL_SIP_TRANSPORT_TLS,
    PEAL_SIP_TRANSPORT_OTHER
} peal_sip_transport;
/** The transport a token names, case ignored. */
PEAL_API peal_sip_transport peal_sip_transport_of(peal_str token);
/** As Via writes it: "UDP". */
PEAL_API peal_str peal_sip_transport_text(peal_sip_transport transport);

/** One Via value (RFC 3261 §20.42, RFC 3581). */
typedef struct peal_sip_via {
    peal_str text;                /**< the whole value */
    peal_sip_transport transport; /**< by id */
    uint16_t port;                /**< 0: not given */
    uint16_t rport;               /**< value of rport; 0 when absent or without value */
    bool has_rport;               /**< rport is there, with or without value */
    peal_str transport_text;      /**< as written */
    peal_str host;                /**< IPv6 with its brackets */
    peal_str params;              /**< from the first ';' */
    peal_str branch;              /**< absent if none */
    peal_str received;            /**< absent if none */
    peal_str maddr;               /**< absent if none */
} peal_sip_via;
/** A name-addr or addr-spec with header parameters (RFC 3261 §20.10, §20.20, §20.34, §20.39). */
typedef struct peal_sip_address {
    peal_str text;    /**< the whole value */
    peal_str display; /**< as written, with quotes if any; absent if none */
    peal_str uri;     /**< between the brackets, or the addr-spec; "*" for Contact: * */
    peal_str params;  /**< header parameters from the first ';' */
    peal_str tag;     /**< From and To; absent if none */
} peal_sip_address;
/** CSeq (RFC 3261 §20.16). */
typedef struct peal_sip_cseq {
    uint32_t number;        /**< below 2^32 */
    peal_sip_method method; /**< its id */
    peal_str method_text;   /**< as written */
} peal_sip_cseq;
/** A value with parameters, such as "application/sdp;charset=x" or "120;duration=5". */
typedef struct peal_sip_value {
    peal_str value;  /**< before the first ';', trimmed; a comment in brackets left out */
    peal_str params; /**< from the first ';' */
} peal_sip_value;

/** Branches of RFC 3261 start with this cookie (§8.1.1.7). */
#define PEAL_SIP_BRANCH_COOKIE "z9hG4bK"

/** Decode one value that fills @p text. @return PEAL_OK, PEAL_E_SIP_HEADER */
PEAL_API peal_result peal_sip_via_decode(peal_str text, peal_sip_via *ret);
/** As peal_sip_via_decode(). */
PEAL_API peal_result peal_sip_address_decode(peal_str text, peal_sip_address *ret);
/** As peal_sip_via_decode(). */
PEAL_API peal_result peal_sip_cseq_decode(peal_str text, peal_sip_cseq *ret);
/** As peal_sip_via_decode(). */
PEAL_API peal_result peal_sip_value_decode(peal_str text, peal_sip_value *ret);
/** Splits off the next value of a comma-separated list (quotes, brackets and comments respected);
 * start with *cursor = the header's value. @return PEAL_OK, PEAL_I_END, PEAL_E_SIP_HEADER */
PEAL_API peal_result peal_sip_list_next(peal_str *cursor, peal_str *ret_value);

/** The usual reason phrase of a status (RFC 3261 §21 and later); "" for an unknown one. */
PEAL_API peal_str peal_sip_reason_phrase(unsigned status);

#ifdef __cplusplus
}
#endif
#endif
