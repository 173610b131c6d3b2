/* SPDX-License-Identifier: MIT */
/* Invariants in time: a heap of duties, each looked at when it is due, and what must be over when a
 * host is quiet. What has no time is checked where it happens (wire.c, ua.c, bridge.c). */
#include "apps/sim/sim_priv.h"

#include <stdarg.h>
#include <stdlib.h>

struct rules {
    struct duty *heap; /* earliest first */
    size_t count, capacity;
    uint64_t order;
    bool is_watched[HOSTS_MAX + 1]; /* the host's quiet is a duty already */
};

void peal__rule_broken(struct world *world, const char *name, uint32_t call, const char *format,
                       ...)
{
    struct failure *failure = &world->failure;
    va_list args;
    if (failure->name[0]) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(failure->text, sizeof failure->text, format, args);
    va_end(args);
    (void)snprintf(failure->name, sizeof failure->name, "%s", name);
    failure->at_ms = peal__world_now(world);
    failure->call = call;
}

bool peal__rules_init(struct world *world)
{
    world->rules = calloc(1, sizeof *world->rules);
    return world->rules != NULL;
}

void peal__rules_fini(struct world *world)
{
    if (world->rules) {
        free(world->rules->heap);
        free(world->rules);
        world->rules = NULL;
    }
}

/* ---- the heap ---- */

static bool is_before(const struct duty *a, const struct duty *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct rules *rules, struct duty duty)
{
    duty.order = ++rules->order;
    size_t at = rules->count++;
    for (size_t up; at > 0 && is_before(&duty, &rules->heap[up = (at - 1) / 2]); at = up) {
        rules->heap[at] = rules->heap[up];
    }
    rules->heap[at] = duty;
}

static struct duty take(struct rules *rules)
{
    const struct duty first = rules->heap[0];
    const struct duty last = rules->heap[--rules->count];
    size_t at = 0;
    for (size_t down = 1; down < rules->count; down = at * 2 + 1) {
        if (down + 1 < rules->count && is_before(&rules->heap[down + 1], &rules->heap[down])) {
            ++down;
        }
        if (!is_before(&rules->heap[down], &last)) {
            break;
        }
        rules->heap[at] = rules->heap[down];
        at = down;
    }
    if (rules->count) {
        rules->heap[at] = last;
    }
    return first;
}

void peal__rules_watch(struct world *world, uint64_t due_ms,
                       uint64_t (*check)(struct world *world, void *about), void *about)
{
    struct rules *rules = world->rules;
    if (rules->count == rules->capacity) {
        size_t capacity = rules->capacity * 2 + 256;
        struct duty *heap = realloc(rules->heap, capacity * sizeof *heap);
        if (!heap) {
            peal__rule_broken(world, "memory", 0, "the simulator itself has none left");
            return;
        }
        rules->heap = heap;
        rules->capacity = capacity;
    }
    put(rules, (struct duty){ due_ms, 0, check, about });
}

uint64_t peal__rules_next(const struct world *world)
{
    return world->rules->count ? world->rules->heap[0].due_ms : UINT64_MAX;
}

void peal__rules_run(struct world *world)
{
    struct rules *rules = world->rules;
    const uint64_t now = peal__world_now(world);
    while (!world->failure.name[0] && rules->count && rules->heap[0].due_ms <= now) {
        struct duty duty = take(rules);
        const uint64_t again = duty.check(world, duty.about);
        if (again) {
            duty.due_ms = again > now ? again : now + 1;
            put(rules, duty);
        }
    }
}

/* ---- quiet ---- */

enum { BRIDGE_CHECK_MS = 1000 };

static size_t applications(const struct host *host)
{
    switch (host->kind) {
    case HOST_UA:
        return peal__ua_legs(host);
    case HOST_B2BUA:
        return peal__bridge_calls(host);
    default:
        return peal__rude_legs(host);
    }
}

static void check_empty(struct host *host)
{
    peal_sip_census c = { .size = sizeof c };
    if (!peal__host_census(host, &c)) {
        return;
    }
    if (c.contexts || c.requests || c.server_requests || c.transactions || c.call_timers ||
        c.matchers) {
        peal__rule_broken(host->world, "quiet", 0,
                          "host %u is quiet, but has %zu contexts, %zu requests, %zu server "
                          "requests, %zu transactions, %zu timers, %zu dialogs",
                          host->number, c.contexts, c.requests, c.server_requests, c.transactions,
                          c.call_timers, c.matchers);
    }
    if (host->has_blocks && c.blocks != host->blocks) {
        peal__rule_broken(host->world, "quiet", 0,
                          "host %u is quiet, but has %zu blocks of memory, and had %zu",
                          host->number, c.blocks, host->blocks);
    }
}

static uint64_t check_quiet(struct world *world, void *about)
{
    struct host *host = about;
    const uint64_t now = peal__world_now(world);
    if (!host->is_up) {
        world->rules->is_watched[host->number] = false;
        return 0;
    }
    if (host->kind == HOST_B2BUA) {
        peal__bridge_check(host);
    }
    if (host->paused_ms || applications(host)) {
        return now + BRIDGE_CHECK_MS;
    }
    if (now < host->active_ms + QUIET_MS) {
        return host->active_ms + QUIET_MS;
    }
    check_empty(host);
    world->rules->is_watched[host->number] = false;
    return 0;
}

void peal__host_active(struct host *host)
{
    struct rules *rules = host->world->rules;
    host->active_ms = peal__world_now(host->world);
    if (!rules->is_watched[host->number]) {
        rules->is_watched[host->number] = true;
        peal__rules_watch(host->world, host->active_ms + BRIDGE_CHECK_MS, check_quiet, host);
    }
}
