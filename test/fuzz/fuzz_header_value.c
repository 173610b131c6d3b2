/* SPDX-License-Identifier: MIT */
/* Fuzz target: values with parameters. One thread. */
#include "test/fuzz/kind_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_VALUE_PARAMS,    PEAL_SIP_KIND_VALUE_LIST, PEAL_SIP_KIND_PARAMS,
        PEAL_SIP_KIND_CHARGING_VECTOR, PEAL_SIP_KIND_PRIVACY,    PEAL_SIP_KIND_IDENTITY,
    };
    return kind_check_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
