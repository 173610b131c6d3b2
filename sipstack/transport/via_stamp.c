/* SPDX-License-Identifier: MIT */
/* What a server writes into the top Via of a request: where it really came from. Transport thread.
 * RFC 3261 §18.2.1, RFC 3581 §4. */
#include "sipstack/transport/transport_inner.h"

enum { STACK_TEXT_BYTES = 512, ADDED_BYTES = PEAL_SOCKET_ADDR_TEXT_MAX + 32 };

static bool is_stamped_param(peal_str name)
{
    return peal_str_ieq(name, PEAL_STR("received")) || peal_str_ieq(name, PEAL_STR("rport"));
}

static char *append(char *out, peal_str text)
{
    if (text.n) {
        memcpy(out, text.p, text.n);
    }
    return out + text.n;
}

/* The sender's address, without brackets: they are not allowed in a received parameter. */
static size_t bare_address(const peal_socket_addr *source, char text[PEAL_SOCKET_ADDR_TEXT_MAX])
{
    peal_socket_addr without_zone = *source;
    without_zone.scope = 0;
    size_t n = peal_socket_addr_format(&without_zone, false, text);
    if (n > 2 && text[0] == '[') {
        n -= 2;
        memmove(text, text + 1, n);
    }
    return n;
}

/* The value's text without the peer's own received and rport, which count for nothing. */
static peal_result copy_without_stamps(const peal_sip_via *via, char **out)
{
    size_t head = via->params.n ? (size_t)(via->params.p - via->text.p) : via->text.n;
    *out = append(*out, peal_str_of(via->text.p, head));
    peal_str cursor = via->params;
    for (;;) {
        peal_str name, value;
        peal_result r = peal_sip_param_next(&cursor, &name, &value);
        if (r != PEAL_OK) {
            return r < 0 ? r : PEAL_OK;
        }
        if (is_stamped_param(name)) {
            continue;
        }
        *out = append(append(*out, PEAL_STR(";")), name);
        if (value.p && value.n) {
            *out = append(append(*out, PEAL_STR("=")), value);
        }
    }
}

static peal_result write_value(const peal_sip_via *via, const peal_socket_addr *source, char *text,
                               size_t *ret)
{
    char address[PEAL_SOCKET_ADDR_TEXT_MAX];
    char port[8];
    char *out = text;
    peal_result r = copy_without_stamps(via, &out);
    if (r < 0) {
        return r;
    }
    out = append(out, PEAL_STR(";received="));
    out = append(out, peal_str_of(address, bare_address(source, address)));
    if (via->has_rport) {
        size_t n = sizeof port;
        unsigned left = source->port;
        do {
            port[--n] = (char)('0' + left % 10);
            left /= 10;
        } while (left);
        out = append(out, PEAL_STR(";rport="));
        out = append(out, peal_str_of(port + n, sizeof port - n));
    }
    *ret = (size_t)(out - text);
    return PEAL_OK;
}

static bool needs_stamp(const peal_sip_via *via, const peal_socket_addr *source)
{
    peal_socket_addr sent_by;
    if (via->has_rport || via->received.n) {
        return true; /* RFC 3581 §4: with rport, received is written even if it is the same */
    }
    if (peal_socket_addr_parse(via->host, 0, &sent_by) < 0) {
        return true; /* a name: RFC 3261 §18.2.1 */
    }
    sent_by.scope = source->scope;
    return !peal_socket_addr_eq(&sent_by, source, false);
}

peal_result peal__sip_via_stamp(peal_sip_packet *packet, const peal_socket_addr *source)
{
    const peal_sip_via *via = NULL;
    peal_result r = peal_sip_packet_via(packet, 0, &via);
    if (r < 0 || !needs_stamp(via, source)) {
        return r < 0 ? r : PEAL_OK;
    }
    char stack_text[STACK_TEXT_BYTES];
    size_t most = via->text.n + ADDED_BYTES;
    char *text = most <= sizeof stack_text ? stack_text : peal_alloc(most);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    size_t length = 0;
    r = write_value(via, source, text, &length);
    if (r >= 0) {
        r = peal_sip_packet_pop(packet, PEAL_SIP_HEADER_VIA);
    }
    if (r >= 0) {
        r = peal_sip_packet_push(packet, PEAL_SIP_HEADER_VIA, peal_str_of(text, length));
    }
    if (text != stack_text) {
        peal_free(text);
    }
    return r;
}
