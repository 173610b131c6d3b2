/* SPDX-License-Identifier: MIT */
/* Role: UDP sockets on the real ports and, where it can be the same, on the simulated one. */
#include "test/port/port_tests.h"

#include <stdio.h>

/* The ports by loop index: poll, simulated, libuv. */
enum { POLL, SIMULATED, LIBUV };
static peal_sim *sim;
static peal_port *port;
static peal_loop *loop;

static void open_loop(int index)
{
    if (index == SIMULATED) {
        ck_assert_int_eq(peal_sim_new(9, &sim), PEAL_OK);
        port = peal_sim_port(sim);
    } else {
        port = peal_port_find(index == POLL ? "poll" : "libuv");
    }
    ck_assert_ptr_nonnull(port);
    ck_assert_int_eq(port->vt->loop_open(port, &loop), PEAL_OK);
}

static void close_loop(void)
{
    port->vt->loop_close(loop);
    peal_sim_free(sim);
    sim = NULL;
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

static const char *const hosts[] = { "127.0.0.1", "::1" };

START_TEST(what_is_sent_arrives_and_is_echoed)
{
    end a, b;
    open_loop(_i / 2);
    end_open(&a, port, loop, hosts[_i % 2]);
    end_open(&b, port, loop, hosts[_i % 2]);
    b.echo = true;
    end_send(&a, &b.address, "hello");
    run_until(port, loop, &a.received, 1);
    ck_assert_uint_eq(a.length, 5);
    ck_assert_mem_eq(a.bytes, "hello", 5);
    ck_assert(peal_socket_addr_eq(&a.peer, &b.address, true));
    ck_assert(peal_socket_addr_eq(&b.local, &b.address, true));
    ck_assert(peal_socket_addr_eq(&b.peer, &a.address, true));
    end_send(&a, &b.address, ""); /* an empty datagram is one too */
    run_until(port, loop, &a.received, 2);
    ck_assert_uint_eq(a.length, 0);
    end_close(&a);
    end_close(&b);
    close_loop();
}
END_TEST

START_TEST(a_wildcard_socket_replies_by_the_address_it_was_asked_at)
{
    end any, asker;
    open_loop(_i);
    end_open(&any, port, loop, "0.0.0.0");
    end_open(&asker, port, loop, "127.0.0.1");
    any.echo = true;
    for (unsigned i = 1; i <= 6; ++i) {
        char host[16];
        snprintf(host, sizeof host, "127.0.0.%u", i);
        peal_socket_addr to = address_of(host, any.address.port);
        end_send(&asker, &to, "from where?");
        run_until(port, loop, &asker.received, i);
        ck_assert(peal_socket_addr_eq(&any.local, &to, true));
        ck_assert(peal_socket_addr_eq(&asker.peer, &to, true));
    }
    end_close(&any);
    end_close(&asker);
    close_loop();
}
END_TEST

START_TEST(a_v6_wildcard_tells_its_address_and_a_dual_one_carries_ipv4)
{
    end any, asker, v4;
    const peal_sock_options dual = { .size = sizeof dual, .dscp = -1 };
    peal_socket_addr bind = address_of("::", 0);
    open_loop(_i);
    ck_assert_int_eq(end_try(&any, port, loop, &bind, &dual), PEAL_OK);
    end_open(&asker, port, loop, "::1");
    end_open(&v4, port, loop, "127.0.0.1");
    any.echo = true;
    peal_socket_addr to = address_of("::1", any.address.port);
    end_send(&asker, &to, "six");
    run_until(port, loop, &asker.received, 1);
    ck_assert(peal_socket_addr_eq(&any.local, &to, true));
    ck_assert(peal_socket_addr_eq(&asker.peer, &to, true));
    to = address_of("127.0.0.7", any.address.port);
    end_send(&v4, &to, "four");
    run_until(port, loop, &v4.received, 1);
    ck_assert(peal_socket_addr_eq(&any.local, &to, true));
    ck_assert(peal_socket_addr_eq(&v4.peer, &to, true));
    end_close(&any);
    end_close(&asker);
    end_close(&v4);
    close_loop();
}
END_TEST

START_TEST(batches_keep_order_and_result_of_each_datagram)
{
    enum { COUNT = 100, BAD = 37 };
    static char numbers[COUNT][4];
    peal_datagram out[COUNT];
    end from, to;
    size_t sent = 0;
    open_loop(_i);
    end_open(&from, port, loop, "127.0.0.1");
    end_open(&to, port, loop, "127.0.0.1");
    to.batch = 64;
    memset(out, 0, sizeof out);
    for (int i = 0; i < COUNT; ++i) {
        snprintf(numbers[i], sizeof numbers[i], "%d", i);
        out[i].peer = to.address;
        out[i].data = numbers[i];
        out[i].bytes = strlen(numbers[i]);
        out[i].result = PEAL_E_OS;
    }
    memset(&out[BAD].peer, 0, sizeof out[BAD].peer);
    out[BAD + 1].local = address_of("127.0.0.9", 0); /* not where the socket is bound */
    ck_assert_int_eq(port->vt->udp_send(from.sock, out, COUNT, &sent), PEAL_OK);
    ck_assert_uint_eq(sent, COUNT);
    for (int i = 0; i < COUNT; ++i) {
        ck_assert_int_eq(out[i].result, i == BAD       ? PEAL_E_ARGUMENT
                                        : i == BAD + 1 ? PEAL_E_ADDR_NOT_AVAILABLE
                                                       : PEAL_OK);
    }
    run_until(port, loop, &to.received, COUNT - 2);
    ck_assert_mem_eq(to.bytes, "99", 2);
    ck_assert_uint_lt(to.readable, COUNT / 2);
    end_close(&from);
    end_close(&to);
    close_loop();
}
END_TEST

START_TEST(too_big_to_receive_and_to_send_is_told)
{
    end from, to;
    static char big[70000];
    char small[10];
    open_loop(_i);
    end_open(&from, port, loop, "127.0.0.1");
    end_open(&to, port, loop, "127.0.0.1");
    peal_datagram d = { .peer = to.address, .data = big, .bytes = 65508 };
    size_t count = 0;
    ck_assert_int_eq(port->vt->udp_send(from.sock, &d, 1, &count), PEAL_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(d.result, PEAL_E_TOO_BIG);
    d.bytes = 65507;
    ck_assert_int_eq(port->vt->udp_send(from.sock, &d, 1, &count), PEAL_OK);
    ck_assert_int_eq(d.result, PEAL_OK);
    run_until(port, loop, &to.truncated, 1);
    end_send(&from, &to.address, "fits not");
    peal_datagram in = { .data = small, .bytes = 4 };
    peal_result r = PEAL_E_WOULD_BLOCK;
    for (int i = 0; r == PEAL_E_WOULD_BLOCK && i < 1000000; ++i) {
        count = 0;
        r = port->vt->udp_recv(to.sock, &in, 1, &count);
        if (_i == SIMULATED && r < 0) {
            port->vt->sock_want_read(to.sock, false);
            ck_assert_int_ge(port->vt->loop_wait(loop, 0), 0);
        }
    }
    ck_assert_int_eq(r, PEAL_OK);
    ck_assert_int_eq(in.result, PEAL_E_TOO_BIG);
    ck_assert_uint_eq(in.bytes, 4);
    ck_assert_mem_eq(small, "fits", 4);
    end_close(&from);
    end_close(&to);
    close_loop();
}
END_TEST

START_TEST(a_closed_port_comes_back_as_an_error_with_the_bytes)
{
    end from, gone, wall;
    open_loop(_i / 2);
    end_open(&from, port, loop, hosts[_i % 2]);
    end_open(&gone, port, loop, hosts[_i % 2]);
    end_open(&wall, port, loop, hosts[_i % 2]); /* keeps the host known to the simulator */
    peal_socket_addr address = gone.address;
    end_close(&gone);
    for (unsigned i = 1; i <= 5; ++i) {
        end_send(&from, &address, "OPTIONS sip:gone SIP/2.0");
        run_until(port, loop, &from.errors, i);
        ck_assert_int_eq(from.last_error, PEAL_E_REFUSED);
        ck_assert(peal_socket_addr_eq(&from.error_peer, &address, true));
        ck_assert_uint_eq(from.length, 24);
        ck_assert_mem_eq(from.bytes, "OPTIONS sip:gone SIP/2.0", 24);
        end_send(&from, &wall.address, "still working"); /* the error hits no later datagram */
        run_until(port, loop, &wall.received, i);
    }
    ck_assert_uint_eq(from.errors, 5);
    ck_assert_uint_eq(from.received, 0);
    end_close(&from);
    end_close(&wall);
    close_loop();
}
END_TEST

START_TEST(wrong_addresses_are_refused_by_name)
{
    end a, b;
    peal_socket_addr none, taken, foreign = address_of("192.0.2.77", 0);
    open_loop(_i);
    memset(&none, 0, sizeof none);
    ck_assert_int_eq(end_try(&b, port, loop, &none, NULL), PEAL_E_ARGUMENT);
    end_open(&a, port, loop, "127.0.0.1");
    taken = a.address;
    ck_assert_int_eq(end_try(&b, port, loop, &taken, NULL), PEAL_E_ADDR_IN_USE);
    if (_i != SIMULATED) { /* where every address is somebody's */
        const peal_sock_options far = { .size = sizeof far, .interface_name = "no-such-if" };
        const peal_sock_options high = { .size = sizeof high, .dscp = 64 };
        const peal_sock_options good = { .size = sizeof good,
                                         .dscp = 46,
                                         .recv_buf_bytes = 1 << 20,
                                         .send_buf_bytes = 1 << 20,
                                         .reuse_addr = true };
        peal_socket_addr here = address_of("127.0.0.1", 0);
        ck_assert_int_eq(end_try(&b, port, loop, &foreign, NULL), PEAL_E_ADDR_NOT_AVAILABLE);
        peal_result r = end_try(&b, port, loop, &here, &far);
        ck_assert(r == PEAL_E_NOT_FOUND || r == PEAL_E_PERMISSION);
        ck_assert_int_eq(end_try(&b, port, loop, &here, &high), PEAL_E_RANGE);
        ck_assert_int_eq(end_try(&b, port, loop, &here, &good), PEAL_OK);
        end_close(&b);
    }
    end_close(&a);
    close_loop();
}
END_TEST

TCase *udp_tests(void)
{
    int ports = 2 + PEAL_HAVE_LIBUV;
    TCase *tests = tcase_create("udp");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, what_is_sent_arrives_and_is_echoed, 0, ports * 2);
    tcase_add_loop_test(tests, a_wildcard_socket_replies_by_the_address_it_was_asked_at, 0, ports);
    tcase_add_loop_test(tests, a_v6_wildcard_tells_its_address_and_a_dual_one_carries_ipv4, 0,
                        ports);
    tcase_add_loop_test(tests, batches_keep_order_and_result_of_each_datagram, 0, ports);
    tcase_add_loop_test(tests, too_big_to_receive_and_to_send_is_told, 0, ports);
    tcase_add_loop_test(tests, a_closed_port_comes_back_as_an_error_with_the_bytes, 0, ports * 2);
    tcase_add_loop_test(tests, wrong_addresses_are_refused_by_name, 0, ports);
    return tests;
}
