/* SPDX-License-Identifier: MIT */
/* A text taken for a header's value: it is refused or read; what was read is written or refused;
 * what is written is one value, without line ends, and reads and writes again as it is; a packet
 * takes it as one line. One thread. */
#include "test/fuzz/kind_check.h"

#include <peal/sip/header_access.h>

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Room for the struct of any kind. */
typedef union any_value {
    uint64_t aligned;
    char bytes[512];
} any_value;

/* In a buffer of exact size, so that a sanitizer sees each byte too much. */
static peal_str exact(peal_str text)
{
    char *copy = malloc(text.n + (text.n == 0));
    MUST(copy);
    if (text.n) {
        memcpy(copy, text.p, text.n);
    }
    return peal_str_of(copy, text.n);
}

static peal_sip_header_id header_of_kind(peal_sip_header_kind kind)
{
    int id = 1;
    while (id < PEAL_SIP_HEADER_COUNT && peal_sip_header_kind_of((peal_sip_header_id)id) != kind) {
        ++id;
    }
    return id < PEAL_SIP_HEADER_COUNT ? (peal_sip_header_id)id : PEAL_SIP_HEADER_OTHER;
}

/* As a line of a packet it is that line and no other. */
static void check_in_packet(peal_sip_header_kind kind, const void *value, peal_str text)
{
    peal_sip_header_id id = header_of_kind(kind);
    peal_sip_packet *packet = NULL;
    const void *found = NULL;
    if (id == PEAL_SIP_HEADER_OTHER || id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return;
    }
    MUST(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_OPTIONS, peal_str_of(NULL, 0),
                                     PEAL_STR("sip:a@b"), &packet) == PEAL_OK);
    peal_result r = peal_sip_packet_put(packet, id, kind, PEAL_SIP_PUT_ADD, value);
    MUST(r == PEAL_OK || r == PEAL_E_ARGUMENT || r == PEAL_E_LIMIT);
    if (r == PEAL_OK) {
        MUST(peal_sip_packet_line_count(packet) == 1);
        MUST(peal_str_eq(peal_sip_packet_value(packet, id, 0), text));
        MUST(peal_sip_packet_get(packet, id, kind, 0, &found) == PEAL_OK);
        MUST(peal_sip_packet_get(packet, id, kind, 1, &found) == PEAL_E_NOT_FOUND);
    }
    peal_sip_packet_unref(packet);
}

/* It cannot become two values of a list. */
static void check_single(peal_sip_header_kind kind, peal_str text)
{
    peal_str cursor = text, value;
    if (kind == PEAL_SIP_KIND_CALL_IDS) {
        MUST(memchr(text.p, ',', text.n) == NULL);
    } else if (peal_sip_kind_is_list(kind)) {
        MUST(peal_sip_list_next(&cursor, &value) == PEAL_OK && peal_str_eq(value, text));
        MUST(peal_sip_list_next(&cursor, &value) == PEAL_I_END);
    }
}

static void check_written(peal_sip_header_kind kind, const void *value, peal_blob *first)
{
    peal_blob second = { 0 };
    any_value again;
    peal_str text = exact(peal_blob_str(first));
    MUST(!memchr(text.p, '\r', text.n) && !memchr(text.p, '\n', text.n));
    MUST(peal_sip_kind_decode(kind, text, &again) == PEAL_OK);
    MUST(peal_sip_kind_encode(kind, &again, &second) == PEAL_OK);
    MUST(peal_str_eq(peal_blob_str(&second), text));
    check_single(kind, text);
    check_in_packet(kind, value, text);
    peal_blob_fini(&second);
    free((char *)text.p);
}

bool kind_check(peal_sip_header_kind kind, peal_str text)
{
    any_value value;
    peal_blob first = { 0 };
    peal_str copy = exact(text);
    peal_result r = peal_sip_kind_decode(kind, copy, &value);
    MUST(r == PEAL_OK || r == PEAL_E_SIP_HEADER);
    bool good = r == PEAL_OK;
    if (good) {
        r = peal_sip_kind_encode(kind, &value, &first);
        MUST(r == PEAL_OK || r == PEAL_E_ARGUMENT);
        MUST(r == PEAL_OK || first.bytes == 0);
    }
    if (good && r == PEAL_OK) {
        check_written(kind, &value, &first);
    }
    peal_blob_fini(&first);
    free((char *)copy.p);
    return good;
}

int kind_check_input(const peal_sip_header_kind *kinds, size_t count, const uint8_t *data,
                    size_t size)
{
    if (size > 0) {
        kind_check(kinds[(uint8_t)(data[0] - 'A') % count],
                        peal_str_of((const char *)data + 1, size - 1));
    }
    return 0;
}
