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
    peal_node node;  /**< private to the simulator */
    peal_port *port; /**< the simulated port, NULL: not registered */
    peal_loop *loop; /**< the thread's loop */
    /** Something can be done at the present virtual time, sockets aside. */
    bool (*is_runnable)(peal__sim_runner *self);
    /** Virtual time of the next timer, UINT64_MAX when none. */
    uint64_t (*next_ns)(peal__sim_runner *self);
    /** Runs one turn without waiting. May unregister any runner, also this one. */
    void (*turn)(peal__sim_runner *self);
};

/** The port belongs to a simulated world. @thread any */
bool peal__port_is_simulated(const peal_port *port);
/** Registers a servicing thread made on a simulated port. */
void peal__sim_add(peal__sim_runner *runner);
/** Takes it out; nothing happens when it is in no world. */
void peal__sim_remove(peal__sim_runner *runner);
/** Moves the virtual clock without running anything, as if the machine had been asleep. */
void peal__sim_advance_us(peal_port *port, uint64_t us);

#endif
