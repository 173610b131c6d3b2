/* SPDX-License-Identifier: MIT */
/* Role: plays scenarios of SIPp in a simulated network: calls, their steps and repetitions.
 * Thread: the test's. */
#include "test/b2bua/sipp_play.h"

#include <stdlib.h>

enum { US_PER_MS = 1000, T2_MS = 4000, INVITES_MAX = 5, OTHERS_MAX = 10 };

#define NEVER UINT64_MAX

/* Something that had its place. */
typedef struct heard {
    char *text;
    size_t step;
} heard;

typedef struct call {
    sipp_player *player;
    size_t number; /* from 1 */
    char *id;
    peal_socket_addr to;
    size_t at; /* the step that comes next */
    bool is_started, is_over;
    char **sent; /* by step */
    heard *heard;
    size_t heard_count; /* the last one is what [last_…] means */
    peal__test_vars vars;
    char *next_url, *routes;
    uint64_t due_us; /* of a pause, a repetition or the start; or NEVER */
    size_t repeated; /* the step that is */
    uint32_t interval_ms;
    unsigned repeats;
} call;

struct sipp_player {
    peal__test_ear ear;
    peal_test_net *net;
    const sipp_scenario *scenario;
    sipp_options options;
    unsigned pid;
    call *calls;
    size_t call_count, over_count;
    peal__test_text failure;
};

static const sipp_step *step_at(const call *c, size_t at)
{
    const sipp_scenario *s = c->player->scenario;
    return at < s->count ? &s->steps[at] : NULL;
}

static void fail(call *c, const char *what, peal_str which)
{
    const sipp_scenario *s = c->player->scenario;
    size_t at = c->at < s->count ? c->at : s->count - 1;
    if (!c->player->failure.n) {
        peal__test_addf(&c->player->failure, "%s.xml:%u: call %zu: %s %.*s", s->name,
                        s->steps[at].line, c->number, what, PEAL_STR_ARG(which));
    }
}

static peal_str last_of(const call *c)
{
    return c->heard_count ? peal_str_z(c->heard[c->heard_count - 1].text) : peal_str_of("", 0);
}

static void put(char **slot, peal_str text)
{
    char *copy = peal__test_copy(text);
    free(*slot);
    *slot = copy;
}

/* ---- keywords ---- */

/* [last_Via:] is all its lines. */
static void add_last(const call *c, peal_str name, peal__test_text *ret)
{
    peal_str value;
    for (size_t n = 0; (value = peal__test_header(last_of(c), name, n)).p; ++n) {
        peal__test_addf(ret, "%s%.*s: %.*s", n ? "\r\n" : "", PEAL_STR_ARG(name),
                        PEAL_STR_ARG(value));
    }
}

static void add_branch(const call *c, peal_str keyword, size_t at, peal__test_text *ret)
{
    uint64_t back = 0;
    if (keyword.n > 7) {
        (void)peal_str_to_u64(peal_str_of(keyword.p + 7, keyword.n - 7), at, &back);
    }
    peal__test_addf(ret, "z9hG4bK-%u-%zu-%zu", c->player->pid, c->number, at - (size_t)back);
}

static bool is_one_of(peal_str keyword, const char *a, const char *b)
{
    return peal_str_eq(keyword, peal_str_z(a)) || peal_str_eq(keyword, peal_str_z(b));
}

static void add_address(const call *c, peal_str keyword, peal__test_text *ret)
{
    bool is_remote = peal__test_starts(keyword, "remote_");
    const peal_socket_addr *address = is_remote ? &c->to : &c->player->ear.address;
    if (is_one_of(keyword, "local_port", "remote_port")) {
        peal__test_addf(ret, "%u", (unsigned)address->port);
    } else if (is_one_of(keyword, "local_ip_type", "media_ip_type")) {
        peal__test_addf(ret, "%s", address->family == PEAL_AF_IPV6 ? "6" : "4");
    } else {
        peal__test_host_port(address, false, ret);
    }
}

static void add_text(call *c, peal_str keyword, const char *text, peal__test_text *ret)
{
    if (text) {
        peal__test_add(ret, peal_str_z(text));
    } else {
        fail(c, "nothing is known for", keyword);
    }
}

static void add_keyword(call *c, peal_str keyword, size_t at, size_t body_bytes,
                        peal__test_text *ret)
{
    if (*keyword.p == '$') {
        peal_str name = peal_str_of(keyword.p + 1, keyword.n - 1);
        add_text(c, keyword, peal__test_get(&c->vars, name), ret);
    } else if (peal__test_starts(keyword, "last_")) {
        add_last(c, peal_str_of(keyword.p + 5, keyword.n - 6), ret);
    } else if (peal__test_starts(keyword, "branch")) {
        add_branch(c, keyword, at, ret);
    } else if (peal_str_eq(keyword, PEAL_STR("service"))) {
        peal__test_addf(ret, "service");
    } else if (peal_str_eq(keyword, PEAL_STR("transport"))) {
        peal__test_addf(ret, "UDP");
    } else if (peal_str_eq(keyword, PEAL_STR("call_id"))) {
        peal__test_addf(ret, "%s", c->id);
    } else if (peal_str_eq(keyword, PEAL_STR("call_number"))) {
        peal__test_addf(ret, "%zu", c->number);
    } else if (peal_str_eq(keyword, PEAL_STR("pid"))) {
        peal__test_addf(ret, "%u", c->player->pid);
    } else if (peal_str_eq(keyword, PEAL_STR("len"))) {
        peal__test_addf(ret, "%zu", body_bytes);
    } else if (peal_str_eq(keyword, PEAL_STR("next_url"))) {
        add_text(c, keyword, c->next_url, ret);
    } else if (peal_str_eq(keyword, PEAL_STR("routes"))) {
        add_text(c, keyword, c->routes ? c->routes : "", ret);
    } else {
        add_address(c, keyword, ret);
    }
}

/* A line of which nothing is left is left out. */
static void add_line(call *c, peal_str line, size_t at, size_t body_bytes, peal__test_text *ret)
{
    size_t before = ret->n;
    for (size_t i = 0, bytes = 1; i < line.n; i += bytes) {
        peal_str keyword = sipp_keyword(peal_str_of(line.p + i, line.n - i), &bytes);
        if (keyword.p) {
            add_keyword(c, keyword, at, body_bytes, ret);
        } else {
            bytes = 1;
            peal__test_add(ret, peal_str_of(line.p + i, 1));
        }
    }
    if (ret->n > before) {
        peal__test_addf(ret, "\r\n");
    }
}

static char *write_message(call *c, const sipp_step *step, size_t at)
{
    peal_str rest = peal_str_z(step->text), body_lines = peal_str_of("", 0), line;
    peal__test_text body = { NULL, 0, 0 }, whole = { NULL, 0, 0 };
    const char *gap = strstr(step->text, "\n\n");
    if (gap) {
        body_lines = peal_str_z(gap + 2);
        rest.n = (size_t)(gap - step->text);
    }
    while ((line = peal__test_line(&body_lines)).p) {
        add_line(c, line, at, 0, &body);
    }
    while ((line = peal__test_line(&rest)).p) {
        add_line(c, line, at, body.n, &whole);
    }
    peal__test_addf(&whole, "\r\n");
    peal__test_add(&whole, peal__test_str(&body));
    free(body.p);
    return whole.p;
}

/* ---- time ---- */

static void on_due(call *c);

static void on_time(void *arg)
{
    sipp_player *player = arg;
    uint64_t now_us = peal_test_net_now_us(player->net);
    for (size_t i = 0; i < player->call_count; ++i) {
        call *c = &player->calls[i];
        if (c->due_us <= now_us) {
            c->due_us = NEVER;
            on_due(c);
        }
    }
}

static void wait_ms(call *c, uint64_t ms)
{
    peal_test_net *net = c->player->net;
    c->due_us = peal_test_net_now_us(net) + ms * US_PER_MS;
    if (peal_sim_at(peal_test_net_sim(net), c->due_us, on_time, c->player) < 0) {
        fail(c, "no memory for a timer", peal_str_of("", 0));
    }
}

/* ---- steps ---- */

static void say(call *c, const char *text)
{
    peal_result r = peal__test_say(&c->player->ear, &c->to, peal_str_z(text));
    if (r < 0) {
        fail(c, "cannot send:", peal_str_z(peal_result_text(r)));
    }
}

static void do_send(call *c, const sipp_step *step)
{
    c->sent[c->at] = write_message(c, step, c->at);
    say(c, c->sent[c->at]);
    if (step->retrans_ms) {
        c->repeated = c->at;
        c->interval_ms = step->retrans_ms;
        c->repeats = 0;
        wait_ms(c, c->interval_ms);
    }
    ++c->at;
}

/* Goes on to what has to be waited for. */
static void go_on(call *c)
{
    const sipp_step *step;
    c->is_started = true;
    while ((step = step_at(c, c->at)) != NULL && step->kind == SIPP_SEND) {
        do_send(c, step);
    }
    if (!step) {
        c->is_over = true;
        c->due_us = NEVER;
        ++c->player->over_count;
    } else if (step->kind == SIPP_PAUSE) {
        wait_ms(c, step->is_usual_pause ? c->player->options.pause_ms : step->ms);
    }
}

static void repeat(call *c)
{
    const char *text = c->sent[c->repeated];
    bool is_invite = peal__test_starts(peal_str_z(text), "INVITE ");
    if (c->repeats++ == (is_invite ? INVITES_MAX : OTHERS_MAX)) {
        fail(c, "nothing comes after", peal__test_start(peal_str_z(text)));
        return;
    }
    say(c, text);
    c->interval_ms *= 2;
    if (!is_invite && c->interval_ms > T2_MS) {
        c->interval_ms = T2_MS;
    }
    wait_ms(c, c->interval_ms);
}

static void on_due(call *c)
{
    const sipp_step *step = step_at(c, c->at);
    if (!c->is_started) {
        go_on(c);
    } else if (step->kind == SIPP_PAUSE) {
        ++c->at;
        go_on(c);
    } else {
        repeat(c);
    }
}

/* ---- hearing ---- */

static bool is_answer_to_mine(const call *c, peal_str message)
{
    peal_str cseq = peal__test_header(message, PEAL_STR("CSeq"), 0);
    for (size_t i = 0; i < c->at; ++i) {
        peal_str sent = peal_str_z(c->sent[i] ? c->sent[i] : "");
        if (sent.n && !peal__test_status(sent) &&
            peal_str_eq(peal__test_header(sent, PEAL_STR("CSeq"), 0), cseq)) {
            return true;
        }
    }
    return false;
}

static bool has_place(const call *c, const sipp_step *step, peal_str message)
{
    unsigned status = peal__test_status(message);
    if (step->request) {
        return !status && peal_str_eq(peal__test_method(message), peal_str_z(step->request));
    }
    return status == step->status && is_answer_to_mine(c, message);
}

/* The step whose turn it is, or one behind optional ones; SIZE_MAX: none. */
static size_t find_place(const call *c, peal_str message)
{
    const sipp_step *step;
    for (size_t at = c->at; (step = step_at(c, at)) != NULL && step->kind == SIPP_RECV; ++at) {
        if (has_place(c, step, message)) {
            return at;
        }
        if (!step->is_optional) {
            break;
        }
    }
    return SIZE_MAX;
}

/* An optional one that comes behind what it should have come before. */
static bool is_late(const call *c, peal_str message)
{
    for (size_t at = 0; at < c->at; ++at) {
        const sipp_step *step = step_at(c, at);
        if (step->kind == SIPP_RECV && step->is_optional && has_place(c, step, message)) {
            return true;
        }
    }
    return false;
}

/* What followed is sent again: responses to a request, the ACK of a response. */
static void answer_again(call *c, const heard *h)
{
    bool is_request = step_at(c, h->step)->request != NULL;
    for (size_t at = h->step + 1; at < c->at && c->sent[at]; ++at) {
        peal_str sent = peal_str_z(c->sent[at]);
        if (is_request ? peal__test_status(sent) != 0 : peal__test_starts(sent, "ACK ")) {
            say(c, c->sent[at]);
        }
    }
}

/* A value of a list that starts at @p list, which moves behind it; absent at the end. */
static peal_str next_route(peal_str *list)
{
    bool is_inside = false;
    size_t n = 0;
    if (!list->n) {
        return peal_str_of(NULL, 0);
    }
    for (; n < list->n && (is_inside || list->p[n] != ','); ++n) {
        is_inside = list->p[n] == '<' || (is_inside && list->p[n] != '>');
    }
    peal_str route = peal__test_trim(peal_str_of(list->p, n));
    n += n < list->n;
    *list = peal_str_of(list->p + n, list->n - n);
    return route;
}

/* Where requests of the dialog go: a caller turns the recorded route round. An ACK that says
 * nothing about it changes nothing. */
static void learn_routes(call *c, peal_str message)
{
    bool is_caller = peal__test_status(message) != 0;
    peal__test_text routes = { NULL, 0, 0 };
    peal_str list, route, contact = peal__test_header(message, PEAL_STR("Contact"), 0);
    if (!contact.p) {
        return;
    }
    put(&c->next_url, peal__test_uri(contact));
    for (size_t n = 0; (list = peal__test_header(message, PEAL_STR("Record-Route"), n)).p; ++n) {
        while ((route = next_route(&list)).p) {
            peal__test_text more = { NULL, 0, 0 };
            peal_str before = is_caller ? route : peal__test_str(&routes);
            peal_str behind = is_caller ? peal__test_str(&routes) : route;
            peal__test_addf(&more, "%.*s%s%.*s", PEAL_STR_ARG(before), routes.n ? ", " : "",
                            PEAL_STR_ARG(behind));
            free(routes.p);
            routes = more;
        }
    }
    free(c->routes);
    c->routes = NULL;
    if (routes.n) {
        peal__test_text line = { NULL, 0, 0 };
        peal__test_addf(&line, "Route: %s", routes.p);
        c->routes = line.p;
    }
    free(routes.p);
}

static void search(call *c, const sipp_ereg *ereg, peal_str message)
{
    peal_str where = ereg->header ? peal__test_header(message, peal_str_z(ereg->header), 0)
                                  : peal__test_body(message);
    char *text = peal__test_copy(where);
    regmatch_t found = { .rm_so = 0 };
    if (regexec(&ereg->regex, text, 1, &found, 0) == 0) {
        peal__test_set(&c->vars, peal_str_z(ereg->variable),
                       peal_str_of(text + found.rm_so, (size_t)(found.rm_eo - found.rm_so)));
    } else if (ereg->must_match) {
        fail(c, "a pattern is not found in", peal__test_start(message));
    }
    free(text);
}

static void take(call *c, size_t at, peal_str message)
{
    const sipp_step *step = step_at(c, at);
    c->heard = peal__test_grow(c->heard, (c->heard_count + 1) * sizeof *c->heard);
    c->heard[c->heard_count++] = (heard){ peal__test_copy(message), at };
    c->due_us = NEVER;
    if (step->is_for_routes) {
        learn_routes(c, message);
    }
    for (size_t i = 0; i < step->ereg_count; ++i) {
        search(c, &step->eregs[i], message);
    }
    c->at = at + 1;
    go_on(c);
}

static void hear(call *c, peal_str message)
{
    for (size_t i = 0; i < c->heard_count; ++i) {
        if (peal_str_eq(peal_str_z(c->heard[i].text), message)) {
            answer_again(c, &c->heard[i]);
            return;
        }
    }
    size_t at = find_place(c, message);
    if (at != SIZE_MAX) {
        take(c, at, message);
    } else if (!c->player->options.is_tolerant && !is_late(c, message)) {
        fail(c, "has no place here:", peal__test_start(message));
    }
}

static call *add_call(sipp_player *player, peal_str id, const peal_socket_addr *to)
{
    call *c = &player->calls[player->call_count++];
    c->player = player;
    c->number = player->call_count;
    c->id = peal__test_copy(id);
    c->to = *to;
    c->due_us = NEVER;
    c->sent = peal__test_alloc(player->scenario->count * sizeof *c->sent);
    return c;
}

static void on_datagram(peal__test_ear *self, const peal_socket_addr *from, peal_str bytes)
{
    sipp_player *player = PEAL_CONTAINER_OF(self, sipp_player, ear);
    peal_str id = peal__test_header(bytes, PEAL_STR("Call-ID"), 0);
    for (size_t i = 0; i < player->call_count; ++i) {
        if (peal_str_eq(peal_str_z(player->calls[i].id), id)) {
            hear(&player->calls[i], bytes);
            return;
        }
    }
    if (!player->options.to.family && player->call_count < player->options.calls) {
        hear(add_call(player, id, from), bytes);
    } else if (!player->failure.n) {
        peal__test_addf(&player->failure, "%s.xml: of no call: %.*s", player->scenario->name,
                        PEAL_STR_ARG(peal__test_start(bytes)));
    }
}

/* ---- life ---- */

static void call_out(sipp_player *player, size_t number)
{
    peal__test_text id = { NULL, 0, 0 };
    peal__test_addf(&id, "%zu-%u@", number + 1, player->pid);
    peal__test_host_port(&player->ear.address, false, &id);
    call *c = add_call(player, peal__test_str(&id), &player->options.to);
    free(id.p);
    wait_ms(c, (uint64_t)number * player->options.rate_ms);
}

sipp_player *sipp_play(peal_test_net *net, const sipp_scenario *scenario,
                       const sipp_options *options)
{
    sipp_player *player = peal__test_alloc(sizeof *player);
    player->net = net;
    player->scenario = scenario;
    player->options = *options;
    player->pid = (unsigned)(peal_test_net_random(net) % 100000);
    player->ear.on_datagram = on_datagram;
    player->calls = peal__test_alloc(options->calls * sizeof *player->calls);
    if (peal__test_listen(net, options->host, false, &player->ear) < 0) {
        sipp_free(player);
        return NULL;
    }
    for (size_t i = 0; options->to.family && i < options->calls; ++i) {
        call_out(player, i);
    }
    return player;
}

peal_socket_addr sipp_address(const sipp_player *player)
{
    return player->ear.address;
}

bool sipp_is_over(const sipp_player *player)
{
    return player->over_count == player->options.calls;
}

bool sipp_has_failed(const sipp_player *player)
{
    return player->failure.n > 0;
}

char *sipp_failure(const sipp_player *player)
{
    peal__test_text text = { NULL, 0, 0 };
    if (sipp_has_failed(player)) {
        peal__test_add(&text, peal__test_str(&player->failure));
    } else if (!sipp_is_over(player)) {
        peal__test_addf(&text, "%s.xml: %zu of %zu calls are over", player->scenario->name,
                        player->over_count, player->options.calls);
        for (size_t i = 0; i < player->call_count; ++i) {
            const call *c = &player->calls[i];
            if (!c->is_over) {
                peal__test_addf(&text, "; call %zu waits in line %u", c->number,
                                step_at(c, c->at)->line);
            }
        }
    }
    return text.p;
}

static void call_fini(sipp_player *player, call *c)
{
    for (size_t i = 0; i < player->scenario->count; ++i) {
        free(c->sent[i]);
    }
    for (size_t i = 0; i < c->heard_count; ++i) {
        free(c->heard[i].text);
    }
    free(c->sent);
    free(c->heard);
    free(c->id);
    free(c->next_url);
    free(c->routes);
    peal__test_vars_fini(&c->vars);
}

void sipp_free(sipp_player *player)
{
    if (player) {
        for (size_t i = 0; i < player->call_count; ++i) {
            call_fini(player, &player->calls[i]);
        }
        free(player->calls);
        free(player->failure.p);
        free(player);
    }
}
