/* SPDX-License-Identifier: MIT */
/* Fuzz target: addresses and what is made of them. One thread. */
#include "test/fuzz/kind_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_ADDRESS,   PEAL_SIP_KIND_ADDRESS_LIST,   PEAL_SIP_KIND_HISTORY_INFO,
        PEAL_SIP_KIND_DIVERSION, PEAL_SIP_KIND_CONTACT_PARAMS,
    };
    return kind_check_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
