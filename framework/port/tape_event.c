/* SPDX-License-Identifier: MIT */
/* Role: events of a recording as bytes and as text. Thread: any. */
#include <inttypes.h>
#include <stdio.h>

#include "framework/port/tape.h"

/* NUMBER_MAX: bytes of a number, ADDRESS_MAX: of an address. */
enum { NUMBER_MAX = 10, ADDRESS_MAX = 1 + 16 + 5 + 2 };

/* Fields in their order: a, b numbers; r result; p, l addresses; t, d bytes. */
static const struct {
    const char *name;
    const char *fields;
} kinds[PEAL__TAPE_TAGS] = {
    [PEAL__TAPE_NONE] = { "nothing", "" },
    [PEAL__TAPE_NOTE] = { "note", "td" },
    [PEAL__TAPE_LOOP] = { "loop", "ar" },
    [PEAL__TAPE_CLOCK] = { "clock", "b" },
    [PEAL__TAPE_WALL] = { "wall clock", "b" },
    [PEAL__TAPE_RANDOM] = { "random", "rd" },
    [PEAL__TAPE_TURN] = { "turn", "d" },
    [PEAL__TAPE_MESSAGES] = { "messages", "d" },
    [PEAL__TAPE_LEFT] = { "left messages", "d" },
    [PEAL__TAPE_READABLE] = { "readable", "ab" },
    [PEAL__TAPE_WRITABLE] = { "writable", "a" },
    [PEAL__TAPE_OPEN] = { "open", "arp" },
    [PEAL__TAPE_LOCAL] = { "address", "arl" },
    [PEAL__TAPE_RECV] = { "receive", "arb" },
    [PEAL__TAPE_IN] = { "received", "rpld" },
    [PEAL__TAPE_SEND] = { "send", "ab" },
    [PEAL__TAPE_OUT] = { "sent", "pld" },
    [PEAL__TAPE_SENT] = { "send result", "rbd" },
    [PEAL__TAPE_ERROR] = { "error queue", "arbpd" },
    [PEAL__TAPE_WANT] = { "want", "ab" },
    [PEAL__TAPE_CLOSE] = { "close", "a" },
    [PEAL__TAPE_SEEN] = { "seen", "b" },
    [PEAL__TAPE_RAN] = { "ran", "ab" },
    [PEAL__TAPE_END] = { "end", "" },
};

/* ---- numbers ---- */

uint8_t *peal__tape_put_number(uint8_t *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7) {
        *to++ = (uint8_t)(number | 0x80);
    }
    *to++ = (uint8_t)number;
    return to;
}

const uint8_t *peal__tape_get_number(const uint8_t *from, const uint8_t *end, uint64_t *ret)
{
    uint64_t number = 0;
    for (int shift = 0; from < end && shift < 64; shift += 7) {
        uint8_t byte = *from++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = number;
            return from;
        }
    }
    return NULL;
}

uint64_t peal__tape_sum(const uint8_t *bytes, size_t count)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t sum = count * odd + 1;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word); /* a recording is read where it was made */
        sum = (sum ^ word) * odd;
        sum ^= sum >> 32;
    }
    for (; count > 0; --count) {
        sum = (sum ^ *bytes++) * odd;
        sum ^= sum >> 32;
    }
    return sum ? sum : 1;
}

/* ---- writing ---- */

size_t peal__tape_event_room(const peal__tape_event *event)
{
    return 1 + 5 * NUMBER_MAX + 2 * ADDRESS_MAX + event->text.n + event->data.n;
}

static uint8_t *put_address(uint8_t *to, const peal_socket_addr *a)
{
    *to++ = a->family;
    if (a->family == PEAL_AF_NONE) {
        return to;
    }
    size_t n = a->family == PEAL_AF_IPV4 ? 4 : 16;
    memcpy(to, a->ip, n);
    to = peal__tape_put_number(to + n, a->scope);
    *to++ = (uint8_t)a->port;
    *to++ = (uint8_t)(a->port >> 8);
    return to;
}

static uint8_t *put_bytes(uint8_t *to, peal_str bytes)
{
    to = peal__tape_put_number(to, bytes.n);
    if (bytes.n) {
        memcpy(to, bytes.p, bytes.n);
    }
    return to + bytes.n;
}

uint8_t *peal__tape_event_write(const peal__tape_event *event, uint8_t *to)
{
    ++to;
    for (const char *field = kinds[event->tag].fields; *field; ++field) {
        switch (*field) {
        case 'a':
            to = peal__tape_put_number(to, event->a);
            break;
        case 'b':
            to = peal__tape_put_number(to, event->b);
            break;
        case 'r':
            to = peal__tape_put_number(to, peal__tape_zigzag(event->result));
            break;
        case 'p':
            to = put_address(to, &event->peer);
            break;
        case 'l':
            to = put_address(to, &event->local);
            break;
        default:
            to = put_bytes(to, *field == 't' ? event->text : event->data);
            break;
        }
    }
    return to;
}

/* ---- reading ---- */

/* What is read, and why it stopped: short of bytes is not the same as wrong. */
typedef struct scan {
    const uint8_t *at, *end;
    bool is_short, is_wrong;
} scan;

static uint64_t get_number(scan *s)
{
    uint64_t number = 0;
    const uint8_t *at = peal__tape_get_number(s->at, s->end, &number);
    if (!at) {
        s->is_short = s->end - s->at < NUMBER_MAX;
        s->is_wrong = !s->is_short;
        s->at = s->end;
        return 0;
    }
    s->at = at;
    return number;
}

static const uint8_t *get_piece(scan *s, uint64_t bytes)
{
    const uint8_t *piece = s->at;
    if (bytes > (uint64_t)(s->end - s->at)) {
        s->is_wrong = bytes > PEAL__TAPE_SEGMENT_MAX;
        s->is_short = !s->is_wrong;
        s->at = s->end;
        return NULL;
    }
    s->at += bytes;
    return piece;
}

static void get_address(scan *s, peal_socket_addr *ret)
{
    const uint8_t *piece = get_piece(s, 1);
    if (!piece || *piece == PEAL_AF_NONE) {
        return;
    }
    if (*piece != PEAL_AF_IPV4 && *piece != PEAL_AF_IPV6) {
        s->is_wrong = true;
        return;
    }
    ret->family = *piece;
    size_t n = ret->family == PEAL_AF_IPV4 ? 4 : 16;
    piece = get_piece(s, n);
    if (piece) {
        memcpy(ret->ip, piece, n);
    }
    ret->scope = (uint32_t)get_number(s);
    piece = get_piece(s, 2);
    if (piece) {
        ret->port = (uint16_t)(piece[0] | piece[1] << 8);
    }
}

static peal_str get_bytes(scan *s)
{
    uint64_t n = get_number(s);
    const uint8_t *piece = get_piece(s, n);
    return piece ? peal_str_of((const char *)piece, (size_t)n) : peal_str_of(NULL, 0);
}

static void get_field(scan *s, char field, peal__tape_event *event)
{
    switch (field) {
    case 'a':
        event->a = get_number(s);
        break;
    case 'b':
        event->b = get_number(s);
        break;
    case 'r': {
        int64_t result = peal__tape_unzigzag(get_number(s));
        s->is_wrong = s->is_wrong || result > INT32_MAX || result < INT32_MIN;
        event->result = (peal_result)result;
        break;
    }
    case 'p':
        get_address(s, &event->peer);
        break;
    case 'l':
        get_address(s, &event->local);
        break;
    case 't':
        event->text = get_bytes(s);
        break;
    default:
        event->data = get_bytes(s);
        break;
    }
}

size_t peal__tape_event_read(const uint8_t *from, size_t bytes, peal__tape_event *ret)
{
    scan s = { .at = from + 1, .end = from + bytes };
    peal__tape_event event = { .tag = PEAL__TAPE_NONE };
    if (bytes == 0) {
        return 0;
    }
    if (*from == PEAL__TAPE_NONE || *from >= PEAL__TAPE_TAGS) {
        return SIZE_MAX;
    }
    event.tag = (peal__tape_tag)*from;
    for (const char *field = kinds[event.tag].fields; *field && !s.is_short && !s.is_wrong;
         ++field) {
        get_field(&s, *field, &event);
    }
    if (s.is_wrong || s.is_short) {
        return s.is_wrong ? SIZE_MAX : 0;
    }
    *ret = event;
    return (size_t)(s.at - from);
}

/* ---- for people ---- */

const char *peal__tape_event_name(peal__tape_tag tag)
{
    return kinds[tag].name;
}

static size_t add(char *to, size_t bytes, size_t at, int n)
{
    (void)to;
    return n < 0 ? at : at + (size_t)n < bytes ? at + (size_t)n : bytes - 1;
}

static size_t add_runs(const peal__tape_event *event, char *to, size_t bytes, size_t at)
{
    const uint8_t *p = (const uint8_t *)event->data.p;
    const uint8_t *end = p + event->data.n;
    for (uint64_t sender, count; p && p < end;) {
        if (!(p = peal__tape_get_number(p, end, &sender)) ||
            !(p = peal__tape_get_number(p, end, &count))) {
            break;
        }
        at = add(to, bytes, at, snprintf(to + at, bytes - at, " %" PRIu64 " of %" PRIu64, count,
                                         sender));
    }
    return at;
}

size_t peal__tape_event_text(const peal__tape_event *event, char *to, size_t bytes)
{
    char address[PEAL_SOCKET_ADDR_TEXT_MAX];
    size_t at = add(to, bytes, 0, snprintf(to, bytes, "%s", kinds[event->tag].name));
    if (event->tag == PEAL__TAPE_TURN || event->tag == PEAL__TAPE_MESSAGES ||
        event->tag == PEAL__TAPE_LEFT) {
        return add_runs(event, to, bytes, at);
    }
    for (const char *field = kinds[event->tag].fields; *field; ++field) {
        char *here = to + at;
        size_t room = bytes - at;
        int n = 0;
        if (*field == 'a' || *field == 'b') {
            n = snprintf(here, room, " %" PRIu64, *field == 'a' ? event->a : event->b);
        } else if (*field == 'r' && event->result != PEAL_OK) {
            n = snprintf(here, room, " %s", peal_result_name(event->result));
        } else if (*field == 'p' || *field == 'l') {
            (void)peal_socket_addr_format(*field == 'p' ? &event->peer : &event->local, true,
                                          address);
            n = snprintf(here, room, " %s %s", *field == 'p' ? "peer" : "local", address);
        } else if (*field == 't') {
            n = snprintf(here, room, " %.*s", PEAL_STR_ARG(event->text));
        } else if (*field == 'd' && event->data.n) {
            n = snprintf(here, room, ", %zu bytes", event->data.n);
        }
        at = add(to, bytes, at, n);
    }
    return at;
}
