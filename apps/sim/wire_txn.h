/* SPDX-License-Identifier: MIT */
/* What the watcher of the wire keeps: one record for each transaction and hop, until the world
 * ends. Times are virtual milliseconds; 0: it has not happened. */
#ifndef PEAL_SIM_WIRE_TXN_H
#define PEAL_SIM_WIRE_TXN_H

#include "apps/sim/wire_text.h"

/* REFUSE_MS: surely before 64*T1 is over. */
enum { ANSWERS_MAX = 4, REFUSE_MS = T64_MS - 1000 };

/* A 2xx to an INVITE; each To tag is a dialog of its own. */
struct answer {
    struct txn *txn;
    uint64_t tag;
    uint64_t hash;                  /* of its bytes */
    uint64_t first_ms, last_ms;     /* the server sent it */
    uint64_t came_ms;               /* first, to the client */
    uint64_t unacked_ms;            /* it came and no ACK has left since */
    uint64_t acked_ms, ack_came_ms; /* last ACK sent; first one at the server */
    uint32_t sent;
    uint32_t life; /* of the server that sent it */
    bool is_watched;
};

struct txn {
    struct txn *next, *next_in_dialog;
    uint64_t key, dialog;
    struct host *client, *server;
    uint32_t client_life, server_life;
    uint32_t call, cseq;
    bool is_invite, is_cancel;
    bool is_strange; /* the server has no such dialog: it answers without a transaction */
    bool is_stateless;
    bool in_dialog;
    bool has_no_hops;
    bool has_come;       /* to the server */
    bool is_late;        /* its CSeq was lower than one that came before */
    bool is_given_up;    /* the client's application has ended the dialog */
    bool client_stopped; /* sending failed, or an ICMP error came */
    bool server_stopped;
    /* the client */
    uint64_t first_ms, last_ms; /* it sent the request */
    uint64_t heard_ms;          /* first response */
    uint64_t refused_ms;        /* first final response but 2xx */
    uint64_t accepted_ms;       /* first 2xx */
    uint64_t unacked_ms;        /* a refusal came and no ACK has left since */
    uint64_t cancelled_ms;      /* it sent CANCEL */
    uint32_t sent;
    bool is_ack_watched;
    bool is_answered; /* a final response came, in time or not */
    /* the server */
    uint64_t final_hash; /* of the bytes of its final response */
    uint64_t final_ms, final_last_ms, ack_came_ms;
    uint64_t any_ack_ms; /* also before the final response */
    uint32_t status, finals;
    struct answer answers[ANSWERS_MAX];
    size_t answer_count;
};

/* wire_cseq.c */
struct cseqs *peal__wire_cseqs_new(void);
void peal__wire_cseqs_free(struct cseqs *cseqs);
void peal__wire_cseq_sent(struct world *world, struct cseqs *cseqs, const struct txn *txn,
                          const struct wire_text *t);
bool peal__wire_cseq_came(struct cseqs *cseqs, const struct wire_text *t, const struct host *host);

bool peal__wire_is_judged(const struct host *host);
/* A host that stood still owes nothing for that time: @p since, or when it went on. */
uint64_t peal__wire_from(const struct host *host, uint64_t since);
/* The client's transaction has its time-outs: after them a response is nobody's. */
bool peal__wire_is_in_time(const struct txn *txn, uint64_t now);
/* The duties (wire_rules.c): @p about is the transaction, or the answer. */
uint64_t peal__wire_check_request(struct world *world, void *about);
uint64_t peal__wire_check_refusal(struct world *world, void *about);
uint64_t peal__wire_check_answer(struct world *world, void *about);
uint64_t peal__wire_check_ack(struct world *world, void *about);
uint64_t peal__wire_check_answer_ack(struct world *world, void *about);
/* A broken rule, unless what happened to this call on the way excuses it. */
void peal__wire_broken(struct world *world, const struct txn *txn, const char *name,
                       const char *format, ...) PEAL_PRINTF(4, 5);

#endif
