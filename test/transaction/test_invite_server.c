/* SPDX-License-Identifier: MIT */
/* The INVITE server transaction: RFC 3261 §17.2.1, §9.2, RFC 6026. */
#include "test/transaction/txn_world.h"

static txn_world *w;

static void serve(txn_world *world, peal_sip_packet *request)
{
    if (peal_sip_packet_method(request) == PEAL_SIP_METHOD_INVITE) {
        ck_assert_int_eq(peal__sip_server_txn_new(world->layer, request, &world_server_owner, world,
                                                  &world->server),
                         PEAL_OK);
    }
}

static void setup(void)
{
    w = world_new(true);
    w->serve = serve;
}

static void teardown(void)
{
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}

static void invited(void)
{
    peer_request(w, "INVITE", "p1", NULL);
    world_run_to(w, 0);
    ck_assert_ptr_nonnull(w->server);
}

START_TEST(answers_100_after_200_ms)
{
    invited();
    world_run_to(w, 100);
    peer_request(w, "INVITE", "p1", NULL); /* nothing to repeat yet */
    world_run_to(w, 199);
    ck_assert_uint_eq(sent_count(w, ""), 0);
    world_run_to(w, 500);
    peer_request(w, "INVITE", "p1", NULL);
    world_run_to(w, 600);
    CHECK_SENT_AT(w, "SIP/2.0 100 Trying\r\n", 200, 500);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    const world_datagram *trying = sent_find(w, "SIP/2.0 100", 0);
    ck_assert_ptr_nonnull(strstr(trying->text, "\r\nServer: Peal test\r\n"));
    ck_assert_ptr_nonnull(strstr(trying->text, "\r\nTo: <sip:us@192.0.2.1>\r\n"));
}
END_TEST

START_TEST(provisional_is_repeated_every_minute)
{
    invited();
    ck_assert_int_eq(world_respond(w, 180), PEAL_OK);
    world_run_to(w, 1000);
    peer_request(w, "INVITE", "p1", NULL);
    world_run_to(w, 121000);
    CHECK_SENT_AT(w, "SIP/2.0 180", 0, 1000, 60000, 120000);
    ck_assert_uint_eq(sent_count(w, "SIP/2.0 100"), 0);
}
END_TEST

START_TEST(responses_leave_in_order)
{
    invited();
    ck_assert_int_eq(world_respond(w, 180), PEAL_OK);
    ck_assert_int_eq(world_respond(w, 183), PEAL_OK);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    world_run_to(w, 1);
    ck_assert_int_eq(strncmp(w->datagrams[1].text, "SIP/2.0 180", 11), 0);
    ck_assert_int_eq(strncmp(w->datagrams[2].text, "SIP/2.0 183", 11), 0);
    ck_assert_int_eq(strncmp(w->datagrams[3].text, "SIP/2.0 200", 11), 0);
}
END_TEST

START_TEST(failure_runs_timers_g_and_h)
{
    invited();
    ck_assert_int_eq(world_respond(w, 486), PEAL_OK);
    ck_assert_int_eq(world_respond(w, 480), PEAL_E_SIP_FINAL_SENT);
    world_run_to(w, 600);
    peer_request(w, "INVITE", "p1", NULL);
    world_run_to(w, 31999);
    CHECK_SENT_AT(w, "SIP/2.0 486", 0, 500, 600, 1500, 3500, 7500, 11500, 15500, 19500, 23500,
                  27500, 31500);
    ck_assert_uint_eq(world_count(w, EV_RESULT), 0);
    world_run_to(w, 32000);
    CHECK_EVENT_AT(w, EV_RESULT, 0, 32000);
    ck_assert_int_eq(world_find(w, EV_RESULT, 0)->result, PEAL_E_SIP_TIMEOUT);
    CHECK_EVENT_AT(w, EV_SERVER_ENDED, 0, 32000);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(ack_confirms_until_timer_i)
{
    invited();
    ck_assert_int_eq(world_respond(w, 404), PEAL_OK);
    world_run_to(w, 700);
    peer_request(w, "ACK", "p1", "ours");
    world_run_to(w, 701);
    CHECK_EVENT_AT(w, EV_RESULT, 0, 700);
    ck_assert_int_eq(world_find(w, EV_RESULT, 0)->result, PEAL_OK);
    CHECK_EVENT_AT(w, EV_SERVER_ENDED, 0, 700);
    peer_request(w, "ACK", "p1", "ours");
    peer_request(w, "INVITE", "p1", NULL);
    world_run_to(w, 5699);
    CHECK_SENT_AT(w, "SIP/2.0 404", 0, 500);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    ck_assert_uint_eq(world_alive(w), 1);
    world_run_to(w, 5700);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(success_is_accepted_until_timer_l)
{
    invited();
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    world_run_to(w, 500);
    peer_request(w, "INVITE", "p1", NULL); /* absorbed: the user agent repeats its 2xx */
    world_run_to(w, 600);
    ck_assert_uint_eq(sent_count(w, ""), 1);
    peer_request(w, "ACK", "p1", "ours"); /* a peer that keeps its branch */
    world_run_to(w, 700);
    ck_assert_uint_eq(world_find(w, EV_REQUEST, 1)->method, PEAL_SIP_METHOD_ACK);
    ck_assert_int_eq(world_respond(w, 486), PEAL_E_SIP_FINAL_SENT);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK); /* RFC 6026 §7.1 */
    world_run_to(w, 31999);
    CHECK_SENT_AT(w, "SIP/2.0 200", 0, 700);
    ck_assert_uint_eq(world_count(w, EV_SERVER_ENDED), 0);
    world_run_to(w, 32000);
    CHECK_EVENT_AT(w, EV_SERVER_ENDED, 0, 32000);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

static void take_wire(txn_world *world, void *arg)
{
    *(peal_sip_wire **)arg = peal__sip_server_txn_last_wire(world->server);
}

static void send_wire(txn_world *world, void *arg)
{
    peal__sip_route route = *peal__sip_server_txn_route(world->server);
    ck_assert_int_eq(peal__sip_send_once(world->layer, NULL, arg, &route, NULL, NULL), PEAL_OK);
}

START_TEST(wire_of_the_2xx_can_be_repeated)
{
    peal_sip_wire *wire = NULL;
    invited();
    world_on_core(w, take_wire, &wire);
    ck_assert_ptr_null(wire);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    world_run_to(w, 500);
    world_on_core(w, take_wire, &wire);
    ck_assert_ptr_nonnull(wire);
    world_on_core(w, send_wire, wire);
    world_run_to(w, 501);
    CHECK_SENT_AT(w, "SIP/2.0 200", 0, 500);
    ck_assert_str_eq(sent_find(w, "SIP/2.0 200", 0)->text, sent_find(w, "SIP/2.0 200", 1)->text);
}
END_TEST

START_TEST(send_error_is_told_and_ends_nothing)
{
    invited();
    ck_assert_int_ge(peal_sim_set_send_error(w->sim, &w->peer, PEAL_E_UNREACHABLE), 0);
    ck_assert_int_eq(world_respond(w, 500), PEAL_OK);
    world_run_to(w, 100);
    CHECK_EVENT_AT(w, EV_RESULT, 0, 0);
    ck_assert_int_eq(world_find(w, EV_RESULT, 0)->result, PEAL_E_UNREACHABLE);
    ck_assert_int_ge(peal_sim_set_send_error(w->sim, &w->peer, PEAL_OK), 0);
    world_run_to(w, 600); /* RFC 6026 §7.1: timer G tries again */
    ck_assert(sent_find(w, "SIP/2.0 500", 0) != NULL);
    peer_request(w, "ACK", "p1", "ours");
    world_run_to(w, 700);
    ck_assert_int_eq(world_find(w, EV_RESULT, 1)->result, PEAL_OK);
}
END_TEST

START_TEST(cancel_in_proceeding)
{
    invited();
    ck_assert_int_eq(world_respond(w, 180), PEAL_OK);
    world_run_to(w, 100);
    peer_request(w, "CANCEL", "p1", NULL);
    world_run_to(w, 200);
    peer_request(w, "CANCEL", "p1", NULL);
    world_run_to(w, 300);
    ck_assert_uint_eq(world_count(w, EV_CANCEL), 1);
    CHECK_SENT_AT(w, "SIP/2.0 200 OK", 100, 200);
    const world_datagram *ok = sent_find(w, "SIP/2.0 200", 0);
    ck_assert_ptr_nonnull(strstr(ok->text, "CSeq: 5 CANCEL\r\n"));
    ck_assert_ptr_nonnull(strstr(ok->text, ";tag=ours\r\n")); /* §9.2: the tag of the 180 */
    ck_assert_int_eq(world_respond(w, 487), PEAL_OK);
    peer_request(w, "ACK", "p1", "ours");
    world_run_to(w, 400);
    ck_assert_int_eq(world_find(w, EV_RESULT, 0)->result, PEAL_OK);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
}
END_TEST

START_TEST(cancel_after_a_final_response_has_no_effect)
{
    invited();
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    world_run_to(w, 100);
    peer_request(w, "CANCEL", "p1", NULL);
    world_run_to(w, 200);
    ck_assert_uint_eq(world_count(w, EV_CANCEL), 0);
    ck_assert_uint_eq(sent_count(w, "SIP/2.0 200"), 2); /* §9.2: answered all the same */
}
END_TEST

START_TEST(cancel_of_nothing_goes_to_the_core)
{
    peer_request(w, "CANCEL", "nothing", NULL);
    world_run_to(w, 10);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    ck_assert_uint_eq(sent_count(w, ""), 0);
}
END_TEST

static void detach(txn_world *world, void *arg)
{
    (void)arg;
    peal__sip_server_txn_detach(world->server);
}

START_TEST(detached_goes_on_alone)
{
    invited();
    ck_assert_int_eq(world_respond(w, 486), PEAL_OK);
    world_on_core(w, detach, NULL);
    world_run_to(w, 600);
    CHECK_SENT_AT(w, "SIP/2.0 486", 0, 500);
    peer_request(w, "ACK", "p1", "ours");
    world_run_to(w, 6000);
    ck_assert_uint_eq(w->event_count, 1);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

static void set_reliable(txn_world *world, void *arg)
{
    (void)arg;
    world->server->txn.reliable = true;
}

START_TEST(reliable_repeats_nothing)
{
    invited();
    world_on_core(w, set_reliable, NULL);
    ck_assert_int_eq(world_respond(w, 486), PEAL_OK);
    world_run_to(w, 20000);
    CHECK_SENT_AT(w, "SIP/2.0 486", 0);
    peer_request(w, "ACK", "p1", "ours");
    world_run_to(w, 20001); /* timer I is 0 */
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

START_TEST(refuses_what_is_no_response)
{
    invited();
    peal_sip_packet *copy = NULL;
    ck_assert_int_eq(peal_sip_packet_new_request(NULL, PEAL_SIP_METHOD_BYE, PEAL_STR(""),
                                                 PEAL_STR("sip:x@y"), &copy),
                     PEAL_OK);
    ck_assert_int_eq(peal__sip_server_txn_respond(w->server, copy), PEAL_E_ARGUMENT);
    peal_sip_packet_unref(copy);
}
END_TEST

TCase *invite_server_cases(void)
{
    TCase *tc = tcase_create("INVITE server");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, answers_100_after_200_ms);
    tcase_add_test(tc, provisional_is_repeated_every_minute);
    tcase_add_test(tc, responses_leave_in_order);
    tcase_add_test(tc, failure_runs_timers_g_and_h);
    tcase_add_test(tc, ack_confirms_until_timer_i);
    tcase_add_test(tc, success_is_accepted_until_timer_l);
    tcase_add_test(tc, wire_of_the_2xx_can_be_repeated);
    tcase_add_test(tc, send_error_is_told_and_ends_nothing);
    tcase_add_test(tc, cancel_in_proceeding);
    tcase_add_test(tc, cancel_after_a_final_response_has_no_effect);
    tcase_add_test(tc, cancel_of_nothing_goes_to_the_core);
    tcase_add_test(tc, detached_goes_on_alone);
    tcase_add_test(tc, reliable_repeats_nothing);
    tcase_add_test(tc, refuses_what_is_no_response);
    return tc;
}
