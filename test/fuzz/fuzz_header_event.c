/* SPDX-License-Identifier: MIT */
/* Fuzz target: headers of event packages. One thread. */
#include "test/fuzz/kind_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_EVENT,
        PEAL_SIP_KIND_SUBSCRIPTION_STATE,
    };
    return kind_check_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
