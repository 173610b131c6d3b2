/* SPDX-License-Identifier: MIT */
/* Fuzz target of the start line: the input's first line stands in front of good headers. What is
 * taken for a request or response is one by its grammar, and is written back as it was. One thread.
 */
#include "test/fuzz/fuzz_kit.h"

#include <peal/sip/packet.h>

static const char headers[] = "\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKf\r\nFrom: <sip:a@b>;tag=1\r\n"
                              "To: <sip:c@d>\r\nCall-ID: i\r\nContent-Length: 0\r\nCSeq: 1 ";

/* The whole message; CSeq names the method that the line starts with. free() its p. */
static peal_str complete(peal_str line)
{
    size_t method = 0;
    while (method < line.n && line.p[method] != ' ') {
        ++method;
    }
    peal_str name = peal_str_of(line.p, method);
    if (method == 0 || memchr(line.p, '/', method)) {
        name = PEAL_STR("INVITE");
    }
    size_t n = line.n + sizeof headers - 1 + name.n + 4;
    char *text = malloc(n), *p = text;
    MUST(text);
    if (line.n) {
        memcpy(p, line.p, line.n);
    }
    memcpy(p += line.n, headers, sizeof headers - 1);
    memcpy(p += sizeof headers - 1, name.p, name.n);
    memcpy(p + name.n, "\r\n\r\n", 4);
    return peal_str_of(text, n);
}

static void check_request(peal_sip_packet *packet)
{
    const peal_sip_uri *uri = NULL;
    peal_str text = peal_sip_packet_request_uri(packet);
    peal_str method = peal_sip_packet_method_text(packet);
    MUST(method.n > 0 && !memchr(method.p, ' ', method.n));
    MUST(peal_sip_packet_method(packet) == peal_sip_method_of(method));
    MUST(peal_sip_packet_status(packet) == 0 && !peal_sip_packet_reason(packet).p);
    if (peal_sip_packet_fault(packet)->result == PEAL_OK) {
        MUST(text.n > 0 && !memchr(text.p, ' ', text.n));
        MUST(peal_sip_packet_request_uri_decoded(packet, &uri) == PEAL_OK);
        MUST(peal_str_eq(uri->text, text) && uri->headers.n == 0);
    }
}

static void check_response(peal_sip_packet *packet)
{
    unsigned status = peal_sip_packet_status(packet);
    MUST(status >= 100 && status <= 699);
    MUST(peal_sip_packet_reason(packet).p && !peal_sip_packet_request_uri(packet).p);
    MUST(peal_sip_packet_fault(packet)->result == PEAL_OK);
}

static void check_written(peal_sip_packet *packet, peal_str text)
{
    size_t bytes = peal_sip_packet_size(packet);
    char *out = malloc(bytes);
    MUST(out);
    peal_sip_packet_encode(packet, out);
    MUST(peal_sip_packet_fault(packet)->result < 0 || peal_str_eq(peal_str_of(out, bytes), text));
    free(out);
}

int fuzz_start_line(const uint8_t *data, size_t size)
{
    peal_sip_packet *packet = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    size_t n = 0;
    while (n < size && data[n] != '\r' && data[n] != '\n') {
        ++n;
    }
    peal_str line = fuzz_input(data, n), text = complete(line);
    peal_result r = peal_sip_packet_decode(NULL, text, NULL, &packet, &fault);
    if (r < 0) {
        MUST(fault.result == r && fault.offset <= text.n);
    } else {
        peal_sip_packet_is_request(packet) ? check_request(packet) : check_response(packet);
        check_written(packet, text);
    }
    peal_sip_packet_unref(packet);
    free((char *)text.p);
    free((char *)line.p);
    return 0;
}

FUZZ_TARGET(fuzz_start_line)
