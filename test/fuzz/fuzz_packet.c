/* SPDX-License-Identifier: MIT */
/* Fuzz target of the SIP packet: whatever the bytes are, decoding neither crashes nor reads outside
 * of them, and what the packet promises holds. One thread. */
#include "test/fuzz/fuzz_packet.h"

#include <peal/sip/packet.h>

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static size_t decoded, good;

size_t fuzz_packet_decoded(void)
{
    return decoded;
}

size_t fuzz_packet_good(void)
{
    return good;
}

/* In a buffer of exact size, so that a sanitizer sees each byte too much. */
static peal_str encode(const peal_sip_packet *packet)
{
    size_t bytes = peal_sip_packet_size(packet);
    char *text = malloc(bytes);
    MUST(text);
    memset(text, 0xA5, bytes);
    peal_sip_packet_encode(packet, text);
    return peal_str_of(text, bytes);
}

static bool known(peal_result r)
{
    return r == PEAL_OK || r == PEAL_E_NOT_FOUND || r == PEAL_E_SIP_HEADER || r == PEAL_E_LIMIT;
}

static size_t touch(peal_str text)
{
    size_t sum = 0;
    for (size_t i = 0; i < text.n; ++i) {
        sum += (unsigned char)text.p[i];
    }
    return sum;
}

static size_t read_uri(peal_str text)
{
    peal_sip_uri uri;
    peal_str name, value, params;
    if (peal_sip_uri_decode(text, &uri) < 0) {
        return 0;
    }
    MUST(peal_sip_uri_eq(&uri, &uri));
    params = uri.params;
    while (peal_sip_param_next(&params, &name, &value) == PEAL_OK) {
        MUST(name.n > 0);
        MUST(peal_sip_uri_has_param(&uri, name));
        touch(value);
    }
    return touch(uri.user) + touch(uri.password) + touch(uri.host) + touch(uri.headers) +
           touch(uri.opaque);
}

static size_t read_addresses(peal_sip_packet *packet)
{
    size_t sum = 0;
    for (int id = 0; id < PEAL_SIP_HEADER_COUNT; ++id) {
        const peal_sip_address *address;
        for (size_t nth = 0;; ++nth) {
            peal_result r = peal_sip_packet_address(packet, (peal_sip_header_id)id, nth, &address);
            MUST(known(r));
            if (r < 0) {
                break;
            }
            sum += touch(address->display) + touch(address->params) + touch(address->tag) +
                   read_uri(address->uri);
        }
    }
    return sum;
}

static size_t read_vias(peal_sip_packet *packet)
{
    const peal_sip_via *via;
    size_t sum = 0, nth = 0;
    while (peal_sip_packet_via(packet, nth, &via) == PEAL_OK) {
        MUST(via->host.n > 0);
        sum += touch(via->params) + touch(via->branch) + touch(via->received) + touch(via->maddr);
        ++nth;
    }
    MUST(known(peal_sip_packet_via(packet, nth, &via)));
    return sum;
}

static size_t read_others(peal_sip_packet *packet)
{
    const peal_sip_cseq *cseq;
    const peal_sip_uri *uri;
    size_t sum = touch(peal_sip_packet_call_id(packet));
    for (int id = 0; id < PEAL_SIP_HEADER_COUNT; ++id) {
        peal_sip_header_id header = (peal_sip_header_id)id;
        uint32_t number;
        peal_str token;
        peal_sip_value value;
        MUST(known(peal_sip_packet_number(packet, header, &number)));
        for (size_t nth = 0; peal_sip_packet_token(packet, header, nth, &token) == PEAL_OK; ++nth) {
            MUST(token.n > 0 && peal_sip_packet_has_token(packet, header, token));
        }
        peal_result r = peal_sip_packet_value_params(packet, header, &value);
        MUST(known(r));
        sum += r < 0 ? 0 : touch(value.value) + touch(value.params);
        MUST(peal_sip_packet_has(packet, header) ==
             (peal_sip_packet_value(packet, header, 0).p != NULL));
    }
    MUST(known(peal_sip_packet_cseq(packet, &cseq)));
    if (peal_sip_packet_request_uri_decoded(packet, &uri) == PEAL_OK) {
        sum += read_uri(uri->text);
    }
    return sum;
}

static size_t read_lines(const peal_sip_packet *packet)
{
    peal_sip_line line;
    size_t sum = 0;
    for (size_t i = 0; peal_sip_packet_line(packet, i, &line) == PEAL_OK; ++i) {
        MUST(line.name.n > 0);
        MUST(peal_sip_packet_value_named(packet, line.name, 0).p != NULL);
        sum += touch(line.value);
    }
    return sum + touch(peal_sip_packet_body(packet));
}

static size_t read_all(peal_sip_packet *packet)
{
    return read_lines(packet) + read_vias(packet) + read_addresses(packet) + read_others(packet);
}

/* A good packet's bytes decode to the same again, byte by byte. */
static void check_fixpoint(const peal_sip_packet *packet, peal_str text)
{
    peal_sip_packet *again = NULL;
    MUST(peal_sip_packet_decode(NULL, text, NULL, &again, NULL) == PEAL_OK);
    MUST(peal_sip_packet_fault(again)->result == PEAL_OK);
    MUST(peal_sip_packet_method(again) == peal_sip_packet_method(packet));
    MUST(peal_sip_packet_status(again) == peal_sip_packet_status(packet));
    MUST(peal_str_eq(peal_sip_packet_body(again), peal_sip_packet_body(packet)));
    peal_str second = encode(again);
    MUST(peal_str_eq(text, second));
    free((char *)second.p);
    peal_sip_packet_unref(again);
}

static void check_copy(peal_sip_packet *packet, peal_str text)
{
    peal_sip_packet *copy = NULL;
    MUST(peal_sip_packet_copy(NULL, packet, &copy) == PEAL_OK);
    peal_str same = encode(copy);
    MUST(peal_str_eq(text, same));
    free((char *)same.p);
    while (peal_sip_packet_pop(copy, PEAL_SIP_HEADER_VIA) == PEAL_OK) {
    }
    MUST(peal_sip_packet_push(copy, PEAL_SIP_HEADER_VIA, PEAL_STR("SIP/2.0/UDP a;branch=b")) ==
         PEAL_OK);
    peal_sip_packet_remove(copy, PEAL_SIP_HEADER_CONTACT);
    peal_sip_packet_set_number(copy, PEAL_SIP_HEADER_MAX_FORWARDS, 69);
    MUST(peal_sip_packet_set_body(copy, PEAL_STR("text/plain"), PEAL_STR("hello")) == PEAL_OK);
    free((char *)encode(copy).p);
    MUST(peal_sip_packet_set_body_from(copy, packet) == PEAL_OK);
    MUST(peal_str_eq(peal_sip_packet_body(copy), peal_sip_packet_body(packet)));
    free((char *)encode(copy).p);
    peal_sip_packet_unref(copy);
    peal_str after = encode(packet);
    MUST(peal_str_eq(text, after));
    free((char *)after.p);
}

/* Every request that was kept can be answered; a good one's answer is good. */
static void check_response(const peal_sip_packet *request)
{
    peal_sip_packet *response = NULL, *again = NULL;
    const peal_sip_via *via;
    MUST(peal_sip_packet_new_response(NULL, request, 400, peal_str_of(NULL, 0), PEAL_STR("t"),
                                      &response) == PEAL_OK);
    MUST(peal_sip_packet_via(response, 0, &via) == PEAL_OK);
    peal_str text = encode(response);
    peal_result r = peal_sip_packet_decode(NULL, text, NULL, &again, NULL);
    MUST(r == PEAL_OK || peal_sip_packet_fault(request)->result < 0);
    free((char *)text.p);
    peal_sip_packet_unref(again);
    peal_sip_packet_unref(response);
}

static void check_packet(peal_sip_packet *packet)
{
    const peal_sip_fault *fault = peal_sip_packet_fault(packet);
    peal_str text = encode(packet);
    read_all(packet);
    if (fault->result == PEAL_OK) {
        ++good;
        check_fixpoint(packet, text);
    }
    check_copy(packet, text);
    if (peal_sip_packet_is_request(packet)) {
        check_response(packet);
    } else {
        MUST(fault->result == PEAL_OK);
    }
    free((char *)text.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    peal_sip_packet *packet = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    size_t live = peal_sip_packet_live();
    char *exact = malloc(size + (size == 0));
    MUST(exact);
    if (size) {
        memcpy(exact, data, size);
    }
    peal_result r = peal_sip_packet_decode(NULL, peal_str_of(exact, size), NULL, &packet, &fault);
    free(exact);
    if (r < 0) {
        MUST(packet == NULL && fault.result == r && fault.offset <= size);
    } else {
        ++decoded;
        MUST(peal_sip_packet_fault(packet)->offset <= size);
        check_packet(packet);
        peal_sip_packet_unref(packet);
    }
    MUST(peal_sip_packet_live() == live);
    return 0;
}
