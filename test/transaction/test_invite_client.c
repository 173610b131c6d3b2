/* SPDX-License-Identifier: MIT */
/* The INVITE client transaction: RFC 3261 §17.1.1, §9.1, RFC 6026. */
#include "test/transaction/txn_world.h"

static txn_world *w;

static void setup(void)
{
    w = world_new(true);
}

static void teardown(void)
{
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}

static void invite(void)
{
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_INVITE), PEAL_OK);
}

START_TEST(silence_runs_timers_a_and_b)
{
    invite();
    world_run_to(w, 31999);
    CHECK_SENT_AT(w, "INVITE", 0, 500, 1500, 3500, 7500, 15500, 31500);
    ck_assert_uint_eq(w->event_count, 0);
    world_run_to(w, 32000);
    CHECK_EVENT_AT(w, EV_FAILED, 0, 32000);
    ck_assert_int_eq(world_find(w, EV_FAILED, 0)->result, PEAL_E_SIP_TIMEOUT);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 32000);
    ck_assert_uint_eq(world_alive(w), 0);
    world_run_to(w, 100000);
    ck_assert_uint_eq(sent_count(w, ""), 7);
    ck_assert_uint_eq(w->event_count, 2);
}
END_TEST

START_TEST(provisional_stops_repetition)
{
    invite();
    world_run_to(w, 700);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 600000); /* §17.1.1.2: no timer in Proceeding */
    CHECK_SENT_AT(w, "INVITE", 0, 500);
    CHECK_EVENT_AT(w, EV_RESPONSE, 0, 700);
    ck_assert_uint_eq(w->event_count, 1);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 183);
    world_run(w, 10);
    ck_assert_uint_eq(world_find(w, EV_RESPONSE, 1)->status, 183);
}
END_TEST

START_TEST(success_is_accepted_and_repeated_successes_pass)
{
    invite();
    world_run_to(w, 100);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200);
    world_run_to(w, 600);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200);
    world_run_to(w, 700);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 486);
    world_run_to(w, 20000);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200);
    world_run_to(w, 32099);
    ck_assert_uint_eq(world_count(w, EV_RESPONSE), 3);
    ck_assert_uint_eq(world_count(w, EV_ENDED), 0);
    ck_assert_uint_eq(sent_count(w, ""), 1); /* the ACK is not this layer's */
    world_run_to(w, 32100); /* timer M, from the first 2xx */
    CHECK_EVENT_AT(w, EV_ENDED, 0, 32100);
    ck_assert_uint_eq(world_alive(w), 0);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200);
    world_run(w, 10);
    ck_assert_uint_eq(world_count(w, EV_STRAY), 1);
}
END_TEST

START_TEST(failure_is_acknowledged_until_timer_d)
{
    invite();
    world_run_to(w, 100);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 200);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 486);
    world_run_to(w, 700);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 486);
    world_run_to(w, 900);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200); /* too late: not passed, not acknowledged */
    world_run_to(w, 32199);
    CHECK_SENT_AT(w, "ACK", 200, 700);
    CHECK_EVENT_AT(w, EV_RESPONSE, 1, 200);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 200);
    ck_assert_uint_eq(w->event_count, 3);
    ck_assert_uint_eq(world_alive(w), 1);
    world_run_to(w, 32200);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(ack_is_what_17_1_1_3_says)
{
    invite();
    world_run_to(w, 100);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 603);
    world_run_to(w, 101);
    const world_datagram *ack = sent_find(w, "ACK sip:b@192.0.2.2:5070 SIP/2.0\r\n", 0);
    ck_assert_ptr_nonnull(ack);
    ck_assert_ptr_nonnull(
        strstr(ack->text, "\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKus1;rport\r\n"));
    ck_assert_ptr_nonnull(strstr(ack->text, "\r\nCSeq: 7 ACK\r\n"));
    ck_assert_ptr_nonnull(strstr(ack->text, "\r\nTo: <sip:b@y>;tag=theirs\r\n"));
    ck_assert_ptr_nonnull(strstr(ack->text, "\r\nFrom: <sip:a@x>;tag=from1\r\n"));
    ck_assert_ptr_nonnull(strstr(ack->text, "\r\nRoute: <sip:192.0.2.2;lr>\r\n"));
    ck_assert_ptr_nonnull(strstr(ack->text, "\r\nCall-ID: call-1@x\r\n"));
    ck_assert_ptr_nonnull(strstr(ack->text, "\r\nMax-Forwards: 70\r\n"));
}
END_TEST

static bool drop_first_of_ours(txn_world *world, const world_datagram *d)
{
    return d->from_us && world->drop_count-- > 0;
}

START_TEST(lost_messages_are_made_up_for)
{
    w->drop = drop_first_of_ours;
    w->drop_count = 3;
    invite();
    world_run_to(w, 3500);
    ck_assert(!sent_find(w, "INVITE", 3)->dropped);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 404);
    w->drop_count = 1; /* the ACK */
    world_run_to(w, 4000);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 404);
    world_run_to(w, 4100);
    ck_assert(sent_find(w, "ACK", 0)->dropped);
    ck_assert(!sent_find(w, "ACK", 1)->dropped);
    ck_assert_uint_eq(world_count(w, EV_RESPONSE), 1);
}
END_TEST

START_TEST(cancel_only_in_proceeding)
{
    invite();
    ck_assert_int_eq(world_cancel(w), PEAL_E_STATE); /* Calling */
    world_run_to(w, 100);
    ck_assert_int_eq(world_cancel(w), PEAL_E_STATE);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 200);
    ck_assert_int_eq(world_cancel(w), PEAL_OK);
    ck_assert_int_eq(world_cancel(w), PEAL_I_ALREADY);
    world_run_to(w, 300);
    const world_datagram *cancel = sent_find(w, "CANCEL sip:b@192.0.2.2:5070 SIP/2.0\r\n", 0);
    ck_assert_ptr_nonnull(cancel);
    ck_assert_ptr_nonnull(strstr(cancel->text, "branch=z9hG4bKus1;"));
    ck_assert_ptr_nonnull(strstr(cancel->text, "\r\nCSeq: 7 CANCEL\r\n"));
    ck_assert_ptr_nonnull(strstr(cancel->text, "\r\nTo: <sip:b@y>\r\n"));
    ck_assert_ptr_nonnull(strstr(cancel->text, "\r\nReason: SIP;cause=200\r\n"));
    ck_assert_ptr_nonnull(strstr(cancel->text, "\r\nRoute: <sip:192.0.2.2;lr>\r\n"));
    peer_answer(w, PEAL_SIP_METHOD_CANCEL, 200);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 487);
    world_run_to(w, 400);
    ck_assert_uint_eq(world_find(w, EV_RESPONSE, 1)->status, 487);
    ck_assert_uint_eq(world_count(w, EV_RESPONSE), 2); /* the CANCEL's 200 is nobody's */
    ck_assert_uint_eq(sent_count(w, "ACK"), 1);
    ck_assert_uint_eq(world_count(w, EV_STRAY), 0);
}
END_TEST

START_TEST(cancel_crossed_by_success)
{
    invite();
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 100);
    ck_assert_int_eq(world_cancel(w), PEAL_OK);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200);
    world_run_to(w, 200);
    ck_assert_uint_eq(world_find(w, EV_RESPONSE, 1)->status, 200);
    ck_assert_int_eq(world_cancel(w), PEAL_E_STATE); /* Accepted */
    peer_answer(w, PEAL_SIP_METHOD_CANCEL, 481);
    world_run_to(w, 32100);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 32100);
    ck_assert_uint_eq(world_count(w, EV_FAILED), 0);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(cancelled_without_answer_ends)
{
    invite();
    world_run_to(w, 50);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 1000);
    ck_assert_int_eq(world_cancel(w), PEAL_OK);
    world_run_to(w, 32999);
    ck_assert_uint_eq(world_count(w, EV_FAILED), 0);
    world_run_to(w, 33000); /* §9.1: 64*T1 after the CANCEL */
    CHECK_EVENT_AT(w, EV_FAILED, 0, 33000);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 33000);
    CHECK_SENT_AT(w, "CANCEL", 1000, 1500, 2500, 4500, 8500, 12500, 16500, 20500, 24500, 28500,
                  32500);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(send_error_fails_at_once)
{
    ck_assert_int_ge(peal_sim_set_send_error(w->sim, &w->peer, PEAL_E_UNREACHABLE), 0);
    invite();
    world_run_to(w, 10);
    CHECK_EVENT_AT(w, EV_FAILED, 0, 0);
    ck_assert_int_eq(world_find(w, EV_FAILED, 0)->result, PEAL_E_UNREACHABLE);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 0);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(other_transport_fails)
{
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_ACK), PEAL_E_ARGUMENT);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

static void icmp(txn_world *world, void *arg)
{
    const char *branch = arg;
    peal_pool *pool = peal_thread_pool(world->core);
    peal__sip_net_error *e = peal_pool_alloc(pool, sizeof *e);
    ck_assert_ptr_nonnull(e);
    memset(e, 0, sizeof *e);
    e->result = branch[0] == '!' ? PEAL_E_TOO_BIG : PEAL_E_REFUSED;
    e->peer = world->peer;
    e->is_request = true;
    e->method = PEAL_SIP_METHOD_INVITE;
    e->branch = peal_str_z(branch + (branch[0] == '!'));
    peal__sip_txn_transport_user.on_net_error(world->layer, e);
}

START_TEST(icmp_fails_what_it_names)
{
    invite();
    world_run_to(w, 10);
    world_on_core(w, icmp, (void *)(uintptr_t) "z9hG4bKother");
    world_on_core(w, icmp, (void *)(uintptr_t) "!z9hG4bKus1"); /* too big: heals by itself */
    ck_assert_uint_eq(w->event_count, 0);
    world_on_core(w, icmp, (void *)(uintptr_t) "z9hG4bKus1");
    ck_assert_int_eq(world_find(w, EV_FAILED, 0)->result, PEAL_E_REFUSED);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(icmp_after_a_response_is_ignored)
{
    invite();
    world_run_to(w, 10);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 100);
    world_run_to(w, 20);
    world_on_core(w, icmp, (void *)(uintptr_t) "z9hG4bKus1");
    ck_assert_uint_eq(world_count(w, EV_FAILED), 0);
    ck_assert_uint_eq(world_alive(w), 1);
}
END_TEST

static void detach(txn_world *world, void *arg)
{
    (void)arg;
    peal__sip_client_txn_detach(world->client);
}

START_TEST(detached_call_is_cancelled_by_the_first_provisional)
{
    invite();
    world_run_to(w, 10);
    world_on_core(w, detach, NULL);
    world_run_to(w, 1000);
    ck_assert_uint_eq(sent_count(w, "CANCEL"), 0);
    CHECK_SENT_AT(w, "INVITE", 0, 500);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 1100);
    CHECK_SENT_AT(w, "CANCEL", 1000);
    peer_answer(w, PEAL_SIP_METHOD_CANCEL, 200);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200);
    world_run_to(w, 1200);
    ck_assert_uint_eq(world_count(w, EV_STRAY), 1); /* the core ends that dialog */
    ck_assert_uint_eq(w->event_count, 1);
    world_run_to(w, 40000);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(detached_in_proceeding_ends_by_itself)
{
    invite();
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 10);
    world_on_core(w, detach, NULL);
    world_run_to(w, 32009);
    ck_assert_uint_gt(sent_count(w, "CANCEL"), 0);
    ck_assert_uint_gt(world_alive(w), 0);
    world_run_to(w, 32010);
    ck_assert_uint_eq(world_alive(w), 0);
    ck_assert_uint_eq(w->event_count, 1);
}
END_TEST

START_TEST(detach_inside_a_callback)
{
    w->detach_on_response = true;
    invite();
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 486);
    world_run_to(w, 10);
    ck_assert_uint_eq(w->event_count, 1); /* no on_ended after detach */
    ck_assert_uint_eq(sent_count(w, "ACK"), 1);
    world_run_to(w, 32000);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

static void abandon(txn_world *world, void *arg)
{
    (void)arg;
    peal__sip_client_txn_abandon(world->client);
}

START_TEST(abandoned_try_stays_matched)
{
    invite();
    world_run_to(w, 4000);
    world_on_core(w, abandon, NULL);
    world_run_to(w, 20000);
    CHECK_SENT_AT(w, "INVITE", 0, 500, 1500, 3500);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
    world_run_to(w, 20100);
    CHECK_EVENT_AT(w, EV_RESPONSE, 0, 20000);
    world_run_to(w, 32000); /* where timer B was: no on_failed */
    ck_assert_uint_eq(world_count(w, EV_FAILED), 0);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 32000);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

static void set_reliable(txn_world *world, void *arg)
{
    (void)arg;
    world->client->txn.reliable = true;
}

START_TEST(reliable_needs_no_timer_d)
{
    invite();
    world_on_core(w, set_reliable, NULL);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 486);
    world_run_to(w, 1);
    ck_assert_uint_eq(sent_count(w, "ACK"), 1);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

TCase *invite_client_cases(void)
{
    TCase *tc = tcase_create("INVITE client");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, silence_runs_timers_a_and_b);
    tcase_add_test(tc, provisional_stops_repetition);
    tcase_add_test(tc, success_is_accepted_and_repeated_successes_pass);
    tcase_add_test(tc, failure_is_acknowledged_until_timer_d);
    tcase_add_test(tc, ack_is_what_17_1_1_3_says);
    tcase_add_test(tc, lost_messages_are_made_up_for);
    tcase_add_test(tc, cancel_only_in_proceeding);
    tcase_add_test(tc, cancel_crossed_by_success);
    tcase_add_test(tc, cancelled_without_answer_ends);
    tcase_add_test(tc, send_error_fails_at_once);
    tcase_add_test(tc, other_transport_fails);
    tcase_add_test(tc, icmp_fails_what_it_names);
    tcase_add_test(tc, icmp_after_a_response_is_ignored);
    tcase_add_test(tc, detached_call_is_cancelled_by_the_first_provisional);
    tcase_add_test(tc, detached_in_proceeding_ends_by_itself);
    tcase_add_test(tc, detach_inside_a_callback);
    tcase_add_test(tc, abandoned_try_stays_matched);
    tcase_add_test(tc, reliable_needs_no_timer_d);
    return tc;
}
