/* SPDX-License-Identifier: MIT */
/* Role: servicing threads in the simulator: both activations on one system thread, an exact virtual
 * clock, late turns, and runs that are the same for the same seed. */
#include "test/thread/thread_tests.h"

#include "framework/port/port_priv.h"

static peal_sim *world(uint64_t seed)
{
    peal_sim *sim = NULL;
    ck_assert_int_eq(peal_sim_new(seed, &sim), PEAL_OK);
    return sim;
}

START_TEST(virtual_timers_fire_at_their_millisecond)
{
    peal_sim *sim = world(1);
    peal_thread *thread = thread_on_port(peal_sim_port(sim));
    counter day, soon;
    counter_init(&day, thread);
    counter_init(&soon, thread);
    uint64_t from = peal_thread_now_ms(thread);
    peal_timer_start(thread, &day.timer, 86400000, 0);
    peal_timer_start(thread, &soon.timer, 0, 0);
    ck_assert_int_eq(peal_sim_run(sim, 86399999, NULL, NULL), PEAL_OK);
    ck_assert_uint_eq(peal_sim_now_ms(sim), 86399999);
    ck_assert_uint_eq(soon.runs, 1);
    ck_assert_uint_eq(soon.at_ms, from);
    ck_assert_uint_eq(day.runs, 0);
    ck_assert_int_eq(peal_sim_run(sim, 1000000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(day.runs, 1);
    ck_assert_uint_eq(day.at_ms, from + 86400000);
    peal_thread_unref(thread);
    peal_sim_free(sim);
}
END_TEST

START_TEST(activated_threads_are_run_by_the_world_and_can_be_joined)
{
    peal_sim *sim = world(2);
    peal_thread *a = thread_on_port(peal_sim_port(sim)), *b = thread_on_port(peal_sim_port(sim));
    counter c;
    counter_init(&c, a);
    ck_assert_int_eq(peal_thread_activate(a, "a", 0, 0), PEAL_OK);
    ck_assert_str_eq(peal_thread_name(a), "a");
    ck_assert_int_eq(peal_thread_activate_for(a, 0, NULL), PEAL_E_STATE);
    ck_assert_int_eq(peal_thread_post_wait(a, &c.msg), PEAL_E_WOULD_DEADLOCK);
    peal_thread_post(a, &c.msg);
    ck_assert_int_eq(peal_sim_run(sim, 10, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(c.runs, 1);
    ck_assert_int_eq(peal_thread_join(a), PEAL_E_STATE); /* nobody will ever stop it */
    peal_thread_post(a, &c.msg);
    peal_thread_stop(a);
    ck_assert_int_eq(peal_thread_join(a), PEAL_OK);
    ck_assert_uint_eq(c.runs, 2);
    ck_assert_int_eq(peal_thread_activate_for(b, 25, NULL), PEAL_OK);
    ck_assert_uint_eq(peal_sim_now_ms(sim), 25);
    peal_thread_unref(a);
    peal_thread_unref(b);
    peal_sim_free(sim);
}
END_TEST

/* ---- who owns what ---- */

typedef struct neighbour {
    peal_msg msg;
    peal_thread *self, *other;
    bool is_self, is_other;
    peal_result run, join;
    peal_sim *sim;
} neighbour;

static void look_around(peal_msg *msg)
{
    neighbour *n = PEAL_CONTAINER_OF(msg, neighbour, msg);
    n->is_self = peal_thread_is_current(n->self);
    n->is_other = peal_thread_is_current(n->other);
    n->run = peal_sim_run(n->sim, 1, NULL, NULL);
    n->join = peal_thread_join(n->other);
}

START_TEST(only_the_running_thread_is_current)
{
    peal_sim *sim = world(3);
    neighbour n = { .msg = { .run = look_around }, .sim = sim };
    n.self = thread_on_port(peal_sim_port(sim));
    n.other = thread_on_port(peal_sim_port(sim));
    ck_assert_int_eq(peal_thread_activate(n.other, "other", 0, 0), PEAL_OK);
    peal_thread_post(n.self, &n.msg);
    ck_assert_int_eq(peal_sim_run(sim, 1, NULL, NULL), PEAL_I_END);
    ck_assert(n.is_self);
    ck_assert(!n.is_other);
    ck_assert_int_eq(n.run, PEAL_E_REENTERED);
    ck_assert_int_eq(n.join, PEAL_E_WOULD_DEADLOCK);
    ck_assert(peal_thread_is_current(n.other)); /* between runs all belong to who runs the world */
    peal_thread_unref(n.self);
    peal_thread_unref(n.other);
    peal_sim_free(sim);
}
END_TEST

/* ---- late turns ---- */

START_TEST(a_turn_that_is_nearly_late_fires)
{
    peal_sim *sim = world(5);
    peal_thread *thread = thread_on_port(peal_sim_port(sim));
    counter c;
    counter_init(&c, thread);
    peal_timer_start(thread, &c.timer, 10, 0);
    peal__sim_advance_us(peal_sim_port(sim), 110000); /* due 100 ms ago */
    ck_assert_int_eq(peal_thread_activate_for(thread, 0, NULL), PEAL_OK);
    ck_assert_uint_eq(c.runs, 1);
    peal_thread_unref(thread);
    peal_sim_free(sim);
}
END_TEST

static unsigned turns_left;
static bool after_some_turns(void *arg)
{
    (void)arg;
    return turns_left-- == 0;
}

START_TEST(the_turn_that_is_late_fires_nothing_and_the_next_does)
{
    peal_sim *sim = world(6);
    peal_thread *thread = thread_on_port(peal_sim_port(sim));
    counter c;
    counter_init(&c, thread);
    peal_timer_start(thread, &c.timer, 10, 0);
    peal__sim_advance_us(peal_sim_port(sim), 1000000);
    turns_left = 1;
    ck_assert_int_eq(peal_sim_run(sim, 0, after_some_turns, NULL), PEAL_OK);
    ck_assert_uint_eq(c.runs, 0);
    ck_assert_int_eq(peal_thread_next_deadline_ms(thread), 0);
    turns_left = 1;
    ck_assert_int_eq(peal_sim_run(sim, 0, after_some_turns, NULL), PEAL_OK);
    ck_assert_uint_eq(c.runs, 1);
    peal_thread_unref(thread);
    peal_sim_free(sim);
}
END_TEST

/* ---- determinism ---- */

enum { NODES = 4, BALLS = 6 };

typedef struct game {
    peal_sim *sim;
    peal_thread *threads[NODES];
    uint64_t trace; /* hash of all that happened, in order */
    unsigned moves;
} game;

typedef struct game_ball {
    peal_msg msg;
    peal_timer timer;
    game *game;
    unsigned number, at;
} game_ball;

static void note(game *g, uint64_t what)
{
    g->trace = (g->trace ^ what ^ peal_sim_now_ms(g->sim) << 16) * UINT64_C(0x100000001b3);
    g->moves++;
}

static bool enough_moves(void *arg)
{
    return ((game *)arg)->moves >= 5000;
}

static void ball_moves(game_ball *b)
{
    uint8_t dice[2];
    if (enough_moves(b->game)) {
        return;
    }
    note(b->game, b->number * 100u + b->at);
    peal_thread_random(b->game->threads[b->at], dice, sizeof dice);
    if (dice[0] % 3 == 0) {
        peal_timer_start(b->game->threads[b->at], &b->timer, dice[1] % 50, 0);
    } else {
        b->at = dice[1] % NODES;
        peal_thread_post(b->game->threads[b->at], &b->msg);
    }
}

static void ball_posted(peal_msg *msg)
{
    ball_moves(PEAL_CONTAINER_OF(msg, game_ball, msg));
}

static void ball_timed(peal_timer *timer)
{
    ball_moves(PEAL_CONTAINER_OF(timer, game_ball, timer));
}

static uint64_t play(uint64_t seed, bool activated)
{
    game g = { .sim = world(seed) };
    game_ball balls[BALLS];
    for (int i = 0; i < NODES; ++i) {
        g.threads[i] = thread_on_port(peal_sim_port(g.sim));
        if (activated) {
            ck_assert_int_eq(peal_thread_activate(g.threads[i], "node", 0, 0), PEAL_OK);
        }
    }
    for (unsigned i = 0; i < BALLS; ++i) {
        balls[i] = (game_ball){ .msg = { .run = ball_posted }, .game = &g, .number = i };
        peal_timer_init(&balls[i].timer, ball_timed);
        peal_thread_post(g.threads[0], &balls[i].msg);
    }
    ck_assert_int_eq(peal_sim_run(g.sim, 3600000, enough_moves, &g), PEAL_OK);
    ck_assert_int_eq(peal_sim_run(g.sim, 3600000, NULL, NULL), PEAL_I_END);
    for (int i = 0; i < NODES; ++i) {
        peal_thread_unref(g.threads[i]);
    }
    peal_sim_free(g.sim);
    return g.trace;
}

START_TEST(the_same_seed_gives_the_same_run)
{
    for (int activated = 0; activated < 2; ++activated) {
        uint64_t first = play(42, activated);
        ck_assert_uint_eq(first, play(42, activated));
        ck_assert_uint_ne(first, play(43, activated));
    }
    ck_assert_uint_eq(play(42, false), play(42, true));
}
END_TEST

TCase *sim_thread_tests(void)
{
    TCase *tests = tcase_create("simulated");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, virtual_timers_fire_at_their_millisecond);
    tcase_add_test(tests, activated_threads_are_run_by_the_world_and_can_be_joined);
    tcase_add_test(tests, only_the_running_thread_is_current);
    tcase_add_test(tests, a_turn_that_is_nearly_late_fires);
    tcase_add_test(tests, the_turn_that_is_late_fires_nothing_and_the_next_does);
    tcase_add_test(tests, the_same_seed_gives_the_same_run);
    return tests;
}
