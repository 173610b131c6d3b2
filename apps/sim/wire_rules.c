/* SPDX-License-Identifier: MIT */
/* What hosts owe on the wire: repetitions in time (timers A, E, G, and the 2xx of RFC 3261
 * §13.3.1.4), ACKs (§17.1.1.3, §13.2.2.4). Each is a duty that is looked at when it is due. */
#include "apps/sim/wire_txn.h"

#include <stdarg.h>

bool peal__wire_is_judged(const struct host *host)
{
    return host && host->kind != HOST_RUDE;
}

void peal__wire_broken(struct world *world, const struct txn *txn, const char *name,
                       const char *format, ...)
{
    char text[200];
    const struct call_fate *fate = peal__world_fate(world, txn->call);
    va_list args;
    /* Who calls nobody's number had it changed on the way. */
    if (fate ? fate->is_tainted : world->corrupt_count > 0) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    peal__rule_broken(world, name, txn->call, "%s", text);
}

static bool lives(const struct host *host, uint32_t life)
{
    return host->is_up && !host->is_cut && host->life == life;
}

uint64_t peal__wire_from(const struct host *host, uint64_t since)
{
    return host->resumed_ms > since ? host->resumed_ms : since;
}

bool peal__wire_is_in_time(const struct txn *txn, uint64_t now)
{
    const uint64_t first = txn->refused_ms ? txn->refused_ms : txn->accepted_ms;
    return (!txn->cancelled_ms || now < txn->cancelled_ms + REFUSE_MS) &&
           now < txn->first_ms + REFUSE_MS && (!first || now < first + REFUSE_MS) &&
           !txn->client_stopped;
}

static uint64_t interval(uint32_t sent, bool is_capped)
{
    const uint64_t ms = sent > 16 ? UINT32_MAX : (uint64_t)T1_MS << (sent ? sent - 1 : 0);
    return is_capped && ms > T2_MS ? T2_MS : ms;
}

/* Gives the time to look again, or 0 when the time for repetitions is over. UINT64_MAX: now it is
 * late. */
static uint64_t look(const struct world *world, const struct host *host, uint64_t last, uint64_t ms,
                     uint64_t end)
{
    const uint64_t now = peal__world_now(world), due = peal__wire_from(host, last) + ms + MARGIN_MS;
    if (due >= end) {
        return 0;
    }
    if (host->paused_ms) {
        return now + 1000;
    }
    return now < due ? due : UINT64_MAX;
}

/* An INVITE that its application gave up is not repeated: the call is over, or the next hop has its
 * turn. Other requests live on alone. */
static bool is_given_up(struct world *world, const struct txn *txn)
{
    const struct call_fate *fate = peal__world_fate(world, txn->call);
    if (!txn->is_invite) {
        return false;
    }
    return txn->is_given_up || txn->cancelled_ms || (fate && fate->is_let_off) ||
           world->scenario->hosts[txn->client->number].second;
}

/* Timers A and E: until something is heard. */
uint64_t peal__wire_check_request(struct world *world, void *about)
{
    const struct txn *txn = about;
    const bool is_over = txn->is_answered || txn->client_stopped || is_given_up(world, txn) ||
                         (txn->is_invite && txn->heard_ms) || !lives(txn->client, txn->client_life);
    uint64_t ms = interval(txn->sent, !txn->is_invite);
    if (!txn->is_invite && txn->heard_ms) {
        ms = T2_MS; /* §17.1.2.2 */
    }
    const uint64_t again =
        is_over ? 0 : look(world, txn->client, txn->last_ms, ms, txn->first_ms + T64_MS);
    if (again != UINT64_MAX) {
        return again;
    }
    peal__wire_broken(world, txn, "request-repeated",
                      "host %u sent a request with CSeq %u %u times, and not again within %llu ms",
                      txn->client->number, txn->cseq, txn->sent, (unsigned long long)ms);
    return 0;
}

/* Timer G: until the ACK comes. */
uint64_t peal__wire_check_refusal(struct world *world, void *about)
{
    const struct txn *txn = about;
    const bool is_over = txn->ack_came_ms || txn->is_stateless || txn->server_stopped ||
                         !lives(txn->server, txn->server_life);
    const uint64_t ms = interval(txn->finals, true);
    const uint64_t again =
        is_over ? 0 : look(world, txn->server, txn->final_last_ms, ms, txn->final_ms + T64_MS);
    if (again != UINT64_MAX) {
        return again;
    }
    peal__wire_broken(world, txn, "final-repeated",
                      "host %u sent %u %u times without an ACK, and not again within %llu ms",
                      txn->server->number, txn->status, txn->finals, (unsigned long long)ms);
    return 0;
}

/* §13.3.1.4: until the ACK comes. */
uint64_t peal__wire_check_answer(struct world *world, void *about)
{
    const struct answer *answer = about;
    const struct txn *txn = answer->txn;
    const bool is_over =
        answer->ack_came_ms || txn->server_stopped || !lives(txn->server, answer->life);
    const uint64_t ms = interval(answer->sent, true);
    const uint64_t again =
        is_over ? 0 : look(world, txn->server, answer->last_ms, ms, answer->first_ms + T64_MS);
    if (again != UINT64_MAX) {
        return again;
    }
    peal__wire_broken(world, txn, "answer-repeated",
                      "host %u sent its 2xx %u times without an ACK, and not again within %llu ms",
                      txn->server->number, answer->sent, (unsigned long long)ms);
    return 0;
}

/* §17.1.1.3: each refusal gets its ACK at once. */
uint64_t peal__wire_check_ack(struct world *world, void *about)
{
    struct txn *txn = about;
    const uint64_t now = peal__world_now(world);
    if (!txn->unacked_ms || !lives(txn->client, txn->client_life) ||
        !peal__wire_is_in_time(txn, peal__wire_from(txn->client, txn->unacked_ms))) {
        txn->is_ack_watched = false;
        return 0;
    }
    if (txn->client->paused_ms) {
        return now + 1000;
    }
    if (now < peal__wire_from(txn->client, txn->unacked_ms) + MARGIN_MS) {
        return peal__wire_from(txn->client, txn->unacked_ms) + MARGIN_MS;
    }
    peal__wire_broken(world, txn, "ack-refusal",
                      "host %u got a final response but 2xx to INVITE %u and sent no ACK",
                      txn->client->number, txn->cseq);
    return 0;
}

/* §13.2.2.4: the first 2xx of a dialog is acknowledged when the application wants, at last by the
 * stack; further ones at once. */
uint64_t peal__wire_check_answer_ack(struct world *world, void *about)
{
    struct answer *answer = about;
    const struct txn *txn = answer->txn;
    const uint64_t now = peal__world_now(world);
    const uint64_t ms = answer->acked_ms ? MARGIN_MS : T64_MS + T4_MS;
    /* BYE says more than another ACK; and who gave up one dialog hears no more of the others. */
    if (!answer->unacked_ms || (txn->is_given_up && (answer->acked_ms || txn->answer_count > 1)) ||
        !lives(txn->client, txn->client_life) ||
        !peal__wire_is_in_time(txn, peal__wire_from(txn->client, answer->unacked_ms))) {
        answer->is_watched = false;
        return 0;
    }
    if (txn->client->paused_ms) {
        return now + 1000;
    }
    if (now < peal__wire_from(txn->client, answer->unacked_ms) + ms) {
        return peal__wire_from(txn->client, answer->unacked_ms) + ms;
    }
    peal__wire_broken(world, txn, "ack-answer", "host %u got a 2xx to INVITE %u and sent no ACK%s",
                      txn->client->number, txn->cseq, answer->acked_ms ? " again" : "");
    return 0;
}
