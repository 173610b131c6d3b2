/* SPDX-License-Identifier: MIT */
/* A reader for messages on the wire: first line, the five headers that tell which call, dialog
 * and transaction a message belongs to, and Max-Forwards. */
#include "apps/sim/wire_text.h"

static peal_str next_line(peal_str *rest)
{
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    const size_t n = end ? (size_t)(end - rest->p) : rest->n;
    const size_t used = end ? n + 1 : n;
    peal_str line = peal_str_of(rest->p, n && rest->p[n - 1] == '\r' ? n - 1 : n);
    *rest = peal_str_of(rest->p + used, rest->n - used);
    return line;
}

static bool starts(peal_str line, peal_str with)
{
    return line.n >= with.n && memcmp(line.p, with.p, with.n) == 0;
}

static peal_str after(peal_str line, size_t skip)
{
    while (skip < line.n && line.p[skip] == ' ') {
        skip++;
    }
    return peal_str_of(line.p + skip, line.n - skip);
}

static peal_str param(peal_str value, peal_str name)
{
    for (size_t i = 0; i + name.n <= value.n; i++) {
        if (memcmp(value.p + i, name.p, name.n) == 0) {
            size_t from = i + name.n, to = from;
            while (to < value.n && !strchr(";,> \t", value.p[to])) {
                to++;
            }
            return peal_str_of(value.p + from, to - from);
        }
    }
    return NONE;
}

static uint32_t number(peal_str text, size_t *ret_digits)
{
    uint64_t value = 0;
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9' && value < UINT32_MAX) {
        value = value * 10 + (uint64_t)(text.p[n++] - '0');
    }
    *ret_digits = n;
    return value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* Callers write the call's number into their name: sip:c12@a.example. */
static uint32_t call_of(peal_str from)
{
    size_t digits = 0;
    const peal_str mark = PEAL_STR("sip:c");
    for (size_t i = 0; i + mark.n < from.n; i++) {
        if (memcmp(from.p + i, mark.p, mark.n) == 0) {
            return number(peal_str_of(from.p + i + mark.n, from.n - i - mark.n), &digits);
        }
    }
    return 0;
}

static void read_header(struct wire_text *t, peal_str line)
{
    size_t digits = 0;
    if (starts(line, PEAL_STR("Via:")) && !t->branch.p) {
        t->branch = param(line, PEAL_STR(";branch="));
    } else if (starts(line, PEAL_STR("From:"))) {
        t->from_tag = param(line, PEAL_STR(";tag="));
        t->call = t->call ? t->call : call_of(line);
    } else if (starts(line, PEAL_STR("To:"))) {
        t->to_tag = param(line, PEAL_STR(";tag="));
        t->call = t->call ? t->call : call_of(line);
    } else if (starts(line, PEAL_STR("Call-ID:"))) {
        t->call_id = after(line, 8);
    } else if (starts(line, PEAL_STR("CSeq:"))) {
        const peal_str value = after(line, 5);
        t->cseq = number(value, &digits);
        t->method = after(value, digits);
    } else if (starts(line, PEAL_STR("Max-Forwards:"))) {
        t->hops = number(after(line, 13), &digits);
    }
}

void peal__wire_read(peal_str bytes, struct wire_text *t)
{
    size_t digits = 0;
    memset(t, 0, sizeof *t);
    t->hops = UINT32_MAX;
    t->start = next_line(&bytes);
    if (starts(t->start, PEAL_STR("SIP/2.0 "))) {
        t->status = number(after(t->start, 8), &digits);
    }
    for (peal_str line = next_line(&bytes); line.n; line = next_line(&bytes)) {
        read_header(t, line);
    }
    t->is_sound = t->call_id.n && t->branch.n && t->from_tag.n && t->method.n;
    if (t->is_sound && !t->status) { /* the request's own method is what counts: ACK */
        const char *blank = memchr(t->start.p, ' ', t->start.n);
        t->is_sound = blank != NULL;
        t->method = blank ? peal_str_of(t->start.p, (size_t)(blank - t->start.p)) : t->method;
    }
}

uint64_t peal__wire_hash(peal_str a, peal_str b, uint64_t c)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ c;
    for (size_t i = 0; i < a.n; i++) {
        h = (h ^ (unsigned char)a.p[i]) * UINT64_C(0x100000001b3);
    }
    h = (h ^ 0x1f) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < b.n; i++) {
        h = (h ^ (unsigned char)b.p[i]) * UINT64_C(0x100000001b3);
    }
    h ^= h >> 29;
    return h ? h : 1;
}
