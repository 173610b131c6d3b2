/* SPDX-License-Identifier: MIT */
/* Role: the timer wheel against a naive model: a plain array that is searched. */
#include "test/thread/thread_tests.h"

#include <stdlib.h>

#include "framework/thread/thread_priv.h"

enum { TIMERS = 300, STEPS = 60000 };

typedef struct model_timer {
    peal_timer timer;
    uint64_t deadline_ms, order; /* of the model; order 0: stopped */
    uint32_t period_ms;
} model_timer;

static struct {
    peal__wheel wheel;
    model_timer timers[TIMERS];
    uint64_t now_ms, order, state, fired;
    uint64_t pass; /* orders up to here may fire in this pass */
} m;

/* Own numbers, so that a run can be repeated on any machine. */
static uint64_t draw(uint64_t below)
{
    m.state = m.state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (m.state >> 33) % below;
}

static model_timer *earliest(void)
{
    model_timer *best = NULL;
    for (size_t i = 0; i < TIMERS; ++i) {
        model_timer *t = &m.timers[i];
        if (t->order && (!best || t->deadline_ms < best->deadline_ms ||
                         (t->deadline_ms == best->deadline_ms && t->order < best->order))) {
            best = t;
        }
    }
    return best;
}

static void start(model_timer *t, uint64_t delay_ms, uint32_t period_ms)
{
    t->deadline_ms = m.now_ms + delay_ms;
    t->order = ++m.order;
    t->period_ms = period_ms;
    t->timer.period_ms = period_ms;
    peal__wheel_start(&m.wheel, &t->timer, t->deadline_ms);
    ck_assert(peal_timer_is_running(&t->timer));
}

static void stop(model_timer *t)
{
    t->order = 0;
    peal__wheel_stop(&m.wheel, &t->timer);
    ck_assert(!peal_timer_is_running(&t->timer));
}

static uint64_t any_delay(void)
{
    static const uint64_t ranges[] = { 3,     70,     500,      5000,
                                       33000, 400000, 90000000, UINT64_C(1) << 40 };
    return draw(ranges[draw(PEAL_COUNT_OF(ranges))]);
}

static void any_change(void)
{
    model_timer *t = &m.timers[draw(TIMERS)];
    switch (draw(4)) {
    case 0:
        stop(t);
        break;
    case 1:
        start(t, 1 + any_delay(), (uint32_t)(1 + draw(2000)));
        break;
    default:
        start(t, any_delay(), 0);
    }
}

/* Must be the model's earliest, due, and not started in this pass. */
static void on_fire(peal_timer *timer)
{
    model_timer *t = PEAL_CONTAINER_OF(timer, model_timer, timer);
    ck_assert_ptr_eq(t, earliest());
    ck_assert_uint_le(t->deadline_ms, m.now_ms);
    ck_assert_uint_le(t->order, m.pass);
    ++m.fired;
    if (t->period_ms) {
        t->deadline_ms += t->period_ms;
        if (t->deadline_ms <= m.now_ms) {
            t->deadline_ms += (m.now_ms - t->deadline_ms) / t->period_ms * t->period_ms;
            t->deadline_ms += t->period_ms;
        }
        t->order = ++m.order;
    } else {
        t->order = 0;
    }
    ck_assert(peal_timer_is_running(timer) == (t->period_ms != 0));
    for (uint64_t changes = draw(3); changes > 0; --changes) {
        any_change();
    }
}

static void check_next(void)
{
    const model_timer *first = earliest();
    uint64_t bound = peal__wheel_next(&m.wheel);
    uint64_t exact = peal__wheel_next_exact(&m.wheel);
    ck_assert_uint_eq(exact, first ? first->deadline_ms : PEAL__NEVER);
    ck_assert_uint_le(bound, exact);
}

static void model_start(uint64_t seed, uint64_t now_ms)
{
    memset(&m, 0, sizeof m);
    m.state = seed;
    m.now_ms = now_ms;
    peal__wheel_init(&m.wheel, now_ms);
    for (size_t i = 0; i < TIMERS; ++i) {
        peal_timer_init(&m.timers[i].timer, on_fire);
    }
}

/* What was started in the pass that has just ended may be due as well, and waits. */
static void pass(unsigned max)
{
    m.pass = m.order;
    (void)peal__wheel_fire(&m.wheel, m.now_ms, max);
    const model_timer *first = earliest();
    if (max == UINT32_MAX && first) {
        ck_assert(first->deadline_ms > m.now_ms || first->order > m.pass);
    }
}

static void move_clock(void)
{
    const model_timer *first = earliest();
    switch (draw(5)) {
    case 0: /* to the next deadline, as an idle thread does */
        if (first && first->deadline_ms > m.now_ms) {
            m.now_ms = first->deadline_ms;
        }
        break;
    case 1:
        m.now_ms += any_delay() % 5000000;
        break;
    default:
        m.now_ms += draw(40);
    }
}

START_TEST(the_wheel_does_what_a_searched_array_does)
{
    model_start(UINT64_C(77) + (uint64_t)_i, _i % 2 ? 1000 : UINT64_C(0xfffffff0) * 64);
    for (int step = 0; step < STEPS / 10; ++step) {
        any_change();
        if (draw(3) == 0) {
            move_clock();
            pass(draw(5) ? UINT32_MAX : (unsigned)draw(10));
        }
        check_next();
        size_t running = 0;
        for (size_t i = 0; i < TIMERS; ++i) {
            running += m.timers[i].order != 0;
        }
        ck_assert_uint_eq(m.wheel.count, running);
    }
    ck_assert_uint_gt(m.fired, 500);
    peal__wheel_clear(&m.wheel);
    ck_assert_uint_eq(m.wheel.count, 0);
    ck_assert_uint_eq(peal__wheel_next_exact(&m.wheel), PEAL__NEVER);
}
END_TEST

static unsigned fired;
static void count_fired(peal_timer *timer)
{
    (void)timer;
    ++fired;
}

START_TEST(a_delay_beyond_all_bounds_does_not_fire_early)
{
    peal__wheel *wheel = &m.wheel;
    peal_timer timer;
    peal__wheel_init(wheel, 5);
    peal_timer_init(&timer, count_fired);
    fired = 0;
    peal__wheel_start(wheel, &timer, UINT64_MAX);
    ck_assert_uint_eq(peal__wheel_fire(wheel, UINT64_C(1) << 40, 10), 0);
    ck_assert(peal_timer_is_running(&timer));
    peal__wheel_stop(wheel, &timer);
    peal__wheel_stop(wheel, &timer);
    ck_assert_uint_eq(wheel->count, 0);
}
END_TEST

/* Thousands in far slots: a pass that fires nothing must not touch them. Counted, not timed: no
 * timer may have moved. */
START_TEST(armed_timers_are_not_touched_by_passes)
{
    enum { MANY = 20000 };
    peal_timer *timers = calloc(MANY, sizeof *timers);
    uint32_t *slots = calloc(MANY, sizeof *slots);
    ck_assert(timers && slots);
    peal__wheel_init(&m.wheel, 0);
    for (unsigned i = 0; i < MANY; ++i) {
        peal_timer_init(&timers[i], count_fired);
        peal__wheel_start(&m.wheel, &timers[i], 32000 + i % 1000);
        slots[i] = timers[i].slot;
    }
    for (uint64_t now = 0; now < 28000; now += 7) {
        ck_assert_uint_eq(peal__wheel_fire(&m.wheel, now, 10), 0);
    }
    for (unsigned i = 0; i < MANY; ++i) {
        ck_assert_uint_eq(timers[i].slot, slots[i]);
    }
    fired = 0;
    ck_assert_uint_eq(peal__wheel_next_exact(&m.wheel), 32000);
    (void)peal__wheel_fire(&m.wheel, 33000, MANY);
    ck_assert_uint_eq(fired, MANY);
    free(timers);
    free(slots);
}
END_TEST

TCase *wheel_tests(void)
{
    TCase *tests = tcase_create("wheel");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, the_wheel_does_what_a_searched_array_does, 0, 12);
    tcase_add_test(tests, a_delay_beyond_all_bounds_does_not_fire_early);
    tcase_add_test(tests, armed_timers_are_not_touched_by_passes);
    return tests;
}
