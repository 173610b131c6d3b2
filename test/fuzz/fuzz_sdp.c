/* SPDX-License-Identifier: MIT */
/* Fuzz target of session descriptions: whatever the bytes are, parsing neither crashes nor reads
 * outside of them; what is accepted is written back as it was, and every question about it can be
 * asked. One thread. */
#include <peal/sdp/sdp.h>

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                           \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);               \
            abort();                                                                              \
        }                                                                                         \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const peal_sdp *sdp, size_t section)
{
    peal_sdp_connection connection;
    peal_sdp_rtpmap map;
    peal_str text;
    uint64_t number;
    size_t count, seen = 0;
    const peal_sdp_line *lines = peal_sdp_lines(sdp, section, &count);
    for (size_t i = 0; i < count; i++) {
        seen += lines[i].type == 'a';
        peal_result r = peal_sdp_attribute(sdp, section, lines[i].value, 0, &text);
        MUST(r == PEAL_OK || r == PEAL_E_NOT_FOUND);
        (void)peal_sdp_bandwidth(sdp, section, PEAL_STR("AS"), &number);
    }
    MUST(seen <= count);
    if (peal_is_ok(peal_sdp_connection_of(sdp, section, &connection))) {
        MUST(connection.address.n > 0 && connection.ttl <= 255 && connection.count >= 1);
    }
    MUST(peal_sdp_direction_of(sdp, section) <= PEAL_SDP_SENDRECV);
    const peal_sdp_media *media = peal_sdp_media_at(sdp, section);
    for (size_t i = 0; media && peal_is_ok(peal_sdp_media_format(media, i, &text)); i++) {
        MUST(text.n > 0);
        if (peal_is_ok(peal_sdp_rtpmap_of(sdp, section, text, &map))) {
            MUST(map.clock_hz > 0 && map.encoding.n > 0);
        }
        peal_str ignored;
        (void)peal_sdp_fmtp_of(sdp, section, text, &ignored);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    peal_sdp *sdp = NULL;
    peal_sdp_fault fault = { 0, 0, NULL };
    size_t bytes = 0;
    peal_result r = peal_sdp_parse(peal_str_of((const char *)data, size), NULL, &sdp, &fault);
    if (peal_is_error(r)) {
        MUST(sdp == NULL && fault.reason && fault.line > 0 && fault.offset <= size);
        return 0;
    }
    ask(sdp, PEAL_SDP_SESSION);
    for (size_t i = 0; i < peal_sdp_media_count(sdp); i++) {
        ask(sdp, i);
    }
    char *out = malloc(size);
    MUST(out && peal_sdp_encode(sdp, out, size, &bytes) == PEAL_OK);
    MUST(bytes == size && memcmp(out, data, size) == 0);
    free(out);
    peal_sdp_free(sdp);
    return 0;
}
