/* SPDX-License-Identifier: MIT */
/* Client requests cut short: cancel in each state, clear in each state, order of requests,
 * responses that another context reports. */
#include "core_script.h"

static world w;

static const unsigned ok[] = { 200, 0 }, none[] = { 0 }, ring_ok[] = { 180, 200, 0 },
                      trying[] = { 100, 0 };

/* ---- cancel ---- */

START_TEST(cancel_while_selecting)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    way_of(c)->vt->set_pending(way_of(c), true);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.invite, 0);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_OK);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_I_ALREADY);
    ck_assert_uint_eq(s.heard, 0);
    world_run(&w, 1);
    ck_assert_uint_eq(s.heard, 2);
    ck_assert_uint_eq(s.statuses[1], 487);
    ck_assert_int_eq(s.locals[1], PEAL_E_SIP_CANCELLED);
    way_of(c)->vt->finish(way_of(c), PEAL_OK); /* comes too late */
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.invite, 0);
    peal_sip_client_request_unref(r);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(cancel_while_trying_is_held_back)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 3, none);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, PEAL_STR("SIP;cause=200")), PEAL_OK);
    ck_assert(peal_sip_client_request_is_cancelled(r));
    world_run(&w, 400);
    ck_assert_uint_eq(w.wire.cancel, 0);
    w.b.arg = (void *)(uintptr_t)trying; /* answers the repetition at 500 ms */
    world_run(&w, 200);
    ck_assert_uint_ge(w.wire.cancel, 1);
    ck_assert_uint_eq(s.heard, 0);
    world_run(&w, 64 * 500 + 1000);
    ck_assert_uint_eq(s.heard, 2); /* RFC 3261 §9.1: no final response came */
    ck_assert_uint_eq(s.statuses[1], 487);
    ck_assert_uint_eq(s.hooks.ended, 1);
    peal_sip_client_request_unref(r);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(cancel_while_trying_and_never_answered)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 1, none);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_OK);
    world_run(&w, 64 * 500 + 1000);
    ck_assert_uint_eq(w.wire.cancel, 0);
    ck_assert_uint_eq(s.heard, 2);
    ck_assert_uint_eq(s.statuses[1], 487);
    peal_sip_client_request_unref(r);
    end_context(&c);
    world_end(&w);
}
END_TEST

static const char *last_cancel;
static void answer_cancelled(node *n, peal_sip_packet *packet)
{
    const peal_sip_method method = peal_sip_packet_method(packet);
    if (method == PEAL_SIP_METHOD_INVITE) {
        (void)peal_sip_core_respond(n->core, packet, 180, absent(), NULL, NULL);
        n->arg = peal_sip_packet_ref(packet);
    } else if (method == PEAL_SIP_METHOD_CANCEL) {
        last_cancel = peal_sip_packet_value(packet, PEAL_SIP_HEADER_REASON, 0).n ? "reason" : "";
        (void)peal_sip_core_respond(n->core, packet, 200, absent(), NULL, NULL);
        (void)peal_sip_core_respond(n->core, n->arg, 487, absent(), NULL, NULL);
        n->arg = peal_sip_packet_unref(n->arg);
    }
}

START_TEST(cancel_while_proceeding)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 3, none);
    w.b.on_packet = answer_cancelled;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    world_run(&w, 50);
    ck_assert_uint_eq(s.heard, 2);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, PEAL_STR("SIP;cause=200")), PEAL_OK);
    world_run(&w, 50);
    ck_assert_uint_eq(w.wire.cancel, 1);
    ck_assert_str_eq(last_cancel, "reason");
    ck_assert_uint_eq(s.heard, 4);
    ck_assert_uint_eq(s.statuses[3], 487);
    ck_assert_int_eq(s.locals[3], PEAL_OK); /* the peer's own */
    ck_assert_uint_eq(w.wire.ack, 1);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_E_STATE);
    peal_sip_client_request_unref(r);
    end_context(&c);
    world_run(&w, 40000);
    world_end(&w);
}
END_TEST

START_TEST(only_an_invite_is_cancelled)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 1, none);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, &r), PEAL_OK);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_E_STATE);
    peal_sip_client_request_unref(r);
    end_context(&c);
    world_run(&w, 40000);
    world_end(&w);
}
END_TEST

/* ---- clear with an INVITE under way ---- */

START_TEST(clear_cancels_and_swallows)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 3, none);
    w.b.on_packet = answer_cancelled;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 50);
    s.heard = 0;
    end_context(&c);
    ck_assert_uint_eq(census_of(&w.a).contexts, 1); /* still a guest in it */
    world_run(&w, 50);
    ck_assert_uint_eq(w.wire.cancel, 1);
    ck_assert_uint_eq(s.heard, 0);
    ck_assert_uint_eq(census_of(&w.a).contexts, 0);
    ck_assert_uint_eq(census_of(&w.a).requests, 0);
    world_run(&w, 40000);
    world_end(&w);
}
END_TEST

/* Keeps the INVITE to answer it later; anything else is good. */
static void hold_invite(node *n, peal_sip_packet *packet)
{
    if (peal_sip_packet_method(packet) == PEAL_SIP_METHOD_INVITE && !n->arg) {
        n->arg = peal_sip_packet_ref(packet);
    } else if (peal_sip_packet_method(packet) == PEAL_SIP_METHOD_BYE) {
        (void)peal_sip_core_respond(n->core, packet, 200, absent(), NULL, NULL);
    }
}

static void answer_held(unsigned status)
{
    ck_assert_int_eq(peal_sip_core_respond(w.b.core, w.b.arg, status, absent(), NULL, NULL),
                     PEAL_OK);
    world_run(&w, 50);
}

START_TEST(clear_then_late_success_gets_ack_and_bye)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 3, none);
    w.b.on_packet = hold_invite;
    w.b.arg = NULL;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 50);
    end_context(&c);
    answer_held(200);
    ck_assert_uint_eq(w.wire.ack, 1);
    ck_assert_uint_eq(w.wire.bye, 1);
    answer_held(200); /* a repetition: the ACK was lost, perhaps */
    ck_assert_uint_eq(w.wire.ack, 2);
    ck_assert_uint_eq(w.wire.bye, 1);
    ck_assert_uint_eq(w.wire.cancel, 0);
    ck_assert_uint_eq(s.heard, 0);
    peal_sip_packet_unref(w.b.arg);
    world_run(&w, 40000);
    ck_assert_uint_eq(census_of(&w.a).contexts, 0);
    world_end(&w);
}
END_TEST

START_TEST(clear_then_late_provisional_gets_cancel)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, none);
    w.b.on_packet = hold_invite;
    w.b.arg = NULL;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 50);
    end_context(&c);
    ck_assert_uint_eq(w.wire.cancel, 0);
    answer_held(180);
    ck_assert_uint_eq(w.wire.cancel, 1);
    answer_held(487);
    ck_assert_uint_eq(w.wire.ack, 1);
    ck_assert_uint_eq(census_of(&w.a).contexts, 0);
    peal_sip_packet_unref(w.b.arg);
    world_run(&w, 70000);
    world_end(&w);
}
END_TEST

START_TEST(clear_sends_a_bye_that_waits_for_its_way)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    test_way *way = way_of(c);
    way->vt->set_pending(way, true);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_BYE, NULL, NULL), PEAL_OK);
    peal_sip_context_clear(c);
    ck_assert_uint_eq(w.wire.bye, 0);
    way->vt->finish(way, PEAL_OK);
    peal_sip_context_unref(c);
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.bye, 1);
    ck_assert_uint_eq(s.heard, 0);
    ck_assert_uint_eq(census_of(&w.a).contexts, 0);
    world_end(&w);
}
END_TEST

START_TEST(requests_leave_in_order)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    test_way *way = way_of(c);
    way->vt->set_pending(way, true);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    way->vt->set_pending(way, false);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INFO, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.other, 0); /* INFO waits behind OPTIONS */
    way->vt->finish(way, PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.options, 1);
    ck_assert_uint_eq(w.wire.other, 1);
    ck_assert_uint_eq(s.hooks.ended, 2);
    end_context(&c);
    world_end(&w);
}
END_TEST

/* ---- another context reports (C11) ---- */

START_TEST(routed_response_is_reported_elsewhere)
{
    script s, other;
    peal_sip_context *c = script_start(&s, &w, 1, ring_ok);
    const peal_socket_addr to = addr("10.0.0.2", 5060);
    script_init(&other);
    peal_sip_context *fork = make_context(&w.a, &other.hooks, &to, 1);
    s.hooks.route_to = fork;
    other.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(s.heard, 0);
    ck_assert_uint_eq(other.heard, 1);
    ck_assert_uint_eq(other.codes[0], EVENT_HELPER);
    peal_sip_context_clear(fork); /* its control counts no more, and the request goes on */
    ck_assert_int_eq(peal_sip_client_event_control_call_next(other.kept), PEAL_E_SIP_CLEARED);
    script_drop_kept(&other);
    s.hooks.route_to = NULL;
    world_run(&w, 600); /* the peer repeats nothing: what waited was reported to the cleared one */
    peal_sip_context_unref(fork);
    end_context(&c);
    world_run(&w, 70000);
    world_end(&w);
}
END_TEST

Suite *suite_cancel(void)
{
    Suite *s = suite_create("cancel");
    TCase *t = tcase_create("cancel");
    tcase_add_test(t, cancel_while_selecting);
    tcase_add_test(t, cancel_while_trying_is_held_back);
    tcase_add_test(t, cancel_while_trying_and_never_answered);
    tcase_add_test(t, cancel_while_proceeding);
    tcase_add_test(t, only_an_invite_is_cancelled);
    tcase_add_test(t, clear_cancels_and_swallows);
    tcase_add_test(t, clear_then_late_success_gets_ack_and_bye);
    tcase_add_test(t, clear_then_late_provisional_gets_cancel);
    tcase_add_test(t, clear_sends_a_bye_that_waits_for_its_way);
    tcase_add_test(t, requests_leave_in_order);
    tcase_add_test(t, routed_response_is_reported_elsewhere);
    suite_add_tcase(s, t);
    return s;
}
