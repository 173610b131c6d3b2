/* SPDX-License-Identifier: MIT */
/* A rude host: a plain SIP endpoint over a socket, text in and text out, that does what it should
 * not. rude.c has its socket and its legs, rude_play.c what it does. Its own servicing thread. */
#ifndef PEAL_SIM_RUDE_H
#define PEAL_SIM_RUDE_H

#include "apps/sim/wire_text.h"

enum { RUDE_TEXT_MAX = 4096, RUDE_VALUE_MAX = 256 };

/* One side of one call. */
struct rude_leg {
    struct rude_leg *next;
    struct rude *rude;
    const struct scenario_call *plan;
    peal_timer timer;
    peal_socket_addr peer; /* who sent the INVITE, or to whom it was sent */
    char call_id[RUDE_VALUE_MAX];
    char via[RUDE_VALUE_MAX * 2];                  /* of the INVITE received */
    char from[RUDE_VALUE_MAX], to[RUDE_VALUE_MAX]; /* with the tags that they came with */
    char target[RUDE_VALUE_MAX];                   /* the peer's Contact */
    char peer_tag[RUDE_VALUE_MAX];                 /* caller: To tag of the answer */
    char last[RUDE_TEXT_MAX];                      /* what is repeated */
    uint32_t cseq;                                 /* of the INVITE */
    uint32_t next_cseq;                            /* of our requests */
    uint32_t branches, step;
    bool is_caller, is_heard, is_acked, is_answered, is_cancelled, is_hung_up;
};

struct rude {
    peal_sock_owner owner;
    struct host *host;
    peal_thread *thread;
    peal_sock *sock;
    struct rude_leg *legs;
    size_t leg_count;
};

void peal__rude_put(struct rude *rude, const peal_socket_addr *to, const char *text);
struct rude_leg *peal__rude_leg_new(struct rude *rude, const struct scenario_call *plan);
void peal__rude_leg_free(struct rude_leg *leg);
void peal__rude_wait(struct rude_leg *leg, uint32_t ms);
/* The value of a header; "" when it is not there. */
void peal__rude_header(peal_str message, const char *name, char *ret, size_t bytes);

/* rude_play.c: the leg's timer; a request or response of a leg came. */
void peal__rude_on_time(struct rude_leg *leg);
void peal__rude_on_request(struct rude_leg *leg, const struct wire_text *t, peal_str message);
void peal__rude_on_response(struct rude_leg *leg, const struct wire_text *t, peal_str message);
void peal__rude_invited(struct rude_leg *leg, peal_str message);
void peal__rude_begin(struct rude_leg *leg);
/* 200 or another answer to any request. */
void peal__rude_answer(struct rude *rude, const peal_socket_addr *to, peal_str request,
                       const char *status, const char *tag);

#endif
