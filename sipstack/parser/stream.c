/* SPDX-License-Identifier: MIT */
/* Framing of a stream. The head is searched for its blank line by a machine that knows at each byte
 * where it is, so no byte is searched twice; then Content-Length is read once; then the body is
 * counted. What is kept is never more than the one message that is incomplete. The owner's thread.
 * RFC 3261 §7.5, §18.3, §20.14; RFC 5626 §3.5.1, §4.4.1. */
#include "sipstack/parser/parser_inner.h"

#include <peal/blob.h>
#include <peal/sip/stream.h>

enum { HEAD_USUAL = 32768, BODY_USUAL = 65535, MESSAGE_USUAL = 65535 };

typedef enum stream_state { BETWEEN_MESSAGES, IN_HEAD, IN_BODY, BROKEN_FOR_GOOD } stream_state;

/* Where in a line of the head the next byte stands. */
typedef enum line_place { INSIDE, AT_START, AFTER_CR } line_place;

struct peal_sip_stream {
    stream_state state;
    peal_sip_stream_role role;
    line_place place;
    uint32_t line_ends; /* seen of a ping: CR, LF, CR are 1 to 3 */
    uint32_t head_max, body_max, message_max;
    size_t head_bytes;    /* with the blank line, once it was found */
    size_t message_bytes; /* of the whole message, once Content-Length was read */
    bool delivered;       /* what is kept was an event already */
    peal_blob kept;       /* the beginning of the message */
};

static uint32_t or_usual(uint32_t limit, uint32_t usual)
{
    return limit ? limit : usual;
}

peal_result peal_sip_stream_new(peal_sip_stream_role role, const peal_sip_stream_limits *limits,
                                peal_sip_stream **ret)
{
    static const peal_sip_stream_limits usual = { .size = sizeof usual };
    peal_sip_stream *stream = peal_calloc(1, sizeof *stream);
    if (!stream) {
        return PEAL_E_NO_MEMORY;
    }
    limits = limits ? limits : &usual;
    stream->role = role;
    stream->head_max = or_usual(limits->head_bytes, HEAD_USUAL);
    stream->body_max = or_usual(limits->body_bytes, BODY_USUAL);
    stream->message_max = or_usual(limits->message_bytes, MESSAGE_USUAL);
    if (stream->head_max > stream->message_max) {
        stream->head_max = stream->message_max;
    }
    peal_blob_init(&stream->kept, 0);
    *ret = stream;
    return PEAL_OK;
}

void peal_sip_stream_free(peal_sip_stream *stream)
{
    if (stream) {
        peal_blob_fini(&stream->kept);
        peal_free(stream);
    }
}

size_t peal_sip_stream_pending(const peal_sip_stream *stream)
{
    return stream->delivered ? 0 : stream->kept.bytes;
}

/* Line ends between messages. CR and LF that make no CRLF are skipped (RFC 3261 §7.5). True: they
 * meant something. */
static bool take_line_ends(peal_sip_stream *stream, const char **p, const char *end,
                           peal_sip_stream_event *ret)
{
    const uint32_t whole = stream->role == PEAL_SIP_STREAM_ACCEPTED ? 4 : 2;
    while (*p < end && (**p == '\r' || **p == '\n')) {
        bool is_lf = **p == '\n';
        ++*p;
        if (is_lf == (stream->line_ends % 2 == 1)) {
            ++stream->line_ends;
        } else {
            stream->line_ends = is_lf ? 0 : 1;
        }
        if (stream->line_ends == whole) {
            stream->line_ends = 0;
            ret->kind = whole == 4 ? PEAL_SIP_STREAM_PING : PEAL_SIP_STREAM_PONG;
            return true;
        }
    }
    return false;
}

/* Behind the blank line, or NULL: not yet. */
static const char *find_head_end(line_place *place, const char *p, const char *end)
{
    while (p < end) {
        if (*place == INSIDE) {
            p = memchr(p, '\n', (size_t)(end - p));
            if (!p) {
                return NULL;
            }
            *place = AT_START;
        } else if (*p == '\n') {
            return p + 1;
        } else {
            *place = *place == AT_START && *p == '\r' ? AFTER_CR : INSIDE;
        }
        ++p;
    }
    return NULL;
}

static void fault_at(peal_sip_fault *fault, peal_result result, size_t offset,
                     peal_sip_header_id header, const char *reason)
{
    *fault = (peal_sip_fault){
        .result = result, .offset = (uint32_t)offset, .header = header, .reason = reason
    };
}

/* The value of the line at p, if it is Content-Length; else absent. */
static peal_str length_value(const char *p, const char *end)
{
    peal_str name;
    peal_sip_header_id id = PEAL_SIP_HEADER_OTHER;
    char first = (char)(*p | 0x20);
    const char *value =
        first == 'c' || first == 'l' ? peal__sip_take_name(p, end, &name, &id) : NULL;
    if (!value || id != PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return peal_str_of(NULL, 0);
    }
    const char *stop = value;
    do {
        stop = memchr(stop, '\n', (size_t)(end - stop));
        stop = stop ? stop + 1 : end;
    } while (stop < end && (*stop == ' ' || *stop == '\t'));
    return peal__sip_trim(peal__sip_between(value, stop));
}

/* Reads the one Content-Length of a head that is complete. */
static bool read_length(peal_str head, uint32_t *ret, peal_sip_fault *fault)
{
    const char *p = head.p, *end = p + head.n;
    bool found = false;
    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL && ++p < end) {
        peal_str value = length_value(p, end);
        size_t offset = (size_t)(p - head.p);
        if (!value.p) {
            continue;
        }
        if (found) {
            fault_at(fault, PEAL_E_SIP_DUPLICATE_HEADER, offset, PEAL_SIP_HEADER_CONTENT_LENGTH,
                     "a header that must stand once stands twice");
            return false;
        }
        if (peal__sip_number_decode(value, ret) < 0) {
            fault_at(fault, PEAL_E_SIP_HEADER, offset, PEAL_SIP_HEADER_CONTENT_LENGTH,
                     "malformed Content-Length");
            return false;
        }
        found = true;
    }
    if (!found) {
        fault_at(fault, PEAL_E_SIP_MISSING_HEADER, 0, PEAL_SIP_HEADER_CONTENT_LENGTH,
                 "no Content-Length");
    }
    return found;
}

static void break_off(peal_sip_stream *stream, peal_str head, peal_sip_stream_event *ret)
{
    stream->state = BROKEN_FOR_GOOD;
    stream->delivered = true;
    ret->kind = PEAL_SIP_STREAM_BROKEN;
    ret->message = head;
}

/* The head is complete: how long will the message be? False: it cannot be framed. */
static bool begin_body(peal_sip_stream *stream, peal_str head, peal_sip_stream_event *ret)
{
    uint32_t length = 0;
    stream->head_bytes = head.n;
    if (!read_length(head, &length, &ret->fault)) {
        break_off(stream, head, ret);
        return false;
    }
    if (length > stream->body_max || length > stream->message_max - head.n) {
        fault_at(&ret->fault, PEAL_E_LIMIT, 0, PEAL_SIP_HEADER_CONTENT_LENGTH,
                 "the body is too long");
        break_off(stream, head, ret);
        return false;
    }
    stream->message_bytes = head.n + length;
    stream->state = IN_BODY;
    return true;
}

/* Takes up to @p wanted bytes of the message, of which @p start is the first that is not kept.
 * Where the message started in the input, it is not copied. */
static peal_result keep(peal_sip_stream *stream, const char *start, size_t bytes, size_t wanted)
{
    peal_result r = PEAL_OK;
    if (bytes < wanted) {
        r = peal_blob_reserve(&stream->kept, wanted);
    }
    return r < 0 ? r : peal_blob_append(&stream->kept, peal_str_of(start, bytes));
}

/* All of the message that there is: kept bytes with these behind them, or these alone. */
static peal_result gather(peal_sip_stream *stream, const char *start, const char *stop,
                          peal_str *ret)
{
    if (stream->kept.bytes == 0) {
        *ret = peal__sip_between(start, stop);
        return PEAL_OK;
    }
    peal_result r = keep(stream, start, (size_t)(stop - start), (size_t)(stop - start));
    if (r >= 0) {
        *ret = peal_blob_str(&stream->kept);
    }
    return r;
}

static void too_long_a_head(peal_sip_stream *stream, peal_sip_stream_event *ret)
{
    fault_at(&ret->fault, PEAL_E_LIMIT, stream->head_max, PEAL_SIP_HEADER_OTHER,
             "the headers are too long");
    break_off(stream, peal_str_of(NULL, 0), ret);
}

/* PEAL_I_PENDING: the body is next. */
static peal_result take_head(peal_sip_stream *stream, const char **p, const char *end,
                             peal_sip_stream_event *ret)
{
    line_place place = stream->place;
    size_t room = stream->head_max - stream->kept.bytes;
    const char *limit = (size_t)(end - *p) > room ? *p + room : end;
    const char *stop = find_head_end(&place, *p, limit);
    peal_result r;
    if (!stop && (size_t)(end - *p) > room) {
        too_long_a_head(stream, ret);
        return PEAL_OK;
    }
    if (!stop) {
        r = keep(stream, *p, (size_t)(end - *p), (size_t)(end - *p));
        if (r >= 0) {
            stream->place = place;
            *p = end;
        }
        return r < 0 ? r : PEAL_I_END;
    }
    peal_str head;
    r = gather(stream, *p, stop, &head);
    if (r < 0) {
        return r;
    }
    /* A head that is a view of the input stays there until the body was looked at. */
    bool is_kept = stream->kept.bytes > 0;
    if (!begin_body(stream, head, ret)) {
        *p = stop;
        return PEAL_OK;
    }
    *p = is_kept ? stop : *p;
    return PEAL_I_PENDING;
}

static peal_result take_body(peal_sip_stream *stream, const char **p, const char *end,
                             peal_sip_stream_event *ret)
{
    size_t wanted = stream->message_bytes - stream->kept.bytes;
    size_t there = (size_t)(end - *p);
    peal_result r;
    if (there < wanted) {
        r = keep(stream, *p, there, wanted);
        *p = r < 0 ? *p : end;
        return r < 0 ? r : PEAL_I_END;
    }
    r = gather(stream, *p, *p + wanted, &ret->message);
    if (r >= 0) {
        *p += wanted;
        stream->delivered = true;
        stream->state = BETWEEN_MESSAGES;
        ret->kind = PEAL_SIP_STREAM_MESSAGE;
    }
    return r;
}

/* The first byte of a message. What cannot start one is seen at once: nobody waits for the blank
 * line of a TLS greeting. */
static bool begin_message(peal_sip_stream *stream, char first, peal_sip_stream_event *ret)
{
    stream->line_ends = 0;
    if (!peal__sip_in(first, PEAL__SIP_TOKEN)) {
        fault_at(&ret->fault, PEAL_E_SIP_NOT_SIP, 0, PEAL_SIP_HEADER_OTHER,
                 "neither a request nor a response");
        break_off(stream, peal_str_of(NULL, 0), ret);
        return false;
    }
    stream->state = IN_HEAD;
    stream->place = INSIDE;
    return true;
}

static peal_result run(peal_sip_stream *stream, const char **p, const char *end,
                       peal_sip_stream_event *ret)
{
    peal_result r = PEAL_I_PENDING;
    if (stream->state == BETWEEN_MESSAGES) {
        if (take_line_ends(stream, p, end, ret)) {
            return PEAL_OK;
        }
        if (*p == end) {
            return PEAL_I_END;
        }
        if (!begin_message(stream, **p, ret)) {
            return PEAL_OK;
        }
    }
    if (stream->state == IN_HEAD) {
        r = take_head(stream, p, end, ret);
    }
    return r == PEAL_I_PENDING ? take_body(stream, p, end, ret) : r;
}

/* A large message's memory is not held for the small ones that follow. */
static void forget_delivered(peal_sip_stream *stream)
{
    enum { IDLE_BYTES = 4096 };
    if (!stream->delivered || stream->state == BROKEN_FOR_GOOD) {
        return;
    }
    stream->delivered = false;
    if (stream->kept.capacity > IDLE_BYTES) {
        peal_blob_fini(&stream->kept);
    } else {
        peal_blob_clear(&stream->kept);
    }
}

peal_result peal_sip_stream_next(peal_sip_stream *stream, peal_str *input,
                                 peal_sip_stream_event *ret)
{
    peal_sip_stream_event event = { .kind = PEAL_SIP_STREAM_MESSAGE };
    const char *p = input->n ? input->p : "", *end = p + input->n;
    if (stream->state == BROKEN_FOR_GOOD) {
        return PEAL_E_STATE;
    }
    forget_delivered(stream);
    peal_result r = run(stream, &p, end, &event);
    if (input->n) {
        *input = peal__sip_between(p, end);
    }
    if (r == PEAL_OK) {
        *ret = event;
    }
    return r;
}
