/* SPDX-License-Identifier: MIT */
/* Header lines as text: reading, adding, replacing, removing. New text goes to the arena, old text
 * stays where it is, so views and copies live on. The packet's thread. RFC 3261 §7.3. */
#include "sipstack/parser/parser_inner.h"

size_t peal__sip_format_number(uint64_t number, char text[20])
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    for (size_t i = 0; i < n; ++i) {
        text[i] = digits[n - 1 - i];
    }
    return n;
}

bool peal__sip_text_ok(peal_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        if (text.p[i] == '\r' && text.n - i >= 3 && text.p[i + 1] == '\n' &&
            (text.p[i + 2] == ' ' || text.p[i + 2] == '\t')) {
            i += 2;
        } else if (text.p[i] == '\r' || text.p[i] == '\n') {
            return false;
        }
    }
    return true;
}

peal_result peal__sip_packet_reserve(peal_sip_packet *packet, uint32_t lines)
{
    if (packet->line_count + lines <= packet->line_room) {
        return PEAL_OK;
    }
    uint32_t room = packet->line_room * 2 + lines;
    if (room > PEAL__SIP_LINES_MAX) {
        return PEAL_E_LIMIT;
    }
    peal__sip_header_line *more = peal__sip_packet_alloc_object(packet, room * sizeof *more);
    if (!more) {
        return PEAL_E_NO_MEMORY;
    }
    memcpy(more, packet->lines, packet->line_count * sizeof *more);
    packet->lines = more;
    packet->line_room = room;
    return PEAL_OK;
}

static void rebuild_index(peal_sip_packet *packet)
{
    memset(packet->first, 0, sizeof packet->first);
    for (uint32_t i = packet->line_count; i > 0; --i) {
        packet->first[packet->lines[i - 1].id] = (uint16_t)i;
    }
}

void peal__sip_packet_append(peal_sip_packet *packet, const peal__sip_header_line *line)
{
    packet->lines[packet->line_count++] = *line;
    packet->head_bytes += line->bytes + 2;
    if (packet->first[line->id] == 0) {
        packet->first[line->id] = (uint16_t)packet->line_count;
    }
}

void peal__sip_packet_insert_at(peal_sip_packet *packet, uint32_t index,
                                const peal__sip_header_line *line)
{
    /* By lines: a packet has fewer of them than there are header names. */
    for (uint32_t i = packet->line_count; i > index; --i) {
        uint16_t *first = &packet->first[packet->lines[i - 1].id];
        if (*first == i) {
            *first = (uint16_t)(i + 1);
        }
    }
    memmove(&packet->lines[index + 1], &packet->lines[index],
            (packet->line_count - index) * sizeof *line);
    packet->lines[index] = *line;
    ++packet->line_count;
    packet->head_bytes += line->bytes + 2;
    if (packet->first[line->id] == 0 || packet->first[line->id] > index) {
        packet->first[line->id] = (uint16_t)(index + 1);
    }
}

bool peal__sip_line_is(const peal__sip_header_line *line, unsigned id, peal_str name)
{
    return line->id == id && (id != PEAL_SIP_HEADER_OTHER || !name.p ||
                              peal_str_ieq(peal__sip_line_name(line), name));
}

size_t peal__sip_packet_remove_from(peal_sip_packet *packet, uint32_t index, unsigned id,
                                    peal_str name)
{
    uint32_t kept = index;
    for (uint32_t i = index; i < packet->line_count; ++i) {
        if (peal__sip_line_is(&packet->lines[i], id, name)) {
            packet->head_bytes -= packet->lines[i].bytes + 2;
        } else {
            packet->lines[kept++] = packet->lines[i];
        }
    }
    size_t removed = packet->line_count - kept;
    packet->line_count = kept;
    if (removed) {
        rebuild_index(packet);
    }
    return removed;
}

void peal__sip_packet_put_at(peal_sip_packet *packet, uint32_t index,
                             const peal__sip_header_line *line)
{
    packet->head_bytes += line->bytes;
    packet->head_bytes -= packet->lines[index].bytes;
    packet->lines[index] = *line;
}

void peal__sip_packet_remove_at(peal_sip_packet *packet, uint32_t index)
{
    packet->head_bytes -= packet->lines[index].bytes + 2;
    --packet->line_count;
    memmove(&packet->lines[index], &packet->lines[index + 1],
            (packet->line_count - index) * sizeof *packet->lines);
    rebuild_index(packet);
}

void peal__sip_packet_move(peal_sip_packet *packet, uint32_t from, uint32_t to)
{
    peal__sip_header_line line = packet->lines[from];
    if (from < to) {
        memmove(&packet->lines[from], &packet->lines[from + 1], (to - from) * sizeof line);
    } else {
        memmove(&packet->lines[to + 1], &packet->lines[to], (from - to) * sizeof line);
    }
    packet->lines[to] = line;
    rebuild_index(packet);
}

void peal__sip_packet_replace(peal_sip_packet *packet, const peal__sip_header_line *line)
{
    if (packet->first[line->id] == 0) {
        peal__sip_packet_append(packet, line);
        return;
    }
    peal__sip_packet_put_at(packet, packet->first[line->id] - 1u, line);
    peal__sip_packet_remove_from(packet, packet->first[line->id], line->id, peal_str_of(NULL, 0));
}

static char *put(char *out, peal_str text)
{
    if (text.n) {
        memcpy(out, text.p, text.n);
    }
    return out + text.n;
}

/* RFC 3261 §7.3.1: a fold is as good as spaces. */
static void unfold(char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; ++i) {
        if (text[i] == '\r' || text[i] == '\n') {
            text[i] = ' ';
        }
    }
}

static bool has_low_byte(const char *p)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return ((bytes - each * ('\r' + 1)) & ~bytes & (each * 0x80)) != 0;
}

/* Nearly all text has none of the bytes that need a closer look: CR, LF and NUL are all below 14.
 * Eight at a time, the last eight overlapping those before. */
static bool is_plain(const char *text, size_t bytes)
{
    if (bytes < 8) {
        return false;
    }
    for (size_t i = 0; i + 8 < bytes; i += 8) {
        if (has_low_byte(text + i)) {
            return false;
        }
    }
    return !has_low_byte(text + bytes - 8);
}

static peal_result line_bytes(peal_str name, const peal_str *parts, size_t count, size_t *ret)
{
    size_t bytes = name.n + 2;
    if (name.n > PEAL__SIP_LINE_BYTES_MAX / 2) {
        return PEAL_E_LIMIT;
    }
    for (size_t i = 0; i < count; ++i) {
        if (parts[i].n > PEAL__SIP_LINE_BYTES_MAX - bytes) {
            return PEAL_E_LIMIT;
        }
        bytes += parts[i].n;
    }
    *ret = bytes;
    return PEAL_OK;
}

/* Folds may stand inside a part, never across two. */
static bool parts_ok(const peal_str *parts, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (!peal__sip_text_ok(parts[i])) {
            return false;
        }
    }
    return true;
}

peal_result peal__sip_packet_make_line(peal_sip_packet *packet, peal_str name,
                                       const peal_str *parts, size_t count,
                                       peal__sip_header_line *ret)
{
    size_t bytes = 0;
    peal_result r = line_bytes(name, parts, count, &bytes);
    if (r < 0) {
        return r;
    }
    char *text = peal_sip_packet_alloc(packet, bytes + 2);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    char *out = put(put(text, name), PEAL_STR(": "));
    for (size_t i = 0; i < count; ++i) {
        out = put(out, parts[i]);
    }
    bool plain = is_plain(text, bytes);
    if (!plain) {
        if (!parts_ok(parts, count)) {
            return PEAL_E_ARGUMENT;
        }
        unfold(text + name.n + 2, bytes - name.n - 2);
    }
    put(out, PEAL_STR("\r\n"));
    peal_str value = peal__sip_trim(peal__sip_between(text + name.n + 2, out));
    if (!plain && !peal__sip_nuls_are_quoted(value)) {
        return PEAL_E_ARGUMENT;
    }
    *ret =
        (peal__sip_header_line){ .text = text,
                                 .bytes = (uint32_t)bytes,
                                 .value_at = (uint32_t)(value.n ? (size_t)(value.p - text) : bytes),
                                 .value_bytes = (uint32_t)value.n,
                                 .name_bytes = (uint16_t)name.n };
    return PEAL_OK;
}

/* A new line with a known id, and room for it. */
static peal_result new_line(peal_sip_packet *packet, peal_sip_header_id id, const peal_str *parts,
                            size_t count, peal__sip_header_line *ret)
{
    char number[20];
    peal_str length;
    if (id <= PEAL_SIP_HEADER_OTHER || (unsigned)id >= PEAL_SIP_HEADER_COUNT) {
        return PEAL_E_ARGUMENT;
    }
    if (id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        length = peal_str_of(number, peal__sip_format_number(packet->body.n, number));
        parts = &length;
        count = 1;
    }
    peal_result r = peal__sip_packet_reserve(packet, 1);
    if (r >= 0) {
        r = peal__sip_packet_make_line(packet, peal_sip_header_name(id), parts, count, ret);
    }
    if (r >= 0) {
        ret->id = (uint8_t)id;
    }
    return r;
}

/* Content-Length stands once, whoever adds it. */
static bool replaces(const peal_sip_packet *packet, const peal__sip_header_line *line)
{
    return line->id == PEAL_SIP_HEADER_CONTENT_LENGTH && packet->first[line->id] != 0;
}

static void add_line(peal_sip_packet *packet, const peal__sip_header_line *line)
{
    if (replaces(packet, line)) {
        peal__sip_packet_replace(packet, line);
    } else {
        peal__sip_packet_append(packet, line);
    }
}

peal_result peal_sip_packet_addv(peal_sip_packet *packet, peal_sip_header_id id,
                                 const peal_str *parts, size_t count)
{
    peal__sip_header_line line;
    peal_result r = new_line(packet, id, parts, count, &line);
    if (r >= 0) {
        add_line(packet, &line);
    }
    return r;
}

peal_result peal_sip_packet_pushv(peal_sip_packet *packet, peal_sip_header_id id,
                                  const peal_str *parts, size_t count)
{
    peal__sip_header_line line;
    peal_result r = new_line(packet, id, parts, count, &line);
    if (r >= 0 && replaces(packet, &line)) {
        peal__sip_packet_replace(packet, &line);
    } else if (r >= 0) {
        peal__sip_packet_insert_at(packet, packet->first[id] ? packet->first[id] - 1u : 0, &line);
    }
    return r;
}

peal_result peal_sip_packet_setv(peal_sip_packet *packet, peal_sip_header_id id,
                                 const peal_str *parts, size_t count)
{
    peal__sip_header_line line;
    peal_result r = new_line(packet, id, parts, count, &line);
    if (r >= 0) {
        peal__sip_packet_replace(packet, &line);
    }
    return r;
}

peal_result peal_sip_packet_set_number(peal_sip_packet *packet, peal_sip_header_id id,
                                       uint32_t number)
{
    char text[20];
    return peal_sip_packet_set(packet, id,
                               peal_str_of(text, peal__sip_format_number(number, text)));
}

peal_result peal__sip_packet_named_line(peal_sip_packet *packet, peal_str name, peal_str value,
                                        peal__sip_header_line *ret)
{
    if (name.n == 0 ||
        peal__sip_skip(name.p, name.p + name.n, PEAL__SIP_TOKEN) != name.p + name.n) {
        return PEAL_E_ARGUMENT;
    }
    peal_sip_header_id id = peal__sip_header_of_token(name);
    if (id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return new_line(packet, id, &value, 1, ret);
    }
    peal_result r = peal__sip_packet_reserve(packet, 1);
    if (r >= 0) {
        r = peal__sip_packet_make_line(packet, name, &value, 1, ret);
    }
    if (r >= 0) {
        ret->id = (uint8_t)id;
    }
    return r;
}

peal_result peal_sip_packet_add_named(peal_sip_packet *packet, peal_str name, peal_str value)
{
    peal__sip_header_line line;
    peal_result r = peal__sip_packet_named_line(packet, name, value, &line);
    if (r >= 0) {
        add_line(packet, &line);
    }
    return r;
}

peal_result peal__sip_packet_append_copy(peal_sip_packet *packet, const peal__sip_header_line *line)
{
    peal_result r = peal__sip_packet_reserve(packet, 1);
    if (r < 0) {
        return r;
    }
    char *text = peal_sip_packet_alloc(packet, (size_t)line->bytes + 2);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    put(put(text, peal_str_of(line->text, line->bytes)), PEAL_STR("\r\n"));
    peal__sip_header_line copy = *line;
    copy.text = text;
    copy.typed = NULL;
    copy.lf_only = false;
    peal__sip_packet_append(packet, &copy);
    return PEAL_OK;
}

peal_result peal_sip_packet_add_from(peal_sip_packet *packet, const peal_sip_packet *other,
                                     peal_sip_header_id id)
{
    /* The count is taken once: both may be the same packet. */
    uint32_t count = other->line_count;
    if (id == PEAL_SIP_HEADER_CONTENT_LENGTH || (unsigned)id >= PEAL_SIP_HEADER_COUNT) {
        return PEAL_E_ARGUMENT; /* Content-Length goes with the body */
    }
    for (uint32_t i = 0; i < count; ++i) {
        if (other->lines[i].id != (uint8_t)id) {
            continue;
        }
        peal__sip_header_line line = other->lines[i];
        peal_result r = peal__sip_packet_append_copy(packet, &line);
        if (r < 0) {
            return r;
        }
    }
    return PEAL_OK;
}

size_t peal_sip_packet_remove(peal_sip_packet *packet, peal_sip_header_id id)
{
    if ((unsigned)id >= PEAL_SIP_HEADER_COUNT || packet->first[id] == 0) {
        return 0;
    }
    return peal__sip_packet_remove_from(packet, packet->first[id] - 1u, (unsigned)id,
                                        peal_str_of(NULL, 0));
}

size_t peal_sip_packet_line_count(const peal_sip_packet *packet)
{
    return packet->line_count;
}

static void show(const peal__sip_header_line *line, peal_sip_line *ret)
{
    ret->id = (peal_sip_header_id)line->id;
    ret->name = peal__sip_line_name(line);
    ret->value = peal__sip_line_value(line);
}

peal_result peal_sip_packet_line(const peal_sip_packet *packet, size_t index, peal_sip_line *ret)
{
    if (index >= packet->line_count) {
        return PEAL_E_NOT_FOUND;
    }
    show(&packet->lines[index], ret);
    return PEAL_OK;
}

peal_str peal_sip_packet_value(const peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    size_t i = (unsigned)id < PEAL_SIP_HEADER_COUNT ? packet->first[id] : 0;
    for (; i && i <= packet->line_count; ++i) {
        if (packet->lines[i - 1].id == (uint8_t)id && nth-- == 0) {
            return peal__sip_line_value(&packet->lines[i - 1]);
        }
    }
    return peal_str_of(NULL, 0);
}

peal_str peal_sip_packet_value_named(const peal_sip_packet *packet, peal_str name, size_t nth)
{
    peal_sip_header_id id = peal_sip_header_of(name);
    if (id != PEAL_SIP_HEADER_OTHER) {
        return peal_sip_packet_value(packet, id, nth);
    }
    for (uint32_t i = 0; i < packet->line_count; ++i) {
        const peal__sip_header_line *line = &packet->lines[i];
        if (line->id == PEAL_SIP_HEADER_OTHER && peal_str_ieq(peal__sip_line_name(line), name) &&
            nth-- == 0) {
            return peal__sip_line_value(line);
        }
    }
    return peal_str_of(NULL, 0);
}

bool peal_sip_packet_has(const peal_sip_packet *packet, peal_sip_header_id id)
{
    return (unsigned)id < PEAL_SIP_HEADER_COUNT && packet->first[id] != 0;
}
