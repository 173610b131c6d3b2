/* SPDX-License-Identifier: MIT */
/* One INVITE, several dialogs, from both ends. RFC 3261 §12.1, §13.2.2.4. */
#include "test/useragent/ua_world.h"

static ua_call *ring(ua_world *w, ua_peer *p, const char **ret_invite)
{
    ua_call *a = call_new(&w->alice, &p->address, "");
    call_invite(a);
    *ret_invite = peer_expect(p, "INVITE ");
    return a;
}

/* Two early dialogs; the second wins; the first ends when the INVITE is over. */
START_TEST(fork_wins)
{
    const char *invite;
    ua_world *w = world_new(1, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.wants_forks = true;
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "180 Ringing", "one", "");
    world_until(w, &a->progress, 1, 100);
    peer_answer(p, invite, "180 Ringing", "two", "");
    world_until(w, &a->needed, 1, 100);
    ua_call *f = node_last_call(&w->alice);
    ck_assert_int_eq(f->progress, 1);
    ck_assert_int_eq(a->progress, 1);
    ck_assert_int_eq(peal_sip_user_agent_state(f->agent), PEAL_SIP_DIALOG_EARLY);
    peer_answer(p, invite, "200 OK", "two", "");
    const char *ack = peer_expect(p, "ACK ");
    ck_assert_str_eq(tag_of(header_of(ack, "To")), "two");
    ck_assert_uint_eq(cseq_of(ack), cseq_of(invite));
    ck_assert_str_eq(header_of(ack, "From"), header_of(invite, "From"));
    ck_assert_int_eq(f->success, 1);
    ck_assert_int_eq(a->success, 0);
    peer_answer(p, invite, "200 OK", "two", ""); /* again: the same ACK */
    ck_assert_str_eq(header_of(peer_expect(p, "ACK "), "Via"), header_of(ack, "Via"));
    world_run(w, 31500);
    ck_assert_int_eq(a->ended, 0);
    world_until(w, &a->ended, 1, 1000);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_FORK_LOST);
    ck_assert_int_eq(a->failure, 0);
    ck_assert_int_eq(f->ended, 0);
    ck_assert_int_eq(peal_sip_session_bye(f->session, NULL, NULL, NULL), 0);
    const char *bye = peer_expect(p, "BYE ");
    ck_assert_str_eq(tag_of(header_of(bye, "To")), "two");
    peer_answer(p, bye, "200 OK", NULL, "");
    world_until(w, &f->ended, 1, 100);
    peer_free(p);
    world_free(w);
}
END_TEST

/* The first dialog wins: the other one ends then. Both answer: both are up. */
START_TEST(both_answer)
{
    const char *invite;
    ua_world *w = world_new(2, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.wants_forks = true;
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "200 OK", "one", "");
    peer_expect(p, "ACK ");
    peer_answer(p, invite, "200 OK", "two", "");
    ck_assert_str_eq(tag_of(header_of(peer_expect(p, "ACK "), "To")), "two");
    ua_call *f = node_last_call(&w->alice);
    ck_assert_int_eq(a->success + f->success, 2);
    peer_answer(p, invite, "180 Ringing", "three", ""); /* a late 1xx in Accepted goes nowhere */
    world_run(w, 33000);
    ck_assert_int_eq(a->ended + f->ended, 0);
    /* each dialog is found by its own tags */
    peer_ask(p, "BYE", "b1", 7, "two", tag_of(header_of(invite, "From")),
             header_of(invite, "Call-ID"), "");
    peer_expect(p, "SIP/2.0 200");
    ck_assert_int_eq(f->bye, 1);
    ck_assert_int_eq(a->bye, 0);
    peer_free(p);
    world_free(w);
}
END_TEST

START_TEST(early_fork_lost)
{
    const char *invite;
    ua_world *w = world_new(3, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.wants_forks = true;
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "183 Progress", "one", "");
    world_until(w, &a->progress, 1, 100);
    peer_answer(p, invite, "183 Progress", "two", "");
    world_until(w, &a->needed, 1, 100);
    ua_call *f = node_last_call(&w->alice);
    peer_answer(p, invite, "200 OK", "one", "");
    peer_expect(p, "ACK ");
    if (_i) { /* the context of the INVITE goes: so does the early dialog */
        call_let_go(a);
        peer_answer(p, peer_expect(p, "BYE "), "200 OK", NULL, "");
    }
    world_until(w, &f->ended, 1, _i ? 100 : 33000);
    ck_assert_int_eq(f->why, PEAL_SIP_SESSION_END_FORK_LOST);
    ck_assert_int_eq(a->ended, 0);
    peer_free(p);
    world_free(w);
}
END_TEST

START_TEST(failure_ends_all)
{
    const char *invite;
    ua_world *w = world_new(4, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.wants_forks = true;
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "180 Ringing", "one", "");
    world_until(w, &a->progress, 1, 100);
    peer_answer(p, invite, "180 Ringing", "two", "");
    world_until(w, &a->needed, 1, 100);
    ua_call *f = node_last_call(&w->alice);
    peer_answer(p, invite, "603 Decline", "two", "");
    world_until(w, &a->ended, 1, 100);
    world_until(w, &f->ended, 1, 100);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_int_eq(f->failure, 0);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_FAILED);
    ck_assert_int_eq(f->why, PEAL_SIP_SESSION_END_FAILED);
    peer_free(p);
    world_free(w);
}
END_TEST

/* Nobody wants the second 2xx: ACK and BYE, once; its repetitions get the ACK again. */
START_TEST(unwanted_answer)
{
    const char *invite;
    ua_world *w = world_new(5, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "200 OK", "one", "");
    peer_expect(p, "ACK ");
    peer_answer(p, invite, "180 Ringing", "two", "");
    peer_answer(p, invite, "200 OK", "two", "Record-Route: <sip:10.0.0.9:5060;lr;x=1>\r\n");
    const char *ack = peer_expect(p, "ACK ");
    ck_assert_str_eq(tag_of(header_of(ack, "To")), "two");
    ck_assert_str_eq(header_of(ack, "Route"), "<sip:10.0.0.9:5060;lr;x=1>");
    const char *bye = peer_expect(p, "BYE ");
    ck_assert_str_eq(tag_of(header_of(bye, "To")), "two");
    ck_assert_uint_eq(cseq_of(bye), cseq_of(invite) + 1);
    peer_answer(p, bye, "200 OK", NULL, "");
    peer_answer(p, invite, "200 OK", "two", "");
    peer_expect(p, "ACK ");
    world_run(w, 1000);
    ck_assert_int_eq(peer_count(p, "BYE "), 1);
    ck_assert_int_eq(peer_count(p, "ACK "), 3);
    ck_assert_int_eq(a->ended, 0);
    ck_assert_int_eq(a->success, 1);
    peer_free(p);
    world_free(w);
}
END_TEST

/* One early dialog of several is ended by BYE; the INVITE goes on (§15). */
START_TEST(bye_in_early_fork)
{
    const char *invite;
    ua_world *w = world_new(6, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    w->alice.wants_forks = true;
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "180 Ringing", "one", "");
    world_until(w, &a->progress, 1, 100);
    peer_answer(p, invite, "180 Ringing", "two", "");
    world_until(w, &a->needed, 1, 100);
    ua_call *f = node_last_call(&w->alice);
    ck_assert_int_eq(peal_sip_session_bye(f->session, NULL, NULL, NULL), 0);
    const char *bye = peer_expect(p, "BYE ");
    ck_assert_str_eq(tag_of(header_of(bye, "To")), "two");
    peer_answer(p, bye, "200 OK", NULL, "");
    world_until(w, &f->ended, 1, 100);
    ck_assert_int_eq(f->why, PEAL_SIP_SESSION_END_BYE_SENT);
    peer_expect_none(p, "CANCEL ", 500);
    peer_answer(p, invite, "200 OK", "one", "");
    peer_expect(p, "ACK ");
    ck_assert_int_eq(a->success, 1);
    peer_free(p);
    world_free(w);
}
END_TEST

/* CANCEL, and both forks answer all the same: each gets ACK and BYE; the application hears 487. */
START_TEST(cancel_and_two_answers)
{
    const char *invite;
    ua_world *w = world_new(7, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *a = ring(w, p, &invite);
    peer_answer(p, invite, "180 Ringing", "one", "");
    world_until(w, &a->progress, 1, 100);
    ck_assert_int_eq(peal_sip_client_request_cancel(a->request, ABSENT), 0);
    peer_answer(p, peer_expect(p, "CANCEL "), "200 OK", NULL, "");
    peer_answer(p, invite, "200 OK", "one", "");
    peer_expect(p, "ACK ");
    peer_answer(p, peer_expect(p, "BYE "), "200 OK", NULL, "");
    world_until(w, &a->ended, 1, 100);
    ck_assert_int_eq(a->failure, 1);
    ck_assert_uint_eq(a->status, 487);
    ck_assert_int_eq(a->why, PEAL_SIP_SESSION_END_FAILED);
    peer_answer(p, invite, "200 OK", "two", "");
    peer_expect(p, "ACK ");
    const char *bye = peer_expect(p, "BYE ");
    ck_assert_str_eq(tag_of(header_of(bye, "To")), "two");
    ck_assert_int_eq(a->needed, 0);
    peer_free(p);
    world_free(w);
}
END_TEST

/* ---- the other end: several early dialogs on one INVITE received (K6) ---- */

static void provisional(ua_call *b, peal_str tag)
{
    peal_sip_packet *response = NULL;
    ck_assert_int_ge(peal_sip_server_event_control_new_response(b->control, 183, ABSENT, &response),
                     0);
    if (tag.n) {
        ck_assert_int_ge(peal_sip_response_set_to_tag(response, tag), 0);
    }
    ck_assert_int_ge(peal_sip_server_event_control_send_response(b->control, response), 0);
}

START_TEST(several_local_tags)
{
    ua_world *w = world_new(8, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob);
    peal_str tags[2], none = ABSENT;
    char copy[2][64];
    peer_ask(p, "INVITE", "i1", 1, "caller", NULL, "call-1", "Contact: <sip:peer@10.0.0.9>\r\n");
    world_until(w, &w->bob.call_count, 1, 100);
    ua_call *b = node_last_call(&w->bob);
    provisional(b, none);
    const char *first = peer_expect(p, "SIP/2.0 183");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_ge(peal_sip_user_agent_add_local_tag(b->agent, &tags[i]), 0);
        snprintf(copy[i], sizeof copy[i], "%.*s", PEAL_STR_ARG(tags[i]));
        provisional(b, tags[i]);
        ck_assert_str_eq(tag_of(header_of(peer_expect(p, "SIP/2.0 183"), "To")), copy[i]);
    }
    ck_assert_str_ne(tag_of(header_of(first, "To")), copy[0]);
    ck_assert_str_ne(copy[0], copy[1]);
    /* a request in any of them comes here */
    peer_ask(p, "INFO", "i2", 2, "caller", copy[0], "call-1", "");
    peer_expect(p, "SIP/2.0 200");
    peer_ask(p, "INFO", "i3", 3, "caller", tag_of(header_of(first, "To")), "call-1", "");
    peer_expect(p, "SIP/2.0 200");
    ck_assert_int_eq(b->requests, 2);
    /* BYE ends one of them */
    peer_ask(p, "BYE", "i4", 4, "caller", copy[0], "call-1", "");
    peer_expect(p, "SIP/2.0 200");
    ck_assert_int_eq(b->bye, 0);
    peer_ask(p, "INFO", "i5", 5, "caller", copy[0], "call-1", "");
    peer_expect(p, "SIP/2.0 481");
    /* a 2xx chooses */
    peal_sip_packet *response = NULL;
    ck_assert_int_ge(peal_sip_server_event_control_new_response(b->control, 200, ABSENT, &response),
                     0);
    ck_assert_int_ge(peal_sip_response_set_to_tag(response, tags[1]), 0);
    ck_assert_int_ge(peal_sip_server_event_control_send_response(b->control, response), 0);
    ck_assert_str_eq(tag_of(header_of(peer_expect(p, "SIP/2.0 200"), "To")), copy[1]);
    ck_assert_int_eq(peal_sip_user_agent_add_local_tag(b->agent, &tags[0]), PEAL_E_STATE);
    peer_ask(p, "ACK", "i6", 1, "caller", copy[1], "call-1", "");
    world_until(w, &b->acknowledged, 1, 100);
    peer_ask(p, "INFO", "i7", 6, "caller", tag_of(header_of(first, "To")), "call-1", "");
    peer_expect(p, "SIP/2.0 481");
    peer_free(p);
    world_free(w);
}
END_TEST

START_TEST(foreign_tag_refused)
{
    ua_world *w = world_new(9, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob);
    peal_sip_packet *response = NULL;
    peal_str tag;
    peer_ask(p, "INVITE", "i1", 1, "caller", NULL, "call-1", "");
    world_until(w, &w->bob.call_count, 1, 100);
    ua_call *b = node_last_call(&w->bob);
    ck_assert_int_ge(peal_sip_server_event_control_new_response(b->control, 183, ABSENT, &response),
                     0);
    ck_assert_int_ge(peal_sip_response_set_to_tag(response, PEAL_STR("mine")), 0);
    ck_assert_int_eq(peal_sip_server_event_control_send_response(b->control, response),
                     PEAL_E_ARGUMENT);
    for (int i = 0; i < 32; i++) {
        ck_assert_int_eq(peal_sip_user_agent_add_local_tag(b->agent, &tag), PEAL_OK);
    }
    ck_assert_int_eq(peal_sip_user_agent_add_local_tag(b->agent, &tag), PEAL_E_LIMIT);
    peer_free(p);
    world_free(w);
}
END_TEST

Suite *session_fork_suite(void)
{
    Suite *suite = suite_create("session fork");
    TCase *t = tcase_create("forks");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, fork_wins);
    tcase_add_test(t, both_answer);
    tcase_add_loop_test(t, early_fork_lost, 0, 2);
    tcase_add_test(t, failure_ends_all);
    tcase_add_test(t, unwanted_answer);
    tcase_add_test(t, bye_in_early_fork);
    tcase_add_test(t, cancel_and_two_answers);
    tcase_add_test(t, several_local_tags);
    tcase_add_test(t, foreign_tag_refused);
    suite_add_tcase(suite, t);
    return suite;
}
