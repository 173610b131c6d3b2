/* SPDX-License-Identifier: MIT */
/* Fuzz target of fragments: what is decoded can be read, is written back, and what is written
 * decodes to the same; edits of it hold. One thread. */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/body.h>

static peal_str encode(const peal_sip_packet *packet)
{
    size_t bytes = peal_sip_packet_size(packet);
    char *text = malloc(bytes + (bytes == 0));
    MUST(text);
    peal_sip_packet_encode(packet, text);
    return peal_str_of(text, bytes);
}

static void read_all(peal_sip_packet *packet)
{
    for (int i = 0; i < PEAL_SIP_HEADER_COUNT; ++i) {
        peal_sip_header_id id = (peal_sip_header_id)i;
        const peal_sip_address *address;
        const peal_sip_via *via;
        peal_str token;
        (void)peal_sip_packet_address(packet, id, 0, &address);
        (void)peal_sip_packet_via(packet, 0, &via);
        (void)peal_sip_packet_token(packet, id, 0, &token);
        MUST(peal_sip_packet_has(packet, id) == (peal_sip_packet_value(packet, id, 0).p != NULL));
    }
    MUST(peal_sip_packet_is_request(packet) == (peal_sip_packet_request_uri(packet).p != NULL));
    MUST(!peal_sip_packet_is_request(packet) || peal_sip_packet_status(packet) == 0);
}

/* Values of all lists, one by one. */
static void edit(peal_sip_packet *packet)
{
    static const peal_sip_header_id ids[] = { PEAL_SIP_HEADER_ROUTE, PEAL_SIP_HEADER_VIA,
                                              PEAL_SIP_HEADER_ALLOW, PEAL_SIP_HEADER_SUBJECT };
    for (size_t i = 0; i < PEAL_COUNT_OF(ids); ++i) {
        size_t count = peal_sip_packet_value_count(packet, ids[i]);
        if (count == 0 ||
            peal_sip_packet_replace_value(packet, ids[i], count - 1, PEAL_STR("x")) < 0) {
            continue;
        }
        MUST(peal_sip_packet_value_count(packet, ids[i]) == count);
        MUST(peal_sip_packet_insert_value(packet, ids[i], count - 1, PEAL_STR("y")) == PEAL_OK);
        MUST(peal_sip_packet_value_count(packet, ids[i]) == count + 1);
        for (size_t left = count + 1; left > 0; --left) {
            MUST(peal_sip_packet_remove_value(packet, ids[i], left / 2) == PEAL_OK);
            MUST(peal_sip_packet_value_count(packet, ids[i]) == left - 1);
        }
        MUST(!peal_sip_packet_has(packet, ids[i]) ||
             peal_sip_packet_value_count(packet, ids[i]) == 0);
    }
}

int fuzz_sipfrag(const uint8_t *data, size_t size)
{
    peal_str input = fuzz_input(data, size);
    peal_sip_packet *packet = NULL, *again = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    size_t live = peal_sip_packet_live();
    peal_result r = peal_sip_sipfrag_decode(NULL, input, NULL, &packet, &fault);
    free((char *)input.p);
    if (r < 0) {
        MUST(packet == NULL && fault.result == r && fault.offset <= size);
        return 0;
    }
    MUST(peal_sip_packet_is_fragment(packet));
    read_all(packet);
    peal_str first = encode(packet);
    MUST(peal_sip_sipfrag_decode(NULL, first, NULL, &again, NULL) == PEAL_OK);
    MUST(peal_str_eq(peal_sip_packet_body(packet), peal_sip_packet_body(again)));
    MUST(peal_sip_packet_line_count(packet) == peal_sip_packet_line_count(again));
    peal_str second = encode(again);
    MUST(peal_str_eq(first, second));
    free((char *)second.p);
    edit(again);
    second = encode(again);
    free((char *)second.p);
    free((char *)first.p);
    peal_sip_packet_unref(again);
    peal_sip_packet_unref(packet);
    MUST(peal_sip_packet_live() == live);
    return 0;
}

FUZZ_TARGET(fuzz_sipfrag)
