/* SPDX-License-Identifier: MIT */
/** @file
 * The version of the framework, and the check that libraries of one build are used together. */
#ifndef PEAL_VERSION_H
#define PEAL_VERSION_H

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library in use, as "0.1.0". Never NULL. @thread any */
PEAL_API const char *peal_version(void);
/** The build id of the library in use. @thread any */
PEAL_API const char *peal_build_id(void);
/** Says whether @p build_id (PEAL_BUILD_ID of another Peal library) is this build.
 * @return PEAL_OK, PEAL_E_BUILD_MISMATCH @thread any */
PEAL_API peal_result peal_x_check_build(const char *build_id);

#ifdef __cplusplus
}
#endif
#endif
