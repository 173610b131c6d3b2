/* SPDX-License-Identifier: MIT */
/* Role: the commands of a script: what its peers do, and what its network suffers.
 * Thread: the test's. */
#include <stdio.h>
#include <stdlib.h>

#include "test/kit/script_priv.h"

/* ---- words ---- */

static peal_result read_words(peal_test_script *s, peal_str line, peal__test_words *ret)
{
    for (peal_str word; (word = peal__test_word(&line)).p;) {
        uint64_t number = 0;
        peal_str *slot = peal_str_eq(word, PEAL_STR("to"))         ? &ret->to
                         : peal_str_eq(word, PEAL_STR("as"))       ? &ret->as
                         : peal_str_eq(word, PEAL_STR("uri"))      ? &ret->uri
                         : peal_str_eq(word, PEAL_STR("tag"))      ? &ret->tag
                         : peal_str_eq(word, PEAL_STR("ignoring")) ? &ret->ignoring
                                                                   : NULL;
        if (slot) {
            *slot = peal__test_word(&line);
            if (!slot->p) {
                return peal_test_script_fail(s, "%.*s what?", PEAL_STR_ARG(word));
            }
        } else if (peal_str_eq(word, PEAL_STR("within"))) {
            if (peal_str_to_u64(peal__test_word(&line), UINT32_MAX, &number) < 0) {
                return peal_test_script_fail(s, "within how many milliseconds?");
            }
            ret->within_ms = (uint32_t)number;
            ret->has_within = true;
        } else if (peal_str_eq(word, PEAL_STR("new"))) {
            ret->is_new = true;
        } else if (peal_str_eq(word, PEAL_STR("bare"))) {
            ret->is_bare = true;
        } else {
            peal__test_addf(&ret->text, "%s%.*s", ret->text.n ? " " : "", PEAL_STR_ARG(word));
        }
    }
    ret->plain = peal__test_str(&ret->text);
    return PEAL_OK;
}

/* Header lines up to an empty line; body lines behind it, with CR LF at the end of each. */
static void split_block(peal_str text, peal__test_text *body, peal__test_block *ret)
{
    peal_str rest = text;
    ret->lines = text;
    for (peal_str line; (line = peal__test_line(&rest)).p;) {
        if (!line.n && !ret->has_body) {
            ret->lines.n = (size_t)(line.p - text.p);
            ret->has_body = true;
        } else if (ret->has_body) {
            peal__test_addf(body, "%.*s\r\n", PEAL_STR_ARG(line));
        }
    }
    ret->body = peal__test_str(body);
}

/* ---- sending ---- */

static peal_result choose_dialog(peal_test_script *s, peal__test_peer *peer,
                                 const peal__test_words *words, peal__test_dialog **ret)
{
    peal_str name = words->as.p ? words->as : peal_str_of("", 0);
    peal__test_dialog *d = NULL;
    if (!words->is_new) {
        d = words->as.p ? peal__test_dialog_find(peer, name) : peer->current;
    }
    if (!d) {
        d = peal__test_dialog_new(peer, name);
        if (words->uri.p) {
            d->target = peal__test_copy(words->uri);
        }
    }
    peer->current = d;
    if (words->to.p || !d->to.family) {
        peal_str to = words->to.p ? words->to : PEAL_STR("target");
        if (!peal__test_address(s, to, &d->to)) {
            return peal_test_script_fail(s, "nobody is called %.*s", PEAL_STR_ARG(to));
        }
    }
    *ret = d;
    return PEAL_OK;
}

static peal_result send_text(peal_test_script *s, peal__test_peer *peer,
                             const peal_socket_addr *to, const peal__test_text *text)
{
    peal_result r = peal__test_peer_send(peer, to, peal__test_str(text));
    return r < 0 ? peal_test_script_fail(s, "cannot send: %s", peal_result_text(r)) : PEAL_OK;
}

static peal_result do_send(peal_test_script *s, peal__test_peer *peer,
                           const peal__test_words *words, const peal__test_block *block)
{
    peal__test_text text = { NULL, 0, 0 };
    peal__test_dialog *d = NULL;
    peal_result r = choose_dialog(s, peer, words, &d);
    if (r >= 0) {
        peal__test_build_request(peer, d, words->plain, block, &text);
        r = send_text(s, peer, &d->to, &text);
    }
    free(text.p);
    return r;
}

static peal_result do_answer(peal_test_script *s, peal__test_peer *peer,
                             const peal__test_words *words, const peal__test_block *block)
{
    peal_str reason = words->plain, number = peal__test_word(&reason);
    uint64_t status = 0;
    peal__test_dialog *d =
        words->as.p ? peal__test_dialog_find(peer, words->as) : peer->current;
    if (peal_str_to_u64(number, 699, &status) < 0 || status < 100) {
        return peal_test_script_fail(s, "answers what?");
    }
    peal__test_message *request = d ? peal__test_dialog_request(d, words->to) : NULL;
    if (!request) {
        return peal_test_script_fail(s, "there is no request to answer");
    }
    peal__test_text text = { NULL, 0, 0 };
    peal__test_build_response(peer, d, peal__test_message_str(request), (unsigned)status,
                              reason.n ? reason : PEAL_STR("Because"), words->tag, block, &text);
    peal_result r = send_text(s, peer, &request->from, &text);
    free(text.p);
    return r;
}

static peal_result do_repeat(peal_test_script *s, peal__test_peer *peer)
{
    if (!peer->last.n) {
        return peal_test_script_fail(s, "it has sent nothing yet");
    }
    peal_result r = peal__test_say(&peer->ear, &peer->last_to, peal__test_str(&peer->last));
    return r < 0 ? peal_test_script_fail(s, "cannot send: %s", peal_result_text(r)) : PEAL_OK;
}

/* The lines as they are; [len] is what follows the empty line. */
static peal_result do_write(peal_test_script *s, peal__test_peer *peer,
                            const peal__test_words *words, peal_str block)
{
    peal__test_text raw = { NULL, 0, 0 }, text = { NULL, 0, 0 };
    peal_socket_addr to;
    char number[24];
    if (!peal__test_address(s, words->to.p ? words->to : PEAL_STR("target"), &to)) {
        return peal_test_script_fail(s, "writes to whom?");
    }
    peal__test_add(&raw, peal_str_of("", 0));
    for (peal_str line; (line = peal__test_line(&block)).p;) {
        peal__test_addf(&raw, "%.*s\r\n", PEAL_STR_ARG(line));
    }
    bool has_body = false;
    for (size_t i = 0; i + 3 < raw.n; ++i) {
        has_body = has_body || memcmp(raw.p + i, "\r\n\r\n", 4) == 0;
    }
    if (!has_body) {
        peal__test_add(&raw, PEAL_STR("\r\n"));
    }
    (void)snprintf(number, sizeof number, "%zu", peal__test_body(peal__test_str(&raw)).n);
    for (const char *at = raw.p, *mark; at; at = mark ? mark + 5 : NULL) {
        mark = strstr(at, "[len]");
        peal__test_add(&text, mark ? peal_str_of(at, (size_t)(mark - at)) : peal_str_z(at));
        peal__test_add(&text, mark ? peal_str_z(number) : peal_str_of("", 0));
    }
    peal_result r = send_text(s, peer, &to, &text);
    free(raw.p);
    free(text.p);
    return r;
}

/* ---- receiving ---- */

static bool has_message(void *arg)
{
    return ((const peal__test_peer *)arg)->inbox != NULL;
}

static peal__test_message *take_message(peal__test_peer *peer)
{
    peal__test_message *message = peer->inbox;
    peer->inbox = message->next;
    message->next = NULL;
    return message;
}

/* "200", "INVITE", "200/BYE". */
static bool is_kind(peal_str message, peal_str kind)
{
    char own[16];
    unsigned status = peal__test_status(message);
    const char *slash = memchr(kind.p, '/', kind.n);
    if (!status) {
        return peal_str_eq(peal__test_method(message), kind);
    }
    (void)snprintf(own, sizeof own, "%u", status);
    if (!slash) {
        return peal_str_eq(peal_str_z(own), kind);
    }
    size_t n = (size_t)(slash - kind.p);
    return peal_str_eq(peal_str_z(own), peal_str_of(kind.p, n)) &&
           peal_str_eq(peal__test_method(message), peal_str_of(slash + 1, kind.n - n - 1));
}

static bool is_ignored(peal_str message, peal_str list)
{
    if (peal__test_status(message) == 100) {
        return true;
    }
    for (size_t start = 0, i = 0; i <= list.n && list.n; ++i) {
        if (i == list.n || list.p[i] == ',') {
            if (is_kind(message, peal_str_of(list.p + start, i - start))) {
                return true;
            }
            start = i + 1;
        }
    }
    return false;
}

static bool any_value_matches(peal_test_script *s, peal_str message, peal_str name,
                              peal_str pattern)
{
    peal_str value;
    for (size_t i = 0; (value = peal__test_header(message, name, i)).p; ++i) {
        if (peal__test_matches(&s->vars, pattern, value)) {
            return true;
        }
    }
    return false;
}

/* One line of what a message must look like. */
static peal_result check_line(peal_test_script *s, peal_str message, peal_str line)
{
    const char *colon = memchr(line.p, ':', line.n);
    bool is_not = *line.p == '!';
    if (*line.p == '>') {
        peal_str pattern = peal__test_trim(peal_str_of(line.p + 1, line.n - 1));
        return peal__test_matches(&s->vars, pattern, peal__test_start(message))
                   ? PEAL_OK
                   : peal_test_script_fail(s, "the start line is not: %.*s", PEAL_STR_ARG(pattern));
    }
    if (*line.p == '-') {
        peal_str name = peal__test_trim(peal_str_of(line.p + 1, line.n - 1));
        return peal__test_header(message, name, 0).p
                   ? peal_test_script_fail(s, "there is a header %.*s", PEAL_STR_ARG(name))
                   : PEAL_OK;
    }
    if (!colon) {
        return peal_test_script_fail(s, "no pattern: %.*s", PEAL_STR_ARG(line));
    }
    size_t at = (size_t)(colon - line.p);
    peal_str name = peal__test_trim(peal_str_of(line.p + is_not, at - is_not));
    peal_str pattern = peal__test_trim(peal_str_of(colon + 1, line.n - at - 1));
    if (any_value_matches(s, message, name, pattern) == is_not) {
        peal_str value = peal__test_header(message, name, 0);
        return peal_test_script_fail(s, "%.*s: %.*s is %swhat is expected: %.*s",
                                     PEAL_STR_ARG(name), PEAL_STR_ARG(value), is_not ? "" : "not ",
                                     PEAL_STR_ARG(pattern));
    }
    return PEAL_OK;
}

/* The block is expanded line by line, so that a line may use what the one before has kept. */
static peal_result check_message(peal_test_script *s, peal_str message, peal_str block)
{
    peal_result r = PEAL_OK;
    for (peal_str line; r >= 0 && (line = peal__test_line(&block)).p && line.n;) {
        peal__test_text text = { NULL, 0, 0 };
        r = peal__test_expand_or_fail(s, line, &text);
        if (r >= 0) {
            r = check_line(s, message, peal__test_str(&text));
        }
        free(text.p);
    }
    if (r < 0 || !block.n) {
        return r;
    }
    peal__test_text text = { NULL, 0, 0 }, body = { NULL, 0, 0 };
    peal__test_block parts = { .is_bare = false };
    r = peal__test_expand_or_fail(s, block, &text);
    if (r >= 0) {
        peal__test_text with_empty = { NULL, 0, 0 };
        peal__test_addf(&with_empty, "\n%s", text.p);
        split_block(peal__test_str(&with_empty), &body, &parts);
        if (!peal_str_eq(parts.body, peal__test_body(message))) {
            peal_str got = peal__test_body(message);
            r = peal_test_script_fail(s, "the body is:\n%.*s", PEAL_STR_ARG(got));
        }
        free(with_empty.p);
    }
    free(text.p);
    free(body.p);
    return r;
}

/* Waits for the next message that is not ignored. */
static peal_result next_message(peal_test_script *s, peal__test_peer *peer,
                                const peal__test_words *words, peal__test_message **ret)
{
    uint32_t ms = words->has_within ? words->within_ms : s->wait_ms;
    for (;;) {
        peal_result r = peal_test_net_run(s->net, ms, has_message, peer);
        if (r != PEAL_OK) {
            return r == PEAL_I_END ? peal_test_script_fail(s, "nothing comes") : r;
        }
        peal__test_message *message = take_message(peer);
        if (!is_ignored(peal__test_message_str(message), words->ignoring)) {
            *ret = message;
            return PEAL_OK;
        }
        (void)peal__test_dialog_take(peer, message, peal_str_of("", 0));
    }
}

static size_t read_kinds(peal_str plain, peal_str kinds[PEAL__TEST_KINDS_MAX])
{
    size_t count = 0;
    for (peal_str word; count < PEAL__TEST_KINDS_MAX && (word = peal__test_word(&plain)).p;) {
        kinds[count++] = word;
    }
    return count;
}

static peal_result do_expect(peal_test_script *s, peal__test_peer *peer,
                             const peal__test_words *words, peal_str block)
{
    peal_str kinds[PEAL__TEST_KINDS_MAX];
    size_t count = read_kinds(words->plain, kinds);
    peal_str name = words->as.p ? words->as : peal_str_of("", 0);
    while (count) {
        peal__test_message *message = NULL;
        peal_result r = next_message(s, peer, words, &message);
        if (r < 0) {
            return r;
        }
        peal_str text = peal__test_message_str(message);
        size_t i = 0;
        while (i < count && !is_kind(text, kinds[i])) {
            ++i;
        }
        r = i == count ? peal_test_script_fail(s, "it gets: %.*s",
                                               PEAL_STR_ARG(peal__test_start(text)))
                       : check_message(s, text, block);
        if (r < 0) {
            free(message);
            return r;
        }
        (void)peal__test_dialog_take(peer, message, name);
        kinds[i] = kinds[--count];
    }
    return PEAL_OK;
}

/* Asks OPTIONS, whose answer must be the next thing that comes: what was under way came before. */
static peal_result probe(peal_test_script *s, peal__test_peer *peer, peal__test_words *words)
{
    const peal__test_block none = { .is_bare = true };
    peal__test_dialog *current = peer->current;
    peal__test_words send = { .plain = PEAL_STR("OPTIONS"), .as = PEAL_STR("probe"),
                              .is_new = true };
    peal_result r = do_send(s, peer, &send, &none);
    if (r >= 0) {
        words->plain = PEAL_STR("200/OPTIONS");
        r = do_expect(s, peer, words, peal_str_of("", 0));
    }
    peer->current = current;
    return r;
}

static peal_result hear_nothing(peal_test_script *s, peal__test_peer *peer, peal__test_words *words)
{
    if (!peal_str_eq(words->plain, PEAL_STR("nothing"))) {
        return peal_test_script_fail(s, "hears what?");
    }
    if (!words->has_within) {
        return probe(s, peer, words);
    }
    peal_result r = peal_test_net_run(s->net, words->within_ms, NULL, NULL);
    if (r < 0) {
        return r;
    }
    while (peer->inbox) {
        peal__test_message *message = take_message(peer);
        peal_str text = peal__test_message_str(message);
        if (!is_ignored(text, words->ignoring)) {
            r = peal_test_script_fail(s, "it hears: %.*s", PEAL_STR_ARG(peal__test_start(text)));
            free(message);
            return r;
        }
        (void)peal__test_dialog_take(peer, message, peal_str_of("", 0));
    }
    return PEAL_OK;
}

/* What came in this time does not matter. */
static peal_result do_forget(peal_test_script *s, peal__test_peer *peer,
                             const peal__test_words *words)
{
    peal_result r = peal_test_net_run(s->net, words->within_ms, NULL, NULL);
    while (r >= 0 && peer->inbox) {
        free(take_message(peer));
    }
    return r < 0 ? r : PEAL_OK;
}

/* ---- all of a peer's ---- */

static peal_result with_block(peal_test_script *s, peal__test_peer *peer, peal_str verb,
                              peal__test_words *words, const char *block)
{
    peal__test_text text = { NULL, 0, 0 }, body = { NULL, 0, 0 };
    peal__test_block parts = { .is_bare = words->is_bare };
    peal_result r = peal__test_expand_or_fail(s, peal_str_z(block), &text);
    if (r >= 0 && peal_str_eq(verb, PEAL_STR("writes"))) {
        r = do_write(s, peer, words, peal__test_str(&text));
    } else if (r >= 0) {
        split_block(peal__test_str(&text), &body, &parts);
        r = peal_str_eq(verb, PEAL_STR("sends")) ? do_send(s, peer, words, &parts)
                                                 : do_answer(s, peer, words, &parts);
    }
    free(text.p);
    free(body.p);
    return r;
}

peal_result peal__test_peer_command(peal_test_script *s, peal__test_peer *peer, peal_str line,
                                    const char *block)
{
    peal__test_words words = { .is_new = false };
    peal_str verb = peal__test_word(&line);
    peal_result r = read_words(s, line, &words);
    if (r < 0) {
        free(words.text.p);
        return r;
    }
    if (peal_str_eq(verb, PEAL_STR("sends")) || peal_str_eq(verb, PEAL_STR("answers")) ||
        peal_str_eq(verb, PEAL_STR("writes"))) {
        r = with_block(s, peer, verb, &words, block);
    } else if (peal_str_eq(verb, PEAL_STR("expects"))) {
        r = do_expect(s, peer, &words, peal_str_z(block));
    } else if (peal_str_eq(verb, PEAL_STR("hears"))) {
        r = hear_nothing(s, peer, &words);
    } else if (peal_str_eq(verb, PEAL_STR("forgets"))) {
        r = do_forget(s, peer, &words);
    } else if (peal_str_eq(verb, PEAL_STR("repeats"))) {
        r = do_repeat(s, peer);
    } else {
        r = peal_test_script_fail(s, "a peer cannot do this");
    }
    free(words.text.p);
    return r;
}

/* ---- faults ---- */

static peal_result set_link(peal_test_script *s, peal_sim *sim, peal_str line)
{
    peal_sim_link link = { .size = sizeof link };
    for (peal_str word; (word = peal__test_word(&line)).p;) {
        const char *equals = memchr(word.p, '=', word.n);
        uint64_t number = 0;
        size_t n = equals ? (size_t)(equals - word.p) : 0;
        peal_str name = peal_str_of(word.p, n);
        if (!equals ||
            peal_str_to_u64(peal_str_of(equals + 1, word.n - n - 1), 1000000, &number) < 0) {
            return peal_test_script_fail(s, "expected name=number");
        }
        if (peal_str_eq(name, PEAL_STR("delay"))) {
            link.delay_us = (uint32_t)number * 1000;
        } else if (peal_str_eq(name, PEAL_STR("jitter"))) {
            link.jitter_us = (uint32_t)number * 1000;
        } else if (peal_str_eq(name, PEAL_STR("loss"))) {
            link.loss_percent = (double)number;
        } else if (peal_str_eq(name, PEAL_STR("duplicate"))) {
            link.duplicate_percent = (double)number;
        } else if (peal_str_eq(name, PEAL_STR("reorder"))) {
            link.reorder_percent = (double)number;
        } else {
            return peal_test_script_fail(s, "a link has no %.*s", PEAL_STR_ARG(name));
        }
    }
    peal_sim_set_link(sim, &link);
    return PEAL_OK;
}

static peal_sim_host *find_host(peal_sim *sim, peal_str name)
{
    peal_sim_host *host = NULL;
    for (unsigned n = 0; (host = peal_sim_host_at(sim, n)) != NULL; ++n) {
        if (peal_str_eq(peal_str_z(peal_sim_host_name(host)), name)) {
            break;
        }
    }
    return host;
}

peal_result peal__test_fault_command(peal_test_script *s, peal_str verb, peal_str line)
{
    static const char *const verbs[] = { "cut", "heal", "pause", "resume", "kill", "link" };
    peal_sim *sim = peal_test_net_sim(s->net);
    size_t which = 0;
    while (which < PEAL_COUNT_OF(verbs) && !peal_str_eq(peal_str_z(verbs[which]), verb)) {
        ++which;
    }
    if (which == PEAL_COUNT_OF(verbs)) {
        return PEAL_I_END;
    }
    if (!sim) {
        return peal_test_script_fail(s, "this needs a simulated network");
    }
    if (which == 5) {
        return set_link(s, sim, line);
    }
    if (which == 1) {
        peal_sim_heal(sim);
        return PEAL_OK;
    }
    peal_sim_host *host = find_host(sim, line);
    if (!host) {
        return peal_test_script_fail(s, "there is no host %.*s", PEAL_STR_ARG(line));
    }
    if (which == 0) {
        peal_sim_host_set_group(host, 1);
    } else if (which == 2) {
        peal_sim_host_pause(host, false);
    } else if (which == 3) {
        peal_sim_host_resume(host);
    } else {
        peal_sim_host_kill(host);
    }
    return PEAL_OK;
}
