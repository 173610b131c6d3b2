/* SPDX-License-Identifier: MIT */
/* A world: makes the hosts of a scenario, starts its calls and faults at their times, lets it run
 * until all is quiet, takes it apart, and sees that nothing is left. One system thread. */
#include "apps/sim/sim_priv.h"

#include <stdlib.h>

enum {
    END_MS = (BRIDGE_S + BRIDGE_SETUP_S) * 1000 + 8 * T64_MS, /* after the last call or fault */
    LOOK_MS = 2000,
    STALL_US = 10000
};

uint64_t peal__world_now(const struct world *world)
{
    return world->sim ? peal_sim_now_ms(world->sim) : world->end_ms;
}

void peal__world_hash(struct world *world, const void *bytes, size_t count)
{
    const unsigned char *p = bytes;
    uint64_t h = world->hash;
    for (size_t i = 0; i < count; i++) {
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    }
    world->hash = h ^ h >> 31;
}

static void hash_number(struct world *world, uint64_t number)
{
    const unsigned char bytes[] = {
        (unsigned char)number,         (unsigned char)(number >> 8),  (unsigned char)(number >> 16),
        (unsigned char)(number >> 24), (unsigned char)(number >> 32), (unsigned char)(number >> 40),
        (unsigned char)(number >> 48), (unsigned char)(number >> 56),
    };
    peal__world_hash(world, bytes, sizeof bytes);
}

void peal__world_event(struct host *host, uint32_t call, const char *what, uint32_t number)
{
    struct world *world = host->world;
    char text[80];
    hash_number(world, peal__world_now(world));
    hash_number(world, (uint64_t)host->number << 32 | call);
    hash_number(world, number);
    peal__world_hash(world, what, strlen(what));
    peal__host_active(host);
    if (world->ladder) {
        (void)snprintf(text, sizeof text, "%s%s%.0u", what, number ? " " : "", number);
        peal__ladder_add(world->ladder, peal__world_now(world), host->number, host->number, '.',
                         call, text);
    }
}

struct call_fate *peal__world_fate(struct world *world, uint32_t call)
{
    return call && call <= world->fate_count && world->fates[call].plan ? &world->fates[call]
                                                                        : NULL;
}

struct host *peal__world_host_at(struct world *world, const peal_socket_addr *address)
{
    const peal_sim_host *machine = peal_sim_host_of(world->sim, address);
    const unsigned number = machine ? peal_sim_host_number(machine) : 0;
    return number >= 1 && number <= world->scenario->host_count ? &world->hosts[number] : NULL;
}

/* ---- what the network does ---- */

static void note_corrupt(struct world *world, const peal_sim_event *event)
{
    peal__wire_taint(world, event->number, event->bytes);
    world->corrupt[world->corrupt_count++ % PEAL_COUNT_OF(world->corrupt)] = event->number;
}

static bool is_corrupt(const struct world *world, uint64_t number)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(world->corrupt) && i < world->corrupt_count; i++) {
        if (world->corrupt[i] == number) {
            return true;
        }
    }
    return false;
}

static void observe(void *arg, const peal_sim_event *event)
{
    struct world *world = arg;
    struct host *from = event->from ? peal__world_host_at(world, event->from) : NULL;
    struct host *to = event->to ? peal__world_host_at(world, event->to) : NULL;
    if (!from || (from->is_cut && event->kind == PEAL_SIM_SENT)) {
        return; /* what the dead say does not leave them */
    }
    switch (event->kind) {
    case PEAL_SIM_SENT:
        world->datagrams++;
        peal__host_active(from);
        peal__wire_sent(world, from, to, event->number, event->bytes);
        break;
    case PEAL_SIM_CORRUPTED:
        note_corrupt(world, event);
        break;
    case PEAL_SIM_LOST:
        peal__wire_lost(world, from, to, event->bytes);
        break;
    case PEAL_SIM_SEND_FAILED:
        if (event->result != PEAL_E_WOULD_BLOCK) {
            peal__wire_failed(world, from, to, event->bytes);
        }
        break;
    case PEAL_SIM_RETURNED:
        peal__wire_failed(world, from, to, event->bytes);
        break;
    case PEAL_SIM_ARRIVED:
        if (to) {
            peal__host_active(to);
        }
        if (to && !(world->corrupt_count && is_corrupt(world, event->number))) {
            peal__wire_arrived(world, from, to, event->bytes);
        }
        break;
    default:
        break;
    }
    if (world->failure.name[0]) {
        peal_sim_stop(world->sim);
    }
}

/* ---- faults ---- */

static double percent_now(const struct world *world, uint32_t kind, uint64_t now)
{
    double percent = 0;
    for (size_t i = 0; i < world->scenario->fault_count; i++) {
        const struct scenario_fault *f = &world->scenario->faults[i];
        if (f->kind == kind && f->at <= now && now < (uint64_t)f->at + f->ms) {
            percent = f->amount > percent ? f->amount : percent;
        }
    }
    return percent;
}

/* The network as the phases of this moment make it. */
static void set_link(struct world *world)
{
    const uint64_t now = peal__world_now(world);
    const peal_sim_link link = {
        .size = sizeof link,
        .delay_us = world->scenario->delay_us,
        .loss_percent = percent_now(world, FAULT_LOSS, now),
        .duplicate_percent = percent_now(world, FAULT_DUPLICATE, now),
        .jitter_us = (uint32_t)percent_now(world, FAULT_REORDER, now) * 1000,
        .corrupt_percent = percent_now(world, FAULT_CORRUPT, now),
        .block_percent = percent_now(world, FAULT_BLOCK, now),
    };
    const peal_sim_schedule schedule = {
        .size = sizeof schedule,
        .stall_percent = percent_now(world, FAULT_STALL, now),
        .stall_us = STALL_US,
    };
    peal_sim_set_link(world->sim, &link);
    peal_sim_set_schedule(world->sim, &schedule);
}

static void pause(struct host *host, bool begins)
{
    const uint64_t now = peal__world_now(host->world);
    if (begins && !host->paused_ms) {
        host->paused_ms = now ? now : 1;
        host->stopped_ms = host->paused_ms;
        peal_sim_host_pause(host->machine, false);
    } else if (!begins && host->paused_ms) {
        host->pauses_ms += now - host->paused_ms;
        host->paused_ms = 0;
        host->resumed_ms = now;
        peal_sim_host_resume(host->machine);
        peal__host_active(host);
    }
}

static void kill_or_start(struct host *host, bool begins)
{
    if (begins && host->is_up) {
        pause(host, false);
        peal__host_kill(host);
    } else if (!begins && !host->is_up && peal__host_start(host) < 0) {
        peal__rule_broken(host->world, "start", 0, "host %u does not start again", host->number);
    }
}

static void set_fault(struct world *world, const struct scenario_fault *fault, bool begins)
{
    struct host *host = &world->hosts[fault->a ? fault->a : 1];
    peal_socket_addr any = host->address;
    any.port = 0;
    switch (fault->kind) {
    case FAULT_PARTITION:
        for (uint32_t i = 1; i <= world->scenario->host_count; i++) {
            peal_sim_host_set_group(world->hosts[i].machine, begins && i <= fault->a);
        }
        break;
    case FAULT_PAUSE:
        if (host->is_up) {
            pause(host, begins);
        }
        break;
    case FAULT_KILL:
        kill_or_start(host, begins);
        break;
    case FAULT_SEND_ERROR:
        (void)peal_sim_set_send_error(world->sim, &any, begins ? PEAL_E_UNREACHABLE : PEAL_OK);
        break;
    default:
        set_link(world);
        break;
    }
}

/* ---- time ---- */

/* What the scenario does next: call, fault, end of a fault. */
struct cue {
    uint64_t at_ms;
    size_t order;
    const struct scenario_call *call;
    const struct scenario_fault *fault;
    bool begins;
};

static int by_time(const void *a, const void *b)
{
    const struct cue *x = a, *y = b;
    if (x->at_ms != y->at_ms) {
        return x->at_ms < y->at_ms ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

static struct cue *cues_of(const struct scenario *s, size_t *ret_count)
{
    struct cue *cues = calloc(s->call_count + 2 * s->fault_count + 1, sizeof *cues);
    size_t n = 0;
    if (!cues) {
        return NULL;
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        const struct scenario_fault *f = &s->faults[i];
        cues[n++] = (struct cue){ f->at, n, NULL, f, true };
        cues[n++] = (struct cue){ (uint64_t)f->at + f->ms, n, NULL, f, false };
    }
    for (size_t i = 0; i < s->call_count; i++) {
        cues[n++] = (struct cue){ s->calls[i].at, n, &s->calls[i], NULL, true };
    }
    qsort(cues, n, sizeof *cues, by_time);
    *ret_count = n;
    return cues;
}

/* What each host holds before anything happened; hosts that a fault hit already are not asked. */
static void note_blocks(struct world *world)
{
    for (uint32_t i = 1; i <= world->scenario->host_count; i++) {
        struct host *host = &world->hosts[i];
        peal_sip_census c = { .size = sizeof c };
        if (host->is_up && host->life == 1 && !host->pauses_ms && !host->paused_ms &&
            peal__host_census(host, &c)) {
            host->blocks = c.blocks;
            host->has_blocks = true;
        }
    }
}

static void start_call(struct world *world, const struct scenario_call *call)
{
    struct host *host = &world->hosts[call->from];
    if (!host->is_up || host->paused_ms) {
        return;
    }
    if (host->kind == HOST_UA) {
        peal__ua_call(host, call);
    } else if (host->kind == HOST_RUDE) {
        peal__rude_call(host, call);
    }
}

/* The clock goes on also when nothing is left to happen. */
static void nothing(void *arg)
{
    (void)arg;
}

/* Runs up to a time, or to the failure; duties are looked at on the way. */
static void run_to(struct world *world, uint64_t end_ms)
{
    while (!world->failure.name[0] && peal__world_now(world) < end_ms) {
        uint64_t next = peal__rules_next(world);
        const uint64_t now = peal__world_now(world);
        next = next < end_ms ? next : end_ms;
        if (next > now && peal_sim_run(world->sim, next - now, NULL, NULL) == PEAL_I_END &&
            peal_sim_at(world->sim, next * 1000, nothing, NULL) < 0) {
            peal__rule_broken(world, "memory", 0, "the simulator itself has none left");
        }
        peal__rules_run(world);
    }
}

static bool is_quiet(const struct world *world)
{
    for (uint32_t i = 1; i <= world->scenario->host_count; i++) {
        const struct host *host = &world->hosts[i];
        peal_sip_census c = { .size = sizeof c };
        if (!host->is_up || !peal__host_census(host, &c)) {
            continue;
        }
        if (c.contexts || c.requests || c.server_requests || c.transactions || c.call_timers) {
            return false;
        }
    }
    return peal_sip_packet_live() == 0;
}

static void play(struct world *world)
{
    size_t count = 0;
    struct cue *cues = cues_of(world->scenario, &count);
    uint64_t end = 0;
    bool has_begun = false;
    for (size_t i = 0; cues && i < count && !world->failure.name[0]; i++) {
        run_to(world, cues[i].at_ms);
        end = cues[i].at_ms;
        if (world->failure.name[0]) {
            break;
        }
        if (cues[i].call && !has_begun) {
            note_blocks(world);
            has_begun = true;
        }
        if (cues[i].call) {
            start_call(world, cues[i].call);
        } else {
            set_fault(world, cues[i].fault, cues[i].begins);
        }
    }
    free(cues);
    end += END_MS;
    while (!world->failure.name[0] && !is_quiet(world)) {
        if (peal__world_now(world) >= end) {
            peal__rule_broken(world, "quiet", 0,
                              "%zu packets and more are alive %u s after all "
                              "was over",
                              peal_sip_packet_live(), END_MS / 1000);
        }
        run_to(world, peal__world_now(world) + LOOK_MS);
    }
    run_to(world, peal__world_now(world) + QUIET_MS + LOOK_MS); /* each host is looked at */
}

/* ---- before and after ---- */

static bool make_hosts(struct world *world)
{
    const struct scenario *s = world->scenario;
    char address[24];
    for (uint32_t i = 1; i <= s->host_count; i++) {
        struct host *host = &world->hosts[i];
        host->world = world;
        host->number = i;
        host->kind = s->hosts[i].kind;
        (void)snprintf(address, sizeof address, "10.0.0.%u", i);
        (void)snprintf(host->text, sizeof host->text, "10.0.0.%u:%u", i, SIM_PORT);
        if (peal_socket_addr_parse(peal_str_z(address), SIM_PORT, &host->address) < 0 ||
            peal_sim_host_new(world->sim, NULL, address, &host->machine) < 0) {
            return false;
        }
    }
    for (uint32_t i = 1; i <= s->host_count; i++) {
        if (peal__host_start(&world->hosts[i]) < 0) {
            return false;
        }
    }
    return true;
}

static bool make_fates(struct world *world)
{
    const struct scenario *s = world->scenario;
    uint32_t most = 0;
    for (size_t i = 0; i < s->call_count; i++) {
        most = s->calls[i].number > most ? s->calls[i].number : most;
    }
    world->fate_count = most;
    world->fates = calloc((size_t)most + 1, sizeof *world->fates);
    for (size_t i = 0; world->fates && i < s->call_count; i++) {
        world->fates[s->calls[i].number].plan = &s->calls[i];
    }
    return world->fates != NULL;
}

static void take_apart(struct world *world)
{
    for (uint32_t i = 1; i <= world->scenario->host_count && !world->failure.name[0]; i++) {
        if (world->hosts[i].is_up) {
            peal__host_kill(&world->hosts[i]);
        }
    }
}

/* All that was allocated is free again, and no object lives. */
static void check_leaks(struct world *world, size_t blocks_before)
{
    const size_t packets = peal_sip_packet_live();
    const bool is_clean = peal_sip_fini() >= 0;
    const bool is_all_clean = peal_fini() >= 0 && is_clean;
    const size_t blocks = peal_alloc_live();
    if (blocks != blocks_before || packets || !is_all_clean) {
        peal__rule_broken(world, "memory", 0, "%zu blocks, %zu packets%s are left of the world",
                          blocks - blocks_before, packets, is_all_clean ? "" : " and objects");
    }
}

static void finish(struct world *world, struct world_result *ret)
{
    hash_number(world, peal_sim_trace_hash(world->sim));
    ret->hash = world->hash;
    ret->datagrams = world->datagrams;
    ret->virtual_ms = peal__world_now(world);
}

static void free_all(struct world *world)
{
    peal__wire_fini(world);
    peal__rules_fini(world);
    for (size_t i = 1; i <= world->scenario->host_count; i++) {
        peal__ua_forget(&world->hosts[i]);
    }
    world->end_ms = peal__world_now(world);
    peal_sim_free(world->sim);
    world->sim = NULL;
    free(world->fates);
}

void peal__world_play(const struct scenario *scenario, struct world_result *ret,
                      struct ladder *ladder)
{
    static struct world world; /* large */
    const size_t blocks = peal_alloc_live();
    memset(&world, 0, sizeof world);
    memset(ret, 0, sizeof *ret);
    world.scenario = scenario;
    world.hash = UINT64_C(0xcbf29ce484222325);
    world.ladder = ladder;
    if (peal_sim_new(scenario->seed, &world.sim) < 0 ||
        peal_init_with(peal_sim_port(world.sim)) < 0 || peal_sip_init() < 0 ||
        !make_fates(&world) || !peal__rules_init(&world) || !peal__wire_init(&world) ||
        !make_hosts(&world) || peal_sim_add_observer(world.sim, observe, &world) < 0) {
        peal__rule_broken(&world, "start", 0, "the world could not be made");
    }
    set_link(&world);
    play(&world);
    take_apart(&world);
    finish(&world, ret);
    if (!world.failure.name[0]) {
        free_all(&world);
        check_leaks(&world, blocks);
    }
    ret->failure = world.failure;
}
