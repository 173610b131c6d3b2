/* SPDX-License-Identifier: MIT */
/* Role: what the thread package and tests need of the ports beyond the public vtable: one wait for
 * several loops, and the door between servicing threads and the simulator that schedules them.
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

#endif
