/* SPDX-License-Identifier: MIT */
/* peal-sim: draws worlds from a seed and plays them one after the other until all calls are made or
 * a rule is broken; then shows the ladder, makes the scenario small, and keeps it. Worlds are
 * played in child processes, so that one that crashes or hangs is told like any other. */
#include "apps/sim/sim_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORLD_CALLS_MIN = 20, WORLD_CALLS_MAX = 150, HANG_S = 120, DONE = 0, NOT_DONE = 3 };

/* What a child tells: in memory that it shares with its parent. */
struct shared {
    size_t world; /* being played */
    uint32_t calls;
    uint64_t hash, virtual_ms, datagrams;
    struct world_result result; /* of the last world */
};

static struct shared *shared_new(void)
{
    void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memset(memory, 0, sizeof(struct shared));
}

static void shared_free(struct shared *shared)
{
    if (shared) {
        (void)munmap(shared, sizeof *shared);
    }
}

/* ---- children ---- */

static void fail(struct world_result *result, const char *name, const char *what, int number)
{
    memset(result, 0, sizeof *result);
    (void)snprintf(result->failure.name, sizeof result->failure.name, "%s", name);
    (void)snprintf(result->failure.text, sizeof result->failure.text, "%s %d", what, number);
}

/* How a child ended that has not said so itself. */
static void wait_for(pid_t child, struct world_result *result)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        fail(result, "hang", "no end after seconds:", HANG_S);
    } else if (WIFSIGNALED(status)) {
        fail(result, "crash", "signal", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != DONE && !result->failure.name[0]) {
        fail(result, "crash", "exit status", WEXITSTATUS(status));
    }
}

static _Noreturn void end_child(int status)
{
    (void)fflush(NULL);
    _exit(status);
}

/* What a crash says on standard error is shown once, with the ladder. */
static void hush(void)
{
    if (!freopen("/dev/null", "w", stderr)) {
        end_child(NOT_DONE);
    }
}

void peal__sim_try(const struct scenario *scenario, struct world_result *ret, FILE *ladder)
{
    struct shared *shared = shared_new();
    struct ladder *rungs = ladder ? peal__ladder_new() : NULL;
    memset(ret, 0, sizeof *ret);
    (void)fflush(NULL);
    const pid_t child = shared ? fork() : -1;
    if (child == 0) {
        (void)alarm(HANG_S);
        if (!ladder) {
            hush();
        }
        peal__world_play(scenario, &shared->result, rungs);
        end_child(DONE);
    } else if (child < 0) {
        fail(ret, "fork", "error", errno);
    } else {
        wait_for(child, &shared->result);
        *ret = shared->result;
    }
    if (rungs && ret->failure.name[0]) {
        peal__ladder_print(rungs, scenario, ret->failure.call, ladder);
    }
    peal__ladder_free(rungs);
    shared_free(shared);
}

/* ---- worlds ---- */

static struct scenario *draw_world(const struct sim_options *o, size_t world, uint32_t *ret_calls)
{
    struct draw draw = { o->wish.seed ^ (uint64_t)world * UINT64_C(0x9e3779b97f4a7c15) };
    struct scenario_wish wish = o->wish;
    uint32_t calls = WORLD_CALLS_MIN + peal__draw_below(&draw, WORLD_CALLS_MAX - WORLD_CALLS_MIN);
    wish.seed = peal__draw(&draw);
    wish.calls = *ret_calls < calls ? *ret_calls : calls;
    *ret_calls = wish.calls;
    return peal__scenario_draw(&wish);
}

static bool play_one(struct shared *shared, const struct scenario *scenario)
{
    peal__world_play(scenario, &shared->result, NULL);
    shared->hash = (shared->hash ^ shared->result.hash) * UINT64_C(0x100000001b3);
    shared->virtual_ms += shared->result.virtual_ms;
    shared->datagrams += shared->result.datagrams;
    if (shared->result.failure.name[0]) {
        return false; /* its calls don't count */
    }
    shared->calls += (uint32_t)scenario->call_count;
    return true;
}

static void play_all(const struct sim_options *o, struct shared *shared)
{
    hush();
    while (shared->calls < o->wish.calls) {
        uint32_t calls = o->wish.calls - shared->calls;
        struct scenario *scenario = draw_world(o, shared->world, &calls);
        (void)alarm(HANG_S);
        if (!scenario) {
            end_child(NOT_DONE);
        }
        if (!play_one(shared, scenario)) {
            break;
        }
        peal__scenario_free(scenario);
        shared->world++;
    }
    end_child(DONE);
}

/* The scenario that broke; NULL: all went well. */
static struct scenario *play_drawn(const struct sim_options *o, struct shared *shared)
{
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        play_all(o, shared);
    }
    if (child < 0) {
        fail(&shared->result, "fork", "error", errno);
        return NULL;
    }
    wait_for(child, &shared->result);
    uint32_t calls = o->wish.calls - shared->calls;
    if (!shared->result.failure.name[0]) {
        return NULL;
    }
    return draw_world(o, shared->world, &calls);
}

static struct scenario *play_read(struct shared *shared, struct scenario *scenario)
{
    peal__sim_try(scenario, &shared->result, NULL);
    shared->calls = (uint32_t)scenario->call_count;
    shared->hash = shared->result.hash;
    shared->virtual_ms = shared->result.virtual_ms;
    shared->datagrams = shared->result.datagrams;
    if (shared->result.failure.name[0]) {
        return scenario;
    }
    peal__scenario_free(scenario);
    return NULL;
}

/* ---- telling ---- */

static void tell(const struct sim_options *o, const struct shared *shared,
                 const struct world_result *result)
{
    const struct failure *f = &result->failure;
    printf("broken: %s at %llu.%03llu s, ", f->name, (unsigned long long)(f->at_ms / 1000),
           (unsigned long long)(f->at_ms % 1000));
    if (o->scenario) {
        printf("scenario %s", o->scenario);
    } else {
        printf("seed %llu, world %zu", (unsigned long long)o->wish.seed, shared->world);
    }
    if (f->call) {
        printf(", call %u", f->call);
    }
    printf(": %s\n", f->text);
}

static bool write_file(const char *path, const struct scenario *scenario)
{
    FILE *to = fopen(path, "w");
    bool is_written = to && peal__scenario_write(scenario, to);
    if (to) {
        is_written = fclose(to) == 0 && is_written;
    }
    return is_written;
}

/* Into the directory, or on standard output where that fails. */
static void keep(const struct sim_options *o, const struct scenario *scenario, const char *rule)
{
    char path[512];
    if (o->keep) {
        (void)snprintf(path, sizeof path, "%s/%s-%llu.scenario", o->keep, rule,
                       (unsigned long long)(o->scenario ? scenario->seed : o->wish.seed));
        if (write_file(path, scenario)) {
            printf("again: peal-sim --scenario %s\n", path);
            return;
        }
        peal__sim_complain("%s: %s", path, strerror(errno));
    }
    (void)peal__scenario_write(scenario, stdout);
}

static void tell_all(const struct sim_options *o, const struct shared *shared,
                     struct scenario *scenario)
{
    struct world_result again;
    const struct failure *f = &shared->result.failure;
    tell(o, shared, &shared->result);
    peal__sim_try(scenario, &again, stdout);
    if (strcmp(again.failure.name, f->name) != 0) {
        printf("played alone, it broke %s\n",
               again.failure.name[0] ? again.failure.name : "nothing");
    }
    if (o->shrink) {
        scenario = peal__shrink(scenario, f->name);
        printf("shrunk to %zu calls, %zu hosts, %zu faults\n", scenario->call_count,
               scenario->host_count, scenario->fault_count);
        peal__sim_try(scenario, &again, stdout);
        printf("broken: %s: %s\n", again.failure.name, again.failure.text);
    }
    keep(o, scenario, f->name);
    peal__scenario_free(scenario);
}

/* ---- the program ---- */

static int run(const struct sim_options *o, struct scenario *given, struct shared *shared)
{
    peal_port *port = peal_port_default();
    const uint64_t start = port->vt->now_ns(port);
    struct scenario *broken = given ? play_read(shared, given) : play_drawn(o, shared);
    const double wall = (double)(port->vt->now_ns(port) - start) / 1e9;
    const double virtual_s = (double)shared->virtual_ms / 1000;
    const bool is_broken = shared->result.failure.name[0] != '\0';
    if (broken) {
        tell_all(o, shared, broken);
    } else if (is_broken) {
        tell(o, shared, &shared->result);
    }
    printf("datagrams=%llu rate=%.0f virtual seconds per second\n",
           (unsigned long long)shared->datagrams, wall > 0 ? virtual_s / wall : 0);
    printf("calls=%u virtual_s=%.3f wall_s=%.3f trace=%016llx\n", shared->calls, virtual_s, wall,
           (unsigned long long)shared->hash);
    return is_broken ? EXIT_BROKEN : 0;
}

int main(int argc, char **argv)
{
    struct sim_options options;
    int status = EXIT_USAGE;
    if (peal__sim_options_read(&options, argc, argv, &status) != PEAL_OK) {
        return status;
    }
    struct scenario *given = options.scenario ? peal__scenario_read(options.scenario) : NULL;
    if (options.scenario && !given) {
        return EXIT_USAGE;
    }
    struct shared *shared = shared_new();
    peal_trace_set_level(-1, PEAL_TRACE_OFF);
    if (!shared) {
        peal__sim_complain("cannot start");
        peal__scenario_free(given);
        return EXIT_BROKEN;
    }
    status = run(&options, given, shared);
    shared_free(shared);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        peal__sim_complain("standard output: %s", strerror(errno));
        return EXIT_BROKEN;
    }
    return status;
}
