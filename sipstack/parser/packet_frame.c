/* SPDX-License-Identifier: MIT */
/* The first pass over a received message: start line, header lines with their ids, body. One pass
 * that stops only at CR, LF and NUL; no header's grammar is run. Nothing is read outside of the
 * bytes given. Any thread. RFC 3261 §7, §18.3; what is decided beyond: doc/guide/packets.md. */
#include "sipstack/parser/parser_inner.h"

#if PEAL__SSE2
/* One bit for each of 16 bytes that is CR, LF or NUL. */
static inline uint64_t stop_bits(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\r')),
                                            _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'))),
                               _mm_cmpeq_epi8(v, _mm_setzero_si128()));
    return (uint32_t)_mm_movemask_epi8(hit);
}
#endif

/* The first CR, LF or NUL; end if there is none. By 64 bytes, since most lines are shorter: then
 * how often the loop runs is easy to predict. */
static inline const char *find_stop(const char *p, const char *end)
{
#if PEAL__SSE2
    for (; end - p >= 64; p += 64) {
        uint64_t bits = stop_bits(p) | stop_bits(p + 16) << 16 | stop_bits(p + 32) << 32 |
                        stop_bits(p + 48) << 48;
        if (bits) {
            return p + __builtin_ctzll(bits);
        }
    }
    for (; end - p >= 16; p += 16) {
        uint64_t bits = stop_bits(p);
        if (bits) {
            return p + __builtin_ctzll(bits);
        }
    }
#elif PEAL__NEON
    for (; end - p >= 16; p += 16) {
        uint8x16_t v = vld1q_u8((const uint8_t *)p);
        uint8x16_t hit = vorrq_u8(
            vorrq_u8(vceqq_u8(v, vdupq_n_u8('\r')), vceqq_u8(v, vdupq_n_u8('\n'))), vceqzq_u8(v));
        if (vmaxvq_u8(hit)) {
            break;
        }
    }
#endif
    while (p < end && *p != '\r' && *p != '\n' && *p != '\0') {
        ++p;
    }
    return p;
}

void peal__sip_frame_fault(peal__sip_frame *frame, peal_result result, const char *at,
                           peal_sip_header_id id, const char *reason)
{
    if (frame->fault.result == PEAL_OK) {
        frame->fault = (peal_sip_fault){
            .result = result, .offset = (uint32_t)(at - frame->base), .header = id, .reason = reason
        };
    }
}

static bool needed_for_response(unsigned id)
{
    return id == PEAL_SIP_HEADER_VIA || id == PEAL_SIP_HEADER_FROM || id == PEAL_SIP_HEADER_TO ||
           id == PEAL_SIP_HEADER_CALL_ID || id == PEAL_SIP_HEADER_CSEQ;
}

/* A line that is broken in itself. What a response would copy must not be. */
static void broken_line(peal__sip_frame *frame, unsigned id, peal_result result, const char *at,
                        const char *reason)
{
    frame->unanswerable |= needed_for_response(id);
    peal__sip_frame_fault(frame, result, at, (peal_sip_header_id)id, reason);
}

/* A line found by take_line(). */
typedef struct span {
    const char *stop; /* where the line end starts */
    const char *next; /* after the line end */
    const char *bad;  /* a bare CR, or a bare LF before a fold */
    bool has_nul;
    bool lf_only;
} span;

/* Finds where the line with its folds ends, from anywhere inside it; false: the data ends before.
 */
static bool take_line(const char *p, const char *end, span *ret)
{
    for (;;) {
        p = find_stop(p, end);
        if (PEAL_LIKELY(end - p > 2 && p[0] == '\r' && p[1] == '\n' && p[2] != ' ' &&
                        p[2] != '\t')) {
            ret->stop = p;
            ret->next = p + 2;
            return true;
        }
        if (end - p < 2 && (p == end || *p == '\r')) {
            return false;
        }
        if (*p == '\0') {
            ret->has_nul = true;
            ++p;
            continue;
        }
        bool lf_only = *p == '\n';
        if (!lf_only && p[1] != '\n') {
            ret->bad = ret->bad ? ret->bad : p;
            ++p;
            continue;
        }
        const char *next = p + (lf_only ? 1 : 2);
        if (next < end && (*next == ' ' || *next == '\t')) {
            /* RFC 3261 §7.3.1: a fold. One after a bare LF would be sent on as it is and might be
             * read differently by the next element. */
            ret->bad = lf_only && !ret->bad ? p : ret->bad;
            p = next + 1;
            continue;
        }
        ret->stop = p;
        ret->next = next;
        ret->lf_only = lf_only;
        return true;
    }
}

static bool grow(peal__sip_frame *frame)
{
    uint32_t room = frame->line_room * 4;
    room = room < frame->line_limit ? room : frame->line_limit;
    peal__sip_header_line *lines = peal_alloc(room * sizeof *lines);
    if (!lines) {
        return false;
    }
    memcpy(lines, frame->lines, frame->line_count * sizeof *lines);
    if (frame->lines != frame->few) {
        peal_free(frame->lines);
    }
    frame->lines = lines;
    frame->line_room = room;
    return true;
}

static void check_single(peal__sip_frame *frame, unsigned id, const char *at)
{
    if (frame->first[id] == 0) {
        frame->first[id] = (uint16_t)(frame->line_count + 1);
    } else if (peal__sip_header_rows[id].single == 1) {
        peal__sip_frame_fault(frame, PEAL_E_SIP_DUPLICATE_HEADER, at, (peal_sip_header_id)id,
                              "a header that must stand once stands twice");
    }
}

static void note_line(peal__sip_frame *frame, peal_str name, unsigned id, const char *value,
                      const span *found)
{
    peal__sip_header_line *line = &frame->lines[frame->line_count];
    const char *p = name.p;
    const char *value_stop = found->stop;
    while (value_stop > value && peal__sip_in(value_stop[-1], PEAL__SIP_WS)) {
        --value_stop;
    }
    if (PEAL_UNLIKELY(found->bad != NULL)) {
        broken_line(frame, id, PEAL_E_SIP_HEADER, found->bad, "a bare CR or LF in a header");
    }
    if (PEAL_UNLIKELY(found->has_nul) &&
        !peal__sip_nuls_are_quoted(peal__sip_between(p, found->stop))) {
        broken_line(frame, id, PEAL_E_SIP_NUL, memchr(p, '\0', (size_t)(found->stop - p)),
                    "a NUL in a header");
    }
    check_single(frame, id, p);
    frame->head_bytes += (size_t)(found->stop - p) + 2;
    line->text = p;
    line->typed = NULL;
    line->bytes = (uint32_t)(found->stop - p);
    line->value_at = (uint32_t)(value - p);
    line->value_bytes = (uint32_t)(value_stop - value);
    line->name_bytes = (uint16_t)name.n;
    line->id = (uint8_t)id;
    line->lf_only = found->lf_only;
    ++frame->line_count;
}

/* The header whose name, in its usual spelling, and a colon are the next bytes, of which there must
 * be 32; OTHER: something else. The bytes are compared with the table's as two vectors. */
static inline unsigned usual_name(const char *p, size_t *ret_bytes)
{
#if PEAL__SSE2
    const __m128i colon = _mm_set1_epi8(':');
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    uint32_t colons = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, colon)) |
                      (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, colon)) << 16;
    if (colons == 0 || (colons & 1)) {
        return PEAL_SIP_HEADER_OTHER;
    }
    size_t n = (size_t)__builtin_ctz(colons);
    unsigned id = peal__sip_header_slots[peal__sip_header_hash(p, n)];
    const peal__sip_header_row *row = &peal__sip_header_rows[id];
    const __m128i *name = (const __m128i *)(const void *)row->padded;
    uint32_t same = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, _mm_loadu_si128(name))) |
                    (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, _mm_loadu_si128(name + 1)))
                        << 16;
    uint32_t wanted = (UINT32_C(1) << n) - 1;
#else
    const char *stop = memchr(p, ':', 32);
    if (!stop || stop == p) {
        return PEAL_SIP_HEADER_OTHER;
    }
    size_t n = (size_t)(stop - p);
    unsigned id = peal__sip_header_slots[peal__sip_header_hash(p, n)];
    const peal__sip_header_row *row = &peal__sip_header_rows[id];
    uint32_t same = memcmp(p, row->padded, n) == 0, wanted = 1;
#endif
    *ret_bytes = n;
    return n == row->name.n && (same & wanted) == wanted ? id : PEAL_SIP_HEADER_OTHER;
}

/* Indexes lines as long as they are of the usual kind: a known name in its usual spelling, the
 * colon right behind it, a value without white space at its end, CRLF, no fold. Gives the first
 * line that is not, for header_line(). This is where most bytes of most messages pass. */
static const char *usual_lines(peal__sip_frame *frame, const char *p)
{
    const char *start = p;
    const char *end = frame->end;
    const ptrdiff_t limit = frame->line_bytes_limit;
    peal__sip_header_line *line = frame->lines + frame->line_count;
    peal__sip_header_line *last = frame->lines + frame->line_room;
    for (; line < last; ++line) {
        size_t name = 0;
        const char *at = p;
        char few[32];
        if (PEAL_UNLIKELY(end - p < 32)) {
            /* Often a Content-Length of 0 and the blank line are the last bytes. */
            memset(few, 0, sizeof few);
            memcpy(few, p, (size_t)(end - p));
            at = few;
        }
        unsigned id = usual_name(at, &name);
        if (id == PEAL_SIP_HEADER_OTHER || end - p <= (ptrdiff_t)name + 1) {
            break;
        }
        const char *value = p + name + 1;
        value += *value == ' ';
        /* From p, not from value: neither search waits for the other. */
        const char *stop = find_stop(p, end);
        if (end - stop <= 2 || memcmp(stop, "\r\n", 2) != 0 || stop[2] == ' ' || stop[2] == '\t' ||
            peal__sip_in(*value, PEAL__SIP_WS) || peal__sip_in(stop[-1], PEAL__SIP_WS) ||
            stop - p > limit) {
            break;
        }
        if (frame->first[id] == 0) {
            frame->first[id] = (uint16_t)(line - frame->lines + 1);
        } else if (peal__sip_header_rows[id].single == 1) {
            break;
        }
        line->text = p;
        line->typed = NULL;
        line->bytes = (uint32_t)(stop - p);
        line->value_at = (uint32_t)(value - p);
        line->value_bytes = (uint32_t)(stop - value);
        line->name_bytes = (uint16_t)name;
        line->id = (uint8_t)id;
        line->lf_only = false;
        p = stop + 2;
    }
    frame->line_count = (uint32_t)(line - frame->lines);
    frame->head_bytes += (size_t)(p - start);
    return p;
}

const char *peal__sip_take_name(const char *p, const char *end, peal_str *ret_name,
                                peal_sip_header_id *ret_id)
{
    const char *stop = peal__sip_skip(p, end, PEAL__SIP_TOKEN);
    *ret_name = peal__sip_between(p, stop);
    /* RFC 3261 §25.1, HCOLON: white space before the colon, but no other octet. */
    while (stop < end && (*stop == ' ' || *stop == '\t')) {
        ++stop;
    }
    if (ret_name->n == 0 || stop == end || *stop != ':') {
        return NULL;
    }
    *ret_id = peal__sip_header_of_token(*ret_name);
    return stop + 1;
}

/* A line that cannot be indexed is left out: the message is faulty then. */
static peal_result header_line(peal__sip_frame *frame, const char *p, const char *end,
                               const char **ret_next)
{
    span found = { .stop = NULL };
    peal_str name = { NULL, 0 };
    peal_sip_header_id id = PEAL_SIP_HEADER_OTHER;
    const char *value = peal__sip_take_name(p, end, &name, &id);
    if (!take_line(value ? value : p, end, &found)) {
        peal__sip_frame_fault(frame, PEAL_E_SIP_INCOMPLETE, end, PEAL_SIP_HEADER_OTHER,
                              "the message ends inside a header");
        *ret_next = end;
        return PEAL_OK;
    }
    *ret_next = found.next;
    if (!value || name.n > UINT16_MAX) {
        peal__sip_frame_fault(frame, PEAL_E_SIP_HEADER, p, PEAL_SIP_HEADER_OTHER,
                              "a header line without a name and a colon");
        return PEAL_OK;
    }
    bool room = frame->line_count < frame->line_room;
    if (PEAL_UNLIKELY((!room && frame->line_count >= frame->line_limit) ||
                      found.stop - p > frame->line_bytes_limit)) {
        peal__sip_frame_fault(frame, PEAL_E_LIMIT, p, PEAL_SIP_HEADER_OTHER,
                              "too many header lines or too long a line");
        return PEAL_OK;
    }
    if (!room && !grow(frame)) {
        return PEAL_E_NO_MEMORY;
    }
    while (value < found.stop && peal__sip_in(*value, PEAL__SIP_WS)) {
        ++value;
    }
    note_line(frame, name, (unsigned)id, value, &found);
    return PEAL_OK;
}

/* All lines up to the blank one. */
static peal_result header_lines(peal__sip_frame *frame, const char *p)
{
    const char *end = frame->end;
    while (p < end) {
        if (*p < ' ' && (*p == '\n' || (*p == '\r' && end - p >= 2 && p[1] == '\n'))) {
            frame->tail = *p == '\r' ? p : NULL;
            frame->has_blank_line = true;
            p += *p == '\r' ? 2 : 1;
            frame->body = peal__sip_between(p, end);
            return PEAL_OK;
        }
        const char *line = usual_lines(frame, p);
        if (line != p) {
            p = line;
            continue;
        }
        peal_result r = header_line(frame, p, end, &p);
        if (r < 0) {
            return r;
        }
    }
    if (!frame->is_fragment) {
        peal__sip_frame_fault(frame, PEAL_E_SIP_INCOMPLETE, end, PEAL_SIP_HEADER_OTHER,
                              "the blank line after the headers is missing");
    }
    frame->body = peal_str_of(end, 0);
    return PEAL_OK;
}

/* RFC 3261 §18.3: bytes beyond are dropped; fewer is an error; without it a datagram's rest. */
static void cut_body(peal__sip_frame *frame)
{
    unsigned first = frame->first[PEAL_SIP_HEADER_CONTENT_LENGTH];
    if (first == 0) {
        return;
    }
    const peal__sip_header_line *line = &frame->lines[first - 1];
    uint32_t length = 0;
    if (peal__sip_number_decode(peal__sip_line_value(line), &length) < 0) {
        peal__sip_frame_fault(frame, PEAL_E_SIP_HEADER, peal__sip_suspect(line),
                              PEAL_SIP_HEADER_CONTENT_LENGTH, "malformed Content-Length");
    } else if (length > frame->body.n) {
        peal__sip_frame_fault(frame, PEAL_E_SIP_CONTENT_LENGTH, line->text + line->value_at,
                              PEAL_SIP_HEADER_CONTENT_LENGTH,
                              "Content-Length is larger than the body");
    } else {
        frame->body.n = length;
    }
}

static uint32_t limit_of(uint32_t given, uint32_t usual, uint32_t most)
{
    uint32_t limit = given ? given : usual;
    return limit < most ? limit : most;
}

static peal_result frame_fail(peal__sip_frame *frame, peal_result result, const char *at,
                              const char *reason)
{
    peal__sip_frame_fault(frame, result, at, PEAL_SIP_HEADER_OTHER, reason);
    return result;
}

static peal_result begin(peal__sip_frame *frame, peal_str bytes, const peal_sip_limits *limits)
{
    static const peal_sip_limits usual = { .size = sizeof usual };
    limits = limits ? limits : &usual;
    const char *p = bytes.n ? bytes.p : "";
    peal__sip_zero(frame, offsetof(peal__sip_frame, few));
    frame->base = p;
    frame->end = p + bytes.n;
    frame->lines = frame->few;
    frame->line_limit = limit_of(limits->header_lines, 256, PEAL__SIP_LINES_MAX);
    frame->line_room = limit_of(frame->line_limit, 0, PEAL__SIP_FRAME_LINES);
    frame->line_bytes_limit = limit_of(limits->header_line_bytes, 16384, UINT32_MAX);
    if (bytes.n > limit_of(limits->message_bytes, 65535, UINT32_MAX - 16)) {
        return frame_fail(frame, PEAL_E_LIMIT, p, "the message is too long");
    }
    return PEAL_OK;
}

/* The start line; *p: what follows it. */
static peal_result start_line(peal__sip_frame *frame, const char **p)
{
    const char *stop = find_stop(*p, frame->end);
    bool lf_only = stop < frame->end && *stop == '\n';
    if (!lf_only && (frame->end - stop < 2 || stop[0] != '\r' || stop[1] != '\n')) {
        return frame_fail(frame, PEAL_E_SIP_NOT_SIP, stop, "no start line");
    }
    const char *start = *p;
    frame->start_lf_only = lf_only;
    frame->head_bytes = (size_t)(stop - start) + 2;
    *p = stop + (lf_only ? 1 : 2);
    return peal__sip_frame_start_line(frame, start, stop);
}

/* RFC 3420 §2: the start line may be missing. No start line looks like a header. */
static bool has_start_line(const char *p, const char *end)
{
    peal_str name;
    peal_sip_header_id id;
    return p < end && *p != '\r' && *p != '\n' && !peal__sip_take_name(p, end, &name, &id);
}

static peal_result frame_bytes(peal__sip_frame *frame, peal_str bytes,
                               const peal_sip_limits *limits, bool is_fragment)
{
    peal_result r = begin(frame, bytes, limits);
    if (r < 0) {
        return r;
    }
    const char *p = frame->base;
    /* RFC 3261 §7.5: line ends before the start line are ignored. */
    while (!is_fragment && p < frame->end && (*p == '\r' || *p == '\n')) {
        ++p;
    }
    frame->text = p;
    frame->is_fragment = is_fragment;
    if (!is_fragment || has_start_line(p, frame->end)) {
        r = start_line(frame, &p);
    }
    if (r >= 0) {
        r = header_lines(frame, p);
    }
    if (r >= 0 && !is_fragment) {
        cut_body(frame);
    }
    return r;
}

peal_result peal__sip_frame_run(peal__sip_frame *frame, peal_str bytes,
                                const peal_sip_limits *limits)
{
    return frame_bytes(frame, bytes, limits, false);
}

peal_result peal__sip_frame_fragment(peal__sip_frame *frame, peal_str bytes,
                                     const peal_sip_limits *limits)
{
    return frame_bytes(frame, bytes, limits, true);
}

void peal__sip_frame_fini(peal__sip_frame *frame)
{
    if (frame->lines != frame->few) {
        peal_free(frame->lines);
    }
}
