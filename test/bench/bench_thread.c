/* SPDX-License-Identifier: MIT */
/* What a servicing thread costs: one line per operation, nanoseconds each, the best of several
 * runs. Usage: bench_thread */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <peal/peal.h>

enum { RUNS = 7, MANY = 100000 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void show(const char *what, double best_ns)
{
    printf("%-58s %10.1f ns\n", what, best_ns);
}

static peal_thread *thread_on(const char *port)
{
    peal_thread *thread = NULL;
    const peal_thread_options options = { .size = sizeof options,
                                          .port = port ? peal_port_find(port) : NULL };
    if (peal_thread_new(&options, &thread) < 0) {
        fputs("bench_thread: no servicing thread\n", stderr);
        exit(1);
    }
    return thread;
}

/* ---- messages ---- */

typedef struct hop {
    peal_msg msg;
    peal_thread *from, *to; /* of the next post */
    uint32_t left;
} hop;

static void hop_run(peal_msg *msg)
{
    hop *h = PEAL_CONTAINER_OF(msg, hop, msg);
    if (--h->left == 0) {
        peal_thread_stop(h->from);
        peal_thread_stop(h->to);
        return;
    }
    peal_thread *next = h->to;
    h->to = h->from;
    h->from = next;
    peal_thread_post(next, msg);
}

static double own_posts(const char *port)
{
    double best = 1e18;
    for (int run = 0; run < RUNS; ++run) {
        peal_thread *t = thread_on(port);
        hop h = { .msg = { .run = hop_run }, .from = t, .to = t, .left = 2000000 };
        bool ready = false;
        uint64_t from = now_ns();
        peal_thread_post(t, &h.msg);
        while (!ready && peal_thread_activate_for(t, 10000, &ready) == PEAL_OK) {
        }
        double each = (double)(now_ns() - from) / 2000000;
        best = each < best ? each : best;
        peal_thread_unref(t);
    }
    return best;
}

static double there_and_back(const char *port)
{
    enum { HOPS = 40000 };
    double best = 1e18;
    for (int run = 0; run < RUNS; ++run) {
        peal_thread *a = thread_on(port), *b = thread_on(port);
        hop h = { .msg = { .run = hop_run }, .from = a, .to = b, .left = HOPS };
        if (peal_thread_activate(a, "a", 0, 0) < 0 || peal_thread_activate(b, "b", 0, 0) < 0) {
            exit(1);
        }
        uint64_t from = now_ns();
        peal_thread_post(a, &h.msg);
        (void)peal_thread_join(a);
        (void)peal_thread_join(b);
        double each = (double)(now_ns() - from) / HOPS;
        best = each < best ? each : best;
        peal_thread_unref(a);
        peal_thread_unref(b);
    }
    return best;
}

static uint32_t arrived;
static void arrive(peal_msg *msg)
{
    (void)msg;
    ++arrived;
}

static double foreign_posts(const char *port)
{
    double best = 1e18;
    peal_msg *msgs = calloc(MANY, sizeof *msgs);
    for (int run = 0; msgs && run < RUNS; ++run) {
        peal_thread *t = thread_on(port);
        if (peal_thread_activate(t, "bench", 0, 0) < 0) {
            exit(1);
        }
        uint64_t from = now_ns();
        for (int i = 0; i < MANY; ++i) {
            msgs[i].run = arrive;
            peal_thread_post(t, &msgs[i]);
        }
        peal_thread_stop(t);
        (void)peal_thread_join(t);
        double each = (double)(now_ns() - from) / MANY;
        best = each < best ? each : best;
        peal_thread_unref(t);
    }
    free(msgs);
    return best;
}

/* ---- timers ---- */

static void on_timer(peal_timer *timer)
{
    (void)timer;
    ++arrived;
}

typedef struct timer_bench {
    peal_msg msg;
    peal_thread *thread;
    peal_timer *armed, one;
    double start_stop, restart;
} timer_bench;

/* In a callback, as all of a stack's timers are: there the clock has been sampled. */
static void bench_timers(peal_msg *msg)
{
    timer_bench *b = PEAL_CONTAINER_OF(msg, timer_bench, msg);
    uint64_t from = now_ns();
    for (unsigned i = 0; i < MANY; ++i) {
        peal_timer_start(b->thread, &b->one, 500 + i % 31000, 0);
        peal_timer_stop(b->thread, &b->one);
    }
    b->start_stop = (double)(now_ns() - from) / MANY;
    from = now_ns();
    for (unsigned i = 0; i < MANY; ++i) {
        peal_timer_start(b->thread, &b->armed[i * 7919u % MANY], 32000 + i % 64, 0);
    }
    b->restart = (double)(now_ns() - from) / MANY;
}

static double idle_turn(peal_thread *t)
{
    enum { TURNS = 20000 };
    uint64_t from = now_ns();
    for (int i = 0; i < TURNS; ++i) {
        (void)peal_thread_activate_for(t, 0, NULL);
    }
    return (double)(now_ns() - from) / TURNS;
}

static void timers(const char *port)
{
    double start_stop = 1e18, restart = 1e18, bare = 1e18, full = 1e18;
    timer_bench b = { .msg = { .run = bench_timers }, .armed = calloc(MANY, sizeof *b.armed) };
    for (int run = 0; b.armed && run < RUNS; ++run) {
        b.thread = thread_on(port);
        peal_timer_init(&b.one, on_timer);
        double turn = idle_turn(b.thread);
        bare = turn < bare ? turn : bare;
        for (unsigned i = 0; i < MANY; ++i) {
            peal_timer_init(&b.armed[i], on_timer);
            peal_timer_start(b.thread, &b.armed[i], 30000 + i % 2000, 0);
        }
        peal_thread_post(b.thread, &b.msg);
        (void)peal_thread_activate_for(b.thread, 0, NULL);
        turn = idle_turn(b.thread);
        full = turn < full ? turn : full;
        start_stop = b.start_stop < start_stop ? b.start_stop : start_stop;
        restart = b.restart < restart ? b.restart : restart;
        peal_thread_unref(b.thread);
    }
    free(b.armed);
    show("timer: start and stop, 100,000 others armed", start_stop);
    show("timer: restart one of 100,000 (cold)", restart);
    show("turn that finds nothing to do", bare);
    show("  the same with 100,000 timers armed", full);
}

int main(void)
{
    static const char *const ports[] = { "poll", "libuv" };
    if (peal_init() < 0) {
        return 1;
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(ports); ++i) {
        if (!peal_port_find(ports[i])) {
            continue;
        }
        printf("%s\n", ports[i]);
        show("message: post to oneself and run", own_posts(ports[i]));
        if (PEAL_HAVE_THREADS) {
            show("message: post from another thread and run (stream)", foreign_posts(ports[i]));
            show("message: to a sleeping thread (wake, run)", there_and_back(ports[i]));
        }
        timers(ports[i]);
    }
    return peal_fini() < 0;
}
