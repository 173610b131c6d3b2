/* SPDX-License-Identifier: MIT */
/* Server requests: the control, misuse, release, clear, CANCEL, kept responses, dialog matching. */
#include "core_world.h"

static world w;

/* The answering end: one context that takes every request. */
typedef struct server {
    hooks hooks;
    peal_sip_context *context;
    peal_sip_server_event_control *kept;
    unsigned requests, acks, cancelled;
    bool keep, forget;
} server;

typedef struct client {
    hooks hooks;
    unsigned heard, status;
} client;

static server srv;
static client cli;

static void on_event(hooks *self, peal_sip_client_event_control *control, unsigned code)
{
    client *c = PEAL_CONTAINER_OF(self, client, hooks);
    if (code == EVENT_AGENT) {
        c->heard++;
        c->status = peal_sip_packet_status(peal_sip_client_event_control_response(control));
    }
    (void)peal_sip_client_event_control_call_next(control);
}

static void on_request(hooks *self, peal_sip_packet *request,
                       peal_sip_server_event_control *control)
{
    server *s = PEAL_CONTAINER_OF(self, server, hooks);
    if (!control) {
        s->acks++;
        return;
    }
    s->requests++;
    ck_assert_ptr_eq(peal_sip_server_event_control_request(control), request);
    ck_assert_ptr_eq(peal_sip_server_event_control_context(control), s->context);
    ck_assert_uint_eq(peal_sip_server_event_control_opaque(control), 0);
    if (s->keep) {
        s->kept = peal_sip_server_event_control_ref(control);
    } else if (!s->forget) {
        ck_assert_int_eq(peal_sip_server_event_control_respond(control, 200, absent()), PEAL_OK);
    }
}

static void on_cancelled(hooks *self, peal_sip_server_event_control *control)
{
    server *s = PEAL_CONTAINER_OF(self, server, hooks);
    ck_assert_ptr_eq(control, s->kept);
    s->cancelled++;
}

static void to_server(node *n, peal_sip_packet *packet)
{
    (void)n;
    ck_assert_int_eq(peal_sip_context_handle_packet(srv.context, packet), PEAL_OK);
}

static peal_sip_context *start(unsigned threads)
{
    const peal_socket_addr to = addr("10.0.0.2", 5060), back = addr("10.0.0.1", 5060);
    memset(&srv, 0, sizeof srv);
    memset(&cli, 0, sizeof cli);
    srv.hooks.on_request = on_request;
    srv.hooks.on_cancelled = on_cancelled;
    cli.hooks.on_event = on_event;
    world_start(&w, threads);
    w.b.on_packet = to_server;
    srv.context = make_context(&w.b, &srv.hooks, &back, 1);
    return make_context(&w.a, &cli.hooks, &to, 1);
}

static void finish(peal_sip_context **c)
{
    end_context(c);
    if (srv.context) {
        end_context(&srv.context);
    }
    world_run(&w, 70000);
    world_end(&w);
}

static void drop_kept(void)
{
    peal_sip_server_event_control *kept = srv.kept;
    srv.kept = NULL;
    peal_sip_server_event_control_unref(kept);
}

START_TEST(request_is_answered_inside)
{
    peal_sip_context *c = start(3);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(srv.requests, 1);
    ck_assert_uint_eq(cli.status, 200);
    ck_assert_uint_eq(census_of(&w.b).server_requests, 0); /* K11 */
    ck_assert_ptr_nonnull(strstr(w.last, "\r\nTo: <sip:b@example.com>;tag=")); /* §8.2.6.2 */
    finish(&c);
}
END_TEST

START_TEST(control_answers_later_once)
{
    peal_sip_packet *late = NULL;
    peal_sip_context *c = start(3);
    srv.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert(!peal_sip_server_event_control_is_final_sent(srv.kept));
    peal_sip_server_event_control_set_opaque(srv.kept, 42);
    ck_assert_uint_eq(peal_sip_server_event_control_opaque(srv.kept), 42);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 180, absent()), PEAL_OK);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 183, absent()), PEAL_OK);
    ck_assert_int_eq(peal_sip_server_event_control_new_response(srv.kept, 486, absent(), &late),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 480, absent()), PEAL_OK);
    ck_assert(peal_sip_server_event_control_is_final_sent(srv.kept));
    ck_assert_ptr_null(peal_sip_server_event_control_request(srv.kept));
    ck_assert_int_eq(peal_sip_server_event_control_send_response(srv.kept, late),
                     PEAL_E_SIP_FINAL_SENT);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 200, absent()),
                     PEAL_E_SIP_FINAL_SENT);
    world_run(&w, 100);
    ck_assert_uint_eq(cli.heard, 3);
    ck_assert_uint_eq(cli.status, 480);
    ck_assert_uint_eq(srv.hooks.server_ended, 1); /* its ACK came */
    drop_kept();
    finish(&c);
}
END_TEST

START_TEST(released_undecided_sends_500)
{
    peal_sip_context *c = start(3);
    srv.forget = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(cli.status, 500);
    srv.forget = false;
    srv.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    drop_kept();
    world_run(&w, 100);
    ck_assert_uint_eq(cli.heard, 2);
    ck_assert_uint_eq(cli.status, 500);
    ck_assert_uint_eq(census_of(&w.b).server_requests, 0);
    finish(&c);
}
END_TEST

/* A peer that asks without waiting, and an application that does. */
START_TEST(open_requests_are_limited)
{
    enum { MOST = 64 };
    peal_sip_context *c = start(3);
    peal_sip_server_event_control *open[MOST];
    srv.keep = true;
    for (unsigned i = 0; i < MOST; i++) {
        ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
        world_run(&w, 1);
        open[i] = srv.kept;
    }
    ck_assert_uint_eq(srv.requests, MOST);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_E_LIMIT);
    ck_assert_uint_eq(cli.heard, 0);
    const peal_socket_addr to = addr("10.0.0.2", 5060);
    peal_sip_context *other = make_context(&w.a, &cli.hooks, &to, 1);
    ck_assert_int_eq(send_request(other, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 10);
    ck_assert_uint_eq(cli.status, 500);
    ck_assert_ptr_nonnull(strstr(w.last, "\r\nRetry-After: "));
    ck_assert_uint_eq(srv.requests, MOST);
    /* The end of a call passes. */
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_BYE, NULL, NULL), PEAL_OK);
    world_run(&w, 10);
    ck_assert_uint_eq(srv.requests, MOST + 1);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 200, absent()), PEAL_OK);
    peal_sip_server_event_control_unrefp(&srv.kept);
    /* What is answered makes room, on either side. */
    ck_assert_int_eq(peal_sip_server_event_control_respond(open[0], 200, absent()), PEAL_OK);
    world_run(&w, 10);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 10);
    ck_assert_uint_eq(srv.requests, MOST + 2);
    peal_sip_server_event_control_unrefp(&srv.kept);
    for (unsigned i = 0; i < MOST; i++) {
        peal_sip_server_event_control_unref(open[i]); /* undecided: 500 */
    }
    world_run(&w, 10);
    ck_assert_uint_eq(cli.hooks.ended, MOST + 3);
    end_context(&other);
    finish(&c);
}
END_TEST

START_TEST(nobody_owns_it)
{
    peal_sip_context *c = start(1);
    peal_sip_packet *packet = NULL;
    ck_assert_int_eq(peal_sip_packet_new_request(peal_sip_core_pool(w.a.core),
                                                 PEAL_SIP_METHOD_UNKNOWN, PEAL_STR("FOO"),
                                                 PEAL_STR("sip:b@example.com"), &packet),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_send_request(c, agent_service(c), packet, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(cli.status, 501);
    finish(&c);
}
END_TEST

START_TEST(clear_answers_what_is_open)
{
    peal_sip_context *c = start(3);
    srv.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    end_context(&srv.context);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 200, absent()),
                     PEAL_E_SIP_CLEARED);
    ck_assert_ptr_null(peal_sip_server_event_control_context(srv.kept));
    ck_assert_ptr_null(peal_sip_server_event_control_request(srv.kept));
    w.b.on_packet = NULL;
    world_run(&w, 100);
    ck_assert_uint_eq(cli.status, 500);
    drop_kept();
    finish(&c);
}
END_TEST

START_TEST(cancel_reaches_the_manager)
{
    peal_sip_client_request *r = NULL;
    peal_sip_context *c = start(3);
    srv.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 180, absent()), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(peal_sip_client_request_cancel(r, absent()), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(srv.cancelled, 1);
    ck_assert_uint_eq(cli.status, 487);
    ck_assert(peal_sip_server_event_control_is_final_sent(srv.kept));
    peal_sip_client_request_unref(r);
    drop_kept();
    finish(&c);
}
END_TEST

START_TEST(kept_success_is_repeated_as_it_was)
{
    peal_sip_resend *again = NULL, *twice = NULL;
    char first[sizeof w.last];
    peal_sip_context *c = start(3);
    srv.keep = true;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_int_eq(peal_sip_keep_response(srv.kept, &again), PEAL_E_STATE);
    ck_assert_int_eq(peal_sip_server_event_control_respond(srv.kept, 200, absent()), PEAL_OK);
    ck_assert_int_eq(peal_sip_keep_response(srv.kept, &again), PEAL_OK);
    ck_assert_int_eq(peal_sip_keep_response(srv.kept, &twice), PEAL_E_STATE);
    peal_sip_resend_now(again); /* the first is not out yet: skipped */
    drop_kept();
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.responses, 1);
    memcpy(first, w.last, sizeof first);
    end_context(&srv.context); /* it stays good */
    w.b.on_packet = NULL;
    peal_sip_resend_now(again);
    peal_sip_resend_now(again); /* in flight: skipped */
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.responses, 2);
    ck_assert_str_eq(first, w.last);
    ck_assert_uint_eq(cli.heard, 2); /* RFC 6026: each 2xx goes up */
    peal_sip_resend_free(again);
    finish(&c);
}
END_TEST

START_TEST(ack_goes_out_and_again)
{
    peal_sip_client_request *r = NULL;
    peal_sip_packet *ack = NULL;
    peal_sip_resend *again = NULL;
    peal_sip_context *c = start(3);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, &r), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(cli.status, 200);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INFO, NULL, NULL), PEAL_OK); /* CSeq 2 */
    ck_assert_int_eq(peal_sip_packet_new_request(peal_sip_core_pool(w.a.core),
                                                 PEAL_SIP_METHOD_ACK, absent(),
                                                 PEAL_STR("sip:b@example.com"), &ack),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_send_ack(c, agent_service(c), ack, r, &again), PEAL_OK);
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.ack, 1);
    ck_assert_uint_eq(srv.acks, 1);
    peal_sip_resend_now(again);
    world_run(&w, 100);
    ck_assert_uint_eq(w.wire.ack, 2);
    ck_assert_ptr_nonnull(strstr(w.last, "CSeq: 1 ACK"));
    peal_sip_resend_free(again);
    peal_sip_client_request_unref(r);
    finish(&c);
}
END_TEST

START_TEST(dialog_matcher_finds_by_tags)
{
    static const char text[] = "BYE sip:a@10.0.0.1 SIP/2.0\r\n"
                               "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\r\n"
                               "From: <sip:b@x>;tag=theirs\r\nTo: <sip:a@x>;tag=ours\r\n"
                               "Call-ID: id@x\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n";
    peal_sip_dialog_matcher_list *list = NULL;
    peal_sip_packet *bye = NULL;
    peal_sip_context *any = NULL, *exact = NULL;
    world_start(&w, 1);
    ck_assert_int_eq(peal_sip_context_new(w.a.core, &any), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_new(w.a.core, &exact), PEAL_OK);
    ck_assert_int_eq(peal_sip_dialog_matcher_list_new(&list), PEAL_OK);
    ck_assert_int_eq(peal_sip_packet_decode(NULL, peal_str_z(text), NULL, &bye, NULL), PEAL_OK);
    peal_sip_dialog_matcher early = { .context = any,
                                      .call_id = PEAL_STR("id@x"),
                                      .local_tag = PEAL_STR("ours") };
    peal_sip_dialog_matcher confirmed = early, other = early;
    confirmed.context = exact;
    confirmed.remote_tag = PEAL_STR("theirs");
    other.remote_tag = PEAL_STR("else");
    ck_assert_ptr_null(peal_sip_dialog_matcher_find(list, bye));
    peal_sip_dialog_matcher_add(list, &other);
    ck_assert_ptr_null(peal_sip_dialog_matcher_find(list, bye));
    peal_sip_dialog_matcher_add(list, &early);
    ck_assert_ptr_eq(peal_sip_dialog_matcher_find(list, bye), any);
    peal_sip_dialog_matcher_add(list, &confirmed);
    ck_assert_ptr_eq(peal_sip_dialog_matcher_find(list, bye), exact);
    ck_assert_uint_eq(peal_sip_dialog_matcher_count(list), 3);
    peal_sip_dialog_matcher_remove(&confirmed);
    peal_sip_dialog_matcher_remove(&confirmed);
    ck_assert_ptr_eq(peal_sip_dialog_matcher_find(list, bye), any);
    peal_sip_dialog_matcher_remove(&early);
    peal_sip_dialog_matcher_remove(&other);
    peal_sip_dialog_matcher_list_free(list);
    peal_sip_packet_unref(bye);
    end_context(&any);
    end_context(&exact);
    world_end(&w);
}
END_TEST

START_TEST(in_dialog_request_goes_to_its_context)
{
    peal_sip_context *c = start(3);
    /* Whatever the client sends with To tag "ours" belongs to the server's context. */
    peal_sip_dialog_matcher m = { .context = srv.context, .local_tag = PEAL_STR("ours") };
    peal_sip_packet *packet = NULL;
    w.b.on_packet = NULL;
    m.call_id = PEAL_STR("dialog@x");
    peal_sip_dialog_matcher_add(peal_sip_core_config_matchers(w.b.core), &m);
    static const char text[] = "INFO sip:b@10.0.0.2 SIP/2.0\r\n"
                               "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKinfo\r\n"
                               "From: <sip:a@x>;tag=theirs\r\nTo: <sip:b@x>;tag=ours\r\n"
                               "Call-ID: dialog@x\r\nCSeq: 2 INFO\r\nContent-Length: 0\r\n\r\n";
    /* It comes by the core's own door. */
    ck_assert_int_eq(peal_sip_packet_decode(peal_sip_core_pool(w.b.core), peal_str_z(text), NULL,
                                            &packet, NULL),
                     PEAL_OK);
    const peal_sip_origin origin = { .peer = addr("10.0.0.1", 5060),
                                     .local = addr("10.0.0.2", 5060),
                                     .transport = PEAL_SIP_TRANSPORT_UDP,
                                     .listener = w.b.listener };
    peal_sip_packet_set_origin(packet, &origin);
    ck_assert_ptr_eq(
        peal_sip_dialog_matcher_find(peal_sip_core_config_matchers(w.b.core), packet),
        srv.context);
    ck_assert_int_eq(peal_sip_context_handle_packet(srv.context, packet), PEAL_OK);
    peal_sip_packet_unref(packet);
    world_run(&w, 100);
    ck_assert_uint_eq(srv.requests, 1);
    ck_assert_uint_eq(w.a.strays, 1); /* the 200 came back to nobody */
    peal_sip_dialog_matcher_remove(&m);
    finish(&c);
}
END_TEST

Suite *suite_server(void)
{
    Suite *s = suite_create("server");
    TCase *t = tcase_create("server");
    tcase_add_test(t, request_is_answered_inside);
    tcase_add_test(t, control_answers_later_once);
    tcase_add_test(t, released_undecided_sends_500);
    tcase_add_test(t, open_requests_are_limited);
    tcase_add_test(t, nobody_owns_it);
    tcase_add_test(t, clear_answers_what_is_open);
    tcase_add_test(t, cancel_reaches_the_manager);
    tcase_add_test(t, kept_success_is_repeated_as_it_was);
    tcase_add_test(t, ack_goes_out_and_again);
    tcase_add_test(t, dialog_matcher_finds_by_tags);
    tcase_add_test(t, in_dialog_request_goes_to_its_context);
    suite_add_tcase(s, t);
    return s;
}
