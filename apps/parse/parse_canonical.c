/* SPDX-License-Identifier: MIT */
/* The canonical form of a message: the same lines in the same order, with long header names, no
 * folds, one space where one belongs, addresses in brackets, numbers without leading zeros, and the
 * Content-Length that is right. RFC 3261 §7.3.1. */
#include "apps/parse/parse_priv.h"

#include <peal/sip/header_access.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

peal_result peal__parse_squeeze(peal_blob *out, peal_str value)
{
    peal_result r = PEAL_OK;
    bool quoted = false;
    for (size_t i = 0; i < value.n && r >= 0; ++i) {
        char c = value.p[i];
        if (quoted && c == '\\' && i + 1 < value.n) {
            r = peal_blob_append(out, peal_str_of(value.p + i, 2));
            ++i;
            continue;
        }
        bool fold = quoted ? c == '\r' || c == '\n' : is_space(c);
        if (fold) {
            while (i + 1 < value.n && is_space(value.p[i + 1])) {
                ++i;
            }
            r = peal_blob_append(out, PEAL_STR(" "));
            continue;
        }
        quoted = c == '"' ? !quoted : quoted;
        r = peal_blob_append(out, peal_str_of(&value.p[i], 1));
    }
    return r;
}

/* The values of one line; nth counts those of the header's lines before. */
static bool write_values(peal_blob *out, peal_sip_packet *packet, const peal_sip_line *line,
                         size_t *nth)
{
    peal_sip_header_kind kind = peal_sip_header_kind_of(line->id);
    size_t count = peal__parse_values_of(line);
    for (size_t i = 0; i < count; ++i) {
        const void *value;
        if ((i > 0 && peal_blob_append(out, PEAL_STR(", ")) < 0) ||
            peal_sip_packet_get(packet, line->id, kind, (*nth)++, &value) < 0 ||
            peal_sip_kind_encode(kind, value, out) < 0) {
            return false;
        }
    }
    return true;
}

static peal_result write_line(peal_blob *out, peal_sip_packet *packet, const peal_sip_line *line,
                              size_t *nth)
{
    peal_str name = line->id ? peal_sip_header_name(line->id) : line->name;
    peal_result r = peal_blob_append(out, name);
    r = r < 0 ? r : peal_blob_append(out, line->value.n ? PEAL_STR(": ") : PEAL_STR(":"));
    size_t kept = out->bytes;
    if (r >= 0 && !write_values(out, packet, line, nth)) {
        /* No typed form, or one that cannot be read: the text. */
        out->bytes = kept;
        r = peal__parse_squeeze(out, line->value);
    }
    return r < 0 ? r : peal_blob_append(out, PEAL_STR("\r\n"));
}

static peal_result write_start(peal_blob *out, const peal_sip_packet *packet)
{
    return peal_sip_packet_is_request(packet)
               ? peal_blob_printf(out, "%.*s %.*s SIP/2.0\r\n",
                                  PEAL_STR_ARG(peal_sip_packet_method_text(packet)),
                                  PEAL_STR_ARG(peal_sip_packet_request_uri(packet)))
               : peal_blob_printf(out, "SIP/2.0 %u %.*s\r\n", peal_sip_packet_status(packet),
                                  PEAL_STR_ARG(peal_sip_packet_reason(packet)));
}

peal_result peal__parse_canonical(peal_sip_packet *packet, peal_blob *out)
{
    size_t nth[PEAL_SIP_HEADER_COUNT] = { 0 };
    peal_sip_line line;
    peal_str body = peal_sip_packet_body(packet);
    bool has_length = peal_sip_packet_has(packet, PEAL_SIP_HEADER_CONTENT_LENGTH);
    peal_result r = write_start(out, packet);
    for (size_t i = 0; r >= 0 && peal_sip_packet_line(packet, i, &line) == PEAL_OK; ++i) {
        r = write_line(out, packet, &line, &nth[line.id]);
    }
    if (r >= 0 && !has_length) {
        r = peal_blob_printf(out, "Content-Length: %zu\r\n", body.n);
    }
    r = r < 0 ? r : peal_blob_append(out, PEAL_STR("\r\n"));
    return r < 0 ? r : peal_blob_append(out, body);
}
