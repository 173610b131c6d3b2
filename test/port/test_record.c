/* SPDX-License-Identifier: MIT */
/* Role: recording and replay: a small program in three ways of running, cut, damaged and foreign
 * files, a crash, a full disk, exhausted memory. */
#include "test/port/record_program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <peal/sim.h>

#include "framework/port/tape.h"
#include <peal/test/memory.h>

enum { QUESTIONS = 40 };

static char folder[64];
static char path[96], other_path[96];

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/peal-record-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/run", folder);
    (void)snprintf(other_path, sizeof other_path, "%s/run.old", folder);
    ck_assert_int_eq(peal_init(), PEAL_OK);
}

static void tear_down(void)
{
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    (void)unlink(path); /* not made by every test */
    (void)unlink(other_path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int first_how(void)
{
    return PEAL_HAVE_THREADS ? HOW_SYSTEM : HOW_GROUP;
}

static void check_nothing_left(void)
{
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    ck_assert_uint_eq(peal_alloc_live(), 0);
    ck_assert_int_eq(peal_init(), PEAL_OK);
}

/* ---- the whole ---- */

START_TEST(a_run_is_repeated)
{
    peal_replay_outcome outcome = { .size = sizeof outcome };
    for (int how = first_how(); how < HOW_COUNT; ++how) {
        for (int mapped = 0; mapped < 2; ++mapped) {
            ck_assert_int_eq(program_record(path, (way)how, QUESTIONS, mapped, 0), PEAL_OK);
            ck_assert_int_eq(program_replay(path, (way)how, false, &outcome, NULL, 0),
                             PEAL_REPLAY_IDENTICAL);
            ck_assert_uint_gt(outcome.events, QUESTIONS * 4);
            ck_assert_uint_eq(outcome.threads, how == HOW_ONE ? 1 : 2);
        }
    }
}
END_TEST

START_TEST(what_differs_is_shown)
{
    char got[256];
    peal_replay_outcome outcome = { .size = sizeof outcome };
    for (int how = first_how(); how < HOW_COUNT; ++how) {
        ck_assert_int_eq(program_record(path, (way)how, QUESTIONS, true, 0), PEAL_OK);
        ck_assert_int_eq(program_replay(path, (way)how, true, &outcome, got, sizeof got),
                         PEAL_REPLAY_DIFFERENT);
        ck_assert_ptr_nonnull(strstr(got, "sent peer 127.0.0.1:"));
        ck_assert_ptr_nonnull(strstr(got, "\n5 "));
        ck_assert_ptr_nonnull(strstr(got, " twisted"));
        ck_assert_uint_gt(outcome.events, 10);
    }
}
END_TEST

START_TEST(more_and_less_than_recorded_differs)
{
    peal_recording *recording = NULL;
    peal_replay *replay = NULL;
    peal_replay_outcome outcome = { .size = sizeof outcome };
    ck_assert_int_eq(peal_recording_new(path, NULL, &recording), PEAL_OK);
    peal_port *port = peal_recording_port(recording);
    int64_t wall_us = port->vt->wall_us(port);
    uint64_t now_ns = port->vt->now_ns(port);
    uint8_t random[8], again[8];
    ck_assert_int_eq(port->vt->random(port, random, sizeof random), PEAL_OK);
    peal_port_note(port, "kind", PEAL_STR("text"));
    ck_assert_int_eq(peal_recording_free(recording), PEAL_OK);

    ck_assert_int_eq(peal_replay_open(path, &replay, NULL), PEAL_OK);
    port = peal_replay_port(replay);
    ck_assert_int_eq(port->vt->wall_us(port), wall_us);
    ck_assert_uint_eq(port->vt->now_ns(port), now_ns);
    ck_assert_int_eq(port->vt->random(port, again, sizeof again), PEAL_OK);
    ck_assert_mem_eq(random, again, sizeof again);
    peal_port_note(port, "kind", PEAL_STR("text"));
    peal_replay_outcome_get(replay, &outcome);
    ck_assert_int_eq(outcome.state, PEAL_REPLAY_RUNNING);
    ck_assert_uint_eq(outcome.events, 4);
    ck_assert_uint_eq(port->vt->now_ns(port), now_ns); /* the clock stands */
    peal_replay_outcome_get(replay, &outcome);
    ck_assert_int_eq(outcome.state, PEAL_REPLAY_DIFFERENT);
    ck_assert_uint_eq(outcome.events, 5);
    ck_assert(peal_str_eq(outcome.expected, PEAL_STR("end")));
    ck_assert(peal_str_eq(outcome.got, PEAL_STR("clock 0")));
    peal_replay_free(replay);
}
END_TEST

static void count_event(void *arg, const peal_replay_event *event)
{
    unsigned *count = arg;
    ck_assert_uint_eq(event->number, ++*count);
    ck_assert_uint_ge(event->text.n, strlen(event->what));
}

START_TEST(a_limit_stops_it_and_each_event_is_seen)
{
    enum { LIMIT = 3 };
    peal_recording *recording = NULL;
    peal_replay *replay = NULL;
    peal_str kind, text;
    unsigned count = 0;
    peal_replay_outcome outcome = { .size = sizeof outcome };
    ck_assert_int_eq(peal_recording_new(path, NULL, &recording), PEAL_OK);
    for (int i = 0; i < LIMIT + 2; ++i) {
        peal_port_note(peal_recording_port(recording), "kind", PEAL_STR("text"));
    }
    ck_assert_int_eq(peal_recording_free(recording), PEAL_OK);
    ck_assert_int_eq(peal_replay_open(path, &replay, NULL), PEAL_OK);
    peal_replay_set_limit(replay, LIMIT);
    peal_replay_set_observer(replay, count_event, &count);
    while (peal_replay_next_note(replay, &kind, &text) == PEAL_OK) {
        ck_assert(peal_str_eq(kind, PEAL_STR("kind")) && peal_str_eq(text, PEAL_STR("text")));
        peal_replay_take_note(replay);
    }
    ck_assert_uint_eq(count, LIMIT);
    peal_replay_outcome_get(replay, &outcome);
    ck_assert_int_eq(outcome.state, PEAL_REPLAY_STOPPED);
    peal_replay_free(replay);
}
END_TEST

START_TEST(a_file_is_private_and_an_old_one_is_kept)
{
    struct stat found;
    char line[128] = "";
    ck_assert_int_eq(program_record(path, HOW_GROUP, 1, true, 0), PEAL_OK);
    ck_assert_int_eq(program_record(path, HOW_GROUP, 2, true, 0), PEAL_OK);
    ck_assert_int_eq(stat(path, &found), 0);
    ck_assert_uint_eq(found.st_mode & 0777, 0600);
    ck_assert_int_eq(program_replay(other_path, HOW_GROUP, false, NULL, NULL, 0),
                     PEAL_REPLAY_IDENTICAL);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_ptr_nonnull(strstr(line, "HOLDS SECRETS"));
    ck_assert_int_eq(fclose(file), 0);
}
END_TEST

/* ---- what is not whole ---- */

START_TEST(it_may_be_cut_anywhere)
{
    enum { STEP = 997, QUICK = 13 };
    unsigned good = 0;
    struct stat found;
    for (int how = first_how(); how < HOW_COUNT; ++how) {
        ck_assert_int_eq(program_record(path, (way)how, QUESTIONS, true, 0), PEAL_OK);
        ck_assert_int_eq(stat(path, &found), 0);
        for (off_t end = found.st_size - 1; end >= 0;) {
            ck_assert_int_eq(truncate(path, end), 0);
            peal_replay_state state = program_replay(path, (way)how, false, NULL, NULL, 0);
            check_nothing_left();
            bool is_good = state == PEAL_REPLAY_CUT || state == PEAL_REPLAY_IDENTICAL;
            ck_assert(end < PEAL__TAPE_PAGE ? state == PEAL_REPLAY_GARBLED : is_good);
            good += is_good;
            /* The first segments' beginnings are where most of it is. */
            bool is_dense = end % PEAL__TAPE_SEGMENT < 6000;
            end -= is_dense ? QUICK + end % QUICK : STEP;
        }
    }
    ck_assert_uint_gt(good, 100);
}
END_TEST

static void write_at(off_t offset, const void *bytes, size_t count)
{
    int fd = open(path, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, count, offset), (ssize_t)count);
    ck_assert_int_eq(close(fd), 0);
}

static peal_result try_open(peal_replay_fault *fault)
{
    peal_replay *replay = NULL;
    peal_result r = peal_replay_open(path, &replay, fault);
    peal_replay_free(replay);
    return r;
}

START_TEST(damage_is_found)
{
    enum { STEP = 61 };
    peal_replay_fault fault = { .size = sizeof fault };
    ck_assert_int_eq(program_record(path, HOW_GROUP, QUESTIONS, true, 0), PEAL_OK);
    unsigned found = 0;
    for (off_t at = PEAL__TAPE_PAGE; at < PEAL__TAPE_PAGE + 6000; at += STEP) {
        uint8_t byte, bad;
        int fd = open(path, O_RDONLY);
        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        ck_assert_int_eq(close(fd), 0);
        bad = byte ^ 0x24;
        write_at(at, &bad, 1);
        peal_result r = try_open(&fault);
        ck_assert(r == PEAL_OK || r == PEAL_E_SYNTAX); /* behind what is used it may be anything */
        found += r < 0 && fault.reason && fault.offset;
        write_at(at, &byte, 1);
    }
    ck_assert_uint_gt(found, 1);
    ck_assert_int_eq(try_open(&fault), PEAL_OK);
}
END_TEST

/* Without a sum, in an open segment, each byte is read with suspicion. */
START_TEST(damage_without_a_sum_does_no_harm)
{
    enum { STEP = 7 };
    ck_assert_int_eq(program_record(path, HOW_GROUP, 4, true, 0), PEAL_OK);
    for (off_t segment = PEAL__TAPE_PAGE; segment < PEAL__TAPE_PAGE + 3 * PEAL__TAPE_SEGMENT;
         segment += PEAL__TAPE_SEGMENT) {
        static const uint8_t open_segment[4];
        write_at(segment + 16, open_segment, sizeof open_segment);
    }
    for (off_t at = PEAL__TAPE_PAGE + PEAL__TAPE_HEAD; at < PEAL__TAPE_PAGE + 2000; at += STEP) {
        for (int stream = 0; stream < 3; ++stream) {
            uint8_t byte, bad;
            off_t place = at + (off_t)stream * PEAL__TAPE_SEGMENT;
            int fd = open(path, O_RDONLY);
            ck_assert_int_eq(pread(fd, &byte, 1, place), 1);
            ck_assert_int_eq(close(fd), 0);
            bad = (uint8_t)(byte + 1 + at % 250);
            write_at(place, &bad, 1);
            (void)program_replay(path, HOW_GROUP, false, NULL, NULL, 0); /* whatever: it ends */
            check_nothing_left();
            write_at(place, &byte, 1);
        }
    }
}
END_TEST

START_TEST(foreign_files_are_refused)
{
    peal_replay *replay = NULL;
    peal_recording *recording = NULL;
    peal_replay_fault fault = { .size = sizeof fault };
    ck_assert_int_eq(peal_replay_open(path, &replay, &fault), PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_replay_open("/dev/null", &replay, &fault), PEAL_E_SYNTAX);
    ck_assert_int_eq(peal_recording_new("/dev/null", NULL, &recording), PEAL_E_ARGUMENT);
    ck_assert_int_eq(peal_recording_new("/nowhere/at/all", NULL, &recording), PEAL_E_NOT_FOUND);
    peal_sim *sim = NULL;
    ck_assert_int_eq(peal_sim_new(1, &sim), PEAL_OK);
    ck_assert_int_eq(peal_recording_new(path, peal_sim_port(sim), &recording), PEAL_E_ARGUMENT);
    peal_sim_free(sim);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < PEAL__TAPE_PAGE; ++i) {
        ck_assert_int_ge(fputs("INVITE ", file), 0);
    }
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(peal_replay_open(path, &replay, &fault), PEAL_E_SYNTAX);
    ck_assert_uint_eq(fault.offset, 0);
    ck_assert_str_eq(fault.reason, "it is not a recording");
}
END_TEST

/* ---- a crash: this program once more, as a child ---- */

enum { CRASH_AT = 25 };

static const char *own_name;
static struct {
    const char *file;
    int how, mapped;
} child_task;

static void run_child(int how, int mapped)
{
    char numbers[2][2] = { { (char)('0' + how) }, { (char)('0' + mapped) } };
    char *arguments[] = { (char *)(uintptr_t)own_name, path, numbers[0], numbers[1], NULL };
    (void)execv(own_name, arguments);
    _exit(1);
}

START_TEST(crash)
{
    (void)program_record(child_task.file, (way)child_task.how, QUESTIONS, child_task.mapped,
                         CRASH_AT);
}
END_TEST

START_TEST(a_crash_leaves_all_that_went_before)
{
    peal_replay_outcome outcome = { .size = sizeof outcome };
    for (int how = first_how(); how < HOW_COUNT; ++how) {
        for (int mapped = 0; mapped < 2; ++mapped) {
            int status = 0;
            pid_t child = fork();
            ck_assert_int_ge(child, 0);
            if (child == 0) {
                run_child(how, mapped);
            }
            ck_assert_int_eq(waitpid(child, &status, 0), child);
            ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            ck_assert_int_eq(program_replay(path, (way)how, false, &outcome, NULL, 0),
                             PEAL_REPLAY_CUT);
            ck_assert_uint_gt(outcome.events, CRASH_AT * 3);
        }
    }
}
END_TEST

/* ---- what runs short ---- */

static unsigned complaints;

static void count_complaint(const peal_trace_record *record, void *arg)
{
    (void)arg;
    complaints += record->level == PEAL_TRACE_ERROR;
}

/* Fills it with notes until it says that there is no room left. @return how many it took */
static unsigned fill_disk(bool mapped)
{
    static char text[100000];
    peal_recording *recording = NULL;
    unsigned count = 0;
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(peal__recording_new(path, NULL, mapped, &recording), PEAL_OK);
    peal_port *port = peal_recording_port(recording);
    for (; peal_recording_result(recording) == PEAL_OK; ++count) {
        peal_port_note(port, "x", peal_str_of(text, sizeof text));
    }
    ck_assert_uint_gt(port->vt->now_ns(port), 0); /* the run goes on */
    ck_assert_int_eq(peal_recording_free(recording), PEAL_E_OS);
    return count;
}

START_TEST(a_full_disk_ends_the_recording_only)
{
    struct rlimit old, small;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    peal_trace_set_sink(count_complaint, NULL);
    for (int mapped = 0; mapped < 2; ++mapped) {
        peal_replay *replay = NULL;
        peal_str kind, text;
        peal_replay_outcome outcome = { .size = sizeof outcome };
        complaints = 0;
        small = old;
        small.rlim_cur = 1 << 20;
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
        unsigned count = fill_disk(mapped);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
        ck_assert_uint_eq(complaints, 1);
        ck_assert_uint_gt(count, 2);
        ck_assert_int_eq(peal_replay_open(path, &replay, NULL), PEAL_OK);
        while (peal_replay_next_note(replay, &kind, &text) == PEAL_OK) {
            peal_replay_take_note(replay);
            --count;
        }
        peal_replay_outcome_get(replay, &outcome);
        ck_assert_int_eq(outcome.state, PEAL_REPLAY_CUT);
        ck_assert_uint_eq(count, 1); /* the one for which there was no room */
        peal_replay_free(replay);
    }
    peal_trace_set_sink(NULL, NULL);
}
END_TEST

START_TEST(exhausted_memory_is_a_result)
{
    peal_recording *recording = NULL;
    peal_replay *replay = NULL;
    bool is_done = false;
    ck_assert_int_eq(program_record(path, HOW_GROUP, 2, true, 0), PEAL_OK);
    ck_assert_int_eq(peal_fini(), PEAL_OK);
    peal_test_alloc_install();
    for (unsigned nth = 1; !is_done; ++nth) {
        peal_test_alloc_fail_nth(nth);
        peal_result r = peal_replay_open(path, &replay, NULL);
        is_done = !peal_test_alloc_has_failed();
        peal_test_alloc_fail_nth(0);
        ck_assert_int_eq(r, is_done ? PEAL_OK : r == PEAL_E_OS ? PEAL_E_OS : PEAL_E_NO_MEMORY);
        peal_replay_free(is_done ? replay : NULL);
    }
    is_done = false;
    for (unsigned nth = 1; !is_done; ++nth) {
        peal_test_alloc_fail_nth(nth);
        peal_result r = peal_recording_new(path, NULL, &recording);
        is_done = !peal_test_alloc_has_failed();
        peal_test_alloc_fail_nth(0);
        ck_assert_int_eq(r, is_done ? PEAL_OK : PEAL_E_NO_MEMORY);
        if (is_done) {
            ck_assert_int_eq(peal_recording_free(recording), PEAL_OK);
        }
    }
    ck_assert_uint_eq(peal_alloc_live(), 0);
    peal_test_alloc_remove();
    ck_assert_int_eq(peal_init(), PEAL_OK);
}
END_TEST

static TCase *all_tests(void)
{
    TCase *tests = tcase_create("record");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_run_is_repeated);
    tcase_add_test(tests, what_differs_is_shown);
    tcase_add_test(tests, more_and_less_than_recorded_differs);
    tcase_add_test(tests, a_limit_stops_it_and_each_event_is_seen);
    tcase_add_test(tests, a_file_is_private_and_an_old_one_is_kept);
    tcase_add_test(tests, it_may_be_cut_anywhere);
    tcase_add_test(tests, damage_is_found);
    tcase_add_test(tests, damage_without_a_sum_does_no_harm);
    tcase_add_test(tests, foreign_files_are_refused);
    tcase_add_test(tests, a_crash_leaves_all_that_went_before);
    tcase_add_test(tests, a_full_disk_ends_the_recording_only);
    tcase_add_test(tests, exhausted_memory_is_a_result);
    return tests;
}

static TCase *child_tests(char **argv)
{
    TCase *tests = tcase_create("child");
    child_task.file = argv[1];
    child_task.how = argv[2][0] - '0';
    child_task.mapped = argv[3][0] - '0';
    tcase_add_test(tests, crash);
    return tests;
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("record");
    own_name = argv[0];
    suite_add_tcase(suite, argc == 4 ? child_tests(argv) : all_tests());
    SRunner *runner = srunner_create(suite);
    if (argc == 4) {
        srunner_set_fork_status(runner, CK_NOFORK);
    }
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
