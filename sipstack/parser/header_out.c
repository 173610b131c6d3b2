/* SPDX-License-Identifier: MIT */
/* Writing pieces of header values, each checked by its grammar. Any thread. RFC 3261 §25.1. */
#include "sipstack/parser/header_inner.h"

void peal__sip_put(peal__sip_out *out, peal_str text)
{
    if (text.n && out->bytes <= out->room && text.n <= out->room - out->bytes) {
        memcpy(out->to + out->bytes, text.p, text.n);
    }
    out->bytes += text.n;
}

void peal__sip_put_number(peal__sip_out *out, uint64_t number)
{
    char text[20];
    peal__sip_put(out, peal_str_of(text, peal__sip_format_number(number, text)));
}

void peal__sip_put_chars(peal__sip_out *out, peal_str text, unsigned classes)
{
    const char *end = text.p + text.n;
    out->bad |= text.n == 0 || peal__sip_skip(text.p, end, classes) != end;
    peal__sip_put(out, text);
}

void peal__sip_put_token(peal__sip_out *out, peal_str text)
{
    peal__sip_put_chars(out, text, PEAL__SIP_TOKEN);
}

static bool is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* RFC 3261 §7.3.1: a fold is as good as spaces. Other line ends fail in check_folds(). */
static void put_char(peal__sip_out *out, char c)
{
    if (c == '\r' || c == '\n') {
        c = ' ';
    }
    peal__sip_put(out, peal_str_of(&c, 1));
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

void peal__sip_put_text(peal__sip_out *out, peal_str text)
{
    out->bad |= !peal__sip_text_ok(text);
    for (size_t i = 0; i < text.n; ++i) {
        out->bad |= is_control(text.p[i]) && !is_line_end(text.p[i]);
        put_char(out, text.p[i]);
    }
}

/* A backslash makes any character but CR and LF harmless. */
void peal__sip_put_quoted(peal__sip_out *out, peal_str inside)
{
    out->bad |= !peal__sip_text_ok(inside);
    put_char(out, '"');
    for (size_t i = 0; i < inside.n; ++i) {
        char c = inside.p[i];
        if (c == '\\') {
            out->bad |= i + 1 == inside.n || is_line_end(inside.p[i + 1]);
            put_char(out, c);
            c = ++i < inside.n ? inside.p[i] : ' ';
        } else {
            out->bad |= c == '"' || (is_control(c) && !is_line_end(c));
        }
        put_char(out, c);
    }
    put_char(out, '"');
}

/* The quoted string that is all of the text. */
static bool is_quoted(peal_str text)
{
    return text.n >= 2 && text.p[0] == '"' &&
           peal__sip_skip_quoted(text.p, text.p + text.n) == text.p + text.n;
}

void peal__sip_put_value(peal__sip_out *out, peal_str value)
{
    if (is_quoted(value)) {
        peal__sip_put_quoted(out, peal_str_of(value.p + 1, value.n - 2));
    } else {
        peal__sip_put_chars(out, value, PEAL__SIP_PVALUE);
    }
}

void peal__sip_put_words(peal__sip_out *out, peal_str text)
{
    if (is_quoted(text)) {
        peal__sip_put_quoted(out, peal_str_of(text.p + 1, text.n - 2));
        return;
    }
    const char *end = text.p + text.n;
    out->bad |= text.n == 0 || peal__sip_trim(text).n != text.n ||
                peal__sip_skip(text.p, end, PEAL__SIP_PVALUE | PEAL__SIP_WS) != end ||
                memchr(text.p, '(', text.n) != NULL;
    peal__sip_put_text(out, text);
}

void peal__sip_put_comment(peal__sip_out *out, peal_str inside)
{
    size_t depth = 0;
    out->bad |= !peal__sip_text_ok(inside);
    put_char(out, '(');
    for (size_t i = 0; i < inside.n; ++i) {
        char c = inside.p[i];
        if (c == '\\') {
            out->bad |= i + 1 == inside.n || is_line_end(inside.p[i + 1]);
            put_char(out, c);
            c = ++i < inside.n ? inside.p[i] : ' ';
        } else if (c == ')') {
            out->bad |= depth-- == 0;
        } else {
            depth += c == '(';
        }
        out->bad |= is_control(c) && !is_line_end(c);
        put_char(out, c);
    }
    out->bad |= depth != 0;
    put_char(out, ')');
}

void peal__sip_put_call_id(peal__sip_out *out, peal_str text)
{
    out->bad |= !peal__sip_is_call_id(text);
    peal__sip_put(out, text);
}

void peal__sip_put_uri(peal__sip_out *out, peal_str uri)
{
    const char *end = uri.p + uri.n;
    out->bad |= !peal__sip_has_scheme(uri) || peal__sip_skip_angle(uri.p, end) != end;
    peal__sip_put(out, uri);
}

void peal__sip_put_method(peal__sip_out *out, peal_sip_method method, peal_str text)
{
    peal__sip_put_token(out, text.p ? text : peal_sip_method_text(method));
}

/* Runs of escape and unescape both end here. */
static peal_result append_char(peal_blob *out, char c)
{
    return peal_blob_append(out, peal_str_of(&c, 1));
}

peal_result peal_sip_quoted_escape(peal_str plain, peal_blob *out)
{
    size_t bytes = plain.n;
    for (size_t i = 0; i < plain.n; ++i) {
        if (is_control(plain.p[i])) {
            return PEAL_E_ARGUMENT;
        }
        bytes += plain.p[i] == '"' || plain.p[i] == '\\';
    }
    peal_result r = peal_blob_reserve(out, bytes);
    for (size_t i = 0; r >= 0 && i < plain.n; ++i) {
        if (plain.p[i] == '"' || plain.p[i] == '\\') {
            r = append_char(out, '\\');
        }
        if (r >= 0) {
            r = append_char(out, plain.p[i]);
        }
    }
    return r;
}

peal_result peal_sip_quoted_unescape(peal_str quoted, peal_blob *out)
{
    if (is_quoted(quoted)) {
        quoted = peal_str_of(quoted.p + 1, quoted.n - 2);
    }
    for (size_t i = 0; i < quoted.n; ++i) {
        if (quoted.p[i] == '"' || (quoted.p[i] == '\\' && ++i == quoted.n)) {
            return PEAL_E_SYNTAX;
        }
    }
    peal_result r = peal_blob_reserve(out, quoted.n);
    for (size_t i = 0; r >= 0 && i < quoted.n; ++i) {
        i += quoted.p[i] == '\\';
        r = append_char(out, quoted.p[i]);
    }
    return r;
}
