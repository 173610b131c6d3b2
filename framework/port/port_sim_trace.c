/* SPDX-License-Identifier: MIT */
/* Role: what happens in a simulated world, told to observers, counted, and hashed with all its
 * bytes, so that two runs can be compared by one number. Thread: the one that runs the world. */
#include <peal/alloc.h>

#include "framework/port/sim_world.h"

/* ---- the hash: a multiplicative one, eight bytes a step ---- */

static void mix(uint64_t *hash, uint64_t word)
{
    uint64_t h = (*hash ^ word) * UINT64_C(0x9fb21c651e98df25);
    *hash = h ^ (h >> 32);
}

static void mix_bytes(uint64_t *hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    uint64_t word;
    for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        mix(hash, word);
    }
    if (n) {
        word = 0;
        memcpy(&word, at, n);
        mix(hash, word);
    }
}

static void mix_addr(uint64_t *hash, const peal_socket_addr *addr)
{
    if (addr) {
        mix_bytes(hash, addr->ip, sizeof addr->ip);
        mix(hash, (uint64_t)addr->scope << 32 | (uint64_t)addr->port << 8 | addr->family);
    }
}

static void hash_event(peal_sim *sim, const peal_sim_event *e)
{
    uint64_t *hash = &sim->hash;
    mix(hash, (uint64_t)e->kind | (e->host ? (uint64_t)e->host->number + 1 : 0) << 8 |
                  (uint64_t)e->thread << 32);
    mix(hash, sim->now_ns);
    mix(hash, e->work ^ e->number << 1 ^ (uint64_t)(uint32_t)e->result << 32);
    mix_addr(hash, e->from);
    mix_addr(hash, e->to);
    mix_bytes(hash, e->bytes.p, e->bytes.n);
    mix_bytes(hash, e->what, strlen(e->what));
}

/* ---- counting ---- */

static void count_event(peal_sim_stats *s, peal_sim_event_kind kind)
{
    uint64_t *const counters[] = {
        [PEAL_SIM_CLOCK] = &s->jumps,         [PEAL_SIM_TURN] = &s->turns,
        [PEAL_SIM_SENT] = &s->sent,           [PEAL_SIM_DUPLICATED] = &s->duplicated,
        [PEAL_SIM_CORRUPTED] = &s->corrupted, [PEAL_SIM_LOST] = &s->lost,
        [PEAL_SIM_ARRIVED] = &s->arrived,     [PEAL_SIM_RETURNED] = &s->returned,
        [PEAL_SIM_SEND_FAILED] = &s->failed,
    };
    ++s->events;
    if ((size_t)kind < PEAL_COUNT_OF(counters)) {
        ++*counters[kind];
    }
}

void peal_sim_get_stats(const peal_sim *sim, peal_sim_stats *ret)
{
    peal_sim_stats now = sim->stats;
    size_t size = ret->size < sizeof now ? ret->size : sizeof now;
    now.size = size;
    now.on_way = 0;
    for (size_t i = 0; i < sim->heap_count; ++i) {
        now.on_way += sim->heap[i]->kind == PEAL__SIM_DATAGRAM;
    }
    now.threads = sim->runner_count;
    memcpy(ret, &now, size);
}

uint64_t peal_sim_trace_hash(const peal_sim *sim)
{
    return sim->hash;
}

/* ---- telling ---- */

peal_result peal_sim_add_observer(peal_sim *sim, peal_sim_observer *observer, void *arg)
{
    peal__sim_watcher *watchers =
        peal_realloc(sim->watchers, (sim->watcher_count + 1) * sizeof *watchers);
    if (!watchers) {
        return PEAL_E_NO_MEMORY;
    }
    sim->watchers = watchers;
    watchers[sim->watcher_count++] = (peal__sim_watcher){ observer, arg };
    return PEAL_OK;
}

void peal_sim_remove_observer(peal_sim *sim, peal_sim_observer *observer, void *arg)
{
    for (size_t i = 0; i < sim->watcher_count; ++i) {
        if (sim->watchers[i].observer == observer && sim->watchers[i].arg == arg) {
            size_t behind = --sim->watcher_count - i;
            memmove(sim->watchers + i, sim->watchers + i + 1, behind * sizeof *sim->watchers);
            return;
        }
    }
}

void peal__sim_note(peal_sim *sim, peal_sim_event *event)
{
    event->size = sizeof *event;
    event->now_us = peal_sim_now_us(sim);
    if (!event->what) {
        event->what = "";
    }
    count_event(&sim->stats, event->kind);
    hash_event(sim, event);
    for (size_t i = 0; i < sim->watcher_count; ++i) {
        sim->watchers[i].observer(sim->watchers[i].arg, event);
    }
}

void peal__sim_note_packet(peal_sim *sim, peal_sim_event_kind kind, peal_sim_host *host,
                           const peal__sim_packet *packet, const char *what)
{
    peal_sim_event event = { .kind = kind,
                             .host = host,
                             .number = packet->number,
                             .from = &packet->from,
                             .to = &packet->to,
                             .bytes = peal_str_of(packet->data, packet->bytes),
                             .result = packet->error,
                             .what = what };
    peal__sim_note(sim, &event);
}

void peal__sim_note_fault(peal_sim *sim, peal_sim_host *host, const char *what)
{
    peal_sim_event event = { .kind = PEAL_SIM_FAULT, .host = host, .what = what };
    peal__sim_note(sim, &event);
}
