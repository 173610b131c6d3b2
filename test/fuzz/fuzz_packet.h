/* SPDX-License-Identifier: MIT */
/* The one body of the packet fuzzer: libFuzzer, the replay program and the mutation tests run it.
 */
#ifndef PEAL_TEST_FUZZ_PACKET_H
#define PEAL_TEST_FUZZ_PACKET_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the bytes, reads everything, edits, copies, answers, writes; traps when a promise of the
 * packet is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* How many of the inputs so far gave a packet, and how many a packet without fault. */
size_t fuzz_packet_decoded(void);
size_t fuzz_packet_good(void);

#endif
