/* SPDX-License-Identifier: MIT */
/* Role: writes session descriptions into a caller's buffer. RFC 8866 §5.
 * Thread: the caller's. */
#include <config.h>

#include "sdp/parser/sdp_parser_priv.h"

static void put(peal_sdp_writer *w, const char *bytes, size_t n)
{
    if (w->buffer && w->used + n <= w->capacity) {
        memcpy(w->buffer + w->used, bytes, n);
    } else if (w->buffer) {
        w->result = PEAL_E_SDP_LIMIT;
    }
    w->used += n; /* beyond the end too, so that the caller learns what is needed */
}

static bool is_writable(char type, peal_str value)
{
    bool letter = (type >= 'a' && type <= 'z') || (type >= 'A' && type <= 'Z');
    for (size_t i = 0; letter && i < value.n; i++) {
        if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0') {
            return false; /* would smuggle in a line of its own */
        }
    }
    return letter;
}

static void put_line(peal_sdp_writer *w, char type, peal_str value, size_t end_bytes)
{
    static const char line_end[] = "\r\n";
    char start[2] = { type, '=' };
    if (w->result == PEAL_E_ARGUMENT) {
        return;
    }
    if (w->open) { /* the line before was the last of its text and had no end */
        put(w, line_end, 2);
    }
    put(w, start, 2);
    if (value.n) {
        put(w, value.p, value.n);
    }
    put(w, line_end + 2 - end_bytes, end_bytes);
    w->open = end_bytes == 0;
}

void peal_sdp_writer_init(peal_sdp_writer *writer, char *buffer, size_t capacity)
{
    *writer = (peal_sdp_writer){ .buffer = buffer, .capacity = buffer ? capacity : 0 };
}

void peal_sdp_writer_line(peal_sdp_writer *writer, char type, peal_str value)
{
    if (is_writable(type, value)) {
        put_line(writer, type, value, 2);
    } else {
        writer->result = PEAL_E_ARGUMENT;
    }
}

void peal_sdp_writer_section(peal_sdp_writer *writer, const peal_sdp *sdp, size_t section,
                             bool (*keep)(const peal_sdp_line *line, void *arg), void *arg)
{
    size_t count;
    const peal_sdp_line *lines = peal_sdp_lines(sdp, section, &count);
    for (size_t i = 0; i < count; i++) {
        if (!keep || keep(&lines[i], arg)) {
            put_line(writer, lines[i].type, lines[i].value, lines[i].end_bytes);
        }
    }
}

peal_result peal_sdp_writer_finish(peal_sdp_writer *writer, size_t *ret_bytes)
{
    if (writer->result != PEAL_E_ARGUMENT) {
        *ret_bytes = writer->used;
    }
    return writer->result;
}

peal_result peal_sdp_encode(const peal_sdp *sdp, char *buffer, size_t capacity, size_t *ret_bytes)
{
    peal_sdp_writer writer;
    peal_sdp_writer_init(&writer, buffer, capacity);
    peal_sdp_writer_section(&writer, sdp, PEAL_SDP_SESSION, NULL, NULL);
    for (size_t i = 0; i < sdp->media_count; i++) {
        peal_sdp_writer_section(&writer, sdp, i, NULL, NULL);
    }
    return peal_sdp_writer_finish(&writer, ret_bytes);
}
