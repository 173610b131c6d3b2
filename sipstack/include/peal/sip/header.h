/* SPDX-License-Identifier: MIT */
/** @file
 * SIP methods, header ids and the typed values of headers (RFC 3261 §20, §25.1). Each type is a
 * decoder (from text, usable alone), a container (views of the text) and an encoder. */
#ifndef PEAL_SIP_HEADER_H
#define PEAL_SIP_HEADER_H

#include <peal/blob.h>
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

/** What a header's value is. The struct of a kind is what the typed functions read and write. */
typedef enum peal_sip_header_kind {
    PEAL_SIP_KIND_RAW,     /**< one text; no typed form */
    PEAL_SIP_KIND_VIA,     /**< list of peal_sip_via */
    PEAL_SIP_KIND_ADDRESS, /**< one peal_sip_address (From, To, Refer-To …) */
    PEAL_SIP_KIND_ADDRESS_LIST, /**< list of peal_sip_address (Contact, Route, Path …) */
    PEAL_SIP_KIND_CSEQ,         /**< peal_sip_cseq */
    PEAL_SIP_KIND_TEXT,         /**< peal_str: Call-ID and other single texts, trimmed */
    PEAL_SIP_KIND_NUMBER,       /**< uint32_t: Max-Forwards, Content-Length, Expires, RSeq … */
    PEAL_SIP_KIND_TOKENS,       /**< list of peal_str: Require, Supported, Allow, … */
    PEAL_SIP_KIND_VALUE_PARAMS, /**< peal_sip_value: Content-Type, Info-Package … */
    PEAL_SIP_KIND_VALUE_LIST,   /**< list of peal_sip_value: Accept, Security-Client … */
    PEAL_SIP_KIND_PARAMS,       /**< list of peal_str: parameters alone (peal_sip_param_next()) */
    PEAL_SIP_KIND_CALL_IDS,     /**< list of peal_str: In-Reply-To */
    PEAL_SIP_KIND_RETRY_AFTER,  /**< peal_sip_retry_after */
    PEAL_SIP_KIND_DATE,         /**< peal_sip_date */
    PEAL_SIP_KIND_TIMESTAMP,    /**< peal_sip_timestamp */
    PEAL_SIP_KIND_MIME_VERSION, /**< peal_sip_mime_version */
    PEAL_SIP_KIND_WARNING,      /**< list of peal_sip_warning */
    PEAL_SIP_KIND_CHALLENGE,    /**< peal_sip_challenge, one a line */
    PEAL_SIP_KIND_CREDENTIALS,  /**< peal_sip_credentials, one a line */
    PEAL_SIP_KIND_AUTH_INFO,    /**< peal_sip_auth_info */
    PEAL_SIP_KIND_SESSION_EXPIRES,    /**< peal_sip_session_expires */
    PEAL_SIP_KIND_MIN_SE,             /**< peal_sip_min_se */
    PEAL_SIP_KIND_RACK,               /**< peal_sip_rack */
    PEAL_SIP_KIND_REPLACES,           /**< peal_sip_replaces */
    PEAL_SIP_KIND_JOIN,               /**< peal_sip_join */
    PEAL_SIP_KIND_TARGET_DIALOG,      /**< peal_sip_target_dialog */
    PEAL_SIP_KIND_SESSION_ID,         /**< peal_sip_session_id */
    PEAL_SIP_KIND_REASON,             /**< list of peal_sip_reason */
    PEAL_SIP_KIND_REFER_SUB,          /**< peal_sip_refer_sub */
    PEAL_SIP_KIND_ANSWER_MODE,        /**< peal_sip_answer_mode */
    PEAL_SIP_KIND_EVENT,              /**< peal_sip_event */
    PEAL_SIP_KIND_SUBSCRIPTION_STATE, /**< peal_sip_subscription_state */
    PEAL_SIP_KIND_PRIVACY,            /**< peal_sip_privacy */
    PEAL_SIP_KIND_IDENTITY,           /**< list of peal_sip_identity */
    PEAL_SIP_KIND_HISTORY_INFO,       /**< list of peal_sip_history_info */
    PEAL_SIP_KIND_DIVERSION,          /**< list of peal_sip_diversion */
    PEAL_SIP_KIND_CHARGING_VECTOR,    /**< peal_sip_charging_vector */
    PEAL_SIP_KIND_CONTACT_PARAMS,     /**< peal_sip_contact_params: of an address's params */
    PEAL_SIP_KIND_ALERT_ERROR,        /**< peal_sip_alert_error */
    PEAL_SIP_KIND_COUNT               /**< how many there are */
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
    X(CONTENT_ID, "Content-ID", 0, TEXT, 2)                                                       \
    X(ALLOW, "Allow", 0, TOKENS, 0)                                                               \
    X(SUPPORTED, "Supported", 'k', TOKENS, 0)                                                     \
    X(REQUIRE, "Require", 0, TOKENS, 0)                                                           \
    X(PROXY_REQUIRE, "Proxy-Require", 0, TOKENS, 0)                                               \
    X(UNSUPPORTED, "Unsupported", 0, TOKENS, 0)                                                   \
    X(ACCEPT, "Accept", 0, VALUE_LIST, 0)                                                         \
    X(ACCEPT_ENCODING, "Accept-Encoding", 0, VALUE_LIST, 0)                                       \
    X(ACCEPT_LANGUAGE, "Accept-Language", 0, VALUE_LIST, 0)                                       \
    X(EXPIRES, "Expires", 0, NUMBER, 1)                                                           \
    X(MIN_EXPIRES, "Min-Expires", 0, NUMBER, 1)                                                   \
    X(RETRY_AFTER, "Retry-After", 0, RETRY_AFTER, 1)                                              \
    X(REASON, "Reason", 0, REASON, 0)                                                             \
    X(USER_AGENT, "User-Agent", 0, TEXT, 2)                                                       \
    X(SERVER, "Server", 0, TEXT, 2)                                                               \
    X(SUBJECT, "Subject", 's', TEXT, 2)                                                           \
    X(ORGANIZATION, "Organization", 0, TEXT, 2)                                                   \
    X(PRIORITY, "Priority", 0, TEXT, 2)                                                           \
    X(DATE, "Date", 0, DATE, 2)                                                                   \
    X(TIMESTAMP, "Timestamp", 0, TIMESTAMP, 2)                                                    \
    X(MIME_VERSION, "MIME-Version", 0, MIME_VERSION, 2)                                           \
    X(WARNING, "Warning", 0, WARNING, 0)                                                          \
    X(CALL_INFO, "Call-Info", 0, ADDRESS_LIST, 0)                                                 \
    X(ALERT_INFO, "Alert-Info", 0, ADDRESS_LIST, 0)                                               \
    X(ERROR_INFO, "Error-Info", 0, ADDRESS_LIST, 0)                                               \
    X(IN_REPLY_TO, "In-Reply-To", 0, CALL_IDS, 0)                                                 \
    X(REPLY_TO, "Reply-To", 0, ADDRESS, 2)                                                        \
    X(AUTHORIZATION, "Authorization", 0, CREDENTIALS, 0)                                          \
    X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, CHALLENGE, 0)                                      \
    X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, CREDENTIALS, 0)                              \
    X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, CHALLENGE, 0)                                  \
    X(AUTHENTICATION_INFO, "Authentication-Info", 0, AUTH_INFO, 2)                                \
    X(PROXY_AUTHENTICATION_INFO, "Proxy-Authentication-Info", 0, AUTH_INFO, 2)                    \
    X(SESSION_EXPIRES, "Session-Expires", 'x', SESSION_EXPIRES, 2)                                \
    X(MIN_SE, "Min-SE", 0, MIN_SE, 2)                                                             \
    X(RSEQ, "RSeq", 0, NUMBER, 2)                                                                 \
    X(RACK, "RAck", 0, RACK, 1)                                                                   \
    X(REPLACES, "Replaces", 0, REPLACES, 1)                                                       \
    X(JOIN, "Join", 0, JOIN, 1)                                                                   \
    X(TARGET_DIALOG, "Target-Dialog", 0, TARGET_DIALOG, 2)                                        \
    X(SESSION_ID, "Session-ID", 0, SESSION_ID, 2)                                                 \
    X(REFER_TO, "Refer-To", 'r', ADDRESS, 1)                                                      \
    X(REFERRED_BY, "Referred-By", 'b', ADDRESS, 2)                                                \
    X(REFER_SUB, "Refer-Sub", 0, REFER_SUB, 2)                                                    \
    X(REFER_EVENTS_AT, "Refer-Events-At", 0, ADDRESS, 2)                                          \
    X(EVENT, "Event", 'o', EVENT, 1)                                                              \
    X(ALLOW_EVENTS, "Allow-Events", 'u', TOKENS, 0)                                               \
    X(SUBSCRIPTION_STATE, "Subscription-State", 0, SUBSCRIPTION_STATE, 1)                         \
    X(SIP_ETAG, "SIP-ETag", 0, TEXT, 2)                                                           \
    X(SIP_IF_MATCH, "SIP-If-Match", 0, TEXT, 1)                                                   \
    X(SUPPRESS_IF_MATCH, "Suppress-If-Match", 0, TEXT, 2)                                         \
    X(INFO_PACKAGE, "Info-Package", 0, VALUE_PARAMS, 2)                                           \
    X(RECV_INFO, "Recv-Info", 0, VALUE_LIST, 0)                                                   \
    X(PATH, "Path", 0, ADDRESS_LIST, 0)                                                           \
    X(SERVICE_ROUTE, "Service-Route", 0, ADDRESS_LIST, 0)                                         \
    X(FLOW_TIMER, "Flow-Timer", 0, NUMBER, 2)                                                     \
    X(MAX_BREADTH, "Max-Breadth", 0, NUMBER, 2)                                                   \
    X(PRIVACY, "Privacy", 0, PRIVACY, 2)                                                          \
    X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, ADDRESS_LIST, 0)                             \
    X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, ADDRESS_LIST, 0)                           \
    X(REMOTE_PARTY_ID, "Remote-Party-ID", 0, ADDRESS_LIST, 0)                                     \
    X(IDENTITY, "Identity", 'y', IDENTITY, 0)                                                     \
    X(IDENTITY_INFO, "Identity-Info", 'n', ADDRESS, 2)                                            \
    X(HISTORY_INFO, "History-Info", 0, HISTORY_INFO, 0)                                           \
    X(DIVERSION, "Diversion", 0, DIVERSION, 0)                                                    \
    X(GEOLOCATION, "Geolocation", 0, ADDRESS_LIST, 0)                                             \
    X(GEOLOCATION_ERROR, "Geolocation-Error", 0, VALUE_PARAMS, 2)                                 \
    X(GEOLOCATION_ROUTING, "Geolocation-Routing", 0, TEXT, 2)                                     \
    X(ACCEPT_CONTACT, "Accept-Contact", 'a', VALUE_LIST, 0)                                       \
    X(REJECT_CONTACT, "Reject-Contact", 'j', VALUE_LIST, 0)                                       \
    X(REQUEST_DISPOSITION, "Request-Disposition", 'd', TOKENS, 0)                                 \
    X(ANSWER_MODE, "Answer-Mode", 0, ANSWER_MODE, 2)                                              \
    X(PRIV_ANSWER_MODE, "Priv-Answer-Mode", 0, ANSWER_MODE, 2)                                    \
    X(SECURITY_CLIENT, "Security-Client", 0, VALUE_LIST, 0)                                       \
    X(SECURITY_SERVER, "Security-Server", 0, VALUE_LIST, 0)                                       \
    X(SECURITY_VERIFY, "Security-Verify", 0, VALUE_LIST, 0)                                       \
    X(RESOURCE_PRIORITY, "Resource-Priority", 0, TOKENS, 0)                                       \
    X(ACCEPT_RESOURCE_PRIORITY, "Accept-Resource-Priority", 0, TOKENS, 0)                         \
    X(FEATURE_CAPS, "Feature-Caps", 0, VALUE_LIST, 0)                                             \
    X(USER_TO_USER, "User-to-User", 0, VALUE_LIST, 0)                                             \
    X(TRIGGER_CONSENT, "Trigger-Consent", 0, ADDRESS_LIST, 0)                                     \
    X(PERMISSION_MISSING, "Permission-Missing", 0, ADDRESS_LIST, 0)                               \
    X(POLICY_ID, "Policy-ID", 0, ADDRESS_LIST, 0)                                                 \
    X(POLICY_CONTACT, "Policy-Contact", 0, ADDRESS_LIST, 0)                                       \
    X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0, VALUE_LIST, 0)                           \
    X(P_ANSWER_STATE, "P-Answer-State", 0, VALUE_PARAMS, 2)                                       \
    X(P_ASSERTED_SERVICE, "P-Asserted-Service", 0, TOKENS, 0)                                     \
    X(P_PREFERRED_SERVICE, "P-Preferred-Service", 0, TOKENS, 0)                                   \
    X(P_ASSOCIATED_URI, "P-Associated-URI", 0, ADDRESS_LIST, 0)                                   \
    X(P_CALLED_PARTY_ID, "P-Called-Party-ID", 0, ADDRESS, 2)                                      \
    X(P_CHARGE_INFO, "P-Charge-Info", 0, ADDRESS, 2)                                              \
    X(P_CHARGING_FUNCTION_ADDRESSES, "P-Charging-Function-Addresses", 0, PARAMS, 0)               \
    X(P_CHARGING_VECTOR, "P-Charging-Vector", 0, CHARGING_VECTOR, 2)                              \
    X(P_EARLY_MEDIA, "P-Early-Media", 0, TOKENS, 0)                                               \
    X(P_MEDIA_AUTHORIZATION, "P-Media-Authorization", 0, TOKENS, 0)                               \
    X(P_PRIVATE_NETWORK_INDICATION, "P-Private-Network-Indication", 0, VALUE_PARAMS, 2)           \
    X(P_PROFILE_KEY, "P-Profile-Key", 0, ADDRESS, 2)                                              \
    X(P_REFUSED_URI_LIST, "P-Refused-URI-List", 0, TEXT, 0)                                       \
    X(P_SERVED_USER, "P-Served-User", 0, ADDRESS, 2)                                              \
    X(P_USER_DATABASE, "P-User-Database", 0, ADDRESS, 2)                                          \
    X(P_VISITED_NETWORK_ID, "P-Visited-Network-ID", 0, VALUE_LIST, 0)                             \
    X(ALERT_ERROR, "AlertMsg-Error", 0, ALERT_ERROR, 2)

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

/** One Via value (RFC 3261 §20.42, RFC 3581). To encode, transport_text may be absent: then
 * transport's. */
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
/** A name-addr or addr-spec with header parameters (RFC 3261 §20.10, §20.20, §20.34, §20.39), and
 * all headers like them, such as Refer-To, Path, P-Asserted-Identity, Call-Info, Geolocation. Other
 * parameters: peal_sip_param_find() in params. The encoder writes the brackets always. */
typedef struct peal_sip_address {
    peal_str text;    /**< the whole value */
    peal_str display; /**< as written, with quotes if any; absent if none */
    peal_str uri;     /**< between the brackets, or the addr-spec; "*" for Contact: * */
    peal_str params;  /**< header parameters from the first ';' */
    peal_str tag;     /**< From and To; absent if none */
} peal_sip_address;
/** CSeq (RFC 3261 §20.16). To encode, method_text may be absent: then method's. */
typedef struct peal_sip_cseq {
    uint32_t number;        /**< below 2^31 */
    peal_sip_method method; /**< its id */
    peal_str method_text;   /**< as written */
} peal_sip_cseq;
/** A value with parameters, such as "application/sdp;charset=x"; also what a header that Peal does
 * not know can be read as: peal_sip_value_decode(peal_sip_packet_value_named(…), …). */
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

/** A number that may be absent. */
typedef struct peal_sip_number {
    bool given;     /**< false: absent */
    uint32_t value; /**< 0 when absent */
} peal_sip_number;
/** A number that is there. */
PEAL_INLINE peal_sip_number peal_sip_number_of(uint32_t value)
{
    peal_sip_number number;
    number.given = true;
    number.value = value;
    return number;
}

/** @name Every kind, by its number
 * What the functions of each type below are made of; for programs that handle headers generically.
 * Rules of all types:
 * - A decoded struct holds views of the text. Members named params are all parameters as written;
 *   those that have a member of their own are there too. Quoted members are what stands between
 *   the quotes, escapes not undone: see peal_sip_quoted_escape().
 * - A parameter that has a member and stands twice makes the value malformed.
 * - To encode, fill the members; zeroed ones are absent. Of params those are written that have no
 *   member. What cannot be written by the grammar is refused, so no value can bring in a second
 *   parameter, value or header line. Folds become spaces.
 * @{ */
/** Decodes one value that fills @p text. @param[out] ret the kind's struct
 * @return PEAL_OK, PEAL_E_SIP_HEADER, PEAL_E_ARGUMENT for a kind without typed form */
PEAL_API peal_result peal_sip_kind_decode(peal_sip_header_kind kind, peal_str text, void *ret);
/** Appends one value by its grammar. @param value the kind's struct
 * @return PEAL_OK, PEAL_E_ARGUMENT when it cannot be written, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_kind_encode(peal_sip_header_kind kind, const void *value,
                                          peal_blob *out);
/** The kind of a header's values. */
PEAL_API peal_sip_header_kind peal_sip_header_kind_of(peal_sip_header_id id);
/** Several values may stand in one line, separated by commas. */
PEAL_API bool peal_sip_kind_is_list(peal_sip_header_kind kind);
/** Defines peal_sip_NAME_decode(text, &ret) as peal_sip_kind_decode() for peal_sip_NAME. */
#define PEAL_SIP_DECODER(name, KIND)                                                              \
    PEAL_INLINE peal_result peal_sip_##name##_decode(peal_str text, peal_sip_##name *ret)         \
    {                                                                                             \
        return peal_sip_kind_decode(PEAL_SIP_KIND_##KIND, text, ret);                             \
    }
/** Defines peal_sip_NAME_encode(&value, out) as peal_sip_kind_encode() for peal_sip_NAME. */
#define PEAL_SIP_ENCODER(name, KIND)                                                              \
    PEAL_INLINE peal_result peal_sip_##name##_encode(const peal_sip_##name *value,                \
                                                     peal_blob *out)                              \
    {                                                                                             \
        return peal_sip_kind_encode(PEAL_SIP_KIND_##KIND, value, out);                            \
    }
/** @} */
PEAL_SIP_ENCODER(via, VIA)
PEAL_SIP_ENCODER(address, ADDRESS)
PEAL_SIP_ENCODER(cseq, CSEQ)
PEAL_SIP_ENCODER(value, VALUE_PARAMS)

/** @name Pieces of values
 * @{ */
/** What stands between the quotes of a quoted string that says @p plain. Appended.
 * @return PEAL_OK, PEAL_E_ARGUMENT for control characters, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_quoted_escape(peal_str plain, peal_blob *out);
/** Undoes it: takes a member that stood between quotes, or a parameter's value with its quotes.
 * Appended. @return PEAL_OK, PEAL_E_SYNTAX, PEAL_E_NO_MEMORY, PEAL_E_LIMIT */
PEAL_API peal_result peal_sip_quoted_unescape(peal_str quoted, peal_blob *out);
/** A q value in thousandths: "0.7" gives 700 (RFC 3261 §25.1, qvalue).
 * @return PEAL_OK, PEAL_E_SYNTAX */
PEAL_API peal_result peal_sip_q_decode(peal_str text, uint32_t *ret);
/** The q parameter in thousandths; 1000 when it is not there or malformed. */
PEAL_API uint32_t peal_sip_params_q(peal_str params);
/** A comma-separated list has this item, case ignored. */
PEAL_API bool peal_sip_list_has(peal_str list, peal_str item);
/** @} */

/** The usual reason phrase of a status (RFC 3261 §21 and later); "" for an unknown one. */
PEAL_API peal_str peal_sip_reason_phrase(unsigned status);

#ifdef __cplusplus
}
#endif
#endif
