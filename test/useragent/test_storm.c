/* SPDX-License-Identifier: MIT */
/* Calls over a network that loses, doubles and reorders, by applications that do anything at any
 * time. Whatever happens, each session ends exactly once (the world's callbacks check that), and
 * nothing is left. */
#include "test/useragent/ua_world.h"

static void act(ua_world *w, ua_call *c)
{
    if (!c->context || c->ended) {
        return;
    }
    switch (peal_sim_random(w->sim) % 12) {
    case 0:
    case 1:
        (void)peal_sip_session_bye(c->session, NULL, NULL, NULL);
        break;
    case 2:
        if (c->request) {
            (void)peal_sip_client_request_cancel(c->request, ABSENT);
        }
        break;
    case 3:
    case 4:
        if (c->control) {
            (void)peal_sip_server_event_control_respond(c->control, 200, ABSENT);
        }
        break;
    case 5:
        if (c->control) {
            (void)peal_sip_server_event_control_respond(c->control, 486, ABSENT);
        }
        break;
    case 6:
    case 7:
        (void)call_try_invite(c, PEAL_STR("change"));
        break;
    case 8:
        (void)peal_sip_session_ack(c->session, NULL);
        break;
    case 9:
        if (peal_sim_random(w->sim) % 4 == 0) {
            call_let_go(c);
        }
        break;
    default:
        break;
    }
}

static void act_all(ua_world *w, ua_node *n)
{
    for (int i = 0; i < n->call_count; i++) {
        if (peal_sim_random(w->sim) % 4 == 0) {
            act(w, &n->calls[i]);
        }
    }
}

static void hang_up(ua_node *n)
{
    for (int i = 0; i < n->call_count; i++) {
        if (n->calls[i].context && !n->calls[i].ended) {
            (void)peal_sip_session_bye(n->calls[i].session, NULL, NULL, NULL);
        }
    }
}

static void check_all_ended(ua_node *n)
{
    for (int i = 0; i < n->call_count; i++) {
        if (n->calls[i].context) {
            ck_assert_int_eq(n->calls[i].ended, 1);
            call_let_go(&n->calls[i]);
        } else {
            ck_assert_int_le(n->calls[i].ended, 1);
        }
    }
}

START_TEST(storm)
{
    const peal_sim_link link = { .size = sizeof link,
                                 .delay_us = 500,
                                 .jitter_us = 30000,
                                 .loss_percent = 15,
                                 .duplicate_percent = 10 };
    ua_world *w = world_new((uint64_t)_i + 1, 1 + _i % 2);
    peal_sim_set_link(w->sim, &link);
    w->alice.has_no_acks = _i % 3 == 0;
    w->bob.ring = _i % 2 ? 180 : 0;
    w->bob.answer = _i % 4 == 1 ? 200 : 0;
    for (int i = 0; i < 6; i++) {
        call_invite(call_new(&w->alice, &w->bob.address, ""));
    }
    for (int i = 0; i < 300; i++) {
        act_all(w, &w->alice);
        act_all(w, &w->bob);
        world_run(w, 1 + (unsigned)(peal_sim_random(w->sim) % 200));
    }
    for (int i = 0; i < 4; i++) { /* a BYE may be held back, an INVITE be open */
        hang_up(&w->alice);
        hang_up(&w->bob);
        world_run(w, 40000);
    }
    check_all_ended(&w->alice);
    check_all_ended(&w->bob);
    world_run(w, 70000);
    node_check_quiet(&w->alice);
    node_check_quiet(&w->bob);
    world_free(w);
}
END_TEST

Suite *storm_suite(void)
{
    Suite *suite = suite_create("storm");
    TCase *t = tcase_create("storm");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, storm, 0, 60);
    suite_add_tcase(suite, t);
    return suite;
}
