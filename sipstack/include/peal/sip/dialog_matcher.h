/* SPDX-License-Identifier: MIT */
/** @file
 * Finding the context of a packet by its dialog (RFC 3261 §12; C10), and the ready-made way for
 * packets that match nothing (C12). Core thread. */
#ifndef PEAL_SIP_DIALOG_MATCHER_H
#define PEAL_SIP_DIALOG_MATCHER_H

#include <peal/hash.h>
#include <peal/sip/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One dialog in a list; embedded in the service that keeps the dialog. The list does not count
 * references: the owner takes it out at clear. Views are the owner's and stay while it is
 * listed. */
typedef struct peal_sip_dialog_matcher {
    peal_hash_node node;       /**< private */
    peal_sip_context *context; /**< borrowed */
    peal_str call_id;          /**< the dialog's Call-ID */
    peal_str local_tag;        /**< our tag */
    peal_str remote_tag; /**< absent: matches any (an early dialog whose peer has none yet) */
    peal_sip_dialog_matcher_list *list; /**< private */
} peal_sip_dialog_matcher;

/** Makes a list of one's own (the stack has a default one). */
PEAL_API peal_result peal_sip_dialog_matcher_list_new(peal_sip_dialog_matcher_list **ret);
/** Frees a list; it must be empty (debug builds check). */
PEAL_API void peal_sip_dialog_matcher_list_free(peal_sip_dialog_matcher_list *list);
/** Adds a dialog. */
PEAL_API void peal_sip_dialog_matcher_add(peal_sip_dialog_matcher_list *list,
                                          peal_sip_dialog_matcher *matcher);
/** Takes it out; nothing happens when it is in none. */
PEAL_API void peal_sip_dialog_matcher_remove(peal_sip_dialog_matcher *matcher);
/** Finds the context of a request (To tag local, From tag remote) or response (the other way).
 * @return borrowed, NULL if none */
PEAL_API peal_sip_context *peal_sip_dialog_matcher_find(peal_sip_dialog_matcher_list *list,
                                                        peal_sip_packet *packet);
/** How many dialogs it holds. */
PEAL_API size_t peal_sip_dialog_matcher_count(const peal_sip_dialog_matcher_list *list);

/** A dispatcher. */
typedef struct peal_sip_dispatcher peal_sip_dispatcher;
/** What the application decides of a good new request outside of any dialog. */
PEAL_MANAGER(peal_sip_dispatcher_mgr) {
    size_t size; /**< sizeof(peal_sip_dispatcher_mgr_vt) */
    /** A request of a method it accepts. Make a context and call peal_sip_context_handle_packet(),
     * or answer by peal_sip_core_respond(). Unanswered it gets 500. */
    void (*on_new_request)(peal_sip_dispatcher_mgr *self, peal_sip_core_config *core,
                           peal_sip_packet *request);
};
/** What a dispatcher accepts. Texts are copied. */
typedef struct peal_sip_dispatcher_config {
    size_t size;        /**< sizeof(peal_sip_dispatcher_config) */
    peal_str allow;     /**< methods, as an Allow value: "INVITE, ACK, BYE, CANCEL, OPTIONS" */
    peal_str supported; /**< option tags Require may name, as a Supported value; may be empty */
    peal_str accept;    /**< body types, as an Accept value: "application/sdp"; absent: any */
    peal_sip_dispatcher_mgr *manager; /**< borrowed until the dispatcher is freed */
} peal_sip_dispatcher_config;
/** Makes a dispatcher for user agents (C12, K7): answers malformed requests 400, other SIP versions
 * 505, unknown schemes 416, unknown methods 501 or 405 with Allow, unknown Require 420 with
 * Unsupported, unaccepted bodies 415 with Accept, Max-Forwards 0 483 (OPTIONS is answered), merged
 * requests 482 (while a context has the first and has not refused it), in-dialog requests without
 * dialog 481, stray CANCEL 481, drops stray ACK; hands the rest to the manager. */
PEAL_API peal_result peal_sip_dispatcher_new(peal_sip_core_config *core,
                                             const peal_sip_dispatcher_config *config,
                                             peal_sip_dispatcher **ret);
/** Frees it; NULL allowed. */
PEAL_API void peal_sip_dispatcher_free(peal_sip_dispatcher *dispatcher);
/** Deals with a packet from on_packet (borrowed). */
PEAL_API void peal_sip_dispatch(peal_sip_dispatcher *dispatcher, peal_sip_packet *packet);

#ifdef __cplusplus
}
#endif
#endif
