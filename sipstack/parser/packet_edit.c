/* SPDX-License-Identifier: MIT */
/* Changing single lines of a packet and single values of its lists. A line that is changed is
 * written anew into the arena, with the bytes that stay copied as they are; all others stay where
 * they were received. The packet's thread. RFC 3261 §7.3.1. */
#include "sipstack/parser/parser_inner.h"

static bool is_list(unsigned id)
{
    return peal_sip_kind_is_list((peal_sip_header_kind)peal__sip_header_rows[id].kind);
}

peal_result peal_sip_packet_insert_line(peal_sip_packet *packet, size_t index, peal_str name,
                                        peal_str value)
{
    peal__sip_header_line line;
    if (index > packet->line_count) {
        return PEAL_E_NOT_FOUND;
    }
    if (peal_sip_header_of(name) == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return PEAL_E_ARGUMENT;
    }
    peal_result r = peal__sip_packet_named_line(packet, name, value, &line);
    if (r >= 0) {
        peal__sip_packet_insert_at(packet, (uint32_t)index, &line);
    }
    return r;
}

peal_result peal_sip_packet_replace_line(peal_sip_packet *packet, size_t index, peal_str value)
{
    peal__sip_header_line line;
    if (index >= packet->line_count) {
        return PEAL_E_NOT_FOUND;
    }
    const peal__sip_header_line *old = &packet->lines[index];
    if (old->id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return PEAL_E_ARGUMENT;
    }
    peal_result r = peal__sip_packet_make_line(packet, peal__sip_line_name(old), &value, 1, &line);
    if (r >= 0) {
        line.id = old->id;
        peal__sip_packet_put_at(packet, (uint32_t)index, &line);
    }
    return r;
}

peal_result peal_sip_packet_remove_line(peal_sip_packet *packet, size_t index)
{
    if (index >= packet->line_count) {
        return PEAL_E_NOT_FOUND;
    }
    if (packet->lines[index].id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return PEAL_E_ARGUMENT;
    }
    peal__sip_packet_remove_at(packet, (uint32_t)index);
    return PEAL_OK;
}

peal_result peal_sip_packet_move_line(peal_sip_packet *packet, size_t from, size_t to)
{
    if (from >= packet->line_count || to >= packet->line_count) {
        return PEAL_E_NOT_FOUND;
    }
    if (from != to) {
        peal__sip_packet_move(packet, (uint32_t)from, (uint32_t)to);
    }
    return PEAL_OK;
}

size_t peal_sip_packet_remove_named(peal_sip_packet *packet, peal_str name)
{
    peal_sip_header_id id = peal_sip_header_of(name);
    return name.n ? peal__sip_packet_remove_from(packet, 0, (unsigned)id, name) : 0;
}

peal_result peal_sip_packet_set_named(peal_sip_packet *packet, peal_str name, peal_str value)
{
    peal__sip_header_line line;
    uint32_t index = 0;
    peal_result r = peal__sip_packet_named_line(packet, name, value, &line);
    if (r < 0) {
        return r;
    }
    while (index < packet->line_count && !peal__sip_line_is(&packet->lines[index], line.id, name)) {
        ++index;
    }
    if (index == packet->line_count) {
        peal__sip_packet_append(packet, &line);
    } else {
        peal__sip_packet_put_at(packet, index, &line);
        peal__sip_packet_remove_from(packet, index + 1, line.id, name);
    }
    return PEAL_OK;
}

/* A value in its line. */
typedef struct value_place {
    uint32_t index; /* of the line */
    size_t before;  /* values in front of it on its line */
    peal_str value;
    const char *prior_end; /* the end of the value before it, NULL for the first */
    const char *next;      /* the start of the value behind it, NULL for the last */
} value_place;

static bool next_value(unsigned id, peal_str *cursor, peal_str *ret, peal_result *ret_result)
{
    *ret_result = PEAL_OK;
    if (!is_list(id)) {
        bool there = cursor->p != NULL;
        *ret = *cursor;
        *cursor = peal_str_of(NULL, 0);
        return there;
    }
    *ret_result = peal__sip_next_value(id, cursor, ret);
    return *ret_result == PEAL_OK;
}

/* The nth value on a line; *nth is lessened by the values that were seen. */
static peal_result find_on_line(const peal__sip_header_line *line, size_t *nth, value_place *ret)
{
    peal_str cursor = peal__sip_line_value(line), value, behind;
    peal_result r;
    ret->prior_end = NULL;
    ret->next = NULL;
    for (ret->before = 0; next_value(line->id, &cursor, &value, &r); ++ret->before) {
        if ((*nth)-- > 0) {
            ret->prior_end = value.p + value.n;
            continue;
        }
        ret->value = value;
        if (next_value(line->id, &cursor, &behind, &r)) {
            ret->next = behind.p;
        }
        return r < 0 ? r : PEAL_OK;
    }
    return r < 0 ? r : PEAL_E_NOT_FOUND;
}

/* PEAL_E_NOT_FOUND: there are fewer; *nth tells then how many behind the last one. */
static peal_result find_value(const peal_sip_packet *packet, peal_sip_header_id id, size_t *nth,
                              value_place *ret)
{
    if (id <= PEAL_SIP_HEADER_OTHER || (unsigned)id >= PEAL_SIP_HEADER_COUNT) {
        return PEAL_E_ARGUMENT;
    }
    uint32_t i = packet->first[id] ? packet->first[id] - 1u : packet->line_count;
    for (; i < packet->line_count; ++i) {
        if (packet->lines[i].id != (uint8_t)id) {
            continue;
        }
        ret->index = i;
        peal_result r = find_on_line(&packet->lines[i], nth, ret);
        if (r != PEAL_E_NOT_FOUND) {
            return r;
        }
    }
    return PEAL_E_NOT_FOUND;
}

size_t peal_sip_packet_value_count(const peal_sip_packet *packet, peal_sip_header_id id)
{
    size_t left = SIZE_MAX;
    value_place place;
    (void)find_value(packet, id, &left, &place);
    return SIZE_MAX - left;
}

/* Exactly one value, which could stand in such a line. */
static peal_result value_ok(peal_sip_header_id id, peal_str value)
{
    peal_str cursor = peal__sip_trim(value), first, second;
    peal_result r;
    if (!peal__sip_text_ok(value) || !peal__sip_nuls_are_quoted(value) || cursor.n == 0 ||
        id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return PEAL_E_ARGUMENT;
    }
    if (!is_list((unsigned)id)) {
        return PEAL_OK;
    }
    const size_t whole = cursor.n;
    bool one = next_value((unsigned)id, &cursor, &first, &r) && first.n == whole &&
               !next_value((unsigned)id, &cursor, &second, &r) && r >= 0;
    return one ? PEAL_OK : PEAL_E_ARGUMENT;
}

/* The line with its bytes between two places replaced; what stays is copied as it is. */
static peal_result splice(peal_sip_packet *packet, uint32_t index, const char *from, const char *to,
                          const peal_str parts[2])
{
    const peal__sip_header_line *old = &packet->lines[index];
    const char *end = old->text + old->bytes;
    size_t added = parts[0].n + parts[1].n;
    if (added > PEAL__SIP_LINE_BYTES_MAX ||
        old->bytes - (size_t)(to - from) + added > PEAL__SIP_LINE_BYTES_MAX) {
        return PEAL_E_LIMIT;
    }
    size_t bytes = old->bytes - (size_t)(to - from) + added;
    char *text = peal_sip_packet_alloc(packet, bytes + 2);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    const peal_str pieces[] = { peal__sip_between(old->text, from), parts[0], parts[1],
                                peal__sip_between(to, end), PEAL_STR("\r\n") };
    char *out = text;
    for (size_t i = 0; i < PEAL_COUNT_OF(pieces); ++i) {
        if (pieces[i].n) {
            memcpy(out, pieces[i].p, pieces[i].n);
            out += pieces[i].n;
        }
    }
    peal__sip_header_line line = *old;
    line.text = text;
    line.typed = NULL;
    line.lf_only = false;
    line.bytes = (uint32_t)bytes;
    /* The value starts where it did, or behind more white space if its first bytes went. */
    peal_str value = peal__sip_trim(peal_str_of(text + old->value_at, bytes - old->value_at));
    line.value_at = (uint32_t)(value.n ? (size_t)(value.p - text) : bytes);
    line.value_bytes = (uint32_t)value.n;
    peal__sip_packet_put_at(packet, index, &line);
    return PEAL_OK;
}

/* In the arena, without folds, so that it can be put into a line. */
static peal_str unfolded(peal_sip_packet *packet, peal_str value)
{
    value = peal__sip_trim(value);
    if (!memchr(value.p, '\r', value.n)) {
        return value;
    }
    peal_str copy = peal__sip_packet_dup(packet, value);
    for (size_t i = 0; copy.p && i < copy.n; ++i) {
        if (copy.p[i] == '\r' || copy.p[i] == '\n') {
            ((char *)copy.p)[i] = ' ';
        }
    }
    return copy;
}

peal_result peal_sip_packet_replace_value(peal_sip_packet *packet, peal_sip_header_id id,
                                          size_t nth, peal_str value)
{
    value_place place;
    peal_result r = find_value(packet, id, &nth, &place);
    if (r >= 0) {
        r = value_ok(id, value);
    }
    if (r < 0) {
        return r;
    }
    const peal_str parts[2] = { unfolded(packet, value), PEAL_STR("") };
    if (!parts[0].p) {
        return PEAL_E_NO_MEMORY;
    }
    return splice(packet, place.index, place.value.p, place.value.p + place.value.n, parts);
}

/* A line of its own at this index. */
static peal_result insert_as_line(peal_sip_packet *packet, peal_sip_header_id id, uint32_t index,
                                  peal_str value)
{
    peal__sip_header_line line;
    peal_result r = peal__sip_packet_named_line(packet, peal_sip_header_name(id), value, &line);
    if (r >= 0) {
        peal__sip_packet_insert_at(packet, index, &line);
    }
    return r;
}

/* Behind the last line with this id, or all lines. */
static uint32_t end_of(const peal_sip_packet *packet, peal_sip_header_id id)
{
    uint32_t index = packet->line_count;
    while (packet->first[id] && packet->lines[index - 1].id != (uint8_t)id) {
        --index;
    }
    return index;
}

peal_result peal_sip_packet_insert_value(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                                         peal_str value)
{
    value_place place;
    peal_result r = find_value(packet, id, &nth, &place);
    if (r < 0 && !(r == PEAL_E_NOT_FOUND && nth == 0)) {
        return r;
    }
    bool found = r >= 0;
    r = value_ok(id, value);
    if (r < 0) {
        return r;
    }
    if (!found || place.before == 0) {
        return insert_as_line(packet, id, found ? place.index : end_of(packet, id), value);
    }
    const peal_str parts[2] = { unfolded(packet, value), PEAL_STR(", ") };
    if (!parts[0].p) {
        return PEAL_E_NO_MEMORY;
    }
    return splice(packet, place.index, place.value.p, place.value.p, parts);
}

peal_result peal_sip_packet_remove_value(peal_sip_packet *packet, peal_sip_header_id id, size_t nth)
{
    const peal_str nothing[2] = { PEAL_STR(""), PEAL_STR("") };
    value_place place;
    peal_result r = find_value(packet, id, &nth, &place);
    if (r < 0) {
        return r;
    }
    if (id == PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return PEAL_E_ARGUMENT;
    }
    const peal__sip_header_line *line = &packet->lines[place.index];
    if (place.next) {
        return splice(packet, place.index, place.value.p, place.next, nothing);
    }
    if (place.prior_end) {
        /* To the line's end: commas behind the last value go with it. */
        return splice(packet, place.index, place.prior_end, line->text + line->bytes, nothing);
    }
    peal__sip_packet_remove_at(packet, place.index);
    return PEAL_OK;
}

peal_result peal_sip_packet_pop(peal_sip_packet *packet, peal_sip_header_id id)
{
    const peal_str nothing[2] = { PEAL_STR(""), PEAL_STR("") };
    if ((unsigned)id >= PEAL_SIP_HEADER_COUNT || packet->first[id] == 0) {
        return PEAL_E_NOT_FOUND;
    }
    uint32_t index = packet->first[id] - 1u;
    peal_str rest = peal__sip_line_value(&packet->lines[index]), value = rest;
    if (is_list((unsigned)id)) {
        if (peal__sip_next_value((unsigned)id, &rest, &value) < 0) {
            return PEAL_E_SIP_HEADER;
        }
        /* The rest is not judged here. */
        const char *p = rest.p, *end = p + rest.n;
        while (p < end && (*p == ',' || peal__sip_in(*p, PEAL__SIP_WS))) {
            ++p;
        }
        if (p < end) {
            return splice(packet, index, value.p, p, nothing);
        }
    }
    peal__sip_packet_remove_at(packet, index);
    return PEAL_OK;
}
