/* SPDX-License-Identifier: MIT */
/* Sessions between two stacks: set up, change, tear down, and each datagram lost in turn. */
#include "test/useragent/ua_world.h"

static void check_over(ua_world *w, ua_call *a, ua_call *b)
{
    ck_assert_int_eq(a->ended, 1);
    ck_assert_int_eq(b->ended, 1);
    call_let_go(a);
    call_let_go(b);
    world_run(w, 70000);
    node_check_quiet(&w->alice);
    node_check_quiet(&w->bob);
}

START_TEST(call_and_bye)
{
    ua_world *w = world_new(1, _i ? 2 : 1);
    w->bob.answer_body = "answer";
    ua_call *b = NULL, *a = call_up(w, &b);
    ck_assert_int_eq(a->progress, 1);
    ck_assert_str_eq(a->body, "answer");
    ck_assert_int_eq(peal_sip_session_current_state(a->session), PEAL_SIP_SESSION_UP);
    ck_assert_int_eq(peal_sip_session_current_state(b->session), PEAL_SIP_SESSION_UP);
    ck_assert_int_eq(peal_sip_user_agent_state(a->agent), PEAL_SIP_DIALOG_CONFIRMED);
    ck_assert_int_eq(peal_sip_user_agent_state(b->agent), PEAL_SIP_DIALOG_CONFIRMED);
    ck_assert(peal_str_eq(peal_sip_user_agent_local_tag(a->agent),
                          peal_sip_user_agent_remote_tag(b->agent)));
    ck_assert(peal_str_eq(peal_sip_user_agent_remote_tag(a->agent),
                          peal_sip_user_agent_local_tag(b->agent)));
    ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), PEAL_I_ALREADY);
    world_until(w, &a->ended, 1, 1000);
    ck_assert_int_eq(a->bye_answered, 1);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_BYE_SENT);
    ck_assert_int_eq(b->bye, 1);
    ck_assert_int_eq(b->why, PEAL_SIP_SESSION_END_BYE_RECEIVED);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

START_TEST(callee_says_bye)
{
    ua_world *w = world_new(2, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    peal_sip_client_request *request = NULL;
    ck_assert_int_eq(peal_sip_session_bye(b->session, NULL, w, &request), PEAL_OK);
    ck_assert_ptr_eq(peal_sip_client_request_opaque(request), w);
    peal_sip_client_request_unref(request);
    world_until(w, &b->ended, 1, 1000);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_BYE_RECEIVED);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

START_TEST(refused)
{
    ua_world *w = world_new(3, 1);
    w->bob.answer = 486;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->ended, 1, 1000);
    ua_call *b = node_last_call(&w->bob);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_uint_eq(a->status, 486);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_FAILED);
    ck_assert_int_eq(b->why, PEAL_SIP_SESSION_END_FAILED);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

START_TEST(nobody_there)
{
    ua_world *w = world_new(4, 1);
    peal_socket_addr nobody = w->bob.address;
    nobody.ip[3] = 99;
    ua_call *a = call_new(&w->alice, &nobody, "");
    call_invite(a);
    world_run(w, 31900);
    ck_assert_int_eq(a->failure, 0);
    world_until(w, &a->ended, 1, 1000);
    ck_assert_uint_eq(a->status, 408);
    ck_assert_int_eq(a->failure, 1);
    call_let_go(a);
    world_free(w);
}
END_TEST

/* Whatever single datagram is lost, a call comes up and ends. */
START_TEST(each_datagram_lost)
{
    ua_world *w = world_new((uint64_t)_i + 10, 1);
    w->drop_nth = w->sent + _i + 1;
    ua_call *b = NULL, *a = call_up(w, &b);
    ck_assert_int_eq(peal_sip_session_bye(_i % 2 ? a->session : b->session, NULL, NULL, NULL), 0);
    world_until(w, &a->ended, 1, 5000);
    world_until(w, &b->ended, 1, 5000);
    ck_assert_int_eq(a->success, 1);
    ck_assert_int_eq(a->failure, 0);
    ck_assert_int_eq(b->invited, 1);
    ck_assert_int_eq(b->acknowledged, 1);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

/* §13.3.1.4: the 2xx is repeated for 64*T1, then the session ends by BYE. */
START_TEST(ack_never_comes)
{
    ua_world *w = world_new(40, 1);
    w->drop_prefix = "ACK ";
    w->drop_from = 1;
    w->drop_to = 1000;
    w->bob.answer = 200;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->success, 1, 1000);
    const uint64_t start = peal_sim_now_ms(w->sim);
    ua_call *b = node_last_call(&w->bob);
    world_run(w, 31800);
    ck_assert_int_eq(b->ended, 0);
    ck_assert_int_eq(a->success, 1); /* further 2xx are no events */
    world_until(w, &b->ended, 1, 400);
    ck_assert_uint_ge(peal_sim_now_ms(w->sim) - start, 31900);
    ck_assert_int_eq(b->why, PEAL_SIP_SESSION_END_NO_ACK);
    ck_assert_int_eq(w->drop_seen, 11); /* one for each 2xx: at 0, 0.5, 1.5, 3.5, 7.5 … 31.5 s */
    world_until(w, &a->ended, 1, 1000);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_BYE_RECEIVED);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

/* K4: the session acknowledges in the application's place, and ends. */
START_TEST(application_never_acknowledges)
{
    ua_world *w = world_new(41, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.has_no_acks = true;
    ua_call *a = call_new(&w->alice, &p->address, "");
    call_invite(a);
    const char *invite = peer_expect(p, "INVITE ");
    peer_answer(p, invite, "200 OK", "t", "");
    world_until(w, &a->success, 1, 100);
    peer_answer(p, invite, "200 OK", "t", "");
    peer_expect_none(p, "ACK ", 31900);
    ck_assert_int_eq(a->success, 1);
    ck_assert_int_eq(a->ended, 0);
    world_until(w, &a->ended, 1, 200);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_NOT_ACKED);
    peer_expect(p, "ACK ");
    peer_expect(p, "BYE ");
    call_let_go(a);
    world_run(w, 70000);
    ck_assert_int_eq(peer_count(p, "ACK "), 1);
    node_check_quiet(&w->alice);
    peer_free(p);
    world_free(w);
}
END_TEST

/* §15: the callee's BYE waits for the ACK. */
START_TEST(bye_waits_for_ack)
{
    ua_world *w = world_new(42, 1);
    w->alice.has_no_acks = true;
    w->bob.answer = 200;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->success, 1, 1000);
    ua_call *b = node_last_call(&w->bob);
    peal_sip_client_request *request = NULL;
    ck_assert_int_eq(peal_sip_session_bye(b->session, NULL, NULL, &request), PEAL_I_PENDING);
    ck_assert_ptr_null(request);
    world_run(w, 3000);
    ck_assert_int_eq(a->bye, 0);
    if (_i == 0) {
        ck_assert_int_eq(peal_sip_session_ack(a->session, NULL), PEAL_OK);
        ck_assert_int_eq(peal_sip_session_ack(a->session, NULL), PEAL_E_STATE);
        world_until(w, &b->ended, 1, 1000);
        ck_assert_int_eq(b->acknowledged, 1);
    } else { /* it never comes: BYE leaves when its time is over */
        world_until(w, &b->ended, 1, 31000);
        ck_assert_int_eq(b->acknowledged, 0);
    }
    ck_assert_int_eq(b->why, PEAL_SIP_SESSION_END_BYE_SENT);
    ck_assert_int_eq(b->bye_answered, 1);
    world_until(w, &a->ended, 1, 1000);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

/* The caller's BYE acknowledges first. */
START_TEST(bye_instead_of_ack)
{
    ua_world *w = world_new(43, 1);
    w->alice.has_no_acks = true;
    w->bob.answer = 200;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->success, 1, 1000);
    ua_call *b = node_last_call(&w->bob);
    ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), PEAL_OK);
    world_until(w, &a->ended, 1, 1000);
    ck_assert_int_eq(b->acknowledged, 1);
    ck_assert_int_eq(b->bye, 1);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

START_TEST(two_byes_cross)
{
    ua_world *w = world_new(44, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), PEAL_OK);
    ck_assert_int_eq(peal_sip_session_bye(b->session, NULL, NULL, NULL), PEAL_OK);
    world_until(w, &a->ended, 1, 1000);
    world_until(w, &b->ended, 1, 1000);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_BYE_SENT);
    ck_assert_int_eq(b->why, PEAL_SIP_SESSION_END_BYE_SENT);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

START_TEST(delayed_offer)
{
    ua_world *w = world_new(45, 1);
    peal_sip_packet *ack = NULL;
    w->bob.answer = 200;
    w->bob.answer_body = "offer of the callee";
    w->alice.has_no_acks = true;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    ck_assert_int_eq(peal_sip_session_invite(a->session, NULL, NULL, NULL), PEAL_OK);
    world_until(w, &a->success, 1, 1000);
    ck_assert_str_eq(a->body, "offer of the callee");
    ck_assert_int_eq(peal_sip_session_new_ack(a->session, &ack), PEAL_OK);
    ck_assert_int_eq(peal_sip_packet_set_body(ack, PEAL_STR("application/sdp"),
                                              PEAL_STR("answer of the caller")),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_session_ack(a->session, ack), PEAL_OK);
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->acknowledged, 1, 1000);
    ck_assert_str_eq(b->body, "answer of the caller");
    world_free(w);
}
END_TEST

/* ---- re-INVITE ---- */

START_TEST(reinvite_both_ways)
{
    ua_world *w = world_new(50, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("hold")), PEAL_OK);
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("hold")), PEAL_E_SIP_GLARE);
    world_until(w, &b->acknowledged, 2, 1000);
    ck_assert_int_eq(b->reinvited, 1);
    ck_assert_int_eq(a->success, 2);
    ck_assert_int_eq(call_try_invite(b, PEAL_STR("resume")), PEAL_OK);
    world_until(w, &a->acknowledged, 1, 1000);
    ck_assert_int_eq(a->reinvited, 1);
    ck_assert_int_eq(b->success, 1);
    ck_assert_int_eq(a->ended + b->ended, 0);
    world_free(w);
}
END_TEST

START_TEST(reinvite_refused)
{
    ua_world *w = world_new(51, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    w->bob.reanswer = 488;
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("new")), PEAL_OK);
    world_until(w, &a->failure, 1, 1000);
    ck_assert_uint_eq(a->status, 488);
    ck_assert_int_eq(a->ended, 0);
    ck_assert_int_eq(peal_sip_session_current_state(a->session), PEAL_SIP_SESSION_UP);
    w->bob.reanswer = 200;
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("new")), PEAL_OK);
    world_until(w, &b->acknowledged, 2, 1000);
    world_free(w);
}
END_TEST

START_TEST(glare)
{
    ua_world *w = world_new(52, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("a")), PEAL_OK);
    ck_assert_int_eq(call_try_invite(b, PEAL_STR("b")), PEAL_OK);
    world_until(w, &a->failure, 1, 1000);
    world_until(w, &b->failure, 1, 1000);
    ck_assert_uint_eq(a->status, 491);
    ck_assert_uint_eq(b->status, 491);
    ck_assert_int_eq(a->reinvited + b->reinvited, 0);
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("again")), PEAL_OK);
    world_until(w, &b->acknowledged, 2, 1000);
    world_free(w);
}
END_TEST

START_TEST(reinvite_cancelled)
{
    ua_world *w = world_new(53, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    w->bob.reanswer = 0;
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("hold")), PEAL_OK);
    world_run(w, 1000);
    ck_assert_int_eq(peal_sip_client_request_cancel(a->request, ABSENT), PEAL_OK);
    world_until(w, &b->cancelled, 1, 1000);
    world_until(w, &a->failure, 1, 1000);
    ck_assert_uint_eq(a->status, 487);
    ck_assert_int_eq(a->ended + b->ended, 0);
    world_free(w);
}
END_TEST

/* The memory of a dialog does not grow with what passed through it. */
START_TEST(a_thousand_reinvites)
{
    ua_world *w = world_new(54, 1);
    size_t before = 0, after;
    ua_call *b = NULL, *a = call_up(w, &b);
    for (int i = 0; i < 1000; i++) {
        ua_call *caller = i % 2 ? a : b, *callee = i % 2 ? b : a;
        const int acknowledged = callee->acknowledged;
        ck_assert_int_eq(call_try_invite(caller, PEAL_STR("change")), PEAL_OK);
        world_until(w, &callee->acknowledged, acknowledged + 1, 1000);
        if (i == 9) {
            world_run(w, 70000);
            before = peal_pool_live(peal_thread_pool(w->alice.core_thread));
        }
    }
    world_run(w, 70000);
    after = peal_pool_live(peal_thread_pool(w->alice.core_thread));
    ck_assert_uint_le(after, before);
    world_free(w);
}
END_TEST

START_TEST(bye_crosses_reinvite)
{
    ua_world *w = world_new(55, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    w->bob.reanswer = 0;
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("hold")), PEAL_OK);
    if (_i) { /* the re-INVITE is there, unanswered */
        world_until(w, &b->reinvited, 1, 1000);
    }
    ck_assert_int_eq(peal_sip_session_bye(b->session, NULL, NULL, NULL), PEAL_OK);
    world_until(w, &a->ended, 1, 1000);
    world_until(w, &b->ended, 1, 1000);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_BYE_RECEIVED);
    check_over(w, a, b);
    world_free(w);
}
END_TEST

/* ---- other requests ---- */

static void send_info(ua_call *c)
{
    peal_sip_packet *info = NULL;
    ck_assert_int_ge(peal_sip_generic_new_request(c->generic, PEAL_SIP_METHOD_INFO, ABSENT, &info),
                     0);
    ck_assert_int_ge(peal_sip_packet_set_body(info, PEAL_STR("text/plain"), PEAL_STR("5")), 0);
    ck_assert_int_ge(peal_sip_generic_send(c->generic, info, NULL, NULL), 0);
}

START_TEST(info_in_dialog)
{
    ua_world *w = world_new(60, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    send_info(a);
    send_info(a);
    world_until(w, &a->answers, 2, 1000);
    ck_assert_int_eq(b->requests, 2);
    ck_assert_str_eq(b->body, "5");
    send_info(b);
    world_until(w, &b->answers, 1, 1000);
    ck_assert_uint_eq(b->status, 200);
    world_free(w);
}
END_TEST

START_TEST(options_outside)
{
    ua_world *w = world_new(61, 1);
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    peal_sip_packet *options = NULL;
    ck_assert_int_eq(peal_sip_generic_new_request(a->generic, PEAL_SIP_METHOD_INVITE, ABSENT,
                                                  &options),
                     PEAL_E_ARGUMENT);
    for (int i = 1; i <= 2; i++) { /* a series has one Call-ID */
        ck_assert_int_eq(peal_sip_generic_new_request(a->generic, PEAL_SIP_METHOD_OPTIONS, ABSENT,
                                                      &options),
                         PEAL_OK);
        ck_assert_int_eq(peal_sip_generic_send(a->generic, options, NULL, NULL), PEAL_OK);
        world_until(w, &a->answers, i, 1000);
        ck_assert_uint_eq(a->status, 200);
        call_let_go(node_last_call(&w->bob));
    }
    ck_assert_int_eq(peal_sip_user_agent_state(a->agent), PEAL_SIP_DIALOG_NONE);
    world_free(w);
}
END_TEST

/* §12.2.1.2: 481 to any request in the dialog ends it. */
START_TEST(dialog_gone)
{
    ua_world *w = world_new(62, 1);
    ua_call *b = NULL, *a = call_up(w, &b);
    w->drop_prefix = "BYE ";
    w->drop_from = 1;
    w->drop_to = 1000;
    call_let_go(b); /* its BYE is lost */
    if (_i) {
        ck_assert_int_eq(call_try_invite(a, PEAL_STR("hold")), PEAL_OK);
    } else {
        send_info(a);
    }
    world_until(w, &a->ended, 1, 1000);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_DIALOG_GONE);
    ck_assert_int_eq(_i ? a->failure : a->answers, 1);
    world_free(w);
}
END_TEST

START_TEST(init_is_counted)
{
    ck_assert_int_eq(peal_sip_fini(), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_init(), PEAL_E_STATE); /* not without the framework */
    ck_assert_int_eq(peal_init(), PEAL_OK);
    ck_assert_int_eq(peal_sip_init(), PEAL_OK);
    ck_assert_int_eq(peal_sip_init(), PEAL_OK);
    peal_sip_core_config *stack = NULL;
    ck_assert_int_eq(peal_sip_core_config_new(&stack), PEAL_OK);
    ck_assert_int_eq(peal_sip_fini(), PEAL_OK);
    ck_assert_int_eq(peal_sip_fini(), PEAL_E_LIVE_OBJECTS);
    peal_sip_core_config_unref(stack);
    ck_assert_int_eq(peal_sip_fini(), PEAL_OK);
    ck_assert_int_eq(peal_sip_fini(), PEAL_E_STATE);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

START_TEST(misuse)
{
    ua_world *w = world_new(63, 1);
    peal_sip_packet *packet = NULL;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    ck_assert_int_eq(peal_sip_session_ack(a->session, NULL), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_session_fork_into(a->session, a->session), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_session_new_ack(a->session, &packet), PEAL_OK);
    ck_assert_int_eq(peal_sip_session_invite(a->session, packet, NULL, NULL), PEAL_E_ARGUMENT);
    peal_sip_context *context = peal_sip_context_ref(a->context);
    call_let_go(a);
    ck_assert_int_eq(peal_sip_session_invite(a->session, NULL, NULL, NULL), PEAL_E_SIP_CLEARED);
    ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), PEAL_E_SIP_CLEARED);
    ck_assert_int_eq(peal_sip_session_ack(a->session, NULL), PEAL_E_SIP_CLEARED);
    ck_assert_int_eq(peal_sip_session_new_invite(a->session, &packet), PEAL_E_SIP_CLEARED);
    peal_sip_context_unref(context);
    ck_assert_int_eq(peal_sip_context_new(w->alice.stack, &context), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(context, &peal_sip_session_clsid, NULL),
                     PEAL_E_SIP_SERVICE_MISSING);
    peal_sip_context_clear(context);
    peal_sip_context_unref(context);
    world_free(w);
}
END_TEST

Suite *session_suite(void)
{
    Suite *suite = suite_create("session");
    TCase *t = tcase_create("calls");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, call_and_bye, 0, 2);
    tcase_add_test(t, callee_says_bye);
    tcase_add_test(t, refused);
    tcase_add_test(t, nobody_there);
    tcase_add_loop_test(t, each_datagram_lost, 0, 10);
    tcase_add_test(t, ack_never_comes);
    tcase_add_test(t, application_never_acknowledges);
    tcase_add_loop_test(t, bye_waits_for_ack, 0, 2);
    tcase_add_test(t, bye_instead_of_ack);
    tcase_add_test(t, two_byes_cross);
    tcase_add_test(t, delayed_offer);
    tcase_add_test(t, reinvite_both_ways);
    tcase_add_test(t, reinvite_refused);
    tcase_add_test(t, glare);
    tcase_add_test(t, reinvite_cancelled);
    tcase_add_test(t, a_thousand_reinvites);
    tcase_add_loop_test(t, bye_crosses_reinvite, 0, 2);
    tcase_add_test(t, info_in_dialog);
    tcase_add_test(t, options_outside);
    tcase_add_loop_test(t, dialog_gone, 0, 2);
    tcase_add_test(t, init_is_counted);
    tcase_add_test(t, misuse);
    suite_add_tcase(suite, t);
    return suite;
}
