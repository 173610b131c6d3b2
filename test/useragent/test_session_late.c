/* SPDX-License-Identifier: MIT */
/* What comes late or twice: answers, refusals and ends that cross on a bad network. Found by
 * peal-sim. RFC 3261 §13.2.2.4, §13.3.1.4, §15. */
#include "test/useragent/ua_world.h"

static ua_call *ring(ua_world *w, ua_peer *p, const char **ret_invite)
{
    ua_call *a = call_new(&w->alice, &p->address, "");
    call_invite(a);
    *ret_invite = peer_expect(p, "INVITE ");
    return a;
}

static void send_info(ua_call *c)
{
    peal_sip_packet *info = NULL;
    ck_assert_int_ge(peal_sip_generic_new_request(c->generic, PEAL_SIP_METHOD_INFO, ABSENT, &info),
                     0);
    ck_assert_int_ge(peal_sip_generic_send(c->generic, info, NULL, NULL), 0);
}

/* The caller has not got the 2xx yet, so it knows no dialog: its 481 to a request of the callee
 * ends nothing. */
START_TEST(unknown_before_answer_comes)
{
    ua_world *w = world_new(1, 1);
    ua_call *a = call_new(&w->alice, &w->bob.address, "");
    w->bob.answer = 200;
    w->drop_prefix = "SIP/2.0 200";
    w->drop_from = 1;
    w->drop_to = 2;
    call_invite(a);
    world_until(w, &w->bob.call_count, 1, 1000);
    ua_call *b = node_last_call(&w->bob);
    send_info(b);
    world_until(w, &b->answers, 1, 1000);
    ck_assert_uint_eq(b->status, 481);
    world_until(w, &b->acknowledged, 1, 5000);
    ck_assert_int_eq(a->success, 1);
    ck_assert_int_eq(a->ended + b->ended, 0);
    world_free(w);
}
END_TEST

/* A dialog that is gone before its 2xx was acknowledged: ACK, then BYE. */
START_TEST(gone_before_ack)
{
    const char *invite;
    ua_world *w = world_new(2, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.has_no_acks = true;
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "200 OK", "one", "");
    world_until(w, &a->success, 1, 1000);
    send_info(a);
    peer_answer(p, peer_expect(p, "INFO "), "481 Gone", NULL, "");
    ck_assert_uint_eq(cseq_of(peer_expect(p, "ACK ")), cseq_of(invite));
    peer_expect(p, "BYE ");
    world_until(w, &a->ended, 1, 1000);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_DIALOG_GONE);
    peer_free(p);
    world_free(w);
}
END_TEST

/* The 2xx of a cleared context is repeated when it would have been. */
START_TEST(cleared_answer_keeps_rhythm)
{
    ua_world *w = world_new(3, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob);
    w->bob.answer = 200;
    peer_ask(p, "INVITE", "b1", 1, "me", NULL, "call-1", "Contact: <sip:me@10.0.0.9>\r\n");
    peer_expect(p, "SIP/2.0 200"); /* at 0, then 0.5 and 1.5 s */
    world_run(w, 1300);
    ck_assert_int_eq(peer_count(p, "SIP/2.0 200"), 2);
    call_let_go(node_last_call(&w->bob));
    world_run(w, 400);
    ck_assert_int_eq(peer_count(p, "SIP/2.0 200"), 3);
    ck_assert_int_eq(peer_count(p, "BYE "), 0);
    peer_free(p);
    world_free(w);
}
END_TEST

/* The 2xx of a forked dialog that is over comes once more: the same ACK, no new dialog. */
START_TEST(ended_fork_stays_known)
{
    const char *invite;
    ua_world *w = world_new(4, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.wants_forks = true;
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "180 Ringing", "one", "");
    world_until(w, &a->progress, 1, 100);
    peer_answer(p, invite, "200 OK", "two", "");
    const char *ack = peer_expect(p, "ACK ");
    ua_call *f = node_last_call(&w->alice);
    ck_assert_int_eq(peal_sip_session_bye(f->session, NULL, NULL, NULL), 0);
    peer_answer(p, peer_expect(p, "BYE "), "200 OK", NULL, "");
    world_until(w, &f->ended, 1, 100);
    call_let_go(f);
    peer_answer(p, invite, "200 OK", "two", "");
    ck_assert_str_eq(header_of(peer_expect(p, "ACK "), "Via"), header_of(ack, "Via"));
    world_run(w, 1000);
    ck_assert_int_eq(a->needed, 1);
    ck_assert_int_eq(peer_count(p, "BYE "), 1);
    peer_free(p);
    world_free(w);
}
END_TEST

/* CANCEL, and a dialog that nobody knows answers before the one that rang: the application hears
 * its 487 all the same. */
START_TEST(stranger_answers_first)
{
    const char *invite;
    ua_world *w = world_new(5, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "180 Ringing", "one", "");
    world_until(w, &a->progress, 1, 100);
    ck_assert_int_eq(peal_sip_client_request_cancel(a->request, ABSENT), 0);
    peer_answer(p, peer_expect(p, "CANCEL "), "200 OK", NULL, "");
    peer_answer(p, invite, "200 OK", "two", "");
    peer_answer(p, peer_expect(p, "BYE "), "200 OK", NULL, "");
    ck_assert_int_eq(a->failure, 0);
    peer_answer(p, invite, "200 OK", "one", "");
    peer_answer(p, peer_expect(p, "BYE "), "200 OK", NULL, "");
    world_until(w, &a->ended, 1, 100);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_uint_eq(a->status, 487);
    peer_free(p);
    world_free(w);
}
END_TEST

/* The answer to a re-INVITE comes behind the BYE: it gets its ACK, and no second BYE. */
START_TEST(reinvite_answered_after_clear)
{
    const char *invite;
    ua_world *w = world_new(6, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "200 OK", "one", "");
    peer_expect(p, "ACK ");
    ck_assert_int_eq(call_try_invite(a, PEAL_STR("hold")), PEAL_OK);
    const char *again = peer_expect(p, "INVITE ");
    call_let_go(a);
    peer_answer(p, peer_expect(p, "BYE "), "200 OK", NULL, "");
    peer_answer(p, again, "200 OK", NULL, "");
    ck_assert_uint_eq(cseq_of(peer_expect(p, "ACK ")), cseq_of(again));
    world_run(w, 1000);
    ck_assert_int_eq(peer_count(p, "BYE "), 1);
    peer_free(p);
    world_free(w);
}
END_TEST

Suite *session_late_suite(void)
{
    Suite *s = suite_create("session late");
    TCase *t = tcase_create("late");
    tcase_add_test(t, unknown_before_answer_comes);
    tcase_add_test(t, gone_before_ack);
    tcase_add_test(t, cleared_answer_keeps_rhythm);
    tcase_add_test(t, ended_fork_stays_known);
    tcase_add_test(t, stranger_answers_first);
    tcase_add_test(t, reinvite_answered_after_clear);
    suite_add_tcase(s, t);
    return s;
}
