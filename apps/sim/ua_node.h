/* SPDX-License-Identifier: MIT */
/* A user agent host: its stack (ua_node.c) and its application, which plays the calls (ua_leg.c).
 * Core thread of the host. */
#ifndef PEAL_SIM_UA_NODE_H
#define PEAL_SIM_UA_NODE_H

#include "apps/sim/sim_priv.h"

/* What a leg does at its time. */
enum leg_step {
    STEP_RING,
    STEP_RING2,
    STEP_ANSWER,
    STEP_CANCEL,
    STEP_ACK,
    STEP_BYE,
    STEP_REINVITE,
    STEP_REANSWER,
    STEP_INFO,
    STEP_CLEAR,
    STEP_GUARD,
    STEP_COUNT
};

/* One side of one call: a context with its dialog. It stays until the world ends, so that an event
 * after its end is seen, and duties find it. */
struct ua_leg {
    struct ua_leg *next;
    struct ua *ua; /* as long as there is a context */
    struct host *host;
    const struct scenario_call *plan;
    struct call_fate *fate;
    peal_sip_context *context; /* one reference; NULL: let go */
    peal_sip_session *session; /* borrowed */
    peal_sip_user_agent *agent;
    peal_sip_generic *generic;
    peal_sip_client_request *request;       /* the first INVITE, one reference */
    peal_sip_server_event_control *control; /* an INVITE received, one reference */
    peal_timer timer;
    uint64_t due[STEP_COUNT]; /* ms of the thread's clock; 0: not planned */
    uint64_t made_ms;
    uint32_t outcomes; /* of the first INVITE */
    uint32_t ended;
    uint32_t reinvites, reinvite_ends; /* the first one's address marks them */
    bool is_caller, is_fork, is_up, was_invited;
};

struct ua {
    peal_sip_core_user user;
    peal_sip_dispatcher_mgr incoming;
    peal_sip_session_mgr session_mgr;
    peal_sip_generic_mgr generic_mgr;
    struct host *host;
    peal_thread *threads[3]; /* core, transport, resolver; all the same, or three */
    peal_sip_core_config *stack;
    peal_sip_dispatcher *dispatcher;
    peal_sip_context_template *kind;
    struct ua_leg *legs;
    size_t leg_count; /* that have a context */
    bool is_down;
    size_t held; /* when it went down */
};

extern const peal_sip_session_mgr_vt peal__ua_session_vt;
extern const peal_sip_generic_mgr_vt peal__ua_generic_vt;
/* NULL when there is no memory. */
struct ua_leg *peal__leg_make(struct ua *ua, const struct scenario_call *plan, bool is_caller);
void peal__leg_let_go(struct ua_leg *leg);

#endif
