/* SPDX-License-Identifier: MIT */
/* Fuzz target: headers about time, and Warning and MIME-Version. One thread. */
#include "test/fuzz/kind_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const peal_sip_header_kind kinds[] = {
        PEAL_SIP_KIND_DATE,    PEAL_SIP_KIND_TIMESTAMP,    PEAL_SIP_KIND_RETRY_AFTER,
        PEAL_SIP_KIND_WARNING, PEAL_SIP_KIND_MIME_VERSION, PEAL_SIP_KIND_ALERT_ERROR,
    };
    return kind_check_input(kinds, PEAL_COUNT_OF(kinds), data, size);
}
