/* SPDX-License-Identifier: MIT */
/** @file
 * The simulated port: a virtual clock and an in-memory network driven by a seed. The same seed and
 * the same calls give the same run, byte for byte. Everything here is one system thread's. */
#ifndef PEAL_SIM_H
#define PEAL_SIM_H

#include <peal/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A simulated world. */
typedef struct peal_sim peal_sim;

/** What happens to each datagram on its way. Percentages are 0..100. */
typedef struct peal_sim_link {
    size_t size;             /**< sizeof(peal_sim_link) */
    uint32_t delay_us;       /**< least delay */
    uint32_t jitter_us;      /**< added, uniform: reorders */
    double loss_percent;     /**< silently dropped */
    double duplicate_percent; /**< delivered twice */
    double block_percent;    /**< sends that first give PEAL_E_WOULD_BLOCK */
} peal_sim_link;

/** What a filter decides about a datagram. */
enum { PEAL_SIM_PASS = 0, PEAL_SIM_DROP = 1 };
/** Sees every datagram when it is sent, in order; may drop it. */
typedef int peal_sim_filter(void *arg, const peal_socket_addr *from, const peal_socket_addr *to,
                            peal_str bytes);

/** Makes a simulated world. The virtual clock starts at 1 s. */
PEAL_API peal_result peal_sim_new(uint64_t seed, peal_sim **ret);
/** Ends it; all loops must be closed. NULL allowed. */
PEAL_API void peal_sim_free(peal_sim *sim);
/** A port of this world; all nodes may share one (addresses tell hosts apart). */
PEAL_API peal_port *peal_sim_port(peal_sim *sim);
/** Sets the link between all hosts. */
PEAL_API void peal_sim_set_link(peal_sim *sim, const peal_sim_link *link);
/** Sets a filter; NULL takes it away. */
PEAL_API void peal_sim_set_filter(peal_sim *sim, peal_sim_filter *filter, void *arg);
/** Makes sending to @p to (port 0: any port) fail with @p result at once; PEAL_OK heals. */
PEAL_API peal_result peal_sim_set_send_error(peal_sim *sim, const peal_socket_addr *to,
                                             peal_result result);
/** Virtual milliseconds since the clock's start. */
PEAL_API uint64_t peal_sim_now_ms(const peal_sim *sim);
/** Runs all servicing threads made on this port, in an order drawn from the seed, jumping the clock
 * to the next deadline or arrival whenever nothing is runnable, until @p virtual_ms have passed or
 * @p done (may be NULL) says true.
 * @return PEAL_OK when done or the time is over, PEAL_I_END when nothing is left to happen */
PEAL_API peal_result peal_sim_run(peal_sim *sim, uint64_t virtual_ms, bool (*done)(void *arg),
                                  void *arg);
/** The next number of the world's random source. */
PEAL_API uint64_t peal_sim_random(peal_sim *sim);

#ifdef __cplusplus
}
#endif
#endif
