/* SPDX-License-Identifier: MIT */
/** @file
 * What tells packets apart that belong to different transactions and dialogs (RFC 3261 §12, §17),
 * for tables of one's own. Hashes are keyed: a peer cannot choose what collides. */
#ifndef PEAL_SIP_KEYS_H
#define PEAL_SIP_KEYS_H

#include <peal/sip/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest text of a transaction's key; what would be longer becomes two keyed hashes. */
#define PEAL_SIP_TXN_KEY_MAX 256
/** A transaction's key as text, lower case where SIP ignores case. Requests: 's', branch and
 * sent-by (RFC 3261 §17.2.3); peers of RFC 2543: 'o' and what §17.2.3 compares, without the To tag;
 * responses and our own requests: 'c' and the branch (§17.1.3). The method is not part of it, so
 * that ACK and CANCEL find their INVITE by the same hash. */
typedef struct peal_sip_txn_key {
    uint64_t hash;                   /**< of the text */
    size_t length;                   /**< bytes of the text */
    char text[PEAL_SIP_TXN_KEY_MAX]; /**< not NUL-terminated */
} peal_sip_txn_key;
/** The key of the transaction that a received packet belongs to.
 * @return PEAL_OK; PEAL_E_SIP_HEADER, PEAL_E_NOT_FOUND when a header it needs is unusable,
 * PEAL_E_NO_MEMORY. @thread the packet's owner */
PEAL_API peal_result peal_sip_txn_key_of(peal_sip_packet *packet, peal_sip_txn_key *ret);
/** The key of a client transaction whose request has this branch. */
PEAL_API void peal_sip_txn_key_of_branch(peal_str branch, peal_sip_txn_key *ret);
/** The keys are the same. */
PEAL_API bool peal_sip_txn_key_eq(const peal_sip_txn_key *a, const peal_sip_txn_key *b);
/** This branch is one of RFC 3261: the cookie and something behind it. */
PEAL_API bool peal_sip_branch_has_cookie(peal_str branch);

/** A dialog's key, seen from one end; views of the packet it was read from. */
typedef struct peal_sip_dialog_key {
    peal_str call_id;    /**< its case counts */
    peal_str local_tag;  /**< our tag; absent or empty outside of a dialog */
    peal_str remote_tag; /**< the peer's; absent from peers of RFC 2543, or not yet known */
} peal_sip_dialog_key;
/** The key of the dialog that a packet belongs to. Of a request that was received and a response
 * that was sent the To tag is the local one; of the others the From tag.
 * @param sent  we made the packet; false: it was received
 * @return PEAL_OK, PEAL_E_NOT_FOUND, PEAL_E_SIP_HEADER, PEAL_E_NO_MEMORY
 * @thread the packet's owner */
PEAL_API peal_result peal_sip_dialog_key_of(peal_sip_packet *packet, bool sent,
                                            peal_sip_dialog_key *ret);
/** Keyed hash of Call-ID and local tag. The remote tag is left out: a dialog may not know it. */
PEAL_API uint64_t peal_sip_dialog_key_hash(const peal_sip_dialog_key *key);
/** A dialog with the key @p dialog is the one that the key @p packet means: Call-ID and local tag
 * are the same, and the remote tag too, unless the dialog does not know it. */
PEAL_API bool peal_sip_dialog_key_matches(const peal_sip_dialog_key *dialog,
                                          const peal_sip_dialog_key *packet);

#ifdef __cplusplus
}
#endif
#endif
