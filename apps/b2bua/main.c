/* SPDX-License-Identifier: MIT */
/* peal-b2bua: start, signals, end. The main thread waits for signals and hands them to the core
 * thread as commands; in polled mode it is the thread that everything runs on. */
#include "apps/b2bua/b2bua_priv.h"
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* How long a polled turn waits at most, which is also how late a signal is seen. */
enum { POLLED_TURN_MS = 20 };

/* The lowest number comes first: one that is sent all the time must not hide the others. */
enum { SIGNALS_PER_TURN = 8 };

static struct b2bua app;

/* Blocked before any thread starts, so that all threads inherit it and only the main one takes
 * them. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGUSR1);
    (void)sigaddset(set, SIGUSR2);
    (void)sigprocmask(SIG_BLOCK, set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* SIGUSR2 says nothing by itself: the main thread looks whether all is over. */
void peal__main_wake(void)
{
    (void)kill(getpid(), SIGUSR2);
}

static void on_signal(int number)
{
    if (number == SIGTERM || number == SIGINT) {
        peal__command_post(&app.term);
    } else if (number == SIGUSR1) {
        peal__command_post(&app.census);
    }
}

static bool is_down(void)
{
    return __atomic_load_n(&app.is_down, __ATOMIC_ACQUIRE) != 0;
}

static void run_threaded(const sigset_t *set)
{
    while (!is_down()) {
        int number = sigwaitinfo(set, NULL);
        if (number > 0) {
            on_signal(number);
        }
    }
}

static void run_polled(const sigset_t *set)
{
    const struct timespec now = { 0, 0 };
    while (!is_down()) {
        int number = 1;
        for (int left = SIGNALS_PER_TURN; number > 0 && left > 0; left--) {
            number = sigtimedwait(set, NULL, &now);
            on_signal(number);
        }
        peal_result r = peal_thread_activate_for(app.core_thread, POLLED_TURN_MS, NULL);
        if (r < 0) {
            peal__complain("cannot go on: %s", peal_result_text(r));
            app.exit_status = 1;
            return;
        }
    }
}

static void run(const sigset_t *set)
{
    peal_result r = peal__stack_start(&app);
    if (r < 0) {
        peal__complain("cannot start: %s", peal_result_text(r));
        app.exit_status = 1;
    } else if (app.options.mode == B2BUA_POLLED) {
        run_polled(set);
    } else {
        run_threaded(set);
    }
    peal__stack_free(&app);
}

/* What a burst of calls took goes back to the system: the C library would raise its bound for large
 * blocks with the first that is freed, and keep them ever after. */
static void settle_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
#endif
}

int main(int argc, char **argv)
{
    sigset_t set;
    int status = 1;
    peal_result r = peal__options_read(&app.options, argc, argv, &status);
    if (r != PEAL_OK) {
        return status;
    }
    settle_memory();
    block_signals(&set);
    peal_trace_set_level(-1, app.options.trace_level);
    if ((r = peal_init()) < 0 || (r = peal_sip_init()) < 0) {
        peal__complain("cannot start: %s", peal_result_text(r));
        return 1;
    }
    run(&set);
    bool is_clean = peal_sip_fini() >= 0;
    is_clean = peal_fini() >= 0 && is_clean;
    if (!peal__census_print_last(&app) || !is_clean) {
        return B2BUA_EXIT_LEAK;
    }
    return app.exit_status;
}
