/* SPDX-License-Identifier: MIT */
/* Bodies of several parts, read as views; each level costs one walk over its bytes. Any thread.
 * RFC 2046 §5.1; RFC 5621 §3; what is decided beyond: peal/sip/multipart.h. */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

#include <peal/sip/multipart.h>

enum { PARTS_USUAL = 64, DEPTH_USUAL = 4 };

/* A delimiter line, with the line end before it. */
typedef struct delimiter {
    const char *start; /* where the content before it ends */
    const char *next;  /* behind the line */
    bool closes;
} delimiter;

/* The line at p is a delimiter. A closing one may end with the data. */
static bool is_delimiter(const peal_sip_multipart *m, const char *p, const char *end,
                         delimiter *ret)
{
    size_t n = m->boundary_bytes;
    if ((size_t)(end - p) < n + 2 || memcmp(p, "--", 2) != 0 ||
        memcmp(p + 2, m->boundary, n) != 0) {
        return false;
    }
    p += n + 2;
    ret->closes = end - p >= 2 && memcmp(p, "--", 2) == 0;
    p += ret->closes ? 2 : 0;
    while (p < end && (*p == ' ' || *p == '\t')) {
        ++p;
    }
    if (p == end) {
        ret->next = p;
        return ret->closes;
    }
    p += *p == '\r' && end - p >= 2;
    ret->next = p + 1;
    return *p == '\n';
}

/* The next delimiter from a line's start on. */
static bool find_delimiter(const peal_sip_multipart *m, const char *start, const char *end,
                           delimiter *ret)
{
    const char *p = start;
    while (!is_delimiter(m, p, end, ret)) {
        p = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
        if (!p) {
            return false;
        }
        ++p;
    }
    if (p > start) {
        --p;
        p -= p > start && p[-1] == '\r';
    }
    ret->start = p;
    return true;
}

/* RFC 2046 §5.1.1: at most 70 characters, no space at the end. Which others there are is not
 * judged, as long as they can be seen. */
static bool take_boundary(peal_sip_multipart *m, peal_str value)
{
    bool quoted = value.n >= 2 && value.p[0] == '"';
    size_t n = 0;
    value = quoted ? peal_str_of(value.p + 1, value.n - 2) : value;
    for (size_t i = 0; i < value.n; ++i) {
        i += quoted && value.p[i] == '\\' && i + 1 < value.n;
        unsigned char c = (unsigned char)value.p[i];
        if (n == PEAL_SIP_BOUNDARY_MAX || c < ' ' || c > '~') {
            return false;
        }
        m->boundary[n++] = (char)c;
    }
    m->boundary_bytes = (uint8_t)n;
    return n > 0 && m->boundary[n - 1] != ' ';
}

static peal_result take_type(peal_sip_multipart *m, peal_str content_type)
{
    static const char prefix[] = "multipart/";
    const size_t n = sizeof prefix - 1;
    peal_sip_value type;
    peal_str name, value;
    peal_result r;
    size_t boundaries = 0;
    if (content_type.n == 0) {
        return PEAL_E_NOT_FOUND;
    }
    if (peal_sip_value_decode(content_type, &type) < 0) {
        return PEAL_E_SYNTAX;
    }
    if (type.value.n <= n || !peal_str_ieq(peal_str_of(type.value.p, n), peal_str_of(prefix, n))) {
        return PEAL_E_NOT_FOUND;
    }
    m->subtype = peal_str_of(type.value.p + n, type.value.n - n);
    m->params = type.params;
    while ((r = peal_sip_param_next(&type.params, &name, &value)) == PEAL_OK) {
        if (peal_str_ieq(name, PEAL_STR("boundary")) &&
            (++boundaries > 1 || !take_boundary(m, value))) {
            return PEAL_E_SYNTAX;
        }
    }
    return r == PEAL_I_END && boundaries == 1 ? PEAL_OK : PEAL_E_SYNTAX;
}

static void close_at(peal_sip_multipart *m, const char *next, const char *end)
{
    m->epilogue = peal__sip_between(next, end);
    m->rest = peal_str_of(end, 0);
}

/* Up to the first delimiter. */
static peal_result start(peal_sip_multipart *m, peal_str content_type, peal_str body)
{
    delimiter first;
    peal_result r = take_type(m, content_type);
    if (r < 0) {
        return r;
    }
    const char *p = body.n ? body.p : "", *end = p + body.n;
    if (!find_delimiter(m, p, end, &first)) {
        return PEAL_E_SYNTAX;
    }
    m->preamble = peal__sip_between(p, first.start);
    m->rest = peal__sip_between(first.next, end);
    if (first.closes) {
        close_at(m, first.next, end);
    }
    return PEAL_OK;
}

peal_result peal_sip_multipart_init(peal_sip_multipart *multipart, peal_str content_type,
                                    peal_str body, const peal_sip_multipart_limits *limits)
{
    uint32_t parts = limits ? limits->parts : 0, depth = limits ? limits->depth : 0;
    peal_sip_multipart m = { .parts_max = parts ? parts : PARTS_USUAL,
                             .depth_left = (depth ? depth : DEPTH_USUAL) - 1 };
    peal_result r = start(&m, content_type, body);
    if (r >= 0) {
        *multipart = m;
    }
    return r;
}

/* RFC 2045 §6.4: a multipart has no encoding that changes its bytes. */
static bool is_plain_encoding(peal_str encoding)
{
    return !encoding.p || peal_str_ieq(encoding, PEAL_STR("binary")) ||
           peal_str_ieq(encoding, PEAL_STR("8bit")) || peal_str_ieq(encoding, PEAL_STR("7bit"));
}

peal_result peal_sip_multipart_init_inner(peal_sip_multipart *multipart,
                                          const peal_sip_multipart *outer,
                                          const peal_sip_part *part)
{
    peal_sip_multipart m = { .parts_max = outer->parts_max, .depth_left = outer->depth_left - 1 };
    peal_result r = start(&m, part->content_type, part->body);
    if (r >= 0 && outer->depth_left == 0) {
        r = PEAL_E_LIMIT;
    }
    if (r >= 0 && !is_plain_encoding(part->encoding)) {
        r = PEAL_E_SYNTAX;
    }
    if (r >= 0) {
        *multipart = m;
    }
    return r;
}

static peal_str without_angles(peal_str id)
{
    bool angles = id.n >= 2 && id.p[0] == '<' && id.p[id.n - 1] == '>';
    return angles ? peal_str_of(id.p + 1, id.n - 2) : id;
}

/* Of what stands twice the first counts, but for the type: whoever judges the part must see the
 * type that whoever reads it sees. */
static bool take_line(peal_sip_part *part, const peal_sip_line *line)
{
    peal_str *place = NULL;
    if (line->id == PEAL_SIP_HEADER_CONTENT_TYPE) {
        if (part->content_type.p) {
            return false;
        }
        place = &part->content_type;
    } else if (line->id == PEAL_SIP_HEADER_CONTENT_DISPOSITION) {
        place = &part->disposition;
    } else if (peal_str_ieq(line->name, PEAL_STR("Content-Transfer-Encoding"))) {
        place = &part->encoding;
    } else if (peal_str_ieq(line->name, PEAL_STR("Content-ID"))) {
        place = &part->id;
    }
    if (place && !place->p) {
        *place = line->value;
    }
    return true;
}

static peal_result read_part(const char *p, const char *end, peal_sip_part *ret)
{
    peal_sip_part part = { .text = peal__sip_between(p, end) };
    peal_str cursor = part.text;
    peal_sip_line line;
    peal_result r;
    part.head = part.text;
    while ((r = peal_sip_lines_next(&cursor, &line)) == PEAL_OK) {
        if (!take_line(&part, &line)) {
            return PEAL_E_SYNTAX;
        }
    }
    if (r < 0) {
        return r;
    }
    part.body = cursor.p ? cursor : peal_str_of(end, 0);
    part.head.n = (size_t)(part.body.p - p);
    part.id = without_angles(part.id);
    *ret = part;
    return PEAL_OK;
}

peal_result peal_sip_multipart_next(peal_sip_multipart *multipart, peal_sip_part *ret)
{
    peal_sip_multipart *m = multipart;
    delimiter found;
    if (m->broken) {
        return PEAL_E_SYNTAX;
    }
    if (m->epilogue.p) {
        return PEAL_I_END;
    }
    if (m->parts == m->parts_max) {
        return PEAL_E_LIMIT;
    }
    const char *p = m->rest.p, *end = p + m->rest.n;
    if (!find_delimiter(m, p, end, &found) || read_part(p, found.start, ret) < 0) {
        m->broken = true;
        return PEAL_E_SYNTAX;
    }
    ++m->parts;
    m->rest = peal__sip_between(found.next, end);
    if (found.closes) {
        close_at(m, found.next, end);
    }
    return PEAL_OK;
}

peal_result peal_sip_multipart_find_id(const peal_sip_multipart *multipart, peal_str id,
                                       peal_sip_part *ret)
{
    peal_sip_multipart m = *multipart;
    peal_sip_part part;
    peal_result r;
    id = without_angles(id);
    while ((r = peal_sip_multipart_next(&m, &part)) == PEAL_OK) {
        if (part.id.p && peal_str_eq(part.id, id)) {
            *ret = part;
            return PEAL_OK;
        }
    }
    return r < 0 ? r : PEAL_E_NOT_FOUND;
}

peal_str peal_sip_part_value(const peal_sip_part *part, peal_str name, size_t nth)
{
    peal_str cursor = part->head;
    peal_sip_line line;
    while (peal_sip_lines_next(&cursor, &line) == PEAL_OK) {
        if (peal_str_ieq(line.name, name) && nth-- == 0) {
            return line.value;
        }
    }
    return peal_str_of(NULL, 0);
}

static bool has_type(peal_str content_type, peal_str type)
{
    peal_sip_value value;
    return content_type.p && peal_sip_value_decode(content_type, &value) >= 0 &&
           peal_str_ieq(value.value, type);
}

/* In depth first, which is the order of the bytes. Recursion ends at the limit of depth. */
static peal_result find_in(peal_sip_multipart *m, peal_str type, peal_sip_part *ret)
{
    peal_sip_multipart inner;
    peal_sip_part part;
    peal_result r;
    while ((r = peal_sip_multipart_next(m, &part)) == PEAL_OK) {
        if (has_type(part.content_type, type)) {
            *ret = part;
            return PEAL_OK;
        }
        if (!part.content_type.p) {
            continue;
        }
        r = peal_sip_multipart_init_inner(&inner, m, &part);
        if (r >= 0) {
            r = find_in(&inner, type, ret);
        }
        if (r != PEAL_E_NOT_FOUND) {
            return r;
        }
    }
    return r < 0 ? r : PEAL_E_NOT_FOUND;
}

peal_result peal_sip_packet_find_part(const peal_sip_packet *packet, peal_str type,
                                      peal_sip_part *ret)
{
    peal_str content_type = peal_sip_packet_value(packet, PEAL_SIP_HEADER_CONTENT_TYPE, 0);
    peal_sip_multipart m;
    if (!content_type.p || packet->body.n == 0) {
        return PEAL_E_NOT_FOUND;
    }
    if (has_type(content_type, type)) {
        *ret = (peal_sip_part){
            .text = packet->body,
            .head = peal_str_of(packet->body.p, 0),
            .body = packet->body,
            .content_type = content_type,
            .disposition = peal_sip_packet_value(packet, PEAL_SIP_HEADER_CONTENT_DISPOSITION, 0),
            .encoding =
                peal_sip_packet_value_named(packet, PEAL_STR("Content-Transfer-Encoding"), 0),
            .id = without_angles(peal_sip_packet_value_named(packet, PEAL_STR("Content-ID"), 0))
        };
        return PEAL_OK;
    }
    peal_result r = peal_sip_multipart_init(&m, content_type, packet->body, NULL);
    return r < 0 ? r : find_in(&m, type, ret);
}
