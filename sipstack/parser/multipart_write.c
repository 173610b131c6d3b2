/* SPDX-License-Identifier: MIT */
/* Bodies of several parts, written. The boundary is made of a keyed hash of the parts, so that
 * nobody can know it beforehand, and is looked for in every part. Any thread. RFC 2046 §5.1. */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

#include <peal/hash.h>
#include <peal/sip/multipart.h>

enum { MADE_BYTES = 21 }; /* "peal-" and 16 digits */

static bool occurs_in(peal_str text, const char *line, size_t n)
{
    const char *p = text.p, *end = text.n ? p + text.n : p;
    while ((size_t)(end - p) >= n && (p = memchr(p, '-', (size_t)(end - p) - n + 1)) != NULL) {
        if (memcmp(p, line, n) == 0) {
            return true;
        }
        ++p;
    }
    return false;
}

/* The boundary with its two hyphens stands nowhere in the parts. */
static bool is_free(const peal_sip_multipart_source *source, peal_str boundary)
{
    char line[PEAL_SIP_BOUNDARY_MAX + 2] = "--";
    memcpy(line + 2, boundary.p, boundary.n);
    for (size_t i = 0; i < source->part_count; ++i) {
        if (occurs_in(source->parts[i].body, line, boundary.n + 2) ||
            occurs_in(source->parts[i].lines, line, boundary.n + 2)) {
            return false;
        }
    }
    return true;
}

/* bcharsnospace of RFC 2046; spaces are left out, since they get lost easily. */
static bool boundary_ok(peal_str boundary)
{
    for (size_t i = 0; i < boundary.n; ++i) {
        char c = boundary.p[i];
        if (!peal__sip_is_alpha(c) && !peal__sip_is_digit(c) && !memchr("'()+_,-./:=?", c, 12)) {
            return false;
        }
    }
    return boundary.n > 0 && boundary.n <= PEAL_SIP_BOUNDARY_MAX;
}

static peal_str make_boundary(const peal_sip_multipart_source *source, char text[MADE_BYTES])
{
    peal_hasher h;
    peal_hasher_init(&h);
    for (size_t i = 0; i < source->part_count; ++i) {
        peal_hasher_add(&h, source->parts[i].body);
        peal_hasher_add(&h, PEAL_STR("\n"));
    }
    uint64_t hash = peal_hasher_end(&h);
    peal_str boundary = peal_str_of(text, MADE_BYTES);
    do {
        memcpy(text, "peal-", 5);
        for (int i = 0; i < 16; ++i) {
            text[5 + i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15];
        }
        ++hash;
    } while (!is_free(source, boundary));
    return boundary;
}

static bool value_ok(peal_str value)
{
    return peal__sip_text_ok(value) && peal__sip_nuls_are_quoted(value);
}

static void put_line(peal__sip_writer *w, peal_str name, peal_str value, bool angles)
{
    if (!value.p) {
        return;
    }
    if (value.n == 0 || !value_ok(value)) {
        peal__sip_put_fail(w, PEAL_E_ARGUMENT);
    }
    peal__sip_put(w, name);
    peal__sip_put(w, angles ? PEAL_STR(": <") : PEAL_STR(": "));
    peal__sip_put(w, value);
    peal__sip_put(w, angles ? PEAL_STR(">\r\n") : PEAL_STR("\r\n"));
}

/* Whole header lines, each with its end, and no blank one. */
static bool lines_ok(peal_str lines)
{
    peal_sip_line line;
    peal_result r;
    bool ended = lines.n == 0 || (lines.n > 2 && memcmp(lines.p + lines.n - 2, "\r\n", 2) == 0);
    while ((r = peal_sip_lines_next(&lines, &line)) == PEAL_OK) {
        if (line.id == PEAL_SIP_HEADER_CONTENT_TYPE) {
            return false;
        }
    }
    return ended && r == PEAL_I_END && !lines.p;
}

static void put_part(peal__sip_writer *w, const peal_sip_part_source *part, peal_str boundary)
{
    peal__sip_put(w, PEAL_STR("--"));
    peal__sip_put(w, boundary);
    peal__sip_put(w, PEAL_STR("\r\n"));
    put_line(w, PEAL_STR("Content-Type"), part->content_type, false);
    put_line(w, PEAL_STR("Content-Disposition"), part->disposition, false);
    put_line(w, PEAL_STR("Content-ID"), part->id, true);
    if (!lines_ok(part->lines)) {
        peal__sip_put_fail(w, PEAL_E_ARGUMENT);
    }
    peal__sip_put(w, part->lines);
    peal__sip_put(w, PEAL_STR("\r\n"));
    peal__sip_put(w, part->body);
    peal__sip_put(w, PEAL_STR("\r\n"));
}

static void put_type(peal__sip_writer *w, const peal_sip_multipart_source *source,
                     peal_str boundary)
{
    peal_sip_multipart again;
    peal__sip_put(w, PEAL_STR("multipart/"));
    peal__sip_put(w, source->subtype.n ? source->subtype : PEAL_STR("mixed"));
    peal__sip_put(w, PEAL_STR(";boundary=\""));
    peal__sip_put(w, boundary);
    peal__sip_put(w, PEAL_STR("\""));
    peal__sip_put(w, source->params);
    if (w->result < 0) {
        return;
    }
    /* The type as a reader sees it: one boundary, and no line end that would end the header. */
    peal_str text = peal__sip_written(w);
    peal_str subtype = source->subtype.n ? source->subtype : PEAL_STR("mixed");
    const char *subtype_end = subtype.p + subtype.n;
    char line[PEAL_SIP_BOUNDARY_MAX + 4] = "--";
    memcpy(line + 2, boundary.p, boundary.n);
    memcpy(line + 2 + boundary.n, "--", 2);
    if (!value_ok(text) || peal__sip_skip(subtype.p, subtype_end, PEAL__SIP_TOKEN) != subtype_end ||
        (source->params.n && source->params.p[0] != ';') ||
        peal_sip_multipart_init(&again, text, peal_str_of(line, boundary.n + 4), NULL) < 0) {
        peal__sip_put_fail(w, PEAL_E_ARGUMENT);
    }
}

peal_result peal_sip_multipart_encode(const peal_sip_multipart_source *source,
                                      peal_blob *content_type, peal_blob *body)
{
    char text[MADE_BYTES];
    peal_str boundary = source->boundary;
    if (source->size < sizeof *source || source->part_count == 0 ||
        (boundary.p && (!boundary_ok(boundary) || !is_free(source, boundary)))) {
        return PEAL_E_ARGUMENT;
    }
    boundary = boundary.p ? boundary : make_boundary(source, text);
    peal__sip_writer type = peal__sip_write_to(content_type);
    peal__sip_writer w = peal__sip_write_to(body);
    put_type(&type, source, boundary);
    for (size_t i = 0; i < source->part_count; ++i) {
        put_part(&w, &source->parts[i], boundary);
    }
    peal__sip_put(&w, PEAL_STR("--"));
    peal__sip_put(&w, boundary);
    peal__sip_put(&w, PEAL_STR("--\r\n"));
    if (type.result < 0) {
        peal__sip_put_fail(&w, type.result);
    }
    peal__sip_put_fail(&type, w.result < 0 ? w.result : type.result);
    peal__sip_write_end(&type);
    return peal__sip_write_end(&w);
}
