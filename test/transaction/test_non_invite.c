/* SPDX-License-Identifier: MIT */
/* The non-INVITE transactions: RFC 3261 §17.1.2, §17.2.2, RFC 4320. */
#include "test/transaction/txn_world.h"

static txn_world *w;

static void serve(txn_world *world, peal_sip_packet *request)
{
    ck_assert_int_eq(peal__sip_server_txn_new(world->layer, request, &world_server_owner, world,
                                              &world->server),
                     PEAL_OK);
}

static void setup(void)
{
    w = world_new(false); /* one servicing thread for both */
    w->serve = serve;
}

static void teardown(void)
{
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}

static void options(void)
{
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_OPTIONS), PEAL_OK);
}

static void asked(void)
{
    peer_request(w, "OPTIONS", "p1", NULL);
    world_run_to(w, 0);
    ck_assert_ptr_nonnull(w->server);
}

/* ---- client ---- */

START_TEST(silence_runs_timers_e_and_f)
{
    options();
    world_run_to(w, 31999);
    CHECK_SENT_AT(w, "OPTIONS", 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
    ck_assert_uint_eq(w->event_count, 0);
    world_run_to(w, 32000);
    CHECK_EVENT_AT(w, EV_FAILED, 0, 32000);
    ck_assert_int_eq(world_find(w, EV_FAILED, 0)->result, PEAL_E_SIP_TIMEOUT);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 32000);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(proceeding_repeats_every_t2)
{
    options();
    world_run_to(w, 600);
    peer_answer(w, PEAL_SIP_METHOD_OPTIONS, 100);
    world_run_to(w, 32000);
    /* §17.1.2.2: the timer that runs is kept; from then on T2. */
    CHECK_SENT_AT(w, "OPTIONS", 0, 500, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500);
    CHECK_EVENT_AT(w, EV_RESPONSE, 0, 600);
    CHECK_EVENT_AT(w, EV_FAILED, 0, 32000);
}
END_TEST

START_TEST(final_response_lingers_for_timer_k)
{
    options();
    world_run_to(w, 100);
    peer_answer(w, PEAL_SIP_METHOD_OPTIONS, 200);
    world_run_to(w, 200);
    peer_answer(w, PEAL_SIP_METHOD_OPTIONS, 200);
    world_run_to(w, 5099);
    CHECK_EVENT_AT(w, EV_RESPONSE, 0, 100);
    CHECK_EVENT_AT(w, EV_ENDED, 0, 100);
    ck_assert_uint_eq(w->event_count, 2);
    ck_assert_uint_eq(world_alive(w), 1);
    world_run_to(w, 5100);
    ck_assert_uint_eq(world_alive(w), 0);
    peer_answer(w, PEAL_SIP_METHOD_OPTIONS, 200);
    world_run_to(w, 5200);
    ck_assert_uint_eq(world_count(w, EV_STRAY), 1);
}
END_TEST

static bool drop_first_of_ours(txn_world *world, const world_datagram *d)
{
    return d->from_us && world->drop_count-- > 0;
}

START_TEST(lost_request_is_made_up_for)
{
    w->drop = drop_first_of_ours;
    w->drop_count = 1;
    options();
    world_run_to(w, 500);
    ck_assert(!sent_find(w, "OPTIONS", 1)->dropped);
    peer_answer(w, PEAL_SIP_METHOD_OPTIONS, 404);
    world_run_to(w, 501);
    ck_assert_uint_eq(world_find(w, EV_RESPONSE, 0)->status, 404);
}
END_TEST

START_TEST(client_send_error_fails)
{
    options();
    world_run_to(w, 100);
    ck_assert_int_ge(peal_sim_set_send_error(w->sim, &w->peer, PEAL_E_UNREACHABLE), 0);
    world_run_to(w, 500); /* the repetition */
    CHECK_EVENT_AT(w, EV_FAILED, 0, 500);
    ck_assert_int_eq(world_find(w, EV_FAILED, 0)->result, PEAL_E_UNREACHABLE);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(cancel_is_for_invites)
{
    options();
    ck_assert_int_eq(world_cancel(w), PEAL_E_STATE);
    peer_answer(w, PEAL_SIP_METHOD_OPTIONS, 100);
    world_run_to(w, 10);
    ck_assert_int_eq(world_cancel(w), PEAL_E_STATE);
}
END_TEST

START_TEST(extension_methods_match_by_name)
{
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_UNKNOWN), PEAL_OK);
    world_run_to(w, 10);
    ck_assert_uint_eq(sent_count(w, "PING sip:"), 1);
    peer_send(w, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKus1;rport\r\n"
                 "From: <sip:a@x>;tag=from1\r\nTo: <sip:b@y>;tag=t\r\nCall-ID: call-1@x\r\n"
                 "CSeq: 7 PONG\r\nContent-Length: 0\r\n\r\n");
    world_run_to(w, 20);
    ck_assert_uint_eq(world_count(w, EV_STRAY), 1);
    peer_send(w, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKus1;rport\r\n"
                 "From: <sip:a@x>;tag=from1\r\nTo: <sip:b@y>;tag=t\r\nCall-ID: call-1@x\r\n"
                 "CSeq: 7 PING\r\nContent-Length: 0\r\n\r\n");
    world_run_to(w, 30);
    ck_assert_uint_eq(world_count(w, EV_RESPONSE), 1);
}
END_TEST

/* ---- server ---- */

START_TEST(repetitions_are_absorbed_and_100_comes_late)
{
    asked();
    world_run_to(w, 500);
    peer_request(w, "OPTIONS", "p1", NULL);
    world_run_to(w, 3499);
    ck_assert_uint_eq(sent_count(w, ""), 0);
    world_run_to(w, 7500);
    peer_request(w, "OPTIONS", "p1", NULL);
    world_run_to(w, 7600);
    CHECK_SENT_AT(w, "SIP/2.0 100", 3500, 7500); /* RFC 4320 §4.2: when timer E is at T2 */
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
}
END_TEST

START_TEST(final_response_is_repeated_until_timer_j)
{
    asked();
    world_run_to(w, 100);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    ck_assert_int_eq(w->server ? world_respond(w, 200) : PEAL_E_SIP_FINAL_SENT,
                     PEAL_E_SIP_FINAL_SENT);
    world_run_to(w, 500);
    CHECK_EVENT_AT(w, EV_SERVER_ENDED, 0, 100); /* nothing is left to report */
    peer_request(w, "OPTIONS", "p1", NULL);
    world_run_to(w, 31000);
    peer_request(w, "OPTIONS", "p1", NULL);
    world_run_to(w, 32099);
    CHECK_SENT_AT(w, "SIP/2.0 200", 100, 500, 31000);
    ck_assert_uint_eq(world_alive(w), 1);
    world_run_to(w, 32100);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(provisional_then_final)
{
    asked();
    ck_assert_int_eq(world_respond(w, 100), PEAL_OK);
    world_run_to(w, 500);
    peer_request(w, "OPTIONS", "p1", NULL);
    world_run_to(w, 5000);
    CHECK_SENT_AT(w, "SIP/2.0 100", 0, 500);
    ck_assert_int_eq(world_respond(w, 486), PEAL_OK);
    world_run_to(w, 5001);
    CHECK_SENT_AT(w, "SIP/2.0 486", 5000);
}
END_TEST

START_TEST(rfc_4320_forbids_408_and_1xx)
{
    asked();
    ck_assert_int_eq(world_respond(w, 408), PEAL_E_ARGUMENT);
    ck_assert_int_eq(world_respond(w, 183), PEAL_E_ARGUMENT);
    world_run_to(w, 31999);
    ck_assert_uint_eq(sent_count(w, "SIP/2.0 408"), 0);
    ck_assert_uint_eq(world_count(w, EV_SERVER_ENDED), 0);
    world_run_to(w, 32000); /* unanswered: ends silently */
    CHECK_EVENT_AT(w, EV_SERVER_ENDED, 0, 32000);
    ck_assert_uint_eq(world_count(w, EV_RESULT), 0);
    ck_assert_uint_eq(sent_count(w, "SIP/2.0 4"), 0);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(server_send_error_is_told_and_repeats_are_not_new)
{
    asked();
    ck_assert_int_ge(peal_sim_set_send_error(w->sim, &w->peer, PEAL_E_UNREACHABLE), 0);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    world_run_to(w, 100);
    ck_assert_int_eq(world_find(w, EV_RESULT, 0)->result, PEAL_E_UNREACHABLE);
    CHECK_EVENT_AT(w, EV_SERVER_ENDED, 0, 0);
    ck_assert_int_ge(peal_sim_set_send_error(w->sim, &w->peer, PEAL_OK), 0);
    peer_request(w, "OPTIONS", "p1", NULL);
    world_run_to(w, 200);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    ck_assert(sent_find(w, "SIP/2.0 200", 0) != NULL);
}
END_TEST

static void set_reliable(txn_world *world, void *arg)
{
    (void)arg;
    if (world->server) {
        world->server->txn.reliable = true;
    }
    if (world->client) {
        world->client->txn.reliable = true;
    }
}

START_TEST(reliable_needs_no_timers_j_and_k)
{
    asked();
    world_on_core(w, set_reliable, NULL);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    world_run_to(w, 1);
    ck_assert_uint_eq(world_alive(w), 0);
    options();
    world_on_core(w, set_reliable, NULL);
    peer_answer(w, PEAL_SIP_METHOD_OPTIONS, 200);
    world_run_to(w, 2);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

TCase *non_invite_cases(void)
{
    TCase *tc = tcase_create("non-INVITE");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, silence_runs_timers_e_and_f);
    tcase_add_test(tc, proceeding_repeats_every_t2);
    tcase_add_test(tc, final_response_lingers_for_timer_k);
    tcase_add_test(tc, lost_request_is_made_up_for);
    tcase_add_test(tc, client_send_error_fails);
    tcase_add_test(tc, cancel_is_for_invites);
    tcase_add_test(tc, extension_methods_match_by_name);
    tcase_add_test(tc, repetitions_are_absorbed_and_100_comes_late);
    tcase_add_test(tc, final_response_is_repeated_until_timer_j);
    tcase_add_test(tc, provisional_then_final);
    tcase_add_test(tc, rfc_4320_forbids_408_and_1xx);
    tcase_add_test(tc, server_send_error_is_told_and_repeats_are_not_new);
    tcase_add_test(tc, reliable_needs_no_timers_j_and_k);
    return tc;
}
