/* SPDX-License-Identifier: MIT */
/* CANCEL and clear at every moment: each ends once at each side, and nothing stays. */
#include "test/useragent/ua_world.h"

static void check_quiet(ua_world *w)
{
    for (int i = 0; i < w->alice.call_count; i++) {
        call_let_go(&w->alice.calls[i]);
    }
    for (int i = 0; i < w->bob.call_count; i++) {
        call_let_go(&w->bob.calls[i]);
    }
    world_run(w, 70000);
    node_check_quiet(&w->alice);
    node_check_quiet(&w->bob);
}

START_TEST(cancelled_while_ringing)
{
    ua_world *w = world_new(1, 1);
    w->bob.ring = 180;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->progress, 1, 1000);
    ck_assert_int_eq(peal_sip_client_request_cancel(a->request, PEAL_STR("SIP;cause=487")), 0);
    world_until(w, &a->ended, 1, 1000);
    ua_call *b = node_last_call(&w->bob);
    ck_assert_uint_eq(a->status, 487);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_int_eq(b->cancelled, 1);
    ck_assert_int_eq(b->ended, 1);
    ck_assert_int_eq(b->why, PEAL_SIP_SESSION_END_CANCELLED);
    ck_assert_int_eq(peal_sip_server_event_control_respond(b->control, 200, ABSENT),
                     PEAL_E_SIP_FINAL_SENT);
    check_quiet(w);
    world_free(w);
}
END_TEST

/* bye() on an open INVITE withdraws it; on the peer's it refuses. */
START_TEST(bye_withdraws)
{
    ua_world *w = world_new(2, 1);
    w->bob.ring = 180;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->progress, 1, 1000);
    ua_call *b = node_last_call(&w->bob);
    ck_assert_int_eq(peal_sip_session_bye(_i ? b->session : a->session, NULL, NULL, NULL), 0);
    world_until(w, &a->ended, 1, 1000);
    world_until(w, &b->ended, 1, 1000);
    ck_assert_uint_eq(a->status, _i ? 480 : 487);
    ck_assert_int_eq(b->why,
                     _i ? PEAL_SIP_SESSION_END_FAILED : PEAL_SIP_SESSION_END_CANCELLED);
    check_quiet(w);
    world_free(w);
}
END_TEST

/* The 200 leaves at 50 ms; CANCEL at every millisecond around it: either 487 at both sides, or
 * 200, ACK and BYE; always one end at each side. */
START_TEST(cancel_crosses_answer)
{
    ua_world *w = world_new((uint64_t)_i + 100, 1);
    w->bob.ring = 180;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    for (int ms = 0; ms <= 20; ms++) {
        if (ms == 10 && w->bob.call_count && !node_last_call(&w->bob)->ended) {
            (void)peal_sip_server_event_control_respond(node_last_call(&w->bob)->control, 200,
                                                        ABSENT);
        }
        if (ms == _i) {
            (void)peal_sip_client_request_cancel(a->request, ABSENT);
        }
        world_run(w, 1);
    }
    world_run(w, 5000);
    if (a->success) { /* the answer came first: CANCEL had no effect */
        ck_assert_int_eq(a->failure, 0);
        ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), 0);
        world_run(w, 5000);
    } else {
        ck_assert_int_eq(a->failure, 1);
        ck_assert_uint_eq(a->status, 487);
    }
    ck_assert_int_eq(a->ended, 1);
    if (w->bob.call_count) {
        ck_assert_int_eq(node_last_call(&w->bob)->ended, 1);
    }
    check_quiet(w);
    world_free(w);
}
END_TEST

/* Either side's context is cleared at every millisecond of a call: nothing is heard of it any more,
 * and the other side comes to its end. */
START_TEST(cleared_at_every_moment)
{
    ua_world *w = world_new((uint64_t)_i + 200, 1 + _i % 2);
    const bool caller = _i < 20;
    const int moment = _i % 20;
    w->bob.ring = 180;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    for (int ms = 0; ms <= 20; ms++) {
        ua_call *b = w->bob.call_count ? node_last_call(&w->bob) : NULL;
        if (ms == moment && (caller || b)) {
            call_let_go(caller ? a : b);
        }
        if (ms == 10 && b && b->context && !b->ended) {
            (void)peal_sip_server_event_control_respond(b->control, 200, ABSENT);
        }
        world_run(w, 1);
    }
    world_run(w, 70000);
    ua_call *b = w->bob.call_count ? node_last_call(&w->bob) : NULL;
    if (caller) {
        ck_assert_int_eq(a->ended, 0);
        ck_assert_int_eq(b ? b->ended : 1, 1);
    } else if (!b || b->context) { /* there was nothing to clear yet */
        ck_assert_int_eq(a->ended, 0);
    } else {
        ck_assert_int_eq(a->ended, 1);
        ck_assert_int_eq(b->ended, 0);
    }
    check_quiet(w);
    world_free(w);
}
END_TEST

START_TEST(cleared_inside_a_callback)
{
    ua_world *w = world_new((uint64_t)_i + 300, 1);
    w->bob.ring = 180;
    w->bob.answer = 200;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    a->clear_on_progress = _i == 0;
    a->clear_on_success = _i == 1;
    a->clear_on_ended = _i == 2;
    a->clear_on_bye = _i == 3;
    call_invite(a);
    world_run(w, 1000);
    ua_call *b = node_last_call(&w->bob);
    if (_i >= 2) {
        ck_assert_int_eq(peal_sip_session_bye(b->session, NULL, NULL, NULL), 0);
        world_run(w, 1000);
    }
    ck_assert_ptr_null(a->context);
    ck_assert_int_eq(a->ended, _i == 2);
    ck_assert_int_eq(b->ended, 1);
    if (_i == 3) {
        ck_assert_int_eq(b->bye_answered, 1);
        ck_assert_uint_eq(b->status, 200);
    }
    check_quiet(w);
    world_free(w);
}
END_TEST

/* The callee's context is cleared while its 2xx waits for the ACK: BYE comes after it, no sooner
 * (§15); or after 64*T1 when it never comes. */
START_TEST(cleared_before_ack)
{
    ua_world *w = world_new((uint64_t)_i + 400, 1);
    w->alice.has_no_acks = true;
    w->bob.answer = 200;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->success, 1, 1000);
    call_let_go(node_last_call(&w->bob));
    ck_assert_uint_eq(node_contexts(&w->bob), 1); /* the rest of it */
    world_run(w, 20000);
    ck_assert_int_eq(a->bye, 0);
    if (_i == 0) {
        ck_assert_int_eq(peal_sip_session_ack(a->session, NULL), PEAL_OK);
        world_until(w, &a->ended, 1, 100);
        ck_assert_int_eq(a->bye, 1);
    } else { /* both sides give up in the same millisecond */
        world_until(w, &a->ended, 1, 12200);
    }
    check_quiet(w);
    world_free(w);
}
END_TEST

/* The stack shuts down meanwhile: nothing may be left of it either. */
START_TEST(shut_down_before_ack)
{
    ua_world *w = world_new(500, 1);
    w->alice.has_no_acks = true;
    w->bob.answer = 200;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    call_invite(a);
    world_until(w, &a->success, 1, 1000);
    if (_i) {
        call_let_go(node_last_call(&w->bob));
    }
    world_free(w);
}
END_TEST

START_TEST(failure_reissued)
{
    ua_world *w = world_new(600, 1);
    w->bob.answer = 486;
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    a->keep_failure = true;
    call_invite(a);
    world_until(w, &a->failure, 1, 1000);
    world_run(w, 1000);
    ck_assert_int_eq(a->ended, 0); /* it may still be reissued */
    ck_assert_int_eq(peal_sip_session_invite(a->session, NULL, NULL, NULL), PEAL_E_SIP_GLARE);
    call_let_go(node_last_call(&w->bob));
    w->bob.answer = 200;
    ck_assert_int_eq(peal_sip_client_event_control_reissue(a->kept), PEAL_OK);
    world_until(w, &a->success, 1, 1000);
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->acknowledged, 1, 1000);
    ck_assert_int_eq(a->ended, 0);
    check_quiet(w);
    world_free(w);
}
END_TEST

Suite *session_cancel_suite(void)
{
    Suite *suite = suite_create("session cancel");
    TCase *t = tcase_create("ends");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, cancelled_while_ringing);
    tcase_add_loop_test(t, bye_withdraws, 0, 2);
    tcase_add_loop_test(t, cancel_crosses_answer, 0, 20);
    tcase_add_loop_test(t, cleared_at_every_moment, 0, 40);
    tcase_add_loop_test(t, cleared_inside_a_callback, 0, 4);
    tcase_add_loop_test(t, cleared_before_ack, 0, 2);
    tcase_add_loop_test(t, shut_down_before_ack, 0, 2);
    tcase_add_test(t, failure_reissued);
    suite_add_tcase(suite, t);
    return suite;
}
