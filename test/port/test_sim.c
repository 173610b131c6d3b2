/* SPDX-License-Identifier: MIT */
/* Role: the simulated network: delay, loss, duplicates, reordering, filters, send errors, blocking,
 * full buffers, unknown hosts, and all of it the same for the same seed. */
#include "test/port/port_tests.h"

#include "framework/port/port_priv.h"

static peal_sim *sim;
static peal_port *port;
static peal_loop *loop;
static end from, to;

static void open_world(uint64_t seed)
{
    ck_assert_int_eq(peal_sim_new(seed, &sim), PEAL_OK);
    port = peal_sim_port(sim);
    ck_assert_int_eq(port->vt->loop_open(port, &loop), PEAL_OK);
    end_open(&from, port, loop, "10.0.0.1");
    end_open(&to, port, loop, "10.0.0.2");
}

static void close_world(void)
{
    end_close(&from);
    end_close(&to);
    port->vt->loop_close(loop);
    peal_sim_free(sim);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

static void set_link(const peal_sim_link *link)
{
    peal_sim_link sized = *link;
    sized.size = sizeof sized;
    peal_sim_set_link(sim, &sized);
}

static void wait_ms(unsigned ms)
{
    uint64_t until = peal_sim_now_ms(sim) + ms;
    while (peal_sim_now_ms(sim) < until) {
        int64_t left_us = (int64_t)(until - peal_sim_now_ms(sim)) * 1000;
        ck_assert_int_ge(port->vt->loop_wait(loop, left_us), 0);
    }
    ck_assert_int_ge(port->vt->loop_wait(loop, 0), 0);
}

START_TEST(a_datagram_takes_its_delay)
{
    open_world(1);
    set_link(&(peal_sim_link){ .delay_us = 30000 });
    end_send(&from, &to.address, "slow");
    wait_ms(29);
    ck_assert_uint_eq(to.received, 0);
    wait_ms(1);
    ck_assert_uint_eq(to.received, 1);
    ck_assert_uint_eq(peal_sim_now_ms(sim), 30);
    close_world();
}
END_TEST

static unsigned received_of(unsigned sent, const peal_sim_link *link)
{
    open_world(7);
    set_link(link);
    for (unsigned i = 0; i < sent; ++i) {
        end_send(&from, &to.address, "x");
        wait_ms(1);
    }
    wait_ms(1000);
    unsigned received = to.received;
    close_world();
    return received;
}

START_TEST(loss_and_duplicates_are_as_asked_for)
{
    ck_assert_uint_eq(received_of(1000, &(peal_sim_link){ 0 }), 1000);
    ck_assert_uint_eq(received_of(1000, &(peal_sim_link){ .loss_percent = 100 }), 0);
    ck_assert_uint_eq(received_of(1000, &(peal_sim_link){ .duplicate_percent = 100 }), 2000);
    unsigned some = received_of(10000, &(peal_sim_link){ .loss_percent = 10 });
    ck_assert_uint_gt(some, 8800);
    ck_assert_uint_lt(some, 9200);
    some = received_of(10000, &(peal_sim_link){ .duplicate_percent = 5 });
    ck_assert_uint_gt(some, 10380);
    ck_assert_uint_lt(some, 10620);
}
END_TEST

static unsigned swaps; /* datagrams that came before an earlier one */
static char last;
static int check_and_drop(void *arg, const peal_socket_addr *a, const peal_socket_addr *b,
                       peal_str bytes)
{
    (void)arg;
    ck_assert(peal_socket_addr_eq(a, &from.address, true));
    ck_assert(peal_socket_addr_eq(b, &to.address, true));
    ck_assert_uint_eq(bytes.n, 1);
    return *bytes.p == 'd' ? PEAL_SIM_DROP : PEAL_SIM_PASS;
}

static unsigned swapped(uint32_t jitter_us)
{
    open_world(3);
    set_link(&(peal_sim_link){ .delay_us = 1000, .jitter_us = jitter_us });
    to.batch = 1;
    swaps = 0;
    last = 'a';
    for (char c = 'a'; c <= 'z'; ++c) {
        end_send(&from, &to.address, (char[]){ c, '\0' });
    }
    for (unsigned seen = 0; seen < 26; seen = to.received) {
        run_until(port, loop, &to.received, seen + 1);
        swaps += to.bytes[0] < last;
        last = to.bytes[0];
    }
    close_world();
    return swaps;
}

START_TEST(jitter_reorders_and_plain_delay_does_not)
{
    ck_assert_uint_eq(swapped(0), 0);
    ck_assert_uint_gt(swapped(5000), 3);
}
END_TEST

START_TEST(a_filter_sees_and_drops)
{
    open_world(4);
    peal_sim_set_filter(sim, check_and_drop, NULL);
    end_send(&from, &to.address, "d");
    end_send(&from, &to.address, "p");
    wait_ms(1);
    ck_assert_uint_eq(to.received, 1);
    peal_sim_set_filter(sim, NULL, NULL);
    end_send(&from, &to.address, "d");
    wait_ms(1);
    ck_assert_uint_eq(to.received, 2);
    close_world();
}
END_TEST

static peal_result send_result(const peal_socket_addr *where)
{
    peal_datagram d = { .peer = *where, .data = (char[]){ 'x' }, .bytes = 1 };
    size_t count = 0;
    ck_assert_int_eq(port->vt->udp_send(from.sock, &d, 1, &count), PEAL_OK);
    ck_assert_uint_eq(count, 1);
    return d.result;
}

START_TEST(send_errors_hit_their_address_until_healed)
{
    open_world(5);
    peal_socket_addr host = to.address;
    host.port = 0;
    ck_assert_int_eq(peal_sim_set_send_error(sim, &host, PEAL_E_UNREACHABLE), PEAL_OK);
    ck_assert_int_eq(send_result(&to.address), PEAL_E_UNREACHABLE);
    ck_assert_int_eq(send_result(&from.address), PEAL_OK);
    ck_assert_int_eq(peal_sim_set_send_error(sim, &host, PEAL_OK), PEAL_OK);
    ck_assert_int_eq(send_result(&to.address), PEAL_OK);
    close_world();
}
END_TEST

START_TEST(a_blocked_socket_says_when_it_is_free)
{
    open_world(6);
    set_link(&(peal_sim_link){ .block_percent = 100 });
    peal_datagram d = { .peer = to.address, .data = (char[]){ 'x' }, .bytes = 1 };
    size_t count = 1;
    ck_assert_int_eq(port->vt->udp_send(from.sock, &d, 1, &count), PEAL_E_WOULD_BLOCK);
    ck_assert_uint_eq(count, 0);
    set_link(&(peal_sim_link){ 0 });
    ck_assert_int_eq(port->vt->udp_send(from.sock, &d, 1, &count), PEAL_E_WOULD_BLOCK);
    ck_assert_int_ge(port->vt->loop_wait(loop, 0), 0);
    ck_assert_uint_eq(from.writable, 1);
    ck_assert_int_eq(port->vt->udp_send(from.sock, &d, 1, &count), PEAL_OK);
    ck_assert_int_ge(port->vt->loop_wait(loop, 0), 0);
    ck_assert_uint_eq(from.writable, 1);
    close_world();
}
END_TEST

START_TEST(unknown_hosts_are_silent_and_full_buffers_drop)
{
    open_world(8);
    peal_socket_addr nowhere = address_of("10.9.9.9", 5060);
    end_send(&from, &nowhere, "anybody?");
    wait_ms(1000);
    ck_assert_uint_eq(from.errors, 0);
    port->vt->sock_want_read(to.sock, false);
    for (int i = 0; i < 2000; ++i) {
        end_send(&from, &to.address, "flood");
    }
    wait_ms(1);
    port->vt->sock_want_read(to.sock, true);
    wait_ms(1);
    for (int i = 0; i < 2000; ++i) {
        ck_assert_int_ge(port->vt->loop_wait(loop, 0), 0);
    }
    ck_assert_uint_gt(to.received, 100);
    ck_assert_uint_lt(to.received, 1000);
    close_world();
}
END_TEST

/* Everything that is drawn, in one number. */
static uint64_t trace_of(uint64_t seed)
{
    open_world(seed);
    uint64_t trace = 0;
    set_link(&(peal_sim_link){
        .delay_us = 500, .jitter_us = 4000, .loss_percent = 10, .duplicate_percent = 10 });
    for (unsigned i = 0; i < 500; ++i) {
        end_send(&from, &to.address, (char[]){ (char)('a' + i % 26), '\0' });
        ck_assert_int_ge(port->vt->loop_wait(loop, 1000), 0);
        trace = (trace ^ to.received ^ (uint64_t)to.bytes[0] << 16 ^ peal_sim_now_ms(sim) << 32) *
                UINT64_C(0x100000001b3);
    }
    uint8_t random[40];
    ck_assert_int_eq(port->vt->random(port, random, sizeof random), PEAL_OK);
    for (size_t i = 0; i < sizeof random; ++i) {
        trace = trace * 31 + random[i];
    }
    close_world();
    return trace;
}

START_TEST(the_same_seed_gives_the_same_network)
{
    ck_assert_uint_eq(trace_of(1), trace_of(1));
    ck_assert_uint_ne(trace_of(1), trace_of(2));
}
END_TEST

TCase *sim_tests(void)
{
    TCase *tests = tcase_create("simulated");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_datagram_takes_its_delay);
    tcase_add_test(tests, loss_and_duplicates_are_as_asked_for);
    tcase_add_test(tests, jitter_reorders_and_plain_delay_does_not);
    tcase_add_test(tests, a_filter_sees_and_drops);
    tcase_add_test(tests, send_errors_hit_their_address_until_healed);
    tcase_add_test(tests, a_blocked_socket_says_when_it_is_free);
    tcase_add_test(tests, unknown_hosts_are_silent_and_full_buffers_drop);
    tcase_add_test(tests, the_same_seed_gives_the_same_network);
    return tests;
}
