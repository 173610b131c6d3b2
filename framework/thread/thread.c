/* SPDX-License-Identifier: MIT */
/* Role: the life of a servicing thread: making it, its two activations, stopping, joining, ending.
 * Thread: as each function says. */
#include <stdio.h>

#include "framework/base/base_priv.h"
#include "framework/thread/thread_priv.h"

enum { QUEUE_HIGH = 4096, POOL_IDLE_BYTES = 4 << 20, MESSAGES_PER_TURN = 256 };

/* ---- making ---- */

static void configure(peal__engine *engine, const peal_thread_options *given)
{
    peal_thread_options options = { .size = 0 };
    if (given) {
        memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    }
    engine->port = options.port ? options.port : peal_port_default();
    engine->queue_high = options.queue_high ? options.queue_high : QUEUE_HIGH;
    engine->messages_per_turn =
        options.messages_per_turn ? options.messages_per_turn : MESSAGES_PER_TURN;
}

static peal_result open_parts(peal__engine *engine, size_t pool_idle_bytes)
{
    const peal_port_vt *port = engine->port->vt;
    peal_result r = port->random(engine->port, engine->random_key, sizeof engine->random_key);
    if (r < 0) {
        return r;
    }
    r = peal_pool_new(pool_idle_bytes ? pool_idle_bytes : POOL_IDLE_BYTES, &engine->pool);
    if (r >= 0) {
        r = port->loop_open(engine->port, &engine->loop);
    }
    return r < 0 ? r : peal__engine_bind_tape(engine);
}

/* ---- what the simulator sees ---- */

static bool sim_is_runnable(peal__sim_runner *runner, bool loop_is_ready)
{
    peal__engine *engine = PEAL_CONTAINER_OF(runner, peal__engine, runner);
    int state = atomic_load(&engine->state);
    if (state == PEAL__ENGINE_ENDED || atomic_load(&engine->running)) {
        return false;
    }
    if (loop_is_ready || peal__engine_has_work(engine) ||
        (state == PEAL__ENGINE_SYSTEM && peal__engine_is_ready(engine))) {
        return true;
    }
    return peal__wheel_next(&engine->wheel) <= peal__engine_now_ns(engine) / 1000000;
}

static uint64_t sim_next_ns(peal__sim_runner *runner, bool exact)
{
    peal__engine *engine = PEAL_CONTAINER_OF(runner, peal__engine, runner);
    uint64_t next =
        exact ? peal__wheel_next_exact(&engine->wheel) : peal__wheel_next(&engine->wheel);
    if (next >= UINT64_MAX / 1000000 || atomic_load(&engine->state) == PEAL__ENGINE_ENDED) {
        return UINT64_MAX;
    }
    return next * 1000000;
}

static peal_result sim_turn(peal__sim_runner *runner)
{
    peal__engine *engine = PEAL_CONTAINER_OF(runner, peal__engine, runner);
    peal_result r = peal__engine_claim(engine);
    if (r < 0) {
        return r; /* this world is run from inside another servicing thread */
    }
    peal__engine_enter(engine);
    (void)peal__engine_turn(engine, 0); /* memory's loops do not fail */
    peal__engine_leave(engine);
    if (atomic_load(&engine->state) == PEAL__ENGINE_SYSTEM && peal__engine_is_ready(engine)) {
        atomic_store(&engine->state, PEAL__ENGINE_ENDED);
    }
    peal__engine_unclaim(engine);
    return PEAL_OK;
}

static uint64_t sim_work(peal__sim_runner *runner)
{
    const peal__engine *engine = PEAL_CONTAINER_OF(runner, peal__engine, runner);
    return atomic_load_explicit(&engine->queue.taken, memory_order_relaxed) + engine->timers_fired;
}

static peal_result join_world(peal__engine *engine)
{
    if (!peal__port_is_simulated(engine->port)) {
        return PEAL_OK;
    }
    engine->runner.port = engine->port;
    engine->runner.loop = engine->loop;
    engine->runner.is_runnable = sim_is_runnable;
    engine->runner.next_ns = sim_next_ns;
    engine->runner.turn = sim_turn;
    engine->runner.work = sim_work;
    return peal__sim_add(&engine->runner);
}

static void free_engine(peal__engine *engine)
{
    peal__wheel_clear(&engine->wheel);
    peal__sim_remove(&engine->runner);
    if (engine->loop) {
        engine->port->vt->loop_close(engine->loop);
    }
    peal_pool_release(engine->pool);
    peal_vec_fini(&engine->pending);
    memset(engine->random, 0, sizeof engine->random);
    memset(engine->random_key, 0, sizeof engine->random_key);
    peal_free(engine);
}

peal_result peal__engine_new(const peal_thread_options *options, peal__engine **ret)
{
    peal__engine *engine = peal_calloc(1, sizeof *engine);
    if (!engine) {
        return PEAL_E_NO_MEMORY;
    }
    configure(engine, options);
    peal__queue_init(&engine->queue);
    uint64_t now_ns = engine->port->vt->now_ns(engine->port);
    peal__wheel_init(&engine->wheel, now_ns / 1000000);
    engine->now_ns = now_ns;
    atomic_init(&engine->asleep, 1);
    atomic_init(&engine->state, PEAL__ENGINE_NEW);
    atomic_init(&engine->owner, peal__os_self());
    atomic_init(&engine->name, "new");
    peal_result r = open_parts(engine, options ? options->pool_idle_bytes : 0);
    if (r >= 0) {
        r = join_world(engine);
    }
    if (r < 0) {
        free_engine(engine);
        return r;
    }
    *ret = engine;
    return PEAL_OK;
}

/* ---- activation on a system thread ---- */

static void end_system_thread(peal__engine *engine)
{
    peal__pool_disown(engine->pool);
    atomic_store_explicit(&engine->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&engine->asleep, 1, memory_order_seq_cst);
    atomic_store(&engine->state, PEAL__ENGINE_ENDED);
    int expected = PEAL__RUN_TURNS;
    if (!atomic_compare_exchange_strong(&engine->running, &expected, PEAL__RUN_IDLE)) {
        /* The last reference went in a callback: nobody joins, nobody else knows of it. */
        peal__os_thread_detach(&engine->os_thread);
        peal__engine_finish(engine);
    }
}

static void system_thread(void *arg)
{
    peal__engine *engine = arg;
    if (peal__engine_claim(engine) < 0) {
        return; /* not possible: nobody else may run it in this state */
    }
    peal__engine_enter(engine);
    while (!peal__engine_is_ready(engine)) {
        peal_result r = peal__engine_turn(engine, PEAL_WAIT_FOREVER);
        if (r < 0) {
            PEAL_TRACE(PEAL_TRACE_THREAD, PEAL_TRACE_ERROR, engine, "waiting failed: %s",
                       peal_result_text(r));
            peal__os_pause();
        }
    }
    peal__engine_leave(engine);
    end_system_thread(engine);
}

static void name_tape(peal__engine *engine, const char *name)
{
    if (engine->tape) {
        (void)snprintf(engine->tape->name, sizeof engine->tape->name, "%s", name);
    }
}

static void set_name(peal__engine *engine, const char *name)
{
    strncpy(engine->name_text, name ? name : "peal", sizeof engine->name_text - 1);
    atomic_store_explicit(&engine->name, engine->name_text, memory_order_release);
    name_tape(engine, engine->name_text);
}

peal_result peal__engine_activate(peal__engine *engine, const char *name, size_t stack_bytes,
                                  int priority)
{
    bool is_driven = engine->runner.port || peal__engine_is_replayed(engine);
    if (!PEAL_HAVE_THREADS && !is_driven) {
        return PEAL_E_NOT_BUILT_IN;
    }
    int expected = PEAL__ENGINE_NEW;
    if (!atomic_compare_exchange_strong(&engine->state, &expected, PEAL__ENGINE_SYSTEM)) {
        return PEAL_E_STATE;
    }
    set_name(engine, name);
    if (is_driven) {
        if (engine->tape) {
            atomic_store(&engine->owner, 0);
        }
        return PEAL_OK; /* the simulator or the replay gives it its turns */
    }
    peal__pool_disown(engine->pool);
    atomic_store_explicit(&engine->owner, 0, memory_order_relaxed);
    peal_result r = peal__os_thread_start(&engine->os_thread, engine->name_text, stack_bytes,
                                          priority, system_thread, engine);
    if (r < 0) {
        atomic_store_explicit(&engine->owner, peal__os_self(), memory_order_relaxed);
        peal__pool_turn_begin(engine->pool); /* the caller's again */
        atomic_store(&engine->name, "new");
        atomic_store(&engine->state, PEAL__ENGINE_NEW);
    }
    return r;
}

/* ---- activation on the caller's thread ---- */

static int64_t left_us(peal__engine *engine, uint64_t end_ns)
{
    uint64_t now_ns = peal__engine_clock_ns(engine);
    return now_ns < end_ns ? (int64_t)((end_ns - now_ns + 999) / 1000) : 0;
}

static peal_result run_for(peal__engine *engine, uint32_t timeout_ms)
{
    if (timeout_ms == 0) {
        peal_result r = peal__engine_turn(engine, 0);
        return engine->held && r >= 0 ? peal__engine_turn(engine, 0) : r;
    }
    uint64_t end_ns = peal__engine_clock_ns(engine) + (uint64_t)timeout_ms * 1000000;
    peal_result r = PEAL_OK;
    for (int64_t left = (int64_t)timeout_ms * 1000; r >= 0 && left > 0;
         left = left_us(engine, end_ns)) {
        r = peal__engine_turn(engine, left);
        if (peal__engine_is_ready(engine)) {
            break;
        }
    }
    return r;
}

peal_result peal__engine_begin_polled(peal__engine *engine)
{
    int state = atomic_load(&engine->state);
    if (peal__engine_current) {
        return PEAL_E_REENTERED;
    }
    if (state == PEAL__ENGINE_NEW &&
        atomic_compare_exchange_strong(&engine->state, &state, PEAL__ENGINE_POLLED)) {
        atomic_store(&engine->name, "polled");
        name_tape(engine, "polled");
        state = PEAL__ENGINE_POLLED;
    }
    return state == PEAL__ENGINE_POLLED ? peal__engine_claim(engine) : PEAL_E_STATE;
}

peal_result peal__engine_activate_for(peal__engine *engine, uint32_t timeout_ms, bool *ret_ready)
{
    bool ready = false;
    peal_result r = peal__engine_begin_polled(engine);
    if (r < 0) {
        return r;
    }
    if (peal__engine_is_replayed(engine)) {
        timeout_ms = 0;
        peal__engine_unclaim(engine);
        if (peal__engine_replay_for(engine, &ready)) {
            goto out;
        }
        r = peal__engine_claim(engine); /* nothing is left: it runs freely */
        if (r < 0) {
            return r;
        }
    }
    peal__engine_enter(engine);
    r = run_for(engine, timeout_ms);
    ready = peal__engine_is_ready(engine);
    peal__engine_leave(engine);
    peal__engine_unclaim(engine);
out:
    if (ret_ready) {
        *ret_ready = ready;
    }
    return r < 0 ? r : PEAL_OK;
}

int64_t peal__engine_next_deadline_ms(peal__engine *engine)
{
    if (peal__engine_has_work(engine) || peal__engine_is_ready(engine)) {
        return 0;
    }
    int64_t us = peal__engine_until_timer_us(engine, true);
    return us < 0 ? -1 : (us + 999) / 1000;
}

/* ---- waiting posts ---- */

#if PEAL_HAVE_THREADS
typedef struct waiting_post {
    peal_msg msg;
    peal_msg *inner;
    peal__os_event done;
} waiting_post;

static void waiting_post_run(peal_msg *msg)
{
    waiting_post *post = PEAL_CONTAINER_OF(msg, waiting_post, msg);
    post->inner->run(post->inner);
    peal__os_event_set(&post->done);
}

peal_result peal__engine_post_wait(peal__engine *engine, peal_msg *msg)
{
    if (engine->runner.port || peal__engine_is_replayed(engine) ||
        atomic_load_explicit(&engine->owner, memory_order_relaxed) == peal__os_self()) {
        return PEAL_E_WOULD_DEADLOCK;
    }
    if (atomic_load(&engine->state) == PEAL__ENGINE_ENDED) {
        return PEAL_E_STOPPING;
    }
    waiting_post post = { .msg = { .run = waiting_post_run }, .inner = msg };
    peal_result r = peal__os_event_init(&post.done);
    if (r < 0) {
        return r;
    }
    peal__engine_post(engine, &post.msg);
    peal__os_event_wait(&post.done);
    return PEAL_OK;
}
#else
peal_result peal__engine_post_wait(peal__engine *engine, peal_msg *msg)
{
    (void)engine;
    (void)msg;
    return PEAL_E_WOULD_DEADLOCK; /* there is one thread only, and it is here */
}
#endif

/* ---- ending ---- */

void peal__engine_stop(peal__engine *engine)
{
    atomic_store_explicit(&engine->stopping, 1, memory_order_seq_cst);
    engine->port->vt->loop_wake(engine->loop);
}

void peal__engine_detach(peal__engine *engine)
{
    /* The woken thread may end at once, so nothing of the engine is touched after the count unless
     * this thread keeps it alive (a reference, or being its thread). */
    size_t before = atomic_fetch_sub_explicit(&engine->attached, 1, memory_order_acq_rel);
    PEAL_ASSERT(before > 0);
    if (before == 1 && peal__engine_current != engine &&
        atomic_load_explicit(&engine->stopping, memory_order_seq_cst)) {
        engine->port->vt->loop_wake(engine->loop);
    }
}

static bool is_ended(void *arg)
{
    const peal__engine *engine = arg;
    return atomic_load(&engine->state) == PEAL__ENGINE_ENDED;
}

static peal_result join_in_world(peal__engine *engine)
{
    peal_result r = peal__sim_run_port(engine->port, UINT32_MAX, is_ended, engine);
    if (is_ended(engine)) {
        return PEAL_OK;
    }
    return r == PEAL_E_REENTERED ? PEAL_E_WOULD_DEADLOCK : PEAL_E_STATE;
}

peal_result peal__engine_join(peal__engine *engine)
{
    int state = atomic_load(&engine->state);
    if (state == PEAL__ENGINE_NEW || state == PEAL__ENGINE_POLLED) {
        return PEAL_E_STATE;
    }
    if (peal__engine_current == engine) {
        return PEAL_E_WOULD_DEADLOCK;
    }
    if (engine->runner.port) {
        return join_in_world(engine);
    }
    if (peal__engine_is_replayed(engine)) {
        peal__engine_replay_rest(engine);
        atomic_store(&engine->state, PEAL__ENGINE_ENDED);
        atomic_store(&engine->owner, peal__os_self());
        return PEAL_OK;
    }
    if (atomic_exchange(&engine->join_claimed, 1)) {
        return PEAL_E_STATE;
    }
    peal_result r = peal__os_thread_join(&engine->os_thread);
    atomic_store(&engine->owner, peal__os_self()); /* what is left belongs to the joiner */
    return r;
}

/* Messages that nobody will run any more are run here, so that what they carry is released. */
void peal__engine_finish(peal__engine *engine)
{
    peal__engine *outer = peal__engine_current;
    peal__pool_turn_begin(engine->pool);
    atomic_store_explicit(&engine->owner, peal__os_self(), memory_order_relaxed);
    peal__engine_enter(engine);
    peal__tape *outer_tape = engine->tape ? engine->tape->vt->enter(engine->tape) : NULL;
    peal__engine_run_left(engine);
    if (engine->tape) {
        engine->tape->vt->leave(engine->tape, outer_tape);
    }
    peal__engine_leave(engine);
    peal__engine_current = outer;
    peal_pool_flush();
    if (outer) {
        peal__pool_turn_begin(outer->pool);
    }
    if (atomic_load(&engine->attached)) {
        PEAL_TRACE(PEAL_TRACE_THREAD, PEAL_TRACE_ERROR, engine,
                   "servicing thread %s released with %zu objects attached",
                   atomic_load(&engine->name), atomic_load(&engine->attached));
    }
    free_engine(engine);
}

/* It runs on a system thread that is not the caller's: waits for it. */
static bool must_join(peal__engine *engine)
{
    int state = atomic_load(&engine->state);
    return (state == PEAL__ENGINE_SYSTEM || state == PEAL__ENGINE_ENDED) && !engine->runner.port &&
           !peal__engine_is_replayed(engine) && peal__engine_current != engine;
}

void peal__engine_abandon(peal__engine *engine)
{
    atomic_store(&engine->abandoned, 1);
    atomic_store(&engine->stopping, 1);
    if (peal__engine_is_replayed(engine)) {
        peal__engine_replay_rest(engine);
    }
    if (must_join(engine)) {
        engine->port->vt->loop_wake(engine->loop);
        if (!atomic_exchange(&engine->join_claimed, 1)) {
            (void)peal__os_thread_join(&engine->os_thread); /* a thread of ours, not joined yet */
        }
        peal__engine_finish(engine);
        return;
    }
    int expected = PEAL__RUN_IDLE;
    if (atomic_compare_exchange_strong(&engine->running, &expected, PEAL__RUN_TURNS)) {
        peal__engine_finish(engine);
        return;
    }
    /* Inside a turn: whoever runs it frees the engine afterwards. */
    expected = PEAL__RUN_TURNS;
    if (!atomic_compare_exchange_strong(&engine->running, &expected, PEAL__RUN_LAST)) {
        peal__engine_finish(engine); /* it ended between the two looks */
    }
}
