/* SPDX-License-Identifier: MIT */
/* --text: messages in text that was copied from a capture, whatever stands around them. A message
 * starts at a line that is a start line. Its lines may be indented as that one is, end in any way,
 * and carry the dot that some tools print for a CR. */
#include "apps/parse/parse_priv.h"

/* One line of the input. */
typedef struct text_line {
    size_t at;     /* where it starts */
    peal_str text; /* without its end and the message's indentation */
    size_t next;   /* where the next one starts */
} text_line;

typedef struct text_reader {
    peal_str input;
    size_t at;     /* where the next line starts */
    size_t indent; /* columns that stand before each line of this message */
    bool dotted;   /* a dot stands for each CR */
    peal_blob bytes, place;
    peal_result result; /* of writing to the two */
} text_reader;

static bool take_line(const text_reader *reader, size_t at, text_line *ret)
{
    peal_str input = reader->input;
    if (at >= input.n) {
        return false;
    }
    const char *p = input.p + at;
    const char *stop = memchr(p, '\n', input.n - at);
    size_t n = stop ? (size_t)(stop - p) : input.n - at;
    ret->next = at + n + (stop != NULL);
    n -= n && p[n - 1] == '\r';
    size_t skip = 0;
    while (skip < reader->indent && skip < n && (p[skip] == ' ' || p[skip] == '\t')) {
        ++skip;
    }
    n -= reader->dotted && n > skip && p[n - 1] == '.';
    ret->at = at + skip;
    ret->text = peal_str_of(p + skip, n - skip);
    return true;
}

static bool ends_with(peal_str text, peal_str end)
{
    return text.n >= end.n && peal_str_eq(peal_str_of(text.p + text.n - end.n, end.n), end);
}

static bool is_upper_token(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* "SIP/2.0 ddd", or "METHOD uri SIP/2.0". */
static bool is_start_line(peal_str text)
{
    const peal_str version = PEAL_STR("SIP/2.0");
    size_t n = 0;
    if (text.n >= 11 && peal_str_eq(peal_str_of(text.p, 8), PEAL_STR("SIP/2.0 "))) {
        return text.p[8] >= '1' && text.p[8] <= '6' && text.p[9] >= '0' && text.p[9] <= '9';
    }
    while (n < text.n && is_upper_token(text.p[n])) {
        ++n;
    }
    return n >= 3 && n < text.n && text.p[n] == ' ' && memchr(text.p, ':', text.n) &&
           (ends_with(text, version) || ends_with(text, PEAL_STR("SIP/2.0.")));
}

static size_t indent_of(peal_str text)
{
    size_t n = 0;
    while (n < text.n && (text.p[n] == ' ' || text.p[n] == '\t')) {
        ++n;
    }
    return n;
}

/* The blank line after the headers is a dot where dots are printed. */
static bool is_dotted(const text_reader *reader, size_t at)
{
    text_line line;
    for (; take_line(reader, at, &line) && line.text.n; at = line.next) {
        if (peal_str_eq(line.text, PEAL_STR("."))) {
            return true;
        }
    }
    return false;
}

static void put(text_reader *reader, peal_str text, size_t at)
{
    reader->result = reader->result < 0 ? reader->result : peal_blob_append(&reader->bytes, text);
    for (size_t i = 0; i < text.n && reader->result >= 0; ++i) {
        uint32_t place = (uint32_t)(at + i);
        reader->result =
            peal_blob_append(&reader->place, peal_str_of((const char *)&place, sizeof place));
    }
}

static void put_line(text_reader *reader, const text_line *line)
{
    put(reader, line->text, line->at);
    put(reader, PEAL_STR("\r"), line->at + line->text.n);
    put(reader, PEAL_STR("\n"), line->at + line->text.n);
}

/* Looks for the next start line; false: there is none. */
static bool find_start(text_reader *reader)
{
    text_line line;
    reader->dotted = false;
    for (reader->indent = 0; take_line(reader, reader->at, &line); reader->at = line.next) {
        size_t indent = indent_of(line.text);
        if (is_start_line(peal_str_of(line.text.p + indent, line.text.n - indent))) {
            reader->indent = indent;
            reader->dotted = is_dotted(reader, reader->at);
            return true;
        }
    }
    return false;
}

/* What Content-Length says, without judging it; SIZE_MAX: nothing. */
static size_t body_length(peal_str line, size_t before)
{
    const char *colon = memchr(line.p, ':', line.n);
    uint64_t length;
    if (!colon) {
        return before;
    }
    peal_str name = peal_str_of(line.p, (size_t)(colon - line.p));
    while (name.n && (name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t')) {
        --name.n;
    }
    if (peal_sip_header_of(name) != PEAL_SIP_HEADER_CONTENT_LENGTH) {
        return before;
    }
    size_t skip = indent_of(peal_str_of(colon + 1, line.n - name.n - 1));
    peal_str value = peal_str_of(colon + 1 + skip, (size_t)(line.p + line.n - colon) - 1 - skip);
    return peal_str_to_u64(value, 1 << 28, &length) >= 0 ? (size_t)length : before;
}

/* Headers up to the blank line; gives the body's length. */
static size_t read_head(text_reader *reader)
{
    text_line line;
    size_t length = SIZE_MAX;
    while (take_line(reader, reader->at, &line)) {
        reader->at = line.next;
        put_line(reader, &line);
        if (line.text.n == 0) {
            return length;
        }
        length = body_length(line.text, length);
    }
    return 0;
}

static void read_body(text_reader *reader, size_t length)
{
    text_line line;
    size_t head = reader->bytes.bytes;
    while (reader->bytes.bytes - head < length && take_line(reader, reader->at, &line) &&
           !is_start_line(line.text)) {
        reader->at = line.next;
        put_line(reader, &line);
    }
    if (length != SIZE_MAX && reader->bytes.bytes - head > length) {
        reader->bytes.bytes = head + length;
    }
}

static bool read_message(text_reader *reader)
{
    peal_blob_clear(&reader->bytes);
    peal_blob_clear(&reader->place);
    if (!find_start(reader)) {
        return false;
    }
    read_body(reader, read_head(reader));
    uint32_t end = (uint32_t)reader->at;
    reader->result =
        reader->result < 0
            ? reader->result
            : peal_blob_append(&reader->place, peal_str_of((const char *)&end, sizeof end));
    return reader->result >= 0;
}

bool peal__parse_text(const parse_options *options, const char *file, peal_str input,
                      parse_on_message on_message)
{
    text_reader reader = { .input = input };
    bool good = true;
    size_t count = 0;
    while (read_message(&reader)) {
        parse_message message = { .file = file,
                                  .bytes = peal_blob_str(&reader.bytes),
                                  .place = (const uint32_t *)(const void *)reader.place.data };
        good = on_message(options, &message) && good;
        ++count;
    }
    if (reader.result < 0) {
        fprintf(stderr, "peal-parse: %s: %s\n", file, peal_result_text(reader.result));
    } else if (count == 0) {
        fprintf(stderr, "%s: offset 0: header -: no SIP message in this text\n", file);
    }
    peal_blob_fini(&reader.bytes);
    peal_blob_fini(&reader.place);
    return good && count > 0 && reader.result >= 0;
}
