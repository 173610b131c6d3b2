/* SPDX-License-Identifier: MIT */
/* peal-replay: what its files share. One thread. */
#ifndef PEAL_REPLAY_PRIV_H
#define PEAL_REPLAY_PRIV_H

#include <peal/peal.h>

enum { REPLAY_EXIT_DIFFERENT = 1, REPLAY_EXIT_USAGE = 2 };

/* replay_program.c */
/* Runs the recorded program again as far as the recording goes. Gives false, after one line on
 * standard error, when it cannot be started. @p trace: its trace level, NULL: as it was. */
bool peal__program_run(peal_replay *replay, const char *trace);

/* replay_ladder.c */
/* An observer that draws each SIP message as an arrow. */
void peal__ladder_draw(void *arg, const peal_replay_event *event);

/* peal_replay.c */
/* Says one line "peal-replay: …" on standard error. */
void peal__replay_complain(const char *format, ...) PEAL_PRINTF(1, 2);

#endif
