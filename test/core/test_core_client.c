/* SPDX-License-Identifier: MIT */
/* Client requests: events and decisions, misuse, reissue, cancel in each state, clear in each state. */
#include "core_world.h"

static world w;

/* What a scripted application does with each event. */
typedef struct script {
    hooks hooks;
    unsigned codes[16]; /* events heard, in order */
    unsigned statuses[16];
    peal_result locals[16];
    size_t heard;
    bool keep; /* keep each control */
    peal_sip_client_event_control *kept;
    peal_sip_context *clear_inside;
    unsigned reissues; /* of failures */
    peal_result reissue_result;
} script;

static void on_event(hooks *self, peal_sip_client_event_control *control, unsigned code)
{
    script *s = PEAL_CONTAINER_OF(self, script, hooks);
    ck_assert_uint_lt(s->heard, PEAL_COUNT_OF(s->codes));
    s->codes[s->heard] = code;
    s->locals[s->heard] = peal_sip_client_event_control_local_result(control);
    s->statuses[s->heard++] =
        peal_sip_packet_status(peal_sip_client_event_control_response(control));
    if (s->clear_inside) {
        peal_sip_context_clear(s->clear_inside);
        ck_assert_int_eq(peal_sip_client_event_control_call_next(control), PEAL_E_SIP_CLEARED);
    } else if (s->keep) {
        ck_assert_ptr_null(s->kept);
        s->kept = peal_sip_client_event_control_ref(control);
    } else if (s->reissues > 0) {
        s->reissues--;
        s->reissue_result = peal_sip_client_event_control_reissue(control);
    } else {
        (void)peal_sip_client_event_control_call_next(control);
    }
}

static void drop_kept(script *s)
{
    peal_sip_client_event_control *kept = s->kept;
    s->kept = NULL;
    peal_sip_client_event_control_unref(kept);
}

/* The peer: answers without state. arg: an array of statuses, ended by 0; repeated for each request. */
static void answer_all(node *n, peal_sip_packet *packet)
{
    for (const unsigned *status = n->arg; *status; status++) {
        (void)peal_sip_core_respond(n->core, packet, *status, absent(), NULL, NULL);
    }
}

static peal_sip_context *start(script *s, unsigned threads, const unsigned *statuses)
{
    const peal_socket_addr to = addr("10.0.0.2", 5060);
    memset(s, 0, sizeof *s);
    s->hooks.on_event = on_event;
    world_start(&w, threads);
    w.b.on_packet = answer_all;
    w.b.arg = (void *)(uintptr_t)statuses;
    return make_context(&w.a, &s->hooks, &to, 1);
}

static const unsigned ok[] = { 200, 0 }, ringing[] = { 100, 180, 0 }, none[] = { 0 },
                      ring_ok[] = { 180, 200, 0 }, challenge[] = { 401, 0 },
                      ring_ring_ok[] = { 180, 183, 200, 0 }, trying[] = { 100, 0 };

/* ---- events ---- */

START_TEST(events_come_in_attach_order_sender_last)
{
    script s;
    int tag = 0;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = start(&s, 3, ok);
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
    peal_sip_context *c = start(&s, 1, ringing);
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
    peal_sip_context *c = start(&s, 3, ok);
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
    drop_kept(&s);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(clear_events_skips_the_rest)
{
    script s;
    peal_sip_context *c = start(&s, 1, ok);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(peal_sip_client_event_control_clear_events(s.kept), PEAL_OK);
    drop_kept(&s);
    ck_assert_uint_eq(s.heard, 1);
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(undecided_release_is_clear)
{
    script s;
    peal_sip_context *c = start(&s, 1, ok);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    drop_kept(&s);
    ck_assert_uint_eq(s.heard, 1);
    ck_assert_uint_eq(s.hooks.ended, 1);
    end_context(&c);
    world_end(&w);
}
END_TEST

START_TEST(responses_wait_for_a_kept_control)
{
    script s;
    peal_sip_context *c = start(&s, 3, ring_ring_ok);
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
    peal_sip_context *c = start(&s, 1, ok);
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
    peal_sip_context *c = start(&s, 3, ok);
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
    drop_kept(&s);
    peal_sip_client_request_unref(r);
    ck_assert_uint_eq(s.heard, 1);
    world_end(&w);
}
END_TEST

/* ---- reissue ---- */

START_TEST(reissue_sends_again_with_a_new_number)
{
    script s;
    peal_sip_context *c = start(&s, 3, challenge);
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
    peal_sip_context *c = start(&s, 1, challenge);
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
    peal_sip_context *c = start(&s, 1, challenge);
    s.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 1000);
    s.keep = false;
    ck_assert_int_eq(peal_sip_client_event_control_reissue(s.kept), PEAL_OK);
    ck_assert_int_eq(peal_sip_client_event_control_reissue(s.kept), PEAL_E_SIP_DECIDED);
    drop_kept(&s);
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
    peal_sip_context *c = start(&s, 1, ok);
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
    peal_sip_context *c = start(&s, 1, ok);
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

/* ---- cancel ---- */

START_TEST(cancel_while_selecting)
{
    script s;
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = start(&s, 1, ok);
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
    peal_sip_context *c = start(&s, 3, none);
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
    peal_sip_context *c = start(&s, 1, none);
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
    peal_sip_context *c = start(&s, 3, none);
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
    peal_sip_context *c = start(&s, 1, none);
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
    peal_sip_context *c = start(&s, 3, none);
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
    peal_sip_context *c = start(&s, 3, none);
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
    peal_sip_context *c = start(&s, 1, none);
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
    peal_sip_context *c = start(&s, 1, ok);
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
    peal_sip_context *c = start(&s, 1, ok);
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
    script s, other = { .heard = 0 };
    peal_sip_context *c = start(&s, 1, ring_ok);
    const peal_socket_addr to = addr("10.0.0.2", 5060);
    other.hooks.on_event = on_event;
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
    drop_kept(&other);
    s.hooks.route_to = NULL;
    world_run(&w, 600); /* the peer repeats nothing: what waited was reported to the cleared one */
    peal_sip_context_unref(fork);
    end_context(&c);
    world_run(&w, 70000);
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
