/* SPDX-License-Identifier: MIT */
/* A scenario drawn from a seed: hosts and how they are linked, calls and how they go, faults. */
#include "apps/sim/sim_priv.h"

#include <stdlib.h>

/* splitmix64 */
uint64_t peal__draw(struct draw *draw)
{
    uint64_t z = (draw->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t peal__draw_below(struct draw *draw, uint32_t below)
{
    return below ? (uint32_t)(peal__draw(draw) % below) : 0;
}

static bool chance(struct draw *draw, uint32_t percent)
{
    return peal__draw_below(draw, 100) < percent;
}

/* A time that counts: never 0. */
static uint32_t within(struct draw *draw, uint32_t ms)
{
    return 1 + peal__draw_below(draw, ms);
}

static uint32_t maybe_within(struct draw *draw, uint32_t percent, uint32_t ms)
{
    return chance(draw, percent) ? within(draw, ms) : 0;
}

/* ---- hosts ---- */

static bool allows(const struct scenario_wish *wish, unsigned kind)
{
    return (wish->faults >> kind & 1) != 0;
}

static void draw_kinds(struct scenario *s, const struct scenario_wish *wish, struct draw *draw)
{
    for (uint32_t i = 1; i <= s->host_count; i++) {
        struct scenario_host *host = &s->hosts[i];
        uint32_t dice = peal__draw_below(draw, 100);
        host->kind = HOST_UA;
        if (i > 2 && dice < 45) {
            host->kind = HOST_B2BUA;
        } else if (i > 2 && dice < 65 && allows(wish, FAULTS_RUDE)) {
            host->kind = HOST_RUDE;
        }
        host->threads = host->kind != HOST_RUDE && chance(draw, 50) ? 3 : 1;
    }
}

/* A B2BUA's calls go on to a later one, so that no chain is a ring; four in a row at most. */
static void draw_chains(struct scenario *s, struct draw *draw)
{
    uint32_t depth[HOSTS_MAX + 1] = { 0 };
    for (uint32_t i = (uint32_t)s->host_count; i > 0; i--) {
        struct scenario_host *host = &s->hosts[i];
        uint32_t next = i + 1 + peal__draw_below(draw, (uint32_t)s->host_count - i);
        depth[i] = 1;
        if (host->kind != HOST_B2BUA || next > s->host_count || s->hosts[next].kind != HOST_B2BUA ||
            depth[next] >= 4) {
            continue;
        }
        depth[i] = depth[next] + 1;
        host->hop = next;
        if (chance(draw, 20)) {
            host->hop = HOP_DEAD;
            host->second = next;
        }
    }
}

/* ---- calls ---- */

static uint32_t pick(const struct scenario *s, struct draw *draw, uint32_t not_kind,
                     uint32_t not_host)
{
    for (unsigned tries = 0; tries < 32; tries++) {
        uint32_t i = 1 + peal__draw_below(draw, (uint32_t)s->host_count);
        if (s->hosts[i].kind != not_kind && i != not_host) {
            return i;
        }
    }
    return s->host_count > 1 && not_host == 1 ? 2 : 1;
}

static uint32_t pick_bridge(const struct scenario *s, struct draw *draw)
{
    uint32_t at = peal__draw_below(draw, (uint32_t)s->host_count);
    for (uint32_t i = 0; i < s->host_count; i++) {
        uint32_t number = (at + i) % (uint32_t)s->host_count + 1;
        if (s->hosts[number].kind == HOST_B2BUA) {
            return number;
        }
    }
    return 0;
}

static void draw_answer(struct scenario_call *call, struct draw *draw)
{
    static const uint32_t refusals[] = { 300, 302, 404, 480, 486, 488, 500, 503, 600, 603 };
    uint32_t dice = peal__draw_below(draw, 100);
    if (chance(draw, 70)) {
        call->ring = within(draw, 2000);
        call->ring_code = chance(draw, 40) ? 183 : 180;
    }
    if (chance(draw, 15)) {
        call->ring2 = call->ring + within(draw, 1000);
        call->ring2_code = 183;
    }
    call->answer = call->ring + within(draw, 4000);
    if (chance(draw, 15)) { /* at once: responses overtake what is still being done */
        call->ring = call->ring2 = 0;
        call->ring_code = call->ring2_code = 0;
        call->answer = within(draw, 5);
    }
    if (dice < 80) {
        call->answer_code = 200;
    } else if (dice < 93) {
        call->answer_code = refusals[peal__draw_below(draw, PEAL_COUNT_OF(refusals))];
    } /* else silence */
}

static void draw_talk(struct scenario_call *call, struct draw *draw)
{
    call->bye = maybe_within(draw, 60, 15000);
    call->bye2 = maybe_within(draw, 50, 15000);
    if (chance(draw, 10)) {
        call->bye = call->bye2 = within(draw, 5000); /* both at once, more or less */
    }
    call->reinvite = maybe_within(draw, 20, 6000);
    call->reinvite2 = maybe_within(draw, 15, 6000);
    if (chance(draw, 5)) {
        call->reinvite = call->reinvite2 = within(draw, 3000); /* glare */
    }
    call->reanswer = maybe_within(draw, 50, 3000);
    call->reanswer_code = chance(draw, 85) ? 200 : 488;
    call->info = maybe_within(draw, 10, 5000);
    call->info2 = maybe_within(draw, 10, 5000);
}

static void draw_call(struct scenario *s, struct draw *draw, struct scenario_call *call)
{
    call->from = pick(s, draw, HOST_B2BUA, 0);
    call->to = pick(s, draw, HOST_B2BUA, s->host_count > 1 ? call->from : 0);
    call->via = chance(draw, 70) ? pick_bridge(s, draw) : 0;
    draw_answer(call, draw);
    call->cancel = maybe_within(draw, 20, 6000);
    call->ack = maybe_within(draw, 10, 3000);
    call->no_ack = chance(draw, 2);
    call->forks = chance(draw, 70);
    draw_talk(call, draw);
    call->clear = maybe_within(draw, 3, 9000);
    call->clear2 = maybe_within(draw, 3, 9000);
    call->rude = peal__draw_below(draw, 1000);
}

static void draw_calls(struct scenario *s, struct draw *draw)
{
    /* Several in a second: they meet each other in every host. */
    uint32_t span = 1000 + (uint32_t)s->call_count * (100 + peal__draw_below(draw, 500));
    for (size_t i = 0; i < s->call_count; i++) {
        s->calls[i].number = (uint32_t)i + 1;
        s->calls[i].at = 100 + peal__draw_below(draw, span);
        draw_call(s, draw, &s->calls[i]);
    }
}

/* ---- faults ---- */

static const char *const fault_names[FAULT_KINDS + 1] = {
    [FAULT_LOSS] = "loss",           [FAULT_DUPLICATE] = "duplicate",
    [FAULT_REORDER] = "reorder",     [FAULT_CORRUPT] = "corrupt",
    [FAULT_PARTITION] = "partition", [FAULT_PAUSE] = "pause",
    [FAULT_KILL] = "kill",           [FAULT_SEND_ERROR] = "send-error",
    [FAULT_BLOCK] = "block",         [FAULT_STALL] = "stall",
    [FAULTS_RUDE] = "rude",
};

const char *peal__fault_name(unsigned kind)
{
    return fault_names[kind <= FAULT_KINDS ? kind : FAULT_KINDS];
}

int peal__fault_find(peal_str name)
{
    for (int i = 0; i <= FAULT_KINDS; i++) {
        if (peal_str_eq(name, peal_str_z(fault_names[i]))) {
            return i;
        }
    }
    return -1;
}

static struct scenario_fault *add_fault(struct scenario *s, unsigned kind, uint32_t at, uint32_t ms)
{
    struct scenario_fault *fault = &s->faults[s->fault_count++];
    fault->kind = kind;
    fault->at = at;
    fault->ms = ms;
    return fault;
}

enum { PHASES = 4, SUDDEN_MAX = 3 };

/* The network is worse or better for a while: phases of its own for each kind. */
static void draw_phases(struct scenario *s, const struct scenario_wish *wish, struct draw *draw,
                        uint32_t span)
{
    static const struct {
        unsigned kind;
        uint32_t percent, most;
    } kinds[] = { { FAULT_LOSS, 100, 31 },  { FAULT_DUPLICATE, 50, 11 }, { FAULT_REORDER, 60, 400 },
                  { FAULT_CORRUPT, 10, 6 }, { FAULT_BLOCK, 15, 30 },     { FAULT_STALL, 50, 30 } };
    const uint32_t phases = 1 + peal__draw_below(draw, PHASES);
    const uint32_t each = span / phases + 1;
    for (uint32_t phase = 0; phase < phases; phase++) {
        for (size_t i = 0; i < PEAL_COUNT_OF(kinds); i++) {
            bool drawn = chance(draw, kinds[i].percent);
            uint32_t amount = peal__draw_below(draw, kinds[i].most);
            if (kinds[i].kind == FAULT_LOSS && wish->loss >= 0) {
                amount = (uint32_t)wish->loss;
            }
            if (drawn && amount && allows(wish, kinds[i].kind)) {
                add_fault(s, kinds[i].kind, phase * each, each)->amount = amount;
            }
        }
    }
}

static void draw_sudden(struct scenario *s, const struct scenario_wish *wish, struct draw *draw,
                        uint32_t span)
{
    static const struct {
        unsigned kind;
        uint32_t most_ms;
    } kinds[] = { { FAULT_PARTITION, 40000 },
                  { FAULT_PAUSE, 10000 },
                  { FAULT_KILL, 20000 },
                  { FAULT_SEND_ERROR, 5000 } };
    uint32_t count = peal__draw_below(draw, SUDDEN_MAX + 1);
    while (count--) {
        size_t i = peal__draw_below(draw, PEAL_COUNT_OF(kinds));
        uint32_t at = peal__draw_below(draw, span), ms = within(draw, kinds[i].most_ms);
        uint32_t a = 1 + peal__draw_below(draw, (uint32_t)s->host_count);
        if (allows(wish, kinds[i].kind)) {
            add_fault(s, kinds[i].kind, at, ms)->a = a;
        }
    }
}

/* ---- all of it ---- */

static struct scenario *scenario_new(size_t calls, size_t faults)
{
    struct scenario *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->calls = calloc(calls + 1, sizeof *s->calls);
    s->faults = calloc(faults + 1, sizeof *s->faults);
    if (!s->calls || !s->faults) {
        peal__scenario_free(s);
        return NULL;
    }
    return s;
}

struct scenario *peal__scenario_draw(const struct scenario_wish *wish)
{
    struct draw draw = { wish->seed };
    struct scenario *s = scenario_new(wish->calls, PHASES * FAULT_KINDS + SUDDEN_MAX);
    if (!s) {
        return NULL;
    }
    s->seed = peal__draw(&draw);
    s->delay_us = 200 + peal__draw_below(&draw, chance(&draw, 20) ? 100000 : 5000);
    s->host_count = wish->hosts ? wish->hosts : 2 + peal__draw_below(&draw, HOSTS_MAX - 1);
    s->call_count = wish->calls;
    draw_kinds(s, wish, &draw);
    draw_chains(s, &draw);
    draw_calls(s, &draw);
    uint32_t span = 20000;
    for (size_t i = 0; i < s->call_count; i++) {
        span = s->calls[i].at + 20000 > span ? s->calls[i].at + 20000 : span;
    }
    draw_phases(s, wish, &draw, span);
    draw_sudden(s, wish, &draw, span);
    return s;
}

struct scenario *peal__scenario_copy(const struct scenario *scenario)
{
    struct scenario *s = scenario_new(scenario->call_count, scenario->fault_count);
    if (s) {
        struct scenario_call *calls = s->calls;
        struct scenario_fault *faults = s->faults;
        *s = *scenario;
        s->calls = calls;
        s->faults = faults;
        memcpy(calls, scenario->calls, s->call_count * sizeof *calls);
        memcpy(faults, scenario->faults, s->fault_count * sizeof *faults);
    }
    return s;
}

void peal__scenario_free(struct scenario *scenario)
{
    if (scenario) {
        free(scenario->calls);
        free(scenario->faults);
        free(scenario);
    }
}
