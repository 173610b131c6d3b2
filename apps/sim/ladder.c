/* SPDX-License-Identifier: MIT */
/* What went over the network and what applications heard, kept in order, printed as a ladder. It is
 * kept in memory that a process shares with its parent, so that it outlives a crash. */
#include "apps/sim/sim_priv.h"

#include <sys/mman.h>

/* Only the pages that are used cost memory. */
enum { TEXT_MAX = 88, SHOWN_MAX = 400, RUNGS_MAX = 1 << 19 };

struct rung {
    uint64_t at_ms;
    uint32_t call;
    uint8_t from, to;
    char mark;
    char text[TEXT_MAX];
};

struct ladder {
    size_t count;
    struct rung rungs[RUNGS_MAX];
};

struct ladder *peal__ladder_new(void)
{
    void *memory = mmap(NULL, sizeof(struct ladder), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void peal__ladder_free(struct ladder *ladder)
{
    if (ladder) {
        (void)munmap(ladder, sizeof *ladder);
    }
}

void peal__ladder_add(struct ladder *ladder, uint64_t at_ms, uint32_t from, uint32_t to, char mark,
                      uint32_t call, const char *text)
{
    if (!ladder || ladder->count == RUNGS_MAX) {
        return; /* a shorter ladder */
    }
    struct rung *rung = &ladder->rungs[ladder->count];
    rung->at_ms = at_ms;
    rung->call = call;
    rung->from = (uint8_t)from;
    rung->to = (uint8_t)to;
    rung->mark = mark;
    (void)snprintf(rung->text, sizeof rung->text, "%s", text);
    ladder->count++;
}

static bool is_shown(const struct rung *rung, uint32_t call)
{
    return call == 0 || rung->call == call;
}

static const char *kind_of(const struct scenario *scenario, size_t host)
{
    static const char *const names[] = { "ua", "b2bua", "rude" };
    return names[scenario->hosts[host].kind];
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

void peal__ladder_print(const struct ladder *ladder, const struct scenario *scenario, uint32_t call,
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
    for (size_t i = 1; i <= scenario->host_count; i++) {
        if (is_there[i]) {
            fprintf(to, " [%zu] %s 10.0.0.%zu:%u", i, kind_of(scenario, i), i, SIM_PORT);
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
