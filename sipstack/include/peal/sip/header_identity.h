/* SPDX-License-Identifier: MIT */
/** @file
 * Headers about who somebody is: Privacy (RFC 3323), Identity (RFC 8224), History-Info (RFC 7044),
 * Diversion (RFC 5806), P-Charging-Vector (RFC 7315), and the parameters of a Contact (RFC 3261
 * §20.10, RFC 5626, RFC 5627). P-Asserted-Identity and its like are lists of addresses. */
#ifndef PEAL_SIP_HEADER_IDENTITY_H
#define PEAL_SIP_HEADER_IDENTITY_H

#include <peal/sip/header_access.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Values of Privacy, as bits. */
enum {
    PEAL_SIP_PRIVACY_HEADER = 1,   /**< "header" */
    PEAL_SIP_PRIVACY_SESSION = 2,  /**< "session" */
    PEAL_SIP_PRIVACY_USER = 4,     /**< "user" */
    PEAL_SIP_PRIVACY_NONE = 8,     /**< "none": no privacy shall be applied */
    PEAL_SIP_PRIVACY_CRITICAL = 16, /**< "critical": refuse what cannot be kept private */
    PEAL_SIP_PRIVACY_ID = 32,      /**< "id" (RFC 3325) */
    PEAL_SIP_PRIVACY_HISTORY = 64, /**< "history" (RFC 7044) */
    PEAL_SIP_PRIVACY_OTHER = 128   /**< a token that is none of these; it is not written */
};
/** Privacy. */
typedef struct peal_sip_privacy {
    uint32_t values; /**< bits; "none" beside others but "critical" is not written */
} peal_sip_privacy;
PEAL_SIP_ONE(privacy, PRIVACY)

/** One Identity value. */
typedef struct peal_sip_identity {
    peal_str digest; /**< the signature, or the whole PASSporT */
    peal_str info;   /**< the URI of the certificate, between its brackets */
    peal_str alg;    /**< "ES256"; absent if none */
    peal_str ppt;    /**< the PASSporT's extension, between its quotes if any; absent if none */
    peal_str params; /**< from the first ';' */
} peal_sip_identity;
PEAL_SIP_LIST(identity, IDENTITY)

/** One History-Info value. */
typedef struct peal_sip_history_info {
    peal_sip_address address; /**< whom the request went to; its params are all parameters */
    peal_str index;           /**< such as "1.2.1" */
    peal_str rc;              /**< index of where it was retargeted from */
    peal_str mp;              /**< the same, when the user was mapped to another */
    peal_str np;              /**< the same, when nothing changed */
} peal_sip_history_info;
PEAL_SIP_LIST(history_info, HISTORY_INFO)

/** One Diversion value. */
typedef struct peal_sip_diversion {
    peal_sip_address address; /**< who diverted; its params are all parameters */
    peal_str reason;          /**< "unconditional", "user-busy" …; quotes kept */
    peal_sip_number counter;  /**< how many diversions this stands for */
    peal_sip_number limit;    /**< how many are allowed */
    peal_str privacy;         /**< "full", "off" …; quotes kept */
    peal_str screen;          /**< "yes", "no" …; quotes kept */
} peal_sip_diversion;
PEAL_SIP_LIST(diversion, DIVERSION)

/** P-Charging-Vector. Values as written. */
typedef struct peal_sip_charging_vector {
    peal_str icid_value;        /**< the charging identity; it must be there */
    peal_str icid_generated_at; /**< the host that made it */
    peal_str orig_ioi;          /**< the calling network */
    peal_str term_ioi;          /**< the called network */
    peal_str params;            /**< the whole value */
} peal_sip_charging_vector;
PEAL_SIP_DECODER(charging_vector, CHARGING_VECTOR)
PEAL_SIP_ENCODER(charging_vector, CHARGING_VECTOR)
PEAL_SIP_ACCESS(charging_vector, CHARGING_VECTOR)

/** What a registrar and its users read in the parameters of a Contact: decode address.params. */
typedef struct peal_sip_contact_params {
    peal_sip_number q;         /**< in thousandths */
    peal_sip_number expires_s; /**< seconds */
    peal_str instance;         /**< +sip.instance between its quotes: "<urn:uuid:…>" */
    peal_sip_number reg_id;    /**< reg-id */
    peal_str pub_gruu;         /**< between its quotes */
    peal_str temp_gruu;        /**< between its quotes */
    peal_str methods;          /**< between its quotes: a list for peal_sip_list_has() */
    peal_str params;           /**< all */
} peal_sip_contact_params;
PEAL_SIP_DECODER(contact_params, CONTACT_PARAMS)
PEAL_SIP_ENCODER(contact_params, CONTACT_PARAMS)

#ifdef __cplusplus
}
#endif
#endif
