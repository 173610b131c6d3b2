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
static peal_recording *recording;

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
    (void)signal(SIGXFSZ, SIG_IGN); /* a recording that gets too big ends by itself */
}

/* SIGUSR2 says nothing by itself: the main thread looks whether all is over. */
static void on_down(struct b2bua *down)
{
    (void)down;
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
    peal_port_note(app.options.port, "down", B2BUA_NONE);
    peal__stack_free(&app);
}

/* What a burst of calls took goes back to the system: the C library would raise its bound for large
 * blocks with the first that is freed, and keep them ever after, and the end of its heap too. */
static void settle_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 16 * 1024);
    (void)mallopt(M_TOP_PAD, 4 * 1024);
#endif
}

/* --- recording */

/* Everything that a replay has to be told before it starts. */
static void note_start(peal_port *port, int argc, char **argv)
{
    peal_port_note(port, "program", peal_str_z("peal-b2bua"));
    peal_port_note(port, "version", peal_str_z(peal_version()));
    for (int i = 0; i < argc; i++) {
        peal_port_note(port, "argument", peal_str_z(argv[i]));
    }
    for (struct b2bua_file *file = app.options.files; file; file = file->next) {
        peal_port_note(port, "file", peal_str_z(file->path));
        peal_port_note(port, "text", peal_str_of(file->text, file->bytes));
    }
    peal_port_note(port, "start", B2BUA_NONE);
}

static peal_result start_recording(int argc, char **argv)
{
    struct b2bua_options *o = &app.options;
    if (!o->port) {
        o->port = peal_port_default();
    }
    if (*o->record) {
        peal_result r = peal_recording_new(o->record, o->port, &recording);
        if (r < 0) {
            peal__complain("--record '%s': cannot be written: %s", o->record, peal_result_text(r));
            return r;
        }
        o->port = peal_recording_port(recording);
        note_start(o->port, argc, argv);
    }
    peal__options_free(o);
    return PEAL_OK;
}

/* Why it failed stands in the trace, since then. */
static void end_recording(void)
{
    (void)peal_recording_free(recording);
    recording = NULL;
    app.options.port = NULL;
}

int main(int argc, char **argv)
{
    sigset_t set;
    int status = 1;
    app.out = stdout;
    app.on_down = on_down;
    peal_result r = peal__options_read(&app.options, argc, argv, &status);
    if (r != PEAL_OK) {
        return status;
    }
    settle_memory();
    if (start_recording(argc, argv) < 0) {
        return B2BUA_EXIT_CONFIG;
    }
    block_signals(&set);
    peal_trace_set_level(-1, app.options.trace_level);
    if ((r = peal_init_with(app.options.port)) < 0 || (r = peal_sip_init()) < 0) {
        peal__complain("cannot start: %s", peal_result_text(r));
        return 1;
    }
    run(&set);
    end_recording();
    bool is_clean = peal_sip_fini() >= 0;
    is_clean = peal_fini() >= 0 && is_clean;
    if (!peal__census_print_last(&app) || !is_clean) {
        return B2BUA_EXIT_LEAK;
    }
    return app.exit_status;
}
