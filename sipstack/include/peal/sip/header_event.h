/* SPDX-License-Identifier: MIT */
/** @file
 * Headers of event packages: Event and Subscription-State (RFC 6665 §8.2, §8.4). Allow-Events is a
 * list of tokens, SIP-ETag and SIP-If-Match (RFC 3903) are texts. */
#ifndef PEAL_SIP_HEADER_EVENT_H
#define PEAL_SIP_HEADER_EVENT_H

#include <peal/sip/header_access.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Event. */
typedef struct peal_sip_event {
    peal_str package; /**< with its templates: "presence.winfo" */
    peal_str id;      /**< tells subscriptions of one dialog apart; absent if none */
    peal_str params;  /**< from the first ';' */
} peal_sip_event;
PEAL_SIP_ONE(event, EVENT)

/** A subscription's state by id. */
typedef enum peal_sip_subscription_state_id {
    PEAL_SIP_SUBSCRIPTION_OTHER = 0, /**< an extension: see its text */
    PEAL_SIP_SUBSCRIPTION_ACTIVE,
    PEAL_SIP_SUBSCRIPTION_PENDING,
    PEAL_SIP_SUBSCRIPTION_TERMINATED
} peal_sip_subscription_state_id;
/** Subscription-State. To encode, state_text may be absent: then state's. */
typedef struct peal_sip_subscription_state {
    peal_sip_subscription_state_id state; /**< its id */
    peal_str state_text;                  /**< as written */
    peal_str reason;                      /**< why it was terminated: "timeout" …; or absent */
    peal_sip_number expires_s;            /**< what is left of it */
    peal_sip_number retry_after_s;        /**< when to try again */
    peal_str params;                      /**< from the first ';' */
} peal_sip_subscription_state;
PEAL_SIP_ONE(subscription_state, SUBSCRIPTION_STATE)

#ifdef __cplusplus
}
#endif
#endif
