/* SPDX-License-Identifier: MIT */
/* The layer as a whole: abort, memory and cost of what lingers, exhausted memory. */
#include "test/transaction/txn_world.h"

#include <peal/test/memory.h>

#include <time.h>

static void serve(txn_world *w, peal_sip_packet *request)
{
    if (peal_sip_packet_method(request) != PEAL_SIP_METHOD_ACK) {
        (void)peal__sip_server_txn_new(w->layer, request, &world_server_owner, w, &w->server);
    }
}

static void abort_all(txn_world *w, void *arg)
{
    (void)arg;
    peal__sip_txn_layer_abort(w->layer);
}

START_TEST(abort_ends_everything_in_flight)
{
    txn_world *w = world_new(true);
    w->serve = serve;
    peer_request(w, "INVITE", "p1", NULL);
    world_run(w, 1);
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_INVITE), PEAL_OK);
    world_run(w, 1);
    /* Its send is in flight. */
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_OPTIONS), PEAL_OK);
    world_on_core(w, abort_all, NULL);
    ck_assert_uint_eq(world_alive(w), 0);
    ck_assert_uint_eq(world_count(w, EV_ENDED), 2);
    ck_assert_uint_eq(world_count(w, EV_SERVER_ENDED), 1);
    world_run(w, 100000);
    ck_assert_uint_eq(world_count(w, EV_FAILED), 0);
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

static void abort_inside(void *owner, peal__sip_client_txn *txn, peal_sip_packet *response)
{
    txn_world *w = owner;
    (void)txn;
    peal_sip_packet_unref(response);
    peal__sip_txn_layer_abort(w->layer);
}

static void nothing_failed(void *owner, peal__sip_client_txn *txn, peal_result result)
{
    (void)owner, (void)txn, (void)result;
}

static void count_ended(void *owner, peal__sip_client_txn *txn)
{
    txn_world *w = owner;
    (void)txn;
    ++w->drop_count;
}

static const peal__sip_client_txn_owner aborting_owner = { abort_inside, nothing_failed,
                                                           count_ended };

static void take_over(txn_world *w, void *arg)
{
    (void)arg;
    w->client->txn.owner_vt = &aborting_owner;
}

START_TEST(abort_inside_a_callback)
{
    static const unsigned statuses[] = { 180, 200, 486 };
    txn_world *w = world_new(false);
    for (size_t i = 0; i < PEAL_COUNT_OF(statuses); ++i) {
        w->drop_count = 0;
        ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_INVITE), PEAL_OK);
        world_on_core(w, take_over, NULL);
        world_run(w, 1);
        peer_answer(w, PEAL_SIP_METHOD_INVITE, statuses[i]);
        world_run(w, 1);
        ck_assert_int_eq(w->drop_count, 1);
        ck_assert_uint_eq(world_alive(w), 0);
    }
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

START_TEST(sends_fail_after_shut_down)
{
    txn_world *w = world_new(true);
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_OPTIONS), PEAL_OK);
    peal__sip_transport_shut_down(w->transport);
    world_run(w, 10);
    ck_assert(w->shut_down);
    ck_assert_uint_eq(sent_count(w, "OPTIONS"), 1); /* accepted before, so it left */
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_OPTIONS), PEAL_OK);
    world_run(w, 10);
    ck_assert_int_eq(world_find(w, EV_FAILED, 0)->result, PEAL_E_SIP_SHUTTING_DOWN);
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

/* ---- cost ---- */

static void peer_options(txn_world *w, unsigned n)
{
    char branch[32];
    snprintf(branch, sizeof branch, "many%u", n);
    peer_request(w, "OPTIONS", branch, NULL);
}

static void answer_at_once(txn_world *w, peal_sip_packet *request)
{
    peal_sip_packet *response = NULL;
    peal__sip_server_txn *txn = NULL;
    ck_assert_int_eq(peal__sip_server_txn_new(w->layer, request, NULL, NULL, &txn), PEAL_OK);
    ck_assert_int_eq(peal_sip_packet_new_response(peal_thread_pool(w->core), request, 200,
                                                  peal_str_of(NULL, 0), PEAL_STR("t"), &response),
                     PEAL_OK);
    ck_assert_int_eq(peal__sip_server_txn_respond(txn, response), PEAL_OK);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The least time of several rounds of requests. */
static double cost_of_rounds(txn_world *w, unsigned *n)
{
    double best = 1e9;
    for (int round = 0; round < 7; ++round) {
        double start = cpu_seconds();
        for (int i = 0; i < 200; ++i) {
            peer_options(w, ++*n);
            world_run(w, 0);
        }
        double took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    return best;
}

START_TEST(cost_does_not_grow_with_what_lingers)
{
    txn_world *w = world_new(false);
    unsigned n = 0;
    w->serve = answer_at_once;
    w->quiet = true;
    double empty = cost_of_rounds(w, &n);
    while (n < 12000) {
        peer_options(w, ++n);
        world_run(w, 0);
    }
    ck_assert_uint_eq(world_alive(w), 12000);
    double full = cost_of_rounds(w, &n);
    /* Looking through them, or a list of timers, would be a factor of hundreds. */
    ck_assert_msg(full < 3 * empty, "%g s with 12,000 lingering, %g s with none", full, empty);
    world_run(w, 32000);
    ck_assert_uint_eq(world_alive(w), 0);
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

/* What one transaction holds: its block, its send, its wire. */
static size_t bytes_of(const peal__sip_txn *txn)
{
    size_t bytes = peal_pool_block_size(txn);
    ck_assert_ptr_null(txn->packet);
    if (txn->send) {
        ck_assert_ptr_null(txn->send->send.packet);
        bytes += peal_pool_block_size(txn->send);
        bytes += txn->send->send.wire ? peal_sip_wire_bytes(txn->send->send.wire).n + 32 : 0;
    }
    return bytes;
}

typedef struct census {
    size_t count, sum, most;
} census;

static void weigh(peal_hash_node *node, void *arg)
{
    census *c = arg;
    size_t bytes = bytes_of(PEAL_CONTAINER_OF(node, peal__sip_txn, node));
    ++c->count;
    c->sum += bytes;
    c->most = bytes > c->most ? bytes : c->most;
}

static void detach_client(txn_world *w, void *arg)
{
    (void)arg;
    if (w->client) {
        peal__sip_client_txn_detach(w->client);
    }
    if (w->server) {
        peal__sip_server_txn_detach(w->server);
    }
}

/* The four that a bridged call leaves: INVITE in and out, BYE in and out. */
START_TEST(lingering_transactions_are_small)
{
    census c = { 0 };
    txn_world *w = world_new(false);
    w->serve = serve;
    peer_request(w, "INVITE", "p1", NULL);
    world_run(w, 1);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_INVITE), PEAL_OK);
    world_run(w, 1);
    peer_answer(w, PEAL_SIP_METHOD_INVITE, 200);
    world_run(w, 1);
    world_on_core(w, detach_client, NULL);
    peer_request(w, "BYE", "p2", "ours");
    world_run(w, 1);
    ck_assert_int_eq(world_respond(w, 200), PEAL_OK);
    ck_assert_int_eq(world_request(w, PEAL_SIP_METHOD_BYE), PEAL_OK);
    world_run(w, 1);
    peer_answer(w, PEAL_SIP_METHOD_BYE, 200);
    world_run(w, 1);
    peal_hash_each(&w->layer->table, weigh, &c);
    ck_assert_uint_eq(c.count, 4);
    ck_assert_msg(c.most <= 2048, "the largest holds %zu bytes", c.most);
    ck_assert_msg(c.sum / c.count <= 600, "%zu bytes in the mean", c.sum / c.count);
    world_free(w);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}
END_TEST

/* ---- exhausted memory ---- */

/* A call each way with a CANCEL; whatever fails, everything ends and nothing is left. */
static void some_traffic(txn_world *w)
{
    w->serve = serve;
    peer_request(w, "INVITE", "p1", NULL);
    world_run(w, 1);
    if (w->server) {
        (void)world_respond(w, 180);
    }
    peer_request(w, "CANCEL", "p1", NULL);
    world_run(w, 1);
    if (w->server) {
        peer_request(w, "INVITE", "p1", NULL);
        world_run(w, 1);
    }
    if (w->server) {
        (void)world_respond(w, 487);
    }
    world_run(w, 600);
    peer_request(w, "ACK", "p1", "ours");
    world_run(w, 1);
    if (world_request(w, PEAL_SIP_METHOD_INVITE) >= 0) {
        world_run(w, 600);
        peer_answer(w, PEAL_SIP_METHOD_INVITE, 180);
        world_run(w, 1);
        if (w->client) {
            (void)world_cancel(w);
        }
        world_run(w, 1);
        peer_answer(w, PEAL_SIP_METHOD_INVITE, 487);
        world_run(w, 600);
        peer_answer(w, PEAL_SIP_METHOD_INVITE, 487);
    }
    world_run(w, 100000);
    w->server = NULL;
}

static void try_traffic(void *arg)
{
    txn_world *w = NULL;
    unsigned *runs = arg;
    if (peal_init() < 0) {
        return;
    }
    if (world_try_new(&w, ++*runs % 2 != 0, NULL) >= 0) {
        some_traffic(w);
        world_free(w);
    }
    ck_assert_int_eq(peal_fini(), PEAL_OK);
}

START_TEST(every_allocation_may_fail)
{
    unsigned runs = 0;
    ck_assert_uint_gt(peal_test_each_allocation(false, try_traffic, &runs), 20);
}
END_TEST

TCase *layer_cases(void)
{
    TCase *tc = tcase_create("layer");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, abort_ends_everything_in_flight);
    tcase_add_test(tc, abort_inside_a_callback);
    tcase_add_test(tc, sends_fail_after_shut_down);
    tcase_add_test(tc, cost_does_not_grow_with_what_lingers);
    tcase_add_test(tc, lingering_transactions_are_small);
    tcase_add_test(tc, every_allocation_may_fail);
    return tc;
}
