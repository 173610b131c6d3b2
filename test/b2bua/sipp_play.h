/* SPDX-License-Identifier: MIT */
/* Plays a scenario of SIPp from a host of a simulated network, as SIPp does from a machine: many
 * calls beside each other, each step by step. What came before is answered as before; a message for
 * which the scenario has no place is a failure. */
#ifndef SIPP_PLAY_H
#define SIPP_PLAY_H

#include "test/b2bua/sipp_file.h"

typedef struct sipp_player sipp_player;

/** As SIPp's command line. */
typedef struct sipp_options {
    const char *host;    /**< of the network */
    peal_socket_addr to; /**< who is called; unset: nobody, calls come in */
    size_t calls;        /**< -m */
    uint32_t rate_ms;    /**< between the starts of two calls */
    uint32_t pause_ms;   /**< -d */
    bool is_tolerant;    /**< -default_behaviors all,-abortunexp: what has no place is not heard */
} sipp_options;

/** Begins. The scenario is borrowed. @return NULL when the host cannot listen */
sipp_player *sipp_play(peal_test_net *net, const sipp_scenario *scenario,
                       const sipp_options *options);
peal_socket_addr sipp_address(const sipp_player *player);
/** All calls are over. */
bool sipp_is_over(const sipp_player *player);
/** One has failed. */
bool sipp_has_failed(const sipp_player *player);
/** @return NULL when all calls ended by the scenario; else what is wrong with one (free() it) */
char *sipp_failure(const sipp_player *player);
/** Frees it, after its network: that may still call it. NULL allowed. */
void sipp_free(sipp_player *player);

#endif
