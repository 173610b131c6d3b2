/* SPDX-License-Identifier: MIT */
/* What went over the network and what applications heard, kept in order, printed as a ladder. */
#include "apps/sim/sim_priv.h"

#include <stdlib.h>

enum { TEXT_MAX = 88, SHOWN_MAX = 400 };

struct rung {
    uint64_t at_ms;
    uint32_t call;
    uint8_t from, to;
    char mark;
    char text[TEXT_MAX];
};

struct ladder {
    struct rung *rungs;
    size_t count, capacity;
};

struct ladder *peal__ladder_new(void)
{
    return calloc(1, sizeof(struct ladder));
}

void peal__ladder_free(struct ladder *ladder)
{
    if (ladder) {
        free(ladder->rungs);
        free(ladder);
    }
}

void peal__ladder_add(struct ladder *ladder, uint64_t at_ms, uint32_t from, uint32_t to, char mark,
                      uint32_t call, const char *text)
{
    if (!ladder) {
        return;
    }
    if (ladder->count == ladder->capacity) {
        size_t capacity = ladder->capacity * 2 + 1024;
        struct rung *rungs = realloc(ladder->rungs, capacity * sizeof *rungs);
        if (!rungs) {
            return; /* a shorter ladder */
        }
        ladder->rungs = rungs;
        ladder->capacity = capacity;
    }
    struct rung *rung = &ladder->rungs[ladder->count++];
    rung->at_ms = at_ms;
    rung->call = call;
    rung->from = (uint8_t)from;
    rung->to = (uint8_t)to;
    rung->mark = mark;
    (void)snprintf(rung->text, sizeof rung->text, "%s", text);
}

static bool is_shown(const struct rung *rung, uint32_t call)
{
    return call == 0 || rung->call == call;
}

static const char *kind_of(const struct world *world, size_t host)
{
    static const char *const names[] = { "ua", "b2bua", "rude" };
    return names[world->scenario->hosts[host].kind];
}

static const char *arrow(char mark)
{
    switch (mark) {
    case 'x':
        return "--x";
    case '!':
        return "-! ";
    case '=':
        return "==>";
    default:
        return "-->";
    }
}

static void print_rung(const struct rung *rung, FILE *to)
{
    const unsigned long long ms = rung->at_ms;
    fprintf(to, "%6llu.%03llu  ", ms / 1000, ms % 1000);
    if (rung->mark == '.') {
        fprintf(to, "[%2u] %s\n", rung->from, rung->text);
    } else {
        fprintf(to, "[%2u] %s [%2u] %s\n", rung->from, arrow(rung->mark), rung->to, rung->text);
    }
}

void peal__ladder_print(const struct ladder *ladder, const struct world *world, uint32_t call,
                        FILE *to)
{
    size_t shown = 0, skip = 0;
    bool is_there[HOSTS_MAX + 1] = { false };
    for (size_t i = 0; i < ladder->count; i++) {
        if (is_shown(&ladder->rungs[i], call)) {
            is_there[ladder->rungs[i].from] = is_there[ladder->rungs[i].to] = true;
            shown++;
        }
    }
    skip = shown > SHOWN_MAX ? shown - SHOWN_MAX : 0;
    fputs("hosts:", to);
    for (size_t i = 1; i <= world->scenario->host_count; i++) {
        if (is_there[i]) {
            fprintf(to, " [%zu] %s %s", i, kind_of(world, i), world->hosts[i].text);
        }
    }
    fprintf(to, "\n%s%.0zu", skip ? "earlier: " : "", skip);
    fputs(skip ? " lines\n" : "", to);
    for (size_t i = 0; i < ladder->count; i++) {
        if (is_shown(&ladder->rungs[i], call)) {
            if (skip) {
                skip--;
            } else {
                print_rung(&ladder->rungs[i], to);
            }
        }
    }
}
