/* SPDX-License-Identifier: MIT */
/* What peal-parse says about a fault: one line on standard error that a program can read; on
 * standard output, for a reader, the line of the message with a caret under the place. */
#include "apps/parse/parse_priv.h"

enum { BEFORE = 60, AFTER = 30 }; /* bytes of a long line around the place */

/* [start, stop) of the line that the byte at `at` stands in, without its end. */
static peal_str line_at(peal_str bytes, size_t at, size_t *ret_start)
{
    size_t start = at, stop = at;
    while (start > 0 && bytes.p[start - 1] != '\n') {
        --start;
    }
    while (stop < bytes.n && bytes.p[stop] != '\n' &&
           !(bytes.p[stop] == '\r' && stop + 1 < bytes.n && bytes.p[stop + 1] == '\n')) {
        ++stop;
    }
    *ret_start = start;
    return peal_str_of(bytes.p + start, stop - start);
}

static bool is_name(char c)
{
    return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

/* The header's name: by its id, else what the line starts with. */
static peal_str header_name(const parse_message *message, const peal_sip_fault *fault)
{
    size_t start, n = 0, at = fault->offset;
    if (fault->header != PEAL_SIP_HEADER_OTHER) {
        return peal_sip_header_name(fault->header);
    }
    peal_str line = line_at(message->bytes, at, &start);
    while (start > 0 && line.n && (*line.p == ' ' || *line.p == '\t')) { /* a fold */
        line = line_at(message->bytes, start - 1, &start);
    }
    for (size_t i = 0; i < start; ++i) {
        if (message->bytes.p[i] != '\r' && message->bytes.p[i] != '\n') {
            while (n < line.n && is_name(line.p[n])) {
                ++n;
            }
            return n && n < line.n && line.p[n] == ':' ? peal_str_of(line.p, n) : PEAL_STR("-");
        }
    }
    return PEAL_STR("start-line");
}

static size_t input_offset(const parse_message *message, size_t at)
{
    return message->place ? message->place[at] : message->offset + at;
}

static void show_place(const parse_message *message, size_t at)
{
    size_t start;
    peal_str line = line_at(message->bytes, at, &start);
    size_t in_line = at - start < line.n ? at - start : line.n;
    size_t from = in_line > BEFORE ? in_line - BEFORE : 0;
    size_t to = line.n - in_line > AFTER ? in_line + AFTER : line.n;
    if (to - from < BEFORE + AFTER && to < line.n) {
        to = line.n - from < BEFORE + AFTER ? line.n : from + BEFORE + AFTER;
    }
    const char *cut = from ? "  ..." : "  ";
    peal__parse_putz(PARSE_DIM, cut);
    peal__parse_put(PARSE_PLAIN, peal_str_of(line.p + from, to - from));
    peal__parse_putz(PARSE_DIM, to < line.n ? "..." : "");
    size_t columns = strlen(cut) + peal__parse_columns(peal_str_of(line.p + from, in_line - from));
    (void)printf("\n%*s", (int)columns, "");
    peal__parse_putz(PARSE_BAD, "^");
    (void)putchar('\n');
}

/* Lengths count CRLF; text from a terminal or an editor has lost them. */
static void hint(const parse_options *options, peal_str bytes)
{
    if (!options->text && !options->stream && bytes.n && memchr(bytes.p, '\n', bytes.n) &&
        !memchr(bytes.p, '\r', bytes.n)) {
        peal__parse_putz(PARSE_DIM, "  (no CRLF in it: --text reads what was copied as text)");
        (void)putchar('\n');
    }
}

void peal__parse_tell(const parse_options *options, const parse_message *message,
                      const peal_sip_fault *fault, const char *outcome)
{
    const char *reason = fault->reason ? fault->reason : peal_result_text(fault->result);
    size_t at = fault->offset < message->bytes.n ? fault->offset : message->bytes.n;
    peal_str header = header_name(message, fault);
    (void)fflush(stdout);
    fprintf(stderr, "%s: offset %zu: header %.*s: %s\n", message->file, input_offset(message, at),
            PEAL_STR_ARG(header), reason);
    (void)fflush(stderr);
    if (options->roundtrip || options->quiet) {
        return;
    }
    peal__parse_putz(PARSE_BAD, "faulty: ");
    peal__parse_putz(PARSE_PLAIN, reason);
    peal__parse_putf(PARSE_DIM, " (%s)", outcome);
    (void)putchar('\n');
    show_place(message, at);
    hint(options, message->bytes);
}
