/* SPDX-License-Identifier: MIT */
/* The simulated world of the core's tests. See core_world.h. */
#include "core_world.h"

#include <stdio.h>

peal_str absent(void)
{
    return peal_str_of(NULL, 0);
}

peal_socket_addr addr(const char *ip, uint16_t port)
{
    peal_socket_addr a = { .family = PEAL_AF_NONE };
    ck_assert_int_eq(peal_socket_addr_parse(peal_str_z(ip), port, &a), PEAL_OK);
    return a;
}

/* ---- the core user ---- */

static node *node_of(peal_sip_core_user *user)
{
    return PEAL_CONTAINER_OF(user, node, user);
}

static void on_packet(peal_sip_core_user *self, peal_sip_core_config *core,
                      peal_sip_packet *packet)
{
    node *n = node_of(self);
    ck_assert_ptr_eq(core, n->core);
    n->packets++;
    if (n->on_packet) {
        n->on_packet(n, packet);
    }
}

static void on_listening(peal_sip_core_user *self, peal_result result, uint32_t listener,
                         const peal_socket_addr *bound, void *opaque)
{
    node *n = node_of(self);
    ck_assert_ptr_eq(opaque, n);
    n->listening++;
    n->listen_result = result;
    if (result >= 0) {
        n->listener = listener;
        n->bound = *bound;
    }
}

static void on_listening_ended(peal_sip_core_user *self, uint32_t listener, void *opaque)
{
    (void)listener;
    (void)opaque;
    node_of(self)->listening_ended++;
}

static void on_shut_down(peal_sip_core_user *self, size_t still_held)
{
    node *n = node_of(self);
    ck_assert(!n->down);
    n->down = true;
    n->held = still_held;
}

static void on_stray_response(peal_sip_core_user *self, peal_sip_packet *packet)
{
    (void)packet;
    node_of(self)->strays++;
}

static const peal_sip_core_user_vt user_vt = {
    .size = sizeof user_vt,
    .on_packet = on_packet,
    .on_listening = on_listening,
    .on_listening_ended = on_listening_ended,
    .on_shut_down = on_shut_down,
    .on_stray_response = on_stray_response,
};

/* ---- the wire ---- */

static bool starts_with(peal_str bytes, const char *text)
{
    return bytes.n >= strlen(text) && memcmp(bytes.p, text, strlen(text)) == 0;
}

static int watch(void *arg, const peal_socket_addr *from, const peal_socket_addr *to,
                 peal_str bytes)
{
    world *w = arg;
    wire_count *c = &w->wire;
    const struct {
        const char *text;
        unsigned *count;
    } kinds[] = { { "SIP/2.0 ", &c->responses }, { "INVITE ", &c->invite },
                  { "ACK ", &c->ack },           { "BYE ", &c->bye },
                  { "CANCEL ", &c->cancel },     { "OPTIONS ", &c->options } };
    (void)from;
    size_t i = 0;
    while (i < PEAL_COUNT_OF(kinds) && !starts_with(bytes, kinds[i].text)) {
        i++;
    }
    (*(i < PEAL_COUNT_OF(kinds) ? kinds[i].count : &c->other))++;
    w->last_bytes = bytes.n < sizeof w->last - 1 ? bytes.n : sizeof w->last - 1;
    memcpy(w->last, bytes.p, w->last_bytes);
    w->last[w->last_bytes] = '\0';
    return w->drop_to_port && to->port == w->drop_to_port ? PEAL_SIM_DROP : PEAL_SIM_PASS;
}

/* ---- the world ---- */

void world_run(world *w, uint64_t ms)
{
    (void)peal_sim_run(w->sim, ms, NULL, NULL);
}

static bool is_true(void *flag)
{
    return *(bool *)flag;
}

static void node_start(node *n, world *w, unsigned threads)
{
    const peal_thread_options options = { .size = sizeof options, .port = peal_sim_port(w->sim) };
    n->world = w;
    n->user.vt = &user_vt;
    n->thread_count = threads;
    for (unsigned i = 0; i < threads; i++) {
        ck_assert_int_eq(peal_thread_new(&options, &n->threads[i]), PEAL_OK);
    }
    peal_thread *transport = n->threads[threads > 1 ? 1 : 0];
    peal_thread *resolver = threads > 2 ? n->threads[2] : NULL;
    ck_assert_int_eq(peal_sip_core_config_new(&n->core), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_set_threads(n->core, n->threads[0], transport, resolver),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_set_core_user(n->core, &n->user), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_startup(n->core), PEAL_OK);
}

static bool one_more(void *arg)
{
    return ((node *)arg)->listening > 0;
}

void node_listen(node *n, const char *ip, uint16_t port)
{
    const peal_socket_addr a = addr(ip, port);
    n->listening = 0;
    ck_assert_int_eq(
        peal_sip_core_config_listen(n->core, PEAL_SIP_TRANSPORT_UDP, &a, n), PEAL_OK);
    ck_assert_int_eq(n->listening, 0); /* never from inside */
    (void)peal_sim_run(n->world->sim, 1000, one_more, n);
    ck_assert_int_eq(n->listening, 1);
}

void world_start(world *w, unsigned threads)
{
    memset(w, 0, sizeof *w);
    ck_assert_int_eq(peal_init(), PEAL_OK);
    ck_assert_int_eq(peal_sim_new(1, &w->sim), PEAL_OK);
    peal_sim_set_filter(w->sim, watch, w);
    register_services();
    node_start(&w->a, w, threads);
    node_start(&w->b, w, threads);
    node_listen(&w->a, "10.0.0.1", 5060);
    node_listen(&w->b, "10.0.0.2", 5060);
}

void node_shut_down(node *n, uint32_t grace_ms, uint32_t linger_ms)
{
    ck_assert_int_eq(peal_sip_core_config_shutdown(n->core, grace_ms, linger_ms), PEAL_OK);
    ck_assert(!n->down);
    (void)peal_sim_run(n->world->sim, (uint64_t)grace_ms + linger_ms + 1000, is_true, &n->down);
    ck_assert(n->down);
}

static bool all_ready(const node *n)
{
    for (unsigned i = 0; i < n->thread_count; i++) {
        bool ready = false;
        ck_assert_int_eq(peal_thread_activate_for(n->threads[i], 0, &ready), PEAL_OK);
        if (!ready) {
            return false;
        }
    }
    return true;
}

static void node_end(node *n)
{
    if (!n->down) {
        node_shut_down(n, 0, 0);
    }
    ck_assert_int_eq(n->held, 0);
    peal_sip_census left = census_of(n);
    ck_assert_int_eq(left.contexts, 0);
    ck_assert_int_eq(left.requests, 0);
    ck_assert_int_eq(left.server_requests, 0);
    ck_assert_int_eq(left.transactions, 0);
    ck_assert_int_eq(left.call_timers, 0);
    ck_assert_int_eq(left.matchers, 0);
    peal_sip_core_config_unref(n->core);
    for (unsigned i = 0; i < n->thread_count; i++) {
        peal_thread_stop(n->threads[i]);
    }
    ck_assert(all_ready(n));
    for (unsigned i = 0; i < n->thread_count; i++) {
        peal_thread_unref(n->threads[i]);
    }
}

static void complain(const peal_census_entry *entry, void *arg)
{
    (void)arg;
    if (entry->live) {
        ck_abort_msg("%zu of %s are alive", entry->live, entry->class_name);
    }
}

void world_end(world *w)
{
    node_end(&w->a);
    node_end(&w->b);
    ck_assert_int_eq(peal_sip_packet_live(), 0);
    peal_census_each(complain, NULL);
    peal_sim_free(w->sim);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    ck_assert_int_eq(peal_alloc_live(), 0);
}

peal_sip_census census_of(node *n)
{
    peal_sip_census c = { .size = sizeof c };
    peal_sip_core_config_census(n->core, &c);
    return c;
}

/* ---- contexts ---- */

peal_sip_context *make_context(node *n, hooks *h, const peal_socket_addr *hosts, size_t count)
{
    peal_sip_context *c = NULL;
    ck_assert_int_eq(peal_sip_context_new(n->core, &c), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(c, &test_agent_clsid, h), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(c, &test_helper_clsid, h), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(c, &test_way_clsid, h), PEAL_OK);
    test_way *way = way_of(c);
    for (size_t i = 0; i < count; i++) {
        way->vt->add_host(way, &hosts[i]);
    }
    return c;
}

void end_context(peal_sip_context **context)
{
    peal_sip_context_clear(*context);
    peal_sip_context_unrefp(context);
}

test_way *way_of(peal_sip_context *context)
{
    test_way *way = NULL;
    ck_assert_int_eq(test_way_query(&context->unk, &way), PEAL_OK);
    test_way_unref(way); /* the context holds it */
    return way;
}
