/* SPDX-License-Identifier: MIT */
/* Role: what a servicing thread does each turn: sockets, messages, timers; and how a system thread
 * takes it over and gives it back.
 * Thread: the owner's, but for posts and what says any. */
#include "framework/base/base_priv.h"
#include "framework/thread/thread_priv.h"

enum {
    TIMERS_PER_TURN = 4096, /* then sockets get their chance again */
    LATE_MS = 100           /* a turn that starts so late holds timers once */
};

PEAL__THREAD_LOCAL peal__engine *peal__engine_current PEAL__TLS_FAST;

/* ---- the clock ---- */

static uint64_t sample(peal__engine *engine)
{
    engine->now_ns = engine->port->vt->now_ns(engine->port);
    engine->now_stale = false;
    return engine->now_ns;
}

uint64_t peal__engine_now_ns(peal__engine *engine)
{
    if (engine->now_stale || peal__engine_current != engine) {
        return sample(engine);
    }
    return engine->now_ns;
}

int64_t peal__engine_until_timer_us(peal__engine *engine, bool exact)
{
    uint64_t next =
        exact ? peal__wheel_next_exact(&engine->wheel) : peal__wheel_next(&engine->wheel);
    if (next == PEAL__NEVER) {
        return -1;
    }
    uint64_t now_ns = PEAL_UNLIKELY(engine->tape) ? peal__engine_clock_ns(engine) : sample(engine);
    uint64_t next_ns = next < UINT64_MAX / 1000000 ? next * 1000000 : UINT64_MAX;
    return next_ns <= now_ns ? 0 : (int64_t)((next_ns - now_ns + 999) / 1000);
}

uint64_t peal__engine_clock_ns(peal__engine *engine)
{
    peal_port *port = engine->tape ? engine->tape->clock : engine->port;
    return port->vt->now_ns(port);
}

/* ---- posting ---- */

static void collect(peal__engine *engine, int part)
{
    if (PEAL_UNLIKELY(engine->tape)) {
        peal__engine_taped_collect(engine, part);
    } else {
        peal__queue_collect(&engine->queue);
    }
}

void peal__engine_post(peal__engine *engine, peal_msg *msg)
{
    peal__engine *current = peal__engine_current;
    if (current == engine) {
        msg->posted_ns = engine->now_ns;
        peal__queue_append(&engine->queue, msg);
        return;
    }
    msg->posted_ns = current ? current->now_ns : engine->port->vt->now_ns(engine->port);
    if (PEAL_UNLIKELY(engine->tape)) {
        peal__engine_taped_post(engine, msg);
        return;
    }
    /* Whoever finds the queue empty wakes a sleeper; the sleeper looks again after it has lain
     * down, and both accesses are sequentially consistent, so one of the two sees the other. */
    if (peal__queue_push(&engine->queue, msg) &&
        atomic_load_explicit(&engine->asleep, memory_order_seq_cst)) {
        engine->port->vt->loop_wake(engine->loop);
    }
}

bool peal__engine_is_mine(const peal__engine *engine)
{
    const peal__engine *current = peal__engine_current;
    if (current == engine) {
        return true;
    }
    if (atomic_load_explicit(&engine->owner, memory_order_relaxed) != peal__os_self()) {
        return false;
    }
    /* In the simulator all share one system thread: there only what runs counts, so that what would
     * be wrong on real threads is found. */
    return !current || !engine->runner.port;
}

/* ---- state ---- */

bool peal__engine_is_ready(const peal__engine *engine)
{
    if (!atomic_load_explicit(&engine->stopping, memory_order_acquire)) {
        return false;
    }
    if (atomic_load_explicit(&engine->attached, memory_order_acquire) &&
        !atomic_load_explicit(&engine->abandoned, memory_order_relaxed)) {
        return false;
    }
    return !engine->queue.first && !peal__queue_has_pushed(&engine->queue);
}

bool peal__engine_has_work(const peal__engine *engine)
{
    return engine->queue.first || engine->held || peal__queue_has_pushed(&engine->queue);
}

/* ---- a turn ---- */

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    if (a_us < 0 || b_us < 0) {
        return a_us < 0 ? b_us : a_us;
    }
    return a_us < b_us ? a_us : b_us;
}

/* Waits and lets sockets speak. The clock is read again only by whoever needs it after that. */
static peal_result wait_for_sockets(peal__engine *engine, int64_t limit_us)
{
    int64_t wait_us = limit_us;
    bool has_work = peal__engine_has_work(engine);
    int64_t settle_ms = has_work ? -1 : peal__pool_settle(engine->pool, engine->now_ns / 1000000);
    if (has_work || limit_us == 0) {
        wait_us = 0;
    } else {
        wait_us = earlier(limit_us, peal__engine_until_timer_us(engine, false));
        wait_us = earlier(wait_us, settle_ms < 0 ? -1 : settle_ms * 1000);
    }
    if (wait_us != 0) {
        atomic_store_explicit(&engine->asleep, 1, memory_order_seq_cst);
        if (peal__engine_has_work(engine) || peal__engine_is_ready(engine)) {
            wait_us = 0;
        } else {
            peal__pool_drain(engine->pool);
        }
    }
    engine->now_stale = true;
    peal_result r = engine->port->vt->loop_wait(engine->loop, wait_us);
    atomic_store_explicit(&engine->asleep, 0, memory_order_relaxed);
    return r;
}

static unsigned run_messages(peal__engine *engine)
{
    unsigned ran = 0, most = engine->messages_per_turn;
    collect(engine, PEAL__PART_MESSAGES);
    if (engine->runner.port) {
        most = peal__sim_batch(&engine->runner, most);
    }
    for (; ran < most; ++ran) {
        peal_msg *msg = peal__queue_take(&engine->queue);
        if (!msg) {
            break;
        }
        msg->run(msg);
    }
    return ran;
}

/* After the machine or the process stood still, answers wait in sockets and queues beside the
 * timers that give up on them: everything else goes first for one turn (K17). */
static bool must_hold(peal__engine *engine, uint64_t now_ms)
{
    if (engine->held) {
        return false;
    }
    uint64_t next = peal__wheel_next(&engine->wheel);
    if (next == PEAL__NEVER || now_ms <= next + LATE_MS) {
        return false;
    }
    next = peal__wheel_next_exact(&engine->wheel);
    return now_ms > next + LATE_MS;
}

static unsigned run_timers(peal__engine *engine)
{
    uint64_t now_ms = engine->now_ns / 1000000;
    if (must_hold(engine, now_ms)) {
        engine->held = true;
        return 0;
    }
    engine->held = false;
    unsigned fired = peal__wheel_fire(&engine->wheel, now_ms, TIMERS_PER_TURN);
    engine->timers_fired += fired;
    return fired;
}

peal_result peal__engine_first_part(peal__engine *engine, int64_t limit_us)
{
    peal__pool_turn_begin(engine->pool);
    collect(engine, PEAL__PART_SOCKETS);
    peal_result r = wait_for_sockets(engine, limit_us);
    if (engine->now_stale) {
        sample(engine);
    }
    return r;
}

void peal__engine_second_part(peal__engine *engine)
{
    unsigned messages = run_messages(engine);
    unsigned timers = run_timers(engine);
    if (PEAL_UNLIKELY(engine->tape)) {
        engine->tape->vt->ran(engine->tape, messages, timers);
    }
    peal_pool_flush();
}

peal_result peal__engine_turn(peal__engine *engine, int64_t limit_us)
{
    if (PEAL_UNLIKELY(engine->tape)) {
        return peal__engine_taped_turn(engine, limit_us);
    }
    peal_result r = peal__engine_first_part(engine, limit_us);
    peal__engine_second_part(engine);
    return r;
}

void peal__engine_run_left(peal__engine *engine)
{
    for (peal_msg *msg;;) {
        collect(engine, PEAL__PART_LEFT);
        msg = peal__queue_take(&engine->queue);
        if (!msg) {
            return;
        }
        msg->run(msg);
    }
}

/* ---- taking over and giving back ---- */

peal_result peal__engine_claim(peal__engine *engine)
{
    int expected = PEAL__RUN_IDLE;
    if (peal__engine_current ||
        !atomic_compare_exchange_strong(&engine->running, &expected, PEAL__RUN_TURNS)) {
        return PEAL_E_REENTERED;
    }
    atomic_store_explicit(&engine->owner, peal__os_self(), memory_order_relaxed);
    atomic_store_explicit(&engine->asleep, 0, memory_order_relaxed);
    return PEAL_OK;
}

void peal__engine_unclaim(peal__engine *engine)
{
    atomic_store_explicit(&engine->asleep, 1, memory_order_seq_cst);
    /* Whoever watches the descriptor comes back. The simulator knows what is ready to release. */
    if (peal__engine_has_work(engine) ||
        (peal__engine_is_ready(engine) && !engine->runner.port)) {
        engine->port->vt->loop_wake(engine->loop);
    }
    int expected = PEAL__RUN_TURNS;
    if (!atomic_compare_exchange_strong(&engine->running, &expected, PEAL__RUN_IDLE)) {
        peal__engine_finish(engine);
    }
}

void peal__engine_enter(peal__engine *engine)
{
    engine->outer_trace_name = peal__trace_thread_name;
    engine->outer_trace_port = peal__trace_port;
    peal__trace_thread_name = atomic_load_explicit(&engine->name, memory_order_relaxed);
    peal__trace_port = engine->tape ? engine->tape->clock : engine->port;
    engine->now_stale = true;
    peal__engine_current = engine;
}

void peal__engine_leave(peal__engine *engine)
{
    peal__engine_current = NULL;
    peal__trace_thread_name = engine->outer_trace_name;
    peal__trace_port = engine->outer_trace_port;
}
