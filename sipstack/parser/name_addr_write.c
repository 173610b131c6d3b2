/* SPDX-License-Identifier: MIT */
/* name-addr, written of a plain display name so that it reads as it was meant; UTF-8. Any thread.
 * RFC 3261 §20.10, §25.1 (quoted-string, display-name, name-addr); RFC 3629 §4. */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

/* Bytes of the UTF-8 character at p; 0: it is none. Overlong forms and surrogates are none. */
size_t peal__sip_utf8_bytes(const char *text, const char *end)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t left = (size_t)(end - text);
    if (p[0] < 0x80) {
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n) {
        return 0;
    }
    for (size_t i = 1; i < n; ++i) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool ok = !(p[0] == 0xe0 && p[1] < 0xa0) && !(p[0] == 0xed && p[1] > 0x9f) &&
              !(p[0] == 0xf0 && p[1] < 0x90) && !(p[0] == 0xf4 && p[1] > 0x8f);
    return ok ? n : 0;
}

bool peal__sip_text_is_utf8(peal_str text)
{
    const char *p = text.p, *end = text.n ? p + text.n : p;
    while (p < end) {
        size_t n = peal__sip_utf8_bytes(p, end);
        if (n == 0 || (n == 1 && *p != '\t' && ((unsigned char)*p < ' ' || *p == 0x7f))) {
            return false;
        }
        p += n;
    }
    return true;
}

static void put_quoted(peal__sip_writer *w, peal_str text)
{
    if (!peal__sip_text_is_utf8(text)) {
        peal__sip_put_fail(w, PEAL_E_ARGUMENT);
    }
    peal__sip_put_char(w, '"');
    for (size_t i = 0; i < text.n; ++i) {
        if (text.p[i] == '"' || text.p[i] == '\\') {
            peal__sip_put_char(w, '\\');
        }
        peal__sip_put_char(w, text.p[i]);
    }
    peal__sip_put_char(w, '"');
}

/* Words that need no quotes: tokens with single spaces between them. */
static bool is_words(peal_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        bool space = text.p[i] == ' ';
        if (space ? i == 0 || i + 1 == text.n || text.p[i - 1] == ' '
                  : !peal__sip_in(text.p[i], PEAL__SIP_TOKEN)) {
            return false;
        }
    }
    return true;
}

peal_result peal_sip_name_addr_encode(peal_str display, peal_str uri, peal_str params,
                                      peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    peal_sip_uri parts;
    peal_sip_address address;
    if (peal_sip_uri_decode(uri, &parts) < 0) {
        return PEAL_E_ARGUMENT;
    }
    if (is_words(display)) {
        peal__sip_put(&w, display);
    } else {
        put_quoted(&w, display);
    }
    peal__sip_put(&w, display.n ? PEAL_STR(" <") : PEAL_STR("<"));
    peal__sip_put(&w, uri);
    peal__sip_put_char(&w, '>');
    peal__sip_put(&w, params);
    if (w.result >= 0 &&
        (!peal__sip_text_ok(params) || !peal__sip_nuls_are_quoted(params) ||
         peal_sip_address_decode(peal__sip_written(&w), &address) < 0 ||
         !peal_str_eq(address.uri, uri) || address.params.n < peal__sip_trim(params).n)) {
        peal__sip_put_fail(&w, PEAL_E_ARGUMENT);
    }
    return peal__sip_write_end(&w);
}
