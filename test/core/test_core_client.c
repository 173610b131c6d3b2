/* SPDX-License-Identifier: MIT */
/* Client requests: events and decisions, misuse, reissue, refusals before anything is sent. */
#include "core_script.h"

static world w;

static const unsigned ok[] = { 200, 0 }, challenge[] = { 401, 0 }, ringing[] = { 100, 180, 0 },
                      ring_ring_ok[] = { 180, 183, 200, 0 };

/* ---- events ---- */

START_TEST(events_come_in_attach_order_sender_last)
{
    script s;
    int tag = 0;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 3, ok);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, &tag, &r), PEAL_OK);
    ck_assert_uint_eq(s.heard, 0); /* never from inside */
    ck_assert_ptr_eq(peal_sip_client_request_opaque(r), &tag);
    ck_assert_ptr_eq(peal_sip_client_request_context(r), c);
    ck_assert_int_eq(peal_sip_client_request_method(r), PEAL_SIP_METHOD_OPTIONS);
    ck_assert_ptr_nonnull(peal_sip_client_request_packet(r));
    world_run(&w, 100);
    ck_assert_uint_eq(s.heard, 2);
    ck_assert_uint_eq(s.codes[0], EVENT_HELPER); /* attached behind the agent, which sent it */
    ck_assert_uint_eq(s.codes[1], EVENT_AGENT);
    ck_assert_uint_eq(s.statuses[1], 200);
    ck_assert_int_eq(s.locals[1], PEAL_OK);
    ck_assert_uint_eq(s.hooks.ended, 1);
    ck_assert_uint_eq(s.hooks.tries_ended, 1);
    ck_assert_ptr_null(peal_sip_client_request_packet(r));
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_E_STATE);
    peal_sip_client_request_unref(r);
    ck_assert_uint_eq(census_of(&w.a).requests, 0); /* K11 */
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(trying_is_nobodys_event)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, ringing);
    peal_sip_client_request *r = NULL;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(s.heard, 2);
    ck_assert_uint_eq(s.statuses[0], 180);
    ck_assert(peal_sip_client_request_has_provisional(r));
    ck_assert(!peal_sip_client_request_is_final(r));
    peal_sip_client_request_unref(r);
    end_context(&c);
    world_run(&w, 70000);
    world_end(&w);
}
END_TEST

START_TEST(decisions_are_taken_once)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 3, ok);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(s.heard, 1); /* waits for the decision */
    ck_assert_uint_eq(s.hooks.ended, 0);
    peal_sip_client_event_control *first = s.kept;
    s.kept = NULL;
    ck_assert_int_eq(peal_sip_client_event_control_reissue(first), PEAL_E_SIP_REISSUE);
    ck_assert_int_eq(peal_sip_client_event_control_call_next(first), PEAL_OK);
    ck_assert_uint_eq(s.heard, 2);
    ck_assert_ptr_ne(s.kept, first);
    ck_assert_int_eq(peal_sip_client_event_control_call_next(first), PEAL_E_SIP_DECIDED);
    ck_assert_int_eq(peal_sip_client_event_control_clear_events(first), PEAL_E_SIP_DECIDED);
    ck_assert_int_eq(peal_sip_client_event_control_reissue(first), PEAL_E_SIP_DECIDED);
    ck_assert_int_eq(peal_sip_client_event_control_call_next(s.kept), PEAL_E_SIP_NO_MORE_EVENTS);
    ck_assert_int_eq(peal_sip_client_event_control_call_next(s.kept), PEAL_E_SIP_DECIDED);
    ck_assert_uint_eq(s.hooks.ended, 1);
    peal_sip_client_event_control_unref(first);
    script_drop_kept(&s);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(clear_events_skips_the_rest)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(peal_sip_client_event_control_clear_events(s.kept), PEAL_OK);
    script_drop_kept(&s);
    ck_assert_uint_eq(s.heard, 1);
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(undecided_release_is_clear)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    script_drop_kept(&s);
    ck_assert_uint_eq(s.heard, 1);
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(responses_wait_for_a_kept_control)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 3, ring_ring_ok);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(s.heard, 1);
    peal_sip_client_event_control *first = s.kept;
    s.kept = NULL;
    s.keep = false;
    ck_assert_int_eq(peal_sip_client_event_control_clear_events(first), PEAL_OK);
    peal_sip_client_event_control_unref(first);
    ck_assert_uint_eq(s.heard, 5);
    ck_assert_uint_eq(s.statuses[1], 183);
    ck_assert_uint_eq(s.statuses[4], 200);
    ck_assert_uint_eq(s.hooks.ended, 0); /* Accepted */
    world_run(&w, 40000);
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(clear_inside_an_event)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    s.clear_inside = c;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(s.heard, 1);
    ck_assert_uint_eq(s.hooks.ended, 0);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(kept_control_after_clear)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 3, ok);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, &r), PEAL_OK);
    world_run(&w, 100);
    peal_sip_context_clear(c);
    peal_sip_context_clear(c); /* as often as one likes */
    ck_assert_int_eq(peal_sip_client_event_control_call_next(s.kept), PEAL_E_SIP_CLEARED);
    ck_assert_int_eq(peal_sip_client_event_control_clear_events(s.kept), PEAL_E_SIP_CLEARED);
    ck_assert_int_eq(peal_sip_client_event_control_reissue(s.kept), PEAL_E_SIP_CLEARED);
    ck_assert_uint_eq(peal_sip_packet_status(peal_sip_client_event_control_response(s.kept)), 200);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_E_SIP_CLEARED);
    ck_assert_ptr_null(peal_sip_client_request_context(r));
    peal_sip_context_unref(c);
    script_drop_kept(&s);
    peal_sip_client_request_unref(r);
    ck_assert_uint_eq(s.heard, 1);
    world_end(&w);
}
END_TEST

/* ---- reissue ---- */

START_TEST(reissue_sends_again_with_a_new_number)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 3, challenge);
    s.reissues = 2;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(s.reissue_result, PEAL_OK);
    ck_assert_uint_eq(w.wire.options, 3);
    /* Reissued by the helper twice, so the agent hears of the last one only. */
    ck_assert_uint_eq(s.heard, 4);
    ck_assert_uint_eq(s.codes[1], EVENT_HELPER);
    ck_assert_uint_eq(s.codes[2], EVENT_HELPER);
    ck_assert_uint_eq(s.codes[3], EVENT_AGENT);
    ck_assert_ptr_nonnull(strstr(w.last, "CSeq: 3 OPTIONS"));
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(reissues_are_limited)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, challenge);
    s.reissues = 9;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(s.reissue_result, PEAL_E_LIMIT);
    ck_assert_uint_eq(w.wire.options, 9);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(reissue_later_on_a_kept_control)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, challenge);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 1000);
    s.keep = false;
    ck_assert_int_eq(peal_sip_client_event_control_reissue(s.kept), PEAL_OK);
    ck_assert_int_eq(peal_sip_client_event_control_reissue(s.kept), PEAL_E_SIP_DECIDED);
    script_drop_kept(&s);
    world_run(&w, 1000);
    ck_assert_uint_eq(w.wire.invite, 2);
    ck_assert_uint_eq(w.wire.ack, 2);
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&c);
    world_run(&w, 40000);
    world_end(&w);
}
END_TEST

/* ---- refusals before anything is sent ---- */

START_TEST(stage_one_refuses)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    s.hooks.refuse_outgoing = PEAL_E_SIP_GLARE;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, &r), PEAL_E_SIP_GLARE);
    ck_assert_ptr_null(r);
    world_run(&w, 1000);
    ck_assert_uint_eq(s.heard, 0);
    ck_assert_uint_eq(w.wire.options, 0);
    ck_assert_uint_eq(census_of(&w.a).requests, 0);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(context_without_a_way_refuses)
{
    peal_sip_context *c = NULL;
    world_start(&w, 1);
    ck_assert_int_eq(peal_sip_context_new(w.a.core, &c), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(c, &test_agent_clsid, NULL), PEAL_OK);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL),
                     PEAL_E_SIP_SERVICE_MISSING);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(no_target_is_a_local_503)
{
    script s;
    peal_sip_context *c = script_start(&s, &w, 1, ok);
    peal_sip_context *nowhere = make_context(&w.a, &s.hooks, NULL, 0);
    ck_assert_int_eq(send_request(nowhere, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    ck_assert_uint_eq(s.heard, 0);
    world_run(&w, 1);
    ck_assert_uint_eq(s.heard, 2);
    ck_assert_uint_eq(s.statuses[1], 503);
    ck_assert_int_eq(s.locals[1], PEAL_E_SIP_NO_TARGET);
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&nowhere);
    end_context(&c);
    world_end(&w);
}
END_TEST

Suite *suite_client(void)
{
    Suite *s = suite_create("client");
    TCase *t = tcase_create("client");
    tcase_add_test(t, events_come_in_attach_order_sender_last);
    tcase_add_test(t, trying_is_nobodys_event);
    tcase_add_test(t, decisions_are_taken_once);
    tcase_add_test(t, clear_events_skips_the_rest);
    tcase_add_test(t, undecided_release_is_clear);
    tcase_add_test(t, responses_wait_for_a_kept_control);
    tcase_add_test(t, clear_inside_an_event);
    tcase_add_test(t, kept_control_after_clear);
    tcase_add_test(t, reissue_sends_again_with_a_new_number);
    tcase_add_test(t, reissues_are_limited);
    tcase_add_test(t, reissue_later_on_a_kept_control);
    tcase_add_test(t, stage_one_refuses);
    tcase_add_test(t, context_without_a_way_refuses);
    tcase_add_test(t, no_target_is_a_local_503);
    suite_add_tcase(s, t);
    return s;
}
