/* SPDX-License-Identifier: MIT */
/* The census: one line of JSON with everything that is alive. "call" is what calls need: all of it
 * is zero when the last call is over. "base" is what the program itself needs: the same as at start
 * when it is quiet. After finalising everything is zero, or it leaked. */
#include "apps/b2bua/b2bua_priv.h"

static void print(FILE *out, const peal_sip_census *c, size_t calls, size_t objects)
{
    fprintf(
        out,
        "census {\"call\":{\"calls\":%zu,\"contexts\":%zu,\"requests\":%zu,\"server_requests\":%zu,"
        "\"transactions\":%zu,\"packets\":%zu,\"timers\":%zu},"
        "\"base\":{\"listeners\":%zu,\"sockets\":%zu,\"matchers\":%zu,\"objects\":%zu}}\n",
        calls, c->contexts, c->requests, c->server_requests, c->transactions, c->packets,
        c->call_timers, c->listeners, c->sockets, c->matchers, objects);
    (void)fflush(out);
}

static void add(const peal_census_entry *entry, void *arg)
{
    *(size_t *)arg += entry->live;
}

static size_t live_objects(void)
{
    size_t objects = 0;
    peal_census_each(add, &objects);
    return objects;
}

/* Core thread. */
void peal__census_print(struct b2bua *app)
{
    peal_sip_census c = { .size = sizeof c };
    peal_sip_core_config_census(app->core, &c);
    print(app->out, &c, app->call_count, live_objects());
}

/* Packets are counted for the whole process, where others may be busy still. */
bool peal__census_is_quiet(struct b2bua *app)
{
    peal_sip_census c = { .size = sizeof c };
    peal_sip_core_config_census(app->core, &c);
    return !app->call_count && !c.contexts && !c.requests && !c.server_requests &&
           !c.transactions && !c.call_timers;
}

static void name_leak(const peal_census_entry *entry, void *arg)
{
    (void)arg;
    if (entry->live) {
        peal__complain("still alive: %zu %s", entry->live, entry->class_name);
    }
}

bool peal__census_print_last(const struct b2bua *app)
{
    peal_sip_census c = app->last;
    size_t objects = live_objects();
    size_t blocks = peal_alloc_live();
    c.packets = peal_sip_packet_live();
    print(app->out, &c, app->call_count, objects);
    if (blocks) {
        peal__complain("still allocated: %zu blocks", blocks);
    }
    peal_census_each(name_leak, NULL);
    return !app->still_held && !app->call_count && !objects && !blocks && !c.contexts &&
           !c.requests && !c.server_requests && !c.transactions && !c.packets && !c.call_timers &&
           !c.listeners && !c.sockets && !c.matchers;
}
