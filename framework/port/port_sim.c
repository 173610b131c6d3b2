/* SPDX-License-Identifier: MIT */
/* Role: a simulated world: virtual clock, seeded randomness, and the scheduler that gives all
 * servicing threads of the world their turns on one system thread, in an order drawn from the seed.
 * Thread: the one that runs the world. */
#include <peal/alloc.h>
#include <peal/trace.h>

#include "framework/port/sim_world.h"

enum { START_NS = 1000000000 };
/* Virtual time 0 on the wall: 1 January 2026, 00:00 UTC. */
#define WALL_START_US INT64_C(1767225600000000)

/* ---- randomness: xoshiro256** (Blackman, Vigna), seeded by splitmix64 ---- */

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t peal_sim_random(peal_sim *sim)
{
    uint64_t *s = sim->rng;
    const uint64_t number = rotate(s[1] * 5, 7) * 9;
    const uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return number;
}

uint64_t peal__sim_below(peal_sim *sim, uint64_t below)
{
    return peal_sim_random(sim) % below;
}

bool peal__sim_chance(peal_sim *sim, double percent)
{
    if (percent <= 0) {
        return false;
    }
    return percent >= 100 || (double)(peal_sim_random(sim) >> 11) * 0x1p-53 * 100 < percent;
}

peal_result peal__sim_fill_random(peal_port *self, void *buffer, size_t bytes)
{
    char *to = buffer;
    while (bytes) {
        uint64_t number = peal_sim_random(peal__sim_of(self));
        size_t n = bytes < sizeof number ? bytes : sizeof number;
        memcpy(to, &number, n);
        to += n;
        bytes -= n;
    }
    return PEAL_OK;
}

/* ---- clocks ---- */

uint64_t peal__sim_clock_ns(peal_port *self)
{
    return peal__sim_of(self)->now_ns;
}

int64_t peal__sim_wall_us(peal_port *self)
{
    return WALL_START_US + (int64_t)(peal__sim_of(self)->now_ns / 1000);
}

uint64_t peal_sim_now_ms(const peal_sim *sim)
{
    return (sim->now_ns - START_NS) / 1000000;
}

void peal__sim_advance_us(peal_port *port, uint64_t us)
{
    peal__sim_of(port)->now_ns += us * 1000;
}

/* ---- the world ---- */

peal_result peal_sim_new(uint64_t seed, peal_sim **ret)
{
    peal_sim *sim = peal_calloc(1, sizeof *sim);
    if (!sim) {
        return PEAL_E_NO_MEMORY;
    }
    sim->port.vt = &peal__sim_vt;
    sim->now_ns = START_NS;
    for (size_t i = 0; i < PEAL_COUNT_OF(sim->rng); ++i) {
        sim->rng[i] = splitmix(&seed);
    }
    peal_list_init(&sim->loops);
    peal_list_init(&sim->runners);
    *ret = sim;
    return PEAL_OK;
}

void peal_sim_free(peal_sim *sim)
{
    if (sim) {
        PEAL_ASSERT(peal_list_is_empty(&sim->loops));
        peal__sim_net_fini(sim);
        peal_free(sim);
    }
}

peal_port *peal_sim_port(peal_sim *sim)
{
    return &sim->port;
}

bool peal__port_is_simulated(const peal_port *port)
{
    return port->vt == &peal__sim_vt;
}

/* ---- the scheduler ---- */

void peal__sim_add(peal__sim_runner *runner)
{
    peal_list_append(&peal__sim_of(runner->port)->runners, &runner->node);
}

void peal__sim_remove(peal__sim_runner *runner)
{
    peal_node_unlink(&runner->node);
}

static bool is_runnable(peal__sim_runner *runner)
{
    return peal__sim_loop_is_ready((peal__sim_loop *)(void *)runner->loop) ||
           runner->is_runnable(runner);
}

/* One of the runnable, each as likely as the others; NULL when there is none. */
static peal__sim_runner *pick(peal_sim *sim)
{
    peal__sim_runner *picked = NULL;
    uint64_t runnable = 0;
    for (peal_node *n = peal_list_first(&sim->runners); n; n = peal_list_next(&sim->runners, n)) {
        peal__sim_runner *runner = PEAL_CONTAINER_OF(n, peal__sim_runner, node);
        if (is_runnable(runner) && (++runnable == 1 || peal__sim_below(sim, runnable) == 0)) {
            picked = runner;
        }
    }
    return picked;
}

static uint64_t next_ns(peal_sim *sim)
{
    uint64_t next = peal__sim_next_arrival_ns(sim);
    for (peal_node *n = peal_list_first(&sim->runners); n; n = peal_list_next(&sim->runners, n)) {
        peal__sim_runner *runner = PEAL_CONTAINER_OF(n, peal__sim_runner, node);
        uint64_t timer = runner->next_ns(runner);
        if (timer < next) {
            next = timer;
        }
    }
    return next;
}

static peal_result run(peal_sim *sim, uint64_t end_ns, bool (*done)(void *arg), void *arg)
{
    for (;;) {
        if (done && done(arg)) {
            return PEAL_OK;
        }
        peal__sim_deliver(sim);
        peal__sim_runner *runner = pick(sim);
        if (runner) {
            runner->turn(runner);
            continue;
        }
        uint64_t next = next_ns(sim);
        if (next == UINT64_MAX) {
            return PEAL_I_END;
        }
        if (next > end_ns) {
            sim->now_ns = end_ns;
            return PEAL_OK;
        }
        if (next > sim->now_ns) {
            sim->now_ns = next;
        }
    }
}

peal_result peal_sim_run(peal_sim *sim, uint64_t virtual_ms, bool (*done)(void *arg), void *arg)
{
    if (sim->is_running) {
        return PEAL_E_REENTERED;
    }
    sim->is_running = true;
    uint64_t left_ms = (UINT64_MAX - sim->now_ns) / 1000000 - 1;
    if (virtual_ms > left_ms) {
        virtual_ms = left_ms;
    }
    peal_result r = run(sim, sim->now_ns + virtual_ms * 1000000, done, arg);
    sim->is_running = false;
    return r;
}
