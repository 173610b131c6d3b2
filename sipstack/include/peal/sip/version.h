/* SPDX-License-Identifier: MIT */
/** @file
 * The version of the SIP stack. */
#ifndef PEAL_SIP_VERSION_H
#define PEAL_SIP_VERSION_H

#include <peal/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library in use, as "0.1.0". Never NULL. @thread any */
PEAL_API const char *peal_sip_version(void);

#ifdef __cplusplus
}
#endif
#endif
