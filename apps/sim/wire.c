/* SPDX-License-Identifier: MIT */
/* The watcher of the wire: what each host sends and gets, against RFC 3261 §12 and §17, and RFC
 * 6026. It sees datagrams only; the hosts don't know of it. Rude hosts may do what they want: only
 * what the others send is judged. Between turns, and inside of sends. */
#include "apps/sim/wire_txn.h"

#include <stdlib.h>

enum { BUCKETS = 1 << 13 };

/* A dialog that a host has: Call-ID, its own tag, the peer's. */
struct dialog {
    struct dialog *next;
    uint64_t key;
};

struct wire {
    struct txn *by_key[BUCKETS], *by_dialog[BUCKETS];
    struct cseqs *cseqs;
    struct dialog *dialogs[BUCKETS];
    uint32_t calls[BUCKETS]; /* by number of the datagram, of those sent last */
};

bool peal__wire_init(struct world *world)
{
    world->wire = calloc(1, sizeof *world->wire);
    return world->wire && (world->wire->cseqs = peal__wire_cseqs_new()) != NULL;
}

void peal__wire_fini(struct world *world)
{
    struct wire *wire = world->wire;
    for (size_t i = 0; wire && i < BUCKETS; i++) {
        for (struct txn *txn; (txn = wire->by_key[i]) != NULL;) {
            wire->by_key[i] = txn->next;
            free(txn);
        }
        for (struct dialog *dialog; (dialog = wire->dialogs[i]) != NULL;) {
            wire->dialogs[i] = dialog->next;
            free(dialog);
        }
    }
    if (wire) {
        peal__wire_cseqs_free(wire->cseqs);
    }
    free(wire);
    world->wire = NULL;
}

static bool is(peal_str method, const char *name)
{
    return peal_str_eq(method, peal_str_z(name));
}

static uint64_t place(const struct host *host)
{
    return (uint64_t)host->number << 32 | host->life;
}

/* ---- records ---- */

static uint64_t key_of(const struct wire_text *t, const struct host *client)
{
    const peal_str method = is(t->method, "ACK") ? PEAL_STR("INVITE") : t->method;
    return peal__wire_hash(t->branch, method, client->number);
}

static struct txn *find(const struct wire *wire, uint64_t key)
{
    struct txn *txn = wire->by_key[key % BUCKETS];
    while (txn && txn->key != key) {
        txn = txn->next;
    }
    return txn;
}

static uint64_t dialog_of(const struct wire_text *t, const struct host *client)
{
    return peal__wire_hash(t->call_id, t->from_tag, client->number);
}

static struct txn *txn_new(struct world *world, const struct wire_text *t, struct host *client,
                           struct host *server)
{
    struct txn *txn = calloc(1, sizeof *txn);
    if (!txn) {
        return NULL;
    }
    txn->key = key_of(t, client);
    txn->dialog = dialog_of(t, client);
    txn->client = client;
    txn->server = server;
    txn->client_life = client->life;
    txn->server_life = server->life;
    txn->call = t->call;
    txn->cseq = t->cseq;
    txn->is_invite = is(t->method, "INVITE");
    txn->is_cancel = is(t->method, "CANCEL");
    txn->in_dialog = t->to_tag.n != 0;
    txn->has_no_hops = t->hops == 0;
    txn->first_ms = peal__world_now(world);
    txn->next = world->wire->by_key[txn->key % BUCKETS];
    world->wire->by_key[txn->key % BUCKETS] = txn;
    if (txn->is_invite) {
        txn->next_in_dialog = world->wire->by_dialog[txn->dialog % BUCKETS];
        world->wire->by_dialog[txn->dialog % BUCKETS] = txn;
    }
    return txn;
}

static struct answer *answer_of(struct txn *txn, uint64_t tag, bool may_add)
{
    for (size_t i = 0; i < txn->answer_count; i++) {
        if (txn->answers[i].tag == tag) {
            return &txn->answers[i];
        }
    }
    if (!may_add || txn->answer_count == ANSWERS_MAX) {
        return NULL;
    }
    struct answer *answer = &txn->answers[txn->answer_count++];
    answer->txn = txn;
    answer->tag = tag;
    return answer;
}

static uint64_t tag_hash(peal_str tag)
{
    return peal__wire_hash(tag, NONE, 0);
}

/* ---- dialogs ---- */

static bool has_dialog(const struct wire *wire, uint64_t key)
{
    const struct dialog *dialog = wire->dialogs[key % BUCKETS];
    while (dialog && dialog->key != key) {
        dialog = dialog->next;
    }
    return dialog != NULL;
}

static uint64_t dialog_key(const struct host *host, const struct wire_text *t, peal_str local,
                           peal_str remote)
{
    return peal__wire_hash(local, remote, peal__wire_hash(t->call_id, NONE, place(host)));
}

static void learn_dialog(struct wire *wire, uint64_t key)
{
    struct dialog *dialog = has_dialog(wire, key) ? NULL : calloc(1, sizeof *dialog);
    if (dialog) {
        dialog->key = key;
        dialog->next = wire->dialogs[key % BUCKETS];
        wire->dialogs[key % BUCKETS] = dialog;
    }
}

static bool makes_dialog(const struct wire_text *t)
{
    return t->status > 100 && t->status < 300 && t->to_tag.n && is(t->method, "INVITE");
}

/* ---- a host sends ---- */

static uint64_t given_up_key(const struct host *host, peal_str call_id, peal_str tag)
{
    return peal__wire_hash(call_id, tag, ~(uint64_t)host->number);
}

/* A BYE goes or comes: what this host asked, or will ask, in the dialog counts no more. */
static void give_up(struct world *world, const struct host *host, peal_str call_id, peal_str tag)
{
    const uint64_t dialog = peal__wire_hash(call_id, tag, host->number);
    struct txn *txn = world->wire->by_dialog[dialog % BUCKETS];
    for (; txn; txn = txn->next_in_dialog) {
        txn->is_given_up = txn->is_given_up || txn->dialog == dialog;
    }
    learn_dialog(world->wire, given_up_key(host, call_id, tag));
}

/* §15: neither side says BYE before the ACK: the caller sends it first, the callee waits for it as
 * long as it repeats its 2xx. */
static void check_bye(struct world *world, const struct wire_text *t, const struct host *from,
                      const struct host *to)
{
    const uint64_t now = peal__world_now(world);
    const uint64_t own = peal__wire_hash(t->call_id, t->from_tag, from->number);
    const uint64_t peers = peal__wire_hash(t->call_id, t->to_tag, to->number);
    struct txn *txn = world->wire->by_dialog[own % BUCKETS];
    for (; txn; txn = txn->next_in_dialog) {
        const struct answer *a =
            txn->dialog == own ? answer_of(txn, tag_hash(t->to_tag), false) : NULL;
        /* A 2xx that comes while the BYE is on its way out of the host is another matter. */
        if (a && a->came_ms && !a->acked_ms &&
            now > peal__wire_from(from, a->came_ms) + MARGIN_MS) {
            peal__wire_broken(world, txn, "bye-before-ack",
                              "host %u says BYE and has not acknowledged the 2xx to INVITE %u",
                              from->number, txn->cseq);
        }
    }
    for (txn = world->wire->by_dialog[peers % BUCKETS]; txn; txn = txn->next_in_dialog) {
        const struct answer *a =
            txn->dialog == peers ? answer_of(txn, tag_hash(t->from_tag), false) : NULL;
        if (a && a->first_ms && !a->ack_came_ms && !txn->server_stopped &&
            now < a->first_ms + REFUSE_MS) {
            peal__wire_broken(world, txn, "bye-before-ack",
                              "host %u says BYE while its 2xx to INVITE %u waits for the ACK",
                              from->number, txn->cseq);
        }
    }
}

static void request_sent(struct world *world, const struct wire_text *t, struct host *from,
                         struct host *to)
{
    struct txn *txn = find(world->wire, key_of(t, from));
    const uint64_t now = peal__world_now(world);
    if (!txn && (txn = txn_new(world, t, from, to)) != NULL && peal__wire_is_judged(from)) {
        txn->is_given_up = has_dialog(world->wire, given_up_key(from, t->call_id, t->from_tag));
        peal__rules_watch(world, now + T1_MS + MARGIN_MS, peal__wire_check_request, txn);
        if (!txn->is_cancel) {
            peal__wire_cseq_sent(world, world->wire->cseqs, txn, t);
        }
        if (is(t->method, "BYE")) {
            check_bye(world, t, from, to);
        }
    }
    if (txn) {
        txn->last_ms = now;
        txn->sent++;
    }
    if (is(t->method, "BYE")) {
        give_up(world, from, t->call_id, t->from_tag);
    }
    if (txn && txn->is_cancel) {
        struct txn *invite =
            find(world->wire, peal__wire_hash(t->branch, PEAL_STR("INVITE"), from->number));
        if (invite && !invite->cancelled_ms) {
            invite->cancelled_ms = now;
        }
    }
}

static void ack_sent(struct world *world, const struct wire_text *t, struct host *from)
{
    const uint64_t dialog = dialog_of(t, from), tag = tag_hash(t->to_tag);
    struct txn *txn = find(world->wire, key_of(t, from)), *invite = NULL;
    if (txn) { /* to a refusal */
        txn->unacked_ms = 0;
        return;
    }
    for (txn = world->wire->by_dialog[dialog % BUCKETS]; txn; txn = txn->next_in_dialog) {
        if (txn->dialog != dialog || txn->cseq != t->cseq) {
            continue;
        }
        struct answer *answer = answer_of(txn, tag, false);
        invite = txn;
        if (answer) {
            answer->acked_ms = peal__world_now(world);
            answer->unacked_ms = 0;
            return;
        }
    }
    if (peal__wire_is_judged(from) && invite && invite->answer_count < ANSWERS_MAX) {
        peal__wire_broken(world, invite, "ack-dialog",
                          "host %u acknowledges a 2xx of a dialog that has none", from->number);
    }
}

/* The transaction is over: the same request makes a new one. */
static bool is_forgotten(const struct txn *txn, const struct host *server, uint64_t now)
{
    const bool has_waited = txn->ack_came_ms >= server->stopped_ms && server->stopped_ms;
    const uint64_t acked =
        has_waited ? peal__wire_from(server, txn->ack_came_ms) : txn->ack_came_ms;
    return txn->server_life != server->life || now >= txn->final_ms + T64_MS ||
           (txn->ack_came_ms && txn->status >= 300 && now > acked + T4_MS - 100);
}

static void final_sent(struct world *world, struct txn *txn, const struct wire_text *t,
                       struct host *from, peal_str bytes)
{
    const uint64_t now = peal__world_now(world), hash = peal__wire_hash(bytes, NONE, 0);
    if (txn->final_hash && (is_forgotten(txn, from, now) || txn->is_stateless)) {
        txn->final_hash = 0;
    }
    if (!txn->final_hash) {
        txn->final_hash = hash;
        txn->final_ms = now;
        txn->finals = 0;
        txn->status = t->status;
        /* A rude ACK may be in front of the response, in the host's queues. */
        txn->ack_came_ms =
            txn->any_ack_ms && now < txn->any_ack_ms + MARGIN_MS ? txn->any_ack_ms : 0;
        txn->server_life = from->life;
        txn->is_stateless =
            ((txn->in_dialog || txn->is_cancel) && t->status == 481) || t->status == 482 ||
            (txn->has_no_hops && t->status == 483);
        if (txn->is_invite && t->status >= 300 && !txn->is_stateless) {
            peal__rules_watch(world, now + T1_MS + MARGIN_MS, peal__wire_check_refusal, txn);
        }
    } else if (txn->final_hash != hash) {
        peal__wire_broken(world, txn, "two-finals",
                          "host %u answers the request with CSeq %u by %u, after %u", from->number,
                          txn->cseq, t->status, txn->status);
    }
    txn->final_last_ms = now;
    txn->finals++;
    if (txn->is_strange && t->status < 300) {
        peal__wire_broken(world, txn, "wrong-dialog",
                          "host %u answers %u to a request of a dialog that it does not have",
                          from->number, t->status);
    }
    if (txn->has_no_hops && t->status < 300) {
        peal__wire_broken(world, txn, "hops", "host %u answers %u to a request without hops left",
                          from->number, t->status);
    }
    if (txn->is_late && t->status < 300) {
        peal__wire_broken(world, txn, "cseq", "host %u answers %u to a CSeq %u that went down",
                          from->number, t->status, txn->cseq);
    }
}

/* The session repeats its 2xx, not the transaction, which after a pause may be over before. */
static bool is_repeated(struct txn *txn, const struct wire_text *t, peal_str bytes)
{
    const struct answer *answer = answer_of(txn, tag_hash(t->to_tag), false);
    return answer && answer->first_ms && answer->hash == peal__wire_hash(bytes, NONE, 0);
}

static void answer_sent(struct world *world, struct txn *txn, const struct wire_text *t,
                        const struct host *from, peal_str bytes)
{
    const uint64_t now = peal__world_now(world);
    struct answer *answer = answer_of(txn, tag_hash(t->to_tag), true);
    if (!answer) {
        return;
    }
    if (!answer->first_ms) {
        answer->first_ms = now;
        answer->hash = peal__wire_hash(bytes, NONE, 0);
        answer->life = from->life;
        if (peal__wire_is_judged(from) &&
            !has_dialog(world->wire, given_up_key(from, t->call_id, t->to_tag))) {
            peal__rules_watch(world, now + T1_MS + MARGIN_MS, peal__wire_check_answer, answer);
        }
    }
    answer->last_ms = now;
    answer->sent++;
}

static void response_sent(struct world *world, const struct wire_text *t, struct host *from,
                          struct host *to, peal_str bytes)
{
    struct txn *txn = find(world->wire, key_of(t, to));
    if (txn && txn->server != from) {
        return; /* a branch that had a bit turned */
    }
    if (txn && t->status < 200 && peal__wire_is_judged(from) && txn->final_hash &&
        !txn->is_stateless && !is_forgotten(txn, from, peal__world_now(world))) {
        peal__wire_broken(world, txn, "late-provisional",
                          "host %u sends %u after the final response to the request with CSeq %u",
                          from->number, t->status, txn->cseq);
    }
    if (!txn || t->status < 200) {
        return;
    }
    if (peal__wire_is_judged(from) && !is_repeated(txn, t, bytes)) {
        final_sent(world, txn, t, from, bytes);
    }
    if (txn->is_invite && t->status < 300) {
        answer_sent(world, txn, t, from, bytes);
    }
}

static void draw(struct world *world, const struct wire_text *t, struct host *from, struct host *to,
                 char mark)
{
    char text[96];
    if (!world->ladder) {
        return;
    }
    if (t->status) {
        (void)snprintf(text, sizeof text, "%u (%u %.*s)%s%.*s", t->status, t->cseq,
                       PEAL_STR_ARG(t->method), t->to_tag.n ? " to " : "", PEAL_STR_ARG(t->to_tag));
    } else {
        (void)snprintf(text, sizeof text, "%.*s %u%s%.*s", PEAL_STR_ARG(t->method), t->cseq,
                       t->to_tag.n ? " to " : "", PEAL_STR_ARG(t->to_tag));
    }
    peal__ladder_add(world->ladder, peal__world_now(world), from ? from->number : 0,
                     to ? to->number : 0, mark, t->call, text);
}

void peal__wire_sent(struct world *world, struct host *from, struct host *to, uint64_t number,
                     peal_str bytes)
{
    struct wire_text t;
    peal__wire_read(bytes, &t);
    draw(world, &t, from, to, '>');
    world->wire->calls[number % BUCKETS] = t.call;
    if (!t.is_sound || !to) {
        return;
    }
    if (makes_dialog(&t)) {
        learn_dialog(world->wire, dialog_key(from, &t, t.to_tag, t.from_tag));
    }
    if (t.status) {
        response_sent(world, &t, from, to, bytes);
    } else if (is(t.method, "ACK")) {
        ack_sent(world, &t, from);
    } else {
        request_sent(world, &t, from, to);
    }
}

void peal__wire_lost(struct world *world, struct host *from, struct host *to, peal_str bytes)
{
    struct wire_text t;
    if (world->ladder) {
        peal__wire_read(bytes, &t);
        draw(world, &t, from, to, 'x');
    }
}

/* Sending failed at once, or an ICMP error came back: nothing more is owed. */
void peal__wire_failed(struct world *world, struct host *from, struct host *to, peal_str bytes)
{
    struct wire_text t;
    peal__wire_read(bytes, &t);
    draw(world, &t, from, to, '!');
    if (!t.is_sound) {
        return;
    }
    if (is(t.method, "ACK")) {
        ack_sent(world, &t, from); /* it did what it could */
    } else if (is(t.method, "BYE") && !t.status) {
        give_up(world, from, t.call_id, t.from_tag);
    }
    struct host *client = t.status ? to : from;
    struct txn *txn = client ? find(world->wire, key_of(&t, client)) : NULL;
    if (txn && t.status) {
        txn->server_stopped = true;
    } else if (txn) {
        txn->client_stopped = true;
        txn->unacked_ms = 0;
    }
}

static void taint(struct world *world, uint32_t call)
{
    struct call_fate *fate = peal__world_fate(world, call);
    if (fate) {
        fate->is_tainted = true;
    }
}

void peal__wire_taint(struct world *world, uint64_t number, peal_str bytes)
{
    struct wire_text t;
    peal__wire_read(bytes, &t);
    taint(world, t.call);
    taint(world, world->wire->calls[number % BUCKETS]);
}

/* ---- something comes ---- */

static void request_came(struct world *world, const struct wire_text *t, struct host *from,
                         struct host *to)
{
    struct txn *txn = find(world->wire, key_of(t, from));
    if (!txn || !peal__wire_is_judged(to)) {
        return;
    }
    if (!txn->final_hash || txn->is_stateless) {
        txn->any_ack_ms = 0; /* what came before it was for nothing */
        txn->is_strange = t->to_tag.n && !txn->is_cancel &&
                          !has_dialog(world->wire, dialog_key(to, t, t->to_tag, t->from_tag));
    }
    if (!txn->has_come && !txn->is_cancel && !txn->is_strange) {
        txn->is_late = peal__wire_cseq_came(world->wire->cseqs, t, to);
    }
    txn->has_come = true;
    if (is(t->method, "BYE")) { /* what is owed for an INVITE of this dialog is no more */
        const uint64_t dialog = dialog_of(t, from);
        give_up(world, to, t->call_id, t->to_tag);
        for (txn = world->wire->by_dialog[dialog % BUCKETS]; txn; txn = txn->next_in_dialog) {
            struct answer *answer =
                txn->dialog == dialog ? answer_of(txn, tag_hash(t->to_tag), false) : NULL;
            if (answer && !answer->ack_came_ms) {
                answer->ack_came_ms = peal__world_now(world);
            }
        }
    }
}

static void ack_came(struct world *world, const struct wire_text *t, struct host *from)
{
    const uint64_t dialog = dialog_of(t, from), now = peal__world_now(world);
    struct txn *txn = find(world->wire, key_of(t, from));
    if (txn) {
        txn->any_ack_ms = now;
    }
    if (txn && txn->final_hash && !txn->ack_came_ms) {
        txn->ack_came_ms = now;
    }
    for (txn = world->wire->by_dialog[dialog % BUCKETS]; txn; txn = txn->next_in_dialog) {
        struct answer *answer = txn->dialog == dialog && txn->cseq == t->cseq
                                    ? answer_of(txn, tag_hash(t->to_tag), false)
                                    : NULL;
        if (answer && !answer->ack_came_ms) {
            answer->ack_came_ms = now;
        }
    }
}

static void refusal_came(struct world *world, struct txn *txn)
{
    const uint64_t now = peal__world_now(world);
    if (txn->accepted_ms || !peal__wire_is_in_time(txn, now)) {
        return;
    }
    txn->refused_ms = txn->refused_ms ? txn->refused_ms : now;
    if (!txn->is_invite) {
        return;
    }
    txn->unacked_ms = txn->unacked_ms ? txn->unacked_ms : now;
    if (!txn->is_ack_watched) {
        txn->is_ack_watched = true;
        peal__rules_watch(world, now + MARGIN_MS, peal__wire_check_ack, txn);
    }
}

static void answer_came(struct world *world, struct txn *txn, const struct wire_text *t)
{
    const uint64_t now = peal__world_now(world);
    struct answer *answer = txn->is_invite ? answer_of(txn, tag_hash(t->to_tag), true) : NULL;
    if (txn->refused_ms || !peal__wire_is_in_time(txn, now)) {
        return;
    }
    txn->accepted_ms = txn->accepted_ms ? txn->accepted_ms : now;
    if (!answer) {
        return;
    }
    answer->came_ms = answer->came_ms ? answer->came_ms : now;
    answer->unacked_ms = answer->unacked_ms ? answer->unacked_ms : now;
    if (!answer->is_watched) {
        answer->is_watched = true;
        peal__rules_watch(world, now + MARGIN_MS, peal__wire_check_answer_ack, answer);
    }
}

static void response_came(struct world *world, const struct wire_text *t, struct host *to)
{
    struct txn *txn = find(world->wire, key_of(t, to));
    if (!txn || txn->client_life != to->life) {
        return;
    }
    txn->heard_ms = txn->heard_ms ? txn->heard_ms : peal__world_now(world);
    if (!peal__wire_is_judged(to) || t->status < 200) {
        return;
    }
    txn->is_answered = true;
    if (t->status < 300) {
        answer_came(world, txn, t);
    } else {
        refusal_came(world, txn);
    }
}

void peal__wire_arrived(struct world *world, struct host *from, struct host *to, peal_str bytes)
{
    struct wire_text t;
    peal__wire_read(bytes, &t);
    draw(world, &t, from, to, '=');
    if (!t.is_sound) {
        return;
    }
    if (makes_dialog(&t)) {
        learn_dialog(world->wire, dialog_key(to, &t, t.from_tag, t.to_tag));
    }
    if (t.status) {
        response_came(world, &t, to);
    } else if (is(t.method, "ACK")) {
        ack_came(world, &t, from);
    } else {
        request_came(world, &t, from, to);
    }
}
