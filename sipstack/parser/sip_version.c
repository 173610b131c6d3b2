/* SPDX-License-Identifier: MIT */
/* Version of libpeal-sip. Any thread. */
#include <config.h>
#include <peal/sip/version.h>

const char *peal_sip_version(void)
{
    return PACKAGE_VERSION;
}
