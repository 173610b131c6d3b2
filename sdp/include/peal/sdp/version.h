/* SPDX-License-Identifier: MIT */
/** @file
 * The version of the SDP library. */
#ifndef PEAL_SDP_VERSION_H
#define PEAL_SDP_VERSION_H

#include <peal/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library in use, as "0.1.0". Never NULL. @thread any */
PEAL_API const char *peal_sdp_version(void);

#ifdef __cplusplus
}
#endif
#endif
