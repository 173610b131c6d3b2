/* SPDX-License-Identifier: MIT */
/* Role: the scenarios of SIPp in test/flows, which the flows of that folder play with SIPp itself,
 * through the real peal-b2bua in a simulated network, in each thread mode. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <peal/test/failure.h>
#include <peal/test/memory.h>

#include "test/b2bua/b2bua_node.h"
#include "test/b2bua/sipp_play.h"

enum { FOREVER_MS = 200000, SEEDS = 4, SEEDS_FULL = 200, CALLS = 10, EXIT_SKIPPED = 77 };

typedef struct pair {
    const char *caller, *callee; /* files */
    const char *options;         /* of peal-b2bua */
    size_t calls;
    uint32_t rate_ms, pause_ms;
    bool is_tolerant; /* the callee */
    double loss_percent, duplicate_percent, reorder_percent;
} pair;

/* As the flows in Python have them: basic.py, load.py, loss.py. Time costs nothing here, so that
 * the lossy ones have the T1 of SIPp. */
static const pair pairs[] = {
    { "uac", "uas", "--t1-ms 100", CALLS, 50, 50, .is_tolerant = false },
    { "uac_waits", "uas_bye", "--t1-ms 100", CALLS, 50, 50, .is_tolerant = false },
    { "uac_delayed", "uas_delayed", "--t1-ms 100", CALLS, 50, 50, .is_tolerant = false },
    { "uac_cancel", "uas_cancel", "--t1-ms 100", CALLS, 50, 50, .is_tolerant = false },
    { "uac_reject", "uas_reject", "--t1-ms 100", CALLS, 50, 50, .is_tolerant = false },
    { "uac_reinvite", "uas_reinvite", "--t1-ms 100", CALLS, 50, 50, .is_tolerant = false },
    { "uac", "uas", "", CALLS * 3, 5, 200, .is_tolerant = true },
    { "uac_loss", "uas", "", CALLS, 50, 200, .is_tolerant = true, .loss_percent = 10 },
    { "uac_loss", "uas", "", CALLS, 50, 200, .is_tolerant = true, .loss_percent = 20 },
    { "uac_loss", "uas", "", CALLS, 50, 200, .is_tolerant = true, .duplicate_percent = 10,
      .reorder_percent = 20 },
};

static char folder[1024];

typedef struct stage {
    peal_test_net *net;
    b2bua_node *node;
    sipp_scenario caller_scenario, callee_scenario;
    sipp_player *caller, *callee;
} stage;

/* ---- conditions ---- */

static bool is_ready(void *arg)
{
    return b2bua_node_is_ready(((stage *)arg)->node);
}

static bool has_failed(const stage *s)
{
    return sipp_has_failed(s->caller) || sipp_has_failed(s->callee);
}

static bool are_over(void *arg)
{
    const stage *s = arg;
    return has_failed(s) || (sipp_is_over(s->caller) && sipp_is_over(s->callee));
}

static bool is_quiet(void *arg)
{
    return b2bua_node_is_quiet(((stage *)arg)->node);
}

static bool is_down(void *arg)
{
    return b2bua_node_is_down(((stage *)arg)->node);
}

/* ---- playing ---- */

static void set_network(stage *s, const pair *p, uint64_t seed)
{
    peal_sim *sim = peal_test_net_sim(s->net);
    const peal_sim_link link = { .size = sizeof link,
                                 .delay_us = 1000,
                                 .loss_percent = p->loss_percent,
                                 .duplicate_percent = p->duplicate_percent,
                                 .reorder_percent = p->reorder_percent };
    const peal_sim_schedule schedule = { .size = sizeof schedule,
                                         .stall_percent = 20,
                                         .stall_us = 2000 };
    peal_sim_set_link(sim, &link);
    if (seed % 2 == 0) {
        peal_sim_set_schedule(sim, &schedule); /* threads are held back too */
    }
}

/* The callee, peal-b2bua, and then the caller. */
static void begin(stage *s, const pair *p, const char *mode)
{
    char options[1024], listen[PEAL_SOCKET_ADDR_TEXT_MAX], next[PEAL_SOCKET_ADDR_TEXT_MAX];
    const sipp_options in = {
        .host = "callee", .calls = p->calls, .pause_ms = p->pause_ms, .is_tolerant = p->is_tolerant
    };
    sipp_options out = {
        .host = "caller", .calls = p->calls, .rate_ms = p->rate_ms, .pause_ms = p->pause_ms
    };
    s->callee = sipp_play(s->net, &s->callee_scenario, &in);
    ck_assert_ptr_nonnull(s->callee);
    peal_socket_addr to = sipp_address(s->callee);
    (void)peal_socket_addr_format(&to, true, next);
    ck_assert_int_eq(peal_sim_host_address(peal_test_net_host(s->net, "b2bua"), 0, &out.to),
                     PEAL_OK);
    out.to.port = 5060;
    (void)peal_socket_addr_format(&out.to, true, listen);
    (void)snprintf(options, sizeof options,
                   "--threads %s --linger-ms 0 --listen udp:%s --next-hop sip:%s %s", mode, listen,
                   next, p->options);
    s->node = b2bua_node_start(peal_test_net_port(s->net, "b2bua"), options);
    ck_assert_ptr_nonnull(s->node);
    ck_assert_int_eq(peal_test_net_run(s->net, FOREVER_MS, is_ready, s), PEAL_OK);
    s->caller = sipp_play(s->net, &s->caller_scenario, &out);
    ck_assert_ptr_nonnull(s->caller);
}

/* What is wrong with either side, first with one that has failed. */
static char *side_failure(const stage *s)
{
    bool is_callee = sipp_has_failed(s->callee) && !sipp_has_failed(s->caller);
    char *failure = sipp_failure(is_callee ? s->callee : s->caller);
    return failure ? failure : sipp_failure(s->callee);
}

/* Both to their end. @return NULL, or what is wrong */
static char *play_calls(stage *s)
{
    peal_result r = peal_test_net_run(s->net, FOREVER_MS, are_over, s);
    char *failure = side_failure(s);
    if (!failure && r == PEAL_OK) {
        r = peal_test_net_run(s->net, FOREVER_MS, is_quiet, s);
        failure = side_failure(s); /* what came late */
    }
    if (!failure && r != PEAL_OK) {
        peal__test_text text = { NULL, 0, 0 };
        peal__test_addf(&text, "peal-b2bua is never quiet: %zu calls", b2bua_node_calls(s->node));
        failure = text.p;
    }
    return failure;
}

/* @return its exit status. After a failure it is told twice, and ends its calls. */
static int take_down(stage *s, bool has_failed)
{
    for (int i = 0; i < (has_failed ? 2 : 1); ++i) {
        b2bua_node_term(s->node);
        (void)peal_sim_run(peal_test_net_sim(s->net), 10, NULL, NULL);
    }
    (void)peal_sim_run(peal_test_net_sim(s->net), FOREVER_MS, is_down, s);
    return b2bua_node_free(s->node);
}

/* The network was as bad as it should be. */
static void check_faults(const stage *s, const pair *p)
{
    peal_sim_stats stats = { .size = sizeof stats };
    peal_sim_get_stats(peal_test_net_sim(s->net), &stats);
    ck_assert_int_eq(stats.lost > 0, p->loss_percent > 0);
    ck_assert_int_eq(stats.duplicated > 0, p->duplicate_percent > 0);
    ck_assert_int_eq(stats.reordered > 0, p->reorder_percent > 0);
}

/* @return NULL, or what is wrong with the ladder below it */
static char *play_scenarios(const pair *p, const char *mode, uint64_t seed, stage *s,
                            uint64_t *ret_hash)
{
    s->net = peal_test_net_new(seed);
    set_network(s, p, seed);
    begin(s, p, mode);
    char *failure = play_calls(s);
    *ret_hash = peal_sim_trace_hash(peal_test_net_sim(s->net));
    int status = take_down(s, failure != NULL);
    if (failure) {
        char *ladder = peal_test_ladder_text(peal_test_net_ladder(s->net));
        peal__test_text text = { NULL, 0, 0 };
        peal__test_addf(&text, "%s\n%s", failure, ladder);
        free(ladder);
        free(failure);
        failure = text.p;
    } else {
        check_faults(s, p);
    }
    peal_test_net_free(s->net);
    sipp_free(s->caller);
    sipp_free(s->callee);
    peal_test_check_nothing_left();
    if (!failure) {
        ck_assert_int_eq(status, 0);
    }
    return failure;
}

static uint64_t play(const pair *p, const char *mode, uint64_t seed)
{
    stage s = { .net = NULL };
    uint64_t hash = 0;
    char *failure = sipp_read_file(folder, p->caller, &s.caller_scenario);
    if (!failure) {
        failure = sipp_read_file(folder, p->callee, &s.callee_scenario);
    }
    if (!failure) {
        failure = play_scenarios(p, mode, seed, &s, &hash);
    }
    sipp_scenario_fini(&s.caller_scenario);
    sipp_scenario_fini(&s.callee_scenario);
    if (failure) {
        (void)fprintf(stderr, "threads %s, seed %llu: %s\n", mode, (unsigned long long)seed,
                      failure);
        free(failure);
        ck_abort_msg("%s and %s fail with %s threads", p->caller, p->callee, mode);
    }
    return hash;
}

START_TEST(scenarios_of_sipp_in_every_mode)
    {
        static const char *const modes[] = { "polled", "3", "1" };
        const char *full = getenv("PEAL_FULL");
        const uint64_t seeds = full && *full && *full != '0' ? SEEDS_FULL : SEEDS;
        for (size_t m = 0; m < (PEAL_HAVE_THREADS ? PEAL_COUNT_OF(modes) : 1); ++m) {
            uint64_t first = play(&pairs[_i], modes[m], 1);
            ck_assert_uint_eq(first, play(&pairs[_i], modes[m], 1)); /* again, and the same */
            for (uint64_t seed = 2; seed <= seeds; ++seed) {
                ck_assert_uint_ne(first, play(&pairs[_i], modes[m], seed));
            }
        }
    }
END_TEST

static bool is_played(const char *file)
{
    char caller[64], callee[64];
    for (size_t i = 0; i < PEAL_COUNT_OF(pairs); ++i) {
        (void)snprintf(caller, sizeof caller, "%s.xml", pairs[i].caller);
        (void)snprintf(callee, sizeof callee, "%s.xml", pairs[i].callee);
        if (strcmp(file, caller) == 0 || strcmp(file, callee) == 0) {
            return true;
        }
    }
    return false;
}

START_TEST(no_scenario_is_forgotten)
    {
        size_t count = 0;
        DIR *files = opendir(folder);
        ck_assert_ptr_nonnull(files);
        for (const struct dirent *file; (file = readdir(files)) != NULL;) {
            const char *end = strrchr(file->d_name, '.');
            if (end && strcmp(end, ".xml") == 0) {
                ck_assert_msg(is_played(file->d_name), "%s is in no pair", file->d_name);
                ++count;
            }
        }
        (void)closedir(files);
        ck_assert_uint_gt(count, 0);
    }
END_TEST

/* ---- what goes wrong ---- */

static void expect_bad(const char *inside, const char *failure)
{
    sipp_scenario scenario;
    peal__test_text xml = { NULL, 0, 0 };
    peal__test_addf(&xml, "<scenario name=\"x\">\n%s</scenario>", inside);
    char *said = sipp_read("bad", peal__test_str(&xml), &scenario);
    ck_assert_ptr_nonnull(said);
    ck_assert_str_eq(said, failure);
    ck_assert_uint_eq(scenario.count, 0);
    free(said);
    free(xml.p);
}

START_TEST(what_is_unknown_is_named)
    {
        expect_bad("<nop/>", "bad.xml:2: unknown element nop");
        expect_bad("<recv request=\"BYE\" crlf=\"true\"/>", "bad.xml:2: unknown attribute crlf");
        expect_bad("<send>\nBYE [next_uri] SIP/2.0\n</send>",
                   "bad.xml:4: unknown keyword next_uri");
        expect_bad("<recv/>", "bad.xml:2: one of request and response is needed by recv");
        expect_bad("<recv response=\"2xx\"/>", "bad.xml:2: not a number: 2xx");
        expect_bad("<recv request=\"BYE\" optional=\"1\"/>",
                   "bad.xml:2: neither true nor false: 1");
        expect_bad("<recv request=\"BYE\"><action><log message=\"x\"/></action></recv>",
                   "bad.xml:2: unknown element log");
        expect_bad("<recv request=\"BYE\"><action><ereg regexp=\"(\" search_in=\"body\""
                   " assign_to=\"1\"/></action></recv>",
                   "bad.xml:2: wrong regular expression (");
        expect_bad("<send> </send>", "bad.xml:2: nothing to send");
        expect_bad("", "bad.xml:2: nothing to do in scenario");
        expect_bad("<pause>", "bad.xml:2: bad XML: mismatched tag");
    }
END_TEST

/* A scenario that the other side does not follow fails, and its ladder shows where. */
static void expect_failure(const pair *p, const char *failure)
{
    stage s = { .net = NULL };
    uint64_t hash = 0;
    ck_assert_ptr_null(sipp_read_file(folder, p->caller, &s.caller_scenario));
    ck_assert_ptr_null(sipp_read_file(folder, p->callee, &s.callee_scenario));
    char *said = play_scenarios(p, "polled", 1, &s, &hash);
    sipp_scenario_fini(&s.caller_scenario);
    sipp_scenario_fini(&s.callee_scenario);
    ck_assert_ptr_nonnull(said);
    ck_assert_msg(strncmp(said, failure, strlen(failure)) == 0, "%s", said);
    ck_assert_ptr_nonnull(strstr(said, "INVITE"));
    ck_assert_ptr_nonnull(strstr(said, "b2bua"));
    free(said);
}

START_TEST(what_does_not_fit_is_told_with_its_ladder)
    {
        const pair refused = { "uac", "uas_reject", "", 1, 0, 50, .is_tolerant = false };
        const pair plain = { "uac", "uas_reinvite", "", 1, 0, 50, .is_tolerant = false };
        const pair silent = { "uac_waits", "uas", "", 1, 0, 50, .is_tolerant = false };
        const pair bare = { "uac", "uas_delayed", "", 1, 0, 50, .is_tolerant = false };
        const pair cut = { "uac", "uas", "", 1, 0, 50, .is_tolerant = false, .loss_percent = 100 };
        expect_failure(&refused, "uac.xml:31: call 1: has no place here: SIP/2.0 302 ");
        expect_failure(&plain, "uas_reinvite.xml:45: call 1: has no place here: BYE sip:bob@");
        expect_failure(&silent, "uac_waits.xml: 0 of 1 calls are over; call 1 waits in line 47");
        expect_failure(&bare, "uas_delayed.xml:44: call 1: a pattern is not found in ACK sip:bob@");
        expect_failure(&cut, "uac.xml:30: call 1: nothing comes after INVITE sip:service@10.0.0.");
    }
END_TEST

static void fail_check(void *arg, const char *text)
{
    (void)arg;
    ck_abort_msg("%s", text);
}

int main(void)
{
    const char *top = getenv("top_srcdir");
    if (!sipp_can_read()) {
        (void)fprintf(stderr, "built without Expat\n");
        return EXIT_SKIPPED;
    }
    (void)snprintf(folder, sizeof folder, "%s/test/flows", top ? top : ".");
    peal_test_set_failure_handler(fail_check, NULL);
    Suite *suite = suite_create("scenarios of SIPp in the simulator");
    TCase *tests = tcase_create("scenarios");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, scenarios_of_sipp_in_every_mode, 0, PEAL_COUNT_OF(pairs));
    tcase_add_test(tests, no_scenario_is_forgotten);
    tcase_add_test(tests, what_is_unknown_is_named);
    tcase_add_test(tests, what_does_not_fit_is_told_with_its_ladder);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
