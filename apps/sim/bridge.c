/* SPDX-License-Identifier: MIT */
/* A B2BUA host: the program's own code on a simulated machine, and a look at its calls: both legs
 * stand, or both are going down. Core thread of the host, but for the looks, between turns. */
#include "apps/b2bua/b2bua_priv.h"
#include "apps/sim/sim_priv.h"

#include <stdlib.h>

/* A call that goes down is gone after this: a BYE that waits for an ACK that never comes, a CANCEL
 * that waits for a 1xx and is crossed by a 2xx. */
enum { BRIDGE_DOWN_MS = 3 * T64_MS + 15000, TEXTS = 16, TEXT_BYTES = 48 };
/* A call whose callee has answered: the caller hears it with the same turn. */
enum { BRIDGE_UP_MS = 2000 };

/* A call whose legs differ at a look. */
struct going {
    const struct call *call;
    uint64_t since_ms;
    bool is_up; /* the callee's leg stands, the caller's does not yet */
};

struct bridge {
    struct b2bua app;
    struct host *host;
    struct going *going; /* the calls that were half up or half down at the last look */
    size_t going_count;
    FILE *out;
    bool is_down;
};

static struct bridge *bridge_of(struct b2bua *app)
{
    return PEAL_CONTAINER_OF(app, struct bridge, app);
}

static void on_down(struct b2bua *app)
{
    struct bridge *bridge = bridge_of(app);
    bridge->is_down = true;
    if (app->still_held) {
        peal__rule_broken(bridge->host->world, "held", 0,
                          "host %u is shut down and %zu objects are still held",
                          bridge->host->number, app->still_held);
    }
}

/* ---- start ---- */

static void add_hop(const struct host *host, uint32_t number, char *texts, char **argv, int *argc)
{
    const char *text = "10.99.0.99:5060";
    if (number == HOP_NONE) {
        return;
    }
    if (number != HOP_DEAD) {
        text = host->world->hosts[number].text;
    }
    char *uri = texts + (size_t)*argc * TEXT_BYTES;
    (void)snprintf(uri, TEXT_BYTES, "sip:%s;lr", text);
    argv[(*argc)++] = (char *)(uintptr_t) "--next-hop";
    argv[(*argc)++] = uri;
}

static peal_result read_options(struct bridge *bridge)
{
    const struct host *host = bridge->host;
    const struct scenario_host *plan = &host->world->scenario->hosts[host->number];
    char texts[TEXTS * TEXT_BYTES], *argv[TEXTS] = { NULL };
    int argc = 0, status = 0;
    argv[argc++] = (char *)(uintptr_t) "peal-b2bua";
    (void)snprintf(texts, TEXT_BYTES, "udp:%s", host->text);
    argv[argc++] = (char *)(uintptr_t) "--listen";
    argv[argc++] = texts;
    add_hop(host, plan->hop, texts, argv, &argc);
    add_hop(host, plan->second, texts, argv, &argc);
    peal_result r = peal__options_read(&bridge->app.options, argc, argv, &status);
    bridge->app.options.mode = plan->threads == 3 ? B2BUA_THREE : B2BUA_ONE;
    bridge->app.options.setup_s = BRIDGE_SETUP_S;
    bridge->app.options.duration_s = BRIDGE_S;
    bridge->app.options.port = peal_sim_host_port(host->machine);
    return r == PEAL_OK ? PEAL_OK : PEAL_E_ARGUMENT;
}

peal_result peal__bridge_start(struct host *host)
{
    struct bridge *bridge = calloc(1, sizeof *bridge);
    if (!bridge) {
        return PEAL_E_NO_MEMORY;
    }
    host->bridge = bridge;
    bridge->host = host;
    bridge->out = fopen("/dev/null", "w");
    if (!bridge->out) {
        return PEAL_E_OS;
    }
    bridge->app.out = bridge->out;
    bridge->app.on_down = on_down;
    peal_result r = read_options(bridge);
    return r < 0 ? r : peal__stack_start(&bridge->app);
}

/* ---- the end ---- */

/* As two SIGTERMs do. */
void peal__bridge_shut_down(struct host *host)
{
    struct bridge *bridge = host->bridge;
    bridge->app.stops = 1;
    peal__command_post(&bridge->app.term);
}

bool peal__bridge_is_down(const struct host *host)
{
    return host->bridge->is_down;
}

void peal__bridge_free(struct host *host)
{
    struct bridge *bridge = host->bridge;
    host->bridge = NULL;
    peal__stack_free(&bridge->app);
    (void)fclose(bridge->out);
    free(bridge->going);
    free(bridge);
}

size_t peal__bridge_calls(const struct host *host)
{
    return host->bridge->app.call_count;
}

peal_sip_core_config *peal__bridge_core(const struct host *host)
{
    return host->bridge->app.core;
}

/* ---- legs agree ---- */

static bool is_going(const struct call *call)
{
    return !call->in.context || call->in.is_ending || call->phase == CALL_OVER ||
           (call->peer && call->peer->is_ending) || (call->phase == CALL_UP && !call->peer);
}

static bool is_half_up(const struct call *call)
{
    return call->phase == CALL_UP && call->peer &&
           peal_sip_session_current_state(call->in.session) == PEAL_SIP_SESSION_INVITED;
}

static uint64_t since(const struct bridge *bridge, const struct call *call, bool is_up,
                      uint64_t now)
{
    for (size_t i = 0; i < bridge->going_count; i++) {
        if (bridge->going[i].call == call && bridge->going[i].is_up == is_up) {
            return bridge->going[i].since_ms;
        }
    }
    return now;
}

static void check_call(struct host *host, const struct going *going, uint64_t now)
{
    const unsigned long long ms = now - going->since_ms;
    if (ms > (going->is_up ? BRIDGE_UP_MS : BRIDGE_DOWN_MS) + host->pauses_ms) {
        peal__rule_broken(host->world, "legs-agree", 0,
                          going->is_up
                              ? "host %u: the callee's leg stands since %llu ms, the caller waits"
                              : "host %u: one leg of a call is down since %llu ms, the other stays",
                          host->number, ms);
    }
}

void peal__bridge_check(struct host *host)
{
    struct bridge *bridge = host->bridge;
    const uint64_t now = peal__world_now(host->world);
    const size_t capacity = bridge->app.call_count + 1;
    size_t count = 0;
    struct going *going = calloc(capacity, sizeof *going);
    if (!going) {
        return; /* the next look */
    }
    for (peal_node *n = peal_list_first(&bridge->app.calls); n && count < capacity;
         n = peal_list_next(&bridge->app.calls, n)) {
        const struct call *call = PEAL_CONTAINER_OF(n, struct call, node);
        const bool is_up = !is_going(call);
        if (is_up && !is_half_up(call)) {
            continue;
        }
        going[count] = (struct going){ call, since(bridge, call, is_up, now), is_up };
        check_call(host, &going[count++], now);
    }
    free(bridge->going);
    bridge->going = going;
    bridge->going_count = count;
}
