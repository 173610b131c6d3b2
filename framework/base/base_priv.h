/* SPDX-License-Identifier: MIT */
/* Role: what the framework's other packages may use of base beyond the public headers.
 * Thread: any, unless said otherwise. */
#ifndef PEAL_FRAMEWORK_BASE_BASE_PRIV_H
#define PEAL_FRAMEWORK_BASE_BASE_PRIV_H

#include <peal/alloc.h>
#include <peal/hash.h>
#include <peal/port.h>
#include <peal/trace.h>

#include "framework/port/port_os.h"

/* ---- Keyed hash ---- */

/** Sets the process's hash secret and keeps peal_init() from drawing one (simulator, tests). Only
 * while no table holds an item. */
void peal__hash_set_secret(const uint8_t key[16]);
/** Draws the secret from a port unless one was set. @return PEAL_OK or what the port said */
peal_result peal__hash_draw_secret(peal_port *port);
/** The next draw is a new one, unless the secret was set. */
void peal__hash_forget_secret(void);
/** SipHash with @p c compression and @p d finalisation rounds, as 1-3 or 2-4, of one piece. */
uint64_t peal__siphash(const uint8_t key[16], int c, int d, peal_str bytes);

/* ---- Memory ---- */

/** No embedder replaced the allocator. */
bool peal__alloc_is_standard(void);

/* ---- Pools: what a servicing thread does around its turns ---- */

/** Makes the calling system thread the pool's owner and lets it collect blocks that it frees for
 * other owners until peal_pool_flush(). Called at the start of each turn; cheap. The former owner
 * must not be using the pool, see peal__pool_disown(). */
void peal__pool_turn_begin(peal_pool *pool);
/** Leaves a pool without owner, before another system thread takes it over. @thread owner */
void peal__pool_disown(peal_pool *pool);
/** Takes in what other threads gave back. @thread owner */
void peal__pool_drain(peal_pool *pool);
/** Before a wait: takes in what others freed and gives back what has lain idle for a second.
 * @return milliseconds until it wants to be called again, -1 for never @thread owner */
int64_t peal__pool_settle(peal_pool *pool, uint64_t now_ms);

/* ---- Trace: set by the servicing thread that runs on this system thread ---- */

/** Name shown in trace; NULL: "-". Borrowed while set. */
extern PEAL__THREAD_LOCAL const char *peal__trace_thread_name;
/** Port whose clock stamps trace; NULL: peal_port_default(). Borrowed while set. */
extern PEAL__THREAD_LOCAL peal_port *peal__trace_port;

#endif
