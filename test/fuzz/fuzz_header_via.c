/* SPDX-License-Identifier: MIT */
/* Fuzz target: Via, CSeq and single texts. One thread. */
#include "test/fuzz/kind_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_VIA,    PEAL_SIP_KIND_CSEQ,   PEAL_SIP_KIND_TEXT,
        PEAL_SIP_KIND_NUMBER, PEAL_SIP_KIND_TOKENS, PEAL_SIP_KIND_CALL_IDS,
    };
    return kind_check_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
