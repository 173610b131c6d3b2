/* SPDX-License-Identifier: MIT */
/* Life cycle: start-up and its refusals, listening, local addresses, templates, order, shutdown,
 * restart. */
#include "core_world.h"

static world w;

/* ---- start-up ---- */

START_TEST(startup_is_refused_when_incomplete)
{
    peal_sip_core_config *core = NULL;
    peal_thread *thread = NULL;
    const peal_socket_addr a = addr("10.0.0.1", 5060);
    world_start(&w, 1);
    const peal_thread_options options = { .size = sizeof options, .port = peal_sim_port(w.sim) };
    ck_assert_int_eq(peal_thread_new(&options, &thread), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_new(&core), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_startup(core), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_core_config_set_threads(core, thread, NULL, NULL), PEAL_E_ARGUMENT);
    ck_assert_int_eq(peal_sip_core_config_set_threads(core, thread, thread, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_startup(core), PEAL_E_STATE); /* no core user */
    ck_assert_int_eq(peal_sip_core_config_listen(core, PEAL_SIP_TRANSPORT_UDP, &a, NULL),
                     PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_core_config_shutdown(core, 0, 0), PEAL_E_STATE);
    peal_sip_context *context = NULL;
    ck_assert_int_eq(peal_sip_context_new(core, &context), PEAL_E_STATE);
    ck_assert_ptr_null(context);
    peal_sip_core_config_unref(core);
    peal_thread_unref(thread);
    world_end(&w);
}
END_TEST

START_TEST(running_stack_refuses_changes)
{
    peal_sip_settings settings = { .size = sizeof settings };
    world_start(&w, 3);
    ck_assert_int_eq(peal_sip_core_config_startup(w.a.core), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_core_config_set_settings(w.a.core, &settings), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_core_config_set_core_user(w.a.core, NULL), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_core_config_set_threads(w.a.core, w.a.threads[0], w.a.threads[0],
                                                      NULL),
                     PEAL_E_STATE);
    const peal_socket_addr a = addr("10.0.0.1", 5070);
    ck_assert_int_eq(peal_sip_core_config_listen(w.a.core, PEAL_SIP_TRANSPORT_TCP, &a, NULL),
                     PEAL_E_NOT_BUILT_IN);
    world_end(&w);
}
END_TEST

START_TEST(settings_are_checked)
{
    peal_sip_core_config *core = NULL;
    peal_sip_settings s = { .size = sizeof s, .t1_ms = 5000, .t2_ms = 4000 };
    ck_assert_int_eq(peal_init(), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_new(&core), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_set_settings(core, &s), PEAL_E_RANGE);
    s.size = sizeof s + 1;
    ck_assert_int_eq(peal_sip_core_config_set_settings(core, &s), PEAL_E_ARGUMENT);
    s.size = sizeof s;
    s.t1_ms = 100;
    s.user_agent = PEAL_STR("test");
    ck_assert_int_eq(peal_sip_core_config_set_settings(core, &s), PEAL_OK);
    ck_assert_uint_eq(peal_sip_core_settings(core)->t1_ms, 100);
    ck_assert_uint_eq(peal_sip_core_settings(core)->t4_ms, 5000);
    ck_assert(peal_str_eq(peal_sip_core_settings(core)->user_agent, PEAL_STR("test")));
    peal_sip_core_config_unref(core);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    ck_assert_int_eq(peal_alloc_live(), 0);
}
END_TEST

/* ---- listening ---- */

START_TEST(listening_reports_chosen_port_and_failures)
{
    world_start(&w, 3);
    node_listen(&w.a, "10.0.0.1", 0);
    ck_assert_int_eq(w.a.listen_result, PEAL_OK);
    ck_assert_uint_ne(w.a.bound.port, 0);
    const uint32_t second = w.a.listener;
    node_listen(&w.a, "10.0.0.1", 5060);
    ck_assert_int_eq(w.a.listen_result, PEAL_E_ADDR_IN_USE);
    ck_assert_uint_eq(census_of(&w.a).listeners, 2);
    ck_assert_int_eq(peal_sip_core_config_unlisten(w.a.core, 9999, NULL), PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_sip_core_config_unlisten(w.a.core, second, NULL), PEAL_OK);
    ck_assert_uint_eq(w.a.listening_ended, 0);
    world_run(&w, 10);
    ck_assert_uint_eq(w.a.listening_ended, 1);
    ck_assert_uint_eq(census_of(&w.a).listeners, 1);
    world_end(&w);
}
END_TEST

/* ---- local addresses (T2) ---- */

static peal_result add_local(peal_sip_core_config *core, const char *ip, const char *network,
                             unsigned bits, uint32_t entity, const char *fqdn)
{
    const peal_socket_addr net = addr(network ? network : "0.0.0.0", 0);
    const uint8_t prefix = (uint8_t)bits;
    const peal_sip_local_address a = { .size = sizeof a,
                                       .address = addr(ip, 5060),
                                       .fqdn = peal_str_z(fqdn),
                                       .networks = network ? &net : NULL,
                                       .prefix_bits = network ? &prefix : NULL,
                                       .network_count = network ? 1 : 0,
                                       .entity = entity };
    return peal_sip_core_config_add_local_address(core, &a);
}

static const char *local_for(peal_sip_context *context, peal_sip_core_config *core,
                             const char *destination)
{
    static char text[128];
    const peal_sip_host host = { addr(destination, 5060), PEAL_SIP_TRANSPORT_UDP };
    peal_sip_local local = { .listener = 0 };
    if (peal_sip_core_local_for(core, context, &host, &local) < 0) {
        return "none";
    }
    memcpy(text, local.host.p, local.host.n);
    text[local.host.n] = '\0';
    return text;
}

START_TEST(local_address_follows_destination)
{
    world_start(&w, 1);
    peal_sip_core_config *core = w.a.core; /* 10.0.0.1:5060 was added by listening */
    ck_assert_int_eq(add_local(core, "0.0.0.0", NULL, 0, 0, NULL), PEAL_E_ARGUMENT);
    ck_assert_int_eq(add_local(core, "10.0.0.1", NULL, 0, 0, NULL), PEAL_E_EXISTS);
    ck_assert_int_eq(add_local(core, "192.168.1.1", "192.168.0.0", 16, 0, "in.example"), PEAL_OK);
    ck_assert_int_eq(add_local(core, "192.168.1.2", NULL, 0, 5, NULL), PEAL_OK);
    ck_assert_int_eq(add_local(core, "2001:db8::1", NULL, 0, 0, NULL), PEAL_OK);
    ck_assert_str_eq(local_for(NULL, core, "192.168.77.1"), "in.example:5060");
    ck_assert_str_eq(local_for(NULL, core, "10.9.9.9"), "10.0.0.1:5060");
    ck_assert_str_eq(local_for(NULL, core, "2001:db8::2"), "[2001:db8::1]:5060");
    peal_sip_context *context = NULL;
    ck_assert_int_eq(peal_sip_context_new(core, &context), PEAL_OK);
    peal_sip_context_set_entity(context, 5);
    ck_assert_str_eq(local_for(context, core, "10.9.9.9"), "192.168.1.2:5060");
    ck_assert_str_eq(local_for(context, core, "2001:db8::2"), "none");
    end_context(&context);
    const peal_socket_addr gone = addr("192.168.1.1", 5060);
    ck_assert_int_eq(peal_sip_core_config_remove_local_address(core, &gone), PEAL_OK);
    ck_assert_int_eq(peal_sip_core_config_remove_local_address(core, &gone), PEAL_E_NOT_FOUND);
    ck_assert_str_eq(local_for(NULL, core, "192.168.77.1"), "10.0.0.1:5060");
    ck_assert_int_eq(peal_sip_core_config_unlisten(core, w.a.listener, NULL), PEAL_OK);
    ck_assert_str_eq(local_for(NULL, core, "10.9.9.9"), "none");
    world_run(&w, 10);
    world_end(&w);
}
END_TEST

START_TEST(wildcard_listener_adds_no_local_address)
{
    world_start(&w, 1);
    ck_assert_int_eq(peal_sip_core_config_unlisten(w.a.core, w.a.listener, NULL), PEAL_OK);
    node_listen(&w.a, "0.0.0.0", 5080);
    ck_assert_str_eq(local_for(NULL, w.a.core, "10.0.0.2"), "none");
    world_end(&w);
}
END_TEST

/* ---- templates and order ---- */

START_TEST(template_makes_the_same_as_attach)
{
    hooks h = { .ended = 0 };
    peal_sip_context_template *t = NULL;
    peal_sip_context *c = NULL;
    world_start(&w, 1);
    ck_assert_int_eq(peal_sip_context_template_new(w.a.core, &t), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &test_agent_clsid, &h), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &test_helper_clsid, &h), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &test_way_clsid, &h), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &test_way_clsid, &h), PEAL_E_EXISTS);
    const peal_clsid nobody = { "test.nobody", 0 };
    ck_assert_int_eq(peal_sip_context_template_add(t, &nobody, NULL), PEAL_E_NO_CLASS);
    const size_t blocks = census_of(&w.a).blocks;
    ck_assert_int_eq(peal_sip_context_template_make(t, &h, &c), PEAL_OK);
    ck_assert_uint_eq(census_of(&w.a).blocks, blocks + 1); /* one allocation */
    ck_assert_ptr_eq(peal_sip_context_opaque(c), &h);
    ck_assert_int_eq(peal_sip_context_template_add(t, &nobody, NULL), PEAL_E_STATE);

    /* Query is reflexive, symmetric and transitive across the aggregate. */
    test_agent *agent = NULL;
    test_way *way = NULL;
    peal_sip_context *again = NULL;
    void *service = NULL;
    ck_assert_int_eq(test_agent_query(&c->unk, &agent), PEAL_OK);
    ck_assert_int_eq(test_way_query(&agent->unk, &way), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_query(&way->unk, &again), PEAL_OK);
    ck_assert_ptr_eq(again, c);
    ck_assert_int_eq(c->unk.vt->query(&c->unk, &peal_sip_service_iid, &service), PEAL_E_NO_IF);
    test_agent_unref(agent);
    test_way_unref(way);
    peal_sip_context_unref(again);
    end_context(&c);
    peal_sip_context_template_unref(t);
    world_end(&w);
}
END_TEST

/* Names of the stack's own services, under classes of ours. */
START_TEST(order_is_checked)
{
    static const peal_clsid agent = { "peal.sip.user_agent", 0 };
    static const peal_clsid session = { "peal.sip.session", 0 };
    static const peal_clsid selection = { "peal.sip.destination_selection", 0 };
    static const peal_clsid via = { "peal.sip.via_management", 0 };
    peal_sip_context_template *t = NULL, *without = NULL;
    peal_sip_context *c = NULL;
    world_start(&w, 1);
    const peal_class *cls = peal_class_find(&test_helper_clsid);
    ck_assert_int_ge(peal_class_register(&agent, cls), 0);
    ck_assert_int_ge(peal_class_register(&session, cls), 0);
    ck_assert_int_ge(peal_class_register(&selection, cls), 0);
    ck_assert_int_ge(peal_class_register(&via, cls), 0);
    ck_assert_int_eq(peal_sip_context_template_new(w.a.core, &t), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &test_agent_clsid, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &session, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &agent, NULL), PEAL_E_SIP_SERVICE_ORDER);
    ck_assert_int_eq(peal_sip_context_template_add(t, &via, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_add(t, &selection, NULL),
                     PEAL_E_SIP_SERVICE_ORDER);
    ck_assert_int_eq(peal_sip_context_template_add(t, &test_way_clsid, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_make(t, NULL, &c), PEAL_E_SIP_SERVICE_MISSING);
    ck_assert_int_eq(peal_sip_context_template_new(w.a.core, &without), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_template_make(without, NULL, &c), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(c, &via, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(c, &session, NULL), PEAL_E_SIP_SERVICE_ORDER);
    end_context(&c);
    peal_sip_context_template_unref(t);
    peal_sip_context_template_unref(without);
    world_end(&w);
}
END_TEST

/* ---- shutdown ---- */

START_TEST(shutdown_waits_for_contexts_then_clears)
{
    hooks h = { .ended = 0 };
    world_start(&w, 3);
    peal_sip_context *ends = make_context(&w.a, &h, NULL, 0);
    peal_sip_context *stays = make_context(&w.a, &h, NULL, 0);
    peal_sip_context *late = NULL;
    ck_assert_int_eq(peal_sip_core_config_shutdown(w.a.core, 1000, 0), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_new(w.a.core, &late), PEAL_E_SIP_SHUTTING_DOWN);
    end_context(&ends);
    world_run(&w, 900);
    ck_assert(!w.a.down);
    world_run(&w, 200);
    ck_assert(w.a.down);
    ck_assert_uint_eq(w.a.held, 1); /* stays */
    ck_assert_int_eq(send_request(stays, PEAL_SIP_METHOD_OPTIONS, NULL, NULL),
                     PEAL_E_SIP_CLEARED);
    end_context(&stays);
    w.a.held = 0;
    world_end(&w);
}
END_TEST

START_TEST(shutdown_ends_early_and_again_shortens)
{
    hooks h = { .ended = 0 };
    world_start(&w, 3);
    peal_sip_context *c = make_context(&w.a, &h, NULL, 0);
    ck_assert_int_eq(peal_sip_core_config_shutdown(w.a.core, 60000, 60000), PEAL_OK);
    world_run(&w, 100);
    ck_assert(!w.a.down);
    end_context(&c);
    world_run(&w, 100); /* nothing lingers: no need to wait */
    ck_assert(w.a.down);
    c = make_context(&w.b, &h, NULL, 0);
    ck_assert_int_eq(peal_sip_core_config_shutdown(w.b.core, 60000, 60000), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(peal_sip_core_config_shutdown(w.b.core, 0, 0), PEAL_OK);
    world_run(&w, 100);
    ck_assert(w.b.down);
    end_context(&c);
    w.b.held = 0;
    world_end(&w);
}
END_TEST

START_TEST(stack_starts_again)
{
    world_start(&w, 3);
    node_shut_down(&w.a, 0, 0);
    w.a.down = false;
    ck_assert_int_eq(peal_sip_core_config_startup(w.a.core), PEAL_OK);
    node_listen(&w.a, "10.0.0.1", 5060);
    ck_assert_int_eq(w.a.listen_result, PEAL_OK);
    world_end(&w);
}
END_TEST

START_TEST(context_released_without_clear_is_cleared)
{
    hooks h = { .ended = 0 };
    const peal_socket_addr to = addr("10.0.0.2", 5060);
    world_start(&w, 1);
    peal_sip_context *c = make_context(&w.a, &h, &to, 1);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    peal_sip_context_unref(c); /* the INVITE goes on alone, and takes the context with it */
    world_run(&w, 40000);
    ck_assert_uint_eq(census_of(&w.a).contexts, 0);
    ck_assert_uint_eq(h.ended, 0);
    world_end(&w);
}
END_TEST

Suite *suite_life(void)
{
    Suite *s = suite_create("life");
    TCase *t = tcase_create("life");
    tcase_add_test(t, startup_is_refused_when_incomplete);
    tcase_add_test(t, running_stack_refuses_changes);
    tcase_add_test(t, settings_are_checked);
    tcase_add_test(t, listening_reports_chosen_port_and_failures);
    tcase_add_test(t, local_address_follows_destination);
    tcase_add_test(t, wildcard_listener_adds_no_local_address);
    tcase_add_test(t, template_makes_the_same_as_attach);
    tcase_add_test(t, order_is_checked);
    tcase_add_test(t, shutdown_waits_for_contexts_then_clears);
    tcase_add_test(t, shutdown_ends_early_and_again_shortens);
    tcase_add_test(t, stack_starts_again);
    tcase_add_test(t, context_released_without_clear_is_cleared);
    suite_add_tcase(s, t);
    return s;
}
