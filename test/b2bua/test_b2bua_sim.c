/* SPDX-License-Identifier: MIT */
/* Role: the flows of test/flows/scripts through the real peal-b2bua in a simulated network, in each
 * thread mode, with several orders of its threads (with PEAL_FULL=1 many). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <peal/test/failure.h>
#include <peal/test/memory.h>
#include <peal/test/script.h>

#include "test/b2bua/b2bua_node.h"
#include "test/b2bua/flow_files.h"

enum { OPTIONS_BYTES = 2048, FOREVER_MS = 200000, SEEDS = 4, SEEDS_FULL = 200 };

typedef struct stage {
    peal_test_net *net;
    b2bua_node *node;
    const char *mode; /* of --threads */
} stage;

static peal_sim_host *host_of(stage *s)
{
    return peal_test_net_host(s->net, "b2bua");
}

static peal_socket_addr address_of(stage *s, bool v6)
{
    peal_socket_addr address = { .port = 0 };
    for (size_t i = 0; peal_sim_host_address(host_of(s), i, &address) == PEAL_OK; ++i) {
        if ((address.family == PEAL_AF_IPV6) == v6) {
            break;
        }
    }
    address.port = 5060;
    return address;
}

/* ---- conditions ---- */

static bool is_ready(void *arg)
{
    return b2bua_node_is_ready(((stage *)arg)->node);
}

static bool is_quiet(void *arg)
{
    return b2bua_node_is_quiet(((stage *)arg)->node);
}

static bool has_heard(void *arg)
{
    return b2bua_node_has_heard(((stage *)arg)->node);
}

static bool is_down(void *arg)
{
    return b2bua_node_is_down(((stage *)arg)->node);
}

static peal_result wait_for(peal_test_script *script, stage *s, bool (*done)(void *arg),
                            const char *what)
{
    peal_result r = peal_test_net_run(s->net, FOREVER_MS, done, s);
    if (r == PEAL_I_END) {
        return peal_test_script_fail(script, "peal-b2bua is never %s: %zu calls", what,
                                     b2bua_node_calls(s->node));
    }
    return r;
}

/* ---- commands ---- */

static peal_result start(void *arg, peal_test_script *script, const char *words)
{
    stage *s = arg;
    char options[OPTIONS_BYTES], listen[2][PEAL_SOCKET_ADDR_TEXT_MAX];
    bool v6 = strncmp(words, "v6", 2) == 0, both = strncmp(words, "both", 4) == 0;
    const peal_socket_addr first = address_of(s, v6), second = address_of(s, true);
    if (s->node) {
        return peal_test_script_fail(script, "there is one already");
    }
    (void)peal_socket_addr_format(&first, true, listen[0]);
    (void)peal_socket_addr_format(&second, true, listen[1]);
    (void)snprintf(options, sizeof options, "--threads %s --linger-ms 0 --listen udp:%s %s%s %s",
                   s->mode, listen[0], both ? "--listen udp:" : "", both ? listen[1] : "",
                   words + (v6 ? 2 : both ? 4 : 0));
    s->node = b2bua_node_start(peal_test_net_port(s->net, "b2bua"), options);
    if (!s->node) {
        return peal_test_script_fail(script, "peal-b2bua does not start");
    }
    peal_test_script_set_address(script, "b2bua", &first);
    peal_test_script_set_address(script, "b2bua6", &second);
    peal_test_script_set_address(script, "target", &first);
    return wait_for(script, s, is_ready, "ready");
}

static peal_result term(void *arg, peal_test_script *script, const char *words)
{
    stage *s = arg;
    (void)words;
    b2bua_node_term(s->node);
    return wait_for(script, s, has_heard, "listening to SIGTERM");
}

static peal_result exited(void *arg, peal_test_script *script, const char *words)
{
    stage *s = arg;
    (void)words;
    peal_result r = wait_for(script, s, is_down, "down");
    if (r < 0) {
        return r;
    }
    int status = b2bua_node_free(s->node);
    s->node = NULL;
    return status ? peal_test_script_fail(script, "exit status %d", status) : PEAL_OK;
}

static peal_result quiet(void *arg, peal_test_script *script, const char *words)
{
    (void)words;
    return wait_for(script, arg, is_quiet, "quiet");
}

static peal_result stop(void *arg, peal_test_script *script, const char *words)
{
    peal_result r = quiet(arg, script, words);
    if (r >= 0) {
        r = term(arg, script, words);
    }
    return r < 0 ? r : exited(arg, script, words);
}

/* ---- playing ---- */

/* After a failure: whatever it takes. */
static void take_down(stage *s)
{
    if (s->node) {
        for (int i = 0; i < 2; ++i) {
            b2bua_node_term(s->node);
            (void)peal_sim_run(peal_test_net_sim(s->net), 10, NULL, NULL);
        }
        (void)peal_sim_run(peal_test_net_sim(s->net), FOREVER_MS, is_down, s);
        (void)b2bua_node_free(s->node);
    }
}

/* With every other seed threads are held back too. */
static uint64_t play(const flow *f, const char *mode, uint64_t seed)
{
    stage s = { .net = peal_test_net_new(seed), .mode = mode };
    const peal_test_command commands[] = { { "b2bua", start, &s },
                                           { "term", term, &s },
                                           { "exited", exited, &s },
                                           { "quiet", quiet, &s },
                                           { "stop", stop, &s } };
    const peal_test_play_options options = { .size = sizeof options, .commands = commands,
                                             .command_count = PEAL_COUNT_OF(commands) };
    if (seed % 2 == 0) {
        const peal_sim_schedule schedule = { .size = sizeof schedule, .stall_percent = 20,
                                             .stall_us = 2000 };
        peal_sim_set_schedule(peal_test_net_sim(s.net), &schedule);
    }
    char *failure = peal_test_play(s.net, f->name, f->text, &options);
    uint64_t hash = peal_sim_trace_hash(peal_test_net_sim(s.net));
    take_down(&s);
    peal_test_net_free(s.net);
    if (failure) {
        (void)fprintf(stderr, "threads %s: %s\n", mode, failure);
        free(failure);
        ck_abort_msg("%s fails with %s threads", f->name, mode);
    }
    peal_test_check_nothing_left();
    return hash;
}

static flow *flows;
static size_t flow_count;

START_TEST(a_flow_in_every_mode)
{
    static const char *const modes[] = { "polled", "3", "1" };
    const flow *f = &flows[_i];
    const char *full = getenv("PEAL_FULL");
    const uint64_t seeds = full && *full && *full != '0' ? SEEDS_FULL : SEEDS;
    uint64_t hashes[SEEDS_FULL];
    if (!PEAL_HAVE_IPV6 && flow_needs_ipv6(f)) {
        return;
    }
    for (size_t m = 0; m < (PEAL_HAVE_THREADS ? PEAL_COUNT_OF(modes) : 1); ++m) {
        for (uint64_t seed = 0; seed < seeds; ++seed) {
            hashes[seed] = play(f, modes[m], seed + 1);
        }
        ck_assert_uint_eq(hashes[0], play(f, modes[m], 1)); /* again, and the same */
        if (!strstr(f->name, "idle")) {
            ck_assert_uint_ne(hashes[0], hashes[1]);
        }
    }
}
END_TEST

/* All flows in one number. */
static uint64_t all_hashes(void)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < flow_count; ++i) {
        if (PEAL_HAVE_IPV6 || !flow_needs_ipv6(&flows[i])) {
            hash = hash * 31 + play(&flows[i], PEAL_HAVE_THREADS ? "3" : "polled", 7);
        }
    }
    return hash;
}

/* A run must not depend on where the system puts things in memory, nor on any chance but the
 * seed's: another process has other addresses and other keys. */
START_TEST(another_process_gives_the_same_runs)
{
    char command[64], line[64] = "";
    (void)snprintf(command, sizeof command, "exec /proc/%d/exe hash", (int)getpid());
    FILE *other = popen(command, "r");
    ck_assert_ptr_nonnull(other);
    uint64_t mine = all_hashes();
    ck_assert_ptr_nonnull(fgets(line, sizeof line, other));
    ck_assert_int_eq(pclose(other), 0);
    ck_assert_uint_eq(mine, strtoull(line, NULL, 16));
}
END_TEST

static void fail_check(void *arg, const char *text)
{
    (void)arg;
    ck_abort_msg("%s", text);
}

int main(int argc, char **argv)
{
    char folder[OPTIONS_BYTES];
    const char *top = getenv("top_srcdir");
    (void)snprintf(folder, sizeof folder, "%s/test/flows/scripts", top ? top : ".");
    flow_count = flows_read(folder, &flows);
    if (!flow_count) {
        (void)fprintf(stderr, "no flows in %s\n", folder);
        return EXIT_FAILURE;
    }
    if (argc > 1 && strcmp(argv[1], "hash") == 0) {
        (void)printf("%llx\n", (unsigned long long)all_hashes());
        flows_free(flows, flow_count);
        return EXIT_SUCCESS;
    }
    peal_test_set_failure_handler(fail_check, NULL);
    Suite *suite = suite_create("b2bua in the simulator");
    TCase *tests = tcase_create("flows");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_flow_in_every_mode, 0, (int)flow_count);
    tcase_add_test(tests, another_process_gives_the_same_runs);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    flows_free(flows, flow_count);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
