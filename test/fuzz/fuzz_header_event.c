/* SPDX-License-Identifier: MIT */
/* Fuzz target: headers of event packages. One thread. */
#include "test/fuzz/fuzz_kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_EVENT,
        PEAL_SIP_KIND_SUBSCRIPTION_STATE,
    };
    return fuzz_kind_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
