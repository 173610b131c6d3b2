/* SPDX-License-Identifier: MIT */
/* The dispatcher's table of rejections (C12, K7): one row for each, from a raw datagram to the
 * answer on the wire. */
#include "core_world.h"

#include <stdio.h>

static world w;
static peal_sip_dispatcher *dispatcher;
static unsigned offered;
static bool answers;
static peal_sip_context *taker; /* takes what is offered, when set */

static void on_new_request(peal_sip_dispatcher_mgr *self, peal_sip_core_config *core,
                           peal_sip_packet *request)
{
    (void)self;
    offered++;
    if (taker) {
        ck_assert_int_eq(peal_sip_context_handle_packet(taker, request), PEAL_OK);
    } else if (answers) {
        ck_assert_int_eq(peal_sip_core_respond(core, request, 200, absent(), NULL, NULL), PEAL_OK);
    }
}
static const peal_sip_dispatcher_mgr_vt mgr_vt = { .size = sizeof mgr_vt,
                                                   .on_new_request = on_new_request };
static peal_sip_dispatcher_mgr mgr = { &mgr_vt };

static void dispatch(node *n, peal_sip_packet *packet)
{
    (void)n;
    peal_sip_dispatch(dispatcher, packet);
}

static void start(void)
{
    world_start(&w, 3);
    const peal_sip_dispatcher_config config = {
        .size = sizeof config,
        .allow = PEAL_STR("INVITE, ACK, BYE, CANCEL, OPTIONS"),
        .supported = PEAL_STR("timer, replaces"),
        .accept = PEAL_STR("application/sdp, text/plain;charset=utf-8"),
        .manager = &mgr,
    };
    ck_assert_int_eq(peal_sip_dispatcher_new(w.b.core, &config, &dispatcher), PEAL_OK);
    w.b.on_packet = dispatch;
    offered = 0;
    answers = true;
    taker = NULL;
}

static void finish(void)
{
    world_run(&w, 40000); /* the memory of merged requests ends, too */
    ck_assert_uint_eq(census_of(&w.b).call_timers, 0);
    peal_sip_dispatcher_free(dispatcher);
    world_end(&w);
}

/* Throws bytes at the peer as if they came from the wire: from a port that the client stack has
 * not. */
typedef struct thrower {
    peal_sock_owner owner;
    peal_loop *loop;
    peal_sock *sock;
} thrower;

static void ignore(peal_sock_owner *owner)
{
    thrower *t = PEAL_CONTAINER_OF(owner, thrower, owner);
    char bytes[4096];
    peal_datagram d = { .data = bytes, .bytes = sizeof bytes };
    size_t n = 0;
    (void)peal_sim_port(w.sim)->vt->udp_recv(t->sock, &d, 1, &n);
}

/* Gives the status of the answer, 0 for none. */
static unsigned throw_text(const char *text)
{
    static thrower t;
    const peal_port_vt *vt = peal_sim_port(w.sim)->vt;
    const peal_socket_addr from = addr("10.0.0.9", 5060), to = addr("10.0.0.2", 5060);
    const peal_sock_options options = { .size = sizeof options, .dscp = -1 };
    size_t sent = 0;
    memset(&t, 0, sizeof t);
    t.owner.on_readable = ignore;
    peal_datagram d = { .peer = to, .data = (void *)(uintptr_t)text, .bytes = strlen(text) };
    ck_assert_int_eq(vt->loop_open(peal_sim_port(w.sim), &t.loop), PEAL_OK);
    ck_assert_int_eq(vt->udp_open(t.loop, &from, &options, &t.owner, &t.sock), PEAL_OK);
    const unsigned before = w.wire.responses;
    ck_assert_int_eq(vt->udp_send(t.sock, &d, 1, &sent), PEAL_OK);
    world_run(&w, 50);
    vt->sock_close(t.sock);
    vt->loop_close(t.loop);
    unsigned status = 0;
    if (w.wire.responses > before) {
        ck_assert_int_eq(sscanf(w.last, "SIP/2.0 %u", &status), 1);
    }
    return status;
}

typedef struct row {
    const char *method, *uri, *version, *to_tag, *headers, *body;
    unsigned status;
    const char *answer; /* must stand in the answer */
} row;

static const row rows[] = {
    { "OPTIONS", "sip:b@x", "2.0", "", "", "", 200, "" },
    { "INVITE", "sip:b@x", "2.0", "", "Max-Forwards: 70\r\n", "", 200, "" },
    { "OPTIONS", "sip:b@x", "3.0", "", "", "", 505, "" },
    { "OPTIONS", "sip:b@x", "2.0", "", "Max-Forwards: many\r\n", "", 400, "" },
    { "OPTIONS", "nobody:b", "2.0", "", "", "", 416, "" },
    { "OPTIONS", "tel:+123", "2.0", "", "", "", 200, "" },
    { "FOO", "sip:b@x", "2.0", "", "", "", 501, "Allow: INVITE, ACK" },
    { "options", "sip:b@x", "2.0", "", "", "", 501, "" }, /* case counts */
    { "REGISTER", "sip:x", "2.0", "", "", "", 405, "Allow: INVITE, ACK" },
    { "INVITE", "sip:b@x", "2.0", "", "Max-Forwards: 0\r\n", "", 483, "" },
    { "OPTIONS", "sip:b@x", "2.0", "", "Max-Forwards: 0\r\n", "", 200, "" },
    { "BYE", "sip:b@x", "2.0", ";tag=gone", "", "", 481, "" },
    { "CANCEL", "sip:b@x", "2.0", "", "", "", 481, "" },
    { "ACK", "sip:b@x", "2.0", ";tag=gone", "", "", 0, "" },
    { "OPTIONS", "sip:b@x", "2.0", "", "Require: timer, Replaces\r\n", "", 200, "" },
    { "OPTIONS", "sip:b@x", "2.0", "", "Require: timer, foo\r\nRequire: bar\r\n", "", 420,
      "Unsupported: foo, bar\r\n" },
    { "OPTIONS", "sip:b@x", "2.0", "", "Content-Type: text/plain\r\n", "hi", 200, "" },
    { "OPTIONS", "sip:b@x", "2.0", "", "Content-Type: text/html\r\n", "hi", 415,
      "Accept: application/sdp" },
    { "OPTIONS", "sip:b@x", "2.0", "", "", "hi", 415, "Accept: application/sdp" },
    { "OPTIONS", "sip:b@x", "2.0", "",
      "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", "hi", 415,
      "Accept-Encoding: identity" },
};

START_TEST(each_row_gets_its_answer)
{
    char text[2048];
    const row *r = &rows[_i];
    start();
    (void)snprintf(text, sizeof text,
                   "%s %s SIP/%s\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKrow\r\n"
                   "From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>%s\r\nCall-ID: row@x\r\n"
                   "CSeq: 1 %s\r\n%sContent-Length: %zu\r\n\r\n%s",
                   r->method, r->uri, r->version, r->to_tag, r->method, r->headers,
                   strlen(r->body), r->body);
    ck_assert_uint_eq(throw_text(text), r->status);
    ck_assert_uint_eq(offered, r->status == 200);
    if (r->status) {
        ck_assert_ptr_nonnull(strstr(w.last, r->answer));
        ck_assert_ptr_nonnull(strstr(w.last, "\r\nTo: <sip:b@x>;tag="));
    }
    finish();
}
END_TEST

static unsigned options_with(const char *branch)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK%s\r\n"
                   "From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>\r\nCall-ID: merge@x\r\n"
                   "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
                   branch);
    return throw_text(text);
}

typedef struct held_request {
    hooks hooks;
    peal_sip_server_event_control *control;
    unsigned at_once; /* answers so, or (0) keeps the control */
} held_request;

static void on_held(hooks *self, peal_sip_packet *request, peal_sip_server_event_control *control)
{
    held_request *h = PEAL_CONTAINER_OF(self, held_request, hooks);
    (void)request;
    if (h->at_once) {
        (void)peal_sip_server_event_control_respond(control, h->at_once, absent());
    } else {
        h->control = peal_sip_server_event_control_ref(control);
    }
}

/* §8.2.2.2: merged is what matches a transaction that is going on. */
START_TEST(merged_request_is_a_loop)
{
    held_request h = { .hooks = { .on_request = on_held } };
    start();
    taker = make_context(&w.b, &h.hooks, NULL, 0);
    ck_assert_uint_eq(options_with("one"), 0);
    ck_assert_uint_eq(options_with("one"), 0); /* a repetition is its transaction's */
    ck_assert_uint_eq(options_with("two"), 482); /* the same by another path */
    ck_assert_uint_eq(offered, 1);
    ck_assert_int_eq(peal_sip_server_event_control_respond(h.control, 200, absent()), PEAL_OK);
    peal_sip_server_event_control_unrefp(&h.control);
    ck_assert_uint_eq(options_with("three"), 482);
    world_run(&w, 33000);
    h.at_once = 200;
    ck_assert_uint_eq(options_with("four"), 200); /* forgotten */
    ck_assert_uint_eq(options_with("five"), 482); /* answered inside is no less its own */
    end_context(&taker);
    finish();
}
END_TEST

/* A proxy that fails over after a refusal comes with the same Call-ID, tag and CSeq. */
START_TEST(refused_request_may_come_again)
{
    held_request h = { .hooks = { .on_request = on_held } };
    start();
    ck_assert_uint_eq(options_with("one"), 200); /* answered without state: nothing goes on */
    ck_assert_uint_eq(options_with("two"), 200);
    answers = false;
    ck_assert_uint_eq(options_with("three"), 500);
    taker = make_context(&w.b, &h.hooks, NULL, 0);
    h.at_once = 503;
    ck_assert_uint_eq(options_with("four"), 503);
    h.at_once = 0;
    ck_assert_uint_eq(options_with("five"), 0);
    ck_assert_uint_eq(options_with("six"), 482);
    ck_assert_int_eq(peal_sip_server_event_control_respond(h.control, 503, absent()), PEAL_OK);
    peal_sip_server_event_control_unrefp(&h.control);
    world_run(&w, 10);
    ck_assert_uint_eq(options_with("seven"), 0);
    peal_sip_server_event_control_unrefp(&h.control); /* says 500 */
    world_run(&w, 10);
    h.at_once = 200;
    ck_assert_uint_eq(options_with("eight"), 200);
    end_context(&taker);
    finish();
}
END_TEST

/* The dispatcher goes while requests that it gave away are open. */
START_TEST(dispatcher_may_go_first)
{
    held_request h = { .hooks = { .on_request = on_held } };
    start();
    taker = make_context(&w.b, &h.hooks, NULL, 0);
    ck_assert_uint_eq(options_with("one"), 0);
    peal_sip_dispatcher_free(dispatcher);
    w.b.on_packet = NULL;
    ck_assert_int_eq(peal_sip_server_event_control_respond(h.control, 486, absent()), PEAL_OK);
    peal_sip_server_event_control_unrefp(&h.control);
    end_context(&taker);
    world_end(&w);
}
END_TEST

/* The caller wants his answers where we have no socket of the family. */
START_TEST(answers_that_have_no_way_are_let_go)
{
    held_request h = { .hooks = { .on_request = on_held } };
    start();
    taker = make_context(&w.b, &h.hooks, NULL, 0);
    ck_assert_uint_eq(
        throw_text("INVITE sip:b@x SIP/2.0\r\n"
                   "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKv6;maddr=::1\r\n"
                   "From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>\r\nCall-ID: v6@x\r\n"
                   "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"),
        0);
    ck_assert_ptr_nonnull(h.control);
    for (unsigned status = 180; status < 200; status++) {
        ck_assert_int_eq(peal_sip_server_event_control_respond(h.control, status, absent()),
                         PEAL_OK);
        world_run(&w, 10);
    }
    ck_assert_uint_le(census_of(&w.b).packets, 2); /* the request, and the last one */
    ck_assert_int_eq(peal_sip_server_event_control_respond(h.control, 486, absent()), PEAL_OK);
    peal_sip_server_event_control_unrefp(&h.control);
    world_run(&w, 40000);
    ck_assert_uint_eq(census_of(&w.b).packets, 0);
    end_context(&taker);
    finish();
}
END_TEST

START_TEST(unanswered_gets_500)
{
    start();
    answers = false;
    ck_assert_uint_eq(options_with("one"), 500);
    ck_assert_uint_eq(offered, 1);
    finish();
}
END_TEST

START_TEST(shutdown_refuses_new_requests)
{
    hooks h = { .ended = 0 };
    start();
    peal_sip_context *c = make_context(&w.b, &h, NULL, 0);
    ck_assert_int_eq(peal_sip_core_config_shutdown(w.b.core, 50000, 0), PEAL_OK);
    ck_assert_uint_eq(options_with("one"), 503);
    ck_assert_ptr_nonnull(strstr(w.last, "Retry-After: "));
    ck_assert_uint_eq(offered, 0);
    end_context(&c);
    finish();
}
END_TEST

START_TEST(configuration_is_checked)
{
    peal_sip_dispatcher *d = NULL;
    world_start(&w, 1);
    peal_sip_dispatcher_config config = { .size = sizeof config };
    ck_assert_int_eq(peal_sip_dispatcher_new(w.b.core, &config, &d), PEAL_E_ARGUMENT);
    ck_assert_ptr_null(d);
    peal_sip_dispatcher_free(NULL);
    world_end(&w);
}
END_TEST

Suite *suite_dispatcher(void)
{
    Suite *s = suite_create("dispatcher");
    TCase *t = tcase_create("dispatcher");
    tcase_add_loop_test(t, each_row_gets_its_answer, 0, (int)PEAL_COUNT_OF(rows));
    tcase_add_test(t, merged_request_is_a_loop);
    tcase_add_test(t, refused_request_may_come_again);
    tcase_add_test(t, dispatcher_may_go_first);
    tcase_add_test(t, answers_that_have_no_way_are_let_go);
    tcase_add_test(t, unanswered_gets_500);
    tcase_add_test(t, shutdown_refuses_new_requests);
    tcase_add_test(t, configuration_is_checked);
    suite_add_tcase(s, t);
    return s;
}
