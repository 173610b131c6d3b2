/* SPDX-License-Identifier: MIT */
/* Version and build id of libpeal. Any thread. */
#include <config.h>
#include <peal/version.h>

const char *peal_version(void)
{
    return PACKAGE_VERSION;
}

const char *peal_build_id(void)
{
    return PEAL_BUILD_ID;
}

peal_result peal_x_check_build(const char *build_id)
{
    return strcmp(build_id, PEAL_BUILD_ID) == 0 ? PEAL_OK : PEAL_E_BUILD_MISMATCH;
}
