/* SPDX-License-Identifier: MIT */
/* Fuzz target that compares: all headers decoded at once, or one by one in an order that the input
 * chooses, give the same values and faults; reading changes nothing that is written; and a good
 * message written and decoded again reads the same. One thread. */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/header_access.h>

enum { VALUES_MAX = 12 }; /* of one header */

/* What a header's nth value reads as: result, and text by its grammar. */
static void read_value(peal_sip_packet *packet, peal_sip_header_id id, size_t nth, peal_blob *out)
{
    const void *value = NULL;
    peal_sip_header_kind kind = peal_sip_header_kind_of(id);
    peal_result r = peal_sip_packet_get(packet, id, kind, nth, &value);
    MUST(peal_blob_printf(out, "%d.%zu=%d:", (int)id, nth, (int)r) == PEAL_OK);
    if (r >= 0) {
        r = peal_sip_kind_encode(kind, value, out);
        MUST(r == PEAL_OK || r == PEAL_E_ARGUMENT);
    }
    MUST(peal_blob_append(out, PEAL_STR("\n")) == PEAL_OK);
}

/* Each value apart, so that the order of reading does not show. */
typedef struct reading {
    peal_blob values[PEAL_SIP_HEADER_COUNT][VALUES_MAX];
} reading;

static uint32_t common_factor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void read_all(peal_sip_packet *packet, reading *ret, uint32_t seed, bool eager)
{
    const uint32_t cells = PEAL_SIP_HEADER_COUNT * VALUES_MAX;
    if (eager) {
        (void)peal_sip_packet_decode_all(packet, NULL);
    }
    uint32_t at = eager ? 0 : seed % cells, step = eager ? 1 : seed % cells | 1;
    while (common_factor(step, cells) != 1) { /* else it would not pass every cell */
        step += 2;
    }
    for (uint32_t i = 0; i < cells; ++i) {
        peal_sip_header_id id = (peal_sip_header_id)(at / VALUES_MAX);
        if (id != PEAL_SIP_HEADER_OTHER && peal_sip_packet_has(packet, id)) {
            read_value(packet, id, at % VALUES_MAX, &ret->values[id][at % VALUES_MAX]);
        }
        at = (at + step) % cells;
    }
}

static void compare(reading *a, reading *b)
{
    for (size_t id = 0; id < PEAL_SIP_HEADER_COUNT; ++id) {
        for (size_t i = 0; i < VALUES_MAX; ++i) {
            MUST(peal_str_eq(peal_blob_str(&a->values[id][i]), peal_blob_str(&b->values[id][i])));
        }
    }
}

static void clear(reading *r)
{
    for (size_t id = 0; id < PEAL_SIP_HEADER_COUNT; ++id) {
        for (size_t i = 0; i < VALUES_MAX; ++i) {
            peal_blob_fini(&r->values[id][i]);
        }
    }
}

static void write_to(const peal_sip_packet *packet, peal_blob *out)
{
    size_t bytes = peal_sip_packet_size(packet);
    MUST(peal_blob_reserve(out, bytes) == PEAL_OK);
    peal_sip_packet_encode(packet, out->data);
    out->bytes = bytes;
}

static peal_sip_packet *decode(peal_str text)
{
    peal_sip_packet *packet = NULL;
    return peal_sip_packet_decode(NULL, text, NULL, &packet, NULL) >= 0 ? packet : NULL;
}

int fuzz_differential(const uint8_t *data, size_t size)
{
    static reading eager, lazy, again;
    peal_str text = fuzz_input(data, size);
    uint32_t seed = 2166136261u;
    for (size_t i = 0; i < size; ++i) {
        seed = (seed ^ data[i]) * 16777619u;
    }
    peal_sip_packet *first = decode(text), *second = decode(text), *third = NULL;
    MUST((first == NULL) == (second == NULL));
    if (first) {
        peal_blob before, after;
        peal_blob_init(&before, 0);
        peal_blob_init(&after, 0);
        write_to(second, &before);
        read_all(first, &eager, 0, true);
        read_all(second, &lazy, seed, false);
        compare(&eager, &lazy);
        write_to(first, &after);
        MUST(peal_str_eq(peal_blob_str(&before), peal_blob_str(&after)));
        if (peal_sip_packet_fault(first)->result == PEAL_OK) {
            third = decode(peal_blob_str(&after));
            MUST(third && peal_sip_packet_fault(third)->result == PEAL_OK);
            read_all(third, &again, seed * 3, false);
            if (!peal_sip_packet_has(first, PEAL_SIP_HEADER_CONTENT_LENGTH)) {
                /* It was added. */
                for (size_t i = 0; i < VALUES_MAX; ++i) {
                    peal_blob_fini(&again.values[PEAL_SIP_HEADER_CONTENT_LENGTH][i]);
                }
            }
            compare(&eager, &again);
        }
        peal_blob_fini(&before);
        peal_blob_fini(&after);
    }
    clear(&eager);
    clear(&lazy);
    clear(&again);
    peal_sip_packet_unref(first);
    peal_sip_packet_unref(second);
    peal_sip_packet_unref(third);
    free((char *)text.p);
    return 0;
}

FUZZ_TARGET(fuzz_differential)
