/* SPDX-License-Identifier: MIT */
/* Several hosts for one request (K5; RFC 3263 §4.3): silence, 503 and send errors move on; late
 * answers of hosts that were given up. The peer stack listens on several ports, each a host. */
#include "core_world.h"

static world w;

enum { HOSTS = 3 };

typedef struct outcome {
    hooks hooks;
    unsigned heard, status;
    peal_result local;
} outcome;

static void on_event(hooks *self, peal_sip_client_event_control *control, unsigned code)
{
    outcome *o = PEAL_CONTAINER_OF(self, outcome, hooks);
    if (code == EVENT_AGENT) {
        o->heard++;
        o->status = peal_sip_packet_status(peal_sip_client_event_control_response(control));
        o->local = peal_sip_client_event_control_local_result(control);
    }
    (void)peal_sip_client_event_control_call_next(control);
}

/* What each host of the peer does: 0 is silent; and what it got. */
static unsigned behaviour[HOSTS], got[HOSTS];
static peal_sip_packet *invite[HOSTS];

static void host_on_packet(node *n, peal_sip_packet *packet)
{
    const size_t host = peal_sip_packet_origin(packet)->local.port - 6000u;
    const peal_sip_method method = peal_sip_packet_method(packet);
    ck_assert_uint_lt(host, HOSTS);
    got[host]++;
    if (method == PEAL_SIP_METHOD_INVITE && !invite[host]) {
        invite[host] = peal_sip_packet_ref(packet);
    }
    if (method == PEAL_SIP_METHOD_BYE || method == PEAL_SIP_METHOD_CANCEL) {
        (void)peal_sip_core_respond(n->core, packet, 200, absent(), NULL, NULL);
    } else if (method != PEAL_SIP_METHOD_ACK && behaviour[host]) {
        (void)peal_sip_core_respond(n->core, packet, behaviour[host], absent(), NULL, NULL);
    }
}

static peal_sip_context *start(outcome *o, unsigned threads, unsigned first, unsigned second,
                               unsigned third)
{
    peal_socket_addr hosts[HOSTS];
    memset(o, 0, sizeof *o);
    memset(got, 0, sizeof got);
    memset(invite, 0, sizeof invite);
    o->hooks.on_event = on_event;
    world_start(&w, threads);
    w.b.on_packet = host_on_packet;
    for (uint16_t i = 0; i < HOSTS; i++) {
        hosts[i] = addr("10.0.0.2", (uint16_t)(6000 + i));
        node_listen(&w.b, "10.0.0.2", hosts[i].port);
    }
    behaviour[0] = first;
    behaviour[1] = second;
    behaviour[2] = third;
    return make_context(&w.a, &o->hooks, hosts, HOSTS);
}

static void finish(peal_sip_context **c)
{
    end_context(c);
    world_run(&w, 70000);
    for (size_t i = 0; i < HOSTS; i++) {
        invite[i] = peal_sip_packet_unref(invite[i]);
    }
    world_end(&w);
}

static void late(size_t host, unsigned status)
{
    ck_assert_int_eq(
        peal_sip_core_respond(w.b.core, invite[host], status, absent(), NULL, NULL), PEAL_OK);
    world_run(&w, 50);
}

START_TEST(silence_moves_on_after_the_try_timeout)
{
    outcome o;
    peal_sip_context *c = start(&o, 3, 0, 200, 200);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 3990);
    ck_assert_uint_eq(got[1], 0);
    world_run(&w, 100);
    ck_assert_uint_eq(got[1], 1);
    ck_assert_uint_eq(got[2], 0);
    ck_assert_uint_eq(o.heard, 1);
    ck_assert_uint_eq(o.status, 200);
    ck_assert_uint_eq(o.hooks.ended, 1);
    ck_assert_uint_eq(o.hooks.tries_ended, 2);
    finish(&c);
}
END_TEST

START_TEST(overload_moves_on_at_once)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 503, 503, 200);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.heard, 1);
    ck_assert_uint_eq(o.status, 200);
    ck_assert_uint_eq(w.wire.ack, 2); /* of the two 503 */
    finish(&c);
}
END_TEST

START_TEST(last_503_is_reported)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 503, 503, 503);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.heard, 1);
    ck_assert_uint_eq(o.status, 503);
    ck_assert_int_eq(o.local, PEAL_OK); /* the peer's own */
    finish(&c);
}
END_TEST

START_TEST(other_failures_do_not_move_on)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 486, 200, 200);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.status, 486);
    ck_assert_uint_eq(got[1], 0);
    finish(&c);
}
END_TEST

START_TEST(send_error_moves_on)
{
    outcome o;
    peal_sip_context *c = start(&o, 3, 200, 200, 200);
    const peal_socket_addr first = addr("10.0.0.2", 6000), second = addr("10.0.0.2", 6001);
    ck_assert_int_eq(peal_sim_set_send_error(w.sim, &first, PEAL_E_UNREACHABLE), PEAL_OK);
    ck_assert_int_eq(peal_sim_set_send_error(w.sim, &second, PEAL_E_TOO_BIG), PEAL_OK);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.status, 200);
    ck_assert_uint_eq(got[2], 1);
    finish(&c);
}
END_TEST

START_TEST(send_error_to_the_only_host_is_a_local_503)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 200, 200, 200);
    const peal_socket_addr only = addr("10.0.0.3", 5060);
    ck_assert_int_eq(peal_sim_set_send_error(w.sim, &only, PEAL_E_UNREACHABLE), PEAL_OK);
    peal_sip_context *one = make_context(&w.a, &o.hooks, &only, 1);
    ck_assert_int_eq(send_request(one, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.heard, 1);
    ck_assert_uint_eq(o.status, 503);
    ck_assert_int_eq(o.local, PEAL_E_SIP_SEND);
    end_context(&one);
    finish(&c);
}
END_TEST

/* The last host gets the full time of its transaction. */
START_TEST(last_silence_is_a_local_408)
{
    outcome o;
    peal_sip_context *c = start(&o, 3, 0, 0, 0);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 8000 + 64 * 500 - 100);
    ck_assert_uint_eq(o.heard, 0);
    world_run(&w, 200);
    ck_assert_uint_eq(o.heard, 1);
    ck_assert_uint_eq(o.status, 408);
    ck_assert_int_eq(o.local, PEAL_E_SIP_TIMEOUT);
    ck_assert_uint_eq(o.hooks.ended, 1);
    finish(&c);
}
END_TEST

START_TEST(provisional_stops_the_try_timer)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 100, 200, 200);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 20000);
    ck_assert_uint_eq(got[1], 0);
    late(0, 200);
    ck_assert_uint_eq(o.status, 200);
    finish(&c);
}
END_TEST

START_TEST(after_a_reported_180_a_503_is_final)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 180, 200, 200);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.heard, 1);
    late(0, 503);
    ck_assert_uint_eq(o.heard, 2);
    ck_assert_uint_eq(o.status, 503);
    ck_assert_uint_eq(got[1], 0);
    finish(&c);
}
END_TEST

START_TEST(late_provisional_of_a_given_up_host_is_cancelled)
{
    outcome o;
    peal_sip_context *c = start(&o, 3, 0, 180, 0);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 4500);
    ck_assert_uint_eq(o.heard, 1);
    late(0, 180);
    ck_assert_uint_eq(w.wire.cancel, 1);
    ck_assert_uint_eq(o.heard, 1); /* nobody hears of it */
    late(0, 487);
    late(1, 200);
    ck_assert_uint_eq(o.status, 200);
    finish(&c);
}
END_TEST

START_TEST(late_success_counts_while_nobody_else_answered)
{
    outcome o;
    peal_sip_context *c = start(&o, 3, 0, 0, 0);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 4500);
    late(0, 200);
    ck_assert_uint_eq(o.heard, 1);
    ck_assert_uint_eq(o.status, 200);
    ck_assert_uint_eq(w.wire.bye, 0);
    late(1, 180); /* the second host was asked, and is given up now */
    ck_assert_uint_eq(w.wire.cancel, 1);
    ck_assert_uint_eq(o.heard, 1);
    late(1, 487);
    finish(&c);
}
END_TEST

START_TEST(late_success_after_another_answer_is_ended)
{
    outcome o;
    peal_sip_context *c = start(&o, 3, 0, 200, 0);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 4500);
    ck_assert_uint_eq(o.status, 200);
    const unsigned acks = w.wire.ack;
    late(0, 200);
    ck_assert_uint_eq(w.wire.ack, acks + 1);
    ck_assert_uint_eq(w.wire.bye, 1);
    ck_assert_uint_eq(o.heard, 1);
    finish(&c);
}
END_TEST

START_TEST(late_success_after_a_failure_is_ended)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 0, 486, 0);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 4500);
    ck_assert_uint_eq(o.status, 486);
    ck_assert_uint_eq(o.hooks.ended, 1);
    late(0, 200);
    ck_assert_uint_eq(w.wire.bye, 1);
    ck_assert_uint_eq(o.heard, 1);
    finish(&c);
}
END_TEST

START_TEST(cancel_asks_no_further_host)
{
    outcome o;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = start(&o, 1, 0, 200, 200);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    world_run(&w, 1000);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_OK);
    world_run(&w, 4000);
    ck_assert_uint_eq(o.heard, 1);
    ck_assert_uint_eq(o.status, 487);
    ck_assert_int_eq(o.local, PEAL_E_SIP_CANCELLED);
    ck_assert_uint_eq(got[1], 0);
    late(0, 180); /* it was there after all */
    ck_assert_uint_eq(w.wire.cancel, 1);
    late(0, 487);
    peal_sip_client_request_unref(r);
    finish(&c);
}
END_TEST

START_TEST(host_without_local_address_is_skipped)
{
    outcome o;
    peal_sip_context *c = start(&o, 1, 200, 200, 200);
    const peal_socket_addr hosts[] = { addr("2001:db8::9", 5060), addr("10.0.0.2", 6001) };
    peal_sip_context *two = make_context(&w.a, &o.hooks, hosts, 2);
    ck_assert_int_eq(send_request(two, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.status, 200);
    ck_assert_uint_eq(got[1], 1);
    end_context(&two);
    peal_sip_context *one = make_context(&w.a, &o.hooks, hosts, 1);
    ck_assert_int_eq(send_request(one, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.status, 503);
    ck_assert_int_eq(o.local, PEAL_E_SIP_NO_LOCAL_ADDRESS);
    end_context(&one);
    finish(&c);
}
END_TEST

/* T9: a request above the threshold goes by a stream first; with none to be had it goes by UDP. */
START_TEST(big_request_prefers_a_stream)
{
    static char body[2000];
    outcome o;
    peal_sip_packet *packet = NULL;
    peal_sip_context *c = start(&o, 1, 200, 200, 200);
    const peal_socket_addr hosts[] = { addr("10.0.0.2", 6000),
                                       addr("10.0.0.2", WAY_STREAM_PORT) };
    peal_sip_context *two = make_context(&w.a, &o.hooks, hosts, 2);
    ck_assert_int_eq(send_request(two, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.status, 200);
    ck_assert_uint_eq(o.hooks.tries_ended, 1);
    memset(body, 'x', sizeof body);
    ck_assert_int_eq(peal_sip_packet_new_request(peal_sip_core_pool(w.a.core),
                                                 PEAL_SIP_METHOD_MESSAGE, absent(),
                                                 PEAL_STR("sip:b@example.com"), &packet),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_packet_set_body(packet, PEAL_STR("text/plain"),
                                              peal_str_of(body, sizeof body)),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_send_request(two, agent_service(two), packet, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(o.heard, 2);
    ck_assert_uint_eq(o.status, 200);
    ck_assert_uint_eq(o.hooks.tries_ended, 3); /* TCP failed, UDP was last */
    end_context(&two);
    finish(&c);
}
END_TEST

Suite *suite_failover(void)
{
    Suite *s = suite_create("failover");
    TCase *t = tcase_create("failover");
    tcase_add_test(t, silence_moves_on_after_the_try_timeout);
    tcase_add_test(t, overload_moves_on_at_once);
    tcase_add_test(t, last_503_is_reported);
    tcase_add_test(t, other_failures_do_not_move_on);
    tcase_add_test(t, send_error_moves_on);
    tcase_add_test(t, send_error_to_the_only_host_is_a_local_503);
    tcase_add_test(t, last_silence_is_a_local_408);
    tcase_add_test(t, provisional_stops_the_try_timer);
    tcase_add_test(t, after_a_reported_180_a_503_is_final);
    tcase_add_test(t, late_provisional_of_a_given_up_host_is_cancelled);
    tcase_add_test(t, late_success_counts_while_nobody_else_answered);
    tcase_add_test(t, late_success_after_another_answer_is_ended);
    tcase_add_test(t, late_success_after_a_failure_is_ended);
    tcase_add_test(t, cancel_asks_no_further_host);
    tcase_add_test(t, host_without_local_address_is_skipped);
    tcase_add_test(t, big_request_prefers_a_stream);
    suite_add_tcase(s, t);
    return s;
}
