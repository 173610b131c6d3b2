/* SPDX-License-Identifier: MIT */
/* Role: what the thread package and tests need of the ports beyond the public vtable: one wait for
 * several loops, and the doors between servicing threads and the simulator that schedules them, and
 * the ports that record and replay.
 * Thread: as each function says. */
#ifndef PEAL_FRAMEWORK_PORT_PORT_PRIV_H
#define PEAL_FRAMEWORK_PORT_PORT_PRIV_H

#include <peal/list.h>
#include <peal/port.h>
#include <peal/sim.h>

/** The ports of this build (port_posix.c chooses among them). */
extern peal_port peal__port_poll;
#if PEAL_HAVE_LIBUV
extern peal_port peal__port_uv;
#endif

/** Waits for descriptors as loop_pollfds gives them, until one is ready or the time is over
 * (microseconds, PEAL_WAIT_FOREVER). @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_OS */
peal_result peal__port_wait_fds(const int *fds, const short *events, size_t count,
                                int64_t timeout_us);

/* ---- The simulator's view of a servicing thread ---- */

typedef struct peal__sim_runner peal__sim_runner;
/** Embedded in each servicing thread; unused (port is NULL) on other ports. */
struct peal__sim_runner {
    peal_port *port; /**< the simulated port, NULL: not registered */
    peal_loop *loop; /**< the thread's loop */
    /** Can have a turn at the present virtual time: it has work, or @p loop_is_ready, and is not
     * running or ended. */
    bool (*is_runnable)(peal__sim_runner *self, bool loop_is_ready);
    /** Time of the next timer by the port's clock, UINT64_MAX when none; a time before it will do
     * unless @p exact. */
    uint64_t (*next_ns)(peal__sim_runner *self, bool exact);
    /** Runs one turn without waiting. May unregister any runner, also this one.
     * @return PEAL_OK, PEAL_E_REENTERED when another servicing thread is running */
    peal_result (*turn)(peal__sim_runner *self);
    /** Messages and timers that it has run, ever. */
    uint64_t (*work)(peal__sim_runner *self);
    /* private to the simulator: */
    peal_node node;         /**< in the world's runners, in the order of making */
    unsigned number;        /**< in the world */
    unsigned thread;        /**< on its host */
    size_t ready_at;        /**< place among the ready, from 1; 0: not ready */
    size_t timer_at;        /**< place in the heap of timers, from 1; 0: not there */
    uint64_t key_ns;        /**< when it is to be looked at, by the world's clock */
    uint64_t held_until_ns; /**< the scheduler holds it back */
};

/** The port belongs to a simulated world. @thread any */
bool peal__port_is_simulated(const peal_port *port);
/** Registers a servicing thread made on a simulated port. @return PEAL_OK, PEAL_E_NO_MEMORY */
peal_result peal__sim_add(peal__sim_runner *runner);
/** Takes it out; nothing happens when it is in no world. */
void peal__sim_remove(peal__sim_runner *runner);
/** A timer of this servicing thread was started outside of its turns. */
void peal__sim_touch(peal__sim_runner *runner);
/** How many of at most @p max messages a turn runs: all in most turns, fewer in some, drawn. */
unsigned peal__sim_batch(peal__sim_runner *runner, unsigned max);
/** Runs the world of a port, as peal_sim_run(). */
peal_result peal__sim_run_port(peal_port *port, uint64_t virtual_ms, bool (*done)(void *arg),
                               void *arg);
/** Moves the virtual clock without running anything, as if the machine had been asleep. */
void peal__sim_advance_us(peal_port *port, uint64_t us);

/* ---- A servicing thread on a port that records or replays ---- */

/** Parts of a turn. Each begins with taking in what others posted, so no part depends on what is
 * posted while it runs: whole parts can be repeated one by one on one system thread. */
enum {
    PEAL__PART_SOCKETS,  /**< waiting, sockets speak */
    PEAL__PART_MESSAGES, /**< messages and timers run */
    PEAL__PART_LEFT      /**< messages that are left after the last turn */
};

/** So many messages of one sender that came next to each other. */
typedef struct peal__tape_run {
    uint32_t sender; /**< id of its tape; 0: outside */
    uint32_t count;
} peal__tape_run;

/** What a replay asks of a servicing thread. */
typedef struct peal__tape_ops {
    /** Messages of this sender that were posted and not taken in. */
    size_t (*pending)(void *thread, uint32_t sender);
    /** Runs a part of a turn. @return false: it is running already */
    bool (*run_part)(void *thread, int part);
} peal__tape_ops;

typedef struct peal__tape peal__tape;
typedef struct peal__tape_vt {
    bool is_replay;
    /** What the calling system thread asks of the port belongs to this tape from now on.
     * @return what it belonged to before, for leave() */
    peal__tape *(*enter)(peal__tape *self);
    void (*leave)(peal__tape *self, peal__tape *outer);
    /** A value that came about on another thread: recorded, or as it was then. @thread the tape's
     */
    uint64_t (*seen)(peal__tape *self, uint64_t value);
    /** Messages and timers that ran in this turn. @thread the tape's */
    void (*ran)(peal__tape *self, unsigned messages, unsigned timers);

    /* Recording: posting and taking in happen between begin and end, so that their order is known.
     */
    void (*post_begin)(peal__tape *self, uint32_t sender);
    void (*post_end)(peal__tape *self);
    void (*take_begin)(peal__tape *self);
    void (*take_end)(peal__tape *self, int part);

    /* Replay. */
    void (*bind)(peal__tape *self, const peal__tape_ops *ops, void *thread);
    /** What is taken in at the start of this part; valid until the next call. */
    const peal__tape_run *(*take)(peal__tape *self, int part, size_t *ret_count);
    /** There is nothing to repeat any more: everything is taken as it comes. */
    bool (*is_over)(const peal__tape *self);
    /** The recording has a further part of a turn. */
    bool (*has_part)(peal__tape *self);
    /** Runs all threads as far as they come. @return something ran */
    bool (*run_all)(peal__tape *self);
    /** It cannot go on as recorded, for this reason: it is different, or the recording is cut. */
    void (*give_up)(peal__tape *self, const char *why);
} peal__tape_vt;

/** Beside each servicing thread on such a port; lives as long as its loop. */
struct peal__tape {
    const peal__tape_vt *vt;
    peal_port *clock; /**< for what is not part of the run: trace, how long to wait */
    uint32_t id;      /**< from 1, in the order of making */
    char name[16];    /**< of the thread */
};

/** The loop's tape, NULL on all other ports. */
peal__tape *peal__tape_of(const peal_port *port, peal_loop *loop);
/** The same for each of the two ports (port_record.c, port_replay.c). */
peal__tape *peal__record_tape(const peal_port *port, peal_loop *loop);
peal__tape *peal__replay_tape(const peal_port *port, peal_loop *loop);

#endif
