/* SPDX-License-Identifier: MIT */
/* Role: servicing threads inside foreign loops (descriptors and the next deadline are exact),
 * groups in one wait, and wake-ups from elsewhere. */
#include "test/thread/thread_tests.h"

#include <poll.h>
#include <pthread.h>

enum { MAX_FDS = 16 };

/* ---- a socket pair: what arrives at `in` is counted ---- */

typedef struct inlet {
    peal_sock_owner owner;
    peal_thread *thread;
    peal_sock *in, *out;
    peal_socket_addr address;
    unsigned arrived;
} inlet;

static void take(peal_sock_owner *self)
{
    inlet *i = PEAL_CONTAINER_OF(self, inlet, owner);
    char bytes[64];
    peal_datagram d = { .data = bytes, .bytes = sizeof bytes };
    size_t count = 0;
    while (peal_thread_port(i->thread)->vt->udp_recv(i->in, &d, 1, &count) == PEAL_OK && count) {
        i->arrived += (unsigned)count;
        d.bytes = sizeof bytes;
    }
}

static void nothing(peal_sock_owner *self)
{
    (void)self;
}

static void inlet_open(inlet *i, peal_thread *thread)
{
    const peal_port_vt *vt = peal_thread_port(thread)->vt;
    peal_socket_addr any;
    memset(i, 0, sizeof *i);
    i->thread = thread;
    i->owner.on_readable = take;
    i->owner.on_writable = nothing;
    ck_assert_int_eq(peal_socket_addr_parse(PEAL_STR("127.0.0.1"), 0, &any), PEAL_OK);
    peal_loop *loop = peal_thread_loop(thread);
    ck_assert_int_eq(vt->udp_open(loop, &any, NULL, &i->owner, &i->in), PEAL_OK);
    ck_assert_int_eq(vt->udp_open(loop, &any, NULL, &i->owner, &i->out), PEAL_OK);
    ck_assert_int_eq(vt->sock_local(i->in, &i->address), PEAL_OK);
}

static void inlet_send(inlet *i)
{
    peal_datagram d = { .peer = i->address, .data = (char[]){ 'x' }, .bytes = 1 };
    size_t count = 0;
    ck_assert_int_eq(peal_thread_port(i->thread)->vt->udp_send(i->out, &d, 1, &count), PEAL_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(d.result, PEAL_OK);
}

static void inlet_close(inlet *i)
{
    peal_thread_port(i->thread)->vt->sock_close(i->in);
    peal_thread_port(i->thread)->vt->sock_close(i->out);
}

/* ---- what a foreign loop does ---- */

static size_t watch(peal_thread *thread, struct pollfd *fds)
{
    int fd = peal_thread_pollable_fd(thread);
    int all[MAX_FDS];
    short events[MAX_FDS];
    size_t n = 1;
    if (fd >= 0) {
        fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
        return n;
    }
    n = peal_thread_pollfds(thread, all, events, MAX_FDS);
    ck_assert_uint_le(n, MAX_FDS);
    for (size_t i = 0; i < n; ++i) {
        fds[i] = (struct pollfd){ .fd = all[i], .events = events[i] };
    }
    return n;
}

static bool is_readable(peal_thread *thread)
{
    struct pollfd fds[MAX_FDS];
    return poll(fds, watch(thread, fds), 0) > 0;
}

/* Polls until the descriptors and the clock both say there is nothing to do. */
static void settle(peal_thread *thread)
{
    int rounds = 0;
    while (is_readable(thread) || peal_thread_next_deadline_ms(thread) == 0) {
        ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
        ck_assert_int_lt(++rounds, 50);
    }
}

static void wait_and_run(peal_thread *thread)
{
    struct pollfd fds[MAX_FDS];
    int64_t ms = peal_thread_next_deadline_ms(thread);
    int n = poll(fds, watch(thread, fds), (int)ms);
    ck_assert(n >= 0);
    ck_assert(n > 0 || ms >= 0);
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
}

START_TEST(descriptors_tell_of_messages_and_datagrams_and_of_nothing_else)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    counter c;
    inlet i;
    counter_init(&c, thread);
    inlet_open(&i, thread);
    for (unsigned round = 1; round <= 20; ++round) {
        settle(thread);
        ck_assert(!is_readable(thread));
        ck_assert_int_eq(peal_thread_next_deadline_ms(thread), -1);
        peal_thread_post(thread, &c.msg);
        ck_assert(is_readable(thread));
        ck_assert_int_eq(peal_thread_next_deadline_ms(thread), 0);
        settle(thread);
        ck_assert_uint_eq(c.runs, round);
        inlet_send(&i);
        ck_assert(is_readable(thread));
        settle(thread);
        ck_assert_uint_eq(i.arrived, round);
    }
    inlet_close(&i);
    peal_thread_stop(thread);
    ck_assert(is_readable(thread)); /* being ready to release is something to do */
    peal_thread_unref(thread);
}
END_TEST

START_TEST(messages_left_by_a_bounded_turn_keep_the_descriptor_readable)
{
    enum { MANY = 600 };
    static counter counters[MANY];
    peal_thread *thread = thread_on(real_ports[_i]);
    settle(thread);
    for (unsigned i = 0; i < MANY; ++i) {
        counter_init(&counters[i], thread);
        peal_thread_post(thread, &counters[i].msg);
    }
    for (unsigned turns = 0; peal_thread_queue_length(thread); ++turns) {
        ck_assert_uint_lt(turns, MANY / 100);
        ck_assert(is_readable(thread));
        ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
    }
    ck_assert_uint_eq(counters[MANY - 1].runs, 1);
    settle(thread);
    peal_thread_unref(thread);
}
END_TEST

static void *post_from_elsewhere(void *arg)
{
    counter *c = arg;
    peal_thread_post(c->thread, &c->msg);
    return NULL;
}

START_TEST(a_foreign_loop_wakes_for_posts_of_other_threads_and_for_deadlines)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    counter c, alarm;
    pthread_t id;
    counter_init(&c, thread);
    counter_init(&alarm, thread);
    peal_timer_start(thread, &alarm.timer, 20, 0);
    int64_t deadline = peal_thread_next_deadline_ms(thread);
    ck_assert_int_gt(deadline, 0);
    ck_assert_int_le(deadline, 21);
    ck_assert_int_eq(pthread_create(&id, NULL, post_from_elsewhere, &c), 0);
    for (int rounds = 0; !c.runs || !alarm.runs; ++rounds) {
        ck_assert_int_lt(rounds, 200); /* no busy loop */
        wait_and_run(thread);
    }
    ck_assert_int_eq(pthread_join(id, NULL), 0);
    ck_assert_int_eq(peal_thread_next_deadline_ms(thread), -1);
    peal_thread_unref(thread);
}
END_TEST

START_TEST(the_next_deadline_stays_exact_when_earlier_timers_are_stopped)
{
    peal_thread *thread = thread_on(NULL);
    counter a, b;
    counter_init(&a, thread);
    counter_init(&b, thread);
    peal_timer_start(thread, &a.timer, 100000, 0);
    peal_timer_start(thread, &b.timer, 102000, 0);
    peal_timer_stop(thread, &a.timer);
    int64_t ms = peal_thread_next_deadline_ms(thread);
    ck_assert_int_gt(ms, 101000);
    ck_assert_int_le(ms, 102001);
    peal_timer_stop(thread, &b.timer);
    ck_assert_int_eq(peal_thread_next_deadline_ms(thread), -1);
    peal_thread_unref(thread);
}
END_TEST

/* ---- groups ---- */

typedef struct ball {
    peal_msg msg;
    peal_thread *threads[3];
    inlet *wall;
    unsigned hits, limit;
} ball;

static void ball_hit(peal_msg *msg)
{
    ball *b = PEAL_CONTAINER_OF(msg, ball, msg);
    ck_assert(peal_thread_is_current(b->threads[b->hits % 3]));
    if (++b->hits == b->limit) {
        for (int i = 0; i < 3; ++i) {
            peal_thread_stop(b->threads[i]);
        }
        return;
    }
    if (b->hits % 10 == 0) {
        inlet_send(b->wall);
    }
    peal_thread_post(b->threads[b->hits % 3], msg);
}

START_TEST(a_group_is_polled_in_one_wait)
{
    ball b = { .msg = { .run = ball_hit }, .limit = 3000 };
    inlet wall;
    counter alarm;
    bool ready = false;
    for (int i = 0; i < 3; ++i) {
        b.threads[i] = thread_on(real_ports[_i]);
    }
    b.wall = &wall;
    inlet_open(&wall, b.threads[1]);
    counter_init(&alarm, b.threads[2]);
    peal_timer_start(b.threads[2], &alarm.timer, 15, 0);
    uint64_t from = clock_ms();
    ck_assert_int_eq(peal_thread_group_activate_for(b.threads, 3, 25, &ready), PEAL_OK);
    ck_assert_uint_ge(clock_ms() - from, 25);
    ck_assert(!ready);
    ck_assert_uint_eq(alarm.runs, 1);
    peal_thread_post(b.threads[0], &b.msg);
    ck_assert_int_eq(peal_thread_group_activate_for(b.threads, 3, 60000, &ready), PEAL_OK);
    ck_assert(ready);
    ck_assert_uint_eq(b.hits, b.limit);
    ck_assert_uint_gt(wall.arrived, 200); /* the kernel may drop some of the 300 */
    inlet_close(&wall);
    for (int i = 0; i < 3; ++i) {
        peal_thread_unref(b.threads[i]);
    }
}
END_TEST

START_TEST(a_group_with_a_running_member_is_refused_and_left_usable)
{
    peal_thread *pair[2] = { thread_on(NULL), thread_on(NULL) };
    ck_assert_int_eq(peal_thread_group_activate_for(pair, 0, 0, NULL), PEAL_E_ARGUMENT);
    ck_assert_int_eq(peal_thread_activate(pair[1], "busy", 0, 0), PEAL_OK);
    ck_assert_int_eq(peal_thread_group_activate_for(pair, 2, 0, NULL), PEAL_E_STATE);
    ck_assert_int_eq(peal_thread_group_activate_for(pair, 1, 0, NULL), PEAL_OK);
    peal_thread_unref(pair[0]);
    peal_thread_unref(pair[1]);
}
END_TEST

/* ---- a process that stood still ---- */

typedef struct race {
    counter alarm;
    inlet mail;
    unsigned mail_at_alarm;
    peal_timer timer;
} race;

static void alarm_looks_for_mail(peal_timer *timer)
{
    race *r = PEAL_CONTAINER_OF(timer, race, timer);
    r->mail_at_alarm = r->mail.arrived;
    r->alarm.runs++;
}

START_TEST(after_standing_still_sockets_speak_before_timers)
{
    peal_thread *thread = thread_on(real_ports[_i]);
    race r;
    memset(&r, 0, sizeof r);
    counter_init(&r.alarm, thread);
    inlet_open(&r.mail, thread);
    settle(thread);
    peal_timer_init(&r.timer, alarm_looks_for_mail);
    peal_timer_start(thread, &r.timer, 1, 0);
    inlet_send(&r.mail);
    uint64_t from = clock_ms();
    while (clock_ms() - from < 120) { /* nobody polls */
    }
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
    ck_assert_uint_eq(r.mail.arrived, 1);
    ck_assert_uint_eq(r.alarm.runs, 1);
    ck_assert_uint_eq(r.mail_at_alarm, 1);
    inlet_close(&r.mail);
    peal_thread_unref(thread);
}
END_TEST

TCase *polling_tests(void)
{
    int ports = 1 + PEAL_HAVE_LIBUV;
    TCase *tests = tcase_create("polling");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, descriptors_tell_of_messages_and_datagrams_and_of_nothing_else, 0,
                        ports);
    tcase_add_loop_test(tests, messages_left_by_a_bounded_turn_keep_the_descriptor_readable, 0,
                        ports);
    if (PEAL_HAVE_THREADS) {
        tcase_add_loop_test(tests,
                            a_foreign_loop_wakes_for_posts_of_other_threads_and_for_deadlines, 0,
                            ports);
        tcase_add_test(tests, a_group_with_a_running_member_is_refused_and_left_usable);
    }
    tcase_add_test(tests, the_next_deadline_stays_exact_when_earlier_timers_are_stopped);
    tcase_add_loop_test(tests, a_group_is_polled_in_one_wait, 0, ports);
    tcase_add_loop_test(tests, after_standing_still_sockets_speak_before_timers, 0, ports);
    return tests;
}
