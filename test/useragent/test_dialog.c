/* SPDX-License-Identifier: MIT */
/* What a user agent's requests look like on the wire, and what it makes of others'. RFC 3261
 * §12. */
#include "test/useragent/ua_world.h"

static ua_call *up_with(ua_world *w, ua_peer *p, const char *tag, const char *extra,
                        const char **ret_invite)
{
    ua_call *a = call_new(&w->alice, &p->address, "");
    call_invite(a);
    *ret_invite = peer_expect(p, "INVITE ");
    peer_answer(p, *ret_invite, "200 OK", tag, extra);
    return a;
}

static void first_line(const char *text, char *line, size_t bytes)
{
    snprintf(line, bytes, "%.*s", (int)strcspn(text, "\r"), text);
}

START_TEST(what_an_invite_has)
{
    const char *invite;
    char line[256];
    ua_world *w = world_new(1, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    (void)up_with(w, p, "t", "", &invite);
    first_line(invite, line, sizeof line);
    ck_assert_str_eq(line, "INVITE sip:bob@10.0.0.9:5060 SIP/2.0");
    ck_assert_str_eq(header_of(invite, "To"), "<sip:bob@example.com>");
    const char *from = header_of(invite, "From");
    ck_assert_ptr_eq(strstr(from, "\"Alice\" <sip:alice@example.com>;tag="), from);
    ck_assert_str_eq(header_of(invite, "Contact"), "<sip:alice@10.0.0.1:5060>");
    ck_assert_str_eq(header_of(invite, "Max-Forwards"), "70");
    ck_assert_ptr_nonnull(strstr(header_of(invite, "Via"),
                                 "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK"));
    ck_assert_ptr_nonnull(strstr(header_of(invite, "Via"), ";rport"));
    const char *ack = peer_expect(p, "ACK ");
    first_line(ack, line, sizeof line);
    ck_assert_str_eq(line, "ACK sip:peer@10.0.0.9:5060 SIP/2.0");
    ck_assert_str_eq(header_of(ack, "Call-ID"), header_of(invite, "Call-ID"));
    ck_assert_str_ne(header_of(ack, "Via"), header_of(invite, "Via"));
    ck_assert_str_eq(header_of(ack, "Contact"), "");
    peer_free(p);
    world_free(w);
}
END_TEST

/* §12.1.2, §12.2.1.1: the route set of a caller is Record-Route backwards. */
START_TEST(loose_routes)
{
    const char *invite;
    char line[256];
    ua_world *w = world_new(2, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice), *proxy = peer_new(w, "10.0.0.8", &w->alice);
    ua_call *a = up_with(w, p, "t",
                         "Record-Route: <sip:10.0.0.7;lr>, \"x, y\" <sip:10.0.0.6;lr>\r\n"
                         "Record-Route: <sip:10.0.0.8;lr>;p=1\r\n",
                         &invite);
    const char *ack = peer_expect(proxy, "ACK ");
    first_line(ack, line, sizeof line);
    ck_assert_str_eq(line, "ACK sip:peer@10.0.0.9:5060 SIP/2.0");
    ck_assert_str_eq(header_of(ack, "Route"),
                     "<sip:10.0.0.8;lr>;p=1, \"x, y\" <sip:10.0.0.6;lr>, <sip:10.0.0.7;lr>");
    ck_assert_int_eq(peal_sip_session_bye(a->session, NULL, NULL, NULL), 0);
    ck_assert_str_eq(header_of(peer_expect(proxy, "BYE "), "Route"), header_of(ack, "Route"));
    peer_free(p);
    peer_free(proxy);
    world_free(w);
}
END_TEST

/* §12.2.1.1: a strict router in front is the Request-URI, and the target the last Route. */
START_TEST(strict_router)
{
    const char *invite;
    char line[256];
    ua_world *w = world_new(3, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice), *proxy = peer_new(w, "10.0.0.8", &w->alice);
    (void)up_with(w, p, "t",
                  "Record-Route: <sip:10.0.0.7;lr>,<sip:r@10.0.0.8;method=BYE;x=1?h=1>\r\n",
                  &invite);
    const char *ack = peer_expect(proxy, "ACK ");
    first_line(ack, line, sizeof line);
    ck_assert_str_eq(line, "ACK sip:r@10.0.0.8;x=1 SIP/2.0");
    ck_assert_str_eq(header_of(ack, "Route"), "<sip:10.0.0.7;lr>");
    ck_assert_ptr_nonnull(strstr(ack, "<sip:peer@10.0.0.9:5060>"));
    peer_free(p);
    peer_free(proxy);
    world_free(w);
}
END_TEST

/* §13.2.2.4: the route set of the 2xx replaces the early one. */
START_TEST(routes_of_the_answer_count)
{
    ua_world *w = world_new(4, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *a = call_new(&w->alice, &p->address, "");
    call_invite(a);
    const char *invite = peer_expect(p, "INVITE ");
    peer_answer(p, invite, "180 Ringing", "t", "Record-Route: <sip:10.0.0.7;lr>\r\n");
    world_until(w, &a->progress, 1, 100);
    ck_assert_int_eq(peal_sip_user_agent_state(a->agent), PEAL_SIP_DIALOG_EARLY);
    peer_answer(p, invite, "200 OK", "t", "");
    ck_assert_str_eq(header_of(peer_expect(p, "ACK "), "Route"), "");
    peer_free(p);
    world_free(w);
}
END_TEST

/* A callee: Record-Route goes back, Contact is ours, the route set is in order. */
START_TEST(callee)
{
    ua_world *w = world_new(5, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob), *proxy = peer_new(w, "10.0.0.8", &w->bob);
    w->bob.answer = 200;
    peer_ask(p, "INVITE", "i1", 1, "caller", NULL, "call-1",
             "Contact: <sip:me@10.0.0.9;a=b>\r\n"
             "Record-Route: <sip:10.0.0.8;lr>\r\nRecord-Route: <sip:10.0.0.7;lr>\r\n");
    const char *ok = peer_expect(p, "SIP/2.0 200");
    ck_assert_str_eq(header_of(ok, "Contact"), "<sip:us@10.0.0.2:5060>");
    ck_assert_str_eq(header_of(ok, "Record-Route"), "<sip:10.0.0.8;lr>");
    ck_assert_ptr_nonnull(strstr(ok, "Record-Route: <sip:10.0.0.7;lr>"));
    ck_assert_str_ne(tag_of(header_of(ok, "To")), "");
    peer_ask(p, "ACK", "i2", 1, "caller", tag_of(header_of(ok, "To")), "call-1", "");
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->acknowledged, 1, 100);
    ck_assert_int_eq(peal_sip_session_bye(b->session, NULL, NULL, NULL), 0);
    const char *bye = peer_expect(proxy, "BYE ");
    ck_assert_ptr_eq(strstr(bye, "BYE sip:me@10.0.0.9;a=b SIP/2.0"), bye);
    ck_assert_str_eq(header_of(bye, "Route"), "<sip:10.0.0.8;lr>, <sip:10.0.0.7;lr>");
    ck_assert_str_eq(header_of(bye, "From"), header_of(ok, "To"));
    ck_assert_str_eq(header_of(bye, "To"), "<sip:peer@example.net>;tag=caller");
    peer_free(p);
    peer_free(proxy);
    world_free(w);
}
END_TEST

/* §12.2.2: lower numbers are refused, gaps are not; a refused re-INVITE changes no target. */
START_TEST(cseq_and_target_refresh)
{
    ua_world *w = world_new(6, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob), *moved = peer_new(w, "10.0.0.8", &w->bob);
    w->bob.answer = 200;
    peer_ask(p, "INVITE", "i1", 10, "caller", NULL, "call-1", "Contact: <sip:me@10.0.0.9>\r\n");
    const char *tag = tag_of(header_of(peer_expect(p, "SIP/2.0 200"), "To"));
    peer_ask(p, "ACK", "i2", 10, "caller", tag, "call-1", "");
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->acknowledged, 1, 100);
    peer_ask(p, "INFO", "i3", 9, "caller", tag, "call-1", "");
    peer_expect(p, "SIP/2.0 500");
    peer_ask(p, "INFO", "i4", 900, "caller", tag, "call-1", "");
    peer_expect(p, "SIP/2.0 200");
    w->bob.reanswer = 488;
    peer_ask(p, "INVITE", "i5", 901, "caller", tag, "call-1", "Contact: <sip:me@10.0.0.8>\r\n");
    peer_expect(p, "SIP/2.0 488");
    ck_assert(peal_str_eq(peal_sip_user_agent_remote_target(b->agent),
                          PEAL_STR("sip:me@10.0.0.9")));
    peer_ask(p, "ACK", "i5", 901, "caller", tag, "call-1", "");
    w->bob.reanswer = 200;
    peer_ask(p, "INVITE", "i6", 902, "caller", tag, "call-1", "Contact: <sip:me@10.0.0.8>\r\n");
    peer_expect(p, "SIP/2.0 200");
    peer_ask(p, "ACK", "i7", 902, "caller", tag, "call-1", "");
    world_until(w, &b->acknowledged, 2, 100);
    ck_assert_int_eq(peal_sip_session_bye(b->session, NULL, NULL, NULL), 0);
    peer_expect(moved, "BYE sip:me@10.0.0.8 ");
    peer_free(p);
    peer_free(moved);
    world_free(w);
}
END_TEST

/* §8.2.2.3: what requires an unknown option is not done, a BYE neither; a PRACK that no service
 * owns comes to the application. */
START_TEST(options_required)
{
    ua_world *w = world_new(11, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob);
    w->bob.answer = 200;
    peer_ask(p, "INVITE", "i1", 10, "caller", NULL, "call-1", "Contact: <sip:me@10.0.0.9>\r\n");
    const char *tag = tag_of(header_of(peer_expect(p, "SIP/2.0 200"), "To"));
    peer_ask(p, "ACK", "i2", 10, "caller", tag, "call-1", "Require: foo\r\n");
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->acknowledged, 1, 100);
    const char *const methods[] = { "INFO", "INVITE", "BYE" };
    for (unsigned i = 0; i < PEAL_COUNT_OF(methods); i++) {
        char branch[2] = { (char)('a' + i), 0 };
        peer_ask(p, methods[i], branch, 11 + i, "caller", tag, "call-1",
                 "Require: foo, timer\r\nRequire: bar\r\n");
        ck_assert_str_eq(header_of(peer_expect(p, "SIP/2.0 420"), "Unsupported"), "foo, bar");
    }
    peer_ask(p, "ACK", "b", 12, "caller", tag, "call-1", "");
    ck_assert_int_eq(b->requests + b->reinvited + b->bye, 0);
    peer_ask(p, "INFO", "i3", 20, "caller", tag, "call-1", "Require: Timer\r\n");
    peer_expect(p, "SIP/2.0 200");
    peer_ask(p, "PRACK", "i4", 21, "caller", tag, "call-1", "RAck: 1 10 INVITE\r\n");
    peer_expect(p, "SIP/2.0 200");
    ck_assert_int_eq(b->requests, 2);
    peer_ask(p, "BYE", "i5", 22, "caller", tag, "call-1", "");
    peer_expect(p, "SIP/2.0 200");
    peer_free(p);
    world_free(w);
}
END_TEST

/* §14.2: a second INVITE before the first is answered: 500 with Retry-After; before its ACK:
 * 491. */
START_TEST(overlapping_invites)
{
    ua_world *w = world_new(7, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob);
    w->bob.answer = 200;
    w->bob.reanswer = 0;
    peer_ask(p, "INVITE", "i1", 1, "caller", NULL, "call-1", "");
    const char *tag = tag_of(header_of(peer_expect(p, "SIP/2.0 200"), "To"));
    peer_ask(p, "INVITE", "i2", 2, "caller", tag, "call-1", "");
    peer_expect(p, "SIP/2.0 491");
    peer_ask(p, "ACK", "i2", 2, "caller", tag, "call-1", ""); /* of the 491: not of the 200 */
    ua_call *b = node_last_call(&w->bob);
    world_run(w, 100);
    ck_assert_int_eq(b->acknowledged, 0);
    peer_ask(p, "ACK", "i3", 1, "caller", tag, "call-1", "");
    world_until(w, &b->acknowledged, 1, 100);
    peer_ask(p, "ACK", "i3", 1, "caller", tag, "call-1", ""); /* a copy */
    peer_ask(p, "INVITE", "i4", 3, "caller", tag, "call-1", "");
    world_until(w, &b->reinvited, 1, 100);
    peer_ask(p, "INVITE", "i5", 4, "caller", tag, "call-1", "");
    const char *refused = peer_expect(p, "SIP/2.0 500");
    ck_assert_str_ne(header_of(refused, "Retry-After"), "");
    ck_assert_int_le(atoi(header_of(refused, "Retry-After")), 10);
    ck_assert_int_eq(b->acknowledged, 1);
    ck_assert_int_eq(b->reinvited, 1);
    peer_free(p);
    world_free(w);
}
END_TEST

/* The caller ends an early dialog by BYE (§15.1.2): 200, and 487 to the INVITE. */
START_TEST(early_bye_from_caller)
{
    ua_world *w = world_new(8, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob);
    w->bob.ring = 180;
    peer_ask(p, "INVITE", "i1", 1, "caller", NULL, "call-1", "");
    const char *tag = tag_of(header_of(peer_expect(p, "SIP/2.0 180"), "To"));
    peer_ask(p, "BYE", "i2", 2, "caller", tag, "call-1", "");
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->ended, 1, 100);
    ck_assert_int_eq(b->why, PEAL_SIP_SESSION_END_BYE_RECEIVED);
    ck_assert_int_eq(b->bye, 1);
    world_run(w, 100);
    ck_assert_int_eq(peer_count(p, "SIP/2.0 487"), 1);
    ck_assert_int_eq(peer_count(p, "SIP/2.0 200"), 1);
    peer_free(p);
    world_free(w);
}
END_TEST

/* All 2xx were lost, and the callee gives up by BYE: the INVITE ends too. */
START_TEST(early_bye_from_callee)
{
    ua_world *w = world_new(9, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *a = call_new(&w->alice, &p->address, "");
    call_invite(a);
    const char *invite = peer_expect(p, "INVITE ");
    peer_answer(p, invite, "180 Ringing", "t", "");
    world_until(w, &a->progress, 1, 100);
    peer_ask(p, "BYE", "b1", 1, "t", tag_of(header_of(invite, "From")),
             header_of(invite, "Call-ID"), "");
    peer_expect(p, "SIP/2.0 200");
    const char *cancel = peer_expect(p, "CANCEL ");
    peer_answer(p, cancel, "200 OK", NULL, "");
    peer_answer(p, invite, "487 Request Terminated", "t", "");
    world_until(w, &a->ended, 1, 100);
    ck_assert_int_eq(a->failure, 1);
    peer_free(p);
    world_free(w);
}
END_TEST

/* RFC 2543: no tags, no Contact. */
START_TEST(old_peers)
{
    const char *invite;
    ua_world *w = world_new(10, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    ua_call *a = up_with(w, p, NULL, "", &invite);
    const char *ack = peer_expect(p, "ACK ");
    ck_assert_str_eq(header_of(ack, "To"), "<sip:bob@example.com>");
    peer_ask(p, "BYE", "b1", 1, NULL, tag_of(header_of(invite, "From")),
             header_of(invite, "Call-ID"), "");
    world_until(w, &a->ended, 1, 100);
    ck_assert_int_eq(a->bye, 1);
    p->to = w->bob.address;
    w->bob.answer = 200;
    peer_ask(p, "INVITE", "i1", 1, NULL, NULL, "old", "");
    const char *ok =
        peer_expect(p, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKi1");
    peer_ask(p, "ACK", "i2", 1, NULL, tag_of(header_of(ok, "To")), "old", "");
    ua_call *b = node_last_call(&w->bob);
    world_until(w, &b->acknowledged, 1, 100);
    ck_assert(peal_str_eq(peal_sip_user_agent_remote_target(b->agent),
                          PEAL_STR("sip:peer@example.net")));
    peer_free(p);
    world_free(w);
}
END_TEST

/* §19.1.1: what only a link may say does not get into the dialog's Request-URI. */
START_TEST(contact_with_method_and_headers)
{
    const char *invite;
    char line[256];
    ua_world *w = world_new(11, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice);
    (void)up_with(w, p, "t", "Contact: <sip:a?b@10.0.0.9;method=BYE;x=1?Subject=hi>\r\n", &invite);
    first_line(peer_expect(p, "ACK "), line, sizeof line);
    ck_assert_str_eq(line, "ACK sip:a?b@10.0.0.9;x=1 SIP/2.0");
    peer_free(p);
    world_free(w);
}
END_TEST

START_TEST(bad_contact)
{
    ua_world *w = world_new(11, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->bob);
    peer_ask(p, "INVITE", "i1", 1, "caller", NULL, "call-1", "Contact: *\r\n");
    peer_expect(p, "SIP/2.0 400");
    world_run(w, 100);
    ck_assert_int_eq(node_last_call(&w->bob)->invited, 0);
    peer_free(p);
    world_free(w);
}
END_TEST

static peal_result try_configure(ua_call *c, const char *local, const char *contact_user,
                                 const char *params, const char *routes)
{
    const peal_sip_user_agent_params p = { .size = sizeof p,
                                           .local = peal_str_z(local),
                                           .contact_user = peal_str_z(contact_user),
                                           .contact_params = peal_str_z(params),
                                           .routes = peal_str_z(routes) };
    return peal_sip_user_agent_configure(c->agent, &p);
}

START_TEST(configure)
{
    ua_world *w = world_new(12, 1);
    ua_peer *p = peer_new(w, "10.0.0.9", &w->alice), *proxy = peer_new(w, "10.0.0.8", &w->alice);
    ua_call *a = call_new(&w->alice, &p->address, "");
    ck_assert_int_lt(try_configure(a, "<sip:alice", NULL, NULL, NULL), 0);
    ck_assert_int_eq(try_configure(a, NULL, "a b", NULL, NULL), PEAL_E_SIP_URI);
    ck_assert_int_eq(try_configure(a, NULL, "a\r\nX", NULL, NULL), PEAL_E_SIP_URI);
    ck_assert_int_eq(try_configure(a, NULL, NULL, "x=1", NULL), PEAL_E_SIP_URI);
    ck_assert_int_lt(try_configure(a, NULL, NULL, NULL, "<sip:x"), 0);
    ck_assert_int_eq(try_configure(a, "sip:a@b.example;tag=old", "line1", ";x=1",
                                   "<sip:10.0.0.8;lr>"),
                     PEAL_OK);
    call_invite(a);
    const char *invite = peer_expect(proxy, "INVITE sip:bob@10.0.0.9:5060 ");
    ck_assert_str_eq(header_of(invite, "Route"), "<sip:10.0.0.8;lr>");
    ck_assert_str_eq(header_of(invite, "Contact"), "<sip:line1@10.0.0.1:5060;x=1>");
    ck_assert_ptr_eq(strstr(header_of(invite, "From"), ";tag=old"), NULL);
    peer_answer(p, invite, "180 Ringing", "t", "");
    world_until(w, &a->progress, 1, 100);
    ck_assert_int_eq(try_configure(a, "sip:x@y", NULL, NULL, NULL), PEAL_E_STATE);
    ck_assert_int_eq(try_configure(a, NULL, "line2", NULL, NULL), PEAL_OK);
    peer_free(p);
    peer_free(proxy);
    world_free(w);
}
END_TEST

Suite *dialog_suite(void)
{
    Suite *suite = suite_create("dialog");
    TCase *t = tcase_create("dialogs");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, what_an_invite_has);
    tcase_add_test(t, options_required);
    tcase_add_test(t, loose_routes);
    tcase_add_test(t, strict_router);
    tcase_add_test(t, routes_of_the_answer_count);
    tcase_add_test(t, callee);
    tcase_add_test(t, cseq_and_target_refresh);
    tcase_add_test(t, overlapping_invites);
    tcase_add_test(t, early_bye_from_caller);
    tcase_add_test(t, early_bye_from_callee);
    tcase_add_test(t, old_peers);
    tcase_add_test(t, contact_with_method_and_headers);
    tcase_add_test(t, bad_contact);
    tcase_add_test(t, configure);
    suite_add_tcase(suite, t);
    return suite;
}
