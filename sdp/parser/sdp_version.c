/* SPDX-License-Identifier: MIT */
/* Version of libpeal-sdp. Any thread. */
#include <config.h>
#include <peal/sdp/version.h>

const char *peal_sdp_version(void)
{
    return PACKAGE_VERSION;
}
