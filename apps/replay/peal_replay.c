/* SPDX-License-Identifier: MIT */
/* peal-replay: repeats a recorded run of peal-b2bua bit by bit, on one thread, and tells where it
 * differs. Exit status: 0 identical, 1 different, 2 not a good recording or bad arguments. */
#include "apps/replay/replay_priv.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

struct options {
    const char *path;
    const char *trace;
    uint64_t until;
    bool ladder, events;
};

void peal__replay_complain(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "peal-replay: %s\n", text);
}

/* --- options */

static void print_help(void)
{
    puts("Usage: peal-replay [OPTION]... FILE\n"
         "Repeats a run that peal-b2bua --record FILE recorded, and compares all that is sent.\n\n"
         "  --until N      stop after N events\n"
         "  --events       print each event\n"
         "  --ladder       draw the SIP messages as a ladder\n"
         "  --trace LEVEL  the program's trace, as peal-b2bua --trace\n"
         "  --help, --version\n\n"
         "Exit status: 0 identical, 1 different, 2 no good recording or bad arguments.");
}

static bool read_until(struct options *o, const char *value)
{
    if (peal_str_to_u64(peal_str_z(value), UINT64_MAX, &o->until) < 0 || !o->until) {
        peal__replay_complain("--until '%s': expected a number from 1", value);
        return false;
    }
    return true;
}

/* Gives -1 to go on, or the exit status. */
static int read_options(struct options *o, int argc, char **argv)
{
    static const struct option table[] = { { "until", required_argument, NULL, 'u' },
                                           { "events", no_argument, NULL, 'e' },
                                           { "ladder", no_argument, NULL, 'l' },
                                           { "trace", required_argument, NULL, 't' },
                                           { "help", no_argument, NULL, 'h' },
                                           { "version", no_argument, NULL, 'v' },
                                           { NULL, 0, NULL, 0 } };
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (c == 'h' || c == 'v') {
            c == 'h' ? print_help() : (void)printf("peal-replay %s\n", peal_version());
            return 0;
        }
        if (c == '?' || c == ':') {
            peal__replay_complain(c == ':' ? "option '%s' needs a value" : "unknown option '%s'",
                                  argv[optind - 1]);
            return REPLAY_EXIT_USAGE;
        }
        if (c == 'u' && !read_until(o, optarg)) {
            return REPLAY_EXIT_USAGE;
        }
        o->trace = c == 't' ? optarg : o->trace;
        o->events = o->events || c == 'e';
        o->ladder = o->ladder || c == 'l';
    }
    if (optind + 1 != argc) {
        peal__replay_complain(optind == argc ? "no file given"
                                             : "unexpected argument '%s'", argv[argc - 1]);
        return REPLAY_EXIT_USAGE;
    }
    o->path = argv[optind];
    return -1;
}

/* --- showing */

static void print_event(const peal_replay_event *event)
{
    printf("%llu %s: %.*s\n", (unsigned long long)event->number, event->thread,
           PEAL_STR_ARG(event->text));
}

static void on_event(void *arg, const peal_replay_event *event)
{
    const struct options *o = arg;
    if (o->events) {
        print_event(event);
    }
    if (o->ladder) {
        peal__ladder_draw(NULL, event);
    }
}

static int print_different(const peal_replay_outcome *outcome)
{
    printf("different at event %llu on %s\n--- expected: ",
           (unsigned long long)outcome->events, outcome->thread);
    (void)fwrite(outcome->expected.p, 1, outcome->expected.n, stdout);
    fputs("\n--- got: ", stdout);
    (void)fwrite(outcome->got.p, 1, outcome->got.n, stdout);
    fputs("\n", stdout);
    return REPLAY_EXIT_DIFFERENT;
}

static int print_outcome(const struct options *o, const peal_replay_outcome *outcome)
{
    if (outcome->state == PEAL_REPLAY_DIFFERENT) {
        return print_different(outcome);
    }
    if (outcome->state == PEAL_REPLAY_GARBLED) {
        peal__replay_complain("%s: offset %llu: %s", o->path,
                              (unsigned long long)outcome->offset, outcome->reason);
        return REPLAY_EXIT_USAGE;
    }
    printf("replayed events=%llu threads=%u identical", (unsigned long long)outcome->events,
           (unsigned)outcome->threads);
    if (outcome->state == PEAL_REPLAY_CUT) {
        printf(" (cut at offset %llu)", (unsigned long long)outcome->offset);
    } else if (outcome->state == PEAL_REPLAY_STOPPED) {
        printf(" (stopped)");
    } else if (outcome->state != PEAL_REPLAY_IDENTICAL) {
        printf(" (not all of it)");
    }
    puts("");
    return 0;
}

static int open_failed(const struct options *o, peal_result r, const peal_replay_fault *fault)
{
    if (fault->reason) {
        peal__replay_complain("%s: offset %llu: %s", o->path, (unsigned long long)fault->offset,
                              fault->reason);
    } else {
        peal__replay_complain("%s: cannot be read: %s", o->path, peal_result_text(r));
    }
    return REPLAY_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct options o = { .path = NULL };
    static peal_replay *replay; /* what is cut keeps it, and stays reachable */
    peal_replay_fault fault = { .size = sizeof fault };
    peal_replay_outcome outcome = { .size = sizeof outcome };
    int status = read_options(&o, argc, argv);
    if (status >= 0) {
        return status;
    }
    peal_result r = peal_replay_open(o.path, &replay, &fault);
    if (r < 0) {
        return open_failed(&o, r, &fault);
    }
    peal_replay_set_limit(replay, o.until);
    if (o.events || o.ladder) {
        peal_replay_set_observer(replay, on_event, &o);
    }
    if (!peal__program_run(replay, o.trace)) {
        peal_replay_outcome_get(replay, &outcome);
        return outcome.state == PEAL_REPLAY_GARBLED ? print_outcome(&o, &outcome)
                                                    : REPLAY_EXIT_USAGE;
    }
    peal_replay_outcome_get(replay, &outcome);
    status = print_outcome(&o, &outcome);
    if (outcome.state == PEAL_REPLAY_IDENTICAL) {
        peal_replay_free(replay);
    }
    return status;
}
