/* SPDX-License-Identifier: MIT */
/* Role: text of the test kit: growing buffers, words, lines, and SIP messages read just enough for
 * scripts, by rules of its own: the parser under test has no part in it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <peal/test/failure.h>

#include "test/kit/kit_priv.h"

/* ---- memory ---- */

void *peal__test_grow(void *block, size_t bytes)
{
    void *grown = realloc(block, bytes ? bytes : 1);
    if (!grown) {
        (void)fputs("the test kit is out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return grown;
}

void *peal__test_alloc(size_t bytes)
{
    return memset(peal__test_grow(NULL, bytes), 0, bytes);
}

char *peal__test_copy(peal_str text)
{
    char *copy = peal__test_alloc(text.n + 1);
    if (text.n) {
        memcpy(copy, text.p, text.n);
    }
    return copy;
}

static void make_room(peal__test_text *text, size_t more)
{
    if (text->n + more + 1 > text->room) {
        text->room = (text->n + more + 1) * 2;
        text->p = peal__test_grow(text->p, text->room);
    }
}

void peal__test_add(peal__test_text *text, peal_str more)
{
    make_room(text, more.n);
    if (more.n) {
        memcpy(text->p + text->n, more.p, more.n);
    }
    text->n += more.n;
    text->p[text->n] = '\0';
}

void peal__test_addf(peal__test_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        make_room(text, (size_t)n);
        va_start(args, format);
        (void)vsnprintf(text->p + text->n, (size_t)n + 1, format, args);
        va_end(args);
        text->n += (size_t)n;
    }
}

/* ---- words and lines ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

peal_str peal__test_trim(peal_str s)
{
    while (s.n && (is_blank(*s.p) || *s.p == '\r')) {
        ++s.p;
        --s.n;
    }
    while (s.n && (is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\r')) {
        --s.n;
    }
    return s;
}

bool peal__test_starts(peal_str s, const char *start)
{
    size_t n = strlen(start);
    return s.n >= n && memcmp(s.p, start, n) == 0;
}

static void skip(peal_str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

peal_str peal__test_word(peal_str *line)
{
    *line = peal__test_trim(*line);
    if (!line->n) {
        return peal_str_of(NULL, 0);
    }
    size_t n = 0;
    while (n < line->n && !is_blank(line->p[n])) {
        ++n;
    }
    peal_str word = peal_str_of(line->p, n);
    skip(line, n);
    *line = peal__test_trim(*line);
    return word;
}

peal_str peal__test_line(peal_str *text)
{
    if (!text->n) {
        return peal_str_of(NULL, 0);
    }
    const char *end = memchr(text->p, '\n', text->n);
    size_t n = end ? (size_t)(end - text->p) : text->n;
    peal_str line = peal_str_of(text->p, n);
    skip(text, end ? n + 1 : n);
    if (line.n && line.p[line.n - 1] == '\r') {
        --line.n;
    }
    return line;
}

/* ---- SIP messages ---- */

static peal_str head_of(peal_str message)
{
    for (size_t i = 0; i + 3 < message.n; ++i) {
        if (memcmp(message.p + i, "\r\n\r\n", 4) == 0) {
            return peal_str_of(message.p, i + 2);
        }
    }
    return message;
}

peal_str peal__test_body(peal_str message)
{
    size_t n = head_of(message).n;
    return n + 2 <= message.n ? peal_str_of(message.p + n + 2, message.n - n - 2)
                              : peal_str_of(NULL, 0);
}

peal_str peal__test_start(peal_str message)
{
    return peal__test_line(&message);
}

unsigned peal__test_status(peal_str message)
{
    uint64_t status = 0;
    if (!peal__test_starts(message, "SIP/2.0 ") || message.n < 11 ||
        peal_str_to_u64(peal_str_of(message.p + 8, 3), 999, &status) < 0) {
        return 0;
    }
    return (unsigned)status;
}

peal_str peal__test_method(peal_str message)
{
    if (peal__test_status(message)) {
        peal_str cseq = peal__test_header(message, PEAL_STR("CSeq"), 0);
        (void)peal__test_word(&cseq);
        return cseq;
    }
    return peal__test_word(&message);
}

bool peal__test_same_name(peal_str a, peal_str b)
{
    static const char *const pairs[][2] = {
        { "Via", "v" },          { "From", "f" },         { "To", "t" },
        { "Call-ID", "i" },      { "Contact", "m" },      { "Content-Length", "l" },
        { "Content-Type", "c" }, { "Supported", "k" },    { "Subject", "s" },
        { "Content-Encoding", "e" },
    };
    if (peal_str_ieq(a, b)) {
        return true;
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(pairs); ++i) {
        peal_str full = peal_str_z(pairs[i][0]), compact = peal_str_z(pairs[i][1]);
        if ((peal_str_ieq(a, full) && peal_str_ieq(b, compact)) ||
            (peal_str_ieq(a, compact) && peal_str_ieq(b, full))) {
            return true;
        }
    }
    return false;
}

/* A folded header's value goes on over the lines that start with a blank. */
static peal_str with_folds(peal_str value, peal_str rest)
{
    while (rest.n && is_blank(*rest.p)) {
        peal_str more = peal__test_line(&rest);
        value.n = (size_t)(more.p + more.n - value.p);
    }
    return peal__test_trim(value);
}

peal_str peal__test_header(peal_str message, peal_str name, size_t n)
{
    peal_str head = head_of(message);
    (void)peal__test_line(&head);
    for (peal_str line; (line = peal__test_line(&head)).p && line.n;) {
        const char *colon = memchr(line.p, ':', line.n);
        if (!colon || is_blank(*line.p)) {
            continue;
        }
        size_t before = (size_t)(colon - line.p);
        if (peal__test_same_name(peal__test_trim(peal_str_of(line.p, before)), name) && n-- == 0) {
            skip(&line, before + 1);
            return with_folds(line, head);
        }
    }
    return peal_str_of(NULL, 0);
}

peal_str peal__test_tag(peal_str value)
{
    const char *close = value.n ? memchr(value.p, '>', value.n) : NULL;
    if (close) {
        skip(&value, (size_t)(close - value.p));
    }
    for (size_t i = 0; i + 5 <= value.n; ++i) {
        if (value.p[i] == ';' && peal_str_ieq(peal_str_of(value.p + i + 1, 4), PEAL_STR("tag="))) {
            skip(&value, i + 5);
            const char *end = memchr(value.p, ';', value.n);
            return peal__test_trim(peal_str_of(value.p, end ? (size_t)(end - value.p) : value.n));
        }
    }
    return peal_str_of("", 0);
}

peal_str peal__test_uri(peal_str value)
{
    const char *open = value.n ? memchr(value.p, '<', value.n) : NULL;
    if (open) {
        skip(&value, (size_t)(open - value.p) + 1);
    }
    const char *end = value.n ? memchr(value.p, open ? '>' : ';', value.n) : NULL;
    return peal__test_trim(peal_str_of(value.p, end ? (size_t)(end - value.p) : value.n));
}
