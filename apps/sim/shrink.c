/* SPDX-License-Identifier: MIT */
/* Makes a scenario small that breaks a rule: leaves out calls, faults and steps as long as what is
 * left still breaks the same one. Each candidate is played in a process of its own. Leaving
 * something out changes all that is drawn after it, so a candidate gets a few seeds. */
#include "apps/sim/sim_priv.h"

#include <stdlib.h>

enum { SEEDS = 10, TRIES_MAX = 1500, HANGS_MAX = 20 };

struct shrinking {
    const char *rule;
    struct scenario *best;
    unsigned tries;
};

/* Takes @p candidate when it breaks the rule too; frees it in any case. */
static bool offer(struct shrinking *s, struct scenario *candidate)
{
    const uint64_t seed = candidate->seed;
    for (unsigned i = 0; i < SEEDS && s->tries < TRIES_MAX; i++) {
        struct world_result result;
        candidate->seed = seed + i;
        s->tries++;
        peal__sim_try(candidate, &result, NULL);
        if (strcmp(result.failure.name, s->rule) == 0) {
            peal__scenario_free(s->best);
            s->best = candidate;
            return true;
        }
    }
    peal__scenario_free(candidate);
    return false;
}

/* Leaves out @p n items from @p at. */
static void cut(void *items, size_t *count, size_t bytes, size_t at, size_t n)
{
    n = n < *count - at ? n : *count - at;
    memmove((char *)items + at * bytes, (char *)items + (at + n) * bytes,
            (*count - at - n) * bytes);
    *count -= n;
}

static bool cut_calls(struct shrinking *s, size_t at, size_t n)
{
    struct scenario *c = peal__scenario_copy(s->best);
    if (!c) {
        return false;
    }
    cut(c->calls, &c->call_count, sizeof *c->calls, at, n);
    return c->call_count ? offer(s, c) : (peal__scenario_free(c), false);
}

static bool cut_faults(struct shrinking *s, size_t at, size_t n)
{
    struct scenario *c = peal__scenario_copy(s->best);
    if (!c) {
        return false;
    }
    cut(c->faults, &c->fault_count, sizeof *c->faults, at, n);
    return offer(s, c);
}

/* In pieces that get smaller, from the end. */
static bool cut_all(struct shrinking *s, bool (*cut_some)(struct shrinking *, size_t, size_t),
                    const size_t *(*count_of)(const struct scenario *))
{
    bool has_changed = false;
    for (size_t piece = *count_of(s->best); piece > 0; piece /= 2) {
        for (size_t at = 0; at < *count_of(s->best) && s->tries < TRIES_MAX;) {
            if (cut_some(s, at, piece)) {
                has_changed = true;
            } else {
                at += piece;
            }
        }
    }
    return has_changed;
}

static const size_t *calls_of(const struct scenario *s)
{
    return &s->call_count;
}

static const size_t *faults_of(const struct scenario *s)
{
    return &s->fault_count;
}

/* ---- steps of calls ---- */

#define STEP(name) offsetof(struct scenario_call, name)

static const size_t steps[] = {
    STEP(via),       STEP(ring_code),   STEP(ring2_code), STEP(cancel), STEP(ack),
    STEP(no_ack),    STEP(forks),       STEP(bye),        STEP(bye2),   STEP(reinvite),
    STEP(reinvite2), STEP(reanswer),    STEP(info),       STEP(info2),  STEP(clear),
    STEP(clear2),    STEP(answer_code),
};

static bool drop_step(struct shrinking *s, size_t call, size_t offset)
{
    uint32_t number = 0;
    memcpy(&number, (char *)&s->best->calls[call] + offset, sizeof number);
    struct scenario *c = number ? peal__scenario_copy(s->best) : NULL;
    if (!c) {
        return false;
    }
    number = 0;
    memcpy((char *)&c->calls[call] + offset, &number, sizeof number);
    return offer(s, c);
}

static bool drop_steps(struct shrinking *s)
{
    bool has_changed = false;
    for (size_t call = 0; call < s->best->call_count; call++) {
        for (size_t i = 0; i < PEAL_COUNT_OF(steps) && s->tries < TRIES_MAX; i++) {
            has_changed = drop_step(s, call, steps[i]) || has_changed;
        }
    }
    return has_changed;
}

/* ---- hosts ---- */

static bool is_used(const struct scenario *s, uint32_t host)
{
    for (size_t i = 0; i < s->call_count; i++) {
        if (s->calls[i].from == host || s->calls[i].to == host || s->calls[i].via == host) {
            return true;
        }
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        if (s->faults[i].a == host) {
            return true;
        }
    }
    for (uint32_t i = 1; i <= s->host_count; i++) {
        if (s->hosts[i].hop == host || s->hosts[i].second == host) {
            return true;
        }
    }
    return false;
}

static void lower(uint32_t *number, uint32_t above)
{
    if (*number > above && *number != HOP_DEAD) {
        --*number;
    }
}

static void remove_host(struct scenario *s, uint32_t host)
{
    for (size_t i = 0; i < s->call_count; i++) {
        lower(&s->calls[i].from, host);
        lower(&s->calls[i].to, host);
        lower(&s->calls[i].via, host);
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        lower(&s->faults[i].a, host);
    }
    for (uint32_t i = 1; i <= s->host_count; i++) {
        lower(&s->hosts[i].hop, host);
        lower(&s->hosts[i].second, host);
    }
    memmove(&s->hosts[host], &s->hosts[host + 1], (s->host_count - host) * sizeof s->hosts[0]);
    s->host_count--;
}

static bool drop_hosts(struct shrinking *s)
{
    bool has_changed = false;
    for (uint32_t host = (uint32_t)s->best->host_count; host > 0 && s->tries < TRIES_MAX; host--) {
        struct scenario *c = is_used(s->best, host) || s->best->host_count == 1
                                 ? NULL
                                 : peal__scenario_copy(s->best);
        if (c) {
            remove_host(c, host);
            has_changed = offer(s, c) || has_changed;
        }
    }
    return has_changed;
}

static bool calm_hosts(struct shrinking *s)
{
    bool has_changed = false;
    for (uint32_t host = 1; host <= s->best->host_count && s->tries < TRIES_MAX; host++) {
        const struct scenario_host *old = &s->best->hosts[host];
        struct scenario *c = old->hop ? peal__scenario_copy(s->best) : NULL;
        if (c) {
            c->hosts[host].hop = c->hosts[host].second = 0;
            has_changed = offer(s, c) || has_changed;
        }
        old = &s->best->hosts[host];
        c = old->threads == 3 ? peal__scenario_copy(s->best) : NULL;
        if (c) {
            c->hosts[host].threads = 1;
            has_changed = offer(s, c) || has_changed;
        }
    }
    return has_changed;
}

struct scenario *peal__shrink(struct scenario *scenario, const char *rule)
{
    /* A candidate that hangs costs minutes. */
    struct shrinking s = { rule, scenario,
                           strcmp(rule, "hang") == 0 ? TRIES_MAX - HANGS_MAX : 0 };
    bool has_changed = true;
    while (has_changed && s.tries < TRIES_MAX) {
        has_changed = cut_all(&s, cut_calls, calls_of);
        has_changed = cut_all(&s, cut_faults, faults_of) || has_changed;
        has_changed = drop_steps(&s) || has_changed;
        has_changed = calm_hosts(&s) || has_changed;
        has_changed = drop_hosts(&s) || has_changed;
    }
    return s.best;
}
