/* SPDX-License-Identifier: MIT */
/** @file
 * The framework's umbrella: all public headers, and counted initialisation. */
#ifndef PEAL_PEAL_H
#define PEAL_PEAL_H

#include <peal/alloc.h>
#include <peal/base.h>
#include <peal/blob.h>
#include <peal/ecom.h>
#include <peal/hash.h>
#include <peal/list.h>
#include <peal/port.h>
#include <peal/record.h>
#include <peal/result.h>
#include <peal/socket_addr.h>
#include <peal/thread.h>
#include <peal/trace.h>
#include <peal/uuid.h>
#include <peal/vec.h>
#include <peal/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Initialises the framework; counted, so that several libraries of one process may each do it.
 * @return PEAL_OK, PEAL_E_OS when the system gives no randomness
 * @thread any, but the first call before any other of Peal's (peal_set_allocator() excepted) */
PEAL_API peal_result peal_init(void);
/** The same; the first draws the process's hash secret from this port and not the default one, so
 * that a recording has it and a simulation is the same in every process. It draws anew where
 * peal_init() keeps the secret of an earlier time. */
PEAL_API peal_result peal_init_with(peal_port *port);
/** Takes one peal_init() back. The last reports what is still alive.
 * Class registrations end with it.
 * @return PEAL_OK; PEAL_E_LIVE_OBJECTS (the census was traced, nothing was torn down, and this
 * peal_init() stands until another peal_fini()); PEAL_E_STATE without a peal_init()
 * @thread any */
PEAL_API peal_result peal_fini(void);

#ifdef __cplusplus
}
#endif
#endif
