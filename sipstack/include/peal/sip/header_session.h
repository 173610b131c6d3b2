/* SPDX-License-Identifier: MIT */
/** @file
 * Headers of sessions and dialogs: Session-Expires and Min-SE (RFC 4028), RAck (RFC 3262), Replaces
 * (RFC 3891), Join (RFC 3911), Target-Dialog (RFC 4538), Session-ID (RFC 7989), Reason (RFC 3326),
 * Refer-Sub (RFC 4488), Answer-Mode (RFC 5373). */
#ifndef PEAL_SIP_HEADER_SESSION_H
#define PEAL_SIP_HEADER_SESSION_H

#include <peal/sip/header_access.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who refreshes a session. */
typedef enum peal_sip_refresher {
    PEAL_SIP_REFRESHER_NONE = 0, /**< not said */
    PEAL_SIP_REFRESHER_UAC,
    PEAL_SIP_REFRESHER_UAS
} peal_sip_refresher;
/** Session-Expires. */
typedef struct peal_sip_session_expires {
    uint32_t delta_s;             /**< the interval in seconds */
    peal_sip_refresher refresher; /**< the refresher parameter */
    peal_str params;              /**< from the first ';' */
} peal_sip_session_expires;
PEAL_SIP_ONE(session_expires, SESSION_EXPIRES)

/** Min-SE. */
typedef struct peal_sip_min_se {
    uint32_t delta_s; /**< the least interval in seconds */
    peal_str params;  /**< from the first ';' */
} peal_sip_min_se;
PEAL_SIP_ONE(min_se, MIN_SE)

/** RAck. To encode, method_text may be absent: then method's. */
typedef struct peal_sip_rack {
    uint32_t rseq;          /**< from 1 on */
    uint32_t cseq;          /**< below 2^31 */
    peal_sip_method method; /**< its id */
    peal_str method_text;   /**< as written */
} peal_sip_rack;
PEAL_SIP_ONE(rack, RACK)

/** Replaces. */
typedef struct peal_sip_replaces {
    peal_str call_id;  /**< of the dialog to be replaced */
    peal_str to_tag;   /**< the local tag of who receives this */
    peal_str from_tag; /**< the remote tag of who receives this */
    bool early_only;   /**< not when the dialog is confirmed */
    peal_str params;   /**< from the first ';' */
} peal_sip_replaces;
PEAL_SIP_ONE(replaces, REPLACES)

/** Join. */
typedef struct peal_sip_join {
    peal_str call_id;  /**< of the dialog to be joined */
    peal_str to_tag;   /**< the local tag of who receives this */
    peal_str from_tag; /**< the remote tag of who receives this */
    peal_str params;   /**< from the first ';' */
} peal_sip_join;
PEAL_SIP_ONE(join, JOIN)

/** Target-Dialog. */
typedef struct peal_sip_target_dialog {
    peal_str call_id;    /**< of the dialog known to both */
    peal_str local_tag;  /**< of who sends this */
    peal_str remote_tag; /**< of who receives this */
    peal_str params;     /**< from the first ';' */
} peal_sip_target_dialog;
PEAL_SIP_ONE(target_dialog, TARGET_DIALOG)

/** Session-ID. */
typedef struct peal_sip_session_id {
    peal_str local;  /**< of who sends this: 32 hexadecimal digits */
    peal_str remote; /**< of who receives it; absent if none */
    peal_str params; /**< from the first ';' */
} peal_sip_session_id;
PEAL_SIP_ONE(session_id, SESSION_ID)

/** One Reason value. */
typedef struct peal_sip_reason {
    peal_str protocol;     /**< "SIP", "Q.850" … */
    peal_sip_number cause; /**< status or cause value */
    peal_str text;         /**< between its quotes; absent if none */
    peal_str params;       /**< from the first ';' */
} peal_sip_reason;
PEAL_SIP_LIST(reason, REASON)

/** Refer-Sub. */
typedef struct peal_sip_refer_sub {
    bool wanted;     /**< false: no subscription shall be made */
    peal_str params; /**< from the first ';' */
} peal_sip_refer_sub;
PEAL_SIP_ONE(refer_sub, REFER_SUB)

/** Answer-Mode and Priv-Answer-Mode. */
typedef struct peal_sip_answer_mode {
    peal_str mode;   /**< "Manual", "Auto" or another */
    bool require;    /**< refuse the call rather than answer it in another way */
    peal_str params; /**< from the first ';' */
} peal_sip_answer_mode;
PEAL_SIP_DECODER(answer_mode, ANSWER_MODE)
PEAL_SIP_ENCODER(answer_mode, ANSWER_MODE)
PEAL_SIP_ACCESS(answer_mode, ANSWER_MODE)

#ifdef __cplusplus
}
#endif
#endif
