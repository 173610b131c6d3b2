/* SPDX-License-Identifier: MIT */
/* Which transaction a packet belongs to: RFC 3261 §17.1.3, §17.2.3, §9.2; RFC 2543 peers; responses
 * made without state. */
#include "test/transaction/txn_world.h"

static txn_world *w;

static void serve(txn_world *world, peal_sip_packet *request)
{
    peal_sip_method method = peal_sip_packet_method(request);
    if (method != PEAL_SIP_METHOD_ACK && method != PEAL_SIP_METHOD_CANCEL) {
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

/* A request of an RFC 2543 peer: no cookie, perhaps no branch at all. */
static void old_request(const char *method, unsigned cseq, const char *via_params,
                        const char *to_tag)
{
    peer_send(w,
              "%s sip:us@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5070%s\r\n"
              "From: <sip:peer@192.0.2.2>\r\nTo: <sip:us@192.0.2.1>%s%s\r\n"
              "Call-ID: old@192.0.2.2\r\nCSeq: %u %s\r\n\r\n",
              method, via_params, to_tag ? ";tag=" : "", to_tag ? to_tag : "", cseq, method);
    world_run(w, 1);
}

/* RFC 3261 §8.1.3.3 */
START_TEST(response_with_a_via_too_many_is_dropped)
{
    char branch[64];
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_OPTIONS), PEAL_OK);
    world_run(w, 1);
    const char *at = strstr(sent_find(w, "OPTIONS", 0)->text, "branch=");
    ck_assert_ptr_nonnull(at);
    snprintf(branch, sizeof branch, "%.*s", (int)strcspn(at, "\r\n;,"), at);
    for (int vias = 2; vias > 0; vias--) {
        peer_send(w,
                  "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;%s%s\r\n"
                  "From: <sip:us@192.0.2.1>;tag=ours\r\nTo: <sip:peer@192.0.2.2>;tag=theirs\r\n"
                  "Call-ID: 1@192.0.2.1\r\nCSeq: 1 OPTIONS\r\n\r\n",
                  branch, vias > 1 ? "\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKother" : "");
        world_run(w, 1);
        ck_assert_uint_eq(world_count(w, EV_RESPONSE), vias > 1 ? 0 : 1);
    }
    ck_assert_uint_eq(world_count(w, EV_STRAY), 0);
}
END_TEST

START_TEST(old_peer_is_matched_by_its_fields)
{
    old_request("INVITE", 1, "", NULL);
    ck_assert_int_eq(world_respond(w, 486), PEAL_OK);
    world_run(w, 1);
    old_request("INVITE", 1, "", NULL);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    ck_assert_uint_eq(sent_count(w, "SIP/2.0 486"), 2);
    old_request("INVITE", 2, "", NULL); /* another CSeq, another transaction */
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 2);
    old_request("ACK", 1, "", "other"); /* not the tag of our response */
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 3);
    ck_assert_uint_eq(world_count(w, EV_RESULT), 0);
    old_request("ACK", 1, "", "ours");
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 3);
    ck_assert_int_eq(world_find(w, EV_RESULT, 0)->result, PEAL_OK);
}
END_TEST

START_TEST(old_peer_may_cancel)
{
    old_request("INVITE", 1, ";branch=7", NULL);
    old_request("CANCEL", 1, ";branch=8", NULL); /* another Via: not the same */
    ck_assert_uint_eq(world_count(w, EV_CANCEL), 0);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 2);
    old_request("CANCEL", 1, ";branch=7", NULL);
    ck_assert_uint_eq(world_count(w, EV_CANCEL), 1);
    ck_assert_uint_eq(sent_count(w, "SIP/2.0 200"), 1);
}
END_TEST

START_TEST(old_invite_in_a_dialog_is_another_one)
{
    old_request("INVITE", 1, "", NULL);
    old_request("INVITE", 1, "", "ours");
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 2);
    ck_assert_uint_eq(world_alive(w), 2);
}
END_TEST

START_TEST(bare_cookie_is_an_old_peer)
{
    old_request("OPTIONS", 1, ";branch=z9hG4bK", NULL); /* RFC 4475 §3.2.1 */
    old_request("OPTIONS", 2, ";branch=z9hG4bK", NULL);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 2);
    old_request("OPTIONS", 2, ";branch=z9hG4bK", NULL);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 2);
}
END_TEST

START_TEST(sent_by_is_part_of_the_key)
{
    const char *format = "OPTIONS sip:us@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s\r\n"
                         "From: <sip:p@x>;tag=1\r\nTo: <sip:us@y>\r\nCall-ID: c\r\n"
                         "CSeq: 1 OPTIONS\r\n\r\n";
    peer_send(w, format, "192.0.2.2:5070", "z9hG4bKsame");
    world_run(w, 1);
    peer_send(w, format, "192.0.2.2:5071", "z9hG4bKsame");
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 2);
    peer_send(w, format, "host.example:5070", "z9hG4bKsame");
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 3);
    peer_send(w, format, "HOST.Example:5070", "Z9HG4BKSAME"); /* §7.3.1: case does not count */
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 3);
}
END_TEST

START_TEST(method_is_part_of_the_key)
{
    peer_request(w, "OPTIONS", "same", NULL);
    world_run(w, 1);
    peer_request(w, "MESSAGE", "same", NULL);
    world_run(w, 1);
    peer_request(w, "FOO", "same", NULL);
    world_run(w, 1);
    peer_request(w, "BAR", "same", NULL);
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 4);
    peer_request(w, "BAR", "same", NULL);
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 4);
}
END_TEST

START_TEST(endless_branches_are_bounded)
{
    char branch[3001];
    memset(branch, 'x', sizeof branch - 1);
    branch[sizeof branch - 1] = '\0';
    peer_request(w, "INVITE", branch, NULL);
    world_run(w, 1);
    ck_assert_int_eq(world_respond(w, 486), PEAL_OK);
    peer_request(w, "INVITE", branch, NULL);
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    ck_assert_uint_le(w->server->txn.key_length, PEAL_SIP_TXN_KEY_MAX);
    peer_request(w, "ACK", branch, "ours");
    world_run(w, 1);
    ck_assert_int_eq(world_find(w, EV_RESULT, 0)->result, PEAL_OK);
    branch[2999] = 'y';
    peer_request(w, "INVITE", branch, NULL);
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 2);
}
END_TEST

START_TEST(strays_go_to_the_core)
{
    peer_request(w, "ACK", "no-invite", "x");
    peer_send(w, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnone\r\n"
                 "From: <sip:a@x>;tag=1\r\nTo: <sip:b@y>;tag=2\r\nCall-ID: c\r\nCSeq: 1 BYE\r\n\r\n");
    world_run(w, 1);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    ck_assert_uint_eq(world_count(w, EV_STRAY), 1);
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

static void same_branch(txn_world *world, void *arg)
{
    (void)arg;
    --world->branch;
}

START_TEST(one_branch_one_transaction)
{
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_INVITE), PEAL_OK);
    world_on_core(w, same_branch, NULL);
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_INVITE), PEAL_E_SIP_TXN_EXISTS);
    ck_assert_uint_eq(world_alive(w), 1);
}
END_TEST

static void refuse(txn_world *world, peal_sip_packet *request)
{
    ck_assert_int_eq(peal__sip_respond_stateless(world->layer, request, 481,
                                                 PEAL_STR("Gone for good"), NULL, NULL),
                     PEAL_OK);
}

START_TEST(stateless_response_is_repeatable)
{
    w->serve = refuse;
    peer_request(w, "BYE", "s1", "nobody");
    world_run(w, 1);
    peer_request(w, "OPTIONS", "s2", NULL);
    world_run(w, 1);
    peer_request(w, "OPTIONS", "s2", NULL);
    world_run(w, 1);
    const world_datagram *bye = sent_find(w, "SIP/2.0 481 Gone for good\r\n", 0);
    const world_datagram *one = sent_find(w, "SIP/2.0 481", 1);
    const world_datagram *two = sent_find(w, "SIP/2.0 481", 2);
    ck_assert_ptr_nonnull(bye);
    ck_assert_ptr_nonnull(strstr(bye->text, ";tag=nobody\r\n"));
    ck_assert_ptr_nonnull(two);
    ck_assert_str_eq(one->text, two->text);
    const char *to = strstr(one->text, "\r\nTo: ");
    ck_assert_ptr_nonnull(to);
    ck_assert_ptr_nonnull(strstr(to, ";tag="));
    ck_assert_uint_eq(world_alive(w), 0);
}
END_TEST

static void refuse_ack(txn_world *world, peal_sip_packet *request)
{
    ck_assert_int_eq(peal__sip_respond_stateless(world->layer, request, 481, PEAL_STR(""), NULL,
                                                 NULL),
                     PEAL_E_ARGUMENT);
}

START_TEST(ack_is_never_answered)
{
    w->serve = refuse_ack;
    peer_request(w, "ACK", "s1", "nobody");
    world_run(w, 100);
    ck_assert_uint_eq(world_count(w, EV_REQUEST), 1);
    ck_assert_uint_eq(sent_count(w, ""), 0);
}
END_TEST

TCase *matching_cases(void)
{
    TCase *tc = tcase_create("matching");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, response_with_a_via_too_many_is_dropped);
    tcase_add_test(tc, old_peer_is_matched_by_its_fields);
    tcase_add_test(tc, old_peer_may_cancel);
    tcase_add_test(tc, old_invite_in_a_dialog_is_another_one);
    tcase_add_test(tc, bare_cookie_is_an_old_peer);
    tcase_add_test(tc, sent_by_is_part_of_the_key);
    tcase_add_test(tc, method_is_part_of_the_key);
    tcase_add_test(tc, endless_branches_are_bounded);
    tcase_add_test(tc, strays_go_to_the_core);
    tcase_add_test(tc, one_branch_one_transaction);
    tcase_add_test(tc, stateless_response_is_repeatable);
    tcase_add_test(tc, ack_is_never_answered);
    return tc;
}
