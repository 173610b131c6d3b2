/* SPDX-License-Identifier: MIT */
/** @file
 * A message ladder as text: who sent what to whom, with hosts as columns and time downwards. It
 * keeps the last messages of a run, so that a failed test can show them. */
#ifndef PEAL_TEST_LADDER_H
#define PEAL_TEST_LADDER_H

#include <peal/sim.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A ladder. */
typedef struct peal_test_ladder peal_test_ladder;

/** Makes one that keeps the last @p messages (0: 400). */
PEAL_API peal_test_ladder *peal_test_ladder_new(size_t messages);
/** Frees it; NULL allowed. */
PEAL_API void peal_test_ladder_free(peal_test_ladder *ladder);
/** Lets it observe a simulated world, whose hosts become its columns. It must be freed, or taken
 * away by peal_test_ladder_forget(), before the world. */
PEAL_API void peal_test_ladder_watch(peal_test_ladder *ladder, peal_sim *sim);
/** Takes it away from its world; what it has stays. */
PEAL_API void peal_test_ladder_forget(peal_test_ladder *ladder);
/** Names the column of an address outside of the simulator (or of its default host). */
PEAL_API void peal_test_ladder_name(peal_test_ladder *ladder, const peal_socket_addr *address,
                                    const char *name);
/** Adds a message that was sent. @param number 0, or what peal_test_ladder_mark() calls it */
PEAL_API void peal_test_ladder_add(peal_test_ladder *ladder, uint64_t number, uint64_t at_us,
                                   const peal_socket_addr *from, const peal_socket_addr *to,
                                   peal_str message);
/** Adds words to a message, as "lost"; nothing happens when it is no longer kept. */
PEAL_API void peal_test_ladder_mark(peal_test_ladder *ladder, uint64_t number, const char *words);
/** Adds a line of words between messages. */
PEAL_API void peal_test_ladder_note(peal_test_ladder *ladder, uint64_t at_us, const char *words);
/** The ladder as text; free() it. */
PEAL_API char *peal_test_ladder_text(const peal_test_ladder *ladder);

#ifdef __cplusplus
}
#endif
#endif
