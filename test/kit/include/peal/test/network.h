/* SPDX-License-Identifier: MIT */
/** @file
 * The network that a test plays on: a simulated one with a host for each part, or the real loopback
 * interface. Scripts (<peal/test/script.h>) run on either.
 *
 * On the simulated one, invariants are asked after each event: the run stops at the first that is
 * broken, and the failure shows the ladder. */
#ifndef PEAL_TEST_NETWORK_H
#define PEAL_TEST_NETWORK_H

#include <peal/test/ladder.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A network. */
typedef struct peal_test_net peal_test_net;

/** Makes a simulated one, whose links take 1 ms. @return NULL after a failure */
PEAL_API peal_test_net *peal_test_net_new(uint64_t seed);
/** Makes one of the real loopback interface. @param port whose sockets; NULL: the default port
 * @return NULL after a failure */
PEAL_API peal_test_net *peal_test_net_new_real(peal_port *port);
/** Frees it and its world; what was made on its ports must be gone. NULL allowed. */
PEAL_API void peal_test_net_free(peal_test_net *net);
/** Its world; NULL on the real one. */
PEAL_API peal_sim *peal_test_net_sim(peal_test_net *net);
/** A host of the simulated network by its name, made when there is none such: with the next of the
 * addresses 10.0.0.1 and fd00::1, 10.0.0.2 and fd00::2, … NULL on the real one. */
PEAL_API peal_sim_host *peal_test_net_host(peal_test_net *net, const char *name);
/** What to hand to peal_thread_new(): the port of that host, or the one real port. */
PEAL_API peal_port *peal_test_net_port(peal_test_net *net, const char *host);
/** Its ladder. */
PEAL_API peal_test_ladder *peal_test_net_ladder(peal_test_net *net);
/** Microseconds since it was made, virtual or real. */
PEAL_API uint64_t peal_test_net_now_us(peal_test_net *net);
/** A random number: of the seed when simulated. */
PEAL_API uint64_t peal_test_net_random(peal_test_net *net);

/** Something that must be true after every event. @return NULL, or a sentence that says what is
 * wrong */
typedef const char *peal_test_invariant(void *arg, const peal_sim_event *event);
/** Adds an invariant of the simulated network; nothing happens on the real one. */
PEAL_API void peal_test_net_add_invariant(peal_test_net *net, peal_test_invariant *invariant,
                                          void *arg);
/** What the first broken invariant said; NULL: none is broken. */
PEAL_API const char *peal_test_net_fault(const peal_test_net *net);

/** Lets everybody run until @p done (NULL: never) says true or @p ms have passed. On the real
 * network that is the time for which sockets are waited for.
 * @return PEAL_OK when done, PEAL_I_END, PEAL_E_STATE when an invariant is broken */
PEAL_API peal_result peal_test_net_run(peal_test_net *net, uint64_t ms, bool (*done)(void *arg),
                                       void *arg);

#ifdef __cplusplus
}
#endif
#endif
