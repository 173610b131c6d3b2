/* SPDX-License-Identifier: MIT */
/* Fuzz target of message waiting summaries: what is decoded and written decodes to the same. One
 * thread. */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/body.h>

static bool same_counts(const peal_sip_message_counts *a, const peal_sip_message_counts *b)
{
    return a->given == b->given && a->urgent_given == b->urgent_given &&
           a->new_count == b->new_count && a->old_count == b->old_count &&
           a->new_urgent == b->new_urgent && a->old_urgent == b->old_urgent;
}

int fuzz_message_summary(const uint8_t *data, size_t size)
{
    peal_str input = fuzz_input(data, size);
    peal_sip_message_summary summary, again;
    peal_blob text;
    peal_blob_init(&text, 0);
    if (peal_sip_message_summary_decode(input, &summary) == PEAL_OK) {
        MUST(fuzz_inside(summary.account, input) && fuzz_inside(summary.details, input));
        if (peal_sip_message_summary_encode(&summary, &text) == PEAL_OK) {
            MUST(peal_sip_message_summary_decode(peal_blob_str(&text), &again) == PEAL_OK);
            MUST(again.waiting == summary.waiting && peal_str_eq(again.account, summary.account));
            MUST(peal_str_eq(again.details, summary.details));
            for (size_t i = 0; i < PEAL_SIP_MESSAGE_CLASS_COUNT; ++i) {
                MUST(same_counts(&again.counts[i], &summary.counts[i]));
            }
        } else {
            MUST(text.bytes == 0);
        }
    }
    peal_blob_fini(&text);
    free((char *)input.p);
    return 0;
}

FUZZ_TARGET(fuzz_message_summary)
