/* SPDX-License-Identifier: MIT */
/* Transfer encodings of a body's part, which encoded words share. Any thread.
 * RFC 2045 §6.7 (quoted-printable), §6.8 (base64); RFC 2047 §4.2 (Q); RFC 4648 §3.5. */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

#include <peal/sip/multipart.h>

/* 0 to 63; -1: no digit of base64. */
static int base64_value(char c)
{
    if (peal__sip_is_alpha(c)) {
        return c < 'a' ? c - 'A' : c - 'a' + 26;
    }
    if (peal__sip_is_digit(c)) {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The text ends with its padding, and the bits that are left over are 0. */
static bool base64_ends_well(size_t digits, size_t padding, uint32_t bits)
{
    switch (digits % 4) {
    case 0:
        return padding == 0;
    case 2:
        return padding == 2 && (bits & 0xf) == 0;
    case 3:
        return padding == 1 && (bits & 0x3) == 0;
    default:
        return false;
    }
}

peal_result peal__sip_base64_decode(peal_str text, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    uint32_t bits = 0;
    size_t digits = 0, padding = 0;
    w.result = peal_blob_reserve(out, text.n / 4 * 3 + 3);
    for (size_t i = 0; i < text.n; ++i) {
        int value = base64_value(text.p[i]);
        if (peal__sip_in(text.p[i], PEAL__SIP_WS)) {
            continue;
        }
        if (text.p[i] == '=') {
            ++padding;
            continue;
        }
        if (value < 0 || padding) {
            peal__sip_put_fail(&w, PEAL_E_SYNTAX);
            break;
        }
        bits = bits << 6 | (uint32_t)value;
        if (++digits % 4 != 1) {
            peal__sip_put_char(&w, (char)(bits >> (6 - 2 * ((digits + 3) % 4))));
        }
    }
    if (!base64_ends_well(digits, padding, bits)) {
        peal__sip_put_fail(&w, PEAL_E_SYNTAX);
    }
    return peal__sip_write_end(&w);
}

static int hex_digit(char c)
{
    return peal__sip_is_digit(c) ? c - '0' : peal__sip_is_hex(c) ? (c | 0x20) - 'a' + 10 : -1;
}

/* Past "=" with white space and a line end behind it; NULL: it is no soft line break. */
static const char *soft_break(const char *p, const char *end)
{
    for (++p; p < end && (*p == ' ' || *p == '\t'); ++p) {
    }
    p += end - p >= 2 && *p == '\r';
    return p < end && *p == '\n' ? p + 1 : NULL;
}

peal_result peal__sip_quoted_printable_decode(peal_str text, bool is_word, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    const char *p = text.p, *end = text.n ? p + text.n : p;
    w.result = peal_blob_reserve(out, text.n);
    while (p < end && w.result >= 0) {
        if (*p != '=') {
            peal__sip_put_char(&w, is_word && *p == '_' ? ' ' : *p);
            ++p;
            continue;
        }
        if (end - p >= 3 && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
            peal__sip_put_char(&w, (char)(hex_digit(p[1]) << 4 | hex_digit(p[2])));
            p += 3;
            continue;
        }
        p = is_word ? NULL : soft_break(p, end);
        if (!p) {
            peal__sip_put_fail(&w, PEAL_E_SYNTAX);
        }
    }
    return peal__sip_write_end(&w);
}

peal_result peal_sip_part_decode(const peal_sip_part *part, peal_blob *out)
{
    const peal_str plain[] = { PEAL_STR("binary"), PEAL_STR("8bit"), PEAL_STR("7bit") };
    if (peal_str_ieq(part->encoding, PEAL_STR("base64"))) {
        return peal__sip_base64_decode(part->body, out);
    }
    if (peal_str_ieq(part->encoding, PEAL_STR("quoted-printable"))) {
        return peal__sip_quoted_printable_decode(part->body, false, out);
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(plain); ++i) {
        if (!part->encoding.p || peal_str_ieq(part->encoding, plain[i])) {
            return peal_blob_append(out, part->body);
        }
    }
    return PEAL_E_NOT_FOUND;
}
