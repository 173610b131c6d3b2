/* SPDX-License-Identifier: MIT */
/* Role: reads a script and plays it step by step. Thread: the test's. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/kit/script_priv.h"

enum { WAIT_MS_DEFAULT = 40000, LAST_MS = 100, INDENT = 4, REPEATS_MAX = 1000000 };

/* ---- reading ---- */

static bool is_indented(peal_str line)
{
    return peal__test_starts(line, "    ");
}

static bool is_empty(peal_str line)
{
    return peal__test_trim(line).n == 0;
}

/* The lines of a block: indented ones, and empty ones that more of them follow. */
static char *read_block(peal_str *text, unsigned *line)
{
    peal__test_text block = { NULL, 0, 0 };
    unsigned empty = 0;
    peal__test_add(&block, peal_str_of("", 0));
    for (peal_str rest = *text, next; (next = peal__test_line(&rest)).p;) {
        if (is_empty(next)) {
            ++empty;
            continue;
        }
        if (!is_indented(next)) {
            break;
        }
        for (*line += empty + 1; empty > 0; --empty) {
            peal__test_add(&block, PEAL_STR("\n"));
        }
        peal__test_addf(&block, "%.*s\n", (int)(next.n - INDENT), next.p + INDENT);
        *text = rest;
    }
    return block.p;
}

static void read_steps(peal_test_script *s, peal_str text)
{
    unsigned line = 0;
    for (peal_str next; (next = peal__test_line(&text)).p;) {
        ++line;
        if (peal__test_starts(next, "#line ")) {
            uint64_t number = 1;
            (void)peal_str_to_u64(peal_str_of(next.p + 6, next.n - 6), UINT32_MAX, &number);
            line = (unsigned)number - 1;
        }
        if (is_empty(next) || *next.p == '#') {
            continue;
        }
        s->steps = peal__test_grow(s->steps, (s->step_count + 1) * sizeof *s->steps);
        peal__test_step *step = &s->steps[s->step_count++];
        step->line = line;
        step->text = peal__test_trim(next);
        step->block = read_block(&text, &line);
    }
}

/* ---- variables ---- */

void peal_test_script_set(peal_test_script *script, const char *name, const char *value)
{
    peal__test_set(&script->vars, peal_str_z(name), peal_str_z(value));
}

const char *peal_test_script_get(peal_test_script *script, const char *name)
{
    return peal__test_get(&script->vars, peal_str_z(name));
}

static void set_part(peal_test_script *script, const char *name, const char *part,
                     const peal__test_text *value)
{
    peal__test_text full = { NULL, 0, 0 };
    peal__test_addf(&full, "%s%s", name, part);
    peal__test_set(&script->vars, peal__test_str(&full), peal__test_str(value));
    free(full.p);
}

void peal_test_script_set_address(peal_test_script *script, const char *name,
                                  const peal_socket_addr *address)
{
    peal__test_text both = { NULL, 0, 0 }, ip = { NULL, 0, 0 }, port = { NULL, 0, 0 },
                    uri = { NULL, 0, 0 };
    peal__test_host_port(address, true, &both);
    peal__test_host_port(address, false, &ip);
    peal__test_addf(&port, "%u", address->port);
    peal__test_addf(&uri, "sip:%s@%s", name, both.p);
    set_part(script, name, "", &both);
    set_part(script, name, ".ip", &ip);
    set_part(script, name, ".port", &port);
    set_part(script, name, ".uri", &uri);
    peal_test_ladder_name(peal_test_net_ladder(script->net), address, name);
    free(both.p);
    free(ip.p);
    free(port.p);
    free(uri.p);
}

bool peal__test_address(const peal_test_script *script, peal_str text, peal_socket_addr *ret)
{
    const char *value = peal__test_get(&script->vars, text);
    peal_str whole = value ? peal_str_z(value) : text;
    size_t n = whole.n;
    uint64_t port = 0;
    while (n && whole.p[n - 1] != ':') {
        --n;
    }
    return n > 1 &&
           peal_str_to_u64(peal_str_of(whole.p + n, whole.n - n), 65535, &port) >= 0 &&
           peal_socket_addr_parse(peal_str_of(whole.p, n - 1), (uint16_t)port, ret) >= 0;
}

peal_test_net *peal_test_script_net(peal_test_script *script)
{
    return script->net;
}

/* ---- failing ---- */

peal_result peal_test_script_fail(peal_test_script *script, const char *format, ...)
{
    if (!script->failure) {
        char text[2048];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof text, format, args);
        va_end(args);
        script->failure = peal__test_copy(peal_str_z(text));
    }
    return PEAL_E_STATE;
}

peal_result peal__test_expand_or_fail(peal_test_script *script, peal_str text,
                                      peal__test_text *ret)
{
    char *missing = peal__test_expand(script->net, &script->vars, text, ret);
    if (missing) {
        (void)peal_test_script_fail(script, "[%s] is not set", missing);
        free(missing);
        return PEAL_E_STATE;
    }
    return PEAL_OK;
}

static void add_unread(const peal_test_script *s, peal__test_text *text)
{
    for (const peal__test_peer *p = s->peers; p; p = p->next) {
        for (const peal__test_message *m = p->inbox; m; m = m->next) {
            peal__test_addf(text, "%s has not read: %.*s\n", p->name,
                            PEAL_STR_ARG(peal__test_start(peal__test_message_str(m))));
        }
    }
}

static char *describe(peal_test_script *s)
{
    peal__test_text text = { NULL, 0, 0 };
    char *ladder = peal_test_ladder_text(peal_test_net_ladder(s->net));
    const char *fault = peal_test_net_fault(s->net);
    const peal__test_step *step = s->at < s->step_count ? &s->steps[s->at] : NULL;
    peal__test_addf(&text, "%s:%u: %.*s\n", s->name, step ? step->line : 0,
                    PEAL_STR_ARG(step ? step->text : PEAL_STR("(end)")));
    peal__test_addf(&text, "%s\n", fault ? fault : s->failure);
    add_unread(s, &text);
    if (peal_test_net_sim(s->net)) {
        peal__test_addf(&text, "seed %llu\n",
                        (unsigned long long)peal_sim_seed(peal_test_net_sim(s->net)));
    }
    peal__test_addf(&text, "%s", ladder);
    free(ladder);
    return text.p;
}

/* ---- steps ---- */

static peal__test_peer *find_peer(const peal_test_script *s, peal_str name)
{
    peal__test_peer *p = s->peers;
    while (p && !peal_str_eq(peal_str_z(p->name), name)) {
        p = p->next;
    }
    return p;
}

static peal_result make_peer(peal_test_script *s, peal_str line)
{
    peal_str word = peal__test_word(&line);
    if (!word.n || find_peer(s, word)) {
        return peal_test_script_fail(s, "a peer needs a name of its own");
    }
    char *name = peal__test_copy(word);
    peal__test_peer *peer =
        peal__test_peer_new(s->net, name, peal_str_eq(line, PEAL_STR("v6")));
    if (peer) {
        peal__test_peer **last = &s->peers;
        while (*last) {
            last = &(*last)->next;
        }
        *last = peer;
        peal_test_script_set_address(s, name, &peer->ear.address);
    }
    free(name);
    return peer ? PEAL_OK : peal_test_script_fail(s, "the peer cannot open its socket");
}

static peal_result wait_ms(peal_test_script *s, peal_str line)
{
    uint64_t ms = 0;
    if (peal_str_to_u64(line, UINT32_MAX, &ms) < 0) {
        return peal_test_script_fail(s, "expected milliseconds");
    }
    peal_result r = peal_test_net_run(s->net, ms, NULL, NULL);
    return r < 0 ? r : PEAL_OK;
}

static void set_turn(peal_test_script *s)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%u", s->loops[s->loop_count - 1].at);
    peal_test_script_set(s, "n", number);
}

static peal_result begin_loop(peal_test_script *s, peal_str line)
{
    uint64_t count = 0;
    if (s->loop_count == PEAL__TEST_LOOPS_MAX || peal_str_to_u64(line, REPEATS_MAX, &count) < 0 ||
        !count) {
        return peal_test_script_fail(s, "expected how often (and not too deep)");
    }
    s->loops[s->loop_count++] = (peal__test_loop){ s->at, 1, (unsigned)count };
    set_turn(s);
    return PEAL_OK;
}

static peal_result end_loop(peal_test_script *s)
{
    if (!s->loop_count) {
        return peal_test_script_fail(s, "nothing is repeated here");
    }
    peal__test_loop *loop = &s->loops[s->loop_count - 1];
    if (loop->at++ < loop->count) {
        s->at = loop->start;
    } else {
        --s->loop_count;
    }
    if (s->loop_count) {
        set_turn(s);
    }
    return PEAL_OK;
}

/* Remembers the steps up to "done" and goes on behind them. */
static peal_result define_part(peal_test_script *s, peal_str line)
{
    if (s->part_count == PEAL__TEST_PARTS_MAX || !line.n) {
        return peal_test_script_fail(s, "expected a name (and not too many)");
    }
    /* the name is kept in the script's own text */
    peal_str own = s->steps[s->at].text;
    (void)peal__test_word(&own);
    s->parts[s->part_count++] = (peal__test_part){ own, s->at + 1 };
    for (size_t i = s->at; i < s->step_count; ++i) {
        if (peal_str_eq(s->steps[i].text, PEAL_STR("done"))) {
            s->at = i;
            return PEAL_OK;
        }
    }
    return peal_test_script_fail(s, "there is no \"done\"");
}

/* @return false: no part has this name */
static bool play_part(peal_test_script *s, peal_str name)
{
    for (size_t i = 0; i < s->part_count; ++i) {
        if (peal_str_eq(s->parts[i].name, name) && s->call_count < PEAL__TEST_CALLS_MAX) {
            s->calls[s->call_count++] = s->at;
            s->at = s->parts[i].start - 1;
            return true;
        }
    }
    return false;
}

static peal_result end_part(peal_test_script *s)
{
    if (!s->call_count) {
        return peal_test_script_fail(s, "nothing is defined here");
    }
    s->at = s->calls[--s->call_count];
    return PEAL_OK;
}

/* A port at which nobody listens. */
static peal_result make_absent(peal_test_script *s, peal_str line)
{
    char *name = peal__test_copy(line);
    peal__test_peer *peer = peal__test_peer_new(s->net, name, false);
    if (peer) {
        peal_test_script_set_address(s, name, &peer->ear.address);
        peal__test_peer_free(peer);
    }
    free(name);
    return peer ? PEAL_OK : peal_test_script_fail(s, "there is no free port");
}

static peal_result set_variable(peal_test_script *s, peal_str line)
{
    peal_str name = peal__test_word(&line);
    peal__test_set(&s->vars, name, line);
    return PEAL_OK;
}

static peal_result fail_unknown(peal_test_script *s, peal_str verb)
{
    return peal_test_script_fail(s, "no such command, and no such peer: %.*s", PEAL_STR_ARG(verb));
}

static peal_result call_command(peal_test_script *s, peal_str verb, peal_str line)
{
    const peal_test_play_options *o = s->options;
    for (size_t i = 0; o && i < o->command_count; ++i) {
        if (peal_str_eq(peal_str_z(o->commands[i].name), verb)) {
            char *words = peal__test_copy(line);
            peal_result r = o->commands[i].run(o->commands[i].arg, s, words);
            free(words);
            return r >= 0 ? PEAL_OK : peal_test_script_fail(s, "%s", peal_result_text(r));
        }
    }
    peal_result r = peal__test_fault_command(s, verb, line);
    return r == PEAL_I_END ? fail_unknown(s, verb) : r;
}

static peal_result plain_command(peal_test_script *s, peal_str verb, peal_str line)
{
    static const struct {
        const char *verb;
        peal_result (*run)(peal_test_script *s, peal_str line);
    } commands[] = { { "peer", make_peer },      { "wait", wait_ms },
                     { "let", set_variable },    { "repeat", begin_loop },
                     { "define", define_part },  { "absent", make_absent } };
    for (size_t i = 0; i < PEAL_COUNT_OF(commands); ++i) {
        if (peal_str_eq(verb, peal_str_z(commands[i].verb))) {
            return commands[i].run(s, line);
        }
    }
    if (peal_str_eq(verb, PEAL_STR("end"))) {
        return end_loop(s);
    }
    if (peal_str_eq(verb, PEAL_STR("done"))) {
        return end_part(s);
    }
    return play_part(s, verb) ? PEAL_OK : call_command(s, verb, line);
}

/* What a peer is told: its name may be misspelt. */
static bool is_peers(peal_str line)
{
    const peal_str word = peal__test_word(&line);
    return peal_str_eq(word, PEAL_STR("sends")) || peal_str_eq(word, PEAL_STR("answers")) ||
           peal_str_eq(word, PEAL_STR("expects"));
}

static peal_result run_step(peal_test_script *s, const peal__test_step *step)
{
    peal__test_text text = { NULL, 0, 0 };
    peal_result r = peal__test_expand_or_fail(s, step->text, &text);
    peal_str line = peal__test_str(&text);
    if (r >= 0) {
        peal_str verb = peal__test_word(&line);
        peal__test_peer *peer = find_peer(s, verb);
        if (peer) {
            r = peal__test_peer_command(s, peer, line, step->block);
        } else if (*step->block && is_peers(line)) {
            r = fail_unknown(s, verb);
        } else if (*step->block) {
            r = peal_test_script_fail(s, "lines below a command that takes none");
        } else {
            r = plain_command(s, verb, line);
        }
    }
    free(text.p);
    return r;
}

/* What came and nobody expected; provisional answers may come at any time. In a simulated network
 * what is under way arrives first. */
static peal_result check_inboxes(peal_test_script *s)
{
    peal_result r =
        peal_test_net_run(s->net, peal_test_net_sim(s->net) ? LAST_MS : 0, NULL, NULL);
    if (r < 0) {
        return r;
    }
    for (const peal__test_peer *p = s->peers; p; p = p->next) {
        for (const peal__test_message *m = p->inbox; m; m = m->next) {
            unsigned status = peal__test_status(peal__test_message_str(m));
            if (!status || status >= 200) {
                return peal_test_script_fail(s, "a message that nobody expected");
            }
        }
    }
    return PEAL_OK;
}

static void script_fini(peal_test_script *s)
{
    while (s->peers) {
        peal__test_peer *next = s->peers->next;
        peal__test_peer_free(s->peers);
        s->peers = next;
    }
    for (size_t i = 0; i < s->step_count; ++i) {
        free(s->steps[i].block);
    }
    free(s->steps);
    free(s->failure);
    peal__test_vars_fini(&s->vars);
}

char *peal_test_play(peal_test_net *net, const char *name, const char *text,
                     const peal_test_play_options *options)
{
    peal_test_script s = { .net = net, .name = name, .options = options };
    peal_result r = PEAL_OK;
    s.wait_ms = options && options->wait_ms ? options->wait_ms : WAIT_MS_DEFAULT;
    peal_str sdp = peal_str_z(peal__test_sdp);
    sdp.n -= 2; /* the line that it stands in has an end of its own */
    peal__test_set(&s.vars, PEAL_STR("sdp"), sdp);
    read_steps(&s, peal_str_z(text));
    for (; r >= 0 && s.at < s.step_count; ++s.at) {
        r = run_step(&s, &s.steps[s.at]);
        if (r < 0) {
            (void)peal_test_script_fail(&s, "%s", peal_result_text(r));
            break;
        }
    }
    if (r >= 0) {
        r = check_inboxes(&s);
    }
    char *failure = r < 0 ? describe(&s) : NULL;
    script_fini(&s);
    return failure;
}
