/* SPDX-License-Identifier: MIT */
/* Role: the inside of a servicing thread: message queue, timer wheel and the engine that runs
 * turns. Thread: each function says; most belong to the owner. */
#ifndef PEAL_FRAMEWORK_THREAD_THREAD_PRIV_H
#define PEAL_FRAMEWORK_THREAD_THREAD_PRIV_H

#include <stdatomic.h>

#include <peal/ecom_impl.h>
#include <peal/thread.h>
#include <peal/vec.h>

#include "framework/port/port_os.h"
#include "framework/port/port_priv.h"

/* ---- Message queue (thread_queue.c): many producers, one consumer ---- */

/** Producers push on a stack; the owner takes the whole stack, turns it round and appends it to its
 * own list, to which it also posts directly while it runs. */
typedef struct peal__queue {
    _Atomic(peal_msg *) stack; /**< what others posted, last first */
    atomic_size_t pushed;      /**< by others, ever; shares the stack's cache line */
    char pad[64 - 2 * sizeof(void *)];
    peal_msg *first;     /**< owner's list, oldest first */
    peal_msg **last;     /**< where the next one goes */
    atomic_size_t own;   /**< posted by the owner, ever; written by the owner only */
    atomic_size_t taken; /**< handed out, ever; written by the owner only */
} peal__queue;

void peal__queue_init(peal__queue *queue);
/** Posts from anywhere. @return the queue's shared part was empty: the consumer may be asleep.
 * @thread any */
bool peal__queue_push(peal__queue *queue, peal_msg *msg);
/** Posts while the owner runs. @thread owner */
PEAL_INLINE void peal__queue_append(peal__queue *queue, peal_msg *msg)
{
    msg->next = NULL;
    *queue->last = msg;
    queue->last = &msg->next;
    atomic_store_explicit(&queue->own, atomic_load_explicit(&queue->own, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}
/** Others have posted something that the owner has not taken in. @thread any */
PEAL_INLINE bool peal__queue_has_pushed(const peal__queue *queue)
{
    return atomic_load_explicit(&queue->stack, memory_order_seq_cst) != NULL;
}
/** Takes in what others posted. @thread owner */
void peal__queue_collect(peal__queue *queue);
/** The oldest message of the owner's list, taken out; NULL when there is none. @thread owner */
PEAL_INLINE peal_msg *peal__queue_take(peal__queue *queue)
{
    peal_msg *msg = queue->first;
    if (msg) {
        queue->first = msg->next;
        if (!queue->first) {
            queue->last = &queue->first;
        }
        atomic_store_explicit(&queue->taken,
                              atomic_load_explicit(&queue->taken, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    }
    return msg;
}
/** Messages waiting. @thread any; exact for the owner when nobody posts */
size_t peal__queue_length(const peal__queue *queue);

/* ---- Timer wheel (timer_wheel.c) ---- */

enum { PEAL__WHEEL_BITS = 6, PEAL__WHEEL_SLOTS = 1 << PEAL__WHEEL_BITS, PEAL__WHEEL_LEVELS = 7 };
#define PEAL__NEVER UINT64_MAX

typedef struct peal__wheel_slot {
    peal_node timers;  /**< in start order */
    uint64_t earliest; /**< no timer in here is due before */
} peal__wheel_slot;

/** Level n has slots of 64^n ms. A timer is on the level of the highest digit (to the base of 64)
 * in which its deadline differs from the wheel's time, so it moves down at most once per level. */
typedef struct peal__wheel {
    uint64_t time_ms;                     /**< all that is due before was fired */
    uint64_t sequence;                    /**< of the last start */
    size_t count;                         /**< timers running */
    uint32_t levels;                      /**< bit n: level n has timers */
    uint64_t used[PEAL__WHEEL_LEVELS];    /**< bit n: slot n has timers */
    uint64_t inexact[PEAL__WHEEL_LEVELS]; /**< bit n: slot n's earliest timer was stopped */
    peal__wheel_slot slots[PEAL__WHEEL_LEVELS * PEAL__WHEEL_SLOTS];
} peal__wheel;

void peal__wheel_init(peal__wheel *wheel, uint64_t now_ms);
/** Starts or restarts a timer with an absolute deadline. */
void peal__wheel_start(peal__wheel *wheel, peal_timer *timer, uint64_t deadline_ms);
void peal__wheel_stop(peal__wheel *wheel, peal_timer *timer);
/** A time before which nothing is due, PEAL__NEVER without timers. Constant cost; exact unless the
 * earliest timer of a far slot was stopped. */
uint64_t peal__wheel_next(const peal__wheel *wheel);
/** The exact next deadline, PEAL__NEVER without timers; may look through one slot. */
uint64_t peal__wheel_next_exact(peal__wheel *wheel);
/** Fires what is due at @p now_ms and was started before this call, at most @p max of them.
 * @return how many */
unsigned peal__wheel_fire(peal__wheel *wheel, uint64_t now_ms, unsigned max);
/** Unlinks all timers without firing them. */
void peal__wheel_clear(peal__wheel *wheel);

/* ---- The engine (thread.c) ---- */

/** States of peal__engine.state. */
enum {
    PEAL__ENGINE_NEW,
    PEAL__ENGINE_POLLED, /**< activate_for() was called */
    PEAL__ENGINE_SYSTEM, /**< runs on a system thread, or as if in the simulator */
    PEAL__ENGINE_ENDED   /**< its system thread has ended */
};

/** Values of peal__engine.running. */
enum {
    PEAL__RUN_IDLE,
    PEAL__RUN_TURNS, /**< somebody runs turns */
    PEAL__RUN_LAST   /**< and has to free the engine after the present one */
};

/** What stands behind a peal_thread. It lives apart from the ECOM object because the last reference
 * may go inside one of its own callbacks. */
typedef struct peal__engine {
    /* shared with other threads */
    peal__queue queue;
    atomic_int asleep;      /**< a post must wake the loop */
    atomic_int running;     /**< PEAL__RUN_… */
    atomic_int abandoned;   /**< the last reference is gone: end as soon as possible */
    atomic_int state;       /**< PEAL__ENGINE_… */
    atomic_int stopping;    /**< stop() was called */
    atomic_size_t attached; /**< objects */
    _Atomic uint64_t owner; /**< id of the owning system thread; 0: none */
    _Atomic(const char *) name;
    atomic_int join_claimed;
    /* the owner's */
    peal_port *port;
    peal_loop *loop;
    peal__tape *tape; /* NULL: neither recorded nor replayed */
    peal_pool *pool;
    uint64_t now_ns; /**< sample of this turn */
    bool now_stale;  /**< waited since the sample */
    bool held;       /**< timers were held back in the last turn */
    unsigned messages_per_turn;
    uint32_t queue_high;
    uint16_t random_left;
    uint8_t random[512];
    uint8_t random_key[16]; /**< should the port's source ever fail */
    uint64_t random_count;
    peal__os_thread os_thread;
    peal__sim_runner runner;
    uint64_t timers_fired; /**< ever */
    const char *outer_trace_name; /**< while running: what trace had before */
    peal_port *outer_trace_port;
    char name_text[16];
    peal_vec pending; /* of a replay: posted by others and not taken in, by sender */
    peal__wheel wheel;
} peal__engine;

/** The engine that runs on this system thread now; NULL: none. */
extern PEAL__THREAD_LOCAL peal__engine *peal__engine_current PEAL__TLS_FAST;

/** @return PEAL_OK, PEAL_E_NO_MEMORY, or what the port said */
peal_result peal__engine_new(const peal_thread_options *options, peal__engine **ret);
/** The last reference is gone. Ends the system thread and frees everything, at once or, when called
 * inside one of its callbacks, after the turn. @thread any */
void peal__engine_abandon(peal__engine *engine);

peal_result peal__engine_activate(peal__engine *engine, const char *name, size_t stack_bytes,
                                  int priority);
peal_result peal__engine_activate_for(peal__engine *engine, uint32_t timeout_ms, bool *ret_ready);
peal_result peal__engine_join(peal__engine *engine);
void peal__engine_stop(peal__engine *engine);
void peal__engine_detach(peal__engine *engine);
void peal__engine_post(peal__engine *engine, peal_msg *msg);
peal_result peal__engine_post_wait(peal__engine *engine, peal_msg *msg);
int64_t peal__engine_next_deadline_ms(peal__engine *engine);
/** The calling system thread owns the engine. @thread any */
bool peal__engine_is_mine(const peal__engine *engine);

peal_result peal__engine_group_activate_for(peal__engine *const *engines, size_t count,
                                            uint32_t timeout_ms, bool *ret_ready);

/* Steps of a run, for activation and groups (thread_turn.c). @thread owner */

/** Claims the engine for this system thread. @return PEAL_OK, PEAL_E_REENTERED, PEAL_E_STATE */
peal_result peal__engine_claim(peal__engine *engine);
/** The same for polled activation, which makes a new engine a polled one. */
peal_result peal__engine_begin_polled(peal__engine *engine);
/** Gives it back; makes the descriptor readable if work is left. The engine may be gone after. */
void peal__engine_unclaim(peal__engine *engine);
/** Nobody runs it any more: runs what is left in the queue and frees everything. */
void peal__engine_finish(peal__engine *engine);
/** Makes it the current one of this system thread, or no longer. */
void peal__engine_enter(peal__engine *engine);
void peal__engine_leave(peal__engine *engine);
/** The parts of a turn. */
peal_result peal__engine_first_part(peal__engine *engine, int64_t limit_us);
void peal__engine_second_part(peal__engine *engine);
/** One turn (K17), waiting at most @p limit_us (-1: for ever) for something to do. */
peal_result peal__engine_turn(peal__engine *engine, int64_t limit_us);
/** Stop was asked for, nothing waits, nothing is attached. */
bool peal__engine_is_ready(const peal__engine *engine);
/** Work that needs no waiting: messages, held timers. Not: due timers and sockets. */
bool peal__engine_has_work(const peal__engine *engine);
/** Microseconds until the next timer at the present clock, rounded up; -1 without one. */
int64_t peal__engine_until_timer_us(peal__engine *engine, bool exact);
/** Samples the clock when it is stale or the engine is not running. */
uint64_t peal__engine_now_ns(peal__engine *engine);
/** The clock for how long to wait, which is not part of a recorded run. */
uint64_t peal__engine_clock_ns(peal__engine *engine);
/** Runs messages until none is left. */
void peal__engine_run_left(peal__engine *engine);

/* On a port that records or replays (thread_tape.c) */

/** Finds the tape of a new engine. @return PEAL_OK, PEAL_E_NO_MEMORY */
peal_result peal__engine_bind_tape(peal__engine *engine);
PEAL_INLINE bool peal__engine_is_replayed(const peal__engine *engine)
{
    return engine->tape && engine->tape->vt->is_replay;
}
/** Posts from another thread. @thread any */
void peal__engine_taped_post(peal__engine *engine, peal_msg *msg);
/** Takes in what others posted. @thread owner */
void peal__engine_taped_collect(peal__engine *engine, int part);
peal_result peal__engine_taped_turn(peal__engine *engine, int64_t limit_us);
/** Replay: runs until the recording has no further turn of it. */
void peal__engine_replay_rest(peal__engine *engine);
/** Replay: runs as far as it comes. @return false: there is nothing to repeat any more */
bool peal__engine_replay_for(peal__engine *engine, bool *ret_ready);

#endif
