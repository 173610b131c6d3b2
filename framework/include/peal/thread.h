/* SPDX-License-Identifier: MIT */
/** @file
 * The servicing thread: one event loop, one message queue, one timer wheel. It gives thread time to
 * the objects attached to it: all calls into one object happen on its thread; others post messages.
 * It is activated in one of two ways: peal_thread_activate() runs it on a system thread of its own;
 * peal_thread_activate_for() runs it on the caller's thread for a bounded time. */
#ifndef PEAL_THREAD_H
#define PEAL_THREAD_H

#include <peal/alloc.h>
#include <peal/ecom.h>
#include <peal/list.h>
#include <peal/port.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peal_msg peal_msg;
/** A message: a node inside what it carries, so posting allocates nothing. From the post until its
 * run is called it belongs to the queue. */
struct peal_msg {
    peal_msg *next;            /**< private */
    /** Called on the target thread. The message may be posted again, or freed, from here on. */
    void (*run)(peal_msg *msg);
    uint64_t posted_ns;        /**< private: when it was posted */
};

typedef struct peal_timer peal_timer;
/** A timer, embedded in its object; zeroed and given a callback by peal_timer_init(). */
struct peal_timer {
    peal_node node;                 /**< private */
    uint64_t deadline_ms;           /**< private */
    uint64_t sequence;              /**< private: equal deadlines fire in start order */
    uint32_t period_ms;             /**< 0: one-shot */
    uint32_t slot;                  /**< private */
    /** Called on the owning thread, never early; may start or stop any timer, and free this one. */
    void (*on_timer)(peal_timer *timer);
};
/** Prepares a stopped timer. */
PEAL_INLINE void peal_timer_init(peal_timer *timer, void (*on_timer)(peal_timer *timer))
{
    memset(timer, 0, sizeof *timer);
    timer->on_timer = on_timer;
}
/** The timer is running. */
PEAL_INLINE bool peal_timer_is_running(const peal_timer *timer)
{
    return peal_node_is_linked(&timer->node);
}

/** What a new servicing thread is made of. */
typedef struct peal_thread_options {
    size_t size;             /**< sizeof(peal_thread_options) */
    peal_port *port;         /**< NULL: peal_port_default() */
    uint32_t queue_high;     /**< messages: peal_thread_is_congested() above; 0: 4096 */
    size_t pool_idle_bytes;  /**< ceiling of idle pooled memory; 0: 4 MiB */
    unsigned messages_per_turn; /**< 0: 256 */
} peal_thread_options;

/** A servicing thread. CLSID peal_thread_clsid; made by peal_thread_new(). */
PEAL_INTERFACE(peal_thread) {
    peal_unk_vt unk;
    peal_result (*activate)(peal_thread *self, const char *name, size_t stack_bytes, int priority);
    peal_result (*activate_for)(peal_thread *self, uint32_t timeout_ms, bool *ret_ready_to_release);
    void (*stop)(peal_thread *self);
    peal_result (*join)(peal_thread *self);
    int (*pollable_fd)(peal_thread *self);
    size_t (*pollfds)(peal_thread *self, int *fds, short *events, size_t max);
    int64_t (*next_deadline_ms)(peal_thread *self);
    void (*post)(peal_thread *self, peal_msg *msg);
    peal_result (*post_wait)(peal_thread *self, peal_msg *msg);
    void (*timer_start)(peal_thread *self, peal_timer *timer, uint64_t delay_ms,
                        uint32_t period_ms);
    void (*timer_stop)(peal_thread *self, peal_timer *timer);
    void (*attach)(peal_thread *self);
    void (*detach)(peal_thread *self);
};
/** The class of servicing threads, for peal_create() (default options). */
PEAL_API extern const peal_clsid peal_thread_clsid;

/** Makes a servicing thread (not active yet). @p options may be NULL.
 * @return PEAL_OK, PEAL_E_NO_MEMORY, or what the port said. @thread any */
PEAL_API peal_result peal_thread_new(const peal_thread_options *options, peal_thread **ret);

/** Starts a system thread of this name that runs the servicing thread until it is stopped and ready
 * to release. @param name up to 15 bytes are shown by `ps -L`; copied
 * @param stack_bytes 0: the system's default @param priority 0: leave alone; else the system's
 * real-time priority (PEAL_E_PERMISSION if refused)
 * @return PEAL_OK, PEAL_E_STATE when active, PEAL_E_NOT_BUILT_IN without threads, PEAL_E_OS
 * @thread any */
PEAL_INLINE peal_result peal_thread_activate(peal_thread *t, const char *name, size_t stack_bytes,
                                             int priority)
{
    return t->vt->activate(t, name, stack_bytes, priority);
}
/** Runs the servicing thread on the calling thread for at most @p timeout_ms (0: what is ready
 * now). Returns early only when ready to release. While it runs, the caller is the owning thread;
 * between calls the thread that called last is.
 * @param[out] ret_ready_to_release stop was asked for, the queue is empty, nothing is attached; may
 * be NULL
 * @return PEAL_OK, PEAL_E_REENTERED from inside a callback (of any servicing thread) or from two
 * threads at once, PEAL_E_STATE when it has or had a system thread */
PEAL_INLINE peal_result peal_thread_activate_for(peal_thread *t, uint32_t timeout_ms,
                                                 bool *ret_ready_to_release)
{
    return t->vt->activate_for(t, timeout_ms, ret_ready_to_release);
}
/** Asks it to end as soon as the queue is empty and nothing is attached. The last release of a
 * servicing thread does the same without waiting for what is attached, joins its system thread if
 * that is another one, and runs the messages that are left. @thread any */
PEAL_INLINE void peal_thread_stop(peal_thread *t)
{
    t->vt->stop(t);
}
/** Waits for the system thread to end (after stop).
 * @return PEAL_OK, PEAL_E_WOULD_DEADLOCK on itself, PEAL_E_STATE without a system thread */
PEAL_INLINE peal_result peal_thread_join(peal_thread *t)
{
    return t->vt->join(t);
}
/** A descriptor that becomes readable when activate_for(0) would find work, or -1: use pollfds. */
PEAL_INLINE int peal_thread_pollable_fd(peal_thread *t)
{
    return t->vt->pollable_fd(t);
}
/** Fills what a foreign poll() must watch; returns how many there are. @thread owner */
PEAL_INLINE size_t peal_thread_pollfds(peal_thread *t, int *fds, short *events, size_t max)
{
    return t->vt->pollfds(t, fds, events, max);
}
/** Milliseconds until activate_for() has something to do by the clock: 0 now, -1 nothing is due
 * ever. A foreign loop waits at most this long. @thread owner */
PEAL_INLINE int64_t peal_thread_next_deadline_ms(peal_thread *t)
{
    return t->vt->next_deadline_ms(t);
}
/** Posts a message: run once on the servicing thread, in order per sender. Cannot fail; a message
 * to a thread that never runs again is run by its last release, so that what it carries is
 * released. @thread any */
PEAL_INLINE void peal_thread_post(peal_thread *t, peal_msg *msg)
{
    t->vt->post(t, msg);
}
/** Posts and waits until it was run. Stack code never uses this (K18).
 * @return PEAL_OK; PEAL_E_WOULD_DEADLOCK when the calling system thread serves @p t, and always in
 * the simulator and in a replay; PEAL_E_STOPPING when its system thread has ended. @thread any */
PEAL_INLINE peal_result peal_thread_post_wait(peal_thread *t, peal_msg *msg)
{
    return t->vt->post_wait(t, msg);
}
/** Starts or restarts a timer, counted from the start of the present turn. @param delay_ms until it
 * fires first; longer than 69 years counts as that @param period_ms 0: one-shot; else repeats, and
 * skips what it missed. @thread owner */
PEAL_INLINE void peal_timer_start(peal_thread *t, peal_timer *timer, uint64_t delay_ms,
                                  uint32_t period_ms)
{
    t->vt->timer_start(t, timer, delay_ms, period_ms);
}
/** Stops a timer, which then never fires; allowed when stopped. @thread owner */
PEAL_INLINE void peal_timer_stop(peal_thread *t, peal_timer *timer)
{
    t->vt->timer_stop(t, timer);
}
/** Counts an object as attached: the thread is not ready to release before it is detached.
 * @thread any that holds a reference */
PEAL_INLINE void peal_thread_attach(peal_thread *t)
{
    t->vt->attach(t);
}
/** The opposite of peal_thread_attach(). @thread any */
PEAL_INLINE void peal_thread_detach(peal_thread *t)
{
    t->vt->detach(t);
}

/** The calling system thread is running @p t now, or ran it last in polled mode. @thread any */
PEAL_API bool peal_thread_is_current(const peal_thread *t);
/** The name given to activate(), "polled" in polled mode, or "new". @thread any */
PEAL_API const char *peal_thread_name(const peal_thread *t);
/** Monotonic time sampled at the start of the present turn. @thread owner */
PEAL_API uint64_t peal_thread_now_ms(const peal_thread *t);
/** The thread's block pool. @thread owner */
PEAL_API peal_pool *peal_thread_pool(peal_thread *t);
/** The port and the loop, for code that opens sockets. @thread owner */
PEAL_API peal_port *peal_thread_port(const peal_thread *t);
/** The loop, for code that opens sockets. @thread owner */
PEAL_API peal_loop *peal_thread_loop(const peal_thread *t);
/** Messages waiting now. @thread any */
PEAL_API size_t peal_thread_queue_length(const peal_thread *t);
/** The queue is above its high mark (K20). @thread any */
PEAL_API bool peal_thread_is_congested(const peal_thread *t);
/** Timers running on it (for the census). @thread owner */
PEAL_API size_t peal_thread_timer_count(const peal_thread *t);
/** Random bytes from the port through a small buffer per thread. Never fails: a port whose random
 * source fails was refused at peal_thread_new(). @thread owner */
PEAL_API void peal_thread_random(peal_thread *t, void *buffer, size_t bytes);
/** Passes on what was read of another thread's doings outside of messages (a counter, a queue's
 * length) and then decides something: gives @p value back, so that a recording knows it and a
 * replay gives what was seen then (<peal/record.h>). @thread owner */
PEAL_API uint64_t peal_thread_seen(peal_thread *t, uint64_t value);
/** Runs several polled servicing threads in one wait (K18); their ports must offer pollfds.
 * @param[out] ret_ready_to_release all of them are; may be NULL
 * @return PEAL_OK, PEAL_E_ARGUMENT (none, or simulated), PEAL_E_REENTERED, PEAL_E_STATE,
 * PEAL_E_NO_MEMORY
 * @thread the one that polls all of them */
PEAL_API peal_result peal_thread_group_activate_for(peal_thread *const *threads, size_t count,
                                                    uint32_t timeout_ms,
                                                    bool *ret_ready_to_release);

/** In debug builds: complains with the object's name and both threads, and asserts, when the caller
 * is not on @p t; else nothing. Gives true when all is well. */
PEAL_API bool peal_thread_check(const peal_thread *t, const char *object);
/** peal_thread_check() in debug builds, true in others. */
#if PEAL_DEBUG
#define PEAL_ON_THREAD(t, object) peal_thread_check((t), (object))
#else
#define PEAL_ON_THREAD(t, object) (true)
#endif

#ifdef __cplusplus
}
#endif
#endif
