/* SPDX-License-Identifier: MIT */
/* Encoded words. Any thread. RFC 2047 §2 (grammar), §4 (encodings), §5 (limits), §6.2 (display);
 * RFC 2231 §5 (language tags). */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

#include <peal/sip/encoded_word.h>

enum { WORD_MAX = 75 };

/* =?charset?encoding?text?= */
typedef struct encoded_word {
    peal_str charset, text;
    char encoding; /* 'b', 'q' */
    const char *end;
} encoded_word;

static const char *skip_printable(const char *p, const char *end)
{
    while (p<end && * p> ' ' && *p < 0x7f && *p != '?') {
        ++p;
    }
    return p;
}

static bool take_word(const char *p, const char *end, encoded_word *ret)
{
    if (end - p < 8 || p[0] != '=' || p[1] != '?') {
        return false;
    }
    const char *charset = p + 2, *stop = skip_printable(charset, end);
    if (end - stop < 5 || stop[0] != '?' || stop[2] != '?') {
        return false;
    }
    ret->charset = peal__sip_between(charset, stop);
    ret->encoding = (char)(stop[1] | 0x20);
    const char *text = stop + 3;
    stop = skip_printable(text, end);
    ret->text = peal__sip_between(text, stop);
    ret->end = stop + 2;
    const char *star = memchr(charset, '*', ret->charset.n);
    ret->charset = star ? peal__sip_between(charset, star) : ret->charset;
    return end - stop >= 2 && stop[0] == '?' && stop[1] == '=' &&
           (ret->encoding == 'b' || ret->encoding == 'q');
}

static void put_latin1(peal__sip_writer *w, peal_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80) {
            peal__sip_put_char(w, (char)(0xc0 | c >> 6));
            c = 0x80 | (c & 0x3f);
        }
        peal__sip_put_char(w, (char)c);
    }
}

static bool is_any_of(peal_str text, const peal_str *names, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (peal_str_ieq(text, names[i])) {
            return true;
        }
    }
    return false;
}

/* Control characters are never let out of a word: they could end the header or the line of a log.
 */
static void put_decoded(peal__sip_writer *w, peal_str charset, peal_str bytes)
{
    const peal_str ascii[] = { PEAL_STR("us-ascii"), PEAL_STR("ascii") };
    const peal_str latin1[] = { PEAL_STR("iso-8859-1"), PEAL_STR("latin1") };
    if (is_any_of(charset, latin1, PEAL_COUNT_OF(latin1))) {
        size_t at = w->blob->bytes;
        put_latin1(w, bytes);
        peal_str out = peal_blob_str(w->blob);
        if (w->result >= 0 && !peal__sip_text_is_utf8(peal_str_of(out.p + at, out.n - at))) {
            peal__sip_put_fail(w, PEAL_E_SYNTAX);
        }
        return;
    }
    bool is_ascii = is_any_of(charset, ascii, PEAL_COUNT_OF(ascii));
    bool ok = is_ascii || peal_str_ieq(charset, PEAL_STR("utf-8"));
    for (size_t i = 0; is_ascii && ok && i < bytes.n; ++i) {
        ok = (unsigned char)bytes.p[i] < 0x80;
    }
    if (!ok || !peal__sip_text_is_utf8(bytes)) {
        peal__sip_put_fail(w, PEAL_E_SYNTAX);
    }
    peal__sip_put(w, bytes);
}

/* Appends what the word means; PEAL_E_SYNTAX: it stays as it is. */
static peal_result put_word(const encoded_word *word, peal_blob *out)
{
    peal_blob bytes;
    peal__sip_writer w = peal__sip_write_to(out);
    peal_blob_init(&bytes, 0);
    w.result = word->encoding == 'b' ? peal__sip_base64_decode(word->text, &bytes)
                                     : peal__sip_quoted_printable_decode(word->text, true, &bytes);
    if (w.result >= 0) {
        put_decoded(&w, word->charset, peal_blob_str(&bytes));
    }
    peal_blob_fini(&bytes);
    return peal__sip_write_end(&w);
}

peal_result peal_sip_encoded_words_decode(peal_str text, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    const char *p = text.p, *end = text.n ? p + text.n : p;
    const char *kept = p;    /* not yet written */
    bool after_word = false; /* a word was decoded right before */
    encoded_word word;
    while (p < end && w.result >= 0) {
        const char *start = memchr(p, '=', (size_t)(end - p));
        if (!start) {
            break;
        }
        p = start + 1;
        /* RFC 2047 §5: a word stands alone, with white space or a bracket around it; but many
         * write words without. */
        if (!take_word(start, end, &word)) {
            continue;
        }
        size_t before = w.blob->bytes;
        bool gap = after_word && peal__sip_skip_ws(kept, start) == start;
        peal__sip_put(&w, gap ? PEAL_STR("") : peal__sip_between(kept, start));
        peal_result r = w.result < 0 ? w.result : put_word(&word, out);
        after_word = r >= 0;
        if (r == PEAL_E_SYNTAX) {
            /* As if it were plain text: what stood before it is written with it. */
            w.blob->bytes = before;
            w.blob->data[before] = '\0';
            peal__sip_put(&w, peal__sip_between(kept, word.end));
        } else if (r < 0) {
            peal__sip_put_fail(&w, r);
        }
        p = kept = word.end;
    }
    peal__sip_put(&w, peal__sip_between(kept, end));
    return peal__sip_write_end(&w);
}

static bool is_plain(peal_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        if ((text.p[i] & 0x80) || (text.p[i] == '=' && i + 1 < text.n && text.p[i + 1] == '?')) {
            return false;
        }
    }
    return true;
}

/* What an encoded word may hold as it is, wherever it stands (RFC 2047 §5, phrases). */
static bool is_q_plain(char c)
{
    return peal__sip_is_alpha(c) || peal__sip_is_digit(c) || (c && strchr("!*+-/", c));
}

static size_t q_bytes(peal_str text)
{
    size_t bytes = 0;
    for (size_t i = 0; i < text.n; ++i) {
        bytes += text.p[i] == ' ' || is_q_plain(text.p[i]) ? 1 : 3;
    }
    return bytes;
}

static void put_q(peal__sip_writer *w, peal_str text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; ++i) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == ' ') {
            peal__sip_put_char(w, '_');
        } else if (is_q_plain((char)c)) {
            peal__sip_put_char(w, (char)c);
        } else {
            const char escape[3] = { '=', digits[c >> 4], digits[c & 15] };
            peal__sip_put(w, peal_str_of(escape, 3));
        }
    }
}

static void put_base64(peal__sip_writer *w, peal_str text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < text.n; i += 3) {
        size_t n = text.n - i < 3 ? text.n - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; ++k) {
            bits = bits << 8 | (k < n ? (unsigned char)text.p[i + k] : 0);
        }
        char four[4] = { digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63],
                         digits[bits & 63] };
        memcpy(four + n + 1, "==", 3 - n);
        peal__sip_put(w, peal_str_of(four, 4));
    }
}

peal_result peal_sip_encoded_words_encode(peal_str text, peal_blob *out)
{
    /* Of 75 characters 12 are "=?utf-8?q?" and "?=": 63 are left, 45 bytes in base64. */
    enum { Q_MAX = WORD_MAX - 12, BYTES_MAX = Q_MAX / 4 * 3 };
    peal__sip_writer w = peal__sip_write_to(out);
    if (!peal__sip_text_is_utf8(text)) {
        return PEAL_E_ARGUMENT;
    }
    if (is_plain(text)) {
        return peal_blob_append(out, text);
    }
    const char *p = text.p, *end = p + text.n;
    while (p < end) {
        const char *stop = p;
        while (stop < end && stop - p + (ptrdiff_t)peal__sip_utf8_bytes(stop, end) <= BYTES_MAX) {
            stop += peal__sip_utf8_bytes(stop, end);
        }
        peal_str part = peal__sip_between(p, stop);
        bool in_q = q_bytes(part) <= (part.n + 2) / 3 * 4 && q_bytes(part) <= Q_MAX;
        peal__sip_put(&w, p > text.p ? PEAL_STR(" ") : PEAL_STR(""));
        peal__sip_put(&w, in_q ? PEAL_STR("=?utf-8?q?") : PEAL_STR("=?utf-8?b?"));
        if (in_q) {
            put_q(&w, part);
        } else {
            put_base64(&w, part);
        }
        peal__sip_put(&w, PEAL_STR("?="));
        p = stop;
    }
    return peal__sip_write_end(&w);
}
