/* SPDX-License-Identifier: MIT */
/* Role: several polled servicing threads in one wait (K18): a turn of each without waiting, then
 * one wait for all their descriptors until the earliest of their deadlines. Thread: the one that
 * polls them. */
#include "framework/thread/thread_priv.h"

typedef struct group {
    peal__engine *const *engines;
    size_t count;
    int *fds;
    short *events;
    size_t capacity;
} group;

static peal_result begin_all(const group *g)
{
    peal_result r = PEAL_OK;
    size_t i = 0;
    for (; r == PEAL_OK && i < g->count; ++i) {
        r = peal__engine_begin_polled(g->engines[i]);
    }
    if (r < 0) {
        for (--i; i > 0; --i) {
            peal__engine_unclaim(g->engines[i - 1]);
        }
    }
    return r;
}

static peal_result turn_all(const group *g)
{
    peal_result r = PEAL_OK;
    for (size_t i = 0; i < g->count; ++i) {
        peal__engine_enter(g->engines[i]);
        peal_result one = peal__engine_turn(g->engines[i], 0);
        peal__engine_leave(g->engines[i]);
        if (one < 0) {
            r = one;
        }
    }
    return r;
}

static bool any_held(const group *g)
{
    for (size_t i = 0; i < g->count; ++i) {
        if (g->engines[i]->held) {
            return true;
        }
    }
    return false;
}

static bool all_ready(const group *g)
{
    for (size_t i = 0; i < g->count; ++i) {
        if (!peal__engine_is_ready(g->engines[i])) {
            return false;
        }
    }
    return true;
}

/* Microseconds that the group may sleep, at most @p limit_us. */
static int64_t sleep_us(const group *g, int64_t limit_us)
{
    for (size_t i = 0; i < g->count && limit_us > 0; ++i) {
        int64_t us = peal__engine_until_timer_us(g->engines[i], false);
        if (peal__engine_has_work(g->engines[i])) {
            limit_us = 0;
        } else if (us >= 0 && us < limit_us) {
            limit_us = us;
        }
    }
    return limit_us;
}

static peal_result grow(group *g, size_t capacity)
{
    int *fds = peal_realloc(g->fds, capacity * sizeof *fds);
    if (!fds) {
        return PEAL_E_NO_MEMORY;
    }
    g->fds = fds;
    short *events = peal_realloc(g->events, capacity * sizeof *events);
    if (!events) {
        return PEAL_E_NO_MEMORY;
    }
    g->events = events;
    g->capacity = capacity;
    return PEAL_OK;
}

static size_t fill(const group *g)
{
    size_t used = 0;
    for (size_t i = 0; i < g->count; ++i) {
        const peal__engine *engine = g->engines[i];
        size_t left = used < g->capacity ? g->capacity - used : 0;
        used += engine->port->vt->loop_pollfds(engine->loop, left ? g->fds + used : NULL,
                                               left ? g->events + used : NULL, left);
    }
    return used;
}

static void set_asleep(const group *g, int asleep)
{
    for (size_t i = 0; i < g->count; ++i) {
        atomic_store_explicit(&g->engines[i]->asleep, asleep, memory_order_seq_cst);
    }
}

static peal_result wait_all(group *g, int64_t limit_us)
{
    size_t used = fill(g);
    if (used > g->capacity) {
        peal_result r = grow(g, used + 8);
        if (r < 0) {
            return r;
        }
        used = fill(g);
    }
    set_asleep(g, 1);
    /* Looked at again after lying down: what was posted before saw nobody asleep. */
    int64_t us = all_ready(g) ? 0 : sleep_us(g, limit_us);
    peal_result r = us ? peal__port_wait_fds(g->fds, g->events, used, us) : PEAL_OK;
    set_asleep(g, 0);
    return r;
}

static peal_result run(group *g, uint32_t timeout_ms)
{
    uint64_t end_ns = peal__engine_clock_ns(g->engines[0]) + (uint64_t)timeout_ms * 1000000;
    for (;;) {
        peal_result r = turn_all(g);
        uint64_t now_ns = peal__engine_clock_ns(g->engines[0]);
        if (r < 0 || all_ready(g) || (now_ns >= end_ns && !any_held(g))) {
            return r;
        }
        int64_t left_us = now_ns < end_ns ? (int64_t)((end_ns - now_ns + 999) / 1000) : 0;
        r = wait_all(g, left_us);
        if (r < 0) {
            return r;
        }
    }
}

/* A replay runs all of its threads anyway. */
static peal_result replay_all(const group *g, bool *ret_ready)
{
    bool all = true;
    for (size_t i = 0; i < g->count; ++i) {
        bool ready = false;
        peal_result r = peal__engine_activate_for(g->engines[i], 0, &ready);
        if (r < 0) {
            return r;
        }
        all = all && ready;
    }
    if (ret_ready) {
        *ret_ready = all;
    }
    return PEAL_OK;
}

peal_result peal__engine_group_activate_for(peal__engine *const *engines, size_t count,
                                            uint32_t timeout_ms, bool *ret_ready)
{
    group g = { .engines = engines, .count = count };
    if (peal__engine_is_replayed(engines[0])) {
        return replay_all(&g, ret_ready);
    }
    for (size_t i = 0; i < count; ++i) {
        if (engines[i]->runner.port) {
            return PEAL_E_ARGUMENT; /* peal_sim_run() runs these */
        }
    }
    peal_result r = begin_all(&g);
    if (r < 0) {
        return r;
    }
    r = run(&g, timeout_ms);
    bool ready = all_ready(&g);
    for (size_t i = 0; i < count; ++i) {
        peal__engine_unclaim(engines[i]);
    }
    peal_free(g.fds);
    peal_free(g.events);
    if (ret_ready) {
        *ret_ready = ready;
    }
    return r < 0 ? r : PEAL_OK;
}
