/* SPDX-License-Identifier: MIT */
/** @file
 * Authentication headers: challenges, credentials, Authentication-Info (RFC 3261 §20.7, §20.27,
 * §20.28, §20.44, §25.1; RFC 7616; RFC 8760; RFC 8898). Digest has members for its parameters; of
 * other schemes the parameters stand in params, to be read by peal_sip_auth_param_next(). */
#ifndef PEAL_SIP_HEADER_AUTH_H
#define PEAL_SIP_HEADER_AUTH_H

#include <peal/sip/header_access.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The algorithms of Digest (RFC 7616, RFC 8760). */
typedef enum peal_sip_digest_algorithm {
    PEAL_SIP_DIGEST_OTHER = 0, /**< none of these */
    PEAL_SIP_DIGEST_MD5,       /**< also when the parameter is absent */
    PEAL_SIP_DIGEST_MD5_SESS,
    PEAL_SIP_DIGEST_SHA_256,
    PEAL_SIP_DIGEST_SHA_256_SESS,
    PEAL_SIP_DIGEST_SHA_512_256,
    PEAL_SIP_DIGEST_SHA_512_256_SESS
} peal_sip_digest_algorithm;
/** The algorithm that a parameter's value names, case ignored; an absent one means MD5. */
PEAL_API peal_sip_digest_algorithm peal_sip_digest_algorithm_of(peal_str text);
/** Its name as the parameter writes it; absent for OTHER. */
PEAL_API peal_str peal_sip_digest_algorithm_text(peal_sip_digest_algorithm algorithm);

/** WWW-Authenticate and Proxy-Authenticate; one a line. */
typedef struct peal_sip_challenge {
    peal_str scheme;    /**< "Digest", "Bearer" … */
    peal_str token68;   /**< what stands alone behind the scheme instead of parameters */
    peal_str realm;     /**< between its quotes; Digest needs it */
    peal_str domain;    /**< between its quotes */
    peal_str nonce;     /**< between its quotes; Digest needs it */
    peal_str opaque;    /**< between its quotes */
    peal_str algorithm; /**< as written */
    peal_str qop;       /**< between its quotes: a list for peal_sip_list_has() */
    bool stale;         /**< stale=true */
    bool userhash;      /**< userhash=true */
    peal_str params;    /**< all behind the scheme */
} peal_sip_challenge;
PEAL_SIP_DECODER(challenge, CHALLENGE)
PEAL_SIP_ENCODER(challenge, CHALLENGE)
PEAL_SIP_ACCESS(challenge, CHALLENGE)

/** Authorization and Proxy-Authorization; one a line. Digest needs username, realm, nonce, uri and
 * response, though they may be empty; instead of username there may be username* in params. */
typedef struct peal_sip_credentials {
    peal_str scheme;    /**< "Digest", "Bearer" … */
    peal_str token68;   /**< what stands alone behind the scheme instead of parameters */
    peal_str username;  /**< between its quotes */
    peal_str realm;     /**< between its quotes */
    peal_str nonce;     /**< between its quotes */
    peal_str uri;       /**< between its quotes */
    peal_str response;  /**< between its quotes */
    peal_str cnonce;    /**< between its quotes */
    peal_str opaque;    /**< between its quotes */
    peal_str algorithm; /**< as written */
    peal_str qop;       /**< "auth" or "auth-int" */
    peal_sip_number nc; /**< the nonce count */
    bool userhash;      /**< userhash=true */
    peal_str params;    /**< all behind the scheme */
} peal_sip_credentials;
PEAL_SIP_DECODER(credentials, CREDENTIALS)
PEAL_SIP_ENCODER(credentials, CREDENTIALS)
PEAL_SIP_ACCESS(credentials, CREDENTIALS)

/** Authentication-Info and Proxy-Authentication-Info (RFC 7615). */
typedef struct peal_sip_auth_info {
    peal_str nextnonce; /**< between its quotes */
    peal_str qop;       /**< "auth" or "auth-int" */
    peal_str rspauth;   /**< between its quotes */
    peal_str cnonce;    /**< between its quotes */
    peal_sip_number nc; /**< the nonce count */
    peal_str params;    /**< the whole value */
} peal_sip_auth_info;
PEAL_SIP_DECODER(auth_info, AUTH_INFO)
PEAL_SIP_ENCODER(auth_info, AUTH_INFO)
PEAL_SIP_ACCESS(auth_info, AUTH_INFO)

/** Iterates comma-separated parameters: start with *cursor = params; quoted values keep their
 * quotes. @return PEAL_OK, PEAL_I_END, PEAL_E_SYNTAX */
PEAL_API peal_result peal_sip_auth_param_next(peal_str *cursor, peal_str *ret_name,
                                              peal_str *ret_value);

#ifdef __cplusplus
}
#endif
#endif
