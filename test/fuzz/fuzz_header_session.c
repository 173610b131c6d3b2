/* SPDX-License-Identifier: MIT */
/* Fuzz target: headers of sessions and dialogs. One thread. */
#include "test/fuzz/kind_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_SESSION_EXPIRES, PEAL_SIP_KIND_MIN_SE, PEAL_SIP_KIND_RACK,
        PEAL_SIP_KIND_REPLACES,        PEAL_SIP_KIND_JOIN,   PEAL_SIP_KIND_TARGET_DIALOG,
        PEAL_SIP_KIND_SESSION_ID,      PEAL_SIP_KIND_REASON, PEAL_SIP_KIND_REFER_SUB,
        PEAL_SIP_KIND_ANSWER_MODE,
    };
    return kind_check_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
