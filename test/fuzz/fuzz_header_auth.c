/* SPDX-License-Identifier: MIT */
/* Fuzz target: authentication headers. One thread. */
#include "test/fuzz/kind_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_CHALLENGE,
        PEAL_SIP_KIND_CREDENTIALS,
        PEAL_SIP_KIND_AUTH_INFO,
    };
    return kind_check_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
