/* SPDX-License-Identifier: MIT */
/* Where requests go and what Via they have. RFC 3261 §8.1.2, §18.1.1; RFC 3263 for numeric
 * hosts. */
#include "test/useragent/ua_world.h"

static peal_socket_addr addr(const char *host, uint16_t port)
{
    peal_socket_addr a;
    ck_assert_int_ge(peal_socket_addr_parse(peal_str_z(host), port, &a), 0);
    return a;
}

static ua_call *call_to(ua_world *w, const char *target)
{
    ua_call *c = call_new(&w->alice, &w->bob.address, "");
    const peal_sip_user_agent_params params = { .size = sizeof params,
                                                .target = peal_str_z(target) };
    ck_assert_int_eq(peal_sip_user_agent_configure(c->agent, &params), PEAL_OK);
    return c;
}

static peal_sip_destination_selection *selection_of(ua_call *c)
{
    peal_sip_destination_selection *d = NULL;
    ck_assert_int_ge(peal_sip_destination_selection_query(&c->context->unk, &d), 0);
    peal_sip_destination_selection_unref(d);
    return d;
}

/* ---- where it goes ---- */

static const struct {
    const char *target;
    bool arrives; /* at 10.0.0.9:5060 */
} targets[] = {
    { "sip:bob@10.0.0.9", true },
    { "sip:10.0.0.9", true },
    { "sip:bob@10.0.0.9:5060;transport=udp", true },
    { "sip:bob@10.0.0.9;transport=UDP", true },
    { "sip:bob@example.com;maddr=10.0.0.9", true },
    { "sip:bob@10.9.9.9;maddr=10.0.0.9", true },
    { "sip:bob@10.0.0.9:5061", false },
    { "sip:bob@10.0.0.9;transport=tcp", false },
    { "sip:bob@10.0.0.9;transport=tls", false },
    { "sip:bob@10.0.0.9;transport=sctp", false },
    { "sips:bob@10.0.0.9", false },
    { "sip:bob@example.com", false },
    { "sip:bob@0.0.0.0", false },
    { "sip:bob@224.0.1.75", false },
    { "sip:bob@255.255.255.255", false },
    { "sip:bob@10.0.0.9;maddr=255.255.255.255", false },
    { "tel:+15551234", false },
    { "urn:service:sos", false },
};

START_TEST(numeric_hosts)
{
    ua_world *w = world_new(1, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *c = call_to(w, targets[_i].target);
    call_invite(c);
    world_run(w, 100);
    ck_assert_int_eq(peer_count(p, "INVITE ") > 0, targets[_i].arrives);
    if (!targets[_i].arrives && strcmp(targets[_i].target, "sip:bob@10.0.0.9:5061") != 0) {
        ck_assert_int_eq(c->failure, 1); /* at once, not by time-out */
        ck_assert_uint_eq(c->status, 503);
        ck_assert_int_eq(c->ended, 1);
    }
    peer_free(p);
    world_free(w);
}
END_TEST

START_TEST(why_it_failed)
{
    ua_world *w = world_new(2, 1);
    ua_call *c = call_to(w, "sip:bob@example.com");
    c->keep_failure = true;
    call_invite(c);
    world_until(w, &c->failure, 1, 100);
    ck_assert_int_eq(peal_sip_client_event_control_local_result(c->kept), PEAL_E_NOT_BUILT_IN);
    world_free(w);
}
END_TEST

START_TEST(forced_destinations)
{
    ua_world *w = world_new(3, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *c = call_to(w, "sip:bob@example.com");
    const peal_socket_addr to = addr("10.0.0.9", 5060), none = addr("10.0.0.9", 0);
    peal_sip_destination_selection *d = selection_of(c);
    ck_assert_int_eq(peal_sip_destination_selection_force_address(d, &none,
                                                                  PEAL_SIP_TRANSPORT_UDP),
                     PEAL_E_ARGUMENT);
    ck_assert_int_eq(peal_sip_destination_selection_force_address(d, &to, PEAL_SIP_TRANSPORT_TCP),
                     PEAL_E_NOT_BUILT_IN);
    ck_assert_int_lt(peal_sip_destination_selection_force_uri(d, PEAL_STR("nonsense")), 0);
    if (_i) {
        ck_assert_int_eq(peal_sip_destination_selection_force_uri(d, PEAL_STR("sip:10.0.0.9")),
                         PEAL_OK);
    } else {
        ck_assert_int_eq(peal_sip_destination_selection_force_address(d, &to,
                                                                      PEAL_SIP_TRANSPORT_UDP),
                         PEAL_OK);
    }
    call_invite(c);
    const char *invite = peer_expect(p, "INVITE sip:bob@example.com SIP/2.0");
    peer_answer(p, invite, "200 OK", "t", "");
    peer_expect(p, "ACK "); /* in the dialog too */
    /* taken back: the remote target counts */
    ck_assert_int_eq(peal_sip_destination_selection_force_uri(d, ABSENT), PEAL_OK);
    ck_assert_int_eq(peal_sip_destination_selection_force_address(d, NULL, 0), PEAL_OK);
    ck_assert_int_eq(peal_sip_session_bye(c->session, NULL, NULL, NULL), PEAL_OK);
    peer_expect(p, "BYE ");
    peer_free(p);
    world_free(w);
}
END_TEST

/* C11: a forked dialog goes where its INVITE was sent. */
START_TEST(forks_inherit_the_destination)
{
    ua_world *w = world_new(4, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    const peal_socket_addr to = addr("10.0.0.9", 5060);
    ua_call *c = call_to(w, "sip:bob@example.com");
    w->alice.wants_forks = true;
    ck_assert_int_eq(peal_sip_destination_selection_force_address(selection_of(c), &to,
                                                                  PEAL_SIP_TRANSPORT_UDP),
                     PEAL_OK);
    call_invite(c);
    const char *invite = peer_expect(p, "INVITE ");
    peer_answer(p, invite, "180 Ringing", "one", "Record-Route: <sip:proxy.example.com;lr>\r\n");
    peer_answer(p, invite, "200 OK", "two", "Record-Route: <sip:proxy.example.com;lr>\r\n");
    ck_assert_str_eq(header_of(peer_expect(p, "ACK "), "Route"), "<sip:proxy.example.com;lr>");
    peer_free(p);
    world_free(w);
}
END_TEST

/* ---- Via and source ---- */

START_TEST(each_try_has_a_branch_of_its_own)
{
    ua_world *w = world_new(5, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    const char *vias[3];
    for (int i = 0; i < 3; i++) {
        call_invite(call_to(w, "sip:bob@10.0.0.9"));
        const char *invite = peer_expect(p, "INVITE ");
        vias[i] = header_of(invite, "Via");
        const char *start = "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK";
        ck_assert_int_eq(strncmp(vias[i], start, strlen(start)), 0);
        ck_assert_ptr_nonnull(strstr(vias[i], ";rport"));
        peer_answer(p, invite, "486 Busy Here", "t", "");
        peer_expect(p, "ACK ");
        for (int k = 0; k < i; k++) {
            ck_assert_str_ne(vias[i], vias[k]);
        }
    }
    peer_free(p);
    world_free(w);
}
END_TEST

START_TEST(leaves_by_the_listening_port)
{
    ua_world *w = world_new(6, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    char text[2048];
    size_t count = 0;
    peal_datagram d = { .data = text, .bytes = sizeof text };
    call_invite(call_to(w, "sip:bob@10.0.0.9"));
    world_run(w, 10);
    ck_assert_int_ge(w->port->vt->udp_recv(p->sock, &d, 1, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert(peal_socket_addr_eq(&d.peer, &w->alice.address, true));
    peer_free(p);
    world_free(w);
}
END_TEST

/* Registration of classes may be done again; a context without selection sends nothing. */
START_TEST(needed_services)
{
    ua_world *w = world_new(7, 1);
    peal_sip_context *context = NULL;
    peal_sip_user_agent *agent = NULL;
    peal_sip_session *session = NULL;
    const peal_sip_user_agent_params params = { .size = sizeof params,
                                                .local = PEAL_STR("sip:a@b.c"),
                                                .remote = PEAL_STR("sip:d@e.f"),
                                                .target = PEAL_STR("sip:10.0.0.9") };
    ck_assert_int_eq(peal_sip_init(), PEAL_OK);
    ck_assert_int_eq(peal_sip_fini(), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_new(w->alice.stack, &context), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(context, &peal_sip_user_agent_clsid, NULL), PEAL_OK);
    ck_assert_int_eq(
        peal_sip_context_attach(context, &peal_sip_session_clsid, &w->alice.session_mgr), PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(context, &peal_sip_via_management_clsid, NULL),
                     PEAL_OK);
    ck_assert_int_eq(peal_sip_context_attach(context, &peal_sip_server_location_clsid, NULL),
                     PEAL_E_SIP_SERVICE_ORDER);
    ck_assert_int_eq(peal_sip_user_agent_query(&context->unk, &agent), PEAL_OK);
    ck_assert_int_eq(peal_sip_user_agent_configure(agent, &params), PEAL_OK);
    ck_assert_int_eq(peal_sip_session_query(&context->unk, &session), PEAL_OK);
    ck_assert_int_eq(peal_sip_session_invite(session, NULL, NULL, NULL),
                     PEAL_E_SIP_SERVICE_MISSING);
    peal_sip_user_agent_unref(agent);
    peal_sip_session_unref(session);
    peal_sip_context_clear(context);
    peal_sip_context_unref(context);
    world_free(w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("coresvc");
    TCase *t = tcase_create("coresvc");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, numeric_hosts, 0, (int)PEAL_COUNT_OF(targets));
    tcase_add_test(t, why_it_failed);
    tcase_add_loop_test(t, forced_destinations, 0, 2);
    tcase_add_test(t, forks_inherit_the_destination);
    tcase_add_test(t, each_try_has_a_branch_of_its_own);
    tcase_add_test(t, leaves_by_the_listening_port);
    tcase_add_test(t, needed_services);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
