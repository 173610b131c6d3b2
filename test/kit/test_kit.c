/* SPDX-License-Identifier: MIT */
/* Role: tests of the test kit itself: what it must notice, and what it says then. */
#include <check.h>
#include <stdlib.h>

#include <peal/peal.h>
#include <peal/test/failure.h>
#include <peal/test/memory.h>
#include <peal/test/script.h>

#include "test/kit/kit_priv.h"

/* ---- failures ---- */

static char said[512];
static unsigned failures;

static void note_failure(void *arg, const char *text)
{
    ck_assert_ptr_eq(arg, said);
    ++failures;
    strncpy(said, text, sizeof said - 1);
}

static void watch_failures(void)
{
    failures = 0;
    said[0] = '\0';
    peal_test_set_failure_handler(note_failure, said);
}

static void fail_check(void *arg, const char *text)
{
    (void)arg;
    ck_abort_msg("%s", text);
}

static void fail_hard(void)
{
    peal_test_set_failure_handler(fail_check, NULL);
}

/* ---- memory ---- */

START_TEST(the_nth_allocation_fails_or_all_from_it)
{
    ck_assert_int_eq(peal_test_alloc_install(), PEAL_OK);
    peal_test_alloc_fail_nth(2);
    void *a = peal_alloc(1), *b = peal_alloc(1), *c = peal_alloc(1);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_null(b);
    ck_assert_ptr_nonnull(c);
    ck_assert(peal_test_alloc_has_failed());
    ck_assert_uint_eq(peal_test_alloc_count(), 3);
    peal_test_alloc_fail_from(2);
    ck_assert(!peal_test_alloc_has_failed());
    b = peal_realloc(a, 100);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_null(peal_alloc(1));
    ck_assert_ptr_null(peal_realloc(b, 200));
    peal_test_alloc_fail_nth(0);
    ck_assert_int_eq(peal_test_alloc_install(), PEAL_E_STATE);
    peal_free(b);
    peal_free(c);
    peal_test_alloc_remove();
}
END_TEST

START_TEST(what_is_left_is_named)
{
    ck_assert(peal_test_is_nothing_left());
    peal_test_check_nothing_left();
    void *block = peal_alloc(1);
    ck_assert(!peal_test_is_nothing_left());
    watch_failures();
    peal_test_check_nothing_left();
    ck_assert_uint_eq(failures, 1);
    ck_assert_str_eq(said, "left behind: 1 blocks");
    fail_hard();
    peal_free(block);
}
END_TEST

static unsigned bodies;
static void careful(void *arg)
{
    void **ret_leaked = arg;
    ++bodies;
    void *a = peal_alloc(1), *b = a ? peal_alloc(1) : NULL;
    peal_free(b);
    if (ret_leaked && a && !b) {
        *ret_leaked = a;
    } else {
        peal_free(a);
    }
}

START_TEST(each_allocation_fails_in_turn)
{
    bodies = 0;
    ck_assert_uint_eq(peal_test_each_allocation(false, careful, NULL), 3);
    ck_assert_uint_eq(bodies, 3);
    ck_assert_uint_eq(peal_test_each_allocation(true, careful, NULL), 3);
}
END_TEST

START_TEST(a_leak_when_memory_is_out_is_found)
{
    void *leaked = NULL;
    watch_failures();
    ck_assert_uint_eq(peal_test_each_allocation(false, careful, &leaked), 2);
    ck_assert_uint_ge(failures, 2);
    fail_hard();
    peal_free(leaked);
    peal_test_alloc_remove();
}
END_TEST

/* ---- patterns ---- */

static bool matches(const char *pattern, const char *text)
{
    peal__test_vars vars = { NULL, 0 };
    bool yes = peal__test_matches(&vars, peal_str_z(pattern), peal_str_z(text));
    peal__test_vars_fini(&vars);
    return yes;
}

START_TEST(patterns_match_what_they_say)
{
    ck_assert(matches("", ""));
    ck_assert(matches("*", ""));
    ck_assert(matches("a*c", "abbbc"));
    ck_assert(matches("a?c", "abc"));
    ck_assert(matches("*;tag=x", "<sip:a@b>;tag=x"));
    ck_assert(!matches("a?c", "ac"));
    ck_assert(!matches("a*c", "abcd"));
    ck_assert(!matches("", "a"));
    ck_assert(matches("[::1]:*", "[::1]:5060")); /* no variable */
}
END_TEST

START_TEST(patterns_keep_what_they_find)
{
    peal__test_vars vars = { NULL, 0 };
    ck_assert(peal__test_matches(&vars, PEAL_STR("*;tag=[mine=];x"), PEAL_STR("<u>;tag=abc;x")));
    ck_assert_str_eq(peal__test_get(&vars, PEAL_STR("mine")), "abc");
    peal__test_text text = { NULL, 0, 0 };
    ck_assert_ptr_null(peal__test_expand(NULL, &vars, PEAL_STR("<[mine]> [::1] [mine=]"), &text));
    ck_assert_str_eq(text.p, "<abc> [::1] [mine=]");
    char *missing = peal__test_expand(NULL, &vars, PEAL_STR("[yours]"), &text);
    ck_assert_str_eq(missing, "yours");
    free(missing);
    free(text.p);
    peal__test_vars_fini(&vars);
}
END_TEST

START_TEST(messages_are_read_as_text)
{
    const peal_str m = PEAL_STR("SIP/2.0 200 OK\r\nv: one\r\nVia: two\r\nTo: <sip:a;x@b>;tag=t;y\r\n"
                                "Subject: fol\r\n ded\r\nCSeq: 7 BYE\r\n\r\nbody");
    ck_assert_uint_eq(peal__test_status(m), 200);
    ck_assert(peal_str_eq(peal__test_method(m), PEAL_STR("BYE")));
    ck_assert(peal_str_eq(peal__test_header(m, PEAL_STR("Via"), 1), PEAL_STR("two")));
    ck_assert(peal_str_eq(peal__test_header(m, PEAL_STR("via"), 0), PEAL_STR("one")));
    ck_assert_ptr_null(peal__test_header(m, PEAL_STR("Via"), 2).p);
    ck_assert(peal_str_eq(peal__test_header(m, PEAL_STR("Subject"), 0), PEAL_STR("fol\r\n ded")));
    peal_str to = peal__test_header(m, PEAL_STR("To"), 0);
    ck_assert(peal_str_eq(peal__test_tag(to), PEAL_STR("t")));
    ck_assert(peal_str_eq(peal__test_uri(to), PEAL_STR("sip:a;x@b")));
    ck_assert(peal_str_eq(peal__test_body(m), PEAL_STR("body")));
    ck_assert_uint_eq(peal__test_status(PEAL_STR("SIP/2.0 2")), 0);
    ck_assert_uint_eq(peal__test_body(PEAL_STR("\r\n")).n, 0);
}
END_TEST

/* ---- scripts: two peers and nothing between them ---- */

static char *play_on(peal_test_net *net, const char *text)
{
    const peal_test_play_options options = { .size = sizeof options, .wait_ms = 3000 };
    char *failure = peal_test_play(net, "test", text, &options);
    peal_test_net_free(net);
    return failure;
}

static char *play(const char *text)
{
    return play_on(peal_test_net_new(5), text);
}

static void plays(const char *text)
{
    char *failure = play(text);
    ck_assert_msg(!failure, "%s", failure);
    ck_assert(peal_test_is_nothing_left());
}

/* It fails, and the failure says all of these. */
static void fails(const char *text, const char *line, const char *why, const char *ladder)
{
    char *failure = play(text);
    ck_assert_ptr_nonnull(failure);
    ck_assert_msg(strncmp(failure, line, strlen(line)) == 0, "%s", failure);
    ck_assert_msg(strstr(failure, why) != NULL, "%s", failure);
    ck_assert_msg(!ladder || strstr(failure, ladder), "%s", failure);
    free(failure);
    ck_assert(peal_test_is_nothing_left());
}

#define CALL                                                                                       \
    "peer alice\n"                                                                                 \
    "peer bob\n"                                                                                   \
    "alice sends INVITE to bob\n"                                                                  \
    "bob expects INVITE\n"

START_TEST(two_peers_have_a_call)
{
    static const char script[] = CALL "    From: *;tag=[from=]\n"
                                      "    !From: *;tag=\n"
                                      "    Content-Type: application/sdp\n"
                                      "    -Subject\n"
                                      "\n"
                                      "    [sdp]\n"
                                      "bob answers 180 Ringing tag b\n"
                                      "alice expects 180/INVITE\n"
                                      "    From: *;tag=[from]\n"
                                      "    To: *;tag=b\n"
                                      "bob answers 200 OK\n"
                                      "alice expects 200\n"
                                      "alice sends ACK\n"
                                      "bob expects ACK\n"
                                      "    To: *;tag=b\n"
                                      "bob sends BYE\n"
                                      "alice expects BYE\n"
                                      "    From: *;tag=b\n"
                                      "    To: *;tag=[from]\n"
                                      "alice answers 200 OK\n"
                                      "bob expects 200/BYE\n";
    plays(script);
    char *failure = play_on(peal_test_net_new_real(NULL), script);
    ck_assert_msg(!failure, "%s", failure);
}
END_TEST

START_TEST(peers_write_what_they_like)
{
    plays("peer alice v6\npeer bob v6\n"
          "let subject a b\n"
          "alice writes to bob\n"
          "    NONSENSE sip:[bob] SIP/2.0\n"
          "    Subject: [subject]\n"
          "    Call-ID: x\n"
          "    Content-Length: [len]\n"
          "\n"
          "    four\n"
          "bob expects NONSENSE\n"
          "    > NONSENSE sip:[bob] SIP/2.0\n"
          "    Subject: [subject]\n"
          "    Content-Length: 6\n"
          "alice repeats NONSENSE\n"
          "bob hears nothing within 100\n");
}
END_TEST

START_TEST(parts_and_loops_are_played)
{
    plays("define ask\n"
          "alice sends OPTIONS new to bob\n"
          "    X: [n]\n"
          "bob expects OPTIONS\n"
          "    X: [n]\n"
          "bob answers 200 OK\n"
          "alice expects 200\n"
          "done\n"
          "peer alice\n"
          "peer bob\n"
          "repeat 3\n"
          "ask\n"
          "end\n"
          "let n 9\n"
          "ask\n"
          "alice sends OPTIONS new as one to bob\n"
          "alice sends OPTIONS new as two to bob\n"
          "bob expects OPTIONS as one\n"
          "bob expects OPTIONS as two\n"
          "bob answers 486 No as one\n"
          "alice expects 486\n"
          "wait 50\n"
          "bob forgets within 10\n");
}
END_TEST

START_TEST(failures_show_line_reason_and_ladder)
{
    fails(CALL "bob answers 486 Busy\nalice expects 200\n", "test:6: alice expects 200",
          "it gets: SIP/2.0 486 Busy", "|<-486 (1 INVITE)");
    fails(CALL "bob answers 200 OK\n", "test:0: (end)",
          "alice has not read: SIP/2.0 200 OK", "|-INVITE (1)---");
    fails("peer bob\nbob expects INVITE within 100\n", "test:2:", "nothing comes", "seed 5");
    fails(CALL "    Subject: x\n", "test:4:", "Subject:  is not what is expected: x", NULL);
    fails(CALL "    !From: *\n", "test:4:", "is what is expected: *", NULL);
    fails(CALL "    -From\n", "test:4:", "there is a header From", NULL);
    fails(CALL "    > BYE *\n", "test:4:", "the start line is not: BYE *", NULL);
    fails(CALL "\n    other\n", "test:4:", "the body is:", NULL);
    fails(CALL "bob hears nothing within 10\nalice sends INFO\nbob hears nothing within 10\n",
          "test:7:", "it hears: INFO", NULL);
}
END_TEST

START_TEST(bad_scripts_are_told)
{
    fails("peer\n", "test:1:", "needs a name", NULL);
    fails("peer a\npeer a\n", "test:2:", "needs a name", NULL);
    fails("peer a\na sends INVITE to nobody\n", "test:2:", "nobody is called nobody", NULL);
    fails("peer a\na dances\n", "test:2:", "cannot do this", NULL);
    fails("peer a\na answers 200\n", "test:2:", "no request to answer", NULL);
    fails("peer a\na answers 20\n", "test:2:", "answers what?", NULL);
    fails("peer a\na sends INVITE to\n", "test:2:", "to what?", NULL);
    fails("peer a\na expects 200 within x\n", "test:2:", "within how many", NULL);
    fails("peer a\na repeats INVITE\n", "test:2:", "has sent nothing", NULL);
    fails("nonsense\n", "test:1:", "no such command", NULL);
    fails("peer a\nb expects 200\n    To: *\n", "test:2:", "no such peer: b", NULL);
    fails("wait x\n", "test:1:", "milliseconds", NULL);
    fails("repeat 0\n", "test:1:", "how often", NULL);
    fails("end\n", "test:1:", "nothing is repeated", NULL);
    fails("done\n", "test:1:", "nothing is defined", NULL);
    fails("define x\n", "test:1:", "no \"done\"", NULL);
    fails("#line 30\nlet x [y]\n", "test:30:", "[y] is not set", NULL);
    fails("wait 1\n    more\n", "test:1:", "takes none", NULL);
    fails("cut nobody\n", "test:1:", "no host nobody", NULL);
    fails("link speed=9\n", "test:1:", "has no speed", NULL);
    char *failure = play_on(peal_test_net_new_real(NULL), "heal\n");
    ck_assert_ptr_nonnull(strstr(failure, "needs a simulated network"));
    free(failure);
}
END_TEST

START_TEST(faults_happen_to_the_network)
{
    plays(CALL "cut bob\n"
               "bob answers 200 OK\n"
               "alice hears nothing within 100\n"
               "heal\n"
               "bob answers 200 OK\n"
               "alice expects 200\n"
               "link loss=100\n"
               "alice sends ACK\n"
               "bob hears nothing within 100\n"
               "link delay=5\n"
               "alice sends ACK\n"
               "bob expects ACK within 6\n");
    fails(CALL "link loss=100\nbob answers 486 Busy\nalice expects 486\n", "test:7:",
          "nothing comes", "lost");
}
END_TEST

/* ---- commands and invariants ---- */

static peal_result shout(void *arg, peal_test_script *script, const char *words)
{
    (void)arg;
    ck_assert_str_eq(words, "very loud");
    ck_assert_ptr_nonnull(peal_test_script_net(script));
    peal_test_script_set(script, "heard", "yes");
    ck_assert_str_eq(peal_test_script_get(script, "heard"), "yes");
    ck_assert_ptr_null(peal_test_script_get(script, "other"));
    return peal_test_script_fail(script, "too %s", "loud");
}

START_TEST(commands_of_the_caller_are_run)
{
    const peal_test_command command = { "shout", shout, NULL };
    const peal_test_play_options options = { .size = sizeof options, .commands = &command,
                                             .command_count = 1 };
    peal_test_net *net = peal_test_net_new(1);
    char *failure = peal_test_play(net, "test", "let how loud\nshout very [how]\n", &options);
    peal_test_net_free(net);
    ck_assert_ptr_nonnull(failure);
    ck_assert_ptr_nonnull(strstr(failure, "too loud"));
    free(failure);
}
END_TEST

static const char *no_second_message(void *arg, const peal_sim_event *event)
{
    unsigned *count = arg;
    *count += event->kind == PEAL_SIM_ARRIVED;
    return *count > 1 ? "two messages are one too many" : NULL;
}

START_TEST(a_broken_invariant_stops_the_run)
{
    unsigned count = 0;
    peal_test_net *net = peal_test_net_new(1);
    peal_test_net_add_invariant(net, no_second_message, &count);
    ck_assert_ptr_null(peal_test_net_fault(net));
    char *failure = peal_test_play(net, "test", CALL "bob answers 200 OK\nalice expects 200\n",
                                   NULL);
    ck_assert_str_eq(peal_test_net_fault(net), "two messages are one too many");
    ck_assert_int_eq(peal_test_net_run(net, 10, NULL, NULL), PEAL_E_STATE);
    peal_test_net_free(net);
    ck_assert_ptr_nonnull(strstr(failure, "two messages are one too many"));
    ck_assert_ptr_nonnull(strstr(failure, "test:6: alice expects 200"));
    free(failure);
}
END_TEST

/* ---- ladders ---- */

START_TEST(a_ladder_keeps_the_last_messages)
{
    peal_test_ladder *ladder = peal_test_ladder_new(3);
    peal_socket_addr a = { .family = PEAL_AF_IPV4, .ip = { 10, 0, 0, 1 }, .port = 1 }, b = a;
    b.port = 2;
    peal_test_ladder_name(ladder, &a, "left");
    peal_test_ladder_name(ladder, &b, "right");
    for (uint64_t i = 1; i <= 5; ++i) {
        peal_test_ladder_add(ladder, i, i * 1000, i % 2 ? &a : &b, i % 2 ? &b : &a,
                             PEAL_STR("ACK sip:x SIP/2.0\r\nCSeq: 1 ACK\r\n\r\n"));
    }
    peal_test_ladder_mark(ladder, 1, "gone"); /* no longer kept */
    peal_test_ladder_mark(ladder, 4, "lost");
    peal_test_ladder_add(ladder, 0, 6000, &a, &a, PEAL_STR("\x01\x02"));
    peal_test_ladder_note(ladder, 7000, "the end");
    char *text = peal_test_ladder_text(ladder);
    peal_test_ladder_free(ladder);
    ck_assert_str_eq(text, "           left                 right\n"
                           "           ... 4 messages before\n"
                           "     0.005 |-ACK (1)----------->|\n"
                           "     0.006 |=> 2 bytes          |\n"
                           "     0.007 -- the end\n");
    free(text);
}
END_TEST

START_TEST(a_ladder_watches_a_world)
{
    peal_test_net *net = peal_test_net_new(1);
    peal_sim *sim = peal_test_net_sim(net);
    ck_assert_ptr_eq(peal_test_net_host(net, "x"), peal_test_net_host(net, "x"));
    ck_assert_ptr_eq(peal_test_net_port(net, "x"),
                     peal_sim_host_port(peal_test_net_host(net, "x")));
    peal_sim_host_pause(peal_test_net_host(net, "x"), false);
    peal_sim_host_kill(peal_test_net_host(net, "x"));
    ck_assert_uint_eq(peal_test_net_now_us(net), peal_sim_now_us(sim));
    ck_assert_uint_ne(peal_test_net_random(net), peal_test_net_random(net));
    char *text = peal_test_ladder_text(peal_test_net_ladder(net));
    ck_assert_ptr_nonnull(strstr(text, "-- x is paused\n"));
    ck_assert_ptr_nonnull(strstr(text, "-- x is killed\n"));
    free(text);
    peal_test_net_free(net);
}
END_TEST

static Suite *kit_suite(void)
{
    Suite *suite = suite_create("kit");
    TCase *tests = tcase_create("kit");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_nth_allocation_fails_or_all_from_it);
    tcase_add_test(tests, what_is_left_is_named);
    tcase_add_test(tests, each_allocation_fails_in_turn);
    tcase_add_test(tests, a_leak_when_memory_is_out_is_found);
    tcase_add_test(tests, patterns_match_what_they_say);
    tcase_add_test(tests, patterns_keep_what_they_find);
    tcase_add_test(tests, messages_are_read_as_text);
    tcase_add_test(tests, two_peers_have_a_call);
    tcase_add_test(tests, peers_write_what_they_like);
    tcase_add_test(tests, parts_and_loops_are_played);
    tcase_add_test(tests, failures_show_line_reason_and_ladder);
    tcase_add_test(tests, bad_scripts_are_told);
    tcase_add_test(tests, faults_happen_to_the_network);
    tcase_add_test(tests, commands_of_the_caller_are_run);
    tcase_add_test(tests, a_broken_invariant_stops_the_run);
    tcase_add_test(tests, a_ladder_keeps_the_last_messages);
    tcase_add_test(tests, a_ladder_watches_a_world);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    fail_hard();
    SRunner *runner = srunner_create(kit_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
