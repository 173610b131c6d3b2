/* SPDX-License-Identifier: MIT */
/* Role: what runs a replay. A part of a turn can run as soon as all messages that it took in have
 * been posted; of those that can, the one that was earliest runs. Then each thread does what it
 * did, in its order, and no part needs anything from within another. Thread: the one that runs it.
 */
#include <stdio.h>

#include <peal/alloc.h>

#include "framework/port/replay.h"

/* ---- the next event of a stream ---- */

static peal__tape_in *in_of(peal_replay *replay, peal__replay_loop *loop)
{
    return loop ? &loop->in : &replay->outside;
}

static const char *name_of(const peal__replay_loop *loop)
{
    return loop ? loop->tape.name : "outside";
}

bool peal__replay_is_over(const peal_replay *replay, const peal__replay_loop *loop)
{
    return replay->state != PEAL_REPLAY_RUNNING || (loop && loop->is_over);
}

const peal__tape_event *peal__replay_peek(peal_replay *replay, peal__replay_loop *loop)
{
    if (peal__replay_is_over(replay, loop)) {
        return NULL;
    }
    peal__tape_in *in = in_of(replay, loop);
    switch (peal__tape_in_peek(&replay->reader, in, loop ? loop->tape.id : 0)) {
    case PEAL__TAPE_MORE:
        return &in->next;
    case PEAL__TAPE_OVER:
        return NULL;
    default:
        replay->state = PEAL_REPLAY_GARBLED;
        return NULL;
    }
}

static void show(const peal_replay *replay, const peal__replay_loop *loop,
                 const peal__tape_event *event)
{
    char text[256];
    peal_replay_event shown = { .size = sizeof shown,
                                .number = replay->events,
                                .thread = name_of(loop),
                                .what = peal__tape_event_name(event->tag),
                                .time_ns = loop ? loop->in.clock : replay->outside.clock,
                                .peer = event->peer,
                                .local = event->local,
                                .bytes = event->data };
    shown.text = peal_str_of(text, peal__tape_event_text(event, text, sizeof text));
    replay->observer(replay->observer_arg, &shown);
}

void peal__replay_take(peal_replay *replay, peal__replay_loop *loop)
{
    peal__tape_in *in = in_of(replay, loop);
    peal__tape_in_take(in);
    ++replay->events;
    if (replay->observer) {
        show(replay, loop, &in->next);
    }
    if (replay->events == replay->limit) {
        replay->state = PEAL_REPLAY_STOPPED;
    }
}

/* ---- comparing ---- */

static bool is_same(const peal__tape_event *a, const peal__tape_event *b, const char *fields)
{
    bool same = a->tag == b->tag;
    for (; same && *fields; ++fields) {
        switch (*fields) {
        case 'a':
            same = a->a == b->a;
            break;
        case 'b':
            same = a->b == b->b;
            break;
        case 'p':
            same = peal_socket_addr_eq(&a->peer, &b->peer, true);
            break;
        case 'l':
            same = peal_socket_addr_eq(&a->local, &b->local, true);
            break;
        case 't':
            same = peal_str_eq(a->text, b->text);
            break;
        default:
            same = peal_str_eq(a->data, b->data);
            break;
        }
    }
    return same;
}

/* One line, and the bytes below. */
static char *describe(const peal__tape_event *event, const char *otherwise, size_t *ret_bytes)
{
    char line[256];
    size_t n = event ? peal__tape_event_text(event, line, sizeof line)
                     : (size_t)snprintf(line, sizeof line, "%s", otherwise);
    bool has_data = event && event->data.n && event->tag != PEAL__TAPE_TURN &&
                    event->tag != PEAL__TAPE_MESSAGES && event->tag != PEAL__TAPE_LEFT;
    size_t more = has_data ? event->data.n + 1 : 0;
    char *text = peal_alloc(n + more + 1);
    if (text) {
        memcpy(text, line, n);
        text[n] = 0;
        if (more) {
            text[n] = '\n';
            memcpy(text + n + 1, event->data.p, event->data.n);
            text[n + more] = 0;
        }
        *ret_bytes = n + more;
    }
    return text;
}

void peal__replay_differ(peal_replay *replay, const peal__replay_loop *loop,
                         const peal__tape_event *expected, const peal__tape_event *now,
                         const char *now_text)
{
    if (replay->state != PEAL_REPLAY_RUNNING) {
        return;
    }
    replay->state = PEAL_REPLAY_DIFFERENT;
    ++replay->events; /* the number of the one that differs */
    (void)snprintf(replay->thread, sizeof replay->thread, "%s", name_of(loop));
    replay->expected = describe(expected, "nothing more", &replay->expected_bytes);
    replay->got = describe(now, now_text, &replay->got_bytes);
}

const peal__tape_event *peal__replay_expect(peal_replay *replay, peal__replay_loop *loop,
                                            const peal__tape_event *now, const char *same)
{
    const peal__tape_event *event = peal__replay_peek(replay, loop);
    if (peal__replay_is_over(replay, loop)) {
        return NULL;
    }
    if (!event && !replay->is_complete) {
        replay->is_cut = true;
        if (loop) {
            loop->is_over = true;
        } else {
            replay->state = PEAL_REPLAY_CUT;
        }
        return NULL;
    }
    if (!event || !is_same(event, now, same)) {
        peal__replay_differ(replay, loop, event, now, NULL);
        return NULL;
    }
    peal__replay_take(replay, loop);
    return event;
}

/* ---- the tape of a servicing thread ---- */

static peal__tape *tape_enter(peal__tape *self)
{
    peal__replay_loop *loop = peal__replay_loop_of(self);
    peal__replay_loop *outer = loop->replay->current;
    loop->replay->current = loop;
    return outer ? &outer->tape : NULL;
}

static void tape_leave(peal__tape *self, peal__tape *outer)
{
    peal__replay_loop_of(self)->replay->current = outer ? peal__replay_loop_of(outer) : NULL;
}

static uint64_t tape_seen(peal__tape *self, uint64_t value)
{
    peal__replay_loop *loop = peal__replay_loop_of(self);
    const peal__tape_event now = { .tag = PEAL__TAPE_SEEN, .b = value };
    const peal__tape_event *event = peal__replay_expect(loop->replay, loop, &now, "");
    return event ? event->b : value;
}

static void tape_ran(peal__tape *self, unsigned messages, unsigned timers)
{
    peal__replay_loop *loop = peal__replay_loop_of(self);
    const peal__tape_event now = { .tag = PEAL__TAPE_RAN, .a = messages, .b = timers };
    if (messages || timers) {
        (void)peal__replay_expect(loop->replay, loop, &now, "ab");
    }
}

static void tape_bind(peal__tape *self, const peal__tape_ops *ops, void *thread)
{
    peal__replay_loop *loop = peal__replay_loop_of(self);
    loop->ops = ops;
    loop->thread = thread;
}

static int part_of(const peal__tape_event *event)
{
    switch (event ? event->tag : PEAL__TAPE_NONE) {
    case PEAL__TAPE_TURN:
        return PEAL__PART_SOCKETS;
    case PEAL__TAPE_MESSAGES:
        return PEAL__PART_MESSAGES;
    case PEAL__TAPE_LEFT:
        return PEAL__PART_LEFT;
    default:
        return -1;
    }
}

static bool add_run(peal__replay_loop *loop, uint64_t sender, uint64_t count)
{
    if (loop->count == loop->capacity) {
        size_t capacity = loop->capacity * 2 + 8;
        peal__tape_run *runs = peal_realloc(loop->runs, capacity * sizeof *runs);
        if (!runs) {
            return false;
        }
        loop->runs = runs;
        loop->capacity = capacity;
    }
    loop->runs[loop->count++] =
        (peal__tape_run){ .sender = (uint32_t)sender, .count = (uint32_t)count };
    return true;
}

static bool read_runs(peal__replay_loop *loop, const peal__tape_event *event)
{
    const uint8_t *at = (const uint8_t *)event->data.p;
    const uint8_t *end = at + event->data.n;
    loop->count = 0;
    for (uint64_t sender, count; at < end;) {
        at = peal__tape_get_number(at, end, &sender);
        at = at ? peal__tape_get_number(at, end, &count) : NULL;
        if (!at || sender >= PEAL__TAPE_STREAMS_MAX || count == 0 || count > UINT32_MAX ||
            !add_run(loop, sender, count)) {
            loop->replay->state = PEAL_REPLAY_GARBLED;
            loop->replay->reader.reason = "the messages of a turn make no sense";
            loop->replay->reader.offset =
                loop->replay->reader.segments[loop->in.segment].offset + loop->in.at;
            return false;
        }
    }
    return true;
}

/* Every message that was taken in has been posted. */
static bool has_pending(const peal__replay_loop *loop)
{
    for (size_t i = 0; i < loop->count; ++i) {
        uint64_t wanted = 0;
        for (size_t k = 0; k <= i; ++k) {
            wanted += loop->runs[k].sender == loop->runs[i].sender ? loop->runs[k].count : 0;
        }
        if (loop->ops->pending(loop->thread, loop->runs[i].sender) < wanted) {
            return false;
        }
    }
    return true;
}

/* Whether the stream's next event begins a part that can run. @return the part, or -1 */
static int runnable_part(peal__replay_loop *loop)
{
    if (loop->is_running || !loop->ops) {
        return -1;
    }
    const peal__tape_event *event = peal__replay_peek(loop->replay, loop);
    int part = part_of(event);
    if (part < 0 || part == PEAL__PART_LEFT || !read_runs(loop, event)) {
        return -1;
    }
    return has_pending(loop) ? part : -1;
}

bool peal__replay_run(peal_replay *replay)
{
    bool any = false;
    for (;;) {
        peal__replay_loop *first = NULL;
        int first_part = -1;
        for (peal_node *n = peal_list_first(&replay->loops); n;
             n = peal_list_next(&replay->loops, n)) {
            peal__replay_loop *loop = PEAL_CONTAINER_OF(n, peal__replay_loop, node);
            int part = runnable_part(loop);
            if (part >= 0 && (!first || loop->in.clock < first->in.clock)) {
                first = loop;
                first_part = part;
            }
        }
        if (!first) {
            return any;
        }
        first->is_running = true;
        bool ran = first->ops->run_part(first->thread, first_part);
        first->is_running = false;
        if (!ran) {
            return any;
        }
        any = true;
    }
}

static const peal__tape_run *tape_take(peal__tape *self, int part, size_t *ret_count)
{
    static const peal__tape_tag tags[] = { PEAL__TAPE_TURN, PEAL__TAPE_MESSAGES, PEAL__TAPE_LEFT };
    peal__replay_loop *loop = peal__replay_loop_of(self);
    const peal__tape_event now = { .tag = tags[part] };
    const peal__tape_event *event = peal__replay_peek(loop->replay, loop);
    *ret_count = 0;
    if (part == PEAL__PART_LEFT && (!event || event->tag != PEAL__TAPE_LEFT)) {
        return NULL; /* nothing was left */
    }
    event = peal__replay_expect(loop->replay, loop, &now, "");
    if (!event || !read_runs(loop, event)) {
        return NULL;
    }
    if (!has_pending(loop)) {
        peal__replay_differ(loop->replay, loop, event, NULL, "messages that nobody posted");
        return NULL;
    }
    *ret_count = loop->count;
    return loop->runs;
}

static bool tape_is_over(const peal__tape *self)
{
    const peal__replay_loop *loop = (const peal__replay_loop *)(const void *)self;
    return peal__replay_is_over(loop->replay, loop);
}

static bool tape_has_part(peal__tape *self)
{
    peal__replay_loop *loop = peal__replay_loop_of(self);
    int part = part_of(peal__replay_peek(loop->replay, loop));
    return part == PEAL__PART_SOCKETS || part == PEAL__PART_MESSAGES;
}

static bool tape_run_all(peal__tape *self)
{
    return peal__replay_run(peal__replay_loop_of(self)->replay);
}

static void tape_give_up(peal__tape *self, const char *why)
{
    peal__replay_loop *loop = peal__replay_loop_of(self);
    const peal__tape_event *event = peal__replay_peek(loop->replay, loop);
    if (loop->replay->is_complete) {
        peal__replay_differ(loop->replay, loop, event, NULL, why);
    } else {
        loop->is_over = true;
        loop->replay->is_cut = true;
    }
}

const peal__tape_vt peal__replay_tape_vt = { .is_replay = true,
                                             .enter = tape_enter,
                                             .leave = tape_leave,
                                             .seen = tape_seen,
                                             .ran = tape_ran,
                                             .bind = tape_bind,
                                             .take = tape_take,
                                             .is_over = tape_is_over,
                                             .has_part = tape_has_part,
                                             .run_all = tape_run_all,
                                             .give_up = tape_give_up };

peal__tape *peal__replay_tape(const peal_port *port, peal_loop *loop)
{
    return port->vt == &peal__replay_vt ? &((peal__replay_loop *)(void *)loop)->tape : NULL;
}
