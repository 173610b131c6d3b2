/* SPDX-License-Identifier: MIT */
/* A transaction layer on a simulated network, with a raw peer on the other side. Every datagram is
 * logged when it is sent, every callback when it is made, both with virtual milliseconds. */
#ifndef TXN_WORLD_H
#define TXN_WORLD_H

#include "sipstack/transaction/txn_inner.h"
#include <check.h>
#include <peal/peal.h>
#include <peal/sim.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOG_MAX = 4096, TEXT_MAX = 4096 };

typedef enum event_kind {
    EV_RESPONSE, EV_FAILED, EV_ENDED,           /* client owner */
    EV_CANCEL, EV_RESULT, EV_SERVER_ENDED,      /* server owner */
    EV_REQUEST, EV_STRAY, EV_SHUT_DOWN          /* layer's user */
} event_kind;

typedef struct world_event {
    event_kind kind;
    uint64_t at_ms;
    unsigned status;
    peal_sip_method method;
    peal_result result;
} world_event;

typedef struct world_datagram {
    uint64_t at_ms;
    bool from_us;
    bool dropped;
    char *text;
    size_t bytes;
} world_datagram;

typedef struct txn_world {
    peal_sim *sim;
    peal_port *port;
    peal_thread *core, *transport_thread;
    peal__sip_txn_layer *layer;
    peal__sip_transport *transport;
    peal__sip_listen listen;
    bool listen_done, shut_down;
    peal_socket_addr local, peer;
    peal_loop *peer_loop;
    peal_sock *peer_sock;
    uint64_t start_ms;
    world_event events[LOG_MAX];
    size_t event_count;
    world_datagram datagrams[LOG_MAX];
    size_t datagram_count;
    bool (*drop)(struct txn_world *w, const world_datagram *d);
    int drop_count;
    /* What on_request does with a request; NULL: lets it go. */
    void (*serve)(struct txn_world *w, peal_sip_packet *request);
    peal__sip_client_txn *client; /* of the last invite() or options() */
    peal__sip_server_txn *server; /* of the last request served */
    unsigned branch;
    bool quiet; /* logs nothing */
    bool detach_on_response;
    peal_timer run_timer;
    bool run_over;
} txn_world;

extern const peal__sip_client_txn_owner world_client_owner;
extern const peal__sip_server_txn_owner world_server_owner;

/* Fails when memory does; everything made so far is freed again. */
peal_result world_try_new(txn_world **ret, bool two_threads, const peal__sip_timers *timers);
txn_world *world_new(bool two_threads);
void world_free(txn_world *w);
void world_run(txn_world *w, uint64_t ms);
/* Runs to this virtual time after the start mark, exactly. */
void world_run_to(txn_world *w, uint64_t ms);
/* Times in the logs are relative to this moment; both logs are emptied. */
void world_mark(txn_world *w);
/* Runs a function on the core thread now. */
void world_on_core(txn_world *w, void (*fn)(txn_world *w, void *arg), void *arg);

/* ---- what we do ---- */
peal__sip_route world_route(const txn_world *w);
/* Sends a request in a client transaction owned by the world. */
peal_result world_request(txn_world *w, peal_sip_method method);
peal_result world_cancel(txn_world *w);
/* Answers w->server. */
peal_result world_respond(txn_world *w, unsigned status);

/* ---- what the peer does ---- */
void peer_send(txn_world *w, const char *format, ...) PEAL_PRINTF(2, 3);
void peer_send_bytes(txn_world *w, const char *bytes, size_t n);
/* Answers the last request of this method that we sent. */
void peer_answer(txn_world *w, peal_sip_method method, unsigned status);
/* A request of the peer with this branch (without the cookie). */
void peer_request(txn_world *w, const char *method, const char *branch, const char *to_tag);

/* ---- what happened ---- */
const world_event *world_find(const txn_world *w, event_kind kind, size_t nth);
size_t world_count(const txn_world *w, event_kind kind);
/* The nth datagram of ours that starts with this text; NULL if there is none. */
const world_datagram *sent_find(const txn_world *w, const char *start, size_t nth);
size_t sent_count(const txn_world *w, const char *start);
/* All our datagrams that start so were sent at exactly these milliseconds. */
void check_sent_at(const txn_world *w, const char *start, size_t count, const uint64_t *at_ms);
size_t world_alive(const txn_world *w);

#define CHECK_SENT_AT(w, start, ...)                                                               \
    check_sent_at((w), (start), sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),            \
                  (uint64_t[]){ __VA_ARGS__ })
#define CHECK_EVENT_AT(w, kind, nth, ms)                                                           \
    do {                                                                                           \
        const world_event *found_ = world_find((w), (kind), (nth));                                \
        ck_assert_ptr_nonnull(found_);                                                             \
        ck_assert_uint_eq(found_->at_ms, (ms));                                                    \
    } while (0)

TCase *invite_client_cases(void);
TCase *invite_server_cases(void);
TCase *non_invite_cases(void);
TCase *matching_cases(void);
TCase *layer_cases(void);

#endif
