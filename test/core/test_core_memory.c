/* SPDX-License-Identifier: MIT */
/* Every allocation fails in turn during a call's set-up, call and tear-down (F7), alone or with
 * those that follow: errors, no leak, and everything comes to an end. */
#include "core_world.h"

#include <limits.h>
#include <stdlib.h>

static world w;
static long countdown; /* allocations until one fails; negative: none does */
static long length;    /* how many fail then */
static bool failed;
static long now_nth; /* for messages */

static bool fails(void)
{
    if (countdown < 0 || countdown-- > 0) {
        return false;
    }
    failed = true;
    countdown = --length > 0 ? 0 : -1;
    return true;
}

static void *test_alloc(void *arg, size_t bytes)
{
    (void)arg;
    return fails() ? NULL : malloc(bytes);
}
static void *test_realloc(void *arg, void *block, size_t bytes)
{
    (void)arg;
    return fails() ? NULL : realloc(block, bytes);
}
static void test_free(void *arg, void *block)
{
    (void)arg;
    free(block);
}
static const peal_allocator allocator = { sizeof allocator, test_alloc, test_realloc, test_free,
                                          NULL };

typedef struct end {
    hooks hooks;
    unsigned finals; /* client: events of final responses */
    peal_sip_context *context;
} end;

static end caller, callee;

static void on_event(hooks *self, peal_sip_client_event_control *control, unsigned code)
{
    end *e = PEAL_CONTAINER_OF(self, end, hooks);
    e->finals += code == EVENT_AGENT && peal_sip_packet_status(
                                            peal_sip_client_event_control_response(control)) >= 200;
    (void)peal_sip_client_event_control_call_next(control);
}

static void on_request(hooks *self, peal_sip_packet *request,
                       peal_sip_server_event_control *control)
{
    (void)self;
    if (control && peal_sip_packet_method(request) == PEAL_SIP_METHOD_INVITE) {
        (void)peal_sip_server_event_control_respond(control, 180, absent());
    }
    if (control) {
        (void)peal_sip_server_event_control_respond(control, 200, absent());
    }
}

static peal_sip_server_event_control *kept;

static void on_kept(hooks *self, peal_sip_packet *request, peal_sip_server_event_control *control)
{
    (void)self;
    (void)request;
    kept = control ? peal_sip_server_event_control_ref(control) : NULL;
}

static void to_callee(node *n, peal_sip_packet *packet)
{
    if (peal_sip_context_handle_packet(callee.context, packet) < 0 &&
        peal_sip_packet_method(packet) != PEAL_SIP_METHOD_ACK) {
        (void)peal_sip_core_respond(n->core, packet, 503, absent(), NULL, NULL);
    }
}

static void send_ack(peal_sip_client_request *invite)
{
    peal_sip_packet *ack = NULL;
    if (peal_sip_packet_new_request(peal_sip_core_pool(w.a.core), PEAL_SIP_METHOD_ACK, absent(),
                                    PEAL_STR("sip:b@example.com"), &ack) >= 0) {
        (void)peal_sip_send_ack(caller.context, agent_service(caller.context), ack, invite, NULL);
    }
}

static peal_sip_context_template *kind_of(node *n, hooks *h)
{
    peal_sip_context_template *t = NULL;
    if (peal_sip_context_template_new(n->core, &t) < 0 ||
        peal_sip_context_template_add(t, &test_agent_clsid, h) < 0 ||
        peal_sip_context_template_add(t, &test_helper_clsid, h) < 0 ||
        peal_sip_context_template_add(t, &test_way_clsid, h) < 0) {
        peal_sip_context_template_unref(t);
        return NULL;
    }
    return t;
}

static peal_sip_context *make(node *n, hooks *h, const peal_socket_addr *to, bool by_template)
{
    peal_sip_context *c = NULL;
    if (by_template) {
        peal_sip_context_template *t = kind_of(n, h);
        if (t) {
            (void)peal_sip_context_template_make(t, NULL, &c);
            peal_sip_context_template_unref(t);
        }
    } else if (peal_sip_context_new(n->core, &c) >= 0 &&
               (peal_sip_context_attach(c, &test_agent_clsid, h) < 0 ||
                peal_sip_context_attach(c, &test_helper_clsid, h) < 0 ||
                peal_sip_context_attach(c, &test_way_clsid, h) < 0)) {
        end_context(&c);
    }
    if (c) {
        way_of(c)->vt->add_host(way_of(c), to);
    }
    return c;
}

/* One call: INVITE, 180, 200, ACK, BYE, 200. Each request that was accepted comes to its end. */
static void call(void)
{
    peal_sip_client_request *invite = NULL;
    unsigned accepted = 0;
    if (send_request(caller.context, PEAL_SIP_METHOD_INVITE, NULL, &invite) >= 0) {
        accepted++;
        world_run(&w, 35000);
        if (peal_sip_client_request_is_final(invite)) {
            send_ack(invite);
        } else { /* its 2xx was lost, and nobody repeats it here */
            (void)peal_sip_client_request_cancel(invite, absent());
            world_run(&w, 35000);
        }
        peal_sip_client_request_unref(invite);
    }
    accepted += send_request(caller.context, PEAL_SIP_METHOD_BYE, NULL, NULL) >= 0;
    world_run(&w, 80000);
    if (!failed) {
        ck_assert_uint_eq(accepted, 2);
        ck_assert_uint_eq(caller.finals, 2);
    }
    ck_assert_msg(caller.hooks.ended == accepted, "allocation %ld: %u accepted, %u ended", now_nth,
                  accepted, caller.hooks.ended);
}

static void one_run(long nth, long count, bool by_template)
{
    const peal_socket_addr a = addr("10.0.0.1", 5060), b = addr("10.0.0.2", 5060);
    memset(&caller, 0, sizeof caller);
    memset(&callee, 0, sizeof callee);
    caller.hooks.on_event = on_event;
    callee.hooks.on_request = on_request;
    failed = false;
    now_nth = nth;
    countdown = -1;
    ck_assert_int_eq(peal_set_allocator(&allocator), PEAL_OK);
    world_start(&w, 3);
    w.b.on_packet = to_callee;
    countdown = nth;
    length = count;
    caller.context = make(&w.a, &caller.hooks, &b, by_template);
    callee.context = make(&w.b, &callee.hooks, &a, by_template);
    if (caller.context && callee.context) {
        call();
    }
    countdown = -1;
    if (caller.context) {
        end_context(&caller.context);
    }
    w.b.on_packet = NULL;
    if (callee.context) {
        end_context(&callee.context);
    }
    world_run(&w, 80000);
    world_end(&w);
    ck_assert_int_eq(peal_set_allocator(NULL), PEAL_OK);
}

START_TEST(each_allocation_fails_once)
{
    long nth = 0;
    do {
        one_run(nth++, 1, _i == 1);
    } while (failed);
    ck_assert_int_gt(nth, 10); /* the pools start empty, so that calls do allocate */
}
END_TEST

START_TEST(allocations_fail_in_a_row)
{
    static const long counts[] = { 2, 4, 16, 64, LONG_MAX };
    long nth = 0;
    do {
        one_run(nth, counts[_i], true);
        nth += 3;
    } while (failed);
}
END_TEST

static void memory(bool there)
{
    countdown = there ? -1 : 0;
    length = there ? 0 : LONG_MAX;
}

static peal_sip_context *start(hooks *h)
{
    const peal_socket_addr to = addr("10.0.0.2", 5060);
    memory(true);
    ck_assert_int_eq(peal_set_allocator(&allocator), PEAL_OK);
    world_start(&w, 1);
    return make_context(&w.a, h, &to, 1);
}

static void finish(peal_sip_context **c)
{
    end_context(c);
    world_run(&w, 80000);
    world_end(&w);
    ck_assert_int_eq(peal_set_allocator(NULL), PEAL_OK);
}

/* Nobody answers, and when time is up there is no room for the answer of our own, once or twice. */
START_TEST(memory_is_out_at_the_timeout)
{
    caller = (end){ .hooks = { .on_event = on_event } };
    peal_sip_context *c = start(&caller.hooks);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 31900);
    countdown = 0;
    length = _i;
    world_run(&w, 1000);
    ck_assert_uint_eq(caller.finals, 1);
    ck_assert_uint_eq(caller.hooks.ended, 1);
    ck_assert_uint_eq(census_of(&w.a).requests, 0);
    finish(&c);
}
END_TEST

static void answer_486(node *n, peal_sip_packet *packet)
{
    (void)peal_sip_core_respond(n->core, packet, 486, absent(), NULL, NULL);
}

/* What is repeated until it is answered is told, whatever failed on the way. */
START_TEST(answer_is_told_all_the_same)
{
    long nth = 0;
    do {
        caller = (end){ .hooks = { .on_event = on_event } };
        peal_sip_context *c = start(&caller.hooks);
        w.b.on_packet = answer_486;
        ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
        failed = false;
        countdown = nth++;
        length = _i;
        world_run(&w, 40000);
        ck_assert_msg(caller.finals == 1 && caller.hooks.ended == 1,
                      "allocation %ld: %u told, %u ended", nth, caller.finals,
                      caller.hooks.ended);
        memory(true);
        w.b.on_packet = NULL;
        finish(&c);
    } while (failed);
}
END_TEST

/* What a request holds may be what others wait for: it ends without its answer. */
START_TEST(no_request_waits_for_memory_for_ever)
{
    caller = (end){ .hooks = { .on_event = on_event } };
    peal_sip_context *c = start(&caller.hooks);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 31900);
    memory(false);
    world_run(&w, 5000);
    ck_assert_uint_eq(caller.hooks.ended, 2);
    ck_assert_uint_eq(census_of(&w.a).requests, 0);
    memory(true);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    world_run(&w, 40000);
    ck_assert_uint_eq(caller.hooks.ended, 3);
    finish(&c);
}
END_TEST

/* A request that cannot even be selected holds up nobody behind it. */
START_TEST(those_behind_a_failed_one_leave)
{
    caller = (end){ .hooks = { .on_event = on_event } };
    peal_sip_context *c = start(&caller.hooks);
    way_of(c)->vt->set_pending(way_of(c), true);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_OPTIONS, NULL, NULL), PEAL_OK);
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_BYE, NULL, NULL), PEAL_OK);
    way_of(c)->vt->set_pending(way_of(c), false);
    memory(false);
    way_of(c)->vt->finish(way_of(c), PEAL_OK);
    world_run(&w, 10);
    memory(true);
    world_run(&w, 40000);
    ck_assert_uint_eq(caller.hooks.ended, 3);
    finish(&c);
}
END_TEST

/* K9 without memory: the manager hears the end, once, before the control is gone. */
START_TEST(manager_hears_of_a_control_without_answer)
{
    const peal_socket_addr back = addr("10.0.0.1", 5060);
    caller = (end){ .hooks = { .on_event = on_event } };
    callee = (end){ .hooks = { .on_request = on_kept } };
    peal_sip_context *c = start(&caller.hooks);
    callee.context = make_context(&w.b, &callee.hooks, &back, 1);
    w.b.on_packet = to_callee;
    ck_assert_int_eq(send_request(c, PEAL_SIP_METHOD_INVITE, NULL, NULL), PEAL_OK);
    world_run(&w, 100);
    ck_assert_ptr_nonnull(kept);
    memory(false);
    peal_sip_server_event_control_unrefp(&kept);
    memory(true);
    const unsigned ended = callee.hooks.server_ended;
    ck_assert(!PEAL_DEBUG || ended == 1); /* without pools nothing could be said */
    world_run(&w, 40000);
    ck_assert_uint_eq(callee.hooks.server_ended, ended);
    ck_assert_uint_eq(caller.hooks.ended, 1); /* by a 500, late */
    world_run(&w, 40000);
    ck_assert_uint_eq(census_of(&w.b).transactions, 0);
    end_context(&callee.context);
    w.b.on_packet = NULL;
    finish(&c);
}
END_TEST

Suite *suite_memory(void)
{
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, each_allocation_fails_once, 0, 2);
    tcase_add_loop_test(t, allocations_fail_in_a_row, 0, 5);
    tcase_add_loop_test(t, memory_is_out_at_the_timeout, 1, 6);
    tcase_add_loop_test(t, answer_is_told_all_the_same, 1, 5);
    tcase_add_test(t, no_request_waits_for_memory_for_ever);
    tcase_add_test(t, those_behind_a_failed_one_leave);
    tcase_add_test(t, manager_hears_of_a_control_without_answer);
    suite_add_tcase(s, t);
    return s;
}
