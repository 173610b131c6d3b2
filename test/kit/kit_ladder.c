/* SPDX-License-Identifier: MIT */
/* Role: the ladder: the last messages of a run in a ring, printed with hosts as columns. */
#include <stdlib.h>

#include "test/kit/kit_priv.h"

enum { MESSAGES_DEFAULT = 400, LABEL_MAX = 40, MARK_MAX = 40, COLUMN = 21, COLUMNS_MAX = 32 };

typedef struct rung {
    uint64_t number, at_us;
    int from, to; /* columns; -1: a note */
    char label[LABEL_MAX], mark[MARK_MAX];
} rung;

typedef struct column {
    char *name;
    peal_socket_addr address; /* of an address that stands for itself */
} column;

struct peal_test_ladder {
    rung *rungs;
    size_t room;
    uint64_t count; /* ever */
    column columns[COLUMNS_MAX];
    int column_count;
    peal_sim *sim;
};

peal_test_ladder *peal_test_ladder_new(size_t messages)
{
    peal_test_ladder *ladder = peal__test_alloc(sizeof *ladder);
    ladder->room = messages ? messages : MESSAGES_DEFAULT;
    ladder->rungs = peal__test_alloc(ladder->room * sizeof *ladder->rungs);
    return ladder;
}

/* ---- columns ---- */

static int column_named(peal_test_ladder *ladder, const char *name, const peal_socket_addr *address)
{
    for (int i = 0; i < ladder->column_count; ++i) {
        if (strcmp(ladder->columns[i].name, name) == 0 ||
            (address->family && peal_socket_addr_eq(&ladder->columns[i].address, address, true))) {
            return i;
        }
    }
    if (ladder->column_count == COLUMNS_MAX) {
        return COLUMNS_MAX - 1; /* the last one stands for all others too */
    }
    column *c = &ladder->columns[ladder->column_count];
    c->name = peal__test_copy(peal_str_z(name));
    c->address = *address;
    return ladder->column_count++;
}

static int column_of(peal_test_ladder *ladder, const peal_socket_addr *address)
{
    peal_sim_host *host = ladder->sim ? peal_sim_host_of(ladder->sim, address) : NULL;
    if (host && peal_sim_host_number(host)) {
        return column_named(ladder, peal_sim_host_name(host), &(peal_socket_addr){ .port = 0 });
    }
    for (int i = 0; i < ladder->column_count; ++i) {
        if (peal_socket_addr_eq(&ladder->columns[i].address, address, true)) {
            return i;
        }
    }
    peal__test_text text = { NULL, 0, 0 };
    peal__test_host_port(address, true, &text);
    int at = column_named(ladder, text.p, address);
    free(text.p);
    return at;
}

void peal_test_ladder_name(peal_test_ladder *ladder, const peal_socket_addr *address,
                           const char *name)
{
    peal_sim_host *host = ladder->sim ? peal_sim_host_of(ladder->sim, address) : NULL;
    if (!host || peal_sim_host_number(host) == 0) {
        (void)column_named(ladder, name, address);
    }
}

/* ---- rungs ---- */

static rung *add_rung(peal_test_ladder *ladder, uint64_t number, uint64_t at_us)
{
    rung *r = &ladder->rungs[ladder->count++ % ladder->room];
    *r = (rung){ .number = number, .at_us = at_us, .from = -1, .to = -1 };
    return r;
}

static void copy_printable(char *to, size_t room, peal_str text)
{
    size_t n = text.n < room - 1 ? text.n : room - 1;
    for (size_t i = 0; i < n; ++i) {
        to[i] = '.';
        if (text.p[i] >= ' ' && text.p[i] < 127) {
            to[i] = text.p[i];
        }
    }
    to[n] = '\0';
}

static void set_label(rung *r, peal_str message)
{
    peal__test_text text = { NULL, 0, 0 };
    unsigned status = peal__test_status(message);
    peal_str cseq = peal__test_header(message, PEAL_STR("CSeq"), 0);
    if (status) {
        peal__test_addf(&text, "%u (%.*s)", status, PEAL_STR_ARG(cseq));
    } else if (cseq.p) {
        peal_str number = peal__test_word(&cseq);
        peal__test_addf(&text, "%.*s (%.*s)", PEAL_STR_ARG(peal__test_method(message)),
                        PEAL_STR_ARG(number));
    } else {
        peal__test_addf(&text, "%zu bytes", message.n);
    }
    copy_printable(r->label, sizeof r->label, peal__test_str(&text));
    free(text.p);
}

void peal_test_ladder_add(peal_test_ladder *ladder, uint64_t number, uint64_t at_us,
                          const peal_socket_addr *from, const peal_socket_addr *to,
                          peal_str message)
{
    int from_column = column_of(ladder, from), to_column = column_of(ladder, to);
    rung *r = add_rung(ladder, number, at_us);
    r->from = from_column;
    r->to = to_column;
    set_label(r, message);
}

void peal_test_ladder_mark(peal_test_ladder *ladder, uint64_t number, const char *words)
{
    uint64_t kept = ladder->count < ladder->room ? ladder->count : ladder->room;
    for (uint64_t i = 1; number && i <= kept; ++i) {
        rung *r = &ladder->rungs[(ladder->count - i) % ladder->room];
        if (r->number == number) {
            size_t n = strlen(r->mark);
            if (n + strlen(words) + 2 < sizeof r->mark) {
                r->mark[n] = ' ';
                memcpy(r->mark + n + 1, words, strlen(words) + 1);
            }
            return;
        }
    }
}

void peal_test_ladder_note(peal_test_ladder *ladder, uint64_t at_us, const char *words)
{
    copy_printable(add_rung(ladder, 0, at_us)->label, LABEL_MAX, peal_str_z(words));
}

/* ---- a simulated world ---- */

static void observe(void *arg, const peal_sim_event *event)
{
    peal_test_ladder *ladder = arg;
    peal__test_text text = { NULL, 0, 0 };
    switch (event->kind) {
    case PEAL_SIM_SENT:
        peal_test_ladder_add(ladder, event->number, event->now_us, event->from, event->to,
                             event->bytes);
        break;
    case PEAL_SIM_LOST:
        peal_test_ladder_mark(ladder, event->number, event->what);
        break;
    case PEAL_SIM_DUPLICATED:
        peal_test_ladder_mark(ladder, event->number, "twice");
        break;
    case PEAL_SIM_CORRUPTED:
        peal_test_ladder_mark(ladder, event->number, "corrupted");
        break;
    case PEAL_SIM_RETURNED:
        peal_test_ladder_mark(ladder, event->number, "returned");
        break;
    case PEAL_SIM_FAULT:
        peal__test_addf(&text, "%s is %s", event->host ? peal_sim_host_name(event->host) : "all",
                        event->what);
        peal_test_ladder_note(ladder, event->now_us, text.p);
        free(text.p);
        break;
    default:
        break;
    }
}

void peal_test_ladder_watch(peal_test_ladder *ladder, peal_sim *sim)
{
    peal_test_ladder_forget(ladder);
    if (peal_sim_add_observer(sim, observe, ladder) >= 0) {
        ladder->sim = sim;
    }
}

void peal_test_ladder_forget(peal_test_ladder *ladder)
{
    if (ladder->sim) {
        peal_sim_remove_observer(ladder->sim, observe, ladder);
        ladder->sim = NULL;
    }
}

void peal_test_ladder_free(peal_test_ladder *ladder)
{
    if (ladder) {
        peal_test_ladder_forget(ladder);
        for (int i = 0; i < ladder->column_count; ++i) {
            free(ladder->columns[i].name);
        }
        free(ladder->rungs);
        free(ladder);
    }
}

/* ---- printing ---- */

static void add_spaces(peal__test_text *text, size_t n)
{
    while (n-- > 0) {
        peal__test_add(text, PEAL_STR(" "));
    }
}

static void end_line(peal__test_text *text)
{
    while (text->n && text->p[text->n - 1] == ' ') {
        --text->n;
    }
    peal__test_add(text, PEAL_STR("\n"));
}

/* The lines of all columns with an arrow between two of them. */
static void add_arrow(peal__test_text *text, const rung *r, int columns)
{
    size_t width = (size_t)columns * COLUMN;
    char *line = peal__test_alloc(width + 1);
    int left = r->from < r->to ? r->from : r->to, right = r->from < r->to ? r->to : r->from;
    size_t start = (size_t)left * COLUMN + 1, end = (size_t)right * COLUMN;
    memset(line, ' ', width);
    for (int i = 0; i < columns; ++i) {
        line[(size_t)i * COLUMN] = '|';
    }
    for (size_t i = start; i < end; ++i) {
        line[i] = '-';
    }
    size_t n = strlen(r->label);
    if (end > start) {
        n = n < end - start - 3 ? n : end - start - 3;
        memcpy(line + start + 1 + (r->from > r->to), r->label, n);
        line[r->from < r->to ? end - 1 : start] = r->from < r->to ? '>' : '<';
    } else { /* to itself */
        n = n < COLUMN - 5 ? n : COLUMN - 5;
        memcpy(line + start, "=> ", 3);
        memcpy(line + start + 3, r->label, n);
    }
    peal__test_addf(text, "%s%s", line, r->mark);
    end_line(text);
    free(line);
}

char *peal_test_ladder_text(const peal_test_ladder *ladder)
{
    peal__test_text text = { NULL, 0, 0 };
    uint64_t kept = ladder->count < ladder->room ? ladder->count : ladder->room;
    add_spaces(&text, 11);
    for (int i = 0; i < ladder->column_count; ++i) {
        const char *name = ladder->columns[i].name;
        size_t n = strlen(name) < COLUMN - 1 ? strlen(name) : COLUMN - 1;
        peal__test_add(&text, peal_str_of(name, n));
        add_spaces(&text, COLUMN - n);
    }
    end_line(&text);
    if (kept < ladder->count) {
        peal__test_addf(&text, "           ... %llu messages before\n",
                        (unsigned long long)(ladder->count - kept));
    }
    for (uint64_t i = ladder->count - kept; i < ladder->count; ++i) {
        const rung *r = &ladder->rungs[i % ladder->room];
        peal__test_addf(&text, "%10.3f ", (double)r->at_us / 1e6);
        if (r->from < 0) {
            peal__test_addf(&text, "-- %s\n", r->label);
        } else {
            add_arrow(&text, r, ladder->column_count);
        }
    }
    return text.p;
}
