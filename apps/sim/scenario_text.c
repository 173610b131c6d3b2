/* SPDX-License-Identifier: MIT */
/* Scenarios as text: a line for each host, call and fault, `name=number` for what is not 0. */
#include "apps/sim/sim_priv.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_LINE PEAL_STR("peal-sim scenario 1")
enum { NUMBER_MAX = 1000000 };

struct field {
    const char *name;
    size_t offset;
};

#define FIELD(type, name)                                                                          \
    {                                                                                              \
#name, offsetof(struct type, name)                                                         \
    }

static const struct field host_fields[] = {
    FIELD(scenario_host, kind),
    FIELD(scenario_host, threads),
    FIELD(scenario_host, hop),
    FIELD(scenario_host, second),
    { NULL, 0 },
};
static const struct field call_fields[] = {
    FIELD(scenario_call, number),
    FIELD(scenario_call, at),
    FIELD(scenario_call, from),
    FIELD(scenario_call, to),
    FIELD(scenario_call, via),
    FIELD(scenario_call, ring),
    FIELD(scenario_call, ring_code),
    FIELD(scenario_call, ring2),
    FIELD(scenario_call, ring2_code),
    FIELD(scenario_call, answer),
    FIELD(scenario_call, answer_code),
    FIELD(scenario_call, cancel),
    FIELD(scenario_call, ack),
    FIELD(scenario_call, no_ack),
    FIELD(scenario_call, forks),
    FIELD(scenario_call, bye),
    FIELD(scenario_call, bye2),
    FIELD(scenario_call, reinvite),
    FIELD(scenario_call, reinvite2),
    FIELD(scenario_call, reanswer),
    FIELD(scenario_call, reanswer_code),
    FIELD(scenario_call, info),
    FIELD(scenario_call, info2),
    FIELD(scenario_call, clear),
    FIELD(scenario_call, clear2),
    FIELD(scenario_call, rude),
    { NULL, 0 },
};
static const struct field fault_fields[] = {
    FIELD(scenario_fault, at),
    FIELD(scenario_fault, ms),
    FIELD(scenario_fault, a),
    FIELD(scenario_fault, amount),
    { NULL, 0 },
};

static const char *const kind_names[] = { "ua", "b2bua", "rude" };

static void put(FILE *to, const struct field *fields, const void *item)
{
    for (const struct field *f = fields; f->name; f++) {
        uint32_t number;
        memcpy(&number, (const char *)item + f->offset, sizeof number);
        if (number) {
            fprintf(to, " %s=%lu", f->name, (unsigned long)number);
        }
    }
    fputs("\n", to);
}

bool peal__scenario_write(const struct scenario *s, FILE *to)
{
    fprintf(to, "peal-sim scenario 1\nseed %llu\ndelay %lu us\n", (unsigned long long)s->seed,
            (unsigned long)s->delay_us);
    for (size_t i = 1; i <= s->host_count; i++) {
        fprintf(to, "host %s", kind_names[s->hosts[i].kind]);
        put(to, host_fields + 1, &s->hosts[i]);
    }
    for (size_t i = 0; i < s->call_count; i++) {
        fputs("call", to);
        put(to, call_fields, &s->calls[i]);
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        fprintf(to, "fault %s", peal__fault_name(s->faults[i].kind));
        put(to, fault_fields, &s->faults[i]);
    }
    fputs("end\n", to);
    return !ferror(to);
}

/* ---- reading ---- */

static peal_str word(peal_str *line)
{
    size_t n = 0;
    while (line->n && line->p[0] == ' ') {
        *line = peal_str_of(line->p + 1, line->n - 1);
    }
    while (n < line->n && line->p[n] != ' ') {
        n++;
    }
    const peal_str found = peal_str_of(line->p, n);
    *line = peal_str_of(line->p + n, line->n - n);
    return found;
}

static bool set(const struct field *fields, void *item, peal_str name, peal_str value)
{
    uint64_t number;
    if (peal_str_to_u64(value, UINT32_MAX, &number) < 0) {
        return false;
    }
    for (const struct field *f = fields; f->name; f++) {
        if (peal_str_eq(name, peal_str_z(f->name))) {
            const uint32_t small = (uint32_t)number;
            memcpy((char *)item + f->offset, &small, sizeof small);
            return true;
        }
    }
    return false;
}

static bool get(const struct field *fields, void *item, peal_str line)
{
    peal_str pair;
    while ((pair = word(&line)).n) {
        const char *equals = memchr(pair.p, '=', pair.n);
        if (!equals || !set(fields, item, peal_str_of(pair.p, (size_t)(equals - pair.p)),
                            peal_str_of(equals + 1, pair.n - (size_t)(equals + 1 - pair.p)))) {
            return false;
        }
    }
    return true;
}

static void *grow(void **items, size_t count, size_t bytes)
{
    void *bigger = realloc(*items, (count + 1) * bytes);
    if (!bigger) {
        return NULL;
    }
    *items = bigger;
    return memset((char *)bigger + count * bytes, 0, bytes);
}

static bool read_host(struct scenario *s, peal_str line)
{
    const peal_str kind = word(&line);
    if (s->host_count >= HOSTS_MAX) {
        return false;
    }
    struct scenario_host *host = &s->hosts[++s->host_count];
    for (uint32_t i = 0; i < PEAL_COUNT_OF(kind_names); i++) {
        if (peal_str_eq(kind, peal_str_z(kind_names[i]))) {
            host->kind = i;
            return get(host_fields, host, line);
        }
    }
    return false;
}

static bool read_call(struct scenario *s, peal_str line)
{
    void *calls = s->calls;
    struct scenario_call *call = grow(&calls, s->call_count, sizeof *s->calls);
    if (call) {
        s->calls = calls;
        s->call_count++;
    }
    return call && get(call_fields, call, line);
}

static bool read_fault(struct scenario *s, peal_str line)
{
    void *faults = s->faults;
    const int kind = peal__fault_find(word(&line));
    struct scenario_fault *fault = grow(&faults, s->fault_count, sizeof *s->faults);
    if (!fault) {
        return false;
    }
    s->faults = faults;
    s->fault_count++;
    fault->kind = (uint32_t)kind;
    return kind >= 0 && kind < FAULT_KINDS && get(fault_fields, fault, line);
}

static bool read_number(peal_str line, uint64_t max, uint64_t *ret)
{
    return peal_str_to_u64(word(&line), max, ret) >= 0;
}

static bool read_line(struct scenario *s, peal_str line)
{
    const peal_str what = word(&line);
    uint64_t number = 0;
    if (peal_str_eq(what, PEAL_STR("host"))) {
        return read_host(s, line);
    }
    if (peal_str_eq(what, PEAL_STR("call"))) {
        return read_call(s, line);
    }
    if (peal_str_eq(what, PEAL_STR("fault"))) {
        return read_fault(s, line);
    }
    if (peal_str_eq(what, PEAL_STR("seed"))) {
        return read_number(line, UINT64_MAX, &s->seed);
    }
    if (peal_str_eq(what, PEAL_STR("delay")) && read_number(line, 1000000, &number)) {
        s->delay_us = (uint32_t)number;
        return true;
    }
    return what.n == 0 || what.p[0] == '#';
}

static bool is_host(const struct scenario *s, uint32_t number)
{
    return number >= 1 && number <= s->host_count;
}

static bool is_bridge(const struct scenario *s, uint32_t number)
{
    return is_host(s, number) && s->hosts[number].kind == HOST_B2BUA;
}

static bool is_hop(const struct scenario *s, uint32_t from, uint32_t number)
{
    return number == HOP_NONE || number == HOP_DEAD || (number > from && is_bridge(s, number));
}

/* Numbers of calls are names: users are called by them. */
static bool has_number(const struct scenario *s, size_t before, uint32_t number)
{
    for (size_t i = 0; i < before; i++) {
        if (s->calls[i].number == number) {
            return true;
        }
    }
    return false;
}

/* All it names is there, and each call has a number of its own. */
static bool is_sound(const struct scenario *s)
{
    for (uint32_t i = 1; i <= s->host_count; i++) {
        if (s->hosts[i].threads != 1 && s->hosts[i].threads != 3) {
            return false;
        }
        if (!is_hop(s, i, s->hosts[i].hop) || !is_hop(s, i, s->hosts[i].second)) {
            return false;
        }
    }
    for (size_t i = 0; i < s->call_count; i++) {
        const struct scenario_call *call = &s->calls[i];
        if (!is_host(s, call->from) || !is_host(s, call->to) || is_bridge(s, call->from) ||
            is_bridge(s, call->to) || (call->via && !is_bridge(s, call->via)) || !call->number ||
            call->number > NUMBER_MAX || has_number(s, i, call->number)) {
            return false;
        }
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        if (s->faults[i].a && !is_host(s, s->faults[i].a)) {
            return false;
        }
    }
    return s->host_count > 0;
}

static bool read_all(struct scenario *s, FILE *from, unsigned *ret_line)
{
    char text[1024];
    bool is_begun = false, is_over = false;
    while (!is_over && fgets(text, sizeof text, from)) {
        const peal_str line = peal_str_of(text, strcspn(text, "\r\n"));
        ++*ret_line;
        is_over = is_begun && peal_str_eq(line, PEAL_STR("end"));
        if (line.n + 1 == sizeof text || (is_begun && !is_over && !read_line(s, line)) ||
            (!is_begun && !peal_str_eq(line, FIRST_LINE))) {
            return false;
        }
        is_begun = true;
    }
    return is_over && is_sound(s); /* else it is cut */
}

struct scenario *peal__scenario_read(const char *path)
{
    unsigned line = 0;
    FILE *from = fopen(path, "r");
    if (!from) {
        peal__sim_complain("%s: %s", path, strerror(errno));
        return NULL;
    }
    struct scenario *s = calloc(1, sizeof *s);
    if (s && !read_all(s, from, &line)) {
        peal__sim_complain("%s:%u: this is no scenario", path, line);
        peal__scenario_free(s);
        s = NULL;
    }
    (void)fclose(from);
    return s;
}
