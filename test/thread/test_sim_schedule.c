/* SPDX-License-Identifier: MIT */
/* Role: the simulator's scheduler: the orders of servicing threads that it shows, part batches,
 * holding back, paused and killed hosts, clocks that differ, and what idle threads and far timers
 * cost. */
#include "test/thread/thread_tests.h"

#include <stdlib.h>

#include "framework/port/port_priv.h"

enum { PLAYERS = 3, SEEDS = 200, ORDERS = 6 };

static peal_sim *world(uint64_t seed)
{
    peal_sim *sim = NULL;
    ck_assert_int_eq(peal_sim_new(seed, &sim), PEAL_OK);
    return sim;
}

/* ---- orders ---- */

typedef struct race {
    char order[PLAYERS + 1];
    size_t count;
} race;

typedef struct runner {
    peal_msg msg;
    peal_timer timer;
    race *race;
    char name;
} runner;

static void cross(runner *r)
{
    r->race->order[r->race->count++] = r->name;
}

static void runner_run(peal_msg *msg)
{
    cross(PEAL_CONTAINER_OF(msg, runner, msg));
}

static void runner_due(peal_timer *timer)
{
    cross(PEAL_CONTAINER_OF(timer, runner, timer));
}

/* Three threads with something to do at the same moment: a message, or a timer. */
static race run_race(uint64_t seed, bool timers)
{
    race result = { .count = 0 };
    runner runners[PLAYERS];
    peal_thread *threads[PLAYERS];
    peal_sim *sim = world(seed);
    for (int i = 0; i < PLAYERS; ++i) {
        threads[i] = thread_on_port(peal_sim_port(sim));
        runners[i] = (runner){ .msg = { .run = runner_run }, .race = &result,
                               .name = (char)('a' + i) };
        peal_timer_init(&runners[i].timer, runner_due);
        if (timers) {
            peal_timer_start(threads[i], &runners[i].timer, 10, 0);
        } else {
            peal_thread_post(threads[i], &runners[i].msg);
        }
    }
    ck_assert_int_eq(peal_sim_run(sim, 100, NULL, NULL), PEAL_I_END);
    for (int i = 0; i < PLAYERS; ++i) {
        peal_thread_unref(threads[i]);
    }
    peal_sim_free(sim);
    return result;
}

START_TEST(every_order_of_three_threads_is_shown)
{
    static const char *const orders[ORDERS] = { "abc", "acb", "bac", "bca", "cab", "cba" };
    for (int timers = 0; timers < 2; ++timers) {
        unsigned seen[ORDERS] = { 0 };
        for (uint64_t seed = 1; seed <= SEEDS; ++seed) {
            race result = run_race(seed, timers);
            for (int i = 0; i < ORDERS; ++i) {
                seen[i] += strcmp(result.order, orders[i]) == 0;
            }
        }
        for (int i = 0; i < ORDERS; ++i) {
            ck_assert_uint_gt(seen[i], SEEDS / ORDERS / 2);
        }
    }
}
END_TEST

/* ---- part batches ---- */

static unsigned longest, now_long;
static void end_of_turn(void *arg, const peal_sim_event *event)
{
    (void)arg;
    if (event->kind == PEAL_SIM_TURN) {
        longest = now_long > longest ? now_long : longest;
        now_long = 0;
    }
}

static void count_message(peal_msg *msg)
{
    (void)msg;
    ++now_long;
}

START_TEST(turns_take_part_of_a_queue)
{
    unsigned whole = 0, part = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        peal_sim *sim = world(seed);
        peal_thread *thread = thread_on_port(peal_sim_port(sim));
        peal_msg messages[10];
        longest = now_long = 0;
        ck_assert_int_eq(peal_sim_add_observer(sim, end_of_turn, NULL), PEAL_OK);
        for (size_t i = 0; i < PEAL_COUNT_OF(messages); ++i) {
            messages[i] = (peal_msg){ .run = count_message };
            peal_thread_post(thread, &messages[i]);
        }
        ck_assert_int_eq(peal_sim_run(sim, 10, NULL, NULL), PEAL_I_END);
        whole += longest == 10;
        part += longest < 10;
        peal_thread_unref(thread);
        peal_sim_free(sim);
    }
    ck_assert_uint_gt(whole, 10);
    ck_assert_uint_gt(part, 3);
}
END_TEST

/* ---- holding back ---- */

START_TEST(a_thread_that_is_held_back_runs_later)
{
    unsigned late = 0;
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        peal_sim *sim = world(seed);
        const peal_sim_schedule schedule = { .size = sizeof schedule, .stall_percent = 50,
                                             .stall_us = 20000 };
        peal_sim_set_schedule(sim, &schedule);
        peal_thread *thread = thread_on_port(peal_sim_port(sim));
        counter c;
        counter_init(&c, thread);
        peal_thread_post(thread, &c.msg);
        ck_assert_int_eq(peal_sim_run(sim, 1000, NULL, NULL), PEAL_I_END);
        ck_assert_uint_eq(c.runs, 1);
        ck_assert_uint_le(peal_sim_now_us(sim), 20000); /* it stands where the turn was */
        late += peal_sim_now_us(sim) > 0;
        peal_thread_unref(thread);
        peal_sim_free(sim);
    }
    ck_assert_uint_gt(late, 10);
    ck_assert_uint_lt(late, 40);
}
END_TEST

/* ---- hosts ---- */

START_TEST(a_paused_host_runs_nothing)
{
    peal_sim *sim = world(1);
    peal_sim_host *host = NULL;
    ck_assert_int_eq(peal_sim_host_new(sim, "h", "10.0.0.1", &host), PEAL_OK);
    peal_thread *thread = thread_on_port(peal_sim_host_port(host));
    counter posted, timed;
    counter_init(&posted, thread);
    counter_init(&timed, thread);
    uint64_t start = peal_thread_now_ms(thread);
    peal_timer_start(thread, &timed.timer, 50, 0);
    peal_sim_host_pause(host, false);
    peal_thread_post(thread, &posted.msg);
    ck_assert_int_eq(peal_sim_run(sim, 1000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(peal_sim_now_ms(sim), 0); /* nothing is to come */
    peal__sim_advance_us(peal_sim_host_port(host), 80000);
    peal_sim_host_resume(host);
    ck_assert_int_eq(peal_sim_run(sim, 1000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(posted.runs, 1);
    ck_assert_uint_eq(timed.runs, 1);
    ck_assert_uint_eq(timed.at_ms, start + 80);
    peal_sim_host_kill(host);
    peal_thread_post(thread, &posted.msg); /* it has to be taken apart */
    ck_assert_int_eq(peal_sim_run(sim, 1000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(posted.runs, 2);
    peal_thread_unref(thread);
    peal_sim_free(sim);
}
END_TEST

START_TEST(timers_go_by_their_hosts_clock)
{
    peal_sim *sim = world(1);
    peal_sim_host *host = NULL;
    ck_assert_int_eq(peal_sim_host_new(sim, "h", "10.0.0.1", &host), PEAL_OK);
    ck_assert_int_eq(peal_sim_host_set_clock(host, 7000250, 0), PEAL_OK);
    peal_thread *thread = thread_on_port(peal_sim_host_port(host));
    counter c;
    counter_init(&c, thread);
    peal_timer_start(thread, &c.timer, 10, 0);
    ck_assert_int_eq(peal_sim_run(sim, 1000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(c.runs, 1);
    ck_assert_uint_eq(peal_sim_now_us(sim), 10750); /* its next whole millisecond after ten */
    peal_thread_unref(thread);
    peal_sim_free(sim);
}
END_TEST

static void start_timer(void *arg)
{
    counter *c = arg;
    peal_timer_start(c->thread, &c->timer, 5, 0);
}

START_TEST(a_timer_started_between_turns_is_seen)
{
    peal_sim *sim = world(1);
    peal_thread *thread = thread_on_port(peal_sim_port(sim));
    counter c;
    counter_init(&c, thread);
    ck_assert_int_eq(peal_sim_at(sim, 3000, start_timer, &c), PEAL_OK);
    ck_assert_int_eq(peal_sim_run(sim, 1000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(c.runs, 1);
    ck_assert_uint_eq(peal_sim_now_ms(sim), 8);
    peal_thread_unref(thread);
    peal_sim_free(sim);
}
END_TEST

static peal_sim *inner_sim;
static peal_result inner_result;
static void run_world(peal_msg *msg)
{
    (void)msg;
    inner_result = peal_sim_run(inner_sim, 10, NULL, NULL);
}

START_TEST(a_world_is_not_run_from_inside_a_turn)
{
    peal_sim *sim = inner_sim = world(1);
    peal_thread *outer = thread_on_port(peal_sim_port(sim));
    peal_thread *other = thread_on_port(peal_sim_port(sim));
    peal_msg msg = { .run = run_world };
    counter c;
    counter_init(&c, other);
    peal_thread_post(other, &c.msg);
    peal_thread_post(outer, &msg);
    ck_assert_int_eq(peal_thread_activate_for(outer, 0, NULL), PEAL_OK);
    ck_assert_int_eq(inner_result, PEAL_E_REENTERED);
    ck_assert_uint_eq(c.runs, 0);
    peal_thread_unref(outer);
    peal_thread_unref(other);
    peal_sim_free(sim);
}
END_TEST

/* ---- cost ---- */

enum { BIG_HOSTS = 20, BIG_THREADS = 60, BIG_TIMERS = 100000 };

static uint64_t fired;
static void count_timer(peal_timer *timer)
{
    (void)timer;
    ++fired;
}

START_TEST(idle_threads_and_far_timers_cost_nothing)
{
    peal_sim *sim = world(3);
    peal_thread *threads[BIG_THREADS];
    peal_timer *timers = calloc(BIG_TIMERS, sizeof *timers);
    peal_sim_host *hosts[BIG_HOSTS];
    peal_sim_stats stats = { .size = sizeof stats };
    ck_assert_ptr_nonnull(timers);
    for (int i = 0; i < BIG_HOSTS; ++i) {
        ck_assert_int_eq(peal_sim_host_new(sim, NULL, "", &hosts[i]), PEAL_OK);
    }
    for (int i = 0; i < BIG_THREADS; ++i) {
        threads[i] = thread_on_port(peal_sim_host_port(hosts[i % BIG_HOSTS]));
    }
    fired = 0;
    for (int i = 0; i < BIG_TIMERS; ++i) {
        peal_timer_init(&timers[i], count_timer);
        peal_timer_start(threads[i % BIG_THREADS], &timers[i], 1 + peal_sim_random(sim) % 100000,
                         0);
    }
    ck_assert_int_eq(peal_sim_run(sim, 1000000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(fired, BIG_TIMERS);
    peal_sim_get_stats(sim, &stats);
    ck_assert_uint_eq(stats.threads, BIG_THREADS);
    ck_assert_uint_le(stats.turns, BIG_TIMERS);
    for (int i = 0; i < BIG_THREADS; ++i) {
        peal_thread_unref(threads[i]);
    }
    peal_sim_free(sim);
    free(timers);
}
END_TEST

TCase *sim_schedule_tests(void)
{
    TCase *tests = tcase_create("simulated schedule");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_order_of_three_threads_is_shown);
    tcase_add_test(tests, turns_take_part_of_a_queue);
    tcase_add_test(tests, a_thread_that_is_held_back_runs_later);
    tcase_add_test(tests, a_paused_host_runs_nothing);
    tcase_add_test(tests, timers_go_by_their_hosts_clock);
    tcase_add_test(tests, a_timer_started_between_turns_is_seen);
    tcase_add_test(tests, a_world_is_not_run_from_inside_a_turn);
    tcase_add_test(tests, idle_threads_and_far_timers_cost_nothing);
    return tests;
}
