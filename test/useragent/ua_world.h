/* SPDX-License-Identifier: MIT */
/* A simulated world with two stacks, Alice's and Bob's, and scripted peers that speak raw text. The
 * applications of both stacks only write down what they hear, and do what their flags say. */
#ifndef UA_WORLD_H
#define UA_WORLD_H

#include <check.h>
#include <peal/peal.h>
#include <peal/sim.h>
#include <peal/sip/sip.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLS_MAX = 64, INBOX_MAX = 256, TEXT_MAX = 4096 };

typedef struct ua_world ua_world;
typedef struct ua_node ua_node;

/* One call of one stack: its context and what was heard of it. */
typedef struct ua_call {
    ua_node *node;
    peal_sip_context *context; /* one reference; NULL: let go */
    peal_sip_session *session; /* borrowed */
    peal_sip_user_agent *agent;
    peal_sip_generic *generic;
    peal_sip_client_request *request; /* the last INVITE, one reference */
    peal_sip_server_event_control *control; /* the last INVITE received, one reference */
    peal_sip_client_event_control *kept;    /* with keep_failure */
    int invited, reinvited, acknowledged, cancelled, progress, success, failure, needed, bye,
        bye_answered, ended, requests, answers;
    unsigned status; /* of the last response heard */
    peal_sip_session_end why;
    char body[256];   /* of the last packet heard */
    bool no_ack;      /* does not acknowledge a 2xx */
    bool clear_on_success, clear_on_ended, clear_on_bye, clear_on_progress;
    bool keep_failure;
} ua_call;

struct ua_node {
    peal_sip_core_user user;
    peal_sip_dispatcher_mgr incoming;
    peal_sip_session_mgr session_mgr;
    peal_sip_generic_mgr generic_mgr;
    ua_world *world;
    peal_thread *core_thread, *transport_thread;
    peal_sip_core_config *stack;
    peal_sip_dispatcher *dispatcher;
    peal_sip_context_template *kind;
    peal_socket_addr address;
    ua_call calls[CALLS_MAX];
    int call_count;
    bool listening, down;
    size_t held;
    /* how incoming INVITEs are answered; 0: not at all */
    unsigned ring, answer, reanswer;
    bool wants_forks;   /* takes forked dialogs */
    bool has_no_acks;   /* its calls do not acknowledge */
    const char *answer_body;
};

struct ua_world {
    peal_sim *sim;
    peal_port *port;
    peal_loop *loop; /* of the raw peers */
    ua_node alice, bob;
    /* the filter: drops the nth datagram (counted from 1) whose text starts with a prefix */
    const char *drop_prefix;
    int drop_from, drop_to, drop_seen;
    int drop_nth, sent; /* drops the nth of all; counts all */
};

/* A scripted peer. */
typedef struct ua_peer {
    ua_world *world;
    peal_sock_owner owner;
    peal_sock *sock;
    peal_socket_addr address;
    peal_socket_addr to; /* whom it talks to */
    char inbox[INBOX_MAX][TEXT_MAX];
    int received, read;
} ua_peer;

/* @p seed draws the order of events; @p threads 1 or 2 for each stack. */
ua_world *world_new(uint64_t seed, int threads);
/* Shuts both stacks down and checks that nothing is left. */
void world_free(ua_world *w);
/* The same after a failure: whatever it takes. */
void world_run(ua_world *w, unsigned ms);
/* Runs until the counter is at least @p count; fails the test after @p ms. */
void world_until(ua_world *w, const int *counter, int count, unsigned ms);
/* Nothing of any call is left in this stack. */
void node_check_quiet(ua_node *n);
size_t node_contexts(ua_node *n);

/* A call of this stack to an address; not invited yet. NULL when memory is out. */
ua_call *call_new(ua_node *n, const peal_socket_addr *to, const char *uri_params);
/* Invites, or fails the test. */
void call_invite(ua_call *c);
peal_result call_try_invite(ua_call *c, peal_str body);
/* Clears and releases. */
void call_let_go(ua_call *c);
/* Alice calls Bob, who answers; up when it returns. */
ua_call *call_up(ua_world *w, ua_call **ret_bob);
ua_call *node_last_call(ua_node *n);
void call_text(ua_call *c, char *text, size_t bytes);

ua_peer *peer_new(ua_world *w, const char *host, const ua_node *talks_to);
void peer_free(ua_peer *p);
/* Takes in what arrived. */
void peer_poll(ua_peer *p);
/* Runs until a message that starts so arrives after those already read; gives its text, or
 * fails. */
const char *peer_expect(ua_peer *p, const char *start);
/* Such a message does not come within @p ms. */
void peer_expect_none(ua_peer *p, const char *start, unsigned ms);
/* How many messages that start so have come in all. */
int peer_count(ua_peer *p, const char *start);
/* Sends text. */
void peer_put(ua_peer *p, const char *text);
/* Answers a request; @p tag NULL: none is added; @p extra header lines, with CRLF, may be "". */
void peer_answer(ua_peer *p, const char *request, const char *status, const char *tag,
                 const char *extra);
/* Sends a request of a dialog or outside (@p to_tag NULL). */
void peer_ask(ua_peer *p, const char *method, const char *branch, unsigned cseq,
              const char *from_tag, const char *to_tag, const char *call_id, const char *extra);
/* The value of a header in a message, in a static buffer (many take turns). */
const char *header_of(const char *text, const char *name);
/* The tag parameter of a header's value, the same way. */
const char *tag_of(const char *value);
unsigned cseq_of(const char *text);

Suite *session_suite(void);
Suite *session_cancel_suite(void);
Suite *session_fork_suite(void);
Suite *session_late_suite(void);
Suite *dialog_suite(void);
Suite *memory_suite(void);
Suite *storm_suite(void);

#define ABSENT ((peal_str){ NULL, 0 })

#endif
