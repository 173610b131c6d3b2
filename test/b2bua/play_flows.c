/* SPDX-License-Identifier: MIT */
/* Role: plays the flows of test/flows/scripts against the real program on the loopback interface:
 *     play_flows [MODE [NAME]]
 * Each flow is a process of its own, many at once, since flows mostly wait; the thread modes take
 * turns unless MODE is given. Peers are the test kit's, on the default port of this build. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <peal/peal.h>
#include <peal/test/script.h>

#include "test/b2bua/flow_files.h"

enum { WORDS_MAX = 64, TEXT_MAX = 4096, AT_ONCE = 16, WAIT_MS = 60000, LOOK_MS = 20 };

typedef struct stage {
    const char *mode;
    pid_t pid; /* 0: not running */
    int output;
    unsigned terms;
    char text[TEXT_MAX]; /* read and not looked at yet */
    size_t bytes;
    char line[TEXT_MAX];
    char at_ready[TEXT_MAX]; /* the census then */
    char census[TEXT_MAX];   /* the last one */
} stage;

/* ---- the program ---- */

static const char *program(char *path, size_t room)
{
    const char *given = getenv("PEAL_B2BUA"), *build = getenv("top_builddir");
    char library_path[TEXT_MAX];
    if (given) {
        return given;
    }
    (void)snprintf(path, room, "%s/.libs/peal-b2bua", build ? build : ".");
    if (access(path, X_OK) == 0) {
        const char *old = getenv("LD_LIBRARY_PATH");
        (void)snprintf(library_path, sizeof library_path, "%s/.libs%s%s", build ? build : ".",
                       old ? ":" : "", old ? old : "");
        (void)setenv("LD_LIBRARY_PATH", library_path, 1);
        return path;
    }
    (void)snprintf(path, room, "%s/peal-b2bua", build ? build : ".");
    return path;
}

static void run_program(const char *options, int output)
{
    char copy[TEXT_MAX], path[TEXT_MAX];
    char *words[WORDS_MAX + 1] = { (char[]){ "peal-b2bua" } };
    int count = 1;
    (void)snprintf(copy, sizeof copy, "%s", options);
    for (char *word = strtok(copy, " "); word && count < WORDS_MAX; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    (void)dup2(output, STDOUT_FILENO);
    (void)execv(program(path, sizeof path), words);
    perror("peal-b2bua");
    _exit(127);
}

/* The next whole line of its output. @return false at the end, or when nothing comes for long */
static bool read_line(stage *s)
{
    for (;;) {
        char *end = memchr(s->text, '\n', s->bytes);
        if (end) {
            size_t n = (size_t)(end - s->text);
            memcpy(s->line, s->text, n);
            s->line[n] = '\0';
            s->bytes -= n + 1;
            memmove(s->text, end + 1, s->bytes);
            return true;
        }
        struct pollfd fd = { .fd = s->output, .events = POLLIN };
        ssize_t n = poll(&fd, 1, WAIT_MS) > 0
                        ? read(s->output, s->text + s->bytes, sizeof s->text - s->bytes)
                        : 0;
        if (n <= 0) {
            return false;
        }
        s->bytes += (size_t)n;
    }
}

static bool read_until(stage *s, const char *word)
{
    while (read_line(s)) {
        if (strncmp(s->line, "census ", 7) == 0) {
            (void)snprintf(s->census, sizeof s->census, "%s", s->line);
        }
        if (strncmp(s->line, word, strlen(word)) == 0) {
            return true;
        }
    }
    return false;
}

/* Every number of a census line, or of its part before "base", is 0. */
static bool is_zero(const char *census, bool calls_only)
{
    const char *end = strstr(census, "\"base\"");
    for (const char *at = census; *at && !(calls_only && at >= end); ++at) {
        if (*at >= '1' && *at <= '9') {
            return false;
        }
    }
    return *census != '\0';
}

/* ---- commands ---- */

static void name_bound(peal_test_script *script, const char *name, const char *word)
{
    const char *colon = strrchr(word, ':');
    peal_socket_addr address;
    if (colon && peal_socket_addr_parse(peal_str_of(word, (size_t)(colon - word)),
                                        (uint16_t)atoi(colon + 1), &address) >= 0) {
        peal_test_script_set_address(script, name, &address);
    }
}

static peal_result start(void *arg, peal_test_script *script, const char *words)
{
    stage *s = arg;
    char options[TEXT_MAX];
    int pipes[2];
    bool v6 = strncmp(words, "v6", 2) == 0, both = strncmp(words, "both", 4) == 0;
    (void)snprintf(options, sizeof options, "--threads %s --linger-ms 0 --listen udp:%s%s %s",
                   s->mode, v6 ? "[::1]:0" : "127.0.0.1:0", both ? " --listen udp:[::1]:0" : "",
                   words + (v6 ? 2 : both ? 4 : 0));
    if (s->pid || pipe(pipes) < 0) {
        return peal_test_script_fail(script, "there is one already, or no pipe");
    }
    s->pid = fork();
    if (s->pid == 0) {
        run_program(options, pipes[1]);
    }
    (void)close(pipes[1]);
    s->output = pipes[0];
    if (s->pid < 0 || !read_until(s, "ready")) {
        return peal_test_script_fail(script, "peal-b2bua does not start");
    }
    char *first = strstr(s->line, "udp:"), *second = first ? strstr(first + 4, " udp:") : NULL;
    if (!first) {
        return peal_test_script_fail(script, "peal-b2bua listens nowhere");
    }
    if (second) {
        *second = '\0';
        name_bound(script, "b2bua6", second + 5);
    }
    name_bound(script, "b2bua", first + 4);
    name_bound(script, "target", first + 4);
    if (!read_until(s, "census")) {
        return peal_test_script_fail(script, "peal-b2bua does not start");
    }
    (void)snprintf(s->at_ready, sizeof s->at_ready, "%s", s->census);
    return PEAL_OK;
}

static peal_result term(void *arg, peal_test_script *script, const char *words)
{
    stage *s = arg;
    (void)words;
    if (kill(s->pid, SIGTERM)) {
        return peal_test_script_fail(script, "it is gone already");
    }
    /* The first one is answered by a line; then it is done. */
    return s->terms++ || read_until(s, "draining")
               ? PEAL_OK
               : peal_test_script_fail(script, "peal-b2bua does not take SIGTERM");
}

static uint64_t now_ms(void)
{
    peal_port *port = peal_port_default();
    return port->vt->now_ns(port) / 1000000;
}

/* Nothing of any call is left, and the rest is as it was at the start. */
static bool is_quiet(const stage *s)
{
    const char *base = strstr(s->census, "\"base\""), *then = strstr(s->at_ready, "\"base\"");
    return is_zero(s->census, true) && base && then && strcmp(base, then) == 0;
}

static peal_result quiet(void *arg, peal_test_script *script, const char *words)
{
    stage *s = arg;
    (void)words;
    for (uint64_t end = now_ms() + WAIT_MS; now_ms() < end;) {
        if (kill(s->pid, SIGUSR1) || !read_until(s, "census")) {
            return peal_test_script_fail(script, "peal-b2bua is gone");
        }
        if (is_quiet(s)) {
            return PEAL_OK;
        }
        peal_result r = peal_test_net_run(peal_test_script_net(script), LOOK_MS, NULL, NULL);
        if (r < 0) {
            return r;
        }
    }
    return peal_test_script_fail(script, "peal-b2bua is never quiet: %s", s->census);
}

static peal_result exited(void *arg, peal_test_script *script, const char *words)
{
    stage *s = arg;
    int status = 0;
    (void)words;
    (void)read_until(s, "\n"); /* to the end of its output */
    if (waitpid(s->pid, &status, 0) != s->pid) {
        return peal_test_script_fail(script, "peal-b2bua cannot be waited for");
    }
    s->pid = 0;
    (void)close(s->output);
    if (!WIFEXITED(status) || WEXITSTATUS(status) || !is_zero(s->census, false)) {
        return peal_test_script_fail(script, "peal-b2bua ends with %d: %s", status, s->census);
    }
    return PEAL_OK;
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

static int play(const flow *f, const char *mode)
{
    stage s = { .mode = mode };
    const peal_test_command commands[] = { { "b2bua", start, &s },
                                           { "term", term, &s },
                                           { "exited", exited, &s },
                                           { "quiet", quiet, &s },
                                           { "stop", stop, &s } };
    const peal_test_play_options options = { .size = sizeof options, .commands = commands,
                                             .command_count = PEAL_COUNT_OF(commands) };
    peal_test_net *net = peal_test_net_new_real(NULL);
    char *failure = net ? peal_test_play(net, f->name, f->text, &options) : NULL;
    peal_test_net_free(net);
    if (s.pid > 0) {
        (void)kill(s.pid, SIGKILL);
        (void)waitpid(s.pid, NULL, 0);
    }
    if (failure) {
        (void)fprintf(stderr, "threads %s: %s\n", mode, failure);
        free(failure);
    }
    return net && !failure ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool can_play(const flow *f)
{
    peal_socket_addr v6;
    if (flow_needs_simulation(f)) {
        return false;
    }
    if (!flow_needs_ipv6(f)) {
        return true;
    }
    if (!PEAL_HAVE_IPV6 || peal_socket_addr_parse(PEAL_STR("::1"), 0, &v6) < 0) {
        return false;
    }
    peal_port *port = peal_port_default();
    peal_loop *loop = NULL;
    peal_sock *sock = NULL;
    peal_sock_owner owner = { NULL, NULL };
    bool can = false;
    if (port->vt->loop_open(port, &loop) >= 0) {
        can = port->vt->udp_open(loop, &v6, NULL, &owner, &sock) >= 0;
        if (can) {
            port->vt->sock_close(sock);
        }
        port->vt->loop_close(loop);
    }
    return can;
}

/* @return 1 when a child has failed */
static unsigned reap(unsigned *running)
{
    int status = 0;
    if (waitpid(-1, &status, 0) < 0) {
        return errno != EINTR;
    }
    --*running;
    return !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = { "3", "1", "polled" };
    char folder[TEXT_MAX];
    const char *top = getenv("top_srcdir");
    flow *flows = NULL;
    unsigned running = 0, failed = 0, played = 0;
    (void)snprintf(folder, sizeof folder, "%s/test/flows/scripts", top ? top : ".");
    size_t count = flows_read(folder, &flows);
    for (size_t i = 0; i < count; ++i) {
        const char *mode = argc > 1            ? argv[1]
                           : PEAL_HAVE_THREADS ? modes[i % PEAL_COUNT_OF(modes)]
                                               : "polled";
        if ((argc > 2 && !strstr(flows[i].name, argv[2])) || !can_play(&flows[i])) {
            continue;
        }
        for (; running == AT_ONCE; failed += reap(&running)) {
        }
        ++played;
        (void)fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            _exit(play(&flows[i], mode));
        }
        running += pid > 0;
        failed += pid < 0;
    }
    for (; running; failed += reap(&running)) {
    }
    flows_free(flows, count);
    (void)printf("%u flows, %u failed\n", played, failed);
    return played && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
