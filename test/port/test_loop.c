/* SPDX-License-Identifier: MIT */
/* Role: loops: waiting, waking, sockets that close inside their callbacks, unwanted input. */
#include "test/port/port_tests.h"

#include <pthread.h>
#include <stdatomic.h>

static peal_port *port;
static peal_loop *loop;

static void open_loop(int index)
{
    port = peal_port_find(index == 0 ? "poll" : "libuv");
    ck_assert_ptr_nonnull(port);
    ck_assert_int_eq(port->vt->loop_open(port, &loop), PEAL_OK);
}

static void close_loop(void)
{
    port->vt->loop_close(loop);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

static uint64_t waited_us(int64_t timeout_us)
{
    uint64_t from_ns = port->vt->now_ns(port);
    ck_assert_int_ge(port->vt->loop_wait(loop, timeout_us), 0);
    return (port->vt->now_ns(port) - from_ns) / 1000;
}

/* A wake-up ends one wait; several before it are one. */
START_TEST(wakes_coalesce_and_end_one_wait)
{
    open_loop(_i);
    for (int round = 0; round < 20; ++round) {
        for (int wakes = 0; wakes <= round % 3; ++wakes) {
            port->vt->loop_wake(loop);
        }
        ck_assert_int_ge(port->vt->loop_wait(loop, PEAL_WAIT_FOREVER), 0);
        ck_assert_uint_ge(waited_us(3000), 2000); /* libuv counts its own milliseconds */
    }
    close_loop();
}
END_TEST

typedef struct waker {
    peal_port *port;
    peal_loop *loop;
    atomic_uint asked, answered;
} waker;

static void *wake_often(void *arg)
{
    waker *w = arg;
    for (unsigned i = 1; i <= 2000; ++i) {
        atomic_store(&w->asked, i);
        w->port->vt->loop_wake(w->loop);
        while (atomic_load(&w->answered) < i) {
            sched_yield();
        }
    }
    return NULL;
}

START_TEST(no_wake_from_another_thread_is_lost)
{
    waker w;
    pthread_t id;
    open_loop(_i);
    w.port = port;
    w.loop = loop;
    atomic_init(&w.asked, 0);
    atomic_init(&w.answered, 0);
    ck_assert_int_eq(pthread_create(&id, NULL, wake_often, &w), 0);
    while (atomic_load(&w.answered) < 2000) { /* hangs, and so fails, if one is lost */
        ck_assert_int_ge(port->vt->loop_wait(loop, PEAL_WAIT_FOREVER), 0);
        atomic_store(&w.answered, atomic_load(&w.asked));
    }
    ck_assert_int_eq(pthread_join(id, NULL), 0);
    close_loop();
}
END_TEST

START_TEST(sockets_may_close_themselves_and_each_other)
{
    enum { COUNT = 8 };
    end ends[COUNT], sender;
    open_loop(_i);
    end_open(&sender, port, loop, "127.0.0.1");
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < COUNT; ++i) {
            end_open(&ends[i], port, loop, "127.0.0.1");
            ends[i].closes = i % 2 == 0;
        }
        for (int i = 0; i < COUNT; ++i) {
            end_send(&sender, &ends[i].address, "close");
        }
        for (int i = 0; i < COUNT; ++i) {
            run_until(port, loop, &ends[i].received, 1);
        }
        for (int i = 0; i < COUNT; ++i) {
            end_close(&ends[i]);
        }
    }
    end_close(&sender);
    close_loop();
}
END_TEST

START_TEST(unwanted_input_waits)
{
    end from, to;
    open_loop(_i);
    end_open(&from, port, loop, "127.0.0.1");
    end_open(&to, port, loop, "127.0.0.1");
    port->vt->sock_want_read(to.sock, false);
    end_send(&from, &to.address, "wait");
    for (int i = 0; i < 10; ++i) {
        ck_assert_int_ge(port->vt->loop_wait(loop, 1000), 0);
    }
    ck_assert_uint_eq(to.readable, 0);
    port->vt->sock_want_read(to.sock, true);
    run_until(port, loop, &to.received, 1);
    end_close(&from);
    end_close(&to);
    close_loop();
}
END_TEST

START_TEST(randomness_and_clocks_work)
{
    unsigned char a[300], b[300];
    open_loop(_i);
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    ck_assert_int_eq(port->vt->random(port, a, sizeof a), PEAL_OK);
    ck_assert_int_eq(port->vt->random(port, b, sizeof b), PEAL_OK);
    ck_assert_mem_ne(a, b, sizeof a);
    ck_assert_mem_ne(a + 284, b + 284, 16); /* filled to the end */
    uint64_t from_ns = port->vt->now_ns(port);
    ck_assert_uint_ge(port->vt->now_ns(port), from_ns);
    ck_assert_int_gt(port->vt->wall_us(port), INT64_C(1577836800000000)); /* after 2020 */
    ck_assert_ptr_null(peal_port_find("no such port"));
    ck_assert_ptr_null(peal_port_find(NULL));
    ck_assert_ptr_nonnull(peal_port_default());
    close_loop();
}
END_TEST

TCase *loop_tests(void)
{
    int ports = 1 + PEAL_HAVE_LIBUV;
    TCase *tests = tcase_create("loop");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, wakes_coalesce_and_end_one_wait, 0, ports);
    if (PEAL_HAVE_THREADS) {
        tcase_add_loop_test(tests, no_wake_from_another_thread_is_lost, 0, ports);
    }
    tcase_add_loop_test(tests, sockets_may_close_themselves_and_each_other, 0, ports);
    tcase_add_loop_test(tests, unwanted_input_waits, 0, ports);
    tcase_add_loop_test(tests, randomness_and_clocks_work, 0, ports);
    return tests;
}
