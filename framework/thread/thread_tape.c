/* SPDX-License-Identifier: MIT */
/* Role: a servicing thread on a port that records or replays: in which order it takes in what
 * others post, and its turns part by part. Thread: the owner's, but for posts; in a replay all are
 * run by one system thread. */
#include "framework/base/base_priv.h"
#include "framework/thread/thread_priv.h"

/* ---- recording ---- */

static uint32_t sender_to(const peal__engine *engine)
{
    const peal__engine *current = peal__engine_current;
    return current && current->tape && current->port == engine->port ? current->tape->id : 0;
}

peal_result peal__engine_taped_turn(peal__engine *engine, int64_t limit_us)
{
    peal__tape *tape = engine->tape;
    peal__tape *outer = tape->vt->enter(tape);
    peal_result r = peal__engine_first_part(engine, limit_us);
    peal__engine_second_part(engine);
    tape->vt->leave(tape, outer);
    return r;
}

/* ---- what waits in a replay ---- */

/* Of one sender, in its order. */
typedef struct pending {
    peal_msg *first, *last;
    size_t count;
    uint32_t sender;
} pending;

static pending *pending_of(const peal__engine *engine, uint32_t sender)
{
    for (size_t i = 0; i < engine->pending.count; ++i) {
        pending *p = peal_vec_at(&engine->pending, i);
        if (p->sender == sender) {
            return p;
        }
    }
    return NULL;
}

/* What a thread does behind the end of its recording is made up, and not taken for what it did. */
static uint32_t replay_sender_to(const peal__engine *engine)
{
    const peal__engine *current = peal__engine_current;
    bool is_made_up =
        current && peal__engine_is_replayed(current) && current->tape->vt->is_over(current->tape);
    return is_made_up ? UINT32_MAX : sender_to(engine);
}

static void replay_post(peal__engine *engine, peal_msg *msg)
{
    const pending none = { .sender = replay_sender_to(engine) };
    pending *p = pending_of(engine, none.sender);
    if (!p && peal_vec_push(&engine->pending, &none) >= 0) {
        p = pending_of(engine, none.sender);
    }
    if (!p) {
        p = peal_vec_at(&engine->pending, 0); /* without memory: as if it came from outside */
    }
    msg->next = NULL;
    if (p->first) {
        p->last->next = msg;
    } else {
        p->first = msg;
    }
    p->last = msg;
    ++p->count;
}

static void take(peal__engine *engine, pending *p, size_t count)
{
    for (; count > 0 && p->first; --count) {
        peal_msg *msg = p->first;
        p->first = msg->next;
        --p->count;
        peal__queue_append(&engine->queue, msg);
    }
}

static void take_all(peal__engine *engine)
{
    for (size_t i = 0; i < engine->pending.count; ++i) {
        take(engine, peal_vec_at(&engine->pending, i), SIZE_MAX);
    }
}

static bool any_pending(const peal__engine *engine)
{
    for (size_t i = 0; i < engine->pending.count; ++i) {
        if (((const pending *)peal_vec_at(&engine->pending, i))->first) {
            return true;
        }
    }
    return false;
}

static void replay_take(peal__engine *engine, int part)
{
    peal__tape *tape = engine->tape;
    size_t count = 0;
    if (tape->vt->is_over(tape)) {
        take_all(engine);
        return;
    }
    const peal__tape_run *runs = tape->vt->take(tape, part, &count);
    if (part == PEAL__PART_LEFT && !count && any_pending(engine)) {
        tape->vt->give_up(tape, "messages that nobody took then");
        take_all(engine);
    }
    for (size_t i = 0; i < count; ++i) {
        pending *p = pending_of(engine, runs[i].sender);
        if (p) {
            take(engine, p, runs[i].count);
        }
    }
}

/* ---- posting and taking in ---- */

void peal__engine_taped_post(peal__engine *engine, peal_msg *msg)
{
    peal__tape *tape = engine->tape;
    if (tape->vt->is_replay) {
        replay_post(engine, msg);
        return;
    }
    tape->vt->post_begin(tape, sender_to(engine));
    bool was_empty = peal__queue_push(&engine->queue, msg);
    bool is_asleep = was_empty && atomic_load_explicit(&engine->asleep, memory_order_seq_cst);
    tape->vt->post_end(tape);
    if (is_asleep) {
        engine->port->vt->loop_wake(engine->loop);
    }
}

void peal__engine_taped_collect(peal__engine *engine, int part)
{
    peal__tape *tape = engine->tape;
    if (tape->vt->is_replay) {
        replay_take(engine, part);
        return;
    }
    tape->vt->take_begin(tape);
    peal__queue_collect(&engine->queue);
    tape->vt->take_end(tape, part);
}

/* ---- being run by a replay ---- */

static size_t count_pending(void *thread, uint32_t sender)
{
    const pending *p = pending_of(thread, sender);
    return p ? p->count : 0;
}

static bool run_part(void *thread, int part)
{
    peal__engine *engine = thread;
    peal__tape *tape = engine->tape;
    if (peal__engine_claim(engine) < 0) {
        return false;
    }
    peal__engine_enter(engine);
    peal__tape *outer = tape->vt->enter(tape);
    if (part == PEAL__PART_SOCKETS) {
        (void)peal__engine_first_part(engine, 0); /* a replayed wait does not fail */
        peal_pool_flush();
    } else {
        peal__pool_turn_begin(engine->pool);
        engine->now_stale = false; /* sampled at the end of the first part */
        peal__engine_second_part(engine);
    }
    tape->vt->leave(tape, outer);
    peal__engine_leave(engine);
    if (atomic_load(&engine->state) == PEAL__ENGINE_SYSTEM) {
        atomic_store(&engine->owner, 0); /* a thread of its own, to all others */
    }
    peal__engine_unclaim(engine);
    return true;
}

peal_result peal__engine_bind_tape(peal__engine *engine)
{
    static const peal__tape_ops ops = { .pending = count_pending, .run_part = run_part };
    const pending outside = { .sender = 0 };
    peal_vec_init(&engine->pending, sizeof outside);
    engine->tape = peal__tape_of(engine->port, engine->loop);
    if (!peal__engine_is_replayed(engine)) {
        return PEAL_OK;
    }
    engine->tape->vt->bind(engine->tape, &ops, engine);
    return peal_vec_push(&engine->pending, &outside);
}

/* Whoever asks waits for its end, so nothing from outside will come any more. */
static const char waits[] = "it waits for messages in vain";

void peal__engine_replay_rest(peal__engine *engine)
{
    peal__tape *tape = engine->tape;
    if (peal__engine_current) {
        return; /* released inside a callback, as it was then */
    }
    (void)tape->vt->run_all(tape);
    if (tape->vt->has_part(tape)) {
        tape->vt->give_up(tape, waits);
    }
}

bool peal__engine_replay_for(peal__engine *engine, bool *ret_ready)
{
    peal__tape *tape = engine->tape;
    bool ran = tape->vt->run_all(tape);
    bool has_more = tape->vt->has_part(tape);
    if (has_more && !ran) {
        tape->vt->give_up(tape, waits);
    }
    if (tape->vt->is_over(tape)) {
        return false;
    }
    *ret_ready = !has_more;
    return true;
}
