/* SPDX-License-Identifier: MIT */
/* Role: a simulated world: its virtual clock, its random streams, and the scheduler that gives all
 * servicing threads of all hosts their turns on one system thread, in an order drawn from the seed.
 * Only those that can run are looked at: the ready ones stand in an array, the others in a heap by
 * the time of their next timer. Thread: the one that runs the world. */
#include <peal/alloc.h>

#include "framework/port/sim_world.h"

enum { STREAM_SCENE = 1, STREAM_SCHEDULER = 2, STALL_US_DEFAULT = 1000 };

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

void peal__sim_rng_init(peal__sim_rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t state = stream;
    state = seed ^ splitmix(&state);
    for (size_t i = 0; i < PEAL_COUNT_OF(rng->s); ++i) {
        rng->s[i] = splitmix(&state);
    }
}

uint64_t peal__sim_draw(peal__sim_rng *rng)
{
    uint64_t *s = rng->s;
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

uint64_t peal__sim_below(peal__sim_rng *rng, uint64_t below)
{
    return peal__sim_draw(rng) % below;
}

bool peal__sim_chance(peal__sim_rng *rng, double percent)
{
    if (percent <= 0) {
        return false;
    }
    return percent >= 100 || (double)(peal__sim_draw(rng) >> 11) * 0x1p-53 * 100 < percent;
}

uint64_t peal_sim_random(peal_sim *sim)
{
    return peal__sim_draw(&sim->scene);
}

uint64_t peal_sim_seed(const peal_sim *sim)
{
    return sim->seed;
}

/* ---- the clock ---- */

uint64_t peal_sim_now_ms(const peal_sim *sim)
{
    return (sim->now_ns - PEAL__SIM_START_NS) / 1000000;
}

uint64_t peal_sim_now_us(const peal_sim *sim)
{
    return (sim->now_ns - PEAL__SIM_START_NS) / 1000;
}

void peal__sim_advance_us(peal_port *port, uint64_t us)
{
    peal__sim_host_of_port(port)->sim->now_ns += us * 1000;
}

/* ---- the world ---- */

peal_result peal_sim_new(uint64_t seed, peal_sim **ret)
{
    peal_sim_host *host = NULL;
    peal_sim *sim = peal_calloc(1, sizeof *sim);
    if (!sim) {
        return PEAL_E_NO_MEMORY;
    }
    sim->seed = seed;
    sim->now_ns = PEAL__SIM_START_NS;
    peal__sim_rng_init(&sim->scene, seed, STREAM_SCENE);
    peal__sim_rng_init(&sim->scheduler, seed, STREAM_SCHEDULER);
    peal_list_init(&sim->runners);
    peal_result r = peal__sim_add_host(sim, "default", &host);
    if (r < 0) {
        peal_sim_free(sim);
        return r;
    }
    *ret = sim;
    return PEAL_OK;
}

void peal_sim_free(peal_sim *sim)
{
    if (sim) {
        peal__sim_net_fini(sim);
        peal__sim_free_hosts(sim);
        peal_free(sim->ready);
        peal_free(sim->timers);
        peal_free(sim->watchers);
        peal_free(sim);
    }
}

bool peal__port_is_simulated(const peal_port *port)
{
    return port->vt == &peal__sim_vt;
}

void peal_sim_set_schedule(peal_sim *sim, const peal_sim_schedule *schedule)
{
    size_t size = schedule->size < sizeof sim->schedule ? schedule->size : sizeof sim->schedule;
    memset(&sim->schedule, 0, sizeof sim->schedule);
    memcpy(&sim->schedule, schedule, size);
}

/* ---- who can run: the ready ones ---- */

static void ready_put(peal_sim *sim, peal__sim_runner *runner)
{
    if (!runner->ready_at) {
        sim->ready[sim->ready_count] = runner;
        runner->ready_at = ++sim->ready_count;
    }
}

static void ready_take(peal_sim *sim, peal__sim_runner *runner)
{
    if (runner->ready_at) {
        peal__sim_runner *last = sim->ready[--sim->ready_count];
        sim->ready[runner->ready_at - 1] = last;
        last->ready_at = runner->ready_at;
        runner->ready_at = 0;
    }
}

/* ---- when the others can: a heap ---- */

static bool is_before(const peal__sim_runner *a, const peal__sim_runner *b)
{
    return a->key_ns != b->key_ns ? a->key_ns < b->key_ns : a->number < b->number;
}

static void timer_set(peal_sim *sim, size_t at, peal__sim_runner *runner)
{
    sim->timers[at] = runner;
    runner->timer_at = at + 1;
}

static void timer_up(peal_sim *sim, size_t at, peal__sim_runner *runner)
{
    for (size_t up; at > 0 && is_before(runner, sim->timers[up = (at - 1) / 2]); at = up) {
        timer_set(sim, at, sim->timers[up]);
    }
    timer_set(sim, at, runner);
}

static void timer_down(peal_sim *sim, size_t at, peal__sim_runner *runner)
{
    for (size_t down; (down = at * 2 + 1) < sim->timer_count; at = down) {
        if (down + 1 < sim->timer_count && is_before(sim->timers[down + 1], sim->timers[down])) {
            ++down;
        }
        if (!is_before(sim->timers[down], runner)) {
            break;
        }
        timer_set(sim, at, sim->timers[down]);
    }
    timer_set(sim, at, runner);
}

static void timer_take(peal_sim *sim, peal__sim_runner *runner)
{
    if (runner->timer_at) {
        size_t at = runner->timer_at - 1;
        peal__sim_runner *last = sim->timers[--sim->timer_count];
        runner->timer_at = 0;
        if (last != runner) {
            if (is_before(last, runner)) {
                timer_up(sim, at, last);
            } else {
                timer_down(sim, at, last);
            }
        }
    }
}

static void timer_put(peal_sim *sim, peal__sim_runner *runner, uint64_t key_ns)
{
    if (runner->timer_at && runner->key_ns == key_ns) {
        return;
    }
    timer_take(sim, runner);
    runner->key_ns = key_ns;
    if (key_ns != UINT64_MAX) {
        timer_up(sim, sim->timer_count++, runner);
    }
}

/* ---- the scheduler ---- */

static peal__sim_loop *loop_of(const peal__sim_runner *runner)
{
    return (peal__sim_loop *)(void *)runner->loop;
}

/* The next timer by the world's clock. */
static uint64_t next_timer_ns(peal__sim_runner *runner, bool exact)
{
    uint64_t next = runner->next_ns(runner, exact);
    uint64_t ahead = peal__sim_host_of_port(runner->port)->clock_ns;
    if (next == UINT64_MAX) {
        return next;
    }
    return next > ahead ? next - ahead : 0;
}

void peal__sim_refresh(peal_sim *sim, peal__sim_runner *runner)
{
    const peal_sim_host *host = peal__sim_host_of_port(runner->port);
    uint64_t key = UINT64_MAX;
    ready_take(sim, runner);
    if (!host->is_paused && runner->is_runnable(runner, peal__sim_loop_is_ready(loop_of(runner)))) {
        if (runner->held_until_ns > sim->now_ns) {
            key = runner->held_until_ns;
        } else {
            ready_put(sim, runner);
        }
    } else if (!host->is_paused) {
        key = next_timer_ns(runner, false);
    }
    timer_put(sim, runner, key);
}

void peal__sim_touch(peal__sim_runner *runner)
{
    peal__sim_refresh(peal__sim_host_of_port(runner->port)->sim, runner);
}

static peal_result make_room(peal_sim *sim)
{
    if (sim->runner_count < sim->runner_capacity) {
        return PEAL_OK;
    }
    size_t capacity = sim->runner_capacity * 2 + 16;
    peal__sim_runner **ready = peal_realloc(sim->ready, capacity * sizeof *ready);
    if (!ready) {
        return PEAL_E_NO_MEMORY;
    }
    sim->ready = ready;
    peal__sim_runner **timers = peal_realloc(sim->timers, capacity * sizeof *timers);
    if (!timers) {
        return PEAL_E_NO_MEMORY;
    }
    sim->timers = timers;
    sim->runner_capacity = capacity;
    return PEAL_OK;
}

peal_result peal__sim_add(peal__sim_runner *runner)
{
    peal_sim_host *host = peal__sim_host_of_port(runner->port);
    peal_sim *sim = host->sim;
    peal_result r = make_room(sim);
    if (r < 0) {
        return r;
    }
    runner->number = sim->runner_number++;
    runner->thread = host->threads++;
    loop_of(runner)->runner = runner;
    peal_list_append(&sim->runners, &runner->node);
    ++sim->runner_count;
    return PEAL_OK;
}

void peal__sim_remove(peal__sim_runner *runner)
{
    if (peal_node_is_linked(&runner->node)) {
        peal_sim *sim = peal__sim_host_of_port(runner->port)->sim;
        ready_take(sim, runner);
        timer_take(sim, runner);
        peal_node_unlink(&runner->node);
        loop_of(runner)->runner = NULL;
        --sim->runner_count;
        if (sim->turning == runner) {
            sim->turning = NULL;
        }
    }
}

unsigned peal__sim_batch(peal__sim_runner *runner, unsigned max)
{
    peal__sim_rng *rng = &peal__sim_host_of_port(runner->port)->sim->scheduler;
    uint64_t number = peal__sim_draw(rng);
    if (number & 3) {
        return max;
    }
    number >>= 2;
    return 1 + (unsigned)(number % (max < 4 ? max : 4));
}

/* One of those that are ready, each as likely as the others, unless the scheduler holds it back;
 * NULL when there is none. */
static peal__sim_runner *pick(peal_sim *sim)
{
    const peal_sim_schedule *s = &sim->schedule;
    while (sim->ready_count) {
        size_t at = sim->ready_count == 1 ? 0
                                          : peal__sim_below(&sim->scheduler, sim->ready_count);
        peal__sim_runner *runner = sim->ready[at];
        if (runner->held_until_ns || !peal__sim_chance(&sim->scheduler, s->stall_percent)) {
            runner->held_until_ns = 0;
            return runner;
        }
        uint64_t most_ns = (uint64_t)(s->stall_us ? s->stall_us : STALL_US_DEFAULT) * 1000;
        runner->held_until_ns = sim->now_ns + 1 + peal__sim_below(&sim->scheduler, most_ns);
        peal__sim_refresh(sim, runner);
    }
    return NULL;
}

static peal_result give_turn(peal_sim *sim, peal__sim_runner *runner)
{
    peal_sim_event event = { .kind = PEAL_SIM_TURN,
                             .host = peal__sim_host_of_port(runner->port),
                             .thread = runner->thread };
    sim->turning = runner;
    peal_result r = runner->turn(runner);
    if (sim->turning) {
        event.work = runner->work(runner);
        peal__sim_refresh(sim, runner);
        sim->turning = NULL;
    }
    peal__sim_note(sim, &event);
    return r;
}

/* When the next one can run. A time that was only a bound is made exact before it is believed. */
static uint64_t next_runner_ns(peal_sim *sim)
{
    while (sim->timer_count) {
        peal__sim_runner *first = sim->timers[0];
        uint64_t exact =
            first->held_until_ns > sim->now_ns ? first->key_ns : next_timer_ns(first, true);
        if (exact <= first->key_ns) {
            return first->key_ns;
        }
        timer_put(sim, first, exact);
    }
    return UINT64_MAX;
}

static void jump(peal_sim *sim, uint64_t to_ns)
{
    if (to_ns > sim->now_ns) {
        sim->now_ns = to_ns;
        peal__sim_note(sim, &(peal_sim_event){ .kind = PEAL_SIM_CLOCK });
    }
    while (sim->timer_count && sim->timers[0]->key_ns <= sim->now_ns) {
        peal__sim_runner *runner = sim->timers[0];
        timer_take(sim, runner);
        ready_put(sim, runner);
    }
}

static void refresh_all(peal_sim *sim)
{
    for (peal_node *n = peal_list_first(&sim->runners); n; n = peal_list_next(&sim->runners, n)) {
        peal__sim_refresh(sim, PEAL_CONTAINER_OF(n, peal__sim_runner, node));
    }
}

static peal_result run(peal_sim *sim, uint64_t end_ns, bool (*done)(void *arg), void *arg)
{
    refresh_all(sim);
    for (;;) {
        peal__sim_deliver(sim);
        if (sim->is_stopping || (done && done(arg))) {
            return PEAL_OK;
        }
        peal__sim_runner *runner = pick(sim);
        if (runner) {
            peal_result r = give_turn(sim, runner);
            if (r < 0) {
                return r;
            }
            continue;
        }
        uint64_t next = peal__sim_next_entry_ns(sim);
        uint64_t timer = next_runner_ns(sim);
        next = timer < next ? timer : next;
        if (next == UINT64_MAX) {
            return PEAL_I_END;
        }
        if (next > end_ns) {
            jump(sim, end_ns);
            return PEAL_OK;
        }
        jump(sim, next);
    }
}

peal_result peal_sim_run(peal_sim *sim, uint64_t virtual_ms, bool (*done)(void *arg), void *arg)
{
    if (sim->is_running) {
        return PEAL_E_REENTERED;
    }
    sim->is_running = true;
    sim->is_stopping = false;
    uint64_t left_ms = (UINT64_MAX - sim->now_ns) / 1000000 - 1;
    if (virtual_ms > left_ms) {
        virtual_ms = left_ms;
    }
    peal_result r = run(sim, sim->now_ns + virtual_ms * 1000000, done, arg);
    sim->is_running = false;
    return r;
}

peal_result peal__sim_run_port(peal_port *port, uint64_t virtual_ms, bool (*done)(void *arg),
                               void *arg)
{
    return peal_sim_run(peal__sim_host_of_port(port)->sim, virtual_ms, done, arg);
}

void peal_sim_stop(peal_sim *sim)
{
    sim->is_stopping = true;
}
