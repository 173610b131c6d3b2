/* SPDX-License-Identifier: MIT */
/* CSeq in both directions: what a host sends grows, and what went down it takes from nobody
 * (RFC 3261 §12.2.1.1, §12.2.2). */
#include "apps/sim/wire_txn.h"

#include <stdlib.h>

enum { BUCKETS = 1 << 13 };

/* The highest CSeq of one direction of a dialog, or of an INVITE outside of any. */
struct counter {
    struct counter *next;
    uint64_t key;
    uint32_t highest;
    uint64_t method;
};

struct cseqs {
    struct counter *counters[BUCKETS];
};

struct cseqs *peal__wire_cseqs_new(void)
{
    return calloc(1, sizeof(struct cseqs));
}

void peal__wire_cseqs_free(struct cseqs *cseqs)
{
    for (size_t i = 0; cseqs && i < BUCKETS; i++) {
        for (struct counter *counter; (counter = cseqs->counters[i]) != NULL;) {
            cseqs->counters[i] = counter->next;
            free(counter);
        }
    }
    free(cseqs);
}

static struct counter *counter_of(struct cseqs *cseqs, uint64_t key, bool may_add)
{
    struct counter *counter = cseqs->counters[key % BUCKETS];
    while (counter && counter->key != key) {
        counter = counter->next;
    }
    if (!counter && may_add && (counter = calloc(1, sizeof *counter)) != NULL) {
        counter->key = key;
        counter->next = cseqs->counters[key % BUCKETS];
        cseqs->counters[key % BUCKETS] = counter;
    }
    return counter;
}

/* What @p host in this life sends, or what comes to it. */
static uint64_t key_of(const struct host *host, const struct wire_text *t, peal_str to_tag,
                       bool comes)
{
    const uint64_t place = (uint64_t)host->number << 32 | host->life;
    return peal__wire_hash(t->from_tag, to_tag,
                           peal__wire_hash(t->call_id, NONE, comes ? ~place : place));
}

/* §12.2.1.1: higher with each request of a dialog. Outside of dialogs the next host is asked with
 * the same number. */
void peal__wire_cseq_sent(struct world *world, struct cseqs *cseqs, const struct txn *txn,
                          const struct wire_text *t)
{
    const struct host *host = txn->client;
    const uint64_t method = peal__wire_hash(t->method, NONE, 0);
    const struct counter *first = counter_of(cseqs, key_of(host, t, NONE, false), false);
    struct counter *counter = counter_of(cseqs, key_of(host, t, t->to_tag, false), true);
    if (!counter) {
        return;
    }
    const bool is_again = !t->to_tag.n && counter->method == method && t->cseq == counter->highest;
    const bool is_low = counter->highest && t->cseq <= counter->highest && !is_again;
    const bool is_first_again = t->to_tag.n && first && t->cseq <= first->highest;
    if (is_low || is_first_again) {
        peal__wire_broken(world, txn, "cseq", "host %u sends %.*s with CSeq %u after %u",
                          host->number, PEAL_STR_ARG(t->method), t->cseq,
                          is_low ? counter->highest : first->highest);
    }
    counter->highest = t->cseq > counter->highest ? t->cseq : counter->highest;
    counter->method = method;
}

/* §12.2.2: is it lower than one that came before in its dialog? Only user agents are asked: who
 * shows the caller several dialogs of one INVITE, as a B2BUA does, does not compare them. */
bool peal__wire_cseq_came(struct cseqs *cseqs, const struct wire_text *t, const struct host *host)
{
    const struct counter *first = counter_of(cseqs, key_of(host, t, NONE, true), false);
    struct counter *counter = counter_of(cseqs, key_of(host, t, t->to_tag, true), true);
    if (!counter || host->kind != HOST_UA) {
        return false;
    }
    const bool is_low = t->to_tag.n && (t->cseq < counter->highest ||
                                        (first && t->cseq < first->highest));
    counter->highest = t->cseq > counter->highest ? t->cseq : counter->highest;
    return is_low;
}
