/* SPDX-License-Identifier: MIT */
/** @file
 * One SIP stack: its configuration, start-up and shutdown (requirements of RFC 3261 in one
 * process). A process may hold several, independent of one another.
 *
 * Order of use: peal_sip_init(); peal_sip_core_config_new(); set threads, core user, local
 * addresses; startup; listen (result at the core user); contexts; shutdown (result at the core
 * user); stop the threads; unref; peal_sip_fini(). */
#ifndef PEAL_SIP_CORE_CONFIG_H
#define PEAL_SIP_CORE_CONFIG_H

#include <peal/sip/packet.h>
#include <peal/thread.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Counted initialisation of the stack, after peal_init(): registers the classes of all services.
 * @return PEAL_OK, PEAL_E_STATE without peal_init(), PEAL_E_BUILD_MISMATCH, PEAL_E_NO_MEMORY */
PEAL_API peal_result peal_sip_init(void);
/** Takes one peal_sip_init() back. @return PEAL_OK, PEAL_E_STATE, PEAL_E_LIVE_OBJECTS */
PEAL_API peal_result peal_sip_fini(void);

/** The application's end, declared below. */
typedef struct peal_sip_core_user peal_sip_core_user;
/** Dialogs by their ids: see dialog_matcher.h. */
typedef struct peal_sip_dialog_matcher_list peal_sip_dialog_matcher_list;

/** A local address: what peers may be told to reach us by, and which destinations it serves. */
typedef struct peal_sip_local_address {
    size_t size;                   /**< sizeof(peal_sip_local_address) */
    peal_socket_addr address;      /**< address and port packets leave by; never 0.0.0.0 or :: */
    peal_str fqdn;                 /**< host written into Via and Contact; absent: the address */
    const peal_socket_addr *networks; /**< reachable networks; NULL with count 0: default address */
    const uint8_t *prefix_bits;    /**< of each network */
    size_t network_count;          /**< items of networks and prefix_bits */
    uint32_t entity;               /**< serves contexts of this entity id alone (0: none set) */
} peal_sip_local_address;

/** What a packet is about to leave by: given to services in stage 2. */
typedef struct peal_sip_local {
    peal_socket_addr address;     /**< it leaves from here */
    peal_sip_transport transport; /**< by this transport */
    uint32_t listener; /**< listening socket of this address, 0 if none */
    peal_str host;     /**< "host[:port]" as Via and Contact write it */
} peal_sip_local;

/** Timers and limits of a stack; zero members mean the default. */
typedef struct peal_sip_settings {
    size_t size;             /**< sizeof(peal_sip_settings) */
    uint32_t t1_ms;          /**< RFC 3261 table 4: round-trip estimate, 500 */
    uint32_t t2_ms;          /**< longest interval of retransmission, 4000 */
    uint32_t t4_ms;          /**< how long a message stays in the network, 5000 */
    uint32_t timer_d_ms;     /**< timer D, 32000 */
    uint32_t try_timeout_ms; /**< K5: silence before the next host, default 4000 */
    bool try_timeout_off;    /**< only the RFC's timers move to the next host */
    uint32_t udp_threshold_bytes; /**< above: a stream (RFC 3261 §18.1.1); default 1300 */
    uint32_t max_reissues;   /**< of one request, default 8 */
    bool via_by_address;     /**< write the IP address into Via even if an FQDN is set */
    peal_sip_limits limits;  /**< of received messages */
    uint32_t recv_buf_bytes; /**< UDP socket buffers, default 4 MiB */
    peal_str user_agent;     /**< User-Agent of requests and Server of responses; absent: none */
    /** Option tags that a request inside a dialog may Require, as "a, b": others get 420 from the
     * user agent service (RFC 3261 §8.2.2.3). Absent: nobody looks but the application. */
    peal_str supported;
    /** Requests without a final response in one context, default 64: client requests, and as many
     * server requests. Beyond, sending gives PEAL_E_LIMIT and a request
     * received gets 500 with Retry-After (RFC 3261 §14.2); a BYE passes either way. */
    uint32_t max_requests;
} peal_sip_settings;

/** The number of each kind of thing alive in one stack: the census (K22). */
typedef struct peal_sip_census {
    size_t size; /**< sizeof(peal_sip_census), set by the caller */
    size_t contexts;        /**< call.*: SIP contexts */
    size_t requests;        /**< call.*: client requests */
    size_t server_requests; /**< call.*: requests received and not over */
    size_t transactions;    /**< call.*: of all four kinds, lingering ones too */
    size_t packets;         /**< call.*: packets of the whole process */
    size_t call_timers;     /**< call.*: timers of the core thread but the stack's own */
    size_t listeners;       /**< base.*: listening addresses */
    size_t sockets;         /**< base.*: open sockets */
    size_t matchers;        /**< base.*: dialogs in the default matcher list */
    size_t blocks;          /**< base.*: blocks of the core thread's pool */
    uint64_t dropped;       /**< datagrams dropped since start */
    uint64_t refused;       /**< datagrams dropped or refused by overload rules since start */
} peal_sip_census;

/** A SIP stack. */
PEAL_INTERFACE(peal_sip_core_config) {
    peal_unk_vt unk;
    peal_result (*set_threads)(peal_sip_core_config *self, peal_thread *core,
                               peal_thread *transport, peal_thread *resolver);
    peal_result (*set_settings)(peal_sip_core_config *self, const peal_sip_settings *settings);
    peal_result (*set_core_user)(peal_sip_core_config *self, peal_sip_core_user *user);
    peal_result (*add_local_address)(peal_sip_core_config *self,
                                     const peal_sip_local_address *address);
    peal_result (*remove_local_address)(peal_sip_core_config *self,
                                        const peal_socket_addr *address);
    peal_result (*startup)(peal_sip_core_config *self);
    peal_result (*listen)(peal_sip_core_config *self, peal_sip_transport transport,
                          const peal_socket_addr *address, void *opaque);
    peal_result (*unlisten)(peal_sip_core_config *self, uint32_t listener, void *opaque);
    peal_result (*shutdown)(peal_sip_core_config *self, uint32_t grace_ms, uint32_t linger_ms);
    void (*census)(peal_sip_core_config *self, peal_sip_census *ret);
    peal_sip_dialog_matcher_list *(*matchers)(peal_sip_core_config *self);
    peal_thread *(*core_thread)(peal_sip_core_config *self);
};

/** Makes a stack, not started. @thread any */
PEAL_API peal_result peal_sip_core_config_new(peal_sip_core_config **ret);
/** Sets the servicing threads (referenced): core (core, transactions, application callbacks),
 * transport (sockets, framing, encoding), resolver (DNS; NULL: none). Any two or all may be the
 * same.
 * @return PEAL_OK, PEAL_E_STATE after startup, PEAL_E_ARGUMENT @thread any, before startup */
PEAL_INLINE peal_result peal_sip_core_config_set_threads(peal_sip_core_config *c, peal_thread *core,
                                                         peal_thread *transport,
                                                         peal_thread *resolver)
{
    return c->vt->set_threads(c, core, transport, resolver);
}
/** Sets timers and limits (copied). @return PEAL_OK, PEAL_E_STATE after startup, PEAL_E_RANGE */
PEAL_INLINE peal_result peal_sip_core_config_set_settings(peal_sip_core_config *c,
                                                          const peal_sip_settings *s)
{
    return c->vt->set_settings(c, s);
}
/** Sets the core user (borrowed until shutdown is over). @return PEAL_OK, PEAL_E_STATE after
 * startup
 * @thread any, before startup */
PEAL_INLINE peal_result peal_sip_core_config_set_core_user(peal_sip_core_config *c,
                                                           peal_sip_core_user *user)
{
    return c->vt->set_core_user(c, user);
}
/** Adds a local address (copied). The first whose network holds the destination is used, else the
 * first without networks. Listening on an address adds it by itself when no local address of this
 * family is there. A wildcard address adds none: responses leave by the address their request came
 * to, but requests need a local address, else they end with PEAL_E_SIP_NO_LOCAL_ADDRESS. Changes of
 * via_by_address count for addresses added later.
 * @return PEAL_OK, PEAL_E_ARGUMENT, PEAL_E_EXISTS @thread core, or any before startup */
PEAL_INLINE peal_result peal_sip_core_config_add_local_address(peal_sip_core_config *c,
                                                               const peal_sip_local_address *a)
{
    return c->vt->add_local_address(c, a);
}
/** Takes a local address away; requests on their way are not touched.
 * @return PEAL_OK, PEAL_E_NOT_FOUND @thread core, or any before startup */
PEAL_INLINE peal_result peal_sip_core_config_remove_local_address(peal_sip_core_config *c,
                                                                  const peal_socket_addr *a)
{
    return c->vt->remove_local_address(c, a);
}
/** Starts the stack. Afterwards everything of it belongs to the core thread.
 * Allowed again after on_shut_down. Until then the stack keeps itself alive and its thread
 * attached.
 * @return PEAL_OK, PEAL_E_STATE without threads or core user, or when it is up, PEAL_E_NO_MEMORY
 * @thread core (or any while the core thread is not active yet) */
PEAL_INLINE peal_result peal_sip_core_config_startup(peal_sip_core_config *c)
{
    return c->vt->startup(c);
}
/** Starts to listen; on_listening follows at the core user. Port 0: chosen and reported.
 * @return PEAL_OK, PEAL_E_NOT_BUILT_IN, PEAL_E_STATE, PEAL_E_NO_MEMORY @thread core */
PEAL_INLINE peal_result peal_sip_core_config_listen(peal_sip_core_config *c, peal_sip_transport t,
                                                    const peal_socket_addr *a, void *opaque)
{
    return c->vt->listen(c, t, a, opaque);
}
/** Stops a listener; on_listening_ended follows. A local address that it added goes with it.
 * @return PEAL_OK, PEAL_E_NOT_FOUND, PEAL_E_STATE, PEAL_E_NO_MEMORY @thread core */
PEAL_INLINE peal_result peal_sip_core_config_unlisten(peal_sip_core_config *c, uint32_t listener,
                                                      void *opaque)
{
    return c->vt->unlisten(c, listener, opaque);
}
/** Shuts down: refuses new work at once (requests outside of dialogs get 503), waits up to
 * @p grace_ms for contexts to end, clears the rest, lets transactions linger up to @p linger_ms,
 * then closes all and calls on_shut_down. A second call shortens the times. Contexts, handles and
 * controls that the application still holds stay valid, but do nothing; they must go before their
 * threads do.
 * @return PEAL_OK, PEAL_E_STATE when it is not up @thread core */
PEAL_INLINE peal_result peal_sip_core_config_shutdown(peal_sip_core_config *c, uint32_t grace_ms,
                                                      uint32_t linger_ms)
{
    return c->vt->shutdown(c, grace_ms, linger_ms);
}
/** Counts what is alive; c->size must be set. @thread core (or any after on_shut_down) */
PEAL_INLINE void peal_sip_core_config_census(peal_sip_core_config *c, peal_sip_census *ret)
{
    c->vt->census(c, ret);
}
/** The stack's default dialog matcher list, borrowed. @thread core */
PEAL_INLINE peal_sip_dialog_matcher_list *peal_sip_core_config_matchers(peal_sip_core_config *c)
{
    return c->vt->matchers(c);
}
/** The core servicing thread, borrowed. */
PEAL_INLINE peal_thread *peal_sip_core_config_core_thread(peal_sip_core_config *c)
{
    return c->vt->core_thread(c);
}

/** The application's end of the core. All callbacks come on the core thread. */
PEAL_MANAGER(peal_sip_core_user) {
    size_t size; /**< sizeof(peal_sip_core_user_vt) */
    /** A request that matches no transaction and no dialog, or an ACK or CANCEL that matches
     * nothing.
     * @p packet is borrowed; hand it to a context (peal_sip_context_handle_packet()), to
     * peal_sip_dispatch() or answer by peal_sip_core_respond(). Unanswered it is just dropped. */
    void (*on_packet)(peal_sip_core_user *self, peal_sip_core_config *core,
                      peal_sip_packet *packet);
    /** Result of listen: the bound address and the listener's id. */
    void (*on_listening)(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque);
    /** Result of unlisten. */
    void (*on_listening_ended)(peal_sip_core_user *self, uint32_t listener, void *opaque);
    /** The last event of a stack: nothing of it uses the threads any more.
     * @p still_held objects (contexts, controls) that the application did not let go. */
    void (*on_shut_down)(peal_sip_core_user *self, size_t still_held);
    /** An empty callback may be NULL. A response that matched nothing was dropped. */
    void (*on_stray_response)(peal_sip_core_user *self, peal_sip_packet *packet);
};

/** Answers a request without context and transaction (RFC 3261 §8.2.7); the To tag is derived from
 * the request, so repetitions get the same answer. ACK is never answered (PEAL_I_ALREADY).
 * @param extra adds headers to the response, may be NULL @thread core */
PEAL_API peal_result peal_sip_core_respond(peal_sip_core_config *core, peal_sip_packet *request,
                                           unsigned status, peal_str reason,
                                           peal_result (*extra)(peal_sip_packet *response,
                                                                void *arg),
                                           void *arg);

#ifdef __cplusplus
}
#endif
#endif
